"""schemas/link_quality.yaml: how unevenly groups may be linked before the quality report says so."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from linkage.contracts.reading import Declaration, Number, Whole, read

Flag = Literal["", "amber", "red"]


class Ratio(Declaration):
    """A share of 0 to 1, and why it is that one."""

    value: Number = Field(gt=0, lt=1)
    reason: str = Field(min_length=20)


class Size(Declaration):
    """A number of cohort entries, and why it is that one."""

    value: Whole = Field(ge=1)
    reason: str = Field(min_length=20)


class LinkQuality(Declaration):
    """Below which ratio of link rates a group is flagged, in which sources, and from which size."""

    amber_below_ratio: Ratio
    red_below_ratio: Ratio
    holds_everybody_from_rate: Ratio
    smallest_group: Size

    @model_validator(mode="after")
    def _red_is_worse(self) -> Self:
        if self.red_below_ratio.value >= self.amber_below_ratio.value:
            raise ValueError("red_below_ratio must be smaller than amber_below_ratio")
        return self

    def holds(self, rate: float) -> bool:
        """Does a source in which that share of a cohort is found hold everybody, so that an absent record is missed?"""
        return rate >= self.holds_everybody_from_rate.value

    def enough(self, entries: int) -> bool:
        """Is a group of so many cohort entries large enough to be judged?"""
        return entries >= self.smallest_group.value

    def flag(self, ratio: float | None, upper: float | None, entries: int) -> Flag:
        """How a group's link rate compares with its reference group's; '' too where nothing can be compared.

        `upper`: the upper end of the ratio's 95 % interval. Red where even that is too low, so that chance is not it.
        """
        if ratio is None or upper is None or not self.enough(entries):
            return ""
        if upper < self.red_below_ratio.value:
            return "red"
        return "amber" if ratio < self.amber_below_ratio.value else ""


def read_link_quality(schemas: Path) -> LinkQuality:
    """The declared limits. Raises ContractError."""
    return read(LinkQuality, schemas / "link_quality.yaml")
