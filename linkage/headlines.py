"""The published headlines of invented people beside what became of them: how far the chain falls from the truth."""

import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from linkage import facts
from linkage.settings import Settings

HEADLINE = {"breakdown": "all", "threshold": "medium"}
LABELS = ("cohort", "outcome", "period")
FIGURES = ("lower", "upper", "corrected", "corrected_lower", "corrected_upper")


@dataclass(frozen=True)
class Headline:
    """A published rate in % and the rate corrected for errors of links, each with its interval, None where it is
    suppressed or not known; and the true one.
    """

    outcome: str
    cohort: str
    period: str
    published: float | None
    lower: float | None
    upper: float | None
    corrected: float | None
    corrected_lower: float | None
    corrected_upper: float | None
    true: float | None

    def off(self, rate: float | None) -> float | None:
        """How far a rate is above the true one, in points."""
        return None if rate is None or self.true is None else round(rate - self.true, 1) + 0.0  # no "-0.0"


def of_invented(settings: Settings, release: str) -> list[dict[str, Any]]:
    """The headlines of a release as facts for a report; none where the people are not invented, or either is gone."""
    database, truth = settings.files.release(release) / "womens_outcomes.duckdb", settings.files.truth / "outcomes.csv"
    if not (release and database.exists() and truth.exists() and facts.invented(settings)):
        return []
    return [asdict(one) for one in headlines(settings, release)]


def headlines(settings: Settings, release: str) -> Iterator[Headline]:
    """The rate of every outcome for all women of each cohort in the latest year, beside the truth."""
    year_of = {quarter.label: quarter.year for quarter in settings.analysis.period.calendar}
    truth = true_rates(settings.files.truth / "outcomes.csv", year_of)
    with duckdb.connect(str(settings.files.release(release) / "womens_outcomes.duckdb"), read_only=True) as con:
        rows = con.sql(
            f"""select value as published, {", ".join((*LABELS, *FIGURES))} from outcomes
            where breakdown = $breakdown and threshold = $threshold and period = $latest order by theme, cohort""",
            params=HEADLINE | {"latest": max(year_of.values())},
        ).to_arrow_table()
    for row in rows.to_pylist():
        cohort, outcome, period = (row[name] for name in LABELS)
        yield Headline(**row, true=truth.get((cohort, outcome, period)))


def true_rates(path: Path, year_of: dict[str, str]) -> dict[tuple[str, str, str], float]:
    """{(cohort, outcome, year): the true rate in %} from the invented lives themselves."""
    counted: dict[tuple[str, str, str], list[bool]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["counted"] == "yes":
                cell = (row["cohort"], row["outcome"], year_of[row["quarter"]])
                counted.setdefault(cell, []).append(row["achieved"] == "yes")
    return {cell: 100 * sum(achieved) / len(achieved) for cell, achieved in counted.items()}
