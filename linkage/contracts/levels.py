"""Pieces of evidence about a pair of records: comparisons of the linkage schema, and their levels of agreement."""

from typing import Self

from pydantic import Field, model_validator

from linkage.contracts.reading import Declaration, Number


class Level(Declaration):
    """One level of agreement: all of its conditions hold. A level without conditions is 'all else', and comes last.

    `same`: equal on both sides. `share`: the two lists have a member in common. `either`: at least one of these tokens
    is the same, or shared. `swapped`: each side's first is the other's second; of compounds, one side's. `default`: the
    token of a side, or of both, is a default (View.defaults). `hint`: sealed blocking says so of the pair (View.hints).
    `missing`: a side, or both, do not hold this token.
    `term_frequency`: the column whose rarity sharpens this level. `within`: the token without which strangers are not
    seen to be at this level, since the level looks at compounds of it; how often they are is then learned among pairs
    who agree on it, not among all. `chance`: how often strangers are at it, 0 to 1, where that is known and cannot be
    learned: a source with little to compare cannot tell a stranger from a woman who moved. `apart`: how often those
    strangers are at it who do not agree on `within`, where that is another: two born on one day may be twins, and have
    the names of their year.
    """

    label: str
    same: tuple[str, ...] = ()
    share: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    swapped: tuple[str, ...] = ()
    default: str | None = None
    hint: str | None = None
    missing: str | None = None
    term_frequency: str | None = None
    within: str | None = None
    chance: Number | None = Field(default=None, gt=0, lt=1)
    apart: Number | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _is_apart_from_something(self) -> Self:
        if self.apart and not self.within:
            raise ValueError(f"level {self.label}: apart says nothing without `within`, the token they do not agree on")
        return self

    @property
    def tokens(self) -> set[str]:
        """The tokens this level looks at."""
        alone = {*filter(None, [self.term_frequency, self.default, self.missing])}
        return {*self.same, *self.share, *self.either, *self.swapped} | alone

    @property
    def columns(self) -> set[str]:
        """The tokens and the hint this level looks at."""
        return self.tokens | ({self.hint} if self.hint else set())


class Comparison(Declaration):
    """One piece of evidence: levels from strongest to 'all else'; no evidence where a token of `needs` is missing.

    Nor is 'all else' evidence where the two agree on none of `seen_beside`, when those are declared: what stands in
    compounds with them could not be seen to agree.
    """

    about: str = ""
    needs: tuple[str, ...]
    seen_beside: tuple[str, ...] = ()
    levels: tuple[Level, ...]

    @model_validator(mode="after")
    def _ends_with_all_else(self) -> Self:
        conditions = [bool(level.columns) for level in self.levels]
        if len(conditions) < 2 or conditions != [True] * (len(conditions) - 1) + [False]:
            raise ValueError("levels: at least one with a condition, then one without (all else)")
        if len({level.label for level in self.levels}) < len(self.levels):
            raise ValueError("levels: two have the same label")
        if wrong := [level.label for level in self.levels if len(level.swapped) not in (0, 2)]:
            raise ValueError(f"levels {wrong}: swapped names two columns")
        alone = {level.same[0] for level in self.levels if len(level.same) == 1 and len(level.columns) == 1}
        if wrong := sorted({level.term_frequency for level in self.levels if level.term_frequency} - alone):
            raise ValueError(f"levels: term_frequency {wrong} needs a level of its own, `same: [{wrong[0]}]`")
        return self
