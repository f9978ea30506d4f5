"""The least that must be lost, proved: the linear programme over all inequalities that attacks have shown so far.

Its solution also guides the search: a unit that is half hidden in it is likely hidden in a good pattern.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

import highspy
import numpy as np

from linkage.release.suppress.attacker import Work, solver
from linkage.release.suppress.cuts import Cut, cut, satisfied
from linkage.release.suppress.pattern import Pattern, open_targets
from linkage.release.suppress.problem import Bools, Floats, Problem

HARDLY = 1e-4
STALLED = 0.002


class Master:
    """min weights·y over 0 ≤ y ≤ 1 and the inequalities found; primary units are hidden already, at no cost."""

    def __init__(self, problem: Problem) -> None:
        self.highs = solver()
        free = ~(problem.primary | problem.kept)
        self.weights = np.where(free, problem.weights, 0.0)
        self.cuts: list[Cut] = []
        n = len(problem.weights)
        self.highs.addVars(n, np.zeros(n), np.where(problem.kept | problem.primary, 0.0, 1.0))
        self.highs.changeColsCost(n, np.arange(n, dtype=np.int32), self.weights)

    def add(self, cuts: Sequence[Cut]) -> None:
        """Take in more inequalities."""
        for one in cuts:
            self.cuts.append(one)
            scaled = one.gains / one.needed
            self.highs.addRow(1.0, highspy.kHighsInf, len(one.units), one.units.astype(np.int32), scaled)

    def solve(self, work: Work) -> tuple[float, Floats]:
        """The least weight, and how far each unit is hidden in it."""
        self.highs.run()
        work.done += max(0, self.highs.getInfo().simplex_iteration_count) + 1
        return float(self.highs.getInfo().objective_function_value), np.array(self.highs.getSolution().col_value)


@dataclass
class Bound:
    """`least`: no safe pattern weighs less, beyond primary units. `guide`: the fractional pattern of that weight.

    `seen`: the fractional pattern attacked last, with the tables found.
    """

    least: float
    guide: Floats
    master: Master
    seen: "Fractional"
    trace: list[float] = field(default_factory=list)


def bound(problem: Problem, work: Work, rounds: int) -> Bound:
    """Attack the fractional pattern, add what it lacks, solve again, until nothing is lacking or it hardly helps."""
    guide = np.zeros(len(problem.weights))
    found = Bound(0.0, guide, Master(problem), Fractional(problem, guide, work))
    for _ in range(rounds):
        lacking = separated(problem, found.seen, found.guide)
        if not lacking:
            break
        found.master.add(lacking)
        found.least, found.guide = found.master.solve(work)
        found.trace.append(found.least)
        stalled = len(found.trace) > 3 and found.trace[-1] - found.trace[-3] < STALLED * found.trace[-1]
        if stalled or not work.left:
            break
        found.seen.follow(found.guide)
    return found


def separated(problem: Problem, pattern: "Fractional", guide: Floats) -> list[Cut]:
    """Inequalities that a fractional pattern does not hold, one for the targets that the same units hide."""
    pattern.sweep(range(len(pattern.targets)))
    found: dict[tuple[int, ...], Cut] = {}
    for number in open_targets(pattern):
        target = pattern.targets[number]
        units = tuple(problem.owners[target.number].tolist())
        attacks = None if units in found else pattern.attack(number)
        if attacks and not satisfied(one := cut(problem, target, *attacks), guide):
            found[units] = one
    return list(found.values())


class Fractional(Pattern):
    """A pattern whose units are hidden in part: a reader's knowledge of a count lies in between."""

    def __init__(self, problem: Problem, guide: Floats, work: Work) -> None:
        super().__init__(problem, problem.primary, work)
        self.follow(guide)

    def follow(self, guide: Floats) -> None:
        """Hide units by these parts from now on. Tables found that a reader still holds possible stay known."""
        before = self.below, self.above
        self.below, self.above = partly(self.problem, guide, self.width, self.work.farthest)
        changed = np.flatnonzero((self.below != before[0]) | (self.above != before[1]))
        self.tell(changed)
        self.aside(self.doubted(changed))


def partly(problem: Problem, guide: Floats, width: int, widths: int) -> tuple[Floats, Floats]:
    """How far each count may be from the truth, a count hidden by a part gaining that part of a width."""
    share = np.minimum(1.0, np.append(guide, 0.0)[problem.owners].sum(axis=1))
    share[share < HARDLY] = 0.0
    low, high = problem.known(problem.primary_counts)
    least, most = problem.known(np.ones(len(problem.counts), dtype=bool))
    farthest = float(widths * width)
    limit = np.where(problem.primary_counts, farthest, width)
    low, least = np.maximum(low, -farthest), np.maximum(least, -farthest)
    high, most = np.minimum(high, farthest), np.minimum(most, farthest)
    return low + share * np.maximum(least - low, -limit), high + share * np.minimum(most - high, limit)


def proved(problem: Problem, least: float) -> float:
    """The weight no safe pattern is under, primary units included, from a bound on the others; whole like weights."""
    exact = max(0.0, least - 1e-6 * max(1.0, least))
    whole = bool(np.all(problem.weights == np.round(problem.weights)))
    return weight(problem, problem.primary) + (ceil(exact) if whole else exact)


def weight(problem: Problem, hide: Bools) -> float:
    """What a pattern loses."""
    return float(problem.weights[hide].sum())
