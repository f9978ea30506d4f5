"""Who is in a cohort, what became of her, and how many they are: drawings in, tuples out."""

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from conftest import drawn
from duckdb import DuckDBPyRelation

from linkage.cohorts import circumstances, contradictions, link_quality, members, outcomes, tabulate
from linkage.cohorts.records import Records
from linkage.contracts.analysis import Analysis, Table, read_analysis
from linkage.contracts.cohort import NOT_KNOWN
from linkage.contracts.dataset import read_datasets
from linkage.contracts.outcome import Event
from linkage.errors import LinkError

SCHEMAS = Path(__file__).parent.parent / "schemas"
Draw = Callable[[str], DuckDBPyRelation]


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """The repository's own declarations."""
    return read_analysis(SCHEMAS, read_datasets(SCHEMAS))


PRISON = """
| record_id | sex | birth_month | ethnicity | region     | police_force_area | other_surnames | reception_date | reception_type | release_date | release_type         | sentence_days | no_fixed_abode | treatment_need |
| 101       | F   | 1990-05-01  | White     | London     | Metropolitan Police | none           | 2022-09-01   | sentenced      | 2022-11-01   | conditional release  | 120           | yes            | yes            |
| 102       | F   | 1990-05-01  | White     | London     | Metropolitan Police | none           | 2022-12-01   | sentenced      | 2022-12-20   | automatic release    | 40            | yes            | yes            |
| 103       | F   | 1990-05-01  | White     | London     | Metropolitan Police | none           | 2023-02-01   | sentenced      | 2023-02-10   | conditional release  | 400           | yes            | no             |
| 111       | F   | 2004-11-01  | Asian     | Wales      | Gwent             | none           | 2022-10-10     | sentenced      | 2022-11-15   | home detention curfew | 1461         | no             | yes            |
| 121       | F   | 1970-01-01  | -         | North West | Cumbria           | none           | 2022-10-10     | sentenced      | 2023-10-01   | automatic release    | 182           | no             | yes            |
| 131       | F   | 1980-01-01  | White     | London     | Metropolitan Police | none           | 2022-10-10   | remand         | 2022-11-10   | unsentenced release  | -             | no             | no             |
| 132       | F   | 1980-01-01  | White     | London     | Metropolitan Police | none           | 2022-10-10   | sentenced      | 2022-11-10   | deported             | 90            | no             | no             |
| 141       | not known | 1980-01-01 | White | London    | Metropolitan Police | none           | 2022-10-10    | sentenced      | 2022-11-10   | automatic release    | 90            | no             | no             |
"""  # noqa: E501
PROBATION = """
| record_id | sex | birth_month | ethnicity | region | police_force_area   | other_surnames | disposal        | start_date | requirement         | treatment_need | review_date | accommodation_status | date_of_death |
| 201       | F   | 1990-05-01  | White     | London | Metropolitan Police | none           | licence         | 2022-11-01 | none                | no             | 2022-12-01  | settled              | -             |
| 221       | M   | 1970-01-01  | White     | London | Metropolitan Police | none           | community order | 2023-05-01 | drug rehabilitation | yes            | 2023-06-01  | settled              | 2023-12-01    |
| 251       | F   | 1995-03-01  | Mixed     | -      | -                   | none           | community order | 2023-04-01 | drug rehabilitation | yes            | 2023-06-01  | rough sleeping       | -             |
| 252       | F   | 1995-03-01  | Mixed     | London | Metropolitan Police | none           | community order | 2023-04-01 | none                | no             | 2023-05-01  | unknown              | -             |
"""  # noqa: E501
COURT = """
| record_id | sex | offence_group  | offence_date | outcome_date | disposal | breach |
| 301       | F   | Theft offences | 2023-01-15   | 2023-02-01   | fine     | no     |
"""
PAYE = """
| record_id | sex | start_date | end_date | hours |
| 401       | F   | 2022-12-01 | -        | -     |
| 421       | F   | 2023-12-15 | -        | -     |
"""
NDTMS = """
| record_id | sex | triage_date | treatment_start | discharge_date |
| 501       | F   | 2022-11-01  | 2022-11-10      | 2022-12-20     |
"""
DWP = """
| record_id | sex | benefit                       | start_date | end_date   |
| 601       | F   | Universal Credit              | 2022-11-01 | 2023-03-31 |
| 611       | F   | Personal Independence Payment | 2020-01-01 | -          |
"""
HCLIC = """
| record_id | sex | application_date | duty   | duty_start | duty_end   |
| 701       | F   | 2022-10-20       | relief | 2022-11-25 | 2023-01-20 |
| 711       | F   | 2022-11-20       | relief | 2022-11-25 | -          |
"""
PERSONS = """
| dataset   | record_id | person_id_high | person_id_medium | person_id_low |
| prison    | 101       | 1              | 1                | 1             |
| prison    | 102       | 1              | 1                | 1             |
| prison    | 103       | 1              | 1                | 1             |
| prison    | 111       | 2              | 2                | 2             |
| prison    | 121       | 3              | 3                | 3             |
| prison    | 131       | 4              | 4                | 4             |
| prison    | 132       | 4              | 4                | 4             |
| prison    | 141       | 5              | 5                | 5             |
| probation | 201       | 1              | 1                | 1             |
| probation | 221       | 31             | 3                | 3             |
| probation | 251       | 6              | 6                | 6             |
| probation | 252       | 6              | 6                | 6             |
| court     | 301       | 1              | 1                | 1             |
| paye      | 401       | 7              | 1                | 1             |
| paye      | 421       | 32             | 32               | 3             |
| ndtms     | 501       | 1              | 1                | 1             |
| dwp       | 601       | 1              | 1                | 1             |
| dwp       | 611       | 2              | 2                | 2             |
| hclic     | 701       | 1              | 1                | 1             |
| hclic     | 711       | 2              | 2                | 2             |
"""


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """One connection for the drawn women and what is counted of them: nothing is written to its catalogue."""
    return duckdb.connect()


