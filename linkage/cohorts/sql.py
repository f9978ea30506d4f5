"""Pieces of SQL made of declarations. What is written here runs on DuckDB and on Spark alike.

So: no date_diff, strftime, qualify or varchar (a text is a `string`); a day is `cast(d + interval '42' day as date)`;
every column has an alias.
"""

from collections.abc import Collection, Iterable, Mapping

import pyarrow as pa
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from linkage.contracts.analysis import ALL
from linkage.contracts.cohort import NOT_KNOWN, Breakdown
from linkage.contracts.dataset import Dataset

Relation = DuckDBPyRelation


def literal(text: str) -> str:
    """A word of a contract as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def any_of(labels: Iterable[str]) -> str:
    """('a', 'b'): a list for `in`."""
    return "(" + ", ".join(literal(label) for label in labels) + ")"


def chosen(table: str, where: Mapping[str, Collection[str]]) -> str:
    """The condition that a row of `table` is one that `where` chooses; a missing value is not chosen."""
    return " and ".join(["true", *(f"{table}.{column} in {any_of(labels)}" for column, labels in where.items())])


def day(index_date: str, days: int) -> str:
    """The date `days` after `index_date`."""
    return f"cast({index_date} + interval '{days:d}' day as date)"


def age(born: str, on: str) -> str:
    """Completed years on the day `on`, from the first of the month of birth."""
    return f"(year({on}) - year({born}) - case when month({on}) < month({born}) then 1 else 0 end)"


def category(breakdown: Breakdown, dataset: Dataset, table: str, index_date: str) -> str:
    """The category of a row of `table`."""
    value = f"{table}.{breakdown.column}"
    if not breakdown.bands:
        return f"coalesce({value}, {literal(NOT_KNOWN)})"
    if dataset.attributes[breakdown.column].type == "date":
        value = age(value, index_date)
    whens = [
        f"when {value} >= {b.first:d}{'' if b.last is None else f' and {value} <= {b.last:d}'} then {literal(b.label)}"
        for b in breakdown.bands
    ]
    return f"case {' '.join(whens)} else {literal(NOT_KNOWN)} end"


def in_england(breakdowns: Mapping[str, Breakdown], dataset: Dataset, table: str) -> str:
    """Is she in England? Not when a column says elsewhere, nor when no column says anything."""
    if dataset.geography == "England":
        return "true"
    placing = [b for b in breakdowns.values() if b.outside_england and b.fits(dataset)]
    if not placing:
        return "false"
    elsewhere = " or ".join(f"{table}.{b.column} in {any_of(b.outside_england)}" for b in placing)
    somewhere = " or ".join(f"{table}.{b.column} is not null" for b in placing)
    return f"case when {elsewhere} then false when {somewhere} then true else false end"


def each_breakdown(names: Collection[str], *within: str) -> tuple[str, str]:
    """Columns `breakdown` and `category`, and the grouping sets that give all women and each breakdown in one pass.

    The columns named are never null (`category` sees to it), so in each set exactly the grouped one has a value.
    """
    sets = [", ".join([*within, *grouped]) for grouped in [(), *((name,) for name in names)]]
    whens = " ".join(f"when {name} is not null then {literal(name)}" for name in names)
    breakdown = f"case {whens} else {literal(ALL)} end" if names else literal(ALL)
    columns = f"{breakdown} as breakdown, coalesce({', '.join([*names, literal(ALL)])}) as category"
    return columns, "grouping sets (" + ", ".join(f"({one})" for one in sets) + ")"


def kept(con: DuckDBPyConnection, relation: Relation) -> Relation:
    """The relation worked out once and held in memory: for what several statements read, or join with itself."""
    return con.from_arrow(relation.to_arrow_table())


def gathered(con: DuckDBPyConnection, relations: Iterable[Relation]) -> Relation:
    """All rows of relations with the same columns, worked out one after the other: for counts, which are few."""
    return con.from_arrow(pa.concat_tables([relation.to_arrow_table() for relation in relations]))
