"""What a reader concludes where one cohort counts every entry and another the first of each woman in a quarter.

He subtracts. What is left came again within a quarter, and of few women must not be known. The rows of first entries he
can also make himself, of other periods than are shown.
"""

from collections.abc import Mapping, Sequence

from linkage.contracts.disclosure import Disclosure
from linkage.release.auditor.notes import LEFT_OUT, AddsUp, Key, Notes, Place, Row, key_of

FIGURES = ("numerator", "without", "denominator", *LEFT_OUT)
NOBODY = (0, 0, 0)  # women, entries that came again, women of these


def with_women(true: Mapping[Key, Row], women: Sequence[Row]) -> dict[Key, Row]:
    """The true counts with what is known of the women `behind` them, {figure: (women, entries again, their women)}."""
    behind: dict[Key, dict[str, tuple[int, int, int]]] = {}
    for row in women:
        behind.setdefault(key_of(row), {})[row["figure"]] = (row["women"], row["again"], row["women_again"])
    return {key: row | ({"behind": behind[key_of(row)]} if key_of(row) in behind else {}) for key, row in true.items()}


def too_few(row: Row, figure: str, limits: Disclosure) -> bool:
    """Are the entries that a row counts so of too few women?"""
    return 0 < row.get("behind", {}).get(figure, NOBODY)[0] < limits.threshold.value


def unseen(rows: Sequence[Row], adds_up: AddsUp) -> list[Row]:
    """Rows of first entries that are told only by one in which every entry counts: nothing is published of them."""
    shown, found = {key_of(row) for row in rows}, []
    for row in (row for row in rows if row["cohort"] in adds_up.firsts):
        behind = row.get("behind", {})
        first = {figure: row["figures"][figure][0] - behind.get(figure, NOBODY)[1] for figure in FIGURES}
        made = row | {"cohort": adds_up.firsts[row["cohort"]]}
        if key_of(made) not in shown:
            found.append(made | {"figures": {figure: (count, 0, None) for figure, count in first.items()}})
    return found


def write(notes: Notes, at: dict[Place, int], rows: Sequence[Row], adds_up: AddsUp, limits: Disclosure) -> None:
    """Every entry is a first one, or came again; of few women how many came again must stay open, and so must that none
    of those who did has, or lacks, a sensitive outcome.
    """
    for row in (row for row in rows if row["cohort"] in adds_up.firsts):
        key, first = key_of(row), (adds_up.firsts[row["cohort"]], *key_of(row)[1:])
        for figure in FIGURES:
            _, again, women = row.get("behind", {}).get(figure, NOBODY)
            place = (key, f"{figure}, again within a quarter")
            more = notes.note(at, place, (again, 0, None))
            notes.sums.append(((at[key, figure],), (at[first, figure], more)))
            if 0 < women < limits.threshold.value or (not again and says_something(row, figure, limits)):
                notes.again[more] = place


def says_something(row: Row, figure: str, limits: Disclosure) -> bool:
    """Would it say something of everybody who came again that a figure counts nobody of them?"""
    came_again = row.get("behind", {}).get("denominator", NOBODY)[1]
    sensitive = row["outcome"] not in limits.sensitive_outcomes.excepted
    return figure in ("numerator", "without") and came_again > 0 and sensitive
