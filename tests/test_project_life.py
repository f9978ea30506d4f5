"""What a project leaves when its commands are killed, its key is lost, or links lie where its files should be."""

import itertools
import os
import shutil
from pathlib import Path

import pytest
from conftest import MadeOnce
from killed import killed
from small_projects import STUDY, copied, declare, delivered_to, there

from linkage import projects, stages, study_keys
from linkage.errors import ContractError, PrivacyError
from linkage.ledger import Entry, ledger_of
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.release.publish import content_hash
from linkage.settings import Settings


@pytest.fixture(scope="module")
def delivered(made_once: MadeOnce) -> Settings:
    """4,000 invented people, of whom two projects have files: nothing of it may be changed."""
    return there(made_once("projects", delivered_to))


@pytest.fixture
def settings(delivered: Settings, tmp_path: Path) -> Settings:
    """A copy of it, to change."""
    return copied(delivered, tmp_path)


def ready(folder: Path) -> Settings:
    """A workspace with a project of a file and a key, and what an export that was killed left."""
    settings = Settings(folder / "schemas", folder / "workspace")
    study_keys.new_study_key(settings, "housing")
    for path in (*files(settings), settings.files.cohorts.scratch("housing") / "spilled"):
        path.parent.mkdir(parents=True)
        path.write_text("rows")
    return settings


def files(settings: Settings) -> list[Path]:
    """Where the file of the project lies, and what a killed export may leave."""
    file = settings.files.project("housing")
    return [file.parent.with_name(".housing.unfinished") / file.name, file]


def logged(settings: Settings) -> list[Entry]:
    """What the log says of the project."""
    return study_keys.of_project(settings, "housing")


def everything(folder: Path) -> list[Path]:
    """Every file of a workspace but the log."""
    return [path for path in folder.rglob("*") if not path.is_dir() and path.parent.name not in ("log", "quality")]


# --- killed -----------------------------------------------------------------------------------------------------------


def test_an_end_that_was_killed_at_any_change_is_ended_by_running_it_again(tmp_path):
    for number in itertools.count():
        settings = ready(tmp_path / str(number))
        (made,) = logged(settings)
        was_killed = killed(settings, "destroy", "housing", number)
        receipt = projects.destroy(settings, "housing")
        assert receipt.details["fingerprint"] == made.details["fingerprint"]
        keys = KeyFolder(settings.files.department.keys)
        assert receipt.details["deleted"] == sorted(map(str, [*files(settings), keys.path("study-housing")]))
        assert [e.what for e in logged(settings)] == [study_keys.MADE, study_keys.ENDING, study_keys.DESTROYED]
        assert everything(settings.workspace) == []
        assert not files(settings)[0].parent.exists()
        if not was_killed:
            break
    assert number > 10, "as many changes at least"


def test_a_key_whose_making_was_killed_at_any_change_is_made_and_logged_once(tmp_path):
    for number in itertools.count():
        settings = Settings(tmp_path / "schemas", tmp_path / str(number))
        if not killed(settings, "new", "housing", number):
            break
        fingerprint = study_keys.new_study_key(settings, "housing") if not logged(settings) else ""
        (made,) = logged(settings)
        assert made.details["fingerprint"] == KeyFolder(settings.files.department.keys).study_key(
            "housing"
        ).fingerprint("housing")
        assert fingerprint in ("", made.details["fingerprint"])
        projects.destroy(settings, "housing")
        assert everything(settings.workspace) == []
    assert number > 5


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("os.mkdir", "/.housing.unfinished"),  # logged that it begins, nothing written
        ("open", "/.log_head.json"),  # … and the log cut short there
        ("os.rename", "/projects/housing"),  # logged that it is written; the file of before is still there
        ("os.rename", "/.housing.unfinished"),  # the file of before is away
        ("os.rmdir", "/.housing.replaced"),  # the file is there
    ],
)
def test_an_export_that_was_killed_is_made_by_running_it_again_and_leaves_nothing_beside_it(settings, kind, part):
    file = settings.files.project("housing")
    before = content_hash(file)
    assert killed(settings, "export", "housing", 0, kind, part)
    assert logged(settings)[-1].what in (projects.EXPORTING, projects.EXPORTED)
    assert len(logged(settings)) > 3
    assert projects.export(settings, "housing")["content_sha256"] == before == content_hash(file)
    assert logged(settings)[-1].what == projects.EXPORTED
    assert [path.name for path in sorted(file.parents[1].iterdir())] == ["health", "housing"]


def test_an_export_elsewhere_that_was_killed_is_named_by_the_end(settings, tmp_path):
    elsewhere = Settings(settings.schemas, settings.workspace, outputs=tmp_path / "elsewhere")
    projects.export(elsewhere, "housing")
    file = elsewhere.files.project("housing")
    unfinished = file.parent.with_name(".housing.unfinished") / file.name
    file.parent.rename(unfinished.parent)  # as a killed export leaves it
    assert str(unfinished) in projects.destroy(settings, "housing").details["left"]


