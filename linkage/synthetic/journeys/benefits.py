"""Benefit claims: out-of-work claims between custody and jobs, and those that health, care and rent give rise to."""

import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.days import NEVER, YEAR, Days, day
from linkage.synthetic.journeys.careers import share
from linkage.synthetic.journeys.lived import Lived
from linkage.synthetic.journeys.spells import joined
from linkage.synthetic.people.arrays import Numbers, Texts

UNIVERSAL_CREDIT_ONLY = day(datetime.date(2019, 1, 1))
PENSION_AGE = 66
CHANGES = np.array(["CHG", "SANC", "OTH"], dtype=object)


def claims(lived: Lived, follow_ups: pd.DataFrame) -> pd.DataFrame:
    """One row per claim of justice lives: who start end end_reason benefit.

    `end` is NEVER and `end_reason` '' while a claim runs. Out of work, nobody has two claims at once.
    """
    asked = [before(lived, follow_ups), after(lived, follow_ups), unemployed(lived)]
    who = np.flatnonzero(lived.people.people["justice"])
    return pd.concat([out_of_work(lived, pd.concat(asked, ignore_index=True)), standing(lived, who)], ignore_index=True)


def claims_of_others(lived: Lived, who: Numbers) -> pd.DataFrame:
    """As `claims`, of people without justice lives."""
    some = who[lived.chance(lived.aims["claims_among_others"], len(who))]
    asked = pd.DataFrame({"who": some, "start": lived.rng.integers(lived.first - 500, lived.last, len(some))})
    return pd.concat([out_of_work(lived, asked), standing(lived, who)], ignore_index=True)


def before(lived: Lived, follow_ups: pd.DataFrame) -> pd.DataFrame:
    """(who, start): claims begun before the first follow-up on record."""
    first = follow_ups.groupby("who", as_index=False)["start"].min()
    claim = lived.chance(share(lived.aims["claims_before"] + claimant(lived, first["who"].to_numpy())), len(first))
    start = first["start"].to_numpy() - 20 - lived.rng.exponential(250, len(first)).astype(np.int64)
    return pd.DataFrame({"who": first["who"], "start": start})[claim]


def claimant(lived: Lived, who: Numbers) -> npt.NDArray[np.float64]:
    """What makes a claim the likelier, in log odds."""
    need, homeless, ill = (lived.trait(name, who) for name in ("need", "nfa", "mental_health"))
    return 0.5 * need + 0.4 * homeless + 0.3 * ill - 0.4


def after(lived: Lived, follow_ups: pd.DataFrame) -> pd.DataFrame:
    """(who, start): most people ask on the day of release or within days; fewer after a sentence in the community."""
    many, inside = len(follow_ups), (follow_ups["disposal"] == "CUS").to_numpy()
    likely = np.where(inside, lived.aims["claims_after_custody"], lived.aims["claims_after_community"])
    at_once = inside & lived.chance(0.5, many)
    days = np.where(at_once, 0, lived.rng.geometric(np.where(inside, 0.12, 0.06)))
    return pd.DataFrame({"who": follow_ups["who"], "start": follow_ups["start"] + days})[lived.chance(likely, many)]


def unemployed(lived: Lived) -> pd.DataFrame:
    """(who, start): claims in the weeks after a job."""
    start = lived.jobs["end"].to_numpy() + 1 + lived.rng.geometric(0.08, len(lived.jobs))
    return pd.DataFrame({"who": lived.jobs["who"], "start": start})[lived.chance(0.45, len(start))]


def out_of_work(lived: Lived, asked: pd.DataFrame) -> pd.DataFrame:
    """The claims of those who ask while neither in work nor in custody, until work or something else ends them."""
    who, start = asked["who"].to_numpy(), asked["start"].to_numpy()
    idle = ~lived.working(who, start) & ~lived.inside(who, start) & lived.grown_and_here(who, start)
    asked, who, start = asked[idle], who[idle], start[idle]
    usual = start + 30 + lived.rng.exponential(lived.aims["claim_days"], len(who)).astype(np.int64)
    pension = lived.people.people["born"].to_numpy()[who] + round(PENSION_AGE * YEAR)
    found = closed(lived, asked, usual, {"OTH": pension, "WORK": lived.next_job(who, start)})
    return found.assign(benefit=kinds(lived, found))


def closed(lived: Lived, asked: pd.DataFrame, usual: Days, ends: dict[str, Days]) -> pd.DataFrame:
    """(who, start, end, end_reason): claims until the first thing that ends them; those that meet are one."""
    who, start = asked["who"].to_numpy(), asked["start"].to_numpy()
    abroad = lived.people.people["left"].to_numpy()[who] == lived.gone[who]
    ends = {**ends, "INST": lived.next_reception(who, start), "GONE": lived.gone[who]}
    end = np.minimum.reduce([usual, *ends.values()])
    change = lived.rng.choice(CHANGES, len(who), p=[0.75, 0.1, 0.15])
    reason = np.select([end == of for of in reversed(ends.values())], [*reversed(ends)], change).astype(object)
    reason = np.where(reason == "GONE", np.where(abroad, "OTH", "DIED"), reason)
    found = asked.assign(end=end, end_reason=reason)[["who", "start", "end", "end_reason"]]
    found = joined(found[(start <= lived.last) & (start < end)])
    runs = (found["end"] > lived.last).to_numpy()
    return found.assign(end=np.where(runs, NEVER, found["end"]), end_reason=np.where(runs, "", found["end_reason"]))


def kinds(lived: Lived, found: pd.DataFrame) -> Texts:
    """Universal Credit; before 2019 also ESA of the sick and JSA of the others."""
    who = found["who"].to_numpy()
    legacy = (found["start"].to_numpy() < UNIVERSAL_CREDIT_ONLY) & lived.chance(0.6, len(found))
    sick = lived.trait("mental_health", who) | lived.trait("need", who)
    return np.select([~legacy, sick], ["UC", "ESA"], "JSA").astype(object)


def standing(lived: Lived, who: Numbers) -> pd.DataFrame:
    """Claims that work does not end: PIP mostly of those in poor mental health, Carer's Allowance, Housing Benefit."""
    ill = lived.trait("mental_health", who)
    rates: dict[str, float | npt.NDArray[np.float64]] = {
        "PIP": np.where(ill, lived.aims["pip_mental_health"], lived.aims["pip_others"]),
        "CA": lived.aims["carers_allowance"],
        "HB": lived.aims["housing_benefit"],
    }
    found = [long_claims(lived, who[lived.chance(r, len(who))]).assign(benefit=kind) for kind, r in rates.items()]
    return pd.concat(found, ignore_index=True)


def long_claims(lived: Lived, who: Numbers) -> pd.DataFrame:
    """One long claim of each of `who`, from some day before or within the records."""
    start = lived.rng.integers(lived.first - 1200, lived.last, len(who))
    asked = pd.DataFrame({"who": who, "start": start})
    asked = asked[~lived.inside(who, start) & lived.grown_and_here(who, start)]
    usual = asked["start"].to_numpy() + 200 + lived.rng.exponential(1400, len(asked)).astype(np.int64)
    return closed(lived, asked, usual, {})