@pytest.fixture(scope="module")
def attributes(con: duckdb.DuckDBPyConnection) -> dict[str, DuckDBPyRelation]:
    """Seven women in seven extracts."""
    drawings = {"prison": PRISON, "probation": PROBATION, "court": COURT, "paye": PAYE, "ndtms": NDTMS}
    drawings |= {"dwp": DWP, "hclic": HCLIC}
    return {name: con.from_arrow(drawn(drawing)) for name, drawing in drawings.items()}


@pytest.fixture(scope="module")
def person_index(con: duckdb.DuckDBPyConnection) -> DuckDBPyRelation:
    """Who they are at each threshold."""
    return con.from_arrow(drawn(PERSONS))


@pytest.fixture(scope="module")
def tables(
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: dict[str, DuckDBPyRelation],
    person_index: DuckDBPyRelation,
) -> dict[str, DuckDBPyRelation]:
    """The declared tables of the drawn women."""
    return tabulate.tables(con, analysis, attributes, person_index)


@pytest.fixture(scope="module")
def records(
    con: duckdb.DuckDBPyConnection, attributes: dict[str, DuckDBPyRelation], person_index: DuckDBPyRelation
) -> Records:
    """The same at the default threshold."""
    return Records(con, attributes, person_index, "medium")


def rows(relation: DuckDBPyRelation, *columns: str) -> list[tuple[object, ...]]:
    """The rows, of these columns."""
    return (relation.select(*columns) if columns else relation).fetchall()


def day(text: str) -> datetime.date:
    """An ISO date."""
    return datetime.date.fromisoformat(text)


# --- members ---------------------------------------------------------------------------------------------------------


def test_the_first_release_of_a_woman_in_each_quarter_is_in_the_cohort(records: Records, analysis: Analysis) -> None:
    found = members.members_of(records, analysis, analysis.cohorts["released_from_custody"])
    assert rows(found, "person_id", "record_id", "index_date", "quarter") == [
        (1, 101, day("2022-11-01"), "2022 Q4"),
        (1, 103, day("2023-02-10"), "2023 Q1"),
        (2, 111, day("2022-11-15"), "2022 Q4"),
        (3, 121, day("2023-10-01"), "2023 Q4"),
    ]


