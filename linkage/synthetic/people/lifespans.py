"""When each came to the country, left it, and died of natural causes."""

from typing import Any

import numpy as np
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, YEAR, Days, day
from linkage.synthetic.people.arrays import Weights


def lifespans(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """arrived (0 for those born here), left, died: NEVER where not by the last delivery. Nobody dies who has left."""
    arrived, last = arrivals(people, aims, rng), day(aims.window.delivered)
    since = np.maximum(arrived, day(aims.window.history_from))
    a_year = aims["emigrates_a_year"] * np.where(people["foreign_born"], aims["emigrates_foreign_born"], 1.0)
    left = since + 1 + whole_days(at_rate(rng.exponential(YEAR, len(people)), a_year))
    died = natural_deaths(people, since, aims, rng)
    left = np.where((left <= last) & (left < died), left, NEVER)
    return {"arrived": arrived, "left": left, "died": np.where((died <= last) & (died < left), died, NEVER)}


def arrivals(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> Days:
    """The day each came, after birth: mostly long ago, the last two years after the cohorts began. 0: born here."""
    latest = day(aims.window.cohorts_from) + 2 * YEAR
    came = (latest - rng.gamma(1.6, 9 * YEAR, len(people))).astype(np.int64)
    came = np.maximum(came, people["born"].to_numpy() + rng.integers(30, round(20 * YEAR), len(people)))
    return np.where(people["foreign_born"], np.minimum(came, round(latest)), 0).astype(np.int64)


def natural_deaths(people: pd.DataFrame, since: Days, aims: Calibration, rng: np.random.Generator) -> Days:
    """The day each dies who lives on a day: Gompertz's law, by inversion of its cumulative hazard."""
    growth = np.log(2) / aims["death_rate_doubles_in_years"]
    age = (since - people["born"].to_numpy()) / YEAR
    now = frailty(people, aims) * aims["death_rate_women_at_60"] * np.exp(growth * (age - 60))
    years = np.log1p(at_rate(growth * rng.exponential(size=len(people)), now)) / growth
    return since + 1 + whole_days(years * YEAR)


def at_rate(drawn: Weights, rate: Weights) -> Weights:
    """The wait until what comes at a rate, from one drawn at a rate of 1: without end where the rate is 0."""
    return np.divide(drawn, rate, out=np.full(len(drawn), np.inf), where=rate > 0)


def whole_days(waits: Weights) -> Days:
    """Waits in whole days; NEVER days at most, after which nothing happens here."""
    return np.minimum(waits, NEVER).astype(np.int64)


def frailty(people: pd.DataFrame, aims: Calibration) -> Weights:
    """Each one's death rate over that of a woman of the same age: sex, need and want of a home raise it."""
    by_sex = np.where(people["female"], 1.0, aims["death_rate_men"])
    by_need = np.where(people["need"], aims["death_rate_need"], 1.0)
    by_home = np.where(people["nfa"], aims["death_rate_no_fixed_abode"], 1.0)
    return by_sex * by_need * by_home
