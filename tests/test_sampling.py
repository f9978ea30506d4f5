"""What a drawn sample says of all pairs, which links of a group are drawn, and how a sample may be called."""

import random

import pytest

from linkage import review
from linkage.errors import LinkError
from linkage.matching import sampling
from linkage.matching.sampling import Stratum

STRATA = (("0.99", True, 4000, 0.995), ("0.95", True, 300, 0.9), ("0.5", False, 400, 0.4), ("0.01", False, 3000, 0.03))


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    dice = random.Random(1)
    held = {"precision": 0, "recall": 0}
    for _ in range(300):
        found = []
        for band, linked, pairs, true in STRATA:
            everybody = [True] * round(pairs * true) + [False] * (pairs - round(pairs * true))
            same = sum(dice.sample(everybody, 80))
            found.append(Stratum(band, linked, "a and b", "", pairs, same, 80 - same))
        right = sum(round(n * share) for _, linked, n, share in STRATA if linked)
        true = {
            "precision": right / sum(n for _, linked, n, _ in STRATA if linked),
            "recall": right / sum(round(n * share) for _, _, n, share in STRATA),
        }
        for name, estimate in (("precision", sampling.precision(found)), ("recall", sampling.recall(found))):
            held[name] += estimate.lower <= true[name] <= estimate.upper
    assert all(count >= 0.9 * 300 for count in held.values()), held


def test_the_weakest_links_of_a_group_are_those_without_which_it_falls_apart():
    a, b, c, d = (("court", n) for n in range(4))
    links = [(a, b), (b, c), (a, c), (c, d)]  # the strongest first
    assert sampling.weakest(links, 2) == [(b, c), (c, d)]
    assert sampling.weakest(links, 9) == [(a, b), (b, c), (c, d)]


@pytest.mark.parametrize("name", ["../up", "", "A b", "/tmp/x"])
def test_a_sample_cannot_be_written_outside_its_folder(settings, name):
    with pytest.raises(LinkError, match="A sample is named"):
        review.draw(settings, name)
