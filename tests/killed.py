"""A step in the life of a project that is killed, as when the machine goes, just before it changes a file.

python killed.py STEP PROJECT SCHEMAS WORKSPACE KIND PART NUMBER: killed at the change of that number, counted from 0,
among those of a KIND (a Python audit event; any) to a path with PART in it. What DuckDB changes is not among them.
"""

import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

from linkage.settings import Settings

REPOSITORY = Path(__file__).parents[1]
CHANGES = {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"}
WRITING = os.O_WRONLY | os.O_RDWR


def killed(settings: Settings, step: str, project: str, number: int = 0, kind: str = "any", part: str = "") -> bool:
    """Was the step killed at that change? Not where it ended before: then it ended well."""
    where = (str(settings.schemas), str(settings.workspace))
    command = [sys.executable, __file__, step, project, *where, kind, part, str(number)]
    path = {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, env=os.environ | path, cwd=REPOSITORY, check=False)
    assert done.returncode in (0, -signal.SIGKILL)
    return done.returncode != 0


def kill_at(number: int, workspace: str, kind: str, part: str) -> None:
    """Have this process killed there."""
    numbers = count()

    def about_to(event: str, given: tuple[object, ...]) -> None:
        path = str(given[0]) if given else ""
        wanted = event in CHANGES if kind == "any" else event == kind
        reads = event == "open" and not int(str(given[2])) & WRITING
        if wanted and not reads and path.startswith(workspace) and part in path and next(numbers) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(about_to)


def take(step: str, settings: Settings, project: str) -> None:
    """One step. Of an export alone much must be imported."""
    if step == "export":
        from linkage import projects

        projects.export(settings, project)
    else:
        from linkage import study_keys

        {"new": study_keys.new_study_key, "destroy": study_keys.destroy_study_key}[step](settings, project)


if __name__ == "__main__":
    STEP, PROJECT, SCHEMAS, WORKSPACE, KIND, PART, NUMBER = sys.argv[1:]
    kill_at(int(NUMBER), WORKSPACE, KIND, PART)
    take(STEP, Settings(Path(SCHEMAS), Path(WORKSPACE)), PROJECT)
