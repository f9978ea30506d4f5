"""linkage model …: train a model, compare it with the accepted one, accept it."""

from typing import Annotated

import typer
from rich.table import Table

from linkage import linking
from linkage.commands.options import ByOption, SchemasOption, WhyOption, WorkspaceOption, settings_of
from linkage.errors import LinkError
from linkage.settings import Settings
from linkage.terminal import OUT, working

model_app = typer.Typer(
    help="What agreements are worth. An accepted model is used, delivery after delivery, until another is accepted.",
    no_args_is_help=True,
)
ViewOption = Annotated[str | None, typer.Option(help="One view of the linkage schema. Default: every view")]
MOST_ROWS = 12


def chosen(settings: Settings, view: str | None) -> list[str]:
    """The view that was named, or every one. Raises LinkError where it is none."""
    known = linking.views(settings)
    if view and view not in known:
        raise LinkError(f"There is no view {view!r} to link in; there are {known}.")
    return [view] if view else known


@model_app.command("train")
def model_train(view: ViewOption = None, schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """Train on the tokens that are there, without labels, and keep the result as a candidate. Links nothing."""
    settings = settings_of(schemas, workspace)
    for name in chosen(settings, view):
        with working(f"train {name}"):
            done = linking.train_candidate(settings, name)
        OUT.print(f"{name}: candidate in {done['kept']}", soft_wrap=True)
        for note in done["notes"]:
            OUT.print(f"  {note}")
    OUT.print("Now: linkage model compare, then linkage model accept --by … --why …")


@model_app.command("compare")
def model_compare(view: ViewOption = None, schemas: SchemasOption = None, workspace: WorkspaceOption = None) -> None:
    """What each level of agreement is worth, in bits, accepted and in the candidate; what changed most comes first."""
    from linkage import models

    settings = settings_of(schemas, workspace)
    for name in chosen(settings, view):
        accepted, candidate = (models.read(settings, name, which) for which in (models.ACCEPTED, models.CANDIDATE))
        if not candidate:
            raise LinkError(f"View {name} has no candidate to compare. Run: linkage model train")
        page = models.write_page(settings, models.CANDIDATE, candidate, accepted, {"Accepted by": "nobody yet"})
        if not accepted:
            OUT.print(f"{name}: no model has been accepted yet; every weight of the candidate is new.")
        table = Table("comparison", "level", "accepted", "candidate", title=f"Bits, view {name}", box=None)
        rows = models.changes(accepted, candidate)
        for row in rows[:MOST_ROWS]:
            bits = ("none" if value is None else f"{value:+.2f}" for value in (row.accepted, row.candidate))
            table.add_row(row.comparison, row.label, *bits)
        OUT.print(table)
        if len(rows) > MOST_ROWS:
            OUT.print(f"{MOST_ROWS} of {len(rows)} levels; all are on the page.")
        prior = f"{accepted.prior:.3g}" if accepted else "none"
        OUT.print(f"Share of pairs that are one person: {prior} accepted, {candidate.prior:.3g} candidate")
        for block, rounds in candidate.rounds.items():
            OUT.print(f"  trained within {block}: stood still after {rounds} rounds")
        OUT.print(f"With a picture of every weight: {page}", soft_wrap=True)


@model_app.command("accept")
def model_accept(
    by: ByOption,
    why: WhyOption,
    view: ViewOption = None,
    schemas: SchemasOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Use the candidate from the next linkage on. Who accepted it, and why, goes into the log and on its card."""
    from linkage import models

    settings = settings_of(schemas, workspace)
    for name in chosen(settings, view):
        card = models.accept(settings, name, by, why)
        OUT.print(f"{name}: model {card['model']} accepted by {by} on {card['on']}. Now: linkage link")
