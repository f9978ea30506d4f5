"""Keys from the secrets backend of Airflow, as a department that keeps none in files has them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import RECORD_KEY, REPOSITORY, TEST_KEY
from small_extracts import attributes, court, encoded, unlike

from linkage import stages
from linkage.settings import Settings

BACKEND = "airflow.secrets.local_filesystem.LocalFilesystemBackend"


def secrets(folder: Path, **connections: dict[str, str]) -> dict[str, str]:
    """The environment of an Airflow process whose secrets backend holds these connections."""
    held = folder / "connections.json"
    held.write_text(json.dumps(with_type(connections)))
    return {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__SECRETS__BACKEND": BACKEND,
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(held)}),
        "LINKAGE_KEYS": "airflow",
    }


def with_type(connections: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Connections as Airflow wants them."""
    return {name: {"conn_type": "generic"} | said for name, said in connections.items()}


def pseudonymise(settings: Settings, file: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The command, in a process that has such a backend."""
    command = [
        sys.executable,
        "-m",
        "linkage",
        "pseudonymise",
        "court",
        str(file),
        "--workspace",
        str(settings.workspace),
    ]
    return subprocess.run(
        command, cwd=REPOSITORY, env=os.environ | environment, capture_output=True, text=True, check=False
    )


def test_a_key_in_a_secrets_backend_gives_the_same_tokens_as_in_a_file(settings, tmp_path):
    extract = court(settings, *map(unlike, range(300)))
    stages.pseudonymise(settings, "court", extract)
    from_files = (encoded(settings), attributes(settings))
    shutil.rmtree(settings.workspace)
    stages.new_keys(settings, "other")  # of which nothing is used once a vault is named
    environment = secrets(
        tmp_path, linkage_token={"login": "test", "password": TEST_KEY}, linkage_records_court={"password": RECORD_KEY}
    )
    done = pseudonymise(settings, extract, environment)
    assert done.returncode == 0, done.stderr
    assert (encoded(settings), attributes(settings)) == from_files
    assert not any(key in done.stdout + done.stderr for key in (TEST_KEY, RECORD_KEY))


EVERY_WAY = """
import json, os, sys
from pathlib import Path
from linkage import stages
from linkage.errors import PrivacyError
from linkage.settings import Settings

schemas, workspace, extract, held = map(Path, sys.argv[1:])
said = []
for connections, more in json.load(sys.stdin):
    held.write_text(json.dumps(connections))
    os.environ.update(more)
    try:
        stages.pseudonymise(Settings(schemas, workspace), "court", extract)
    except PrivacyError as error:
        said.append(str(error))
print(json.dumps(said))
"""


def test_a_key_that_is_not_where_it_should_be_is_refused(settings, tmp_path):
    token = {"login": "test", "password": TEST_KEY}
    ways = [
        ({}, {}, "linkage_token is not there"),
        ({"linkage_token": {"password": TEST_KEY}}, {}, "names no epoch"),
        ({"linkage_token": {"login": "test", "password": "short"}}, {}, "no key in hexadecimal"),
        ({"linkage_token": token}, {}, "linkage_records_court is not there"),
        ({"linkage_token": token, "linkage_records_court": {"password": TEST_KEY}}, {}, "hold one and the same key"),
        ({}, {"AIRFLOW_CONN_LINKAGE_TOKEN": f"generic://test:{TEST_KEY}@"}, "stands in an environment variable"),
    ]
    extract = court(settings, *map(unlike, range(300)))
    shutil.rmtree(settings.workspace)
    done = subprocess.run(
        [sys.executable, "-c", EVERY_WAY, settings.schemas, settings.workspace, extract, tmp_path / "connections.json"],
        input=json.dumps([[with_type(connections), more] for connections, more, _ in ways]),
        cwd=REPOSITORY, env=os.environ | secrets(tmp_path), capture_output=True, text=True, check=True,
    )  # fmt: skip
    for (_, _, says), refusal in zip(ways, json.loads(done.stdout.splitlines()[-1]), strict=True):
        assert says in refusal
    assert TEST_KEY not in done.stdout + done.stderr
    assert not settings.files.matching.encoded("names", "court").exists()
