"""Invented people: their extracts follow the contracts, their truth follows their lives."""

import datetime
import hashlib
import itertools
import re
from pathlib import Path

import duckdb
import numpy as np
import pytest

from linkage.contracts.dataset import Dataset, read_datasets
from linkage.contracts.period import Period
from linkage.contracts.reading import read
from linkage.errors import ContractError
from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.days import NEVER, day
from linkage.synthetic.departments.delivery import THE_31ST, date_to_spoil
from linkage.synthetic.departments.mistakes import day_for_month, one_digit, slip
from linkage.synthetic.departments.registers import tax_year_start
from linkage.synthetic.people import places
from linkage.synthetic.people.identifiers import check_letter, crns, ninos, nomis_numbers, pnc_ids
from linkage.synthetic.synthesise import invented_lives, synthesise
from linkage.synthetic.truth.outcomes import (
    Job,
    Life,
    Member,
    Offence,
    Review,
    Spell,
    Supervision,
    Treatment,
    employed_6_weeks,
    in_treatment_21_days,
    members,
    outcomes,
    proven_reoffending,
    settled_3_months,
)

SCHEMAS = Path(__file__).parents[1] / "schemas"
PEOPLE = 3_000
# Of 30,000 people: 6,000 women with justice contact, 2,500 releases, 4,000 community starts. A tenth, less chance.
FEWEST_WOMEN, FEWEST_RELEASES, FEWEST_STARTS = 600, 240, 360
NAMES = ("court", "ndtms", "paye", "prison", "probation")


def quiet(_: str) -> None:
    """No progress to see."""


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    return read_datasets(SCHEMAS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, datasets) -> Path:
    """3,000 people's extracts and truth."""
    root = tmp_path_factory.mktemp("synthetic")
    synthesise(PEOPLE, 1, datasets, root / "extracts", root / "truth", quiet)
    return root


@pytest.fixture(scope="module")
def extracts(folder, datasets) -> duckdb.DuckDBPyConnection:
    """Tables court, ndtms, paye, prison, probation (all text), records and outcomes (the truth)."""
    con = duckdb.connect()
    for name, dataset in datasets.items():
        path = folder / "extracts" / dataset.path
        if dataset.format == "parquet":
            texts = ", ".join(f"{c.name}::varchar as {c.name}" for c in dataset.columns)
            con.execute(f"create table {name} as select {texts} from read_parquet('{path}')")
        else:
            utf8 = folder / f"{name}.utf8"
            utf8.write_text(path.read_text(encoding=dataset.encoding), encoding="utf-8")
            con.execute(
                f"create table {name} as from read_csv('{utf8}', delim='{dataset.delimiter}', quote='\"', header=true,"
                " auto_detect=false, columns=$columns)",
                {"columns": {c.name: "VARCHAR" for c in dataset.columns}},
            )
        first = date_to_spoil(dataset)
        never = THE_31ST.strftime(dataset.column(first).date_format).replace("03", "02")
        con.execute(f"create view {name}_usable as from {name} where {first} is not null and {first} <> '{never}'")
    for name in ("records", "outcomes"):
        con.execute(f"create table {name} as from read_csv('{folder}/truth/{name}.csv', all_varchar=true, header=true)")
    return con


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


def test_a_few_rows_of_a_department_are_not_usable(extracts):
    rows = "union all by name".join(f" select 1 as row from {name} " for name in NAMES)
    usable = "union all by name".join(f" select 1 as row from {name}_usable " for name in NAMES)
    share = 1 - one(extracts, f"select (select count(*) from ({usable})) / (select count(*) from ({rows}))")[0]
    assert 0.001 < share < 0.004


@pytest.mark.parametrize("name", NAMES)
def test_a_record_id_comes_once_and_neither_it_nor_its_place_tells_the_person(name, extracts, datasets):
    key = datasets[name].record_key
    assert one(extracts, f"select count(*) - count(distinct {key}) from {name}") == (0,)
    persons = column(
        extracts,
        f"select person from {name} t join records r on dataset = '{name}' and record_id = t.{key} order by t.rowid",
    )
    same_neighbour = np.mean([a == b for a, b in itertools.pairwise(persons)])
    assert same_neighbour < 0.02


