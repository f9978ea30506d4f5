"""One link rules others out: odds over all matchings, and what that does to the pairs of two sources."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.matching.one_to_one import SECOND, believed, freedom, posterior

EDGES = """
    | dataset_l | record_id_l | dataset_r | record_id_r | view  | match_weight | match_probability |
"""
RECORDS = "| dataset | record_id |" + "".join(
    f"\n| {dataset} | {first + n} |" for dataset, first in (("court", 0), ("paye", 1000)) for n in range(400)
)


def by_counting(pairs: list[tuple[int, int]], odds: list[float]) -> list[float]:
    """The share of each pair in all matchings, every one written down."""
    total, having = 0.0, np.zeros(len(pairs))
    for chosen in itertools.product([False, True], repeat=len(pairs)):
        ends = [pair for pair, is_in in zip(pairs, chosen, strict=True) if is_in]
        if all(len({pair[side] for pair in ends}) == len(ends) for side in (0, 1)):
            weight = np.prod([o for o, is_in in zip(odds, chosen, strict=True) if is_in])
            total += weight
            having += weight * np.array(chosen)
    return list(having / total)


def by_messages(pairs: list[tuple[int, int]], odds: list[float]) -> list[float]:
    left, right = (np.array(ends, dtype=np.int64) for ends in zip(*pairs, strict=True))
    free_left, free_right = freedom(left, right, np.array(odds))
    weights = np.array(odds) * free_left * free_right
    return list(weights / (1 + weights))


@st.composite
def forests(draw) -> list[tuple[int, int]]:
    """Pairs of a graph without a ring: each further pair hangs on a side that is there, or begins anew."""
    pairs, sizes = [(0, 0)], [1, 1]
    for _ in range(draw(st.integers(0, 7))):
        ends = [draw(st.integers(0, size)) for size in sizes]
        side = draw(st.sampled_from((0, 1)))
        ends[side] = sizes[side]
        pairs.append((ends[0], ends[1]))
        sizes = [max(size, end + 1) for size, end in zip(sizes, ends, strict=True)]
    return pairs


@settings(max_examples=60, deadline=None)
@given(forests(), st.data())
def test_where_candidates_form_no_ring_the_odds_are_those_of_all_matchings_counted(pairs, data):
    odds = data.draw(st.lists(st.floats(0.001, 1000), min_size=len(pairs), max_size=len(pairs)))
    assert by_messages(pairs, odds) == pytest.approx(by_counting(pairs, odds), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=9), st.data())
def test_nobody_is_linked_more_than_once_in_all_and_a_ring_moves_no_odds_far(chosen, data):
    pairs = sorted(chosen)
    odds = data.draw(st.lists(st.floats(0.001, 100), min_size=len(pairs), max_size=len(pairs)))
    found = by_messages(pairs, odds)
    for side in (0, 1):
        for end in {pair[side] for pair in pairs}:
            assert sum(p for p, pair in zip(found, pairs, strict=True) if pair[side] == end) <= 1.02
    assert found == pytest.approx(by_counting(pairs, odds), abs=0.25)


def test_strong_claims_settle_who_belongs_to_whom():
    pairs, odds = [(0, 0), (0, 1), (1, 0), (1, 1)], [1e6, 10.0, 10.0, 1e6]
    assert by_messages(pairs, odds) == pytest.approx([1, 0, 0, 1], abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 0.95), st.integers(50, 2000))
def test_how_many_people_two_sources_share_is_found_where_evidence_is_clear(share, people):
    shared = max(round(share * people), 1)
    ends = np.arange(people)
    evidence = np.where(ends < shared, 40.0, -20.0)
    weights, found = posterior(ends, ends, evidence, people, people)
    assert found == pytest.approx(shared, abs=0.1 + 0.02 * people)
    assert (weights[:shared] > 20).all()
    assert (weights[shared:] < 0).all()


def test_a_pair_is_likelier_where_everybody_else_is_spoken_for():
    ends = np.arange(100)
    few, many = (np.append(np.where(ends[1:] < shared, 40.0, -20.0), 10.0) for shared in (20, 90))
    assert posterior(ends, ends, many, 100, 100)[0][-1] > posterior(ends, ends, few, 100, 100)[0][-1] + 3


def test_who_is_taken_is_a_hundred_times_less_likely_to_be_sought_and_not_out_of_the_question():
    left, right = np.array([0, 0]), np.array([0, 1])
    alone, _ = posterior(left[1:], right[1:], np.array([10.0]), 1000, 1000)
    beside, shared = posterior(left, right, np.array([40.0, 10.0]), 1000, 1000)
    odds = np.log2(shared / (1000 - shared) ** 2)
    assert beside[1] == pytest.approx(10 + odds + np.log2(SECOND), abs=0.1)
    assert alone[0] < beside[0]


def test_no_pair_at_all_is_no_match():
    nobody = np.array([], dtype=np.int64)
    weights, shared = posterior(nobody, nobody, np.array([]), 10, 10)
    assert len(weights) == shared == 0


# ---------------------------------------------------------------------------------------------- pairs of the sources


def revised(con, table, rows: str, once=("court", "paye")) -> dict[tuple[int, int], float]:
    edges = table(EDGES.rstrip() + rows)
    found, _ = believed(con, edges, table(RECORDS), {"names": 1e-5}, once)
    assert found.columns == edges.columns
    return {(row[1], row[3]): row[5] for row in found.fetchall()}


TWINS = """
    | court | 1 | paye | 1001 | names | 20.0 | 0.999999 |
    | court | 1 | paye | 1002 | names | 5.0  | 0.969697 |
    | court | 2 | paye | 1002 | names | 20.0 | 0.999999 |
