"""Do records reach the day that period.yaml says they reach? Counted by day, and judged before a release."""

import datetime
from dataclasses import replace

import pyarrow as pa
import pytest
from conftest import REPOSITORY

from linkage.cohorts.reach import Reach, dates, reach
from linkage.contracts.analysis import Analysis
from linkage.quality import gate, suites
from linkage.quality.linkage import reach_facts

EXPECTATIONS = REPOSITORY / "expectations"


def test_a_quarter_is_91_days_up_to_the_last_and_the_year_before_it_364(con, analysis: Analysis) -> None:
    last = analysis.period.data_to
    days = [last - datetime.timedelta(days=back) for back in (-1, 0, 90, 91, 454, 455)]
    later = [datetime.date(2099, 1, 1)] * 7
    drawn = pa.table(dict.fromkeys(dates(analysis.datasets["paye"]), later) | {"start_date": [*days, None]})
    rows = con.from_arrow(drawn)
    paye = replace(analysis, datasets={"paye": analysis.datasets["paye"]})
    found = {one.column: one for one in reach(paye, {"paye": rows})}
    assert found["start_date"] == Reach("paye", "start_date", last_quarter=2, year_before=2)
    assert found["end_date"] == Reach("paye", "end_date", 0, 0)


def test_a_month_of_birth_says_of_no_day_that_something_was(analysis: Analysis) -> None:
    assert "birth_month" in analysis.datasets["court"].attributes
    assert dates(analysis.datasets["court"]) == ["offence_date", "outcome_date"]


def reached(last_quarter: int, year_before: int, column: str = "outcome_date") -> dict[str, object]:
    """What is noted of one date of the court."""
    return Reach("court", column, last_quarter, year_before)._asdict()


@pytest.mark.parametrize(
    ("rows", "red", "amber"),
    [
        ([reached(100, 400)], [], []),
        ([reached(70, 400), reached(30, 400, "offence_date")], [], []),
        ([reached(69, 400)], [], ["reach"]),
        ([reached(19, 400)], ["do not end long before"], ["reach"]),
        ([reached(0, 400), reached(40, 40, "date_of_death")], ["do not end long before"], ["reach"]),
        ([reached(0, 99)], [], []),
        ([reached(0, 0)], [], []),
    ],
)
def test_a_source_that_ends_before_the_declared_day_crosses_a_line(con, rows, red, amber) -> None:
    declared = suites.read_suite(EXPECTATIONS / "linkage.yaml")
    of_reach = tuple(one for one in declared.facts if "last_quarter_share" in one.kwargs["column"])
    suite = declared.model_copy(update={"facts": of_reach})
    verdict = gate.validate("linkage", "linkage", suite, con.sql("select 1 as run"), reach_facts(rows))
    crossed = [
        [
            check.title.removeprefix("records of court ")
            for check in verdict.checks
            if (check.passed, check.severity) == one
        ]
        for one in ((False, "critical"), (False, "warning"))
    ]
    assert crossed == [[f"{words} the last day that is declared" for words in line] for line in (red, amber)]