def test_truth_names_the_person_of_every_row_once(extracts, datasets):
    for name, dataset in datasets.items():
        missing = f"select count(*) from {name} t full join (from records where dataset = '{name}') r"
        missing += f" on t.{dataset.record_key} = r.record_id where t.{dataset.record_key} is null or r.person is null"
        assert one(extracts, missing) == (0,)
    assert one(extracts, "select count(*) - count(distinct dataset || record_id) from records") == (0,)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path, datasets):
    for run, seed in (("a", 7), ("b", 7), ("c", 8)):
        synthesise(300, seed, datasets, tmp_path / run / "extracts", tmp_path / run / "truth", quiet)
    first, again, other = (bytes_of(tmp_path / run) for run in "abc")
    assert first == again
    assert first.keys() == other.keys()
    assert not set(first.values()) & set(other.values())


def test_a_contract_these_people_cannot_follow_is_named(tmp_path, datasets):
    court = datasets["court"]
    wider = {"court": replace_columns(court, (*court.columns, court.columns[1].__class__("shoe_size")))}
    with pytest.raises(ContractError, match="court.yaml.*column shoe_size is not one it can invent"):
        synthesise(200, 1, wider, tmp_path / "extracts", tmp_path / "truth", quiet)
    assert not list(tmp_path.rglob("*.csv"))


def replace_columns(dataset: Dataset, columns: tuple) -> Dataset:
    """The contract with other columns."""
    return Dataset(**{**vars(dataset), "columns": columns})


def test_a_dataset_unknown_here_is_passed_over(tmp_path, datasets):
    more = {"paye": datasets["paye"], "benefits": datasets["court"]}
    rows = synthesise(200, 1, more, tmp_path / "extracts", tmp_path / "truth", quiet)
    assert list(rows) == ["paye"]
    with pytest.raises(ContractError, match="none of \\['benefits'\\]"):
        synthesise(200, 1, {"benefits": datasets["court"]}, tmp_path, tmp_path, quiet)


# -- who there is ---------------------------------------------------------------------------------------------------


def test_there_are_enough_women_for_tables(extracts):
    contact = """
        select count(distinct person) from records r join court t on t.offence_id = r.record_id
        where r.dataset = 'court' and t.sex = 'F'
        and strptime(t.outcome_date, '%d/%m/%Y') between '2022-07-01' and '2024-06-30'"""
    assert one(extracts, contact)[0] >= FEWEST_WOMEN
    size = "select count(*) from outcomes where outcome = 'proven_reoffending' and cohort = "
    assert one(extracts, f"{size} 'released_from_custody'")[0] >= FEWEST_RELEASES
    assert one(extracts, f"{size} 'community_order_starts'")[0] >= FEWEST_STARTS


@pytest.mark.parametrize(("name", "sex"), [("court", "sex"), ("prison", "gender"), ("probation", "gender_code")])
def test_about_a_fifth_of_justice_rows_are_men_and_a_few_have_no_clear_sex(name, sex, extracts):
    men = one(extracts, f"select avg(({sex} in ('M', 'Male'))::int) from {name}")[0]
    unclear = one(extracts, f"select avg(({sex} not in ('M', 'Male', 'F', 'Female'))::int) from {name}")[0]
    assert 0.1 < men < 0.3
    assert 0 < unclear < 0.03


def test_families_share_surnames_homes_and_twins_their_birthday():
    lives = invented_lives(PEOPLE, 1, read_calibration(), quiet)
    people = lives.people.people
    twins = people[people["household"].isin(people.loc[people["role"] == "T", "household"])]
    sisters = twins[twins["role"].isin(["W", "T"])].groupby("household")
    pairs = sisters.filter(lambda pair: len(pair) == 2).groupby("household")
    assert len(pairs) > 0
    assert (pairs["born"].nunique() == 1).all()
    assert (pairs["surname_0"].nunique() == 1).all()
    assert (pairs["home_0"].nunique() == 1).all()
    wives = people[(people["role"] == "W") & (people["renamed_1"] < NEVER)].merge(
        people[people["role"] == "P"], on="household", suffixes=("", "_his")
    )
    assert (wives["surname_1"] == wives["surname_0_his"]).mean() > 0.8
    assert people["surname_1"].str.contains("-").sum() > 10


def test_nobody_is_in_two_cells_at_once_and_nothing_happens_after_death():
    lives = invented_lives(PEOPLE, 1, read_calibration(), quiet)
    spells = lives.events["custody"].sort_values(["who", "reception_date"])
    assert (spells["reception_date"] <= spells["release_date"]).all()
    next_in = spells.groupby("who")["reception_date"].shift(-1)
    assert not (spells["release_date"] > next_in).any()
    died = lives.events["deaths"].set_index("who")["died"]
    assert len(died) > 0
    for table, when in (
        ("offences", "outcome_date"),
        ("reviews", "review_date"),
        ("jobs", "start"),
        ("custody", "reception_date"),
    ):
        rows = lives.events[table]
        assert not (rows[when] > rows["who"].map(died)).any(), table


