"""linkage review …: draw pairs, look them up, take decisions back, say how good the links are."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from linkage import decisions, review
from linkage.commands.options import ByOption, SchemasOption, WhyOption, WorkspaceOption, settings_of
from linkage.terminal import OUT, share, working

review_app = typer.Typer(
    help=(
        "What people make of the links. In this order: sample draws pairs; lookup, inside each department, finds their "
        "names; reviewers fill the sheet with same, different or unsure; import makes decisions of that, which no run "
        "overrules; estimate says how good the links are. docs/review.md shows a session."
    ),
    no_args_is_help=True,
)
SampleArgument = Annotated[str, typer.Argument(help="The name of the sample, such as 2026-spring.")]


@review_app.command("sample")
def review_sample(
    sample: SampleArgument,
    with_weights: Annotated[
        bool, typer.Option("--with-weights", help="Also show what the model holds each agreement worth, to review it.")
    ] = False,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Draw pairs of the linkage there is, by band of score, pair of sources and, where declared, subgroup.

    Also the weakest links of chains that were doubted and of the largest people. How much is drawn says
    schemas/review.yaml. Reviewers see in words how a pair agrees, and no weight, no score, nor what became of it.
    With --with-weights they see weights, whose sum is nearly the score: such a review is one of the model, and its
    estimate says so. Protected people are left out. The same name draws the same pairs of the same linkage.
    """
    with working("draw"):
        done = review.draw(settings_of(schemas, workspace), sample, with_weights)
    OUT.print(
        f"{done['pairs']:,} pairs drawn: {done['pairs'] - done['of_whole_groups']:,} by lot from {done['strata']:,} "
        f"strata, {done['of_whole_groups']:,} more of {done['groups']:,} chains and people looked at whole. "
        f"{done['records_protected']:,} records of protected people were left out."
    )
    OUT.print(
        f"In {done['folder']}: sheet.csv for reviewers; records-<dataset>.csv for each department, which looks them up "
        "with: linkage review lookup. Keep kept_back.parquet from reviewers: it says which pairs are linked.",
        soft_wrap=True,
    )


@review_app.command("lookup")
def review_lookup(
    dataset: Annotated[str, typer.Argument(help="The name of the department's contract in schemas/datasets.")],
    asked: Annotated[Path, typer.Argument(help="Its list of the sample: records-<dataset>.csv.")],
    extract: Annotated[
        Path | None, typer.Argument(help="The extract. Default: where its contract has it delivered")
    ] = None,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Inside a department: write the clear rows of its own records on the list. The one place where names are seen.

    Needs the record-id key and the extract. The file is for its owner alone, holds identifiers and nothing of what
    happened to anybody, and stays in the department; what goes back is the sheet with verdicts. It is logged. The list
    of another dataset, and one of which no record is in the extract, are refused. The file shows one side of a pair,
    unless both are of this dataset.
    """
    with working("look up"):
        done = review.look_up(settings_of(schemas, workspace), dataset, asked, extract)
    OUT.print(
        f"{done['found']:,} of {done['asked']:,} records found; {done['protected']:,} are marked as protected and were "
        f"left out, {done['missing']:,} are not in this extract."
    )
    OUT.print(f"CLEAR TEXT, for its owner alone: {done['file']}. Never copy it; delete it after.", soft_wrap=True)


@review_app.command("import")
def review_import(
    file: Annotated[Path, typer.Argument(help="The filled sheet: CSV with the columns sample, pair, verdict.")],
    by: ByOption,
    why: WhyOption,
    in_clear: Annotated[
        bool, typer.Option("--in-clear", help="Both records of every pair judged were seen in clear.")
    ] = False,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Take verdicts back as decisions: same, different or unsure per pair. No run overrules them.

    All are looked at before one is written: no verdict at all, an unknown pair, two verdicts for one pair, another
    word, or decisions that contradict each other through a chain end in an error. A pair without a verdict has not been
    looked at. Of decisions about one pair the last stands; unsure takes an earlier one back. They outlive deliveries
    and keys.
    """
    done = review.import_verdicts(settings_of(schemas, workspace), file, by, why, in_clear)
    OUT.print(
        f"Sample {done['sample']}: {done['same']:,} same, {done['different']:,} different, {done['unsure']:,} unsure, "
        f"{done['without_verdict']:,} without a verdict. Now: linkage link, which obeys; linkage review estimate."
    )
    OUT.print(f"Log entry: {done['log']}", soft_wrap=True)


@review_app.command("decisions")
def review_decisions(schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """Every import, first to last: who decided what, on which grounds and when. Of two on a pair the last stands."""
    settings = settings_of(schemas, workspace)
    table = Table("when", "sample", "same", "different", "unsure", "in clear", "by", "why", box=None)
    for batch in decisions.batches(settings):
        counts = (f"{n:,}" for n in batch.counts().values())
        table.add_row(
            batch.at, batch.sample, *counts, "yes" if batch.in_clear else "no", escape(batch.by), escape(batch.why)
        )
    OUT.print(table)
    OUT.print(f"Pairs decided: {len(decisions.standing(settings)):,}. Every linkage obeys.")


@review_app.command("estimate")
def review_estimate(sample: SampleArgument, schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """Precision and recall of the linkage that was drawn from, with 95 % intervals, from the verdicts there are.

    Verdicts over pseudonyms, or from a sheet with weights, check the model and not the truth: only a review in clear,
    inside departments, can say whether two records are one person. The figures go into the quality report.
    """
    found = review.estimate(settings_of(schemas, workspace), sample)
    table = Table("links", "precision", "95 %", "verdicts", "recall of compared pairs", "95 %", "verdicts", box=None)
    table.title, table.title_justify = f"Sample {sample}, drawn {found['drawn']}", "left"
    rows = [("all", found), *((row["sources"], row) for row in found["by_sources"])]
    for name, row in (*rows, *((row["subgroup"], row) for row in found["by_subgroup"])):
        table.add_row(name, *cells(row["precision"]), *cells(row["recall"], "all are linked"))
    OUT.print(table)
    looked, pairs = found["pairs_like_those_looked_up"], found["pairs"]
    if looked < pairs:
        OUT.print(f"The figures speak for {looked:,} of {pairs:,} pairs; of the others' kinds none has a verdict yet.")
    OUT.print(found["caveat"])


def cells(found: dict[str, Any], whole: str = "") -> tuple[str, str, str]:
    """A share, its interval, and how many verdicts it rests on. `whole`: a share of 1 in words."""
    said = whole if whole and found["value"] == 1 else share(found["value"])
    return said, f"{share(found['lower'])} to {share(found['upper'])}", f"{found['looked_up']:,}"
