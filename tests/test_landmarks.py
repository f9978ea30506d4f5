"""Outcomes from a landmark on, and tables by an answer: what the declarations refuse and say, and what the truth is."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from test_definitions import SCHEMAS, edit
from test_synthetic_truth import RELEASE, after, woman

from linkage.contracts.analysis import Analysis, read_analysis
from linkage.contracts.dataset import read_datasets
from linkage.errors import ContractError
from linkage.synthetic.truth.life import Offence, Spell
from linkage.synthetic.truth.outcomes import reoffending_after_6_weeks, reoffending_after_21_days

JOINED = "tables/reoffending_by_employment.yaml"


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A copy of the repository's declarations, to be spoiled."""
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    return tmp_path / "schemas"


def refusal(schemas: Path) -> str:
    """The message the declarations are refused with, without the folder."""
    with pytest.raises(ContractError) as refused:
        read_analysis(schemas, read_datasets(schemas))
    return str(refused.value).replace(f"{schemas}/", "")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "outcomes/reoffending_after_6_weeks.yaml",
            "days: [43, 365]",
            "days: [42, 365]",
            "landmark = 42 is not before the window, which begins on day 42: who is left out on that day could have "
            "the outcome already. Begin on day 43.",
        ),
        (
            "outcomes/reoffending_after_6_weeks.yaml",
            "exclude: [in_custody, died]",
            "exclude: []",
            "landmark = 42 leaves nobody out. Say whom in `exclude`",
        ),
        ("breakdowns.yaml", "outcome: employed_6_weeks", "outcome: employed", "there is no outcome 'employed'"),
        ("breakdowns.yaml", "  employment_6_weeks:", "  region:", "['region'] stands twice"),
        ("breakdowns.yaml", "  employment_6_weeks:", "  index_date:", "choose another name than ['index_date']"),
        (
            "tables/reoffending_by_employment.yaml",
            "health_warning: >-",
            "notes:\n- >-",
            "divides women by employment_6_weeks, so what it shows is an association. Say so in `health_warning`",
        ),
        (
            "tables/reoffending_by_employment.yaml",
            "theme: reoffending_after_6_weeks",
            "theme: reoffending",
            "proven_reoffending counts from day 1 on, and employed_6_weeks is known on day 42: women would be divided "
            "by what came later. Show an outcome that begins on day 43 or after.",
        ),
        (
            "tables/reoffending_by_treatment.yaml",
            "[treatment_21_days]",
            "[employment_6_weeks]",
            "reoffending_after_21_days is asked of other women than employed_6_weeks",
        ),
    ],
)
def test_a_landmark_or_a_table_by_an_answer_that_cannot_be_is_named_in_its_file(
    schemas: Path, file: str, old: str, new: str, message: str
) -> None:
    edit(schemas / file, old, new)
    refused = refusal(schemas)
    assert file in refused
    assert message in refused


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("outcomes/employed_6_weeks.yaml", "exclude: [in_custody, died]", "exclude: [died]",
         "employed_6_weeks counts ['in_custody'] women as not having it"),
        ("tables/employment.yaml", "periods: [year]", "periods: [quarter]",
         "employed_6_weeks is shown of other periods than ['year'], of ['half_year', 'quarter'] alone"),
        ("datasets/dwp.yaml", "value: England and Wales", "value: England",
         "it is about England and Wales, and tables/employment.yaml shows employed_6_weeks of England"),
    ],
)  # fmt: skip
def test_a_table_by_an_answer_is_refused_where_that_outcome_is_shown_otherwise(
    schemas: Path, file: str, old: str, new: str, message: str
) -> None:
    edit(schemas / file, old, new)
    assert f"{JOINED}: {message}" in refusal(schemas)


def test_a_table_by_an_answer_says_what_it_is_not_wherever_it_is_shown(analysis: Analysis) -> None:
    joined = [name for name, table in analysis.tables.items() if analysis.divided_by(table)]
    assert len(joined) == 6
    for name in joined:
        about = analysis.describe(name)
        assert about.health_warning.startswith("An association, not an effect")
        assert about.whole_title == f"{about.title}. {about.health_warning}"
        assert about.notes[0] == about.health_warning
        assert any("not known: women whom" in note for note in about.notes)


def test_a_cell_is_another_where_the_outcome_that_divides_is(analysis: Analysis) -> None:
    cell = ("released_from_custody", "reoffending_after_6_weeks", "2022/23")
    other = analysis.outcomes["employed_6_weeks"].model_copy(update={"exclude": ("died",)})
    changed = replace(analysis, outcomes={**analysis.outcomes, "employed_6_weeks": other})
    assert analysis.definition(*cell, "employment_6_weeks") != changed.definition(*cell, "employment_6_weeks")
    assert analysis.definition(*cell, "all") == changed.definition(*cell, "all")
    sooner = analysis.outcomes[cell[1]].model_copy(update={"landmark": 41})
    changed = replace(analysis, outcomes={**analysis.outcomes, cell[1]: sooner})
    assert analysis.definition(*cell, "all") != changed.definition(*cell, "all")


@pytest.mark.parametrize(("asked", "landmark"), [(reoffending_after_6_weeks, 42), (reoffending_after_21_days, 21)])
def test_from_a_landmark_on_only_what_follows_counts_and_of_women_at_liberty_then(asked, landmark):
    committed = {day: woman(offences=[Offence(after(day), after(400))]) for day in (landmark, landmark + 1, 365, 366)}
    answers = {day: asked(life, RELEASE)[1:] for day, life in committed.items()}
    assert answers == {landmark: (True, False), landmark + 1: (True, True), 365: (True, True), 366: (True, False)}
    later = [Offence(after(landmark + 1), after(400))]
    assert asked(woman(offences=later, died=after(landmark)), RELEASE)[1:] == (False, False)
    inside = [Spell(after(landmark), "REC", after(landmark + 1), "CRD", "E12000001", False)]
    assert asked(woman(offences=later, spells=inside), RELEASE)[1:] == (False, False)


def test_from_three_weeks_on_only_women_in_england_with_a_need_are_asked():
    life = woman(offences=[Offence(after(100), after(200))])
    assert reoffending_after_21_days(life, RELEASE)[1:] == (True, True)
    assert reoffending_after_21_days(life, RELEASE._replace(need=False))[1:] == (False, False)
    assert reoffending_after_21_days(life, RELEASE._replace(region="W92000004"))[1:] == (False, False)
    assert reoffending_after_6_weeks(life, RELEASE._replace(region="W92000004", need=False))[1:] == (True, True)
