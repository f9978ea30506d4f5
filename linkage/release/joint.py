"""All tables of a release as one problem of suppression.

A row is hidden whole, at all linkage thresholds at once, since they count different sets of women. Rows add up over
categories, over wider categories and over periods; within a row, women with and without the outcome make the women
counted, and those left out make all who were asked, whom the outcomes of one cohort share (`joined`: and what more they
say of each other).
"""

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np

from linkage.contracts.comparison import MATCHED
from linkage.contracts.disclosure import Disclosure
from linkage.errors import DisclosureError
from linkage.release import arms, before, deaths, every, joined, unshown
from linkage.release.draft import (
    ADDITIVE,
    ALL,
    EXCLUSIONS,
    FREE,
    RATE,
    Cell,
    Declared,
    Draft,
    Ends,
    Place,
    Places,
    Row,
    Unit,
    cell_of,
)
from linkage.release.primary import all_or_none, is_small, rounded_from, unsafe_rate
from linkage.release.suppress.problem import NOBODY, Problem, Target, persons

NONE: frozenset[int] = frozenset()
KNOWN_TO_HER = (*RATE, "in_custody")  # nobody knows of herself that her death, or a link, is missing
A_MARGIN, A_PART, A_ROW, A_CROSSING, AN_EXCLUSION = (
    100,
    20,
    4,
    2,
    1,
)  # what is lost by hiding one: whole numbers, so that bounds are whole
Figures = dict[tuple[Cell, str], dict[str, int]]
NOBODY_TWICE: every.Behind = {}


def problem_of(
    rows: Iterable[Row],
    disclosure: Disclosure,
    declared: Declared,
    earlier: Sequence[before.Release] = (),
    behind: every.Behind = NOBODY_TWICE,
) -> tuple[Problem, list[Cell]]:
    """The problem of unrounded rows, and the cell of each row unit; units of exclusions follow, in their order.

    `earlier`: what left before, which readers hold too. `behind`: the women behind counts of a cohort that every entry
    counts in. Raises DisclosureError where parts do not add up.
    """
    rows = list(rows)
    figures = figures_of(rows)
    cells = list(dict.fromkeys(cell for cell, _ in figures))
    thresholds = list(dict.fromkeys(threshold for _, threshold in figures))
    draft = Draft(units=units(figures, cells, thresholds, declared, disclosure, behind))
    for number, cell in enumerate(cells):
        for threshold in thresholds:
            write_row(draft, cell, threshold, figures.get((cell, threshold)), number, len(cells), disclosure)
            write_asked(draft, draft.places, cell, threshold, declared)
    asked = write_entries(draft, draft.places, cells, thresholds, declared, disclosure, behind)
    held = [*cells, *write_unshown(draft, draft.places, cells, thresholds, declared)]
    asked += joined.write(draft, draft.places, held, thresholds, declared, disclosure)
    periods, at_risk = periods_of(cells, declared), deaths.told_now(rows, declared, disclosure)
    asked += deaths.write(draft, draft.places, cells, thresholds, declared, periods, at_risk, disclosure)
    asked += targets(draft, draft.places, declared, disclosure, behind)
    left = [(release, before.write(draft, release)) for release in earlier]
    for release, places in left:
        for cell, threshold in dict.fromkeys((place.cell, place.threshold) for place in places):
            write_asked(draft, places, cell, threshold, declared)
        of_release = (release.cells, release.thresholds, declared, disclosure)
        asked += write_entries(draft, places, *of_release, release.behind)
        held = [*release.cells, *write_unshown(draft, places, release.cells, release.thresholds, declared)]
        asked += joined.write(draft, places, held, release.thresholds, declared, disclosure)
        periods, at_risk = periods_of(release.cells, declared), deaths.told_before(release)
        asked += deaths.write(draft, places, release.cells, release.thresholds, declared, periods, at_risk, disclosure)
        asked += targets(draft, places, declared, disclosure, release.behind)
        asked += before.changes(draft, places, release, disclosure)
    before.settle(draft, cells, thresholds, left)
    return finished(draft, list({target.number: target for target in asked}.values())), cells


