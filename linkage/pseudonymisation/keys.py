"""Three keys with three lifetimes, and everything derived from them.

The *token key* belongs to a linkage epoch and is shared by the departments, so a later delivery can be linked to an
earlier one; a new epoch means new tokens and a full relink. The *record-id key* is a department's own and lives longer,
so a record keeps its `record_id` from delivery to delivery and through epochs. The *study-id key* is a project's: two
projects' files about one woman have no id in common.

A value becomes HMAC-SHA256 (RFC 2104) cut to 64 bits. Tokens of several values become a compound by AES-256 (FIPS 197)
as CBC-MAC over blocks of a fixed number (Bellare, Kilian & Rogaway 1994), cut to 64 bits: whole columns at once. One
sub-key per purpose by HKDF-SHA256 (RFC 5869) with a labelled context.
A key is never an argument of a command, an environment variable, a log line or an Airflow XCom: it comes from a file
only its owner can read, or from the password field of a secrets backend.
"""

import datetime
import hmac
import os
import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol

import numpy as np
import numpy.typing as npt
import yaml
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from linkage.errors import PrivacyError

KEY_BYTES = 32
# Of 32 random bytes fewer are different once in 10^16 keys; of a key that somebody made up, often.
FEWEST_VALUES = 16
FIRST_EPOCH = "1"
HEXADECIMAL = re.compile(r"([0-9A-Fa-f]{2})+")
AN_EPOCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
A_PROJECT = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
PROJECT = "womens-outcomes-linkage"

Tokens = npt.NDArray[np.int64]


class SubKey:
    """The key for one purpose: turns values into tokens, signed 64-bit integers, the same length whatever the value's.

    Signed, since Spark has no unsigned type; integers, since they halve time and memory against hexadecimal text.
    """

    def __init__(self, secret: bytes) -> None:
        self._mac = HMAC(secret, SHA256())

    def token(self, value: str, encoding: str = "utf-8") -> int:
        """The first 64 bits of HMAC-SHA256(value)."""
        mac = self._mac.copy()
        mac.update(value.encode(encoding))
        return int.from_bytes(mac.finalize()[:8], "big", signed=True)

    def tokens(self, values: Iterable[str]) -> Tokens:
        """`token` of each value."""
        digests = []
        for value in values:
            mac = self._mac.copy()
            mac.update(value.encode())
            digests.append(mac.finalize())
        return np.frombuffer(b"".join(digests), dtype=">i8")[::4].astype(np.int64)


class CompoundKey:
    """The key for one purpose: turns a fixed number of tokens into one, so that none of them can be told from it."""

    def __init__(self, secret: bytes) -> None:
        # One block a message, or a chain of as many blocks for every message: ECB of the running state is CBC-MAC.
        self._cipher = Cipher(AES256(secret), ECB())

    def tokens(self, *parts: Tokens) -> Tokens:
        """A token for each row of `parts`: columns of tokens, of which there are as many whenever this key is used."""
        state = np.zeros((len(parts[0]), 2), dtype="<i8")
        for first in range(0, len(parts), 2):
            block = np.zeros_like(state)
            for place, part in enumerate(parts[first : first + 2]):
                block[:, place] = part
            block ^= state
            state = np.frombuffer(self._cipher.encryptor().update(block.tobytes()), dtype="<i8").reshape(-1, 2)
        return state[:, 0].astype(np.int64)


@dataclass(frozen=True)
class Key:
    """32 secret bytes and where they are kept; printing it shows the place only. `made`: the day, None if not known."""

    name: str
    secret: bytes = field(repr=False)
    made: datetime.date | None = None

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            refuse(self.name, f"is not {KEY_BYTES} bytes long. Put it away and make another: linkage keys new")
        if len(set(self.secret)) < FEWEST_VALUES:
            refuse(self.name, "is not random. Put it away and make another: linkage keys new")

    def fingerprint(self, label: str) -> str:
        """Eight hexadecimal digits that tell this key from others and say nothing about it."""
        return f"{self.sub_key('fingerprint').token(label) % 2**32:08x}"

    def sub_key(self, *context: str) -> SubKey:
        """The key for values of one purpose."""
        return SubKey(self._derived(*context))

    def compound_key(self, *context: str) -> CompoundKey:
        """The key for compounds of one purpose."""
        return CompoundKey(self._derived("compound", *context))

    def _derived(self, *context: str) -> bytes:
        """32 bytes for one purpose. Parts are length-prefixed: ("ab", "c") and ("a", "bc") have nothing in common."""
        info = b"".join(len(part.encode()).to_bytes(2, "big") + part.encode() for part in (PROJECT, *context))
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self.secret)


