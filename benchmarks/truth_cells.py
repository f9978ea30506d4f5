"""Every cell of every declared table as invented lives fill it, beside what is counted of records without mistakes.

Lives are read in plain code from the files of the truth; of the declarations only labels are: which bands there are,
what a code is called, which quarters make a year. By region, police force area, abode at a reception and which of the
offences of a caution stands first the files of the truth divide nobody; such cells are not compared. Standardised rates
are made of published cells alone.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from typing import NamedTuple

from linkage.cohorts.frequency import sums
from linkage.cohorts.records import Records
from linkage.cohorts.tabulate import labels, people_at, tables
from linkage.cohorts.truth import at_medium
from linkage.contracts.analysis import ALL, Analysis, Table
from linkage.contracts.cohort import Breakdown, Cohort
from linkage.contracts.entries import is_every
from linkage.contracts.history import called, many
from linkage.contracts.standardised import crossings, in_both

# The disposals that bring a woman into a cohort, and what `follow_ups` says in the words of the contracts.
BROUGHT_BY = {
    "released_from_custody": {"CUS"}, "every_release_from_custody": {"CUS"},
    "community_order_starts": {"CO", "SSO"}, "cautioned": {"CAU"},
}  # fmt: skip
OF_STARTS = ("sentence_days", "disposal", "requirement", "previous_offences", "main_offence_group")
DAYS_OF = {"died_within_4_weeks": "first_weeks", "died_to_12_months": "rest_of_year"}
GROUPS = {"W": "White", "M": "Mixed", "A": "Asian", "B": "Black", "O": "Other"}
WHAT = ("denominator", "numerator", "person_days", "events")
Line = dict[str, str]


class Entry(NamedTuple):
    """A woman's entry into a cohort, and its day."""

    cohort: str
    person: str
    day: str


class Cell(NamedTuple):
    """A number of a cell. `what`: one of WHAT; events are shared by tables, and have the place they are about in the
    stead of one.
    """

    table: str
    cohort: str
    outcome: str
    period: str
    breakdown: str
    category: str
    what: str


@dataclass(frozen=True)
class Lives:
    """What the files of the truth say. `answers`: {entry: {outcome: (counted, achieved)}}."""

    answers: Mapping[Entry, Mapping[str, tuple[bool, bool]]]
    quarter_of: Mapping[Entry, str]
    people: Mapping[str, Line]
    starts: Mapping[Entry, Line]
    needs: Mapping[Entry, Line]
    days: Mapping[tuple[str, str], Line]
    times: Mapping[tuple[Entry, str], int]


