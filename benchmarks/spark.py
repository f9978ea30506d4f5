"""python -m benchmarks.spark: the SQL of cohorts, outcomes and tables on DuckDB and on Spark, word for word the same.

A department that outgrows one machine runs the same statements on Spark. Here both engines are handed the same records
and the same functions of linkage/cohorts; every cell of every table must agree. Spark is installed once, into the
user's cache folder; it needs Java 17.
"""

import argparse
import importlib
import inspect
import itertools
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa
from rich.table import Table

from benchmarks.measure import OUT, folder, timed
from benchmarks.truth import SCHEMAS, deliver, linked_by_the_truth
from linkage.cohorts.records import Records
from linkage.cohorts.tabulate import tables
from linkage.contracts.analysis import Analysis, Threshold
from linkage.settings import Settings
from linkage.synthetic.calibration import read_calibration

PYSPARK = "pyspark==4.3.0"
PEOPLE, QUICK_PEOPLE = 12_000, 600
SEED = 8
# Linked by the truth the three thresholds are one. Spark takes seconds to plan each of hundreds of statements.
THRESHOLD: Threshold = "medium"
QUICK_TABLES = ("reoffending", "reoffending_by_employment")
Rows = dict[str, list[tuple[Any, ...]]]


def main() -> int:
    """Returns 1 when --check finds a cell on which the engines differ, 2 where there is no Java."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PEOPLE:,} people, and two tables")
    parser.add_argument("--tables", nargs="+", help="these tables alone")
    parser.add_argument("--check", action="store_true", help="fail when a cell differs")
    chosen = parser.parse_args()
    if not shutil.which("java"):
        OUT.print("Spark needs Java 17, and there is no java on this machine.")
        return 2
    sys.path.append(str(installed()))
    people = QUICK_PEOPLE if chosen.quick else chosen.people
    with folder(None) as root, duckdb.connect() as con:
        settings = Settings(schemas=SCHEMAS, workspace=root)
        timed(f"{people:,} people", deliver, settings, people, SEED, read_calibration())
        records = linked_by_the_truth(con, settings)
        names = chosen.tables or (QUICK_TABLES if chosen.quick else tuple(settings.analysis.tables))
        analysis = asked_for(settings.analysis, names)
        there, here = on_each_engine(records, analysis)
    return int(bool(shown(here, there)) and chosen.check)


def installed() -> Path:
    """The folder that holds pyspark."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "linkage-benchmarks" / PYSPARK
    if not (home / "pyspark").exists():
        OUT.print(f"Installing {PYSPARK} in {home} (once)")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(home)]
        subprocess.run([*pip, PYSPARK], check=True)
    return home


def asked_for(analysis: Analysis, names: Collection[str]) -> Analysis:
    """The analysis with these tables alone, at one threshold."""
    chosen = {name: analysis.tables[name].model_copy(update={"thresholds": (THRESHOLD,)}) for name in names}
    shown = {name for table in chosen.values() for name in analysis.outcomes_of(table)}
    divide = {one.outcome for table in chosen.values() for one in analysis.divided_by(table).values()}
    outcomes = {name: one for name, one in analysis.outcomes.items() if name in shown | divide}
    return replace(analysis, tables=chosen, outcomes=outcomes)


def on_each_engine(records: Records, analysis: Analysis) -> tuple[Rows, Rows]:
    """The rows of every table as DuckDB makes them, and as Spark does."""
    attributes = dict(records.attributes)
    with session() as spark:
        theirs = {name: spark.from_arrow(rows.to_arrow_table()) for name, rows in attributes.items()}
        index = spark.from_arrow(records.person_index.to_arrow_table())
        there = counted("Spark", spark, analysis, theirs, index)
    return there, counted("DuckDB", records.con, analysis, attributes, records.person_index)


def counted(engine: str, con: Any, analysis: Analysis, attributes: Mapping[str, Any], index: Any) -> Rows:
    """{table: its rows} by one engine."""
    began = time.perf_counter()
    found = {name: one.fetchall() for name, one in tables(con, analysis, attributes, index).items()}
    OUT.print(f"{engine}: {time.perf_counter() - began:.0f} s", highlight=False)
    return found


def shown(here: Rows, there: Rows) -> int:
    """Print how many cells agree, the headline last. Returns how many do not."""
    table, differ = Table("table", "cells", "women counted", "the same on Spark", title="Two engines, one SQL"), 0
    for name, rows in here.items():
        same = sum(one == other for one, other in itertools.zip_longest(rows, there[name]))
        differ += max(len(rows), len(there[name])) - same
        table.add_row(name, f"{len(rows):,}", f"{sum(row[9] for row in rows):,}", f"{same:,}")
    cells = sum(map(len, here.values()))
    OUT.print(table, f"{cells - differ:,} of {cells:,} cells are the same on DuckDB and on Spark", highlight=False)
    return differ


# --------------------------------------------------------------------------------- Spark, spoken to as DuckDB is


class Frame:
    """Rows of Spark with those methods of a DuckDB relation that linkage/cohorts uses."""

    def __init__(self, spark: "Spark", rows: Any) -> None:
        self.spark, self.rows = spark, rows

    @property
    def columns(self) -> list[str]:
        """Their names."""
        return cast(list[str], self.rows.columns)

    def project(self, said: str) -> "Frame":
        """Columns, as SQL says them."""
        return self.spark.run(f"select {said} from of_these", of_these=self)

    select = project

    def filter(self, said: str) -> "Frame":
        """Rows for which it is true."""
        return self.spark.run(f"select * from of_these where {said}", of_these=self)

    def order(self, said: str) -> "Frame":
        """The rows in order."""
        return self.spark.run(f"select * from of_these order by {said}", of_these=self)

    def aggregate(self, said: str) -> "Frame":
        """One row per group: the columns that are no sum or the like."""
        return self.spark.run(f"select {said} from of_these group by all", of_these=self)

    def union(self, other: "Frame") -> "Frame":
        """The rows of both."""
        return self.spark.run("select * from of_these union all select * from others", of_these=self, others=other)

    def to_arrow_table(self) -> pa.Table:
        """The rows in memory."""
        return self.rows.toArrow()

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows as tuples."""
        return [tuple(row) for row in self.rows.collect()]


class Spark:
    """A session of Spark that takes the calls linkage/cohorts makes of a DuckDB connection."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def sql(self, query: str) -> Frame:
        """A query in which the caller's variables are tables, as DuckDB finds them."""
        caller = inspect.currentframe()
        found = caller.f_back.f_locals if caller and caller.f_back else {}
        return self.run(query, **{name: one for name, one in found.items() if isinstance(one, Frame)})

    def run(self, query: str, **named: Frame) -> Frame:
        """A query over named rows. Its text is handed to Spark as it is."""
        for name, frame in named.items():
            frame.rows.createOrReplaceTempView(name)
        return Frame(self, self.session.sql(query))

    def from_arrow(self, table: pa.Table) -> Frame:
        """Rows from memory."""
        return Frame(self, self.session.createDataFrame(table))


@contextmanager
def session() -> Iterator[Spark]:
    """Spark on this machine, silent, and gone afterwards."""
    warnings.simplefilter("ignore", FutureWarning)  # it says that it does not know this pandas, which is not used
    spark = (
        importlib.import_module("pyspark.sql")
        .SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.driver.memory", "4g")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    try:
        yield Spark(spark)
    finally:
        spark.stop()


if __name__ == "__main__":
    sys.exit(main())
