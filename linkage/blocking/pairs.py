"""From rule keys to pairs, and from pairs of blocking pseudonyms to pairs of rows."""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb

# A key that more rows share says little of two of them, and its pairs grow with the square.
LARGEST_BLOCK = 500


@dataclass(frozen=True)
class Candidates:
    """`pairs`: (block_id_l, block_id_r, rule), a row per pair with a key in common, sorted; which rule made it, where
    that may be told, else null. `left_out`: keys too common. `by_rule`: {rule: its pairs}.

    A pseudonym is of one rule, so no pair is of two.
    """

    pairs: duckdb.DuckDBPyRelation
    left_out: int
    by_rule: dict[str, int]


def candidates(
    con: duckdb.DuckDBPyConnection,
    keys: Mapping[str, duckdb.DuckDBPyRelation],
    known: Collection[str] = (),
    told: Collection[str] = (),
) -> Candidates:
    """The pairs of an empty connection's `keys`: {dataset: (block_id, rule, key)}.

    Two rows of datasets in `known`, which an earlier view has compared with each other, are no pair. `told`: the rules
    of which whoever scores may know that they made a pair.
    """
    named = [
        rows.project(f"block_id, rule, key, {str(dataset in known).lower()} as known")
        for dataset, rows in sorted(keys.items())
    ]
    functools.reduce(lambda above, below: above.union(below), named).to_table("sealed")
    con.execute(
        f"""
        create table sizes as
        select rule, key, count(*) between 2 and {LARGEST_BLOCK} as wanted from sealed group by all having count(*) > 1
        """
    )
    con.execute(
        """
        create table made as
        select distinct rule, l.block_id as block_id_l, r.block_id as block_id_r
        from sizes join sealed l using (rule, key) join sealed r using (rule, key)
        where wanted and l.block_id < r.block_id and not (l.known and r.known)
        """
    )
    left_out = con.execute("select count(*) from sizes where not wanted").fetchall()[0][0]
    by_rule = con.execute("select rule, count(*) from made group by 1 order by 1").fetchall()
    pairs = con.sql(
        "select distinct block_id_l, block_id_r, case when rule in (select unnest($told)) then rule end as rule"
        " from made order by all",
        params={"told": sorted(told)},
    )
    return Candidates(pairs, int(left_out), dict(by_rule))


def opened(
    con: duckdb.DuckDBPyConnection,
    pairs: duckdb.DuckDBPyRelation,
    crosswalks: Mapping[str, duckdb.DuckDBPyRelation],
) -> duckdb.DuckDBPyRelation:
    """(view_id_l, view_id_r, rules): the same pairs by the rows they stand for, each once, l < r, sorted.

    `rules`: those that made it and may be told. `crosswalks`: {dataset: (block_id, view_id)}.
    """
    functools.reduce(lambda above, below: above.union(below), crosswalks.values()).to_table("row_of")
    return con.sql(
        """
        select
            least(l.view_id, r.view_id) as view_id_l, greatest(l.view_id, r.view_id) as view_id_r,
            list(distinct rule order by rule) filter (rule is not null) as rules
        from pairs
        join row_of l on l.block_id = block_id_l
        join row_of r on r.block_id = block_id_r
        group by 1, 2
        order by 1, 2
        """
    )
