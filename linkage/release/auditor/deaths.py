"""What a reader concludes about deaths: whoever had died by a day had died by every later one.

He has read the definitions: by which day those had died whom an outcome leaves out for it, and between which days
another asks for a death. He adds up periods himself, and divides person-years by the days of the window.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from linkage.contracts.disclosure import Disclosure
from linkage.release.auditor.notes import ALL, AddsUp, Key, Notes, Place, Row, Said, key_of

CENTURY = 36_525  # days in a hundred years
PERIOD = 3  # where the period stands in a key
Women = Key  # the key of a row with, for its outcome, which women are asked


def said(row: Row, true: Row, figures: Mapping[str, Said], adds_up: AddsUp, limits: Disclosure) -> dict[str, Said]:
    """{figure: (its true count, the least and the most it can be)} of women alive before a window, and after it."""
    window = adds_up.deaths.get(row["outcome"])
    if window is None or true.get("alive_before") is None:
        return {}
    before, after = true["alive_before"], true["alive_before"] - true["numerator"]
    if row["person_years"] is None:
        return {"alive_before": (before, 0, None), "alive_after": (after, 0, None)}
    # In two-hundredths of a day, so that all is whole: women alive after the window made all its days, and each of the
    # dead one at least; women alive before it made no more than all.
    made, unsure, all_days = (2 * row["person_years"], limits.rounding_base.value, 200 * (window[1] - window[0] + 1))
    least = -(-max(made - unsure, 0) * CENTURY // all_days)
    most = ((made + unsure) * CENTURY - 200 * figures["numerator"][1]) // all_days
    return {"alive_before": (before, least, figures["denominator"][2]), "alive_after": (after, 0, most)}


def write(notes: Notes, at: dict[Place, int], rows: Sequence[Row], adds_up: AddsUp) -> None:
    """Add to what was noted of one release who had died by which day."""
    row_of: dict[Women, Key] = {}
    dead: dict[Women, dict[int, int]] = defaultdict(dict)
    for key in (key_of(row) for row in rows if row["outcome"] in adds_up.asked):
        row_of.setdefault(whom(key, adds_up), key)
        if key[1] in adds_up.died_by:
            had_died(notes, dead[whom(key, adds_up)], adds_up.died_by[key[1]], at[key, "died"])
    asking = sorted((adds_up.deaths[row["outcome"]], key_of(row)) for row in rows if row["outcome"] in adds_up.deaths)
    for (first, last), key in asking:
        days = dead[whom(key, adds_up)]
        if first - 1 in days:
            parts = (days[first - 1], at[key, "numerator"])
            had_died(notes, days, last, together(notes, at, (whom(key, adds_up), f"died by day {last}"), parts))
    for whole, members in longer_periods(row_of, adds_up):
        add_up(notes, at, dead, whole, members)
    for women, days in dead.items():
        more_died(notes, at, row_of[women], days)
    for (first, last), key in asking:
        women = whom(key, adds_up)
        for figure, day in (("alive_before", first - 1), ("alive_after", last)):
            if (key, figure) in at and day in dead[women]:
                notes.sums.append(((at[women, "asked"],), (at[key, figure], dead[women][day])))


def counted(key: Key, figure: str, adds_up: AddsUp) -> bool:
    """Is a suppressed figure how many women died? Elsewhere they are left out, and are no more uncertain there."""
    return figure == "numerator" and key[1] in adds_up.deaths


def whom(key: Key, adds_up: AddsUp) -> Women:
    """The women a row asks, at its threshold."""
    return (key[0], adds_up.asked[key[1]], *key[2:])


def had_died(notes: Notes, days: dict[int, int], day: int, number: int) -> None:
    """A figure of how many had died by a day; a second one of that day is the same."""
    if (known := days.setdefault(day, number)) != number:
        notes.sums.append(((known,), (number,)))


def together(notes: Notes, at: dict[Place, int], place: Place, parts: Iterable[int]) -> int:
    """The number of a figure that no table shows, and that parts make up."""
    parts = tuple(parts)
    whole = notes.note(at, place, (sum(notes.truth[part] for part in parts), 0, None))
    notes.sums.append(((whole,), parts))
    return whole


def longer_periods(women: Iterable[Women], adds_up: AddsUp) -> Iterator[tuple[Women, list[Women]]]:
    """(women of a longer period, the same women of the periods that make it up), by each length of these."""
    parts: dict[tuple[Women, str], list[Women]] = defaultdict(list)
    known = set(women)
    for one in sorted(known):
        period = one[PERIOD]
        length = "half" if period in adds_up.halves.values() else "quarter" if period in adds_up.years else "year"
        for longer in filter(None, (adds_up.halves.get(period), adds_up.years.get(period), ALL)):
            whole = (*one[:PERIOD], longer, *one[PERIOD + 1 :])
            if whole != one and whole in known:
                parts[whole, length].append(one)
    yield from ((whole, members) for (whole, _), members in parts.items())


def add_up(
    notes: Notes, at: dict[Place, int], dead: dict[Women, dict[int, int]], whole: Women, members: Sequence[Women]
) -> None:
    """Those who had died by a day in a longer period are those of the shorter ones together."""
    if whole in dead:
        for day in sorted(set.intersection(*(set(dead[one]) for one in members))):
            place = (whole, f"died by day {day}, by {len(members)} periods")
            had_died(notes, dead[whole], day, together(notes, at, place, (dead[one][day] for one in members)))


def more_died(notes: Notes, at: dict[Place, int], key: Key, days: Mapping[int, int]) -> None:
    """How many more had died by the next day of which anything is said; a few are a difference not to be told."""
    for (earlier, before), (later, after) in pairwise(sorted(days.items())):
        place = (key, f"died after day {earlier} and by day {later}")
        more = notes.note(at, place, (notes.truth[after] - notes.truth[before], 0, None))
        notes.sums.append(((after,), (before, more)))
        notes.beside[more] = place
