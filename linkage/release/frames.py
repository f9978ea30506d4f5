"""Disclosure control of any tidy table of counts, for statisticians who use it alone.

    from linkage.release import audit, protect
    safe = protect(counts, by=["region", "age"], count="women")
    safe.published                                                      # what may leave
    audit(safe.published, safe.counts, by=["region", "age"]).passed     # proved by other code

Rows that differ only in one dimension add up to the row in which it is `all`; several tables of the same people go into
one frame, with `all` in the dimensions a table does not have, and are protected together. A total that is not shown is
a total all the same: what is shown adds up through it. Zeros are always published, so a suppressed count is 1 at least.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from linkage.errors import DisclosureError
from linkage.release.given import Given, Hierarchy, Key, check_declared, read
from linkage.release.suppress.problem import NOBODY, Bools, Floats, Ints, Problem, Target, checked, persons
from linkage.release.suppress.solve import USUAL, Effort, Solution, solve

Sums = list[tuple[int, list[int]]]  # a total, and its parts


@dataclass(frozen=True)
class Rules:
    """Counts under `threshold`, but for 0, are not published; a reader's interval of one is at least `width` wide.

    Published counts are rounded to `base` (1: not rounded). `total` is the category that stands for all of a dimension.
    """

    threshold: int = 10
    width: int = 10
    base: int = 5
    total: str = "all"

    def __post_init__(self) -> None:
        limits = (self.threshold, self.width, self.base)
        if any(isinstance(limit, bool) or not isinstance(limit, int) or limit < 1 for limit in limits):
            raise DisclosureError("Rules: threshold, width and base are whole numbers, 1 at least.")
        if self.base > self.threshold:
            raise DisclosureError("Rules: base must not exceed threshold, or a count that is not 0 is published as 0.")


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

    `counts`: one row per cell, its dimensions `by` and its count, with totals, in any order. `within`: {dimension:
    {category: the wider category of the same dimension}}. `forced`: a column of truths, cells published in any case;
    without it, totals over all dimensions but one are, unless they are small. `weight`: a column of what a suppressed
    cell loses. Raises DisclosureError naming cells: negative counts, or none; sums that do not add up; two rows of one
    cell; a small cell that is forced; a width that cannot be had. Naming dimensions: no total, a wrong `within`.
    """
    given = read(counts, tuple(by), count, forced, weight)
    check_declared(given.keys, tuple(by), rules.total, within or {})
    order = sorted(range(len(given.keys)), key=given.keys.__getitem__)
    found = solved(given.taken(order), rules, [(within or {}).get(name, {}) for name in by], effort)
    hide = np.zeros(len(order), dtype=bool)
    hide[order] = found.hide
    kind = np.where(small(given.counts, rules), "primary", np.where(hide, "secondary", ""))
    value = pd.Series(rounded(given.counts, rules.base), index=counts.index, dtype="Int64").mask(hide)
    published = counts[list(by)].assign(value=value, status=np.where(hide, "c", ""))
    inside = pd.Series(given.counts, index=counts.index), pd.Series(kind, index=counts.index)
    return Protected(published, *inside, found.least, found.gap)


def solved(given: Given, rules: Rules, within: Sequence[Mapping[str, str]], effort: Effort) -> Solution:
    """The pattern of these rows; where there is none, the error says also what could be let go."""
    problem = problem_of(given, rules, within)
    checked(replace(problem, kept=problem.kept & ~problem.primary))
    try:
        return solve(problem, effort)
    except DisclosureError as error:
        more = "forced= names the column that says which cells are published in any case."
        raise DisclosureError(f"{error}\n{more}") from None


