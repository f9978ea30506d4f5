"""Fragments of names as rule keys under a pseudonym of their own, so that they never stand beside a token.

A rule key is a compound of all its parts: of two keys nobody can say that they have a part in common. Each rule has
pseudonyms of its own: of keys of two rules nobody can say that they are one row's, so that rules held together say no
more than each alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from linkage.contracts.dataset import Dataset
from linkage.contracts.encodings import Encodings, Part
from linkage.pseudonymisation.extract import quoted
from linkage.pseudonymisation.keys import TokenKey, Tokens
from linkage.pseudonymisation.lists import Lists, as_column, lists, numbers
from linkage.pseudonymisation.rows import Block
from linkage.pseudonymisation.tokens import add, batches


@dataclass(frozen=True)
class Sealed:
    """`keys`: (block_id, rule, key). `crosswalk`: (block_id, view_id). One block_id per rule and distinct row."""

    keys: duckdb.DuckDBPyRelation
    crosswalk: duckdb.DuckDBPyRelation


def sealed(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, encodings: Encodings, view: str, token_key: TokenKey
) -> Sealed:
    """The rule keys of a view's rows, from the tables encoded_<view> and rules_<view>.

    Rows with equal tokens are one: how many records somebody has is not told, and no pair is found twice.
    """
    con.execute(f"create table keys_{view} (block_id bigint, rule varchar, key bigint)")
    con.execute(f"create table block_{view} (block_id bigint, view_id bigint)")
    for block in batches(con, f"from rules_{view} join ({distinct_rows(con, view)}) using (view_id)"):
        view_ids = numbers(block.column("stands_for"))
        for rule in rules(dataset, encodings, view):
            ids = token_key.for_block_id(encodings.version, view, dataset.name, rule)
            add_keys(con, view, rule, view_ids, ids.tokens(view_ids), lists(block.column(rule)))
    return Sealed(
        keys=con.sql(f"select distinct block_id, rule, key from keys_{view} order by all"),
        crosswalk=con.sql(f"select distinct block_id, view_id from block_{view} order by all"),
    )


def rule_keys(block: Block, dataset: Dataset, encodings: Encodings, view: str, token_key: TokenKey) -> pa.Table:
    """(view_id, a list of keys per rule): one row per row of a block, under the smallest of its records' pseudonyms."""
    ids = block.view_ids(view)
    keys = {
        rule: as_column(block.compound(parts, token_key.for_rule(encodings.version, view, rule)), many=True)
        for rule, parts in rules(dataset, encodings, view).items()
    }
    return pa.table({"view_id": np.minimum.reduceat(ids.values, ids.starts)} | keys)


def rules(dataset: Dataset, encodings: Encodings, view: str) -> dict[str, tuple[Part, ...]]:
    """{rule: its parts} of the rules of a view for which a dataset has what it takes."""
    return {rule: parts for rule, parts in encodings.views[view].sealed_blocking.items() if can_fill(dataset, parts)}


def add_keys(
    con: duckdb.DuckDBPyConnection, view: str, rule: str, view_ids: Tokens, block_ids: Tokens, found: Lists
) -> None:
    """Add the keys of one rule to keys_<view>, and whose pseudonyms they stand under to block_<view>."""
    keys = {
        "block_id": np.repeat(block_ids, found.lengths),
        "rule": pa.repeat(rule, len(found.values)),
        "key": found.values,
    }
    add(con, pa.table(keys), f"keys_{view}")
    there = found.lengths > 0
    add(con, pa.table({"block_id": block_ids[there], "view_id": view_ids[there]}), f"block_{view}")


def can_fill(dataset: Dataset, parts: Sequence[Part]) -> bool:
    """Has a dataset an identifier for every part?"""
    return all(dataset.identifiers.keys() & part for part in parts)


def distinct_rows(con: duckdb.DuckDBPyConnection, view: str) -> str:
    """SQL: (view_id, stands_for): each row with rule keys, and the smallest view_id among those with its tokens."""
    tokens = [quoted(name) for name in con.table(f"encoded_{view}").columns if name != "view_id"]
    return f"""select unnest(list(view_id)) as view_id, min(view_id) as stands_for
        from encoded_{view} semi join rules_{view} using (view_id) group by {", ".join(tokens)}"""
