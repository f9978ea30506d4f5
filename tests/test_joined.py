"""Outcomes that hang together: what readers conclude from one about another, and that it gives no count away."""

import datetime
from dataclasses import replace
from typing import Any

import pytest
import small_lives
from small_counts import RULES, TITLES, control, counts, relation, weakest
from small_lives import AFTER, EVER, WORK

from linkage.contracts.adding import adding, counts_all_of
from linkage.contracts.analysis import Analysis
from linkage.contracts.period import Period
from linkage.release import ledger
from linkage.release.auditor.judge import judged, prove
from linkage.release.auditor.notes import AddsUp
from linkage.release.auditor.seen import said
from linkage.release.draft import Declared, cell_of
from linkage.release.joint import problem_of

SEED_OF_FEW, SEED_OF_SEVERAL = 33, 0  # of how many women the work is not known; a few of these offend
LEFT_OUT = ("in_custody", "died", "unknown", "not_linked")


# ------------------------------------------------------------------------------------------------- what is declared


def test_what_hangs_together_is_found_in_the_declarations(analysis: Analysis) -> None:
    known = adding(analysis)
    assert {name: wider for name, wider in known["wider"].items() if wider} == {
        "reoffending_after_6_weeks": ("proven_reoffending",)
    }
    together = [name for name, day in known["leaving"].items() if day == known["leaving"]["employed_6_weeks"]]
    assert together == ["employed_6_weeks", "reoffending_after_6_weeks"]
    assert known["never"]["proven_reoffending"] == LEFT_OUT
    assert known["never"]["employed_6_weeks"] == ("unknown", "not_linked")
    assert known["never"]["settled_3_months"] == ()
    assert known["divided"]["treatment_21_days"] == "in_treatment_21_days"


@pytest.mark.parametrize(
    ("outcome", "measure", "same"),
    [
        ({}, {}, True),
        ({}, {"days": (42, 365)}, True),
        ({}, {"days": (43, 364)}, False),
        ({}, {"days": (44, 365)}, False),
        ({}, {"where": {}}, False),
        ({}, {"confirmed_by": None}, True),
        ({}, {"date": "outcome_date"}, False),
        ({"eligible": {"region": ("London",)}}, {}, False),
        ({"exclude": ("died",)}, {}, False),
        ({"exclude": ("in_custody", "died"), "landmark": 42}, {}, True),
    ],
)
def test_an_outcome_counts_all_of_another_only_where_every_event_of_it_counts(
    analysis: Analysis, outcome: dict[str, Any], measure: dict[str, Any], same: bool
) -> None:
    wider, narrower = analysis.outcomes["proven_reoffending"], analysis.outcomes["reoffending_after_6_weeks"]
    measured = wider.measure.model_copy(update={"days": (43, 365)} | measure)
    assert counts_all_of(wider.model_copy(update=outcome | {"measure": measured}), narrower) is same


def test_events_confirmed_later_are_not_all_counted(analysis: Analysis) -> None:
    wider, narrower = analysis.outcomes["proven_reoffending"], analysis.outcomes["reoffending_after_6_weeks"]
    confirmed = wider.measure.confirmed_by.model_copy(update={"within_days": 546})
    sooner = wider.measure.model_copy(update={"confirmed_by": confirmed})
    assert counts_all_of(wider, narrower)
    assert not counts_all_of(wider.model_copy(update={"measure": sooner}), narrower)


# ----------------------------------------------------------------------------------------------- what is given away


def verdict(rows: list[dict[str, Any]], without: str = "") -> str:
    """What the auditor, who knows every fact, says of a release whose suppressor was told all facts but one."""
    made = control(relation(rows), RULES, TITLES, small_lives.declared(without))
    [found] = judged(made, prove(made, rows, RULES, small_lives.known()))
    return found.verdict


@pytest.mark.parametrize("seed", [1, 5, 23, 33, 59, 90])
def test_no_table_by_an_answer_gives_a_count_away(seed: int) -> None:
    assert verdict(small_lives.rows(seed)) == "pass"


@pytest.mark.parametrize(("fact", "seed"), [("divided", 33), ("leaving", 1), ("wider", 5)])
def test_whoever_was_not_told_what_hangs_together_would_give_a_count_away(fact: str, seed: int) -> None:
    assert verdict(small_lives.rows(seed), fact) == "fail"


def left(rows: list[dict[str, Any]], before: list[ledger.Entry]) -> ledger.Entry:
    """These rows as they leave in a release, after others."""
    made = control(relation(rows), RULES, TITLES, small_lives.declared(), [entry.left for entry in before])
    true = {(cell_of(row), row["threshold"]): row for row in rows}
    told = [row | {"figures": said(row, true[cell_of(row), row["threshold"]], RULES)} for row in made]
    defined = dict.fromkeys((tuple(row[name] for name in ledger.LABELS[:6]) for row in told), "a definition")
    return ledger.Entry(1, {"what": "released", "release": "spring", "rows": ledger.rows_of(told, defined)}, "")


def test_a_later_release_is_protected_with_what_hung_together_in_an_earlier_one() -> None:
    drawn = small_lives.women(7)
    spring = left(small_lives.tables_of(drawn), [])
    rows = small_lives.tables_of([*drawn, *drawn[:3]])
    made = control(relation(rows), RULES, TITLES, small_lives.declared(), [spring.left])
    proved = prove(made, rows, RULES, small_lives.known(), [(spring.name, spring.rows)])
    assert {found.verdict for found in judged(made, proved)} == {"pass"}


