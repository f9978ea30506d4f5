"""What lives say of women who are divided by an answer, and in which stratum each is: plain code over the truth."""

import csv
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from linkage.cohorts.truth import MEMBERS, happened

RELEASED, ORDERED = "released_from_custody", "community_order_starts"


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


def first_entries_of_lives(con: duckdb.DuckDBPyConnection, lived: Path) -> dict[str, tuple[Any, ...]]:
    """{woman: (arm, day, offence group, previous offences)} of the declared comparison, by her life alone."""
    starts: dict[tuple[str, str], dict[str, Any]] = {}
    for row in csv.DictReader((lived / "follow_ups.csv").open(encoding="utf-8")):
        starts[row["person"], f"{row['start']} {row['disposal']}"] = row
    entries = {row[:4] for row in happened(con, lived).project("person, index_date, cohort, outcome").fetchall()}
    found: dict[str, tuple[Any, ...]] = {}
    for person, day, cohort, outcome in sorted(entries, key=lambda row: (row[1], row[2] != RELEASED)):
        if outcome != MEMBERS or person in found:
            continue
        start = starts.get((person, f"{day} {'CUS' if cohort == RELEASED else 'CO'}"))
        if start and (cohort == ORDERED or (cohort == RELEASED and int(start["sentence_days"]) <= 364)):
            arm = "short_custody" if cohort == RELEASED else "community_order"
            found[person] = (arm, day, start["main_offence_group"], int(start["previous_offences"]))
    return found
