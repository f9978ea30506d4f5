"""Needs known on the index date, and which contact came first: what is refused, what examples say, what is true."""

import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from duckdb import DuckDBPyRelation
from test_definitions import edit
from test_landmarks import refusal
from test_landmarks import schemas as schemas
from test_synthetic_truth import RELEASE, after, woman

from linkage.cohorts import history, sequences
from linkage.cohorts.tabulate import tables
from linkage.contracts.analysis import ALL, Analysis
from linkage.link_errors import but_by_answers
from linkage.release.columns import NAMES
from linkage.release.error_rates import Group
from linkage.report.together import in_order, needs_together
from linkage.synthetic.truth.life import Claim, Job, Review, Spell
from linkage.synthetic.truth.needs import needs
from linkage.synthetic.truth.outcomes import first_contacts

NEEDS, ORDER = "breakdowns.yaml", "sequences/first_contact.yaml"
SPELL = """  kind: spell
  dataset: paye
  start: start_date
  end: end_date
  day: 42
"""
ORDERED = """  kind: order
  contacts: {job: {title: job, dataset: paye, date: start_date}}
  days: [0, 42]
  first: job
"""


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (NEEDS, "days: [-365, -1]", "days: [-365, 10]",
         "by_history.needs.needs.no_job: before.0: it is known 10 days after the index date only"),
        (NEEDS, "days: [-365, -1]", "days: [-800, -1]",
         "its window begins 800 days before the index date; period.yaml has 730 days before its first quarter."),
        ("period.yaml", "data_from: 2020-07-01", "", "Give it `data_from`."),
        (NEEDS, "recorded: {mental_health_need:", "recorded: {mental_need:",
         "recorded 'mental_need' is no attribute of ['prison', 'probation']"),
        (NEEDS, 'recorded: {domestic_abuse: "yes"}', "recorded: {domestic_abuse: maybe}",
         "recorded domestic_abuse = ['maybe'] can never be true."),
        (NEEDS, "        absent: true\n", "        absent: true\n        recorded: {treatment_need: yes}\n",
         "`absent` is about what is not there `before`"),
        (NEEDS, "expect: [homeless, mental_health]", "expect: [housing]", "expects ['housing'], which are no needs"),
        (NEEDS, "      no_job:\n", "      number:\n", "a need is not named as what divides: ['number']"),
        ("tables/needs.yaml", "health_warning: >-", "notes:\n- >-", "it divides women by needs, so what it shows is"),
        ("outcomes/employed_6_weeks.yaml", SPELL, ORDERED,
         "measure: which contact came first is declared once for all"),
        (ORDER, "[benefit, probation]\n", "[benefit, police]\n", "['police'] is no contact"),
        (ORDER, "  - [probation, benefit]\n", "  - [probation, probation]\n", "the step after probation is to another"),
        (ORDER, "dataset: ndtms, date: treatment_start", "dataset: ndtms, date: began",
         "contacts.treatment: date 'began' is not an attribute of ndtms"),
        (ORDER, "last_days: [0, 7]", "last_days: [0, 90]", "spans: their last days ascend, from 0 to 89 at most"),
        (ORDER, "days: [0, 90]", "days: [0, 900]", "first_contact.yaml: needs data up to 900 days after"),
        ("tables/first_contact.yaml", "theme: first_contact", "theme: reoffending\noutcomes: [first_contact_job]",
         "a table shows some of its outcomes alone, and the others follow."),
    ],
)  # fmt: skip
def test_what_cannot_be_known_or_cannot_come_first_is_refused_with_its_file(
    schemas: Path, file: str, old: str, new: str, message: str
) -> None:
    edit(schemas / file, old, new)
    refused = refusal(schemas)
    assert message in refused
    assert {"tables/first_contact.yaml": ORDER, "period.yaml": NEEDS}.get(file, file) in refused


