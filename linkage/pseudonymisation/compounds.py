"""Several identifiers of a row as one token: it says that all of them agree, and nothing of one alone.

Each value was keyed once as a part (see tokens.py), in the department's memory. Here parts are put together, column by
column, under the key of the compound.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from linkage.contracts.dataset import Dataset
from linkage.contracts.encodings import Part
from linkage.contracts.encodings import gives_many as may_be_filled_in_several_ways
from linkage.pseudonymisation.extract import quoted
from linkage.pseudonymisation.keys import CompoundKey, Tokens
from linkage.pseudonymisation.tokens import batches, gives_many, part_column


@dataclass(frozen=True)
class Compound:
    """What is put together, and the key of it."""

    parts: tuple[Part, ...]
    key: CompoundKey


@dataclass(frozen=True)
class Lists:
    """A column of lists: `lengths` says how many of `values`, which stand one after another, each row has."""

    values: Tokens
    lengths: Tokens

    @functools.cached_property
    def starts(self) -> Tokens:
        """Where in `values` each row begins."""
        return np.asarray(np.cumsum(self.lengths) - self.lengths)


def put_together(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, rows: str, wanted: Mapping[str, Compound], more: Sequence[str]
) -> Iterator[tuple[pa.RecordBatch, dict[str, Lists]]]:
    """Block by block, the columns `more` of `rows`, an SQL source, and {name: the tokens of each row} for each wanted.

    Each identifier of a row is looked up once for all of them, in the mapping tables, of which `more` may speak too.
    """
    parts = list(dict.fromkeys(part_sql(dataset, part) for compound in wanted.values() for part in compound.parts))
    columns = ", ".join([*more, *(f"{part} as part_{n}" for n, part in enumerate(parts))])
    for block in batches(con, f"select {columns} from {rows} as source {lookups(dataset)}"):
        held = {part: lists(block.column(len(more) + n)) for n, part in enumerate(parts)}
        yield (
            block.select(range(len(more))),
            {
                name: tokens_of_rows([held[part_sql(dataset, part)] for part in compound.parts], compound.key)
                for name, compound in wanted.items()
            },
        )


def lookups(dataset: Dataset) -> str:
    """SQL: joins the mapping table of every identifier to the rows of `source`."""
    columns = [c for kind, found in dataset.identifiers.items() if kind != "sex" for c in found]
    return " ".join(f"left join map_{c.name} on map_{c.name}.raw = source.{quoted(c.name)}" for c in columns)


def lists(column: pa.Array) -> Lists:
    """A column of lists, or of single tokens of which some are missing, as lists of numbers."""
    if pa.types.is_list(column.type):
        lengths = numbers(column.value_lengths().fill_null(0))
        return Lists(numbers(column.flatten()), lengths)
    return Lists(numbers(column.drop_null()), numbers(column.is_valid().cast(pa.int64())))


def numbers(column: pa.Array) -> Tokens:
    """A column without gaps as numpy has it."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)


def tokens_of_rows(parts: Sequence[Lists], key: CompoundKey) -> Lists:
    """The tokens of each row: one for every way to fill the parts, sorted; none where a part is missing."""
    columns, lengths = ways_to_fill(parts)
    return Lists(sorted_by_row(key.tokens(*columns), lengths), lengths)


def ways_to_fill(parts: Sequence[Lists]) -> tuple[list[Tokens], Tokens]:
    """A column for each part, row after row in every way to fill it, and how many ways each row has."""
    columns: list[Tokens] = []
    row = np.arange(len(parts[0].lengths))
    for part in parts:
        times = part.lengths[row]
        which = np.repeat(np.arange(len(row)), times)
        nth = np.arange(len(which)) - np.repeat(np.cumsum(times) - times, times)
        row = row[which]
        columns = [*(column[which] for column in columns), part.values[part.starts[row] + nth]]
    return columns, np.bincount(row, minlength=len(parts[0].lengths))


def sorted_by_row(values: Tokens, lengths: Tokens) -> Tokens:
    """The values of each row in order: where in a name or a date one comes from is not told."""
    ordered, starts = values.copy(), np.cumsum(lengths) - lengths
    for length in np.unique(lengths[lengths > 1]):
        places = starts[lengths == length][:, None] + np.arange(length)
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


def part_sql(dataset: Dataset, part: Part) -> str:
    """SQL: what one part takes from a row: the first that is filled, or a list of all where there may be several."""
    cells = [
        (f"map_{column.name}.{part_column(take)}", gives_many(column, take))
        for kind, take in part.items()
        for column in dataset.identifiers.get(kind, [])
    ]
    return every(cells) if may_be_filled_in_several_ways(part) else first(cells)


def every(cells: Sequence[tuple[str, bool]]) -> str:
    """SQL: a list, without repeats and of no told order, of what stands in these cells, (SQL, is it a list?)."""
    (cell, many), *others = cells
    alone = f"coalesce({cell}, [])" if many else f"list_distinct([{cell}])"  # which leaves out what is missing
    if not others:
        return alone
    lists = ", ".join(f"coalesce({cell}, [])" if many else f"[{cell}]" for cell, many in cells)
    none_other = " and ".join(f"{cell} is null" for cell, _ in others)
    return f"case when {none_other} then {alone} else list_distinct(flatten([{lists}])) end"


def first(cells: Sequence[tuple[str, bool]]) -> str:
    """SQL: the first of these cells, (SQL, is it a list?), that is filled."""
    return f"coalesce({', '.join(f'{cell}[1]' if many else cell for cell, many in cells)})"


def can_fill(dataset: Dataset, parts: Sequence[Part]) -> bool:
    """Has a dataset an identifier for every part?"""
    return all(dataset.identifiers.keys() & part for part in parts)
