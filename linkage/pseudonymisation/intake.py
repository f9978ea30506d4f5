"""Which rows may be used: every row of an extract is accepted, out of scope, or in quarantine with a reason."""

from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from linkage.contracts.dataset import Column, Dataset
from linkage.contracts.scope import Scope
from linkage.pseudonymisation.extract import quoted

FIRST_YEAR, LAST_YEAR = 1900, 2100
UNCLEAR_SEX = "not known"
SOUND = "reason is null and not out_of_scope"


@dataclass(frozen=True)
class Intake:
    """What became of the rows of one extract. `rows_in` = `rows_out` + `out_of_scope` + the sum of `quarantined`.

    `missing`: rows with nothing in a column; `invalid_identifiers`: rows whose identifier cannot be valid. Such a row
    is used without that identifier.
    """

    dataset: str
    title: str
    rows_in: int
    rows_out: int
    out_of_scope: int
    quarantined: dict[str, int]
    missing: dict[str, int]
    invalid_identifiers: dict[str, int]

    def as_facts(self) -> dict[str, Any]:
        """For the quality report: counts only."""
        return asdict(self)


def judge(con: duckdb.DuckDBPyConnection, dataset: Dataset, scope: Scope) -> None:
    """Make `judged` of `raw`: (row, columns as text, reason, out_of_scope); reason is null where a row is sound.

    `raw` goes: there is one copy of an extract, and room for what is made of it.
    """
    reasons = " ".join(f"when {broken} then {text(reason)}" for broken, reason in rules(dataset))
    con.execute(
        f"""create table judged as
        select raw.*, {outside(dataset, scope)} as out_of_scope,
               case when out_of_scope then null {reasons} end as reason
        from (select raw.*, count(*) over (partition by {quoted(dataset.record_key)}) as copies from raw) as raw"""
    )
    con.execute("drop table raw")


def accept(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Make the view `accepted` of `judged`: the sound rows in scope, with every day written YYYY-MM-DD."""
    days = ", ".join(f"{as_date(c)}::varchar as {quoted(c.name)}" for c in dataset.columns if c.type == "date")
    columns = f"* replace ({days})" if days else "*"
    con.execute(f"create view accepted as select {columns} from judged where {SOUND}")


def rules(dataset: Dataset) -> list[tuple[str, str]]:
    """(SQL condition that a broken row fulfils, reason) in the order in which a row is asked."""
    key = quoted(dataset.record_key)
    found = [(f"{key} is null", "no record id"), ("copies > 1", "a record id that comes more than once")]
    for column in dataset.columns:
        if column.required and column.name != dataset.record_key:
            found.append((f"{quoted(column.name)} is null", f"{column.name} is missing"))
        if column.name != dataset.record_key:
            found += form_rules(column)
    return found


def form_rules(column: Column) -> list[tuple[str, str]]:
    """The rules on how a value must look. Sex has none: an unclear sex must not cost a woman her place."""
    cell = quoted(column.name)
    if column.type == "date":
        return [
            (f"{cell} is not null and {as_date(column)} is null", f"{column.name} is not a date of the agreed form")
        ]
    if column.type in ("integer", "number"):
        wanted = "bigint" if column.type == "integer" else "double"
        return [(f"{cell} is not null and try_cast({cell} as {wanted}) is null", f"{column.name} is not a number")]
    if column.codes and column.identifier != "sex":
        known = ", ".join(text(code) for code in column.codes)
        return [(f"{cell} not in ({known})", f"{column.name} has a code that the contract does not know")]
    return []


def as_date(column: Column) -> str:
    """SQL: the column's text as a day, null where it is none. Years outside 1900 to 2100 are typing errors."""
    cell = quoted(column.name)
    parsed = f"try_strptime({cell}, {text(column.date_format)})::date"
    a_day = f"year({parsed}) between {FIRST_YEAR} and {LAST_YEAR} and {cell} similar to '.*[0-9].*'"
    return f"(case when {a_day} then {parsed} end)"


def outside(dataset: Dataset, scope: Scope) -> str:
    """SQL: is this row out of scope? An unknown code or nothing counts as "not known"."""
    column = sex_column(dataset)
    if column is None:
        return "false"
    kept = ", ".join(text(word) for word in scope.sex)
    return f"{sex_word(column)} not in ({kept})"


def sex_column(dataset: Dataset) -> Column | None:
    """The column that holds sex, if the dataset has one."""
    return next(iter(dataset.identifiers.get("sex", [])), None)


def sex_word(column: Column) -> str:
    """SQL: the sex of a row as the contract words it: F, M or not known."""
    return f"coalesce({word_for(column)}, {text(UNCLEAR_SEX)})"


def word_for(column: Column) -> str:
    """SQL: the label of the code in a cell, null where there is none."""
    cases = " ".join(f"when {text(code)} then {text(label)}" for code, label in column.codes.items())
    return f"(case {quoted(column.name)} {cases} end)" if cases else quoted(column.name)


def text(value: str) -> str:
    """A string of a contract as an SQL literal. Never used for data."""
    return "'" + value.replace("'", "''") + "'"


def quarantine(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> duckdb.DuckDBPyRelation:
    """(row, reason, line, columns …): one row per quarantined row, as it came. Clear text: stays with the department.

    `row` counts the rows that could be read, from 1; of a ragged row it is the line of the file, and `line` its text.
    """
    columns = ", ".join(quoted(c.name) for c in dataset.columns)
    return con.sql(
        f"""select row, reason, cast(null as varchar) as line, {columns} from judged where reason is not null
        union all by name
        select row, reason, line from ragged
        order by reason, row"""
    )


def summary(con: duckdb.DuckDBPyConnection, dataset: Dataset, arrived: int, invalid: dict[str, int]) -> Intake:
    """The balance of one intake of `arrived` rows."""
    reasons = con.execute(
        """select reason, count(*)
        from (select reason from judged where reason is not null union all select reason from ragged)
        group by 1 order by 1"""
    ).fetchall()
    blanks = ", ".join(f"count(*) - count({quoted(c.name)})" for c in dataset.columns)
    missing = con.execute(f"select {blanks} from judged where {SOUND}").fetchall()[0]
    return Intake(
        dataset=dataset.name,
        title=dataset.title,
        rows_in=arrived,
        rows_out=one(con, "select count(*) from accepted"),
        out_of_scope=one(con, "select count(*) from judged where out_of_scope"),
        quarantined=dict(reasons),
        missing={c.name: n for c, n in zip(dataset.columns, missing, strict=True) if n},
        invalid_identifiers={column: n for column, n in invalid.items() if n},
    )


def one(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    """The single number a query gives."""
    return int(con.execute(sql).fetchall()[0][0])
