"""Definitions: what the pipeline says of each woman when no link is wrong, beside plain code over her invented life."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks import truth
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
    ],
)
def test_a_definition_that_is_another_differs_on_some_woman(
    records: Records, analysis: Analysis, lived: Path, outcome: str, other: dict[str, object]
) -> None:
    declared = analysis.outcomes[outcome]
    spoiled = declared.model_copy(update={"measure": declared.measure.model_copy(update=other)})
    found = truth.compared(records, replace(analysis, outcomes={**analysis.outcomes, outcome: spoiled}), lived)
    assert {name for (name,) in found.filter("not agreed").project("outcome").fetchall()} == {outcome}


def test_departments_that_make_no_mistake_have_none_on_record(records: Records, lived: Path) -> None:
    mistakes = records.con.read_csv(str(lived / "errors.csv"), header=True).filter(truth.IN_ATTRIBUTES)
    withdrawn = records.con.read_csv(str(lived / "withdrawals.csv"), header=True)
    assert mistakes.fetchall() == withdrawn.fetchall() == []
