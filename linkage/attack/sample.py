"""Encoded rows as an intruder sorts them: which rows are one person's, and who goes by which token."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Numbers that a department gives to one person: equal tokens of them are rows of one person.
PERSONAL_NUMBERS = ("pnc", "nomis", "crn", "nino", "defendant_id", "client_reference")


@dataclass(frozen=True)
class Sample:
    """`rows`: one row per record, tokens as integers, null where missing. `people`: how many there seem to be.

    The column `person` numbers the groups of rows that share a departmental number, directly or through others.
    """

    rows: pd.DataFrame
    people: int

    def pairs(self, *columns: str) -> pd.DataFrame:
        """(person, columns …): each combination once per person, without those that miss one; lists are unrolled."""
        found = self.rows[["person", *columns]].dropna()
        for column in columns:
            if found[column].dtype == object:
                found = found.explode(column)
        return found.drop_duplicates()

    def has(self, *columns: str) -> bool:
        """Does some row hold these tokens?"""
        return all(column in self.rows and self.rows[column].notna().any() for column in columns)


def sample(encoded: pa.Table) -> Sample:
    """The rows of encoded files, sorted into people."""
    rows = encoded.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    for column, values in rows.items():
        if str(values.dtype) == "Int64" and not values.isna().any():
            rows[column] = values.astype(np.int64)
    person = grouped(rows, [column for column in PERSONAL_NUMBERS if column in rows])
    return Sample(rows.assign(person=person), int(person.max()) + 1 if len(person) else 0)


def grouped(rows: pd.DataFrame, columns: Sequence[str]) -> Numbers:
    """The group of each row: rows with an equal token in one of the columns are in one group, and so on."""
    many, ends, starts = len(rows), [], []
    numbered = many
    for column in columns:
        codes, distinct = pd.factorize(rows[column])
        filled = np.flatnonzero(codes >= 0)
        starts.append(filled)
        ends.append(codes[filled] + numbered)
        numbered += len(distinct)
    if not starts:
        return np.arange(many)
    start, end = np.concatenate(starts), np.concatenate(ends)
    joined = coo_matrix((np.ones(len(start)), (start, end)), shape=(numbered, numbered))
    group = connected_components(joined, directed=False)[1][:many]
    return np.unique(group, return_inverse=True)[1].astype(np.int64)


def counted(pairs: pd.DataFrame, column: str, places: pd.Series) -> Floats:
    """How many people go by each token; `places` says where a token stands in the result."""
    at = pairs[column].map(places).dropna().astype(int)
    return np.bincount(at, minlength=len(places)).astype(float)


def crossed(
    pairs: pd.DataFrame, rows: str, columns: str, row_places: pd.Series, column_places: pd.Series
) -> csr_matrix:
    """How many people go by each two tokens together."""
    a, b = pairs[rows].map(row_places), pairs[columns].map(column_places)
    both = (a.notna() & b.notna()).to_numpy()
    at = (a[both].astype(int), b[both].astype(int))
    return coo_matrix((np.ones(both.sum()), at), shape=(len(row_places), len(column_places))).tocsr()


def commonest(pairs: pd.DataFrame, column: str, fewest: float) -> pd.Series:
    """{token: place} of the tokens that at least so many people go by, commonest first."""
    found = pairs[column].value_counts()
    tokens = found[found >= fewest].index
    return pd.Series(np.arange(len(tokens)), index=tokens.astype(np.int64))
