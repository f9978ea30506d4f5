"""Person ids that last: who keeps her id from one run to the next, and what happened to each id.

An id belongs to a woman as we know her, not to a set of records. When records come, go or are linked otherwise, her id
stays where most of its records are; whoever is not touched keeps hers. Ids follow the medium threshold. They hold on to
`record_id`, which outlives keys and epochs, so a new epoch changes nothing here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from linkage.errors import LinkError
from linkage.matching.person_index import THRESHOLDS

DEFAULT = "medium"
KEPT, NEW, MERGED, SPLIT, RETIRED = "kept", "new", "merged", "split", "retired"
REASONS = {
    KEPT: "most of the records that had it are together, and more of these than of any other id",
    NEW: "none of these records was there before",
    MERGED: "its records are now with those of another id, which had more of them or was there first",
    SPLIT: "these records had an id that stayed with the larger part",
    RETIRED: "none of its records is there any more",
}


@dataclass(frozen=True)
class Named:
    """`index`: (dataset, record_id, person_id), one row per record, sorted.

    `events`: (person_id, what, other_id, records_before, records), one row per id that is or was: `other_id` is the id
    it was merged into, or split from.
    """

    index: pa.Table
    events: pa.Table

    def counts(self) -> dict[str, int]:
        """{what: how many ids}."""
        said = self.events["what"].to_pylist()
        return {what: said.count(what) for what in REASONS}


def named(
    con: duckdb.DuckDBPyConnection,
    clusters: duckdb.DuckDBPyRelation,
    before: duckdb.DuckDBPyRelation,
    used: duckdb.DuckDBPyRelation,
) -> Named:
    """Give each cluster its person id.

    `clusters` (dataset, record_id, cluster), one row per record; `before` (dataset, record_id, person_id), as it was
    last; `used` (person_id), every id there ever was: none is given to somebody else.
    An id goes to the cluster with most of the records that had it, and a cluster keeps, of the ids that went to it, the
    one with most of its records; between equals the cluster with the first record, and the smaller id. Every other
    cluster has a new id, a 60-bit hash over its records. Raises LinkError where two people would have one id.
    """
    con.execute("create or replace temp table holding as from clusters")
    con.execute("create or replace temp table had as from before")
    con.execute("create or replace temp table spent as select distinct person_id from used")
    con.execute(
        """
        create or replace temp table first_record as
        select cluster, min(dataset || ' ' || record_id) as first_record, count(*) as records
        from holding group by cluster
        """
    )
    con.execute(
        """
        create or replace temp table shared as
        select cluster, person_id, count(*) as n, any_value(first_record) as first_record
        from holding join had using (dataset, record_id) join first_record using (cluster)
        group by cluster, person_id
        """
    )
    con.execute(
        """
        create or replace temp table went as
        from shared qualify row_number() over (partition by person_id order by n desc, first_record) = 1
        """
    )
    con.execute(
        """
        create or replace temp table winner as
        select cluster, person_id from went
        qualify row_number() over (partition by cluster order by n desc, person_id) = 1
        """
    )
    con.execute(f"create or replace temp table given as {given()}")
    if con.execute("select count(*) - count(distinct person_id) from given").fetchall()[0][0]:
        raise LinkError("Two people would have one person id: the hash is too short for so many. Report it.")
    return Named(
        index=con.sql(
            "select dataset, record_id, person_id from holding join given using (cluster) order by all"
        ).to_arrow_table(),
        events=con.sql(events()).to_arrow_table(),
    )


def given() -> str:
    """SQL: (cluster, person_id, is_new): one row per cluster. A hash that is spent already is hashed again."""
    return """
        with recursive tried as (
            select cluster, 0 as turn,
                sha256(string_agg(dataset || ' ' || record_id, ',' order by dataset, record_id)) as hash
            from holding where cluster not in (select cluster from winner) group by cluster
            union all
            select cluster, turn + 1, sha256(hash) from tried
            where cast('0x' || hash[1:15] as bigint) in (select person_id from spent)
        )
        select cluster, person_id, false as is_new from winner
        union all
        select cluster, cast('0x' || arg_max(hash, turn)[1:15] as bigint), true from tried group by cluster
    """


def events() -> str:
    """SQL: what happened to each id."""
    return f"""
        with was as (select person_id, count(*) as records_before from had group by person_id),
        origin as (
            select cluster, person_id as other_id
            from shared qualify row_number() over (partition by cluster order by n desc, person_id) = 1
        )
        select g.person_id,
            case when not g.is_new then '{KEPT}' when other_id is null then '{NEW}' else '{SPLIT}' end as what,
            case when g.is_new then other_id end as other_id, coalesce(records_before, 0) as records_before, f.records
        from given g join first_record f using (cluster)
        left join origin o using (cluster) left join was on was.person_id = g.person_id
        union all
        select was.person_id, if(w.cluster is null, '{RETIRED}', '{MERGED}'), g.person_id, records_before, 0
        from was left join went w on w.person_id = was.person_id left join given g on g.cluster = w.cluster
        where was.person_id not in (select person_id from winner)
        order by all
    """


def person_index(
    con: duckdb.DuckDBPyConnection,
    clusters: duckdb.DuckDBPyRelation,
    before: duckdb.DuckDBPyRelation,
    used: duckdb.DuckDBPyRelation,
) -> tuple[pa.Table, Named]:
    """(dataset, record_id, person_id_high, person_id_medium, person_id_low), one row per record, and the medium ids.

    `clusters` (dataset, record_id, cluster_high, cluster_medium, cluster_low). A stricter threshold tears people apart
    and a looser one joins them: there an id stays with most of its records too, so that she has one id at all three
    unless they differ about her.
    """
    lasting = named(con, of_threshold(clusters, DEFAULT), before, used)
    medium = con.from_arrow(lasting.index)
    found = {DEFAULT: medium}
    for threshold in set(THRESHOLDS) - {DEFAULT}:
        ids = named(con, of_threshold(clusters, threshold), medium, used.union(medium.project("person_id")))
        found[threshold] = con.from_arrow(ids.index)
    columns = ", ".join(f"{name}.person_id as person_id_{name}" for name in THRESHOLDS)
    high, low = found["high"], found["low"]  # noqa: F841  the query reads them by name
    return con.sql(
        f"""
        select dataset, record_id, {columns}
        from high join medium using (dataset, record_id) join low using (dataset, record_id) order by all
        """
    ).to_arrow_table(), lasting


def of_threshold(clusters: duckdb.DuckDBPyRelation, threshold: str) -> duckdb.DuckDBPyRelation:
    """(dataset, record_id, cluster): the clusters of one threshold."""
    return clusters.project(f"dataset, record_id, cluster_{threshold} as cluster")


def crosswalk(
    con: duckdb.DuckDBPyConnection, earlier: duckdb.DuckDBPyRelation, later: duckdb.DuckDBPyRelation
) -> duckdb.DuckDBPyRelation:
    """(person_id_earlier, person_id_later, records): the records that two ids share; null where one has none there."""
    return con.sql(
        """
        select e.person_id as person_id_earlier, l.person_id as person_id_later, count(*) as records
        from earlier e full join later l on e.dataset = l.dataset and e.record_id = l.record_id
        group by all order by all
        """
    )


def nobody(con: duckdb.DuckDBPyConnection) -> Mapping[str, duckdb.DuckDBPyRelation]:
    """`before` and `used` of a first run."""
    return {
        "before": con.sql("select '' as dataset, 0::bigint as record_id, 0::bigint as person_id limit 0"),
        "used": con.sql("select 0::bigint as person_id limit 0"),
    }
