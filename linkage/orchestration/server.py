"""`linkage up`: the Airflow UI on this machine, for looking and trying out; every process of it is gone afterwards."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import FrameType

import psutil
from rich.console import Console

from linkage.errors import LinkageError
from linkage.orchestration.environment import airflow_environment, airflow_home
from linkage.settings import Settings

SECONDS_TO_START = 180
SECONDS_TO_STOP = 15


class Stop(Exception):
    """Somebody asked us to end."""


def up(settings: Settings, console: Console, port: int = 8080) -> None:
    """Run Airflow (SQLite, LocalExecutor) until Ctrl-C or SIGTERM. It listens on 127.0.0.1 only, and asks no login.

    Raises LinkageError where it does not start, naming the log.
    """
    url = f"http://127.0.0.1:{free_port(port)}"
    log = airflow_home(settings.workspace) / "logs" / "up.log"
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, stop)
    environment = (
        os.environ | airflow_environment(settings.workspace) | settings.as_environment() | server_environment(url)
    )
    server = started(environment, log)
    try:
        with console.status("starting Airflow (about half a minute)"):
            wait_until_ready(server, url, log)
            switch_on(url)
        console.print(f"Airflow is at [bold]{url}[/bold] (log: {log}). Stop it with Ctrl-C.")
        server.wait()
        raise LinkageError(f"Airflow ended by itself. The reason is in {log}.")
    except Stop:
        console.print("Stopping Airflow …")
    finally:
        end_all(server)


def stop(_signal: int, _frame: FrameType | None) -> None:
    """Signal handler: raises Stop in the main thread."""
    raise Stop


def free_port(wanted: int) -> int:
    """`wanted`, or any free port where something listens there already."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_environment(url: str) -> dict[str, str]:
    """What only a server needs to be told. The secret signs messages between its own processes, for this run."""
    return {
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": url.rpartition(":")[2],
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def started(environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """`airflow standalone` in a session of its own, so that Ctrl-C reaches us alone and we can end all of it."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "linkage.orchestration.standalone"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_until_ready(server: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Until the API answers and the DAGs can be scheduled. Raises LinkageError."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        health = f"{url}/api/v2/monitor/health"
        with suppress(OSError), urllib.request.urlopen(health, timeout=5) as answer:
            states = json.load(answer)
            if all(states[part]["status"] == "healthy" for part in ("scheduler", "dag_processor")):
                return
        time.sleep(0.5)
    raise LinkageError(f"Airflow did not start. The reason is in {log}.")


def switch_on(url: str) -> None:
    """Let the DAGs be scheduled: those a run without a server has left in the database are paused."""
    every_dag = urllib.request.Request(
        f"{url}/api/v2/dags?dag_id_pattern=%25&limit=1000",
        data=json.dumps({"is_paused": False}).encode(),
        headers={"Content-Type": "application/json"},
        method="PATCH",
    )
    with urllib.request.urlopen(every_dag, timeout=30):
        pass


def end_all(server: "subprocess.Popen[bytes]") -> None:
    """End Airflow and everything it started, also what has left its process group; kill what does not listen."""
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, signal.SIG_IGN)
    found = family(server)
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(found, timeout=SECONDS_TO_STOP)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=SECONDS_TO_STOP)


def family(server: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """The server, its descendants, and whatever else is in its session (an orphan is nobody's descendant)."""
    found = {}
    with suppress(psutil.NoSuchProcess):
        head = psutil.Process(server.pid)
        found = {process.pid: process for process in (head, *head.children(recursive=True))}
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if os.getsid(process.pid) == server.pid:
                found.setdefault(process.pid, process)
    return list(found.values())
