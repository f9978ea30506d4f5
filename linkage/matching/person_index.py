"""From scored pairs to people.

The first view makes clusters: records joined by a chain of pairs at or above a threshold. A later view sees less of a
record (initials, say), so it never merges two people an earlier view holds apart: its new records are clustered among
themselves, and each such group joins at most one earlier person, the one it is probably, when it is so against all
others it could be.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import duckdb
import pyarrow as pa
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold

from linkage.contracts.encodings import Clusters
from linkage.matching import objections

# From strict to loose: what a stricter one joined stays joined.
THRESHOLDS: dict[str, float] = {"high": 0.99, "medium": 0.95, "low": 0.80}


@dataclass(frozen=True)
class Known:
    """What is known of pairs of records beside their scores.

    `decided` (dataset_l, record_id_l, dataset_r, record_id_r, same): decisions, which no score overrules.
    `contradicting` (the same four, bits): pairs that can hardly be one person. `limits`: when a chain is not believed.
    """

    decided: pa.Table
    contradicting: pa.Table
    limits: Clusters = field(default_factory=Clusters)

    @property
    def decisions(self) -> dict[str, int]:
        """How many decisions there are of each kind."""
        same = self.decided["same"].to_pylist()
        return {"same": same.count(True), "different": same.count(False)}


A_PAIR = [
    ("dataset_l", pa.string()),
    ("record_id_l", pa.int64()),
    ("dataset_r", pa.string()),
    ("record_id_r", pa.int64()),
]
NO_DECISION = pa.schema([*A_PAIR, ("same", pa.bool_())]).empty_table()
NO_CONTRADICTION = pa.schema([*A_PAIR, ("bits", pa.float64())]).empty_table()
NOTHING_KNOWN = Known(NO_DECISION, NO_CONTRADICTION)


def edges(
    con: duckdb.DuckDBPyConnection,
    pairs: Mapping[str, duckdb.DuckDBPyRelation],
    crosswalks: Mapping[str, Mapping[str, duckdb.DuckDBPyRelation]],
    alike: Mapping[str, duckdb.DuckDBPyRelation] = MappingProxyType({}),
) -> duckdb.DuckDBPyRelation:
    """(dataset_l, record_id_l, dataset_r, record_id_r, view, match_weight …): one row per scored pair, as scored.

    `pairs` by view, `crosswalks` (view_id, record_id) by view and dataset; `alike` (dataset, view_id, first) by
    view, where there are any: rows with the same tokens as others of their dataset, and the one scored for all.
    """
    of_views = [
        by_record(con, name, scored, steady(con, crosswalk, alike[name]) if name in alike else crosswalk)
        for name, scored in pairs.items()
        for crosswalk in [stacked(crosswalks[name])]
    ]
    every = functools.reduce(lambda above, below: above.union(below), of_views)
    return every.order("dataset_l, record_id_l, dataset_r, record_id_r, view")


def stacked(crosswalk: Mapping[str, duckdb.DuckDBPyRelation]) -> duckdb.DuckDBPyRelation:
    """(dataset, view_id, record_id): one row per record seen in one view."""
    named = [rows.project(f"'{dataset}' as dataset, view_id, record_id") for dataset, rows in sorted(crosswalk.items())]
    return functools.reduce(lambda above, below: above.union(below), named)


def steady(
    con: duckdb.DuckDBPyConnection, crosswalk: duckdb.DuckDBPyRelation, alike: duckdb.DuckDBPyRelation
) -> duckdb.DuckDBPyRelation:
    """(dataset, view_id, record_id), where the smallest record of those alike changes places with the one scored.

    Which row was scored for the others hangs on pseudonyms, and so on the key; which record stands for it must not, or
    a new epoch would take apart a doubted chain elsewhere.
    """
    return con.sql(
        """
        with row as (select c.*, first from crosswalk c left join alike using (dataset, view_id)),
        group_of as (
            select dataset, first, min(record_id) as least, any_value(record_id) filter (view_id = first) as scored
            from row where first is not null group by dataset, first
        )
        select dataset, view_id,
            case when view_id = first then least when record_id = least then scored else record_id end as record_id
        from row left join group_of using (dataset, first)
        """
    )


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
            '{view}' as view, p.* exclude (dataset_l, view_id_l, dataset_r, view_id_r)
        from pairs p
        join crosswalk l on l.dataset = p.dataset_l and l.view_id = p.view_id_l
        join crosswalk r on r.dataset = p.dataset_r and r.view_id = p.view_id_r
        """
    )


