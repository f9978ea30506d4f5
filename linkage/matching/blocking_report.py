"""Which pairs the rules of a view make, and how many true pairs they find: known before anything is trained or scored.

Recall needs no labels. Two records with one person number are one person, whatever else they say; so the share of such
pairs that a rule without that number finds is an estimate of the share it finds of all true pairs. It is one of people
who have numbers in two records: those who have none may be harder to find.
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from linkage.contracts.encodings import View
from linkage.errors import LinkError
from linkage.matching.model import one_row
from linkage.matching.score import register_candidates
from linkage.matching.settings import agreement, connection, fillable

SEALED = "sealed blocking"


@dataclass(frozen=True)
class Rule:
    """What one rule does. `pairs` it makes, `alone` those of them that no other rule makes.

    `near_certain`: pairs of profiles that agree on a person number which is no part of the rule; `found`: those of them
    that it makes.
    """

    rule: str
    pairs: int
    alone: int
    near_certain: int
    found: int

    @property
    def recall(self) -> float | None:
        """The share of near-certain pairs found, 0 to 1; None where there is none."""
        return self.found / self.near_certain if self.near_certain else None


@dataclass(frozen=True)
class Blocking:
    """A view's rules, sealed blocking last where there is any; and `together`: all rules without a person number.

    `profiles`: different records; `pairs`: different pairs that any rule makes.
    """

    profiles: int
    pairs: int
    rules: tuple[Rule, ...]
    together: Rule

    def as_facts(self) -> dict[str, Any]:
        """For the quality report: no record, no token."""
        return {
            "profiles": self.profiles,
            "pairs": self.pairs,
            "pairs_per_record": self.pairs / self.profiles,
            "rules": [one.__dict__ | {"recall": one.recall} for one in self.rules],
            "recall": self.together.recall,
            "near_certain": self.together.near_certain,
        }


def blocking(profiles: pa.Table, view: View, name: str, candidates: pa.Table | None = None) -> Blocking:
    """The report on one view. `candidates` (view_id_l, view_id_r): what sealed blocking found, where it was done.

    Raises LinkError where the rules would make more pairs than the linkage schema allows; then none was made.
    """
    view, _ = fillable(view, profiles)
    with connection(profiles) as con:
        check_ceiling(con, view, name)
        register_candidates(con, candidates)
        con.execute(f"create table blocked as {blocked(view)}")
        con.execute(f"create table near_certain as {near_certain(view)}")
        con.execute("create table lonely as select any_value(rule) as rule from blocked group by one, other "
                    "having count(*) = 1")  # fmt: skip
        named = {" + ".join(columns): (n, columns) for n, columns in enumerate(view.block_on)}
        if candidates is not None:
            named[SEALED] = (len(view.block_on), ())
        rules = tuple(one_rule(con, view, said, n, columns) for said, (n, columns) in named.items())
        [pairs] = one_row(con, "select count(*) from (select distinct one, other from blocked)")
        return Blocking(len(profiles), pairs, rules, together(con, view))


def keys(columns: tuple[str, ...], view: View) -> str:
    """SQL: (profile_id, known, columns …): a row per profile that holds them all, and member of a list."""
    taken = (f'unnest("{c}") as "{c}"' if view.tokens[c].many else f'"{c}"' for c in columns)
    held = " and ".join(f'"{c}" is not null' for c in columns)
    return f"(select profile_id, known, {', '.join(taken)} from profiles where {held})"


def pairs_on(columns: tuple[str, ...], view: View) -> str:
    """SQL: (one, other): each pair that agrees on the columns and may be compared, once."""
    same = keys(columns, view)
    return (
        f"select distinct l.profile_id as one, r.profile_id as other from {same} l join {same} r"
        f" on {agreement(columns)} and l.profile_id < r.profile_id and not (l.known and r.known)"
    )


def blocked(view: View) -> str:
    """SQL: (rule, one, other): the pairs of each rule, by its number; the last number is sealed blocking's."""
    made = [f"select {n} as rule, one, other from ({pairs_on(rule, view)})" for n, rule in enumerate(view.block_on)]
    return " union all ".join([*made, f"select {len(view.block_on)}, join_key_l, join_key_r from candidate"])


def near_certain(view: View) -> str:
    """SQL: (one, other, numbers): pairs that agree on a person number, and on which."""
    each = [f"select one, other, '{n}' as number from ({pairs_on((n,), view)})" for n in view.person_numbers]
    none = "select 0 as one, 0 as other, '' as number where false"
    return f"select one, other, list(number) as numbers from ({' union all '.join([*each, none])}) group by all"


def one_rule(con: duckdb.DuckDBPyConnection, view: View, said: str, n: int, columns: tuple[str, ...]) -> Rule:
    """What rule number `n` does, judged by the person numbers that are no part of it."""
    [pairs] = one_row(con, f"select count(*) from blocked where rule = {n}")
    [alone] = one_row(con, f"select count(*) from lonely where rule = {n}")
    others = [number for number in view.person_numbers if number not in columns]
    return Rule(said, pairs, alone, *share_found(con, others, [n]))


def together(con: duckdb.DuckDBPyConnection, view: View) -> Rule:
    """All rules in which no person number stands, sealed blocking among them."""
    without = [n for n, columns in enumerate(view.block_on) if not set(columns) & set(view.person_numbers)]
    chosen = [*without, len(view.block_on)]
    listed = ", ".join(map(str, chosen))
    [pairs] = one_row(con, f"select count(*) from (select distinct one, other from blocked where rule in ({listed}))")
    return Rule("all without a person number", pairs, pairs, *share_found(con, list(view.person_numbers), chosen))


def share_found(con: duckdb.DuckDBPyConnection, numbers: list[str], rules: list[int]) -> tuple[int, ...]:
    """How many pairs agree on one of the numbers, and how many of them one of the rules makes."""
    return one_row(
        con,
        f"""
        select count(*), count(*) filter ((one, other) in (
            select (one, other) from blocked where rule in ({", ".join(map(str, rules))})
        ))
        from near_certain where list_has_any(numbers, {numbers}::varchar[])
        """,
    )


def check_ceiling(con: duckdb.DuckDBPyConnection, view: View, name: str) -> None:
    """Raises LinkError where the rules make too many pairs. Counted by the sizes of blocks, so that none is made."""
    [profiles] = one_row(con, "select count(*) from profiles")
    made = {columns: counted(con, columns, view) / profiles for columns in view.block_on}
    if view.pairs_per_record is None or sum(made.values()) <= view.pairs_per_record.value:
        return
    worst = max(made, key=lambda columns: made[columns])
    raise LinkError(
        f"View {name}: its rules make {sum(made.values()):,.0f} pairs for each record, and the linkage schema allows "
        f"{view.pairs_per_record.value:,.0f} (views.{name}.pairs_per_record). Nothing was scored. Narrow the rule "
        f"{list(worst)}, which makes {made[worst]:,.0f} of them: add a token to it in block_on, or look for a value "
        "that many records of an extract share."
    )


def counted(con: duckdb.DuckDBPyConnection, columns: tuple[str, ...], view: View) -> int:
    """The pairs of a rule, without making them; a pair that shares two members of a list counts twice."""
    names = ", ".join(f'"{c}"' for c in columns)
    sizes = f"select count(*) as n, count(*) filter (known) as k from {keys(columns, view)} group by {names}"
    [pairs] = one_row(con, f"select coalesce(sum(n * (n - 1) // 2 - k * (k - 1) // 2), 0)::bigint from ({sizes})")
    return pairs
