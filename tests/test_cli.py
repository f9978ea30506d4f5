"""The command line: what a person is told, and the exit code for whoever must act."""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from conftest import REPOSITORY, put_test_keys
from small_extracts import ANN, PAYE, court, employed, unlike
from typer.testing import CliRunner

from linkage import facts, stages
from linkage.__main__ import app, of_the_machine
from linkage.errors import ContractError, GateError, PrivacyError
from linkage.pseudonymisation.extract import read_extract
from linkage.settings import Settings

COMMANDS = (
    "check", "synthesise", "keys", "pseudonymise", "link", "tabulate", "publish", "evaluate", "review", "report",
    "project", "demo", "up",
)  # fmt: skip


def linkage(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "linkage", *map(str, arguments)],
        cwd=REPOSITORY,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_teaches_the_order_of_the_commands():
    text = CliRunner().invoke(app, ["--help"]).output
    assert all(command in text for command in COMMANDS)
    assert "in this order" in " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert len(re.findall(r"[a-z]{3,}", done.output)) > 20


def test_a_bad_extract_ends_in_one_message_and_the_code_for_the_department(settings):
    done = linkage("pseudonymise", "court", court(settings, ANN, header="a,b"), "--workspace", settings.workspace)
    assert done.returncode == 11
    assert "Traceback" not in done.stderr
    assert "Neill" not in done.stdout + done.stderr
    assert "Ask the department" in done.stderr


def test_a_full_disk_is_not_the_fault_of_the_extract_nor_a_defect(settings, tmp_path):
    contract, file = settings.dataset("court"), court(settings, ANN)
    (tmp_path / "court.utf8").symlink_to("/dev/full")
    with duckdb.connect() as con, pytest.raises(OSError, match="No space left") as full:
        read_extract(con, contract, file, tmp_path)
    assert of_the_machine(full.value).startswith("No space left on device. No file is left half written.")
    assert "/no/such/place" in of_the_machine(PermissionError(errno.EACCES, "Permission denied", "/no/such/place"))


@pytest.mark.parametrize(
    "defect",
    [
        FileNotFoundError(errno.ENOENT, "No such file or directory", "Featherstonehaugh"),
        duckdb.IOException("Featherstonehaugh"),
        ValueError("Featherstonehaugh"),
    ],
)
def test_what_may_be_a_defect_is_not_laid_on_the_machine(defect):
    assert of_the_machine(defect) == ""


def test_the_shared_options_may_stand_before_the_command_or_in_the_environment(settings):
    extract = court(settings, *map(unlike, range(300)))
    before = linkage("--workspace", settings.workspace, "pseudonymise", "court", extract)
    after = linkage("pseudonymise", "court", extract, LINKAGE_WORKSPACE=str(settings.workspace))
    assert before.stdout == after.stdout
    assert "300 rows in = 300 out + 0 out of scope + 0 quarantined" in " ".join(before.stdout.split())


def test_a_stage_that_comes_too_early_says_what_to_run_first(settings):
    done = linkage("link", "--workspace", settings.workspace)
    assert done.returncode == 15
    assert "made with the tokens: linkage pseudonymise" in " ".join(done.stderr.split())


STOPPING = {"title": "most women are found", "severity": "critical", "passed": False, "observed": "41 %",
            "expected": "at least 70 %", "what_to_do": "Do not publish."}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "code"), [(("link",), 15), (("tabulate",), 15), (("publish", "--approval", "A. Lead"), 14)]
)
def test_a_command_that_stops_writes_the_report_anew_and_ends_in_its_own_code(settings, command, code):
    page = settings.files.quality.report
    verdict = {"gate": "linkage", "name": "linkage", "title": "Linkage", "passed": False, "checks": [STOPPING]}
    facts.write(settings, "gates/linkage/linkage", verdict)
    page.write_text("Yes: this run may be used.")
    done = linkage(*command, "--workspace", settings.workspace)
    assert done.returncode == code, done.stderr
    said = page.read_text()
    assert "Yes" not in said
    assert ("No: this run must not be used." in said) is (command[0] != "tabulate")


def test_a_release_that_could_not_be_made_leaves_nothing_of_the_one_before_in_the_report(settings):
    for name in facts.OF_RELEASE:
        facts.write(settings, f"{name}/older" if "gates" in name else name, {"checks": []})
    with pytest.raises(GateError, match="has not been judged"):
        stages.publish(settings, "draft", "A. Lead")
    assert [facts.read(settings, name) for name in facts.OF_RELEASE] == [None] * len(facts.OF_RELEASE)
    assert facts.read_all(settings, "gates") == []


def test_a_mistake_in_a_declaration_is_told_with_its_file(settings, tmp_path):
    shutil.copytree(REPOSITORY / "schemas", tmp_path / "schemas")
    for name in ("court", "prison"):
        contract = tmp_path / "schemas" / "datasets" / f"{name}.yaml"
        contract.write_text(contract.read_text().replace("value: surname", "value: family_name"))
    done = linkage("check", "--schemas", tmp_path / "schemas")
    assert done.returncode == 10
    assert "court.yaml" in done.stderr
    assert "prison.yaml" in done.stderr
    assert "family_name" in done.stderr


def test_a_killed_run_started_again_gives_the_same_bytes(tmp_path):
    whole, killed = (
        Settings(schemas=REPOSITORY / "schemas", workspace=tmp_path / name / "workspace")
        for name in ("whole", "killed")
    )
    for settings in (whole, killed):
        put_test_keys(settings)
    extract = court(whole, *map(unlike, range(10_000)))
    assert linkage("pseudonymise", "court", extract, "--workspace", whole.workspace).returncode == 0
    command = [sys.executable, "-m", "linkage", "pseudonymise", "court", str(extract)]
    for seconds in (0.0, 0.4, 1.2):  # after the extract has been opened, so that there is work to lose
        process = subprocess.Popen([*command, "--workspace", str(killed.workspace)], cwd=REPOSITORY)
        while not killed.files.department.scratch("court").exists():
            time.sleep(0.01)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not killed.files.cohorts.attributes("court").exists()
    assert linkage(*command[3:], "--workspace", killed.workspace).returncode == 0
    assert written(killed) == written(whole)
    assert not killed.files.department.scratch("court").exists()


def written(settings: Settings) -> dict[str, bytes]:
    """Every finished file of a workspace that later stages read."""
    return {
        str(path.relative_to(settings.workspace)): path.read_bytes()
        for path in settings.workspace.rglob("*.parquet")
        if not path.name.startswith(".")
    }


def test_tokens_of_two_keys_are_not_linked(settings):
    stages.pseudonymise(settings, "court", court(settings, *map(unlike, range(300))))
    key = settings.files.department.keys / "token.yaml"
    key.write_text(key.read_text().replace("key: 00", "key: 01"))
    stages.pseudonymise(settings, "paye", court(settings, *map(employed, range(300)), header=PAYE))
    with pytest.raises(PrivacyError, match="made under different keys"):
        stages.check_one_mark(settings, ("court", "paye"), settings.encodings.scheme)
    with pytest.raises(PrivacyError, match=r"encodings.yaml is 2-0"):
        stages.check_one_mark(settings, ("court",), "2-0")
    stages.check_one_mark(settings, ("court",), settings.encodings.scheme)


@pytest.mark.parametrize("name", ["../elsewhere", "/tmp/x", "", ".hidden", "A b", "projects"])
def test_a_release_cannot_be_published_outside_its_folder(settings, name):
    with pytest.raises(ContractError, match="A release is named"):
        stages.publish(settings, name, "somebody")
