"""From the texts of an identifier to their tokens: each distinct text is standardised and keyed once, and looked up."""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.contracts.dataset import Column
from linkage.contracts.encodings import Derivation, Encodings, Part, Standardiser
from linkage.pseudonymisation.keys import SubKey, TokenKey, Tokens
from linkage.pseudonymisation.lists import Lists, gathered, joined, numbers
from linkage.pseudonymisation.regions import region
from linkage.pseudonymisation.standardise import standard_forms

# How many rows are taken at a time, and how many texts of a column are kept: memory does not grow with the extract.
BLOCK = 100_000
SOUNDS = {
    letter: digit for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for letter in letters
}


def wildcards(date: str) -> list[str]:
    """A date with each digit masked in turn: two dates share one exactly when they differ in that one digit."""
    digits = date.replace("-", "")
    return [f"{digits[:place]}*{digits[place + 1 :]}" for place in range(len(digits))]


def day_and_month(date: str) -> list[str]:
    """A date with day and month in no order, of those that are a date in either: 3 April is 4 March elsewhere."""
    year, month, day = date.split("-")
    return [f"{year} {min(day, month)} {max(day, month)}"] if day <= "12" and day != month else []


def parts(name: str) -> list[str]:
    """A name whole, and each part of a double-barrelled one: Smith-Jones may be Smith, or Jones, elsewhere."""
    if " " not in name:  # nearly always
        return [name]
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
    "region": lambda postcode: [region(postcode)],
    "clear": lambda form: [form],
    "soundex": soundex,
    "prefix": lambda form: [form[:3]],
    "year": lambda date: [date[:4]],
    "month": lambda date: [date.replace("-", "")[:6]],
    "day_and_month": day_and_month,
    "first_letters": lambda name: [part[0] for part in parts(name)],
}


@dataclass(frozen=True)
class Taking:
    """What one token takes from one column; `name` is what its tokens are looked up by."""

    name: str
    take: Derivation
    sub_key: SubKey


def takings(kind: str, view: str, encodings: Encodings, token_key: TokenKey) -> list[Taking]:
    """What the tokens of `view` take from a column of that kind; clear codes are not keyed and not among them."""
    return [
        Taking(
            name=single_name(view, name),
            take=token.source[kind],
            sub_key=token_key.for_token(encodings.version, view, token.key or name),
        )
        for name, token in encodings.views[view].tokens.items()
        if kind in token.source and not token.clear
    ]


def parts_taken(kind: str, views: Iterable[str], encodings: Encodings, token_key: TokenKey) -> list[list[Taking]]:
    """What compounds of these views take from a column of that kind, and what their sealed rules take besides."""
    key, seen = token_key.for_part(encodings.version), [encodings.views[view] for view in views]
    compounds = [token.compound for view in seen for token in view.tokens.values()]
    rules = [parts for view in seen for parts in view.sealed_blocking.values()]
    for_rows, for_rules = taken_from(kind, compounds), taken_from(kind, rules)
    return [[Taking(part_name(take), take, key) for take in sorted(t)] for t in (for_rows, for_rules - for_rows)]


def taken_from(kind: str, compounds: Iterable[tuple[Part, ...]]) -> set[Derivation]:
    """What any of these compounds takes from a column of that kind."""
    return {part[kind] for parts in compounds for part in parts if kind in part}


def single_name(view: str, token: str) -> str:
    """What a token of one identifier is looked up by; of a clear code, the column it stands in."""
    return f"{view}__{token}"


def part_name(take: Derivation) -> str:
    """What compounds take is looked up by this."""
    return f"part__{take}"


@dataclass(frozen=True)
class Values:
    """What stands in the cells of a column, one after another: `cell` says which each is of, ascending."""

    texts: list[str]
    cell: Tokens


class Keyed:
    """Texts of a column, in clear: whether each is valid, and by the name of each Taking the tokens it gives.

    It lives in the department's memory and is never written. A text is valid where no value in the cell is one that
    cannot be; a cell may well say that there is none. `wanted`: Takings under one key, in lists; of a list everything
    is made when something of it is first asked for, and a value is keyed once.
    """

    def __init__(self, held: Values, valid: npt.NDArray[np.bool_], wanted: list[list[Taking]]) -> None:
        self._held, self.valid, self._wanted = held, valid, wanted
        self._made: dict[str, Lists] = {}

    def tokens(self, name: str) -> Lists:
        """What the Taking of that name gives of each text."""
        if name not in self._made:
            takings = next(takings for takings in self._wanted if name in {taking.name for taking in takings})
            self._made |= tokens_of(self._held, takings, len(self.valid))
        return self._made[name]


