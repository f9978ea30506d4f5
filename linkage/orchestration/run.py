"""Run the real DAGs without a server: Airflow in this process, on SQLite, one DAG after the other in asset order."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.status import Status

from linkage.errors import LinkageError
from linkage.orchestration.environment import DAGS, airflow_environment, airflow_home
from linkage.settings import Settings


@dataclass
class Watch:
    """Shows each task while it runs, and keeps the errors tasks end in."""

    console: Console
    status: Status
    errors: list[tuple[str, BaseException]] = field(default_factory=list)
    started: float = 0.0

    def on(self, dag: Any) -> None:
        """Have the tasks of a DAG tell this watch."""
        for task in dag.tasks:
            task.on_execute_callback = [self.start]
            task.on_success_callback = [self.done]
            task.on_failure_callback = [self.failed]

    def start(self, context: Any) -> None:
        """A task starts."""
        self.started = time.monotonic()
        self.status.update(name_of(context))

    def done(self, context: Any) -> None:
        """A task ended well."""
        self.console.print(f"  [green]✓[/green] {name_of(context)} [dim]{time.monotonic() - self.started:.1f} s[/dim]")

    def failed(self, context: Any) -> None:
        """A task failed for good."""
        self.errors.append((name_of(context), context["exception"]))
        self.console.print(f"  [red]✗[/red] {name_of(context)}")


def run_dags(settings: Settings, release: str, console: Console | None = None) -> None:
    """Every DAG of the workspace, from the extracts to the release.

    Airflow's own output goes to `<workspace>/airflow/logs/run.log`. Raises the very error a task ended in, where that
    is one of linkage.errors; LinkageError naming the task and the log where it is not.
    """
    os.environ |= airflow_environment(settings.workspace) | settings.as_environment()
    log = airflow_home(settings.workspace) / "logs" / "run.log"
    with output_to(log) as terminal:
        console = console or Console(file=terminal)
        with console.status("starting Airflow") as status:
            run_in_order(Watch(console, status), release, log)


def run_in_order(watch: Watch, release: str, log: Path) -> None:
    """Make the metadata database, then run DAG after DAG until one fails."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    initdb()
    bag = DagBag(str(DAGS))
    if bag.import_errors:
        files = ", ".join(sorted(Path(file).name for file in bag.import_errors))
        raise LinkageError(f"dags: {files} cannot be read by Airflow. The reason is in {log}.")
    for dag_id in in_asset_order(bag.dags):
        watch.console.print(f"[bold]{dag_id}[/bold]")
        watch.on(bag.dags[dag_id])
        conf = {"release": release} if "release" in bag.dags[dag_id].params else None
        if bag.dags[dag_id].test(run_conf=conf).state != "success":
            raise what_happened(dag_id, watch, log)


def in_asset_order(dags: dict[str, Any]) -> list[str]:
    """DAG ids such that whatever makes an asset comes before whatever waits for it. Raises LinkageError on a circle."""
    waits = {dag_id: assets_of(dag.schedule) for dag_id, dag in dags.items()}
    makes = {dag_id: {outlet.name for task in dag.tasks for outlet in task.outlets} for dag_id, dag in dags.items()}
    ordered: list[str] = []
    while left := sorted(set(dags) - set(ordered)):
        pending: set[str] = set().union(*(makes[dag_id] for dag_id in left))
        ready = [dag_id for dag_id in left if not waits[dag_id] & pending]
        if not ready:
            raise LinkageError(f"dags: {left} wait for each other's assets.")
        ordered += ready
    return ordered


def assets_of(schedule: Any) -> set[str]:
    """Names of the assets a schedule waits for."""
    if schedule is None:
        return set()
    return set().union(*map(assets_of, schedule.objects)) if hasattr(schedule, "objects") else {schedule.name}


def what_happened(dag_id: str, watch: Watch, log: Path) -> LinkageError:
    """The error of the first task that failed; of an unforeseen one its class only, since its text may quote data."""
    if not watch.errors:
        return LinkageError(f"{dag_id} did not end well; the reason is in {log}.")
    task, error = watch.errors[0]
    if isinstance(error, LinkageError):
        return error
    return LinkageError(f"{task}: an unforeseen {type(error).__name__}. This is a defect: report it with {log}.")


def name_of(context: Any) -> str:
    """dag.task, as the Airflow UI has it; of a mapped task also what it is mapped over."""
    instance = context["ti"]
    mapped = f" ({instance.rendered_map_index or instance.map_index})" if instance.map_index >= 0 else ""
    return f"{instance.dag_id}.{instance.task_id}{mapped}"


@contextlib.contextmanager
def output_to(log: Path) -> Iterator[TextIO]:
    """Send whatever this process and its libraries write to `log`; gives what still writes to the terminal.

    By file descriptor: Airflow's loggers keep the streams they found when they were imported.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    out, err = os.dup(1), os.dup(2)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    try:
        with os.fdopen(os.dup(out), "w", encoding="utf-8") as terminal:
            yield terminal
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(out, 1)
        os.dup2(err, 2)
        for descriptor in (out, err, file):
            os.close(descriptor)
