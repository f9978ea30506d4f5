"""Which pairs of profiles are compared: those that some rule of a view makes, each with the rules that make it."""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from linkage.contracts.encodings import View
from linkage.errors import LinkError
from linkage.matching.settings import connection, fillable, one_row

# SQL: how many pairs a block makes; a pair that shares two members of a list counts twice.
PAIRS = "ifnull(len(fresh), 0) * (ifnull(len(fresh), 0) - 1) // 2 + ifnull(len(fresh), 0) * ifnull(len(known), 0)"


@dataclass(frozen=True)
class Blocked:
    """`pairs` (profile_id_l, profile_id_r, rules): one row per pair of profiles, l < r, in no order.

    Bit n of `rules` is set where rule n of `view` makes the pair, the next after the last where sealed blocking did.
    `view`: cut to what the profiles can fill. `profiles`: how many there are. `sealed`: was there sealed blocking?
    """

    view: View
    profiles: int
    pairs: pa.Table
    sealed: bool


def blocked(profiles: pa.Table, view: View, name: str, candidates: pa.Table | None = None) -> Blocked:
    """The pairs of a view called `name`. `candidates` (view_id_l, view_id_r, …): what sealed blocking found, if it was.

    Raises LinkError where the rules would make more pairs than the linkage schema allows; then none was made.
    """
    view, _ = fillable(view, profiles)
    columns = sorted({"profile_id", "known", "view_ids"}.union(*view.block_on))
    with connection(profiles.select(columns)) as con:
        fill_blocks(con, view)
        check_ceiling(con, view, name)
        con.register("given", candidates or pa.table({"view_id_l": [], "view_id_r": []}))
        pairs = con.sql(
            f"""
            select profile_id_l, profile_id_r, bit_or(rules) as rules from ({every_pair(view)}) group by all
            """
        ).to_arrow_table()
    return Blocked(view, len(profiles), pairs, candidates is not None)


def of_numbers(view: View) -> list[int]:
    """The rules that are a person number alone."""
    return [n for n, columns in enumerate(view.block_on) if len(columns) == 1 and columns[0] in view.person_numbers]


def of_others(view: View) -> list[int]:
    """The rules in which no person number stands."""
    return [n for n, columns in enumerate(view.block_on) if not set(columns) & set(view.person_numbers)]


def sealed(view: View) -> int:
    """What sealed blocking is numbered, among the rules."""
    return len(view.block_on)


def bits(rules: Iterable[int]) -> int:
    """What `rules` of a pair says of these."""
    return sum(1 << n for n in rules)


def fill_blocks(con: duckdb.DuckDBPyConnection, view: View) -> None:
    """Make `block` (rules, fresh, known): a row per block of a rule, which profiles that agree on its columns are in.

    `rules`: the bit of the rule. `known`: ids of profiles that an earlier view has compared, `fresh`: of the others;
    missing where there is none. A list agrees by sharing a member, so a profile may be in several blocks of a rule.
    Pairs are counted and made from the same blocks, so that profiles are looked through once for each rule.
    """
    con.execute("create table block (rules bigint, fresh integer[], known integer[])")
    of_rules = [
        f"""
        select {bits([n])}, list(profile_id) filter (not known), list(profile_id) filter (known)
        from {keys(columns, view)} group by {", ".join(f'"{c}"' for c in columns)} having count(*) > 1
        """
        for n, columns in enumerate(view.block_on)
    ]
    if of_rules:  # in one statement, since each has its price
        con.execute(f"insert into block {' union all '.join(of_rules)}")


def every_pair(view: View) -> str:
    """SQL: (profile_id_l, profile_id_r, rules): pairs of blocks, not of two that are known, and of sealed blocking."""
    return f"""
        select profile_id_l, profile_id_r, rules
        from (
            select rules, profile_id_l, unnest(fresh) as profile_id_r
            from (select rules, unnest(fresh) as profile_id_l, fresh from block)
        )
        where profile_id_l < profile_id_r
        union all
        select least(one, other), greatest(one, other), rules
        from (select rules, one, unnest(known) as other from (select rules, unnest(fresh) as one, known from block))
        union all {found_sealed(bits([sealed(view)]))}
    """


def keys(columns: tuple[str, ...], view: View) -> str:
    """SQL: (profile_id, known, columns …): a row per profile that holds them all, and member of a list."""
    taken = (f'unnest("{c}") as "{c}"' if view.tokens[c].many else f'"{c}"' for c in columns)
    held = " and ".join(f'"{c}" is not null' for c in columns)
    return f"(select profile_id, known, {', '.join(taken)} from profiles where {held})"


def found_sealed(bit: int) -> str:
    """SQL: the pairs of view rows in `given`, as pairs of profiles."""
    row_of = "(select unnest(view_ids) as view_id, profile_id from profiles)"
    return f"""
        select least(l.profile_id, r.profile_id), greatest(l.profile_id, r.profile_id), {bit}
        from given join {row_of} l on l.view_id = view_id_l join {row_of} r on r.view_id = view_id_r
        where l.profile_id <> r.profile_id
    """


def check_ceiling(con: duckdb.DuckDBPyConnection, view: View, name: str) -> None:
    """Raises LinkError where the rules make too many pairs. Counted by the sizes of blocks, so that none is made."""
    [profiles] = one_row(con, "select count(*) from profiles")
    found = dict(con.execute(f"select rules, sum({PAIRS})::bigint from block group by rules").fetchall())
    made = {columns: found.get(bits([n]), 0) / profiles for n, columns in enumerate(view.block_on)}
    if view.pairs_per_record is None or sum(made.values()) <= view.pairs_per_record.value:
        return
    worst = max(made, key=lambda columns: made[columns])
    raise LinkError(
        f"View {name}: its rules make {sum(made.values()):,.0f} pairs for each record, and the linkage schema allows "
        f"{view.pairs_per_record.value:,.0f} (views.{name}.pairs_per_record). Nothing was scored. Narrow the rule "
        f"{list(worst)}, which makes {made[worst]:,.0f} of them: add a token to it in block_on, or look for a value "
        "that many records of an extract share."
    )
