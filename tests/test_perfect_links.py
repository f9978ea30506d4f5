"""Definitions: what the pipeline says of each woman when no link is wrong, beside plain code over her invented life."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks import truth
from linkage.cohorts import history, tabulate
from linkage.cohorts.members import members_of
from linkage.cohorts.records import Records
from linkage.cohorts.truth import MEMBERS, agreement, at_medium, compared, happened, perfect_cells, true_index
from linkage.contracts.analysis import Analysis
from linkage.settings import Settings
from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.careful import careful
from linkage.synthetic.truth.needs import Needs

PEOPLE, SEED = 4_000, 7
# What came first for none of so few women, and days on which it did for none; `test_history.py` has such lives.
FIRST = ("custody", "duty", "job", "none", "probation_days_8_to_90", "benefit_days_8_to_90")
NOBODY_HERE = ", ".join(f"'first_contact_{what}'" for what in FIRST)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What departments that make no mistake deliver of 4,000 people, pseudonymised."""
    settings = Settings(schemas=truth.SCHEMAS, workspace=tmp_path_factory.mktemp("perfect") / "workspace")
    truth.deliver(settings, PEOPLE, SEED, careful(read_calibration()))
    return settings


@pytest.fixture(scope="module")
def records(delivered: Settings) -> Records:
    """Their records, joined to people by the truth."""
    return truth.linked_by_the_truth(duckdb.connect(), delivered)


@pytest.fixture
def lived(delivered: Settings) -> Path:
    """The folder of the truth."""
    return delivered.files.truth


def test_with_perfect_links_the_pipeline_agrees_with_the_truth_on_every_woman(
    records: Records, analysis: Analysis, lived: Path
) -> None:
    found = compared(records, analysis, lived)
    assert found.filter("not agreed").fetchall() == []
    asked = Counter(found.project("cohort, outcome").fetchall())
    cohorts = {(cohort, MEMBERS) for cohort in analysis.cohorts}
    assert set(asked) == cohorts | {
        (cohort, outcome)
        for table in analysis.tables.values()
        for cohort in table.cohorts
        for outcome in analysis.outcomes_of(table)
    }
    assert all(many == asked[cohort, MEMBERS] for (cohort, _), many in asked.items())


def test_agreement_is_whole_by_perfect_links_and_falls_with_a_link_that_is_wrong(
    records: Records, analysis: Analysis, lived: Path
) -> None:
    truth_of = records.person_index.project("dataset, record_id, person_id_medium as person")
    perfect = agreement(records, analysis, truth_of, lived).fetchall()
    assert all(agreed == women > 0 for _, women, agreed in perfect)
    given = "case when dataset = 'paye' then null else person_id_medium end as person_id_medium"
    unlinked = replace(records, person_index=records.person_index.project(f"* replace ({given})"))
    spoiled = {outcome: (women, agreed) for outcome, women, agreed in agreement(
        unlinked, analysis, truth_of, lived).fetchall()}  # fmt: skip
    hang_on_paye = {n for n, outcome in analysis.outcomes.items() if outcome.measure.dataset == "paye"}
    assert hang_on_paye
    for outcome, (women, agreed) in spoiled.items():
        assert (agreed < women) == (outcome in hang_on_paye), outcome


def test_cells_by_the_true_index_are_those_of_perfect_links(records: Records, analysis: Analysis) -> None:
    truth_of = records.person_index.project("dataset, record_id, person_id_medium as person")
    found = perfect_cells(records.con, analysis, records.attributes, records.person_index, truth_of)
    linked = tabulate.tables(records.con, at_medium(analysis), records.attributes, records.person_index)
    counted = {cell for table in linked.values() for cell in table.project(", ".join(found.columns)).fetchall()}
    assert set(found.fetchall()) == counted


def test_the_truth_may_lie_in_a_folder_of_any_name(records: Records, lived: Path, tmp_path: Path) -> None:
    odd = tmp_path / "the department's 'truth'"
    odd.mkdir()
    shutil.copy(lived / "outcomes.csv", odd)
    there, here = (happened(records.con, folder).order("all").fetchall() for folder in (odd, lived))
    assert there == here != []