def figures_of(rows: Iterable[Row]) -> Figures:
    """{(cell, threshold): its counts}."""
    return {
        (cell_of(row), row["threshold"]): {figure: row[figure] for figure in ADDITIVE}
        | {"without": row["denominator"] - row["numerator"]}
        for row in rows
    }


def write_row(
    draft: Draft, cell: Cell, threshold: str, figures: dict[str, int] | None, number: int, rows: int, limits: Disclosure
) -> None:
    """The counts of a row at a threshold; a row that is not there counts nobody, and everybody knows."""
    if figures is None:
        for figure in (*RATE, *EXCLUSIONS):
            draft.nobody(draft.places, Place(cell, threshold, figure))
        return
    for figure in RATE:
        many = (float(limits.threshold.value), np.inf)
        known = many if figure == "without" and figures[figure] else rounded_from(figures[figure], limits)
        hidden = somebody(figures[figure]) if figure == "denominator" else FREE
        draft.count(
            draft.places, Place(cell, threshold, figure), figures[figure], known, (number, NOBODY), hidden=hidden
        )
    for which, figure in enumerate(EXCLUSIONS):
        owners = (number, rows + number * len(EXCLUSIONS) + which)
        known = rounded_from(figures[figure], limits)
        hidden = FREE if draft.units[number].primary else somebody(figures[figure])
        draft.count(draft.places, Place(cell, threshold, figure), figures[figure], known, owners, hidden=hidden)


def somebody(count: int) -> Ends:
    """What is known of a hidden count of which zeros are shown. A group without women is shown as such, and in a row
    that is shown nobody left out; of a 0 that another threshold hides, a reader is taken to know no more.
    """
    return float(min(count, 1)), np.inf


def write_asked(draft: Draft, places: Places, cell: Cell, threshold: str, declared: Declared) -> None:
    """With and without the outcome are all women counted; these and women left out are all who were asked: the same
    women for every outcome asked about them.
    """
    numerator, without, women = (places[Place(cell, threshold, figure)] for figure in RATE)
    draft.total([women], [numerator, without])
    parts = [women, *(places[Place(cell, threshold, figure)] for figure in EXCLUSIONS)]
    if cell.outcome in declared.asked:
        together = Place(cell._replace(outcome=declared.asked[cell.outcome]), threshold, "asked")
        asked = sum(draft.counts[part] for part in parts)
        draft.total([draft.count(places, together, asked, FREE, (NOBODY, NOBODY))], parts)


def write_entries(
    draft: Draft,
    places: Places,
    cells: Sequence[Cell],
    thresholds: Sequence[str],
    declared: Declared,
    limits: Disclosure,
    behind: every.Behind,
) -> list[Target]:
    """Every sum of one release, also of first entries that are told by a cohort that every entry counts in alone.

    Returns the differences between the two that must stay uncertain.
    """
    unseen, asked = every.write(draft, places, cells, thresholds, declared, behind, limits)
    for cell, threshold in product(unseen, thresholds):
        write_asked(draft, places, cell, threshold, declared)
    write_sums(draft, places, [*cells, *unseen], thresholds, declared)
    return asked


def write_sums(
    draft: Draft, places: Places, cells: Iterable[Cell], thresholds: Iterable[str], declared: Declared
) -> None:
    """Every sum of one release."""
    for total, parts in sums_of(cells, declared):
        for threshold in thresholds:
            for figure in (*ADDITIVE, "without"):
                write_sum(draft, places, total, parts, threshold, figure)
    for total, parts in asked_alone(cells, declared):
        for threshold in thresholds:
            write_sum(draft, places, total, parts, threshold, "asked")


