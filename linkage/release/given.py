"""A tidy table as somebody gave it: refused, by labels and never by what a cell says, where it cannot be protected."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from linkage.errors import DisclosureError
from linkage.release.suppress.problem import MOST_NAMED, Bools, Floats, Ints

Hierarchy = Mapping[str, Mapping[str, str]]
Key = tuple[str, ...]


class Given(NamedTuple):
    """One entry per row: its cell, its count, is it published in any case (None: not said), and what it is worth."""

    keys: list[Key]
    counts: Ints
    forced: Bools | None
    weights: Floats

    def taken(self, order: Sequence[int]) -> "Given":
        """The same rows in another order."""
        forced = None if self.forced is None else self.forced[order]
        return Given([self.keys[i] for i in order], self.counts[order], forced, self.weights[order])


def read(frame: pd.DataFrame, by: Key, count: str, forced: str | None, weight: str | None) -> Given:
    """The columns that are asked for. Raises DisclosureError: a column or category that is missing, two rows of one
    cell, counts that are no whole numbers, weights that are none, truths that are none.
    """
    wanted = [*by, count, *(name for name in (forced, weight) if name is not None)]
    if not by or (absent := [name for name in wanted if name not in frame.columns]):
        raise DisclosureError(f"The table has no column {', '.join(absent)}." if by else "Name the dimensions in by=.")
    if unnamed := [name for name in by if frame[name].isna().any()]:
        raise DisclosureError(f"{', '.join(unnamed)}: a row has no category here. Name it, such as 'not known'.")
    keys: list[Key] = list(frame[list(by)].astype(str).itertuples(index=False, name=None))
    if twice := next(again(keys), ""):
        raise DisclosureError(f"{twice}: two rows of one cell. Add them up, or name their difference.")
    require(frame[count], keys, is_whole, "no whole number. Count people, and leave no count out")
    if forced is not None:
        require(frame[forced], keys, is_truth, f"neither True nor False in the column {forced}")
    if weight is not None:
        require(frame[weight], keys, is_worth, f"no number over 0 in the column {weight}")
    return Given(
        keys,
        frame[count].to_numpy(dtype=np.int64),
        None if forced is None else frame[forced].to_numpy(dtype=bool),
        np.ones(len(keys)) if weight is None else frame[weight].to_numpy(dtype=float),
    )


def again(keys: Iterable[Key]) -> Iterator[str]:
    """Cells that stand there again, in words."""
    seen: set[Key] = set()
    for key in keys:
        if key in seen:
            yield ", ".join(key)
        seen.add(key)


def require(column: "pd.Series[Any]", keys: Sequence[Key], sound: Callable[[Any], bool], what: str) -> None:
    """Raise DisclosureError naming the cells of which a column says something that it must not."""
    if wrong := [", ".join(key) for key, value in zip(keys, column.tolist(), strict=True) if not sound(value)]:
        more = [f"and {len(wrong) - MOST_NAMED:,} more"] if len(wrong) > MOST_NAMED else []
        raise DisclosureError("\n".join([*wrong[:MOST_NAMED], *more]) + f"\n{what}.")


def is_whole(value: Any) -> bool:
    """Is it a whole number, whatever its type?"""
    return is_number(value) and value == int(value)


def is_truth(value: Any) -> bool:
    """Is it True or False?"""
    return isinstance(value, bool | np.bool_)


def is_worth(value: Any) -> bool:
    """Is it a finite number over 0?"""
    return is_number(value) and value > 0


def is_number(value: Any) -> bool:
    """Is it a finite number?"""
    return isinstance(value, Integral | Real) and not is_truth(value) and isfinite(value)


def check_declared(keys: Sequence[Key], by: Key, total: str, within: Hierarchy) -> None:
    """Raise DisclosureError where a dimension has no total, or wider categories are declared that cannot be."""
    if bare := [name for place, name in enumerate(by) if all(key[place] != total for key in keys)]:
        raise DisclosureError(
            f"{', '.join(bare)}: no row holds the total, for which the category {total!r} was looked for. Give the "
            "table its totals, or say what they are called: Rules(total=…)."
        )
    if unknown := [name for name in within if name not in by]:
        raise DisclosureError(f"within= names {', '.join(unknown)}, which is no dimension of by=.")
    for name, wider in within.items():
        if total in wider or any(category in above(category, wider) for category in wider):
            raise DisclosureError(f"within= of {name} puts a category within itself, or the total within a category.")


def above(category: str, wider: Mapping[str, str]) -> list[str]:
    """Every category that this one is within, the narrowest first; a circle is followed once."""
    found: list[str] = []
    while (category := wider.get(category, "")) and category not in found:
        found.append(category)
    return found
