"""Columns of lists in numpy: any number of tokens in a cell, and what is asked of whole columns of such cells."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.pseudonymisation.keys import Tokens

Rows = npt.NDArray[np.int32] | npt.NDArray[np.int64]


@dataclass(frozen=True)
class Lists:
    """A column of lists: `lengths` says how many of `values`, which stand one after another, each row has."""

    values: Tokens
    lengths: Tokens

    @functools.cached_property
    def starts(self) -> Tokens:
        """Where in `values` each row begins."""
        return np.asarray(np.cumsum(self.lengths) - self.lengths)

    @functools.cached_property
    def width(self) -> int:
        """How many each row has that has any: 1 for most identifiers, 8 for a date's wildcards; 0 where they differ."""
        width = int(self.lengths.max(initial=1))
        return width if width * np.count_nonzero(self.lengths) == len(self.values) else 0

    def of(self, rows: Rows) -> "Lists":
        """These rows, in this order; one may come several times."""
        if self.width * len(self.lengths) == len(self.values):
            return Lists(self.values.reshape(-1, self.width).take(rows, axis=0).ravel(), np.full(len(rows), self.width))
        lengths = self.lengths.take(rows)
        if self.width:
            places = self._nth.take(rows[lengths > 0])
            return Lists(self.values.reshape(-1, self.width).take(places, axis=0).ravel(), lengths)
        shift = np.repeat(self.starts.take(rows) - np.cumsum(lengths) + lengths, lengths)
        return Lists(self.values.take(shift + np.arange(len(shift))), lengths)

    @functools.cached_property
    def _nth(self) -> Tokens:
        """Of the rows that have any, which each is."""
        return np.asarray(np.cumsum(self.lengths > 0) - 1)


def lists(column: pa.Array) -> Lists:
    """A column of lists, of which some may be missing."""
    return Lists(numbers(column.flatten()), numbers(column.value_lengths().fill_null(0)))


def numbers(column: pa.Array) -> Tokens:
    """A column without gaps as numpy has it."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)


def joined(columns: Sequence[Lists]) -> Lists:
    """The rows of one column after those of another."""
    return Lists(np.concatenate([c.values for c in columns]), np.concatenate([c.lengths for c in columns]))


def gathered(values: Tokens, rows: Tokens, n: int) -> Lists:
    """What belongs to each of `n` rows, sorted and without repeats; `rows` says to which each value does."""
    if (np.diff(rows) > 0).all():  # one value each, in order: as of ids, which are the most
        return Lists(values, np.bincount(rows, minlength=n))
    order = np.argsort(rows, kind="stable")  # quick on runs that are in order already, as they are here
    rows = rows[order]
    values = sorted_by_row(values[order], np.bincount(rows, minlength=n))
    new = (np.diff(rows, prepend=-1) > 0) | (np.diff(values, prepend=0) != 0)
    return Lists(values[new], np.bincount(rows[new], minlength=n))


def every(columns: Sequence[Lists]) -> Lists:
    """What stands in any of these columns, in each row sorted and without repeats."""
    if len(columns) == 1:
        return columns[0]
    rows = [np.repeat(np.arange(len(column.lengths)), column.lengths) for column in columns]
    return gathered(np.concatenate([c.values for c in columns]), np.concatenate(rows), len(columns[0].lengths))


def first(columns: Sequence[Lists]) -> Lists:
    """The first value of the first of these columns that is filled."""
    if len(columns) == 1 and columns[0].width == 1:
        return columns[0]
    values, there = np.zeros_like(columns[0].lengths), np.zeros(len(columns[0].lengths), dtype=bool)
    for column in columns:
        new = (column.lengths > 0) & ~there
        values[new] = column.values[column.starts[new]]
        there |= new
    return Lists(values[there], there.astype(np.int64))


def ways_to_fill(parts: Sequence[Lists]) -> tuple[list[Tokens], Tokens]:
    """A column for each part, row after row in every way to fill it, and how many ways each row has."""
    each = np.arange(len(parts[0].lengths))
    columns, rows = [parts[0].values], repeated(each, parts[0].lengths)
    for part in parts[1:]:
        found = part if rows is each else part.of(rows)
        columns = [*(repeated(column, found.lengths) for column in columns), found.values]
        rows = repeated(rows, found.lengths)
    return columns, functools.reduce(np.multiply, [part.lengths for part in parts])


def repeated(values: Tokens, times: Tokens) -> Tokens:
    """Each value so many times; most have all to be there once."""
    return values if (times == 1).all() else np.repeat(values, times)


def sorted_by_row(values: Tokens, lengths: Tokens) -> Tokens:
    """The values of each row in order: where in a name or a date one comes from is not told."""
    column = Lists(values, lengths)
    if column.width:
        return np.sort(values.reshape(-1, column.width), axis=1).ravel() if column.width > 1 else values
    ordered = values.copy()
    for length in np.unique(lengths[lengths > 1]):
        places = np.add.outer(column.starts[lengths == length], np.arange(length))
        ordered[places] = np.sort(values[places], axis=1)
    return ordered


def as_column(tokens: Lists, many: bool) -> pa.Array:
    """Lists of tokens, or single tokens, for each row; missing where a row has none."""
    missing = tokens.lengths == 0
    if many:
        ends = np.cumsum(np.append(0, tokens.lengths), dtype=np.int32)
        return pa.ListArray.from_arrays(ends, pa.array(tokens.values), mask=pa.array(missing))
    if not missing.any():
        return pa.array(tokens.values)
    column = np.zeros(len(missing), dtype=np.int64)
    column[~missing] = tokens.values
    return pa.array(column, mask=missing)
