"""The ledger of person ids, from run to run: matching/people/<run>/ says who had which id, and what became of each.

A run is kept when it differs from the one before. Linking the same again, after a kill too, adds none and gives the
same ids.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from linkage.errors import LinkError
from linkage.ledger import ledger_of
from linkage.matching import person_ids
from linkage.settings import Settings
from linkage.workspace import OWNER_ONLY_FILE, OWNER_ONLY_FOLDER, private_folder, whole_file, whole_folder

INDEX, EVENTS, ABOUT = "index.parquet", "events.parquet", "about.json"


def person_index(
    settings: Settings, con: duckdb.DuckDBPyConnection, clusters: pa.Table, models: Iterable[str]
) -> pa.Table:
    """(dataset, record_id, person_id_high, person_id_medium, person_id_low), with the ids of the run before.

    `models`: the trained models, as text. Keeps the run, and logs it, where anybody or any model is new.
    """
    earlier = runs(settings)
    known = person_ids.nobody(con)
    if earlier:
        known = {"before": con.read_parquet(str(earlier[-1] / INDEX)), "used": every_id(con, earlier)}
    index, lasting = person_ids.person_index(con, con.from_arrow(clusters), **known)
    said = {"model": hashlib.sha256("".join(models).encode()).hexdigest()[:16], "records": lasting.index.num_rows}
    if not earlier or said["model"] != about(earlier[-1])["model"] or not same(lasting.index, earlier[-1] / INDEX):
        keep(settings, len(earlier) + 1, lasting, said | lasting.counts())
    return index


def keep(settings: Settings, run: int, lasting: person_ids.Named, said: dict[str, Any]) -> None:
    """Write one run, whole or not at all, and log it."""
    private_folder(settings.files.matching.people)
    with whole_folder(settings.files.matching.people / f"{run:06}") as folder:
        pq.write_table(lasting.index, folder / INDEX, compression="zstd")
        pq.write_table(lasting.events, folder / EVENTS, compression="zstd")
        (folder / ABOUT).write_text(json.dumps({"run": run} | said, indent=1, sort_keys=True) + "\n")
        for path in folder.iterdir():
            path.chmod(OWNER_ONLY_FILE)
        folder.chmod(OWNER_ONLY_FOLDER)
    ledger_of(settings).append("people named", run=run, **said)


def runs(settings: Settings) -> list[Path]:
    """The folders of the runs that were kept, first to last."""
    return sorted(path for path in settings.files.matching.people.glob("[0-9]*") if path.is_dir())


def about(run: Path) -> dict[str, Any]:
    """(run, model, records, kept, new, merged, split, retired) of one run."""
    return dict(json.loads((run / ABOUT).read_text(encoding="utf-8")))


def every_id(con: duckdb.DuckDBPyConnection, earlier: list[Path]) -> duckdb.DuckDBPyRelation:
    """(person_id): every id that was ever given."""
    return con.read_parquet([str(run / INDEX) for run in earlier]).project("person_id").distinct()


def same(index: pa.Table, path: Path) -> bool:
    """Does that file hold this very index?"""
    return pq.read_table(path).equals(index)


def write_crosswalk(settings: Settings, earlier: int, later: int, to: Path) -> None:
    """Write person_id_earlier,person_id_later,records between two runs. Raises LinkError where one was never kept."""
    paths = {run: settings.files.matching.people / f"{run:06}" / INDEX for run in (earlier, later)}
    if missing := [run for run, path in paths.items() if not path.exists()]:
        raise LinkError(f"There is no run {missing} of the person index; linkage people runs says which there are.")
    with duckdb.connect() as con, whole_file(to) as unfinished:
        indexes = [con.read_parquet(str(path)) for path in paths.values()]
        person_ids.crosswalk(con, *indexes).write_csv(str(unfinished), header=True)
