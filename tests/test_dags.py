"""DAGs say when things run, and nothing else; they run without a server, and a server leaves nothing behind.

Airflow reads its environment while it is imported, so each test that needs it uses a process of its own.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from conftest import REPOSITORY

from linkage.orchestration import server
from linkage.orchestration.environment import airflow_environment

HEAVY = {"splink", "duckdb", "pandas", "great_expectations", "altair", "pyarrow", "linkage.stages", "linkage.quality"}
DATASETS = sorted(path.stem for path in (REPOSITORY / "schemas" / "datasets").glob("*.yaml"))

PARSE = """
import inspect, json, re, sys, time
import airflow.sdk
from airflow.providers.standard.operators.hitl import ApprovalOperator
before, started = set(sys.modules), time.process_time()
sys.path.insert(0, sys.argv[1])
import link_people, pseudonymise_extracts, publish_tables
seconds, imported = time.process_time() - started, sorted(set(sys.modules) - before)

from airflow.dag_processing.dagbag import DagBag
from linkage import errors
from linkage.orchestration import parts
from linkage.orchestration.run import assets_of, in_asset_order
bag = DagBag(sys.argv[1])

def ended(*arguments):
    try:
        parts.stage(*arguments)
    except Exception as error:
        return [type(error).__name__, str(error)]

print(json.dumps({
    "seconds": seconds,
    "imported": imported,
    "import_errors": bag.import_errors,
    "order": in_asset_order(bag.dags),
    "dags": {
        dag_id: {
            "tasks": sorted(dag.task_ids),
            "waits_for": sorted(assets_of(dag.schedule)),
            "makes": sorted(outlet.name for task in dag.tasks for outlet in task.outlets),
            "documented": bool(dag.doc_md and dag.tags and all(task.doc_md for task in dag.tasks)),
            "follows": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
            "approval_follows": sorted(dag.get_task("approve").upstream_task_ids) if dag.has_task("approve") else [],
        }
        for dag_id, dag in bag.dags.items()
    },
    "one_stage_a_task": {
        task.task_id: re.findall(r'stage\\("(\\w+)"', inspect.getsource(task.python_callable))
        for task in bag.dags["link_people"].tasks
    },
    "retries": {
        error.__name__: parts.RETRY["retry_policy"].evaluate(error("x"), 1, 2).action.value
        for error in (OSError, ValueError, errors.BusyError, errors.ExtractError)
    },
    "unknown_dataset": ended("pseudonymise", "no_such"),
    "unforeseen": ended("score", "Featherstonehaugh"),
}))
"""


def airflow(program: str, workspace: Path, *arguments: str, schemas: Path = REPOSITORY / "schemas"):
    """Run a program in a process that has Airflow to itself."""
    environment = os.environ | airflow_environment(workspace)
    environment |= {"LINKAGE_SCHEMAS": str(schemas), "LINKAGE_WORKSPACE": str(workspace)}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment, capture_output=True, text=True, timeout=180
    )


@pytest.fixture(scope="module")
def parsed(tmp_path_factory):
    done = airflow(PARSE, tmp_path_factory.mktemp("parse"), str(REPOSITORY / "dags"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_airflow_reads_every_dag_file(parsed):
    assert parsed["import_errors"] == {}
    assert set(parsed["dags"]) == {*(f"pseudonymise_{name}" for name in DATASETS), "link_people", "publish_tables"}


def test_a_dag_file_imports_nothing_heavy_and_is_read_in_half_a_second(parsed):
    assert [name for name in parsed["imported"] if name in HEAVY or name.split(".")[0] in HEAVY] == []
    assert parsed["seconds"] < 0.5


def test_each_dataset_makes_its_encodings_and_waits_for_nobody(parsed):
    for name in DATASETS:
        dag = parsed["dags"][f"pseudonymise_{name}"]
        assert (dag["waits_for"], dag["makes"], dag["tasks"]) == ([], [f"encoded/{name}"], ["pseudonymise"])


def test_linking_waits_for_every_dataset_and_publishing_for_the_person_index(parsed):
    link, publish = parsed["dags"]["link_people"], parsed["dags"]["publish_tables"]
    assert link["waits_for"] == [f"encoded/{name}" for name in DATASETS]
    assert link["makes"] == publish["waits_for"] == ["person_index"]
    assert link["tasks"] == ["block", "chain", "contradict", "score", "settle", "unseal", "views"]
    assert publish["tasks"] == [
        "approve", "ended", "publish", "report", "report_for_approval", "tabulate", "waive", "who_approves",
    ]  # fmt: skip


def test_sealed_keys_are_blocked_and_deleted_before_a_row_is_scored_each_by_a_task_of_its_own(parsed):
    follows = parsed["dags"]["link_people"]["follows"]
    assert follows["unseal"] == ["block", "views"]
    assert follows["score"] == ["unseal", "views"]
    names = ("views", "block", "unseal", "score", "chain", "contradict", "settle")
    assert parsed["one_stage_a_task"] == {task: [task] for task in names}


def test_nobody_is_asked_to_approve_before_it_is_known_whether_the_data_are_invented(parsed):
    assert parsed["dags"]["publish_tables"]["approval_follows"] == ["who_approves"]


def test_dags_run_in_the_order_of_their_assets(parsed):
    assert parsed["order"] == [*(f"pseudonymise_{name}" for name in DATASETS), "link_people", "publish_tables"]


def test_every_dag_and_task_explains_itself_in_the_airflow_ui(parsed):
    assert [dag_id for dag_id, dag in parsed["dags"].items() if not dag["documented"]] == []


def test_only_the_machine_is_given_another_chance(parsed):
    assert parsed["retries"] == {"OSError": "retry", "ValueError": "fail", "BusyError": "retry", "ExtractError": "fail"}


def test_a_task_ends_in_the_error_of_its_stage(parsed):
    kind, message = parsed["unknown_dataset"]
    assert kind == "ContractError"
    assert "no contract no_such.yaml" in message


def test_of_an_unforeseen_error_a_task_tells_its_class_and_place_but_not_its_text(parsed):
    kind, message = parsed["unforeseen"]
    assert kind == "LinkageError"
    assert "an unforeseen" in message
    assert ", line " in message
    assert "Featherstonehaugh" not in message


RUN = """
import sys
from linkage.errors import LinkageError
from linkage.orchestration.run import run_dags
from linkage.settings import Settings
try:
    run_dags(Settings.from_environment(), "demo")
