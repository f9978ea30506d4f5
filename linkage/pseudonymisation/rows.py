"""From rows of identifiers to rows of tokens, block by block; for records with the same identifiers they are made once.

Several identifiers of a row become one token, a compound: it says that all of them agree, and nothing of one alone.
Each value was keyed once as a part (see tokens.py), in the department's memory. Here parts are put together, column by
column, under the key of the compound.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from linkage.contracts.dataset import Column, Dataset
from linkage.contracts.encodings import Encodings, Part, gives_many
from linkage.pseudonymisation import intake
from linkage.pseudonymisation.extract import quoted
from linkage.pseudonymisation.keys import CompoundKey, TokenKey
from linkage.pseudonymisation.lists import Lists, Rows, as_column, every, first, lists, sorted_by_row, ways_to_fill
from linkage.pseudonymisation.tokens import Cells, Lookup, batches, part_name, parts_taken, single_name, takings


class Block:
    """Rows, each for all the records that have its identifiers. `cells`: of each kind, those of every column."""

    def __init__(self, rows: pa.RecordBatch, cells: dict[str, list[Cells]]) -> None:
        self._rows, self._cells = rows, cells
        self._parts: dict[tuple[tuple[str, str], ...], Lists] = {}

    def view_ids(self, view: str) -> Lists:
        """The records each row is for, by their pseudonyms in a view."""
        return lists(self._rows.column(f"{view}__view_id"))

    def clear(self, name: str) -> pa.Array:
        """A clear code."""
        return self._rows.column(name)

    def single(self, kinds: Iterable[str], name: str, many: bool) -> Lists:
        """The tokens of that name, of all columns of these kinds: of `many` all, else of the first that is filled."""
        return together([cells.tokens(name) for kind in kinds for cells in self._cells.get(kind, [])], many)

    def part(self, part: Part) -> Lists:
        """One part of compounds."""
        key = tuple(part.items())
        if key not in self._parts:
            taken = [c.tokens(part_name(take)) for kind, take in key for c in self._cells.get(kind, [])]
            self._parts[key] = together(taken, gives_many(part))
        return self._parts[key]

    def compound(self, parts: Sequence[Part], key: CompoundKey) -> Lists:
        """The tokens of each row that are made of these parts."""
        return tokens_of_rows([self.part(part) for part in parts], key)


def blocks(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, encodings: Encodings, token_key: TokenKey, invalid: Counter[str]
) -> Iterator[Block]:
    """The rows of the table `known`, those with the same identifiers as one.

    `invalid` counts, by column, the records with a value that cannot be.
    """
    views = dataset.views(encodings)
    lookups = {c.name: lookup(kind, c, views, encodings, token_key) for kind, c in identifiers(dataset)}
    ids = [f"list({view}__view_id) as {view}__view_id" for view in views]
    of_rows = [*map(quoted, lookups), *clear_codes(dataset, encodings), *ids]
    # By sex as it is written, so that its code is found for what is left.
    alike = [quoted(column.name) for columns in dataset.identifiers.values() for column in columns]
    for rows in batches(con, f"select {', '.join(of_rows)} from known group by {', '.join(alike)}"):
        records, cells = lists(rows.column(f"{views[0]}__view_id")).lengths, defaultdict(list)
        for kind, column in identifiers(dataset):
            found = lookups[column.name].cells(rows.column(column.name))
            invalid[column.name] += int(records[found.invalid].sum())
            cells[kind].append(found)
        yield Block(rows, cells)


def lookup(kind: str, column: Column, views: Sequence[str], encodings: Encodings, token_key: TokenKey) -> Lookup:
    """The tokens of a column's texts, for all these views."""
    wanted = [[taking] for view in views for taking in takings(kind, view, encodings, token_key)]
    wanted += parts_taken(kind, views, encodings, token_key)
    return Lookup(column, encodings.identifiers[kind].standardise, wanted)


def identifiers(dataset: Dataset) -> Iterator[tuple[str, Column]]:
    """(kind, column) of each column that leaves as tokens; sex is a clear code and needs none."""
    for kind, columns in dataset.identifiers.items():
        if kind != "sex":
            yield from ((kind, column) for column in columns)


def clear_codes(dataset: Dataset, encodings: Encodings) -> list[str]:
    """SQL: the clear code of each token that is one, null where it is not known."""
    return [
        f"nullif({intake.sex_word(dataset.identifiers['sex'][0])}, {intake.text(intake.UNCLEAR_SEX)}) "
        f"as {single_name(view, name)}"
        for view in dataset.views(encodings)
        for name in told(dataset, encodings, view)
        if encodings.views[view].tokens[name].clear
    ]


def told(dataset: Dataset, encodings: Encodings, view: str) -> list[str]:
    """The tokens that rows of a dataset have in a view: those it can fill, without those its profile leaves out."""
    without = encodings.profile(dataset.sensitivity).without_tokens
    return [name for name in encodings.seen(frozenset(dataset.identifiers), view) if name not in without]


def encoded(block: Block, dataset: Dataset, encodings: Encodings, view: str, token_key: TokenKey) -> pa.Table:
    """(view_id, tokens …): one row per record of a block. A list is sorted, without repeats, and null when empty."""
    names, ids = told(dataset, encodings, view), block.view_ids(view)
    rows = np.repeat(np.arange(len(ids.lengths), dtype=np.int32), ids.lengths)
    tokens = {name: token_column(block, rows, encodings, view, name, token_key) for name in names}
    return pa.table({"view_id": ids.values} | tokens)


def token_column(block: Block, rows: Rows, encodings: Encodings, view: str, name: str, token_key: TokenKey) -> pa.Array:
    """One token of each of these rows, from every column of the dataset that can fill it."""
    token = encodings.views[view].tokens[name]
    if token.clear:
        return block.clear(single_name(view, name)).take(pa.array(rows))
    if token.source:
        found = block.single(token.source, single_name(view, name), token.many)
    else:
        found = block.compound(token.compound, token_key.for_compound(encodings.version, view, token.key or name))
    # Arrow takes rows of single tokens twice as fast as numpy, and of lists of them four times as slowly.
    return as_column(found.of(rows), many=True) if token.many else as_column(found, many=False).take(pa.array(rows))


def together(columns: Sequence[Lists], many: bool) -> Lists:
    """Several columns that can fill one place: all that stands in them, or the first that is filled."""
    return every(columns) if many else first(columns)


def tokens_of_rows(parts: Sequence[Lists], key: CompoundKey) -> Lists:
    """The tokens of each row: one for every way to fill the parts, sorted; none where a part is missing."""
    columns, lengths = ways_to_fill(parts)
    return Lists(sorted_by_row(key.tokens(*columns), lengths), lengths)
