"""The whole attack, field by field: with public knowledge alone, or with people whose records the intruder knows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from linkage.attack.digits import guess_dates
from linkage.attack.frequency import Guess, Told, by_frequency, told_of
from linkage.attack.names import guess_names
from linkage.attack.public import Public
from linkage.attack.sample import FIELDS, Sample


def guesses(sample: Sample, public: Public, told: Told | None = None) -> dict[str, Guess]:
    """{field: (value, confidence, told)}: one row per record of which something is said, by the index of the rows.

    Of the ways to guess a field the most confident speaks for a record. `told`: {field: values of records that the
    intruder knows, by their index}; what shares a class with one of those is certain, and marked.
    """
    known = told or {}
    ways: dict[str, Sequence[Guess]] = {
        **guess_names(sample, public, known),
        "date_of_birth": guess_dates(sample, public, known),
        "postcode_district": [by_frequency("postcode_district", sample, public)],
    }
    return {field: most_confident([certain(field, sample, known), *ways[field]]) for field in FIELDS}


def certain(field: str, sample: Sample, told: Told) -> Guess:
    """The records that tokens say to have the value of one that the intruder knows."""
    classes = sample.classes(field)
    value = classes.map(told_of(classes, told.get(field))).dropna()
    return pd.DataFrame({"value": value, "confidence": 1.0, "told": True})


def most_confident(ways: Sequence[Guess]) -> Guess:
    """One row per record: the most confident guess, the first of those that are equally so."""
    every = pd.concat([way for way in ways if len(way)] or [pd.DataFrame(columns=["value", "confidence"])])
    every = every.assign(told=every["told"].eq(True) if "told" in every else False)
    order = np.argsort(-every["confidence"].to_numpy(float), kind="stable")
    ranked = every.iloc[order]
    return ranked[~ranked.index.duplicated()].sort_index()
