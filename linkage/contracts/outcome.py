"""schemas/outcomes/*.yaml: what is asked about a woman after her index date, with examples that run as tests.

Day 0 is the index date. A window of days includes both its ends.
"""

import datetime
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from linkage.contracts.choices import AnyLabels, Labels, Where, Word, column_mistakes, type_of, where_mistakes, word
from linkage.contracts.circumstances import Circumstance
from linkage.contracts.dataset import Dataset
from linkage.contracts.frequency import Frequency, frequency_mistakes
from linkage.contracts.order import Order
from linkage.contracts.reading import Date, Declaration, Whole
from linkage.contracts.sentences import Sentences
from linkage.contracts.window import InWindow

Answer = Literal["yes", "no", "unknown", "not_linked", "in_custody", "died"]
Cell = str | int | float | datetime.date | None
DAY_BEFORE = -1  # who died by then was dead before she was released, by her records: one of the two is wrong


def words(row: Any) -> Any:
    """A row of an example, in which a bare yes is the word."""
    return {name: word(value) for name, value in row.items()} if isinstance(row, dict) else row


Row = Annotated[dict[str, Cell], BeforeValidator(words)]


class Confirmation(Declaration):
    """An event counts only when `date` is at most `within_days` days after the index date, e.g. its conviction."""

    date: str
    within_days: Whole


class Continuing(Declaration):
    """An event of before the index date counts as well when it had not ended (`until`) by the index date."""

    until: str


class Event(InWindow):
    """Was there an event in the window?"""

    kind: Literal["event"]
    dataset: str
    date: str
    where: Where = Field(default_factory=dict)
    confirmed_by: Confirmation | None = None
    continuing: Continuing | None = None

    @property
    def first_day(self) -> int:
        """The first day that can decide the answer; the index date where what goes on then counts as well."""
        return min(self.days[0], 0) if self.continuing else self.days[0]

    @property
    def data_days(self) -> int:
        """How many days after the index date the data must reach."""
        return max(self.last_day, self.confirmed_by.within_days if self.confirmed_by else 0)

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What the contract does not bear out."""
        yield from column_mistakes("measure.date", self.date, "date", dataset)
        yield from where_mistakes("where", self.where, dataset)
        if self.confirmed_by:
            yield from column_mistakes("measure.confirmed_by.date", self.confirmed_by.date, "date", dataset)
            if (waits := self.confirmed_by.within_days) < self.last_day:
                yield (
                    f"measure.confirmed_by.within_days = {waits} ends before the window does, on day {self.last_day}: "
                    "what happens in between can never count. Wait longer, or look less far."
                )
        if self.continuing:
            yield from column_mistakes("measure.continuing.until", self.continuing.until, "date", dataset)
            if self.continuing.until == self.date:
                yield f"measure.continuing can never be true: {self.date} is the beginning and the end. Name its end."


class Spell(Declaration):
    """Is the day within a spell? `start` and `end` are both in it; no end means it goes on."""

    kind: Literal["spell"]
    dataset: str
    start: str
    end: str
    day: Whole
    where: Where = Field(default_factory=dict)

    @property
    def last_day(self) -> int:
        """The day on which the answer stands, in days from the index date."""
        return self.day

    first_day = data_days = last_day

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What the contract does not bear out."""
        yield from column_mistakes("measure.start", self.start, "date", dataset)
        yield from column_mistakes("measure.end", self.end, "date", dataset)
        yield from where_mistakes("where", self.where, dataset)


class Run(InWindow):
    """Was she within spells for so many days on end, in the window? `end` is the last day; no end means it goes on.

    Spells that overlap, or that follow each other without a day between, are one. Days outside the window do not count.
    """

    kind: Literal["run"]
    dataset: str
    start: str
    end: str
    days_on_end: Whole = Field(gt=0)
    where: Where = Field(default_factory=dict)

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What the contract does not bear out, and a run that is longer than the window."""
        yield from column_mistakes("measure.start", self.start, "date", dataset)
        yield from column_mistakes("measure.end", self.end, "date", dataset)
        yield from where_mistakes("where", self.where, dataset)
        if self.days_on_end > (days := self.days[1] - self.days[0] + 1):
            yield f"measure.days_on_end = {self.days_on_end} can never be true: the window has {days} days."


class Status(InWindow):
    """Is the latest known status of the window one of `achieved`? Missing, or one of `unknown`, is not known.

    Of several known statuses on the latest day the one in `achieved` counts.
    """

    kind: Literal["status"]
    dataset: str
    date: str
    column: str
    achieved: Labels
    unknown: AnyLabels = ()
    where: Where = Field(default_factory=dict)

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What the contract does not bear out."""
        yield from column_mistakes("measure.date", self.date, "date", dataset)
        yield from where_mistakes("where", self.where, dataset)
        yield from where_mistakes("achieved", {self.column: self.achieved}, dataset)
        if self.unknown and self.column in dataset.attributes:
            yield from where_mistakes("unknown", {self.column: self.unknown}, dataset)
        if both := sorted(set(self.achieved) & set(self.unknown)):
            yield f"measure: {both} is both achieved and unknown."
        if self.column in self.where and not set(self.achieved) & set(self.where[self.column]):
            yield f"measure: {list(self.achieved)} can never be true, since `where` chooses no {self.column} of them."


