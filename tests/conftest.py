"""Fixtures every test may use. Tests are drawings in, tuples out."""

import csv
import datetime
import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest
import small_women
from drawings import drawn

from linkage.cohorts.records import Records
from linkage.contracts.analysis import Analysis, read_analysis
from linkage.contracts.dataset import Column, Dataset, read_datasets
from linkage.settings import Settings

pytest_plugins = ("review_sheets",)  # a small linkage that several modules look at

if TYPE_CHECKING:
    from linkage.synthetic.departments.columns import Extract, Lives


def pytest_addoption(parser: pytest.Parser) -> None:
    """make example."""
    parser.addoption("--remake-example", action="store_true", help="write outputs/example anew instead of checking it")


# The longest by far, and waiting for Airflow much of the time: begun last, they would keep one worker while the other
# has nothing left to do. And the first of two that share what is made once, lest one worker wait for the other.
FIRST = ("test_up.py", "test_pipeline.py", "test_projects.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules first; make test has workers take modules in this order."""
    items.sort(key=lambda item: item.path.name not in FIRST)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """An empty catalogue of its own."""
    return duckdb.connect()


@pytest.fixture
def table(con: duckdb.DuckDBPyConnection) -> Callable[[str], duckdb.DuckDBPyRelation]:
    """A relation from a drawing: integers, decimals, ISO dates, true/false, words; `-` is null, `[1 2]` a list."""
    return lambda drawing: con.from_arrow(drawn(drawing))


REPOSITORY = Path(__file__).parent.parent
# Fixed, so that a test sees the same tokens and record ids every time.
TEST_KEY = "00112233445566778899aabbccddeeff" * 2
RECORD_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0" * 2


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The repository's declarations, an empty workspace, and the fixed test keys."""
    settings = Settings(schemas=REPOSITORY / "schemas", workspace=tmp_path / "workspace")
    put_test_keys(settings)
    return settings


@pytest.fixture(scope="session")
def datasets() -> dict[str, Dataset]:
    """The contracts of the repository."""
    return read_datasets(REPOSITORY / "schemas")


@pytest.fixture(scope="session")
def analysis(datasets: dict[str, Dataset]) -> Analysis:
    """What the repository declares of cohorts, outcomes and tables."""
    return read_analysis(REPOSITORY / "schemas", datasets)


@pytest.fixture
def attributes(con: duckdb.DuckDBPyConnection) -> dict[str, duckdb.DuckDBPyRelation]:
    """Seven drawn women in seven extracts."""
    return small_women.attributes(con)


@pytest.fixture
def person_index(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """Who they are at each threshold."""
    return small_women.person_index(con)


@pytest.fixture
def records(
    con: duckdb.DuckDBPyConnection,
    attributes: dict[str, duckdb.DuckDBPyRelation],
    person_index: duckdb.DuckDBPyRelation,
) -> Records:
    """Their records, at the default threshold."""
    return Records(con, attributes, person_index, "medium")


MadeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """Gives a folder that what is called makes: the first process of a run of tests that asks; others wait for it.

    For what several modules read, or copy before they change it.
    """
    own = tmp_path_factory.getbasetemp()
    of_all = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, done = of_all / name, of_all / f"{name}.made"
        with (of_all / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                make(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def lives() -> "Lives":
    """5,000 invented people, of whom seven departments know something."""
    from small_deliveries import AIMS, PEOPLE, SEED

    from linkage.synthetic.synthesise import Block, invented_lives

    return invented_lives(Block(0, 0, PEOPLE), SEED, AIMS)


@pytest.fixture(scope="session")
def late(lives: "Lives") -> "dict[str, Extract]":
    """What each department delivers of them on the last day."""
    from small_deliveries import extracts

    return extracts(lives)


@pytest.fixture(scope="session")
def early(lives: "Lives") -> "dict[str, Extract]":
    """What each department delivers of them on an earlier day."""
    from small_deliveries import EARLY, extracts

    return extracts(lives, EARLY)


def sample_less(encodings: Path) -> None:
    """Have training sample a tenth of the pairs: what is done with links can be tested without the best weights."""
    encodings.write_text(encodings.read_text().replace("em_blocks:", "max_pairs: 200000\n      em_blocks:"))


def put_test_keys(settings: Settings) -> None:
    """Key files as `linkage keys new` makes them, with fixed keys."""
    folder = settings.files.department.keys
    folder.mkdir(parents=True, mode=0o700)
    for name in [
        "token",
        *(f"records-{dataset}" for dataset in sorted(p.stem for p in (settings.schemas / "datasets").glob("*.yaml"))),
    ]:
        path = folder / f"{name}.yaml"
        path.write_text(f"epoch: test\nkey: {TEST_KEY}\n" if name == "token" else f"key: {RECORD_KEY}\n")
        path.chmod(0o600)


@dataclass(frozen=True)
class Planted:
    """A woman who does not exist, planted in every extract so that she can be looked for afterwards."""

    surname: str = "Quxbarrowfex"
    nino: str = "ZZ918273D"
    born: datetime.date = datetime.date(1931, 3, 17)


PLANTED = Planted()
EXAMPLE = "example"  # the name of the release of the chain, which is also the one in outputs/


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The whole chain, once: invented extracts with the planted woman in them, run by Airflow to a release."""
    from linkage import facts, stages
    from linkage.orchestration.run import run_dags

    settings = Settings(schemas=REPOSITORY / "schemas", workspace=tmp_path_factory.mktemp("chain") / "workspace")
    stages.synthesise(settings, people=12_000, seed=7)
    for dataset in settings.datasets.values():
        plant(settings.files.department.extract(dataset.path), dataset)
    facts.mark_as_invented(settings)
    put_test_keys(settings)
    run_dags(settings, EXAMPLE)
    stages.evaluate(settings, settings.files.truth / "records.csv")
    stages.report(settings)
    return settings


def plant(extract: Path, dataset: Dataset) -> None:
    """Add the planted woman twice: in a sound row, and in one that goes to quarantine for an impossible date."""
    values = {column.name: planted_value(column) for column in dataset.columns}
    required = [c.name for c in dataset.columns if c.required and c.type == "date"]
    rows = [
        values | {dataset.record_key: "planted-1"},
        values | {dataset.record_key: "planted-2"} | dict.fromkeys(required[:1], "31/02/1990"),
    ]
    if dataset.format == "csv":
        with extract.open("a", encoding=dataset.encoding, newline="") as file:
            csv.DictWriter(file, list(values), delimiter=dataset.delimiter, lineterminator="\n").writerows(rows)
    else:
        with duckdb.connect() as con:
            con.register("planted", pa.Table.from_pylist(rows))
            texts = ", ".join(f"{name}::varchar as {name}" for name in values)
            con.execute(f"create table whole as select {texts} from '{extract}' union all by name from planted")
            con.table("whole").write_parquet(str(extract))


def planted_value(column: Column) -> str:
    """What stands in a column of the planted woman's row."""
    by_kind = {
        "surname": PLANTED.surname,
        "other_surname": PLANTED.surname,
        "forename": "Planted",
        "nino": PLANTED.nino,
        "initials": "PQ",
        "date_of_birth": PLANTED.born.strftime(column.date_format),
        "sex": next((code for code, word in column.codes.items() if word == "F"), ""),
    }
    if column.identifier:
        return by_kind.get(column.identifier, "")
    if column.type == "date":
        return datetime.date(2023, 1, 2).strftime(column.date_format) if column.required else ""
    if column.type == "integer":
        return "1"
    return next(iter(column.codes), "")