def asked_alone(cells: Iterable[Cell], declared: Declared) -> list[tuple[Cell, tuple[Cell, ...]]]:
    """Sums over periods of how many were asked, where no single outcome is shown of all of them: one of the years and
    another of all years together still say of the same women how many there are.
    """
    shown = [cell for cell in cells if cell.outcome in declared.asked]
    said = {
        (total._replace(outcome=declared.asked[total.outcome]), *(part.period for part in parts))
        for total, parts in sums_of(shown, declared)
    }
    together = periods_of(shown, declared)
    return [(total, parts) for total, parts in together if (total, *(part.period for part in parts)) not in said]


def write_unshown(
    draft: Draft, places: Places, cells: Sequence[Cell], thresholds: Iterable[str], declared: Declared
) -> list[Cell]:
    """The totals that no table shows of one outcome and some table of another. Returns their cells."""
    found = unshown.totals(cells, declared)
    for total, divisions in found.items():
        for threshold in thresholds:
            unshown.write(draft, places, total, divisions, threshold)
            write_asked(draft, places, total, threshold, declared)
    return list(found)


def write_sum(draft: Draft, places: Places, total: Cell, parts: Sequence[Cell], threshold: str, figure: str) -> None:
    """A total and its parts. Records can place a woman in a force area and not in its region, or the other way round;
    how many, a reader is taken to know, which can only make him better informed.
    """
    whole = places[Place(total, threshold, figure)]
    members = [places[Place(part, threshold, figure)] for part in parts]
    off = draft.counts[whole] - sum(draft.counts[member] for member in members)
    if figure == "without":
        draft.implied += [((whole,), tuple(members))] if not off else []
        return
    if not off or total.breakdown in (ALL, parts[0].breakdown):
        draft.total([whole], members)
        return
    named = total._replace(category=f"{total.category}, not as {parts[0].breakdown}")
    odd = draft.count(places, Place(named, threshold, figure), abs(off), (abs(off), abs(off)), (NOBODY, NOBODY))
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
        for breakdown, category in declared.crossed.get((cell.breakdown, cell.category), ()):
            whole = cell._replace(breakdown=breakdown, category=category)
            found.setdefault((whole, cell.breakdown), []).append(cell)
        for pooled in declared.longer(cell.period):
            found.setdefault((cell._replace(period=pooled), declared.length(cell.period)), []).append(cell)
    held = set(present)
    return [(total, tuple(parts)) for (total, _), parts in sorted(found.items()) if total in held]


def periods_of(cells: Iterable[Cell], declared: Declared) -> list[tuple[Cell, tuple[Cell, ...]]]:
    """Sums over periods of all who are asked, which outcomes of the same women need not each hold whole."""
    sums = sums_of(deaths.of_same_women(cells, declared), declared)
    return [(total, parts) for total, parts in sums if total.breakdown == parts[0].breakdown]


def units(
    figures: Figures,
    cells: Sequence[Cell],
    thresholds: Sequence[str],
    declared: Declared,
    limits: Disclosure,
    behind: every.Behind,
) -> list[Unit]:
    """Every row, then every exclusion of a row. A zero hides nothing, so it is published."""

    def of(cell: Cell, figure: str) -> list[int]:
        return [figures[cell, threshold][figure] for threshold in thresholds if (cell, threshold) in figures]

    def of_few(cell: Cell, *figures: str) -> bool:
        return any(every.of_few(Place(cell, *at), behind, limits) for at in product(thresholds, figures))

    found = []
    for cell in cells:
        rate = list(zip(of(cell, "numerator"), of(cell, "denominator"), strict=True))
        unsafe = unsafe_rate(rate, cell.outcome, limits) or of_few(cell, *RATE)
        found.append(Unit(worth(cell, declared, limits), unsafe, not unsafe and not any(women for _, women in rate)))
    for cell in cells:
        for figure in EXCLUSIONS:
            few = any(is_small(n, limits) for n in of(cell, figure)) or of_few(cell, figure)
            found.append(Unit(AN_EXCLUSION, few, not few and not any(of(cell, figure))))
    return found