class Death(InWindow):
    """Did she die in the window? Who died, and on which day, says circumstances.yaml, as for every `died`.

    `dataset`: one of those that deaths are recorded in. Absence of a record there is no death, whatever its coverage.
    """

    kind: Literal["death"]
    dataset: str

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """A window that begins before she is followed."""
        if self.first_day < 0:
            yield f"measure.days begin on day {self.first_day}, and nobody is followed before day 0. Begin there."


class Example(Declaration):
    """One woman, what is on record about her, and the answer; `because` is the rule in words.

    `custody`: [day in, day out] of her spells. An answer other than yes or no says why she is not in the denominator.
    `number`: how many events count, of an outcome with a frequency. `days_at_risk`: of a death, on how many days of its
    window she was alive.
    """

    because: str
    index_date: Date
    events: tuple[Row, ...] = ()
    custody: tuple[tuple[Date, Date | None], ...] = ()
    died: Date | None = None
    expect: Annotated[Answer, BeforeValidator(word)]
    number: Whole | None = Field(default=None, ge=0)
    days_at_risk: Whole | None = None

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """Events that could not be rows of the dataset."""
        for row in self.events:
            if unknown := sorted(set(row) - set(dataset.attributes)):
                yield f"events name {unknown}, no attributes of {dataset.name}."
            given = {c: v for c, v in row.items() if c in dataset.attributes and v is not None}
            for column, value in given.items():
                if (type_of(dataset, column) == "date") != isinstance(value, datetime.date):
                    yield f"events: {column} is a {type_of(dataset, column)}."
            coded = {c: (str(v),) for c, v in given.items() if dataset.attributes[c].codes}
            yield from where_mistakes("events", coded, dataset)


OfOneDataset = Event | Run | Spell | Status | Death
Measure = OfOneDataset | Order


class Outcome(Declaration):
    """`eligible` restricts it to women whose cohort record says so. `exclude`: who leaves the denominator, and is
    counted beside it, because of a circumstance on the last day of the window, or on the `landmark`, a day before the
    window: then it asks what became of those who were alive and at liberty on that day. Absence of any record follows
    the dataset's coverage: `not_linked` in a spine, no event in an event register. `frequency`: its events are counted.
    """

    title: str
    theme: Word
    measure: Annotated[Measure, Field(discriminator="kind")]
    eligible: Where = Field(default_factory=dict)
    exclude: tuple[Circumstance, ...] = ()
    landmark: Whole | None = Field(default=None, ge=0)
    frequency: Frequency | None = None
    source: str
    modelled_on: str
    differences: Sentences = ()
    examples: tuple[Example, ...] = Field(min_length=1)

    @property
    def datasets(self) -> set[str]:
        """Every dataset that its measure is known from."""
        return self.measure.datasets if isinstance(self.measure, Order) else {self.measure.dataset}

    @property
    def left_out_on(self) -> int:
        """The day of which `exclude` is asked; of a death the day before her index date."""
        if isinstance(self.measure, Death):
            return DAY_BEFORE
        return self.measure.last_day if self.landmark is None else self.landmark

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What the contract of its dataset does not bear out, and a day on which nothing has become of her yet."""
        yield from self.measure.mistakes(dataset)
        yield from self.landmark_mistakes()
        yield from frequency_mistakes(self)
        if isinstance(self.measure, Order) and self.examples:
            yield "measure: which contact came first is declared once for all, in sequences/ (schemas/README.md)."
        if self.measure.last_day < 0:
            yield (
                f"measure: its last day, {self.measure.last_day}, is before the index date, so it says nothing of what "
                "became of her. Day 0 is the index date; choose a last day from 0 on."
            )
        for n, example in enumerate(self.examples):
            yield from (f"examples.{n} ({example.because}): {line}" for line in example.mistakes(dataset))

    def landmark_mistakes(self) -> Iterator[str]:
        """A landmark that leaves nobody out, or before which something counts already."""
        if self.landmark is None:
            return
        if not self.exclude:
            yield f"landmark = {self.landmark} leaves nobody out. Say whom in `exclude`, or leave the landmark out."
        if self.measure.first_day <= self.landmark:
            yield (
                f"landmark = {self.landmark} is not before the window, which begins on day {self.measure.first_day}: "
                f"who is left out on that day could have the outcome already. Begin on day {self.landmark + 1}."
            )
