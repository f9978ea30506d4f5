"""python -m benchmarks.outcomes: every table from 0.1 to 5 million people's attributes, beside one scan of the files.

The attributes are those of 100,000 invented people, pseudonymised by the project and written again as other people, as
often as it takes: tables do not care that two women lived the same year. What is counted is all that `tabulate` does
for a release: every table at every threshold, matched comparisons, sums of events, and the women behind entries. The
scan reads each file once, every column.
Time is that of the processors, so that it hardly hangs on what else a machine does; memory is of one process.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from rich.table import Table

from benchmarks.measure import OUT, folder, timed
from benchmarks.truth import SCHEMAS, THRESHOLDS, deliver, linked_by_the_truth
from linkage import behind
from linkage.cohorts.comparing import Counting
from linkage.cohorts.tabulate import tables
from linkage.settings import Settings
from linkage.synthetic.calibration import read_calibration

PEOPLE, QUICK_PEOPLE = 100_000, 1_000
COPIES, QUICK_COPIES = (1, 3, 10, 50), (1, 3)
SEED = 9
LARGEST_EXPONENT = 1.1
INDEX = "person_index"
COPY = "(select range as copy from range({copies}))"


def main() -> int:
    """Returns 1 when --check finds that time grows faster than promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PEOPLE:,} people, {QUICK_COPIES[-1]} times")
    parser.add_argument("--check", action="store_true", help=f"fail over an exponent of {LARGEST_EXPONENT}")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(tabulated(chosen.one)))
        return 0
    people, copies = (QUICK_PEOPLE, QUICK_COPIES) if chosen.quick else (PEOPLE, COPIES)
    with folder(None) as root:
        settings = Settings(schemas=SCHEMAS, workspace=root / "workspace")
        timed(f"{people:,} people", deliver, settings, people, SEED, read_calibration())
        found = [measured(settings, root / "copies", people, many) for many in copies]
    exponent = growth(found)
    show(found, exponent)
    return int(chosen.check and exponent > LARGEST_EXPONENT)


def measured(settings: Settings, files: Path, people: int, copies: int) -> dict[str, float]:
    """People, records, CPU-seconds of all tables and of a scan, peak memory in GiB: in a process of its own."""
    timed(f"{people * copies:,} people's attributes", written, settings, files, copies)
    command = [sys.executable, "-m", "benchmarks.outcomes", "--one", str(files)]
    done = subprocess.run(command, cwd=SCHEMAS.parent, capture_output=True, text=True, check=True)
    return {"people": people * copies} | json.loads(done.stdout.splitlines()[-1])


def written(settings: Settings, files: Path, copies: int) -> None:
    """The attributes of each dataset and the person index, so many times over, as Parquet files of one folder."""
    files.mkdir(exist_ok=True)
    with duckdb.connect() as con:
        records = linked_by_the_truth(con, settings)
        people = ", ".join(
            f"cast(substr(person_id_{t}, 2) as bigint) * {copies} + copy as person_id_{t}" for t in THRESHOLDS
        )
        con.register("linked", records.person_index.to_arrow_table())
        con.execute("create table numbered as select *, row_number() over () as number from linked")
        rows = {INDEX: f"select dataset, number * {copies} + copy as record_id, {people} from numbered, {COPY}"}
        for name, attributes in records.attributes.items():
            con.register(f"of_{name}", attributes.to_arrow_table())
            rows[name] = (
                f"select one.* replace (number * {copies} + copy as record_id) from of_{name} as one "
                f"join numbered on dataset = '{name}' and numbered.record_id = one.record_id, {COPY}"
            )
        for name, query in rows.items():
            con.execute(f"copy ({query.format(copies=copies)}) to '{files / name}.parquet' (format parquet)")


def tabulated(files: Path) -> dict[str, float]:
    """{records, seconds, scan, memory}: CPU-seconds of all tables, and of reading every column once; peak GiB."""
    with duckdb.connect() as con:
        rows = {path.stem: con.read_parquet(str(path)) for path in sorted(files.glob("*.parquet"))}
        scan = processors(lambda: [scanned(con, one) for one in rows.values()])
        index = rows.pop(INDEX)
        seconds = processors(lambda: counted(con, Settings(SCHEMAS, files), rows, index))
        records = sum(one.aggregate("count(*)").fetchall()[0][0] for one in rows.values())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"records": records, "seconds": seconds, "scan": scan, "memory": memory}


def counted(
    con: duckdb.DuckDBPyConnection, settings: Settings, attributes: dict[str, duckdb.DuckDBPyRelation],
    index: duckdb.DuckDBPyRelation,
) -> None:  # fmt: skip
    """Count everything that a release needs, as `stages.tabulate` does."""
    analysis = settings.analysis
    compared = Counting(con, analysis, settings.comparisons)
    for cells in (tables(con, analysis, attributes, index, compared.at) | compared.tables()).values():
        cells.fetchall()
    behind.note(settings, con, analysis, attributes, index)


def scanned(con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation) -> None:
    """Read every value of every column once."""
    con.sql(f"select {', '.join(f'bit_xor(hash({name}))' for name in rows.columns)} from rows").fetchall()


def processors(work: Callable[[], Any]) -> float:
    """The CPU-seconds of this process that some work takes, those of all its threads."""
    before = time.process_time()
    work()
    return time.process_time() - before


def growth(found: list[dict[str, float]]) -> float:
    """The exponent of time as a power of people, by least squares of logarithms."""
    people, seconds = (np.log([one[name] for one in found]) for name in ("people", "seconds"))
    return float(np.polyfit(people, seconds, 1)[0])


def show(found: list[dict[str, float]], exponent: float) -> None:
    """Print the figures, the headline last."""
    table = Table("people", "records", "CPU-s", "a scan, CPU-s", "x a scan", "peak GiB", title="All tables")
    for one in found:
        table.add_row(
            f"{one['people']:,}", f"{one['records']:,}", f"{one['seconds']:.1f}", f"{one['scan']:.2f}",
            f"{one['seconds'] / one['scan']:.0f}", f"{one['memory']:.1f}",
        )  # fmt: skip
    OUT.print(table)
    OUT.print(f"All tables: time grows as people to the power {exponent:.2f}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
