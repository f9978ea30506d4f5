"""What lives say of women who are divided by an answer, and in which stratum each is: plain code over the truth."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb

from linkage.cohorts.truth import happened


def by_sentence(con: duckdb.DuckDBPyConnection, lived: Path) -> Callable[[str, date], str]:
    """The stratum of (person, day of release) by the sentence she lived."""
    starts = con.read_csv(str(lived / "follow_ups.csv"), header=True).filter("sentence_days > 0")
    days = {row[:2]: row[2] for row in starts.project("person, start, sentence_days").fetchall()}
    return lambda person, day: "up to 6 months" if days[person, day] <= 182 else "over 6 months"


def by_age(con: duckdb.DuckDBPyConnection, lived: Path) -> Callable[[str, date], str]:
    """The stratum of (person, day) by the month she was born in."""
    people = con.read_csv(str(lived / "people.csv"), header=True).project("person, year(born), month(born)")
    born = {person: month for person, *month in people.fetchall()}
    return lambda person, day: "18-29" if [day.year - 30, day.month] < born[person] else "30+"


def answered(
    con: duckdb.DuckDBPyConnection, lived: Path, cohort: str, outcome: str, divides: str
) -> Iterator[tuple[str, date, str, bool]]:
    """(person, index date, answer, achieved) of each woman of a cohort whom her life says an outcome counts."""
    told = happened(con, lived).filter(f"cohort = '{cohort}'")
    rows = told.project("outcome, person, index_date, counted, achieved").fetchall()
    known = {row[:3]: row[3:] for row in rows}
    for (asked, person, day), (counted, achieved) in known.items():
        if asked == outcome and counted:
            yield person, day, answer_of(known[divides, person, day]), achieved


def answer_of(known: tuple[bool, bool]) -> str:
    """The answer of a woman who is counted with it, without it, or not."""
    counted, achieved = known
    return ("yes" if achieved else "no") if counted else "not known"


def by_the_truth(
    con: duckdb.DuckDBPyConnection, lived: Path, outcome: str, divides: str
) -> Iterator[tuple[str, str, str, bool]]:
    """(cohort, quarter, category, achieved) of each woman counted; her category is what her life says of `divides`."""
    rows = happened(con, lived).project("cohort, quarter, person, outcome, counted, achieved").fetchall()
    answers = {row[:4]: row[4:] for row in rows}
    for (cohort, quarter, person, asked), (counted, achieved) in answers.items():
        known = answers.get((cohort, quarter, person, divides))
        if asked == outcome and counted and known:
            yield cohort, quarter, ("yes" if known[1] else "no") if known[0] else "not known", achieved
