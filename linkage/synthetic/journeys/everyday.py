"""Work, benefits, treatment and homelessness of everybody else: partners, relatives, strangers."""

import numpy as np
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, YEAR, Days, day
from linkage.synthetic.journeys.benefits import claims_of_others
from linkage.synthetic.journeys.careers import SUBSTANCES
from linkage.synthetic.journeys.homelessness import duties_of_others
from linkage.synthetic.journeys.lived import NO_CUSTODY, Lived
from linkage.synthetic.journeys.treatment import WALES
from linkage.synthetic.people.arrays import Numbers
from linkage.synthetic.people.population import Population

MOST_JOBS = 4
SECOND_JOB = 0.06


def everyday(people: Population, aims: Calibration, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """{jobs, episodes, claims, duties, deaths}: one row per event of people without justice lives."""
    table, last = people.people, day(aims.window.data_to)
    others = np.flatnonzero(~table["justice"])
    died = table["died"].to_numpy()
    gone = np.minimum(table["left"].to_numpy(), died)
    work, dead = jobs(others, table, gone, aims, rng), others[died[others] <= last]
    lived = Lived(people, work, NO_CUSTODY, gone, aims, rng)
    return {
        "jobs": work,
        "episodes": episodes(others, people, gone, aims, rng),
        "claims": claims_of_others(lived, others),
        "duties": duties_of_others(lived, others),
        "deaths": pd.DataFrame({"who": dead, "died": died[dead]}),
    }


def jobs(who: Numbers, table: pd.DataFrame, gone: Days, aims: Calibration, rng: np.random.Generator) -> pd.DataFrame:
    """(who, start, end): one row per employment since about 2017, one after the other, a few beside another."""
    born, last = table["born"].to_numpy()[who], day(aims.window.data_to)
    works = rng.random(len(who)) < aims["working_among_others"]
    grown = np.maximum(born + round(16.2 * YEAR), table["arrived"].to_numpy()[who])
    start = np.maximum(grown, day(aims.window.history_from) - 1200) + rng.integers(0, 1500, len(who))
    rows = []
    for _ in range(MOST_JOBS):
        end = start + 40 + rng.exponential(900, len(who)).astype(np.int64)
        working = works & (start <= last) & (start < born + round(67 * YEAR))
        rows.append(pd.DataFrame({"who": who, "start": start, "end": end})[working])
        second = working & (rng.random(len(who)) < SECOND_JOB)
        rows.append(pd.DataFrame({"who": who, "start": start + 20, "end": end - 10})[second])
        start = end + rng.integers(1, 260, len(who))
    found = pd.concat(rows, ignore_index=True)
    found["end"] = np.minimum(found["end"], gone[found["who"]])
    found = found[(found["start"] < found["end"]) & (found["start"] <= last)].reset_index(drop=True)
    return found.assign(end=np.where(found["end"] > last, NEVER, found["end"]))


def episodes(who: Numbers, people: Population, gone: Days, aims: Calibration, rng: np.random.Generator) -> pd.DataFrame:
    """(who, triage, start, end, discharge_reason, substance): one row per treatment episode in England.

    Some people have several; a few episodes never begin.
    """
    begin, last = day(aims.window.history_from), day(aims.window.data_to)
    treated = who[rng.random(len(who)) < aims["treatment_among_others"]]
    each = np.repeat(treated, rng.choice([1, 1, 1, 2, 3], len(treated)))
    triage = rng.integers(begin, last - 30, len(each))
    start = triage + rng.integers(0, 20, len(each))
    end = np.minimum(start + 20 + rng.gamma(1.6, 130, len(each)).astype(np.int64), gone[each])
    never = rng.random(len(each)) < 0.06
    reason = rng.choice(np.array(["COMP", "DROP", "TRAN"], dtype=object), len(each), p=[0.48, 0.42, 0.1])
    cases = [end > last, end == people.people["died"].to_numpy()[each], end == gone[each], never]
    in_england = people.homes["region"].to_numpy()[people.home_on(each, triage)] != WALES
    arrived, born = (people.people[name].to_numpy()[each] for name in ("arrived", "born"))
    here = (np.maximum(arrived, born + round(18 * YEAR)) <= triage) & (start < end)
    found = pd.DataFrame({
        "who": each, "triage": triage, "start": np.where(never, NEVER, start), "end": end,
        "discharge_reason": np.select(cases, ["", "DIED", "TRAN", "DROP"], reason).astype(object),
        "substance": rng.choice(SUBSTANCES, len(each), p=[0.33, 0.13, 0.4, 0.14]),
    })  # fmt: skip
    found = found[in_england & here].sort_values(["who", "triage"])
    found = found[found["triage"] >= found.groupby("who")["end"].shift(fill_value=0)].reset_index(drop=True)
    return found.assign(end=np.where(found["end"] > last, NEVER, found["end"]))
