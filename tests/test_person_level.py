"""Rows of drawn women: what a project is given of each, and when that is too much."""

import duckdb
import pytest
import small_women
from duckdb import DuckDBPyRelation

from linkage.cohorts.anonymity import Exposed, exposed
from linkage.cohorts.entries import NOT_ELIGIBLE, OUTSIDE_ENGLAND, entries
from linkage.cohorts.records import Records
from linkage.cohorts.tabulate import people_at
from linkage.contracts.analysis import Analysis
from linkage.contracts.project import Project

SAID = {"title": "A study", "purpose": "to see what becomes of women", "access": "whoever is named in it, until 2030"}
RELEASED = "released_from_custody"


def project(**said: object) -> Project:
    """A project of women released, with what is said of it."""
    given = {"cohorts": [RELEASED], "outcomes": ["proven_reoffending"], "period": "quarter", "sensitive": []}
    return Project.model_validate(SAID | given | said)


def given(records: Records, analysis: Analysis, **said: object) -> DuckDBPyRelation:
    """Its rows of the drawn women, in the order of their ids and quarters."""
    declared = project(**said)
    return entries(people_at(records, analysis), analysis, declared, declared.cohorts[0]).order("all")


def test_a_woman_has_a_row_a_quarter_with_days_in_place_of_dates(records, analysis):
    rows = given(records, analysis)
    assert rows.columns == ["person_id", "quarter", "proven_reoffending", "proven_reoffending_why_not_counted",
                            "proven_reoffending_days"]  # fmt: skip
    assert rows.fetchall() == [
        (1, "2022 Q4", True, None, 75),  # released on 1 November, an offence on 15 January
        (1, "2023 Q1", False, None, None),
        (2, "2022 Q4", False, None, None),
        (3, "2023 Q4", False, None, None),
    ]
    assert not [kind for kind in rows.types if str(kind).startswith(("DATE", "TIMESTAMP"))]


def changed(dataset: str, change: str) -> Records:
    """The drawn women, of whom the records of one dataset say something else."""
    con = duckdb.connect()
    attributes = small_women.attributes(con)
    attributes[dataset] = attributes[dataset].project(f"* replace ({change})")
    return Records(con, attributes, small_women.person_index(con), "medium")


def test_a_treatment_that_was_going_on_already_is_an_event_of_day_0(records, analysis):
    said = {"outcomes": ["in_treatment_21_days"], "period": "all"}
    days = "person_id, in_treatment_21_days, in_treatment_21_days_days"
    begun = given(records, analysis, **said).project(days).fetchall()
    assert (1, True, 9) in begun  # treatment from 10 November, released on the 1st
    later = changed("prison", "if(record_id = 101, date '2022-12-01', release_date) as release_date")
    assert (1, True, 0) in given(later, analysis, **said).project(days).fetchall()


def test_of_two_events_the_days_are_those_to_the_first(analysis):
    earlier = changed("court", "if(record_id = 362, date '2023-01-10', offence_date) as offence_date")
    rows = given(earlier, analysis, cohorts=["cautioned"])
    assert rows.fetchall() == [(6, "2022 Q4", True, None, 21)]  # cautioned on 20 December; the other on 1 February


def test_who_is_not_asked_or_not_counted_has_the_reason_and_no_answer(records, analysis):
    rows = given(records, analysis, outcomes=["in_treatment_21_days", "employed_6_weeks"], period="all")
    why = rows.project("person_id, in_treatment_21_days, in_treatment_21_days_why_not_counted").fetchall()
    assert (2, None, OUTSIDE_ENGLAND) in why  # she lives in Wales
    assert (1, None, NOT_ELIGIBLE) in why  # released in February without a need for treatment
    inside = rows.filter("employed_6_weeks_why_not_counted = 'in_custody'").project("person_id, employed_6_weeks")
    assert inside.fetchall() == [(1, None)]


def test_categories_become_the_wider_groups_of_the_project_and_quarters_years(records, analysis):
    groups = {"under 30": ["18-20", "21-24", "25-29"], "30 and over": ["30-39", "40-49", "50+"]}
    rows = given(records, analysis, period="year", breakdowns={"age_band": groups, "region": None})
    assert rows.project("person_id, year, age_band, region").fetchall() == [
        (1, "2022/23", "30 and over", "London"),
        (1, "2022/23", "30 and over", "London"),
        (2, "2022/23", "under 30", "Wales"),
        (3, "2023/24", "30 and over", "North West"),
    ]


ROWS = """
    | person_id | year | region | work  | work_why_not_counted |
    | 1         | 1    | east   | true  | -                    |
    | 1         | 1    | east   | false | -                    |
    | 2         | 1    | east   | false | -                    |
    | 3         | 1    | west   | false | -                    |
    | 4         | 1    | west   | false | -                    |
    | 5         | 2    | west   | true  | -                    |
    | 6         | 2    | west   | -     | died                 |
"""
COLUMNS = ("year", "region")


def test_women_of_a_class_are_counted_and_not_their_rows(con, table):
    (found,) = exposed(con, table(ROWS), COLUMNS, 3, [])
    assert found == Exposed("", 6, {"year": 2, "region": 2})  # west has four women, and year 1 as many
    assert exposed(con, table(ROWS), COLUMNS, 2, []) == []


def test_one_woman_of_two_rows_is_a_class_of_one(con, table):
    (found,) = exposed(con, table(ROWS).filter("person_id <> 2"), COLUMNS, 2, [])
    assert found.women == 1


def test_a_class_with_one_known_answer_to_a_sensitive_outcome_is_unsafe(con, table):
    (found,) = exposed(con, table(ROWS), COLUMNS, 2, ["work"])
    assert found == Exposed("work", 4, {"year": 0, "region": 2})


def test_women_whom_nothing_is_asked_of_for_where_they_live_give_no_answer_away(con, table):
    elsewhere = table(ROWS).project(f"* replace (null::boolean as work, '{OUTSIDE_ENGLAND}' as work_why_not_counted)")
    assert exposed(con, elsewhere, COLUMNS, 2, ["work"]) == []
    not_eligible = elsewhere.project(f"* replace ('{NOT_ELIGIBLE}' as work_why_not_counted)")
    assert [one.women for one in exposed(con, not_eligible, COLUMNS, 2, ["work"])] == [6]


@pytest.mark.parametrize(("fewest", "found"), [(6, []), (7, [Exposed("", 6, {})])])
def test_without_a_column_all_women_are_one_class(con, table, fewest, found):
    assert exposed(con, table(ROWS), (), fewest, []) == found
