"""python -m benchmarks.blocking: pairs per record and recall of the blocking rules, as the number of people grows."""

import argparse
import sys
import time
from typing import Any

from rich.table import Table

from benchmarks.measure import EPOCH, OUT, folder
from benchmarks.population import SCHEMAS
from linkage import quality_run, stages
from linkage.settings import Settings

SIZES, QUICK_SIZES = (10_000, 20_000, 40_000, 80_000), (2_000, 4_000)
SEED = 31
# A record of a population eight times as large may be compared with this many times as many others.
MOST_GROWTH = 1.5


def main() -> int:
    """Returns 1 when --check finds that pairs per record grow with the population."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SIZES} people only")
    parser.add_argument("--check", action="store_true", help="fail when pairs per record grow with the people")
    chosen = parser.parse_args()
    found = {people: measured(people) for people in (QUICK_SIZES if chosen.quick else SIZES)}
    views = list(next(iter(found.values())))
    for view in views:
        OUT.print(growth_table(view, {people: of_views[view] for people, of_views in found.items()}))
    per_record = [[of_views[view]["pairs_per_record"] for of_views in found.values()] for view in views]
    return int(chosen.check and any(last > MOST_GROWTH * first for first, *_, last in per_record))


def measured(people: int) -> dict[str, dict[str, Any]]:
    """{view: the facts of its blocking} of so many invented people."""
    with folder(None) as root:
        settings = Settings(schemas=SCHEMAS, workspace=root)
        stages.synthesise(settings, people, SEED)
        stages.new_keys(settings, EPOCH)
        for dataset in settings.datasets:
            stages.pseudonymise(settings, dataset)
        found = {}
        for view in stages.views(settings):
            stages.block(settings, view)
            stages.unseal(settings, view)
            began = time.process_time()
            found[view] = quality_run.blocking(settings, view)
            found[view]["cpu_seconds"] = time.process_time() - began
        return found


def growth_table(view: str, found: dict[int, dict[str, Any]]) -> Table:
    """One row per number of people."""
    table = Table(title=f"View {view}", title_justify="left", box=None)
    for name in ("people", "records compared", "pairs", "pairs per record", "recall without a number", "CPU-s"):
        table.add_column(name, justify="right")
    for people, said in found.items():
        recall = "-" if said["recall"] is None else f"{said['recall']:.4f}"
        counts = (f"{n:,}" for n in (people, said["profiles"], said["pairs"]))
        table.add_row(*counts, f"{said['pairs_per_record']:.2f}", recall, f"{said['cpu_seconds']:.1f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
