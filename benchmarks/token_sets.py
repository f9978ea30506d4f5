"""Candidate token sets for the rows that are scored, made from encoded rows: what a row would hold, and what is linked.

An attack looks at which tokens are equal, so a set can be had from the tokens of the default without a key: a compound
of two tokens is a number made of both.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from linkage.attack.attack import Meanings
from linkage.attack.sample import Sample

NAMES = ("surname", "forename")
MIX = 0x9E3779B97F4A7C15
COMPOUNDS = (("surname", "forename"), ("surname", "dob"), ("surname", "postcode"), ("forename", "dob"))


@dataclass(frozen=True)
class TokenSet:
    """`names`: exact, by birth year (keyed together with it) or compounds only."""

    title: str
    wildcards: bool
    initials: bool
    names: str = "exact"


SETS = {
    "default": TokenSet("as declared", wildcards=True, initials=True),
    "initials_apart": TokenSet("initials where no name can be joined to them", wildcards=True, initials=False),
    "no_wildcards": TokenSet("and no date wildcards", wildcards=False, initials=False),
    "by_birth_year": TokenSet("and names keyed with the year of birth", False, False, "by birth year"),
    "high_sensitivity": TokenSet("whole dates, names as compounds only", False, False, "compounds"),
}


def mixed(*parts: Any) -> pd.Series:
    """One number of several, null where one is missing."""
    columns = [pd.Series(part) for part in parts]
    filled = np.logical_and.reduce([column.notna() for column in columns])
    number = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        value = column.fillna(0).astype(np.int64).to_numpy().view(np.uint64)
        number = (number ^ value) * np.uint64(MIX)
        number ^= number >> np.uint64(29)
    return pd.Series((number >> np.uint64(1)).astype(np.int64), index=columns[0].index, dtype="Int64").where(filled)


def rows_of(chosen: TokenSet, rows: pd.DataFrame, year: pd.Series) -> pd.DataFrame:
    """The rows with the tokens of the chosen set. `year`: {date token: year of birth}."""
    gone = [] if chosen.wildcards else ["dob_wild"]
    gone += [] if chosen.initials else [f"{name}_initial" for name in NAMES]
    found = rows.drop(columns=[column for column in gone if column in rows])
    if chosen.names == "exact":
        return found
    if chosen.names == "compounds":
        made = {f"{a}+{b}": mixed(found[a], found[b]) for a, b in COMPOUNDS}
        return found.drop(columns=[*NAMES, "surnames"]).assign(**made)
    born = found["dob"].map(year)
    lists = found[["surnames"]].assign(born=born).explode("surnames")
    listed = mixed(lists["surnames"], lists["born"]).groupby(level=0).agg(lambda tokens: sorted(tokens.dropna()))
    return found.assign(**{name: mixed(found[name], born) for name in NAMES}, surnames=listed)


def reduced(chosen: TokenSet, sample: Sample, truth: Meanings) -> tuple[Sample, dict[str, pd.Series]]:
    """The sample with the tokens of the chosen set, and what they mean."""
    year = truth["dob"].str[:4].astype(int)
    rows = rows_of(chosen, sample.rows.reset_index(drop=True), year)
    meanings = dict(truth)
    if chosen.names == "by birth year":
        old = sample.rows.reset_index(drop=True)
        pairs = (
            pd.concat([pd.DataFrame({"new": rows[n], "old": old[n]}) for n in NAMES]).dropna().drop_duplicates("new")
        )
        meanings["name"] = pd.Series(pairs["old"].map(truth["name"]).to_numpy(), index=pairs["new"].astype(np.int64))
    return Sample(rows, sample.people), meanings
