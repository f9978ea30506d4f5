"""Write what was decided: rows as CSV, Parquet and one DuckDB file; page, data dictionary and manifest beside it."""

import csv
import hashlib
import io
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from linkage.contracts.disclosure import Disclosure
from linkage.contracts.sentences import sentences
from linkage.release.columns import NAMES, PUBLISHED, PublishedColumn, in_full
from linkage.release.control import Row
from linkage.release.primary import is_small, rounded

ARROW = {"text": pa.string()} | dict.fromkeys(("count", "events", "years"), pa.int64())
ARROW |= dict.fromkeys(("percent", "points", "number", "mean", "per 100 years"), pa.float64())
SQL = {"text": "varchar"} | dict.fromkeys(("count", "events", "years"), "bigint")
SQL |= dict.fromkeys(("percent", "points", "number", "mean", "per 100 years"), "double")


@dataclass(frozen=True)
class Provenance:
    """What a release was made from, for its manifest.

    `inputs`, `declarations`: {name: SHA-256}. `models`: {view: what to say of its trained weights}. `rows`: {stage:
    {what: number of records or women}}, unrounded; small numbers do not reach the manifest. `packages`: names.
    `population`: which invented population it is about, with its version; '' where the data are real.
    """

    release: str
    title: str
    invented: bool
    approval: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    declarations: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    population: str = ""


class Further(NamedTuple):
    """A table of a release beside that of its cells: what it is, a row at a time; its columns; its rows."""

    name: str
    about: str
    columns: tuple[PublishedColumn, ...]
    rows: list[Row]


class Told(NamedTuple):
    """What readers are told of the rows of cells: of each of their `columns`; of each of the `tables` by its table_id,
    which is its title and its notes.
    """

    columns: tuple[PublishedColumn, ...]
    tables: Mapping[str, Sequence[str]]


def publish(
    folder: Path,
    rows: list[Row],
    page: str,
    provenance: Provenance,
    disclosure: Disclosure,
    told: Told,
    further: Sequence[Further] = (),
) -> None:
    """Write a release into `folder`, which exists and is empty; `told` is of every table_id of the rows. The same
    arguments give the same bytes, but for the DuckDB file, whose bytes are the engine's own and whose content hash is
    the same.
    """
    told = told._replace(columns=in_full(told.columns, disclosure))
    further = [table._replace(columns=in_full(table.columns, disclosure)) for table in further]
    for table in further:
        text = as_csv(tuple(column.name for column in table.columns), table.rows)
        (folder / f"{table.name}.csv").write_text(text, encoding="utf-8", newline="")
        pq.write_table(arrow(table.rows, table.columns), folder / f"{table.name}.parquet", compression="zstd")
    (folder / "tables.csv").write_text(as_csv(NAMES, rows), encoding="utf-8", newline="")
    pq.write_table(arrow(rows), folder / "tables.parquet", compression="zstd")
    (folder / "data_dictionary.csv").write_text(dictionary(told.columns, further), encoding="utf-8", newline="")
    (folder / "index.html").write_text(page, encoding="utf-8", newline="\n")
    write_database(folder / "womens_outcomes.duckdb", rows, provenance, told, further)
    manifest = json.dumps(manifest_of(folder, provenance, disclosure), indent=2, ensure_ascii=False, sort_keys=True)
    (folder / "manifest.json").write_text(manifest + "\n", encoding="utf-8", newline="\n")


