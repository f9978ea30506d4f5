"""Two sources with a given overlap, as benchmarks.link draws them, and how it counts what is found."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.two_sources import drawn, found, most_shared

PAIR = ("court", "dwp")


def women(court: int, dwp: int, both: int) -> pd.DataFrame:
    """Two records in each source of as many women as are in one alone, or in both."""
    people = {"court": range(court + both), "dwp": range(court, court + both + dwp)}
    rows = [
        {"dataset": source, "record_id": f"{source} {n} {copy}", "person": f"p{n}", "lawful": "Ward", "postcode": "AB1"}
        for source, numbers in people.items() for n in numbers for copy in range(2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@settings(max_examples=25, deadline=None)
@given(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(20, 60)), st.sampled_from([0.9, 0.5, 0.33]))
def test_each_source_holds_a_woman_once_and_as_many_are_in_both_as_asked(sizes, overlap):
    rows = drawn(women(*sizes), PAIR, overlap, seed=1)
    assert not rows.duplicated(["dataset", "person"]).any()
    there = rows.groupby("dataset").size()
    shared = int(rows["person"].duplicated().sum())
    assert there["court"] == there["dwp"] == round(shared / overlap)


def test_no_more_women_could_stay_in_both():
    assert most_shared(90, [10, 10], 0.9) == 90
    assert most_shared(90, [0, 0], 0.5) == 30


def test_another_seed_leaves_other_women_out_of_one_source():
    rows = women(20, 20, 40)
    one, other = (drawn(rows, PAIR, 0.33, seed) for seed in (1, 2))
    assert set(one.loc[one["person"].duplicated(), "person"]) != set(other.loc[other["person"].duplicated(), "person"])


def test_links_are_counted_by_whether_the_surname_changed():
    rows = women(0, 0, 4).drop_duplicates(["dataset", "person"])
    changed = (rows["dataset"] == "dwp") & rows["person"].isin(["p2", "p3"])
    rows.loc[changed, "lawful"] = "Quinn"
    rows.loc[changed & (rows["person"] == "p3"), "postcode"] = None
    index = rows[["dataset", "record_id"]].assign(person_id_medium=[0, 1, 2, 3, 0, 9, 2, 1])
    score = found(index, rows)
    assert (score.kept, score.kept_found, score.changed, score.changed_found) == (2, 1, 2, 1)
    assert (score.moved, score.moved_found) == (1, 0)
    assert (score.links, score.wrong, score.of_changed, score.wrong_of_changed) == (3, 1, 2, 1)
    assert score.as_often == pytest.approx(1.0)
    assert (score + score).links == 6
