"""Invented extracts as a department would deliver them: their form, their values, and the truth beside them."""

import datetime
import re
from pathlib import Path

import duckdb
import pytest
from conftest import REPOSITORY
from queried import column, one

from linkage.contracts.dataset import Dataset
from linkage.contracts.period import Period
from linkage.contracts.reading import read
from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.departments.delivery import date_to_spoil, in_form, never_a_day
from linkage.synthetic.synthesise import DEPARTMENTS, synthesise

SCHEMAS = REPOSITORY / "schemas"
PEOPLE = 3_000
# Of 30,000 people: 5,000 women with justice contact, 900 releases, 1,500 community starts. A tenth, less chance.
FEWEST_WOMEN, FEWEST_RELEASES, FEWEST_STARTS = 430, 60, 115
NAMES = tuple(DEPARTMENTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, datasets) -> Path:
    """3,000 people's extracts, in the form of their contracts, and the truth."""
    root = tmp_path_factory.mktemp("synthetic")
    synthesise(PEOPLE, 1, datasets, root / "extracts", root / "truth")
    return root


@pytest.fixture(scope="module")
def extracts(folder, datasets) -> duckdb.DuckDBPyConnection:
    """A table of each extract (all text), a view of its usable rows, and the truth: records, errors, outcomes."""
    con = duckdb.connect()
    for name, dataset in datasets.items():
        con.execute(as_text(name, folder / "extracts", dataset, folder))
        first = date_to_spoil(dataset)
        never = never_a_day(dataset.column(first))
        con.execute(f"create view {name}_usable as from {name} where {first} is not null and {first} <> '{never}'")
    for name in ("records", "errors", "outcomes"):
        con.execute(f"create table {name} as from read_csv('{folder}/truth/{name}.csv', all_varchar=true, header=true)")
    return con


def as_text(name: str, root: Path, dataset: Dataset, scratch: Path) -> str:
    """SQL that makes a table of an extract, all text."""
    path = root / dataset.path
    if dataset.format == "parquet":
        texts = ", ".join(f"{c.name}::varchar as {c.name}" for c in dataset.columns)
        return f"create or replace table {name} as select {texts} from read_parquet('{path}')"
    utf8 = scratch / f"{name}.utf8"
    utf8.write_text(path.read_text(encoding=dataset.encoding), encoding="utf-8")
    columns = {c.name: "VARCHAR" for c in dataset.columns}
    return (
        f"create or replace table {name} as from read_csv('{utf8}', delim='{dataset.delimiter}', quote='\"', "
        f"header=true, auto_detect=false, columns={columns})"
    )


@pytest.mark.parametrize("name", NAMES)
def test_an_extract_has_the_columns_and_the_form_of_its_contract(name, folder, datasets):
    dataset = datasets[name]
    path, wanted = folder / "extracts" / dataset.path, [c.name for c in dataset.columns]
    if dataset.format == "parquet":
        arrived = duckdb.read_parquet(str(path))
        assert arrived.columns == wanted
        stored = {"string": "VARCHAR", "date": "DATE", "integer": "BIGINT"}
        assert [str(kind) for kind in arrived.types] == [stored[c.type] for c in dataset.columns]
    else:
        header = path.read_bytes().decode(dataset.encoding).split("\n", 1)[0]
        assert header.split(dataset.delimiter) == wanted


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_a_usable_row_is_one_its_contract_allows(name, extracts, datasets):
    for c in datasets[name].columns:
        values = set(column(extracts, f"select distinct {c.name} from {name}_usable where {c.name} is not null"))
        assert values, c.name
        if c.codes:
            assert values <= set(c.codes), c.name
        form = "%Y-%m-%d" if datasets[name].format == "parquet" else c.date_format
        for value in values if c.type == "date" else ():
            datetime.datetime.strptime(value, form)
        if c.type == "integer":
            assert all(re.fullmatch(r"\d+", value) for value in values), c.name
        if c.required:
            assert one(extracts, f"select count(*) from {name}_usable where {c.name} is null") == (0,), c.name


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_another_form_holds_the_same_rows(form, folder, datasets, tmp_path, extracts):
    synthesise(PEOPLE, 1, datasets, tmp_path / "extracts", tmp_path / "truth", form=form)
    for name, dataset in datasets.items():
        other = in_form(dataset, form)
        assert other.path == f"{name}.{form}"
        with duckdb.connect() as con:
            con.execute(as_text(name, tmp_path / "extracts", other, tmp_path))
            ours = con.execute(f"select count(*), count(distinct {dataset.record_key}) from {name}").fetchall()[0]
            said = {c.name: set(column(con, f"select {c.name} from {name}")) for c in dataset.columns if c.codes}
        assert ours == one(extracts, f"select count(*), count(distinct {dataset.record_key}) from {name}")
        for coded, values in said.items():
            assert values == set(column(extracts, f"select {coded} from {name}"))


