"""The options that every command has, and the settings they make."""

from pathlib import Path
from typing import Annotated, Any

import typer

from linkage.settings import Settings

FOLDERS = {
    "schemas": ("LINKAGE_SCHEMAS", "The declarations. Default: ./schemas"),
    "workspace": ("LINKAGE_WORKSPACE", "The run's files. Default: ./workspace"),
    "outputs": ("LINKAGE_OUTPUTS", "Where releases go. Default: outputs in the workspace"),
}


def folder(name: str, from_environment: bool = False) -> Any:
    """A shared option. Only before the command is the environment asked, so that what is typed always counts."""
    variable, about = FOLDERS[name]
    return typer.Option(f"--{name}", help=about, envvar=variable if from_environment else None)


SchemasOption = Annotated[Path | None, folder("schemas")]
WorkspaceOption = Annotated[Path | None, folder("workspace")]
OutputsOption = Annotated[Path | None, folder("outputs")]
# Whatever a person decides, the log says who and why.
ByOption = Annotated[str, typer.Option(help="Who decides it.")]
WhyOption = Annotated[str, typer.Option(help="For what reason.")]
shared: dict[str, Path | None] = {}


def settings_of(schemas: Path | None, workspace: Path | None, outputs: Path | None = None) -> Settings:
    """The settings, whichever side of the command they were given on."""
    chosen_outputs = outputs or shared.get("outputs")
    return Settings(
        schemas=(schemas or shared.get("schemas") or Path("schemas")).absolute(),
        workspace=(workspace or shared.get("workspace") or Path("workspace")).absolute(),
        outputs=chosen_outputs.absolute() if chosen_outputs else None,
    )
