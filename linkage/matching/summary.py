"""The linkage in counts, for the quality report: no record, no token."""

from collections.abc import Mapping
from typing import Any

import duckdb

from linkage.matching.model import Model
from linkage.matching.person_index import THRESHOLDS

WEIGHT_STEP = 2  # bits a bar of the histogram


def summary(
    con: duckdb.DuckDBPyConnection,
    people: duckdb.DuckDBPyRelation,
    edges: duckdb.DuckDBPyRelation,
    models: Mapping[str, Model],
) -> dict[str, Any]:
    """Records, scored pairs by view, people by threshold, sizes at the default threshold, weights and models."""
    pairs = con.sql("select view, count(*) from edges group by 1 order by 1").fetchall()
    weights = con.sql(
        f"select floor(match_weight / {WEIGHT_STEP}) * {WEIGHT_STEP}, count(*) from edges group by 1 order by 1"
    ).fetchall()
    sizes = con.sql(
        "select n, count(*) from (select count(*) as n from people group by person_id_medium) group by 1 order by 1"
    ).fetchall()
    distinct = ", ".join(f"count(distinct person_id_{name})" for name in THRESHOLDS)
    records, *persons = con.sql(f"select count(*), {distinct} from people").fetchall()[0]
    return {
        "records": records,
        "profiles": sum(model.training["profiles"] for model in models.values()),
        "pairs": dict(pairs),
        "clusters": dict(zip(THRESHOLDS, persons, strict=True)),
        "cluster_sizes": [{"size": size, "clusters": clusters} for size, clusters in sizes],
        "weights": [{"weight_from": weight, "pairs": n} for weight, n in weights],
        "model": {view: comparisons(model) for view, model in models.items()},
        "notes": {view: list(model.notes) for view, model in models.items()},
    }


def comparisons(model: Model) -> dict[str, list[dict[str, Any]]]:
    """{comparison: (label, m, u) of each level}."""
    return {
        name: [{"label": weight.label, "m": weight.m, "u": weight.u} for weight in weights]
        for name, weights in model.comparisons.items()
    }