def worth(cell: Cell, declared: Declared, limits: Disclosure) -> int:
    """What is lost by hiding a row. A part of a year is given up before the year, a crossing before what it crosses,
    every entry before the first, and all of an arm before its pairs.
    """
    if (cell.breakdown, cell.category) in declared.crossed:
        return A_CROSSING
    if cell.cohort in declared.among and cell.outcome != MATCHED:
        whole = A_MARGIN if arms.leaves_nobody_out(cell, declared) else A_PART
        return whole if arms.is_of_pairs(cell) else A_ROW
    if not limits.margin(cell.outcome, cell.breakdown) or cell.cohort in declared.firsts:
        return A_ROW
    return A_PART if cell.period in declared.years else A_MARGIN


def finished(draft: Draft, asked: Sequence[Target]) -> Problem:
    """The problem with its units and targets."""
    counts, owners = np.array(draft.counts, dtype=np.int64), np.array(draft.owners, dtype=np.int64)
    ends = [
        tuple(np.array(end, dtype=float) for end in zip(*known, strict=True)) for known in (draft.shown, draft.hidden)
    ]
    her_own = {number for (place, _), number in draft.at.items() if place.figure in KNOWN_TO_HER}
    women = persons(draft.matrix(implied=True), counts)
    return Problem(
        labels=draft.labels,
        counts=counts,
        equations=draft.matrix(),
        shown=(ends[0][0], ends[0][1]),
        hidden=(ends[1][0], ends[1][1]),
        owners=owners,
        weights=np.array([unit.loss for unit in draft.units], dtype=float),
        primary=np.array([unit.primary for unit in draft.units], dtype=bool),
        kept=np.array([unit.kept for unit in draft.units], dtype=bool),
        about=[of if n in her_own and max(owners[n]) != NOBODY else NONE for n, of in enumerate(women)],
        targets=tuple(asked),
    )


def targets(
    draft: Draft, places: Places, declared: Declared, disclosure: Disclosure, behind: every.Behind
) -> Iterable[Target]:
    """Every count that must stay uncertain: too few, or of too few women, or all or none of a group."""
    for place, number in places.items():
        owners = [draft.units[unit] for unit in draft.owners[number] if unit != NOBODY]
        if not any(unit.primary for unit in owners):
            continue
        count, women = draft.counts[number], draft.counts[places[place._replace(figure="denominator")]]
        whole = place.figure in ("numerator", "without") and all_or_none(count, women, place.cell.outcome, disclosure)
        if is_small(count, disclosure) or every.of_few(place, behind, disclosure) or (whole and count == 0):
            left_out = place.figure in EXCLUSIONS
            narrow = left_out or (is_small(women, disclosure) and joined.are_left_out(place.cell, declared))
            narrow = narrow or deaths.counted(place, declared)
            yield Target(number, (disclosure.width_left_out if narrow else disclosure.width).value, not left_out)


def check(rows: Iterable[Row], declared: Declared) -> None:
    """Raise DisclosureError unless each cell has one set of possible counts at a threshold; who is left out for what
    the outcome leaves nobody out for is none.
    """
    seen: dict[tuple[Cell, str], list[int]] = {}
    for row in rows:
        women = [row[name] for name in ADDITIVE]
        named = ", ".join([row["table_id"], *cell_of(row), row["threshold"]])
        nobody = declared.never.get(row["outcome"], ())
        if min(women) < 0 or row["numerator"] > row["denominator"] or any(row[reason] for reason in nobody):
            raise DisclosureError(f"{named}: counts that cannot be. Look at how this table is counted.")
        if women != seen.setdefault((cell_of(row), row["threshold"]), women):
            raise DisclosureError(f"{named}: counted twice, differently. Declare this cell in one way only.")
