"""linkage project …: person-level rows for the accredited analysts of a project."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from linkage.commands.options import OutputsOption, SchemasOption, WorkspaceOption, settings_of
from linkage.terminal import OUT, working

project_app = typer.Typer(
    help=(
        "Person-level rows for the accredited analysts of a project, under study ids of its own.\n\n"
        "Declare it in schemas/projects/NAME.yaml: what for, who may use it until when, cohorts, outcomes and "
        "breakdowns. Then, once the linkage has been counted (linkage tabulate):\n\n"
        "  linkage project new housing\n\n"
        "  linkage project export housing --approval 'A. Lead, 3 March 2026'\n\n"
        "The file is refused where fewer than k women are alike in everything by which a woman may be known, or where "
        "too few of them gave one of the answers to a sensitive outcome; the message says which column to coarsen. "
        "Answers that would make a row unlike all others are emptied, the last declared first. Export again "
        "after each delivery: whoever was withdrawn is in the next file no more, and everybody untouched keeps her "
        "study id. When the project ends, linkage project destroy."
    ),
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="A declaration in schemas/projects, without .yaml.")]


@project_app.command("new")
def project_new(name: Name, schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """Check the declaration of a project and make its study-id key, which no other project has. Replaces none."""
    from linkage import projects

    fingerprint = projects.new(settings_of(schemas, workspace), name)
    OUT.print(f"Made the study-id key of {name}, fingerprint {fingerprint}. Next: linkage project export {name}")


@project_app.command("export")
def project_export(
    name: Name,
    approval: Annotated[
        str | None, typer.Option(help="Who let it out. Not needed for people this workspace invented")
    ] = None,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
    outputs: OutputsOption = None,
) -> None:
    """Write the file of a project, for its owner alone, in the place of the one before.

    A table per cohort, a row per woman, no date and no id but the study id,
    which no other table has; the table `about` says what the file is, and every
    column has a comment. It is still personal data. Nothing is written where a
    class of women is too small: group categories in the declaration, and run it
    again. Run it again, too, when it was killed.
    """
    from linkage import projects
    from linkage.cohorts.person_file import WHAT_IS_LEFT

    settings = settings_of(schemas, workspace, outputs)
    with working("exporting"):
        done = projects.export(settings, name, approval)
    for cohort, rows in done["rows"].items():
        OUT.print(f"{cohort}: {rows:,} rows. Answers emptied: {done['emptied'][cohort] or 'none'}", soft_wrap=True)
    OUT.print(WHAT_IS_LEFT, soft_wrap=True)
    OUT.print(f"Written: {settings.files.project(name)}. Content: {done['content_sha256']}", soft_wrap=True)


@project_app.command("list")
def project_list(
    schemas: SchemasOption = None, workspace: WorkspaceOption = None, outputs: OutputsOption = None
) -> None:
    """Every project: who may use it until when, the fingerprint of its key, and its file where it was exported."""
    from linkage import projects

    table = Table("project", "title", "access", "key", "file", box=None)
    for row in projects.listed(settings_of(schemas, workspace, outputs)):
        table.add_row(*(escape(row[column]) for column in ("name", "title", "access", "key", "file")))
    OUT.print(table)


@project_app.command("destroy")
def project_destroy(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
    outputs: OutputsOption = None,
) -> None:
    """Delete the file and the study-id key of a project that has ended. The receipt goes into the log.

    No later export can then be joined to a copy that somebody kept; such copies are for their holders to destroy. Run
    it again when it was killed: it ends what it began, and gives the same receipt each time. A lost key is no
    hindrance.
    """
    from linkage import projects

    settings = settings_of(schemas, workspace, outputs)
    if not yes:
        typer.confirm(f"Delete the file and the study-id key of {name} in {settings.workspace}?", abort=True)
    receipt = projects.destroy(settings, name)
    for deleted in receipt.details["deleted"]:
        OUT.print(f"deleted {deleted}", soft_wrap=True)
    for left in receipt.details["left"]:
        OUT.print(f"NOT deleted, since it is in other outputs: {left}. Delete it too.", soft_wrap=True)
    OUT.print(f"Receipt: entry {receipt.n} of {settings.files.log}, {receipt.hash}", soft_wrap=True)
