"""Sealed blocking from file to file: two stages that never open each other's file, nor one that holds a token.

`block` has the rule keys, `unseal` the pairs and the pseudonyms; each deletes what it was given when its own file is
whole, and logs that. `score` then has pairs of rows and no fragment of a name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from linkage import facts
from linkage.erasing import erase
from linkage.errors import LinkError, PrivacyError
from linkage.keyring import mark_of, one_mark
from linkage.ledger import ledger_of
from linkage.settings import Settings
from linkage.workspace import unfinished_of, write_parquet


def block(settings: Settings, view: str) -> dict[str, Any]:
    """blocking/keys/<view>/ → blocking/pairs/<view>, and no key is left.

    Where that was done before, nothing is to do. Raises LinkError where the keys of a dataset are not there,
    PrivacyError where they were made under different token keys or another version, or the log is broken: what is used
    is deleted, and a deletion that cannot be logged is not begun.
    """
    from linkage.blocking import pairs

    ledger_of(settings).verify()
    compared = sealed_datasets(settings, view)
    keys = {name: settings.files.blocking.keys(view, name) for name in compared}
    done = settings.files.blocking.pairs(view), settings.files.matching.candidates(view)
    if compared and not any(path.exists() for path in done):
        mark = mark_shared(settings, "the blocking keys", there(keys, view))
        with duckdb.connect() as con:
            known = [name for name, was in compared.items() if was]
            told = {hint.rule for hint in settings.encodings.views[view].hints.values()}
            opened = {name: con.read_parquet(str(path)) for name, path in keys.items()}
            found = pairs.candidates(con, opened, known, told)
            write_parquet(found.pairs, done[0], mark)
            delete(settings, view, "blocking keys", keys.values())
            facts.write(settings, f"sealed/{view}", {"pairs": found.by_rule, "keys_left_out": found.left_out})
            return {"view": view, "pairs": found.pairs.shape[0], "keys_left_out": found.left_out}
    delete(settings, view, "blocking keys", keys.values())
    return {"view": view}


def unseal(settings: Settings, view: str) -> dict[str, Any]:
    """blocking/pairs/<view> and unsealing/<view>/ → matching/candidates/<view>, and no blocking pseudonym is left."""
    from linkage.blocking.pairs import opened

    ledger_of(settings).verify()
    compared = sealed_datasets(settings, view)
    pairs, made = settings.files.blocking.pairs(view), settings.files.matching.candidates(view)
    crosswalks = {name: settings.files.unsealing.crosswalk(view, name) for name in compared}
    if compared and not made.exists():
        mark = mark_shared(settings, "the pairs and pseudonyms", there(crosswalks | {"the pairs": pairs}, view))
        with duckdb.connect() as con:
            rows = {name: con.read_parquet(str(path)) for name, path in crosswalks.items()}
            write_parquet(opened(con, con.read_parquet(str(pairs)), rows), made, mark)
    delete(settings, view, "blocking pseudonyms", [pairs, *crosswalks.values()])
    return {"view": view}


def candidates(settings: Settings, view: str) -> pa.Table | None:
    """The pairs that sealed blocking found; None of a view without it. Raises LinkError where it has not been done."""
    if not settings.encodings.views[view].sealed_blocking:
        return None
    path = settings.files.matching.candidates(view)
    if not path.exists():
        raise LinkError(f"View {view}: its sealed blocking has not been done. Run: linkage link")
    return pq.read_table(path)


def sealed_datasets(settings: Settings, view: str) -> dict[str, bool]:
    """{dataset: was it compared in an earlier view?} of a view with sealed rules; {} of one without."""
    from linkage.matching.profiles import compared

    encodings = settings.encodings
    return compared(encodings, settings.datasets, view) if encodings.views[view].sealed_blocking else {}


def there(files: Mapping[str, Path], view: str) -> Mapping[str, Path]:
    """The files of each dataset. Raises LinkError naming those that are not there."""
    if missing := [name for name, path in files.items() if not path.exists()]:
        raise LinkError(
            f"View {view}: the blocking keys of {missing} were never made, or were used and deleted. They are made "
            "with the tokens: linkage pseudonymise, once for every dataset of this view, then linkage link. To link "
            "without a department, take its contract out of the schemas."
        )
    return files


def mark_shared(settings: Settings, what: str, files: Mapping[str, Path]) -> str:
    """What all these files are made under. Raises PrivacyError where that is not one key, epoch and version."""
    marks = {name: [mark_of(path)] for name, path in files.items()}
    return one_mark(f"{next(iter(files.values())).parent}: {what}", marks, settings.encodings.scheme)


def delete(settings: Settings, view: str, what: str, files: Any) -> None:
    """Delete what is there of these files, make sure, and log it. Raises PrivacyError where one cannot be deleted.

    What a killed run left half written beside them goes as well.
    """
    left = [path for whole in files for path in (whole, unfinished_of(whole)) if path.exists()]
    for path in left:
        erase(path)
    if stays := [str(path) for path in left if path.exists()]:
        raise PrivacyError(f"{stays} cannot be deleted. Delete them by hand, then run this again.")
    if left:
        names = [str(path.relative_to(settings.workspace)) for path in left]
        ledger_of(settings).append(f"{what} deleted", view=view, deleted=names)
