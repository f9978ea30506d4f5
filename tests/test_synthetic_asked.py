"""What may be asked of the invention of people, and the mark that what is invented bears."""

import dataclasses
import datetime
import json
import re
import subprocess
import sys

import pytest
from conftest import REPOSITORY

from linkage import facts, stages
from linkage.errors import ContractError
from linkage.report import pages
from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.synthesise import synthesise

# -- what may be asked ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"people": 99}, "--people 99: too few"),
        ({"people": 2_000_001}, "--people 2000001: there are numbers for 2,000,000 people"),
        ({"as_of": datetime.date(2026, 4, 1)}, "--as-of 2026-04-01: the records begin on 2020-07-01"),
        ({"as_of": datetime.date(2020, 6, 30)}, "--as-of 2020-06-30"),
        ({"seed": -1}, "--seed -1: choose 0 or more"),
        ({"form": "xml"}, "--form xml: unknown. Choose one of native, csv, parquet"),
    ],
)
def test_an_option_that_cannot_be_is_named_and_nothing_is_written(asked, told, tmp_path, datasets):
    with pytest.raises(ContractError, match=re.escape(told)):
        synthesise(**{"people": 200, "seed": 1, "datasets": datasets, "extracts": tmp_path, "truth": tmp_path} | asked)
    assert not list(tmp_path.iterdir())


def test_the_command_says_what_is_wrong_with_an_option(tmp_path):
    command = [sys.executable, "-m", "linkage", "synthesise", "--to", str(tmp_path), "--as-of", "2031-01-01"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 10
    assert "--as-of 2031-01-01" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_contract_these_people_cannot_follow_is_named(tmp_path, datasets):
    court = datasets["court"]
    wider = {"court": dataclasses.replace(court, columns=(*court.columns, court.columns[1].__class__("shoe_size")))}
    with pytest.raises(ContractError, match="court.yaml.*column shoe_size is not one it can invent"):
        synthesise(200, 1, wider, tmp_path / "extracts", tmp_path / "truth")
    assert not list(tmp_path.rglob("*.csv"))


def test_a_dataset_unknown_here_is_passed_over(tmp_path, datasets):
    more = {"paye": datasets["paye"], "library": datasets["court"]}
    rows = synthesise(200, 1, more, tmp_path / "extracts", tmp_path / "truth")
    assert list(rows) == ["paye"]
    with pytest.raises(ContractError, match="none of \\['library'\\]"):
        synthesise(200, 1, {"library": datasets["court"]}, tmp_path, tmp_path)


# -- the mark of the invented ---------------------------------------------------------------------------------------


def test_what_is_invented_says_so_with_version_and_seed(settings):
    stages.synthesise(settings, people=200, seed=9, as_of=datetime.date(2025, 12, 1))
    said = json.loads((settings.files.truth / "invented.json").read_text())
    version = read_calibration().version
    assert said["population"] == {"version": version, "seed": 9, "people": 200, "as_of": "2025-12-01"}
    assert set(said["sha256"]) == set(settings.datasets)
    assert facts.population(settings) == ""  # nothing has been taken in yet
    stages.pseudonymise(settings, "paye")
    assert facts.population(settings) == f"invented population version {version}, seed 9"


def test_a_page_made_from_invented_people_names_the_population():
    for population in ("invented population version 2, seed 9", ""):
        page = pages.quality_report(pages.Masthead("", "Outcomes", True, "", population), {}, None)
        assert ("(invented population version 2, seed 9)" in page) is bool(population)


def test_an_extract_that_was_changed_is_not_taken_for_invented(settings):
    changed = settings.files.department.extract(settings.dataset("paye").path)
    stages.synthesise(settings, people=200, seed=9)
    changed.write_bytes(changed.read_bytes() + b"\n")
    stages.pseudonymise(settings, "paye")
    assert not facts.invented(settings)
    assert facts.population(settings) == ""


def test_extracts_are_known_as_invented_in_every_form(settings):
    stages.synthesise(settings, people=200, seed=9, form="parquet")
    for name, digest in facts.marks(settings)["sha256"].items():
        assert digest == facts.sha256(settings.files.department.extract(f"{name}.parquet"))


def test_one_folder_holds_one_form(tmp_path, datasets):
    synthesise(200, 1, datasets, tmp_path / "extracts", tmp_path / "truth", form="parquet")
    with pytest.raises(ContractError, match="court.parquet.*lie there in another form"):
        synthesise(200, 2, datasets, tmp_path / "extracts", tmp_path / "truth", form="csv")


def test_two_contracts_of_one_file_are_refused_before_anything_is_written(tmp_path, datasets):
    clashing = datasets | {"dwp": dataclasses.replace(datasets["dwp"], path="court.csv")}
    with pytest.raises(ContractError, match=r"\['court.csv'\] would be written twice"):
        synthesise(200, 1, clashing, tmp_path / "extracts", tmp_path / "truth")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_left_half_written_goes(tmp_path, datasets):
    left = tmp_path / "extracts" / ".paye.txt.unfinished"
    left.parent.mkdir()
    left.write_text("half")
    synthesise(200, 1, datasets, tmp_path / "extracts", tmp_path / "truth", form="parquet")
    assert not left.exists()


def test_a_data_dictionary_comes_with_the_extracts(settings):
    stages.synthesise(settings, people=200, seed=9)
    page = settings.files.department.extract("data-dictionary.html").read_text()
    for dataset in settings.datasets.values():
        assert dataset.title in page
        assert all(c.name in page for c in dataset.columns)
