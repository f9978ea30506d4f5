"""Several identifiers of a row as one token: it says that all of them agree, and nothing of one alone.

Each value was keyed once as a part (see tokens.py), in the department's memory. Here parts are put together, column by
column, under the key of the compound.
"""

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from linkage.contracts.dataset import Column, Dataset
from linkage.contracts.encodings import Part
from linkage.contracts.encodings import gives_many as may_be_filled_in_several_ways
from linkage.pseudonymisation.extract import quoted
from linkage.pseudonymisation.keys import CompoundKey, Tokens
from linkage.pseudonymisation.tokens import add, batches, gives_many, part_column


def add_compounds(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, rows: str, parts: Sequence[Part], key: CompoundKey, table: str
) -> None:
    """Make `table` (id, token): one row per way to fill the parts from a row of `rows`, an SQL source of `id` and raws.

    A row in which a part is missing has none.
    """
    empty = pa.table({"id": pa.array([], pa.int64()), "token": pa.array([], pa.int64())})
    add(con, empty, table)
    for block in batches(con, ways_to_fill(dataset, rows, parts)):
        columns = [numbers(block.column(place)) for place in range(block.num_columns)]
        add(con, pa.table({"id": columns[0], "token": key.tokens(*columns[1:])}), table)


def numbers(column: pa.Array) -> Tokens:
    """A column without gaps as numpy has it."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)


def ways_to_fill(dataset: Dataset, rows: str, parts: Sequence[Part]) -> str:
    """SQL: (id, part_0, part_1 …), each way once for a row."""
    columns = sorted({column.name for part in parts for column in columns_of(dataset, part)})
    maps = " ".join(f"left join map_{name} on map_{name}.raw = source.{quoted(name)}" for name in columns)
    filled = ", ".join(f"{part_sql(dataset, part)} as part_{n}" for n, part in enumerate(parts))
    listed = [n for n, part in enumerate(parts) if may_be_filled_in_several_ways(part)]
    each = [f"one_{n}" if n in listed else f"part_{n}" for n in range(len(parts))]
    every_way = " ".join(f", unnest(part_{n}) as u{n}(one_{n})" for n in listed)
    there = " and ".join(f"part_{n} is not null" for n in range(len(parts)) if n not in listed) or "true"
    return f"""
        with held as (select source.id, {filled} from {rows} as source {maps})
        select id, {", ".join(each)} from held {every_way} where {there}
    """


def columns_of(dataset: Dataset, part: Part) -> list[Column]:
    """The columns of a dataset that can fill a part."""
    return [column for kind in part for column in dataset.identifiers.get(kind, [])]


def part_sql(dataset: Dataset, part: Part) -> str:
    """SQL: what one part takes from a row: the first that is filled, or a list of all where there may be several."""
    cells = [
        (f"map_{column.name}.{part_column(take)}", gives_many(column, take))
        for kind, take in part.items()
        for column in dataset.identifiers.get(kind, [])
    ]
    if may_be_filled_in_several_ways(part):
        return every(cells)
    return first(cells)


def every(cells: Sequence[tuple[str, bool]]) -> str:
    """SQL: a sorted list, without repeats, of what stands in these cells, (SQL, is it a list?)."""
    lists = ", ".join(f"coalesce({cell}, [])" if many else f"[{cell}]" for cell, many in cells)
    return f"list_sort(list_distinct(flatten([{lists}])))"  # list_distinct leaves out what is missing


def first(cells: Sequence[tuple[str, bool]]) -> str:
    """SQL: the first of these cells, (SQL, is it a list?), that is filled."""
    return f"coalesce({', '.join(f'{cell}[1]' if many else cell for cell, many in cells)})"


def can_fill(dataset: Dataset, parts: Sequence[Part]) -> bool:
    """Has a dataset an identifier for every part?"""
    return all(dataset.identifiers.keys() & part for part in parts)
