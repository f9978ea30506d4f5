"""Is every woman one of many alike? k-anonymity and, of what could harm her, l-diversity of person-level rows.

A class is all rows that are equal in the columns by which somebody who knows a woman may know her row. It must be of k
women at least (Samarati and Sweeney, 1998), and of a sensitive outcome hold both answers (l-diversity with l = 2:
Machanavajjhala and others, 2007): otherwise who knows her class knows her answer. Women are counted, not rows. Of women
outside England, whom an outcome is not asked of for that reason alone, no answer is given away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from linkage.cohorts.entries import OUTSIDE_ENGLAND
from linkage.cohorts.sql import Relation, literal


@dataclass(frozen=True)
class Exposed:
    """Women in classes that are unsafe for one reason. `sensitive`: the outcome of one answer; "" for too few women.

    `without`: {column: how many would be if that column were left out}. Unrounded: not to be shown as they are.
    """

    sensitive: str
    women: int
    without: dict[str, int]


def exposed(
    con: DuckDBPyConnection, rows: Relation, columns: Sequence[str], fewest: int, sensitive: Sequence[str]
) -> list[Exposed]:
    """What speaks against giving `rows` (person_id, columns …, outcomes …) away; nothing where they are safe."""
    unsafe = {"": f"count(distinct person_id) < {fewest:d}"}
    unsafe |= {outcome: one_answer(outcome) for outcome in sensitive}
    found = [
        Exposed(
            name,
            women_in(con, rows, columns, condition),
            {left: women_in(con, rows, [c for c in columns if c != left], condition) for left in columns},
        )
        for name, condition in unsafe.items()
    ]
    return [one for one in found if one.women]


def one_answer(outcome: str) -> str:
    """SQL: has a class no two known answers, although some of it were asked?"""
    elsewhere = f"count(case when {outcome}_why_not_counted = {literal(OUTSIDE_ENGLAND)} then 1 end)"
    return f"count(distinct {outcome}) < 2 and count(*) > {elsewhere}"


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
