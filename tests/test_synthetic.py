"""Invented people as files: extracts by their contracts, block after block, delivery after delivery."""

import dataclasses
import datetime
import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from conftest import REPOSITORY

from linkage import facts, stages
from linkage.contracts.dataset import Dataset, read_datasets
from linkage.contracts.period import Period
from linkage.contracts.reading import read
from linkage.errors import ContractError
from linkage.report import pages
from linkage.synthetic import synthesise as module
from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.departments.delivery import date_to_spoil, in_form, never_a_day
from linkage.synthetic.synthesise import DEPARTMENTS, blocks, synthesise

SCHEMAS = REPOSITORY / "schemas"
PEOPLE = 3_000
# Of 30,000 people: 5,000 women with justice contact, 900 releases, 1,500 community starts. A tenth, less chance.
FEWEST_WOMEN, FEWEST_RELEASES, FEWEST_STARTS = 430, 60, 115
NAMES = tuple(DEPARTMENTS)


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    return read_datasets(SCHEMAS)


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


def one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    """The one row of a query."""
    return con.cursor().execute(sql).fetchall()[0]


def column(con: duckdb.DuckDBPyConnection, sql: str) -> list:
    """The one column of a query."""
    return [row[0] for row in con.cursor().execute(sql).fetchall()]


def bytes_of(folder: Path) -> dict[str, str]:
    """{file: hash}."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


# -- the extracts ---------------------------------------------------------------------------------------------------


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


# -- block after block ----------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path, datasets):
    for run, seed in (("a", 7), ("b", 7), ("c", 8)):
        synthesise(300, seed, datasets, tmp_path / run / "extracts", tmp_path / run / "truth")
    first, again, other = (bytes_of(tmp_path / run) for run in "abc")
    assert first == again
    assert first.keys() == other.keys()
    assert first.pop("extracts/data-dictionary.html") == other.pop("extracts/data-dictionary.html")
    assert not set(first.values()) & set(other.values())


def test_one_process_and_two_give_the_same_bytes_with_few_blocks_at_a_time(tmp_path, datasets, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 200)
    under_way, done = [], []

    def watch(people: int) -> None:
        done.append(people)
        under_way.append(len(list((tmp_path / "two" / "extracts" / ".unfinished").glob("*"))))

    synthesise(1_250, 7, datasets, tmp_path / "one" / "extracts", tmp_path / "one" / "truth", processes=1)
    two = tmp_path / "two"
    synthesise(1_250, 7, datasets, two / "extracts", two / "truth", processes=2, progress=watch)
    assert bytes_of(tmp_path / "one") == bytes_of(two)
    assert done == [200, 400, 600, 800, 1000, 1250]
    assert max(under_way) <= 3
    assert pq.ParquetFile(two / "extracts" / "probation.parquet").num_row_groups == 6


def test_nobody_shares_a_number_or_a_record_id_with_somebody_of_another_block(tmp_path, datasets, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 500)
    synthesise(2_000, 3, datasets, tmp_path / "extracts", tmp_path / "truth", form="parquet", processes=1)
    with duckdb.connect() as con:
        con.execute(f"create table records as from read_csv('{tmp_path}/truth/records.csv', header=true)")
        twice = "select count(*) - count(distinct (dataset, record_id)) from records"
        assert one(con, twice) == (0,)
        shared = f"""
            select count(*) from (
                select nino from '{tmp_path}/extracts/dwp.parquet' join records
                on dataset = 'dwp' and record_id = claim_id where nino is not null and not exists (
                    from read_csv('{tmp_path}/truth/errors.csv', header=true) e
                    where e.record_id = claim_id and error = 'nino_wrong')
                group by nino having count(distinct person) > 1)"""
        assert one(con, shared) == (0,)


@pytest.mark.parametrize(
    ("people", "sizes"),
    [(100, [100]), (25_000, [25_000]), (25_099, [25_099]), (25_100, [25_000, 100]), (60_000, [25_000, 25_000, 10_000])],
)
def test_a_rest_too_small_for_departments_stays_with_the_block_before_it(people, sizes):
    made = blocks(people)
    assert [block.size for block in made] == sizes
    assert [block.first for block in made] == [sum(sizes[:number]) for number in range(len(sizes))]


def test_a_killed_run_leaves_no_half_file_and_no_process_and_the_next_run_clears_up(tmp_path, datasets):
    extracts, truth = tmp_path / "department" / "extracts", tmp_path / "truth"
    command = [sys.executable, "-m", "linkage", "synthesise", "--people", "60000", "--to", str(tmp_path)]
    run = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL, start_new_session=True)
    while not (extracts / ".unfinished").exists() or not any((extracts / ".unfinished").iterdir()):
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    finished = [p for p in tmp_path.rglob("*") if p.is_file() and not p.name.startswith(".")]
    assert [p for p in finished if ".unfinished" not in p.parts] == []
    deadline = time.monotonic() + 20
    while (left := processes_of_session(run.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    synthesise(300, 1, datasets, extracts, truth)
    assert not [p for p in tmp_path.rglob("*") if "unfinished" in p.name]
    assert (truth / "records.csv").stat().st_mode & 0o777 == 0o600
    assert (extracts / "court.csv").stat().st_mode & 0o777 == 0o600


def processes_of_session(session: int) -> list[int]:
    """The processes that a command started, and that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, *numbers = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(numbers[2]) == session and state != "Z":
            found.append(int(path.parent.name))
    return found


