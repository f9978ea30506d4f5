"""What a reader concludes from a comparison of matched women about its cohorts' tables, and the other way round.

He has read who is in an arm, and that each pair has a woman of either. So no arm has more women than the rows of its
cohort that they must be in, with an outcome or without or left out for a reason. And as many as were matched in one
arm, of all or of one offence, were matched in the other.
"""

from collections.abc import Iterable

from linkage.contracts.comparison import MATCHED
from linkage.release.auditor.notes import ALL, LEFT_OUT, AddsUp, Key, Notes, Place

Figures = dict[Place, int]
EACH = ("numerator", "without", *LEFT_OUT)


def write(notes: Notes, at: Figures, keys: Iterable[Key], adds_up: AddsUp) -> None:
    """Add to what was noted of one release what its comparisons say."""
    alike: dict[tuple[str, ...], list[Place]] = {}
    for place in at:
        alike.setdefault(kind_of(place), []).append(place)
    for key in sorted(keys):
        as_many_in_both(notes, at, key, adds_up)
        if key[0] in adds_up.among and key[4] != MATCHED:
            shared = (key[0], adds_up.asked[key[1]], *key[2:])
            for part in [*((key, figure) for figure in EACH), (shared, "asked")]:
                of_cohort = ((adds_up.among[key[0]][0], *part[0][1:]), part[1])
                exceeded(notes, at, key, part, narrowest(part[0], alike.get(kind_of(of_cohort), []), adds_up))


def kind_of(place: Place) -> tuple[str, ...]:
    """What figures of one cohort have in common that can be compared: figure, outcome, geography and threshold."""
    (cohort, outcome, geography, *_, threshold), figure = place
    return cohort, outcome, geography, threshold, figure


def as_many_in_both(notes: Notes, at: Figures, key: Key, adds_up: AddsUp) -> None:
    """As many are matched in the second arm as in the first, of all and of those alike in what a pair is alike in."""
    second, alike = adds_up.pairs.get(key[0], ("", ()))
    partners = ((second, *key[1:]), "numerator")
    if key[1] == MATCHED and key[4] in {ALL, *alike} and partners in at:
        notes.sums.append(((at[key, "numerator"],), (at[partners],)))


def narrowest(key: Key, places: Iterable[Place], adds_up: AddsUp) -> list[Place]:
    """The figures of the cohort that the women of an arm's row are all counted in, once each, of all periods."""
    _, divides, categories = adds_up.among[key[0]]
    wanted = {key[4]: (key[5],)} if key[4] != ALL else {divides: categories, ALL: (ALL,)}
    found: dict[tuple[str, str], list[Place]] = {}
    for place in places:
        period, breakdown, category = place[0][3:6]
        length = period if period == ALL else "years" if period in adds_up.years.values() else "parts"
        if category in wanted.get(breakdown, ()):
            found.setdefault((breakdown, length), []).append(place)
    order = [(breakdown, length) for breakdown in wanted for length in (ALL, "years")]
    return next((sorted(found[one]) for one in order if one in found), [])


def exceeded(notes: Notes, at: Figures, key: Key, part: Place, wholes: list[Place]) -> None:
    """By how many women the cohort exceeds a figure of an arm's row."""
    if wholes:
        numbers = tuple(at[whole] for whole in wholes)
        count = sum(notes.truth[number] for number in numbers) - notes.truth[at[part]]
        place = (key, f"{part[1]}, which {wholes[0][0][0]} exceeds")
        more = notes.note(at, place, (count, 0, None))
        notes.sums.append((numbers, (at[part], more)))
        notes.beside[more] = place
