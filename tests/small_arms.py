"""Women drawn by lot into two cohorts, and into two arms of a comparison: for what their tables say of each other."""

import random
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from small_counts import DEFAULTS

from linkage.release.auditor.notes import AddsUp
from linkage.release.draft import Declared

OFFENCE, MATCHED = "offence", "matched"
RELEASED, ORDERED = "released", "ordered"
SHORT, ORDER = "short_custody", "community_order"
YEARS, GROUPS = ("2023", "2024"), ("theft", "violence", "fraud")
NOBODY_LEFT_OUT = ("in_custody", "died", "unknown", "not_linked")
FACTS: dict[str, dict[str, Any]] = {
    "years": {f"{year} Q1": year for year in YEARS},
    "asked": dict.fromkeys((OFFENCE, MATCHED), "everybody"),
    "leaving": {OFFENCE: "nobody"},
    "never": dict.fromkeys((OFFENCE, MATCHED), NOBODY_LEFT_OUT),
    "divided": {MATCHED: MATCHED},
    "among": {SHORT: (RELEASED, "sentence", ("short",)), ORDER: (ORDERED, "all", ("all",))},
    "pairs": {SHORT: (ORDER, ("group",))},
}


class Entry(NamedTuple):
    """An entry into a cohort: year, sentence and offence group; was it her first, did she offend, was she matched?"""

    cohort: str
    year: str
    sentence: str
    group: str
    first: bool
    offends: bool
    matched: bool = False

    @property
    def arm(self) -> str:
        """The arm it brings her into."""
        if not self.first:
            return ""
        return ORDER if self.cohort == ORDERED else SHORT if self.sentence == "short" else ""


def entries(seed: int) -> list[Entry]:
    """Some hundred of them, with as many women matched in both arms in each offence group."""
    lots = random.Random(seed)
    found = []
    for cohort, many, share in ((RELEASED, lots.randint(90, 240), 0.5), (ORDERED, lots.randint(90, 240), 0.3)):
        for _ in range(many):
            sentence = lots.choices(["short", "long"], [5, 1])[0] if cohort == RELEASED else "none"
            group = lots.choices(GROUPS, [6, 4, 1])[0]
            found.append(
                Entry(cohort, lots.choice(YEARS), sentence, group, lots.random() < 0.94, lots.random() < share)
            )
    return list(with_pairs(found, lots))


def with_pairs(found: list[Entry], lots: random.Random) -> Iterator[Entry]:
    """The entries, of which in each group some are matched."""
    left: dict[tuple[str, str], int] = {}
    for group in GROUPS:
        fewer = min(sum((one.arm, one.group) == (arm, group) for one in found) for arm in (SHORT, ORDER))
        left |= dict.fromkeys([(SHORT, group), (ORDER, group)], round(fewer * lots.uniform(0.7, 1)))
    for one in found:
        matched = left.get((one.arm, one.group), 0) > 0
        if matched:
            left[one.arm, one.group] -= 1
        yield one._replace(matched=matched)


def rows(seed: int) -> list[dict[str, Any]]:
    """What a table of both cohorts, and a comparison of both arms, count of them."""
    drawn = entries(seed)
    found = []
    for year in YEARS:
        of_year = [one for one in drawn if one.year == year]
        released = [one for one in of_year if one.cohort == RELEASED]
        found.append(row(RELEASED, OFFENCE, year, "all", "all", released))
        for sentence in ("short", "long"):
            one_kind = [one for one in released if one.sentence == sentence]
            found.append(row(RELEASED, OFFENCE, year, "sentence", sentence, one_kind))
        found.append(row(ORDERED, OFFENCE, year, "all", "all", [one for one in of_year if one.cohort == ORDERED]))
    for arm in (SHORT, ORDER):
        found += of_arm(arm, [one for one in drawn if one.arm == arm])
    return found


def of_arm(arm: str, inside: list[Entry]) -> Iterator[dict[str, Any]]:
    """The rows of one arm."""
    yield row(arm, OFFENCE, "all", "all", "all", inside)
    for matched in (True, False):
        yield row(arm, OFFENCE, "all", MATCHED, "yes" if matched else "no", [o for o in inside if o.matched == matched])
    yield row(arm, MATCHED, "all", "all", "all", inside)
    for group in GROUPS:
        yield row(arm, MATCHED, "all", "group", group, [one for one in inside if one.group == group])


def row(
    cohort: str, outcome: str, period: str, breakdown: str, category: str, counted: Iterable[Entry]
) -> dict[str, Any]:
    """One row."""
    having = [one.offends if outcome == OFFENCE else one.matched for one in counted]
    figures = {"numerator": sum(having), "denominator": len(having)}
    at = {"cohort": cohort, "outcome": outcome, "period": period, "breakdown": breakdown, "category": category}
    return DEFAULTS | at | {"threshold": "medium", "table_id": "work"} | figures


def declared(without: str = "") -> Declared:
    """What the suppressor is told, but for one fact."""
    return Declared(**{name: known for name, known in FACTS.items() if name != without})


def known() -> AddsUp:
    """What the auditor is told."""
    return AddsUp(**FACTS)