def test_a_history_does_what_its_examples_say(con: duckdb.DuckDBPyConnection, analysis: Analysis) -> None:
    for name, declared in analysis.by_history.items():
        assert list(history.failures(con, name, declared, analysis)) == []
    [declared] = analysis.by_history.values()
    wrong = declared.examples[0].model_copy(update={"expect": ()})
    spoiled = declared.model_copy(update={"examples": (wrong,)})
    assert list(history.failures(con, "needs", spoiled, analysis)) == [
        f"by_history.needs: {wrong.because}: expected [], and it is ['no_job']."
    ]


def test_a_sequence_does_what_its_examples_say(con: duckdb.DuckDBPyConnection, analysis: Analysis) -> None:
    for declared in analysis.sequences.values():
        assert list(sequences.failures(con, declared, analysis)) == []
    [declared] = analysis.sequences.values()
    wrong = declared.examples[0].model_copy(update={"expect": ("job", "none")})
    spoiled = declared.model_copy(update={"examples": (wrong,)})
    assert list(sequences.failures(con, spoiled, analysis)) == [
        "First contact within 90 days: nothing on record is no contact: expected ['job', 'none'], "
        "and it is ['none', 'none']."
    ]


def test_every_woman_is_in_one_combination_and_its_number(
    analysis: Analysis,
    con: duckdb.DuckDBPyConnection,
    attributes: dict[str, DuckDBPyRelation],
    person_index: DuckDBPyRelation,
) -> None:
    only = replace(analysis, tables={"needs": analysis.tables["needs"]})
    found = tables(con, only, attributes, person_index)["needs"].filter("threshold = 'medium'")
    women = {
        (cohort, breakdown): count
        for cohort, breakdown, count in found.aggregate("cohort, breakdown, sum(denominator)").fetchall()
    }
    assert women["released_from_custody", "all"] == 4
    assert {count for (cohort, _), count in women.items() if cohort == "released_from_custody"} == {4}
    there = found.filter("breakdown = 'needs_combination' and denominator > 0").project("cohort, category").fetchall()
    assert ("released_from_custody", "treatment + homeless + no job + abuse") in there


def test_nothing_that_several_sources_decide_is_corrected(analysis: Analysis) -> None:
    rates = but_by_answers(lambda group: "known", analysis)
    assert rates(Group("released_from_custody", "court", "all", "all")) == "known"
    assert rates(Group("released_from_custody", "court", "needs_number", "none")) is None
    assert rates(Group("released_from_custody", "several", "all", "all")) is None


# ------------------------------------------------------------------------------------------------------- the truth


def came(**events: list) -> set[str]:
    """What of a woman's first contacts is so."""
    return {answer.outcome for answer in first_contacts(woman(**events), RELEASE) if answer.counted and answer.achieved}


def test_of_contacts_on_one_day_the_one_named_first_came_first() -> None:
    claims, reviews = [Claim(after(3), None, "UC")], [Review(after(3), "SET")]
    assert came(claims=claims, reviews=reviews) == {
        "first_contact_probation", "first_contact_probation_then_benefit", "first_contact_probation_days_1_to_7",
    }  # fmt: skip
    assert came(claims=[Claim(after(0), None, "UC")], jobs=[Job(after(90), None)]) == {
        "first_contact_benefit", "first_contact_benefit_then_other", "first_contact_benefit_days_0_to_0",
    }  # fmt: skip


def test_everybody_is_counted_by_the_first_contact_and_who_died_without_one_has_none() -> None:
    assert came(died=after(5)) == {"first_contact_none"}
    assert came(spells=[Spell(after(5), "REC", None, "", "E12000001", False)]) == {"first_contact_custody"}
    assert came(jobs=[Job(after(91), None)]) == {"first_contact_none"}
    outside = RELEASE._replace(region="W92000004")
    assert not any(answer.counted for answer in first_contacts(woman(), outside))