# -- delivery after delivery ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory, datasets) -> dict[str, Path]:
    """{day: the folder of its delivery} of one population."""
    root = tmp_path_factory.mktemp("deliveries")
    for day in ("2024-09-30", "2026-03-31"):
        as_of = datetime.date.fromisoformat(day)
        synthesise(2_000, 5, datasets, root / day / "e", root / day / "truth", as_of=as_of, form="parquet")
    return {day: root / day for day in ("2024-09-30", "2026-03-31")}


def test_two_deliveries_are_of_one_world(deliveries):
    earlier, later = (bytes_of(folder / "truth") for folder in deliveries.values())
    for name in ("people", "outcomes", "follow_ups", "withdrawals"):
        assert earlier[f"{name}.csv"] == later[f"{name}.csv"]
    assert earlier["records.csv"] != later["records.csv"]


def test_a_later_delivery_has_all_earlier_rows_but_for_those_withdrawn(deliveries):
    earlier, later = deliveries.values()
    with duckdb.connect() as con:
        for name, folder in (("earlier", earlier), ("later", later)):
            con.execute(f"create table {name} as from read_csv('{folder}/truth/records.csv', header=true)")
        con.execute(f"create table withdrawn as from read_csv('{later}/truth/withdrawals.csv', header=true)")
        gone = "from earlier anti join later using (dataset, record_id)"
        assert one(con, f"select count(*) {gone} where person not in (select person from withdrawn)") == (0,)
        assert one(con, "select count(*) from later anti join earlier using (dataset, record_id)")[0] > 100


def test_the_last_delivery_is_the_default(tmp_path, datasets, deliveries):
    synthesise(2_000, 5, datasets, tmp_path / "e", tmp_path / "truth", form="parquet")
    assert bytes_of(tmp_path) == bytes_of(deliveries["2026-03-31"])


# -- what may be asked ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"people": 99}, "--people 99: too few"),
        ({"people": 2_000_001}, "--people 2000001: there are numbers for 2,000,000 people"),
        ({"as_of": datetime.date(2026, 4, 1)}, "--as-of 2026-04-01: the records begin on 2020-07-01"),
        ({"as_of": datetime.date(2020, 6, 30)}, "--as-of 2020-06-30"),
        ({"seed": -1}, "--seed -1: choose 0 or more"),
        ({"form": "xml"}, "--form xml: unknown. Choose one of native, csv, parquet"),
    ],
)
def test_an_option_that_cannot_be_is_named_and_nothing_is_written(asked, told, tmp_path, datasets):
    with pytest.raises(ContractError, match=re.escape(told)):
        synthesise(**{"people": 200, "seed": 1, "datasets": datasets, "extracts": tmp_path, "truth": tmp_path} | asked)
    assert not list(tmp_path.iterdir())


