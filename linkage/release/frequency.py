"""Numbers of events beside rates, and their means, where none can give anybody away.

A sum is shown beside a rate that is shown, at the default threshold, when by itself it is of women enough and of no one
or two for the most part; and when nothing else can be subtracted from it: of the parts of a total either all are shown
or none. Its true value is not under what the rounded count of women with an event can stand for: so whatever those
counts may be for a reader, the true sums go with it, and he learns no more of them than without. Means are of rounded
sums and counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from linkage.contracts.disclosure import Disclosure
from linkage.release.before import Release
from linkage.release.draft import Cell, Declared, cell_of
from linkage.release.joint import sums_of
from linkage.release.primary import is_small, rounded_from

Row = dict[str, Any]
MEDIUM = "medium"


class Sum(NamedTuple):
    """Events of a cell; entries with one; the women these are of; the most of one of them, and of two together."""

    events: int
    with_one: int
    women: int
    largest: int
    two_largest: int


NOTHING = Sum(0, 0, 0, 0, 0)


def sums(rows: Iterable[Mapping[str, Any]]) -> dict[Cell, Sum]:
    """{cell: its events} of rows of `linkage.cohorts.frequency.sums`."""
    return {cell_of(dict(row)): Sum(*(row[name] for name in Sum._fields)) for row in rows}


def beside(
    rows: Sequence[Row],
    found: Mapping[Cell, Sum],
    disclosure: Disclosure,
    declared: Declared,
    earlier: Sequence[Release] = (),
) -> list[Row]:
    """The publishable rows with `events` and their means, where these may be shown; empty elsewhere."""
    counted = {(cell.cohort, cell.outcome) for cell in found}
    of_medium = [row for row in rows if row["threshold"] == MEDIUM and (row["cohort"], row["outcome"]) in counted]
    safe = {
        cell_of(row)
        for row in of_medium
        if is_safe(row, found.get(cell_of(row), NOTHING), disclosure)
        and not any(changed_by_few(cell_of(row), found, release, disclosure) for release in earlier)
    }
    shown = all_parts_or_none(safe, [cell_of(row) for row in of_medium], declared)
    return [
        row | said(row, found.get(cell_of(row), NOTHING), disclosure)
        if row["threshold"] == MEDIUM and cell_of(row) in shown
        else row
        for row in rows
    ]


def is_safe(row: Row, of: Sum, disclosure: Disclosure) -> bool:
    """May the sum of a row be known, by itself? Of nobody with an event it is 0, as everybody knows."""
    if row["status"] == "c":
        return False
    limits = disclosure.events
    dominated = (
        100 * of.largest > limits.largest_percent.value * of.events
        or 100 * of.two_largest > limits.two_largest_percent.value * of.events
    )
    most = rounded_from(of.with_one, disclosure)[1]
    return not (is_small(of.women, disclosure) or dominated or of.events < most)


def changed_by_few(cell: Cell, found: Mapping[Cell, Sum], release: Release, disclosure: Disclosure) -> bool:
    """Have a few women more, or fewer, an event than in a release that readers hold?"""
    before = release.figures.get((cell, MEDIUM))
    return before is not None and is_small(abs(found.get(cell, NOTHING).with_one - before["numerator"][0]), disclosure)


def all_parts_or_none(safe: set[Cell], cells: Sequence[Cell], declared: Declared) -> set[Cell]:
    """The safe cells, without all parts of a total of which one is not safe; and so on, until nothing changes."""
    left, before = set(safe), -1
    lines = [parts for _, parts in sums_of(dict.fromkeys(cells), declared)]
    while before != (before := len(left)):
        for parts in lines:
            if not left.issuperset(parts):
                left.difference_update(parts)
    return left


def said(row: Row, of: Sum, disclosure: Disclosure) -> Row:
    """The columns of one row: the rounded sum, and its means over rounded counts."""
    base = disclosure.events.rounding_base.value
    events = int((2 * of.events + base) // (2 * base)) * base
    means = {"events_per_woman_with": row["numerator"], "events_per_woman": row["denominator"]}
    return {"events": events} | {name: round(events / women, 2) if women else None for name, women in means.items()}
