"""Disclosure control of any tidy table of counts, for statisticians who use it alone.

    from linkage.release import audit, protect
    safe = protect(counts, by=["region", "age"], count="women")
    safe.published                                                      # what may leave
    audit(safe.published, safe.counts, by=["region", "age"]).passed     # proved by other code

Rows that differ only in one dimension add up to the row in which it is `all`; several tables of the same people go into
one frame, with `all` in the dimensions a table does not have, and are protected together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from linkage.errors import DisclosureError
from linkage.release.suppress.problem import NOBODY, Bools, Floats, Problem, Target, persons
from linkage.release.suppress.solve import USUAL, Effort, Solution, solve

Hierarchy = Mapping[str, Mapping[str, str]]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Rules:
    """Counts under `threshold`, but for 0, are not published; a reader's interval of one is at least `width` wide.

    Published counts are rounded to `base` (1: not rounded). `total` is the category that stands for all of a dimension.
    """

    threshold: int = 10
    width: int = 10
    base: int = 5
    total: str = "all"


TENS = Rules()


@dataclass(frozen=True)
class Protected:
    """What may be published, and what it cost.

    `published`: the frame with `value` (rounded; missing where suppressed) and `status` ("c" where suppressed) in place
    of the counts. `counts` and `suppressed` (primary or secondary, by row) stay inside. `least`: no safe choice of
    cells is fewer, or lighter where weights were given.
    """

    published: pd.DataFrame
    counts: pd.Series
    suppressed: pd.Series
    least: float
    gap: float


def protect(
    counts: pd.DataFrame,
    by: Sequence[str],
    count: str = "count",
    rules: Rules = TENS,
    within: Hierarchy | None = None,
    forced: str | None = None,
    weight: str | None = None,
    effort: Effort = USUAL,
) -> Protected:
    """Suppress as few cells as can be, so that no small count can be worked out from all that is published.

    `counts`: one row per cell, its dimensions `by` and its count, with totals. `within`: {dimension: {category: the
    wider category of the same dimension}}. `forced`: a column of truths, cells published in any case; without it,
    totals over all dimensions but one are, unless they are small. `weight`: a column of what a suppressed cell loses.
    Raises DisclosureError naming cells: negative counts, sums that do not add up, two rows of one cell, a small cell
    that is forced, a width that cannot be had.
    """
    problem = problem_of(counts, tuple(by), count, rules, within or {}, forced, weight)
    found: Solution = solve(problem, effort)
    kind = np.where(problem.primary, "primary", np.where(found.hide, "secondary", ""))
    value = pd.Series(rounded(problem.counts, rules.base), index=counts.index, dtype="Int64").mask(found.hide)
    published = counts[list(by)].assign(value=value, status=np.where(found.hide, "c", ""))
    inside = pd.Series(problem.counts, index=counts.index), pd.Series(kind, index=counts.index)
    return Protected(published, *inside, found.least, found.gap)


def problem_of(
    frame: pd.DataFrame, by: Key, count: str, rules: Rules, within: Hierarchy, forced: str | None, weight: str | None
) -> Problem:
    """The frame as a problem: a count and a unit per row."""
    counts = frame[count].to_numpy(dtype=np.int64)
    keys: list[Key] = list(frame[list(by)].astype(str).itertuples(index=False, name=None))
    if len(set(keys)) < len(keys):
        raise DisclosureError(f"{first_twice(keys)}: two rows of one cell. Add them up, or name their difference.")
    primary = (counts > 0) & (counts < rules.threshold)
    margin = margins(keys, rules.total) & ~primary if forced is None else frame[forced].to_numpy(dtype=bool)
    n, sums = len(counts), equations(keys, rules.total, [within.get(name, {}) for name in by])
    return Problem(
        labels=[", ".join(key) for key in keys],
        counts=counts,
        equations=sums,
        shown=known(counts, rules),
        hidden=(np.zeros(n), np.full(n, np.inf)),
        owners=np.column_stack([np.arange(n), np.full(n, NOBODY)]),
        weights=np.ones(n) if weight is None else frame[weight].to_numpy(dtype=float),
        primary=primary,
        kept=margin | (counts == 0),
        about=persons(sums, counts),
        targets=tuple(Target(int(i), rules.width) for i in np.flatnonzero(primary)),
    )


def first_twice(keys: Sequence[Key]) -> str:
    """A cell that stands there twice."""
    seen: set[Key] = set()
    return ", ".join(next(key for key in keys if key in seen or seen.add(key)))  # type: ignore[func-returns-value]


def margins(keys: Sequence[Key], total: str) -> Bools:
    """Which cells are divided by one dimension at most, where others are divided by more."""
    divided = np.array([sum(part != total for part in key) for key in keys])
    return divided <= min(1, divided.max(initial=0) - 1)


def equations(keys: Sequence[Key], total: str, within: Sequence[Mapping[str, str]]) -> csr_matrix:
    """Each total, and each wider category, less its parts."""
    at = {key: i for i, key in enumerate(keys)}
    parts: dict[tuple[int, int], list[int]] = {}
    for key, number in at.items():
        for place, category in enumerate(key):
            whole = within[place].get(category, total)
            if category != total and (above := at.get((*key[:place], whole, *key[place + 1 :]))) is not None:
                parts.setdefault((above, place), []).append(number)
    members = [[above, *found] for (above, _), found in parts.items()]
    rows = np.repeat(np.arange(len(members)), [len(m) for m in members])
    signs = np.concatenate([[-1.0, *[1.0] * (len(m) - 1)] for m in members]) if members else np.array([])
    columns = np.concatenate(members) if members else np.array([], dtype=np.int64)
    return csr_matrix((signs, (rows, columns)), shape=(len(members), len(keys)))


def rounded(counts: np.ndarray, base: int) -> np.ndarray:
    """To the nearest multiple of a base, a half upwards."""
    return (2 * counts + base) // (2 * base) * base


def known(counts: np.ndarray, rules: Rules) -> tuple[Floats, Floats]:
    """What a reader knows of a published count: it is 0, or not small, and rounded to what is shown."""
    shown = rounded(counts, rules.base)
    least = np.maximum(shown - rules.base // 2, rules.threshold)
    zero = counts == 0
    return np.where(zero, 0.0, least), np.where(zero, 0.0, shown + (rules.base - 1) // 2)
