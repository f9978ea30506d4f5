"""python -m benchmarks.link: pseudonymised linkage beside plaintext Splink on the same invented records.

Beside it, over clear values of the same accepted rows: the same comparisons and blocking, and a model as Splink's
documentation advises. No labels anywhere. F1 counts pairs of records of the datasets that hold full names, at the
default threshold, after clustering. The goal: ours is at most .005 under plaintext with the same design.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from rich.table import Table

from benchmarks import plaintext
from benchmarks.measure import EPOCH, OUT
from linkage import evaluation, stages
from linkage.settings import Settings

SCHEMAS = Path(__file__).parent.parent / "schemas"
LARGEST_LOSS = 0.005
OURS, SAME, DOCUMENTED = "pseudonymised", "plaintext, same design", "plaintext, as documented"
Peer = Callable[[pd.DataFrame], pd.DataFrame]


def main() -> int:
    """Returns 1 when --check finds the loss larger than the goal allows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[51, 52, 53])
    parser.add_argument("--quick", action="store_true", help="3,000 people, one seed")
    parser.add_argument("--check", action="store_true", help="fail when the goal is missed")
    chosen = parser.parse_args()
    people, seeds = (3_000, [51]) if chosen.quick else (chosen.people, chosen.seeds)
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    table = Table("seed", "method", "precision", "recall", "F1", "seconds", title=f"{people:,} invented people")
    worst = 0.0
    for seed in seeds:
        found = compared(people, seed)
        for method, (score, seconds) in found.items():
            figures = (f"{figure:.4f}" for figure in (score.precision, score.recall, score.f1))
            table.add_row(str(seed), method, *figures, f"{seconds:.0f}")
        worst = max(worst, (found[SAME][0].f1 or 0.0) - (found[OURS][0].f1 or 0.0))
    OUT.print(table)
    OUT.print(f"Largest loss of F1 against plaintext with the same design: {worst:+.4f} (goal: at most {LARGEST_LOSS})")
    return int(chosen.check and worst > LARGEST_LOSS)


def compared(people: int, seed: int) -> dict[str, tuple[evaluation.Score, float]]:
    """{method: (score of pairs, seconds of linking)} on one invented population."""
    with tempfile.TemporaryDirectory() as passing:
        settings = Settings(schemas=SCHEMAS, workspace=Path(passing))
        stages.synthesise(settings, people, seed)
        truth = pd.read_csv(settings.files.truth / "records.csv", dtype=str)
        rows = plaintext.clear_rows(settings)
        began = time.perf_counter()
        index = pseudonymised(settings, truth)
        found = {OURS: (scored(index, truth, rows), time.perf_counter() - began)}
        for method, peer in ((SAME, plaintext.same_design), (DOCUMENTED, plaintext.documented)):
            began = time.perf_counter()
            index = in_clear(rows, peer)
            found[method] = (scored(index, truth, rows), time.perf_counter() - began)
    return found


def pseudonymised(settings: Settings, truth: pd.DataFrame) -> pd.DataFrame:
    """(dataset, record_id, person_id per threshold), by the stages of the project; record ids of the departments."""
    stages.new_keys(settings, EPOCH)
    for dataset in settings.datasets:
        stages.pseudonymise(settings, dataset)
    for view in stages.views(settings):
        for stage in (stages.block, stages.unseal, stages.score):
            stage(settings, view)
    stages.cluster(settings)
    saved = settings.workspace / "index.csv"
    stages.evaluate(settings, settings.files.truth / "records.csv", saved)
    return pd.read_csv(saved, dtype=str)


def in_clear(rows: pd.DataFrame, peer: Peer) -> pd.DataFrame:
    """(dataset, record_id, person_id per threshold), by a peer."""
    distinct, members = plaintext.profiles(rows)
    return members.merge(peer(distinct), on="profile_id")


def scored(index: pd.DataFrame, truth: pd.DataFrame, rows: pd.DataFrame) -> evaluation.Score:
    """Pairs right, found and true among the records of `rows`, at the default threshold."""
    held: Any = rows[["dataset", "record_id"]]
    with duckdb.connect() as con:
        mine, true = (con.from_df(table.merge(held)) for table in (index, truth[["dataset", "record_id", "person"]]))
        return evaluation.evaluate(con, true, mine).row().pairs


if __name__ == "__main__":
    sys.exit(main())
