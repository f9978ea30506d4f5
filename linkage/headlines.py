"""The published headlines of invented people beside what became of them: how far the chain falls from the truth."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import duckdb

from linkage import facts
from linkage.report.facts import Headline
from linkage.settings import Settings

HEADLINE = {"breakdown": "all", "threshold": "medium"}
LABELS = ("cohort", "outcome", "period")
FIGURES = ("lower", "upper", "corrected", "corrected_lower", "corrected_upper")


def of_invented(settings: Settings, release: str) -> list[Headline]:
    """The headlines of a release as facts for a report; none where the people are not invented, or either is gone."""
    database, truth = settings.files.release(release) / "womens_outcomes.duckdb", settings.files.truth / "outcomes.csv"
    if not (release and database.exists() and truth.exists() and facts.invented(settings)):
        return []
    return list(headlines(settings, release))


def headlines(settings: Settings, release: str) -> Iterator[Headline]:
    """The rate of every outcome for all women of each cohort in the latest year, beside the truth.

    But for tables with a health warning: of these no figure is to be taken away alone.
    """
    tables = [name for name, table in settings.analysis.tables.items() if not table.health_warning]
    year_of = {quarter.label: quarter.year for quarter in settings.analysis.period.calendar}
    truth = true_rates(settings.files.truth / "outcomes.csv", year_of)
    with duckdb.connect(str(settings.files.release(release) / "womens_outcomes.duckdb"), read_only=True) as con:
        rows = con.sql(
            f"""select value as published, {", ".join((*LABELS, *FIGURES))} from outcomes
            where breakdown = $breakdown and threshold = $threshold and period = $latest
                and list_contains($tables, table_id) order by theme, cohort""",
            params=HEADLINE | {"latest": max(year_of.values()), "tables": tables},
        ).to_arrow_table()
    for row in rows.to_pylist():
        cohort, outcome, period = (row[name] for name in LABELS)
        yield cast(Headline, row | {"true": truth.get((cohort, outcome, period))})


def true_rates(path: Path, year_of: dict[str, str]) -> dict[tuple[str, str, str], float]:
    """{(cohort, outcome, year): the true rate in %} from the invented lives themselves."""
    counted: dict[tuple[str, str, str], list[bool]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["counted"] == "yes":
                cell = (row["cohort"], row["outcome"], year_of[row["quarter"]])
                counted.setdefault(cell, []).append(row["achieved"] == "yes")
    return {cell: 100 * sum(achieved) / len(achieved) for cell, achieved in counted.items()}
