"""What every safe pattern satisfies: an inequality over units, read off the prices of an attack.

Method: Fischetti and Salazar-González, Solving the cell suppression problem on tabular data with linear constraints,
Management Science 47 (2001). For any prices λ of the equations, w = e_p - λM bounds how far count p can move:
Σ max(w, 0)·above + Σ max(-w, 0)·below, where above and below depend on what is hidden. Up and down together must reach
the width asked for, whatever the prices.
"""

from typing import NamedTuple

import numpy as np

from linkage.release.suppress.attacker import TINY, Farthest
from linkage.release.suppress.problem import NOBODY, Bools, Floats, Ints, Problem, Target


class Cut(NamedTuple):
    """Σ gains·(unit hidden) ≥ needed."""

    units: Ints
    gains: Floats
    needed: float


def slopes(problem: Problem, target: Target, up: Farthest, down: Farthest) -> tuple[Floats, Floats]:
    """How much the bound on the width grows per unit of room above, and below, each count."""
    room_above, room_below = np.zeros(len(problem.counts)), np.zeros(len(problem.counts))
    for sign, found in ((1.0, up), (-1.0, down)):
        slope = -(problem.equations.T @ found.prices)
        slope[target.number] += sign
        slope[np.abs(slope) < TINY] = 0.0
        room_above += np.maximum(slope, 0)
        room_below += np.maximum(-slope, 0)
    return room_above, room_below


def cut(problem: Problem, target: Target, up: Farthest, down: Farthest, insider: int = NOBODY) -> Cut:
    """The inequality that these two attacks on a target prove, where a reader may know the count `insider`."""
    above, below = slopes(problem, target, up, down)
    low, high = (np.where(problem.primary_counts, h, s) for h, s in zip(problem.hidden, problem.shown, strict=True))
    if insider >= 0:
        low[insider] = high[insider] = problem.counts[insider]
    truth = problem.counts.astype(float)
    needed = target.width - float(room(above, high - truth).sum() + room(below, truth - low).sum())
    if needed <= TINY:
        return Cut(np.array([], dtype=np.int64), np.array([]), 0.0)
    gained = room(above, more(problem.hidden[1], high)) + room(below, more(low, problem.hidden[0]))
    if insider >= 0:
        gained[insider] = 0.0
    return gathered(problem, np.minimum(gained, needed), needed)


def gathered(problem: Problem, gained: Floats, needed: float) -> Cut:
    """The gains of counts as gains of the units that hide them; no unit is worth more than all that is needed."""
    gains = np.zeros(len(problem.weights) + 1)
    for of in problem.owners.T:
        np.add.at(gains, of, gained)
    gains = np.minimum(gains[:-1], needed)
    gains[problem.kept | problem.primary] = 0.0
    units = np.flatnonzero(gains > TINY)
    return Cut(units, gains[units], needed)


def room(slope: Floats, width: Floats) -> Floats:
    """slope·width, where 0·∞ is 0."""
    return np.multiply(slope, width, out=np.zeros_like(slope), where=slope > 0)


def more(far: Floats, near: Floats) -> Floats:
    """far - near, where nothing is gained beyond what is unlimited already."""
    return np.subtract(far, near, out=np.zeros_like(far), where=np.isfinite(near))


def satisfied(cut: Cut, chosen: Floats | Bools) -> bool:
    """Does a pattern, or a fractional one, hold the inequality?"""
    return float(cut.gains @ np.asarray(chosen, dtype=float)[cut.units]) >= cut.needed - 1e-6
