"""Two keys with two lifetimes, and everything derived from them.

The *token key* belongs to a linkage epoch and is shared by the departments, so a later delivery can be linked to an
earlier one; a new epoch means new tokens and a full relink. The *record-id key* is a department's own and lives longer,
so a record keeps its `record_id` from delivery to delivery and through epochs.

HMAC-SHA256 (RFC 2104) cut to 64 bits; one sub-key per purpose by HKDF-SHA256 (RFC 5869) with a labelled context.
A key is never an argument of a command, an environment variable, a log line or an Airflow XCom: it comes from a file
only its owner can read, or from the password field of a secrets backend.
"""

import os
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol

import numpy as np
import numpy.typing as npt
import yaml
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from linkage.errors import PrivacyError

KEY_BYTES = 32
FIRST_EPOCH = "1"
PROJECT = "womens-outcomes-linkage"


class SubKey:
    """The key for one purpose: turns values into tokens, signed 64-bit integers, the same length whatever the value's.

    Signed, since Spark has no unsigned type; integers, since they halve time and memory against hexadecimal text.
    """

    def __init__(self, secret: bytes) -> None:
        self._mac = HMAC(secret, SHA256())

    def token(self, value: str) -> int:
        """The first 64 bits of HMAC-SHA256(value)."""
        mac = self._mac.copy()
        mac.update(value.encode())
        return int.from_bytes(mac.finalize()[:8], "big", signed=True)

    def tokens(self, values: Iterable[str]) -> npt.NDArray[np.int64]:
        """`token` of each value."""
        return np.fromiter((self.token(value) for value in values), dtype=np.int64)


@dataclass(frozen=True)
class Key:
    """32 secret bytes and the name they go by; printing it shows the name only."""

    name: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise PrivacyError(f"Key {self.name!r} is not {KEY_BYTES} bytes long. Make another: linkage keys new.")

    def sub_key(self, *context: str) -> SubKey:
        """The key for one purpose. Parts are length-prefixed: ("ab", "c") and ("a", "bc") have nothing in common."""
        info = b"".join(len(part.encode()).to_bytes(2, "big") + part.encode() for part in (PROJECT, *context))
        return SubKey(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self.secret))


@dataclass(frozen=True)
class TokenKey:
    """The token key of one linkage epoch, shared by the departments."""

    epoch: str
    key: Key

    def mark(self, scheme_version: str) -> str:
        """What tokens are made under: version, epoch and a fingerprint of the key. Only equal marks compare."""
        return f"{scheme_version}/{self.epoch}/{self.key.sub_key('fingerprint').token(self.epoch) % 2**32:08x}"

    def for_token(self, scheme_version: str, view: str, token: str) -> SubKey:
        """The sub-key of one token of one view, under one version of the linkage schema."""
        return self.key.sub_key("token", scheme_version, self.epoch, view, token)

    def for_view_id(self, scheme_version: str, view: str, dataset: str) -> SubKey:
        """The sub-key of a dataset's record pseudonyms in one view: two views share no id."""
        return self.key.sub_key("view id", scheme_version, self.epoch, view, dataset)


def for_record_id(record_key: Key, dataset: str) -> SubKey:
    """The sub-key of a department's record ids. It names no epoch and no version: `record_id` outlives both."""
    return record_key.sub_key("record id", dataset)


class KeySource(Protocol):
    """Where keys come from."""

    def token_key(self) -> TokenKey:
        """The token key of the current epoch. Raises PrivacyError."""
        ...

    def record_key(self, dataset: str) -> Key:
        """The record-id key of a department's dataset. Raises PrivacyError."""
        ...


class KeyFolder:
    """Keys in files that only their owner can read: token.yaml (key, epoch) and records-<dataset>.yaml (key)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def token_key(self) -> TokenKey:
        """The token key of the current epoch. Raises PrivacyError."""
        content = self._content("token")
        if not content.get("epoch"):
            refuse(self._path("token"), "names no epoch (a line `epoch: …`)")
        return TokenKey(str(content["epoch"]), self._key("token", content))

    def record_key(self, dataset: str) -> Key:
        """The record-id key of a department's dataset. Raises PrivacyError."""
        return self._key(f"records-{dataset}", self._content(f"records-{dataset}"))

    def make(self, datasets: Iterable[str], epoch: str | None) -> list[str]:
        """Make the keys that are missing, and replace none: the names of those made.

        Raises PrivacyError where there is a token key of another epoch than the one asked for.
        """
        if self._path("token").exists() and epoch not in (None, self.token_key().epoch):
            refuse(
                self._path("token"), f"is of another epoch than {epoch!r}. Put it away first; all must be relinked then"
            )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = ["token", *(f"records-{dataset}" for dataset in datasets)]
        missing = [name for name in names if not self._path(name).exists()]
        for name in missing:
            content = {"epoch": epoch or FIRST_EPOCH} if name == "token" else {}
            with os.fdopen(os.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                yaml.safe_dump(content | {"key": secrets.token_hex(KEY_BYTES)}, file, sort_keys=False)
        return missing

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.yaml"

    def _content(self, name: str) -> dict[str, Any]:
        path = self._path(name)
        if not path.is_file():
            refuse(path, "is not there. Make keys with: linkage keys new")
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            refuse(path, f"can be read by others. Close it (chmod 600 {path}); if it was shared, make another key")
        if stat.S_IMODE(self.folder.stat().st_mode) & 0o022:
            refuse(
                self.folder, f"can be written to by others, who could change keys. Close it (chmod 700 {self.folder})"
            )
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):
            content = None
        if not isinstance(content, dict):
            refuse(path, "is not a key file (lines `key: …` and, in token.yaml, `epoch: …`)")
        return content

    def _key(self, name: str, content: dict[str, Any]) -> Key:
        try:
            secret = bytes.fromhex(str(content.get("key", "")))
        except ValueError:
            refuse(self._path(name), "holds no key in hexadecimal digits")
        return Key(name, secret)


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
            return Key(name, bytes.fromhex(connection.password or ""))
        except ValueError:
            refuse(f"Airflow connection {name}", "holds no key in hexadecimal digits in its password field")


def refuse(what: Path | str, why: str) -> NoReturn:
    """Raises PrivacyError."""
    raise PrivacyError(f"{what} {why}. Nothing was written.")
