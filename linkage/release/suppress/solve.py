"""All tables at once: which units to hide, how few that is, and how few it could be at best."""

from dataclasses import dataclass

from linkage.errors import DisclosureError
from linkage.release.suppress.attacker import Work
from linkage.release.suppress.bound import bound, proved, weight
from linkage.release.suppress.cuts import Cut
from linkage.release.suppress.exact import closed
from linkage.release.suppress.insiders import with_insiders
from linkage.release.suppress.pattern import Pattern
from linkage.release.suppress.problem import Bools, Problem, checked, part, parts
from linkage.release.suppress.search import given_back, repaired

FARTHER = 50
HALF = 0.5


@dataclass(frozen=True)
class Effort:
    """How much is tried, counted in work and not in seconds, so that a rerun does the same on any machine.

    `iterations`: simplex iterations of a part of the release; `rounds` of attacks on the fractional pattern; `nodes` of
    the integer programme each time it is solved, `attempts` at that. `insiders`: protect against a woman who knows
    that she is alone in a count.
    """

    iterations: int = 120_000
    rounds: int = 12
    nodes: int = 200
    attempts: int = 30
    insiders: bool = True


USUAL = Effort()


@dataclass(frozen=True)
class Solution:
    """`hide`: a safe pattern; `weight`: what it loses; `least`: what any safe one must; `finished`: not cut short."""

    hide: Bools
    weight: float
    least: float
    finished: bool = True

    @property
    def gap(self) -> float:
        """By what share the pattern may be heavier than the best one."""
        return (self.weight - self.least) / self.weight if self.weight else 0.0


def solve(problem: Problem, effort: Effort = USUAL) -> Solution:
    """A safe pattern for every target. Raises DisclosureError: counts that cannot be, a target none can protect."""
    checked(problem)
    hide, least, finished = problem.primary.copy(), 0.0, True
    for counts, units in parts(problem):
        one = part(problem, counts, units)
        found = solved(one, effort) if one.targets else Solution(one.primary, 0.0, weight(one, one.primary))
        hide[units] = found.hide
        least, finished = least + found.least, finished and found.finished
    return Solution(hide, weight(problem, hide), least, finished)


def solved(problem: Problem, effort: Effort) -> Solution:
    """One part of a release: readers are followed farther where a target seems impossible to protect."""
    try:
        return within(problem, effort, Work(effort.iterations))
    except DisclosureError:
        return within(problem, effort, Work(effort.iterations, FARTHER))


def within(problem: Problem, effort: Effort, work: Work) -> Solution:
    """The best pattern found within some work, and the bound."""
    lower = bound(problem, work, effort.rounds)

    def improve(hide: Bools, cuts: list[Cut]) -> Bools:
        pattern = repaired(problem, hide, lower.guide, lower.seen, cuts)
        if weight(problem, pattern.hide) > proved(problem, lower.least):
            given_back(pattern, lower.guide)
        return pattern.hide

    cuts: list[Cut] = []
    best = improve(lower.guide >= HALF, cuts)
    if weight(problem, best) > proved(problem, lower.least):
        lower.master.add(cuts)
        best, closer = closed(problem, lower.master, best, improve, work, effort.nodes, effort.attempts)
        lower.least = max(lower.least, closer)
    if effort.insiders:
        best = with_insiders(Pattern(problem, best, work).take(lower.seen), lower.guide, cuts)
    return Solution(best, weight(problem, best), min(proved(problem, lower.least), weight(problem, best)), work.left)