def test_postcode_authority_force_and_region_agree_and_no_postcode_is_real():
    homes = places.homes(places.read_geography(), 2_000, np.random.default_rng(1))
    assert (homes.groupby("district")["local_authority"].nunique() == 1).all()
    assert (homes.groupby("local_authority")["police_force_area"].nunique() == 1).all()
    assert (homes.groupby("police_force_area")["region"].nunique() == 1).all()
    assert homes["postcode"].str.fullmatch(r"[A-Z]{1,2}\d[A-Z\d]? \d[CIKMOV]{2}").all()
    assert homes["local_authority"].str.fullmatch(r"(E0[6-9]|W06)9\d{5}").all()


# -- identifiers and errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "serial", "letter"), [(1981, 34, "U"), (2002, 73319, "Z"), (2000, 223, "R"), (1979, 163001, "B")]
)
def test_the_check_letter_is_that_of_published_examples(year, serial, letter):
    assert check_letter(year, serial) == letter


def test_identifiers_are_all_different_well_formed_and_outside_what_is_issued():
    rng, many = np.random.default_rng(1), 5_000
    made = {
        r"(19|20)\d\d/9\d{6}[A-HJ-NP-RT-Z]": pnc_ids(rng, np.full(many, 2010)),
        r"[T-Z]\d{4}[A-Z]{2}": nomis_numbers(rng, many),
        r"[A-Z]\d{6}": crns(rng, many),
        r"ZZ\d{6}[A-D]": ninos(rng, many),
    }
    for form, numbers in made.items():
        assert len(set(numbers)) == many
        assert all(re.fullmatch(form, number) for number in numbers)


@pytest.mark.parametrize(("name", "pnc"), [("court", "pnc_id"), ("prison", "pnc_number"), ("probation", "pnc_id")])
def test_check_letters_are_right_but_for_the_few_mistyped(name, pnc, extracts):
    written = column(extracts, f"select {pnc} from {name} where {pnc} is not null")
    parts = [re.fullmatch(r"(?:\d\d)?(\d\d)/?(\d{7})([A-Z])", number) for number in written]
    assert all(parts)
    wrong = [check_letter(int(part[1]), int(part[2])) != part[3] for part in parts]
    assert 0 < np.mean(wrong) < 0.02
    assert all(part[2].startswith("9") or bad for part, bad in zip(parts, wrong, strict=True))


def test_a_nino_is_never_one_that_is_issued(extracts):
    ninos = column(extracts, "select nino from paye where nino is not null")
    ninos += column(
        extracts, "select national_insurance_number from probation where national_insurance_number is not null"
    )
    assert all(re.fullmatch(r"ZZ\d{6}[A-D]", nino) for nino in ninos)


def test_women_of_no_fixed_abode_are_recorded_worse_and_reoffend_more(extracts):
    missing = """
        select r.no_fixed_abode, avg((p.pnc_id is null)::int), avg((p.national_insurance_number is null)::int)
        from probation p join records r on r.dataset = 'probation' and r.record_id = p.review_id
        group by 1 order by 1"""
    housed, homeless = extracts.cursor().execute(missing).fetchall()
    assert homeless[1] > housed[1]
    assert homeless[2] > housed[2]
    rates = """
        select p.no_fixed_abode, avg((achieved = 'yes')::int)
        from outcomes join (select distinct person, no_fixed_abode from records) p using (person)
        where outcome = 'proven_reoffending' group by 1 order by 1"""
    (_, housed_rate), (_, homeless_rate) = extracts.cursor().execute(rates).fetchall()
    assert homeless_rate > housed_rate + 0.05


def test_pseudo_postcodes_default_dates_aliases_and_accents_are_met(extracts):
    assert one(extracts, "select count(*) from prison where discharge_postcode in ('NF1 1NF', 'NF1 1FA', 'ZZ99 3VZ')")[
        0
    ]
    assert one(extracts, "select count(*) from court where date_of_birth = '01/01/1900'")[0]
    first = "select avg((date_of_birth like '01/01/%')::int) from court"
    assert one(extracts, first)[0] > 3 / 365
    assert one(extracts, "select count(*) from prison where alias_last_names like '%;%'")[0]
    assert one(extracts, "select count(*) from probation where previous_surnames is not null")[0]
    assert one(extracts, "select count(*) from probation where not regexp_full_match(surname, '[A-Za-z .''-]*')")[0]
    assert one(extracts, "select count(*) from paye where surname like '%''%'")[0]
    assert one(extracts, "select avg((start_date like '06-04-%')::int) from paye")[0] > 0.03


