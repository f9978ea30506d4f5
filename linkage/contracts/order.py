"""Which of several kinds of contact came first, and which next: a measure that asks several datasets at once."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from linkage.contracts.choices import Where, column_mistakes, where_mistakes
from linkage.contracts.dataset import Dataset
from linkage.contracts.reading import Declaration

NO_CONTACT = "none"


class Contact(Declaration):
    """One kind of contact: a record of `dataset` that `where` chooses, on its `date`."""

    title: str
    dataset: str
    date: str
    where: Where = Field(default_factory=dict)

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What the contract does not bear out."""
        yield from column_mistakes("date", self.date, "date", dataset)
        yield from where_mistakes("where", self.where, dataset)


class Order(Declaration):
    """Was `first` the first kind of contact in the window, on days `on`, and one of `then` the next other kind?

    `contacts`: in the order in which two on one day count. `first` may be that there was none; `then` is () where any
    next one will do, and `on` is none where any day will.
    """

    kind: Literal["order"] = "order"
    contacts: dict[str, Contact]
    days: tuple[int, int]
    first: str
    then: tuple[str, ...] = ()
    on: tuple[int, int] | None = None

    @property
    def dataset(self) -> str:
        """One of its datasets; `datasets` has them all."""
        return next(iter(self.contacts.values())).dataset

    @property
    def datasets(self) -> set[str]:
        """Every dataset that is read to know the answer."""
        return {contact.dataset for contact in self.contacts.values()}

    @property
    def first_day(self) -> int:
        """The first day that can decide the answer."""
        return self.days[0]

    @property
    def last_day(self) -> int:
        """The day on which the answer stands, in days from the index date."""
        return self.days[1]

    data_days = last_day

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """None: the sequence it is made of is checked as a whole, dataset by dataset."""
        yield from ()
