"""schemas/scope.yaml: whose records leave a department."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from linkage.contracts.reading import Declaration, read


class Scope(Declaration):
    """Rows outside it are counted and dropped at intake. `sex`: the recorded sexes that leave, in the words of the
    contracts.
    """

    title: str
    sex: tuple[Literal["F", "M", "not known"], ...] = Field(min_length=1)
    reason: str


EVERYBODY = Scope(title="Everybody", sex=("F", "M", "not known"), reason="no scope is declared")


def read_scope(schemas: Path) -> Scope:
    """The declared scope; everybody where none is declared. Raises ContractError."""
    path = schemas / "scope.yaml"
    return read(Scope, path) if path.exists() else EVERYBODY