@dataclass(frozen=True)
class TokenKey:
    """The token key of one linkage epoch, shared by the departments."""

    epoch: str
    key: Key

    def __post_init__(self) -> None:
        if not AN_EPOCH.fullmatch(self.epoch):
            refuse(self.key.name, "names an epoch of other signs than letters, digits, '_', '.' and '-'")

    @property
    def fingerprint(self) -> str:
        """Tells this key from others."""
        return self.key.fingerprint(self.epoch)

    def mark(self, scheme_version: str) -> str:
        """What tokens are made under: version, epoch and a fingerprint of the key. Only equal marks compare."""
        return f"{scheme_version}/{self.epoch}/{self.fingerprint}"

    def for_token(self, scheme_version: str, view: str, token: str) -> SubKey:
        """The sub-key of one token of one view, under one version of the linkage schema."""
        return self.key.sub_key("token", scheme_version, self.epoch, view, token)

    def for_part(self, scheme_version: str) -> SubKey:
        """The sub-key of what goes into compounds. Its tokens are never written: a name has one wherever it stands."""
        return self.key.sub_key("part", scheme_version, self.epoch)

    def for_compound(self, scheme_version: str, view: str, token: str) -> CompoundKey:
        """The key of one compound token of one view."""
        return self.key.compound_key("token", scheme_version, self.epoch, view, token)

    def for_rule(self, scheme_version: str, view: str, rule: str) -> CompoundKey:
        """The key of one sealed rule: a rule's keys agree with each other and with nothing else."""
        return self.key.compound_key("sealed rule", scheme_version, self.epoch, view, rule)

    def for_view_id(self, scheme_version: str, view: str, dataset: str) -> CompoundKey:
        """Makes a dataset's record pseudonyms in one view out of its record ids: two views share no id."""
        return self.key.compound_key("view id", scheme_version, self.epoch, view, dataset)

    def for_block_id(self, scheme_version: str, view: str, dataset: str, rule: str) -> CompoundKey:
        """Makes, out of those, the pseudonyms under which keys of one rule lie: they say not whose they are."""
        return self.key.compound_key("block id", scheme_version, self.epoch, view, dataset, rule)


def for_record_id(record_key: Key, dataset: str) -> SubKey:
    """The sub-key of a department's record ids. It names no epoch and no version: `record_id` outlives both."""
    return record_key.sub_key("record id", dataset)


def for_study_id(study_key: Key, project: str) -> SubKey:
    """The sub-key of a project's study ids, which are made of person ids."""
    return study_key.sub_key("study id", project)


def check_apart(token_key: TokenKey, record_key: Key) -> None:
    """Raises PrivacyError where both are one key: whoever has the departments' shared key could then name records."""
    if hmac.compare_digest(token_key.key.secret, record_key.secret):
        refuse(
            token_key.key.name,
            f"and {record_key.name} hold one and the same key. Make another token key: linkage keys rotate --epoch …",
        )


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
        if not A_PROJECT.fullmatch(project):
            refuse(self.folder, f"makes no key for {project!r}: a project is called by small letters, digits and '_'")
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

    def of_epoch(self, epoch: str) -> tuple[TokenKey, list[Path]]:
        """The token key of an epoch, current or kept aside, and the files it is in. Raises PrivacyError."""
        found = [p for p in (self.path("token"), self.path(f"token-{an_epoch(epoch)}")) if p.exists()]
        keys = {path: self._token_key(path.stem) for path in found}
        files = [path for path, key in keys.items() if key.epoch == epoch]
        if not files:
            refuse(self.folder, f"holds no token key of epoch {epoch!r}. Which there are says: linkage keys show")
        return keys[files[0]], files

    def path(self, name: str) -> Path:
        """The file of one key."""
        return self.folder / f"{name}.yaml"

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        today = datetime.datetime.now(datetime.UTC).date()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            yaml.safe_dump(content | {"made": today, "key": secrets.token_hex(KEY_BYTES)}, file, sort_keys=False)
            file.flush()
            os.fsync(file.fileno())

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


def owners_only(path: Path) -> str:
    """The text of a file that belongs to us and that nobody else can read. Raises PrivacyError.

    What is looked at is what is read: the file is opened first, and never through a link.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        refuse(path, "is not there. Make keys with: linkage keys new")
    except OSError as error:
        refuse(path, f"cannot be opened as a file of its own ({error.strerror}). Put the key there itself, not a link")
    with os.fdopen(opened, encoding="utf-8") as file:
        state = os.fstat(opened)
        if not stat.S_ISREG(state.st_mode):
            refuse(path, "is not a file. Put it away and make keys with: linkage keys new")
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


def refuse(what: Path | str, why: str) -> NoReturn:
    """Raises PrivacyError."""
    raise PrivacyError(f"{what} {why}. Nothing was written.")
