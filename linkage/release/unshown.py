"""Totals that no table shows, and that a reader adds up all the same.

One table shows an outcome by age of each year, another the same women's answer to something else of all years together,
by half as many bands: whoever adds the one up compares it with the other. So each such total is a count of the problem
like any other, in what outcomes say of each other too; it is just never shown.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from linkage.release.draft import EXCLUSIONS, FREE, RATE, Cell, Declared, Draft, Place, Places
from linkage.release.suppress.problem import NOBODY

Kind = tuple[str, str]  # how long the periods are, and by what women are divided


def totals(cells: Iterable[Cell], declared: Declared) -> dict[Cell, dict[Kind, list[Cell]]]:
    """{a total that is not among the cells, of whose women another outcome is: {a way to divide it: its parts}}."""
    held, strata = set(cells), {over for _, (over, _) in declared.crossed.values()}
    shown_of_another = {cell._replace(outcome="") for cell in held}
    found: dict[Cell, dict[Kind, list[Cell]]] = {}
    for cell in sorted(held):
        for total in above(cell, declared, strata):
            if total not in held and total._replace(outcome="") in shown_of_another:
                length = declared.length(cell.period) if cell.period != total.period else ""
                found.setdefault(total, {}).setdefault((length, cell.breakdown), []).append(cell)
    return found


def above(cell: Cell, declared: Declared, strata: Container[str]) -> Iterator[Cell]:
    """Every cell that this one is a part of: of a longer period, of an answer or a stratum, or both. Strata are bands
    of the same column, so they add up; areas, which records may place otherwise than regions, need not.
    """
    wholes = [(cell.breakdown, cell.category)]
    for part in wholes:  # which grows meanwhile
        wholes += declared.crossed.get(part, ())
        wholes += [wider for wider in [declared.within.get(part)] if wider and wider[0] in strata]
    for period in (cell.period, *declared.longer(cell.period)):
        for breakdown, category in wholes:
            total = cell._replace(period=period, breakdown=breakdown, category=category)
            if total != cell:
                yield total


def write(draft: Draft, places: Places, total: Cell, divisions: Mapping[Kind, Sequence[Cell]], threshold: str) -> None:
    """Write down the counts of one total, and that each way to divide it adds up to it."""
    for figure in (*RATE, *EXCLUSIONS):
        place = Place(total, threshold, figure)
        parts = [[places[Place(cell, threshold, figure)] for cell in cells] for cells in divisions.values()]
        if draft.absent.issuperset(number for of_one_kind in parts for number in of_one_kind):
            draft.nobody(places, place)
            continue
        women = sum(draft.counts[number] for number in parts[0])
        number = draft.count(places, place, women, FREE, (NOBODY, NOBODY))
        for of_one_kind in parts:
            draft.total([number], of_one_kind)
