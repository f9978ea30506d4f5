"""What outcomes of the same women say of each other: sums across outcomes, beside those within each.

Women divided by an answer are as many as that outcome counts with it, without it, or leaves out. Outcomes that leave
women out on one day leave out the same ones. An outcome that counts all events of another has those of it and some
more: how many more is a count as well, which no table shows, and a difference of two that tables do show. Outcomes of
which everybody has one add up.

That difference falls into women whose early events alone make it and women whom the narrower outcome leaves out.
Neither part is more certain than the difference or the number left out: each can give way to the other, down to nobody.
"""

from collections.abc import Iterable, Iterator

from linkage.contracts.disclosure import Disclosure
from linkage.release import arms
from linkage.release.draft import ALL, EXCLUSIONS, FREE, Cell, Declared, Division, Draft, Place, Places
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
            write_family(draft, places, cell, threshold, declared, held)
        found += arms.write(draft, places, held, threshold, declared, limits)
    return found


def are_left_out(cell: Cell, declared: Declared) -> bool:
    """Are the women of a row those whom the outcome that divides leaves out? A few are as uncertain here as there."""
    (by, answer), _ = answered(cell, declared)
    return by in declared.divided and answer not in COUNTED_IN


def answered(cell: Cell, declared: Declared) -> tuple[Division, Division]:
    """The answer and the stratum that a cell is about: it may be part of both, or have no stratum."""
    alone = ((cell.breakdown, cell.category), (ALL, ALL))
    return declared.crossed.get((cell.breakdown, cell.category), alone)


def leaving(cell: Cell, declared: Declared) -> str:
    """Who is left out on which day; by an unknown outcome its own women alone."""
    return declared.leaving.get(cell.outcome, cell.outcome)


def nobody_for(cell: Cell, declared: Declared) -> tuple[str, ...]:
    """Reasons for which everybody knows that a row leaves nobody out, also where it is suppressed."""
    never = declared.never.get(cell.outcome, ())
    (by, answer), _ = answered(cell, declared)
    divides = declared.divided.get(by)
    if divides and answer in COUNTED_IN and leaving(cell, declared) == declared.leaving.get(divides):
        return (*never, *ON_A_DAY)
    return never


def write_divided(
    draft: Draft, places: Places, cell: Cell, threshold: str, declared: Declared, held: set[Cell]
) -> None:
    """All who are asked in a category are those whom the outcome that divides counts so, in the stratum if any."""
    (by, answer), (strata, stratum) = answered(cell, declared)
    whole = cell._replace(outcome=declared.divided.get(by, ""), breakdown=strata, category=stratum)
    if whole not in held:
        return
    asked = places[Place(cell._replace(outcome=declared.asked[cell.outcome]), threshold, "asked")]
    figures = COUNTED_IN.get(answer, EXCLUSIONS)
    draft.total([asked], [places[Place(whole, threshold, figure)] for figure in figures])


def write_alike(draft: Draft, places: Places, first: Cell, cell: Cell, threshold: str) -> None:
    """Two outcomes of the same women, who leave on the same day, leave the same numbers out."""
    if first != cell:
        for reason in ON_A_DAY:
            draft.total([places[Place(first, threshold, reason)]], [places[Place(cell, threshold, reason)]])


def write_family(draft: Draft, places: Places, cell: Cell, threshold: str, declared: Declared, held: set[Cell]) -> None:
    """Outcomes of which every woman has one: those with them add up to the women counted, or with the outcome they
    divide. Written down where the first of them stands.
    """
    for whole, parts in declared.families:
        each = [cell._replace(outcome=part) for part in parts]
        total = Place(cell._replace(outcome=whole or parts[0]), threshold, "numerator" if whole else "denominator")
        if cell == each[0] and held.issuperset([*each, total.cell]):
            draft.total([places[total]], [places[Place(one, threshold, "numerator")] for one in each])


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
