"""What comparisons say of tables, and of themselves: sums across cohorts, beside those within each.

An arm of a comparison is a part of a cohort: whoever is in it, with an outcome or without, is in the cohort's rows too.
How many more these count is a count as well, which no table shows. And a pair has a woman of either arm: as many are
matched in the one as in the other, also in each category in which the women of a pair are alike.
"""

from collections.abc import Iterable, Iterator, Sequence

from linkage.contracts.comparison import MATCHED
from linkage.contracts.disclosure import Disclosure
from linkage.release.draft import ALL, EXCLUSIONS, FREE, Cell, Declared, Draft, Place, Places
from linkage.release.primary import is_small
from linkage.release.suppress.problem import NOBODY, Target

FIGURES = ("numerator", "without", *EXCLUSIONS)
ASKED = "asked"


def write(
    draft: Draft, places: Places, held: set[Cell], threshold: str, declared: Declared, limits: Disclosure
) -> Iterator[Target]:
    """Both kinds of sums at one threshold of one release. Yields the differences that must stay uncertain."""
    asked = {place.cell for place in places if place.figure == ASKED and place.threshold == threshold}
    for cell in sorted(cell for cell in held if cell.cohort in declared.among):
        write_pairs(draft, places, cell, threshold, declared, held)
        for figure in FIGURES:
            wholes = [Place(row, threshold, figure) for row in of_cohort(cell, held, declared)]
            yield from write_part(draft, places, Place(cell, threshold, figure), wholes, limits)
        women = cell._replace(outcome=declared.asked[cell.outcome])
        wholes = [Place(row, threshold, ASKED) for row in of_cohort(women, asked, declared)]
        yield from write_part(draft, places, Place(women, threshold, ASKED), wholes, limits)


def is_of_pairs(cell: Cell) -> bool:
    """Is it the figure of a comparison that readers come for, what became of the women who were matched?"""
    return (cell.breakdown, cell.category) == (MATCHED, "yes")


def leaves_nobody_out(cell: Cell, declared: Declared) -> bool:
    """Are all women counted? Where a few are not, how many were matched gives them away beside how many are counted."""
    return set(EXCLUSIONS) <= set(declared.never.get(cell.outcome, ()))


def write_pairs(draft: Draft, places: Places, cell: Cell, threshold: str, declared: Declared, held: set[Cell]) -> None:
    """As many are matched in one arm as in the other."""
    other, alike = declared.pairs.get(cell.cohort, ("", ()))
    partners = cell._replace(cohort=other)
    if cell.outcome == MATCHED and cell.breakdown in (ALL, *alike) and partners in held:
        one, two = (places[Place(each, threshold, "numerator")] for each in (cell, partners))
        draft.total([one], [two])


def write_part(
    draft: Draft, places: Places, part: Place, wholes: Sequence[Place], limits: Disclosure
) -> Iterator[Target]:
    """An arm and the others of its cohort are the cohort; a few others must stay uncertain."""
    if not wholes:
        return
    numbers = [places[whole] for whole in wholes]
    more = sum(draft.counts[number] for number in numbers) - draft.counts[places[part]]
    beside = part._replace(figure=f"{part.figure}, others of {wholes[0].cell.cohort} beside it")
    number = draft.count(places, beside, more, FREE, (NOBODY, NOBODY))
    draft.total(numbers, [places[part], number])
    if is_small(more, limits):
        yield Target(number, limits.width_of_change.value, insiders=False)


def of_cohort(cell: Cell, held: Iterable[Cell], declared: Declared) -> list[Cell]:
    """The cohort's rows that the women of an arm's row are all in: the narrowest that there are, of all periods."""
    cohort, breakdown, categories = declared.among[cell.cohort]
    everybody = cell._replace(cohort=cohort)
    divisions = [[everybody]]
    if cell.breakdown == MATCHED:
        return []
    if cell.breakdown == ALL:
        divisions.insert(0, [everybody._replace(breakdown=breakdown, category=one) for one in categories])
    years = sorted(set(declared.years.values()))
    there = set(held)
    for rows in divisions:
        for periods in ([ALL], years):
            found = [row._replace(period=period) for row in rows for period in periods]
            if there.intersection(found):
                return [row for row in found if row in there]
    return []
