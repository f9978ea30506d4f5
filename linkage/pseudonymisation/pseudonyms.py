"""A list in the departments' own record ids, said in pseudonyms: for whoever holds the record-id keys."""

import re
from pathlib import Path

import duckdb
import pyarrow as pa

from linkage.contracts.dataset import Dataset
from linkage.errors import ExtractError
from linkage.pseudonymisation.key_sources import KeySource
from linkage.pseudonymisation.keys import for_record_id

NEEDED = ("dataset", "record_id", "person")
OF_THE_EVALUATION = frozenset({"own_record_id", "cluster", "threshold", "value", "n"})
A_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_ -]*")
MOST_GROUPS = 50


def with_record_ids(
    con: duckdb.DuckDBPyConnection, file: Path, datasets: dict[str, Dataset], keys: KeySource
) -> pa.Table:
    """(dataset, own_record_id, record_id, person, subgroup columns …): one row per line of a CSV file.

    A subgroup's values are printed in reports, so a column that could hold names is refused.
    Raises ExtractError where the file cannot be read, lacks a column, names an unknown dataset or a record twice.
    """
    try:
        truth = con.read_csv(str(file), header=True, all_varchar=True).to_arrow_table()
    except (duckdb.Error, OSError):
        raise ExtractError(f"{file} cannot be read as CSV with a header line dataset,record_id,person.") from None
    if missing := [name for name in NEEDED if name not in truth.column_names]:
        raise ExtractError(f"{file}: columns {missing} are missing; needed are {', '.join(NEEDED)}.")
    names = truth["dataset"].to_pylist()
    if unknown := sum(name not in datasets for name in names):
        raise ExtractError(f"{file}: {unknown:,} lines name a dataset that has no contract; known: {sorted(datasets)}.")
    own = truth["record_id"].to_pylist()
    if twice := len(own) - len(set(zip(names, own, strict=True))):
        raise ExtractError(f"{file}: {twice:,} lines name a record that an earlier line has named.")
    for column in ("record_id", "person"):
        if empty := truth[column].null_count:
            raise ExtractError(f"{file}: {empty:,} lines have no {column}.")
    if wrong := subgroups_refused(truth, datasets):
        raise ExtractError(f"{file}: " + "; ".join(wrong))
    sub_keys = {name: for_record_id(keys.record_key(name), name) for name in set(names)}
    pseudonyms = pa.array(
        [sub_keys[name].token(record.strip()) for name, record in zip(names, own, strict=True)], pa.int64()
    )
    renamed = truth.rename_columns({"record_id": "own_record_id"})
    return renamed.append_column("record_id", pseudonyms)


def subgroups_refused(truth: pa.Table, datasets: dict[str, Dataset]) -> list[str]:
    """Why a column cannot be a subgroup; told by its place, since a file without a header has values for names."""
    identifiers = {
        c.name for dataset in datasets.values() for c in dataset.columns if c.identifier not in (None, "sex")
    }
    wrong = []
    for place, name in enumerate(truth.column_names, 1):
        if name in NEEDED:
            continue
        if name in identifiers or len(truth[name].unique()) > MOST_GROUPS:
            wrong.append(f"column {place} holds an identifier, or more than {MOST_GROUPS} groups: it is no subgroup")
        elif name in OF_THE_EVALUATION or not A_COLUMN.fullmatch(name):
            wrong.append(f"column {place} needs another name, of letters and digits")
    return wrong
