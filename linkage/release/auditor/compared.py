"""Do the files of comparisons say what the published cells say, and no more? By code that does not make them.

Forwards: a difference is that of two published rates; its interval is put together of the published ends of both rates'
own; a share is one rounded count of another. Where a cell is suppressed nothing may stand that is made of it.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from linkage.contracts.comparison import FILES
from linkage.errors import DisclosureError

Row = dict[str, Any]
Cells = Mapping[tuple[Any, ...], Row]
WOMEN = {"all": ("all", "all"), "matched": ("matched", "yes"), "not matched": ("matched", "no")}
FIGURES = {
    "comparisons": ("counted", "rate", "other_counted", "other_rate", "difference", "lower", "upper"),
    "balance": ("share", "other_share", "smd"),
}
HALF = 0.0501  # half a decimal, of a figure in % or points
OF_ENDS = 0.16  # of an end that is made of four figures, each to half a decimal
OF_SMD = 0.0101


def require_sound(folder: Path, rows: Iterable[Row]) -> None:
    """Raise DisclosureError, by labels, unless the files of comparisons follow from the published `rows` of cells, and
    are the same in CSV, Parquet and database.
    """
    at = {(r["table_id"], r["cohort"], r["outcome"], r["breakdown"], r["category"], r["threshold"]): r for r in rows}
    for name in sorted(FILES):
        found = same_everywhere(folder, name)
        said = {"comparisons": wrong_difference, "balance": wrong_share}[name]
        for row in found:
            if wrong := next(said(row, at), ""):
                labels = [str(value) for key, value in row.items() if key not in ("title", *FIGURES[name]) and value]
                raise DisclosureError(f"{name}.csv, {' / '.join(labels)}: {wrong}. Nothing was published.")


def same_everywhere(folder: Path, name: str) -> list[Row]:
    """The rows of a file of comparisons; none where there is none."""
    database = folder / "womens_outcomes.duckdb"
    with duckdb.connect(str(database), read_only=True) as con:
        there = con.sql("select count(*) from duckdb_tables() where table_name = $name", params={"name": name})
        told = fetched(con, f"from {name}") if there.fetchall() != [(0,)] else []
    if not (folder / f"{name}.csv").exists():
        found, parquet = [], []
    else:
        found = from_csv(folder / f"{name}.csv", FIGURES[name])
        with duckdb.connect() as con:
            parquet = fetched(con, f"from read_parquet('{str(folder / name).replace(chr(39), chr(39) * 2)}.parquet')")
    if not found == told == parquet:
        raise DisclosureError(f"{folder.name}: {name} differs between its files. Publish again, do not edit one file.")
    return found


def from_csv(path: Path, figures: Iterable[str]) -> list[Row]:
    """The rows, with figures as numbers and an empty one as None."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            row | {name: float(row[name]) if row[name] else None for name in figures} for row in csv.DictReader(file)
        ]


def fetched(con: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    """All rows of a query."""
    relation = con.sql(sql)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def cells_of(row: Row, outcome: str, breakdown: str, category: str, at: Cells) -> list[Row]:
    """The published rows of both arms that a row of a comparison is about."""
    arms = (row["arm"], row["other_arm"])
    return [at[row["comparison"], arm, outcome, breakdown, category, row["threshold"]] for arm in arms]


def wrong_difference(row: Row, at: Cells) -> Iterator[str]:
    """What is wrong with a row of differences."""
    one, other = cells_of(row, row["outcome"], *WOMEN[row["women"]], at)
    figures = [row[name] for name in FIGURES["comparisons"]]
    if row["status"] in ("c", "z", "x") or one["value"] is None or other["value"] is None:
        if any(figure is not None for figure in figures) or row["status"] not in ("c", "z", "x"):
            yield "it holds a figure, and one of its rates is suppressed, or of nobody"
        return
    counted = [one["denominator"], one["value"], other["denominator"], other["value"]]
    if figures[:4] != counted:
        yield "its rates are not those of the cells"
    rates = [100 * cell["numerator"] / cell["denominator"] for cell in (one, other)]
    if abs(row["difference"] - (rates[0] - rates[1])) > HALF:
        yield "its difference is not that of the two rates"
    ends = {"lower": (one["lower"], other["upper"], -1), "upper": (one["upper"], other["lower"], 1)}
    for end, (first, second, side) in ends.items():
        far = ((first - rates[0]) ** 2 + (second - rates[1]) ** 2) ** 0.5
        if abs(row[end] - (rates[0] - rates[1] + side * far)) > OF_ENDS:
            yield "its interval is not made of those of the two rates"


def wrong_share(row: Row, at: Cells) -> Iterator[str]:
    """What is wrong with a row of shares."""
    parts = cells_of(row, "matched", row["covariate"], row["category"], at)
    wholes = cells_of(row, "matched", "all", "all", at)
    figure = {"before": "denominator", "after": "numerator"}[row["stage"]]
    figures = [row[name] for name in FIGURES["balance"]]
    if row["status"] or any(cell["status"] == "c" for cell in (*parts, *wholes)):
        if any(number is not None for number in figures) or not row["status"] or row["out_of_balance"]:
            yield "it holds a figure, and a count that it is of is suppressed, or of nobody"
        return
    shares = [(part[figure] or 0) / whole[figure] for part, whole in zip(parts, wholes, strict=True)]
    if any(abs(shown - 100 * share) > HALF for shown, share in zip(figures, shares, strict=False)):
        yield "its shares are not those of the cells"
    spread, apart = sum(share - share**2 for share in shares) / 2, shares[0] - shares[1]
    if abs(row["smd"] * spread**0.5 - apart) > OF_SMD * max(spread, 0.01) ** 0.5:
        yield "its standardised difference is not that of its shares"
    if (apart**2 > 0.01 * spread) != (row["out_of_balance"] == "yes"):
        yield "it is not marked as its standardised difference says"
