"""The whole chain on invented people, on the real Airflow DAGs, and how close it came to the truth."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from linkage import facts, releases, stages
from linkage.settings import Settings
from linkage.terminal import counting, intake_table, share, working

RELEASE = "demo"
HEADLINE = {"breakdown": "all", "threshold": "medium"}


def run(settings: Settings, people: int, seed: int, console: Console) -> None:
    """Invent, run every DAG, evaluate, report, and sum up. Raises whatever error a stage ends in."""
    from linkage.orchestration.run import run_dags

    with counting("inventing people", people) as done:
        stages.synthesise(settings, people, seed, progress=done)
    releases.forget_invented(settings)
    stages.new_keys(settings, epoch=RELEASE)
    run_dags(settings, RELEASE)
    with working("comparing with the truth") as progress:
        stages.evaluate(settings, settings.files.truth / "records.csv")
        progress("report")
        stages.report(settings)
    sum_up(settings, console)


def sum_up(settings: Settings, console: Console) -> None:
    """What a person wants to know at the end."""
    for table in (
        intake_table(list(facts.intake(settings).values())),
        link_rate_table(facts.read(settings, "link_rates")),
        truth_table(facts.read(settings, "evaluation")["rows"]),
        headline_table(list(headlines(settings, RELEASE))),
    ):
        console.print()
        console.print(table)
    console.print("\n[bold]Open next[/bold]")
    release = settings.files.release(RELEASE)
    for path, what in {
        release / "index.html": "the release, a page with a chart per theme",
        release / "womens_outcomes.duckdb": "the same tables, to query",
        Path(settings.files.quality.report): "the quality report",
    }.items():
        console.print(f"  {path}  [dim]{what}[/dim]", soft_wrap=True)


def link_rate_table(rows: list[dict[str, Any]]) -> Table:
    """One row per cohort and source: the share of cohort entries with a record there."""
    table = Table("cohort", "has a record in", title="Linked", title_justify="left", box=None, pad_edge=False)
    table.add_column("link rate", justify="right")
    for row in rows:
        if row["breakdown"] == HEADLINE["breakdown"] and row["threshold"] == HEADLINE["threshold"] and row["rate"]:
            table.add_row(row["cohort"].replace("_", " "), row["dataset"], f"{row['rate']:.1%}")
    return table


def truth_table(rows: list[dict[str, Any]]) -> Table:
    """Precision, recall and F1 at the default threshold: of all pairs, of pairs between sources, of whole people."""
    at = {row["scope"]: row for row in rows if row["threshold"] == HEADLINE["threshold"] and not row["part"]}
    table = Table("", title="Against the truth", title_justify="left", box=None, pad_edge=False)
    for name in ("precision", "recall", "F1"):
        table.add_column(name, justify="right")
    for title, row, of in (
        ("pairs of records", at["overall"], ""),
        ("pairs between sources", at["between datasets"], ""),
        ("whole people", at["overall"], "cluster_"),
    ):
        table.add_row(title, *(share(row[of + name]) for name in ("precision", "recall", "f1")))
    return table


@dataclass(frozen=True)
class Headline:
    """A published rate in %, None where it is suppressed, and the true one."""

    outcome: str
    cohort: str
    period: str
    published: float | None
    true: float | None


def headlines(settings: Settings, release: str) -> Iterator[Headline]:
    """The rate of every outcome for all women of each cohort in the latest year, beside the truth."""
    year_of = {quarter.label: quarter.year for quarter in settings.analysis.period.calendar}
    truth = true_rates(settings.files.truth / "outcomes.csv", year_of)
    with duckdb.connect(str(settings.files.release(release) / "womens_outcomes.duckdb"), read_only=True) as con:
        rows = con.execute(
            """select outcome, cohort, period, value from outcomes
            where breakdown = $breakdown and threshold = $threshold and period = $latest order by theme, cohort""",
            HEADLINE | {"latest": max(year_of.values())},
        ).fetchall()
    for outcome, cohort, period, value in rows:
        yield Headline(outcome, cohort, period, value, truth.get((cohort, outcome, period)))


def true_rates(path: Path, year_of: dict[str, str]) -> dict[tuple[str, str, str], float]:
    """{(cohort, outcome, year): the true rate in %} from the invented lives themselves."""
    counted: dict[tuple[str, str, str], list[bool]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["counted"] == "yes":
                cell = (row["cohort"], row["outcome"], year_of[row["quarter"]])
                counted.setdefault(cell, []).append(row["achieved"] == "yes")
    return {cell: 100 * sum(achieved) / len(achieved) for cell, achieved in counted.items()}


def headline_table(found: list[Headline]) -> Table:
    """One row per cohort and outcome."""
    table = Table("women", "outcome", "year", title="Headlines", title_justify="left", box=None, pad_edge=False)
    for name in ("published", "true", "off by"):
        table.add_column(name, justify="right")
    for one in found:
        off = (
            None if one.published is None or one.true is None else round(one.published - one.true, 1) + 0.0
        )  # no "-0.0"
        table.add_row(
            one.cohort.replace("_", " "),
            one.outcome.replace("_", " "),
            one.period,
            "[c]" if one.published is None else f"{one.published:.1f} %",
            "-" if one.true is None else f"{one.true:.1f} %",
            "-" if off is None else f"{off:+.1f}",
        )
    return table
