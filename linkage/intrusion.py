"""`linkage attack`, from file to file: what an intruder in this workspace's matching zone could find out.

The intruder's public knowledge is extracts about other people, in the forms of the contracts: he standardises and
encodes them by the public scheme under a key of his own. For an invented workspace they are invented too, from another
seed.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from linkage import facts, stages
from linkage.attack import attack as zone
from linkage.attack.control import WANTED, control
from linkage.attack.sample import Sample, sample
from linkage.attack.score import scored
from linkage.errors import ContractError, LinkError
from linkage.settings import Settings

VIEW, INITIALS_VIEW = "names", "initials"
INITIALS = ("surname_initial", "forename_initial")
PUBLIC_PEOPLE, PUBLIC_SEED, KNOWN_PEOPLE = 100_000, 990_001, 50
HIDDEN_SHARE = 0.32  # of the public people: they play the hidden ones of the positive control, and nothing else
WITHOUT, WITH = "public lists", "and fifty known people"
Progress = Callable[[str], None]


@dataclass
class Remembering:
    """Keys that remember what each token was made of: for people who are public, or invented. Never for others."""

    keys: Any
    meanings: dict[str, dict[int, str]]

    def token_key(self) -> "Remembering":
        """This object, in the place of the token key."""
        return replace(self, keys=self.keys.token_key())

    def record_key(self, dataset: str) -> Any:
        """The record-id key as it is."""
        return self.keys.record_key(dataset)

    def mark(self, version: str) -> str:
        """The mark as it is."""
        return str(self.keys.mark(version))

    def for_view_id(self, *context: str) -> Any:
        """The sub-key of record pseudonyms as it is."""
        return self.keys.for_view_id(*context)

    def for_token(self, version: str, view: str, token: str) -> "RememberingSubKey":
        """A sub-key that notes down every value it is given."""
        seen = self.meanings.setdefault(f"{view}/{token}", {})
        return RememberingSubKey(self.keys.for_token(version, view, token), seen)


@dataclass
class RememberingSubKey:
    """One sub-key and its notes."""

    key: Any
    seen: dict[int, str]

    def token(self, value: str) -> int:
        """The token, with its value noted."""
        token = int(self.key.token(value))
        self.seen[token] = value
        return token


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
    truth, told, persons = None, None, None
    if facts.invented(settings):
        progress("the truth, kept apart")
        truth = opened(settings, stages.key_source(settings))
        told, persons = known_people(target, truth)
    elif knowledge is None:
        raise ContractError("These extracts are not invented: name a folder with public knowledge (--knowledge).")
    public, proof = public_knowledge(settings, knowledge, people, progress)
    progress("attacking with public lists")
    rows = answers(WITHOUT, scored(target, zone.guesses(target, public), truth))
    if told is not None:
        progress("attacking with fifty known people")
        rows += answers(WITH, scored(target, zone.guesses(target, public, told), truth, told, persons))
    found = {
        "records": len(target.rows),
        "people": target.people,
        "public_people": public.sample.people,
        "public_from": str(knowledge) if knowledge else f"people invented from seed {PUBLIC_SEED}",
        "control": proof,
        "rows": rows,
    }
    facts.write(settings, "attack", found)
    return found


def answers(knowledge: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one attack, with what the intruder knew."""
    return [{"knowledge": knowledge} | row for row in rows]


def target_of(settings: Settings) -> Sample:
    """The tokens of the workspace as they lie in the matching zone, initials joined to the names of the same record.

    Raises LinkError where nothing has been pseudonymised.
    """
    files = settings.files.matching
    with duckdb.connect() as con:
        names = whole_view(con, files, VIEW)
        if names is None:
            raise LinkError("Nothing is encoded to be attacked. Run: linkage pseudonymise")
        initials = whole_view(con, files, INITIALS_VIEW)
        known = [name for name in INITIALS if initials is not None and name in initials.columns]
        if initials is None or not known:
            return sample(names.to_arrow_table())
        joined = f"select names.*, {', '.join(known)} from names left join initials using (dataset, record_id)"
        return sample(con.sql(joined).to_arrow_table())


