"""Airflow as it is deployed: a scheduler, its workers and the UI, whose output must not say what the data say."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest
from conftest import PLANTED, REPOSITORY, plant, put_test_keys
from test_privacy import found_in

from linkage import stages
from linkage.settings import Settings

SECONDS = 240


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> tuple[Settings, dict[str, str], list[psutil.Process]]:
    """Three extracts with the planted woman run by the scheduler; one breaks off at her. Then the server was stopped.

    Gives the settings, the end state of each run, and the processes that were there before the stop.
    """
    settings = Settings(schemas=REPOSITORY / "schemas", workspace=tmp_path_factory.mktemp("up") / "workspace")
    stages.synthesise(settings, people=400, seed=5)
    for name in ("paye", "court"):
        plant(settings.files.department.extract(settings.dataset(name).path), settings.dataset(name))
    broken = settings.files.department.extract(settings.dataset("court").path)
    broken.write_bytes(broken.read_bytes() + f"x,{PLANTED.surname},\xe9\n".encode("latin-1"))
    put_test_keys(settings)
    output = settings.workspace / "terminal.txt"
    with output.open("wb") as terminal:
        server = subprocess.Popen(
            [sys.executable, "-m", "linkage", "up", "--workspace", str(settings.workspace)],
            cwd=REPOSITORY, stdout=terminal, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        url = address(server, output)
        runs = {name: start(url, f"pseudonymise_{name}") for name in ("paye", "court")}
        states = {name: ended(run) for name, run in runs.items()}
        family = psutil.Process(server.pid).children(recursive=True)
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=60) == 0
    return settings, states, family


def address(server: "subprocess.Popen[bytes]", output: Path) -> str:
    """The URL the command prints once Airflow is ready."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:\d+", output.read_text()):
            return found[0]
        time.sleep(0.5)
    raise AssertionError(output.read_text())


def start(url: str, dag: str) -> str:
    """Start a DAG over the API, which then tells of this run at the address given."""
    runs = f"{url}/api/v2/dags/{dag}/dagRuns"
    return f"{runs}/{ask(runs, {'logical_date': None})['dag_run_id']}"


def ended(run: str) -> str:
    """The state in which a run ends."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        state = ask(run)["state"]
        if state in ("success", "failed"):
            return state
        time.sleep(1)
    return "still running"


def ask(url: str, said: dict | None = None) -> dict:
    """What the API answers."""
    body = json.dumps(said).encode() if said is not None else None
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_a_sound_extract_succeeds_and_a_broken_one_fails(served):
    _, states, _ = served
    assert states == {"paye": "success", "court": "failed"}


def test_neither_scheduler_nor_worker_nor_database_says_what_the_data_say(served):
    settings, _, _ = served
    said = b"".join(p.read_bytes() for p in (settings.workspace / "airflow").rglob("*") if p.is_file())
    assert b"is not utf-8 at line" in said, "the error itself is there to be read"
    assert found_in(settings.workspace, leave_out=(settings.files.department.root, settings.files.truth)) == {}


def test_stopping_it_leaves_no_process_behind(served):
    _, _, family = served
    assert len(family) > 3
    assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert not [p for p in psutil.process_iter() if p.pid != os.getpid() and served_by(p, served[0])]


def served_by(process: psutil.Process, settings: Settings) -> bool:
    """Does a process work for this workspace?"""
    try:
        return process.environ().get("LINKAGE_WORKSPACE") == str(settings.workspace)
    except (psutil.Error, OSError):
        return False
