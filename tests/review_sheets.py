"""The sheet of a review and what is decided with it, in a workspace where the sample `first` was drawn."""

import csv
from pathlib import Path

import duckdb

from linkage import review
from linkage.settings import Settings


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def sheet(settings: Settings) -> list[dict[str, str]]:
    return rows_of(settings.files.review("first") / review.SHEET)


def filled(settings: Settings, verdicts: dict[int, str], **more: str) -> Path:
    """The sheet with these verdicts, and more in the fields of its first line."""
    rows = [row | {"verdict": verdicts.get(int(row["pair"]), "")} for row in sheet(settings)]
    rows[0] |= more
    path = settings.workspace / "filled.csv"
    path.write_text(review.as_csv(rows))
    return path


def decide(settings: Settings, verdicts: dict[int, str], in_clear: bool = False) -> dict:
    return review.import_verdicts(settings, filled(settings, verdicts), "two reviewers", "the sheet", in_clear)


def kept_back(settings: Settings) -> list[dict]:
    return review.kept_back(settings, "first")


def person(settings: Settings, dataset: str, record_id: int) -> int:
    [(found,)] = duckdb.execute(
        f"select person_id_medium from '{settings.files.matching.person_index}' where dataset = ? and record_id = ?",
        [dataset, record_id],
    ).fetchall()
    return found


def together(settings: Settings, pair: dict) -> bool:
    ends = (person(settings, pair[f"dataset_{side}"], pair[f"record_id_{side}"]) for side in "lr")
    return len(set(ends)) == 1
