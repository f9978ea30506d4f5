"""Duties that English local authorities owe to homeless people: prevention, relief, the main duty.

Homelessness Reduction Act 2017: relief ends after 56 days at the latest; some are then owed the main duty.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.days import NEVER, Days
from linkage.synthetic.journeys.lived import Lived
from linkage.synthetic.journeys.treatment import WALES
from linkage.synthetic.people.arrays import Flags, Numbers

RELIEF_DAYS = 56
CASES_OF_ONE = 64
LOSSES = np.array(["DV", "FAM", "RENT", "ROUG", "OTHR"], dtype=object)
UNDER_SUPERVISION, USUAL = [0.14, 0.3, 0.08, 0.3, 0.18], [0.16, 0.32, 0.3, 0.05, 0.17]
ENDS = np.array(["SECU", "D56", "LOST", "WITH", "REFU", "INTE", "OTHR"], dtype=object)
# How a duty would end by itself, by kind: OTHR of a prevention is that she became homeless. Guesses.
SHARES = {
    "PREV": [0.52, 0.06, 0.09, 0.08, 0.02, 0.01, 0.22],
    "REL": [0.36, 0.34, 0.13, 0.08, 0.03, 0.02, 0.04],
    "MAIN": [0.74, 0, 0.08, 0.06, 0.05, 0.03, 0.04],
}
TEMPORARILY_HOUSED = {"PREV": 0.02, "REL": 0.32, "MAIN": 0.75}


def duties(lived: Lived, follow_ups: pd.DataFrame) -> pd.DataFrame:
    """One row per duty owed to one of justice lives.

    who case duty application_date start end end_reason home no_fixed_abode referral loss_reason, needs as yes or no,
    ta_start ta_end. `case` is unique in the block. Days are NEVER and reasons '' while a duty runs.
    """
    who = np.flatnonzero(lived.people.people["justice"])
    asked = [released(lived, follow_ups), unsettled(lived, follow_ups)]
    return owed(lived, pd.concat([*asked, on_any_day(lived, who, "duty_of_justice_lives")], ignore_index=True))


def duties_of_others(lived: Lived, who: Numbers) -> pd.DataFrame:
    """As `duties`, of people without justice lives."""
    return owed(lived, on_any_day(lived, who, "duty_among_others"))


def released(lived: Lived, follow_ups: pd.DataFrame) -> pd.DataFrame:
    """Applications of people who left prison for no home, or for one that will not last."""
    left = follow_ups[(follow_ups["disposal"] == "CUS") & (follow_ups["first_night"] != "SET")]
    many, homeless = len(left), left["first_night"].isin(["HOME", "ROUGH"]).to_numpy()
    likely = np.where(homeless, lived.aims["duty_homeless_on_release"], lived.aims["duty_unsettled"])
    on = left["start"].to_numpy() + lived.rng.geometric(0.15, many) - 1
    sent = np.where(lived.chance(0.7, many), "PRI", "SEL")
    found = applications(left["who"].to_numpy(), on, sent, "INST", ~homeless & lived.chance(0.7, many))
    return found[lived.chance(likely, many)]


def unsettled(lived: Lived, follow_ups: pd.DataFrame) -> pd.DataFrame:
    """Applications of people without a settled home after a caution, a fine or an order."""
    them = follow_ups[(follow_ups["disposal"] != "CUS") & (follow_ups["home"] != "SET")]
    many, supervised = len(them), them["disposal"].isin(["CO", "SSO"]).to_numpy()
    on = them["start"].to_numpy() + lived.rng.integers(0, 120, many)
    sent = np.where(supervised & lived.chance(0.45, many), "PRO", "SEL")
    why = lived.rng.choice(LOSSES, many, p=UNDER_SUPERVISION)
    housed_yet = (them["home"] == "OTH").to_numpy() & lived.chance(0.6, many)
    return applications(them["who"].to_numpy(), on, sent, why, housed_yet)[
        lived.chance(lived.aims["duty_unsettled"], many)
    ]


def on_any_day(lived: Lived, who: Numbers, likely: str) -> pd.DataFrame:
    """Applications of some of `who` on any day of the records, for anybody's reasons."""
    some = who[lived.chance(lived.aims[likely], len(who))]
    on = lived.rng.integers(lived.first, lived.last, len(some))
    sent = lived.rng.choice(np.array(["SEL", "HOS", "OTH"], dtype=object), len(some), p=[0.75, 0.05, 0.2])
    why = lived.rng.choice(LOSSES, len(some), p=USUAL)
    return applications(some, on, sent, why, lived.chance(lived.aims["prevention"], len(some)))


def applications(who: Numbers, on: Days, sent: npt.ArrayLike, why: npt.ArrayLike, housed_yet: Flags) -> pd.DataFrame:
    """(who, application_date, referral, loss_reason, housed_yet): one row per application."""
    columns = {"application_date": on, "referral": sent, "loss_reason": why, "housed_yet": housed_yet}
    return pd.DataFrame({"who": who, **{name: np.broadcast_to(of, len(who)) for name, of in columns.items()}})


def owed(lived: Lived, asked: pd.DataFrame) -> pd.DataFrame:
    """The duties that applications lead to: of people in England and at liberty, one case at a time."""
    asked = asked[possible(lived, asked)].sort_values(["who", "application_date"], kind="stable")
    asked = described(lived, asked.reset_index(drop=True))
    chains = pd.concat(steps(lived, asked), ignore_index=True).sort_values(["case", "start"], kind="stable")
    return as_they_ended(lived, one_at_a_time(chains)).drop(columns="housed_yet")


