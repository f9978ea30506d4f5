"""What was done with keys and tokens, by whom and when: an append-only log in which every entry seals the one before.

One JSON object a line: n, at (UTC), what, who, details (names, counts, fingerprints; never a secret), previous, hash.
`hash` is SHA-256 over the rest of the entry, `previous` the hash of the entry before. The hash of the last entry is
kept in a second place, so that a log cut short is seen. Whoever may write both places could write another history:
whoever wants to be sure keeps the hash that a command prints, and asks later whether that entry still stands.
"""

import fcntl
import hashlib
import json
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from linkage.erasing import sync_folder
from linkage.errors import PrivacyError
from linkage.settings import Settings
from linkage.workspace import OWNER_ONLY_FILE, private_folder

BEFORE_THE_FIRST = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One thing that was done. `previous` and `hash` are SHA-256 in hexadecimal digits."""

    n: int
    at: str
    what: str
    who: str
    details: dict[str, Any]
    previous: str
    hash: str = ""

    def sealed(self) -> "Entry":
        """The same with its own hash."""
        said = {name: value for name, value in asdict(self).items() if name != "hash"}
        return Entry(**said, hash=hashlib.sha256(canonical(said)).hexdigest())


@dataclass(frozen=True)
class Log:
    """A log that holds: its entries, where they end in the file, and whether a line was left unfinished behind them."""

    entries: tuple[Entry, ...]
    end: int
    unfinished: bool

    @property
    def head(self) -> str:
        """The hash of the last entry."""
        return self.entries[-1].hash if self.entries else BEFORE_THE_FIRST


class Ledger:
    """The log at `path`, with the hash of its last entry at `head`."""

    def __init__(self, path: Path, head: Path) -> None:
        self.path, self.head = path, head

    def append(self, what: str, **details: Any) -> Entry:
        """Log what was done; on the disk when this returns. Raises PrivacyError where the log is broken."""
        with self._locked() as file:
            log = self._verified(file)
            file.truncate(log.end)  # of a line that a killed process left unfinished, nobody was told
            at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            entry = Entry(len(log.entries) + 1, at, what, who(), details, log.head).sealed()
            file.seek(log.end)
            file.write(canonical(asdict(entry)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
            self._keep(entry)
        return entry

    def verify(self) -> Log:
        """The log, when every entry seals the one before and none is missing. Raises PrivacyError naming the first."""
        if not self.path.exists() and not self.head.exists():
            return Log((), 0, False)
        with self._locked() as file:
            return self._verified(file)

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        private_folder(self.path.parent)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, OWNER_ONLY_FILE), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _verified(self, file: BinaryIO) -> Log:
        *lines, rest = file.read().split(b"\n")
        entries: list[Entry] = []
        previous = BEFORE_THE_FIRST
        for n, line in enumerate(lines, 1):
            entry = entry_of(line)
            if entry is None or entry.n != n or entry.previous != previous:
                self._refuse(f"entry {n} (line {n}) is not what was written, or not in its place")
            entries.append(entry)
            previous = entry.hash
        self._check_end(entries)
        return Log(tuple(entries), sum(len(line) + 1 for line in lines), bool(rest))

    def _check_end(self, entries: list[Entry]) -> None:
        """The kept head is that of the last entry, or of the one before: a process may be killed between the two."""
        n, kept = self._kept()
        if n > len(entries):
            self._refuse(f"entries {len(entries) + 1} to {n} are missing at its end")
        if n < len(entries) - 1:
            self._refuse(f"entry {n + 2} and what follows were added by something else than this program")
        if n and entries[n - 1].hash != kept:
            self._refuse(f"entry {n} is not the one whose hash is kept in {self.head}")

    def _kept(self) -> tuple[int, str]:
        try:
            said = json.loads(self.head.read_text(encoding="utf-8"))
            return int(said["n"]), str(said["hash"])
        except FileNotFoundError:
            return 0, BEFORE_THE_FIRST
        except (ValueError, KeyError, TypeError):
            self._refuse(f"{self.head} does not hold the number and hash of its last entry")

    def _keep(self, entry: Entry) -> None:
        private_folder(self.head.parent)
        unfinished = self.head.with_name(f".{self.head.name}.unfinished")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY_FILE), "wb") as file:
            file.write(canonical({"n": entry.n, "hash": entry.hash}) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.head)
        sync_folder(self.head.parent)

    def _refuse(self, why: str) -> NoReturn:
        raise PrivacyError(
            f"The log {self.path} is broken: {why}. Nothing was done. Keep both files for whoever looks into it, "
            "restore them from a backup, and check that with: linkage audit verify"
        )


def ledger_of(settings: Settings) -> Ledger:
    """The log of a workspace."""
    return Ledger(settings.files.log, settings.files.quality.log_head)


def entry_of(line: bytes) -> Entry | None:
    """The entry a line holds, None where it is not, to the byte, one that was written here."""
    try:
        entry = Entry(**json.loads(line))
        return entry if entry.sealed() == entry and canonical(asdict(entry)) == line else None
    except (ValueError, TypeError):
        return None


def canonical(said: dict[str, Any]) -> bytes:
    """One way to write it, so that equal content has equal bytes."""
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii")


def who() -> str:
    """The Airflow run this process works for, or the user of the machine."""
    if run := os.environ.get("AIRFLOW_CTX_DAG_RUN_ID"):
        return f"airflow {os.environ.get('AIRFLOW_CTX_DAG_ID', '')} {run}"
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
