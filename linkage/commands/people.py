"""linkage people …: what became of each person id."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from linkage.commands.options import SchemasOption, WorkspaceOption, settings_of
from linkage.terminal import OUT

people_app = typer.Typer(help="Person ids that last: who kept hers, and who did not.", no_args_is_help=True)


@people_app.command("runs")
def people_runs(schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """Every run that changed anything: how many ids were kept, new, merged, split and retired."""
    from linkage import people
    from linkage.matching.person_ids import REASONS

    table = Table("run", "records", *REASONS, "model", box=None)
    for run in people.runs(settings_of(schemas, workspace)):
        said = people.about(run)
        table.add_row(str(said["run"]), f"{said['records']:,}", *(f"{said[what]:,}" for what in REASONS), said["model"])
    OUT.print(table)
    for what, reason in REASONS.items():
        OUT.print(f"{what}: {reason}", highlight=False)


@people_app.command("crosswalk")
def people_crosswalk(
    earlier: Annotated[int, typer.Argument(help="A run, by its number.")],
    later: Annotated[int, typer.Argument(help="A later one.")],
    to: Annotated[Path, typer.Option(dir_okay=False, help="The CSV file to write.")],
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write person_id_earlier,person_id_later,records: which ids of two runs share how many records."""
    from linkage import people

    people.write_crosswalk(settings_of(schemas, workspace), earlier, later, to)
    OUT.print(f"Written: {to}. It names nobody, but it joins files: keep it where person ids are kept.")
