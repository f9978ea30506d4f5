"""From distinct raw values to their tokens: each distinct value is standardised and keyed once, then joined back."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.contracts.dataset import Column
from linkage.contracts.encodings import MANY_VALUED, Derivation, Encodings, Part, Standardiser, View
from linkage.pseudonymisation.keys import SubKey, TokenKey, Tokens
from linkage.pseudonymisation.standardise import standard_form

# How many distinct values are keyed at a time: memory does not grow with the extract.
BLOCK = 100_000
SOUNDS = {
    letter: digit for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for letter in letters
}


def wildcards(date: str) -> list[str]:
    """A date with each digit masked in turn: two dates share one exactly when they differ in that one digit."""
    digits = date.replace("-", "")
    return [f"{digits[:place]}*{digits[place + 1 :]}" for place in range(len(digits))]


def parts(name: str) -> list[str]:
    """A name whole, and each part of a double-barrelled one: Smith-Jones may be Smith, or Jones, elsewhere."""
    words = [word for word in name.split() if len(word) > 1]
    return [name, *(words if len(words) > 1 else [])]


def soundex(name: str) -> list[str]:
    """The Soundex code (Russell 1918, as the US census has it) of each word of a name: SMITH and SMYTHE are S530."""
    return [code_of(word) for word in name.split() if word.isalpha()]


def code_of(word: str) -> str:
    """A letter and three digits. Equal sounds in a row count once, also across h and w, but not across a vowel."""
    code, last = word[0], SOUNDS.get(word[0])
    for letter in word[1:]:
        digit = SOUNDS.get(letter)
        if digit and digit != last:
            code += str(digit)
        if letter not in "hw":
            last = digit
    return code[:4].ljust(4, "0")


DERIVATIONS: dict[Derivation, Callable[[str], list[str]]] = {
    "whole": lambda form: [form],
    "first_word": lambda form: form.split()[:1],
    "several_words": lambda form: [form] if " " in form else [],
    "parts": parts,
    "first_letter": lambda form: [form[0]],
    "last_letter": lambda form: [form[-1]],
    "wildcards": wildcards,
    "sector": lambda postcode: [postcode[:-2]],
    "district": lambda postcode: [postcode[:-3]],
    "clear": lambda form: [form],
    "soundex": soundex,
    "prefix": lambda form: [form[:3]],
    "year": lambda date: [date[:4]],
    "month": lambda date: [date.replace("-", "")[:6]],
    "first_letters": lambda name: [part[0] for part in parts(name)],
}


@dataclass(frozen=True)
class Taking:
    """What one token takes from one column: `name` is the column of the mapping table it fills.

    `many`: a cell may give several, so the column holds lists; else it holds single tokens.
    """

    name: str
    take: Derivation
    sub_key: SubKey
    many: bool


def takings(column: Column, kind: str, view: str, encodings: Encodings, token_key: TokenKey) -> list[Taking]:
    """What the tokens of `view` take from a column of that kind; clear codes are not keyed and not among them."""
    return [
        Taking(
            name=f"{view}__{name}",
            take=token.source[kind],
            sub_key=token_key.for_token(encodings.version, view, token.key or name),
            many=gives_many(column, token.source[kind]),
        )
        for name, token in encodings.views[view].tokens.items()
        if kind in token.source and not token.clear
    ]


def parts_taken(
    column: Column, kind: str, views: Iterable[str], encodings: Encodings, token_key: TokenKey
) -> list[Taking]:
    """What compounds and sealed rules of these views take from a column of that kind."""
    key = token_key.for_part(encodings.version)
    taken = {part[kind] for view in views for part in parts_of(encodings.views[view]) if kind in part}
    return [Taking(part_column(take), take, key, gives_many(column, take)) for take in sorted(taken)]


def parts_of(view: View) -> Iterator[Part]:
    """The parts of every compound token and of every sealed rule of a view."""
    for token in view.tokens.values():
        yield from token.compound
    for parts in view.sealed_blocking.values():
        yield from parts


def part_column(take: Derivation) -> str:
    """The column of a mapping table that holds what compounds take from it."""
    return f"part__{take}"


def gives_many(column: Column, take: Derivation) -> bool:
    """May one cell of a column give several values?"""
    return bool(column.separator) or take in MANY_VALUED


@dataclass(frozen=True)
class Values:
    """What stands in the cells of a column, one after another: `cell` says which each is of, ascending."""

    texts: list[str]
    cell: Tokens

    @property
    def first(self) -> npt.NDArray[np.bool_]:
        """Which of them are the first of their cell."""
        return np.diff(self.cell, prepend=-1) > 0


def mapping(raws: list[str], column: Column, steps: tuple[Standardiser, ...], wanted: list[Taking]) -> pa.Table:
    """(raw, valid, the token or tokens of each Taking): one row per value of a column.

    `valid`: no value in the cell is one that cannot be; a cell may well say that there is none.
    `raw` is in clear: the table lives in the department's memory, for joins, and is never written.
    """
    given = in_cells([raw.split(column.separator) for raw in raws]) if column.separator else one_each(raws)
    forms = [standard_form(text, steps) for text in given.texts]
    valid = np.ones(len(raws), dtype=bool)
    valid[given.cell[np.array([form is None for form in forms], dtype=bool)]] = False
    there = np.array([bool(form) for form in forms], dtype=bool)
    held = Values([form for form in forms if form], given.cell[there])
    columns = {"raw": pa.array(raws, pa.string()), "valid": pa.array(valid)}
    return pa.table(columns | {taking.name: tokens_of(held, taking, len(raws)) for taking in wanted})


def one_each(texts: list[str]) -> Values:
    """Cells of one text each."""
    return Values(texts, np.arange(len(texts)))


def in_cells(lists: list[list[str]]) -> Values:
    """The texts of each list, as those of a cell."""
    return Values(list(itertools.chain.from_iterable(lists)), np.repeat(np.arange(len(lists)), [*map(len, lists)]))


def derived(held: Values, take: Derivation) -> Values:
    """What is taken from each standard form."""
    if take == "whole":
        return held
    found = in_cells([DERIVATIONS[take](form) for form in held.texts])
    return Values(found.texts, held.cell[found.cell])


def tokens_of(held: Values, taking: Taking, cells: int) -> pa.Array:
    """The tokens of each of so many cells: a sorted list without repeats where there may be many, else one or none."""
    taken = derived(held, taking.take)
    if taking.many:
        return lists_of(each_once(taken.texts, taking.sub_key), taken.cell, cells)
    first = taken.first
    texts = taken.texts if first.all() else list(itertools.compress(taken.texts, first))
    tokens, missing = np.zeros(cells, dtype=np.int64), np.ones(cells, dtype=bool)
    tokens[taken.cell[first]], missing[taken.cell[first]] = each_once(texts, taking.sub_key), False
    return pa.array(tokens, mask=missing)


def lists_of(tokens: Tokens, cell: Tokens, cells: int) -> pa.Array:
    """The tokens of each of so many cells as a sorted list without repeats."""
    order = np.lexsort((tokens, cell))
    tokens, cell = tokens[order], cell[order]
    new = (np.diff(cell, prepend=-1) > 0) | (np.diff(tokens, prepend=0) != 0)
    ends = np.cumsum(np.bincount(cell[new], minlength=cells))
    return pa.ListArray.from_arrays(pa.array(np.append(0, ends), pa.int32()), pa.array(tokens[new]))


def each_once(values: list[str], key: SubKey) -> Tokens:
    """The token of each value, which is keyed once however often it comes."""
    distinct = dict.fromkeys(values)
    tokens = key.tokens(distinct)
    if len(distinct) == len(values):
        return tokens
    place = dict(zip(distinct, range(len(distinct)), strict=True))
    return np.asarray(tokens[np.fromiter(map(place.__getitem__, values), np.int64, len(values))])


def blocks(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[list[str]]:
    """The texts a query gives, BLOCK at a time."""
    for batch in batches(con, query):
        yield batch.column(0).to_numpy(zero_copy_only=False).tolist()


def batches(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
    """What a query gives, BLOCK rows at a time, by a cursor of its own: whoever reads it may write meanwhile.

    There is one block at least, of no rows where there are none, so that a table is made of it.
    """
    with con.cursor() as cursor:
        arriving = cast(Any, cursor.sql(query)).to_arrow_reader(BLOCK)
        yield next(arriving, pa.RecordBatch.from_pylist([], schema=arriving.schema))
        yield from arriving


def add(con: duckdb.DuckDBPyConnection, rows: pa.Table, table: str) -> None:
    """Add rows to a table, which is made with their columns where it is not there."""
    con.register("arriving", rows)
    con.execute(f"create table if not exists {table} as from arriving limit 0")
    con.execute(f"insert into {table} from arriving")
    con.unregister("arriving")
