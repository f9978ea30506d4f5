"""The whole chain on invented people, on the real Airflow DAGs, and how close it came to the truth."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from linkage import facts, releases, stages
from linkage.beside_truth import cells
from linkage.report.truth_facts import BesideTruth
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
    from linkage.report.truth_view import headlines

    for table in (
        intake_table(list(facts.intake(settings).values())),
        link_rate_table(facts.read(settings, "link_rates")),
        truth_table(facts.read(settings, "evaluation")["rows"]),
        headline_table(headlines(cells(settings, RELEASE))),
    ):
        console.print()
        console.print(table)
    console.print("\n[bold]Open next[/bold]")
    release = settings.files.release(RELEASE)
    for path, what in {
        release / "index.html": "the release, a page of tables by subject with charts",
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


def headline_table(found: list[BesideTruth]) -> Table:
    """One row per cohort and outcome."""
    from linkage.report.truth_view import off, points

    table = Table("women", "outcome", "year", title="Headlines", title_justify="left", box=None, pad_edge=False)
    for name in ("published", "corrected", "true", "off by"):
        table.add_column(name, justify="right")
    for one in found:
        rates = ("-" if rate is None else f"{rate:.1f} %" for rate in (one["corrected"], one["true"]))
        table.add_row(
            one["cohort"].replace("_", " "),
            one["outcome"].replace("_", " "),
            one["period"],
            escape("[c]") if one["published"] is None else f"{one['published']:.1f} %",
            *rates,
            points(off(one, "published")) or "-",
        )
    return table
