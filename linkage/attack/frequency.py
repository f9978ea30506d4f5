"""Guesses by how many people have a value, and what the intruder was told of records he knows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from linkage.attack.likelihood import beliefs, fit
from linkage.attack.public import Public
from linkage.attack.sample import Sample, borne, commonest, counted

MOST_VALUES = 400  # by frequency alone only the commonest have a chance
SPREAD = 1.5

Told = Mapping[str, pd.Series]
Guess = pd.DataFrame


def by_frequency(field: str, sample: Sample, public: Public) -> Guess:
    """(value, confidence), one row per record of a common class: by how many people are in it, and nothing else."""
    classes = sample.classes(field)
    people, known = borne(sample.rows["person"], place=classes)["place"], public.borne(field)[field]
    return in_rows(likeliest(people, known, sample.people / public.people), classes)


def likeliest(tokens: pd.Series, known: pd.Series, ratio: float) -> pd.DataFrame:
    """(value, confidence), by token: of the commonest, the likeliest of the commonest values."""
    ours, theirs = commonest(tokens, 2)[:MOST_VALUES], commonest(known, 2)[:MOST_VALUES]
    if not len(ours) or not len(theirs):
        return pd.DataFrame({"value": [], "confidence": []})
    believed = beliefs(fit(counted(tokens, ours), counted(known, theirs), ratio, SPREAD))
    values = theirs.index.to_numpy()[believed.argmax(axis=1)]
    return pd.DataFrame({"value": values, "confidence": believed.max(axis=1)}, index=ours.index)


def in_rows(found: pd.DataFrame, classes: pd.Series) -> Guess:
    """(value, confidence), one row per record of a class of which something was found. `found`: one row per class."""
    places = pd.Series(np.arange(len(found)), index=found.index)
    at = classes.map(places).dropna().astype(int)
    return found.iloc[at].set_axis(at.index)


def told_of(classes: pd.Series, values: pd.Series | None) -> pd.Series:
    """{class: value}: what is certain of the classes of rows of which the intruder was told the value."""
    if values is None:
        return pd.Series(dtype=object)
    both = pd.DataFrame({"place": classes.reindex(values.index), "value": values}).dropna()
    return both.drop_duplicates("place").set_index("place")["value"]