def test_unsentenced_and_deported_women_and_those_not_recorded_as_women_are_not(
    records: Records, analysis: Analysis
) -> None:
    found = members.members_of(records, analysis, analysis.cohorts["released_from_custody"])
    assert not {4, 5} & {person for (person,) in rows(found, "person_id")}


def test_a_breakdown_is_that_of_the_index_date(records: Records, analysis: Analysis) -> None:
    found = members.members_of(records, analysis, analysis.cohorts["released_from_custody"])
    assert rows(found, "age_band", "ethnicity", "region", "sentence_length", "in_england") == [
        ("30-39", "White", "London", "up to 6 months", True),
        ("30-39", "White", "London", "12 months to 4 years", True),
        ("18-20", "Asian", "Wales", "4 years and more", False),
        ("50+", NOT_KNOWN, "North West", "up to 6 months", True),
    ]


def test_of_several_reviews_of_one_start_the_first_describes_her(records: Records, analysis: Analysis) -> None:
    found = members.members_of(records, analysis, analysis.cohorts["community_order_starts"])
    assert rows(found, "person_id", "record_id", "requirement", "region", "in_england") == [
        (6, 252, "none", "London", True)
    ]


def test_a_woman_of_whom_no_place_is_known_is_not_counted_in_england(
    con: duckdb.DuckDBPyConnection, analysis: Analysis, attributes: dict[str, DuckDBPyRelation], records: Records
) -> None:
    nowhere = attributes["probation"].filter("record_id <> 252")
    records = replace(records, attributes=attributes | {"probation": nowhere})
    found = members.members_of(records, analysis, analysis.cohorts["community_order_starts"])
    assert rows(found, "person_id", "region", "in_england") == [(6, NOT_KNOWN, False)]


@pytest.mark.parametrize(
    ("born", "index_date", "expected"),
    [
        ("2004-11-01", "2022-11-01", ["18-20"]),
        ("2004-11-01", "2022-10-31", []),
        ("2001-11-01", "2022-10-31", ["18-20"]),
        ("2001-11-01", "2022-11-01", ["21-24"]),
        ("2004-02-01", "2024-02-29", ["18-20"]),
        ("1972-10-01", "2022-09-30", ["40-49"]),
        ("1972-10-01", "2022-10-01", ["50+"]),
        ("-", "2022-10-01", []),
    ],
)
def test_age_is_in_completed_years_from_the_month_of_birth_and_children_are_not_in_a_cohort(
    table: Draw, records: Records, analysis: Analysis, born: str, index_date: str, expected: list[str]
) -> None:
    prison = table(
        f"""
        | record_id | sex | birth_month | ethnicity | region | police_force_area | other_surnames | reception_date | reception_type | release_date | release_type      | sentence_days | no_fixed_abode | treatment_need |
        | 101       | F   | {born}      | White     | London | -                 | none           | 2022-01-01     | sentenced      | {index_date} | automatic release | 90            | no             | no             |
        """  # noqa: E501
    )
    prison = prison.project("* replace (cast(birth_month as date) as birth_month)")
    records = replace(records, attributes={**records.attributes, "prison": prison})
    found = members.members_of(records, analysis, analysis.cohorts["released_from_custody"])
    assert [band for (band,) in rows(found, "age_band")] == expected


@pytest.mark.parametrize(
    ("index_date", "quarter"),
    [
        ("2022-06-30", []), ("2022-07-01", ["2022 Q3"]), ("2022-09-30", ["2022 Q3"]), ("2022-10-01", ["2022 Q4"]),
        ("2024-06-30", ["2024 Q2"]), ("2024-07-01", []),
    ],
)  # fmt: skip
def test_both_ends_of_a_quarter_are_in_it(
    table: Draw, records: Records, analysis: Analysis, index_date: str, quarter: list[str]
) -> None:
    prison = table(PRISON).filter("record_id = 101")
    prison = prison.project(f"* replace (date '{index_date}' as release_date)")
    records = replace(records, attributes={**records.attributes, "prison": prison})
    found = members.members_of(records, analysis, analysis.cohorts["released_from_custody"])
    assert [label for (label,) in rows(found, "quarter")] == quarter


