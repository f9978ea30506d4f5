"""`linkage attack`, from file to file: what an intruder in this workspace's matching zone could find out.

The intruder's public knowledge is extracts about other people, in the forms of the contracts: he standardises them by
the public scheme. For an invented workspace they are invented too, from another seed.
"""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from linkage import facts, stages
from linkage.attack import attack as zone
from linkage.attack import rules
from linkage.attack.control import RECORDS, WANTED, control
from linkage.attack.public import Public
from linkage.attack.sample import FIELDS, Sample, sorted_into_people
from linkage.attack.score import scored
from linkage.attack.surnames import drawn, listed
from linkage.errors import ContractError, LinkError
from linkage.opening import lean, opened, parts_of, side_by_side
from linkage.settings import Settings

PUBLIC_PEOPLE, PUBLIC_SEED, KNOWN_PEOPLE = 100_000, 990_001, 50
CONTROL_SEED = 1
WITHOUT, WITH = "public lists", "and fifty known people"
RECORD = ["dataset", "record_id"]
Progress = Callable[[str], None]


def attack(
    settings: Settings,
    knowledge: Path | None = None,
    people: int = PUBLIC_PEOPLE,
    names: int | None = None,
    progress: Progress = stages.quiet,
) -> dict[str, Any]:
    """Attack the tokens of this workspace. Returns, and notes for the quality report, what was re-identified.

    `knowledge`: a folder with extracts about other people, under the paths of the contracts; invented ones where none
    is given. `names`: how many surnames the positive control knows, which proves nothing where they are not all. With
    a truth (invented extracts), `right` is the share re-identified; without, there is only what the intruder believes.
    Raises LinkError where nothing is encoded, ContractError where knowledge is missing.
    """
    progress("the tokens")
    target = target_of(settings)
    truth, sealed = None, lying(settings)
    if facts.invented(settings):
        progress("the truth, kept apart")
        truth, sealed = truth_of(settings, target)
    elif knowledge is None:
        raise ContractError("These extracts are not invented: name a folder with public knowledge (--knowledge).")
    public, proof = public_knowledge(settings, knowledge, people, progress), positive_control(names, progress=progress)
    found = {
        "records": len(target.rows),
        "people": target.people,
        "public_people": public.people,
        "public_from": str(knowledge) if knowledge else f"people invented from seed {PUBLIC_SEED}",
        "control": proof,
        "rows": tried(target, sealed, public, truth, progress),
    }
    facts.write(settings, "attack", found)
    return found


def tried(
    target: Sample,
    sealed: pd.DataFrame,
    public: Public,
    truth: pd.DataFrame | None,
    progress: Progress = stages.quiet,
) -> list[dict[str, Any]]:
    """The attack with public lists alone and, where the truth is there to draw them from, with fifty known people.

    `sealed`: (rule, key, value) of sealed rule keys, attacked with public lists; the value is used with a truth only.
    """
    progress("attacking with public lists")
    rows = answers(WITHOUT, scored(target.rows, zone.guesses(target, public), truth))
    rows += answers(WITHOUT, rules.guessed(sealed, public.sealed, truth is not None))
    if truth is not None:
        progress("attacking with fifty known people")
        known = known_people(target)
        told = {field: truth.loc[known, field].dropna() for field in FIELDS}
        rows += answers(WITH, scored(target.rows, zone.guesses(target, public, told), truth, known))
    return rows


