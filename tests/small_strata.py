"""The women of small_lives, some of them of finer ages and in two years, whose answers are divided by age as well."""

import random
from typing import Any, NamedTuple

from small_lives import AFTER, FACTS, WORK, Woman, place, row, women

from linkage.release.auditor.notes import AddsUp
from linkage.release.draft import Declared

CROSSING = "by_work_by_age"
AGES = {"young": ("under 20", "20 to 29"), "old": ("30 to 49", "50 and over")}
YEARS = ("2022", "2023")
FACTS_OF_STRATA: dict[str, dict[Any, Any]] = FACTS | {
    "within": {("fine", fine): ("age", age) for age, every in AGES.items() for fine in every},
    "crossed": {
        (CROSSING, f"{answer}, {age}"): (("by_work", answer), ("age", age))
        for answer in ("yes", "no", "not known")
        for age in AGES
    },
}


class Entry(NamedTuple):
    """A woman, her finer age, and the year in which she entered the cohort."""

    woman: Woman
    fine: str
    year: str


def entries(seed: int) -> list[Entry]:
    """Some hundred of them."""
    lots = random.Random(seed)
    return [Entry(one, lots.choice(AGES[one.age]), lots.choice(YEARS)) for one in women(seed)]


def rows(seed: int, by_year: bool = True, twice: int = 0) -> list[dict[str, Any]]:
    """Work by finer ages, in each year or in both; what came after it by the answer, by age, and by both, in both.

    `twice`: so many of the women are there once more, as if they had come late.
    """
    drawn = entries(seed) + entries(seed)[:twice]
    after = counted(drawn, AFTER, ("by_work", "age", CROSSING), "all")
    if not by_year:
        return [*counted(drawn, WORK, ("fine",), "all"), *after]
    return [
        row for year in YEARS for row in counted([e for e in drawn if e.year == year], WORK, ("fine",), year)
    ] + after


def counted(drawn: list[Entry], outcome: str, breakdowns: tuple[str, ...], period: str) -> list[dict[str, Any]]:
    """The rows of one outcome in one period."""
    divisions = [("all", "all"), *((breakdown, category) for breakdown in breakdowns for category in of(breakdown))]
    of_each = {(b, c): [entry.woman for entry in drawn if where(entry, b) == c] for b, c in divisions}
    return [row(women, outcome, *division) | {"period": period} for division, women in of_each.items()]


def of(breakdown: str) -> list[str]:
    """The categories of a breakdown."""
    answers = ["yes", "no", "not known"]
    crossed = [f"{answer}, {age}" for answer in answers for age in AGES]
    fine = [one for every in AGES.values() for one in every]
    return {"by_work": answers, "age": list(AGES), CROSSING: crossed, "fine": fine}[breakdown]


def where(entry: Entry, breakdown: str) -> str:
    """Her category."""
    if breakdown == CROSSING:
        return f"{place(entry.woman, 'by_work')}, {entry.woman.age}"
    return {"all": "all", "fine": entry.fine}.get(breakdown) or place(entry.woman, breakdown)


def declared(without: str = "") -> Declared:
    """What the suppressor is told, but for one fact."""
    return Declared(**{name: known for name, known in FACTS_OF_STRATA.items() if name != without})


def known() -> AddsUp:
    """What the auditor is told."""
    return AddsUp(**FACTS_OF_STRATA)