# ------------------------------------------------------------------------------------------------- what both are told


def test_both_take_nobody_to_be_left_out_where_the_definition_leaves_nobody_out() -> None:
    rows = small_lives.rows(23)
    problem, _ = problem_of(rows, RULES, small_lives.declared())
    most = dict(zip(problem.labels, problem.hidden[1].tolist(), strict=True))
    made = control(relation(rows), RULES, TITLES, small_lives.declared())
    seen = prove(made, rows, RULES, small_lives.known()).seen
    theirs = dict(zip(seen.labels, seen.most, strict=True))
    for row in rows:
        nobody = {WORK: LEFT_OUT[3:], AFTER: LEFT_OUT[2:], EVER: LEFT_OUT}[row["outcome"]]
        if row["outcome"] == AFTER and row["category"] in ("yes", "no"):
            nobody = LEFT_OUT
        for figure in nobody:
            label = ", ".join([*cell_of(row), row["threshold"], figure.replace("_", " ")])
            assert most[label] == theirs[label] == 0


def test_women_whom_the_outcome_that_divides_leaves_out_are_as_uncertain_as_there() -> None:
    rows = small_lives.rows(SEED_OF_FEW)
    told = small_lives.declared()
    place = f"released, {EVER}, England, 2023, by_work, not known, medium, denominator"
    proved = prove(control(relation(rows), RULES, TITLES, told), rows, RULES, small_lives.known())
    theirs = {proved.seen.labels[proof.wanted.count]: proof.wanted.width for proof in proved.proofs}
    assert theirs[place] == width_of(place, rows, told) == RULES.width_left_out.value
    assert width_of(place, rows, replace(told, divided={})) == RULES.width.value
    several, having = small_lives.rows(SEED_OF_SEVERAL), place.replace("denominator", "numerator")
    assert width_of(having, several, told) == RULES.width.value
    proved = prove(control(relation(several), RULES, TITLES, told), several, RULES, small_lives.known())
    assert {proof.wanted.width for proof in proved.proofs if proved.seen.labels[proof.wanted.count] == having} == {
        RULES.width.value
    }


def width_of(place: str, rows: list[dict[str, Any]], told: Declared) -> int:
    """How uncertain the suppressor keeps a count."""
    problem, _ = problem_of(rows, RULES, told)
    return {problem.labels[target.number]: target.width for target in problem.targets}[place]


# ------------------------------------------------------------------------------------------------------ half-years

HALVES = """
    | period | numerator | denominator |
    | 2023/24 | 100     | 300         |
    | spring | 4         | 140         |
    | autumn | 96        | 160         |
"""
QUARTERS = """
    | period  | numerator | denominator |
    | 2023/24 | 156       | 300         |
    | spring  | 60        | 140         |
    | autumn  | 96        | 160         |
    | q1      | 57        | 70          |
    | q2      | 3         | 70          |
    | q3      | 50        | 80          |
    | q4      | 46        | 80          |
"""
YEARS = dict.fromkeys(("spring", "autumn", "q1", "q2", "q3", "q4"), "2023/24")
IN_HALVES = {"q1": "spring", "q2": "spring", "q3": "autumn", "q4": "autumn"}


def test_a_half_year_is_given_up_before_the_year() -> None:
    made = control(counts(HALVES), RULES, TITLES, Declared(years=YEARS, halves=IN_HALVES))
    assert {row["period"]: row["status"] for row in made} == {"2023/24": "", "spring": "c", "autumn": "c"}
    assert weakest(made, HALVES, AddsUp(years=YEARS, halves=IN_HALVES)) >= RULES.width.value


def test_a_quarter_does_not_follow_from_its_half_year_and_the_other_quarter() -> None:
    made = control(counts(QUARTERS), RULES, TITLES, Declared(years=YEARS, halves=IN_HALVES))
    suppressed = {row["period"] for row in made if row["status"] == "c"}
    assert len(suppressed) == 2
    assert suppressed - {"2023/24"} > {"q2"}
    known = AddsUp(years=YEARS, halves=IN_HALVES)
    assert weakest(made, QUARTERS, known) >= RULES.width.value
    unaware = control(counts(QUARTERS), RULES, TITLES, Declared(years=dict.fromkeys(IN_HALVES, "2023/24")))
    assert weakest(unaware, QUARTERS, known) < RULES.width.value


@pytest.mark.parametrize(
    ("first_quarter", "halves"),
    [
        ("2022-Q3", ["Jul-Dec 2022", "Jan-Jun 2023"]),
        ("2022-Q4", ["Oct-Mar 2022/23", "Apr-Sep 2023"]),
        ("2022-Q1", ["Jan-Jun 2022", "Jul-Dec 2022"]),
    ],
)
def test_a_half_year_is_two_quarters_of_one_year_and_says_from_when_to_when(
    first_quarter: str, halves: list[str]
) -> None:
    period = Period.model_validate(
        {"first_quarter": first_quarter, "quarters": 4, "data_to": datetime.date(2025, 1, 1)}
    )
    assert [quarter.half for quarter in period.calendar] == [halves[0]] * 2 + [halves[1]] * 2
    assert len({quarter.year for quarter in period.calendar}) == 1
