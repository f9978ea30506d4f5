"""What a reader concludes from one outcome about another, of the same women.

He has read the definitions: who is divided by an answer, who is left out on which day and why, and which outcome counts
all that another does.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from linkage.release.auditor import matched
from linkage.release.auditor.notes import ALL, LEFT_OUT, AddsUp, Category, Key, Notes, Place, Row, key_of

BY_ANSWER = {"yes": "numerator", "no": "without"}
DATED = ("in_custody", "died")  # whoever leaves for these does so on a day
Figures = Mapping[Place, int]


def write(notes: Notes, at: dict[Place, int], rows: Sequence[Row], adds_up: AddsUp) -> None:
    """Add to what was noted of one release what its outcomes say of each other."""
    keys = {key_of(row) for row in rows}
    for key in sorted(keys):
        for reason in impossible(key, adds_up):
            notes.most[at[key, reason]] = 0
        by_answer(notes, at, key, keys, adds_up)
        for other in adds_up.wider.get(key[1], ()):
            if (all_of_it := of_outcome(key, other)) in keys:
                beside(notes, at, all_of_it, key)
    for whole, parts in adds_up.families:
        for key in (key for key in sorted(keys) if key[1] == parts[0]):
            divided(notes, at, key, keys, whole, parts)
    for same in who_leave_together(keys, adds_up):
        for reason in DATED:
            first, *others = (at[key, reason] for key in same)
            notes.sums += [((first,), (one,)) for one in others]
    matched.write(notes, at, keys, adds_up)


def impossible(key: Key, adds_up: AddsUp) -> set[str]:
    """Reasons for which nobody of a row can be left out, by what its outcome is and by what divides its women."""
    leaving, ((breakdown, answer), _) = adds_up.leaving.get(key[1]), two_of(key, adds_up)
    reasons = set(adds_up.never.get(key[1], ()))
    together = leaving and leaving == adds_up.leaving.get(adds_up.divided.get(breakdown, ""))
    return reasons | set(DATED) if together and answer in BY_ANSWER else reasons


def two_of(key: Key, adds_up: AddsUp) -> tuple[Category, Category]:
    """By which answer, and in which stratum, the women of a row are; all of them are one stratum."""
    return adds_up.crossed.get((key[4], key[5]), ((key[4], key[5]), (ALL, ALL)))


def left_out(key: Key, adds_up: AddsUp) -> bool:
    """Is a row about women whom the outcome that divides leaves out? How many they are is said there already."""
    (breakdown, answer), _ = two_of(key, adds_up)
    return breakdown in adds_up.divided and answer not in BY_ANSWER


def by_answer(notes: Notes, at: Figures, key: Key, keys: set[Key], adds_up: AddsUp) -> None:
    """Everybody asked in a category by an answer is one whom the other outcome counts with it, without it, or not."""
    (breakdown, answer), stratum = two_of(key, adds_up)
    divides = (key[0], adds_up.divided.get(breakdown, ""), *key[2:4], *stratum, key[6])
    if divides in keys:
        asked = at[of_outcome(key, adds_up.asked[key[1]]), "asked"]
        figures = [BY_ANSWER[answer]] if answer in BY_ANSWER else LEFT_OUT
        notes.sums.append(((asked,), tuple(at[divides, figure] for figure in figures)))


def beside(notes: Notes, at: dict[Place, int], wide: Key, narrow: Key) -> None:
    """How many more women an outcome counts than one whose events it counts all."""
    whole, part = at[wide, "numerator"], at[narrow, "numerator"]
    place = (narrow, f"numerator, which {wide[1]} exceeds")
    more = notes.note(at, place, (notes.truth[whole] - notes.truth[part], 0, None))
    notes.sums.append(((whole,), (part, more)))
    notes.beside[more] = place


def divided(notes: Notes, at: Figures, key: Key, keys: set[Key], whole: str, parts: Sequence[str]) -> None:
    """Every woman of a row, or with one outcome of it, has one of several: they make up how many there are."""
    all_of_them = at.get((of_outcome(key, whole), "numerator")) if whole else at[key, "denominator"]
    if all_of_them is not None and all(of_outcome(key, part) in keys for part in parts):
        notes.sums.append(((all_of_them,), tuple(at[of_outcome(key, part), "numerator"] for part in parts)))


def who_leave_together(keys: set[Key], adds_up: AddsUp) -> list[list[Key]]:
    """Rows of several outcomes that are asked of the same women, who leave on the same day."""
    groups: dict[Key, list[Key]] = defaultdict(list)
    for key in sorted(keys):
        if key[1] in adds_up.leaving:
            groups[of_outcome(key, f"{adds_up.asked.get(key[1])} {adds_up.leaving[key[1]]}")].append(key)
    return [group for group in groups.values() if len(group) > 1]


def of_outcome(key: Key, outcome: str) -> Key:
    """The same row, of another outcome."""
    return (key[0], outcome, *key[2:])
