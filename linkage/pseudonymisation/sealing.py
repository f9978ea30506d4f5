"""Fragments of names as rule keys under a pseudonym of their own, so that they never stand beside a token.

A rule key is keyed over all its parts at once: of two keys nobody can say that they have a part in common.
"""

from dataclasses import dataclass

import duckdb

from linkage.contracts.dataset import Dataset
from linkage.contracts.encodings import Derivation, Encodings
from linkage.pseudonymisation.extract import quoted
from linkage.pseudonymisation.keys import SubKey, TokenKey
from linkage.pseudonymisation.tokens import keyed

BETWEEN_PARTS = "chr(31)"  # a control sign, which no standard form holds


@dataclass(frozen=True)
class Sealed:
    """`keys`: (block_id, rule, key). `crosswalk`: (block_id, view_id). One block_id per distinct row of a view."""

    keys: duckdb.DuckDBPyRelation
    crosswalk: duckdb.DuckDBPyRelation


def fragments(kind: str, views: tuple[str, ...], encodings: Encodings) -> list[Derivation]:
    """What the sealed rules of these views take from identifiers of a kind."""
    parts = [part for view in views for rule in encodings.views[view].sealed_blocking.values() for part in rule]
    return sorted({part[kind] for part in parts if kind in part})


def sealed(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, encodings: Encodings, view: str, token_key: TokenKey
) -> Sealed:
    """The rule keys of a view's rows, which stand in the tables `known` and encoded_<view>.

    Rows with equal tokens are one: how many records somebody has is not told, and no pair is found twice.
    """
    con.execute(f"create table distinct_{view} as {distinct_rows(con, view)}")
    con.execute(f"create table block_{view} (view_id bigint, block_id bigint)")
    block_id = token_key.for_block_id(encodings.version, view, dataset.name)
    keyed(con, f"select distinct stands_for::varchar from distinct_{view}", block_id, f"block_{view}")
    con.execute(f"create table keys_{view} (block_id bigint, rule varchar, key bigint)")
    for rule, parts in encodings.views[view].sealed_blocking.items():
        if all(dataset.identifiers.keys() & part for part in parts):
            add_keys(
                con, view, rule, compounds(dataset, view, parts), token_key.for_rule(encodings.version, view, rule)
            )
    return Sealed(
        keys=con.sql(f"select block_id, rule, key from keys_{view} order by all"),
        crosswalk=con.sql(f"select block_id, view_id from block_{view} order by all"),
    )


def distinct_rows(con: duckdb.DuckDBPyConnection, view: str) -> str:
    """SQL: (view_id, stands_for): each row, and the smallest view_id among the rows with its tokens."""
    tokens = [quoted(name) for name in con.table(f"encoded_{view}").columns if name != "view_id"]
    return f"select view_id, min(view_id) over (partition by {', '.join(tokens)}) as stands_for from encoded_{view}"


def add_keys(con: duckdb.DuckDBPyConnection, view: str, rule: str, compound: str, key: SubKey) -> None:
    """Add the keys of one rule to keys_<view>. Its compounds in clear are gone when this returns."""
    con.execute(f"create table compound as {compound}")
    con.execute("create table keyed_compound (compound varchar, key bigint)")
    keyed(con, "select distinct compound from compound", key, "keyed_compound")
    con.execute(
        f"""insert into keys_{view} select distinct block_id, '{rule}', key
        from compound join keyed_compound using (compound) join block_{view} using (view_id)"""
    )
    con.execute("drop table compound")
    con.execute("drop table keyed_compound")


def compounds(dataset: Dataset, view: str, parts: tuple[dict[str, Derivation], ...]) -> str:
    """SQL: (view_id, compound): every way to fill a rule's parts from a row, said of the row that stands for it."""
    columns = sorted({c.name for part in parts for kind in part for c in dataset.identifiers.get(kind, [])})
    maps = " ".join(f"left join map_{name} on map_{name}.raw = known.{quoted(name)}" for name in columns)
    lists = ", ".join(f"{part_sql(dataset, part)} as list_{n}" for n, part in enumerate(parts))
    every_way = " ".join(f", unnest(list_{n}) as u{n}(part_{n})" for n in range(len(parts)))
    compound = ", ".join(f"part_{n}" for n in range(len(parts)))
    return f"""
        with held as (
            select stands_for as view_id, {lists}
            from known join distinct_{view} on distinct_{view}.view_id = {view}__view_id {maps}
        )
        select distinct view_id, concat_ws({BETWEEN_PARTS}, {compound}) as compound from held {every_way}
    """


def part_sql(dataset: Dataset, part: dict[str, Derivation]) -> str:
    """SQL: the list of what one part takes from every column of a row that can fill it."""
    filled = [(take, column.name) for kind, take in part.items() for column in dataset.identifiers.get(kind, [])]
    return f"flatten([{', '.join(f'coalesce(map_{name}.fragment__{take}, [])' for take, name in filled)}])"
