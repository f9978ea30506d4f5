"""Two runs of the same at one time: the second is told to wait, and neither writes into the files of the other."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import REPOSITORY

from linkage import projects, stages
from linkage.alone import held
from linkage.errors import BusyError, LinkageError
from linkage.settings import Settings

HOLDING = """
import sys, time
from pathlib import Path
from linkage.alone import held
from linkage.settings import Settings
with held(Settings(Path(sys.argv[1]), Path(sys.argv[2])), "tabulate"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The repository's declarations and a workspace in which nothing has been done."""
    return Settings(REPOSITORY / "schemas", tmp_path / "workspace")


def ended(run: Callable[[Settings], object], settings: Settings) -> type[LinkageError] | None:
    """In which error a run ends: an empty workspace lacks other things."""
    try:
        run(settings)
    except LinkageError as error:
        return type(error)
    return None


@pytest.mark.parametrize(
    ("work", "of", "run"),
    [
        ("pseudonymise", "court", lambda settings: stages.pseudonymise(settings, "court")),
        ("pseudonymise", "court", lambda settings: stages.pseudonymise(settings, dataset="court")),
        ("score", "names", lambda settings: stages.score(settings, "names")),
        ("settle", "", stages.settle),
        ("tabulate", "", stages.tabulate),
        ("publish", "", lambda settings: stages.publish(settings, "draft")),
        ("project", "resettlement", lambda settings: projects.new(settings, "resettlement")),
        ("project", "resettlement", lambda settings: projects.export(settings, "resettlement")),
        ("project", "resettlement", lambda settings: projects.destroy(settings, "resettlement")),
    ],
)
def test_a_second_run_is_refused_while_the_first_is_at_work_and_not_after(settings, work, of, run) -> None:
    with held(settings, work, of), pytest.raises(BusyError, match=f"Another run of {work} ?{of} is at work in .*Wait"):
        run(settings)
    assert ended(run, settings) is not BusyError


def test_runs_of_other_datasets_and_in_other_workspaces_do_not_meet(settings, tmp_path) -> None:
    elsewhere = Settings(settings.schemas, tmp_path / "elsewhere")
    with (
        held(settings, "pseudonymise", "court"),
        held(settings, "pseudonymise", "prison"),
        held(settings, "score", "court"),
        held(elsewhere, "pseudonymise", "court"),
    ):
        assert settings.workspace != elsewhere.workspace


def test_a_run_that_was_killed_stands_in_nobodys_way(settings) -> None:
    command = [sys.executable, "-c", HOLDING, str(settings.schemas), str(settings.workspace)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BusyError), held(settings, "tabulate"):
            pass
        other.send_signal(signal.SIGKILL)
        other.wait()
    with held(settings, "tabulate"):
        pass


def test_a_name_that_leads_elsewhere_locks_nothing_there(settings, tmp_path) -> None:
    with held(settings, "project", "../../outside"):
        assert not list(tmp_path.glob("*outside*"))
