"""Who is in a cohort, and what became of her: drawings in, tuples out."""

from dataclasses import replace

import duckdb
import pytest
from duckdb import DuckDBPyRelation
from small_women import PRISON, Draw, day, rows

from linkage.cohorts import behind, circumstances, frequency, members, outcomes, tabulate
from linkage.cohorts.records import Records
from linkage.contracts.analysis import Analysis
from linkage.contracts.cohort import NOT_KNOWN
from linkage.contracts.outcome import Event, Run

# --- members ---------------------------------------------------------------------------------------------------------


def test_the_first_release_of_a_woman_in_each_quarter_is_in_the_cohort(records: Records, analysis: Analysis) -> None:
    found = members.members_of(records, analysis, analysis.cohorts["released_from_custody"])
    assert rows(found, "person_id", "record_id", "index_date", "quarter") == [
        (1, 101, day("2022-11-01"), "2022 Q4"),
        (1, 103, day("2023-02-10"), "2023 Q1"),
        (2, 111, day("2022-11-15"), "2022 Q4"),
        (3, 121, day("2023-10-01"), "2023 Q4"),
    ]


def test_every_release_is_in_the_cohort_that_counts_every_one_and_two_of_a_day_are_one(
    records: Records, analysis: Analysis, table: Draw
) -> None:
    every = analysis.cohorts["every_release_from_custody"]
    found = members.members_of(records, analysis, every)
    assert rows(found.filter("person_id = 1"), "record_id", "index_date", "quarter") == [
        (101, day("2022-11-01"), "2022 Q4"), (102, day("2022-12-20"), "2022 Q4"), (103, day("2023-02-10"), "2023 Q1"),
    ]  # fmt: skip
    same_day = table(PRISON).project("* replace (case record_id when 102 then date '2022-11-01' else release_date end "
                                     "as release_date)")  # fmt: skip
    records = replace(records, attributes={**records.attributes, "prison": same_day})
    found = members.members_of(records, analysis, every)
    assert rows(found.filter("person_id = 1"), "record_id", "index_date") == [
        (101, day("2022-11-01")), (103, day("2023-02-10")),
    ]  # fmt: skip


def test_the_women_behind_releases_are_counted_and_those_who_came_again(records: Records, analysis: Analysis) -> None:
    only = replace(analysis, tables={"every_release": analysis.tables["every_release"]})
    found = behind.women_behind(tabulate.people_at(records, only), only)
    assert found is not None
    housed = found.filter("outcome = 'housed_first_night'").order("figure")
    assert rows(housed, "period", "figure", "women", "again", "women_again") == [
        ("all", "denominator", 3, 1, 1), ("all", "numerator", 2, 0, 0), ("all", "unknown", 1, 0, 0),
        ("all", "without", 2, 1, 1),
    ]  # fmt: skip


def test_events_are_summed_by_woman_of_all_her_entries(records: Records, analysis: Analysis) -> None:
    only = replace(analysis, tables={"reoffending": analysis.tables["reoffending"]})
    found = frequency.sums(tabulate.people_at(records, only), only)
    assert found is not None
    cautioned = found.filter("cohort = 'cautioned' and breakdown = 'all'")
    assert rows(cautioned, "period", "events", "with_one", "women", "largest", "two_largest") == [
        ("2022/23", 1, 1, 1, 1, 1)
    ]
    assert "every_release_from_custody" not in {cohort for (cohort,) in rows(found, "cohort")}


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


def test_of_several_offences_of_one_caution_the_earliest_describes_her(records: Records, analysis: Analysis) -> None:
    found = members.members_of(records, analysis, analysis.cohorts["cautioned"])
    assert rows(found, "person_id", "record_id", "index_date", "age_band", "in_england") == [
        (6, 362, day("2022-12-20"), "25-29", False)
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
        | record_id | sex | birth_month | ethnicity | region | police_force_area | other_surnames | reception_date | reception_type | release_date | release_type      | sentence_days | no_fixed_abode | treatment_need | main_offence_group |
        | 101       | F   | {born}      | White     | London | -                 | none           | 2022-01-01     | sentenced      | {index_date} | automatic release | 90            | no             | no             | Theft offences     |
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


def test_a_run_of_days_is_asked_of_each_entry_by_itself(con: duckdb.DuckDBPyConnection, table: Draw) -> None:
    cohort = table("| person_id | index_date |\n| 1 | 2023-01-10 |\n| 1 | 2023-01-20 |\n| 2 | 2023-01-10 |")
    spells = table(
        """
        | person_id | from_day   | to_day     |
        | 1         | 2023-01-01 | 2023-01-14 |
        | 1         | 2023-01-15 | 2023-01-16 |
        | 2         | 2023-01-11 | 2023-01-13 |
        | 2         | 2023-01-15 | -          |
        | 3         | 2023-01-01 | -          |
        """
    )
    run = Run(kind="run", dataset="any", start="from_day", end="to_day", days=(1, 8), days_on_end=6)
    assert sorted(rows(outcomes.longest_run(con, cohort, spells, run))) == [
        (1, day("2023-01-10"), True),
        (1, day("2023-01-20"), False),
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
