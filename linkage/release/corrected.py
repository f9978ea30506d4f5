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

from scipy.special import betaincinv

from linkage.release.control import wilson


class Share(NamedTuple):
    """A share of 0 to 1 and the ends of its interval."""

    value: float
    lower: float
    upper: float


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
    """The share of rounded counts, with an interval for chance (Wilson's) and for what rounding hides.

    A whole number rounded to a multiple of `base` is off by one of `base` numbers, each as likely: a variance of
    (base² - 1) / 12.
    """
    share, z = numerator / denominator, NormalDist().inv_cdf((1 + confidence) / 2)
    hidden = z * sqrt((base**2 - 1) / 12 * (1 + share**2)) / denominator
    below, above = (sqrt((share - end) ** 2 + hidden**2) for end in wilson(numerator, denominator, confidence))
    return Share(share, max(share - below, 0.0), min(share + above, 1.0))


def share_of(wrong: float, looked_at: float, like: float, least: float, confidence: float) -> Share:
    """The share of a group that an error befell. Of a group of which fewer than `least` were looked at the rest is
    filled up with women of whom the share `like` of a wider group is wrong: it is partly pooled, and never surer than
    `least` women make it. The ends are of a beta distribution with Jeffreys' half (Brown, Cai and DasGupta,
    Statistical Science 16, 2001).
    """
    filled = max(least - looked_at, 0.0)
    bad, every = wrong + filled * like, looked_at + filled
    lower, upper = (float(betaincinv(bad + 0.5, every - bad + 0.5, 0.5 + end * confidence / 2)) for end in (-1, 1))
    value = bad / every
    return Share(value, min(lower, value), max(upper, value))
