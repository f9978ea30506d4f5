"""Cells drawn by lot, whose links are missed and wrong at known rates that differ between groups: do intervals cover?

Nothing is linked here: this asks whether the formulas hold where what they assume is true. A release has three groups
of women; in each a review looked at 200 women who have a record in the source, and at 200 links.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from linkage.contracts.disclosure import Disclosure
from linkage.release.control import wilson
from linkage.release.corrected import Errors, Share, corrected, seen, share_of
from linkage.release.error_rates import shown, tenths
from linkage.release.primary import is_small, rounded

# (share missed, share of links that are wrong) of the women of a group.
GROUPS = {"good identifiers": (0.02, 0.005), "fair": (0.06, 0.02), "poor": (0.20, 0.05)}
WOMEN, RATES = (100, 300, 1_000), (0.2, 0.5, 0.75)
REVIEWED = 200
LEVEL = 0.95


class Cell(NamedTuple):
    """One published cell of one release. `true`: the rate it is drawn from. Each form: (value, lower, upper)."""

    seed: int
    group: str
    true: float
    naive: Share
    pooled: Share
    corrected: Share
    perfect: Share


def release(seed: int, rules: Disclosure) -> Iterator[Cell]:
    """The cells that may be published of one release, each in every form."""
    lots = np.random.default_rng(seed)
    reviews = {name: lots.binomial(REVIEWED, errors) for name, errors in GROUPS.items()}
    whole = np.sum(list(reviews.values()), axis=0)
    of_all = found(whole, REVIEWED * len(GROUPS), rules)
    for (name, (missed, wrong)), women, rate in product(GROUPS.items(), WOMEN, RATES):
        having = int(lots.binomial(women, rate))
        false = wrong * rate * (1 - missed) / (1 - (1 - rate) * wrong)
        seen_so = int(lots.binomial(having, 1 - missed) + lots.binomial(women - having, false))
        if is_small(seen_so, rules) or is_small(women - seen_so, rules):
            continue
        counts = rounded(seen_so, rules), rounded(women, rules)
        rate_seen = seen(*counts, rules.rounding_base.value, LEVEL)
        yield Cell(
            seed, name, rate, as_linked(*counts), corrected(rate_seen, of_all),
            corrected(rate_seen, found(reviews[name], REVIEWED, rules)), as_linked(rounded(having, rules), counts[1]),
        )  # fmt: skip


def found(errors: np.ndarray, looked_at: int, rules: Disclosure) -> Errors:
    """What a review found, as it is published: of rounded counts, to a tenth of a point."""
    base = rules.rounding_base.value
    missed, wrong = (share_of(shown(looked_at, int(n), rules), base, LEVEL) for n in errors)
    return Errors(tenths(missed), tenths(wrong))


def as_linked(numerator: int, denominator: int) -> Share:
    """What is published without any correction."""
    return Share(numerator / denominator, *wilson(numerator, denominator, LEVEL))
