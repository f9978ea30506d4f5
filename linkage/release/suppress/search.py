"""A small safe pattern: begin with what the linear programme suggests, hide until all is safe, give back what can be.

Safe first, small second. Hiding stops only when every target is proved to be protected; giving back never undoes that.
"""

import numpy as np

from linkage.errors import DisclosureError
from linkage.release.suppress.cuts import Cut, cut
from linkage.release.suppress.pattern import Pattern, open_targets
from linkage.release.suppress.problem import Bools, Floats, Problem, Target


def repaired(problem: Problem, hide: Bools, guide: Floats, seen: Pattern, found: list[Cut]) -> Pattern:
    """The pattern, and more hidden until all targets are protected; the inequalities met on the way go to `found`.

    `seen`: another pattern, of which tables are known. Raises DisclosureError where a target cannot be protected
    whatever is hidden.
    """
    pattern = Pattern(problem, hide | problem.primary, seen.work).take(seen)
    pattern.sweep(range(len(pattern.targets)))
    for number in open_targets(pattern):
        while attacks := pattern.attack(number):
            lacking = cut(problem, pattern.targets[number], *attacks)
            found.append(lacking)
            pattern.set(chosen(problem, pattern, lacking, guide, number), True)
    return pattern


def chosen(problem: Problem, pattern: Pattern, lacking: Cut, guide: Floats, number: int) -> int:
    """The unit to hide next: what the linear programme hides most, for its weight. Raises DisclosureError."""
    fresh = ~pattern.hide[lacking.units]
    if not fresh.any():
        raise DisclosureError(unprotectable(problem, pattern.targets[number]))
    units, gains = lacking.units[fresh], lacking.gains[fresh] / lacking.needed
    worth = gains * (guide[units] + 0.001) / np.maximum(problem.weights[units], 1e-9)
    return int(units[np.argmax(worth)])


def unprotectable(problem: Problem, target: Target) -> str:
    """What to do about a count that stays too narrow even when all that may be hidden is."""
    return (
        f"{problem.labels[target.number]}: cannot be protected, even when all that may be suppressed is. Let a margin "
        "above it be suppressed, use wider groups, or ask for a smaller width."
    )


def given_back(pattern: Pattern, guide: Floats) -> None:
    """Publish what need not be hidden, the dearest and least suggested first, while work is left."""
    problem = pattern.problem
    spare = np.flatnonzero(pattern.hide & ~problem.primary)
    for unit in spare[np.lexsort((spare, guide[spare], -problem.weights[spare]))]:
        if not pattern.work.left:
            return
        pattern.publishes(int(unit))
