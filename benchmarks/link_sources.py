"""All sources at once: records of full names, each pair of sources, sources with initials alone, and relatives."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pandas as pd
from rich.table import Table

from linkage import evaluation
from linkage.settings import Settings

KEY = ["dataset", "record_id"]
NOBODY = evaluation.Score(0, 0, 0)


@dataclass(frozen=True)
class Sources:
    """`full`: pairs of records with full names, `of_pairs` by pair of sources; `initials`: pairs with another record.

    `relatives`: the share of all pairs found that join two people of one household, 0 to 1.
    """

    full: evaluation.Score
    of_pairs: dict[str, evaluation.Score]
    initials: evaluation.Score
    relatives: float

    def cells(self) -> list[str]:
        """For a table."""
        initials = f"{self.initials.precision:.4f}, {self.initials.recall:.4f}" if self.initials.found else "none"
        figures = (self.full.precision, self.full.recall, self.full.f1)
        return [*(f"{figure:.4f}" for figure in figures), f"{self.relatives:.5f}", initials]


def measured(settings: Settings, index: pd.DataFrame, rows: pd.DataFrame) -> Sources:
    """What an index (dataset, record_id, person_id per threshold) finds; `rows`: the records with full names."""
    truth = settings.files.truth
    known = pd.read_csv(truth / "records.csv", dtype=str)[[*KEY, "person"]]
    homes = pd.read_csv(truth / "people.csv", dtype=str)[["person", "household"]]
    everything = index.merge(known, on=KEY).merge(homes, on="person")
    named = everything.merge(rows[KEY], on=KEY)
    by_pair = scores(named)
    every = scores(everything)
    with_initials = [score for pair, score in every.items() if pair not in by_pair and " and " in pair]
    return Sources(
        full=evaluation.total(list(by_pair.values())),
        of_pairs={pair: score for pair, score in by_pair.items() if " and " in pair},
        initials=evaluation.total(with_initials),
        relatives=(joined(named, "household") - joined(named, "person")) / max(joined(named), 1),
    )


def scores(records: pd.DataFrame) -> dict[str, evaluation.Score]:
    """{`a and b` or `within a`: pairs right, found and true}, at the default threshold."""
    with duckdb.connect() as con:
        truth = con.from_df(records[[*KEY, "person"]])
        index = con.from_df(records[[*KEY, *(f"person_id_{name}" for name in evaluation.THRESHOLDS)]])
        found = evaluation.evaluate(con, truth, index).rows
    return {row.part: row.pairs for row in found if row.scope == "dataset pair" and row.threshold == "medium"}


def joined(records: pd.DataFrame, *also: str) -> int:
    """How many pairs of records are in one cluster, and alike in `also`."""
    sizes = records.groupby(["person_id_medium", *also]).size()
    return int((sizes * (sizes - 1) // 2).sum())


def between_sources(found: Mapping[str, list[Sources]]) -> Table:
    """Precision and recall of each method for each pair of sources, summed over seeds."""
    table = Table("sources", "true pairs", *found, title="between two sources: precision / recall")
    sums = {method: summed(scores) for method, scores in found.items()}
    for pair, score in next(iter(sums.values())).items():
        cells = [f"{of[pair].precision or 0:.4f} / {of[pair].recall or 0:.4f}" for of in sums.values()]
        table.add_row(pair, f"{score.true:,}", *cells)
    return table


def summed(scores: list[Sources]) -> dict[str, evaluation.Score]:
    """{pair of sources: its score}, over seeds."""
    return {pair: evaluation.total([one.of_pairs.get(pair, NOBODY) for one in scores]) for pair in scores[0].of_pairs}


def losses(ours: list[Sources], theirs: list[Sources]) -> dict[str, float]:
    """{pair of sources: how much less F1 we have}, summed over seeds."""
    peer = summed(theirs)
    return {pair: (peer[pair].f1 or 0.0) - (score.f1 or 0.0) for pair, score in summed(ours).items()}