def clusters(
    records: duckdb.DuckDBPyRelation,
    edges: duckdb.DuckDBPyRelation,
    views: Mapping[str, Mapping[str, bool]],
    known: Known = NOTHING_KNOWN,
) -> pa.Table:
    """(dataset, record_id, cluster_high, cluster_medium, cluster_low): one row per record, linked or not.

    `records` (dataset, record_id) is every record there is; `views` says, in order, which datasets each view compares
    and whether an earlier one did (profiles.compared); `known`: what is known of pairs beside their scores. A cluster
    is a number of this run and no other; whose it is says person_ids. A looser threshold only joins clusters. Raises
    LinkError where decisions contradict each other.
    """
    with duckdb.connect() as con:
        make_graph(con, records, edges)
        objections.prepare(con, known.decided, known.contradicting)
        decide(con, views)
        for name, threshold in THRESHOLDS.items():
            con.execute("create or replace table member as select node, node as person from node")
            for view, compared in views.items():
                new = [dataset for dataset, was in compared.items() if not was]
                add_view(con, view, new, threshold, known.limits)
            con.execute(f"create table {name} as select node, person as cluster_{name} from member")
        joined = " ".join(f"join {name} using (node)" for name in THRESHOLDS)
        labels = ", ".join(f"cluster_{name}" for name in THRESHOLDS)
        return con.sql(
            f"select dataset, record_id, {labels} from node {joined} order by dataset, record_id"
        ).to_arrow_table()


def make_graph(
    con: duckdb.DuckDBPyConnection, records: duckdb.DuckDBPyRelation, edges: duckdb.DuckDBPyRelation
) -> None:
    """Make `node` (node, dataset, record_id) and `edge` (view, node_l, node_r, match_weight …), each pair both ways."""
    con.register("records", records.to_arrow_table())
    con.register("scored", edges.to_arrow_table())
    con.execute("create table node as select row_number() over (order by dataset, record_id) as node, * from records")
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


def decide(con: duckdb.DuckDBPyConnection, views: Mapping[str, Mapping[str, bool]]) -> None:
    """Let decisions stand in `edge` in place of scores, and in `placed` before any score is read."""
    con.execute(
        f"""
        delete from edge using against a
        where a.decided
        and a.node_l = least(edge.node_l, edge.node_r) and a.node_r = greatest(edge.node_l, edge.node_r);
        insert into edge select view, node_l, node_r, {objections.DECIDED_BITS}, 1.0
        from (from must union all select node_r, node_l from must), (select unnest({list(views)}) as view)
        """
    )
    con.execute("create table placed (view varchar, node bigint, anchor bigint)")
    place_decided(con, views)


def place_decided(con: duckdb.DuckDBPyConnection, views: Mapping[str, Mapping[str, bool]]) -> None:
    """Who is decided to be one person with somebody of an earlier view is placed with her before any score is read."""
    earlier: list[str] = []
    for view, compared in views.items():
        new = [dataset for dataset, was in compared.items() if not was]
        con.execute(
            """
            insert into placed
            select $view, n.node, min(e.node)
            from (from must union all select node_r, node_l from must) m
            join node n on n.node = m.node_l join node e on e.node = m.node_r
            where list_contains($new, n.dataset) and list_contains($earlier, e.dataset)
            group by n.node
            """,
            {"view": view, "new": new, "earlier": earlier},
        )
        earlier += new


def add_view(con: duckdb.DuckDBPyConnection, view: str, new: list[str], threshold: float, limits: Clusters) -> None:
    """Give each record of the view's new datasets its person: an earlier one, or its group among themselves.

    Who joined somebody at a stricter threshold, or is decided to be her, stays with her, and speaks for her here. What
    speaks against a group being a person is taken from the weight of their link; of two groups that are decided to be
    different people, the better one joins.
    """
    stay_placed(con, view)
    group_arrived(con, view, new, threshold)
    take_apart(con, limits)
    join_earlier(con, view, threshold)
    part_decided(con)
    con.execute(
        """
        update member set person = coalesce(joined.person, group_id)
        from grouped left join joined using (group_id) where grouped.node = member.node
        """
    )
    con.execute(
        "insert into placed select $view, node, person from grouped join joined using (group_id)", {"view": view}
    )


def stay_placed(con: duckdb.DuckDBPyConnection, view: str) -> None:
    """Give those in `placed` the person of whom they stay with."""
    con.execute(
        """
        update member set person = anchored.person
        from placed join member anchored on anchored.node = anchor
        where placed.view = $view and placed.node = member.node
        """,
        {"view": view},
    )


