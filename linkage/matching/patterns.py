"""How two records agree, comparison by comparison, as somebody sees it who sees tokens only."""

from math import log2

import duckdb
import pyarrow as pa

from linkage.contracts.encodings import View
from linkage.contracts.levels import Comparison
from linkage.matching.defaults import defaults, marked
from linkage.matching.model import Model, Weight
from linkage.matching.score import check
from linkage.matching.settings import as_scored, columns_of, condition, lacking, unseen

MISSING = "missing"


def patterns(
    con: duckdb.DuckDBPyConnection,
    pairs: duckdb.DuckDBPyRelation,
    crosswalk: duckdb.DuckDBPyRelation,
    profiles: pa.Table,
    declared: View,
    model: Model,
    with_weights: bool = False,
) -> list[dict[str, object]]:
    """(pair, comparison …): one row per pair of which the view sees both records.

    A comparison says its level, such as "exact", or `missing`; `with_weights` also what the model holds that level
    worth in bits, before how common the value is: "exact (+20.9)". `pairs` (pair, dataset_l, record_id_l, dataset_r,
    record_id_r); `crosswalk` (dataset, view_id, record_id). Raises LinkError when the model is of another scheme.
    """
    view = as_scored(declared, profiles)
    check(view, model)
    profiles = marked(profiles, defaults(profiles, view))
    columns = sorted(set().union(*(columns_of(one) for one in view.comparisons.values())))
    sides = {side: ", ".join(f'{side}."{name}" as "{name}_{side}"' for name in columns) for side in "lr"}
    levels = ", ".join(f'{level_of(one, view)} as "{name}"' for name, one in view.comparisons.items())
    found = con.sql(
        f"""
        with seen as (
            select c.dataset, record_id, profiles.* exclude (dataset, view_ids)
            from (select unnest(view_ids) as view_id, * from profiles) profiles join crosswalk c using (view_id)
        ),
        side_by_side as (
            select pair, {sides["l"]}, {sides["r"]}
            from pairs
            join seen l on l.dataset = dataset_l and l.record_id = record_id_l
            join seen r on r.dataset = dataset_r and r.record_id = record_id_r
        )
        select pair, {levels} from side_by_side order by pair
        """
    ).to_arrow_table()
    words = {name: [said(level, with_weights) for level in model.comparisons[name]] for name in view.comparisons}
    return [
        {"pair": pair} | {name: MISSING if n is None else words[name][n] for name, n in row.items()}
        for pair, row in ((row.pop("pair"), row) for row in found.to_pylist())
    ]


def said(level: Weight, with_weights: bool) -> str:
    """A level in words; `with_weights`, with its bits. The sum of the bits of a pair is close to its score."""
    return f"{level.label} ({log2(level.m / level.u):+.1f})" if with_weights else level.label


def level_of(comparison: Comparison, view: View) -> str:
    """SQL: the number of the level at which a pair is, from 0; null where nothing says it."""
    *levels, last = range(len(comparison.levels))
    whens = " ".join(f"when {condition(comparison.levels[n], view)} then {n}" for n in levels)
    return f"case when {lacking(comparison)} then null {whens} when {unseen(comparison)} then null else {last} end"