"""


def test_a_twin_loses_the_link_that_another_record_has_a_better_claim_to(con, table):
    weights = revised(con, table, TWINS)
    assert weights[1, 1002] < 0 < 15 < min(weights[1, 1001], weights[2, 1002])


def test_pairs_of_a_source_that_is_not_declared_to_hold_people_once_stay_as_they_are(con, table):
    assert revised(con, table, TWINS, once=("court",)) == {(1, 1001): 20.0, (1, 1002): 5.0, (2, 1002): 20.0}


def test_records_of_one_person_within_a_source_do_not_compete(con, table):
    weights = revised(con, table, """
        | court | 1 | court | 2    | names | 20.0 | 0.999999 |
        | court | 1 | paye  | 1001 | names | 15.0 | 0.99997  |
        | court | 2 | paye  | 1001 | names | 9.0  | 0.998    |
    """)  # fmt: skip
    assert weights[1, 2] == 20.0
    assert weights[1, 1001] - weights[2, 1001] == pytest.approx(6.0)
    assert weights[2, 1001] > 4.0


def test_with_the_odds_of_an_earlier_run_who_comes_moves_nobody_she_does_not_compete_with(con, table):
    came = """
        | court | 3 | paye | 1003 | names | 9.0 | 0.998 |
    """
    before, odds = believed(con, table(EDGES.rstrip() + TWINS), table(RECORDS), {"names": 1e-5}, ["court", "paye"])
    weights = {(row[1], row[3]): row[5] for row in before.fetchall()}
    for known, moves in ((odds, False), ({}, True)):
        later = table(EDGES.rstrip() + TWINS.rstrip() + came)
        after, _ = believed(con, later, table(RECORDS), {"names": 1e-5}, ["court", "paye"], known)
        found = {(row[1], row[3]): row[5] for row in after.fetchall() if row[1] != 3}
        assert (found != weights) == moves


def test_the_probability_is_that_of_the_weight(con, table):
    found, _ = believed(con, table(EDGES.rstrip() + TWINS), table(RECORDS), {"names": 1e-5}, ["court", "paye"])
    for row in found.fetchall():
        assert row[6] == pytest.approx(1 / (1 + 2 ** -row[5]))
