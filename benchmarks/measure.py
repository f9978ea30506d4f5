"""Run the stages of the project on prepared extracts, compare with the truth, and show the figures."""

import argparse
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from linkage import stages
from linkage.settings import Settings

OUT = Console()
EPOCH = "benchmark"
FIGURES = ("precision", "recall", "f1", "cluster_precision", "cluster_recall", "cluster_f1")
# The thresholds of the person index, and the people of a quick run.
PROBABILITY = {"high": 0.99, "medium": 0.95, "low": 0.80}
QUICK_PEOPLE = 1000

Prepare = Callable[[Settings], Path]


def options(title: str) -> argparse.ArgumentParser:
    """The options every benchmark has."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--quick", action="store_true", help=f"the first {QUICK_PEOPLE:,} people only")
    parser.add_argument("--workspace", type=Path, help="keep the run's files here; by default they are deleted")
    return parser


def measure(schemas: Path, prepare: Prepare, workspace: Path | None) -> list[dict[str, Any]]:
    """The evaluation rows of one run. `prepare` writes the extracts and gives the path of the truth."""
    with folder(workspace) as root:
        settings = Settings(schemas=schemas, workspace=root)
        truth = prepare(settings)
        stages.new_keys(settings, EPOCH)
        for dataset in settings.datasets:
            timed(f"pseudonymise {dataset}", stages.pseudonymise, settings, dataset)
        for view in stages.views(settings):
            timed(f"sealed blocking {view}", stages.block, settings, view)
            timed(f"open pairs {view}", stages.unseal, settings, view)
            timed(f"train and score {view}", stages.score, settings, view)
        timed("cluster", stages.cluster, settings)
        return list(stages.evaluate(settings, truth)["rows"])


@contextlib.contextmanager
def folder(chosen: Path | None) -> Iterator[Path]:
    """The workspace of a run: the chosen one, made anew, or one that is gone afterwards."""
    if chosen:
        shutil.rmtree(chosen, ignore_errors=True)
        chosen.mkdir(parents=True)
        yield chosen.absolute()
        return
    with tempfile.TemporaryDirectory() as passing:
        yield Path(passing)


def timed(what: str, stage: Callable[..., Any], *given: Any) -> None:
    """Run a stage and say how long it took, by the clock and by the processors."""
    clock, processors = time.perf_counter(), os.times()
    stage(*given)
    after = os.times()
    busy = after.user + after.system - processors.user - processors.system
    OUT.print(f"{what}: {time.perf_counter() - clock:.1f} s ({busy:.1f} CPU-s)", highlight=False)


def show(title: str, rows: list[dict[str, Any]]) -> float:
    """Print precision, recall and F1 at each threshold, the headline last. Returns the F1 at the default threshold."""
    table = Table("threshold", *(name.replace("_", " ") for name in FIGURES), title=title)
    overall = {row["threshold"]: row for row in rows if row["scope"] == "overall"}
    for name, probability in PROBABILITY.items():
        table.add_row(f"{name} ({probability:.2f})", *(f"{overall[name][figure]:.4f}" for figure in FIGURES))
    OUT.print(table)
    medium = overall["medium"]
    OUT.print(
        f"{title}: F1 {medium['f1']:.4f} (precision {medium['precision']:.4f}, recall {medium['recall']:.4f})"
        f" over {medium['pairs_true']:,} true pairs, at the default threshold, without labels",
        highlight=False,
        soft_wrap=True,
    )
    return float(medium["f1"])
