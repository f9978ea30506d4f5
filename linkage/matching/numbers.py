"""Numbers of which a person has one: where a chain joins two different ones that no link compared, it is doubted.

The clustering task is told which rows hold the same number and never its token.
"""

import functools
from collections.abc import Collection, Mapping
from math import log2

import duckdb
import pyarrow as pa

from linkage.contracts.encodings import View
from linkage.matching.model import Model
from linkage.matching.person_index import THRESHOLDS, stacked

A_NUMBER = pa.schema(
    {
        "dataset": pa.string(),
        "view_id": pa.int64(),
        "kind": pa.string(),
        "number": pa.int64(),
        "bits": pa.float64(),
    }
)


def numbers(profiles: pa.Table, view: View, model: Model, one_each: Collection[str]) -> pa.Table:
    """(dataset, view_id, kind, number, bits): one row per row of the view and number it holds.

    `kind` is the comparison; `number` counts its different values from 1, in an order that says nothing of them; `bits`
    is what the model says it is worth against two rows being one person that theirs differ.
    """
    kinds = [kind for kind in one_each if kind in view.comparisons and kind in model.comparisons]
    columns = {kind: view.comparisons[kind].needs[0] for kind in kinds}
    with duckdb.connect() as con:
        con.register("profiles", profiles)
        found = [
            con.sql(of_kind(kind, column, against(model, kind))).to_arrow_table() for kind, column in columns.items()
        ]
    return pa.concat_tables([A_NUMBER.empty_table(), *found])


def of_kind(kind: str, column: str, bits: float) -> str:
    """SQL: the same of one comparison."""
    return f"""
        with number as (
            select "{column}" as token, row_number() over (order by min(profile_id)) as number
            from profiles where token is not null group by token
        )
        select dataset, unnest(view_ids) as view_id, '{kind}' as kind, number, cast({bits} as double) as bits
        from profiles join number on token = "{column}"
    """


def alike(profiles: pa.Table) -> pa.Table:
    """(dataset, view_id, first): one row per row with the same tokens as others of its dataset; `first` was scored."""
    with duckdb.connect() as con:
        con.register("profiles", profiles)
        return con.sql(
            "select dataset, unnest(view_ids) as view_id, view_ids[1] as first from profiles where len(view_ids) > 1"
        ).to_arrow_table()


def against(model: Model, kind: str) -> float:
    """Bits that a difference is worth against two rows being one person; never less than none."""
    weight = model.comparisons[kind][-1]
    return max(-log2(weight.m / weight.u), 0.0)


def held(
    con: duckdb.DuckDBPyConnection,
    numbers: Mapping[str, duckdb.DuckDBPyRelation],
    crosswalks: Mapping[str, Mapping[str, duckdb.DuckDBPyRelation]],
) -> duckdb.DuckDBPyRelation:
    """(view, kind, number, bits, dataset, record_id): one row per record and number it holds; `numbers` by view."""
    of_views = [by_record(con, view, rows, stacked(crosswalks[view])) for view, rows in numbers.items()]
    return functools.reduce(lambda above, below: above.union(below), of_views)


def by_record(
    con: duckdb.DuckDBPyConnection, view: str, rows: duckdb.DuckDBPyRelation, crosswalk: duckdb.DuckDBPyRelation
) -> duckdb.DuckDBPyRelation:
    """The same of one view."""
    return con.sql(f"select '{view}' as view, rows.*, record_id from rows join crosswalk using (dataset, view_id)")


def differing(
    con: duckdb.DuckDBPyConnection,
    held: duckdb.DuckDBPyRelation,
    chains: duckdb.DuckDBPyRelation,
    edges: duckdb.DuckDBPyRelation,
    largest: int,
) -> pa.Table:
    """(dataset_l, record_id_l, dataset_r, record_id_r, bits, reason): records of one chain that hold different numbers.

    `chains` (dataset, record_id, cluster_low …). Two numbers that a link of the loosest threshold compared are left
    out, since its weight knows that they differ; so are chains of more than `largest` records, doubted for that anyway.
    """
    holding = held.to_arrow_table()  # noqa: F841  the query reads it by name, three times
    return con.sql(
        f"""
        with short as (select cluster_low from chains group by cluster_low having count(*) <= {largest}),
        placed as (
            select h.*, cluster_low as chain from holding h join chains using (dataset, record_id) semi join short
            using (cluster_low)
        ),
        compared as (
            select distinct e.view, l.kind, least(l.number, r.number) as one, greatest(l.number, r.number) as other
            from edges e
            join holding l on l.view = e.view and l.dataset = dataset_l and l.record_id = record_id_l
            join holding r
              on r.view = e.view and r.dataset = dataset_r and r.record_id = record_id_r and r.kind = l.kind
            where r.number <> l.number and match_probability >= {min(THRESHOLDS.values())}
        )
        select l.dataset as dataset_l, l.record_id as record_id_l, r.dataset as dataset_r, r.record_id as record_id_r,
            l.bits, 'different ' || l.kind as reason
        from placed l
        join placed r on r.chain = l.chain and r.view = l.view and r.kind = l.kind and r.number > l.number
        anti join compared c on c.view = l.view and c.kind = l.kind and c.one = l.number and c.other = r.number
        order by all
        """
    ).to_arrow_table()
