"""What a department installs: `contracts` and `pseudonymisation` from the same wheel, without an extra, do the work."""

import json
import os
import subprocess
import sys

import duckdb
from conftest import PLANTED, REPOSITORY, TEST_KEY
from small_extracts import ANN, attributes, court, encoded, unlike

from linkage import stages
from linkage.settings import Settings

# Every module that does not come with a base dependency, or with a dependency of one, is as if it were not installed.
ALONE = """
import re, sys, tomllib
from importlib import metadata
from packaging.requirements import Requirement

declared = tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]
allowed, asked = set(), [Requirement(line).name for line in declared]
while asked:
    name = re.sub(r"[-_.]+", "-", asked.pop()).lower()
    if name not in allowed:
        allowed.add(name)
        needed = map(Requirement, metadata.requires(name) or ())
        asked += [r.name for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
brought = metadata.packages_distributions()
extra = {m for m, by in brought.items() if not any(re.sub(r"[-_.]+", "-", d).lower() in allowed for d in by)}
extra -= {"linkage", "packaging"} | set(sys.stdlib_module_names)

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in extra:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for module in [m for m in sys.modules if m.split(".")[0] in extra]:
    del sys.modules[module]
sys.meta_path.insert(0, NotInstalled())
for heavy in ("splink", "airflow.sdk", "pandas", "great_expectations"):
    try:
        __import__(heavy)
    except ModuleNotFoundError:
        continue
    raise SystemExit(f"{heavy} is there after all")
from linkage.__main__ import main
main()
"""


def test_a_department_pseudonymises_its_extract_with_the_base_dependencies_alone(settings):
    extract = court(settings, *map(unlike, range(300)))
    stages.pseudonymise(settings, "court", extract)
    whole_installation = (encoded(settings), attributes(settings))
    command = [sys.executable, "-c", ALONE, "pseudonymise", "court", str(extract)]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=os.environ | settings.as_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "300 rows in = 300 out" in " ".join(done.stdout.split())
    assert "Gates not run" in done.stdout
    assert (encoded(settings), attributes(settings)) == whole_installation
    assert not any(secret in done.stdout + done.stderr for secret in (TEST_KEY, "Smith", PLANTED.surname))


def test_what_airflow_keeps_of_a_stage_is_counts_and_names(settings):
    balance = stages.pseudonymise(settings, "court", court(settings, *map(unlike, range(300))))
    said = json.dumps(balance)
    tokens = {n for row in encoded(settings) for n in row.values() if isinstance(n, int)}
    assert balance["gates"] == "passed"
    assert not any(str(token) in said for token in tokens)
    assert not any(name in said for name in ("Smith", "Ann", "1950"))


def test_what_splink_is_given_is_numbers_and_the_clear_code_of_sex_also_in_the_statistics_of_its_files(settings):
    stages.pseudonymise(settings, "court", court(settings, ANN, *map(unlike, range(2, 300))))
    files = settings.files
    for path in (files.matching.encoded("names", "court"), files.blocking.keys("names", "court")):
        columns = duckdb.sql(f"describe from '{path}'").fetchall()
        assert {name for name, kind, *_ in columns if kind not in ("BIGINT", "BIGINT[]")} <= {"sex", "rule"}
        statistics = duckdb.sql(
            f"select stats_min_value, stats_max_value, path_in_schema from parquet_metadata('{path}')"
        )
        said = {value for low, high, name in statistics.fetchall() if name != "rule" for value in (low, high)}
        assert all(value is None or value in ("F", "M") or value.lstrip("-").isdigit() for value in said)


def test_rows_stand_in_the_order_of_each_files_own_pseudonym(settings):
    stages.pseudonymise(settings, "court", court(settings, *map(unlike, range(300))))
    files = settings.files
    for path, pseudonym in (
        (files.cohorts.attributes("court"), "record_id"),
        (files.matching.encoded("names", "court"), "view_id"),
        (files.matching.crosswalk("names", "court"), "view_id"),
        (files.blocking.keys("names", "court"), "block_id"),
        (files.unsealing.crosswalk("names", "court"), "block_id"),
    ):
        ids = [n for (n,) in duckdb.sql(f"select {pseudonym} from '{path}'").fetchall()]
        assert ids == sorted(ids), path
    records = duckdb.sql(f"select record_id from '{files.matching.crosswalk('names', 'court')}'").fetchall()
    assert records != sorted(records)


def test_every_file_and_folder_is_for_its_owner_alone(tmp_path):
    settings = Settings(schemas=REPOSITORY / "schemas", workspace=tmp_path / "workspace")
    stages.new_keys(settings)
    stages.pseudonymise(settings, "court", court(settings, *map(unlike, range(300))))
    modes = {path: path.stat().st_mode & 0o777 for path in [settings.workspace, *settings.workspace.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
