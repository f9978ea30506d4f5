"""linkage keys …: the life of a key. linkage audit verify: the log of it."""

from typing import Annotated

import typer
from rich.table import Table

from linkage import keyring, stages
from linkage.commands.options import SchemasOption, WorkspaceOption, settings_of
from linkage.errors import PrivacyError
from linkage.ledger import ledger_of
from linkage.terminal import OUT

keys_app = typer.Typer(help="The keys that turn identifiers into tokens.", no_args_is_help=True)
audit_app = typer.Typer(
    help="What can be proved: that the log was not changed, that a release gives nobody away.", no_args_is_help=True
)


@keys_app.command("new")
def keys_new(
    epoch: Annotated[
        str | None, typer.Option(help="The linkage epoch the token key belongs to, such as 2026. Default: 1")
    ] = None,
    project: Annotated[str | None, typer.Option(help="A project that gets person-level files.")] = None,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Make the keys that are missing: one token key for the epoch, one record-id key per dataset. Replaces none.

    With --project: the study-id key of that project and nothing else.
    """
    settings = settings_of(schemas, workspace)
    if project:
        OUT.print(f"Made the study-id key of {project}, fingerprint {keyring.new_study_key(settings, project)}.")
        return
    made = stages.new_keys(settings, epoch)
    OUT.print(
        f"Made {', '.join(made) or 'none: all are there'}. In {settings.files.department.keys}, for its owner alone."
    )


@keys_app.command("show")
def keys_show(schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """Which keys there are: fingerprint, epoch and age. Never the key itself."""
    table = Table("key", "epoch", "state", "made", "age", "fingerprint", box=None)
    for row in keyring.show_keys(settings_of(schemas, workspace)):
        made = row["made"]
        cells = (
            row["key"],
            row["epoch"],
            row["state"],
            str(made or "not known"),
            keyring.age(made),
            row["fingerprint"],
        )
        table.add_row(*cells)
    OUT.print(table)


@keys_app.command("rotate")
def keys_rotate(
    epoch: Annotated[str, typer.Option(help="The linkage epoch that begins, such as 2027.")],
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Begin a new linkage epoch with a token key of its own; the earlier one is kept aside until it is destroyed."""
    done = keyring.rotate_keys(settings_of(schemas, workspace), epoch)
    OUT.print(
        f"Epoch {done['new']} has begun; the key of epoch {done['earlier']} is kept aside. Now pseudonymise every "
        "dataset again, then link: every record and person keeps its id. "
        f"Then: linkage keys destroy --epoch {done['earlier']}"
    )
    OUT.print(f"Log entry: {done['log']}", soft_wrap=True)


@keys_app.command("destroy")
def keys_destroy(
    epoch: Annotated[str | None, typer.Option(help="The linkage epoch that ends for good.")] = None,
    project: Annotated[str | None, typer.Option(help="The project that ends for good.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Delete the token key of an epoch and every file that holds its tokens, or the study-id key of a project.

    The receipt goes into the log.
    """
    if bool(epoch) == bool(project):
        raise typer.BadParameter("Name what is to be destroyed: --epoch or --project.")
    settings = settings_of(schemas, workspace)
    what = f"the token key of epoch {epoch} and all its tokens" if epoch else f"the study-id key of {project}"
    if not yes:
        typer.confirm(f"Delete {what} in {settings.workspace}?", abort=True)
    receipt = keyring.destroy_epoch(settings, epoch) if epoch else keyring.destroy_study_key(settings, str(project))
    for name in receipt.details["deleted"]:
        OUT.print(f"deleted {name}", soft_wrap=True)
    OUT.print(f"Deleted {what} (fingerprint {receipt.details['fingerprint']}), on {receipt.at}, by {receipt.who}.")
    OUT.print(f"Receipt: entry {receipt.n} of {settings.files.log}, {receipt.hash}", soft_wrap=True)


@audit_app.command("verify")
def audit_verify(
    contains: Annotated[
        str | None, typer.Option(help="Also: does the entry with this hash, kept elsewhere, still stand?")
    ] = None,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Check that no entry of the log was changed, added or taken away; name the first that was."""
    settings = settings_of(schemas, workspace)
    log = ledger_of(settings).verify()
    if contains and contains not in {entry.hash for entry in log.entries}:
        raise PrivacyError(f"{settings.files.log}: no entry has the hash {contains}; another log has taken its place.")
    said = f"{len(log.entries):,} entries, each sealing the one before; the last is {log.head}"
    OUT.print(f"{settings.files.log}: {said}", soft_wrap=True)
    if log.unfinished:
        OUT.print("A process was killed while it wrote the next; the log mends itself with the next entry.")
