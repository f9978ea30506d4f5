"""Numbers of events in published rows: none of too few women or of nearly one, and none that follows from others."""

from collections.abc import Iterator, Mapping, Sequence

from linkage.contracts.disclosure import Disclosure
from linkage.release.auditor.notes import AddsUp, Earlier, Key, Row, key_of
from linkage.release.auditor.seen import lines

COLUMNS = ("events", "events_per_woman_with", "events_per_woman")
ONLY_AT = "medium"
NOTHING = {"events": 0, "with_one": 0, "women": 0, "largest": 0, "two_largest": 0}


def wrong(
    rows: Sequence[Row], counted: Sequence[Row], limits: Disclosure, adds_up: AddsUp, earlier: Earlier
) -> Iterator[tuple[Row, str]]:
    """Every published row whose number of events breaks a rule, and which. `counted`: the true sums, a row per cell."""
    true = {key_of(row | {"threshold": ONLY_AT}): row for row in counted}
    pairs = {(row["cohort"], row["outcome"]) for row in counted}
    for row in rows:
        if any(row[name] is not None for name in COLUMNS):
            of_outcome = (row["cohort"], row["outcome"]) in pairs and row["threshold"] == ONLY_AT
            yield from wrong_sum(row, true.get(key_of(row), NOTHING) if of_outcome else {}, limits)
    yield from subtracted(rows, pairs, adds_up)
    yield from moved_by_few(rows, true, earlier, limits)


def wrong_sum(row: Row, true: Mapping[str, int], limits: Disclosure) -> Iterator[tuple[Row, str]]:
    """What is wrong with the number of one row by itself."""
    if row["status"] == "c" or not true:
        yield row, "holds a number of events where none may be"
        return
    number, having, women, base = row["events"], row["numerator"], row["denominator"], limits.events.rounding_base.value
    if number is None or number % base or 2 * abs(number - true["events"]) > base:
        yield row, "holds a number of events that is not rounded, or not the number of these"
    elif not mean_of(row["events_per_woman_with"], number, having) or not mean_of(
        row["events_per_woman"], number, women
    ):
        yield row, "holds a mean that does not follow from its rounded numbers"
    if true["women"] in range(1, limits.threshold.value):
        yield row, "counts events of fewer women than the threshold"
    parts = {"largest": limits.events.largest_percent, "two_largest": limits.events.two_largest_percent}
    if any(true[name] > true["events"] * part.value / 100 for name, part in parts.items()):
        yield row, "counts events that are one woman's, or two women's, for too large a part"
    if having and true["events"] < having + limits.rounding_base.value - limits.rounding_base.value // 2 - 1:
        yield row, "counts so few events that the number of women follows more closely than it is shown"


def mean_of(shown: float | None, number: int, women: int) -> bool:
    """Is it their mean, to two decimals, or none of nobody?"""
    return shown is None if not women else shown is not None and abs(shown * women - number) < 0.0050001 * women


def subtracted(rows: Sequence[Row], pairs: set[tuple[str, str]], adds_up: AddsUp) -> Iterator[tuple[Row, str]]:
    """Rows whose number is shown while that of another part of the same total is not."""
    own = {key_of(row): row for row in rows if row["threshold"] == ONLY_AT and (row["cohort"], row["outcome"]) in pairs}
    for _, parts in lines(list(own.values()), adds_up):
        shown = [part for part in parts if part["events"] is not None]
        if shown and len(shown) < len(parts):
            yield shown[0], "shows a number of events, and not every part of the same total does"


def moved_by_few(
    rows: Sequence[Row], true: Mapping[Key, Row], earlier: Earlier, limits: Disclosure
) -> Iterator[tuple[Row, str]]:
    """Rows that show a number although few women more, or fewer, have an event than in a release before."""
    shown = {key_of(row): row for row in rows if row["events"] is not None}
    for name, left in earlier:
        for before in (before for before in left if key_of(before) in shown):
            by = true.get(key_of(before), NOTHING)["with_one"] - before["figures"]["numerator"][0]
            if abs(by) in range(1, limits.threshold.value):
                yield shown[key_of(before)], f"shows a number of events that few women changed since release {name}"
