"""Court and prison, linked once for all modules; the sheet of a sample called `first`, and what is decided with it."""

import csv
import datetime
import shutil
from pathlib import Path

import duckdb
import pytest
from conftest import REPOSITORY, planted_value, put_test_keys, sample_less

from benchmarks import link_ids
from linkage import review, stages
from linkage.settings import Settings

CIRCUMSTANCES = """
in_custody: {dataset: prison, start: reception_date, end: release_date}
died: [{dataset: prison, date: release_date, where: {release_type: died}}]
alive: [{dataset: prison, date: reception_date}]
"""
DATASETS = ("court", "prison")


@pytest.fixture(scope="session")
def linked(tmp_path_factory) -> Settings:
    """Court and prison, and in prison two namesakes born on one day who were inside at the same time."""
    folder = tmp_path_factory.mktemp("review")
    settings = Settings(schemas=folder / "schemas", workspace=folder / "workspace")
    (settings.schemas / "datasets").mkdir(parents=True)
    for name in ("encodings.yaml", "review.yaml", *(f"datasets/{name}.yaml" for name in DATASETS)):
        shutil.copy(REPOSITORY / "schemas" / name, settings.schemas / name)
    (settings.schemas / "circumstances.yaml").write_text(CIRCUMSTANCES)
    declared = settings.schemas / "encodings.yaml"  # so heavy that namesakes born on one day are two people for it
    declared.write_text(declared.read_text().replace("contradiction_bits: 10", "contradiction_bits: 40"))
    sample_less(declared)
    stages.synthesise(Settings(REPOSITORY / "schemas", settings.workspace), people=1_500, seed=6)
    in_custody_twice(settings)
    put_test_keys(settings)
    link_ids.linked(settings)
    return settings


def in_custody_twice(settings: Settings) -> None:
    """Two spells of one name and birth date, in different places, without a number, that overlap."""
    prison = settings.datasets["prison"]
    blank = {c.name: "" for c in prison.columns if c.identifier in ("pnc", "nomis", "postcode", "local_authority")}
    row = {c.name: planted_value(c) for c in prison.columns} | blank
    spells = {"twice-1": ("2023-01-02", "2023-05-01"), "twice-2": ("2023-02-01", "2023-03-01")}
    with settings.files.department.extract(prison.path).open("a", encoding=prison.encoding, newline="") as file:
        writer = csv.DictWriter(file, list(row), delimiter=prison.delimiter, lineterminator="\n")
        for own, days in spells.items():
            dates = zip(("reception_date", "release_date"), days, strict=True)
            told = {name: written(prison.column(name), day) for name, day in dates}
            writer.writerow(row | {prison.record_key: own} | told)


def written(column, day: str) -> str:
    return datetime.date.fromisoformat(day).strftime(column.date_format)


@pytest.fixture(scope="session")
def drawn(linked) -> Settings:
    review.draw(linked, "first")
    return linked


@pytest.fixture
def copied(drawn, tmp_path) -> Settings:
    """The same in a folder of the test's own, which it may change."""
    shutil.copytree(drawn.workspace, tmp_path / "workspace")
    shutil.copytree(drawn.schemas, tmp_path / "schemas")
    return Settings(tmp_path / "schemas", tmp_path / "workspace")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def sheet(settings: Settings) -> list[dict[str, str]]:
    return rows_of(settings.files.review("first") / review.SHEET)


def filled(settings: Settings, verdicts: dict[int, str], **more: str) -> Path:
    """The sheet with these verdicts, and more in the fields of its first line."""
    rows = [row | {"verdict": verdicts.get(int(row["pair"]), "")} for row in sheet(settings)]
    rows[0] |= more
    path = settings.workspace / "filled.csv"
    path.write_text(review.as_csv(rows))
    return path


def decide(settings: Settings, verdicts: dict[int, str], in_clear: bool = False) -> dict:
    return review.import_verdicts(settings, filled(settings, verdicts), "two reviewers", "the sheet", in_clear)


def kept_back(settings: Settings) -> list[dict]:
    return review.kept_back(settings, "first")


def person(settings: Settings, dataset: str, record_id: int) -> int:
    [(found,)] = duckdb.execute(
        f"select person_id_medium from '{settings.files.matching.person_index}' where dataset = ? and record_id = ?",
        [dataset, record_id],
    ).fetchall()
    return found


def together(settings: Settings, pair: dict) -> bool:
    ends = (person(settings, pair[f"dataset_{side}"], pair[f"record_id_{side}"]) for side in "lr")
    return len(set(ends)) == 1
