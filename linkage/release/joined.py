"""What outcomes of the same women say of each other: sums across outcomes, beside those within each.

Women divided by an answer are as many as that outcome counts with it, without it, or leaves out. Outcomes that leave
women out on one day leave out the same ones. An outcome that counts all events of another has those of it and some
more: how many more is a count as well, which no table shows, and a difference of two that tables do show.

That difference falls into women whose early events alone make it and women whom the narrower outcome leaves out.
Neither part is more certain than the difference or the number left out: each can give way to the other, down to nobody.
"""

from collections.abc import Iterable, Iterator

from linkage.contracts.disclosure import Disclosure
from linkage.release import arms
from linkage.release.draft import ALL, EXCLUSIONS, FREE, Cell, Declared, Draft, Place, Places
from linkage.release.primary import is_small
from linkage.release.suppress.problem import NOBODY, Target

ON_A_DAY = ("in_custody", "died")
COUNTED_IN = {"yes": ("numerator",), "no": ("without",)}  # of the outcome that divides; all others it leaves out


def write(
    draft: Draft,
    places: Places,
    cells: Iterable[Cell],
    thresholds: Iterable[str],
    declared: Declared,
    limits: Disclosure,
) -> list[Target]:
    """Every sum across outcomes of one release. Returns the differences that must stay uncertain."""
    found: list[Target] = []
    for threshold in thresholds:
        held = {cell for cell in cells if places[Place(cell, threshold, "denominator")] not in draft.absent}
        alike: dict[tuple[Cell, str, str], Cell] = {}
        for cell in sorted(held):
            for reason in nobody_for(cell, declared):
                draft.hidden[places[Place(cell, threshold, reason)]] = (0.0, 0.0)
            write_divided(draft, places, cell, threshold, declared, held)
            same_day = (cell._replace(outcome=""), declared.asked.get(cell.outcome, ""), leaving(cell, declared))
            write_alike(draft, places, alike.setdefault(same_day, cell), cell, threshold)
            found += write_wider(draft, places, cell, threshold, declared, held, limits)
        found += arms.write(draft, places, held, threshold, declared, limits)
    return found


def are_left_out(cell: Cell, declared: Declared) -> bool:
    """Are the women of a row those whom the outcome that divides leaves out? A few are as uncertain here as there."""
    return cell.breakdown in declared.divided and cell.category not in COUNTED_IN


def leaving(cell: Cell, declared: Declared) -> str:
    """Who is left out on which day; by an unknown outcome its own women alone."""
    return declared.leaving.get(cell.outcome, cell.outcome)


def nobody_for(cell: Cell, declared: Declared) -> tuple[str, ...]:
    """Reasons for which everybody knows that a row leaves nobody out, also where it is suppressed."""
    never = declared.never.get(cell.outcome, ())
    divides = declared.divided.get(cell.breakdown)
    if divides and cell.category in COUNTED_IN and leaving(cell, declared) == declared.leaving.get(divides):
        return (*never, *ON_A_DAY)
    return never


def write_divided(
    draft: Draft, places: Places, cell: Cell, threshold: str, declared: Declared, held: set[Cell]
) -> None:
    """All who are asked in a category are those whom the outcome that divides counts so."""
    divides = declared.divided.get(cell.breakdown)
    answered = cell._replace(outcome=divides or "", breakdown=ALL, category=ALL)
    if answered not in held:
        return
    asked = places[Place(cell._replace(outcome=declared.asked[cell.outcome]), threshold, "asked")]
    figures = COUNTED_IN.get(cell.category, EXCLUSIONS)
    draft.total([asked], [places[Place(answered, threshold, figure)] for figure in figures])


def write_alike(draft: Draft, places: Places, first: Cell, cell: Cell, threshold: str) -> None:
    """Two outcomes of the same women, who leave on the same day, leave the same numbers out."""
    if first != cell:
        for reason in ON_A_DAY:
            draft.total([places[Place(first, threshold, reason)]], [places[Place(cell, threshold, reason)]])


def write_wider(
    draft: Draft, places: Places, cell: Cell, threshold: str, declared: Declared, held: set[Cell], limits: Disclosure
) -> Iterator[Target]:
    """Whom an outcome counts beside those of a narrower one; a few of them must stay uncertain."""
    narrow = places[Place(cell, threshold, "numerator")]
    for outcome in declared.wider.get(cell.outcome, ()):
        if (wider := cell._replace(outcome=outcome)) not in held:
            continue
        wide = places[Place(wider, threshold, "numerator")]
        more = draft.counts[wide] - draft.counts[narrow]
        beside = Place(cell, threshold, f"numerator, those of {outcome} beside it")
        number = draft.count(places, beside, more, FREE, (NOBODY, NOBODY))
        draft.total([wide], [narrow, number])
        if is_small(more, limits):
            yield Target(number, limits.width_of_change.value, insiders=False)
