"""What a department installs: `contracts` and `pseudonymisation` from the same wheel, without an extra, do the work."""

import json
import os
import subprocess
import sys

from conftest import PLANTED, REPOSITORY, TEST_KEY
from test_pseudonymisation import attributes, court, encoded, unlike

from linkage import stages

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
