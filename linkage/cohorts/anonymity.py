"""Is every woman one of many alike? k-anonymity and, of what could harm her, l-diversity of person-level rows.

A class is all rows that are equal in the columns by which somebody who knows a woman may know her row. It must be of k
women at least (Samarati and Sweeney, 1998), and of a sensitive outcome hold both answers (l-diversity with l = 2:
Machanavajjhala and others, 2007): otherwise who knows her class knows her answer. Each answer must be that of several
women: the only one who differs knows everybody else's. A class without an answer gives none away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from linkage.cohorts.sql import Relation


@dataclass(frozen=True)
class Exposed:
    """Women in classes that are unsafe for one reason. `sensitive`: the outcome of one answer; "" for too few women.

    `without`: {column: how many would be if that column were left out}. Unrounded: not to be shown as they are.
    """

    sensitive: str
    women: int
    without: dict[str, int]


def exposed(
    con: DuckDBPyConnection, rows: Relation, columns: Sequence[str], fewest: int, sensitive: Sequence[str], each: int
) -> list[Exposed]:
    """What speaks against giving `rows` (person_id, columns …, outcomes …) away; nothing where they are safe.

    `fewest`: of how many women a class is at least; `each`: how many of them have each answer to a sensitive outcome.
    """
    unsafe = {"": f"count(distinct person_id) < {fewest:d}"}
    unsafe |= {outcome: one_answer(outcome, each) for outcome in sensitive}
    found = [
        Exposed(
            name,
            women_in(con, rows, columns, condition),
            {left: women_in(con, rows, [c for c in columns if c != left], condition) for left in columns},
        )
        for name, condition in unsafe.items()
    ]
    return [one for one in found if one.women]


def one_answer(outcome: str, each: int) -> str:
    """SQL: has a class known answers, and one of the two from fewer women than `each`?"""
    yes, no = (f"count(distinct case when {said} then person_id end)" for said in (outcome, f"not {outcome}"))
    return f"least({yes}, {no}) < {each:d} and greatest({yes}, {no}) > 0"


def women_in(con: DuckDBPyConnection, rows: Relation, columns: Sequence[str], unsafe: str) -> int:
    """How many women have a row in a class of equal `columns` that is `unsafe`. No column is null."""
    same = ", ".join(["everybody", *columns])
    everyone = rows.project("*, true as everybody")  # noqa: F841  the query reads it by name
    query = f"""
        select count(distinct person_id)
        from everyone join (select {same} from everyone group by {same} having {unsafe}) as classes using ({same})
        """
    [(women,)] = con.sql(query).fetchall()
    return int(women)
