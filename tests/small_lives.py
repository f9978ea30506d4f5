"""Women drawn by lot, with two outcomes that hang together, counted: for what tables say of each other."""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from small_counts import DEFAULTS

from linkage.release.auditor.notes import AddsUp
from linkage.release.draft import Declared

# Asked of the same women: work on a day, offences after it of those at liberty then, and all offences of everybody.
WORK, AFTER, EVER = "work_6_weeks", "offence_after_6_weeks", "offence"
FACTS: dict[str, dict[str, Any]] = {
    "asked": dict.fromkeys((WORK, AFTER, EVER), "everybody"),
    "leaving": {WORK: "on day 42", AFTER: "on day 42", EVER: "nobody"},
    "never": {WORK: ("not_linked",), AFTER: ("unknown", "not_linked"),
              EVER: ("in_custody", "died", "unknown", "not_linked")},
    "wider": {AFTER: (EVER,)},
    "divided": {"by_work": WORK},
}  # fmt: skip


class Woman(NamedTuple):
    """Her region and age; yes, no or why her work is not known; whether she offends, and after six weeks."""

    region: str
    age: str
    work: str
    offence: bool
    after: bool


def women(seed: int) -> list[Woman]:
    """Some hundred of them."""
    lots = random.Random(seed)
    few, weights = lots.randint(2, 9), [lots.randint(10, 60), lots.randint(60, 160)]
    works = lots.choices(["yes", "no"], weights, k=lots.randint(120, 220))
    works += ["in_custody"] * few + ["died"] * lots.randint(0, 3) + ["unknown"] * lots.randint(0, 12)
    found = []
    for work in works:
        offence = lots.random() < (0.25 if work == "yes" else 0.45)
        region = lots.choices(["North", "South", "East"], [6, 5, 1])[0]
        age = lots.choices(["young", "old"], [1, 3])[0]
        found.append(Woman(region, age, work, offence, offence and lots.random() < 0.93))
    return found


def rows(seed: int) -> list[dict[str, Any]]:
    """Women drawn by lot, as three tables count them."""
    return tables_of(women(seed))


def tables_of(drawn: list[Woman]) -> list[dict[str, Any]]:
    """All of them, and by region, age and work."""
    return [
        *counted(drawn, WORK, ("region", "age")),
        *counted(drawn, AFTER, ("by_work",)),
        *counted(drawn, EVER, ("region", "by_work")),
    ]


def counted(drawn: list[Woman], outcome: str, breakdowns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The rows of one outcome."""
    yield row(drawn, outcome, "all", "all")
    for breakdown in breakdowns:
        categories = {"by_work": ("yes", "no", "not known"), "region": ("North", "South", "East")}
        for category in categories.get(breakdown, ("young", "old")):
            yield row([one for one in drawn if place(one, breakdown) == category], outcome, breakdown, category)


def place(one: Woman, breakdown: str) -> str:
    """Her category."""
    if breakdown == "by_work":
        return one.work if one.work in ("yes", "no") else "not known"
    return one.region if breakdown == "region" else one.age


def row(drawn: list[Woman], outcome: str, breakdown: str, category: str) -> dict[str, Any]:
    """One row: those counted, those with the outcome, and why the others are not."""
    reasons = {WORK: ("in_custody", "died", "unknown"), AFTER: ("in_custody", "died"), EVER: ()}[outcome]
    inside = [one for one in drawn if one.work not in reasons]
    having = {WORK: lambda one: one.work == "yes", AFTER: lambda one: one.after, EVER: lambda one: one.offence}[outcome]
    figures = {"numerator": sum(map(having, inside)), "denominator": len(inside)}
    left = {reason: sum(one.work == reason for one in drawn) for reason in reasons}
    at = {"outcome": outcome, "breakdown": breakdown, "category": category, "threshold": "medium"}
    return DEFAULTS | at | figures | left


def declared(without: str = "") -> Declared:
    """What the suppressor is told, but for one fact."""
    return Declared(**{name: known for name, known in FACTS.items() if name != without})


def known() -> AddsUp:
    """What the auditor is told."""
    return AddsUp(**FACTS)
