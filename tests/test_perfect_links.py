"""Definitions: what the pipeline says of each woman when no link is wrong, beside plain code over her invented life."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks import truth
from linkage.cohorts import tabulate
from linkage.cohorts.records import Records
from linkage.contracts.analysis import Analysis
from linkage.settings import Settings
from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.careful import careful

PEOPLE, SEED = 4_000, 7


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
    found = truth.compared(records, analysis, lived)
    assert found.filter("not agreed").fetchall() == []
    asked = Counter(found.project("cohort, outcome").fetchall())
    cohorts = {(cohort, truth.MEMBERS) for cohort in analysis.cohorts}
    assert set(asked) == cohorts | {
        (cohort, outcome)
        for table in analysis.tables.values()
        for cohort in table.cohorts
        for outcome in analysis.outcomes_of(table)
    }
    assert all(many == asked[cohort, truth.MEMBERS] for (cohort, _), many in asked.items())


def test_each_outcome_comes_about_for_some_women_counted_and_not_for_others(records: Records, lived: Path) -> None:
    told = truth.happened(records.con, lived).filter(f"counted and outcome <> '{truth.MEMBERS}'")
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
        ("reoffending_after_6_weeks", {"days": (1, 365)}),
        ("reoffending_after_21_days", {"days": (22, 200)}),
    ],
)
def test_a_definition_that_is_another_differs_on_some_woman(
    records: Records, analysis: Analysis, lived: Path, outcome: str, other: dict[str, object]
) -> None:
    declared = analysis.outcomes[outcome]
    spoiled = declared.model_copy(update={"measure": declared.measure.model_copy(update=other)})
    found = truth.compared(records, replace(analysis, outcomes={**analysis.outcomes, outcome: spoiled}), lived)
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
    rows = truth.happened(con, lived).project("cohort, quarter, person, outcome, counted, achieved").fetchall()
    answers = {row[:4]: row[4:] for row in rows}
    for (cohort, quarter, person, asked), (counted, achieved) in answers.items():
        known = answers.get((cohort, quarter, person, divides))
        if asked == outcome and counted and known:
            yield cohort, quarter, ("yes" if known[1] else "no") if known[0] else "not known", achieved


def test_departments_that_make_no_mistake_have_none_on_record(records: Records, lived: Path) -> None:
    mistakes = records.con.read_csv(str(lived / "errors.csv"), header=True).filter(truth.IN_ATTRIBUTES)
    withdrawn = records.con.read_csv(str(lived / "withdrawals.csv"), header=True)
    assert mistakes.fetchall() == withdrawn.fetchall() == []