def answers(knowledge: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one attack, with what the intruder knew."""
    return [{"knowledge": knowledge} | row for row in rows]


def known_people(target: Sample) -> pd.Series:
    """Is this row of one of fifty people drawn by chance?"""
    drawn = np.random.default_rng(PUBLIC_SEED).choice(target.people, min(KNOWN_PEOPLE, target.people), replace=False)
    return target.rows["person"].isin(drawn)


def target_of(settings: Settings) -> Sample:
    """The tokens of the workspace as they lie in the matching zone, the views joined where they are of one record.

    Raises LinkError where nothing has been pseudonymised, PrivacyError where that was under several keys, or by another
    version of the scheme than the intruder would learn.
    """
    encodings, files = settings.encodings, settings.files.matching
    stages.check_one_mark(settings, settings.datasets, encodings.scheme)
    tables = []
    with duckdb.connect() as con:
        for dataset in settings.datasets:
            paths = {view: files.encoded(view, dataset) for view in encodings.views}
            read = {
                view: (con.read_parquet(str(path)), con.read_parquet(str(files.crosswalk(view, dataset))))
                for view, path in paths.items()
                if path.exists()
            }
            if read:
                tables.append(side_by_side(dataset, read))
    if not tables:
        raise LinkError("Nothing is encoded to be attacked. Run: linkage pseudonymise")
    rows = pd.concat(tables, ignore_index=True)
    return sorted_into_people(rows, parts_of(encodings, rows))


def lying(settings: Settings) -> pd.DataFrame:
    """(rule, key) of the sealed rule keys that have been made and not yet used."""
    keys = settings.files.blocking.keys
    paths = [keys(view, dataset) for view in settings.encodings.views for dataset in settings.datasets]
    columns = ["rule", "key"]
    found = [pd.read_parquet(path, columns=columns) for path in paths if path.exists()]
    return pd.concat([pd.DataFrame(columns=columns), *found], ignore_index=True)


def truth_of(settings: Settings, target: Sample) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What each row of the target holds, in clear, and (rule, key, value) of sealed rules: for invented extracts only.

    The rule keys are made anew, as they lay before they were used.
    """
    found = opened(settings, stages.key_source(settings), settings.encodings)
    values = found.values.set_index(pd.MultiIndex.from_frame(found.sample.rows[RECORD]))
    return values.reindex(pd.MultiIndex.from_frame(target.rows[RECORD])).set_index(target.rows.index), found.sealed


def public_knowledge(settings: Settings, folder: Path | None, people: int, progress: Progress) -> Public:
    """What the intruder knows: extracts about other people, opened. Raises ContractError where they hold no name."""
    with tempfile.TemporaryDirectory() as passing:
        own = Settings(schemas=settings.schemas, workspace=Path(passing))
        if folder is None:
            progress(f"{people:,} other people")
            stages.synthesise(own, people, PUBLIC_SEED)
        else:
            bring(own, folder)
        stages.new_keys(own)
        progress("sorting what is public")
        found = opened(own, stages.key_source(own), lean(own.encodings))
    if found.values["surname"].isna().all():
        raise ContractError(f"{folder}: no extract of a dataset with names is there, under the paths of the contracts.")
    person = found.sample.rows["person"].to_numpy()
    shuffled = np.random.default_rng(PUBLIC_SEED).permutation(int(person.max()) + 1)[person]
    return Public(found.values.assign(person=shuffled), found.sealed[["rule", "value"]])


def positive_control(
    names: int | None = None, seed: int = CONTROL_SEED, progress: Progress = stages.quiet
) -> dict[str, Any]:
    """What the control says: the shares of `control`, what was wanted, and whether they prove anything.

    `names`: how many of the commonest surnames are on the list; all of them where it is None.
    """
    progress("the positive control")
    shares = listed(names)
    found: dict[str, Any] = {"seed": seed} | control(drawn(shares, RECORDS, seed), shares, seed)
    proves = names is None and found["recovered"] >= WANTED
    return found | {"names": len(shares), "wanted": WANTED, "proves": proves}


def bring(own: Settings, folder: Path) -> None:
    """Let the public extracts of a folder stand where the contracts have them delivered. Raises ContractError."""
    delivered = own.files.department.extract(".")
    if not folder.is_dir():
        raise ContractError(f"{folder}: there is no such folder of public knowledge.")
    delivered.parent.mkdir(parents=True, mode=0o700)
    delivered.symlink_to(folder.absolute(), target_is_directory=True)
