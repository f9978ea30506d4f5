"""Dates that stand for a day nobody knows, as tables read them: the one place where a contract's unknownDays act."""

import datetime
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
from duckdb import DuckDBPyConnection

from linkage.cohorts.records import Records
from linkage.cohorts.sql import Relation, day
from linkage.contracts.analysis import Analysis
from linkage.contracts.dataset import Dataset
from linkage.contracts.unknown_days import Resolved, Stand, UnknownDays


def as_read(records: Records, analysis: Analysis) -> Records:
    """The records as tables read them: the same, but for dates that stand for a day nobody knows."""
    data_to = analysis.period.data_to
    found = {n: resolved(records.con, one, analysis.datasets[n], data_to) for n, one in records.attributes.items()}
    return replace(records, attributes=found)


def resolved(con: DuckDBPyConnection, records: Relation, dataset: Dataset, data_to: datetime.date) -> Relation:
    """`records` of a dataset, with the start and end that its rule finds; as they are where it has none.

    `data_to`: the day to which the data reach.
    """
    if (rule := dataset.unknown_days) is None:
        return records
    begun = with_column(con, records, rule.start.column, start_of(rule))
    return with_column(con, begun, rule.end.column, end_of(rule, data_to))


def with_column(con: DuckDBPyConnection, records: Relation, name: str, value: str) -> Relation:
    """`records` with another value, in SQL about a row of `records`, in one of their columns."""
    columns = (f"{value} as {name}" if column == name else f"records.{column}" for column in records.columns)
    return con.sql(f"select {', '.join(columns)} from records")


def start_of(rule: UnknownDays) -> str:
    """SQL: the first day of a spell, which is no later than the end that is written."""
    start, told, end = (f"records.{name}" for name in (rule.start.column, rule.start.told_by, rule.end.column))
    unknown = stands_for_another(rule.start, rule.confirmed_within.value)
    return f"case when {unknown} then least({told}, coalesce({end}, {told})) else {start} end"


def end_of(rule: UnknownDays, data_to: datetime.date) -> str:
    """SQL: the last day of a spell whose start is told; null while it runs."""
    start, end, told = (f"records.{name}" for name in (rule.start.column, rule.end.column, rule.end.told_by))
    unknown = f"({end} is null or {stands_for_another(rule.end, rule.confirmed_within.value)})"
    may_run = data_to - datetime.timedelta(days=rule.running_within.value)
    return (
        f"case when {unknown} and {told} >= {start} and {told} < cast('{may_run}' as date) then {told} else {end} end"
    )


def stands_for_another(stand: Stand, within: int) -> str:
    """SQL: is the day that is written for an unknown one there, and nothing seen in so many days that bears it out?"""
    date, told = f"records.{stand.column}", f"records.{stand.told_by}"
    written = f"month({date}) = {stand.month:d} and day({date}) = {stand.day:d}"
    return f"({written} and not ({told} between {date} and {day(date, within)}))"


def failures(con: DuckDBPyConnection, dataset: Dataset) -> Iterator[str]:
    """A sentence for each example of the rule whose days are not those expected."""
    for example in dataset.unknown_days.examples if dataset.unknown_days else ():
        expected, found = (example.start, example.end), days_of(con, dataset, example)
        if found != expected:
            yield (
                f"customProperties: unknownDays: {example.because}: expected {in_words(expected)}, and it is "
                f"{in_words(found)}."
            )


def days_of(con: DuckDBPyConnection, dataset: Dataset, example: Resolved) -> tuple[datetime.date, datetime.date | None]:
    """The first and the last day of the spell of an example. Raises ValueError where its dataset has no rule."""
    if (rule := dataset.unknown_days) is None:
        raise ValueError(f"{dataset.name} has no unknownDays")
    row = {name: [example.record.get(name)] for name in rule.columns}
    record = con.from_arrow(pa.table(row, schema=pa.schema([(name, pa.date32()) for name in row])))
    columns = f"{rule.start.column}, {rule.end.column}"
    [(start, end)] = resolved(con, record, dataset, example.data_to).project(columns).fetchall()
    return start, end


def in_words(spell: tuple[datetime.date, datetime.date | None]) -> str:
    """The days of a spell."""
    start, end = spell
    return f"{start} to {end}" if end else f"{start}, running"
