"""calibration.yaml: every target of the invented population, with its source and how sure we are of it."""

import datetime
from functools import cache
from pathlib import Path
from typing import Literal

from linkage.contracts.reading import Declaration, read
from linkage.errors import ContractError


class Figure(Declaration):
    """One target: a share, a logit, an odds ratio or days, as its source says."""

    value: float
    source: str
    confidence: Literal["high", "medium", "low", "placeholder"]


class Window(Declaration):
    """The days the invented records span; cohorts are formed within it, so that there is a past and a follow-up."""

    history_from: datetime.date
    cohorts_from: datetime.date
    cohorts_to: datetime.date
    data_to: datetime.date


class Calibration(Declaration):
    """All targets. `calibration["alias"]` is the figure's value."""

    version: str
    window: Window
    figures: dict[str, Figure]

    def __getitem__(self, name: str) -> float:
        """The value of one figure. Raises ContractError naming the one that is not there."""
        if name not in self.figures:
            raise ContractError(
                f"calibration.yaml: figures.{name} is missing. Add it with value, source and confidence."
            )
        return self.figures[name].value


@cache
def read_calibration() -> Calibration:
    """The targets of the invented population. Raises ContractError."""
    return read(Calibration, Path(__file__).with_name("calibration.yaml"))
