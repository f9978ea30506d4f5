"""linkage releases …: the ledger of what left. linkage audit certificate: what proves that it gives nobody away."""

from pathlib import Path
from typing import Annotated

import typer

from linkage import releases
from linkage.commands.keys import audit_app
from linkage.commands.options import ByOption, OutputsOption, SchemasOption, WhyOption, WorkspaceOption, settings_of
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
    """Check by addition, without a solver, that a certificate proves its release. It holds counts: keep it inside.

    What readers take each figure for is read again from the published tables.csv; counts, and releases they hold, from
    the ledger; what adds up, and how uncertain a count at risk must stay, from the declarations.
    """
    found = releases.check_certificate(settings_of(schemas, workspace, outputs), file)
    OUT.print(
        f"Release {found['release']}: each of {found['at risk']:,} counts at risk is proved to stay uncertain. "
        f"{found['tables']:,} tables agree with {found['counts']:,} counts as published, and {found['sums']:,} sums."
    )
    OUT.print(
        "Read again: tables.csv, the ledger, the declarations. Not checked: whether the ledger's counts are those of "
        "the extracts, and the other files of the release."
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
    why: WhyOption,
    by: ByOption,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Nobody saw its latest version: later releases need not allow for it.")
    ] = False,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
    outputs: OutputsOption = None,
) -> None:
    """Take a release back: its folder is set aside, and the ledger says so. What readers saw stays known to them.

    One that was withdrawn with --unseen, and was seen after all, is withdrawn once more without it.
    """
    done = releases.withdraw(settings_of(schemas, workspace, outputs), release, why, by, unseen)
    if done.corrected:
        OUT.print(
            f"{release} was withdrawn as unseen, and counts as seen from now on: later releases are protected together "
            "with it again. Those made meanwhile are not: look at them with linkage releases diff."
        )
        return
    OUT.print(
        f"{release} is withdrawn. " + (f"Its folder is now {done.aside}." if done.aside else "Its folder was not here.")
    )
    if not unseen:
        OUT.print("Later releases are still protected together with it, since readers may have kept it.")
