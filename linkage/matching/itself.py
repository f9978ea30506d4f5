"""What a profile weighs against itself: how surely two rows with the very same tokens are one person.

It is the most that any row can be worth to it. It hangs on which tokens the profile has and on how common some of them
are, so of the many profiles that are alike in this only one is compared, and stands in for the others.
"""

from collections.abc import Collection

import duckdb
import pyarrow as pa

from linkage.contracts.encodings import View
from linkage.matching.person_index import THRESHOLDS


def stand_ins(con: duckdb.DuckDBPyConnection, view: View, rare: Collection[str]) -> None:
    """Make `alike` (profile_id, stand_in): a row per profile, and the first that weighs as much against itself.

    `rare`: tokens whose share of profiles, in `frequency_<token>`, is part of a weight.
    """
    levels = [level for comparison in view.comparisons.values() for level in comparison.levels]
    said = [f'"{name}" is not null' for name in sorted(view.looked_at)]
    said += ['"{}" is not distinct from "{}"'.format(*level.swapped) for level in levels if level.swapped]
    said += [f'"tf_{name}"' for name in rare]
    joined = " ".join(f'left join "frequency_{name}" using ("{name}")' for name in rare)
    con.execute(
        f"""
        create table alike as
        select unnest(profile_ids) as profile_id, stand_in
        from (
            select list(profile_id) as profile_ids, min(profile_id) as stand_in
            from profiles {joined} group by {", ".join(said)}
        )
        """
    )


def unlinkable(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """(dataset, view_id): one row per view row whose match with itself is less probable than the default threshold.

    Of the datasets the view is the first to compare. The weight of a pair cannot exceed what a record has against
    itself by much, so its partner is not found even where it is there ("unlinkables" in Splink's documentation).
    """
    return con.sql(
        f"""
        select dataset, unnest(view_ids) as view_id
        from seen join alike using (profile_id) left join itself using (stand_in)
        where not known and coalesce(match_probability, 0) < {THRESHOLDS["medium"]} order by dataset, view_id
        """
    ).to_arrow_table()


def by_record(
    con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, crosswalk: duckdb.DuckDBPyRelation
) -> duckdb.DuckDBPyRelation:
    """(dataset, record_id) of `rows` (dataset, view_id). `crosswalk`: (dataset, view_id, record_id)."""
    return con.sql("select dataset, record_id from rows join crosswalk using (dataset, view_id)")
