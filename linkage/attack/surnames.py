"""A real list of surnames, and people who bear them: what the positive control hides, and what its intruder knows.

The list is the U.S. Census Bureau's of 1990 (Genealogy Data: Frequently Occurring Surnames), in the public domain:
88,799 surnames and the share of people with each. It says nothing of any person. The file's head says what was changed.
"""

from pathlib import Path

import numpy as np
import pandas as pd

LISTED = Path(__file__).with_name("surnames.csv.gz")


def listed(most: int | None = None) -> pd.Series:
    """{surname: share of the people on the list}, commonest first; only so many of the commonest where `most` says."""
    read = pd.read_csv(LISTED, comment="#", keep_default_na=False, nrows=most)
    return pd.Series(read["per_million"].to_numpy() / read["per_million"].sum(), index=read["name"].astype(object))


def drawn(shares: pd.Series, people: int, seed: int) -> pd.Series:
    """The surname of each of so many people, as often as their shares say."""
    return pd.Series(np.random.default_rng(seed).choice(shares.index.to_numpy(), people, p=shares.to_numpy()))
