"""What an intruder knows of people who are not among those attacked: lists of names, dates and places in clear."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from linkage.attack.sample import Sample, borne, grouped
from linkage.contracts.encodings import Part

FIELD_OF = {
    ("surname", "whole"): "surname",
    ("forename", "first_word"): "forename",
    ("forename", "whole"): "forename",
    ("date_of_birth", "whole"): "date_of_birth",
    ("postcode", "whole"): "postcode",
    ("postcode", "district"): "postcode_district",
}
FEWEST_BEARERS = 3


@dataclass(frozen=True)
class Public:
    """`values`: (person, surname, forename, date_of_birth, postcode, postcode_district), one row per record; persons
    are numbered from 0. `sealed`: (rule, value) of what their rows fill the sealed rules with.
    """

    values: pd.DataFrame
    sealed: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["rule", "value"]))

    @property
    def people(self) -> int:
        """How many they are."""
        return int(self.values["person"].nunique())

    def borne(self, *fields: str) -> pd.DataFrame:
        """(person, fields …): each combination once per person."""
        return borne(self.values["person"], **{name: self.values[name] for name in fields})

    def kept_together(self, held: str, sample: Sample) -> float:
        """The share of those who share a value of a field that tokens like the sample's would show to share it.

        Found on as many people as the sample has: the largest class of rows of each value, by its people.
        """
        some = self.values[self.values["person"] < sample.people].reset_index(drop=True)
        made = {name: combined(some, sample.parts[name]) for name in sample.settling(held)}
        columns = {name: column for name, column in made.items() if column is not None}
        classes = pd.Series(grouped(pd.DataFrame(columns, index=some.index), list(columns)))
        people = borne(some["person"], value=some[held], place=classes)
        sizes = people.groupby(["value", "place"]).size().groupby("value").agg(["max", "sum"])
        sizes = sizes[sizes["sum"] >= FEWEST_BEARERS]
        return float(sizes["max"].sum() / sizes["sum"].sum()) if len(sizes) else 1.0


def combined(values: pd.DataFrame, parts: Sequence[Part]) -> pd.Series | None:
    """What stands in for a token of these parts: equal where they all are. None where the public lists lack a part."""
    fields = [FIELD_OF.get(next(iter(part.items()))) for part in parts]
    if None in fields:
        return None
    held = values[fields].dropna()
    return held.groupby(fields).ngroup().reindex(values.index)
