"""Scoring from file to file. A delivery that changes little costs little: what two rows are worth is kept.

matching/scored/<view>/<made with>/ holds the pairs and the rows of the last run under one model and one token key.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import splink

from linkage import facts, models, quality_run
from linkage.clustering import tell_clustering
from linkage.keyring import mark_of
from linkage.linking import Progress, Seen, quiet, seen_in
from linkage.matching.score import Before, Scored
from linkage.settings import Settings
from linkage.workspace import OWNER_ONLY_FOLDER, private_folder, whole_folder, write_parquet, write_text

ROWS, PAIRS = "rows.parquet", "pairs.parquet"
FREQUENCY, DEFAULTS = "frequency_of_{}.parquet", "defaults_of_{}.parquet"


def score(settings: Settings, view: str, progress: Progress = quiet, anew: bool = False) -> dict[str, Any]:
    """encoded/<view>/ and candidates/<view> → the scored pairs of one view, by the model that is in use.

    Pairs of rows that the same model scored before, and that have not changed, are taken from there; `anew` scores
    them again, and gives the same bytes.
    """
    from linkage.matching.score import score as scored

    files, declared = settings.files, settings.encodings.views[view]
    with duckdb.connect() as con:
        progress("profiles")
        seen = seen_in(settings, con, view)
        files.forget_people()
        facts.forget(settings, facts.OF_LINKAGE + facts.AFTER_LINKAGE)
        progress("blocking")
        made = quality_run.note_blocking(settings, view, seen)
        progress("training")
        model = models.in_use(settings, view, seen.compared, seen.mark, seen.train)
        write_text(model.to_json(), files.matching.model(view))
        progress("scoring")
        folder = files.matching.scored(view, made_with(settings, view, model.to_json(), seen))
        result = scored(seen.profiles, declared, model, made, scored_before(folder, seen.mark, anew))
        keep(con, folder, seen.mark, result)
        write_parquet(con.from_arrow(result.pairs), files.matching.pairs(view), seen.mark)
        tell_clustering(settings, view, seen, model)
        write_parquet(con.from_arrow(result.unlinkable), files.matching.unlinkable(view), seen.mark)
    return {
        "view": view, "profiles": seen.profiles.num_rows, "compared": result.compared, "pairs": result.pairs.num_rows,
    }  # fmt: skip


def made_with(settings: Settings, view: str, model: str, seen: Seen) -> str:
    """Sixteen hexadecimal digits of a hash over all that a weight hangs on, but for the rows and the key."""
    declared = settings.encodings.views[view].model_dump(mode="json", by_alias=True)
    said = {"model": model, "view": declared, "compared": seen.compared}
    said |= {"splink": splink.__version__, "hashed by": duckdb.__version__}
    return models.fingerprint(json.dumps(said, sort_keys=True))


def scored_before(folder: Path, mark: str, anew: bool) -> Before:
    """What was scored before with tokens of this mark: nothing where there is none, or it is damaged.

    `anew`: only how common tokens are, and which are defaults.
    """
    if mark_of(folder / PAIRS) != mark or mark_of(folder / ROWS) != mark:
        return Before()
    frequencies, defaults = by_column(folder, FREQUENCY), by_column(folder, DEFAULTS)
    if anew:
        return Before(frequencies=frequencies, defaults=defaults)
    return Before(pq.read_table(folder / ROWS), pq.read_table(folder / PAIRS), frequencies, defaults)


def by_column(folder: Path, name: str) -> dict[str, pa.Table]:
    """{token column: its table} of the files of that name, in which a column's stands."""
    tables = [pq.read_table(path) for path in sorted(folder.glob(name.format("*")))]
    return {table.column_names[0]: table for table in tables}


def keep(con: duckdb.DuckDBPyConnection, folder: Path, mark: str, scored: Scored) -> None:
    """Write what the next run need not score, whole or not at all; what another model scored goes."""
    kept = {ROWS: scored.kept.rows, PAIRS: scored.kept.pairs}
    kept |= {FREQUENCY.format(column): shares for column, shares in scored.kept.frequencies.items()}
    kept |= {DEFAULTS.format(column): tokens for column, tokens in scored.kept.defaults.items()}
    private_folder(folder.parent)
    with whole_folder(folder) as unfinished:
        unfinished.chmod(OWNER_ONLY_FOLDER)
        for name, table in kept.items():
            write_parquet(con.from_arrow(table), unfinished / name, mark)
    for other in set(folder.parent.iterdir()) - {folder}:
        shutil.rmtree(other)
