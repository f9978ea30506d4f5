"""From distinct raw values to their tokens: each distinct value is standardised and keyed once, then joined back."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import duckdb
import numpy as np
import pyarrow as pa

from linkage.contracts.dataset import Column
from linkage.contracts.encodings import MANY_VALUED, Derivation, Encodings, Part, Standardiser, View
from linkage.pseudonymisation.keys import SubKey, TokenKey
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


def standard_forms(raw: str, column: Column, steps: tuple[Standardiser, ...]) -> list[str | None]:
    """The standard form of each value in one cell, which holds several where the column has a separator."""
    values = raw.split(column.separator) if column.separator else [raw]
    return [standard_form(value, steps) for value in values]


def mapping(raws: list[str], column: Column, steps: tuple[Standardiser, ...], wanted: list[Taking]) -> pa.Table:
    """(raw, valid, the token or tokens of each Taking): one row per value of a column.

    `valid`: no value in the cell is one that cannot be; a cell may well say that there is none.
    `raw` is in clear: the table lives in the department's memory, for joins, and is never written.
    """
    cells = [standard_forms(raw, column, steps) for raw in raws]
    columns = {"raw": pa.array(raws, pa.string()), "valid": pa.array([None not in cell for cell in cells], pa.bool_())}
    held = [[form for form in cell if form] for cell in cells]
    for taking in wanted:
        columns[taking.name] = tokens_of(derived(held, taking.take), taking)
    return pa.table(columns)


def derived(held: list[list[str]], take: Derivation) -> list[list[str]]:
    """What is taken from each cell's standard forms."""
    derive = DERIVATIONS[take]
    return held if take == "whole" else [[value for form in cell for value in derive(form)] for cell in held]


def tokens_of(cells: list[list[str]], taking: Taking) -> pa.Array:
    """The tokens of each cell: a list where there may be many, else one or none. Each distinct value is keyed once."""
    taken = cells if taking.many else [cell[:1] for cell in cells]
    values = list(itertools.chain.from_iterable(taken))
    ends = np.cumsum(np.fromiter(map(len, taken), np.int64, len(taken)))
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    keyed = each_once(values, taking.sub_key)
    if taking.many:
        return pa.ListArray.from_arrays(pa.array(np.append(starts, len(values)), pa.int32()), keyed)
    return keyed.take(pa.array(starts, pa.int64(), mask=starts == ends))


def each_once(values: list[str], key: SubKey) -> pa.Array:
    """The token of each value, which is keyed once however often it comes."""
    distinct = dict.fromkeys(values)
    tokens = pa.array(key.tokens(distinct))
    if len(distinct) == len(values):
        return tokens
    place = dict(zip(distinct, range(len(distinct)), strict=True))
    return tokens.take(pa.array(map(place.__getitem__, values), pa.int64()))


def blocks(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[list[str]]:
    """The texts a query gives, BLOCK at a time."""
    for batch in batches(con, query):
        yield batch.column(0).to_pylist()


def batches(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
    """What a query gives, BLOCK rows at a time, by a cursor of its own: whoever reads it may write meanwhile."""
    with con.cursor() as cursor:
        yield from cast(Any, cursor.sql(query)).to_arrow_reader(BLOCK)


def add(con: duckdb.DuckDBPyConnection, rows: pa.Table, table: str) -> None:
    """Add rows to a table, which is made with their columns where it is not there."""
    con.register("arriving", rows)
    con.execute(f"create table if not exists {table} as from arriving limit 0")
    con.execute(f"insert into {table} from arriving")
    con.unregister("arriving")