def test_the_truth_about_needs_looks_back_two_years_and_at_jobs_one() -> None:
    release = Spell(after(-60), "SEN", after(0), "CRD", "E12000001", False, "ROUGH")
    before = [Spell(after(-730 + n), "REM", after(-700 + n), "RUR", "E12000001", False) for n in (0, 40, 80)]
    member = RELEASE._replace(need=False)
    assert needs(woman(spells=[release]), member) == (False, True, True, False, False, False)
    assert needs(woman(spells=[*before, release]), member).custody
    assert not needs(woman(spells=[*before[1:], release]), member).custody
    assert not needs(woman(jobs=[Job(after(-900), after(-365))]), member).no_job
    assert needs(woman(jobs=[Job(after(-900), after(-366)), Job(after(0), None)]), member).no_job
    told = [Review(after(day), "SET", mind=day == -730, abused=day == 0) for day in (-730, 0)]
    assert needs(woman(reviews=told), member)[3:5] == (True, False)


# -------------------------------------------------------------------------------------------------------- the page


def published(table_id: str, outcome: str, women: int, having: int | None, **place: str) -> dict[str, object]:
    """A row as it is published; suppressed where there is no count."""
    figures = dict.fromkeys(NAMES)
    if having is not None:
        figures |= {"numerator": having, "denominator": women, "value": round(100 * having / women, 1)}
        figures |= {"lower": 1.0, "upper": 99.0}
    labels = {"table_id": table_id, "cohort": "released_from_custody", "outcome": outcome, "period": ALL}
    labels |= {
        "breakdown": "all",
        "category": "all",
        "threshold": "medium",
        "status": "" if having is not None else "c",
    }
    return figures | labels | place


def test_the_page_draws_the_combinations_that_are_shown_and_no_other(analysis: Analysis) -> None:
    having = {"no job": 20, "treatment + no job": 30, "abuse": None}
    rows = [
        published("needs", "proven_reoffending", 60, many, breakdown="needs_combination", category=category)
        for category, many in having.items()
    ]
    [picture] = needs_together(rows, analysis.describe("needs"))
    assert [line.heading for line in picture.grid.lines] == ["no job", "treatment + no job"]
    assert "2 of 3 combinations can be shown" in picture.caption
    assert "treatment + no job: 60 women, 50.0%" in picture.drawing
    assert "abuse (marked as a victim of domestic abuse); custody (three or more earlier receptions" in picture.caption


def test_a_bar_has_its_share_as_the_table_has_it_with_the_mark_of_few_women(analysis: Analysis) -> None:
    many = published("needs", "proven_reoffending", 80, 50, breakdown="needs_combination", category="no job")
    few = published("needs", "proven_reoffending", 20, 10, breakdown="needs_combination", category="abuse", status="u")
    [picture] = needs_together([many, few], analysis.describe("needs"))
    assert {"80 (62.5%)", "20 (50.0% [u])"} <= set(re.findall(r">([^<]+)</text>", picture.drawing))
    assert [line.cells[2] for line in picture.grid.lines] == ["62.5%", "50.0% [u]"]
    assert picture.caption.endswith("[u]: unreliable, because few women are counted.")


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((95, 10), "Of women whose first was benefit 79.2% had it by day 0 and 87.5% had it by day 7."),
        ((95, None), "Of women whose first was benefit 79.2% had it by day 0."),
        ((70, 60), "Of women whose first was benefit 58.3% had it by day 0 and 100.0% had it by day 7."),
        ((None, 60), ""),
    ],
)
def test_the_page_says_how_many_had_come_by_which_day_where_published_counts_tell(
    analysis: Analysis, days: tuple[int | None, int | None], said: str
) -> None:
    about = analysis.describe("first_contact")
    counts = dict.fromkeys(about.outcomes, 20) | {
        "first_contact_benefit": 120, "first_contact_benefit_days_0_to_0": days[0],
        "first_contact_benefit_days_1_to_7": days[1], "first_contact_probation_days_0_to_0": None,
    }  # fmt: skip
    rows = [published("first_contact", outcome, 300, many) for outcome, many in counts.items()]
    [picture] = in_order(rows, rows, about)
    assert picture.caption.endswith(f"about one woman.{said and ' '}{said}")
    assert [line.heading for line in picture.grid.lines][:2] == ["custody again", "probation"]
