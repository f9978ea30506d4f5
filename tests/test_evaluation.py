"""Accuracy is counted from group sizes, and agrees with counting every pair."""

import itertools

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.evaluation import THRESHOLDS, Score, calibration, evaluate

# Two people: p has prison 1, prison 2, court 1; q has court 2 and prison 3. The index splits p and gives q her court 1.
TRUTH = """
    | dataset | record_id | person | homeless |
    | prison  | 1         | p      | yes      |
    | prison  | 2         | p      | yes      |
    | court   | 1         | p      | no       |
    | court   | 2         | q      | no       |
    | prison  | 3         | q      | no       |
"""
INDEX = """
    | dataset | record_id | person_id_high | person_id_medium | person_id_low |
    | prison  | 1         | 11             | 21               | 31            |
    | prison  | 2         | 12             | 21               | 31            |
    | court   | 1         | 13             | 22               | 31            |
    | court   | 2         | 14             | 22               | 31            |
    | prison  | 3         | 15             | 22               | 31            |
"""


@pytest.fixture
def evaluation(con, table):
    return evaluate(con, table(TRUTH), table(INDEX))


def test_pairs_are_counted_overall(evaluation):
    # True: three pairs of p, one of q. Found at medium: {prison 1, prison 2} and three in {court 1, court 2, prison 3}.
    assert evaluation.row(threshold="medium").pairs == Score(right=2, found=4, true=4)
    assert evaluation.row(threshold="high").pairs == Score(right=0, found=0, true=4)
    assert evaluation.row(threshold="low").pairs == Score(right=4, found=10, true=4)


def test_ratios_follow_from_the_counts(evaluation):
    medium = evaluation.row(threshold="medium").pairs
    assert (medium.precision, medium.recall, medium.f1) == (0.5, 0.5, 0.5)
    assert evaluation.row(threshold="high").pairs.precision is None
    assert evaluation.row(threshold="low").pairs.f1 == pytest.approx(8 / 14)


def test_pairs_are_counted_between_and_within_datasets(evaluation):
    assert evaluation.row("within datasets").pairs == Score(right=1, found=2, true=1)
    assert evaluation.row("between datasets").pairs == Score(right=1, found=2, true=3)
    assert evaluation.row("dataset pair", "court and prison").pairs == Score(right=1, found=2, true=3)
    assert evaluation.row("dataset pair", "within court").pairs == Score(right=0, found=1, true=0)


def test_the_pairs_of_one_person_count_as_little_more_than_one_for_the_interval(evaluation):
    # Three pairs of p and one of q are as sure as (3 + 1)² / (3² + 1²) pairs of as many people.
    overall = evaluation.row(threshold="medium").pairs
    assert overall.true_by == pytest.approx(16 / 10)
    lower, upper = overall.recall_interval
    assert (lower, upper) == pytest.approx((0.0799, 0.9201), abs=1e-4)  # Wilson of .5 of 1.6
    assert evaluation.row("between datasets").pairs.recall_interval is None


def test_a_probability_is_held_against_the_truth_band_by_band(con, table):
    truth = table("| dataset | record_id | person |\n| a | 1 | p |\n| b | 2 | p |\n| b | 3 | q |\n| a | 4 | q |")
    edges = table(
        """
        | dataset_l | record_id_l | dataset_r | record_id_r | match_probability |
        | a         | 1           | b         | 2           | 0.96              |
        | a         | 1           | b         | 3           | 0.98              |
        | a         | 4           | b         | 3           | 0.6               |
        | a         | 1           | a         | 4           | 0.99              |
        """
    )
    assert calibration(con, truth, edges) == [
        {"from": 0.5, "pairs": 1, "expected": 0.6, "true": 1.0},
        {"from": 0.95, "pairs": 2, "expected": 0.97, "true": 0.5},
    ]


def test_a_pair_belongs_to_each_subgroup_it_touches(evaluation):
    # p's three pairs all touch one of her two `yes` records; at medium only {prison 1, prison 2} does.
    assert evaluation.row("homeless", "yes").pairs == Score(right=1, found=1, true=3)
    assert evaluation.row("homeless", "no").pairs == Score(right=1, found=3, true=3)


def test_a_cluster_is_right_when_it_is_one_whole_person(con, table, evaluation):
    assert evaluation.row(threshold="medium").clusters == Score(right=0, found=2, true=2)
    perfect = INDEX.replace("| 13             | 22 ", "| 13             | 21 ")
    whole = evaluate(con, table(TRUTH), table(perfect))
    assert whole.row(threshold="medium").clusters == Score(right=2, found=2, true=2)
    assert whole.row("homeless", "yes").clusters == Score(right=1, found=1, true=1)


def test_records_only_one_side_has_are_counted_and_not_judged(con, table):
    more = evaluate(con, table(TRUTH + "| court | 9 | p | no |\n"), table(INDEX + "| prison | 8 | 1 | 1 | 1 |\n"))
    assert (more.records, more.only_in_truth, more.only_in_index) == (5, 1, 1)
    assert more.row(threshold="medium").pairs == Score(right=2, found=4, true=4)


RECORD = st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(0, 3), st.sampled_from(["x", "y", None]))


@settings(max_examples=25, deadline=None)
@given(st.lists(RECORD, min_size=1, max_size=12))
def test_group_sizes_give_what_counting_every_pair_gives(records):
    con = duckdb.connect()
    n = len(records)
    ids, datasets = list(range(n)), [r[0] for r in records]
    truth = pa.table(
        {"dataset": datasets, "record_id": ids, "person": [f"p{r[1]}" for r in records],
         "area": pa.array([r[3] for r in records], pa.string())}
    )  # fmt: skip
    clusters = [r[2] for r in records]
    index = pa.table({"dataset": datasets, "record_id": ids} | {f"person_id_{t}": clusters for t in THRESHOLDS})
    found = evaluate(con, con.from_arrow(truth), con.from_arrow(index))

    def brute(belongs):
        pairs = [(a, b) for a, b in itertools.combinations(records, 2) if belongs(a, b)]
        same = [(a[1] == b[1], a[2] == b[2]) for a, b in pairs]
        return Score(sum(t and f for t, f in same), sum(f for _, f in same), sum(t for t, _ in same))

    assert found.row().pairs == brute(lambda a, b: True)
    assert found.row("between datasets").pairs == brute(lambda a, b: a[0] != b[0])
    assert found.row("within datasets").pairs == brute(lambda a, b: a[0] == b[0])
    for row in found.rows:
        if row.scope == "area":
            part = None if row.part == "missing" else row.part
            assert row.pairs == brute(lambda a, b, part=part: part in (a[3], b[3]))
        if row.scope == "dataset pair":
            wanted = sorted(row.part.removeprefix("within ").split(" and "))
            both = wanted if len(wanted) == 2 else wanted * 2
            assert row.pairs == brute(lambda a, b, both=both: sorted([a[0], b[0]]) == both)
    members = {c: [i for i in ids if clusters[i] == c] for c in clusters}
    people = {p: [i for i in ids if records[i][1] == p] for p in {r[1] for r in records}}
    right = sum(m in people.values() for m in members.values())
    assert found.row().clusters == Score(right, len(members), len(people))
