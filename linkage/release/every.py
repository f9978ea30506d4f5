"""Cohorts that every entry counts in: no count of few women, and what one has more than the cohort of first entries.

A reader who has both subtracts: what is left are entries of women who came again within a quarter, few and known to
those around them. So first entries and those that came after are counts of the problem, also where no table shows the
former: all periods of the one together make a sum with the years of the other.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from linkage.contracts.disclosure import Disclosure
from linkage.release.draft import EXCLUSIONS, FREE, RATE, Cell, Declared, Draft, Place, Places, cell_of
from linkage.release.primary import all_or_none, is_small
from linkage.release.suppress.problem import NOBODY, Target

FIGURES = (*RATE, *EXCLUSIONS)


class Women(NamedTuple):
    """How many women entries are of; how many entries are not the first in the quarter, and of how many women these."""

    women: int
    again: int
    women_again: int


NONE = Women(0, 0, 0)
Behind = Mapping[tuple[Cell, str], Mapping[str, Women]]


def behind(rows: Iterable[Mapping[str, Any]]) -> Behind:
    """{(cell, threshold): {figure: the women behind it}}. `rows`: (cohort … category, threshold, figure, women, again,
    women_again), one row per count that is not 0.
    """
    found: dict[tuple[Cell, str], dict[str, Women]] = {}
    for row in rows:
        place = (cell_of(dict(row)), row["threshold"])
        found.setdefault(place, {})[row["figure"]] = Women(*(row[name] for name in Women._fields))
    return found


def of_few(place: Place, known: Behind, limits: Disclosure) -> bool:
    """Are the entries counted here of too few women, however many there are?"""
    women = known.get((place.cell, place.threshold), {}).get(place.figure, NONE)
    return is_small(women.women, limits)


def write(
    draft: Draft,
    places: Places,
    cells: Iterable[Cell],
    thresholds: Iterable[str],
    declared: Declared,
    known: Behind,
    limits: Disclosure,
) -> tuple[list[Cell], list[Target]]:
    """Write down first entries and those that came after them. Returns the cells of first entries that no table shows,
    to be summed like others, and what came after where it must stay uncertain.
    """
    unseen: list[Cell] = []
    found: list[Target] = []
    thresholds = list(thresholds)
    for cell in cells:
        if first := declared.firsts.get(cell.cohort):
            once = cell._replace(cohort=first)
            unseen += [once] if Place(once, thresholds[0], "denominator") not in places else []
            for threshold in thresholds:
                found += differences(draft, places, cell, once, threshold, known, limits)
    return unseen, found


def differences(
    draft: Draft, places: Places, cell: Cell, once: Cell, threshold: str, known: Behind, limits: Disclosure
) -> Iterator[Target]:
    """Every figure of a row is that of first entries and of those that came after; a few of them stay uncertain, and so
    does that all or none of them have the outcome.
    """
    women = known.get((cell, threshold), {})
    having, counted = (women.get(figure, NONE).again for figure in ("numerator", "denominator"))
    whole = all_or_none(having, counted, cell.outcome, limits)
    for figure in FIGURES:
        every, more = places[Place(cell, threshold, figure)], women.get(figure, NONE)
        of_first = Place(once, threshold, figure)
        first = draft.count(places, of_first, draft.counts[every] - more.again, FREE, (NOBODY, NOBODY))
        beside = Place(cell, threshold, f"{figure}, those after the first of a quarter")
        number = draft.count(places, beside, more.again, FREE, (NOBODY, NOBODY))
        draft.total([every], [first, number])
        if is_small(more.women_again, limits) or (whole and figure in RATE and not more.again):
            yield Target(number, limits.width_of_change.value, insiders=False)
