"""schemas/cohorts/*.yaml and schemas/breakdowns.yaml: which women enter a cohort, when, and how tables divide them."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from linkage.contracts.choices import (
    AnyLabels,
    Labels,
    Where,
    Word,
    column_mistakes,
    each_once,
    labels_of,
    where_mistakes,
)
from linkage.contracts.dataset import Dataset
from linkage.contracts.reading import Declaration, Whole
from linkage.contracts.sentences import Sentences

NOT_KNOWN = "not known"


class Cohort(Declaration):
    """Women with a record of `dataset` that `where` chooses and whose `index_date` falls in the quarter.

    Each is in once a quarter, by her first such record; with `entries: every` by each of them, those of one day being
    one, and `counted` is what they are, in the plural. `then_by` says which of several records of that day describes
    her. Sex is that of this record. `born`: the month of birth, so an age can be a month too high at most.
    """

    title: str
    dataset: str
    index_date: str
    then_by: str | None = None
    entries: Literal["first", "every"] = "first"
    counted: str = "women"
    where: Where
    sex: Word
    born: str
    youngest: Whole = Field(ge=0, le=100)
    source: str
    modelled_on: str
    differences: Sentences = ()

    @property
    def choice(self) -> tuple[object, ...]:
        """What decides who is in it and from when, whatever the order in which it is said."""
        where = sorted((column, sorted(set(labels))) for column, labels in self.where.items())
        return self.dataset, self.index_date, where, self.sex, self.born, self.youngest, self.entries

    def may_say(self, column: str, label: str) -> bool:
        """Can a record that `where` chooses have the label there?"""
        return label in self.where.get(column, (label,))

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What the contract of its dataset does not bear out."""
        yield from column_mistakes("index_date", self.index_date, "date", dataset)
        if dataset.unknown_days and self.index_date in dataset.unknown_days.columns:
            yield (
                f"index_date {self.index_date!r} may stand for a day nobody knows (unknownDays of {dataset.name}). "
                "Women are followed from a day that is known; choose another date."
            )
        yield from column_mistakes("born", self.born, "date", dataset)
        if self.then_by:
            yield from column_mistakes("then_by", self.then_by, "date", dataset)
        yield from where_mistakes("where", {**self.where, "sex": (self.sex,)}, dataset)


class Band(Declaration):
    """Whole numbers from `first` to `last`, both in it; no `last` means and more."""

    label: str
    first: Whole
    last: Whole | None = None


class Breakdown(Declaration):
    """How a table divides women, by a column of the record that brought them into the cohort.

    With `bands` the column is a number, or a date of birth from which the age on the index date is taken. A value that
    is missing, or in no band, is in the category `not known`, so that the categories always add up to all women.
    `within`: {a wider breakdown: {its category: the categories here that make it up}}, for disclosure control.
    `outside_england`: the categories that a table restricted to England leaves out. `reference`: the category other
    link rates are compared with; a breakdown with none is not part of the link-quality table.
    """

    title: str
    column: str
    bands: tuple[Band, ...] = ()
    within: dict[str, dict[str, Labels]] = Field(default_factory=dict)
    outside_england: AnyLabels = ()
    reference: str | None = None

    @model_validator(mode="after")
    def _bands_follow_each_other(self) -> Self:
        for band, following in pairwise(self.bands):
            if band.last is None or following.first != band.last + 1:
                raise ValueError(f"bands: {following.label!r} must begin right after {band.label!r} ends")
        for band in self.bands:
            if band.last is not None and band.last < band.first:
                raise ValueError(f"bands: {band.label!r} ends before it begins")
        each_once(tuple(band.label for band in self.bands))
        return self

    @model_validator(mode="after")
    def _a_category_is_within_one_other(self) -> Self:
        for wider, wholes in self.within.items():
            try:
                each_once(tuple(category for categories in wholes.values() for category in categories))
            except ValueError as twice:
                raise ValueError(f"within.{wider}: {twice}") from None
        return self

    @property
    def narrower(self) -> tuple[str, ...]:
        """The categories that are said to lie within one of a wider breakdown."""
        return tuple(c for wider in self.within.values() for categories in wider.values() for c in categories)

    def fits(self, dataset: Dataset) -> bool:
        """Has the dataset the column?"""
        return self.column in dataset.attributes

    def categories(self, dataset: Dataset, in_england: bool = False) -> tuple[str, ...]:
        """The declared categories in order, without `not known`."""
        declared = tuple(band.label for band in self.bands) or labels_of(dataset, self.column)
        return tuple(c for c in declared if not (in_england and c in self.outside_england))

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What a contract that has the column does not bear out."""
        kind = dataset.attributes[self.column].type
        if self.bands and kind not in ("integer", "date"):
            yield f"{dataset.name}.{self.column} is a {kind}; bands are for an integer, or a date of birth."
        elif not self.bands and not labels_of(dataset, self.column):
            yield f"{dataset.name}.{self.column} has no codes to divide by. Declare bands, or give it an enum."
        else:
            for wider, wholes in self.within.items():
                if left := [c for c in self.categories(dataset) if all(c not in parts for parts in wholes.values())]:
                    yield f"within.{wider} leaves out {left}. Say of each category in which wider one it is."
            named = [*self.outside_england, *([self.reference] if self.reference else []), *self.narrower]
            if impossible := [c for c in named if c not in self.categories(dataset)]:
                yield f"{impossible} are no categories of it, which are {list(self.categories(dataset))}."
