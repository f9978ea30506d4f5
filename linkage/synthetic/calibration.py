"""calibration.yaml: what the invented records must show, what is merely assumed, and the numbers solved for it."""

import datetime
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from linkage.contracts.reading import Declaration, read
from linkage.errors import ContractError


class Target(Declaration):
    """What the records must show, as somebody published or proposed it: a share, a rate or an odds ratio."""

    value: float
    source: str
    confidence: Literal["high", "medium", "low"]


class Assumption(Declaration):
    """A guess of ours, used as it is."""

    value: float
    source: str
    confidence: Literal["placeholder"]


class Window(Declaration):
    """The days the invented records span, in order: a past, the cohorts, their follow-up, the last deliveries."""

    history_from: datetime.date
    cohorts_from: datetime.date
    cohorts_to: datetime.date
    data_to: datetime.date
    delivered: datetime.date

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """Raises ValueError where a later day stands before an earlier one."""
        days = [(getattr(self, name), name) for name in type(self).model_fields]
        for (earlier, first), (later, second) in pairwise(days):
            if later <= earlier:
                raise ValueError(f"{second} ({later}) must be after {first} ({earlier})")
        return self


class Calibration(Declaration):
    """All figures. `calibration["alias"]` is the one to invent by: the knob of that name, else the figure itself."""

    version: str
    window: Window
    targets: dict[str, Target]
    assumptions: dict[str, Assumption]
    knobs: dict[str, float]

    @model_validator(mode="after")
    def each_name_once(self) -> Self:
        """Raises ValueError naming an assumption that stands elsewhere too; a knob may have its target's name."""
        for other in ("targets", "knobs"):
            twice = sorted(self.assumptions.keys() & getattr(self, other).keys())
            if twice:
                raise ValueError(f"assumptions.{twice[0]} stands in {other} too; keep one of them")
        return self

    def __getitem__(self, name: str) -> float:
        """The value of one figure. Raises ContractError naming the one that is not there."""
        if name in self.knobs:
            return self.knobs[name]
        figures: Mapping[str, Target | Assumption] = {**self.targets, **self.assumptions}
        if name not in figures:
            raise ContractError(
                f"calibration.yaml: {name} is missing. Add it to assumptions or targets: value, source, confidence."
            )
        return figures[name].value


@cache
def read_calibration() -> Calibration:
    """The figures of the invented population. Raises ContractError."""
    return read(Calibration, Path(__file__).with_name("calibration.yaml"))
