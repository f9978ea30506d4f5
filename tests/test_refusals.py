"""What a person is told of a declaration that cannot be read: the place in it, what stands there, what to write."""

from pathlib import Path

import pytest
from conftest import REPOSITORY

from linkage.contracts.analysis import Breakdowns, Table
from linkage.contracts.cohort import Cohort
from linkage.contracts.outcome import Outcome
from linkage.contracts.period import Period
from linkage.contracts.project import Project
from linkage.contracts.reading import Declaration, read
from linkage.errors import ContractError

SCHEMAS = REPOSITORY / "schemas"
LIBRARY = ("Input", "valid string", "Field required", "permitted", "tuple", "dictionary", "Extra", "discriminator")


def refused(model: type[Declaration], file: str, old: str, new: str, folder: Path) -> list[str]:
    """The lines a declaration of the repository is refused with, with `new` in the place of `old`."""
    text, path = (SCHEMAS / file).read_text(encoding="utf-8"), folder / Path(file).name
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContractError) as error:
        read(model, path)
    return str(error.value).replace(f"{folder}/", "").splitlines()


@pytest.mark.parametrize(
    ("model", "file", "old", "new", "says"),
    [
        (
            Table, "tables/employment.yaml", "periods: [year]", "periods: [years]",
            "employment.yaml: periods.0: 'years' cannot stand there. Did you mean year? "
            "There are: year, half_year, quarter, all.",
        ),
        (
            Table, "tables/employment.yaml", "periods: [year]", "periods: year",
            "employment.yaml: periods: 'year' stands there. Write a list, as [first, second].",
        ),
        (
            Project, "projects/resettlement.yaml", "period: all", "periods: all",
            "resettlement.yaml: periods: there is no such field. Did you mean period? There are: title, purpose, "
            "access, cohorts, outcomes, breakdowns, by_day, period, k, sensitive.",
        ),
        (
            Project, "projects/resettlement.yaml", "period: all\n", "",
            "resettlement.yaml: period: it is missing. Add it.",
        ),
        (
            Outcome, "outcomes/employed_6_weeks.yaml", "  kind: spell", "  kind: spel",
            "employed_6_weeks.yaml: measure.kind: 'spel' cannot stand there. Did you mean spell? "
            "There are: event, run, spell, status, death, order.",
        ),
        (
            Outcome, "outcomes/employed_6_weeks.yaml", "  kind: spell\n", "",
            "employed_6_weeks.yaml: measure.kind: it is missing. Add it.",
        ),
        (
            Outcome, "outcomes/employed_6_weeks.yaml", "  end: ", "  ends: ",
            "employed_6_weeks.yaml: measure.ends: there is no such field. Did you mean end? "
            "There are: kind, dataset, start, end, day, where.",
        ),
        (
            Outcome, "outcomes/proven_reoffending.yaml", "within_days: 547", "within: 547",
            "proven_reoffending.yaml: measure.confirmed_by.within: there is no such field. Did you mean within_days? "
            "There are: date, within_days.",
        ),
        (
            Breakdowns, "breakdowns.yaml", "first: 21, last: 24", "first: 21, lst: 24",
            "breakdowns.yaml: breakdowns.age_band.bands.1.lst: there is no such field. Did you mean last? "
            "There are: label, first, last.",
        ),
        (
            Cohort, "cohorts/cautioned.yaml", "youngest: 18", "youngest: [18]",
            "cautioned.yaml: youngest: a list stands there. Write a whole number without quotes, as 42.",
        ),
        (
            Period, "period.yaml", "first_quarter: 2022-Q3", "first_quarter: 2022-Q5",
            "period.yaml: first_quarter: '2022-Q5' is no quarter. Write a year and one of its four, as 2022-Q3.",
        ),
    ],
)  # fmt: skip
def test_a_refusal_says_the_place_what_stands_there_and_what_to_write(model, file, old, new, says, tmp_path) -> None:
    lines = refused(model, file, old, new, tmp_path)
    assert says in lines
    assert not [line for line in lines if any(word in line for word in LIBRARY)]


@pytest.mark.parametrize(
    ("model", "file", "old", "new", "says"),
    [
        (
            Outcome,
            "outcomes/employed_6_weeks.yaml",
            "day: 42",
            "day: yes",
            "measure.day: a bare yes (true) stands",
        ),
        (Cohort, "cohorts/cautioned.yaml", "youngest: 18", "youngest: no", "youngest: a bare no (false) stands there"),
        (Cohort, "cohorts/cautioned.yaml", "youngest: 18", 'youngest: "18"', "youngest: '18' stands there"),
        (Period, "period.yaml", "data_to: ", "data_to: 1728000000 #", "data_to: 1728000000 stands there. Write a date"),
    ],
)
def test_nothing_is_taken_for_a_number_or_a_date_that_is_none(model, file, old, new, says, tmp_path) -> None:
    [line] = refused(model, file, old, new, tmp_path)
    assert says in line


def test_of_several_kinds_that_may_stand_at_a_place_all_are_said_in_one_line(tmp_path: Path) -> None:
    old, new = "{start_date: 2023-02-01,", "{start_date: [2023-02-01],"
    [line] = refused(Outcome, "outcomes/employed_6_weeks.yaml", old, new, tmp_path)
    assert "start_date: a list stands there. Write a text" in line
    assert " or a date, as 2024-03-31." in line


def test_a_long_text_is_not_said_again_and_every_mistake_of_a_file_is(tmp_path: Path) -> None:
    path = tmp_path / "cautioned.yaml"
    path.write_text(f"title: [a]\ndataset: court\nwhere: {'x' * 500}\nsexes: F\n", encoding="utf-8")
    with pytest.raises(ContractError) as error:
        read(Cohort, path)
    message = str(error.value)
    assert "where: a text stands there. Write fields, each as `name: value`." in message
    assert "sexes: there is no such field. Did you mean sex?" in message
    missing = ("index_date", "sex", "born", "youngest", "source", "modelled_on")
    assert all(f"{path}: {field}: it is missing. Add it." in message for field in missing)
