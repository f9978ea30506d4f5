"""Counts and shares about a table: what a suite may judge of columns whose values it must not see."""

from collections.abc import Mapping
from typing import Any, cast

import duckdb

from linkage.contracts.dataset import Dataset
from linkage.errors import ContractError

Facts = dict[str, float]


def intake_facts(dataset: Dataset, intake: Mapping[str, Any]) -> Facts:
    """One stage's intake counts as facts; shares are 0 to 1, and 0 of nothing.

    `intake`: rows_in, rows_out, out_of_scope, quarantined {reason: rows}, missing and invalid_identifiers
    {column: accepted rows}. A share of invalid identifiers is of the rows where one was given.
    """
    rows_in, rows_out = intake["rows_in"], intake["rows_out"]
    quarantined = sum(intake["quarantined"].values())
    facts: Facts = {
        "rows_in": rows_in,
        "rows_out": rows_out,
        "out_of_scope": intake["out_of_scope"],
        "quarantined": quarantined,
        "quarantined_share": share(quarantined, rows_in - intake["out_of_scope"]),
        "unaccounted": rows_in - rows_out - intake["out_of_scope"] - quarantined,
    }
    for column in (c for c in dataset.columns if c.name != dataset.record_key):
        absent = intake["missing"].get(column.name, 0)
        facts[f"missing_share.{column.name}"] = share(absent, rows_out)
        if column.identifier and column.identifier != "sex":
            invalid = intake["invalid_identifiers"].get(column.name, 0)
            facts[f"invalid_share.{column.name}"] = share(invalid, rows_out - absent)
    return facts


def measured(rows: duckdb.DuckDBPyRelation, measures: Mapping[str, str]) -> Facts:
    """Each measure's number over `rows`; 0 where there are none. Raises ContractError naming a measure that fails."""
    if not measures:
        return {}
    columns = ", ".join(f'cast({sql} as double) as "{name}"' for name, sql in measures.items())
    try:
        found = cast(duckdb.DuckDBPyRelation, rows.query("rows", f"select {columns} from rows"))
        numbers = found.to_arrow_table().to_pylist()[0]
    except duckdb.Error as error:
        # The engine's own message may quote a value; its class does not.
        kind = type(error).__name__
        raise ContractError(f"expectations: one of the measures {sorted(measures)} fails ({kind}).") from None
    return {name: number or 0.0 for name, number in numbers.items()}


def share(part: float, whole: float) -> float:
    """0 to 1; 0 of nothing."""
    return part / whole if whole else 0.0
