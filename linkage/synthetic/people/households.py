"""Who lives together: partners, mothers and children, sisters, twins; when they were born, of which ethnic group."""

import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import YEAR, Days, ages, day
from linkage.synthetic.people.arrays import Numbers, Texts, some

# W woman, P her partner, D daughter, S son, Z sister, T twin sister, M man on his own.
HOUSEHOLDS = {"W": 34, "WP": 20, "WPD": 5, "WPS": 3, "WD": 9, "WDD": 4, "WS": 4, "WZ": 5, "WT": 1.2, "WZZ": 1, "M": 11}
WOMEN = "WDZT"
ETHNICITIES = {
    "W1": 79.0, "W2": 1.6, "W3": 1.8, "W4": 0.5, "W8": 0.3, "W9": 4.2, "M1": 2.0, "M2": 0.5, "M3": 0.8, "M9": 0.8,
    "A1": 1.4, "A2": 1.7, "A3": 0.6, "A4": 0.3, "A9": 0.7, "B1": 2.2, "B2": 1.8, "B9": 0.6, "O2": 0.6, "O9": 0.7,
}  # fmt: skip
CULTURES = {
    "W2": "irish", "W3": "irish", "W4": "eastern_european", "W9": "eastern_european", "A1": "south_asian_other",
    "A2": "south_asian_muslim", "A3": "south_asian_muslim", "A4": "chinese", "A9": "vietnamese", "B1": "caribbean",
    "B2": "black_african", "M1": "caribbean", "O2": "arabic",
}  # fmt: skip
BORN_ABROAD_MORE = frozenset({"eastern_european", "black_african", "chinese", "vietnamese", "arabic"})
# Ages are drawn as of this day, early in the invented records; births span 1947 to 2009.
REFERENCE = datetime.date(2022, 7, 1)
OLDEST, YOUNGEST = 75.4, 12.6


def members(many: int, rng: np.random.Generator) -> pd.DataFrame:
    """(household, role, female, born): one row per person, families together."""
    kinds = list(HOUSEHOLDS)
    weights = np.array(list(HOUSEHOLDS.values()))
    drawn = rng.choice(len(kinds), size=many, p=weights / weights.sum())
    roles = np.array(list("".join(kinds[kind] for kind in drawn))[:many], dtype=object)
    household = np.repeat(np.arange(many), np.array([len(kind) for kind in kinds])[drawn])[:many]
    head = day_of_birth_of_head(np.array(kinds, dtype=object)[drawn], rng)[household]
    born = np.select(
        [roles == "P", np.isin(roles, ["D", "S"]), roles == "Z"],
        [head - rng.normal(2 * YEAR, 4 * YEAR, many), child_born(head, rng), head + rng.normal(0, 4 * YEAR, many)],
        head,
    )
    reference = day(REFERENCE)
    born = np.clip(born, reference - OLDEST * YEAR, reference - YOUNGEST * YEAR).astype(np.int64)
    # Sisters who were drawn on one day are made a year apart: only twins share a day of birth.
    born = np.where(roles == "Z", np.where(np.abs(born - head) < 300, head - 430, born), born).astype(np.int64)
    return pd.DataFrame({"household": household, "role": roles, "female": np.isin(roles, list(WOMEN)), "born": born})


def day_of_birth_of_head(kinds: Texts, rng: np.random.Generator) -> Days:
    """When each household's first person was born: old enough for half-grown children where there are any."""
    with_children = np.isin(kinds, [kind for kind in HOUSEHOLDS if set(kind) & {"D", "S"}])
    young = 17.0 + 52 * rng.beta(1.5, 2.6, len(kinds))
    age = np.where(with_children, 37 + 30 * rng.beta(1.4, 2.2, len(kinds)), young)
    return (day(REFERENCE) - age * YEAR).astype(np.int64)


def child_born(mother: Days, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A child's day of birth: the mother 17 to 40, the child half-grown by the reference day."""
    latest = np.minimum(40, ages(mother, day(REFERENCE)) - YOUNGEST)
    return mother + YEAR * (17 + np.maximum(latest - 17, 0) * rng.beta(1.6, 1.8, len(mother)))


def ethnic_group(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """ethnicity, culture, foreign_born: mostly shared by a household."""
    codes, weights = list(ETHNICITIES), np.array(list(ETHNICITIES.values()))
    by_household = rng.choice(len(codes), size=len(people), p=weights / weights.sum())[people["household"]]
    own = rng.choice(len(codes), size=len(people), p=weights / weights.sum())
    partner_of_another = (people["role"] == "P").to_numpy() & (rng.random(len(people)) < 0.25)
    ethnicity = np.array(codes, dtype=object)[np.where(partner_of_another, own, by_household)]
    culture = pd.Series(ethnicity).map(CULTURES).fillna("english").to_numpy(dtype=object)
    of_family = np.exp(rng.normal(0, 1, len(people)))[people["household"]]
    tendency = of_family * np.where(np.isin(culture, list(BORN_ABROAD_MORE)), 14.0, 1.0)
    abroad = some(rng, np.ones(len(people), dtype=bool), aims["foreign_born"], tendency)
    return {"ethnicity": ethnicity, "culture": culture, "foreign_born": abroad}


def first_of(household: Numbers) -> Numbers:
    """The row of each one's first household member; families stand together."""
    starts = np.flatnonzero(np.diff(household, prepend=-1))
    return starts[np.searchsorted(household[starts], household)]
