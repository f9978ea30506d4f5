"""Where each zone keeps its files. A path can only be had by zone, so no code can ask for a name and get one by chance.

Every file is written to a temporary name and renamed when it is whole: a killed run leaves nothing half written, and
started again it writes the same bytes.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from linkage.erasing import erase

OWNER_ONLY_FOLDER = 0o700
OWNER_ONLY_FILE = 0o600


@dataclass(frozen=True)
class DepartmentFiles:
    """Clear identifiers and keys: what a department holds and nobody else."""

    root: Path

    def extract(self, path: str) -> Path:
        """Where an extract is delivered, under the path its contract names."""
        return self.root / "extracts" / path

    @property
    def keys(self) -> Path:
        """The folder of key files."""
        return self.root / "keys"

    def scratch(self, dataset: str) -> Path:
        """For copies in clear while an extract is taken in."""
        return self.root / "scratch" / dataset

    def in_clear(self, sample: str, dataset: str) -> Path:
        """Rows of a sample for review, in clear: the one place where names are looked at."""
        return self.root / "review" / sample / f"{dataset}.CLEAR-TEXT.csv"

    def quarantine(self, dataset: str) -> Path:
        """Rows that could not be used, as they came, each with its reason."""
        return self.root / "quarantine" / f"{dataset}.parquet"


@dataclass(frozen=True)
class MatchingFiles:
    """Encodings, and what is found by comparing them."""

    root: Path

    def encoded(self, view: str, dataset: str) -> Path:
        """(view_id, tokens …): one row per record seen in the view."""
        return self.root / "encoded" / view / f"{dataset}.parquet"

    def crosswalk(self, view: str, dataset: str) -> Path:
        """(view_id, record_id): read by the clustering task only."""
        return self.root / "crosswalk" / view / f"{dataset}.parquet"

    def of_dataset(self, dataset: str) -> list[Path]:
        """Every file of tokens that there is of a dataset."""
        return sorted((self.root / "encoded").glob(f"*/{dataset}.parquet"))

    def lasting_model(self, view: str, inputs: str, epoch: str) -> Path:
        """Trained weights by what they were trained on and in which epoch; `*` for any."""
        return self.root / "models" / f"{view}.{inputs}.{epoch}.json"

    def kept_model(self, view: str, which: str) -> Path:
        """The candidate or the accepted model of a view: they outlive epochs and deliveries."""
        return self.root / "models" / which / f"{view}.json"

    def model_card(self, view: str) -> Path:
        """Who accepted the model of a view, when and why."""
        return self.root / "models" / "accepted" / f"{view}.card.json"

    def shared(self, models: str) -> Path:
        """The prior odds between sources that hold each person once, by the fingerprint of the models they are for."""
        return self.root / "models" / f"shared.{models}.json"

    def candidates(self, view: str) -> Path:
        """(view_id_l, view_id_r, rules): pairs that sealed blocking found, by which rules as far as that is told."""
        return self.root / "candidates" / f"{view}.parquet"

    def pairs(self, view: str) -> Path:
        """Scored pairs of one view."""
        return self.root / "links" / "pairs" / f"{view}.parquet"

    def scored(self, view: str, made_with: str) -> Path:
        """The folder of what was scored in one view with one model: what the next run need not score again."""
        return self.root / "scored" / view / made_with

    def numbers(self, view: str) -> Path:
        """(dataset, view_id, kind, number, bits): which rows of a view hold the same number of a person; no token."""
        return self.root / "links" / "numbers" / f"{view}.parquet"

    def alike(self, view: str) -> Path:
        """(dataset, view_id, first): which rows of a view have the same tokens; no token."""
        return self.root / "links" / "alike" / f"{view}.parquet"

    @property
    def chains(self) -> Path:
        """(dataset, record_id, cluster_high, cluster_medium, cluster_low): what scores alone would make one person."""
        return self.root / "links" / "chains.parquet"

    @property
    def doubts(self) -> Path:
        """(chain, person_id, dataset, record_id, reasons): the records of chains that something speaks against."""
        return self.root / "links" / "doubts.parquet"

    @property
    def decisions(self) -> Path:
        """What people decided about pairs of records: one file per import. Never dropped."""
        return self.root / "decisions"

    def model(self, view: str) -> Path:
        """The trained weights of one view, as numbers."""
        return self.root / "links" / "model" / f"{view}.json"

    def unlinkable(self, view: str) -> Path:
        """(dataset, view_id): rows of one view that say too little to be linked to anything."""
        return self.root / "links" / "unlinkable" / f"{view}.parquet"

    @property
    def edges(self) -> Path:
        """Scored pairs of every view, by record_id."""
        return self.root / "links" / "edges.parquet"

    @property
    def unlinkable_records(self) -> Path:
        """(dataset, record_id): the same rows of every view."""
        return self.root / "links" / "unlinkable.parquet"

    @property
    def people(self) -> Path:
        """The ledger of person ids: one folder per run that changed anything. Never dropped."""
        return self.root / "people"

    @property
    def person_index(self) -> Path:
        """(dataset, record_id, person_id_high, person_id_medium, person_id_low): one row per record."""
        return self.root / "person_index.parquet"


@dataclass(frozen=True)
class BlockingFiles:
    """Fragments of names as rule keys, and the pairs they make. Nothing here is a row, or leads to one."""

    root: Path

    def keys(self, view: str, dataset: str) -> Path:
        """(block_id, rule, key): one row per key of a rule and distinct row of the view; gone once it was used."""
        return self.root / "keys" / view / f"{dataset}.parquet"

    def pairs(self, view: str) -> Path:
        """(block_id_l, block_id_r, rule): pairs that share a key; the rule where it may be told. Gone once opened."""
        return self.root / "pairs" / f"{view}.parquet"


@dataclass(frozen=True)
class UnsealingFiles:
    """What opens pairs of blocking pseudonyms, and nothing else."""

    root: Path

    def crosswalk(self, view: str, dataset: str) -> Path:
        """(block_id, view_id): one row per rule and distinct row of the view; gone once it has been used."""
        return self.root / view / f"{dataset}.parquet"


@dataclass(frozen=True)
class CohortFiles:
    """Person ids and facts, without a name or a token."""

    root: Path

    def attributes(self, dataset: str) -> Path:
        """(record_id, attributes …): one row per record."""
        return self.root / "attributes" / f"{dataset}.parquet"

    @property
    def contradictions(self) -> Path:
        """Pairs of records that cannot be one person, by record_id, with the reason."""
        return self.root / "contradictions.parquet"

    @property
    def impossible(self) -> Path:
        """The same of records that scores alone would join: by record_id, with the reason, and no attribute."""
        return self.root / "impossible.parquet"

    def scratch(self, project: str) -> Path:
        """For what does not fit into memory while the file of a project is made."""
        return self.root / "scratch" / project

    def counts(self, table: str) -> Path:
        """Unrounded counts of one table: never leaves the analysis platform."""
        return self.root / "counts" / f"{table}.parquet"

    def behind(self, what: str) -> Path:
        """The women, or the events, behind unrounded counts: goes where these go."""
        return self.counts("any").parent / "behind" / f"{what}.parquet"


@dataclass(frozen=True)
class QualityFiles:
    """Counts about the run, for the quality lead."""

    root: Path

    def fact(self, name: str) -> Path:
        """One stage's counts as JSON, e.g. intake/court or linkage."""
        return self.root / "quality" / "facts" / f"{name}.json"

    def gate(self, gate: str, name: str) -> Path:
        """A validation result in the format of Great Expectations."""
        return self.root / "quality" / "gates" / gate / f"{name}.json"

    @property
    def report(self) -> Path:
        """The one quality report."""
        return self.root / "quality" / "report.html"

    @property
    def accepted(self) -> Path:
        """The facts of the run that was accepted last, and by whom: what later runs are held against."""
        return self.root / "quality" / "accepted.json"

    @property
    def log_head(self) -> Path:
        """Number and hash of the last entry of the log, apart from the log."""
        return self.root / "quality" / "log_head.json"


