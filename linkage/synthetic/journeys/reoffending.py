"""Whether there is a next offence, and the row of the follow-up that says what it depended on."""

import numpy as np
import numpy.typing as npt

from linkage.synthetic.days import NEVER, ages
from linkage.synthetic.journeys.careers import COMMUNITY, CUSTODY, Careers, share
from linkage.synthetic.journeys.courts import THEFT
from linkage.synthetic.journeys.custody import FIXED_TERM_RECALL_DAYS, Liberty, detained
from linkage.synthetic.journeys.liberty import Circumstances
from linkage.synthetic.people.arrays import Flags

DISPOSALS = np.array(["CAU", "FIN", "CO", "SSO", "CUS"], dtype=object)
A_YEAR, FOUR_YEARS = 365, 1460


def offend_again(now: Careers, free: Liberty, so: Circumstances) -> None:
    """Set the next first offence: within the year by the logit of the calibration, perhaps later, or never."""
    within = now.chance(share(reoffending_logit(now, free, so)))
    later = ~within & now.chance(share(now.aims["reoffending_later"] + 0.5 * np.log1p(free.priors)))
    soon = 1 + (364 * now.rng.beta(0.95, 1.7, now.many)).astype(np.int64)
    late = 366 + now.rng.exponential(300, now.many).astype(np.int64)
    gap = np.select([within, later], [soon, late], NEVER)
    recall_for_other_reasons(now, free, ~within)
    now.first_offence = np.where(gap == NEVER, NEVER, free.start + gap)
    record_follow_up(now, free, so)


def reoffending_logit(now: Careers, free: Liberty, so: Circumstances) -> npt.NDArray[np.float64]:
    """The log odds of a next offence within a year.

    A short sentence of custody starts from the base of a community order, and so differs from one, all else equal, by
    its own odds only (Eaton & Mews, Ministry of Justice 2019); the rest of the gap is who is sent to prison.
    """
    names = ["caution", "fine", "community_order", "suspended_sentence", "community_order"]
    logit = np.array([now.aims[f"reoffending_{name}"] for name in names])[free.disposal]
    inside, long = free.disposal == CUSTODY, free.sentence_days
    logit = np.where(inside & (long >= A_YEAR), now.aims["reoffending_long_custody"], logit)
    logit = np.where(inside & (long >= FOUR_YEARS), now.aims["reoffending_4_years"], logit)
    age = ages(now.born, free.start)
    factors = {
        "odds_short_custody": inside & (long < A_YEAR),
        "odds_employed": so.employed,
        "odds_settled": so.home == "SET",
        "odds_rough_sleeping": so.home == "ROUGH",
        "odds_in_treatment": so.treated & now.need,
        "odds_aged_40": age >= 40,
        "odds_aged_under_25": age < 25,
        "odds_need": now.need,
        "odds_no_fixed_abode": now.nfa,
        "odds_theft": free.group == THEFT,
    }
    for name, true_of in factors.items():
        logit = logit + np.log(now.aims[name]) * true_of
    return logit + now.aims["reoffending_by_past"] * np.log1p(free.priors)


def recall_for_other_reasons(now: Careers, free: Liberty, at: Flags) -> None:
    """A recall within the licence that no new offence led to; it ends within the year."""
    room = np.minimum(now.licence_to - free.start, 300)
    recalled = at & (free.disposal == CUSTODY) & (room > 20) & now.chance(now.aims["recalled_without_offence"])
    reception = free.start + 14 + (now.rng.random(now.many) * (room - 14)).astype(np.int64)
    release = reception + FIXED_TERM_RECALL_DAYS
    detained(now, recalled & (release < now.gone) & (release <= now.last), "REC", reception, release, "CRD", free.group)


def record_follow_up(now: Careers, free: Liberty, so: Circumstances) -> None:
    """A row of `follow_ups` for each start at liberty: what the chance of a next offence depended on, and its day."""
    committed = (now.first_offence < now.gone) & (now.first_offence <= now.last)
    now.happened(
        "follow_ups",
        (free.start <= now.last) & (free.start < now.gone),
        start=free.start,
        disposal=DISPOSALS[free.disposal],
        sentence_days=free.sentence_days,
        reception_remand=free.remanded,
        main_offence_group=free.group,
        age=np.floor(ages(now.born, free.start)).astype(np.int64),
        previous_offences=free.priors,
        need=now.need,
        no_fixed_abode=now.nfa,
        first_night=free.first_night,
        requirement=np.where(free.disposal >= COMMUNITY, free.requirement, ""),
        employed=so.employed,
        home=so.home,
        treated=so.treated,
        committed=np.where(committed, now.first_offence, NEVER),
    )
