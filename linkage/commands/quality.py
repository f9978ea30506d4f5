"""linkage quality …: may this linkage be used? What changed since the run that was accepted last?"""

from typing import Annotated, Any

import typer
from rich.table import Table

from linkage import quality_run, stages
from linkage.commands.options import ByOption, SchemasOption, WhyOption, WorkspaceOption, settings_of
from linkage.terminal import OUT, working

DespiteOption = Annotated[str, typer.Option(help="Why it is accepted although red lines are crossed.")]
quality_app = typer.Typer(
    help="Is this linkage as good as the one accepted before? A red line stops a release, amber asks for a name.",
    no_args_is_help=True,
)
WORDS = {"critical": "[red]red[/red]", "warning": "[yellow]amber[/yellow]"}


@quality_app.command("show")
def quality_show(schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """The lines this run crossed, and the run it was held against. All of it is in the quality report, with charts."""
    settings = settings_of(schemas, workspace)
    table = Table("", "what", "seen", "expected", "what to do", box=None)
    crossed = 0
    for severity, word in WORDS.items():
        for check in quality_run.failed(settings, severity):
            table.add_row(word, check["title"], check["observed"], check["expected"], check["what_to_do"])
            crossed += 1
    OUT.print(table if crossed else "No line was crossed.")
    before = quality_run.accepted(settings)
    OUT.print(
        f"Held against the run accepted by {before['by']} on {before['on']}: {before['why']}"
        if before
        else "No run has been accepted yet, so nothing is said of what changed. Now: linkage quality accept",
        markup=False,
        soft_wrap=True,
    )


@quality_app.command("accept")
def quality_accept(
    by: ByOption,
    why: WhyOption,
    despite: DespiteOption = "",
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Hold later runs against this one. Who accepted it, why, and with which lines crossed, goes into the log.

    For instance, after the first run that the quality lead has read through:

      linkage quality accept --by "A. Lead" --why "first linkage of 2026; red lines none, one amber explained by DWP"

    What is kept are the counts of the quality report, no record and no token. Until a run is accepted nothing can be
    said of what changed; a red line of the run itself stays red. A run that crosses red lines is accepted only with
    --despite "…", which is logged: what is lost in it would be missing from every later comparison.
    """
    settings = settings_of(schemas, workspace)
    with working("accepting"):
        card = quality_run.accept(settings, by, why, despite)
        page = stages.report(settings)
    OUT.print(f"Accepted by {by} on {card['on']}, logged with {len(card['crossed'])} lines crossed. Report: {page}")


def print_blocking(view: str, said: dict[str, Any]) -> None:
    """One row per rule of a view, and what all of them find together."""
    table = Table(title=f"View {view}", title_justify="left", box=None)
    table.add_column("rule")
    for name in ("pairs", "no other rule makes", "near-certain pairs", "found"):
        table.add_column(name, justify="right")
    for rule in said["rules"]:
        counts = (f"{rule[name]:,}" for name in ("pairs", "alone", "near_certain"))
        table.add_row(rule["rule"], *counts, percent(rule["recall"]))
    for name, pairs in ((said["sealed"] or {}).get("pairs") or {}).items():
        table.add_row(f"  sealed: {name}", f"{pairs:,}", "", "", "")
    OUT.print(table)
    OUT.print(
        f"{said['pairs']:,} pairs of {said['profiles']:,} different records, {said['pairs_per_record']:.2f} for each. "
        f"Without a number the rules find {percent(said['recall'])} of {said['near_certain']:,} near-certain pairs."
    )


def percent(share: float | None) -> str:
    """A share of 0 to 1; a dash where nothing is known."""
    return "-" if share is None else f"{share:.1%}"