def possible(lived: Lived, asked: pd.DataFrame) -> Flags:
    """Which applications can be made: in England, by an adult who is here and at liberty."""
    who, on = asked["who"].to_numpy(), asked["application_date"].to_numpy()
    in_england = lived.people.homes["region"].to_numpy()[lived.people.home_on(who, on)] != WALES
    possible: Flags = in_england & ~lived.inside(who, on) & lived.grown_and_here(who, on) & (on <= lived.last)
    return possible


def described(lived: Lived, asked: pd.DataFrame) -> pd.DataFrame:
    """The applications with their case, no fixed abode and the support needs that were assessed."""
    who, many = asked["who"].to_numpy(), len(asked)
    homeless, need, loss = lived.trait("nfa", who), lived.trait("need", who), asked["loss_reason"].to_numpy()
    said = np.where(homeless, 0.8, lived.aims["no_fixed_abode_homeless"])
    told = np.where(asked["referral"] == "SEL", 0.3, 0.9)
    return asked.assign(
        case=who * CASES_OF_ONE + asked.groupby("who").cumcount().to_numpy(),
        home=lived.people.home_on(who, asked["application_date"].to_numpy()),
        no_fixed_abode=lived.chance(said, many),
        offending=lived.trait("justice", who) & lived.chance(told, many),
        drugs=need & lived.chance(0.65, many),
        alcohol=need & lived.chance(0.4, many),
        mental_health=lived.trait("mental_health", who) & lived.chance(0.75, many),
        domestic_abuse=(lived.trait("abused", who) & lived.chance(0.6, many)) | (loss == "DV"),
        rough_sleeping=(homeless & lived.chance(0.4, many)) | (loss == "ROUG"),
    )


def steps(lived: Lived, asked: pd.DataFrame) -> list[pd.DataFrame]:
    """Prevention of those who still have a home, relief of the others and where prevention failed, the main duty."""
    housed_yet = asked["housed_yet"].to_numpy(dtype=bool)
    prevention = duty(lived, asked[housed_yet], "PREV", soon(lived, asked[housed_yet]))
    failed = prevention[(prevention["end_reason"] == "OTHR").to_numpy() & lived.chance(0.7, len(prevention))]
    at_once = duty(lived, asked[~housed_yet], "REL", soon(lived, asked[~housed_yet]))
    relief = pd.concat([at_once, duty(lived, failed, "REL", failed["end"].to_numpy() + 1)], ignore_index=True)
    homeless = relief[(relief["end_reason"] == "D56").to_numpy() & lived.chance(0.45, len(relief))]
    return [prevention, relief, duty(lived, homeless, "MAIN", homeless["end"].to_numpy() + 1)]


def soon(lived: Lived, asked: pd.DataFrame) -> Days:
    """The day a duty is accepted, within days of each application."""
    days: Days = asked["application_date"].to_numpy() + lived.rng.geometric(0.22, len(asked)) - 1
    return days


def duty(lived: Lived, asked: pd.DataFrame, kind: str, start: Days) -> pd.DataFrame:
    """One duty of each application, as it would go by itself, and the temporary accommodation that some get with it."""
    many, rng = len(asked), lived.rng
    reason = rng.choice(ENDS, many, p=SHARES[kind])
    long = 60 + rng.gamma(1.3, 220, many) if kind == "MAIN" else rng.integers(6, RELIEF_DAYS, many)
    days = np.where(reason == "D56", RELIEF_DAYS, long).astype(np.int64)
    housed = lived.chance(TEMPORARILY_HOUSED[kind], many)
    from_day = np.where(housed, start + rng.integers(0, 6, many), NEVER)
    return asked.assign(duty=kind, start=start, end=start + days, end_reason=reason, ta_start=from_day)


def one_at_a_time(chains: pd.DataFrame) -> pd.DataFrame:
    """The duties without cases that are opened while an earlier one of the same person runs."""
    case = chains.groupby("case", as_index=False).agg(who=("who", "first"), start=("start", "min"), end=("end", "max"))
    case = case.sort_values(["who", "start"], kind="stable")
    reached = case.groupby("who")["end"].cummax().groupby(case["who"]).shift(fill_value=0)
    return chains[chains["case"].isin(case.loc[case["start"] > reached, "case"])].reset_index(drop=True)


def as_they_ended(lived: Lived, found: pd.DataFrame) -> pd.DataFrame:
    """The duties cut short by custody, death and leaving, and open where they run beyond the records."""
    who, start, planned = (found[name].to_numpy() for name in ("who", "start", "end"))
    gone = lived.gone[who]
    end = np.minimum.reduce([planned, lived.next_reception(who, found["application_date"].to_numpy()), gone])
    runs = end > lived.last
    reason = np.select([runs, end == gone, end < planned], ["", "OTHR", "LOST"], found["end_reason"]).astype(object)
    housed = found["ta_start"].to_numpy() < np.minimum(end, lived.last + 1)
    leaves = np.maximum(end - lived.rng.integers(0, 3, len(found)), found["ta_start"])
    found = found.assign(
        end=np.where(runs, NEVER, end),
        end_reason=reason,
        ta_start=np.where(housed, found["ta_start"], NEVER),
        ta_end=np.where(housed & ~runs, leaves, NEVER),
    )
    return found[(start <= lived.last) & (start < end)].reset_index(drop=True)