def test_women_recorded_with_another_sex_elsewhere_are_counted(records: Records, analysis: Analysis) -> None:
    found = [c for c in members.sex_conflicts(records, analysis) if c["cohort"] == "released_from_custody"]
    assert {c["dataset"]: (c["women"], c["conflicts"]) for c in found} == {
        "court": (3, 0), "dwp": (3, 0), "hclic": (3, 0), "ndtms": (3, 0), "paye": (3, 0), "prison": (3, 0),
        "probation": (3, 1),
    }  # fmt: skip


# --- outcomes --------------------------------------------------------------------------------------------------------


def test_each_kind_of_measure_answers_once_for_every_member(con: duckdb.DuckDBPyConnection, table: Draw) -> None:
    cohort = table("| person_id | index_date |\n| 1 | 2023-01-10 |\n| 1 | 2023-05-10 |\n| 2 | 2023-01-10 |")
    events = table("| person_id | on_day |\n| 1 | 2023-01-20 |\n| 1 | 2023-01-21 |\n| 3 | 2023-01-20 |")
    event = Event(kind="event", dataset="any", date="on_day", days=(1, 30))
    assert sorted(rows(outcomes.any_event(con, cohort, events, event))) == [
        (1, day("2023-01-10"), True),
        (1, day("2023-05-10"), False),
        (2, day("2023-01-10"), False),
    ]


def test_a_window_may_begin_before_the_index_date(con: duckdb.DuckDBPyConnection, table: Draw) -> None:
    cohort = table("| person_id | index_date |\n| 1 | 2023-01-10 |\n| 2 | 2023-01-10 |")
    events = table("| person_id | on_day |\n| 1 | 2023-01-03 |\n| 2 | 2023-01-02 |")
    event = Event(kind="event", dataset="any", date="on_day", days=(-7, 0))
    assert sorted(rows(outcomes.any_event(con, cohort, events, event), "person_id", "achieved")) == [
        (1, True), (2, False),
    ]  # fmt: skip


def test_a_word_with_an_apostrophe_is_a_word(con: duckdb.DuckDBPyConnection, table: Draw) -> None:
    cohort = table("| person_id | index_date |\n| 1 | 2023-01-10 |")
    events = table("| person_id | on_day | home |\n| 1 | 2023-01-20 | women's refuge |")
    event = Event(kind="event", dataset="any", date="on_day", days=(1, 30), where={"home": ("women's refuge",)})
    assert rows(outcomes.any_event(con, cohort, events, event), "achieved") == [(True,)]


def test_a_woman_not_counted_has_one_reason_and_no_answer(con: duckdb.DuckDBPyConnection, table: Draw) -> None:
    achieved = table(
        """
        | person_id | index_date | achieved |
        | 1         | 2023-01-10 | true     |
        | 2         | 2023-01-10 | true     |
        | 3         | 2023-01-10 | true     |
        | 4         | 2023-01-10 | -        |
        | 5         | 2023-01-10 | -        |
        """
    )
    facts = table("| person_id |\n| 1 |\n| 1 |\n| 2 |\n| 3 |\n| 5 |")
    custody = table(
        """
        | person_id | inside_from | outside_from |
        | 2         | 2023-01-15  | -            |
        | 2         | 2023-01-16  | 2023-02-01   |
        | 3         | 2023-01-15  | -            |
        """
    )
    deaths = table("| person_id | died_on |\n| 3 | 2023-01-20 |")
    found = outcomes.counted(con, achieved, facts, custody, deaths, 10, ("in_custody", "died"), "spine")
    assert sorted(rows(found, "person_id", "counted", "achieved", "why_not_counted")) == [
        (1, True, True, None),
        (2, False, None, "in_custody"),
        (3, False, None, "died"),
        (4, False, None, "not_linked"),
        (5, False, None, "unknown"),
    ]
    nobody_left_out = outcomes.counted(con, achieved, facts, custody, deaths, 10, (), "event_register")
    assert sorted(rows(nobody_left_out, "person_id", "why_not_counted")) == [
        (1, None), (2, None), (3, None), (4, "unknown"), (5, "unknown"),
    ]  # fmt: skip


