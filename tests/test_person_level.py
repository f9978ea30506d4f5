"""Rows of drawn women: what a project is given of each, and when that is too much."""

import itertools
import random

import duckdb
import pyarrow as pa
import pytest
import small_women
from duckdb import DuckDBPyRelation

from linkage.cohorts.anonymity import Exposed, exposed
from linkage.cohorts.entries import alike, entries
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
    """Its rows of the drawn women, in the order of their ids."""
    declared = project(**said)
    return entries(people_at(records, analysis), analysis, declared, declared.cohorts[0]).order("all")


def spans(outcome: str, *days: int) -> dict[str, object]:
    """The spans in which a project is told when the event of an outcome came."""
    return {outcome: {"value": days, "reason": "what is known on these days, and what comes after them"}}


def test_a_woman_has_one_row_of_her_first_entry_with_a_span_in_place_of_dates(records, analysis):
    rows = given(records, analysis, by_day=spans("proven_reoffending", 42, 182))
    assert rows.columns == ["person_id", "quarter", "proven_reoffending", "proven_reoffending_by_day"]
    assert rows.fetchall() == [
        (1, "2022 Q4", True, 182),  # released on 1 November, an offence on 15 January, and released again in February
        (2, "2022 Q4", False, None),
        (3, "2023 Q4", False, None),
    ]
    assert not [kind for kind in rows.types if str(kind).startswith(("DATE", "TIMESTAMP"))]


@pytest.mark.parametrize(("last_day", "by_day"), [(74, 365), (75, 75), (76, 76)])
def test_a_span_holds_its_last_day(records, analysis, last_day, by_day):
    rows = given(records, analysis, by_day=spans("proven_reoffending", last_day))
    assert rows.filter("person_id = 1").project("proven_reoffending_by_day").fetchall() == [(by_day,)]


def test_without_declared_spans_no_day_is_told(records, analysis):
    assert given(records, analysis).columns == ["person_id", "quarter", "proven_reoffending"]


def changed(dataset: str, change: str) -> Records:
    """The drawn women, of whom the records of one dataset say something else."""
    con = duckdb.connect()
    attributes = small_women.attributes(con)
    attributes[dataset] = attributes[dataset].project(f"* replace ({change})")
    return Records(con, attributes, small_women.person_index(con), "medium")


def test_a_treatment_that_was_going_on_already_is_an_event_of_day_0(records, analysis):
    said = {"outcomes": ["in_treatment_21_days"], "period": "all", "by_day": spans("in_treatment_21_days", 0, 9)}
    assert (1, True, 9) in given(
        records, analysis, **said
    ).fetchall()  # treatment from 10 November, released on the 1st
    later = changed("prison", "if(record_id = 101, date '2022-12-01', release_date) as release_date")
    assert (1, True, 0) in given(later, analysis, **said).fetchall()


def test_of_two_events_the_span_is_that_of_the_first(analysis):
    earlier = changed("court", "if(record_id = 362, date '2023-01-10', offence_date) as offence_date")
    rows = given(earlier, analysis, cohorts=["cautioned"], by_day=spans("proven_reoffending", 20, 21))
    assert rows.fetchall() == [(6, "2022 Q4", True, 21)]  # cautioned on 20 December; the other on 1 February


def test_who_is_not_asked_or_not_counted_has_no_answer_and_no_reason(analysis):
    inside = changed("prison", "if(record_id = 102, date '2022-12-05', reception_date) as reception_date")
    rows = given(inside, analysis, outcomes=["in_treatment_21_days", "employed_6_weeks"], period="all")
    assert rows.columns == ["person_id", "in_treatment_21_days", "employed_6_weeks"]
    assert (1, True, None) in rows.fetchall()  # in custody on day 42
    assert rows.filter("person_id = 2").project("in_treatment_21_days").fetchall() == [(None,)]  # she lives in Wales


def test_categories_become_the_wider_groups_of_the_project_and_quarters_years(records, analysis):
    groups = {"under 30": ["18-20", "21-24", "25-29"], "30 and over": ["30-39", "40-49", "50+"]}
    rows = given(records, analysis, period="year", breakdowns={"age_band": groups, "region": None})
    assert rows.project("person_id, year, age_band, region").fetchall() == [
        (1, "2022/23", "30 and over", "London"),
        (2, "2022/23", "under 30", "Wales"),
        (3, "2023/24", "30 and over", "North West"),
    ]