except LinkageError as error:
    print(type(error).__name__, error)
    sys.exit(error.exit_code)
"""


def test_a_run_without_a_server_ends_in_the_error_and_exit_code_of_the_stage_that_failed(tmp_path):
    workspace = tmp_path / "workspace"
    done = airflow(RUN, workspace)
    assert done.returncode == 12, done.stdout + done.stderr
    assert "✗ pseudonymise_court.pseudonymise" in done.stdout
    assert "PrivacyError" in done.stdout.splitlines()[-1]
    assert "Traceback" not in done.stdout + done.stderr
    log = workspace / "airflow" / "logs" / "run.log"
    assert "DAG TEST" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    assert log.parents[1].stat().st_mode & 0o077 == 0


STOPPED = """
import sys
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb
initdb()
run = DagBag(sys.argv[1]).dags["publish_tables"].test()
print({task.task_id: str(task.state) for task in run.get_task_instances()}, file=sys.stderr)
print(str(run.state))
"""


def test_a_publication_that_was_stopped_writes_the_report_anew_and_ends_failed(tmp_path):
    done = airflow(STOPPED, tmp_path / "workspace", str(REPOSITORY / "dags"))
    assert done.stdout.splitlines()[-1] == "failed", done.stderr
    assert "May this run be used?" in (tmp_path / "workspace" / "quality" / "report.html").read_text()


FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(300)"
stubborn = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, process_group=0)
stubborn.stdout.readline()
background = ["sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $!"]
orphan = subprocess.run(background, capture_output=True, text=True).stdout.strip()
print(child.pid, stubborn.pid, orphan, flush=True)
time.sleep(300)
"""


def test_stopping_the_server_ends_its_children_its_orphans_and_whoever_does_not_listen(monkeypatch):
    monkeypatch.setattr(server, "SECONDS_TO_STOP", 1)
    head = subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True, start_new_session=True)
    others = [int(pid) for pid in head.stdout.readline().split()]
    assert all(psutil.pid_exists(pid) for pid in others)
    server.end_all(head)
    deadline = time.monotonic() + 5
    while any(alive(pid) for pid in [head.pid, *others]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in [head.pid, *others] if alive(pid)] == []


def alive(pid: int) -> bool:
    """Is there such a process, other than one that has ended and waits to be noticed?"""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(autouse=True)
def signals():
    """`end_all` stops listening to Ctrl-C, since its process is about to end; a test's process is not."""
    kept = {asked: signal.getsignal(asked) for asked in (signal.SIGINT, signal.SIGTERM)}
    yield
    for asked, handler in kept.items():
        signal.signal(asked, handler)