def test_a_death_is_known_from_probation_and_from_prison(records: Records, analysis: Analysis, table: Draw) -> None:
    prison = table(PRISON).project(
        "* replace (case when record_id = 111 then 'died' else release_type end as release_type)"
    )
    records = replace(records, attributes={**records.attributes, "prison": prison})
    found = circumstances.deaths(records, analysis.circumstances.died)
    assert sorted(rows(found)) == [(2, day("2022-11-15")), (3, day("2023-12-01"))]


# --- tables ----------------------------------------------------------------------------------------------------------


def counts(table: DuckDBPyRelation, where: str) -> list[tuple[object, ...]]:
    """Period, threshold and counts of the rows that a condition chooses."""
    columns = ["period", "threshold", "denominator", "numerator", "in_custody", "died", "unknown", "not_linked"]
    return rows(table.filter(where), *columns)


ALL_RELEASED = "cohort = 'released_from_custody' and breakdown = 'all'"


def test_a_table_counts_women_by_year_and_threshold(tables: dict[str, DuckDBPyRelation]) -> None:
    assert counts(tables["reoffending"], ALL_RELEASED) == [
        ("2022/23", "high", 3, 1, 0, 0, 0, 0), ("2023/24", "high", 1, 0, 0, 0, 0, 0),
        ("2022/23", "medium", 3, 1, 0, 0, 0, 0), ("2023/24", "medium", 1, 0, 0, 0, 0, 0),
        ("2022/23", "low", 3, 1, 0, 0, 0, 0), ("2023/24", "low", 1, 0, 0, 0, 0, 0),
    ]  # fmt: skip


