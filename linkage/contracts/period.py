"""schemas/period.yaml: the quarters whose cohorts are published, and how far the data reach.

A cohort is formed by quarter; an annual figure pools four quarterly cohorts, so one woman can be in it up to four times
(as in the Ministry of Justice's proven reoffending statistics since the cohorts of October to December 2015).
"""

import datetime
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from linkage.contracts.reading import Date, Declaration, Whole


@dataclass(frozen=True)
class Quarter:
    """One quarter: first and last day are both in it; `half` is the label of the two quarters it is pooled with, `year`
    that of the four.
    """

    label: str
    half: str
    year: str
    first_day: datetime.date
    last_day: datetime.date


def a_quarter(given: str) -> str:
    """A year and one of its quarters. Raises ValueError."""
    if not re.fullmatch(r"\d{4}-Q[1-4]", given):
        raise ValueError(f"{given!r} is no quarter. Write a year and one of its four, as 2022-Q3.")
    return given


class Period(Declaration):
    """Whole years of quarterly cohorts. From `data_from` to `data_to` every source is complete; `data_from` may be left
    out where nothing asks what was before the index date.
    """

    first_quarter: Annotated[str, AfterValidator(a_quarter)]
    quarters: Whole = Field(gt=0, multiple_of=4)
    data_to: Date
    data_from: Date | None = None

    @model_validator(mode="after")
    def _data_reach_the_last_quarter(self) -> Self:
        if self.data_to < self.last_day:
            raise ValueError(f"data_to {self.data_to} is before the last quarter ends, {self.last_day}")
        return self

    @property
    def calendar(self) -> tuple[Quarter, ...]:
        """The quarters in order."""
        year, number = int(self.first_quarter[:4]), int(self.first_quarter[-1])
        months = [year * 12 + (number - 1) * 3 + 3 * n for n in range(self.quarters + 1)]
        starts = [datetime.date(m // 12, m % 12 + 1, 1) for m in months]
        return tuple(
            Quarter(
                label=f"{first.year} Q{(first.month + 2) // 3}",
                half=half_label(starts[n - n % 2]),
                year=year_label(starts[n - n % 4]),
                first_day=first,
                last_day=after - datetime.timedelta(days=1),
            )
            for n, (first, after) in enumerate(pairwise(starts))
        )

    @property
    def years(self) -> tuple[str, ...]:
        """The labels of the pooled years in order, e.g. 2022/23."""
        return tuple(dict.fromkeys(quarter.year for quarter in self.calendar))

    @property
    def four_quarters(self) -> str:
        """What a year is, in words: a calendar year, a financial year, or neither."""
        month = self.first_day.month
        kind = {1: "a calendar year", 4: "a financial year"}.get(month, "neither a calendar year nor a financial year")
        return f"four quarters from {self.first_day:%B} on, {kind}"

    def pooled(self, label: str) -> tuple[Quarter, ...]:
        """The quarters that a quarter's, half-year's or year's label stands for; () where it is of none."""
        return tuple(one for one in self.calendar if label in (one.label, one.half, one.year))

    def months(self, label: str) -> str:
        """Its first and last month in words, e.g. July 2022 to June 2023. Raises IndexError where no quarter has it."""
        quarters = self.pooled(label)
        return f"{quarters[0].first_day:%B %Y} to {quarters[-1].last_day:%B %Y}"

    @property
    def first_day(self) -> datetime.date:
        """The first day of the first quarter."""
        return self.calendar[0].first_day

    @property
    def last_day(self) -> datetime.date:
        """The last day of the last quarter."""
        return self.calendar[-1].last_day

    @property
    def title(self) -> str:
        """The whole period in words, e.g. July 2022 to June 2024."""
        return f"{self.first_day:%B %Y} to {self.last_day:%B %Y}"


def half_label(first_day: datetime.date) -> str:
    """The six months from `first_day`: Jul-Dec 2022, or Oct-Mar 2022/23. Short: it stands at the side of charts."""
    last_month = datetime.date(first_day.year, (first_day.month + 4) % 12 + 1, 1)
    year = str(first_day.year) if last_month > first_day else year_label(first_day)
    return f"{first_day:%b}-{last_month:%b} {year}"


def year_label(first_day: datetime.date) -> str:
    """The twelve months from `first_day`: 2022 when they are a calendar year, else 2022/23."""
    if first_day.month == 1:
        return str(first_day.year)
    return f"{first_day.year}/{(first_day.year + 1) % 100:02d}"
