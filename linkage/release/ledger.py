"""The ledger of releases: every figure that left, how it was defined, and what a reader takes it for. Only added to.

A file an entry, which holds the hash of the one before; the hash of the last one stands in the log. It holds unrounded
counts: for reviewers, never for the public.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from linkage.errors import DisclosureError
from linkage.release import before
from linkage.release.draft import cell_of
from linkage.release.every import Women

Row = dict[str, Any]
LABELS = ("cohort", "outcome", "geography", "period", "breakdown", "category", "threshold")
RELEASED, WITHDRAWN = "released", "withdrawn"
NOTHING_BEFORE = ""
MOST_NAMED = 20
WITHOUT_IT = "Nothing can be released without it: bring the ledger back from a backup."


Figure = tuple[int, int, int | None]


class Shape(BaseModel):
    """Nothing is taken for something else."""

    model_config = ConfigDict(strict=True)


class Figures(Shape):
    """Of each figure of a row the count, and the least and the most that a reader takes it for."""

    numerator: Figure
    without: Figure
    denominator: Figure
    in_custody: Figure
    died: Figure
    unknown: Figure
    not_linked: Figure
    alive_before: Figure | None = None  # of deaths alone, before and after the window
    alive_after: Figure | None = None


class Left(Shape):
    """A row that left. `behind`: of counts of a cohort that every entry counts in, the women behind each."""

    cohort: str
    outcome: str
    geography: str
    period: str
    breakdown: str
    category: str
    threshold: str
    definition: str
    figures: Figures
    behind: dict[str, tuple[int, int, int]] = Field(default_factory=dict)


class Every(Shape):
    """What every entry says. `invented`: it is about invented people."""

    previous: str
    release: str
    approval: str
    invented: bool


class Released(Every):
    """A release that left."""

    what: Literal["released"]
    tables: str = Field(alias="tables.csv")
    rows: list[Left]


class Withdrawn(Every):
    """A release that was taken back. `of`: the entries it is about; `unseen`: nobody saw them."""

    what: Literal["withdrawn"]
    why: str
    unseen: bool
    of: list[int]


SOUND: TypeAdapter[Released | Withdrawn] = TypeAdapter(Annotated[Released | Withdrawn, Field(discriminator="what")])


@dataclass(frozen=True)
class Entry:
    """A release that left, or its withdrawal. `said`: what the file says; `sha256`: of the file."""

    number: int
    said: dict[str, Any]
    sha256: str

    @property
    def release(self) -> str:
        """The name of the release."""
        return str(self.said["release"])

    @property
    def name(self) -> str:
        """The release, and which of its versions."""
        return f"{self.release} (entry {self.number})"

    @cached_property
    def rows(self) -> list[Row]:
        """Every row that left: labels, `definition`, `figures`: {name: (count, least, most)}, and `behind` if said."""
        said = ("figures", "behind")
        return [row | {name: tuples(row[name]) for name in said if name in row} for row in self.said["rows"]]

    @cached_property
    def left(self) -> before.Release:
        """The same, as the suppressor reads it."""
        figures = {(cell_of(row), row["threshold"]): row["figures"] for row in self.rows}
        women = {
            (cell_of(row), row["threshold"]): {figure: Women(*one) for figure, one in row["behind"].items()}
            for row in self.rows
            if "behind" in row
        }
        return before.Release(self.name, figures, women)


def tuples(lists: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    """What JSON has as lists, as it was."""
    return {name: tuple(one) for name, one in lists.items()}


def read(files: Sequence[Path]) -> list[Entry]:
    """Every entry, in order. Raises DisclosureError where one was changed, damaged or is missing."""
    found: list[Entry] = []
    for number, file in enumerate(files, 1):
        text = file.read_bytes()
        try:
            sound = SOUND.validate_json(text).previous == (found[-1].sha256 if found else NOTHING_BEFORE)
        except ValueError:
            sound = False
        if not sound or file.stem != stem(number):
            raise DisclosureError(
                f"{file}: this entry of the ledger, or the one before it, was changed or is missing. {WITHOUT_IT}"
            )
        found.append(Entry(number, json.loads(text), hashlib.sha256(text).hexdigest()))
    return found


def require_end(entries: Sequence[Entry], number: int, sha256: str) -> None:
    """Raise DisclosureError unless the last entry is the one that was logged, or the one after it: a process may be
    killed between the two.
    """
    if number not in (len(entries), len(entries) - 1) or (number and entries[number - 1].sha256 != sha256):
        raise DisclosureError(
            f"The ledger of releases does not end as the log says: entry {stem(number)} was changed or is missing, or "
            f"others were added. {WITHOUT_IT}"
        )


def stem(number: int) -> str:
    """The name of the file of an entry, without its ending."""
    return f"{number:04d}"


def written(entries: Sequence[Entry], **said: Any) -> str:
    """The next entry as JSON."""
    known = {"previous": entries[-1].sha256 if entries else NOTHING_BEFORE} | said
    return json.dumps(known, ensure_ascii=False, separators=(",", ":")) + "\n"


def readers_hold(entries: Sequence[Entry]) -> list[Entry]:
    """Every release that left, but for those that nobody saw before they were withdrawn."""
    without = unseen(entries)
    return [entry for entry in entries if entry.said["what"] == RELEASED and entry.number not in without]


def unseen(entries: Sequence[Entry]) -> set[int]:
    """Entries that nobody saw, by what was said of each last."""
    found: set[int] = set()
    for entry in (entry for entry in entries if entry.said["what"] == WITHDRAWN):
        found = found | {*entry.said["of"]} if entry.said["unseen"] else found - {*entry.said["of"]}
    return found


def in_force(entries: Sequence[Entry]) -> dict[str, Entry]:
    """{release: its latest version}, without those withdrawn."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.said["what"] == RELEASED:
            found[entry.release] = entry
        else:
            found.pop(entry.release, None)
    return found


def rows_of(left: Iterable[Row], definitions: dict[tuple[str, ...], str]) -> list[Row]:
    """The rows of an entry, each cell once. `left`: published rows with figures, and with the women behind them where
    entries are counted; `definitions`: {labels: hash}.
    """
    rows = {tuple(row[name] for name in LABELS): row for row in left}
    return [
        dict(zip(LABELS, key, strict=True))
        | {"definition": definitions[key[:6]]}
        | {name: row[name] for name in ("figures", "behind") if row.get(name)}
        for key, row in rows.items()
    ]


def require_one_definition(entries: Iterable[Entry], definitions: dict[tuple[str, ...], str]) -> None:
    """Raise DisclosureError, by labels, where a cell that left had another definition than it has now."""
    clashes = {
        ", ".join(key): entry.name
        for entry in entries
        for row in entry.rows
        if definitions.get(key := tuple(row[name] for name in LABELS[:6]), row["definition"]) != row["definition"]
    }
    if clashes:
        lines = [
            f"{cell}: defined otherwise than in release {name}." for cell, name in list(clashes.items())[:MOST_NAMED]
        ]
        more = [f"and {len(clashes) - MOST_NAMED:,} more."] if len(clashes) > MOST_NAMED else []
        raise DisclosureError(
            "\n".join([*lines, *more])
            + "\nReaders would take the two for the same women. Give the changed cohort, outcome or breakdown another "
            "name, or take its definition back. Where nobody saw that release: linkage releases withdraw --unseen"
        )
