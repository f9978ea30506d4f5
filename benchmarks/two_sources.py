"""Two sources that hold each woman once, with a given overlap: are the women found whose surname changed between them?

Two datasets of the invented population are reduced to one record a woman, and women are left out of either at random
until the overlap is the one asked for: of n women in each source so many are in both. `changed`: her lawful surname is
not the same in her two records. `moved`: that, and their postcodes are not the same either, or one has none.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from linkage.settings import Settings

KEY = ["dataset", "record_id"]
LAWFUL = ["surname_0", "surname_1", "surname_2"]


@dataclass(frozen=True)
class Found:
    """Counts of women in both sources and of those found, by whether their surname changed.

    `links`: between the sources; `wrong`: of different people. `of_changed` and `wrong_of_changed`: those in which a
    record is of a woman whose surname changed.
    """

    kept: int
    kept_found: int
    changed: int
    changed_found: int
    moved: int
    moved_found: int
    links: int
    wrong: int
    of_changed: int
    wrong_of_changed: int

    def __add__(self, other: "Found") -> "Found":
        return Found(*(mine + its for mine, its in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def as_often(self) -> float:
        """Recall of women whose surname changed, over that of women whose surname did not."""
        return self.changed_found / max(self.changed, 1) / (self.kept_found / self.kept)

    @property
    def precision(self) -> float:
        """The share of links that are right."""
        return 1 - self.wrong / max(self.links, 1)

    @property
    def precision_of_changed(self) -> float:
        """The share of links of women whose surname changed that are right."""
        return 1 - self.wrong_of_changed / max(self.of_changed, 1)


def named(rows: pd.DataFrame, truth: Path) -> pd.DataFrame:
    """One row per record of a woman: `rows` with `person`, and her lawful surname when it was written, `lawful`."""
    whose = pd.read_csv(truth / "records.csv", dtype=str)[[*KEY, "person"]]
    number = pd.read_csv(truth / "names.csv", dtype=str)
    people = pd.read_csv(truth / "people.csv", dtype=str, keep_default_na=False).set_index("person")
    found = rows.merge(whose, on=KEY).merge(number, on=KEY)
    found = found[found["person"].isin(people.index[people["sex"] == "F"])]
    names = people.loc[found["person"], LAWFUL].to_numpy()
    return found.assign(lawful=names[np.arange(len(found)), found["lawful_surname"].astype(int)])


def drawn(rows: pd.DataFrame, pair: tuple[str, str], overlap: float, seed: int) -> pd.DataFrame:
    """One row per woman and source of the pair, of as many women as make that overlap."""
    of_pair = rows[rows["dataset"].isin(pair)]
    one_each = of_pair.sample(frac=1, random_state=seed).drop_duplicates(["dataset", "person"])
    sources = one_each.groupby("person")["dataset"].agg(lambda names: " ".join(sorted(names)))
    alone = {name: list(sources.index[sources == name]) for name in sorted(pair)}
    both = np.random.default_rng(seed).permutation(sources.index[sources == " ".join(sorted(pair))]).tolist()
    shared = most_shared(len(both), [len(women) for women in alone.values()], overlap)
    needed = round(shared / overlap) - shared
    spare, chosen = both[shared:], set()
    for name, women in alone.items():
        standing_in = max(needed - len(women), 0)
        chosen |= {(name, woman) for woman in [*both[:shared], *women[:needed], *spare[:standing_in]]}
        spare = spare[standing_in:]
    return one_each[[key in chosen for key in zip(one_each["dataset"], one_each["person"], strict=True)]]


def most_shared(both: int, alone: list[int], overlap: float) -> int:
    """The most women who can stay in both sources; one who is in both may stand in for one who is in one alone."""

    def fits(shared: int) -> bool:
        needed = round(shared / overlap) - shared
        return both - shared >= sum(max(needed - there, 0) for there in alone)

    return next(shared for shared in range(both, -1, -1) if fits(shared))


def workspace_of(settings: Settings, rows: pd.DataFrame, folder: Path) -> Settings:
    """A workspace in `folder` that has these records of these two sources alone: schemas, extracts and truth."""
    schemas = folder / "schemas"
    (schemas / "datasets").mkdir(parents=True)
    for name in ("encodings.yaml", "scope.yaml"):
        shutil.copy(settings.schemas / name, schemas / name)
    reduced = Settings(schemas=schemas, workspace=folder / "workspace")
    for dataset, records in rows.groupby("dataset"):
        shutil.copy(settings.schemas / "datasets" / f"{dataset}.yaml", schemas / "datasets")
        write_part(settings, reduced, str(dataset), set(records["record_id"]))
    reduced.files.truth.mkdir(parents=True)
    rows[[*KEY, "person"]].to_csv(reduced.files.truth / "records.csv", index=False)
    return reduced


def write_part(settings: Settings, reduced: Settings, dataset: str, kept: set[str]) -> None:
    """Write the rows of an extract, a CSV file, with these record ids."""
    contract = settings.datasets[dataset]
    extract = pd.read_csv(
        settings.files.department.extract(contract.path), dtype=str, keep_default_na=False,
        sep=contract.delimiter, encoding=contract.encoding,
    )  # fmt: skip
    path = reduced.files.department.extract(contract.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = extract[extract[contract.record_key].isin(kept)]
    rows.to_csv(path, index=False, sep=contract.delimiter, encoding=contract.encoding)


def found(index: pd.DataFrame, rows: pd.DataFrame) -> Found:
    """What an index (dataset, record_id, person_id_medium …) finds of the women in `rows`."""
    one, other = (records for _, records in rows.merge(index, on=KEY).groupby("dataset"))
    both = one.merge(other, on="person", suffixes=("_l", "_r"))
    right = both["person_id_medium_l"] == both["person_id_medium_r"]
    changed = both["lawful_l"] != both["lawful_r"]
    moved = changed & ~(both["postcode_l"].notna() & (both["postcode_l"] == both["postcode_r"]))
    links = one.merge(other, on="person_id_medium", suffixes=("_l", "_r"))
    wrong = links["person_l"] != links["person_r"]
    women = set(both.loc[changed, "person"])
    of_changed = links["person_l"].isin(women) | links["person_r"].isin(women)
    return Found(
        kept=int((~changed).sum()), kept_found=int((~changed & right).sum()),
        changed=int(changed.sum()), changed_found=int((changed & right).sum()),
        moved=int(moved.sum()), moved_found=int((moved & right).sum()),
        links=len(links), wrong=int(wrong.sum()),
        of_changed=int(of_changed.sum()), wrong_of_changed=int((of_changed & wrong).sum()),
    )  # fmt: skip
