"""The lines a linkage may cross, red and amber: which groups are lost, and what changed since an accepted run."""

import copy
import math

import duckdb
import pytest
from conftest import REPOSITORY

from linkage.cohorts.link_quality import compared
from linkage.contracts.analysis import read_analysis
from linkage.contracts.dataset import read_datasets
from linkage.contracts.link_quality import read_link_quality
from linkage.errors import ContractError
from linkage.quality import gate, suites
from linkage.quality.drift import drift, moved
from linkage.quality.linkage import contradiction_facts, expected_facts, group_facts, linkage_facts

LIMITS = read_link_quality(REPOSITORY / "schemas")
EXPECTATIONS = REPOSITORY / "expectations"

# ------------------------------------------------------------------------------------------------------------- groups


def test_the_interval_of_a_ratio_is_that_of_its_logarithm(con, table):
    analysis = read_analysis(REPOSITORY / "schemas", read_datasets(REPOSITORY / "schemas"))
    groups = table(
        """
        | cohort | dataset | threshold | breakdown      | category | anchor_records | linked |
        | c      | d       | medium    | all            | all      | 300            | 230    |
        | c      | d       | medium    | no_fixed_abode | no       | 200            | 180    |
        | c      | d       | medium    | no_fixed_abode | yes      | 100            | 50     |
        | c      | e       | medium    | no_fixed_abode | no       | 200            | 180    |
        | c      | e       | medium    | no_fixed_abode | yes      | 100            | 0      |
        """
    )
    rows = {(r["dataset"], r["category"]): r for r in compared(con, groups, analysis).to_arrow_table().to_pylist()}
    error = math.sqrt(1 / 50 - 1 / 100 + 1 / 180 - 1 / 200)
    half = rows["d", "yes"]
    assert half["ratio"] == pytest.approx(0.5 / 0.9)
    assert half["lower"] == pytest.approx(0.5 / 0.9 * math.exp(-1.959964 * error))
    assert half["upper"] == pytest.approx(0.5 / 0.9 * math.exp(1.959964 * error))
    assert (rows["d", "no"]["ratio"], rows["d", "no"]["upper"], rows["d", "all"]["upper"]) == (1, None, None)
    assert rows["e", "yes"]["ratio"] == 0 < rows["e", "yes"]["upper"] < 0.2


def link_rates(linked: int, entries: int = 100) -> list[dict]:
    """A source in which nine in ten are found, and a group of it."""
    ratio = linked / entries / 0.9
    spread = math.exp(1.959964 * math.sqrt(1 / linked - 1 / entries + 1 / 900 - 1 / 1000))
    row = {"cohort": "released", "dataset": "probation", "threshold": "medium", "ratio": None, "upper": None}
    return [
        row | {"breakdown": "all", "category": "all", "anchor_records": 1000, "rate": 0.9},
        row | {"breakdown": "no_fixed_abode", "category": "yes", "anchor_records": entries, "rate": linked / entries,
               "ratio": ratio, "upper": ratio * spread},
    ]  # fmt: skip


def checks(found: dict[str, float]) -> tuple[gate.Check, ...]:
    """Every line, crossed or not."""
    con = duckdb.connect()
    suite = suites.linkage_suite(EXPECTATIONS, LIMITS)
    made = gate.validate("linkage", "linkage", suite, con.sql("select 1 as run"), found).checks
    assert not any(check.broken for check in made)
    return made


def lines(found: dict[str, float]) -> dict[str, set[str]]:
    """{severity: the titles of the lines crossed}."""
    made = checks(found)
    return {s: {c.title for c in made if c.severity == s and not c.passed} for s in ("critical", "warning")}


@pytest.mark.parametrize(("linked", "red", "amber"), [(45, 1, 1), (78, 0, 1), (84, 0, 1), (88, 0, 0)])
def test_a_group_with_half_its_links_is_red_and_one_that_chance_may_explain_is_amber(linked, red, amber):
    crossed = lines(group_facts(link_rates(linked), LIMITS, set()))
    assert (len(crossed["critical"]), len(crossed["warning"])) == (red, amber)


def test_the_two_lines_of_a_ratio_are_drawn_for_one_figure():
    found = group_facts(link_rates(45), LIMITS, set())
    suite = suites.linkage_suite(EXPECTATIONS, LIMITS)
    verdict = gate.validate("linkage", "linkage", suite, duckdb.sql("select 1 as run"), found)
    crossed = [check for check in verdict.checks if not check.passed]
    assert [check.severity for check in crossed] == ["warning", "critical"]
    assert len({check.figure for check in crossed}) == 1


def test_a_group_in_a_register_of_events_and_a_small_group_are_not_judged():
    assert group_facts(link_rates(45), LIMITS, {"probation"}) == {}
    assert group_facts(link_rates(12, entries=29), LIMITS, set()) == {}
    assert len(group_facts(link_rates(12, entries=30), LIMITS, set())) == 2


def test_contradictions_are_counted_over_the_people_who_can_have_any():
    rows = [{"reason": "overlapping custody", "threshold": t, "pairs": n} for t, n in (("medium", 3), ("low", 9))]
    sizes = [{"size": 1, "clusters": 500}, {"size": 2, "clusters": 100}]
    found = contradiction_facts(rows, sizes)
    assert found == {"impossible_share.overlapping custody": 0.03}
    assert lines(found)["critical"] == {"few links are impossible (overlapping custody)"}


