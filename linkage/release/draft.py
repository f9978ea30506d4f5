"""A problem of suppression while it is written down: counts by where they stand in tables, units, and what adds up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from linkage.release.suppress.problem import NOBODY

ALL = "all"  # the category of an undivided breakdown, and the period that pools the others
Row = dict[str, Any]
Division = tuple[str, str]  # a breakdown, and a category of it
Within = Mapping[Division, Division]
Ends = tuple[float, float]
RATE = ("numerator", "without", "denominator")
EXCLUSIONS = ("in_custody", "died", "unknown", "not_linked")
ADDITIVE = ("numerator", "denominator", *EXCLUSIONS)
FREE: Ends = (0.0, np.inf)


class Cell(NamedTuple):
    """What one published row is about. Tables that show the same cell show, or suppress, the same."""

    cohort: str
    outcome: str
    geography: str
    period: str
    breakdown: str
    category: str


class Place(NamedTuple):
    """One count: a figure of a cell at a linkage threshold."""

    cell: Cell
    threshold: str
    figure: str


Places = dict[Place, int]


@dataclass(frozen=True)
class Declared:
    """What adds up. `years`: {a quarter or half-year: the year it is in}. `halves`: {a quarter: its half-year}.
    `within`: {(breakdown, category): (wider breakdown, the category of it that it is part of)}. `divided`: {breakdown:
    the outcome whose answers divide}. `crossed`: {(breakdown, category): an answer and a stratum it is part of}.
    `firsts`: {a cohort that every entry counts in: that of the first of a quarter}. `families`: (an outcome, or '' for
    being counted; outcomes of which every woman with that has one).

    Of each outcome: `asked`, which women of a cohort it is asked about; `leaving`, whom it leaves out on which day;
    `never`, reasons for which it leaves nobody out; `wider`, outcomes that count all its events; `died_by`, the day by
    which those had died whom it leaves out for it; `deaths`, of one that asks for a death, the window in days.

    Of each arm of a comparison: `among`, its cohort, and the categories of a breakdown that its women are in; of the
    first one `pairs`, the other arm, and breakdowns by which as many are matched in each category.
    """

    years: Mapping[str, str] = field(default_factory=dict)
    halves: Mapping[str, str] = field(default_factory=dict)
    within: Within = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    leaving: Mapping[str, str] = field(default_factory=dict)
    never: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wider: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    divided: Mapping[str, str] = field(default_factory=dict)
    crossed: Mapping[Division, tuple[Division, Division]] = field(default_factory=dict)
    firsts: Mapping[str, str] = field(default_factory=dict)
    families: tuple[tuple[str, tuple[str, ...]], ...] = ()
    died_by: Mapping[str, int] = field(default_factory=dict)
    deaths: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    among: Mapping[str, tuple[str, str, tuple[str, ...]]] = field(default_factory=dict)
    pairs: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)

    def longer(self, period: str) -> list[str]:
        """The longer periods that contain this one."""
        longer = (self.halves.get(period), self.years.get(period), ALL)
        return [one for one in longer if one and one != period]

    def length(self, period: str) -> str:
        """How long a period is: what is divided by it is divided by all of that length."""
        if period in self.halves.values():
            return "half-years"
        return "quarters" if period in self.years else "years"


class Unit(NamedTuple):
    """What is hidden together: `loss`, what hiding it costs; `primary`, hidden in any case; `kept`, published so."""

    loss: int
    primary: bool
    kept: bool


@dataclass
class Draft:
    """Counts, units and sums so far. What two releases count alike is one count: a reader is taken to know so, which
    can only make him better informed.

    `places`: where the counts of the release being made stand. `shown`, `hidden`: what a reader knows of a count in
    either case. `absent`: counts of rows that are not there. `implied`: sums that follow from others, and still show
    who is alone in a count.
    """

    places: Places = field(default_factory=dict)
    at: dict[tuple[Place, int], int] = field(default_factory=dict)
    absent: set[int | None] = field(default_factory=set)
    counts: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    shown: list[Ends] = field(default_factory=list)
    hidden: list[Ends] = field(default_factory=list)
    owners: list[tuple[int, int]] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    equations: dict[tuple[tuple[int, ...], tuple[int, ...]], None] = field(default_factory=dict)
    implied: list[tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)

    def count(
        self,
        places: Places,
        place: Place,
        count: int,
        shown: Ends,
        owners: tuple[int, int],
        more: str = "",
        hidden: Ends = FREE,
    ) -> int:
        """Write a count down, unless a release had it already: then a reader knows both. Returns its number.

        `owners`: the units that hide it; where none does, what is shown is all there is to know. `more`: for its label.
        `hidden`: what is known of it where one does.
        """
        if place not in places:
            known = shown if max(owners) == NOBODY else hidden
            number = places[place] = self.at.setdefault((place, count), len(self.counts))
            if number == len(self.counts):
                self.append(count, label(place) + more, shown, known, owners)
            self.shown[number] = both(self.shown[number], known)
            self.hidden[number] = both(self.hidden[number], known)
        return places[place]

    def nobody(self, places: Places, place: Place) -> None:
        """Write down that a release has no row here, so that nobody is counted, as everybody knows."""
        places[place] = len(self.counts)
        self.absent.add(places[place])
        self.append(0, label(place), (0.0, 0.0), (0.0, 0.0), (NOBODY, NOBODY))

    def append(self, count: int, named: str, shown: Ends, hidden: Ends, owners: tuple[int, int]) -> None:
        """A new count."""
        self.counts.append(count)
        self.labels.append(named)
        self.shown.append(shown)
        self.hidden.append(hidden)
        self.owners.append(owners)

    def same(self, one: int | None, other: int) -> bool:
        """Is it one count, or are both of rows that are not there?"""
        return one == other or {one, other} <= self.absent

    def total(self, whole: Sequence[int], parts: Sequence[int]) -> None:
        """Write down that parts add up to a whole, once."""
        self.equations[tuple(whole), tuple(parts)] = None

    def matrix(self, implied: bool = False) -> csr_matrix:
        """The equations as a matrix, with those implied or without."""
        equations = [*self.equations, *self.implied] if implied else list(self.equations)
        starts = np.cumsum([0, *(len(whole) + len(parts) for whole, parts in equations)]).astype(np.int64)
        members = np.array([n for both_sides in equations for side in both_sides for n in side], dtype=np.int64)
        signs = np.array([s for whole, parts in equations for s in [-1.0] * len(whole) + [1.0] * len(parts)])
        return csr_matrix((signs, members, starts), shape=(len(equations), len(self.counts)))


def both(one: Ends, other: Ends) -> Ends:
    """What two things that are known leave possible."""
    return max(one[0], other[0]), min(one[1], other[1])


def label(place: Place) -> str:
    """Which count, in words; never what it counts."""
    return ", ".join([*place.cell, place.threshold, place.figure.replace("_", " ")])


def cell_of(row: Row) -> Cell:
    """What the row is about, whichever table shows it."""
    return Cell(*(row[name] for name in Cell._fields))
