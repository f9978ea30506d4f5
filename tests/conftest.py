"""Fixtures every test may use. Tests are drawings in, tuples out."""

import datetime
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from linkage.stages import Settings


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """An empty catalogue of its own."""
    return duckdb.connect()


@pytest.fixture
def table(con: duckdb.DuckDBPyConnection) -> Callable[[str], duckdb.DuckDBPyRelation]:
    """A relation from a drawing: integers, decimals, ISO dates, true/false, words; `-` is null, `[1 2]` a list."""
    return lambda drawing: con.from_arrow(drawn(drawing))


def drawn(drawing: str) -> pa.Table:
    """The drawing as an Arrow table: first line the names, then a line a row."""
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in drawing.strip().splitlines()]
    names, rows = lines[0], lines[1:]
    return pa.table({name: [value(row[i]) for row in rows] for i, name in enumerate(names)})


def value(cell: str) -> Any:
    """One cell of a drawing."""
    if cell in ("-", ""):
        return None
    if cell.startswith("["):
        return [value(part) for part in cell[1:-1].split()]
    if cell in ("true", "false"):
        return cell == "true"
    if re.fullmatch(r"-?\d+", cell):
        return int(cell)
    if re.fullmatch(r"-?\d+\.\d+", cell):
        return float(cell)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        return datetime.date.fromisoformat(cell)
    return cell


REPOSITORY = Path(__file__).parent.parent
TEST_KEY = "00112233445566778899aabbccddeeff" * 2  # fixed, so that a test sees the same tokens every time


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The repository's declarations, an empty workspace, and the fixed test keys."""
    settings = Settings(schemas=REPOSITORY / "schemas", workspace=tmp_path / "workspace")
    put_test_keys(settings)
    return settings


def put_test_keys(settings: Settings) -> None:
    """Key files as `linkage keys new` makes them, with fixed keys."""
    folder = settings.files.department.keys
    folder.mkdir(parents=True, mode=0o700)
    for name in [
        "token",
        *(f"records-{dataset}" for dataset in sorted(p.stem for p in (settings.schemas / "datasets").glob("*.yaml"))),
    ]:
        path = folder / f"{name}.yaml"
        path.write_text(f"epoch: test\nkey: {TEST_KEY}\n")
        path.chmod(0o600)