def group_arrived(con: duckdb.DuckDBPyConnection, view: str, new: list[str], threshold: float) -> None:
    """Make `arrived` (node) of the new datasets' other records, and `grouped` (node, group_id) of chains among them."""
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
        select node_l, node_r, match_weight from edge
        where view = $view and match_probability >= $threshold and node_l < node_r
        and node_l in (from arrived) and node_r in (from arrived)
        """,
        {"view": view, "threshold": threshold},
    )
    groups = cluster_pairwise_predictions_at_threshold("arrived", "close", DuckDBAPI(con), "node").physical_name
    con.execute(f"create or replace temp table grouped as select node, cluster_id as group_id from {groups}")


def join_earlier(con: duckdb.DuckDBPyConnection, view: str, threshold: float) -> None:
    """Make `joined` (group_id, person, odds): groups that are probably one earlier person, against all they may be."""
    con.execute(
        """
        create or replace temp table joined as
        with candidate as (
            select group_id, m.person, max(match_weight) as weight
            from edge
            join grouped g on g.node = node_l
            join member m on m.node = node_r
            where view = $view and m.node not in (from arrived)
            group by group_id, m.person
        ),
        objection as (
            select group_id, m.person, max(bits) as bits
            from (from against union all select node_r, node_l, bits, decided from against) a
            join grouped g on g.node = a.node_l join member m on m.node = a.node_r
            where m.node not in (from arrived)
            group by group_id, m.person
        ),
        weighed as (
            select group_id, person, power(2, weight - coalesce(bits, 0)) as odds
            from candidate left join objection using (group_id, person)
        )
        select group_id, person, odds from weighed
        qualify odds / (1 + sum(odds) over (partition by group_id)) >= $threshold
        """,
        {"view": view, "threshold": threshold},
    )


def part_decided(con: duckdb.DuckDBPyConnection) -> None:
    """Leave in `joined` the better one of two groups that would join one person and are decided to be different."""
    con.execute(
        """
        delete from joined where group_id in (
            select mine.group_id from joined mine join joined other using (person)
            join grouped l on l.group_id = mine.group_id join grouped r on r.group_id = other.group_id
            join against on decided and node_l = least(l.node, r.node) and node_r = greatest(l.node, r.node)
            where (other.odds, other.group_id) > (mine.odds, mine.group_id)
        )
        """
    )


def take_apart(con: duckdb.DuckDBPyConnection, limits: Clusters) -> None:
    """Build those of `grouped` anew that hold an objection, or are too large, from the links in `close`."""
    doubted = """
        select group_id from against join grouped l on l.node = node_l join grouped r using (group_id)
        where r.node = node_r
        union select group_id from grouped group by group_id having count(*) > $largest
    """
    con.execute(f"create or replace temp table doubted as {doubted}", {"largest": limits.largest})
    groups = con.execute(
        """
        select group_id, list(node order by node) from grouped join doubted using (group_id) group by 1 order by 1
        """
    ).fetchall()
    links = links_by_group(con)
    against = both_ways(con.execute("select node_l, node_r, bits from against order by all").fetchall())
    parts: dict[int, int] = {}
    for group, nodes in groups:
        parts |= objections.rebuilt(nodes, links.get(group, []), against, limits)
    if parts:
        con.register("rebuilt", pa.table({"node": list(parts), "part": list(parts.values())}))
        con.execute("update grouped set group_id = part from rebuilt where rebuilt.node = grouped.node")
        con.unregister("rebuilt")


def links_by_group(con: duckdb.DuckDBPyConnection) -> dict[int, list[tuple[int, int, float]]]:
    """{group: its links (node, node, weight)} of the groups in `doubted`."""
    found: dict[int, list[tuple[int, int, float]]] = {}
    sql = """
        select group_id, node_l, node_r, match_weight
        from close join grouped on node = node_l semi join doubted using (group_id)
    """
    for group, one, other, weight in con.execute(sql).fetchall():
        found.setdefault(group, []).append((one, other, weight))
    return found


def both_ways(pairs: Iterable[tuple[int, int, float]]) -> dict[int, dict[int, float]]:
    """{node: {node: bits}} of (node, node, bits), whichever comes first."""
    found: dict[int, dict[int, float]] = {}
    for one, other, bits in pairs:
        for a, b in ((one, other), (other, one)):
            found.setdefault(a, {})[b] = max(bits, found.get(a, {}).get(b, 0.0))
    return found
