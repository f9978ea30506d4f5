"""Input that cannot be linked, or hardly: a clear error or a sound result, and never a silent bad link."""

import csv
import dataclasses
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import pytest
from conftest import REPOSITORY, put_test_keys, sample_less

from benchmarks import link_ids
from linkage import models, stages
from linkage.errors import LinkError
from linkage.matching.model import model_from
from linkage.settings import Settings

Row = dict[str, str]
Change = Callable[[list[Row]], list[Row]]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Settings:
    """Extracts of invented people, as delivered."""
    settings = Settings(REPOSITORY / "schemas", tmp_path_factory.mktemp("made") / "workspace")
    stages.synthesise(settings, people=900, seed=11)
    return settings


def workspace(made: Settings, folder: Path, changes: dict[str, Change]) -> Settings:
    """A workspace with only these datasets, each changed before it is delivered."""
    settings = Settings(folder / "schemas", folder / "workspace")
    (settings.schemas / "datasets").mkdir(parents=True)
    shutil.copy(REPOSITORY / "schemas" / "encodings.yaml", settings.schemas)
    sample_less(settings.schemas / "encodings.yaml")
    for name, change in changes.items():
        shutil.copy(REPOSITORY / "schemas" / "datasets" / f"{name}.yaml", settings.schemas / "datasets")
        deliver(made, settings, name, change)
    put_test_keys(settings)
    return settings


def deliver(made: Settings, settings: Settings, name: str, change: Change) -> None:
    contract = made.datasets[name]
    to = settings.files.department.extract(contract.path)
    to.parent.mkdir(parents=True, exist_ok=True)
    text = made.files.department.extract(contract.path).read_text(encoding=contract.encoding)
    rows = change(list(csv.DictReader(text.splitlines(), delimiter=contract.delimiter)))
    with to.open("w", encoding=contract.encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=contract.delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def court_alone(made, tmp_path_factory) -> Settings:
    """The court's records, linked with one another."""
    settings = workspace(made, tmp_path_factory.mktemp("alone"), {"court": as_it_is})
    link_ids.linked(settings)
    return settings


@pytest.fixture
def accepted(court_alone, tmp_path) -> Settings:
    """The same in a folder of the test's own, where its model has been accepted."""
    shutil.copytree(court_alone.workspace, tmp_path / "workspace")
    settings = Settings(court_alone.schemas, tmp_path / "workspace")
    accept(settings, settings.files.matching.model("names").read_text())
    return settings


def as_it_is(rows: list[Row]) -> list[Row]:
    return rows


def without(*columns: str) -> Change:
    return lambda rows: [row | dict.fromkeys(columns, "") for row in rows]


def once_each(made: Settings, dataset: str) -> Change:
    """One row of each person, by the truth."""
    truth = made.files.truth / "records.csv"
    first = duckdb.execute(
        f"select min(record_id) from read_csv('{truth}', all_varchar=true) where dataset = ? group by person", [dataset]
    ).fetchall()
    key, kept = made.datasets[dataset].record_key, {record for (record,) in first}
    return lambda rows: [row for row in rows if row[key] in kept]


def found(made: Settings, settings: Settings, tmp_path: Path) -> dict[str, float]:
    """Precision and recall at the default threshold, over the datasets of the workspace."""
    names = ", ".join(f"'{name}'" for name in settings.datasets)
    truth = tmp_path / "truth.csv"
    every = f"select * from read_csv('{made.files.truth / 'records.csv'}', all_varchar=true)"
    duckdb.sql(f"select dataset, record_id, person from ({every}) where dataset in ({names})").write_csv(str(truth))
    rows = stages.evaluate(settings, truth)["rows"]
    return next(row for row in rows if (row["scope"], row["threshold"]) == ("overall", "medium"))


def people_of(settings: Settings) -> Iterable[int]:
    index = settings.files.matching.person_index
    return [n for (n,) in duckdb.sql(f"select count(*) from '{index}' group by person_id_medium").fetchall()]


def accept(settings: Settings, model: str) -> None:
    """Accept a model for this workspace that was trained elsewhere."""
    models.keep_candidate(settings, model_from(model))
    models.accept(settings, "names", "the quality lead", "trained on the delivery before")


def test_one_source_alone_is_linked_within_itself(made, court_alone, tmp_path):
    figures = found(made, court_alone, tmp_path)
    assert figures["precision"] > 0.98
    assert figures["recall"] > 0.9


def test_a_source_with_a_column_empty_is_linked_on_the_others(made, tmp_path):
    settings = workspace(made, tmp_path, {"court": as_it_is, "prison": without("pnc_number", "discharge_postcode")})
    link_ids.linked(settings)
    figures = found(made, settings, tmp_path)
    assert figures["precision"] > 0.98
    assert figures["recall"] > 0.85


def test_nobody_in_two_records_ends_in_an_error_and_with_an_accepted_model_in_nobody_linked(
    made, court_alone, tmp_path
):
    settings = workspace(made, tmp_path, {"court": once_each(made, "court")})
    with pytest.raises(LinkError, match="no two records agree on any of training.prior_rules"):
        link_ids.linked(settings)
    accept(settings, court_alone.files.matching.model("names").read_text())
    link_ids.linked(settings)
    sizes = people_of(settings)
    assert len(sizes) > 100
    assert sum(size > 1 for size in sizes) <= 0.01 * len(sizes)


def test_a_model_that_weighs_a_column_nobody_fills_any_more_is_not_used(made, accepted):
    deliver(made, accepted, "court", without("pnc_id"))
    with pytest.raises(LinkError, match=r"trained on other comparisons than these records can fill \(\['pnc'\]\)"):
        link_ids.linked(accepted)
    assert not accepted.files.matching.person_index.exists()


def test_a_model_of_another_version_of_the_linkage_schema_is_not_used(accepted):
    path = accepted.files.matching.kept_model("names", models.ACCEPTED)
    path.write_text(dataclasses.replace(model_from(path.read_text()), encodings_version="0").to_json())
    with pytest.raises(LinkError, match=r"trained under version 0 .*linkage model train"):
        stages.score(accepted, "names")
    assert not accepted.files.matching.person_index.exists()
