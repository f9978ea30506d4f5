"""The published rates of invented people beside what perfect links would show, and beside what became of them."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import duckdb

from linkage import facts
from linkage.report.truth_facts import BesideTruth
from linkage.settings import Settings

ALL, MEDIUM = "all", "medium"
CELL = ("cohort", "outcome", "period", "breakdown", "category")
FIGURES = ("lower", "upper", "corrected", "corrected_lower", "corrected_upper")
Cell = tuple[str, ...]


def of_invented(settings: Settings, release: str) -> list[BesideTruth]:
    """Every cell of a release, as facts for a report; none where the people are not invented, or either is gone."""
    database, truth = settings.files.release(release) / "womens_outcomes.duckdb", settings.files.truth / "outcomes.csv"
    if not (release and database.exists() and truth.exists() and facts.invented(settings)):
        return []
    return list(cells(settings, release))


def cells(settings: Settings, release: str) -> Iterator[BesideTruth]:
    """One row per cell of a release at the default threshold, in the order of the release."""
    perfect, lived = by_perfect_links(settings), as_lived(settings)
    latest = max(quarter.year for quarter in settings.analysis.period.calendar)
    warned = {name for name, table in settings.analysis.tables.items() if table.health_warning}
    with duckdb.connect(str(settings.files.release(release) / "womens_outcomes.duckdb"), read_only=True) as con:
        rows = con.sql(
            f"""select table_id, value as published, {", ".join((*CELL, *FIGURES))}
            from outcomes where threshold = $threshold""",
            params={"threshold": MEDIUM},
        ).to_arrow_table()
    for row in rows.to_pylist():
        cell = tuple(row[name] for name in CELL)
        # Of a table with a health warning no figure is to be taken away alone.
        alone = row.pop("table_id") not in warned
        headline = alone and row["breakdown"] == ALL and row["period"] == latest
        yield cast(BesideTruth, row | {"headline": headline, "perfect": perfect.get(cell), "true": lived.get(cell)})


def by_perfect_links(settings: Settings) -> dict[Cell, float]:
    """{cell: the rate in % that the same records show when each is joined to whose it is}, as `tabulate` noted it."""
    rows = facts.read(settings, "perfect_cells") or []
    return {tuple(row[name] for name in CELL): rate(row["numerator"], row["denominator"]) for row in rows
            if row["denominator"]}  # fmt: skip


def as_lived(settings: Settings) -> dict[Cell, float]:
    """{cell of all women: the true rate in %} from the invented lives themselves, whatever was recorded of them."""
    year_of = {quarter.label: quarter.year for quarter in settings.analysis.period.calendar}
    return {
        (*cell, ALL, ALL): rate(sum(achieved), len(achieved))
        for cell, achieved in answers(settings.files.truth / "outcomes.csv", year_of).items()
    }


def answers(path: Path, year_of: dict[str, str]) -> dict[Cell, list[bool]]:
    """{(cohort, outcome, year, or all years): of each woman counted, was it so?}."""
    found: dict[Cell, list[bool]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["counted"] == "yes":
                for period in (year_of[row["quarter"]], ALL):
                    cell = (row["cohort"], row["outcome"], period)
                    found.setdefault(cell, []).append(row["achieved"] == "yes")
    return found


def rate(having: int, women: int) -> float:
    """A rate in %."""
    return 100 * having / women
