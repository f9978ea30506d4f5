"""The life of a key: made, shown, replaced by that of a new epoch, destroyed. Each step is an entry of the log."""

import datetime
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from linkage.erasing import erase
from linkage.errors import PrivacyError
from linkage.ledger import Entry, Log, ledger_of
from linkage.pseudonymisation.key_sources import FIRST_EPOCH, KeyFolder
from linkage.pseudonymisation.keys import TokenKey, refuse
from linkage.settings import Settings
from linkage.workspace import private_folder

TO_DESTROY, DESTROYED = "epoch to be destroyed", "epoch destroyed"


def new_keys(settings: Settings, epoch: str | None = None) -> list[str]:
    """Make the keys that are missing: one token key for the epoch, a record-id key per dataset. Returns their names.

    Raises PrivacyError where there is a token key of another epoch, or where that epoch was destroyed.
    """
    ledger, keys = ledger_of(settings), KeyFolder(settings.files.department.keys)
    if epoch or not keys.path("token").exists():
        check_never_destroyed(settings, epoch or FIRST_EPOCH)
    private_folder(keys.folder)
    made = keys.make(settings.datasets, epoch)
    if made:
        fingerprints = {row["key"]: row["fingerprint"] for row in show_keys(settings)}
        ledger.append("keys made", epoch=keys.token_key().epoch, keys={name: fingerprints[name] for name in made})
    return made


def show_keys(settings: Settings) -> list[dict[str, Any]]:
    """(key, epoch, state, made, fingerprint): one row per key in the folder; never the key. Raises PrivacyError."""
    keys = KeyFolder(settings.files.department.keys)
    rows = [of_token_key("token", keys.token_key(), "current")]
    rows += [
        of_token_key(f"token-{epoch}", key, "kept aside")
        for epoch, key in keys.kept_aside().items()
        if epoch != rows[0]["epoch"]
    ]
    for kind, key_of in (("records", keys.record_key), ("study", keys.study_key)):
        for path in sorted(keys.folder.glob(f"{kind}-*.yaml")):
            whose = path.stem.removeprefix(f"{kind}-")
            key = key_of(whose)
            rows.append({"key": path.stem, "epoch": "", "state": "outlives epochs", "made": key.made,
                         "fingerprint": key.fingerprint(whose)})  # fmt: skip
    return rows


def of_token_key(name: str, key: TokenKey, state: str) -> dict[str, Any]:
    """The row of one token key."""
    return {"key": name, "epoch": key.epoch, "state": state, "made": key.key.made, "fingerprint": key.fingerprint}


def age(made: datetime.date | None) -> str:
    """How many days ago that was."""
    return "not known" if made is None else f"{(datetime.datetime.now(datetime.UTC).date() - made).days} days"


def rotate_keys(settings: Settings, epoch: str) -> dict[str, str]:
    """Begin a new linkage epoch. Every extract is then pseudonymised and linked anew; every record id stays.

    The earlier key is kept aside until it is destroyed. Returns the two epochs and the hash of the entry in the log.
    Raises PrivacyError where there is no key to replace, or the epoch has, or had, a key already.
    """
    ledger = ledger_of(settings)
    ledger.verify()
    check_never_destroyed(settings, epoch)
    earlier, new = KeyFolder(settings.files.department.keys).rotate(epoch)
    entry = ledger.append(
        "epoch rotated",
        earlier={"epoch": earlier.epoch, "fingerprint": earlier.fingerprint},
        new={"epoch": new.epoch, "fingerprint": new.fingerprint},
    )
    return {"earlier": earlier.epoch, "new": new.epoch, "log": entry.hash}


def check_never_destroyed(settings: Settings, epoch: str) -> None:
    """Raises PrivacyError where an epoch of that name was destroyed: its receipt must stay true."""
    if about_destroying(ledger_of(settings).verify(), epoch):
        raise PrivacyError(
            f"Epoch {epoch!r} was destroyed; {settings.files.log} says so, and it must stay true. Name another epoch. "
            "Nothing was written."
        )