def test_a_record_that_the_truth_does_not_know_is_a_person_of_its_own(records: Records) -> None:
    con, everybody = records.con, records.person_index
    known = everybody.filter("dataset <> 'paye'").project("dataset, record_id, person_id_medium as person")
    found = true_index(con, everybody, known)  # noqa: F841  the queries read it by name
    of_paye = con.sql("select count(*), count(distinct person_id_low) from found where dataset = 'paye'").fetchall()[0]
    assert of_paye[0] == of_paye[1] == everybody.filter("dataset = 'paye'").shape[0]
    others = "(select person_id_low from found where dataset <> 'paye')"
    assert con.sql(f"from found where dataset = 'paye' and person_id_low in {others}").fetchall() == []
    persons = con.sql("select count(distinct person_id_low) from found where dataset <> 'paye'").fetchall()[0][0]
    assert persons == con.sql("select count(distinct person) from known").fetchall()[0][0]
    assert true_index(con, known, known).shape[0] == known.shape[0]


def test_each_outcome_comes_about_for_some_women_counted_and_not_for_others(records: Records, lived: Path) -> None:
    told = happened(records.con, lived).filter(f"counted and outcome not in ('{MEMBERS}', {NOBODY_HERE})")
    shares = told.aggregate("cohort, outcome, avg(cast(achieved as int)) as share")
    assert shares.filter("share = 0 or share = 1").fetchall() == []


@pytest.mark.parametrize(
    ("outcome", "other"),
    [
        ("employed_6_weeks", {"day": 70}),
        ("out_of_work_benefit_30_days", {"day": 10}),
        ("sustained_employment", {"days_on_end": 60}),
        ("sustained_employment", {"days": (1, 180)}),
        ("housed_first_night", {"achieved": ("settled",)}),
        ("proven_reoffending", {"days": (1, 300)}),
        ("proven_reoffending", {"confirmed_by": None}),
        ("settled_3_months", {"unknown": ()}),
        ("homelessness_duty_90_days", {"days": (0, 30)}),
        ("in_treatment_21_days", {"continuing": None}),
        ("treatment_completed_12_months", {"where": {}}),
        ("in_treatment_12_months", {"day": 300}),
        ("reoffending_after_6_weeks", {"days": (1, 365)}),
        ("reoffending_after_21_days", {"days": (22, 200)}),
    ],
)
def test_a_definition_that_is_another_differs_on_some_woman(
    records: Records, analysis: Analysis, lived: Path, outcome: str, other: dict[str, object]
) -> None:
    declared = analysis.outcomes[outcome]
    spoiled = declared.model_copy(update={"measure": declared.measure.model_copy(update=other)})
    found = compared(records, replace(analysis, outcomes={**analysis.outcomes, outcome: spoiled}), lived)
    assert {name for (name,) in found.filter("not agreed").project("outcome").fetchall()} == {outcome}


@pytest.mark.parametrize(
    ("outcome", "landmark"),
    [("reoffending_after_6_weeks", None), ("reoffending_after_6_weeks", 0), ("reoffending_after_21_days", None)],
)
def test_a_landmark_that_is_another_differs_on_some_woman(
    records: Records, analysis: Analysis, lived: Path, outcome: str, landmark: int | None
) -> None:
    spoiled = analysis.outcomes[outcome].model_copy(update={"landmark": landmark})
    found = truth.compared(records, replace(analysis, outcomes={**analysis.outcomes, outcome: spoiled}), lived)
    assert {name for (name,) in found.filter("not agreed").project("outcome").fetchall()} == {outcome}


