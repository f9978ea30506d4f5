"""Names of declarations: of each becomes a column, a table or a view that analysts write in SQL as it stands."""

import functools
from collections.abc import Iterable, Iterator

import duckdb

from linkage.contracts.dataset import A_NAME

# Columns that the pipeline gives beside those that are named by declarations.
TAKEN = frozenset({"all", "person_id", "record_id", "index_date", "quarter", "period", "in_england"})


@functools.cache
def words_of_sql() -> frozenset[str]:
    """Words that can name no column and no table unless they stand in quotes, such as order, group and left."""
    with duckdb.connect() as con:
        words = con.sql(
            """
            select keyword_name from duckdb_keywords() group by keyword_name
            having bool_or(keyword_category in ('reserved', 'type_function'))
               and not bool_or(keyword_category = 'column_name')
            """
        ).fetchall()
    return frozenset(word for (word,) in words)


def name_mistakes(names: Iterable[str], what: str) -> Iterator[str]:
    """A sentence where some of the names cannot stand in SQL. `what` they are of, as "a table"."""
    given = sorted(names)
    if wrong := [name for name in given if not A_NAME.match(name)]:
        yield f"{what} is named in lower case with underscores, unlike {wrong}. Choose another name."
    if wrong := [name for name in given if name in words_of_sql()]:
        yield f"{what} is named by no word of SQL, and {wrong} is one: a query could not name it. Choose another name."
