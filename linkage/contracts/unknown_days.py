"""unknownDays in a contract: dates that stand for a day nobody knows, and the columns that tell it nevertheless.

Payrolls and other systems that demand a date are given the first or the last day of a year, or a spell is never closed.
Where each record also says when something was first and last seen of the spell (a payment), that tells more.
"""

import calendar
import datetime
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from linkage.contracts.disclosure import Limit
from linkage.contracts.reading import Date, Declaration, Whole
from linkage.contracts.refusals import refusals

if TYPE_CHECKING:
    from linkage.contracts.dataset import Column

MONTH_AND_DAY = re.compile(r"^[0-9]{2}-[0-9]{2}$")
A_LEAP_YEAR = 2000
LONG_AGO = datetime.date(1900, 1, 1)


def month_and_day(given: str) -> str:
    """A month and day of the year, as in 04-06. Raises ValueError."""
    try:
        if MONTH_AND_DAY.match(given):
            datetime.date.fromisoformat(f"{A_LEAP_YEAR}-{given}")
            return given
    except ValueError:
        pass
    raise ValueError(f"{given!r} is no month and day; write 6 April as '04-06'")


class Stand(Declaration):
    """One end of a spell: the `column` of its date, which day of the year is `written` there where nobody knows it, and
    the column by which it is then `told`.
    """

    column: str
    written: Annotated[str, AfterValidator(month_and_day)]
    told_by: str

    @property
    def month(self) -> int:
        """The month of the day that is written."""
        return int(self.written[:2])

    @property
    def day(self) -> int:
        """Its day of the month."""
        return int(self.written[3:])

    @property
    def in_words(self) -> str:
        """The day that is written, as in 6 April."""
        return f"{self.day} {calendar.month_name[self.month]}"


class Days(Limit):
    """A number of days, up to a year, and why it is that one."""

    value: Whole = Field(ge=1, le=366)


class Resolved(Declaration):
    """One record, up to which day the data reach, and the days its spell then has; `because` is the rule in words."""

    because: str
    record: dict[str, Date | None]
    data_to: Date = Field(default=datetime.date.max, ge=LONG_AGO)
    start: Date
    end: Date | None = None


class UnknownDays(Declaration):
    """The rule by which tables read a spell: a date that is `written` for an unknown day, or an empty end, gives way to
    the day that tells it.

    But a written date stays where that day lies on it or up to `confirmed_within` days later: what is seen in arrears
    bears it out. An end stays as it came, an empty one because the spell runs, where the day that would tell it is not
    more than `running_within` days before the data end. A start is told to be the end at the latest, and no end is told
    to be before the start. Where nothing tells it a date stays as it came.
    """

    start: Stand
    end: Stand
    confirmed_within: Days
    running_within: Days
    examples: tuple[Resolved, ...] = Field(min_length=1)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it reads."""
        return self.start.column, self.end.column, self.start.told_by, self.end.told_by

    def said_of(self, *columns: str) -> Iterator[str]:
        """How each of these columns is read, in words; nothing of one that is neither start nor end."""
        borne_out = f"unless it is within {self.confirmed_within.value} days from then on"
        running = f"{borne_out}, or in the last {self.running_within.value} days of the data"
        for stand, empty, unless in ((self.start, "", borne_out), (self.end, " or left empty", running)):
            if stand.column in columns:
                yield (
                    f"Where {stand.column} is written as {stand.in_words}{empty} it may stand for a day nobody knew: "
                    f"{stand.told_by}, where it is known, is taken for it, {unless}"
                )

    @property
    def decides(self) -> dict[str, Any]:
        """What of it decides how records are read; its reasons and examples decide nothing."""
        words = {"reason"}
        return self.model_dump(
            mode="json", exclude={"examples": True, "confirmed_within": words, "running_within": words}
        )

    @model_validator(mode="after")
    def _each_column_is_another(self) -> Self:
        if twice := [name for name, times in Counter(self.columns).items() if times > 1]:
            raise ValueError(f"{twice} stands twice; a start, an end and what tells each are four columns")
        return self

    @model_validator(mode="after")
    def _what_runs_is_not_closed(self) -> Self:
        if self.running_within.value < self.confirmed_within.value:
            raise ValueError(
                f"running_within ({self.running_within.value} days) is less than confirmed_within "
                f"({self.confirmed_within.value}): a spell that runs would be closed. Give it as many at least"
            )
        return self

    def mistakes(self, attributes: "dict[str, Column]") -> Iterator[str]:
        """What the other columns of the contract do not bear out. `attributes`: of its dataset."""
        dates = sorted(name for name, column in attributes.items() if column.type == "date")
        for name in self.columns:
            if name not in dates:
                yield f"customProperties: unknownDays: {name!r} is no attribute that is a date; there are {dates}."
        for number, example in enumerate(self.examples):
            if unknown := sorted(set(example.record) - set(self.columns)):
                yield f"customProperties: unknownDays: examples.{number}: {unknown} tell nothing of it; leave them out."
            if example.record.get(self.start.column) is None:
                yield f"customProperties: unknownDays: examples.{number}: give its record a {self.start.column}."


def datasets_named(said: Any) -> set[str]:
    """Every dataset that a declaration names, at whatever depth. `said`: what it holds, as JSON has it."""
    if isinstance(said, dict):
        here = {said["dataset"]} if isinstance(said.get("dataset"), str) else set()
        return here.union(*map(datasets_named, said.values()))
    return set().union(*map(datasets_named, said)) if isinstance(said, list) else set()


def unknown_days(said: Any) -> UnknownDays:
    """What a contract says under unknownDays. Raises ValueError with every mistake."""
    try:
        return UnknownDays.model_validate(said)
    except ValidationError as error:
        lines = (line.removeprefix("the file: ") for line in refusals(UnknownDays, said, error))
        raise ValueError("; ".join(f"customProperties: unknownDays: {line}" for line in lines)) from None