def test_women_divided_by_an_answer_are_as_many_as_by_the_truth(
    records: Records, analysis: Analysis, lived: Path
) -> None:
    joined = {name: table for name, table in analysis.tables.items() if analysis.divided_by(table)}
    tables = tabulate.tables(records.con, replace(analysis, tables=joined), records.attributes, records.person_index)
    assert len(tables) == 3
    year_of = {quarter.label: quarter.year for quarter in analysis.period.calendar}
    for name, found in tables.items():
        [(breakdown, one)], [outcome] = analysis.divided_by(joined[name]).items(), analysis.outcomes_of(joined[name])
        rows = found.filter(f"breakdown = '{breakdown}' and threshold = 'medium' and denominator > 0")
        counted = {
            row[:3]: row[3:] for row in rows.project("cohort, period, category, numerator, denominator").fetchall()
        }
        answers: dict[tuple[str, ...], list[bool]] = {}
        for cohort, quarter, category, achieved in by_the_truth(records.con, lived, outcome, one.outcome):
            if cohort in joined[name].cohorts:
                answers.setdefault((cohort, year_of[quarter], category), []).append(achieved)
        assert counted == {place: (sum(found), len(found)) for place, found in answers.items()}
        assert {category for *_, category in counted} >= {"yes", "no"}


def by_the_truth(
    con: duckdb.DuckDBPyConnection, lived: Path, outcome: str, divides: str
) -> Iterator[tuple[str, str, str, bool]]:
    """(cohort, quarter, category, achieved) of each woman counted; her category is what her life says of `divides`."""
    rows = happened(con, lived).project("cohort, quarter, person, outcome, counted, achieved").fetchall()
    answers = {row[:4]: row[4:] for row in rows}
    for (cohort, quarter, person, asked), (counted, achieved) in answers.items():
        known = answers.get((cohort, quarter, person, divides))
        if asked == outcome and counted and known:
            yield cohort, quarter, ("yes" if known[1] else "no") if known[0] else "not known", achieved


def known(records: Records, analysis: Analysis, lived: Path, cohort: str) -> tuple[set[tuple], set[tuple]]:
    """(woman, quarter, day and needs) of everybody in a cohort, as her records say and as her life does."""
    anchor, declared = analysis.datasets[analysis.cohorts[cohort].dataset], analysis.by_history["needs"]
    members = members_of(records, analysis, analysis.cohorts[cohort])
    found = history.with_needs(records.con, members, declared, anchor, records.of)
    columns = ", ".join(f"case when had_{need} then 'yes' else 'no' end" for need in declared.needs)
    there = records.con.read_csv(str(lived / "needs.csv"), header=True, all_varchar=True).filter(f"cohort = '{cohort}'")
    said = found.project(f"person_id, quarter, cast(index_date as varchar), {columns}").fetchall()
    return {*said}, {*there.project(f"person, quarter, index_date, {', '.join(declared.needs)}").fetchall()}


@pytest.mark.parametrize("cohort", ["released_from_custody", "community_order_starts"])
def test_with_perfect_links_the_needs_of_every_woman_are_those_of_her_life(
    records: Records, analysis: Analysis, lived: Path, cohort: str
) -> None:
    assert {*analysis.by_history["needs"].needs} == {*Needs._fields}
    here, there = known(records, analysis, lived, cohort)
    assert here == there
    for place, need in enumerate(Needs._fields, start=3):
        assert {row[place] for row in here} == {"yes", "no"}, need


@pytest.mark.parametrize(
    ("need", "other"),
    [
        ("treatment", {"recorded": {}}),
        ("homeless", {"before": ()}),
        ("mental_health", {"before": ()}),
        ("abuse", {"before": ()}),
        ("custody", {"at_least": 2}),
        ("no_job", {"absent": False}),
    ],
)
def test_a_need_that_is_defined_otherwise_differs_on_some_woman(
    records: Records, analysis: Analysis, lived: Path, need: str, other: dict[str, object]
) -> None:
    declared = analysis.by_history["needs"]
    spoiled = {need: declared.needs[need].model_copy(update=other)}
    changed = replace(analysis, by_history={"needs": declared.model_copy(update={"needs": spoiled})})
    here, there = known(records, changed, lived, "community_order_starts")
    assert {row[:3] for row in here} == {row[:3] for row in there}
    assert here != there


def test_departments_that_make_no_mistake_have_none_on_record(records: Records, lived: Path) -> None:
    mistakes = records.con.read_csv(str(lived / "errors.csv"), header=True).filter(truth.IN_ATTRIBUTES)
    withdrawn = records.con.read_csv(str(lived / "withdrawals.csv"), header=True)
    assert mistakes.fetchall() == withdrawn.fetchall() == []