def keyed(raws: list[str], column: Column, steps: tuple[Standardiser, ...], wanted: list[list[Taking]]) -> Keyed:
    """Distinct texts of a column, standardised, and to be keyed."""
    given = in_cells(raw.split(column.separator) for raw in raws) if column.separator else one_each(raws)
    forms = standard_forms(given.texts, steps)
    there = list(filter(None, forms))
    without = [place for place, form in enumerate(forms) if not form] if len(there) < len(forms) else []
    valid = np.ones(len(raws), dtype=bool)
    valid[given.cell[[place for place in without if forms[place] is None]]] = False
    return Keyed(Values(there, np.delete(given.cell, without)), valid, wanted)


@dataclass(frozen=True)
class Cells:
    """The cells of a column: where in `known`, one after another, each stands."""

    known: Sequence[Keyed]
    places: Tokens

    @property
    def invalid(self) -> npt.NDArray[np.bool_]:
        """Which of them hold a value that cannot be."""
        return np.asarray(~np.concatenate([texts.valid for texts in self.known])[self.places])

    def tokens(self, name: str) -> Lists:
        """What the Taking of that name gives of each."""
        return joined([texts.tokens(name) for texts in self.known]).of(self.places)


class Lookup:
    """What the texts of one column give, each keyed when it first comes; where they are many they are forgotten again.

    So a name that comes in every block is keyed once, and memory does not grow with ids of which each comes once.
    """

    def __init__(self, column: Column, steps: tuple[Standardiser, ...], wanted: list[list[Taking]]) -> None:
        self._keyed = functools.partial(keyed, column=column, steps=steps, wanted=wanted)
        self._forget()

    def _forget(self) -> None:
        """Know nothing but the empty text."""
        self._texts, self._known = pa.array([""]), [self._keyed([""])]

    def cells(self, column: pa.StringArray) -> Cells:
        """These cells, which may be missing: nothing is as an empty text."""
        if len(self._texts) > BLOCK:
            self._forget()
        # What is known stands first, each text once: its numbers stay as they are, and new ones follow.
        known = len(self._texts)
        coded = pa.concat_arrays([self._texts, column.fill_null("")]).dictionary_encode()
        self._texts = coded.dictionary
        self._known = [*self._known, self._keyed(self._texts[known:].to_pylist())]
        return Cells(self._known, numbers(coded.indices[known:]))


def one_each(texts: list[str]) -> Values:
    """Cells of one text each."""
    return Values(texts, np.arange(len(texts)))


def in_cells(lists: Iterable[list[str]]) -> Values:
    """The texts of each list, as those of a cell."""
    texts: list[str] = []
    lengths = []
    for found in lists:  # each forgotten at once: Python looks through many small lists again and again, to free them
        texts += found
        lengths.append(len(found))
    return Values(texts, np.repeat(np.arange(len(lengths)), lengths))


def derived(held: Values, take: Derivation) -> Values:
    """What is taken from each standard form."""
    if take == "whole":
        return held
    found = in_cells(map(DERIVATIONS[take], held.texts))
    return Values(found.texts, held.cell[found.cell])


def tokens_of(held: Values, takings: list[Taking], cells: int) -> dict[str, Lists]:
    """{name of a Taking: its tokens in each of so many cells}, of Takings under one key."""
    taken, key = [derived(held, taking.take) for taking in takings], takings[0].sub_key
    # Of whole forms by themselves hardly two are alike, and a look at each costs more than it spares.
    alone = [taking.take for taking in takings] == ["whole"]
    tokens = [key.tokens(held.texts)] if alone else tokens_by_one_key(key, [values.texts for values in taken])
    found = zip(takings, tokens, taken, strict=True)
    return {taking.name: gathered(n, values.cell, cells) for taking, n, values in found}


def tokens_by_one_key(key: SubKey, lists: list[list[str]]) -> list[Tokens]:
    """The tokens of each list of texts; a text that comes again is keyed once."""
    coded = pa.array(itertools.chain.from_iterable(lists), pa.string()).dictionary_encode()
    tokens = key.tokens(coded.dictionary.to_pylist())[numbers(coded.indices)]
    return np.split(tokens, np.cumsum([*map(len, lists)])[:-1])


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
