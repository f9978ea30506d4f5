"""Who had died by which day, as everything published about the same women tells: women do not come back to life.

Outcomes that leave out who has died say how many had by their day; those that ask for a death, how many died between
two days. By a later day more have died, or as many: how many more is a count as well, of women whose deaths are dated
to a few days. It adds up over periods also where no table shows the longer one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from linkage.contracts.disclosure import Disclosure
from linkage.release import before, person_years
from linkage.release.draft import FREE, Cell, Declared, Draft, Ends, Place, Places, Row, cell_of
from linkage.release.primary import is_small
from linkage.release.suppress.problem import NOBODY, Target

Sums = Sequence[tuple[Cell, tuple[Cell, ...]]]
AtRisk = Mapping[tuple[Cell, str], Mapping[str, tuple[int, Ends, Ends]]]  # {row: {figure: (count, if shown, if not)}}
OF_NOBODY = (NOBODY, NOBODY)
ALIVE = ("alive_before", "alive_after")


class Women(NamedTuple):
    """The women of a cohort who are asked the same, at a linkage threshold, in the words of a cell."""

    cell: Cell
    threshold: str


Days = dict[Women, dict[int, int]]  # {women: {day: the count of those who had died by it}}


def told_now(rows: Iterable[Row], declared: Declared, limits: Disclosure) -> AtRisk:
    """`at_risk` of unrounded rows, as they are if they are published."""
    found: dict[tuple[Cell, str], dict[str, tuple[int, Ends, Ends]]] = {}
    for row in rows:
        if row["outcome"] in declared.deaths and row.get("person_days") is not None:
            fewest, most = person_years.told(row, declared.deaths[row["outcome"]], limits)
            before, after = row["alive_before"], row["alive_before"] - row["numerator"]
            ends = ((before, (float(fewest), np.inf)), (after, (0.0, float(most))))
            found[cell_of(row), row["threshold"]] = {f: (*one, FREE) for f, one in zip(ALIVE, ends, strict=True)}
    return found


def told_before(release: before.Release) -> AtRisk:
    """`at_risk` of an earlier release, as it left."""
    found: dict[tuple[Cell, str], dict[str, tuple[int, Ends, Ends]]] = {}
    for place, figures in release.figures.items():
        for figure in (name for name in ALIVE if name in figures):
            count, least, most = figures[figure]
            known = (float(least), np.inf if most is None else float(most))
            found.setdefault(place, {})[figure] = (count, known, known)
    return found


def counted(place: Place, declared: Declared) -> bool:
    """Is it a count of women who died? A few are as uncertain here as where an outcome leaves them out."""
    return place.figure == "numerator" and place.cell.outcome in declared.deaths


def of_same_women(cells: Iterable[Cell], declared: Declared) -> list[Cell]:
    """The cells of whoever is asked anything, each once."""
    return list(dict.fromkeys(asked_in(cell, declared) for cell in cells if cell.outcome in declared.asked))


def asked_in(cell: Cell, declared: Declared) -> Cell:
    """The women whom a cell asks, counted or not."""
    return cell._replace(outcome=declared.asked[cell.outcome])


def write(
    draft: Draft,
    places: Places,
    cells: Iterable[Cell],
    thresholds: Sequence[str],
    declared: Declared,
    periods: Sums,
    at_risk: AtRisk,
    limits: Disclosure,
) -> list[Target]:
    """Write down who had died by which day, in one release. Returns the differences that must stay uncertain.

    `periods`: sums of `of_same_women` over periods. `at_risk`: of rows that ask for a death who was alive before and
    after the window, with what is known of it.
    """
    held = [(c, t) for c in sorted(cells) for t in thresholds if places[Place(c, t, "denominator")] not in draft.absent]
    dead: Days = {}
    for cell, threshold in held:
        if (day := declared.died_by.get(cell.outcome)) is not None:
            women, number = Women(asked_in(cell, declared), threshold), places[Place(cell, threshold, "died")]
            if (first := dead.setdefault(women, {}).setdefault(day, number)) != number:
                draft.total([first], [number])
    asking = sorted((one for one in held if one[0].outcome in declared.deaths), key=lambda one: begins(one, declared))
    for cell, threshold in asking:
        write_window(draft, places, cell, threshold, declared, dead)
    for threshold in thresholds:
        for whole, parts in periods:
            pool(draft, places, Women(whole, threshold), [Women(part, threshold) for part in parts], dead)
    found = [target for women, days in dead.items() for target in write_order(draft, places, women, days, limits)]
    for cell, threshold in asking:
        write_alive(draft, places, cell, threshold, declared, dead, at_risk)
    return found


def begins(asking: tuple[Cell, str], declared: Declared) -> int:
    """The first day of the window in which a cell asks for a death."""
    return declared.deaths[asking[0].outcome][0]


def write_window(draft: Draft, places: Places, cell: Cell, threshold: str, declared: Declared, dead: Days) -> None:
    """Who had died by the last day of a window are those who had before it, and those who died in it."""
    first, last = declared.deaths[cell.outcome]
    women = Women(asked_in(cell, declared), threshold)
    if (before := dead.get(women, {}).get(first - 1)) is not None:
        in_it = places[Place(cell, threshold, "numerator")]
        draft.total([died(draft, places, women, last, [before, in_it], dead)], [before, in_it])


def died(draft: Draft, places: Places, women: Women, day: int, parts: Sequence[int], dead: Days) -> int:
    """The count of those who had died by a day, written down where it was not: as many as the parts make."""
    if day not in dead.setdefault(women, {}):
        count = sum(draft.counts[part] for part in parts)
        dead[women][day] = draft.count(places, named(women, f"died by day {day}"), count, FREE, OF_NOBODY)
    return dead[women][day]


def named(women: Women, figure: str) -> Place:
    """Where a count of women stands that no table shows."""
    return Place(women.cell, women.threshold, figure)


def pool(draft: Draft, places: Places, whole: Women, parts: Sequence[Women], dead: Days) -> None:
    """Who had died by each day in a longer period and its parts, if any is told of the longer."""
    days = set.intersection(*(set(dead.get(part, {})) for part in parts))
    for day in sorted(days) if whole in dead else ():
        of_parts = [dead[part][day] for part in parts]
        draft.total([died(draft, places, whole, day, of_parts, dead)], of_parts)


def write_order(
    draft: Draft, places: Places, women: Women, days: Mapping[int, int], limits: Disclosure
) -> Iterator[Target]:
    """By a later day no fewer have died; a few more must stay uncertain."""
    for (earlier, fewer), (later, all_by_then) in pairwise(sorted(days.items())):
        more = draft.counts[all_by_then] - draft.counts[fewer]
        between = named(women, f"died on days {earlier + 1} to {later}")
        number = draft.count(places, between, more, FREE, OF_NOBODY)
        draft.total([all_by_then], [fewer, number])
        if is_small(more, limits):
            yield Target(number, limits.width_of_change.value, insiders=False)


def write_alive(
    draft: Draft, places: Places, cell: Cell, threshold: str, declared: Declared, dead: Days, at_risk: AtRisk
) -> None:
    """Who was alive before a window, and after it, are all but those who had died: person-years tell how many at most,
    and at least.
    """
    women, told = Women(asked_in(cell, declared), threshold), at_risk.get((cell, threshold))
    first, last = declared.deaths[cell.outcome]
    if told is None or first - 1 not in dead.get(women, {}):
        return
    owners = draft.owners[places[Place(cell, threshold, "numerator")]]
    for figure, day in zip(ALIVE, (first - 1, last), strict=True):
        count, shown, hidden = told[figure]
        number = draft.count(places, Place(cell, threshold, figure), count, shown, owners, hidden=hidden)
        draft.total([places[named(women, "asked")]], [number, dead[women][day]])
