"""What the linkage stages have in common: what is seen in a view, and files of earlier stages that must be there."""

import functools
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from linkage import facts
from linkage.contracts.dataset import Dataset
from linkage.errors import LinkError
from linkage.keyring import check_one_mark
from linkage.sealing import candidates
from linkage.settings import Settings
from linkage.workspace import write_text

Progress = Callable[[str], None]
CONTRACT = "contract"  # in what is noted of an extract: what its contract said of its attributes


def quiet(_: str) -> None:
    """No progress wanted."""


def views(settings: Settings) -> list[str]:
    """The views of the linkage schema that some dataset is compared in, in order."""
    from linkage.matching.profiles import compared

    encodings, datasets = settings.encodings, settings.datasets
    return [view for view in encodings.views if compared(encodings, datasets, view)]


@dataclass(frozen=True)
class Seen:
    """What is seen in one view: its profiles, what they are made of and under which mark, and how to train on them.

    `candidates` (view_id_l, view_id_r, rules): the pairs that sealed blocking found; None of a view without it.
    """

    profiles: pa.Table
    candidates: pa.Table | None
    compared: dict[str, bool]
    mark: str
    train: Callable[[], Any]


def seen_in(settings: Settings, con: duckdb.DuckDBPyConnection, view: str) -> Seen:
    """The profiles of a view, with what sealed blocking tells of them.

    Raises LinkError where a dataset is missing or sealed blocking has not been done, PrivacyError where two keys would
    meet.
    """
    from linkage.matching import hints, model, profiles

    encodings, files = settings.encodings, settings.files
    compared = profiles.compared(encodings, settings.datasets, view)
    encoded = {name: arrived(con, files.matching.encoded(view, name), name) for name in compared}
    mark = check_one_mark(settings, compared, encodings.scheme)
    declared, found = encodings.views[view], candidates(settings, view)
    rows = profiles.profiles(con, encoded, declared, [name for name, known in compared.items() if known])
    rows = hints.hinted(rows, declared, found)
    train = functools.partial(model.train, rows, declared, view, encodings.version)
    return Seen(rows, found, compared, mark, train)


def train_candidate(settings: Settings, view: str) -> dict[str, Any]:
    """encoded/<view>/ → a candidate model, which is used once somebody accepts it. Raises LinkError."""
    from linkage import models

    with duckdb.connect() as con:
        model = seen_in(settings, con, view).train()
    return {"view": view, "notes": list(model.notes), "kept": str(models.keep_candidate(settings, model))}


def attributes_of(
    settings: Settings, con: duckdb.DuckDBPyConnection, names: Iterable[str], place: Callable[[str], Path]
) -> dict[str, duckdb.DuckDBPyRelation]:
    """{dataset: its attributes, which lie at their `place`}. Raises LinkError where one has not been pseudonymised, or
    was by another contract: a column may be missing, and a code may stand there in words nothing asks for any more.
    """
    taken_in, found = facts.intake(settings), {}
    for name in names:
        found[name] = arrived(con, place(name), name)
        said = taken_in.get(name, {}).get(CONTRACT)
        if said and said != says(settings.datasets[name]):
            raise LinkError(
                f"{name} was pseudonymised by another contract: what schemas/datasets/{name}.yaml says of its "
                f"attributes has changed since. Run: linkage pseudonymise {name}"
            )
    return found


def says(dataset: Dataset) -> str:
    """What decides which attributes a dataset has downstream and in which words, as 12 hexadecimal digits."""
    said = {name: asdict(column) | {"about": ""} for name, column in dataset.attributes.items()}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def arrived(con: duckdb.DuckDBPyConnection, path: Path, dataset: str) -> duckdb.DuckDBPyRelation:
    """A file that pseudonymisation should have written. Raises LinkError where it has not."""
    if not path.exists():
        raise LinkError(f"{dataset} has not been pseudonymised. Run: linkage pseudonymise {dataset}")
    return whole(con, path, f"linkage pseudonymise {dataset}")


def whole(con: duckdb.DuckDBPyConnection, path: Path, made_by: str) -> duckdb.DuckDBPyRelation:
    """A Parquet file of an earlier stage. Raises LinkError where it is damaged."""
    try:
        return con.read_parquet(str(path))
    except duckdb.Error:
        raise LinkError(f"{path} is damaged. Run again: {made_by}") from None


def matched(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    edges: duckdb.DuckDBPyRelation,
    records: duckdb.DuckDBPyRelation,
) -> duckdb.DuckDBPyRelation:
    """`edges`, as probable as they are between sources that hold each person once (matching/one_to_one.py).

    How many people two sources share is estimated when models are first used, and kept beside them.
    """
    from linkage.matching import model, one_to_one

    texts = {view: settings.files.matching.model(view).read_text(encoding="utf-8") for view in views(settings)}
    priors = {view: model.model_from(text).prior for view, text in texts.items()}
    once = [name for name, dataset in settings.datasets.items() if dataset.person_number]
    path = settings.files.matching.shared(hashlib.sha256("".join(texts.values()).encode()).hexdigest()[:16])
    said = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    known = {(view, one, other): odds for view, one, other, odds in said}
    for other in set(path.parent.glob(path.with_stem("shared.*").name)) - {path}:
        other.unlink()
    believed, odds = one_to_one.believed(con, edges, records, priors, once, known)
    write_text(json.dumps([[*group, odds[group]] for group in sorted(odds)], indent=1) + "\n", path)
    return believed


def scored_pairs(con: duckdb.DuckDBPyConnection, path: Path, view: str) -> duckdb.DuckDBPyRelation:
    """The scored pairs of a view. Raises LinkError where it has not been scored."""
    if not path.exists():
        raise LinkError(f"View {view} has not been scored. Run: linkage link")
    return whole(con, path, "linkage link")
