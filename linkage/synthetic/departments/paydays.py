"""Days on which wages are paid: a Friday, every week or every fourth, or the last working day of each month."""

from dataclasses import dataclass

import numpy as np

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import Days
from linkage.synthetic.people.arrays import Flags

WEEK, FOUR_WEEKS = 7, 28
A_FRIDAY = 1  # 2 January 1970


@dataclass(frozen=True)
class Paydays:
    """Of each job: is it paid `monthly`, and if not, `every` how many days and on a `friday` of which others follow."""

    monthly: Flags
    every: Days
    friday: Days

    def on_or_after(self, on: Days) -> Days:
        """The first payday of each from a day on."""
        this, following = last_working_day(on), last_working_day(on, 1)
        by_month = np.where(this >= on, this, following)
        return np.where(self.monthly, by_month, on + (self.friday - on) % self.every)

    def on_or_before(self, on: Days) -> Days:
        """The latest payday of each up to a day."""
        this, earlier = last_working_day(on), last_working_day(on, -1)
        by_month = np.where(this <= on, this, earlier)
        return np.where(self.monthly, by_month, on - (on - self.friday) % self.every)


def paydays(aims: Calibration, rng: np.random.Generator, jobs: int) -> Paydays:
    """The paydays of so many jobs, as common as the figures have them."""
    lot, week = rng.random(jobs), rng.integers(0, FOUR_WEEKS // WEEK, jobs)
    weekly = lot < aims["paid_weekly"]
    monthly = lot >= aims["paid_weekly"] + aims["paid_four_weekly"]
    return Paydays(monthly, np.where(weekly, WEEK, FOUR_WEEKS), A_FRIDAY + WEEK * week)


def last_working_day(on: Days, later: int = 0) -> Days:
    """The last day of each day's month, or of one so many months `later`, that is no Saturday or Sunday."""
    following = on.astype("datetime64[D]").astype("datetime64[M]") + 1 + later
    last = following.astype("datetime64[D]") - 1
    return np.busday_offset(last, 0, roll="backward").astype(np.int64)
