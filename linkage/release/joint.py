"""All tables of a release as one problem of suppression.

A row is hidden whole, at all linkage thresholds at once, since they count different sets of women. Rows add up over
categories, over wider categories and over periods; within a row, women with and without the outcome make the women
counted, and those left out make all who were asked, whom the outcomes of one cohort share.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from linkage.contracts.disclosure import Disclosure
from linkage.errors import DisclosureError
from linkage.release.primary import all_or_none, is_small, rounded_from, unsafe_rate
from linkage.release.suppress.problem import NOBODY, Problem, Target, persons

ALL = "all"  # the category of an undivided breakdown, and the period that pools the others
Row = dict[str, Any]
Within = Mapping[tuple[str, str], tuple[str, str]]
NOTHING_WITHIN: Within = {}
RATE = ("numerator", "without", "denominator")
EXCLUSIONS = ("in_custody", "died", "unknown", "not_linked")
KNOWN_TO_HER = (*RATE, "in_custody")  # nobody knows of herself that her death, or a link, is missing
ADDITIVE = ("numerator", "denominator", *EXCLUSIONS)
A_MARGIN, A_ROW, AN_EXCLUSION = 100, 4, 1  # what is lost by hiding one: whole numbers, so that bounds are whole


class Cell(NamedTuple):
    """What one published row is about. Tables that show the same cell show, or suppress, the same."""

    cohort: str
    outcome: str
    geography: str
    period: str
    breakdown: str
    category: str


class Place(NamedTuple):
    """One count: a figure of a cell at a linkage threshold."""

    cell: Cell
    threshold: str
    figure: str


@dataclass(frozen=True)
class Declared:
    """What adds up. `years`: {a quarter: the year it is pooled into}. `within`: {(breakdown, category): (wider
    breakdown, the category of it that it is part of)}. `asked`: {outcome: which women of a cohort it is asked about}.
    """

    years: Mapping[str, str] = field(default_factory=dict)
    within: Within = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Draft:
    """A problem being written down."""

    places: dict[Place, int] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)
    shown: list[tuple[float, float]] = field(default_factory=list)
    owners: list[tuple[int, int]] = field(default_factory=list)
    equations: list[tuple[list[int], list[int]]] = field(default_factory=list)

    def count(self, place: Place, count: int, shown: tuple[float, float], owners: tuple[int, int]) -> int:
        """Write a count down; returns its number."""
        if place not in self.places:
            self.places[place] = len(self.counts)
            self.counts.append(count)
            self.shown.append(shown)
            self.owners.append(owners)
        return self.places[place]

    def total(self, whole: Sequence[int], parts: Sequence[int]) -> None:
        """Write down that parts add up to a whole."""
        self.equations.append(([*whole, *parts], [-1] * len(whole) + [1] * len(parts)))

    def matrix(self) -> csr_matrix:
        """The equations as a matrix."""
        lengths = [len(members) for members, _ in self.equations]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        members = np.array([m for members, _ in self.equations for m in members], dtype=np.int64)
        signs = np.array([s for _, signs in self.equations for s in signs], dtype=float)
        return csr_matrix((signs, members, starts), shape=(len(self.equations), len(self.counts)))


def problem_of(rows: Iterable[Row], disclosure: Disclosure, declared: Declared) -> tuple[Problem, list[Cell]]:
    """The problem of unrounded rows, and the cell of each row unit; units of exclusions follow, in their order.

    Raises DisclosureError where parts do not add up to their total.
    """
    figures = figures_of(rows)
    cells = list(dict.fromkeys(cell for cell, _ in figures))
    thresholds = list(dict.fromkeys(threshold for _, threshold in figures))
    draft = Draft()
    for number, cell in enumerate(cells):
        for threshold in thresholds:
            write_row(draft, cell, threshold, figures.get((cell, threshold)), number, len(cells), disclosure)
            write_asked(draft, cell, threshold, declared)
    for total, parts in sums_of(cells, declared):
        for threshold in thresholds:
            for figure in ADDITIVE:
                write_sum(draft, total, parts, threshold, figure)
    return finished(draft, cells, thresholds, disclosure), cells


def figures_of(rows: Iterable[Row]) -> dict[tuple[Cell, str], dict[str, int]]:
    """{(cell, threshold): its counts}."""
    return {
        (cell_of(row), row["threshold"]): {figure: row[figure] for figure in ADDITIVE}
        | {"without": row["denominator"] - row["numerator"]}
        for row in rows
    }


def cell_of(row: Row) -> Cell:
    """What the row is about, whichever table shows it."""
    return Cell(*(row[name] for name in Cell._fields))


def write_row(
    draft: Draft, cell: Cell, threshold: str, figures: dict[str, int] | None, number: int, rows: int, limits: Disclosure
) -> None:
    """The counts of a row at a threshold; a row that is not there counts nobody, and everybody knows."""
    own = figures or dict.fromkeys((*ADDITIVE, "without"), 0)
    at = {}
    for figure in RATE:
        lowest = float(limits.threshold.value) if figure == "without" else 0.0
        known = (lowest, np.inf) if figure == "without" and own[figure] else rounded_from(own[figure], limits)
        owners = (number, NOBODY) if figures else (NOBODY, NOBODY)
        at[figure] = draft.count(Place(cell, threshold, figure), own[figure], known, owners)
    draft.total([at["denominator"]], [at["numerator"], at["without"]])
    for which, figure in enumerate(EXCLUSIONS):
        owners = (number, rows + number * len(EXCLUSIONS) + which) if figures else (NOBODY, NOBODY)
        draft.count(Place(cell, threshold, figure), own[figure], rounded_from(own[figure], limits), owners)


def write_asked(draft: Draft, cell: Cell, threshold: str, declared: Declared) -> None:
    """Women counted and women left out are all who were asked: the same women for every outcome asked about them."""
    parts = [draft.places[Place(cell, threshold, figure)] for figure in ("denominator", *EXCLUSIONS)]
    if cell.outcome in declared.asked:
        together = Place(cell._replace(outcome=declared.asked[cell.outcome]), threshold, "asked")
        women = sum(draft.counts[part] for part in parts)
        draft.total([draft.count(together, women, (0.0, np.inf), (NOBODY, NOBODY))], parts)


def write_sum(draft: Draft, total: Cell, parts: Sequence[Cell], threshold: str, figure: str) -> None:
    """A total and its parts. Records can place a woman in a force area and not in its region, or the other way round;
    how many, a reader is taken to know, which can only make him better informed.
    """
    whole = draft.places[Place(total, threshold, figure)]
    members = [draft.places[Place(part, threshold, figure)] for part in parts]
    off = draft.counts[whole] - sum(draft.counts[member] for member in members)
    if not off or total.breakdown in (ALL, parts[0].breakdown):
        draft.total([whole], members)
        return
    named = total._replace(category=f"{total.category}, not as {parts[0].breakdown}")
    odd = draft.count(Place(named, threshold, figure), abs(off), (abs(off), abs(off)), (NOBODY, NOBODY))
    draft.total([whole] if off > 0 else [whole, odd], [*members, odd] if off > 0 else members)


def sums_of(cells: Iterable[Cell], declared: Declared) -> list[tuple[Cell, tuple[Cell, ...]]]:
    """Every sum within one outcome of which the cells hold the total: over categories, wider ones too, and periods."""
    present = sorted(cells)
    found: dict[tuple[Cell, str], list[Cell]] = {}
    for cell in present:
        if cell.breakdown != ALL:
            found.setdefault((cell._replace(breakdown=ALL, category=ALL), cell.breakdown), []).append(cell)
        if wider := declared.within.get((cell.breakdown, cell.category)):
            whole = cell._replace(breakdown=wider[0], category=wider[1])
            found.setdefault((whole, cell.breakdown), []).append(cell)
        for pooled in pooled_into(cell.period, declared.years):
            kind = "quarters" if cell.period in declared.years else "years"
            found.setdefault((cell._replace(period=pooled), kind), []).append(cell)
    held = set(present)
    return [(total, tuple(parts)) for (total, _), parts in sorted(found.items()) if total in held]


def pooled_into(period: str, years: Mapping[str, str]) -> list[str]:
    """The longer periods that contain this one."""
    return [longer for longer in (years.get(period), ALL) if longer and longer != period]


def finished(draft: Draft, cells: Sequence[Cell], thresholds: Sequence[str], disclosure: Disclosure) -> Problem:
    """The problem with its units and targets."""
    counts, equations = np.array(draft.counts, dtype=np.int64), draft.matrix()
    primary, kept = units(draft, cells, thresholds, disclosure)
    places = list(draft.places)
    least, most = (np.array(ends, dtype=float) for ends in zip(*draft.shown, strict=True))
    owners = np.array(draft.owners, dtype=np.int64)
    known = (owners < 0).all(axis=1)
    nobody_knows = np.array([place.figure not in KNOWN_TO_HER for place in places])
    return Problem(
        labels=[label(place) for place in places],
        counts=counts,
        equations=equations,
        shown=(least, most),
        hidden=(np.where(known, least, 0.0), np.where(known, most, np.inf)),
        owners=owners,
        weights=np.array(weights(cells, disclosure), dtype=float),
        primary=primary,
        kept=kept,
        person=np.where(known | nobody_knows, NOBODY, persons(equations, counts)),
        targets=tuple(targets(draft, primary, disclosure)),
    )


def units(draft: Draft, cells: Sequence[Cell], thresholds: Sequence[str], limits: Disclosure) -> tuple[Any, Any]:
    """(primary, kept) of every row, then of every exclusion of a row. A zero hides nothing, so it is published."""

    def of(cell: Cell, figure: str) -> list[int]:
        return [draft.counts[draft.places[Place(cell, threshold, figure)]] for threshold in thresholds]

    rates = [list(zip(of(cell, "numerator"), of(cell, "denominator"), strict=True)) for cell in cells]
    excluded = [of(cell, figure) for cell in cells for figure in EXCLUSIONS]
    unsafe = [unsafe_rate(rate, cell.outcome, limits) for cell, rate in zip(cells, rates, strict=True)]
    empty = [not any(women for _, women in rate) for rate in rates]
    primary = np.array([*unsafe, *(any(is_small(n, limits) for n in counts) for counts in excluded)])
    always = [*empty, *(not any(counts) for counts in excluded)]
    return primary, np.array(always) & ~primary


def weights(cells: Sequence[Cell], limits: Disclosure) -> list[int]:
    """What is lost by hiding each row, a margin being dear, and then each exclusion."""
    rows = [A_MARGIN if cell.breakdown in limits.margins.breakdowns else A_ROW for cell in cells]
    return [*rows, *[AN_EXCLUSION] * (len(cells) * len(EXCLUSIONS))]


def targets(draft: Draft, primary: Any, disclosure: Disclosure) -> Iterable[Target]:
    """Every count that must stay uncertain: too few, or all or none of a group."""
    for place, number in draft.places.items():
        count, owners = draft.counts[number], [unit for unit in draft.owners[number] if unit >= 0]
        if not any(primary[unit] for unit in owners):
            continue
        women = draft.counts[draft.places[place._replace(figure="denominator")]]
        whole = place.figure in ("numerator", "without") and all_or_none(count, women, place.cell.outcome, disclosure)
        if is_small(count, disclosure) or (whole and count == 0):
            left_out = place.figure in EXCLUSIONS
            yield Target(number, (disclosure.width_left_out if left_out else disclosure.width).value, not left_out)


def label(place: Place) -> str:
    """Which count, in words; never what it counts."""
    return ", ".join([*place.cell, place.threshold, place.figure.replace("_", " ")])


def check(rows: Iterable[Row]) -> None:
    """Raise DisclosureError unless each cell has one set of possible counts at a threshold."""
    seen: dict[tuple[Cell, str], list[int]] = {}
    for row in rows:
        women = [row[name] for name in ADDITIVE]
        named = ", ".join([row["table_id"], *cell_of(row), row["threshold"]])
        if min(women) < 0 or row["numerator"] > row["denominator"]:
            raise DisclosureError(f"{named}: counts that cannot be. Look at how this table is counted.")
        if women != seen.setdefault((cell_of(row), row["threshold"]), women):
            raise DisclosureError(f"{named}: counted twice, differently. Declare this cell in one way only.")
