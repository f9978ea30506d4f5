"""Attributes that were made by another contract than the one there is: refused before anything is counted with them."""

import shutil
from pathlib import Path

import duckdb
import pytest
from conftest import REPOSITORY, put_test_keys
from small_extracts import court, unlike

from linkage import stages
from linkage.errors import LinkError
from linkage.linking import attributes_of
from linkage.settings import Settings


@pytest.fixture
def pseudonymised(tmp_path: Path) -> Settings:
    """Declarations of the test's own, by which an extract of the court has been pseudonymised."""
    settings = Settings(Path(shutil.copytree(REPOSITORY / "schemas", tmp_path / "schemas")), tmp_path / "workspace")
    put_test_keys(settings)
    stages.pseudonymise(settings, "court", court(settings, *map(unlike, range(300))))
    return settings


def change(settings: Settings, old: str, new: str) -> None:
    """Write the contract of the court otherwise."""
    path = settings.schemas / "datasets" / "court.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_attributes_of_the_contract_there_is_are_read(pseudonymised) -> None:
    change(pseudonymised, "description:", "description:  # for readers alone\n ")
    with duckdb.connect() as con:
        assert (
            attributes_of(pseudonymised, con, ["court"], pseudonymised.files.cohorts.attributes)["court"].shape[0]
            == 300
        )


@pytest.mark.parametrize(
    ("old", "new"),
    [("label: fine", "label: a fine"), ("name: previous_offences", "name: offences_before")],
    ids=["a code in other words", "another column"],
)
def test_attributes_of_another_contract_are_refused_saying_what_to_run(pseudonymised, old, new) -> None:
    change(pseudonymised, old, new)
    with duckdb.connect() as con, pytest.raises(LinkError) as refused:
        attributes_of(pseudonymised, con, ["court"], pseudonymised.files.cohorts.attributes)
    assert "court was pseudonymised by another contract" in str(refused.value)
    assert str(refused.value).endswith("Run: linkage pseudonymise court")