def lines(path: Path) -> Iterator[Line]:
    """The lines of a file of the truth."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def entry_of(line: Line) -> Entry:
    """Whose entry a line is about."""
    return Entry(line["cohort"], line["person"], line["index_date"])


def read(truth: Path) -> Lives:
    """The lives in a folder of the truth."""
    answers: dict[Entry, dict[str, tuple[bool, bool]]] = {}
    quarter_of: dict[Entry, str] = {}
    for line in lines(truth / "outcomes.csv"):
        entry = entry_of(line)
        answers.setdefault(entry, {})[line["outcome"]] = (line["counted"] == "yes", line["achieved"] == "yes")
        quarter_of[entry] = line["quarter"]
    return Lives(
        answers,
        quarter_of,
        {line["person"]: line for line in lines(truth / "people.csv")},
        {
            Entry(cohort, line["person"], line["start"]): line
            for line in lines(truth / "follow_ups.csv")
            for cohort, disposals in BROUGHT_BY.items()
            if line["disposal"] in disposals
        },
        {entry_of(line): line for line in lines(truth / "needs.csv")},
        {(line["person"], line["index_date"]): line for line in lines(truth / "at_risk.csv")},
        {(entry_of(line), line["outcome"]): int(line["times"]) for line in lines(truth / "frequencies.csv")},
    )


# ----------------------------------------------------------------------------------------------------- as lives have it


def lived(lives: Lives, analysis: Analysis) -> Counter[Cell]:
    """{cell: its number, where it is not 0} of each that lives can be divided by."""
    found: Counter[Cell] = Counter()
    for table_id, table in analysis.tables.items():
        found |= of_table(lives, analysis, table_id, table)
    return found


def of_table(lives: Lives, analysis: Analysis, table_id: str, table: Table) -> Counter[Cell]:
    """The same of one table."""
    found: Counter[Cell] = Counter()
    quarters = {quarter.label: quarter for quarter in analysis.period.calendar}
    place_of = {"events": analysis.geography(table)}
    for entry, answers in lives.answers.items():
        if entry.cohort not in table.cohorts:
            continue
        groups = [(ALL, ALL), *divided(lives, analysis, table, entry)]
        for outcome, period in product(analysis.outcomes_of(table), labels(table, quarters[lives.quarter_of[entry]])):
            numbers = counted(lives, analysis, entry, outcome, *answers.get(outcome, (False, False)))
            for (breakdown, category), (what, number) in product(groups, numbers.items()):
                place = (place_of.get(what, table_id), entry.cohort, outcome, period, breakdown, category)
                found[Cell(*place, what)] += number
    return found


def counted(
    lives: Lives, analysis: Analysis, entry: Entry, outcome: str, counts: bool, achieved: bool
) -> dict[str, int]:
    """What one entry adds to the cells it is in."""
    found = {"denominator": int(counts), "numerator": int(counts and achieved)}
    if outcome in DAYS_OF and counts:
        found["person_days"] = int(lives.days[entry.person, entry.day][DAYS_OF[outcome]])
    if analysis.outcomes[outcome].frequency and not is_every(analysis.cohorts[entry.cohort]) and counts:
        found["events"] = lives.times[entry, outcome]
    return found


def divided(lives: Lives, analysis: Analysis, table: Table, entry: Entry) -> Iterator[tuple[str, str]]:
    """(breakdown, category) of an entry, as far as lives say."""
    cohort = analysis.cohorts[entry.cohort]
    strata = {
        name: category
        for name, breakdown in analysis.breakdowns_of(table, cohort).items()
        if (category := category_of(lives, analysis, cohort, breakdown, entry))
    }
    given = {
        name: answer(*lives.answers[entry].get(one.outcome, (False, False)))
        for name, one in analysis.divided_by(table).items()
    }
    yield from (strata | given).items()
    for name, crossing in crossings(table, cohort, analysis).items():
        yield name, in_both(given[crossing.answer], strata[crossing.strata])
    for name, history in analysis.histories_of(table).items():
        hers = tuple(need for need in history.needs if lives.needs[entry][need] == "yes")
        number, combination = history.breakdowns(name)
        yield from ((number, many(len(hers))), (combination, called(hers)))


def answer(counts: bool, achieved: bool) -> str:
    """What is known of an outcome: yes, no, or nothing."""
    return ("yes" if achieved else "no") if counts else "not known"


def category_of(lives: Lives, analysis: Analysis, cohort: Cohort, breakdown: Breakdown, entry: Entry) -> str | None:
    """Her category of a breakdown; None where lives do not say."""
    person = lives.people[entry.person]
    if breakdown.column == "birth_month":
        return band(breakdown, age(date.fromisoformat(person["born"]), date.fromisoformat(entry.day)))
    if breakdown.column == "ethnicity":
        return GROUPS[person["ethnicity"][0]]
    if breakdown.column not in OF_STARTS:
        return None
    said = lives.starts[entry][breakdown.column]
    if breakdown.bands:
        return band(breakdown, int(said))
    return analysis.datasets[cohort.dataset].attributes[breakdown.column].codes[said]


def age(born: date, day: date) -> int:
    """In years, by the months of both: a contract has the month of birth alone."""
    return day.year - born.year - (day.month < born.month)


def band(breakdown: Breakdown, number: int) -> str:
    """The label of the band that a number is in."""
    return next(b.label for b in breakdown.bands if b.first <= number and (b.last is None or number <= b.last))


# --------------------------------------------------------------------------------------------------- as it is tabulated


def tabulated(records: Records, analysis: Analysis) -> Counter[Cell]:
    """The same of linked records, as tables count them at the default threshold, and the sums of events."""
    columns, found = ", ".join(Cell._fields[1:6]), Counter[Cell]()
    for table_id, rows in tables(records.con, at_medium(analysis), records.attributes, records.person_index).items():
        for what in WHAT[:-1]:
            for *place, number in rows.project(f"{columns}, {what}").fetchall():
                found[Cell(table_id, *place, what)] = number or 0
    if (summed := sums(people_at(records, analysis), analysis)) is not None:
        for geography, *place, number in summed.project(f"geography, {columns}, events").fetchall():
            found[Cell(geography, *place, "events")] = number
    return +found


def compared(records: Records, analysis: Analysis, truth: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """{(table, what): (numbers compared, those that differ)}. `truth`: its folder; records are linked by it."""
    here, there = tabulated(records, analysis), lived(read(truth), analysis)
    both = {
        what: {cell.breakdown for cell in here if cell.what == what} & {cell.breakdown for cell in there}
        for what in WHAT
    }
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for cell in here.keys() | there.keys():
        if cell.breakdown in both[cell.what]:
            many, differ = found.get((cell.table, cell.what), (0, 0))
            found[cell.table, cell.what] = many + 1, differ + (here[cell] != there[cell])
    return found
