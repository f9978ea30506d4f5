"""Published means of events of invented people beside what perfect links would show, and beside what was lived."""

import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb

from linkage import facts
from linkage.beside_truth import ALL, MEDIUM
from linkage.report.truth_facts import EventsBesideTruth
from linkage.settings import Settings

Cell = tuple[str, ...]
Means = tuple[float, float]
CELL = ("cohort", "outcome", "period")


def of_invented(settings: Settings, release: str) -> list[EventsBesideTruth]:
    """Every published mean of all women in a year; none where the people are not invented, or either is gone."""
    database, truth = (
        settings.files.release(release) / "womens_outcomes.duckdb",
        settings.files.truth / "frequencies.csv",
    )
    if not (release and database.exists() and truth.exists() and facts.invented(settings)):
        return []
    return list(means(settings, database, truth))


def means(settings: Settings, database: Path, truth: Path) -> Iterator[EventsBesideTruth]:
    """One row per cohort, outcome and year whose events are counted, in the order of the release."""
    perfect, lived = by_perfect_links(settings), as_lived(settings, truth)
    with duckdb.connect(str(database), read_only=True) as con:
        rows = con.sql(
            """select cohort, outcome, period, any_value(events_per_woman_with), any_value(events_per_woman)
            from outcomes where threshold = $threshold and breakdown = $all group by all order by all""",
            params={"threshold": MEDIUM, "all": ALL},
        ).fetchall()
    for *cell, per_woman_with, per_woman in rows:
        cohort, outcome, period = cell
        if (true := lived.get((cohort, outcome, period))) is not None:
            yield {
                "cohort": cohort, "outcome": outcome, "period": period, "published": (per_woman_with, per_woman),
                "perfect": perfect.get((cohort, outcome, period)), "true": true,
            }  # fmt: skip


def by_perfect_links(settings: Settings) -> dict[Cell, Means]:
    """{cell of all women: (per woman with an event, per woman)} were each record joined to whose it is."""
    counted = {
        tuple(row[name] for name in CELL): row["denominator"]
        for row in facts.read(settings, "perfect_cells") or []
        if row["breakdown"] == ALL
    }
    sums = [row for row in facts.read(settings, "perfect_sums") or [] if row["breakdown"] == ALL]
    cells = {tuple(row[name] for name in CELL): row for row in sums}
    return {
        cell: (row["events"] / row["with_one"], row["events"] / counted[cell])
        for cell, row in cells.items()
        if row["with_one"] and cell in counted
    }


def as_lived(settings: Settings, truth: Path) -> dict[Cell, Means]:
    """{cell of all women: the same} from the invented lives themselves, whatever was recorded of them."""
    year_of = {quarter.label: quarter.year for quarter in settings.analysis.period.calendar}
    times: dict[Cell, list[int]] = {}
    with truth.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cell = (row["cohort"], row["outcome"], year_of[row["quarter"]])
            times.setdefault(cell, []).append(int(row["times"]))
    return {cell: (sum(of) / max(sum(map(bool, of)), 1), sum(of) / len(of)) for cell, of in times.items()}
