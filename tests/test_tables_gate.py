"""The gate before a release: tables that can be true and are of use pass, others stop."""

import pytest
from conftest import REPOSITORY

from linkage.quality import gate, suites

EXPECTATIONS = REPOSITORY / "expectations"
CELL = """| table_id | theme | cohort | outcome | geography | period | breakdown | category | threshold | value | status
           | numerator | denominator | lower | upper |"""


def published(*rows, theme="employment", cohort="c"):
    names = " ".join(CELL.split())
    return "\n".join([names, *(f"| t | {theme} | {cohort} | o | England | 2023/24 | all | {row}" for row in rows)])


SOUND = "all | medium | 40.0 | - | 20 | 50 | 27.6 | 53.8 |"


NOBODY = "all | medium | - | z | 0 | 0 | - | - |"


def test_tables_that_can_be_true_pass(table):
    expected = suites.tables_suite(EXPECTATIONS)
    hidden = "18-20 | medium | - | c | - | - | - | - |"
    gate.enforce(gate.validate("tables", "demo", expected, table(published(SOUND, hidden))))


@pytest.mark.parametrize(
    ("row", "title"),
    [
        ("x | medium | 140.0 | - | 20 | 50 | 27.6 | 53.8 |", "rates lie between 0 and 100 %"),
        ("x | medium | 40.0 | - | 60 | 50 | 27.6 | 53.8 |", "nobody achieved an outcome without being counted"),
        ("x | medium | 40.0 | - | 20 | 50 | 53.8 | 27.6 |", "intervals are the right way round"),
        ("x | medium | 40.0 | c | 20 | 50 | 27.6 | 53.8 |", "a suppressed row shows no figure"),
        (SOUND, "each cell is published once"),
    ],
)
def test_tables_that_cannot_be_true_stop(table, row, title):
    expected = suites.tables_suite(EXPECTATIONS)
    verdict = gate.validate("tables", "demo", expected, table(published(SOUND, row)))
    assert [c.title for c in verdict.stops] == [title]


@pytest.mark.parametrize(
    ("theme", "stops"), [("employment", ["every cohort has women in it"]), ("matched_comparison", [])]
)
def test_a_cohort_of_nobody_stops_and_a_group_of_whom_nobody_was_matched_does_not(table, theme, stops):
    hidden = "18-20 | medium | - | c | - | - | - | - |"
    empty = published(NOBODY, NOBODY.replace("all |", "50+ |", 1), theme=theme, cohort="none").splitlines()[1:]
    drawn = table("\n".join([published(SOUND, hidden, NOBODY.replace("all |", "50+ |", 1)), *empty]))
    verdict = gate.validate("tables", "demo", suites.tables_suite(EXPECTATIONS), drawn)
    assert [c.title for c in verdict.stops] == stops