def destroy_epoch(settings: Settings, epoch: str) -> Entry:
    """Delete every file that holds tokens of an epoch, then its key. Returns the receipt, the entry in the log.

    What is to go is logged before, and the key goes last: killed on the way, it is run again, and writes the receipt
    also where that is all that is missing. A key in a vault is destroyed there; here its tokens go, with a receipt of
    the fingerprint that they bear. The person index, attributes and edges stay, since they hold record ids and no
    token; so do the weights of a model, which are numbers of a population. Copies that a backup or a file system keeps
    are beyond this program. Raises PrivacyError where there is neither a key of the epoch here nor a token.
    """
    ledger = ledger_of(settings)
    about = about_destroying(ledger.verify(), epoch)
    keys, doomed = KeyFolder(settings.files.department.keys).of_epoch(epoch), token_files(settings, epoch)
    fingerprints = sorted({key.fingerprint for key in keys.values()} | fingerprints_of(doomed))
    if fingerprints:
        names = [*(str(path.relative_to(settings.workspace)) for path in doomed), *(path.name for path in keys)]
        said = {"epoch": epoch, "fingerprint": ", ".join(fingerprints), "deleted": names}
        about = [ledger.append(TO_DESTROY, **said)]
        for path in [*doomed, *keys]:
            erase(path)
    elif not about or about[-1].what == DESTROYED:
        where = settings.files.department.keys
        refuse(where, f"holds no token key of epoch {epoch!r}. Which there are says: linkage keys show")
    return ledger.append(DESTROYED, **about[-1].details)


def fingerprints_of(files: Iterable[Path]) -> set[str]:
    """The fingerprints of the keys that these files say they were made under."""
    return {mark.rpartition("/")[2] for path in files if (mark := mark_of(path))}


def about_destroying(log: Log, epoch: str) -> list[Entry]:
    """What the log says of the destruction of an epoch, first to last."""
    return [e for e in log.entries if e.what in (TO_DESTROY, DESTROYED) and e.details["epoch"] == epoch]


def token_files(settings: Settings, epoch: str) -> list[Path]:
    """The files that hold tokens or pseudonyms of an epoch; one that does not say of which is among them."""
    folders = settings.files.holding_tokens
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return [path for path in files if epoch_of(mark_of(path)) in ("", epoch)]


def mark_of(path: Path) -> str:
    """What the tokens of a Parquet file are made under; "" where it does not say, or is damaged."""
    try:
        with duckdb.connect() as con:
            said = con.execute("select decode(key), decode(value) from parquet_kv_metadata(?)", [str(path)]).fetchall()
        return str(dict(said).get("mark", ""))
    except duckdb.Error:
        return ""


def epoch_of(mark: str) -> str:
    """The epoch in a mark, scheme/epoch/fingerprint."""
    return mark.rpartition("/")[0].rpartition("/")[2]


def check_one_mark(settings: Settings, compared: Iterable[str], scheme: str) -> str:
    """The mark that the tokens of these datasets share. It stands in the files themselves. Raises PrivacyError."""
    marks = {name: {mark_of(path) for path in settings.files.matching.of_dataset(name)} for name in compared}
    return one_mark(f"{settings.files.matching.root}: the tokens to be linked", marks, scheme)


def one_mark(what: str, marks: Mapping[str, Collection[str]], scheme: str) -> str:
    """The mark all these share, scheme/epoch/fingerprint; "" where there are none. `marks`: {dataset: its own}.

    Raises PrivacyError where they were made under different keys, epochs or versions, since none would ever agree, and
    where the scheme is another than that of the linkage schema.
    """
    said = {mark for of_dataset in marks.values() for mark in of_dataset}
    if len(said) > 1 or any(not mark.startswith(f"{scheme}/") for mark in said):
        by_dataset = {name: sorted(of_dataset) for name, of_dataset in marks.items()}
        raise PrivacyError(
            f"{what} were made under different keys, epochs or versions (scheme/epoch/key: {by_dataset}; "
            f"encodings.yaml is {scheme}). Pseudonymise these datasets again with one token key."
        )
    return said.pop() if said else ""
