"""What a published rate would be had no record been missed and none been somebody else's, with an interval.

Of the women counted a share s is *seen* with the outcome: those who have it and whose record was not missed (m), and
those whom somebody else's record gives it (f): s = p (1 - m) + (1 - p) f, so p = (s - f) / (1 - m - f) (Rogan and
Gladen, American Journal of Epidemiology 107, 1978; for linkage Harron and others, International Journal of
Epidemiology 46, 2017). A wrong record is taken to show the outcome as often as a right one does, so f = w s, where w is
the share of links that are wrong. Of what a reader holds only: rounded counts, and error rates as they are published.
"""

from collections.abc import Callable, Sequence
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv
from scipy.stats import binom

from linkage.release.control import wilson


class Share(NamedTuple):
    """A share of 0 to 1 and the ends of its interval."""

    value: float
    lower: float
    upper: float


class Looked(NamedTuple):
    """Of how many it was looked at, and how many errors there were among them: rounded counts."""

    at: float
    errors: float


class Errors(NamedTuple):
    """Of the women of a group who have a record in a source the share whose record was `missed`; of those who were
    given one the share to whom somebody else's was given, `wrong`.
    """

    missed: Share
    wrong: Share


NOTHING = Share(0.0, 0.0, 0.0)
NO_ERRORS = Errors(NOTHING, NOTHING)


def without_errors(seen: float, missed: float, wrong: float) -> float:
    """The share who have an outcome that a share is `seen` with; 0 to 1. It grows with `seen` and with `missed`, and
    falls with `wrong`. Where errors leave no room for a share at all it is 1.
    """
    right = seen * (1 - wrong)
    return right / max(1 - missed - seen * wrong, right) if right else 0.0


def corrected(seen: Share, errors: Errors) -> Share:
    """The share who have the outcome, with an interval for chance and for what is not known of the errors, together.

    Without errors it is the interval of what is seen.
    """
    return moved(without_errors, (seen, *errors), (True, True, False))


def either(one: Share, other: Share) -> Share:
    """The share that at least one of two things befell, each whatever the other did."""
    return moved(lambda first, second: 1 - (1 - first) * (1 - second), (one, other), (True, True))


def moved(function: Callable[..., float], parts: Sequence[Share], grows: Sequence[bool]) -> Share:
    """A function of shares, which `grows` with each of them or falls, with its interval.

    Each end of it moves one share to its own end, the others where they are; the squares of what that does add up
    (MOVER: Zou and Donner, Statistics in Medicine 27, 2008; Donner and Zou, Statistical Methods in Medical Research 21,
    2012). No draw, no seed.
    """
    values = [part.value for part in parts]
    value = function(*values)
    below = above = 0.0
    for place, (part, up) in enumerate(zip(parts, grows, strict=True)):
        low, high = (function(*values[:place], end, *values[place + 1 :]) for end in part[1:][:: 1 if up else -1])
        below, above = below + (value - low) ** 2, above + (high - value) ** 2
    return Share(value, max(value - sqrt(below), 0.0), min(value + sqrt(above), 1.0))


def seen(numerator: int, denominator: int, base: int, confidence: float) -> Share:
    """The share of rounded counts, with an interval for chance (Wilson's) and for what rounding hides."""
    found = Share(numerator / denominator, *wilson(numerator, denominator, confidence))
    return with_rounding(found, denominator, base, confidence)


def with_rounding(share: Share, of: float, base: int, confidence: float) -> Share:
    """A share of rounded counts, its interval widened by what rounding hides.

    A whole number rounded to a multiple of `base` is off by one of `base` numbers, each as likely: a variance of
    (base² - 1) / 12.
    """
    value, z = share.value, NormalDist().inv_cdf((1 + confidence) / 2)
    hidden = z * sqrt((base**2 - 1) / 12 * (1 + value**2)) / of
    below, above = (sqrt((value - end) ** 2 + hidden**2) for end in share[1:])
    return Share(value, max(value - below, 0.0), min(value + above, 1.0))


def share_of(looked: Looked, base: int, confidence: float) -> Share:
    """The share that an error befell, of rounded counts. The ends are of a beta distribution with Jeffreys' half
    (Brown, Cai and DasGupta, Statistical Science 16, 2001), widened by what rounding hides.
    """
    at, errors = looked
    lower, upper = (float(betaincinv(errors + 0.5, at - errors + 0.5, 0.5 + way * confidence / 2)) for way in (-1, 1))
    value = errors / at
    return with_rounding(Share(value, min(lower, value), max(upper, value)), at, base, confidence)


def in_part_pooled(looked: Looked, like: float, least: float, base: int) -> Looked:
    """What was found in a group, where of all women the share `like` is wrong. Of fewer than `least` that were looked
    at the rest is filled up with women like all; and of the counts that are rounded to its errors those weigh more that
    women like all would have: else a group of few errors would always seem to have none.
    """
    filled = max(least - looked.at, 0.0)
    return Looked(looked.at + filled, likely(looked, like, base) + filled * like)


def likely(looked: Looked, like: float, base: int) -> float:
    """The mean of the counts of errors that are rounded to what is shown, weighed by a binomial of the share `like`."""
    at, errors = (int(count) for count in looked)
    counts = np.arange(max(errors - base // 2, 0), min(errors + (base - 1) // 2, at) + 1)
    weights = binom.logpmf(counts, at, like)
    return float(np.average(counts, weights=np.exp(weights - weights.max()))) if np.isfinite(weights.max()) else errors
