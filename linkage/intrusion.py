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
from linkage.attack.control import WANTED, control
from linkage.attack.public import Public
from linkage.attack.sample import FIELDS, Sample, sorted_into_people
from linkage.attack.score import scored
from linkage.errors import ContractError, LinkError
from linkage.opening import Opened, lean, opened, parts_of, side_by_side
from linkage.settings import Settings

PUBLIC_PEOPLE, PUBLIC_SEED, KNOWN_PEOPLE = 100_000, 990_001, 50
HIDDEN_SHARE = 0.32  # of the public people: they play the hidden ones of the positive control, and nothing else
WITHOUT, WITH = "public lists", "and fifty known people"
RECORD = ["dataset", "record_id"]
Progress = Callable[[str], None]


def attack(
    settings: Settings, knowledge: Path | None = None, people: int = PUBLIC_PEOPLE, progress: Progress = stages.quiet
) -> dict[str, Any]:
    """Attack the tokens of this workspace. Returns, and notes for the quality report, what was re-identified.

    `knowledge`: a folder with extracts about other people, under the paths of the contracts; invented ones where none
    is given. With a truth (invented extracts), `right` is the share re-identified; without, there is only what the
    intruder believes. Raises LinkError where nothing is encoded, ContractError where knowledge is missing.
    """
    progress("the tokens")
    target = target_of(settings)
    truth = None
    if facts.invented(settings):
        progress("the truth, kept apart")
        truth = truth_of(settings, target)
    elif knowledge is None:
        raise ContractError("These extracts are not invented: name a folder with public knowledge (--knowledge).")
    public, proof = public_knowledge(settings, knowledge, people, progress)
    found = {
        "records": len(target.rows),
        "people": target.people,
        "public_people": public.people,
        "public_from": str(knowledge) if knowledge else f"people invented from seed {PUBLIC_SEED}",
        "control": proof,
        "rows": tried(target, public, truth, progress),
    }
    facts.write(settings, "attack", found)
    return found


def tried(
    target: Sample, public: Public, truth: pd.DataFrame | None, progress: Progress = stages.quiet
) -> list[dict[str, Any]]:
    """The attack with public lists alone and, where the truth is there to draw them from, with fifty known people."""
    progress("attacking with public lists")
    rows = answers(WITHOUT, scored(target.rows, zone.guesses(target, public), truth))
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

    Raises LinkError where nothing has been pseudonymised.
    """
    encodings, files = settings.encodings, settings.files.matching
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


def truth_of(settings: Settings, target: Sample) -> pd.DataFrame:
    """What each row of the target holds, in clear: for invented extracts only."""
    found = opened(settings, stages.key_source(settings), settings.encodings)
    values = found.values.set_index(pd.MultiIndex.from_frame(found.sample.rows[RECORD]))
    return values.reindex(pd.MultiIndex.from_frame(target.rows[RECORD])).set_index(target.rows.index)


def public_knowledge(
    settings: Settings, folder: Path | None, people: int, progress: Progress
) -> tuple[Public, dict[str, Any]]:
    """What the intruder knows, and what the positive control says of him."""
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
    return parted(found, progress)


def parted(found: Opened, progress: Progress) -> tuple[Public, dict[str, Any]]:
    """The public people, and the positive control on some of them whom the intruder is not shown."""
    rng, person = np.random.default_rng(PUBLIC_SEED), found.sample.rows["person"].to_numpy()
    shuffled = rng.permutation(int(person.max()) + 1)[person]
    hidden = shuffled < HIDDEN_SHARE * (shuffled.max() + 1)
    progress("the positive control")
    surnames = pd.DataFrame({"person": shuffled, "surname": found.values["surname"], "hidden": hidden})
    surnames = surnames.dropna().drop_duplicates(["person", "surname"])
    proof: dict[str, Any] = dict(
        control(surnames["surname"][surnames["hidden"]], surnames["surname"][~surnames["hidden"]])
    )
    proof |= {"wanted": WANTED, "proves": proof["recovered"] >= WANTED}
    rest = found.values[~hidden].assign(person=np.unique(shuffled[~hidden], return_inverse=True)[1])
    return Public(rest.reset_index(drop=True)), proof


def bring(own: Settings, folder: Path) -> None:
    """Let the public extracts of a folder stand where the contracts have them delivered. Raises ContractError."""
    delivered = own.files.department.extract(".")
    if not folder.is_dir():
        raise ContractError(f"{folder}: there is no such folder of public knowledge.")
    delivered.parent.mkdir(parents=True, mode=0o700)
    delivered.symlink_to(folder.absolute(), target_is_directory=True)
