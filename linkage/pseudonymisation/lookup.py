"""A department's own rows of a sample for review, in clear: its records are found again by its record-id key."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from linkage.contracts.dataset import Dataset
from linkage.errors import ExtractError
from linkage.pseudonymisation import intake
from linkage.pseudonymisation.extract import quoted, read_extract
from linkage.pseudonymisation.key_sources import KeySource
from linkage.pseudonymisation.keys import for_record_id

LISTED = {"sample": "VARCHAR", "dataset": "VARCHAR", "pair": "BIGINT", "side": "VARCHAR", "record_id": "BIGINT"}


@dataclass(frozen=True)
class LookedUp:
    """`rows` (pair, side, the record id of the department, identifiers …): one row per record asked for that is there.

    `asked`, `protected`, `missing`: how many were asked for, were left out since they are marked as protected now, and
    are not in this extract.
    """

    sample: str
    rows: duckdb.DuckDBPyRelation
    asked: int
    protected: int
    missing: int


def look_up(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, keys: KeySource, asked: Path, extract: Path, scratch: Path
) -> LookedUp:
    """Find the records of a list in the extract they came from, and no attribute of theirs.

    `asked` is a CSV file (sample, dataset, pair, side, record_id). Raises ExtractError where a file cannot be read, the
    list is of another dataset, or none of its records is in the extract.
    """
    sample, listed = read_list(con, asked, dataset.name)
    read_extract(con, dataset, extract, scratch)
    con.register("listed", listed)
    ids = for_record_id(keys.record_key(dataset.name), dataset.name)
    raws = [raw for (raw,) in con.execute(f"select distinct {quoted(dataset.record_key)} from raw").fetchall() if raw]
    con.register("ids", pa.table({"raw": pa.array(raws, pa.string()), "record_id": ids.tokens(raws)}))
    marks = [f"coalesce({quoted(c.name)} = {intake.text(c.protects)}, false)" for c in dataset.columns if c.protects]
    con.execute(
        f"""create table found as
        select pair, side, raw.*, {" or ".join(marks) or "false"} as left_out
        from listed join ids using (record_id) join raw on ids.raw = {quoted(dataset.record_key)}"""
    )
    shown = [dataset.record_key, *(c.name for c in dataset.columns if c.identifier)]
    columns = ", ".join(quoted(name) for name in shown)
    there, protected = con.execute("select count(*), count(*) filter (left_out) from found").fetchall()[0]
    if not there:
        raise ExtractError(
            f"{asked}: none of its {listed.num_rows:,} records is in {extract}. Likely the extract is not the one that "
            "was pseudonymised, or the record-id key is another (linkage keys show). Nothing was written."
        )
    rows = con.sql(f"select pair, side, {columns} from found where not left_out order by pair, side, row")
    return LookedUp(sample, rows, listed.num_rows, protected, listed.num_rows - there)


def read_list(con: duckdb.DuckDBPyConnection, asked: Path, dataset: str) -> tuple[str, pa.Table]:
    """The name of the sample, and (pair, side, record_id). Raises ExtractError where it is no list of `dataset`."""
    try:
        listed = con.read_csv(str(asked), header=True, columns=LISTED).to_arrow_table()
    except (duckdb.Error, OSError):
        raise ExtractError(
            f"{asked} cannot be read as a list of a sample: CSV with the header {','.join(LISTED)}."
        ) from None
    names = set(listed["sample"].to_pylist())
    if len(names) != 1:
        raise ExtractError(f"{asked}: a list is of one sample; this one names {len(names):,}.")
    if set(listed["dataset"].to_pylist()) != {dataset}:
        raise ExtractError(
            f"{asked} is not the list of {dataset}, but of another dataset. Its list is records-{dataset}.csv of the "
            "same sample. Nothing was written."
        )
    return names.pop(), listed.select(["pair", "side", "record_id"])
