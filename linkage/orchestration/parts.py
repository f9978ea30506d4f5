"""What the DAG files share. Imported at every parse, so it imports next to nothing.

Datasets are found by name only: reading and checking the declarations is the work of the tasks.
"""

import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule

from linkage.errors import LinkageError
from linkage.orchestration.environment import schemas_folder

PERSON_INDEX = Asset("person_index")
# A disk or a network may recover, and another run ends; data, declarations and defects do not change by waiting.
RETRY: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(exception="builtins.OSError", action=RetryAction.RETRY, reason="the machine may recover"),
            RetryRule(exception="linkage.errors.BusyError", action=RetryAction.RETRY, reason="the other run will end"),
        ],
        default=RetryAction.FAIL,
    ),
}


def stage(name: str, *arguments: object) -> Any:
    """Run one function of linkage.stages with the settings of this process; what it returns is counts.

    Of an unforeseen error only its class and its place go on to Airflow's logs and database: its text may quote data.
    Raises the errors of linkage.errors, and OSError, as they are.
    """
    from linkage import stages
    from linkage.settings import Settings

    try:
        return getattr(stages, name)(Settings.from_environment(), *arguments)
    except (LinkageError, OSError):
        raise
    except Exception as error:  # whatever it is, its text must not reach a log
        at = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(at.filename).name}, line {at.lineno}, in {at.name}"
        raise LinkageError(f"{name}: an unforeseen {type(error).__name__} at {place}. Report this defect.") from None


def datasets() -> list[str]:
    """Names of the declared datasets."""
    return sorted(path.stem for path in (schemas_folder() / "datasets").glob("*.yaml"))


def encoded(dataset: str) -> Asset:
    """The encoded rows of one dataset, in every view it is seen in."""
    return Asset(f"encoded/{dataset}")
