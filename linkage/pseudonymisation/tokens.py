"""From distinct raw values to their tokens: each distinct value is standardised and keyed once, then joined back."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from linkage.contracts.dataset import Column
from linkage.contracts.encodings import Derivation, Encodings, Standardiser
from linkage.pseudonymisation.keys import SubKey, TokenKey
from linkage.pseudonymisation.standardise import standard_form


def wildcards(date: str) -> list[str]:
    """A date with each digit masked in turn: two dates share one exactly when they differ in that one digit."""
    digits = date.replace("-", "")
    return [f"{digits[:place]}*{digits[place + 1 :]}" for place in range(len(digits))]


def parts(name: str) -> list[str]:
    """A name whole, and each part of a double-barrelled one: Smith-Jones may be Smith, or Jones, elsewhere."""
    words = [word for word in name.split() if len(word) > 1]
    return [name, *(words if len(words) > 1 else [])]


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
}


@dataclass(frozen=True)
class Taking:
    """What one token takes from one column: `name` is the column of the mapping table it fills."""

    name: str
    take: Derivation
    sub_key: SubKey


def takings(column: Column, kind: str, view: str, encodings: Encodings, token_key: TokenKey) -> list[Taking]:
    """What the tokens of `view` take from a column of that kind; clear codes are not keyed and not among them."""
    return [
        Taking(
            name=f"{view}__{name}",
            take=token.source[kind],
            sub_key=token_key.for_token(encodings.version, view, token.key or name),
        )
        for name, token in encodings.views[view].tokens.items()
        if kind in token.source and not token.clear
    ]


def standard_forms(raw: str, column: Column, steps: tuple[Standardiser, ...]) -> list[str | None]:
    """The standard form of each value in one cell, which holds several where the column has a separator."""
    values = raw.split(column.separator) if column.separator else [raw]
    return [standard_form(value, steps) for value in values]


def mapping(raws: list[str], column: Column, steps: tuple[Standardiser, ...], wanted: list[Taking]) -> pa.Table:
    """(raw, valid, one list of tokens per Taking): one row per distinct value of a column.

    `valid`: no value in the cell is one that cannot be; a cell may well say that there is none.
    `raw` is in clear: the table lives in the department's memory, for one join, and is never written.
    """
    forms = [standard_forms(raw, column, steps) for raw in raws]
    columns = {"raw": pa.array(raws, pa.string()), "valid": pa.array([None not in cell for cell in forms], pa.bool_())}
    for taking in wanted:
        derive = DERIVATIONS[taking.take]
        tokens = [[taking.sub_key.token(value) for form in cell if form for value in derive(form)] for cell in forms]
        columns[taking.name] = pa.array(tokens, pa.list_(pa.int64()))
    return pa.table(columns)
