"""Fragments of names as rule keys under a pseudonym of their own, so that they never stand beside a token.

A rule key is keyed over all its parts at once: of two keys nobody can say that they have a part in common. Each rule
has pseudonyms of its own: of keys of two rules nobody can say that they are one row's, so that rules held together say
no more than each alone.
"""

from dataclasses import dataclass

import duckdb

from linkage.contracts.dataset import Dataset
from linkage.contracts.encodings import Derivation, Encodings
from linkage.pseudonymisation.extract import quoted
from linkage.pseudonymisation.keys import TokenKey
from linkage.pseudonymisation.tokens import keyed

BETWEEN_PARTS = "chr(31)"  # a control sign, which no standard form holds


@dataclass(frozen=True)
class Sealed:
    """`keys`: (block_id, rule, key). `crosswalk`: (block_id, view_id). One block_id per rule and distinct row."""

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
    con.execute(f"create table keys_{view} (block_id bigint, rule varchar, key bigint)")
    con.execute(f"create table block_{view} (view_id bigint, block_id bigint)")
    for rule, parts in encodings.views[view].sealed_blocking.items():
        if all(dataset.identifiers.keys() & part for part in parts):
            con.execute(f"create table compound as {compounds(dataset, view, parts)}")
            add_keys(con, view, rule, dataset.name, encodings.version, token_key)
            con.execute("drop table compound")
    return Sealed(
        keys=con.sql(f"select block_id, rule, key from keys_{view} order by all"),
        crosswalk=con.sql(f"select block_id, view_id from block_{view} order by all"),
    )


def add_keys(
    con: duckdb.DuckDBPyConnection, view: str, rule: str, dataset: str, version: str, token_key: TokenKey
) -> None:
    """Add what the table `compound` of one rule makes to keys_<view> and block_<view>."""
    con.execute("create table key_of (view_id bigint, key bigint)")
    con.execute("create table block_of (view_id bigint, block_id bigint)")
    keyed(con, "from compound", token_key.for_rule(version, view, rule), "key_of")
    block_id = token_key.for_block_id(version, view, dataset, rule)
    keyed(con, "select distinct view_id::varchar, view_id from compound", block_id, "block_of")
    con.execute(
        f"insert into keys_{view} select distinct block_id, '{rule}', key from key_of join block_of using (view_id)"
    )
    con.execute(f"insert into block_{view} from block_of")
    con.execute("drop table key_of")
    con.execute("drop table block_of")


def distinct_rows(con: duckdb.DuckDBPyConnection, view: str) -> str:
    """SQL: (view_id, stands_for): each row, and the smallest view_id among the rows with its tokens."""
    tokens = [quoted(name) for name in con.table(f"encoded_{view}").columns if name != "view_id"]
    return f"select view_id, min(view_id) over (partition by {', '.join(tokens)}) as stands_for from encoded_{view}"


def compounds(dataset: Dataset, view: str, parts: tuple[dict[str, Derivation], ...]) -> str:
    """SQL: (compound, view_id): every way to fill a rule's parts from the rows that one stands for."""
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
        select distinct concat_ws({BETWEEN_PARTS}, {compound}) as compound, view_id from held {every_way}
    """


def part_sql(dataset: Dataset, part: dict[str, Derivation]) -> str:
    """SQL: the list of what one part takes from every column of a row that can fill it."""
    filled = [(take, column.name) for kind, take in part.items() for column in dataset.identifiers.get(kind, [])]
    return f"flatten([{', '.join(f'coalesce(map_{name}.fragment__{take}, [])' for take, name in filled)}])"