class Workspace:
    """One run's files, by zone. `outputs` is where releases are published; by default inside the workspace."""

    def __init__(self, root: Path, outputs: Path | None = None) -> None:
        self.root = root
        self.department = DepartmentFiles(root / "department")
        self.blocking = BlockingFiles(root / "blocking")
        self.unsealing = UnsealingFiles(root / "unsealing")
        self.matching = MatchingFiles(root / "matching")
        self.cohorts = CohortFiles(root / "cohorts")
        self.quality = QualityFiles(root)
        self.truth = root / "truth"
        self.log = root / "log" / "ledger.jsonl"
        self.outputs = outputs or root / "outputs"

    @property
    def holding_tokens(self) -> tuple[Path, ...]:
        """The folders whose files hold tokens, scratch among them, or pseudonyms that live as long as the token key."""
        of_pairs = [f"links/{name}" for name in ("pairs", "numbers", "alike", "unlinkable")]
        of_matching = map(self.matching.root.joinpath, ["encoded", "crosswalk", "candidates", "scored", *of_pairs])
        return (self.department.scratch("any").parent, self.blocking.root, self.unsealing.root, *of_matching)

    def release(self, name: str) -> Path:
        """The folder of one published release."""
        return self.outputs / name

    def project(self, name: str) -> Path:
        """The person-level file of one project: for its accredited analysts alone."""
        return self.outputs / "projects" / name / f"{name}.duckdb"

    def review(self, sample: str) -> Path:
        """A sample for review: the sheet of pairs, a list of record ids per department, and what no reviewer sees."""
        return self.root / "review" / sample

    def certificate(self, release: str) -> Path:
        """The proof that a release gives nobody away: it holds unrounded counts, for the reviewer alone."""
        return self.root / "release" / "certificates" / f"{release}.json"

    @property
    def ledger(self) -> Path:
        """The folder of the ledger of releases, a file an entry: for the reviewer alone."""
        return self.root / "release" / "ledger"

    def forget_dataset(self, dataset: str, views: Iterable[str]) -> None:
        """Drop what was made of a dataset, and all that was made with it in the views it is seen in."""
        for folder in (*self.holding_tokens, self.blocking.keys("any", "any").parents[1]):
            for path in folder.glob(f"*/{dataset}.parquet"):
                path.unlink()
        for view in views:
            self.blocking.pairs(view).unlink(missing_ok=True)
            self.matching.candidates(view).unlink(missing_ok=True)
        self.cohorts.attributes(dataset).unlink(missing_ok=True)
        shutil.rmtree(self.matching.root / "links", ignore_errors=True)
        self.forget_people()

    def forget_unfinished(self, dataset: str) -> None:
        """Delete tokens and fragments of a dataset that a killed run left half written."""
        for folder in self.holding_tokens:
            for path in folder.rglob(unfinished_of(Path(f"{dataset}.parquet")).name):
                erase(path)

    def forget_people(self) -> None:
        """Drop the person index, and all that was made with it."""
        matching = self.matching
        for path in (matching.edges, matching.chains, matching.doubts, matching.person_index, self.cohorts.impossible):
            path.unlink(missing_ok=True)
        self.forget_counts()

    def forget_counts(self) -> None:
        """Drop what was counted."""
        shutil.rmtree(self.cohorts.counts("any").parent, ignore_errors=True)
        self.cohorts.contradictions.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that becomes `path` when the block ends well, and is gone when it does not.

    Nobody else can read it while it is written either: whoever is killed leaves it as it is.
    """
    private_folder(path.parent)
    unfinished = unfinished_of(path)
    others = os.umask(0o777 - OWNER_ONLY_FOLDER)
    try:
        unfinished.unlink(missing_ok=True)
        yield unfinished
        unfinished.chmod(OWNER_ONLY_FILE)
        unfinished.replace(path)
    finally:
        os.umask(others)
        unfinished.unlink(missing_ok=True)


def unfinished_of(path: Path) -> Path:
    """Where a file lies until it is whole, and for as long as a run that was killed has not been started again."""
    return path.with_name(f".{path.name}.unfinished")


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """The same for a folder: all of it, or none of it; an earlier folder of that name stays until the last moment."""
    unfinished, replaced = path.with_name(f".{path.name}.unfinished"), path.with_name(f".{path.name}.replaced")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        shutil.rmtree(replaced, ignore_errors=True)
        if path.exists():
            path.rename(replaced)
        unfinished.rename(path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


@contextlib.contextmanager
def passing_folder(path: Path) -> Iterator[Path]:
    """An empty folder that is gone when the block ends; what a killed run left in it is removed first."""
    shutil.rmtree(path, ignore_errors=True)
    private_folder(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def write_parquet(relation: duckdb.DuckDBPyRelation, path: Path, mark: str = "") -> None:
    """Write a relation, in the order it has, as one Parquet file only its owner can read.

    `mark`: what its tokens are made under, kept in the file's own metadata.
    """
    kept = f", kv_metadata {{mark: '{mark}'}}" if mark else ""
    with whole_file(path) as unfinished:
        quoted = str(unfinished).replace("'", "''")
        relation.query("rows", f"copy (from rows) to '{quoted}' (format parquet, compression zstd{kept})")


def write_text(text: str, path: Path) -> None:
    """Write a text as one file only its owner can read."""
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def new_file(text: str, path: Path) -> None:
    """Write a text as a file that was not there, whole or not at all. Raises FileExistsError where there is one."""
    private_folder(path.parent)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.chmod(OWNER_ONLY_FILE)
        os.link(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def private_folder(path: Path) -> None:
    """Make a folder, and its parents, that only its owner can enter; leave folders that exist as they are."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        os.chmod(folder, OWNER_ONLY_FOLDER)