def problem_of(given: Given, rules: Rules, within: Sequence[Mapping[str, str]]) -> Problem:
    """A count and a unit per row, and a count per total that is not shown. `within`: of each dimension."""
    keys = with_totals(given.keys, rules.total, within)
    shown, unseen = len(given.keys), len(keys) - len(given.keys)
    parts = parts_of(keys, rules.total, within)
    counts = filled(given.counts, parts, len(keys))
    # What is shown must add up; a total that is not shown may be divided among more than is shown.
    sums = [(t, of) for t, of in parts if max(t, *of) < shown or counts[t] == counts[of].sum()]
    equations, primary = matrix(sums, len(keys)), small(given.counts, rules)
    margin = margins(given.keys, rules.total) & ~primary if given.forced is None else given.forced
    least, most = known(given.counts, rules)
    return Problem(
        labels=[", ".join(key) for key in keys],
        counts=counts,
        equations=equations,
        shown=(np.append(least, np.zeros(unseen)), np.append(most, np.full(unseen, np.inf))),
        hidden=(np.append(np.minimum(given.counts, 1), np.zeros(unseen)), np.full(len(keys), np.inf)),
        owners=np.column_stack([np.append(np.arange(shown), np.full(unseen, NOBODY)), np.full(len(keys), NOBODY)]),
        weights=given.weights,
        primary=primary,
        kept=margin | (given.counts == 0),
        about=persons(equations, counts),
        targets=tuple(Target(int(i), rules.width) for i in np.flatnonzero(primary)),
    )


def small(counts: Ints, rules: Rules) -> Bools:
    """Which counts are somebody, and too few?"""
    return (counts > 0) & (counts < rules.threshold)


def margins(keys: Sequence[Key], total: str) -> Bools:
    """Which cells are divided by one dimension at most, where others are divided by more."""
    divided = np.array([sum(part != total for part in key) for key in keys])
    return divided <= min(1, divided.max(initial=0) - 1)


def wholes(key: Key, total: str, within: Sequence[Mapping[str, str]]) -> list[tuple[int, Key]]:
    """(dimension, the cell that this one is a part of there): the next wider category, or the total."""
    return [
        (place, (*key[:place], within[place].get(category, total), *key[place + 1 :]))
        for place, category in enumerate(key)
        if category != total
    ]


def with_totals(keys: Sequence[Key], total: str, within: Sequence[Mapping[str, str]]) -> list[Key]:
    """The cells, and after them every total of them that is not shown."""
    found, fresh = dict.fromkeys(keys), list(keys)
    while fresh:
        above = dict.fromkeys(whole for key in fresh for _, whole in wholes(key, total, within))
        fresh = [key for key in above if key not in found]
        found |= dict.fromkeys(fresh)
    return list(found)


def parts_of(keys: Sequence[Key], total: str, within: Sequence[Mapping[str, str]]) -> Sums:
    """Each total, and each wider category, with its parts."""
    at = {key: i for i, key in enumerate(keys)}
    parts: dict[tuple[int, int], list[int]] = {}
    for key, number in at.items():
        for place, whole in wholes(key, total, within):
            parts.setdefault((at[whole], place), []).append(number)
    return [(whole, members) for (whole, _), members in parts.items()]


def filled(counts: Ints, parts: Sums, size: int) -> Ints:
    """The counts, and after them those of totals not shown: as many as the fullest division of each makes."""
    divisions: dict[int, list[list[int]]] = {}
    for total, members in parts:
        divisions.setdefault(total, []).append(members)

    @cache
    def of(number: int) -> int:
        if number < len(counts):
            return int(counts[number])
        return max(sum(map(of, members)) for members in divisions[number])

    return np.array([of(number) for number in range(size)], dtype=np.int64)


def matrix(sums: Sums, size: int) -> csr_matrix:
    """Each total less its parts."""
    members = [[total, *of] for total, of in sums]
    rows = np.repeat(np.arange(len(members)), [len(m) for m in members])
    signs = np.concatenate([[-1.0, *[1.0] * (len(m) - 1)] for m in members]) if members else np.array([])
    columns = np.concatenate(members) if members else np.array([], dtype=np.int64)
    return csr_matrix((signs, (rows, columns)), shape=(len(members), size))


def rounded(counts: np.ndarray, base: int) -> np.ndarray:
    """To the nearest multiple of a base, a half upwards."""
    return (2 * counts + base) // (2 * base) * base


def known(counts: np.ndarray, rules: Rules) -> tuple[Floats, Floats]:
    """What a reader knows of a published count: it is 0, or not small, and rounded to what is shown."""
    shown = rounded(counts, rules.base)
    least = np.maximum(shown - rules.base // 2, rules.threshold)
    zero = counts == 0
    return np.where(zero, 0.0, least), np.where(zero, 0.0, shown + (rules.base - 1) // 2)
