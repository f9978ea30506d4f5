"""The whole attack, field by field: with public knowledge alone, or with people whose records the intruder knows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from linkage.attack.digits import COLUMNS, births, guess_dates
from linkage.attack.likelihood import beliefs, fit
from linkage.attack.names import guess_names
from linkage.attack.sample import Sample, commonest, counted, grouped

# The key that a field's tokens are made under, where it is not the field's own name.
KEYS = {"surname": "name", "forename": "name", "date_of_birth": "dob"}
COLUMN = {
    "surname": "surname",
    "forename": "forename",
    "date_of_birth": "dob",
    "postcode_district": "postcode_district",
}
MOST_VALUES = 400  # by frequency alone only the commonest have a chance
SPREAD = 1.5
ONE_PIECE, SMALLEST_PIECE = 0.5, 200

Meanings = Mapping[str, pd.Series]


@dataclass(frozen=True)
class Public:
    """People who are not among those attacked: their `sample`, and {key: {token: value}}, since he made the tokens."""

    sample: Sample
    meanings: Meanings


def guesses(target: Sample, public: Public, told: Meanings | None = None) -> pd.DataFrame:
    """(field, token, value, confidence): one row per token that something is said about.

    `told`: {key: {token: value}} of people whose records the intruder knows. Their tokens are certain.
    """
    told = told or {}
    nothing = pd.Series(dtype=object)
    target, rebuilt = with_rebuilt_surnames(target)
    found = []
    if target.has("surname", "forename"):
        names = nothing if rebuilt else told.get("name", nothing)
        for piece in pieces(target):
            found.append(guess_names(piece, public.sample, public.meanings["name"], names))
    born = public.sample.pairs("dob")["dob"].map(public.meanings["dob"])
    dates = guess_dates(target, births(born), told.get("dob", nothing))
    found.append(dates if len(dates) else by_frequency("date_of_birth", target, public))
    found.append(by_frequency("postcode_district", target, public))
    return with_told(pd.concat(found, ignore_index=True), target, told)


def with_rebuilt_surnames(target: Sample) -> tuple[Sample, bool]:
    """The sample, and whether its surnames had to be rebuilt: rows with a compound of the surname in common share it.

    Compounds are columns named after what went into them, `surname+…`.
    """
    compounds = [str(name) for name in target.rows if str(name).startswith("surname+")]
    if target.has("surname") or not compounds:
        return target, False
    rows = target.rows.assign(surname=grouped(target.rows, compounds))
    if "forename" not in rows:
        rows = rows.assign(forename=-1 - rows["surname"])
    return Sample(rows, target.people), True


def pieces(target: Sample) -> Iterator[Sample]:
    """The sample, or where surnames were keyed with a part of the birth date, the people of each such part.

    Then no row joins the surnames of one part with the dates of another, and the graph of both falls apart.
    """
    if not target.has("surname", "dob"):
        yield target
        return
    held = target.rows[["surname", "dob"]].dropna()
    part = pd.Series(grouped(held, ["surname", "dob"]), index=held.index)
    sizes = part.value_counts()
    if sizes.iloc[0] > ONE_PIECE * len(held):
        yield target
        return
    for number in sizes.index[sizes >= SMALLEST_PIECE]:
        rows = target.rows.loc[part.index[part == number]]
        person = np.unique(rows["person"], return_inverse=True)[1]
        yield Sample(rows.assign(person=person), int(person.max()) + 1)


def by_frequency(field: str, target: Sample, public: Public) -> pd.DataFrame:
    """Guesses by how many people have a value, and nothing else."""
    column, key = COLUMN[field], KEYS.get(field, field)
    if not target.has(column) or not public.sample.has(column):
        return pd.DataFrame(columns=COLUMNS)
    ours = commonest(target.pairs(column), column, 2)[:MOST_VALUES]
    theirs = commonest(public.sample.pairs(column), column, 2)[:MOST_VALUES]
    counts = [counted(s.pairs(column), column, places) for s, places in ((target, ours), (public.sample, theirs))]
    believed = beliefs(fit(counts[0], counts[1], target.people / public.sample.people, SPREAD))
    at = believed.argmax(axis=1)
    return pd.DataFrame({
        "field": field,
        "token": ours.index.to_numpy(),
        "value": public.meanings[key].reindex(theirs.index).to_numpy()[at],
        "confidence": np.minimum(believed.max(axis=1), 1.0),
    })  # fmt: skip


def with_told(found: pd.DataFrame, target: Sample, told: Meanings) -> pd.DataFrame:
    """The guesses, with what the intruder was told in the place of what he guessed."""
    sure = []
    for field, column in COLUMN.items():
        known = told.get(KEYS.get(field, field), pd.Series(dtype=object))
        if not target.has(column):
            continue
        here = known[known.index.isin(target.rows[column].dropna().astype(np.int64))]
        table = {"field": field, "token": here.index.to_numpy(), "value": here.to_numpy(), "confidence": 1.0}
        sure.append(pd.DataFrame(table))
    whole = pd.concat([*sure, found], ignore_index=True)
    return whole.drop_duplicates(["field", "token"], ignore_index=True)
