"""The stage that invents people: extracts where departments would deliver them, and the truth beside them."""

import datetime
from collections.abc import Callable

from linkage import facts
from linkage.settings import Settings
from linkage.workspace import private_folder


def nobody_watches(_: int) -> None:
    """No progress wanted."""


def synthesise(
    settings: Settings,
    people: int,
    seed: int,
    as_of: datetime.date | None = None,
    form: str = "native",
    progress: Callable[[int], None] = nobody_watches,
) -> dict[str, int]:
    """Invented people → extracts, data dictionary and truth/. Returns {dataset: rows}. Raises ContractError."""
    from linkage.synthetic import synthesise as synthetic

    private_folder(settings.files.department.root)
    to = settings.files.department.extract("."), settings.files.truth
    rows = synthetic.synthesise(people, seed, settings.datasets, *to, as_of=as_of, form=form, progress=progress)
    written = synthetic.as_files(settings.datasets, form)
    files = {name: settings.files.department.extract(one.path) for name, one in written.items()}
    facts.mark_as_invented(settings, synthetic.described(people, seed, as_of), files)
    return rows