def test_the_truth_names_the_person_of_every_row_once(extracts, datasets):
    for name, dataset in datasets.items():
        missing = f"select count(*) from {name} t full join (from records where dataset = '{name}') r"
        missing += f" on t.{dataset.record_key} = r.record_id where t.{dataset.record_key} is null or r.person is null"
        assert one(extracts, missing) == (0,)
    assert one(extracts, "select count(*) - count(distinct dataset || record_id) from records") == (0,)


def test_there_are_enough_women_for_tables(extracts):
    contact = """
        select count(distinct person) from records r join court t on t.offence_id = r.record_id
        where r.dataset = 'court' and t.sex = 'F'
        and try_strptime(t.outcome_date, '%d/%m/%Y') between '2022-07-01' and '2024-06-30'"""
    assert one(extracts, contact)[0] >= FEWEST_WOMEN
    size = "select count(*) from outcomes where outcome = 'proven_reoffending' and cohort = "
    assert one(extracts, f"{size} 'released_from_custody'")[0] >= FEWEST_RELEASES
    assert one(extracts, f"{size} 'community_order_starts'")[0] >= FEWEST_STARTS


@pytest.mark.parametrize(("name", "sex"), [("court", "sex"), ("prison", "gender"), ("probation", "gender_code")])
def test_some_justice_rows_are_of_men(name, sex, extracts):
    men = one(extracts, f"select avg(({sex} in ('M', 'Male'))::int) from {name}")[0]
    assert 0.04 < men < 0.3


def test_a_few_justice_rows_have_no_clear_sex(extracts):
    said = "select sex from court union all select gender from prison union all select gender_code from probation"
    unclear = f"select avg((sex not in ('M', 'Male', 'F', 'Female'))::int) from ({said})"
    assert 0 < one(extracts, unclear)[0] < 0.03


def test_women_of_no_fixed_abode_are_recorded_worse_and_reoffend_more(extracts):
    mistakes = """
        select r.no_fixed_abode, count(e.error) / count(distinct (r.dataset, r.record_id))
        from records r left join errors e
          on e.dataset = r.dataset and e.record_id = r.record_id and e.error not like 'postcode%'
        where r.dataset in ('court', 'prison', 'probation') group by 1 order by 1"""
    (_, housed), (_, homeless) = extracts.cursor().execute(mistakes).fetchall()
    assert homeless > 1.2 * housed
    rates = """
        select p.no_fixed_abode, avg((achieved = 'yes')::int)
        from outcomes join (select distinct person, no_fixed_abode from records) p using (person)
        where outcome = 'proven_reoffending' group by 1 order by 1"""
    (_, housed_rate), (_, homeless_rate) = extracts.cursor().execute(rates).fetchall()
    assert homeless_rate > housed_rate + 0.05


@pytest.mark.parametrize(
    ("cohort", "outcome", "low", "high"),
    [
        ("released_from_custody", "proven_reoffending", 0.35, 0.68),
        ("released_from_custody", "employed_6_weeks", 0.02, 0.22),
        ("released_from_custody", "out_of_work_benefit_30_days", 0.5, 0.9),
        ("released_from_custody", "settled_3_months", 0.40, 0.72),
        ("released_from_custody", "homelessness_duty_90_days", 0.02, 0.3),
        ("released_from_custody", "in_treatment_21_days", 0.28, 0.72),
        ("community_order_starts", "proven_reoffending", 0.18, 0.42),
        ("community_order_starts", "employed_6_weeks", 0.13, 0.38),
        ("community_order_starts", "out_of_work_benefit_30_days", 0.38, 0.68),
        ("community_order_starts", "settled_3_months", 0.62, 0.88),
        ("community_order_starts", "homelessness_duty_90_days", 0.005, 0.14),
        ("community_order_starts", "in_treatment_21_days", 0.1, 0.42),
    ],
)
def test_true_rates_are_where_the_targets_are_but_for_chance(cohort, outcome, low, high, extracts):
    rate = f"select avg((achieved = 'yes')::int) from outcomes where counted = 'yes' and cohort = '{cohort}'"
    assert low < one(extracts, f"{rate} and outcome = '{outcome}'")[0] < high


def test_the_invented_records_span_the_period_that_is_published():
    period, window = read(Period, SCHEMAS / "period.yaml"), read_calibration().window
    assert (period.first_day, period.last_day) == (window.cohorts_from, window.cohorts_to)
    assert period.data_to == window.data_to
