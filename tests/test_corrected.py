"""Rates corrected for missed and wrong links: what they must do whatever the figures are."""

import numpy as np
import pytest
from conftest import REPOSITORY
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks import honest, honest_cells
from linkage.contracts.disclosure import read_disclosure
from linkage.release.control import wilson
from linkage.release.corrected import (
    NO_ERRORS,
    Errors,
    Looked,
    Share,
    corrected,
    in_part_pooled,
    likely,
    seen,
    share_of,
    without_errors,
)

SHARES = st.floats(0, 1)
ERRORS = st.floats(0, 0.4)
COUNTS = st.tuples(st.integers(1, 5_000), st.integers(0, 5_000)).map(lambda pair: (min(pair), max(pair)))
LEVEL = 0.95


def an_interval(ends: list[float]) -> Share:
    """Three numbers, in order."""
    lower, value, upper = sorted(ends)
    return Share(value, lower, upper)


INTERVALS = st.lists(ERRORS, min_size=3, max_size=3).map(an_interval)


@given(COUNTS)
def test_perfect_links_leave_what_is_seen_and_its_wilson_interval(counts):
    found = corrected(seen(*counts, 1, LEVEL), NO_ERRORS)
    assert found.value == pytest.approx(counts[0] / counts[1])
    assert found[1:] == pytest.approx(wilson(*counts, LEVEL), abs=1e-9)


@given(SHARES, ERRORS, ERRORS)
def test_known_errors_are_taken_back_exactly(true, missed, wrong):
    shown = true * (1 - missed) / (1 - (1 - true) * wrong)  # s = p (1 - m) + (1 - p) w s, solved for s
    assert without_errors(shown, missed, wrong) == pytest.approx(true, abs=1e-9)


@given(SHARES, SHARES, SHARES)
def test_a_corrected_rate_is_a_share_whatever_the_errors(share, missed, wrong):
    assert 0 <= without_errors(share, missed, wrong) <= 1


@given(SHARES, SHARES, ERRORS, ERRORS)
def test_a_corrected_rate_grows_with_what_is_seen_and_what_is_missed_and_falls_with_what_is_wrong(a, b, c, d):
    (low, high), (few, many) = sorted((a, b)), sorted((c, d))
    assert without_errors(low, few, many) <= without_errors(high, few, many) + 1e-12
    assert without_errors(low, few, few) <= without_errors(low, many, few) + 1e-12
    assert without_errors(low, few, many) <= without_errors(low, few, few) + 1e-12


@given(COUNTS, INTERVALS, INTERVALS)
def test_an_interval_holds_its_rate_and_stays_within_none_and_all(counts, missed, wrong):
    found = corrected(seen(*counts, 5, LEVEL), Errors(missed, wrong))
    assert 0 <= found.lower <= found.value <= found.upper <= 1


@given(COUNTS, st.integers(10, 400), SHARES)
def test_fewer_women_looked_at_make_a_wider_interval(counts, many, share):
    assume(0 < counts[0] < counts[1])
    few, more = (share_of(Looked(n, 0.3 * share * n), 5, LEVEL) for n in (many, 4 * many))
    assert few.upper - few.lower > more.upper - more.lower
    rate = seen(*counts, 5, LEVEL)
    of_few, of_more = (corrected(rate, Errors(missed, Share(0, 0, 0))) for missed in (few, more))
    assert of_few.upper - of_few.lower >= of_more.upper - of_more.lower


def test_a_group_nobody_looked_at_has_the_rate_of_all_women_and_is_as_unsure_as_twenty_of_them():
    everybody = share_of(Looked(1_000, 40), 5, LEVEL)
    nobody = in_part_pooled(Looked(0, 0), everybody.value, 20, 5)
    assert nobody == Looked(20, 0.8)
    assert share_of(nobody, 5, LEVEL).value == everybody.value == 0.04
    assert share_of(nobody, 5, LEVEL).upper > 0.15 > 0.06 > everybody.upper


def test_a_group_of_enough_women_is_not_filled_up():
    assert in_part_pooled(Looked(30, 5), 0.2, 20, 1) == Looked(30, 5)
    assert in_part_pooled(Looked(10, 5), 0.02, 20, 1) == Looked(20, 5.2)


@given(st.integers(10, 400), ERRORS, st.integers(0, 10_000))
def test_what_a_rounded_count_was_likely_lies_within_what_is_rounded_to_it(at, like, seed):
    errors = int(np.random.default_rng(seed).binomial(at, 0.1))
    shown = Looked(at, (2 * errors + 5) // 10 * 5)
    assert shown.errors - 2 <= likely(shown, like, 5) <= min(shown.errors + 2, at)


@pytest.mark.parametrize("share", [0.01, 0.04, 0.2])
def test_groups_like_all_women_are_off_by_nothing_on_average_though_their_counts_are_rounded(share):
    errors = np.random.default_rng(3).binomial(40, share, size=5_000)
    shown = (Looked(40, (2 * int(n) + 5) // 10 * 5) for n in errors)
    assert np.mean([likely(one, share, 5) for one in shown]) == pytest.approx(errors.mean(), rel=0.03)


@given(COUNTS)
def test_rounding_widens_what_is_seen(counts):
    assume(0 < counts[0] < counts[1])
    exact, rounded = seen(*counts, 1, LEVEL), seen(*counts, 5, LEVEL)
    assert rounded.lower <= exact.lower
    assert rounded.upper >= exact.upper
    assert rounded.upper - rounded.lower > exact.upper - exact.lower


def test_corrected_intervals_hold_the_truth_of_every_group_and_intervals_as_linked_do_not():
    rules = read_disclosure(REPOSITORY / "schemas")
    cells = [cell for seed in range(60) for cell in honest_cells.release(seed, rules)]
    for group in honest_cells.GROUPS:
        of_group = [cell for cell in cells if cell.group == group]
        assert honest.held(of_group, "corrected").share > 0.92
    assert honest.held(cells, "corrected").share < 0.98
    assert honest.held(cells, "corrected").width < 1.5
    poor = [cell for cell in cells if cell.group == "poor"]
    assert honest.held(poor, "naive").share < 0.4
    assert abs(honest.held(poor, "corrected").bias) < 0.005 < 0.05 < abs(honest.held(poor, "naive").bias)


@pytest.mark.parametrize("missed", [0.02, 0.05, 0.10])
def test_the_interval_of_a_group_nobody_looked_at_holds_the_truth_though_its_records_are_missed_twice_as_often(missed):
    lots, women, true = np.random.default_rng(4), 300, 0.5
    unknown = Errors(*(share_of(in_part_pooled(Looked(0, 0), like, 20, 5), 5, LEVEL) for like in (0.05, 0.01)))
    shown = lots.binomial(women, true * (1 - missed), size=400).tolist()
    found = [corrected(seen(having, women, 1, LEVEL), unknown) for having in shown]
    assert sum(one.lower <= true <= one.upper for one in found) >= 0.95 * 400