def test_a_slip_changes_a_name_but_little():
    for pick in np.linspace(0, 0.999, 200):
        assert slip("Henderson", float(pick))
        assert abs(len(slip("Henderson", float(pick))) - len("Henderson")) <= 1
    assert slip("Ng", 0.5) == "Ngg"


def test_wrong_dates_of_birth_are_still_dates():
    assert day_for_month(datetime.date(1990, 3, 4), 0) == datetime.date(1990, 4, 3)
    assert day_for_month(datetime.date(1990, 3, 14), 0) == datetime.date(1990, 3, 14)
    for pick in np.linspace(0, 0.999, 200):
        other = one_digit(datetime.date(1988, 2, 29), float(pick))
        differing = [a != b for a, b in zip(other.isoformat(), "1988-02-29", strict=True)]
        assert sum(differing) == 1


@pytest.mark.parametrize(
    ("date", "start"),
    [
        ("2023-04-06", "2023-04-06"),
        ("2023-04-05", "2022-04-06"),
        ("2024-01-01", "2023-04-06"),
        ("2024-12-31", "2024-04-06"),
    ],
)
def test_a_tax_year_starts_on_6_april(date, start):
    found = tax_year_start(np.array([day(datetime.date.fromisoformat(date))]))
    assert found.tolist() == [day(datetime.date.fromisoformat(start))]


# -- the truth ------------------------------------------------------------------------------------------------------

INDEX = datetime.date(2023, 3, 1)


def after(days: int) -> datetime.date:
    """So many days after the index date."""
    return INDEX + datetime.timedelta(days=days)


def woman(**events) -> Life:
    """A woman born in 1990 with these events."""
    return Life("p1", True, datetime.date(1990, 5, 5), **events)


RELEASE = Member("released_from_custody", "2023 Q1", INDEX, "E12000001", True)


@pytest.mark.parametrize(
    ("committed", "decided", "breach", "achieved"),
    [
        (0, 30, False, False),
        (1, 30, False, True),
        (365, 547, False, True),
        (365, 548, False, False),
        (366, 400, False, False),
        (100, 150, True, False),
    ],
)
def test_reoffending_is_an_offence_of_the_year_decided_within_six_months_more(committed, decided, breach, achieved):
    life = woman(offences=[Offence(after(committed), after(decided), breach)])
    assert proven_reoffending(life, RELEASE)[1:] == (True, achieved)


@pytest.mark.parametrize(
    ("jobs", "spells", "died", "expected"),
    [
        ([Job(after(42), None)], [], None, (True, True)),
        ([Job(after(43), None)], [], None, (True, False)),
        ([Job(after(-400), after(42))], [], None, (True, True)),
        ([Job(after(-400), after(41))], [], None, (True, False)),
        (
            [Job(after(-400), None)],
            [Spell(after(42), "REC", after(70), "CRD", "E12000001", False)],
            None,
            (False, False),
        ),
        ([Job(after(-400), None)], [Spell(after(20), "REM", after(42), "RUR", "E12000001", False)], None, (True, True)),
        ([], [Spell(after(20), "SEN", None, "", "E12000001", False)], None, (False, False)),
        ([Job(after(0), None)], [], after(42), (False, False)),
        ([Job(after(0), None)], [], after(43), (True, True)),
    ],
)
def test_employment_is_a_job_on_day_42_of_women_alive_and_free(jobs, spells, died, expected):
    assert employed_6_weeks(woman(jobs=jobs, spells=spells, died=died), RELEASE)[1:] == expected


@pytest.mark.parametrize(
    ("reviews", "expected"),
    [
        ([], (False, False)),
        ([(0, "SET")], (True, True)),
        ([(10, "SET"), (91, "ROUGH")], (True, False)),
        ([(10, "ROUGH"), (91, "SET")], (True, True)),
        ([(10, "SET"), (80, "UNK")], (True, True)),
        ([(10, "UNK")], (False, False)),
        ([(-1, "SET"), (92, "SET")], (False, False)),
    ],
)
def test_settled_is_the_latest_known_status_of_three_months(reviews, expected):
    life = woman(reviews=[Review(after(days), home) for days, home in reviews])
    assert settled_3_months(life, RELEASE)[1:] == expected


