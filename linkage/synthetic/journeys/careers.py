"""The state of everyone's journey between two rounds, and the record of what happened."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, YEAR, Days, ages, day
from linkage.synthetic.people.arrays import Flags, Numbers, Texts
from linkage.synthetic.people.population import Population

CAUTION, FINE, COMMUNITY, SUSPENDED, CUSTODY = range(5)
EARLY = 0.45
SUBSTANCES = np.array(["OPI", "NON", "ALC", "NOA"], dtype=object)
NOT_OPIATES = [0.21, 0.55, 0.24]
MOST_PAST_OFFENCES_A_YEAR = 12


@dataclass
class Careers:
    """Everyone's state at the start of a round, as arrays over `who`; `events` gathers what happened by table.

    `gone`: the day each leaves the country, is deported or dies. `treated_so`: how treatment would end by itself.
    """

    people: Population
    aims: Calibration
    rng: np.random.Generator
    who: Numbers
    born: Days
    nfa: Flags
    need: Flags
    abroad: Flags
    mental_health: Flags
    abused: Flags
    priors: Numbers
    first_offence: Days
    died: Days
    gone: Days
    job_start: Days
    job_end: Days
    substance: Texts
    triage: Days
    treated_from: Days
    treated_to: Days
    treated_so: Texts
    licence_to: Days
    supervisions: Numbers
    events: dict[str, list[pd.DataFrame]] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The last day of the records."""
        return day(self.aims.window.data_to)

    @property
    def many(self) -> int:
        """How many people go round still."""
        return len(self.who)

    def chance(self, share: float | npt.NDArray[np.float64]) -> Flags:
        """A yes or no for each, yes with the given probability."""
        return self.rng.random(self.many) < share

    def happened(self, table: str, at: Numbers | Flags, **columns: npt.ArrayLike) -> None:
        """Add a row of `table` for each person of `at`; columns are one value, or arrays over everybody."""
        values = {name: np.broadcast_to(np.asarray(value), self.many)[at] for name, value in columns.items()}
        self.events.setdefault(table, []).append(pd.DataFrame({"who": self.who[at], **values}))

    def only(self, at: Flags | Numbers) -> "Careers":
        """Those of `at`: whose lives go on, or each as often as named."""
        values: dict[str, Any] = {n: v[at] if isinstance(v, np.ndarray) else v for n, v in vars(self).items()}
        return Careers(**values)

    def assessed(self, trait: Flags) -> Flags:
        """A need as assessed on one occasion: missed in some, seen in a few who have none."""
        return np.where(trait, self.chance(0.9), self.chance(0.02))

    def said_homeless(self, where: str) -> Flags:
        """Of no fixed abode on one occasion, as recorded `where`: mostly those who are so at some time."""
        return np.where(self.nfa, self.chance(self.aims[f"no_fixed_abode_{where}"]), self.chance(0.02))


def beginnings(people: Population, aims: Calibration, rng: np.random.Generator) -> Careers:
    """Everyone with a justice life on the eve of the first offence on record."""
    who = np.flatnonzero(people.people["justice"])
    of = {str(name): column.to_numpy()[who] for name, column in people.people.items()}
    many, never, none = len(who), np.full(len(who), NEVER), np.zeros(len(who), dtype=np.int64)
    first = first_offences(of["born"], of["arrived"], aims, rng)
    working = rng.random(many) < aims["working_before"] * np.where(of["need"] | of["nfa"], 0.55, 1.25)
    old_enough = np.maximum(of["arrived"], of["born"] + round(16.2 * YEAR))
    return Careers(
        people=people, aims=aims, rng=rng, who=who,
        born=of["born"], nfa=of["nfa"], need=of["need"], abroad=of["foreign_born"],
        mental_health=of["mental_health"], abused=of["abused"],
        priors=past_offences(of["severity"], ages(of["born"], first), aims, rng),
        first_offence=first,
        died=of["died"],
        gone=np.minimum(of["left"], of["died"]),
        job_start=np.where(working, np.maximum(first - rng.integers(30, 1500, many), old_enough), NEVER),
        job_end=np.where(working, first + rng.integers(-200, 900, many), NEVER),
        substance=substances(of["severity"], aims, rng),
        triage=never, treated_from=never, treated_to=never, treated_so=np.full(many, "", dtype=object),
        licence_to=none, supervisions=none,
    )  # fmt: skip


def first_offences(born: Days, arrived: Days, aims: Calibration, rng: np.random.Generator) -> Days:
    """The day of each one's first offence on record: here, and nobody under sixteen and a half."""
    start, middle, end = (day(d) for d in (aims.window.history_from, aims.window.cohorts_from, aims.window.cohorts_to))
    early, late = rng.integers(start, middle - 60, len(born)), rng.integers(middle - 60, end - 60, len(born))
    drawn = np.where(rng.random(len(born)) < EARLY, early, late)
    return np.maximum.reduce([drawn, born + round(16.5 * YEAR), arrived + rng.integers(30, 400, len(born))])


def past_offences(
    severity: npt.NDArray[np.float64], age: npt.NDArray[np.float64], aims: Calibration, rng: np.random.Generator
) -> Numbers:
    """Offences before the records begin: none of a third or more, and dozens of a few, by age and severity."""
    log = aims["past_offences"] + aims["past_offences_by_severity"] * severity
    log = log + rng.normal(0, aims["past_offences_spread"], len(age))
    return np.minimum(np.maximum(np.exp(log) - 1, 0), MOST_PAST_OFFENCES_A_YEAR * (age - 15)).astype(np.int64)


def substances(severity: npt.NDArray[np.float64], aims: Calibration, rng: np.random.Generator) -> Texts:
    """What each would be treated for: opiates the likelier, the more severe the life."""
    opiates = rng.random(len(severity)) < share(aims["opiates"] + 0.6 * severity)
    return np.where(opiates, "OPI", rng.choice(SUBSTANCES[1:], len(severity), p=NOT_OPIATES)).astype(object)


def share(log_odds: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Log odds as a probability."""
    return 1 / (1 + np.exp(-np.asarray(log_odds, dtype=float)))
