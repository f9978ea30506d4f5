"""Where Airflow keeps its own files, and how its processes are told the settings: by environment, which holds no key.

Airflow reads all of this while it is imported, so it is set before.
"""

import os
from pathlib import Path

from linkage.errors import LinkageError

DAGS = Path(__file__).parents[2] / "dags"


def schemas_folder() -> Path:
    """LINKAGE_SCHEMAS, as an Airflow process was told it."""
    return Path(os.environ.get("LINKAGE_SCHEMAS", "schemas")).absolute()


def airflow_home(workspace: Path) -> Path:
    """The folder of Airflow's metadata database and logs, made for its owner alone: counts, states and messages."""
    home = (workspace / "airflow").absolute()
    (home / "logs").mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    return home


def airflow_environment(workspace: Path) -> dict[str, str]:
    """What every Airflow process of this workspace is told. Raises LinkageError where the DAG files are not there."""
    if not DAGS.is_dir():
        raise LinkageError(f"{DAGS}: no DAG files. Run from a clone of the repository (make demo, make up).")
    home = airflow_home(workspace)
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