def test_the_command_says_what_is_wrong_with_an_option(tmp_path):
    command = [sys.executable, "-m", "linkage", "synthesise", "--to", str(tmp_path), "--as-of", "2031-01-01"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 10
    assert "--as-of 2031-01-01" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_contract_these_people_cannot_follow_is_named(tmp_path, datasets):
    court = datasets["court"]
    wider = {"court": replace_columns(court, (*court.columns, court.columns[1].__class__("shoe_size")))}
    with pytest.raises(ContractError, match="court.yaml.*column shoe_size is not one it can invent"):
        synthesise(200, 1, wider, tmp_path / "extracts", tmp_path / "truth")
    assert not list(tmp_path.rglob("*.csv"))


def replace_columns(dataset: Dataset, columns: tuple) -> Dataset:
    """The contract with other columns."""
    return Dataset(**{**vars(dataset), "columns": columns})


def test_a_dataset_unknown_here_is_passed_over(tmp_path, datasets):
    more = {"paye": datasets["paye"], "library": datasets["court"]}
    rows = synthesise(200, 1, more, tmp_path / "extracts", tmp_path / "truth")
    assert list(rows) == ["paye"]
    with pytest.raises(ContractError, match="none of \\['library'\\]"):
        synthesise(200, 1, {"library": datasets["court"]}, tmp_path, tmp_path)


# -- the mark of the invented ---------------------------------------------------------------------------------------


def test_what_is_invented_says_so_with_version_and_seed(settings):
    stages.synthesise(settings, people=200, seed=9, as_of=datetime.date(2025, 12, 1))
    said = json.loads((settings.files.truth / "invented.json").read_text())
    version = read_calibration().version
    assert said["population"] == {"version": version, "seed": 9, "people": 200, "as_of": "2025-12-01"}
    assert set(said["sha256"]) == set(NAMES)
    assert facts.population(settings) == ""  # nothing has been taken in yet
    stages.pseudonymise(settings, "paye")
    assert facts.population(settings) == f"invented population version {version}, seed 9"


def test_a_page_made_from_invented_people_names_the_population():
    for population in ("invented population version 2, seed 9", ""):
        page = pages.quality_report(pages.Masthead("", "Outcomes", True, "", population), {}, None)
        assert ("(invented population version 2, seed 9)" in page) is bool(population)


def test_an_extract_that_was_changed_is_not_taken_for_invented(settings):
    changed = settings.files.department.extract(settings.dataset("paye").path)
    stages.synthesise(settings, people=200, seed=9)
    changed.write_bytes(changed.read_bytes() + b"\n")
    stages.pseudonymise(settings, "paye")
    assert not facts.invented(settings)
    assert facts.population(settings) == ""


def test_extracts_are_known_as_invented_in_every_form(settings):
    stages.synthesise(settings, people=200, seed=9, form="parquet")
    for name, digest in facts.marks(settings)["sha256"].items():
        assert digest == facts.sha256(settings.files.department.extract(f"{name}.parquet"))


def test_one_folder_holds_one_form(tmp_path, datasets):
    synthesise(200, 1, datasets, tmp_path / "extracts", tmp_path / "truth", form="parquet")
    with pytest.raises(ContractError, match="court.parquet.*lie there in another form"):
        synthesise(200, 2, datasets, tmp_path / "extracts", tmp_path / "truth", form="csv")


def test_two_contracts_of_one_file_are_refused_before_anything_is_written(tmp_path, datasets):
    clashing = datasets | {"dwp": dataclasses.replace(datasets["dwp"], path="court.csv")}
    with pytest.raises(ContractError, match=r"\['court.csv'\] would be written twice"):
        synthesise(200, 1, clashing, tmp_path / "extracts", tmp_path / "truth")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_left_half_written_goes(tmp_path, datasets):
    left = tmp_path / "extracts" / ".paye.txt.unfinished"
    left.parent.mkdir()
    left.write_text("half")
    synthesise(200, 1, datasets, tmp_path / "extracts", tmp_path / "truth", form="parquet")
    assert not left.exists()


def test_a_data_dictionary_comes_with_the_extracts(settings):
    stages.synthesise(settings, people=200, seed=9)
    page = settings.files.department.extract("data-dictionary.html").read_text()
    for dataset in settings.datasets.values():
        assert dataset.title in page
        assert all(c.name in page for c in dataset.columns)
