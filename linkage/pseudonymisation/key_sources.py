"""Where keys come from: a folder that only its owner can read, or the password fields of a secrets backend.

A key is never an argument of a command, an environment variable, a log line or an Airflow XCom.
"""

import datetime
import os
import re
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import yaml

from linkage.errors import PrivacyError
from linkage.pseudonymisation.keys import AN_EPOCH, KEY_BYTES, Key, TokenKey, refuse

FIRST_EPOCH = "1"
HEXADECIMAL = re.compile(r"([0-9A-Fa-f]{2})+")
A_PROJECT = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")


class KeySource(Protocol):
    """Where keys come from."""

    def token_key(self) -> TokenKey:
        """The token key of the current epoch. Raises PrivacyError."""
        ...

    def record_key(self, dataset: str) -> Key:
        """The record-id key of a department's dataset. Raises PrivacyError."""
        ...


class KeyFolder:
    """Keys in files that only their owner can read, in a folder that only their owner can write to.

    token.yaml (epoch, key), records-<dataset>.yaml and study-<project>.yaml (key), and token-<epoch>.yaml of an earlier
    epoch that is kept aside until it is destroyed. Each says on which day its key was made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def token_key(self) -> TokenKey:
        """The token key of the current epoch. Raises PrivacyError."""
        return self._token_key("token")

    def record_key(self, dataset: str) -> Key:
        """The record-id key of a department's dataset. Raises PrivacyError."""
        return self._key(f"records-{dataset}", self._content(f"records-{dataset}"))

    def study_key(self, project: str) -> Key:
        """The study-id key of a project. Raises PrivacyError."""
        check_project(self.folder, project)
        return self._key(f"study-{project}", self._content(f"study-{project}"))

    def kept_aside(self) -> dict[str, TokenKey]:
        """{epoch: its token key} of the earlier epochs that have not been destroyed. Raises PrivacyError."""
        keys = [self._token_key(path.stem) for path in sorted(self.folder.glob("token-*.yaml"))]
        return {key.epoch: key for key in keys}

    def make(self, datasets: Iterable[str], epoch: str | None) -> list[str]:
        """Make the keys that are missing, and replace none: the names of those made.

        Raises PrivacyError where there is a token key of another epoch than the one asked for.
        """
        if self.path("token").exists() and epoch not in (None, self.token_key().epoch):
            refuse(
                self.path("token"),
                f"is of another epoch than {epoch!r}. To begin a new one: linkage keys rotate --epoch {epoch}",
            )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._check_folder()
        names = ["token", *(f"records-{dataset}" for dataset in datasets)]
        missing = [name for name in names if not self.path(name).exists()]
        for name in missing:
            self._write(self.path(name), {"epoch": an_epoch(epoch or FIRST_EPOCH)} if name == "token" else {})
        return missing

    def make_for_study(self, project: str) -> None:
        """Make the study-id key of a project. Raises PrivacyError where it has one, or its name is none."""
        check_project(self.folder, project)
        if self.path(f"study-{project}").exists():
            refuse(self.path(f"study-{project}"), "is there already, and a key is never replaced")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._check_folder()
        self._write(self.path(f"study-{project}"), {})

    def rotate(self, epoch: str) -> tuple[TokenKey, TokenKey]:
        """Keep the token key aside, and make one for a new epoch: the earlier and the new key. Killed, it is run again.

        Raises PrivacyError where that epoch has a key already.
        """
        earlier = self.token_key()
        if epoch == earlier.epoch or self.path(f"token-{an_epoch(epoch)}").exists():
            refuse(self.folder, f"has a token key of epoch {epoch!r} already. Name another epoch")
        aside, unfinished = self.path(f"token-{earlier.epoch}"), self.folder / ".token.unfinished"
        if not aside.exists():
            os.link(self.path("token"), aside)
        unfinished.unlink(missing_ok=True)
        self._write(unfinished, {"epoch": epoch})
        unfinished.replace(self.path("token"))
        return earlier, self.token_key()

    def of_epoch(self, epoch: str) -> dict[Path, TokenKey]:
        """{file: its token key} of an epoch, current or kept aside; {} where there is none. Raises PrivacyError."""
        found = [p for p in (self.path("token"), self.path(f"token-{an_epoch(epoch)}")) if p.exists()]
        keys = {path: self._token_key(path.stem) for path in found}
        return {path: key for path, key in keys.items() if key.epoch == epoch}

    def path(self, name: str) -> Path:
        """The file of one key."""
        return self.folder / f"{name}.yaml"

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        """A key file that was not there, whole or not at all."""
        today, unfinished = datetime.datetime.now(datetime.UTC).date(), unfinished_key(path)
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            yaml.safe_dump(content | {"made": today, "key": secrets.token_hex(KEY_BYTES)}, file, sort_keys=False)
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, path)
        unfinished.unlink()

    def study_files(self, project: str) -> list[Path]:
        """The file of a project's study-id key, and what a killed command left of it, where they are there."""
        check_project(self.folder, project)
        path = self.path(f"study-{project}")
        return [one for one in (unfinished_key(path), path) if one.is_symlink() or one.exists()]

    def _token_key(self, name: str) -> TokenKey:
        content = self._content(name)
        if not content.get("epoch"):
            refuse(self.path(name), "names no epoch (a line `epoch: …`)")
        return TokenKey(str(content["epoch"]), self._key(name, content))

    def _content(self, name: str) -> dict[str, Any]:
        self._check_folder()
        try:
            content = yaml.load(owners_only(self.path(name)), Loader=yaml.BaseLoader)  # every value a text
        except (yaml.YAMLError, UnicodeDecodeError):
            content = None
        if not isinstance(content, dict):
            refuse(self.path(name), "is not a key file (lines `key: …` and, in token.yaml, `epoch: …`)")
        return content

    def _check_folder(self) -> None:
        """Raises PrivacyError where somebody else could put another key in the place of one."""
        if not self.folder.is_dir():
            refuse(self.folder, "is not there. Make keys with: linkage keys new")
        state = self.folder.stat()
        if state.st_uid != os.geteuid():
            refuse(self.folder, "belongs to somebody else. Make keys in a folder of your own: linkage keys new")
        if stat.S_IMODE(state.st_mode) & 0o022:
            refuse(
                self.folder, f"can be written to by others, who could change keys. Close it (chmod 700 {self.folder})"
            )

    def _key(self, name: str, content: dict[str, Any]) -> Key:
        said = str(content.get("key") or "")
        if not HEXADECIMAL.fullmatch(said):
            refuse(self.path(name), "holds no key in hexadecimal digits. Put it away and make one: linkage keys new")
        return Key(str(self.path(name)), bytes.fromhex(said), day(content.get("made")))