def between(linked: int = 0, chained: int = 0, missed: float = 0.0, **shares: float | None) -> dict:
    """What is expected of the pairs of two sources."""
    row = {"view": "names", "sources": "court and prison", "linked": linked, "chained": chained, "missed": missed}
    return row | {"precision": None, "recall": None} | shares


def test_no_red_line_is_drawn_for_fewer_than_thirty_pairs_or_links_of_two_sources():
    poor = {"precision": 0.9, "recall": 0.5}
    few, found, both = (
        lines(expected_facts([between(*pairs, **poor)])) for pairs in ((10, 4, 15.9), (29, 0, 1.0), (30, 0, 0.0))
    )
    assert [(len(one["critical"]), len(one["warning"])) for one in (few, found, both)] == [(0, 2), (1, 2), (2, 2)]
    assert found["critical"] == {"court and prison: most women are found, as the model sees it"}


def test_a_line_that_asks_for_a_fact_nobody_counts_breaks_the_suite():
    found = expected_facts([between(40, 0, 0.0, precision=0.9)])
    del found["links.court and prison"]
    with pytest.raises(ContractError, match=r"no fact 'links.court and prison'"):
        lines(found)


# -------------------------------------------------------------------------------------------------------------- drift

RUN = {
    "linkage": {"weights": [{"weight_from": 0, "pairs": 50}, {"weight_from": 20, "pairs": 50}],
                "cluster_sizes": [{"size": 1, "clusters": 30}, {"size": 12, "clusters": 10}]},
    "blocking": {"names": {"recall": 0.98, "pairs_per_record": 4.0}},
    "expected": [], "unlinkable": [], "contradictions": [], "link_rates": link_rates(88),
    "intake": {"court": {"rows_out": 1000, "missing": {"pnc_id": 100}}},
}  # fmt: skip


def changed(**parts) -> dict:
    """The same run with parts of it replaced."""
    return copy.deepcopy(RUN) | parts


def test_a_run_held_against_itself_has_not_changed():
    assert set(drift(RUN, RUN).values()) == {0.0}


def test_without_an_accepted_run_nothing_is_said_of_what_changed():
    alone = linkage_facts(RUN, LIMITS, [], None)
    assert {name.split(".")[0] for name in alone} == {"blocked_share", "link_ratio", "link_ratio_upper"}


def test_every_line_is_drawn_for_a_fact_there_is_and_says_why():
    everything = changed(
        expected=[between(linked=500, missed=9.0, precision=0.99, recall=0.97)],
        unlinkable=[{"dataset": "prison", "records": 40, "unlinkable": 1}],
        contradictions=[{"reason": "overlapping custody", "threshold": "medium", "pairs": 1}],
        reach=[{"dataset": "court", "column": "outcome_date", "last_quarter": 30, "year_before": 120}],
    )
    suite = suites.linkage_suite(EXPECTATIONS, LIMITS)
    drawn = {line.kwargs["column"].removesuffix(".*") for line in suite.facts}
    sizes = {line.enough.of.removesuffix(".*") for line in suite.facts if line.enough}
    assert drawn | sizes == {name.split(".")[0] for name in linkage_facts(everything, LIMITS, [], RUN)}
    assert all(len(line.meta.reason) > 20 for line in suite.facts)


def test_total_variation_is_the_share_that_would_have_to_move():
    assert moved({1: 50, 2: 50}, {1: 50, 2: 50}) == 0
    assert moved({1: 50, 2: 50}, {1: 80, 2: 20}) == pytest.approx(0.3)
    assert moved({1: 7}, {2: 1}) == 1


@pytest.mark.parametrize(
    ("now", "red", "amber"),
    [
        (changed(intake={"court": {"rows_out": 1000, "missing": {"pnc_id": 160}}}), 0, 1),
        (changed(intake={"court": {"rows_out": 1000, "missing": {"pnc_id": 1000}}}), 1, 1),
        (changed(intake={"court": {"rows_out": 1300, "missing": {"pnc_id": 130}}}), 0, 1),
        (changed(intake={"court": {"rows_out": 810, "missing": {"pnc_id": 81}}}), 0, 0),
        (changed(intake={"court": {"rows_out": 700, "missing": {"pnc_id": 70}}}), 0, 1),
        (changed(intake={"court": {"rows_out": 490, "missing": {"pnc_id": 49}}}), 1, 1),
        (changed(intake={"court": {"rows_out": 2100, "missing": {"pnc_id": 210}}}), 1, 1),
        (changed(blocking={"names": {"recall": 0.98, "pairs_per_record": 8.1}}), 1, 1),
        (changed(link_rates=link_rates(74)), 0, 1),
        (changed(link_rates=link_rates(88)), 0, 0),
    ],
)
def test_what_changed_crosses_its_own_line_and_no_other(now, red, amber):
    crossed = lines(drift(now, RUN))
    assert (len(crossed["critical"]), len(crossed["warning"])) == (red, amber)


@pytest.mark.parametrize(
    ("rows", "seen"),
    [
        (490, "court delivered 51.0 % fewer records than the accepted run"),
        (1490, "court delivered 49.0 % more records than the accepted run"),
    ],
)
def test_a_loss_and_a_growth_are_said_apart_and_in_words(rows, seen):
    found = drift(changed(intake={"court": {"rows_out": rows, "missing": {"pnc_id": rows // 10}}}), RUN)
    assert seen in {check.observed for check in checks(found) if not check.passed}
