"""Columns of lists in numpy: any number of tokens in a cell, and what is asked of whole columns of such cells."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from linkage.pseudonymisation.keys import Tokens


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
    def single(self) -> bool:
        """Has no row more than one?"""
        return int(self.lengths.max(initial=0)) <= 1

    def of(self, rows: Tokens) -> "Lists":
        """These rows, in this order; one may come several times."""
        lengths = self.lengths[rows]
        if self.single:
            return Lists(self.values[self.starts[rows[lengths > 0]]], lengths)
        ends = np.cumsum(lengths)
        shift = np.repeat(self.starts[rows] - ends + lengths, lengths)
        return Lists(self.values[shift + np.arange(len(shift))], lengths)


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
    if len(columns) == 1 and columns[0].single:
        return columns[0]
    values, there = np.zeros_like(columns[0].lengths), np.zeros(len(columns[0].lengths), dtype=bool)
    for column in columns:
        new = (column.lengths > 0) & ~there
        values[new] = column.values[column.starts[new]]
        there |= new
    return Lists(values[there], there.astype(np.int64))


def ways_to_fill(parts: Sequence[Lists]) -> tuple[list[Tokens], Tokens]:
    """A column for each part, row after row in every way to fill it, and how many ways each row has."""
    columns, rows = [parts[0].values], np.repeat(np.arange(len(parts[0].lengths)), parts[0].lengths)
    for part in parts[1:]:
        found = part.of(rows)
        columns = [*(np.repeat(column, found.lengths) for column in columns), found.values]
        rows = np.repeat(rows, found.lengths)
    return columns, np.bincount(rows, minlength=len(parts[0].lengths))


def sorted_by_row(values: Tokens, lengths: Tokens) -> Tokens:
    """The values of each row in order: where in a name or a date one comes from is not told."""
    ordered, starts = values.copy(), np.cumsum(lengths) - lengths
    for length in np.unique(lengths[lengths > 1]):
        alike = lengths == length
        if length * np.count_nonzero(alike) == len(values):  # as of a date's wildcards: nobody has another number
            return np.sort(values.reshape(-1, length), axis=1).ravel()
        places = starts[alike][:, None] + np.arange(length)
        ordered[places] = np.sort(values[places], axis=1)
    return ordered


def as_column(tokens: Lists, many: bool) -> pa.Array:
    """Lists of tokens, or single tokens, for each row; missing where a row has none."""
    missing = tokens.lengths == 0
    if many:
        ends = np.append(0, np.cumsum(tokens.lengths))
        return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(tokens.values), mask=pa.array(missing))
    column = np.zeros(len(missing), dtype=np.int64)
    column[~missing] = tokens.values
    return pa.array(column, mask=missing)