def whole_view(con: duckdb.DuckDBPyConnection, files: Any, view: str) -> duckdb.DuckDBPyRelation | None:
    """(dataset, record_id, tokens …) of every dataset in a view, as a view of `con` too; None where there is none."""
    pairs = [
        f"select '{path.stem}' as dataset, record_id, encoded.* from read_parquet('{path}') as encoded "
        f"join read_parquet('{files.crosswalk(view, path.stem)}') using (view_id)"
        for path in sorted(files.encoded(view, "any").parent.glob("*.parquet"))
    ]
    if not pairs:
        return None
    con.execute(f"create view {view} as {' union all by name '.join(pairs)}")
    return con.sql(f"from {view}")


def opened(settings: Settings, keys: Any) -> dict[str, pd.Series]:
    """{key: {token: value}}: what the tokens of the view of names mean. Only for invented or public people."""
    meanings: dict[str, dict[int, str]] = {}
    for _ in encoded_anew(settings, Remembering(keys, meanings)):
        pass
    return {
        name.removeprefix(f"{VIEW}/"): pd.Series(seen, dtype=object)
        for name, seen in meanings.items()
        if name.startswith(f"{VIEW}/")
    }


def encoded_anew(settings: Settings, keys: Any) -> Iterator[pa.Table]:
    """The rows of each dataset seen in the view of names, encoded with these keys and written nowhere."""
    from linkage.pseudonymisation.pseudonymise import pseudonymise

    for contract in settings.datasets.values():
        path = settings.files.department.extract(contract.path)
        if VIEW not in contract.views(settings.encodings) or not path.exists():
            continue
        with duckdb.connect() as con, tempfile.TemporaryDirectory() as scratch:
            made = pseudonymise(con, contract, settings.encodings, settings.scope, keys, path, Path(scratch))
            yield made.encoded[VIEW].to_arrow_table()


def public_knowledge(
    settings: Settings, folder: Path | None, people: int, progress: Progress
) -> tuple[zone.Public, dict[str, Any]]:
    """What the intruder knows, and what the positive control says of him."""
    with tempfile.TemporaryDirectory() as passing:
        own = Settings(schemas=settings.schemas, workspace=Path(passing))
        if folder is None:
            progress(f"{people:,} other people")
            stages.synthesise(own, people, PUBLIC_SEED)
        else:
            bring(own, folder)
        stages.new_keys(own)
        progress("encoding what is public")
        meanings: dict[str, dict[int, str]] = {}
        tables = list(encoded_anew(own, Remembering(stages.key_source(own), meanings)))
    if not tables:
        raise ContractError(f"{folder}: no extract of a dataset with names is there, under the paths of the contracts.")
    everybody = sample(pa.concat_tables(tables, promote_options="default"))
    known = {name.removeprefix(f"{VIEW}/"): pd.Series(seen, dtype=object) for name, seen in meanings.items()}
    rng = np.random.default_rng(PUBLIC_SEED)
    hidden = rng.random(everybody.people) < HIDDEN_SHARE
    progress("the positive control")
    surnames = everybody.pairs("surname")
    names, apart = surnames["surname"].map(known["name"]), hidden[surnames["person"]]
    proof: dict[str, Any] = dict(control(names[apart], names[~apart]))
    proof |= {"wanted": WANTED, "proves": proof["recovered"] >= WANTED}
    rest = everybody.rows[~hidden[everybody.rows["person"]]]
    return zone.Public(Sample(rest, int((~hidden).sum())), known), proof


def bring(own: Settings, folder: Path) -> None:
    """Let the public extracts of a folder stand where the contracts have them delivered. Raises ContractError."""
    delivered = own.files.department.extract(".")
    if not folder.is_dir():
        raise ContractError(f"{folder}: there is no such folder of public knowledge.")
    delivered.parent.mkdir(parents=True, mode=0o700)
    delivered.symlink_to(folder.absolute(), target_is_directory=True)


def known_people(target: Sample, truth: dict[str, pd.Series]) -> tuple[dict[str, pd.Series], pd.Index]:
    """({key: {token: value}}, persons): everything in the records of fifty people, drawn by chance."""
    chosen = np.random.default_rng(PUBLIC_SEED).choice(target.people, min(KNOWN_PEOPLE, target.people), replace=False)
    rows = target.rows[target.rows["person"].isin(chosen)]
    told = {}
    for key in ("name", "dob", "postcode_district"):
        columns = ("forename", "surname") if key == "name" else (key,)
        held = [rows[column].dropna().astype(np.int64) for column in columns if column in rows]
        if held:
            told[key] = truth[key].reindex(pd.concat(held).unique()).dropna()
    return told, pd.Index(chosen)
