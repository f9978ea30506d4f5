"""Records that say too little: even a record with the very same tokens would not be linked to them."""

import duckdb
import pyarrow as pa
from splink import DuckDBAPI

from linkage.contracts.encodings import View
from linkage.matching.model import Model
from linkage.matching.person_index import THRESHOLDS
from linkage.matching.settings import connection, fillable, linker


def unlinkable(profiles: pa.Table, view: View, model: Model) -> pa.Table:
    """(dataset, view_id): one row per view row whose match with itself is less probable than the default threshold.

    Of the datasets the view is the first to compare. The weight of a pair cannot exceed what a record has against
    itself by much, so its partner is not found even where it is there ("unlinkables" in Splink's documentation).
    """
    view, _ = fillable(view, profiles)
    with connection(profiles) as con:
        splink = linker(con, view, model.u, model.m, model.prior)
        con.execute(
            """
            create table itself as
            select 'itself' as match_key, profile_id as join_key_l, profile_id as join_key_r
            from profiles where not known
            """
        )
        splink.table_management.register_blocked_pairs_for_predict(DuckDBAPI(con).register("itself"))
        sure = splink.inference.predict(threshold_match_probability=THRESHOLDS["medium"]).physical_name
        return con.sql(
            f"""
            select dataset, unnest(view_ids) as view_id from profiles
            where not known and profile_id not in (select profile_id_l from {sure}) order by dataset, view_id
            """
        ).to_arrow_table()


def by_record(
    con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, crosswalk: duckdb.DuckDBPyRelation
) -> duckdb.DuckDBPyRelation:
    """(dataset, record_id) of `rows` (dataset, view_id). `crosswalk`: (dataset, view_id, record_id)."""
    return con.sql("select dataset, record_id from rows join crosswalk using (dataset, view_id)")
