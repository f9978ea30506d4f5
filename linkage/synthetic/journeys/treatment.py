"""Drug and alcohol treatment in the community: who starts, how long it lasts, how it ends."""

import numpy as np
import numpy.typing as npt

from linkage.synthetic.days import NEVER, Days
from linkage.synthetic.journeys.careers import COMMUNITY, CUSTODY, Careers
from linkage.synthetic.journeys.custody import Liberty
from linkage.synthetic.people.arrays import Flags, Texts

THREE_WEEKS = 21
WALES = "W92000004"


def treatment(now: Careers, free: Liberty) -> Flags:
    """In treatment by day 21, still or newly; others later, or only assessed. Of those in need, in England."""
    going_on = (now.treated_from < free.start) & (now.treated_to > free.start)
    possible = now.need & ~going_on
    soon = possible & now.chance(likely(now, free))
    later = possible & ~soon & now.chance(0.22)
    assessed = possible & ~soon & ~later & now.chance(0.15)
    wait = np.where(soon, now.rng.integers(0, THREE_WEEKS + 1, now.many), now.rng.integers(22, 300, now.many))
    start = free.start + wait
    triage = np.maximum(start - now.rng.integers(0, 12, now.many), free.start)
    england = now.people.homes["region"].to_numpy()[now.people.home_on(now.who, triage)] != WALES
    comes = (soon | later | assessed) & england
    leave_treatment_by(now, comes, free.start)
    begin_treatment(now, comes, triage, np.where(assessed, NEVER, start))
    return going_on | (soon & england)


def likely(now: Careers, free: Liberty) -> npt.NDArray[np.float64]:
    """The chance that one in need starts within three weeks, by what she comes from."""
    cases = [free.disposal == CUSTODY, free.requirement == "ATR", free.requirement == "DRR", free.disposal >= COMMUNITY]
    names = ["in_treatment_custody", "in_treatment_atr", "in_treatment_drr", "in_treatment_order"]
    return np.select(cases, [now.aims[name] for name in names], 0.08) * np.where(now.nfa, 0.85, 1.05)


def courses(now: Careers) -> tuple[Days, Texts]:
    """(days, reason) as a course of treatment would go by itself: over a year, completed within it, or dropped."""
    drawn = now.rng.random(now.many)
    retained = drawn < now.aims["treatment_retained"]
    completed = ~retained & (drawn < now.aims["treatment_retained"] + now.aims["treatment_completed"])
    long = 366 + now.rng.gamma(1.2, 200, now.many)
    within = np.where(completed, 70 + 290 * now.rng.beta(1.4, 1.4, now.many), 14 + 350 * now.rng.beta(1, 1.8, now.many))
    ends = np.where(completed | (retained & (now.rng.random(now.many) < 0.55)), "COMP", "DROP").astype(object)
    return np.where(retained, long, within).astype(np.int64), ends


def leave_treatment_by(now: Careers, at: Flags, on: Days) -> None:
    """The episode before of each person of `at` ends on a day at the latest, or never begins."""
    now.treated_so = np.where(at & (now.treated_to > on), "DROP", now.treated_so)
    now.treated_to = np.where(at, np.minimum(now.treated_to, on), now.treated_to)
    leave_treatment(now, at)


def begin_treatment(now: Careers, at: Flags, triage: Days, start: Days) -> None:
    """A new episode for each person of `at`, which begins on `start` or never."""
    stay, so = courses(now)
    never = start == NEVER
    now.triage, now.treated_from = np.where(at, triage, now.triage), np.where(at, start, now.treated_from)
    now.treated_to = np.where(at, np.where(never, triage + 30, start + stay), now.treated_to)
    now.treated_so = np.where(at, np.where(never, "DROP", so), now.treated_so)


def leave_treatment(now: Careers, at: Flags) -> None:
    """A row of `episodes` for each person of `at` who has had one, cut short where she dies or leaves.

    What was to begin after that, or after the last day of the records, never began.
    """
    end = np.minimum(now.treated_to, now.gone)
    cut = now.gone <= now.treated_to
    reason = np.select([cut & (now.died <= end), cut], ["DIED", "TRAN"], now.treated_so)
    now.happened(
        "episodes",
        at & (now.triage < end) & (now.triage <= now.last),
        triage=now.triage,
        start=np.where((now.treated_from >= end) | (now.treated_from > now.last), NEVER, now.treated_from),
        end=end,
        discharge_reason=reason.astype(object),
        substance=now.substance,
    )