def as_csv(columns: tuple[str, ...], rows: list[Row]) -> str:
    """Comma-separated lines under a header; a missing number is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def arrow(rows: list[Row], columns: tuple[PublishedColumn, ...] = PUBLISHED) -> pa.Table:
    """The rows as typed columns."""
    return pa.Table.from_pylist(rows, schema=pa.schema([(c.name, ARROW[c.type]) for c in columns]))


def dictionary(columns: tuple[PublishedColumn, ...], further: Sequence[Further]) -> str:
    """What each column means, a line a column; `columns` are those of the table of cells."""
    tables = {"outcomes": columns} | {table.name: table.columns for table in further}
    rows = [
        {"table": name, "column": c.name, "type": c.type, "unit": c.unit, "meaning": c.meaning}
        for name, columns in tables.items()
        for c in columns
    ]
    return as_csv(("table", "column", "type", "unit", "meaning"), rows)


def write_database(path: Path, rows: list[Row], provenance: Provenance, told: Told, further: Sequence[Further]) -> None:
    """One table `outcomes`, a view of it per table_id, and further tables; each with comments that an analyst sees."""
    of = f" ({provenance.population})" if provenance.population else ""
    kind = f"INVENTED DATA{of}, about nobody" if provenance.invented else ""
    with duckdb.connect(str(path)) as con:
        con.begin()
        about = f"{provenance.title}. One row per cell and linkage threshold. The table codes explains its codes"
        for table in (Further("outcomes", about, told.columns, rows), *further):
            con.execute(f"create table {table.name} ({', '.join(f'{c.name} {SQL[c.type]}' for c in table.columns)})")
            con.register("published", arrow(table.rows, table.columns))
            con.execute(f"insert into {table.name} select * from published")
            con.unregister("published")
            comment(con, "table", table.name, sentences(kind, table.about), table.columns)
        for name in dict.fromkeys(row["table_id"] for row in rows):
            con.execute(f"create view {quoted(name)} as from outcomes where table_id = {literal(name)}")
            comment(con, "view", quoted(name), sentences(kind, *told.tables[name]), told.columns)
        con.commit()


def comment(
    con: duckdb.DuckDBPyConnection, kind: str, name: str, about: str, columns: tuple[PublishedColumn, ...]
) -> None:
    """Say what a table or view is, and what each of its columns means."""
    con.execute(f"comment on {kind} {name} is {literal(about)}")
    for column in columns:
        unit = f" ({column.unit})" if column.unit else ""
        con.execute(f"comment on column {name}.{column.name} is {literal(column.meaning + unit)}")


def quoted(name: str) -> str:
    """A name that stands in SQL as it is."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text that stands in SQL where no parameter can."""
    return "'" + text.replace("'", "''") + "'"


def manifest_of(folder: Path, provenance: Provenance, disclosure: Disclosure) -> dict[str, Any]:
    """What identifies the release and what it came from; no time of day, so that a rerun says the same."""
    said = asdict(provenance)
    said["packages"] = {"python": platform.python_version()} | {name: version(name) for name in provenance.packages}
    said["rows"] = {
        stage: {what: publishable(number, disclosure) for what, number in numbers.items()}
        for stage, numbers in provenance.rows.items()
    }
    said["disclosure"] = disclosure.model_dump(by_alias=True)
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".csv", ".parquet", ".html"))
    said["sha256"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    said["content_sha256"] = {"womens_outcomes.duckdb": content_hash(folder / "womens_outcomes.duckdb")}
    return said


def publishable(number: int, disclosure: Disclosure) -> int | None:
    """A count of a stage as it may leave: rounded, or nothing where it is small."""
    return None if is_small(number, disclosure) else rounded(number, disclosure)


def content_hash(database: Path) -> str:
    """SHA-256 over what a DuckDB file says: tables and views, columns, types, comments, rows; not over its bytes."""
    described = (
        "select table_name, coalesce(comment, '') from duckdb_tables() order by all",
        "select view_name, sql, coalesce(comment, '') from duckdb_views() where not internal order by all",
        "select table_name, column_name, data_type, coalesce(comment, '') from duckdb_columns()"
        " where not internal order by all",
    )
    digest = hashlib.sha256()
    with duckdb.connect(str(database), read_only=True) as con:
        tables = [f"from {quoted(name)}" for name, _ in con.execute(described[0]).fetchall()]
        for question in (*described, *tables):
            digest.update(repr(con.execute(question).fetchall()).encode())
    return digest.hexdigest()
