"""The year after: work, a home, treatment, and who does not live to see the end of it."""

from dataclasses import dataclass

import numpy as np

from linkage.synthetic.days import Days, ages
from linkage.synthetic.journeys.careers import CUSTODY, Careers, share
from linkage.synthetic.journeys.custody import Liberty
from linkage.synthetic.journeys.housing import three_months_on
from linkage.synthetic.journeys.treatment import leave_treatment, treatment
from linkage.synthetic.people.arrays import Flags, Texts

SIX_WEEKS, FOUR_WEEKS, YEAR_DAYS = 42, 28, 365


@dataclass(frozen=True)
class Circumstances:
    """How everybody stands after the first weeks, as arrays: what the chance of a next offence depends on."""

    employed: Flags
    home: Texts
    treated: Flags


def live(now: Careers, free: Liberty) -> Circumstances:
    """Work at six weeks, the home at three months, treatment at three weeks; some die within the year."""
    so = Circumstances(work(now, free), housing(now, free), treatment(now, free))
    die(now, free, so)
    return so


def housing(now: Careers, free: Liberty) -> Texts:
    """Where each lives three months on; rows of `settling`: at first, and from some weeks later."""
    home = three_months_on(now, free.disposal, free.first_night)
    everybody, inside = np.ones(now.many, dtype=bool), free.disposal == CUSTODY
    now.happened("settling", everybody, since=free.start, status=np.where(inside, free.first_night, home))
    now.happened("settling", inside, since=free.start + now.rng.integers(7, 60, now.many), status=home)
    return home


def work(now: Careers, free: Liberty) -> Flags:
    """Employed on day 42: in a job held on, or one newly found; others may find one later."""
    day_42, inside = free.start + SIX_WEEKS, free.disposal == CUSTODY
    held = (now.job_start <= day_42) & (now.job_end >= day_42)
    age = ages(now.born, free.start)
    odds = np.where(inside, now.aims["employed_custody"], now.aims["employed_community"])
    odds = odds + now.aims["employed_effect_need"] * now.need + now.aims["employed_effect_no_fixed_abode"] * now.nfa
    found = ~held & now.chance(share(odds - 0.3 * ((age < 21) | (age > 55))))
    later = ~held & ~found & now.chance(np.where(inside, now.aims["employed_later_custody"], 0.3))
    soon = now.rng.integers(np.where(inside, 4, 0), SIX_WEEKS + 1)
    start = free.start + np.where(found, soon, now.rng.integers(43, 400, now.many))
    end = start + 30 + now.rng.exponential(260, now.many).astype(np.int64)
    change_jobs(now, found | later, free.start, start, np.maximum(end, np.where(found, day_42, 0)))
    return held | found


def change_jobs(now: Careers, at: Flags, on: Days, start: Days, end: Days) -> None:
    """A new job for each person of `at`; the one before ends on a day, or never begins."""
    now.job_end = np.where(at, np.minimum(now.job_end, on), now.job_end)
    leave_jobs(now, at)
    now.job_start, now.job_end = np.where(at, start, now.job_start), np.where(at, end, now.job_end)


def leave_jobs(now: Careers, at: Flags) -> None:
    """A row of `jobs` for the job of each person of `at` who has one."""
    end = np.minimum(now.job_end, now.gone)
    now.happened("jobs", at & (now.job_start < end) & (now.job_start <= now.last), start=now.job_start, end=end)


def die(now: Careers, free: Liberty, so: Circumstances) -> None:
    """Deaths on top of natural ones, most in the first four weeks of those in need who lost their tolerance inside.

    Overdose after release is several times as likely without treatment (Marsden et al., Addiction 2017).
    """
    at_risk = now.need & (free.disposal == CUSTODY) & ~so.treated
    soon = now.chance(now.aims["dies_within_4_weeks"] * at_risk)
    treated = so.treated & now.chance(now.aims["dies_in_treatment"])
    later = now.chance(now.aims["dies_within_a_year"] * np.where(now.need, 1.6, 0.6))
    long = np.where(soon, FOUR_WEEKS, YEAR_DAYS)
    on = free.start + 1 + (now.rng.random(now.many) * long).astype(np.int64)
    dies = (soon | treated | later) & (on < now.gone)
    now.died, now.gone = np.where(dies, on, now.died), np.where(dies, on, now.gone)


def leave(now: Careers, at: Flags) -> None:
    """The end of what we follow of those of `at`: the job, the treatment, the death."""
    leave_jobs(now, at)
    leave_treatment(now, at)
    now.happened("deaths", at & (now.died <= now.last), died=now.died)
