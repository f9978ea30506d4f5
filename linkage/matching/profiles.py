"""Rows that say the same become one profile, so that a prolific person is compared once and not dozens of times."""

import functools
from collections.abc import Collection, Mapping

import duckdb
import pyarrow as pa

from linkage.contracts.dataset import Dataset
from linkage.contracts.encodings import Encodings, View
from linkage.errors import LinkError


def compared(encodings: Encodings, datasets: Mapping[str, Dataset], view: str) -> dict[str, bool]:
    """{dataset: was it compared in an earlier view?} for the datasets a view compares; {} when it compares none.

    Two datasets that an earlier view has compared are not compared again; where the view declares `against`, datasets
    of another coverage that were seen before stay out of it.
    """
    names = list(encodings.views)
    earlier = names[: names.index(view)]
    seen = {name: [v for v in names if encodings.seen(frozenset(d.identifiers), v)] for name, d in datasets.items()}
    known = {name: bool(set(views) & set(earlier)) for name, views in seen.items() if view in views}
    if all(known.values()):
        return {}
    against = encodings.views[view].against
    return {n: was for n, was in known.items() if not was or against in (None, datasets[n].coverage)}


def profiles(
    con: duckdb.DuckDBPyConnection,
    encoded: Mapping[str, duckdb.DuckDBPyRelation],
    view: View,
    known: Collection[str] = (),
) -> pa.Table:
    """(profile_id, dataset, known, view_ids, tokens …): one row per distinct row of tokens within one dataset.

    `profile_id` counts from 1 in the order of the smallest of `view_ids`, the rows that are identical. `known` is true
    for the datasets an earlier view has compared with each other. A token no dataset can fill is not among the columns.
    Raises LinkError where there is no row at all.
    """
    if not encoded:
        raise LinkError("No dataset is seen in this view: nothing to link.")
    types = {
        name: next(str(rows.types[rows.columns.index(name)]) for rows in encoded.values() if name in rows.columns)
        for name in view.tokens
        if any(name in rows.columns for rows in encoded.values())
    }
    of_each = [distinct_rows(rows, dataset, dataset in known, types) for dataset, rows in sorted(encoded.items())]
    stacked = functools.reduce(lambda above, below: above.union(below), of_each)
    # Every pair that is blocked and compared carries two of these: narrow ones cost less, and there are not 2^31 rows.
    number = "(row_number() over (order by view_ids[1], dataset))::integer as profile_id"
    numbered = stacked.project(f"{number}, *").order("profile_id")
    table = numbered.to_arrow_table()
    if not table.num_rows:
        raise LinkError("Every encoded dataset of this view is empty: check the intake counts of each extract.")
    return table


def distinct_rows(
    rows: duckdb.DuckDBPyRelation, dataset: str, known: bool, types: Mapping[str, str]
) -> duckdb.DuckDBPyRelation:
    """(dataset, known, view_ids, tokens …): one row per distinct row of tokens, whatever the order within a list."""
    normal = rows.project(", ".join(["view_id", *(token(name, t, name in rows.columns) for name, t in types.items())]))
    names = ", ".join(f'"{name}"' for name in types)
    return normal.aggregate(
        f"'{dataset}' as dataset, {str(known).lower()} as known, list(view_id order by view_id) as view_ids, {names}",
        names,
    )


def token(name: str, type_: str, held: bool) -> str:
    """The column of a token, missing where the dataset does not hold it; a list sorted, and missing when empty."""
    if not held:
        return f'cast(null as {type_}) as "{name}"'
    return f'nullif(list_sort("{name}"), []) as "{name}"' if type_.endswith("[]") else f'"{name}"'
