"""Which chains of links were doubted, why, and what became of them: for the report, and for a review."""

from typing import Any

import duckdb

LONG, DECIDED = "long", "decided to be different people"


def doubts(
    con: duckdb.DuckDBPyConnection,
    chains: duckdb.DuckDBPyRelation,
    people: duckdb.DuckDBPyRelation,
    objections: duckdb.DuckDBPyRelation,
    largest: int,
) -> duckdb.DuckDBPyRelation:
    """(chain, person_id, dataset, record_id, reasons): one row per record of a chain that something speaks against.

    `chain` is what scores alone join at the default threshold, `person_id` whom the record belongs to now; `objections`
    (dataset_l, record_id_l, dataset_r, record_id_r, reason). A chain of more than `largest` records is doubted as well.
    """
    return con.sql(
        f"""
        with reason as (
            select l.cluster_medium as chain, o.reason
            from objections o
            join chains l on l.dataset = dataset_l and l.record_id = record_id_l
            join chains r on r.dataset = dataset_r and r.record_id = record_id_r
            where l.cluster_medium = r.cluster_medium
            union
            select cluster_medium, '{LONG}' from chains group by cluster_medium having count(*) > {largest}
        ),
        reasons as (select chain, list(distinct reason order by reason) as reasons from reason group by chain)
        select chain, person_id_medium as person_id, dataset, record_id, reasons
        from reasons join chains on cluster_medium = chain join people using (dataset, record_id)
        order by chain, dataset, record_id
        """
    )


def counts(con: duckdb.DuckDBPyConnection, doubts: duckdb.DuckDBPyRelation) -> dict[str, Any]:
    """How many chains were doubted and taken apart, into how many people, in all and by reason. No record."""
    con.execute(
        """
        create or replace temp table doubted as
        select chain, any_value(reasons) as reasons, count(distinct person_id) as people from doubts group by chain
        """
    )
    figures = """
        count(*) as chains, count(*) filter (people > 1) as taken_apart,
        coalesce(sum(people) filter (people > 1), 0)::bigint as people
    """
    each = "select unnest(reasons) as reason, people from doubted"
    by_reason = con.sql(f"select reason, {figures} from ({each}) group by all order by all").to_arrow_table()
    overall = con.sql(f"select {figures} from doubted").to_arrow_table()
    return overall.to_pylist()[0] | {"by_reason": by_reason.to_pylist()}
