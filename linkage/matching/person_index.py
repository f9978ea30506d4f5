"""From scored pairs to people.

The first view makes clusters: records joined by a chain of pairs at or above a threshold. A later view sees less of a
record (initials, say), so it never merges two people an earlier view holds apart: its new records are clustered among
themselves, and each such group joins at most one earlier person, the one it is probably, when it is so against all
others it could be.
"""

import functools
from collections.abc import Mapping

import duckdb
import pyarrow as pa
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold

# From strict to loose: what a stricter one joined stays joined.
THRESHOLDS: dict[str, float] = {"high": 0.99, "medium": 0.95, "low": 0.80}


def edges(
    con: duckdb.DuckDBPyConnection,
    pairs: Mapping[str, duckdb.DuckDBPyRelation],
    crosswalks: Mapping[str, Mapping[str, duckdb.DuckDBPyRelation]],
) -> duckdb.DuckDBPyRelation:
    """(dataset_l, record_id_l, dataset_r, record_id_r, view, match_weight, match_probability): one row per scored pair.

    `pairs` by view, `crosswalks` (view_id, record_id) by view and dataset.
    """
    of_views = [by_record(con, name, scored, stacked(crosswalks[name])) for name, scored in pairs.items()]
    every = functools.reduce(lambda above, below: above.union(below), of_views)
    return every.order("dataset_l, record_id_l, dataset_r, record_id_r, view")


def stacked(crosswalk: Mapping[str, duckdb.DuckDBPyRelation]) -> duckdb.DuckDBPyRelation:
    """(dataset, view_id, record_id): one row per record seen in one view."""
    named = [rows.project(f"'{dataset}' as dataset, view_id, record_id") for dataset, rows in sorted(crosswalk.items())]
    return functools.reduce(lambda above, below: above.union(below), named)


def records(crosswalks: Mapping[str, Mapping[str, duckdb.DuckDBPyRelation]]) -> duckdb.DuckDBPyRelation:
    """(dataset, record_id): one row per record seen in any view."""
    every = [stacked(crosswalk).project("dataset, record_id") for crosswalk in crosswalks.values()]
    return functools.reduce(lambda above, below: above.union(below), every).distinct()


def by_record(
    con: duckdb.DuckDBPyConnection, view: str, pairs: duckdb.DuckDBPyRelation, crosswalk: duckdb.DuckDBPyRelation
) -> duckdb.DuckDBPyRelation:
    """The pairs of one view by record_id. The view's name is written in: one parameter cannot have two values."""
    return con.sql(
        f"""
        select
            p.dataset_l, l.record_id as record_id_l, p.dataset_r, r.record_id as record_id_r,
            '{view}' as view, p.match_weight, p.match_probability
        from pairs p
        join crosswalk l on l.dataset = p.dataset_l and l.view_id = p.view_id_l
        join crosswalk r on r.dataset = p.dataset_r and r.view_id = p.view_id_r
        """
    )


def clusters(
    records: duckdb.DuckDBPyRelation, edges: duckdb.DuckDBPyRelation, views: Mapping[str, Mapping[str, bool]]
) -> pa.Table:
    """(dataset, record_id, cluster_high, cluster_medium, cluster_low): one row per record, linked or not.

    `records` (dataset, record_id) is every record there is; `views` says, in order, which datasets each view compares
    and whether an earlier one did (profiles.compared). A cluster is a number of this run and no other; whose it is says
    person_ids. A looser threshold only joins clusters.
    """
    with duckdb.connect() as con:
        con.register("records", records.to_arrow_table())
        con.register("scored", edges.to_arrow_table())
        con.execute(
            "create table node as select row_number() over (order by dataset, record_id) as node, * from records"
        )
        con.execute(
            """
            create table edge as
            with pair as (
                select view, l.node as node_l, r.node as node_r, match_weight, match_probability
                from scored
                join node l on l.dataset = dataset_l and l.record_id = record_id_l
                join node r on r.dataset = dataset_r and r.record_id = record_id_r
            )
            from pair union all by name select node_l as node_r, node_r as node_l, * exclude (node_l, node_r) from pair
            """
        )
        con.execute("create table placed (view varchar, node bigint, anchor bigint)")
        for name, threshold in THRESHOLDS.items():
            con.execute("create or replace table member as select node, node as person from node")
            for view, known in views.items():
                add_view(con, view, [dataset for dataset, was in known.items() if not was], threshold)
            con.execute(f"create table {name} as select node, person as cluster_{name} from member")
        joined = " ".join(f"join {name} using (node)" for name in THRESHOLDS)
        labels = ", ".join(f"cluster_{name}" for name in THRESHOLDS)
        return con.sql(
            f"select dataset, record_id, {labels} from node {joined} order by dataset, record_id"
        ).to_arrow_table()


def add_view(con: duckdb.DuckDBPyConnection, view: str, new: list[str], threshold: float) -> None:
    """Give each record of the view's new datasets its person: an earlier one, or its group among themselves.

    Who joined somebody at a stricter threshold stays with her, and speaks for her here.
    """
    con.execute(
        """
        update member set person = anchored.person
        from placed join member anchored on anchored.node = anchor
        where placed.view = $view and placed.node = member.node
        """,
        {"view": view},
    )
    con.execute(
        """
        create or replace temp table arrived as
        select node from node where list_contains($new, dataset) and node not in (select node from placed)
        """,
        {"new": new},
    )
    con.execute(
        """
        create or replace temp table close as
        select node_l, node_r from edge
        where view = $view and match_probability >= $threshold and node_l < node_r
        and node_l in (from arrived) and node_r in (from arrived)
        """,
        {"view": view, "threshold": threshold},
    )
    groups = cluster_pairwise_predictions_at_threshold("arrived", "close", DuckDBAPI(con), "node").physical_name
    con.execute(f"create or replace temp table grouped as select node, cluster_id as group_id from {groups}")
    con.execute(
        """
        create or replace temp table joined as
        with candidate as (
            select group_id, m.person, power(2, max(match_weight)) as odds
            from edge
            join grouped g on g.node = node_l
            join member m on m.node = node_r
            where view = $view and m.node not in (from arrived)
            group by group_id, m.person
        )
        select group_id, person from candidate
        qualify odds / (1 + sum(odds) over (partition by group_id)) >= $threshold
        """,
        {"view": view, "threshold": threshold},
    )
    con.execute(
        """
        update member set person = coalesce(joined.person, group_id)
        from grouped left join joined using (group_id) where grouped.node = member.node
        """
    )
    con.execute(
        "insert into placed select $view, node, person from grouped join joined using (group_id)", {"view": view}
    )
