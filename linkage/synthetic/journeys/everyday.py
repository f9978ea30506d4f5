"""Work and treatment of everybody else: partners, relatives, strangers who are in the same registers."""

import numpy as np
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, YEAR, day
from linkage.synthetic.people.population import Population

MOST_JOBS = 4
SECOND_JOB = 0.06


def everyday(people: Population, aims: Calibration, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """{jobs, episodes}: one row per event of people without justice lives."""
    table = people.people
    others = np.flatnonzero(~table["justice"])
    return {"jobs": jobs(others, table, aims, rng), "episodes": episodes(others, people, aims, rng)}


def jobs(who: np.ndarray, table: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> pd.DataFrame:
    """(who, start, end): one row per employment since about 2017, one after the other, a few beside another."""
    born = table["born"].to_numpy()[who]
    works = rng.random(len(who)) < aims["working_among_others"]
    earliest = np.maximum(born + round(16.2 * YEAR), day(aims.window.history_from) - 1200)
    start = earliest + rng.integers(0, 1500, len(who))
    rows = []
    for _ in range(MOST_JOBS):
        end = start + 40 + rng.exponential(900, len(who)).astype(np.int64)
        working = works & (start <= day(aims.window.data_to)) & (start < born + round(67 * YEAR))
        rows.append(pd.DataFrame({"who": who, "start": start, "end": end})[working])
        second = working & (rng.random(len(who)) < SECOND_JOB)
        rows.append(pd.DataFrame({"who": who, "start": start + 20, "end": end - 10})[second])
        start = end + rng.integers(1, 260, len(who))
    return pd.concat(rows, ignore_index=True)


def episodes(who: np.ndarray, people: Population, aims: Calibration, rng: np.random.Generator) -> pd.DataFrame:
    """(who, triage, start, end): one row per treatment episode in England; some have several, a few never begin."""
    begin, last = day(aims.window.history_from), day(aims.window.data_to)
    treated = who[rng.random(len(who)) < aims["treatment_among_others"]]
    each = np.repeat(treated, rng.choice([1, 1, 1, 2, 3], len(treated)))
    triage = rng.integers(begin, last - 30, len(each))
    start = triage + rng.integers(0, 20, len(each))
    end = start + 20 + rng.gamma(1.6, 130, len(each)).astype(np.int64)
    start = np.where(rng.random(len(each)) < 0.06, NEVER, start)
    in_england = people.homes["region"].to_numpy()[people.home_on(each, triage)] != "W92000004"
    found = pd.DataFrame({"who": each, "triage": triage, "start": start, "end": end})[in_england]
    found = found.sort_values(["who", "triage"])
    return found[found["triage"] >= found.groupby("who")["end"].shift(fill_value=0)].reset_index(drop=True)
