"""The answers of a query."""

import duckdb


def one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    """The one row of a query."""
    return con.cursor().execute(sql).fetchall()[0]


def column(con: duckdb.DuckDBPyConnection, sql: str) -> list:
    """The one column of a query."""
    return [row[0] for row in con.cursor().execute(sql).fetchall()]
