"""Totals that stand in no table and that a reader makes himself, to lay them beside those of another outcome."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from linkage.release.auditor.notes import ALL, KEY, LEFT_OUT, AddsUp, Key, Notes, Place, Row, key_of

ADDED = ("numerator", "without", "denominator", *LEFT_OUT)


def write(notes: Notes, at: dict[Place, int], rows: Sequence[Row], adds_up: AddsUp) -> list[Row]:
    """Add to what was noted of one release every sum of its rows that meets a row of another outcome.

    Returns the totals, as rows of labels alone.
    """
    found = []
    for total, ways in made_by({key_of(row) for row in rows}, adds_up).items():
        for figure in ADDED:
            sums = [tuple(at[key, figure] for key in keys) for keys in ways]
            number = notes.note(at, (total, figure), (sum(notes.truth[part] for part in sums[0]), 0, None))
            notes.sums += [((number,), parts) for parts in sums if figure != "without"]
        found.append(dict(zip(KEY, total, strict=True)))
    return found


def made_by(shown: set[Key], adds_up: AddsUp) -> dict[Key, list[list[Key]]]:
    """{a total that is not shown: the lists of rows that make it up}, where its women are shown by another outcome."""
    women = {about(key) for key in shown}
    found: dict[Key, dict[tuple[str, str], list[Key]]] = defaultdict(lambda: defaultdict(list))
    for key in sorted(shown):
        for total in sorted(set(larger(key, adds_up)) - shown):
            if about(total) in women:
                found[total][kind(key, total, adds_up), key[4]].append(key)
    return {total: list(ways.values()) for total, ways in found.items()}


def about(key: Key) -> Key:
    """Which women, when and at which threshold, whatever they are asked."""
    return (key[0], *key[2:])


def larger(key: Key, adds_up: AddsUp) -> Iterator[Key]:
    """The row itself, and all that hold its women: of longer periods, and undivided by the finer of two breakdowns. A
    region may hold fewer women than its areas together, so only strata, which are of the same column, are made up.
    """
    cohort, outcome, geography, period, *_, threshold = key
    divisions, exact = [(key[4], key[5])], {stratum[0] for _, stratum in adds_up.crossed.values()}
    for one in divisions:  # which grows meanwhile
        divisions += [wide for part, wide in adds_up.within.items() if part == one and wide[0] in exact]
        divisions += adds_up.crossed.get(one, ())
    for longer in periods(period, adds_up):
        for breakdown, category in divisions:
            yield (cohort, outcome, geography, longer, breakdown, category, threshold)


def periods(period: str, adds_up: AddsUp) -> Iterable[str]:
    """The period and those that hold it."""
    return {period, adds_up.halves.get(period, period), adds_up.years.get(period, period), ALL}


def kind(key: Key, total: Key, adds_up: AddsUp) -> str:
    """Into what the period of a total is cut, of which a row is one piece."""
    if key[3] == total[3]:
        return "not cut"
    return "halves" if key[3] in adds_up.halves.values() else "quarters" if key[3] in adds_up.halves else "years"
