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
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Make the keys that are missing: one token key for the epoch, one record-id key per dataset. Replaces none.

    A project that is given person-level rows has a key of its own: linkage project new.
    """
    settings = settings_of(schemas, workspace)
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
    epoch: Annotated[str, typer.Option(help="The linkage epoch that ends for good.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Delete the token key of an epoch and every file that holds its tokens. The receipt goes into the log.

    Of a project that ends: linkage project destroy.
    """
    settings = settings_of(schemas, workspace)
    if not yes:
        typer.confirm(f"Delete the token key of epoch {epoch} and all its tokens in {settings.workspace}?", abort=True)
    receipt = keyring.destroy_epoch(settings, epoch)
    for name in receipt.details["deleted"]:
        OUT.print(f"deleted {name}", soft_wrap=True)
    fingerprint = receipt.details["fingerprint"]
    OUT.print(f"Epoch {epoch} (fingerprint {fingerprint}) was destroyed on {receipt.at}, by {receipt.who}.")
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
    if not log.entries:
        OUT.print(
            f"There is no log at {settings.files.log}: nothing was done here, or it was taken away with what tells of "
            "its end. Only a hash that was kept elsewhere shows which: linkage audit verify --contains <hash>",
            soft_wrap=True,
        )
        return
    said = f"{len(log.entries):,} entries, each sealing the one before; the last is {log.head}"
    OUT.print(f"{settings.files.log}: {said}", soft_wrap=True)
    if log.unfinished:
        OUT.print("A process was killed while it wrote the next; the log mends itself with the next entry.")
