"""What is known of people once their journeys are: what claims and duties follow from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import YEAR, Days, day
from linkage.synthetic.journeys.spells import covered, next_day
from linkage.synthetic.people.arrays import Flags, Numbers
from linkage.synthetic.people.population import Population

NO_CUSTODY = pd.DataFrame({"who": [], "reception_date": [], "release_date": []}, dtype=np.int64)
SPELL = ["who", "reception_date", "release_date"]
COMES_OF_AGE = 18


@dataclass(frozen=True)
class Lived:
    """People with their jobs and custody so far. `gone`: by person, the day of death or of leaving the country."""

    people: Population
    jobs: pd.DataFrame
    custody: pd.DataFrame
    gone: Days
    aims: Calibration
    rng: np.random.Generator

    @property
    def first(self) -> int:
        """The first day of the records."""
        return day(self.aims.window.history_from)

    @property
    def last(self) -> int:
        """The last day of the records."""
        return day(self.aims.window.data_to)

    def chance(self, share: float | npt.NDArray[np.float64], many: int) -> Flags:
        """`many` times yes or no, yes with the given probability."""
        return self.rng.random(many) < share

    def inside(self, who: Numbers, on: Days) -> Flags:
        """Was each in custody on a day?"""
        return covered(self.custody[SPELL], who, on)

    def working(self, who: Numbers, on: Days) -> Flags:
        """Was each in a job on a day?"""
        return covered(self.jobs[["who", "start", "end"]], who, on)

    def next_reception(self, who: Numbers, after: Days) -> Days:
        """The day each was next received into custody."""
        return next_day(self.custody[SPELL[:2]], who, after)

    def next_job(self, who: Numbers, after: Days) -> Days:
        """The day each next began to work."""
        return next_day(self.jobs[["who", "start"]], who, after)

    def grown_and_here(self, who: Numbers, on: Days) -> Flags:
        """Was each of age, in the country and alive on a day?"""
        born, arrived = (self.people.people[name].to_numpy()[who] for name in ("born", "arrived"))
        adult = born + round(COMES_OF_AGE * YEAR)
        found: Flags = (np.maximum(adult, arrived) <= on) & (on < self.gone[who])
        return found

    def trait(self, name: str, who: Numbers) -> Flags:
        """Which of `who` have a trait of theirs."""
        return self.people.people[name].to_numpy(dtype=bool)[who]
