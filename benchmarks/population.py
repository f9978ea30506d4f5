"""python -m benchmarks.population: invent people, and compare what their records show with what they were to show.

The generator runs as a person would run it, in a process of its own, while this one watches its time and memory.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import psutil
from rich.table import Table

from benchmarks.measure import OUT, folder
from linkage.settings import Settings
from linkage.synthetic.achieved import Measured, measured, prepare, renamed, sharing, wrong_by_group
from linkage.synthetic.calibration import read_calibration

SCHEMAS = Path(__file__).parents[1] / "schemas"
PEOPLE, QUICK_PEOPLE = 1_000_000, 60_000
SEED = 16
MOST_SECONDS, MOST_BYTES = 600.0, 4 * 2**30  # at 1,000,000 people, on two idle cores
SAMPLED_EVERY = 0.1
GIB = 2**30


class Run(NamedTuple):
    """What the generator took: seconds by the clock and by the processors, bytes at its peak; the rows it wrote."""

    seconds: float
    busy: float
    peak: int
    rows: int


def main() -> int:
    """Returns 1 when --check finds a target missed, or too much time or memory taken."""
    chosen = options().parse_args()
    people = QUICK_PEOPLE if chosen.quick else chosen.people
    with folder(chosen.workspace) as root, duckdb.connect() as con:
        settings = Settings(schemas=SCHEMAS, workspace=root)
        run = watched(settings, people, chosen.seed)
        prepare(con, settings.files.department.extract("."), settings.files.truth, settings.datasets)
        [(rows,)] = con.execute("select count(*) from records").fetchall()
        found = measured(con)
        show_targets(found)
        show_mistakes(con)
        show_likenesses(con)
    if chosen.picture:
        from benchmarks.pictures import of_targets

        chosen.picture.write_text(of_targets(found), encoding="utf-8")
    return int(not show(run._replace(rows=rows), found, people, chosen.seed) and chosen.check)


def options() -> argparse.ArgumentParser:
    """What may be asked."""
    parser = argparse.ArgumentParser(description="Invent people, and compare their records with the calibration.")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PEOPLE:,} people only")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--check", action="store_true", help="fail when a target, the time or the memory is missed")
    parser.add_argument("--picture", type=Path, help="draw targets and what was achieved, as SVG, to this file")
    parser.add_argument("--workspace", type=Path, help="keep the run's files here; by default they are deleted")
    return parser


def watched(settings: Settings, people: int, seed: int) -> Run:
    """Run the generator, all its processes watched."""
    asked = ["--people", people, "--seed", seed, "--form", "parquet", "--to", settings.workspace]
    command = [sys.executable, "-m", "linkage", "--schemas", settings.schemas, "synthesise", *asked]
    clock, processors = time.perf_counter(), os.times()
    running = subprocess.Popen([str(word) for word in command])
    peaks = [0]
    watcher = threading.Thread(target=watch, args=(running, peaks))
    watcher.start()
    if running.wait():
        raise SystemExit(running.returncode)
    seconds = time.perf_counter() - clock
    watcher.join()
    after = os.times()
    busy = after.children_user + after.children_system - processors.children_user - processors.children_system
    return Run(seconds, busy, max(peaks), 0)


def watch(running: "subprocess.Popen[bytes]", peaks: list[int]) -> None:
    """Note the memory of a process and its children, all together, whenever it is higher than before."""
    whole = psutil.Process(running.pid)
    while running.poll() is None:
        now = sum(memory(one) for one in [whole, *children(whole)])
        if now > peaks[-1]:
            peaks.append(now)
        time.sleep(SAMPLED_EVERY)


def children(of: psutil.Process) -> list[psutil.Process]:
    """Its processes now."""
    try:
        return list(of.children(recursive=True))
    except psutil.Error:
        return []


def memory(one: psutil.Process) -> int:
    """Bytes a process holds; none once it has gone."""
    try:
        return int(one.memory_info().rss)
    except psutil.Error:
        return 0


def show_targets(found: Sequence[Measured]) -> None:
    """Each target beside what was achieved."""
    for theme in dict.fromkeys(one.theme for one in found):
        table = Table(theme, box=None, title_justify="left")
        for name in ("target", "achieved", "±", "of", ""):
            table.add_column(name, justify="right")
        for one in (one for one in found if one.theme == theme):
            figures = (f"{one.aim:.4g}", f"{one.got:.4f}", f"{2 * one.error:.4f}", f"{one.many:,}")
            table.add_row(one.name, *figures, "" if one.met else "[red]missed[/red]")
        OUT.print(table, "")


def show_mistakes(con: duckdb.DuckDBPyConnection) -> None:
    """The share of records with a mistake, by department, identifier and ethnic group."""
    rates = wrong_by_group(con)
    groups = sorted({group for _, _, group in rates})
    table = Table("department", "identifier", *groups, title="Records with a mistake, %", box=None)
    for dataset, identifier in dict.fromkeys((dataset, identifier) for dataset, identifier, _ in rates):
        found = (rates.get((dataset, identifier, group), 0.0) for group in groups)
        table.add_row(dataset, identifier, *(f"{100 * rate:.2f}" for rate in found))
    OUT.print(table, "")


def show_likenesses(con: duckdb.DuckDBPyConnection) -> None:
    """How often a woman has another surname in another source, and how often she is like somebody else."""
    changed = renamed(con)
    sources = sorted({source for pair in changed for source in pair})
    table = Table("", *sources[1:], title="Women under another lawful surname in the other source, %", box=None)
    for first in sources[:-1]:
        cells = (changed.get((first, second)) for second in sources[1:])
        table.add_row(first, *("" if cell is None else f"{100 * cell:.1f}" for cell in cells))
    OUT.print(table, "")
    women, *alike = sharing(con).items()
    for what, many in alike:
        OUT.print(f"{many:,} of {women[1]:,} women share {what} with somebody else ({many / women[1]:.1%}).")


def show(run: Run, found: Sequence[Measured], people: int, seed: int) -> bool:
    """The headline. Returns whether all targets, the memory and the time are met; time in proportion to people."""
    met, version = sum(one.met for one in found), read_calibration().version
    in_time = run.seconds <= max(60.0, MOST_SECONDS * people / PEOPLE)
    OUT.print(
        f"\npopulation version {version}, seed {seed}, {people:,} people: {met} of {len(found)} targets met; "
        f"{run.rows:,} records in {run.seconds:.0f} s ({run.rows / run.seconds:,.0f} a second; {run.busy:.0f} CPU-s), "
        f"{run.peak / GIB:.2f} GiB at most over all processes",
        highlight=False,
        soft_wrap=True,
    )
    return met == len(found) and in_time and run.peak <= MOST_BYTES


if __name__ == "__main__":
    sys.exit(main())