@pytest.mark.parametrize(
    ("began", "ended", "achieved"),
    [(0, None, True), (21, 90, True), (22, None, False), (-50, None, True), (-50, 1, True), (-50, 0, False)],
)
def test_in_treatment_is_begun_by_day_21_or_going_on(began, ended, achieved):
    life = woman(treatments=[Treatment(after(began), None if ended is None else after(ended))])
    assert in_treatment_21_days(life, RELEASE)[1:] == (True, achieved)


def test_treatment_counts_women_in_need_in_england_only():
    life = woman(treatments=[Treatment(after(3), None)])
    assert in_treatment_21_days(life, RELEASE._replace(need=False))[1:] == (False, False)
    assert in_treatment_21_days(life, RELEASE._replace(region="W92000004"))[1:] == (False, False)


def test_a_cohort_takes_the_first_qualifying_release_of_each_quarter():
    first, last = datetime.date(2022, 7, 1), datetime.date(2024, 6, 30)
    released = [
        ("SEN", "DEP", 0),
        ("REC", "CRD", 2),
        ("SEN", "ARD", 5),
        ("SEN", "CRD", 9),
        ("SEN", "HDC", 45),
        ("REM", "RUR", 50),
    ]
    spells = [Spell(after(-60), kind, after(days), how, "E12000001", True) for kind, how, days in released]
    found = members(woman(spells=spells), first, last)
    assert [(m.quarter, m.index_date) for m in found] == [("2023 Q1", after(5)), ("2023 Q2", after(45))]
    assert members(Life("p2", False, datetime.date(1990, 5, 5), spells=spells), first, last) == []


def test_a_cohort_of_orders_leaves_out_children_and_licences():
    first, last = datetime.date(2022, 7, 1), datetime.date(2024, 6, 30)
    orders = [Supervision(after(0), "LIC", "E12000001", False), Supervision(after(1), "CO", "E12000001", False)]
    born_18_years_before = Life("p1", True, datetime.date(2005, 3, 31), supervisions=orders)
    a_month_younger = Life("p2", True, datetime.date(2005, 4, 1), supervisions=orders)
    assert [m.index_date for m in members(born_18_years_before, first, last)] == [after(1)]
    assert members(a_month_younger, first, last) == []
    assert len(list(outcomes(born_18_years_before, first, last))) == 4


def test_reoffending_in_the_truth_is_what_court_rows_say_when_nobody_is_missed(extracts):
    differing = """
        with court_of as (
            select person, strptime(offence_date, '%d/%m/%Y')::date as committed,
                   strptime(outcome_date, '%d/%m/%Y')::date as decided
            from court_usable join records on dataset = 'court' and record_id = offence_id where breach = 'N'
        ), missed as (
            select person from court join records on dataset = 'court' and record_id = offence_id
            where offence_id not in (select offence_id from court_usable)
        )
        select count(*) from outcomes o
        where person not in (from missed) and outcome = 'proven_reoffending' and (achieved = 'yes') <> exists (
            from court_of c where c.person = o.person and committed > index_date::date
            and committed <= index_date::date + 365 and decided <= index_date::date + 547)"""
    assert one(extracts, differing) == (0,)


@pytest.mark.parametrize(
    ("cohort", "outcome", "low", "high"),
    [
        ("released_from_custody", "proven_reoffending", 0.42, 0.58),
        ("released_from_custody", "employed_6_weeks", 0.05, 0.16),
        ("released_from_custody", "settled_3_months", 0.44, 0.64),
        ("released_from_custody", "in_treatment_21_days", 0.36, 0.58),
        ("community_order_starts", "proven_reoffending", 0.27, 0.40),
        ("community_order_starts", "employed_6_weeks", 0.19, 0.33),
        ("community_order_starts", "settled_3_months", 0.67, 0.82),
        ("community_order_starts", "in_treatment_21_days", 0.32, 0.52),
    ],
)
def test_true_rates_are_near_what_is_published(cohort, outcome, low, high, extracts):
    rate = f"select avg((achieved = 'yes')::int) from outcomes where counted = 'yes' and cohort = '{cohort}'"
    assert low < one(extracts, f"{rate} and outcome = '{outcome}'")[0] < high


def test_the_invented_records_span_the_period_that_is_published():
    period, window = read(Period, SCHEMAS / "period.yaml"), read_calibration().window
    assert (period.first_day, period.last_day) == (window.cohorts_from, window.cohorts_to)
    assert period.data_to == window.data_to


def test_a_target_that_is_missing_is_named():
    with pytest.raises(ContractError, match="figures.shoe_size is missing"):
        read_calibration()["shoe_size"]