def test_each_threshold_counts_with_its_own_person_ids(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    at_6_weeks = f"{ALL_RELEASED} and period = '2022/23' and outcome = 'employed_6_weeks'"
    assert counts(tables["employment"], at_6_weeks) == [
        ("2022/23", "high", 2, 0, 1, 0, 0, 0),
        ("2022/23", "medium", 2, 1, 1, 0, 0, 0),
        ("2022/23", "low", 2, 1, 1, 0, 0, 0),
    ]


def test_women_left_out_are_counted_by_reason(tables: dict[str, DuckDBPyRelation]) -> None:
    assert counts(tables["accommodation"], f"{ALL_RELEASED} and threshold in ('high', 'medium')") == [
        ("2022/23", "high", 1, 1, 0, 0, 1, 1), ("2023/24", "high", 0, 0, 0, 0, 0, 1),
        ("2022/23", "medium", 1, 1, 0, 0, 1, 1), ("2023/24", "medium", 0, 0, 0, 1, 0, 0),
    ]  # fmt: skip


def test_every_outcome_of_a_theme_is_in_its_table(tables: dict[str, DuckDBPyRelation]) -> None:
    benefits = f"{ALL_RELEASED} and threshold = 'medium' and outcome = 'out_of_work_benefit_30_days'"
    assert counts(tables["employment"], benefits) == [
        ("2022/23", "medium", 2, 1, 1, 0, 0, 0), ("2023/24", "medium", 1, 0, 0, 0, 0, 0),
    ]  # fmt: skip


def test_a_woman_released_to_wales_is_not_in_the_table_of_homelessness(tables: dict[str, DuckDBPyRelation]) -> None:
    assert counts(tables["homelessness"], f"{ALL_RELEASED} and threshold = 'medium' and period = '2022/23'") == [
        ("2022/23", "medium", 2, 1, 0, 0, 0, 0)
    ]


def test_a_table_for_england_leaves_out_wales_and_who_is_not_eligible(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    in_england_with_a_need = f"{ALL_RELEASED} and threshold = 'medium'"
    assert counts(tables["treatment"], in_england_with_a_need) == [
        ("2022/23", "medium", 1, 1, 0, 0, 0, 0), ("2023/24", "medium", 1, 0, 0, 0, 0, 0),
    ]  # fmt: skip
    assert counts(tables["treatment"], "category in ('Wales', 'Gwent')") == []


def test_a_table_has_every_declared_category_in_order_and_not_known_only_with_somebody_in_it(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    found = tables["reoffending"]
    here = found.filter("cohort = 'released_from_custody' and threshold = 'medium'")
    ages = here.filter("period = '2022/23' and breakdown = 'age_band'")
    assert rows(ages, "category", "denominator") == [
        ("18-20", 1), ("21-24", 0), ("25-29", 0), ("30-39", 2), ("40-49", 0), ("50+", 0),
    ]  # fmt: skip
    ethnicity = "breakdown = 'ethnicity' and category in ('White', 'not known')"
    assert rows(here.filter(ethnicity), "period", "category", "denominator") == [
        ("2022/23", "White", 2), ("2023/24", "White", 0), ("2023/24", NOT_KNOWN, 1),
    ]  # fmt: skip


def test_the_categories_of_a_breakdown_add_up_to_all_women(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    for found in tables.values():
        sums = found.aggregate(
            "cohort, outcome, period, threshold, breakdown, sum(denominator) as women, sum(numerator) as achieved, "
            "sum(in_custody + died + unknown + not_linked) as left_out"
        )
        different = sums.aggregate(
            "cohort, outcome, period, threshold, count(distinct (women, achieved, left_out)) as n"
        )
        assert {n for (n,) in rows(different, "n")} == {1}


def test_a_breakdown_is_in_a_table_only_for_cohorts_that_record_it(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    found = tables["employment"]
    own = found.filter("breakdown in ('sentence_length', 'requirement')").select("cohort", "breakdown").distinct()
    assert sorted(own.fetchall()) == [
        ("community_order_starts", "requirement"), ("released_from_custody", "sentence_length"),
    ]  # fmt: skip


def test_quarters_and_the_whole_period_can_be_had_beside_years(
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: dict[str, DuckDBPyRelation],
    person_index: DuckDBPyRelation,
) -> None:
    declared = Table(
        title="All periods", theme="reoffending", cohorts=("released_from_custody",),
        periods=("year", "quarter", "all"), thresholds=("medium",),
    )  # fmt: skip
    wanted = replace(analysis, tables={"all_periods": declared})
    found = tabulate.tables(con, wanted, attributes, person_index)["all_periods"]
    assert rows(found, "period", "denominator", "numerator") == [
        ("2022/23", 3, 1), ("2023/24", 1, 0),
        ("2022 Q3", 0, 0), ("2022 Q4", 2, 1), ("2023 Q1", 1, 0), ("2023 Q2", 0, 0),
        ("2023 Q3", 0, 0), ("2023 Q4", 1, 0), ("2024 Q1", 0, 0), ("2024 Q2", 0, 0),
        ("July 2022 to June 2024", 4, 1),
    ]  # fmt: skip


def test_the_columns_of_counts_are_those_the_release_reads(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    for table_id, relation in tables.items():
        assert relation.columns == [
            "table_id", "cohort", "outcome", "theme", "geography", "period", "breakdown", "category", "threshold",
            "denominator", "numerator", "in_custody", "died", "unknown", "not_linked",
        ]  # fmt: skip
        assert {str(kind) for kind in relation.types[9:]} == {"BIGINT"}
        assert {name for (name,) in rows(relation, "table_id")} == {table_id}


def test_records_without_a_person_stop_the_count(
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: dict[str, DuckDBPyRelation],
    person_index: DuckDBPyRelation,
) -> None:
    with pytest.raises(LinkError, match=r"^2 records of prison are not in the person index"):
        tabulate.tables(con, analysis, attributes, person_index.filter("record_id not in (101, 131)"))


# --- the quality of the linkage --------------------------------------------------------------------------------------


def test_link_rates_of_groups_are_compared_with_a_reference_group(
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: dict[str, DuckDBPyRelation],
    person_index: DuckDBPyRelation,
) -> None:
    found = link_quality.link_quality(con, analysis, attributes, person_index)
    columns = ["breakdown", "category", "anchor_records", "linked", "rate", "ratio"]
    released = found.filter("cohort = 'released_from_custody'")
    to_probation = released.filter("dataset = 'probation' and breakdown in ('all', 'age_band', 'no_fixed_abode')")
    assert rows(to_probation.filter("threshold = 'medium'"), *columns) == [
        ("age_band", "18-20", 1, 0, 0.0, 0.0),
        ("age_band", "30-39", 2, 2, 1.0, 1.0),
        ("age_band", "50+", 1, 1, 1.0, 1.0),
        ("all", "all", 4, 3, 0.75, None),
        ("no_fixed_abode", "no", 2, 1, 0.5, 1.0),
        ("no_fixed_abode", "yes", 2, 2, 1.0, 2.0),
    ]
    overall = released.filter("breakdown = 'all' and dataset in ('paye', 'probation')")
    assert sorted(rows(overall, "dataset", "threshold", "linked")) == [
        ("paye", "high", 0), ("paye", "low", 3), ("paye", "medium", 2),
        ("probation", "high", 2), ("probation", "low", 3), ("probation", "medium", 3),
    ]  # fmt: skip


def test_link_rates_to_a_source_for_england_are_those_of_women_in_england(
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: dict[str, DuckDBPyRelation],
    person_index: DuckDBPyRelation,
) -> None:
    found = link_quality.link_quality(con, analysis, attributes, person_index)
    here = found.filter("cohort = 'released_from_custody' and threshold = 'medium' and breakdown = 'all'")
    assert sorted(rows(here, "dataset", "anchor_records", "linked")) == [
        ("court", 4, 2), ("dwp", 4, 3), ("hclic", 3, 2), ("ndtms", 3, 2), ("paye", 4, 2), ("probation", 4, 3),
    ]  # fmt: skip


def test_overlapping_spells_of_one_person_contradict_each_other_and_spells_that_touch_do_not(
    table: Draw, records: Records, analysis: Analysis
) -> None:
    prison = table(
        """
        | record_id | reception_date | release_date | release_type      |
        | 101       | 2023-01-01     | 2023-02-01   | automatic release |
        | 102       | 2023-02-01     | 2023-03-01   | automatic release |
        | 103       | 2023-02-28     | -            | -                 |
        | 111       | 2023-01-01     | 2023-02-01   | automatic release |
        """
    )
    records = replace(records, attributes={"prison": prison})
    spells = circumstances.custody_spells(records, analysis.circumstances.in_custody)
    found = contradictions.overlapping_custody(records.con, spells, "prison")
    assert rows(found) == [("prison", 102, "prison", 103, "overlapping custody")]


def test_what_begins_after_death_contradicts_it_at_the_thresholds_that_join_them(
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: dict[str, DuckDBPyRelation],
    person_index: DuckDBPyRelation,
) -> None:
    found = contradictions.contradictions(con, analysis, attributes, person_index)
    assert rows(found, "dataset_l", "record_id_l", "dataset_r", "record_id_r", "reason", "threshold") == [
        ("prison", 131, "prison", 132, "overlapping custody", "high"),
        ("prison", 131, "prison", 132, "overlapping custody", "low"),
        ("probation", 221, "paye", 421, "paye start_date after death", "low"),
        ("prison", 131, "prison", 132, "overlapping custody", "medium"),
    ]


def test_the_day_of_death_itself_contradicts_nothing(
    table: Draw, records: Records, analysis: Analysis, attributes: dict[str, DuckDBPyRelation]
) -> None:
    paye = table(PAYE).project("* replace (least(start_date, date '2023-12-01') as start_date)")
    records = replace(records, attributes=attributes | {"paye": paye}, threshold="low")
    of_custody, of_death = contradictions.at_one_threshold(records, analysis.circumstances)
    assert rows(of_death) == []
    assert len(rows(of_custody)) == 1
