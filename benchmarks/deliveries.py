"""python -m benchmarks.deliveries: what a second delivery costs, as the number of people grows.

Invented people, delivered as of a day and again a quarter later, under a model that was accepted after the first
delivery. The second is scored twice: only what is new or changed, and all of it. Both must give the same bytes.
CPU-seconds of the stage `score`, all views; the exponents are those of a straight line through the logarithms.
"""

import argparse
import datetime
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from benchmarks.measure import EPOCH, OUT
from linkage import facts, linking, models, stages
from linkage.settings import Settings

SCHEMAS = Path(__file__).parent.parent / "schemas"
FIRST, SECOND = datetime.date(2025, 12, 31), datetime.date(2026, 3, 31)
SEED = 51
PEOPLE, QUICK = (10_000, 20_000, 40_000, 80_000), (1_500, 3_000)


@dataclass(frozen=True)
class Found:
    """One size: people, distinct rows, pairs compared and CPU-seconds (all of it, only what changed), same bytes?"""

    people: int
    rows: int
    pairs: tuple[int, int]
    seconds: tuple[float, float]
    same: bool


def main() -> int:
    """Returns 1 when --check finds that the two ways differ in a byte."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=list(PEOPLE))
    parser.add_argument("--quick", action="store_true", help=f"{QUICK[0]:,} and {QUICK[1]:,} people")
    parser.add_argument("--check", action="store_true", help="fail when the two ways differ")
    chosen = parser.parse_args()
    found = [measured(people) for people in (QUICK if chosen.quick else chosen.people)]
    table = Table("people", "distinct rows", "pairs: all", "new", "CPU-s: all", "new", "ratio", "same bytes")
    for one in found:
        table.add_row(
            *(f"{n:,}" for n in (one.people, one.rows, *one.pairs)), *(f"{s:.1f}" for s in one.seconds),
            f"{one.seconds[1] / one.seconds[0]:.2f}", "yes" if one.same else "NO",
        )  # fmt: skip
    OUT.print(table)
    everything, changed = (exponent([f.people for f in found], [f.seconds[n] for f in found]) for n in (0, 1))
    OUT.print(
        f"A second delivery, {found[-1].people:,} people: {found[-1].pairs[1] / found[-1].pairs[0]:.0%} of the pairs "
        f"compared in {found[-1].seconds[1] / found[-1].seconds[0]:.0%} of the time; time grows as people to the "
        f"{everything:.2f} (all) and {changed:.2f} (only what changed)"
    )
    return int(chosen.check and not all(one.same for one in found))


def measured(people: int) -> Found:
    """Deliver, accept, deliver again, and score it both ways."""
    with tempfile.TemporaryDirectory() as passing:
        settings = Settings(schemas=SCHEMAS, workspace=Path(passing))
        stages.new_keys(settings, EPOCH)
        deliver(settings, people, FIRST)
        for view in stages.views(settings):
            linking.train_candidate(settings, view)
            models.accept(settings, view, "benchmarks.deliveries", "the first delivery")
        score(settings, anew=False)
        deliver(settings, people, SECOND)
        changed = score(settings, anew=False)
        everything = score(settings, anew=True)
        return Found(
            people,
            everything.rows,
            (everything.pairs, changed.pairs),
            (everything.seconds, changed.seconds),
            everything.written == changed.written,
        )


def deliver(settings: Settings, people: int, on: datetime.date) -> None:
    """Extracts of that day, pseudonymised, with their sealed blocking done."""
    stages.synthesise(settings, people, SEED, on)
    for dataset in settings.datasets:
        stages.pseudonymise(settings, dataset)
    for view in stages.views(settings):
        stages.block(settings, view)
        stages.unseal(settings, view)


@dataclass(frozen=True)
class Run:
    """One run of `score` over all views: distinct rows, pairs compared, CPU-seconds, hashes of what it wrote."""

    rows: int
    pairs: int
    seconds: float
    written: tuple[str, ...]


def score(settings: Settings, anew: bool) -> Run:
    """Score every view, and time it."""
    before = os.times()
    done = [stages.score(settings, view, anew=anew) for view in stages.views(settings)]
    after = os.times()
    written = tuple(facts.sha256(settings.files.matching.pairs(view)) for view in stages.views(settings))
    seconds = after.user + after.system - before.user - before.system
    return Run(sum(one["profiles"] for one in done), sum(one["compared"] for one in done), seconds, written)


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """e of seconds ~ sizes^e."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


if __name__ == "__main__":
    sys.exit(main())
