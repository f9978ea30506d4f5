"""Fragments of names as rule keys under a pseudonym of their own, so that they never stand beside a token.

A rule key is a compound of all its parts: of two keys nobody can say that they have a part in common. Each rule has
pseudonyms of its own: of keys of two rules nobody can say that they are one row's, so that rules held together say no
more than each alone.
"""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from linkage.contracts.dataset import Dataset
from linkage.contracts.encodings import Encodings
from linkage.pseudonymisation.compounds import add_compounds, can_fill, numbers
from linkage.pseudonymisation.extract import quoted
from linkage.pseudonymisation.keys import TokenKey
from linkage.pseudonymisation.tokens import add, batches


@dataclass(frozen=True)
class Sealed:
    """`keys`: (block_id, rule, key). `crosswalk`: (block_id, view_id). One block_id per rule and distinct row."""

    keys: duckdb.DuckDBPyRelation
    crosswalk: duckdb.DuckDBPyRelation


def sealed(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, encodings: Encodings, view: str, token_key: TokenKey
) -> Sealed:
    """The rule keys of a view's rows, which stand in the tables `known` and encoded_<view>.

    Rows with equal tokens are one: how many records somebody has is not told, and no pair is found twice.
    """
    con.execute(f"create table distinct_{view} as {distinct_rows(con, view)}")
    con.execute(f"create table keys_{view} (block_id bigint, rule varchar, key bigint)")
    con.execute(f"create table block_{view} (view_id bigint, block_id bigint)")
    rows = f"(select stands_for as id, known.* from known join distinct_{view} on view_id = {view}__view_id)"
    for rule, parts in encodings.views[view].sealed_blocking.items():
        if can_fill(dataset, parts):
            add_compounds(con, dataset, rows, parts, token_key.for_rule(encodings.version, view, rule), "key_of")
            add_block_ids(con, view, rule, dataset.name, encodings.version, token_key)
    return Sealed(
        keys=con.sql(f"select block_id, rule, key from keys_{view} order by all"),
        crosswalk=con.sql(f"select block_id, view_id from block_{view} order by all"),
    )


def add_block_ids(
    con: duckdb.DuckDBPyConnection, view: str, rule: str, dataset: str, version: str, token_key: TokenKey
) -> None:
    """Add the keys of one rule, in the table `key_of`, to keys_<view>, and the pseudonyms they get to block_<view>."""
    key = token_key.for_block_id(version, view, dataset, rule)
    add(con, pa.table({"view_id": pa.array([], pa.int64()), "block_id": pa.array([], pa.int64())}), "block_of")
    for block in batches(con, "select distinct id from key_of"):
        add(con, pa.table({"view_id": block.column(0), "block_id": key.tokens(numbers(block.column(0)))}), "block_of")
    con.execute(
        f"""insert into keys_{view}
        select distinct block_id, '{rule}', token from key_of join block_of on view_id = id"""
    )
    con.execute(f"insert into block_{view} from block_of")
    con.execute("drop table key_of")
    con.execute("drop table block_of")


def distinct_rows(con: duckdb.DuckDBPyConnection, view: str) -> str:
    """SQL: (view_id, stands_for): each row, and the smallest view_id among the rows with its tokens."""
    tokens = [quoted(name) for name in con.table(f"encoded_{view}").columns if name != "view_id"]
    return f"select view_id, min(view_id) over (partition by {', '.join(tokens)}) as stands_for from encoded_{view}"
