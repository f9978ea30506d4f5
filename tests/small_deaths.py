"""Women drawn by lot, of whom some die in the year after their release, counted: for what tables say of deaths."""

import random
from collections.abc import Iterable
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from small_counts import DEFAULTS

from linkage.release.auditor.notes import AddsUp
from linkage.release.draft import Declared

# Of the same women: on a benefit on a day, in work on another, offences; and the deaths of both years together.
CLAIM, WORK, EVER, EARLY, LATE = "claim", "work", "offence", "died_within_4_weeks", "died_to_12_months"
OUTCOMES = (CLAIM, WORK, EVER, EARLY, LATE)
DIED_BY = {CLAIM: 30, WORK: 42, EARLY: -1, LATE: -1}
WINDOWS = {EARLY: (0, 28), LATE: (29, 365)}
FACTS: dict[str, dict[str, Any]] = {
    "asked": dict.fromkeys(OUTCOMES, "everybody"),
    "leaving": {name: f"dead by day {DIED_BY.get(name)}" for name in OUTCOMES},
    "never": dict.fromkeys(OUTCOMES, ("in_custody", "unknown", "not_linked")) | {
        EVER: ("in_custody", "died", "unknown", "not_linked")},
    "died_by": DIED_BY,
    "deaths": WINDOWS,
}  # fmt: skip
YEARS = ("2022", "2023")


class Woman(NamedTuple):
    """The year of her release, the day after it on which she died, and of what else she is counted with."""

    year: str
    died: int | None
    having: frozenset[str]


def women(seed: int) -> list[Woman]:
    """Some hundred of them, of whom a few die early and some more later."""
    lots = random.Random(seed)
    deaths = [lots.randint(0, 28) for _ in range(lots.randint(0, 14))]
    deaths += [lots.randint(29, 60) for _ in range(lots.randint(0, 6))]
    deaths += [lots.randint(61, 365) for _ in range(lots.randint(0, 25))]
    days = [*deaths, *[None] * lots.randint(250, 700)]
    having = [frozenset(name for name in OUTCOMES[:3] if lots.random() < 0.4) for _ in days]
    return [Woman(lots.choice(YEARS), day, of_hers) for day, of_hers in zip(days, having, strict=True)]


def rows(drawn: list[Woman]) -> list[dict[str, Any]]:
    """All of them, by year, and of deaths together."""
    each = [row([one for one in drawn if one.year == year], name, year) for name in OUTCOMES[:3] for year in YEARS]
    return [*each, *(death_row(drawn, name) for name in WINDOWS)]


def row(drawn: list[Woman], outcome: str, period: str) -> dict[str, Any]:
    """One row: those counted, and those who had died."""
    day = DIED_BY.get(outcome)
    gone = [one for one in drawn if day is not None and one.died is not None and one.died <= day]
    having = sum(outcome in one.having for one in drawn if one not in gone)
    figures = {"numerator": having, "denominator": len(drawn) - len(gone), "died": len(gone)}
    return DEFAULTS | {"outcome": outcome, "period": period, "threshold": "medium"} | figures


def death_row(drawn: list[Woman], outcome: str) -> dict[str, Any]:
    """One row of deaths: how many died, who was alive before the window, and on how many of its days."""
    first, last = WINDOWS[outcome]
    lived_to = (last if one.died is None else one.died for one in drawn)
    each = [min(max(day - first + 1, 0), last - first + 1) for day in lived_to]
    died = sum(one.died is not None and first <= one.died <= last for one in drawn)
    figures = {"numerator": died, "denominator": len(drawn), "alive_before": sum(map(bool, each))}
    return (
        DEFAULTS | {"outcome": outcome, "period": "all", "threshold": "medium"} | figures | {"person_days": sum(each)}
    )


def declared(*without: str) -> Declared:
    """What the suppressor is told, but for some facts."""
    return Declared(**{name: known for name, known in FACTS.items() if name not in without})


def known() -> AddsUp:
    """What the auditor is told."""
    return AddsUp(**FACTS)


def relation(counted: list[dict[str, Any]]) -> duckdb.DuckDBPyRelation:
    """Rows as a relation of a connection of its own; what only deaths have is null of the others."""
    names = list(dict.fromkeys(name for row in counted for name in row))
    return duckdb.connect().from_arrow(pa.table({name: [row.get(name) for row in counted] for name in names}))


def of_years(alive: dict[str, int], died: Iterable[tuple[str, int]]) -> list[Woman]:
    """So many women of each year who live, and others who die on a day; every second one offends."""
    days = [*((year, None) for year, many in alive.items() for _ in range(many)), *died]
    return [Woman(year, day, frozenset([EVER] if n % 2 else [])) for n, (year, day) in enumerate(days)]
