"""Run the examples an outcome file ships with: they are its tests."""

import datetime
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection

from linkage.cohorts.outcomes import answers, numbers
from linkage.cohorts.sql import Relation
from linkage.cohorts.unknown_days import resolved
from linkage.contracts.dataset import ColumnType, Dataset
from linkage.contracts.outcome import Event, Outcome

ARROW: dict[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "date": pa.date32(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}


def failures(con: DuckDBPyConnection, outcome: Outcome, dataset: Dataset, data_to: datetime.date) -> Iterator[str]:
    """A sentence for each example whose answer is not the expected one; none when the definition is as it says.

    `data_to`: the day to which the data reach.
    """
    if not outcome.examples:
        return
    for example, (found, days) in zip(outcome.examples, found_answers(con, outcome, dataset, data_to), strict=True):
        if found != example.expect:
            yield f"{outcome.title}: {example.because}: expected {example.expect}, and the answer is {found}."
        if example.days_at_risk is not None and days != example.days_at_risk:
            yield f"{outcome.title}: {example.because}: expected {example.days_at_risk} days at risk, not {days}."
    for example, events in zip(outcome.examples, found_numbers(con, outcome, dataset, data_to), strict=True):
        if example.number not in (None, events):
            yield f"{outcome.title}: {example.because}: expected number {example.number}, and it is {events}."


def found_answers(
    con: DuckDBPyConnection, outcome: Outcome, dataset: Dataset, data_to: datetime.date
) -> list[tuple[str, int | None]]:
    """Of each example yes, no, or why she is not counted; and of a death her days at risk.

    The woman of the first example is person 1, and so on.
    """
    *_, found = drawn(con, outcome, dataset, data_to)
    in_order = found.select("person_id", "achieved", "why_not_counted", "days").order("person_id").fetchall()
    return [(str(why_not or ("yes" if achieved else "no")), days) for _, achieved, why_not, days in in_order]


def found_numbers(
    con: DuckDBPyConnection, outcome: Outcome, dataset: Dataset, data_to: datetime.date
) -> list[int | None]:
    """Of each example how many events count; None of who is not counted, and of an outcome without a frequency."""
    if not (outcome.frequency and isinstance(outcome.measure, Event)):
        return [None] * len(outcome.examples)
    members, facts, found = drawn(con, outcome, dataset, data_to)
    events = dict(numbers(con, members, found, facts, outcome.measure).select("person_id", "events").fetchall())
    return [events.get(person) for person in range(1, len(outcome.examples) + 1)]


def drawn(
    con: DuckDBPyConnection, outcome: Outcome, dataset: Dataset, data_to: datetime.date
) -> tuple[Relation, Relation, Relation]:
    """The women of the examples as members, what is on record about them, and the answers."""
    members = rows(con, {"index_date": pa.date32()}, [[{"index_date": each.index_date}] for each in outcome.examples])
    facts = facts_of(con, dataset, data_to, [each.events for each in outcome.examples])
    custody = rows(
        con,
        {"inside_from": pa.date32(), "outside_from": pa.date32()},
        [[{"inside_from": f, "outside_from": t} for f, t in each.custody] for each in outcome.examples],
    )
    deaths = rows(
        con, {"died_on": pa.date32()}, [[{"died_on": each.died}] if each.died else [] for each in outcome.examples]
    )
    return members, facts, answers(con, outcome, dataset.coverage, members, facts, custody, deaths)


def facts_of(
    con: DuckDBPyConnection, dataset: Dataset, data_to: datetime.date, of_each: Sequence[Sequence[Mapping[str, object]]]
) -> Relation:
    """(person_id, record_id, attributes …): what a dataset has on record of every woman, as tables read it."""
    types = {"record_id": pa.string(), **{name: ARROW[column.type] for name, column in dataset.attributes.items()}}
    return resolved(con, rows(con, types, of_each), dataset, data_to)


def rows(
    con: DuckDBPyConnection, types: dict[str, pa.DataType], of_each: Sequence[Sequence[Mapping[str, object]]]
) -> Relation:
    """(person_id, columns …): the rows of every woman; a column a row does not name is null in it."""
    content = [{"person_id": person, **row} for person, given in enumerate(of_each, start=1) for row in given]
    schema = pa.schema([("person_id", pa.int64()), *types.items()])
    return con.from_arrow(pa.Table.from_pylist(content, schema=schema))
