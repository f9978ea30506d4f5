"""The declarations of the analysis: their examples, what they refuse, and what they say to readers."""

import datetime
import shutil
from pathlib import Path

import duckdb
import pytest
import yaml

from linkage.cohorts.examples import failures, found_answers
from linkage.contracts.analysis import Analysis, read_analysis
from linkage.contracts.cohort import Cohort
from linkage.contracts.dataset import read_datasets
from linkage.contracts.outcome import Example, Outcome
from linkage.contracts.period import Period
from linkage.errors import ContractError

SCHEMAS = Path(__file__).parent.parent / "schemas"
OUTCOMES = [path.stem for path in sorted((SCHEMAS / "outcomes").glob("*.yaml"))]
DATASETS = read_datasets(SCHEMAS)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """The repository's own declarations."""
    return read_analysis(SCHEMAS, DATASETS)


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A copy of the repository's declarations, to be spoiled."""
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    return tmp_path / "schemas"


def edit(path: Path, old: str, new: str) -> None:
    """Replace what is in the file exactly as written."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def refusal(schemas: Path) -> str:
    """The message the declarations are refused with, without the folder."""
    with pytest.raises(ContractError) as refused:
        read_analysis(schemas, DATASETS)
    return str(refused.value).replace(f"{schemas}/", "")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_does_what_its_examples_say(
    con: duckdb.DuckDBPyConnection, analysis: Analysis, outcome: str
) -> None:
    declared = analysis.outcomes[outcome]
    found = found_answers(con, declared, analysis.datasets[declared.measure.dataset], analysis.period.data_to)
    said = [(example.because, example.expect, example.days_at_risk) for example in declared.examples]
    answers = [
        (because, answer, None if expected is None else days)
        for (because, _, expected), (answer, days) in zip(said, found, strict=True)
    ]
    assert answers == said


def test_an_example_with_the_wrong_answer_is_reported(con: duckdb.DuckDBPyConnection, analysis: Analysis) -> None:
    outcome = analysis.outcomes["employed_6_weeks"]
    wrong = Example(because="nobody works", index_date=datetime.date(2023, 1, 10), expect="yes")
    spoiled = outcome.model_copy(update={"examples": (wrong,)})
    assert list(failures(con, spoiled, DATASETS["paye"], analysis.period.data_to)) == [
        "In employment at 6 weeks: nobody works: expected yes, and the answer is no."
    ]
    assert list(failures(con, outcome, DATASETS["paye"], analysis.period.data_to)) == []


def test_a_code_that_cannot_occur_is_refused_with_those_that_can(schemas: Path) -> None:
    edit(schemas / "outcomes" / "employed_6_weeks.yaml", "  day: 42\n", "  day: 42\n  where: {hours: fulltime}\n")
    assert refusal(schemas) == (
        "outcomes/employed_6_weeks.yaml: where hours = ['fulltime'] can never be true. paye.hours takes "
        "['up to 16', '16 to 24', '24 to 30', '30 and more', 'other']."
    )


def test_a_cohort_is_checked_against_its_contract(schemas: Path) -> None:
    edit(schemas / "cohorts" / "released_from_custody.yaml", "automatic release", "automatic")
    edit(schemas / "cohorts" / "community_order_starts.yaml", "index_date: start_date", "index_date: disposal")
    message = refusal(schemas)
    assert "cohorts/released_from_custody.yaml: where release_type = ['automatic'] can never be true." in message
    assert (
        "cohorts/community_order_starts.yaml: index_date probation.disposal is a string; a date is needed." in message
    )


def test_all_mistakes_of_all_files_come_in_one_message(schemas: Path) -> None:
    edit(schemas / "period.yaml", "quarters: 8", "quarters: 7")
    edit(schemas / "tables" / "employment.yaml", "breakdowns:", "breakdown:")
    edit(schemas / "outcomes" / "settled_3_months.yaml", "days: [0, 91]", "days: [91, 0]")
    message = refusal(schemas)
    assert "period.yaml: quarters: 7 stands there. Write a multiple of 4." in message
    assert "tables/employment.yaml: breakdown: there is no such field. Did you mean breakdowns?" in message
    assert "outcomes/settled_3_months.yaml: measure.days: the window ends on day 0, before it begins" in message


def test_a_window_the_data_cannot_fill_is_refused(schemas: Path) -> None:
    edit(schemas / "period.yaml", "data_to: 2025-12-31", "data_to: 2025-12-28")
    later = ("proven_reoffending", "reoffending_after_21_days", "reoffending_after_6_weeks")
    assert refusal(schemas).splitlines() == [
        f"outcomes/{name}.yaml: needs data up to 547 days after the index date; period.yaml has 546 days "
        "after its last quarter. Take fewer quarters, or wait for data beyond 2025-12-28."
        for name in later
    ]


def test_a_window_the_data_just_fill_is_read(schemas: Path) -> None:
    edit(schemas / "period.yaml", "data_to: 2025-12-31", "data_to: 2025-12-29")
    assert read_analysis(schemas, DATASETS).period.data_to == datetime.date(2025, 12, 29)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "breakdowns.yaml",
            "first: 21, last: 24",
            "first: 22, last: 24",
            "'21-24' must begin right after '18-20'",
        ),
        ("breakdowns.yaml", "label: 21-24,", "label: 18-20,", "age_band: ['18-20'] stands twice"),
        ("breakdowns.yaml", "first: 21, last: 24", "first: 20, last: 24", "'21-24' must begin right after '18-20'"),
        ("breakdowns.yaml", "[Cheshire, Cumbria,", "[Cheshire, Durham,", "within.region: ['Durham'] stands twice"),
        ("breakdowns.yaml", "reference: White", "reference: Whites", "['Whites'] are no categories of it"),
        ("breakdowns.yaml", "column: requirement", "column: wish", "no cohort's dataset has a column 'wish'"),
        ("breakdowns.yaml", "  requirement:\n", "  person_id:\n", "choose another name than ['person_id']"),
        ("breakdowns.yaml", "  requirement:\n", "  order:\n", "no word of SQL, and ['order'] is one"),
        ("breakdowns.yaml", "column: requirement", "column: event_number", "has no codes to divide by"),
        ("circumstances.yaml", "dataset: ndtms", "dataset: ndtmz", "alive.2: dataset 'ndtmz' has no contract"),
        ("circumstances.yaml", "release_type: died", "release_type: dead", "died.1: where release_type = ['dead']"),
        ("tables/employment.yaml", "theme: employment", "theme: employed", "no outcome has the theme 'employed'"),
        ("outcomes/employed_6_weeks.yaml", "theme: employment", "theme: work", "theme 'work' is in no table"),
        ("tables/employment.yaml", "[released_from_custody,", "[released,", "there is no cohort ['released']"),
        ("tables/six_monthly_release.yaml", "[housed_first_night,", "[housed,", "there is no outcome ['housed']"),
        ("tables/employment.yaml", "[age_band,", "[age,", "there is no breakdown ['age']"),
        ("outcomes/in_treatment_21_days.yaml", 'need: "yes"', "need: maybe", "eligible treatment_need = ['maybe']"),
        ("outcomes/in_treatment_21_days.yaml", "until: discharge_date", "until: left", "'left' is not an attribute"),
        ("outcomes/proven_reoffending.yaml", "date: outcome_date,", "date: breach,", "court.breach is a string"),
        (
            "outcomes/proven_reoffending.yaml",
            "within_days: 547",
            "within_days: 364",
            "within_days = 364 ends before the window does, on day 365: what happens in between can never count.",
        ),
        ("outcomes/homelessness_duty_90_days.yaml", "days: [0, 90]", "days: [-90, -1]", "its last day, -1, is before"),
        ("outcomes/employed_6_weeks.yaml", "day: 42", "day: -42", "its last day, -42, is before the index date"),
        (
            "outcomes/in_treatment_21_days.yaml",
            "until: discharge_date",
            "until: treatment_start",
            "measure.continuing can never be true: treatment_start is the beginning and the end.",
        ),
        (
            "outcomes/settled_3_months.yaml",
            "  unknown: unknown\n",
            "  unknown: unknown\n  where: {accommodation_status: rough sleeping}\n",
            "['settled'] can never be true, since `where` chooses no accommodation_status of them.",
        ),
        (
            "outcomes/housed_first_night.yaml",
            "exclude:",
            "eligible: {reception_type: remand}\nexclude:",
            "eligible reception_type = ['remand'] can never be true: released_from_custody takes ['sentenced'].",
        ),
        ("tables/employment.yaml", "[age_band,", "[region, age_band,", "breakdowns: ['region'] stands twice"),
        ("outcomes/settled_3_months.yaml", "unknown: unknown", "unknown: settled", "both achieved and unknown"),
        ("outcomes/employed_6_weeks.yaml", "[{start_date: 2023-02-01,", "[{start: 2023-02-01,", "name ['start']"),
        ("outcomes/settled_3_months.yaml", "rough sleeping}", "rough}", "accommodation_status = ['rough'] can never"),
        (
            "outcomes/out_of_work_benefit_30_days.yaml",
            "where: {benefit:",
            "where: {hours:",
            "'hours' is not an attribute",
        ),
        (
            "outcomes/sustained_employment.yaml",
            "end: end_date",
            "end: hours",
            "paye.hours is a string; a date is needed",
        ),
        (
            "outcomes/sustained_employment.yaml",
            "days_on_end: 91",
            "days_on_end: 366",
            "measure.days_on_end = 366 can never be true: the window has 365 days.",
        ),
        ("outcomes/homelessness_duty_90_days.yaml", "duty: main", "duty: full", "duty = ['full'] can never be true"),
        ("circumstances.yaml", "date: application_date", "date: duty", "alive.1: date hclic.duty is a string"),
    ],
)
def test_a_mistake_is_named_in_its_file(schemas: Path, file: str, old: str, new: str, message: str) -> None:
    edit(schemas / file, old, new)
    refused = refusal(schemas)
    assert file in refused
    assert message in refused


def test_a_cohort_that_takes_the_women_of_another_is_refused(schemas: Path) -> None:
    cautioned = (schemas / "cohorts" / "cautioned.yaml").read_text(encoding="utf-8")
    again = cautioned.replace("then_by: offence_date", "").replace("disposal: caution", "disposal: [caution, caution]")
    (schemas / "cohorts" / "warned.yaml").write_text(again, encoding="utf-8")
    assert refusal(schemas) == ("cohorts/warned.yaml: it takes the same women as cautioned.yaml. Remove one.")


def test_a_cohort_of_women_who_are_in_another_is_refused_since_readers_subtract(schemas: Path) -> None:
    released = (schemas / "cohorts" / "released_from_custody.yaml").read_text(encoding="utf-8")
    fewer = released.replace("[conditional release, home detention curfew, automatic release]", "[automatic release]")
    (schemas / "cohorts" / "some_released.yaml").write_text(fewer, encoding="utf-8")
    found = refusal(schemas)
    assert found.startswith("cohorts/some_released.yaml: a record can bring a woman into it and into ")
    edit(schemas / "cohorts" / "some_released.yaml", "[automatic release]", "deported")
    assert "some_released" in read_analysis(schemas, DATASETS).cohorts


def test_what_is_said_twice_or_in_a_file_that_is_not_read_is_refused(schemas: Path) -> None:
    edit(schemas / "cohorts" / "cautioned.yaml", "sex: F", "sex: F\nsex: M")
    shutil.copy(schemas / "cohorts" / "cautioned.yaml", schemas / "cohorts" / "mine.yml")
    assert refusal(schemas).splitlines() == [
        "cohorts/mine.yml: it is not read. Call it mine.yaml.",
        "cohorts/cautioned.yaml line 8: sex stands twice; keep one of them.",
    ]


def test_an_outcome_asked_twice_and_a_category_within_nothing_are_refused(schemas: Path) -> None:
    again = (schemas / "outcomes" / "employed_6_weeks.yaml").read_text(encoding="utf-8")
    (schemas / "outcomes" / "working.yaml").write_text(again.replace("title: In", "title: Still in"), encoding="utf-8")
    assert refusal(schemas) == "outcomes/working.yaml: it asks the same as employed_6_weeks. Remove one."
    (schemas / "outcomes" / "working.yaml").unlink()
    edit(schemas / "breakdowns.yaml", "[Cleveland, Durham, Northumbria]", "[Cleveland, Durham]")
    assert "police_force_area: within.region leaves out ['Northumbria']. Say of each" in refusal(schemas)


def test_a_bare_yes_or_no_is_the_word(schemas: Path) -> None:
    edit(schemas / "outcomes" / "proven_reoffending.yaml", 'breach: "no"', "breach: no")
    read = read_analysis(schemas, DATASETS).outcomes["proven_reoffending"]
    assert read.measure.where == {"breach": ("no",)}


def test_declarations_without_a_table_are_refused(schemas: Path) -> None:
    shutil.rmtree(schemas / "tables")
    assert refusal(schemas) == "tables: no table found. Write one file per table (schemas/README.md)."


def test_a_year_pools_four_quarters_and_is_named_after_the_years_it_touches() -> None:
    period = Period.model_validate({"first_quarter": "2022-Q3", "quarters": 8, "data_to": datetime.date(2025, 12, 31)})
    assert [(q.label, q.year) for q in period.calendar] == [
        ("2022 Q3", "2022/23"), ("2022 Q4", "2022/23"), ("2023 Q1", "2022/23"), ("2023 Q2", "2022/23"),
        ("2023 Q3", "2023/24"), ("2023 Q4", "2023/24"), ("2024 Q1", "2023/24"), ("2024 Q2", "2023/24"),
    ]  # fmt: skip
    assert (period.first_day, period.last_day) == (datetime.date(2022, 7, 1), datetime.date(2024, 6, 30))
    assert (period.calendar[2].first_day, period.calendar[2].last_day) == (
        datetime.date(2023, 1, 1), datetime.date(2023, 3, 31),
    )  # fmt: skip
    assert period.title == "July 2022 to June 2024"


def test_a_calendar_year_is_named_by_its_number() -> None:
    period = Period.model_validate({"first_quarter": "1999-Q1", "quarters": 4, "data_to": datetime.date(2001, 1, 1)})
    assert period.years == ("1999",)


def test_only_a_table_with_an_england_only_source_is_restricted_to_england_and_says_so(analysis: Analysis) -> None:
    assert {name: analysis.describe(name).geography for name in analysis.tables} == {
        "accommodation": "England and Wales",
        "deaths": "England and Wales",
        "employment": "England and Wales",
        "every_release": "England and Wales",
        "first_contact": "England",
        "first_night": "England and Wales",
        "homelessness": "England",
        "homelessness_duties": "England",
        "lasting_employment": "England and Wales",
        "needs": "England and Wales",
        "reoffending": "England and Wales",
        "reoffending_by_employment": "England and Wales",
        "reoffending_by_employment_standardised": "England and Wales",
        "reoffending_by_first_night": "England and Wales",
        "reoffending_by_first_night_standardised": "England and Wales",
        "reoffending_by_treatment": "England",
        "reoffending_by_treatment_standardised": "England",
        "six_monthly_release": "England and Wales",
        "six_monthly_reoffending": "England and Wales",
        "six_monthly_treatment": "England",
        "treatment": "England",
        "treatment_status": "England",
        "women_by_entry": "England and Wales",
    }
    treatment = analysis.describe("treatment")
    assert treatment.title == "Women's drug and alcohol treatment, England, cohorts of July 2022 to June 2024"
    assert any(note.startswith("Women placed in England only, because NDTMS") for note in treatment.notes)


def test_a_table_that_names_outcomes_shows_these_in_its_order(analysis: Analysis) -> None:
    six_monthly = analysis.describe("six_monthly_release")
    assert list(six_monthly.outcomes) == [
        "housed_first_night", "settled_3_months", "employed_6_weeks", "employed_6_months",
    ]  # fmt: skip
    assert six_monthly.theme == "release_every_six_months"


def test_an_outcome_of_england_only_would_take_wales_from_every_other_of_its_theme(schemas: Path) -> None:
    edit(schemas / "outcomes" / "homelessness_duty_90_days.yaml", "theme: homelessness", "theme: housing")
    (schemas / "tables" / "homelessness.yaml").unlink()
    assert read_analysis(schemas, DATASETS).describe("accommodation").geography == "England"


def test_geography_follows_from_the_contracts_a_table_reads(schemas: Path) -> None:
    edit(schemas / "datasets" / "hclic.yaml", "value: England", "value: England and Wales")
    analysis = read_analysis(schemas, read_datasets(schemas))
    assert analysis.describe("homelessness").geography == "England and Wales"
    assert analysis.describe("treatment").geography == "England"


def test_a_table_cannot_be_restricted_to_england_when_a_cohort_does_not_say_where_she_is(schemas: Path) -> None:
    for outside in (
        "    outside_england: [Wales]\n",
        "    outside_england: [North Wales, Gwent, South Wales, Dyfed-Powys]\n",
    ):
        edit(schemas / "breakdowns.yaml", outside, "")
    message = refusal(schemas)
    for table in ("homelessness", "treatment"):
        assert f"tables/{table}.yaml: it is restricted to England, and prison cannot tell who is there." in message
    assert "tables/employment.yaml" not in message


def test_a_description_names_the_official_measure_its_source_and_each_difference(analysis: Analysis) -> None:
    notes = analysis.describe("reoffending").notes
    assert any(
        "modelled on the proven reoffending rate" in note and "Source: Ministry of Justice" in note for note in notes
    )
    shown = [analysis.cohorts[name] for name in analysis.tables["reoffending"].cohorts]
    modelled: list[Cohort | Outcome] = [*shown, analysis.outcomes["proven_reoffending"]]
    for declared in modelled:
        for difference in declared.differences:
            assert f"{declared.title}, a known difference: {difference}" in notes


def recipe(heading: str) -> str:
    """The YAML a section of schemas/README.md shows."""
    section = (SCHEMAS / "README.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    return section.split("```yaml\n")[1].split("```")[0]


def test_the_recipes_of_the_readme_can_be_followed(con: duckdb.DuckDBPyConnection, schemas: Path) -> None:
    (schemas / "outcomes" / "employed_12_months.yaml").write_text(recipe("Add an outcome"), encoding="utf-8")
    (schemas / "tables" / "work.yaml").write_text(recipe("Add a table"), encoding="utf-8")
    analysis = read_analysis(schemas, DATASETS)
    assert list(failures(con, analysis.outcomes["employed_12_months"], DATASETS["paye"], analysis.period.data_to)) == []
    described = analysis.describe("work")
    assert list(described.outcomes) == [
        "out_of_work_benefit_30_days", "employed_6_weeks", "employed_6_months", "employed_12_months",
    ]  # fmt: skip
    assert described.notes[0] == "A sentence for the reader, which may have a comma, and ends with a full stop."


def test_an_outcome_is_added_with_one_file(schemas: Path) -> None:
    six_weeks = (schemas / "outcomes" / "employed_6_weeks.yaml").read_text(encoding="utf-8")
    in_ten = yaml.safe_load(six_weeks) | {"title": "In employment on day 10"}
    in_ten["measure"]["day"] = 10
    in_ten["examples"] = in_ten["examples"][-1:]
    (schemas / "outcomes" / "employed_10_days.yaml").write_text(yaml.safe_dump(in_ten), encoding="utf-8")
    before = read_analysis(SCHEMAS, DATASETS).describe("employment").outcomes
    after = read_analysis(schemas, DATASETS).describe("employment").outcomes
    assert after == {"employed_10_days": "In employment on day 10"} | before


def test_the_two_measures_of_employment_ask_the_same_on_different_days(analysis: Analysis) -> None:
    weeks, months = (analysis.outcomes[name] for name in ("employed_6_weeks", "employed_6_months"))
    assert (weeks.measure.last_day, months.measure.last_day) == (42, 182)
    assert weeks.measure == months.measure.model_copy(update={"day": 42})
    assert weeks.exclude == months.exclude


def test_an_outcome_that_leaves_out_who_is_in_custody_or_dead_shows_it_in_an_example(analysis: Analysis) -> None:
    for name, outcome in analysis.outcomes.items():
        assert set(outcome.exclude) <= {example.expect for example in outcome.examples}, name


def test_every_outcome_has_an_example_of_29_february_and_of_no_record_at_all(analysis: Analysis) -> None:
    for name, outcome in ((name, analysis.outcomes[name]) for name in OUTCOMES):
        assert any("29 February" in example.because for example in outcome.examples), name
        assert any(not (e.events or e.custody or e.died) for e in outcome.examples), name
    for several in (*analysis.sequences.values(), *analysis.by_history.values()):
        assert any("29 February" in example.because for example in several.examples)
        assert any(not example.events for example in several.examples)


def test_a_sign_of_life_is_asked_of_every_source_in_which_a_woman_acts(analysis: Analysis) -> None:
    assert {sign.dataset for sign in analysis.circumstances.alive} == set(DATASETS) - {"court"}


def test_a_death_is_never_taken_from_a_source_of_england_only(analysis: Analysis) -> None:
    geography = {DATASETS[death.dataset].geography for death in analysis.circumstances.died}
    assert geography == {"England and Wales"}