ROWS = """
    | person_id | year | region | work  |
    | 1         | 1    | east   | true  |
    | 1         | 1    | east   | false |
    | 2         | 1    | east   | false |
    | 3         | 1    | west   | false |
    | 4         | 1    | west   | false |
    | 5         | 2    | west   | true  |
    | 6         | 2    | west   | -     |
"""
COLUMNS = ("year", "region")


def test_women_of_a_class_are_counted_and_not_their_rows(con, table):
    (found,) = exposed(con, table(ROWS), COLUMNS, 3, [], 1)
    assert found == Exposed("", 6, {"year": 2, "region": 2})  # west has four women, and year 1 as many
    assert exposed(con, table(ROWS), COLUMNS, 2, [], 1) == []


def test_one_woman_of_two_rows_is_a_class_of_one(con, table):
    (found,) = exposed(con, table(ROWS).filter("person_id <> 2"), COLUMNS, 2, [], 1)
    assert found.women == 1


def test_a_class_with_one_known_answer_to_a_sensitive_outcome_is_unsafe(con, table):
    (found,) = exposed(con, table(ROWS), COLUMNS, 2, ["work"], 1)
    assert found == Exposed("work", 4, {"year": 0, "region": 2})


@pytest.mark.parametrize(
    ("yes", "no", "unsafe"), [(0, 9, True), (2, 9, True), (3, 9, False), (9, 2, True), (0, 0, False)]
)
def test_an_answer_of_fewer_women_than_three_tells_them_what_everybody_else_answered(con, yes, no, unsafe):
    drawn = [True] * yes + [False] * no + [None] * 5
    rows = con.from_arrow(pa.table({"person_id": range(len(drawn)), "work": pa.array(drawn, pa.bool_())}))
    assert bool(exposed(con, rows, (), 2, ["work"], 3)) is unsafe


def test_an_answer_that_one_woman_gives_in_three_rows_is_the_answer_of_one(con):
    rows = con.from_arrow(pa.table({"person_id": [1, 1, 1, 2, 3, 4], "work": [True] * 3 + [False] * 3}))
    assert [one.women for one in exposed(con, rows, (), 2, ["work"], 3)] == [4]


@pytest.mark.parametrize(("fewest", "found"), [(6, []), (7, [Exposed("", 6, {})])])
def test_without_a_column_all_women_are_one_class(con, table, fewest, found):
    assert exposed(con, table(ROWS), (), fewest, [], 1) == found


RARE = """
    | person_id | region | home  | work  | work_by_day |
    | 1         | east   | true  | true  | 42          |
    | 2         | east   | true  | true  | 42          |
    | 3         | east   | true  | true  | 365         |
    | 4         | east   | false | true  | 42          |
    | 5         | east   | false | false | -           |
    | 6         | west   | true  | false | -           |
"""
ANSWERS = ("home", "work", "work_by_day")


def test_answers_that_make_a_row_like_too_few_others_are_emptied_the_last_first(con, table):
    assert alike(con, table(RARE), ANSWERS, 2).order("person_id").fetchall() == [
        (1, "east", True, True, 42),
        (2, "east", True, True, 42),
        (4, "east", False, None, None),  # neither without the day nor with it is there another of her answers
        (5, "east", False, None, None),
    ]


def test_whatever_is_known_of_a_woman_several_rows_are_like_hers():
    con, draw = duckdb.connect(), random.Random(3)
    drawn = [[n, *(draw.choice(values) for values in ("ab", (True, False, None), (True, False), (42, 365)))]
             for n in range(400)]  # fmt: skip
    names = ("person_id", "region", *ANSWERS)
    rows = con.from_arrow(pa.table(dict(zip(names, map(list, zip(*drawn, strict=True)), strict=True))))
    given = alike(con, rows, ANSWERS, 20)
    assert 380 < len(given) <= 400
    for size in range(1, 5):
        for known in itertools.combinations(names[1:], size):
            alikes = given.aggregate(f"count(*) as women, {', '.join(known)}", ", ".join(known))
            assert alikes.aggregate("min(women) >= 20").fetchall() == [(True,)]
