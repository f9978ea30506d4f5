"""Pairs of women who are alike: a propensity score by logistic regression, and its nearest neighbours within a caliper.

Rosenbaum and Rubin, Biometrika 70 (1983); Austin, Multivariate Behavioral Research 46 (2011). Nothing is drawn by lot:
the same women in the same order give the same pairs, and whoever calls puts them into an order of their own.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
# Each coefficient is drawn a little to 0 (le Cessie and van Houwelingen, Applied Statistics 41, 1992): that of a
# category that one arm alone has would otherwise run to infinity.
RIDGE = 1.0
STEPS, CONVERGED = 50, 1e-10
DECIMALS = 9  # of a logit: what machines may disagree on is cut off
NOBODY = -1


@dataclass(frozen=True)
class Pairs:
    """`partner`: of each woman the place of the other of her pair, or NOBODY; `logit`: of her propensity score;
    `caliper`: how far apart the logits of a pair may be.
    """

    partner: Ints
    logit: Floats
    caliper: float


def paired(first_arm: Bools, alike: Sequence[object], categories: Sequence[Ints], width: float) -> Pairs:
    """Women of the first arm, the likeliest to be in it first, each with the nearest woman of the second who is left.

    `alike`: what must be equal in a pair. `categories`: of each covariate the number of her category. `width`: of the
    caliper, in standard deviations of the logit, pooled over the arms (Austin, Pharmaceutical Statistics 10, 2011).
    """
    partner = np.full(len(first_arm), NOBODY)
    if not first_arm.any() or first_arm.all():
        return Pairs(partner, np.zeros(len(first_arm)), 0.0)
    logit = np.round(fitted(first_arm, dummies(categories)), DECIMALS)
    caliper = width * float(np.sqrt((logit[first_arm].var() + logit[~first_arm].var()) / 2))
    strata: dict[object, list[int]] = defaultdict(list)
    for place in np.flatnonzero(in_common(first_arm, logit)).tolist():
        strata[alike[place]].append(place)
    for places in strata.values():
        for one, other in nearest(places, first_arm, logit, caliper):
            partner[one], partner[other] = other, one
    return Pairs(partner, logit, caliper)


def dummies(categories: Sequence[Ints]) -> Floats:
    """A column of ones, and one of 0 and 1 for each category of each covariate that somebody is in."""
    columns = [np.ones(len(categories[0]))]
    columns += [(each == one).astype(float) for each in categories for one in np.unique(each)]
    return np.column_stack(columns)


def fitted(first_arm: Bools, columns: Floats) -> Floats:
    """The logit of the chance to be in the first arm, by Newton's method on the penalised likelihood."""
    ridge = np.full(columns.shape[1], RIDGE)
    ridge[0] = 0.0
    weights = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-columns @ weights))
        slope = columns.T @ (first_arm - chance) - ridge * weights
        curve = columns.T @ (columns * (chance * (1 - chance))[:, None]) + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        weights += step
        if np.abs(step).max() < CONVERGED:
            break
    return np.asarray(columns @ weights)


def in_common(first_arm: Bools, logit: Floats) -> Bools:
    """Who is where both arms have women: between the higher of their lowest logits and the lower of their highest."""
    ends = [(logit[arm].min(), logit[arm].max()) for arm in (first_arm, ~first_arm)]
    return (logit >= max(low for low, _ in ends)) & (logit <= min(high for _, high in ends))


def nearest(places: Sequence[int], first_arm: Bools, logit: Floats, caliper: float) -> list[tuple[int, int]]:
    """Pairs among women who must be alike in something: greedily, without replacement."""
    ones = sorted((p for p in places if first_arm[p]), key=lambda p: (-logit[p], p))
    others = sorted((p for p in places if not first_arm[p]), key=lambda p: (logit[p], p))
    heights = [float(logit[p]) for p in others]
    left, found = Left(len(others)), []
    for one in ones:
        above = bisect_left(heights, float(logit[one]))
        free = [n for n in (left.below(above - 1), left.above(above)) if n is not None]
        best = min(free, key=lambda n: (abs(heights[n] - logit[one]), n), default=None)
        if best is not None and abs(heights[best] - logit[one]) <= caliper:
            left.take(best)
            found.append((one, others[best]))
    return found


class Left:
    """Which places of a row are still free: the next one on either side, each found in about constant time."""

    def __init__(self, many: int) -> None:
        self.down, self.up = list(range(many + 1)), list(range(many + 1))

    def below(self, place: int) -> int | None:
        """The first free place at or under this one."""
        return end - 1 if (end := root(self.down, place + 1)) else None

    def above(self, place: int) -> int | None:
        """The first free place at or over this one."""
        return end if (end := root(self.up, place)) < len(self.up) - 1 else None

    def take(self, place: int) -> None:
        """It is free no more."""
        self.down[place + 1], self.up[place] = place, place + 1


def root(links: list[int], place: int) -> int:
    """Where a chain of links ends; it is shortened on the way."""
    while links[place] != place:
        links[place] = place = links[links[place]]
    return place