def test_a_project_that_is_being_destroyed_is_given_no_file_and_no_key(settings):
    assert killed(settings, "destroy", "housing", 0, "os.remove", "housing.duckdb")
    for act in (projects.export, projects.new):
        with pytest.raises(PrivacyError, match="was destroyed, and it must stay true"):
            act(settings, "housing")
    assert {row["name"]: row["key"] for row in projects.listed(settings)}["housing"].startswith("being destroyed")


# --- ended ------------------------------------------------------------------------------------------------------------


def test_an_end_takes_file_and_key_and_leaves_the_receipt(settings):
    left = settings.files.project("housing").parent.with_name(".housing.unfinished") / "housing.duckdb"
    left.parent.mkdir()
    left.write_text("of an export that was killed")
    receipt = projects.destroy(settings, "housing")
    key = KeyFolder(settings.files.department.keys).path("study-housing")
    assert receipt.details["deleted"] == sorted(map(str, [left, settings.files.project("housing"), key]))
    assert not left.exists()
    assert not settings.files.project("housing").exists()
    assert settings.files.project("health").exists()
    assert projects.destroy(settings, "housing") == receipt
    with pytest.raises(PrivacyError, match="was destroyed"):
        projects.new(settings, "housing")
    assert {row["name"]: row["key"] for row in projects.listed(settings)}["housing"] == "destroyed"
    assert ledger_of(settings).verify().entries[-1] == receipt


def test_an_end_names_the_files_that_were_exported_elsewhere_and_are_still_there(settings, tmp_path):
    elsewhere = Settings(settings.schemas, settings.workspace, outputs=tmp_path / "elsewhere")
    projects.export(elsewhere, "housing")
    receipt = projects.destroy(settings, "housing")
    assert str(elsewhere.files.project("housing")) in receipt.details["left"]
    assert str(settings.files.project("housing")) not in receipt.details["left"]


def test_whatever_comes_back_after_the_end_goes_with_a_receipt_of_its_own(settings):
    receipt = projects.destroy(settings, "housing")
    (back,) = files(settings)[1:]
    back.parent.mkdir()
    back.write_text("out of a backup")
    again = projects.destroy(settings, "housing")
    assert not back.parent.exists()
    assert (again.n, again.details["deleted"]) == (receipt.n + 2, [str(back)])
    assert again.details["fingerprint"] == receipt.details["fingerprint"]


def test_a_project_that_is_declared_no_more_is_listed_and_can_be_destroyed(settings):
    (settings.schemas / "projects" / "housing.yaml").unlink()
    (row,) = [row for row in projects.listed(settings) if row["name"] == "housing"]
    assert row["title"] == "not declared"
    assert row["file"] == str(settings.files.project("housing"))
    assert projects.destroy(settings, "housing").details["project"] == "housing"


def test_a_project_whose_declaration_is_wrong_stops_no_other_project(settings):
    declare(settings, "spoiled", STUDY | {"cohorts": ["prisoners"]})
    declare(settings, "unread", {"title": "half a declaration"})
    projects.export(settings, "housing")
    titles = {row["name"]: row["title"] for row in projects.listed(settings)}
    assert titles["housing"] == STUDY["title"]
    assert "linkage check" in titles["spoiled"]
    assert "linkage check" in titles["unread"]
    with pytest.raises(ContractError, match=r"spoiled.yaml: cohorts: there is no \['prisoners'\]"):
        projects.new(settings, "spoiled")
    with pytest.raises(ContractError) as refused:
        stages.check(settings)
    assert all(name in str(refused.value) for name in ("spoiled.yaml", "unread.yaml"))


def test_a_file_whose_key_is_lost_is_listed_so_and_can_be_destroyed(settings):
    KeyFolder(settings.files.department.keys).path("study-housing").unlink()
    assert {row["name"]: row["key"] for row in projects.listed(settings)}["housing"] == "lost"
    with pytest.raises(PrivacyError, match="is lost. Put it back"):
        projects.export(settings, "housing")
    assert projects.destroy(settings, "housing").details["deleted"] == [str(settings.files.project("housing"))]
    assert not settings.files.project("housing").exists()


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["file", "folder", "unfinished", "projects", "key"])
def test_a_link_in_the_place_of_a_file_or_folder_is_refused_and_nothing_behind_it_is_touched(settings, tmp_path, place):
    file, key = settings.files.project("housing"), KeyFolder(settings.files.department.keys).path("study-housing")
    links = {"file": file, "folder": file.parent, "projects": file.parents[1], "key": key}
    links["unfinished"] = file.parent.with_name(".housing.unfinished")
    if not links[place].exists():
        links[place].mkdir()
    elsewhere = tmp_path / "elsewhere"
    shutil.move(links[place], elsewhere)
    os.symlink(elsewhere, links[place])
    before = contents(elsewhere)
    for act in (projects.destroy, projects.export):
        with pytest.raises(PrivacyError, match="link"):
            act(settings, "housing")
    assert contents(elsewhere) == before
    assert links[place].is_symlink()
    assert key.exists()
    assert logged(settings)[-1].what == projects.EXPORTED


def contents(path: Path) -> dict[str, bytes]:
    """Every file there."""
    return {str(one): one.read_bytes() for one in (path, *path.rglob("*")) if one.is_file()}
