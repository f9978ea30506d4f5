"""Choices among a dataset's columns and codes, checked when they are read: a code that cannot occur is refused."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from linkage.contracts.dataset import ColumnType, Dataset


def word(given: Any) -> Any:
    """YAML reads a bare yes as true: here it is the word."""
    return {True: "yes", False: "no"}[given] if isinstance(given, bool) else given


def several(given: Any) -> Any:
    """One label may stand without its list."""
    return (given,) if isinstance(given, str | bool) else given


def each_once(given: tuple[str, ...]) -> tuple[str, ...]:
    """Names of which none is repeated. Raises ValueError."""
    if twice := sorted({name for name in given if given.count(name) > 1}):
        raise ValueError(f"{twice} stands twice; keep one of them")
    return given


Word = Annotated[str, BeforeValidator(word)]
AnyLabels = Annotated[tuple[Word, ...], BeforeValidator(several)]
Labels = Annotated[AnyLabels, Field(min_length=1)]
Where = dict[str, Labels]


def type_of(dataset: Dataset, column: str) -> ColumnType:
    """The type an attribute has downstream; what is derived from a date is a date. Raises KeyError."""
    return dataset.attributes[column].type


def labels_of(dataset: Dataset, column: str) -> tuple[str, ...]:
    """The words an attribute takes, in the order of the contract; () when it may hold any value. Raises KeyError."""
    return tuple(dict.fromkeys(dataset.attributes[column].codes.values()))


def unknown_dataset(name: str, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    """A mistake when there is no contract of that name."""
    if name not in datasets:
        yield f"dataset {name!r} has no contract; there are {sorted(datasets)}."


def column_mistakes(place: str, column: str, wanted: ColumnType, dataset: Dataset) -> Iterator[str]:
    """A mistake when the dataset has no such attribute, or has it with another type."""
    if column not in dataset.attributes:
        yield f"{place} {column!r} is not an attribute of {dataset.name}, which has {sorted(dataset.attributes)}."
    elif (found := type_of(dataset, column)) != wanted:
        yield f"{place} {dataset.name}.{column} is a {found}; a {wanted} is needed."


def where_mistakes(place: str, where: Mapping[str, tuple[str, ...]], dataset: Dataset) -> Iterator[str]:
    """A mistake for each column that is not there, and for each label that cannot occur in it."""
    for column, labels in where.items():
        if column not in dataset.attributes:
            yield f"{place} {column!r} is not an attribute of {dataset.name}, which has {sorted(dataset.attributes)}."
        elif not (taken := labels_of(dataset, column)):
            yield f"{place} {column}: {dataset.name}.{column} has no codes to choose from. Give it an enum."
        elif impossible := [label for label in labels if label not in taken]:
            yield f"{place} {column} = {impossible} can never be true. {dataset.name}.{column} takes {list(taken)}."
