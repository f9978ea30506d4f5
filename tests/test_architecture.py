"""The walls between the trust zones, held by the imports of the code itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY

PACKAGE = REPOSITORY / "linkage"
ZONES = ("pseudonymisation", "blocking", "matching", "cohorts", "release", "attack")
BY_THE_DEPARTMENT_ALONE = ("contracts", "pseudonymisation")
NOT_IN_A_DEPARTMENT = {"airflow", "splink", "pandas", "great_expectations", "altair", "jinja2", "faker", "scipy"}


def modules(place: str) -> list[Path]:
    """Every module of a package, or the one module of that name."""
    return sorted((PACKAGE / place).rglob("*.py")) or [PACKAGE / f"{place}.py"]


def imports(module: Path, inside_functions: bool = True) -> Iterator[str]:
    """The dotted names a module imports, `from a import b` as a.b."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if inside_functions else iter(tree.body)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(module: Path) -> set[str]:
    """The parts of our package a module imports: contracts, errors, matching …"""
    return {name.split(".")[1] for name in imports(module) if name.startswith("linkage.")}


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_imports_only_contracts_errors_and_itself(zone):
    found = modules(zone)
    assert found
    for module in found:
        assert ours(module) <= {"contracts", "errors", zone}, module


def test_contracts_import_nothing_of_ours_but_errors():
    for module in modules("contracts"):
        assert ours(module) <= {"contracts", "errors"}, module


def test_only_stages_and_what_runs_it_know_where_files_lie():
    know = {m.relative_to(PACKAGE).parts[0] for m in PACKAGE.rglob("*.py") if "workspace" in ours(m)}
    around = {"clustering.py", "decisions.py", "facts.py", "invention.py", "keyring.py", "ledger.py", "linking.py"}
    around |= {"alone.py", "behind.py", "erasing.py", "study_keys.py"}
    around |= {"models.py", "people.py", "projects.py", "quality_run.py", "releases.py", "review.py", "scoring.py"}
    assert know <= around | {"sealing.py", "orchestration", "settings.py", "stages.py", "workspace.py"}


@pytest.mark.parametrize("place", BY_THE_DEPARTMENT_ALONE)
def test_a_department_needs_neither_splink_nor_airflow(place):
    for module in modules(place):
        outer = {name.split(".")[0] for name in imports(module, inside_functions=False)}
        assert not outer & NOT_IN_A_DEPARTMENT, module


def test_a_dag_imports_at_its_head_only_what_dag_files_share():
    for dag in sorted((REPOSITORY / "dags").glob("*.py")):
        outer = [name for name in imports(dag, inside_functions=False) if name.split(".")[0] == "linkage"]
        assert all(name.startswith("linkage.orchestration.parts.") for name in outer), dag


def test_no_module_is_so_long_that_nobody_reads_it():
    written = [*PACKAGE.rglob("*.py"), *(REPOSITORY / "tests").rglob("*.py")]
    lengths = {m: len(m.read_text(encoding="utf-8").splitlines()) for m in written}
    assert {m.name: n for m, n in lengths.items() if n > 400} == {}
