"""The state of everyone's journey between two rounds, and the record of what happened."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, YEAR, Days, day
from linkage.synthetic.people.population import Flags, Numbers, Population, Texts

OFFENCE_GROUPS = np.array([f"{group:02d}" for group in range(1, 13)], dtype=object)
# Shares of women's offences: theft, assault of emergency workers, fraud and summary offences stand out. A guess.
OFFENCE_SHARES = np.array([16, 0.3, 1.2, 33, 4, 8, 2, 8, 5, 5, 11.5, 6]) / 100
CAUTION, FINE, COMMUNITY, SUSPENDED, CUSTODY = range(5)
EARLY = 0.34


@dataclass
class Careers:
    """Everyone's state at the start of a round, as arrays over `who`; `events` gathers what happened by table."""

    people: Population
    aims: Calibration
    rng: np.random.Generator
    who: Numbers
    born: Days
    nfa: Flags
    need: Flags
    abroad: Flags
    severity: npt.NDArray[np.float64]
    priors: Numbers
    first_offence: Days
    died: Days
    job_start: Days
    job_end: Days
    triage: Days
    treated_from: Days
    treated_to: Days
    licence_to: Days
    supervisions: Numbers
    events: dict[str, list[pd.DataFrame]] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The last day of the records."""
        return day(self.aims.window.data_to)

    def chance(self, share: float | npt.NDArray[np.float64]) -> Flags:
        """A yes or no for each, yes with the given probability."""
        return self.rng.random(len(self.who)) < share

    def happened(self, table: str, at: Numbers | Flags, **columns: npt.ArrayLike) -> None:
        """Add a row of `table` for each person of `at`; columns are one value, or arrays over everybody."""
        values = {name: np.broadcast_to(np.asarray(value), len(self.who))[at] for name, value in columns.items()}
        self.events.setdefault(table, []).append(pd.DataFrame({"who": self.who[at], **values}))

    def only(self, at: Flags | Numbers) -> "Careers":
        """Those of `at`: whose lives go on, or each as often as named."""
        values: dict[str, Any] = {n: v[at] if isinstance(v, np.ndarray) else v for n, v in vars(self).items()}
        return Careers(**values)

    def main_offence(self) -> Texts:
        """An offence group for each."""
        return self.rng.choice(OFFENCE_GROUPS, len(self.who), p=OFFENCE_SHARES)

    def assessed_need(self) -> Flags:
        """The need for treatment as assessed on one occasion."""
        return np.where(self.need, self.chance(0.9), self.chance(0.02))


def beginnings(people: Population, aims: Calibration, rng: np.random.Generator) -> Careers:
    """Everyone with a justice life on the eve of the first offence on record."""
    table = people.people
    who = np.flatnonzero(table["justice"])
    many = len(who)
    born, severity, need, nfa, abroad = (
        table[name].to_numpy()[who] for name in ("born", "severity", "need", "nfa", "foreign_born")
    )
    first = first_offences(born, aims, rng)
    working = rng.random(many) < aims["working_before"] * np.where(need | nfa, 0.55, 1.25)
    never, none = np.full(many, NEVER), np.zeros(many, dtype=np.int64)
    return Careers(
        people=people, aims=aims, rng=rng, who=who, born=born, nfa=nfa, need=need, abroad=abroad, severity=severity,
        priors=rng.poisson(np.exp(0.4 + 1.1 * severity)),
        first_offence=first,
        died=never,
        job_start=np.where(working, first - rng.integers(30, 1500, many), NEVER),
        job_end=np.where(working, first + rng.integers(-200, 900, many), NEVER),
        triage=never, treated_from=never, treated_to=never, licence_to=none, supervisions=none,
    )  # fmt: skip


def first_offences(born: Days, aims: Calibration, rng: np.random.Generator) -> Days:
    """The day of each one's first offence on record: some before the cohorts begin, nobody under sixteen and a half."""
    start, middle, end = (day(d) for d in (aims.window.history_from, aims.window.cohorts_from, aims.window.cohorts_to))
    early, late = rng.integers(start, middle - 60, len(born)), rng.integers(middle - 60, end - 120, len(born))
    return np.maximum(np.where(rng.random(len(born)) < EARLY, early, late), born + round(16.5 * YEAR))
