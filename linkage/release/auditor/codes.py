"""Does a release say what each of its codes stands for, and of no other? By code that does not make the table.

A reader joins the table to rows: a code that has no row there, or two, would leave him without a meaning or with one
too many; a row of a code that stands nowhere would tell of groups that were not audited.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from linkage.errors import DisclosureError

Row = dict[str, Any]
Code = tuple[str, str, str]  # a column, of a category its breakdown, the code
NAME = "codes"
STANDING = {
    **dict.fromkeys(("table_id", "comparison"), "table_id"),
    **dict.fromkeys(("cohort", "arm", "other_arm"), "cohort"),
    **dict.fromkeys(("breakdown", "covariate", "standardised_by"), "breakdown"),
    **{name: name for name in ("theme", "outcome", "period", "error_origin")},
}
MARKS = {
    "status": ("", "c", "u", "z", "x"),
    "standardised_status": ("", "c", "u", "z"),
    "threshold": ("high", "medium", "low"),
    "women": ("all", "matched", "not matched"),
    "stage": ("before", "after"),
}


def require_sound(folder: Path, rows: Iterable[Row]) -> None:
    """Raise DisclosureError, by the code, unless each code of the published `rows`, of all tables, has one row in the
    table of codes, with a title and a meaning, and no other code has; and unless its files are alike.
    """
    said = same_everywhere(folder)
    found = Counter(code_of(row) for row in said)
    marks = {(column, "", mark) for column, known in MARKS.items() for mark in known}
    wanted = {code for row in rows for code in standing(row)} | marks
    unsaid = {code_of(row) for row in said if not (row["title"] and row["meaning"])}
    wrong = {
        "has no row": wanted - found.keys(),
        "has a row, and stands in no published row": found.keys() - wanted,
        "has several rows": {code for code, times in found.items() if times > 1},
        "has no title or no meaning": unsaid,
    }
    for what, codes in wrong.items():
        if codes:
            raise DisclosureError(f"{NAME}.csv: {' / '.join(filter(None, min(codes)))} {what}. Nothing was published.")


def standing(row: Row) -> Iterator[Code]:
    """Each code that stands in a published row."""
    yield from ((STANDING[column], "", text) for column, text in row.items() if column in STANDING and text)
    yield from ((column, "", row[column]) for column in MARKS if column in row)
    if "category" in row:
        yield "category", row["breakdown"] if "breakdown" in row else row["covariate"], row["category"]


def code_of(row: Row) -> Code:
    """Of which code a row of the table is."""
    return row["column_name"], row["breakdown"], row["code"]


def same_everywhere(folder: Path) -> list[Row]:
    """The rows of the table of codes, the same in CSV, Parquet and database."""
    if missing := [f"{NAME}{end}" for end in (".csv", ".parquet") if not (folder / f"{NAME}{end}").exists()]:
        raise DisclosureError(f"{folder.name}: {' and '.join(missing)} is not there. Publish again.")
    with (folder / f"{NAME}.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    with duckdb.connect() as con:
        parquet = fetched(con.read_parquet(str(folder / f"{NAME}.parquet")))
    with duckdb.connect(str(folder / "womens_outcomes.duckdb"), read_only=True) as con:
        database = fetched(con.sql(f"from {NAME}"))
    if not found == parquet == database:
        raise DisclosureError(f"{folder.name}: {NAME} differs between its files. Publish again, do not edit one file.")
    return found


def fetched(relation: duckdb.DuckDBPyRelation) -> list[Row]:
    """All rows of a relation."""
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
