"""schemas/disclosure.yaml: how few women something may be published about; every number with its reason."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from linkage.contracts.reading import Declaration, Whole, read


class Limit(Declaration):
    """A whole number and why it is that one."""

    value: Whole = Field(ge=1)
    reason: str = Field(min_length=20)


class Percent(Limit):
    """A level in %, and why it is that one."""

    value: Whole = Field(ge=50, le=99)


class Part(Limit):
    """A share in %, and why it is that one."""

    value: Whole = Field(ge=1, le=99)


class Events(Declaration):
    """From when on a number of events is shown beside a rate: to what it is rounded, and the largest part of it that
    may be of one woman, and of two.
    """

    rounding_base: Limit
    largest_percent: Part
    two_largest_percent: Part


class SensitiveOutcomes(Declaration):
    """Which outcomes must not be published as 0 % or 100 %: all, except those named, each with its reason."""

    reason: str = Field(min_length=20)
    excepted: dict[str, str] = Field(default_factory=dict, alias="except")


class Margins(Declaration):
    """Breakdowns whose cells are hidden last of all, so that readers keep the totals; but not those of the outcomes
    named, each with its reason.
    """

    breakdowns: tuple[str, ...]
    reason: str = Field(min_length=20)
    excepted: dict[str, str] = Field(default_factory=dict, alias="except")


class Disclosure(Declaration):
    """The rules one release is made and audited by. Counts are of women."""

    threshold: Limit
    width: Limit
    width_left_out: Limit
    width_of_change: Limit
    sparse_percent: Percent
    largest_release: Limit
    same_row: Limit
    margins: Margins
    rounding_base: Limit
    unreliable_below: Limit
    confidence_percent: Percent
    events: Events
    sensitive_outcomes: SensitiveOutcomes

    @model_validator(mode="after")
    def _rounding_cannot_make_all_of_most(self) -> Self:
        if self.rounding_base.value > self.threshold.value:
            raise ValueError("rounding_base must not exceed threshold, or counts that differ are rounded to one")
        if self.width.value < self.threshold.value:
            raise ValueError("width must not be under threshold, or a reader can prove that a count is too few")
        return self

    def margin(self, outcome: str, breakdown: str) -> bool:
        """Is it a total that is hidden last of all?"""
        return breakdown in self.margins.breakdowns and outcome not in self.margins.excepted

    def sensitive(self, outcome: str) -> bool:
        """Would 0 % or 100 % of a group having this outcome harm the women in it?"""
        return outcome not in self.sensitive_outcomes.excepted


def read_disclosure(schemas: Path) -> Disclosure:
    """The declared rules. Raises ContractError: nothing is published without declared rules."""
    return read(Disclosure, schemas / "disclosure.yaml")
