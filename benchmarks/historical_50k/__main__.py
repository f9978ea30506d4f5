"""python -m benchmarks.historical_50k --data FILE: link historical_50k with the project's own stages.

FILE is the Parquet file of that name that Splink's authors publish (`splink_datasets.historical_50k`).
"""

import sys
from pathlib import Path

import duckdb

from benchmarks.measure import QUICK_PEOPLE, measure, options, show
from linkage.settings import Settings

HERE = Path(__file__).parent
DATASET = "people"
SMALLEST_F1 = 0.85


def main() -> int:
    """Returns 1 when --check finds the F1 at the default threshold too low."""
    parser = options("Link historical_50k without labels.")
    parser.add_argument("--data", type=Path, required=True, help="historical_50k as a Parquet file")
    parser.add_argument("--check", action="store_true", help=f"fail when F1 is under {SMALLEST_F1}")
    chosen = parser.parse_args()
    people = QUICK_PEOPLE if chosen.quick else None
    rows = measure(HERE / "schemas", lambda settings: prepare(settings, chosen.data, people), chosen.workspace)
    f1 = show("historical_50k", rows)
    return int(chosen.check and f1 < SMALLEST_F1)


def prepare(settings: Settings, data: Path, people: int | None) -> Path:
    """Write the extract by its contract, and the truth, which is the column `cluster`. Returns the truth's path."""
    contract = settings.dataset(DATASET)
    extract = settings.files.department.extract(contract.path)
    truth = settings.workspace / "truth" / "records.csv"
    for path in (extract, truth):
        path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.read_parquet(str(data)).create_view("everybody")
        chosen = con.sql(
            """
            from everybody
            where cluster in (select distinct cluster from everybody order by cluster limit $people)
            """,
            params={"people": people},
        )
        chosen.project(", ".join(column.name for column in contract.columns)).write_parquet(str(extract))
        known = f"'{DATASET}' as dataset, unique_id as record_id, cluster as person"
        chosen.project(known).order("record_id").write_csv(str(truth), header=True)
    return truth


if __name__ == "__main__":
    sys.exit(main())
