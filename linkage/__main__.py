"""The command line: one command per stage. `linkage --help` is where to begin."""

import contextlib
import datetime
import errno
import json
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.table import Table

from linkage import quality_run, stages
from linkage.commands.keys import audit_app, keys_app
from linkage.commands.model import model_app
from linkage.commands.options import OutputsOption, SchemasOption, WorkspaceOption, folder, settings_of, shared
from linkage.commands.people import people_app
from linkage.commands.project import project_app
from linkage.commands.quality import print_blocking, quality_app
from linkage.commands.releases import releases_app
from linkage.commands.review import review_app
from linkage.errors import LinkageError
from linkage.settings import Settings
from linkage.terminal import ERR, OUT, accuracy_table, attack_table, attack_verdict, counting, print_balance, working

OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE}
NOTHING_HALF = "No file is left half written. See to it, then run this again: it does the same."

app = typer.Typer(
    name="linkage",
    help=(
        "Pseudonymise departmental extracts, link them without names, publish disclosure-controlled tables.\n\n"
        "To see the whole chain on invented people: linkage demo. On your own extracts, in this order: check, "
        "keys new, pseudonymise (once per dataset), link, tabulate, publish. Every command reads the same declarations "
        "(--schemas) and keeps its files in the same place (--workspace)."
    ),
    epilog=(
        "Exit codes say who must act: 10 a declaration is wrong, 11 back to the department, 12 privacy at risk, "
        "13 not publishable like this, 14 a gate stopped the run, 15 the linkage cannot be trusted, "
        "16 another run is at work in the workspace."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, and so data
    rich_markup_mode="rich",
)
app.add_typer(keys_app, name="keys")
app.add_typer(audit_app, name="audit")
app.add_typer(model_app, name="model")
app.add_typer(people_app, name="people")
app.add_typer(project_app, name="project")
app.add_typer(quality_app, name="quality")
app.add_typer(review_app, name="review")
app.add_typer(releases_app, name="releases")


@app.callback()
def options_before_the_command(
    schemas: Annotated[Path | None, folder("schemas", from_environment=True)] = None,
    workspace: Annotated[Path | None, folder("workspace", from_environment=True)] = None,
    outputs: Annotated[Path | None, folder("outputs", from_environment=True)] = None,
) -> None:
    """The shared options may stand before the command or after it."""
    shared.update(schemas=schemas, workspace=workspace, outputs=outputs)


@app.command()
def check(schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """Read every declaration, and say all that is wrong in one go."""
    settings = settings_of(schemas, workspace)
    table = Table("what", "declared", box=None)
    for what, declared in stages.check(settings).items():
        table.add_row(what, f"{declared:,}")
    OUT.print(table)
    OUT.print(f"{settings.schemas}: all declarations are sound.")


@app.command()
def synthesise(
    people: Annotated[int, typer.Option(help="How many people to invent.")] = 60_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people, and the same bytes.")] = 1,
    as_of: Annotated[
        datetime.datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="The day of the delivery. Default: the last there is. A later one has new and corrected rows, and "
            "lacks those of people who have objected since.",
        ),
    ] = None,
    form: Annotated[
        str, typer.Option(help="native: as each contract says; csv: UTF-8, commas, ISO dates; parquet: typed.")
    ] = "native",
    to: Annotated[
        Path | None, typer.Option(file_okay=False, help="A folder to write to. Default: the workspace")
    ] = None,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Invent people, their departments' extracts with real-life errors, and the truth beside them.

    Two deliveries of the same departments, half a year apart:

      linkage synthesise --people 30000 --as-of 2025-09-30 --to autumn

      linkage synthesise --people 30000 --as-of 2026-03-31 --to spring

    Both know the same people: what differs is what was entered, corrected, renamed and withdrawn between the two days.
    The truth is of the whole of the records in both, but for truth/records.csv, errors.csv and names.csv, which are of
    the rows delivered.
    """
    settings = settings_of(schemas, to or workspace)
    with counting("inventing people", people) as done:
        rows = stages.synthesise(settings, people, seed, as_of.date() if as_of else None, form, done)
    for dataset, count in rows.items():
        OUT.print(f"{settings.dataset(dataset).title}: {count:,} rows")
    OUT.print(f"The extracts and their data dictionary are in {settings.files.department.extract('.')}.")
    OUT.print(f"The truth is in {settings.files.truth}.")


@app.command()
def pseudonymise(
    dataset: Annotated[str, typer.Argument(help="The name of a contract in schemas/datasets.")],
    file: Annotated[
        Path | None, typer.Argument(help="The extract. Default: where its contract has it delivered")
    ] = None,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Turn one extract into tokens and attributes; rows that cannot be used go to quarantine with a reason."""
    settings = settings_of(schemas, workspace)
    with working(dataset) as progress:
        balance = stages.pseudonymise(settings, dataset, file, progress)
    print_balance(balance)
    if balance["gates"] != "passed":
        OUT.print(f"Gates {balance['gates']}. Whoever takes the files in has to run them.")


@app.command()
def blocking(schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """Which pairs the blocking rules make, and how many true pairs they find, before anything is trained or scored.

    Near-certain pairs agree on a person number. A rule is judged by those whose number is no part of it: what it finds
    of them is about what it finds of all true pairs. A rule that makes many pairs no other rule makes, and finds
    little, is one to narrow; blocking recall is the ceiling on what any model can find.
    """
    settings = settings_of(schemas, workspace)
    for view in stages.views(settings):
        with working(f"blocking {view}"):
            stages.block(settings, view)
            stages.unseal(settings, view)
            found = quality_run.blocking(settings, view)
        print_blocking(view, found)


@app.command()
def link(
    anew: Annotated[bool, typer.Option("--anew", help="Compare again what this model has compared before.")] = False,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Find the records of one person: train, score and cluster on tokens alone.

    Under an accepted model (linkage model accept) only rows that are new or changed are compared, and the result is
    that of a full run. Until a model is accepted each delivery trains one of its own, and a new model compares
    everything.
    """
    settings = settings_of(schemas, workspace)
    with reporting(settings) as page:
        for view in stages.views(settings):
            with working(f"comparing {view}") as progress:
                progress("sealed blocking")
                stages.block(settings, view)
                stages.unseal(settings, view)
                done = stages.score(settings, view, progress, anew)
            OUT.print(f"{view}: {done['compared']:,} pairs of {done['profiles']:,} distinct rows compared now")
        with working("finding people"):
            found = stages.cluster(settings)
    OUT.print_json(json.dumps(found))
    OUT.print(f"The person index is {settings.files.matching.person_index}. Quality report: {page}")


@app.command()
def tabulate(schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """Count outcomes by cohort, and judge the linkage. The counts are unrounded and stay in the workspace."""
    settings = settings_of(schemas, workspace)
    with working("counting"), reporting(settings) as page:
        found = stages.tabulate(settings)
    OUT.print_json(json.dumps(found))
    OUT.print(f"Quality report: {page}")


@app.command()
def publish(
    release: Annotated[str, typer.Option(help="The name of the release, and of its folder.")] = "draft",
    approval: Annotated[
        str | None, typer.Option(help="Who let it out. Not needed for people this workspace invented")
    ] = None,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
    outputs: OutputsOption = None,
) -> None:
    """Suppress, round, audit and publish the tables; then write the quality report, after a stop too."""
    settings = settings_of(schemas, workspace, outputs)
    with working("publishing"), reporting(settings) as page:
        found = stages.publish(settings, release, approval)
    OUT.print_json(json.dumps(found))
    OUT.print(f"Published in {settings.files.release(release)}. Quality report: {page}")


@contextlib.contextmanager
def reporting(settings: Settings) -> Iterator[Path]:
    """Write the quality report anew when the block ends, and when it stops: a page of before must not outlive a stop.

    What stopped it goes on, even where no report can be written, as with a declaration that cannot be read.
    """
    try:
        yield settings.files.quality.report
    except Exception:
        with contextlib.suppress(Exception):
            stages.report(settings)
        raise
    stages.report(settings)


@app.command()
def evaluate(
    truth: Annotated[Path, typer.Argument(help="CSV: dataset,record_id,person[,subgroup columns].")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    save_index: Annotated[
        Path | None, typer.Option(help="Write dataset,record_id,person_id_high,person_id_medium,person_id_low here.")
    ] = None,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Compare the links with a truth given in the departments' own record ids. Needs the record-id keys.

    The truth and the saved index hold the departments' ids in clear: they belong with the departments.
    """
    settings = settings_of(schemas, workspace)
    with working("evaluating"):
        found = stages.evaluate(settings, truth, save_index)
    if json_file:
        json_file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    OUT.print(accuracy_table(found["rows"]))
    OUT.print(
        f"{found['records']:,} records were compared; {found['only_in_truth']:,} are only in the truth, "
        f"{found['only_in_index']:,} only in the index."
    )


@app.command()
def attack(
    knowledge: Annotated[
        Path | None, typer.Option(help="A folder with extracts about other people. Default: people invented anew")
    ] = None,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Try to re-identify the people behind this workspace's tokens, as somebody inside the matching zone could.

    The intruder holds every row of tokens and the linkage schema, and not the
    key. He knows people who are not among those attacked: how common names,
    birth dates and districts are. He looks at how many rows share a token,
    which tokens stand together, what the calendar says of masked dates, and at
    sealed rule keys while they lie there.

    It needs `linkage pseudonymise` to have run. Extracts that are invented are
    attacked with people invented anew, and the share that came true is
    measured; real ones with extracts about other people, under the paths of the
    contracts:

      linkage attack

      linkage attack --knowledge /safe/public-extracts

    `right` is the share of records whose value he names, to be held against `by
    chance`: whoever says the commonest value of everyone is right so often.
    `known before` are records equal to one of fifty people he knows. `believed`
    is what he thinks more likely than not. Of real extracts only what he
    believes can be said.

    Each run has a positive control: rows that are known to give names away
    (exact, soundex and prefix tokens of surnames drawn from a real list). An
    attack that misses it proves nothing. One that meets it proves no safety
    either: the shares are lower bounds, since attacks only get better. It takes
    some minutes and two gigabytes.
    """
    from linkage import intrusion

    settings = settings_of(schemas, workspace)
    with working("attacking") as progress:
        found = intrusion.attack(settings, knowledge, progress=progress)
        progress("report")
        page = stages.report(settings)
    OUT.print(attack_table(found))
    OUT.print(attack_verdict(found))
    OUT.print(f"attack.json is beside the other facts in {settings.files.quality.fact('attack')}. Report: {page}")


@app.command()
def report(schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """Write the quality report anew, from whatever has been run so far."""
    with working("report"):
        page = stages.report(settings_of(schemas, workspace))
    OUT.print(f"Quality report: {page}")


@app.command()
def demo(
    people: Annotated[
        int,
        typer.Option(
            min=1000, help="How many people to invent. Of fewer than 12,000 a table may have no figure to show."
        ),
    ] = 60_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same release.")] = 1,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
    outputs: OutputsOption = None,
) -> None:
    """Run the whole chain on invented people, on the real Airflow DAGs, and compare the result with the truth."""
    from linkage import demo

    demo.run(settings_of(schemas, workspace, outputs), people, seed, OUT)


@app.command()
def up(schemas: SchemasOption = None, workspace: WorkspaceOption = None, outputs: OutputsOption = None) -> None:
    """Open the Airflow UI on this workspace; Ctrl-C stops it and everything it started."""
    from linkage.orchestration import server

    server.up(settings_of(schemas, workspace, outputs), OUT)


def main() -> None:
    """Run a command; end in one clear message and the exit code of whoever must act."""
    try:
        app()
    except LinkageError as error:
        ERR.print(f"[red]Stopped.[/red] {type(error).__name__}:", highlight=False)
        ERR.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if told := of_the_machine(error):
            ERR.print("[red]Stopped[/red] by the machine:", highlight=False)
            ERR.print(told, markup=False, highlight=False, soft_wrap=True)
            sys.exit(1)
        ERR.print(f"[red]Stopped[/red] by an unforeseen {type(error).__name__} {place_of(error)}.", highlight=False)
        ERR.print("This is a defect: please report this line. Its text is not shown, since it may quote data.")
        sys.exit(1)


def of_the_machine(error: Exception) -> str:
    """What keeps a sound program from reading or writing, with the remedy; '' where it is a defect of ours.

    The words are the system's and a path, never those of a library, which may quote what it read.
    """
    if isinstance(error, OSError) and error.errno in OF_THE_MACHINE:
        place = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{place}. {NOTHING_HALF}"
    if isinstance(error, duckdb.IOException) and "No space left on device" in str(error):
        return f"No space left on device. {NOTHING_HALF}"
    return ""


def place_of(error: Exception) -> str:
    """Where in our own code it came up."""
    ours = [f for f in traceback.extract_tb(error.__traceback__) if f"{Path('linkage')}/" in f.filename]
    return f"in {Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else ""


if __name__ == "__main__":
    main()
