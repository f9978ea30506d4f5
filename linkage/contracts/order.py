"""Which of several kinds of contact came first, and which next: a measure that asks several datasets at once."""

from collections.abc import Iterator, Mapping
from typing import Literal

from linkage.contracts.circumstances import Dated
from linkage.contracts.dataset import Dataset
from linkage.contracts.sentences import listed
from linkage.contracts.window import InWindow

NO_CONTACT = "none"


class Contact(Dated):
    """One kind of contact: a record of `dataset` that `where` chooses, on its `date`."""

    title: str


def precedence(contacts: Mapping[str, Contact]) -> str:
    """Which of two contacts on one day came first, for readers. `contacts`: in the order in which they count."""
    kinds = listed(tuple(contact.title for contact in contacts.values()))
    return f"Of two kinds of contact on one day the one named first here came first: {kinds}"


class Order(InWindow):
    """Was `first` the first kind of contact in the window, on days `on`, and one of `then` the next other kind?

    `contacts`: in the order in which two on one day count. `first` may be that there was none; `then` is () where any
    next one will do, and `on` is none where any day will.
    """

    kind: Literal["order"] = "order"
    contacts: dict[str, Contact]
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

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """None: the sequence it is made of is checked as a whole, dataset by dataset."""
        yield from ()