def unfinished_key(path: Path) -> Path:
    """Where a key file is written before it is whole."""
    return path.with_name(f".{path.name}.unfinished")


def check_project(folder: Path, project: str) -> None:
    """Raises PrivacyError where a project is not called that: its name becomes part of a file's name."""
    if not A_PROJECT.fullmatch(project):
        refuse(folder, f"has no key for {project!r}: a project is called by small letters, digits and '_'")


def owners_only(path: Path) -> str:
    """The text of a file that belongs to us and that nobody else can read. Raises PrivacyError.

    What is looked at is what is read: the file is opened first, never through a link, and without waiting for a writer.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        refuse(path, "is not there. Make keys with: linkage keys new")
    except OSError as error:
        refuse(path, f"cannot be opened as a file of its own ({error.strerror}). Put the key there itself, not a link")
    state = os.fstat(opened)
    if not stat.S_ISREG(state.st_mode):
        os.close(opened)
        refuse(path, "is not a file. Put it away and make keys with: linkage keys new")
    with os.fdopen(opened, encoding="utf-8") as file:
        if state.st_uid != os.geteuid():
            refuse(path, "belongs to somebody else, who knows the key. Put it away and make another: linkage keys new")
        if stat.S_IMODE(state.st_mode) & 0o077:
            refuse(path, f"can be read by others. Close it (chmod 600 {path}); if it was shared, make another key")
        return file.read()


def an_epoch(name: str) -> str:
    """`name` where an epoch may be called that: it becomes part of a file's name. Raises PrivacyError."""
    if not AN_EPOCH.fullmatch(name):
        raise PrivacyError("An epoch is named with letters, digits, '_', '.' and '-'. Nothing was written.")
    return name


def day(said: Any) -> datetime.date | None:
    """A day written YYYY-MM-DD; None where it is none, as in a key file made by hand."""
    try:
        return datetime.date.fromisoformat(str(said))
    except ValueError:
        return None


class AirflowConnections:
    """Keys in the password fields of the Airflow connections linkage_token (login: the epoch) and linkage_records_*.

    Airflow asks its secrets backend for them. A connection that stands in an environment variable is refused, since
    such a variable reaches every task.
    """

    def token_key(self) -> TokenKey:
        """The token key of the current epoch. Raises PrivacyError."""
        connection = self._connection("linkage_token")
        if not connection.login:
            refuse("Airflow connection linkage_token", "names no epoch (its login)")
        return TokenKey(connection.login, self._key("linkage_token", connection))

    def record_key(self, dataset: str) -> Key:
        """The record-id key of a department's dataset. Raises PrivacyError."""
        name = f"linkage_records_{dataset}"
        return self._key(name, self._connection(name))

    def _connection(self, name: str) -> Any:
        from airflow.exceptions import AirflowNotFoundException
        from airflow.sdk import Connection  # a department without Airflow never comes here

        if f"AIRFLOW_CONN_{name.upper()}" in os.environ:
            refuse(f"Airflow connection {name}", "stands in an environment variable; keep it in a secrets backend")
        try:
            return Connection.get(name)
        except AirflowNotFoundException:
            refuse(f"Airflow connection {name}", "is not there. Put the key in the secrets backend's password field")

    def _key(self, name: str, connection: Any) -> Key:
        try:
            secret = bytes.fromhex(connection.password or "")
        except ValueError:
            refuse(f"Airflow connection {name}", "holds no key in hexadecimal digits in its password field")
        return Key(f"Airflow connection {name}", secret)
