"""The year after: work, a home, treatment, and whether there is a next offence."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkage.synthetic.days import NEVER, ages
from linkage.synthetic.journeys.careers import CUSTODY, FINE, Careers
from linkage.synthetic.journeys.custody import FIXED_TERM_RECALL_DAYS, Liberty, detained
from linkage.synthetic.people.population import Flags, Texts

SIX_WEEKS, THREE_WEEKS, YEAR_DAYS = 42, 21, 365
UNSETTLED = np.array(["BAIL", "OTH", "HOME", "ROUGH"], dtype=object)


@dataclass(frozen=True)
class Circumstances:
    """How everybody stands after the first weeks, as arrays: what the chance of a next offence depends on."""

    employed: Flags
    home: Texts
    treated: Flags


def live(now: Careers, free: Liberty) -> Circumstances:
    """Work at six weeks, the home at three months, treatment at three weeks; some die within the year."""
    now.died = np.where(
        (now.died == NEVER) & now.chance(now.aims["dies_within_a_year"] * np.where(now.need, 1.6, 0.6)),
        free.start + now.rng.integers(3, YEAR_DAYS, len(now.who)),
        now.died,
    )
    return Circumstances(work(now, free), housing(now, free), treatment(now, free))


def work(now: Careers, free: Liberty) -> Flags:
    """Employed on day 42: in a job held on, or one newly found; others may find one later."""
    day_42 = free.start + SIX_WEEKS
    held = (now.job_start <= day_42) & (now.job_end >= day_42)
    age = ages(now.born, free.start)
    odds = now.aims["employed_custody"] * (free.disposal == CUSTODY)
    odds = odds + now.aims["employed_community"] * (free.disposal != CUSTODY) - 0.3 * ((age < 21) | (age > 55))
    odds = odds + now.aims["employed_effect_need"] * now.need + now.aims["employed_effect_no_fixed_abode"] * now.nfa
    found = ~held & now.chance(share(odds))
    later = ~held & ~found & now.chance(0.22)
    leave_jobs(now, found | later)
    after = np.where(free.disposal == CUSTODY, 4, 0)
    start = free.start + np.where(
        found, now.rng.integers(after, SIX_WEEKS + 1), now.rng.integers(43, 400, len(now.who))
    )
    length = 30 + now.rng.exponential(260, len(now.who)).astype(np.int64)
    end = np.maximum(start + length, np.where(found, day_42, 0))
    now.job_start = np.where(found | later, start, now.job_start)
    now.job_end = np.where(found | later, end, now.job_end)
    return held | found


def housing(now: Careers, free: Liberty) -> Texts:
    """Where each lives three months on; a row of `settling` for each."""
    odds = np.where(free.disposal == CUSTODY, now.aims["settled_custody"], now.aims["settled_community"])
    settled = now.chance(share(odds + now.aims["settled_effect_no_fixed_abode"] * now.nfa - 0.25 * now.need))
    rough = now.rng.choice(4, len(now.who), p=[0.05, 0.2, 0.4, 0.35])
    other = now.rng.choice(4, len(now.who), p=[0.2, 0.45, 0.27, 0.08])
    home = np.where(settled, "SET", UNSETTLED[np.where(now.nfa, rough, other)]).astype(object)
    everybody = np.ones(len(now.who), dtype=bool)
    now.happened("settling", everybody, since=free.start, status=home)
    return home


def treatment(now: Careers, free: Liberty) -> Flags:
    """In treatment by day 21, still or newly; others later, or only assessed. Of those in need, in England."""
    going_on = (now.treated_from < free.start) & (now.treated_to > free.start)
    likely = np.select(
        [free.disposal == CUSTODY, free.disposal >= FINE + 1],
        [now.aims["in_treatment_custody"], now.aims["in_treatment_community"]],
        0.08,
    )
    regions = now.people.homes["region"].to_numpy()[now.people.home_on(now.who, free.start)]
    possible = now.need & ~going_on & (regions != "W92000004")
    soon = possible & now.chance(likely * np.where(now.nfa, 0.85, 1.05))
    later = possible & ~soon & now.chance(0.22)
    assessed = possible & ~soon & ~later & now.chance(0.15)
    wait = np.where(soon, now.rng.integers(0, THREE_WEEKS + 1, len(now.who)), now.rng.integers(22, 300, len(now.who)))
    start = free.start + wait
    triage = start - now.rng.integers(0, 12, len(now.who))
    leave_treatment(now, soon | later)
    now.triage = np.where(soon | later, triage, now.triage)
    now.treated_from = np.where(soon | later, start, now.treated_from)
    stay = 14 + now.rng.gamma(1.6, 120, len(now.who)).astype(np.int64)
    now.treated_to = np.where(soon | later, start + stay, now.treated_to)
    now.happened("episodes", assessed & (triage < now.died), triage=triage, start=NEVER, end=triage + 30)
    return going_on | soon


def offend_again(now: Careers, free: Liberty, so: Circumstances) -> None:
    """Set the next first offence: within the year by the logit of the calibration, perhaps later, or never."""
    within = now.chance(share(reoffending_logit(now, free, so)))
    later = ~within & now.chance(now.aims["reoffending_later"])
    soon = 1 + (364 * now.rng.beta(0.95, 1.7, len(now.who))).astype(np.int64)
    late = 366 + now.rng.exponential(300, len(now.who)).astype(np.int64)
    gap = np.select([within, later], [soon, late], NEVER)
    recall_for_other_reasons(now, free, ~within)
    now.first_offence = np.where(gap == NEVER, NEVER, free.start + gap)


def reoffending_logit(now: Careers, free: Liberty, so: Circumstances) -> npt.NDArray[np.float64]:
    """The log odds of a next offence within a year."""
    names = ["caution", "fine", "community_order", "suspended_sentence", "custody"]
    logit = np.array([now.aims[f"reoffending_{name}"] for name in names])[free.disposal]
    age = ages(now.born, free.start)
    factors = {
        "odds_employed": so.employed,
        "odds_settled": so.home == "SET",
        "odds_rough_sleeping": so.home == "ROUGH",
        "odds_in_treatment": so.treated & now.need,
        "odds_aged_40": age >= 40,
        "odds_aged_under_25": age < 25,
        "odds_need": now.need,
        "odds_no_fixed_abode": now.nfa,
    }
    for name, true_of in factors.items():
        logit = logit + np.log(now.aims[name]) * true_of
    past = now.aims["odds_by_prior_offences"] * np.log1p(now.priors)
    return logit + past + now.aims["reoffending_long_custody"] * free.long


def recall_for_other_reasons(now: Careers, free: Liberty, at: Flags) -> None:
    """A recall within the licence that no new offence led to; it ends within the year."""
    room = np.minimum(now.licence_to - free.start, 300)
    recalled = at & (free.disposal == CUSTODY) & (room > 20) & now.chance(now.aims["recalled_without_offence"])
    reception = free.start + 14 + (now.rng.random(len(now.who)) * (room - 14)).astype(np.int64)
    release = reception + FIXED_TERM_RECALL_DAYS
    detained(now, recalled & (release < now.died) & (release <= now.last), "REC", reception, release, "CRD")


def leave(now: Careers, at: Flags) -> None:
    """The end of what we follow of those of `at`: the job, the treatment, the death."""
    leave_jobs(now, at)
    leave_treatment(now, at)
    now.happened("deaths", at & (now.died <= now.last), died=now.died)


def leave_jobs(now: Careers, at: Flags) -> None:
    """A row of `jobs` for the job of each person of `at` who has one."""
    end = np.minimum(now.job_end, now.died)
    now.happened("jobs", at & (now.job_start < end) & (now.job_start <= now.last), start=now.job_start, end=end)


def leave_treatment(now: Careers, at: Flags) -> None:
    """A row of `episodes` for the treatment of each person of `at` who has had one."""
    end = np.minimum(now.treated_to, now.died)
    treated = at & (now.treated_from < end) & (now.treated_from <= now.last)
    now.happened("episodes", treated, triage=now.triage, start=now.treated_from, end=end)


def share(log_odds: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Log odds as a probability."""
    return 1 / (1 + np.exp(-np.asarray(log_odds, dtype=float)))
