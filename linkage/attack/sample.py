"""Encoded rows as an intruder sorts them: which rows are one person's, which share a value, and who goes by which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from linkage.contracts.encodings import Part

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
# Numbers that a department gives to one person: equal tokens of them are rows of one person.
PERSONAL_NUMBERS = frozenset({"pnc", "nomis", "crn", "nino", "nhs", "defendant_id", "client_reference"})
# What settles a field: {kind of identifier: what may be taken from it so that the field is equal where that is}
WHOLE_NAME = frozenset({"whole"})
FIRST_WORD = frozenset({"whole", "first_word"})
LETTER = frozenset({"whole", "first_word", "first_letter"})
SETTLED_BY: dict[str, dict[str, frozenset[str]]] = {
    "surname": {"surname": WHOLE_NAME},
    "forename": {"forename": FIRST_WORD},
    "date_of_birth": {"date_of_birth": frozenset({"whole"})},
    "postcode_district": {
        "postcode": frozenset({"whole", "sector", "district"}),
        "postcode_district": frozenset({"whole"}),
    },
    "surname_letter": {"surname": LETTER, "initials": frozenset({"last_letter"})},
    "forename_letter": {"forename": LETTER, "initials": frozenset({"first_letter"})},
}
FIELDS = ("surname", "forename", "date_of_birth", "postcode_district")


@dataclass(frozen=True)
class Sample:
    """`rows`: one row per record; `person` numbers the groups of rows that share a departmental number, directly or
    through others, and each further column holds tokens, null where missing. `parts`: what each of those is made of.
    """

    rows: pd.DataFrame
    parts: Mapping[str, Sequence[Part]]

    @property
    def people(self) -> int:
        """How many people there seem to be."""
        return int(self.rows["person"].nunique())

    def settling(self, field: str) -> list[str]:
        """The columns in which equal tokens mean that the field is equal."""
        return [name for name, parts in self.parts.items() if any(settles(part, field) for part in parts)]

    def classes(self, field: str) -> pd.Series:
        """Of each row its class, a number: rows of one class have the field equal. Null where no token says.

        Rows that share a token in one column are of one class, and so are those that others join. Each joint is
        certain, so a class is never too large; it is too small where no token bridges two parts of it.
        """
        columns = self.settling(field)
        found = pd.Series(grouped(self.rows, columns), index=self.rows.index, dtype="Int64")
        return found.where(self.rows[columns].notna().any(axis=1))


def settles(part: Part, field: str) -> bool:
    """Is the field equal wherever this part is?"""
    enough = SETTLED_BY[field]
    return bool(part) and all(take in enough.get(kind, ()) for kind, take in part.items())


def sorted_into_people(rows: pd.DataFrame, parts: Mapping[str, Sequence[Part]]) -> Sample:
    """The sample of such rows: one row per record."""
    numbers = [name for name, of in parts.items() if len(of) == 1 and set(of[0]) <= PERSONAL_NUMBERS]
    return Sample(rows.assign(person=grouped(rows, numbers)), dict(parts))


def grouped(rows: pd.DataFrame, columns: Sequence[str]) -> Numbers:
    """The group of each row: rows with an equal token in one of the columns are in one group, and so on."""
    many, ends, starts = len(rows), [np.arange(0)], [np.arange(0)]
    numbered = many
    for column in columns:
        held = pd.Series(rows[column].to_numpy(), index=np.arange(many)).dropna().explode().dropna()
        codes, distinct = pd.factorize(held)
        starts.append(held.index.to_numpy())
        ends.append(codes + numbered)
        numbered += len(distinct)
    start, end = np.concatenate(starts), np.concatenate(ends)
    joined = coo_matrix((np.ones(len(start)), (start, end)), shape=(numbered, numbered))
    group = connected_components(joined, directed=False)[1][:many]
    return np.unique(group, return_inverse=True)[1].astype(np.int64)


def borne(person: pd.Series, **values: pd.Series) -> pd.DataFrame:
    """(person, values …): each combination once per person, without those that miss one."""
    return pd.DataFrame({"person": person, **values}).dropna().drop_duplicates()


def counted(values: pd.Series, places: pd.Series) -> Floats:
    """How often each value stands there; `places` says where it stands in the result."""
    at = values.map(places).dropna().astype(int)
    return np.bincount(at, minlength=len(places)).astype(float)


def crossed(rows: pd.Series, columns: pd.Series, row_places: pd.Series, column_places: pd.Series) -> csr_matrix:
    """How often each two values stand together."""
    a, b = rows.map(row_places), columns.map(column_places)
    both = (a.notna() & b.notna()).to_numpy()
    at = (a[both].astype(int), b[both].astype(int))
    return coo_matrix((np.ones(both.sum()), at), shape=(len(row_places), len(column_places))).tocsr()


def commonest(values: pd.Series, fewest: float) -> pd.Series:
    """{value: place} of the values that stand there at least so often, commonest first."""
    found = values.value_counts()
    kept = found.index[found >= fewest]
    return pd.Series(np.arange(len(kept)), index=kept)
