"""Run the examples an outcome file ships with: they are its tests."""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection

from linkage.cohorts.outcomes import answers
from linkage.cohorts.sql import Relation
from linkage.contracts.dataset import ColumnType, Dataset
from linkage.contracts.outcome import Example, Outcome

ARROW: dict[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "date": pa.date32(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}
HER = 1


def failures(con: DuckDBPyConnection, outcome: Outcome, dataset: Dataset) -> Iterator[str]:
    """A sentence for each example whose answer is not the expected one; none when the definition is as it says."""
    for example in outcome.examples:
        if (found := answer(con, outcome, dataset, example)) != example.expect:
            yield f"{outcome.title}: {example.because}: expected {example.expect}, and the answer is {found}."


def answer(con: DuckDBPyConnection, outcome: Outcome, dataset: Dataset, example: Example) -> str:
    """yes, no, or why she is not counted."""
    members = rows(con, {"person_id": pa.int64(), "index_date": pa.date32()}, [{"index_date": example.index_date}])
    facts = rows(
        con,
        {"person_id": pa.int64()} | {name: ARROW[column.type] for name, column in dataset.attributes.items()},
        example.events,
    )
    custody = rows(
        con,
        {"person_id": pa.int64(), "inside_from": pa.date32(), "outside_from": pa.date32()},
        [{"inside_from": first, "outside_from": last} for first, last in example.custody],
    )
    deaths = rows(
        con,
        {"person_id": pa.int64(), "died_on": pa.date32()},
        [{"died_on": example.died}] if example.died else [],
    )
    found = answers(con, outcome, dataset.coverage, members, facts, custody, deaths)
    [(achieved, why_not_counted)] = found.select("achieved", "why_not_counted").fetchall()
    return str(why_not_counted or ("yes" if achieved else "no"))


def rows(con: DuckDBPyConnection, types: dict[str, pa.DataType], given: Sequence[Mapping[str, object]]) -> Relation:
    """A relation of rows about one woman; a column a row does not name is null in it."""
    content = [{"person_id": HER, **row} for row in given]
    return con.from_arrow(pa.Table.from_pylist(content, schema=pa.schema(list(types.items()))))
