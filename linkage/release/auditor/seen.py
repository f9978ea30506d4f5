"""What a reader knows of a release: of every figure between what and what it lies, and what makes up what.

Read from the published rows alone. Only where a region and its areas do not add up are the true counts asked, as if the
reader knew how many women are in the one and not in the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from linkage.contracts.disclosure import Disclosure
from linkage.release.auditor.reader import Seen, Sum, Wanted

Row = dict[str, Any]
Key = tuple[str, ...]
KEY = ("cohort", "outcome", "geography", "period", "breakdown", "category", "threshold")
LEFT_OUT = ("in_custody", "died", "unknown", "not_linked")
SUMMED = ("numerator", "denominator", *LEFT_OUT)
SHE_KNOWS = ("numerator", "without", "denominator", "in_custody")
ALL = "all"


@dataclass(frozen=True)
class AddsUp:
    """What a reader knows to add up. `years`: {quarter: its year}. `within`: {(breakdown, category): (wider breakdown,
    its category)}. `asked`: {outcome: which women of a cohort it is asked about}.
    """

    years: Mapping[str, str] = field(default_factory=dict)
    within: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Notes:
    """What is noted while reading: each figure with its limits and its true count, and sums."""

    at: dict[tuple[Key, str], int] = field(default_factory=dict)
    least: list[int] = field(default_factory=list)
    most: list[int | None] = field(default_factory=list)
    truth: list[int] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)

    def note(self, key: Key, figure: str, truth: int, least: int, most: int | None) -> int:
        """A figure and its limits; what two tables say of it must both hold. Returns its number."""
        number = self.at.setdefault((key, figure), len(self.truth))
        if number == len(self.truth):
            self.truth.append(truth)
            self.least.append(least)
            self.most.append(most)
        self.least[number] = max(self.least[number], least)
        self.most[number] = min((end for end in (self.most[number], most) if end is not None), default=None)
        return number


def read(rows: Iterable[Row], true: Mapping[Key, Row], adds_up: AddsUp, limits: Disclosure) -> tuple[Notes, Seen]:
    """Everything a reader of these rows knows. `true`: the unrounded counts by `key_of`."""
    notes = Notes()
    rows = list({key_of(row): row for row in rows}.values())
    for row in rows:
        figures(notes, row, true[key_of(row)], limits, adds_up)
    for total, parts in lines(rows, adds_up):
        for figure in SUMMED:
            summed(notes, key_of(total), [key_of(part) for part in parts], figure)
    labels = [", ".join([*key, figure.replace("_", " ")]) for key, figure in notes.at]
    return notes, Seen(labels, notes.least, notes.most, notes.sums)


def key_of(row: Row) -> Key:
    """Which cell at which linkage threshold, whatever table shows it."""
    return tuple(row[name] for name in KEY)


def figures(notes: Notes, row: Row, true: Row, limits: Disclosure, adds_up: AddsUp) -> None:
    """The figures of one row: with and without the outcome make the women counted, and those left out all asked."""
    key = key_of(row)
    having, women = (notes.note(key, f, true[f], *limits_of(row[f], limits)) for f in ("numerator", "denominator"))
    rest = true["denominator"] - true["numerator"]
    # A published row has nobody without the outcome, or not too few.
    none_left = row["denominator"] is not None and row["denominator"] == row["numerator"] and rest == 0
    least = limits.threshold.value if row["denominator"] is not None and not none_left else 0
    without = notes.note(key, "without", rest, least, 0 if none_left else None)
    notes.sums.append(((women,), (having, without)))
    left_out = [notes.note(key, f, true[f], *limits_of(row[f], limits)) for f in LEFT_OUT]
    if asked := adds_up.asked.get(row["outcome"]):
        everybody = sum(true[f] for f in ("denominator", *LEFT_OUT))
        shared = notes.note((key[0], asked, *key[2:]), "asked", everybody, 0, None)
        notes.sums.append(((shared,), (women, *left_out)))


def limits_of(shown: int | None, limits: Disclosure) -> tuple[int, int | None]:
    """What a count can be that is shown like this: a plain 0 is true, nothing else that is shown is too few."""
    if shown is None:
        return 0, None
    base = limits.rounding_base.value
    return (max(limits.threshold.value, shown - base // 2), shown + base - base // 2 - 1) if shown else (0, 0)


def lines(rows: Sequence[Row], adds_up: AddsUp) -> list[tuple[Row, list[Row]]]:
    """(total, parts): all women by categories; a wider category by those within it; a year by quarters; all periods."""
    at = {key_of(row): row for row in rows}
    parts: dict[tuple[Key, str], list[Row]] = {}
    for row in rows:
        for above, kind in wholes(row, adds_up):
            parts.setdefault((key_of(row | above), kind), []).append(row)
    return [(at[total], members) for (total, _), members in parts.items() if total in at]


def wholes(row: Row, adds_up: AddsUp) -> Iterable[tuple[Row, str]]:
    """What of its labels changes in each total that a row is part of, and by what that total is divided."""
    period = row["period"]
    if row["breakdown"] != ALL:
        yield {"breakdown": ALL, "category": ALL}, row["breakdown"]
    if wider := adds_up.within.get((row["breakdown"], row["category"])):
        yield {"breakdown": wider[0], "category": wider[1]}, row["breakdown"]
    if period in adds_up.years:
        yield {"period": adds_up.years[period]}, "quarters"
    if period != ALL:
        yield {"period": ALL}, "all quarters" if period in adds_up.years else "all years"


def summed(notes: Notes, total: Key, parts: Sequence[Key], figure: str) -> None:
    """A total and its parts, with those who are in the one and not in the other."""
    whole, members = notes.at[total, figure], tuple(notes.at[part, figure] for part in parts)
    off = notes.truth[whole] - sum(notes.truth[member] for member in members)
    if not off or total[4] in (ALL, parts[0][4]):
        notes.sums.append(((whole,), members))
        return
    odd = notes.note((*total, f"not as {parts[0][4]}"), figure, abs(off), abs(off), abs(off))
    notes.sums.append(((whole,), (*members, odd)) if off > 0 else ((whole, odd), members))


def wanted(notes: Notes, rows: Iterable[Row], limits: Disclosure) -> list[Wanted]:
    """What must stay uncertain: suppressed figures that are too few, or say all or none of a sensitive outcome."""
    truth = notes.truth
    same = same_woman(notes)
    hidden = {(key_of(row), f) for row in rows for f in SUMMED if row[f] is None}
    hidden |= {(key, "without") for key, f in hidden if f == "denominator"}
    alone = [n for what, n in notes.at.items() if what in hidden and truth[n] == 1 and what[1] in SHE_KNOWS]
    found = []
    for (key, figure), number in notes.at.items():
        if (key, figure) in hidden and at_risk(truth, notes.at, key, figure, limits):
            width = (limits.width_left_out if figure in LEFT_OUT else limits.width).value
            others = [one for one in alone if one != number and number not in same.get(one, ())]
            found.append(Wanted(number, width, () if figure in LEFT_OUT else tuple(others)))
    return found


def at_risk(truth: Sequence[int], at: Mapping[tuple[Key, str], int], key: Key, figure: str, limits: Disclosure) -> bool:
    """Is a count too few, or does it say something of every woman of a group?"""
    count = truth[at[key, figure]]
    if 0 < count < limits.threshold.value:
        return True
    nobody = figure in ("numerator", "without") and count == 0 and truth[at[key, "denominator"]] > 0
    return nobody and key[1] not in limits.sensitive_outcomes.excepted


def same_woman(notes: Notes) -> dict[int, set[int]]:
    """{a count of one woman: the counts that are about her alone}: what she knows of these is of herself."""
    groups: dict[int, set[int]] = {}
    for totals, parts in notes.sums:
        if sum(notes.truth[total] for total in totals) == 1:
            ones = [n for n in (*totals, *parts) if notes.truth[n] == 1]
            together = set().union(*(groups.get(n, {n}) for n in ones))
            for n in together:
                groups[n] = together
    zeros = [
        (n, groups[totals[0]])
        for totals, parts in notes.sums
        for n in parts
        if notes.truth[n] == 0 and totals[0] in groups and sum(notes.truth[t] for t in totals) == 1
    ]
    for zero, group in zeros:
        group.add(zero)
    return groups
