"""linkage releases …: the ledger of what left. linkage audit certificate: what proves that it gives nobody away."""

from pathlib import Path
from typing import Annotated

import typer

from linkage import releases
from linkage.commands.keys import audit_app
from linkage.commands.options import OutputsOption, SchemasOption, WorkspaceOption, settings_of
from linkage.terminal import OUT, difference_table, ledger_table

releases_app = typer.Typer(
    help="The ledger of releases: what left, what two releases say differently, and taking one back.",
    no_args_is_help=True,
)


@audit_app.command("certificate")
def audit_certificate(
    file: Annotated[Path, typer.Argument(help="A certificate, in release/certificates of the workspace.")],
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
    outputs: OutputsOption = None,
) -> None:
    """Check an audit certificate by addition, without a solver. It holds unrounded counts: keep it inside."""
    found = releases.check_certificate(settings_of(schemas, workspace, outputs), file)
    OUT.print(
        f"Release {found['about']['release']}: {found['proofs']:,} proofs hold. {found['tables']:,} tables agree with "
        f"{found['counts']:,} counts as published, and with {found['sums']:,} sums."
    )


@releases_app.command("list")
def releases_list(schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """Every release that left and every withdrawal, in order, with how many figures it showed and suppressed."""
    rows = releases.listed(settings_of(schemas, workspace))
    OUT.print(ledger_table(rows) if rows else "Nothing has been released from this workspace.")


@releases_app.command("diff")
def releases_diff(
    one: Annotated[str, typer.Argument(help="The earlier release.")],
    other: Annotated[str, typer.Argument(help="The later release.")],
    most: Annotated[int, typer.Option(min=1, help="How many figures to show.")] = 40,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """What readers learn by comparing two releases: every figure that is not the same, as it was published."""
    differ, counts = releases.difference(settings_of(schemas, workspace), one, other)
    OUT.print(", ".join(f"{count:,} figures {what}" for what, count in counts.items()) + ".")
    if differ:
        OUT.print(difference_table(differ[:most], one, other))
    if len(differ) > most:
        OUT.print(f"and {len(differ) - most:,} more; --most shows them.")


@releases_app.command("withdraw")
def releases_withdraw(
    release: Annotated[str, typer.Argument(help="The release to take back.")],
    why: Annotated[str, typer.Option(help="The reason, for the ledger.")],
    who: Annotated[str, typer.Option(help="Who decided it, for the ledger.")],
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Nobody saw it: later releases need not take it into account.")
    ] = False,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
    outputs: OutputsOption = None,
) -> None:
    """Take a release back: its folder is set aside, and the ledger says so. What readers saw stays known to them."""
    aside = releases.withdraw(settings_of(schemas, workspace, outputs), release, why, who, unseen)
    OUT.print(f"{release} is withdrawn. " + (f"Its folder is now {aside}." if aside else "Its folder was not here."))
    if not unseen:
        OUT.print("Later releases are still protected together with it, since readers may have kept it.")
