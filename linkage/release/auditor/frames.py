"""The audit of any tidy table of counts, for statisticians who use it alone: what a reader of it can prove."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from linkage.errors import DisclosureError
from linkage.release.auditor import certificate
from linkage.release.auditor.reader import Given, Proof, Seen, Sum, Wanted, proofs

Hierarchy = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Limits:
    """What a table was protected with. The suppressor has Rules of its own, since the two share no code.

    Counts under `threshold`, but for 0, are at risk; a reader's interval of one must be `width` wide. Published counts
    are rounded to `base` (1: not rounded). `total` is the category that stands for all of a dimension.
    """

    threshold: int = 10
    width: int = 10
    base: int = 5
    total: str = "all"


TENS = Limits()


@dataclass(frozen=True)
class FrameAudit:
    """`intervals`: one row per suppressed small count, its dimensions and `width`: a reader cannot narrow it further.

    `insider`: nor can a person who knows that she is the only one in a count. `certificate`: the proof, as JSON; it
    holds the counts, so it is not for the public.
    """

    intervals: pd.DataFrame
    passed: bool
    certificate: str


def audit(
    published: pd.DataFrame,
    counts: "pd.Series[int]",
    by: Sequence[str],
    limits: Limits = TENS,
    within: Hierarchy | None = None,
) -> FrameAudit:
    """What a reader can prove of the suppressed small counts of `published`: `by`, `value` (missing: suppressed).

    `counts`: the true ones, by the same index, in any order. `limits` and `within`: as the table was protected with.
    Raises DisclosureError where a published value is not its count rounded, or is too small; where a zero is
    suppressed; where rows, counts or totals are not what a table's are.
    """
    given = read(published, counts, by, limits, within)
    found = list(proofs(*given))
    said = certificate.written(given.seen, given.truth, found, {"release": "", "tables.csv": "", "earlier": []})
    return FrameAudit(intervals(published[list(by)], found), all(proof.holds for proof in found), said)


def read(
    published: pd.DataFrame,
    counts: "pd.Series[int]",
    by: Sequence[str],
    limits: Limits = TENS,
    within: Hierarchy | None = None,
) -> Given:
    """What `audit` judges. Raises DisclosureError as it does."""
    check_asked(published, by, limits, within or {})
    rows = [tuple(map(str, key)) for key in published[list(by)].itertuples(index=False, name=None)]
    named = [", ".join(key) for key in rows]
    if len(set(rows)) < len(rows):
        raise DisclosureError("Two rows of one cell. Add them up, or name their difference.")
    true, shown = in_numbers(published, counts, named)
    ends: list[tuple[int, int | None]] = [limits_of(value, limits.threshold, limits.base) for value in shown]
    check_shown(named, true, ends)
    wider = [(within or {}).get(name, {}) for name in by]
    keys = closed(rows, limits.total, wider)
    sums = sums_of(keys, limits.total, wider)
    truth = completed(true, len(keys), sums)
    held = holding(sums, truth, named)
    ends += [(0, None)] * (len(keys) - len(rows))
    seen = Seen([", ".join(key) for key in keys], [a for a, _ in ends], [b for _, b in ends], held)
    return Given(seen, truth, wanted(truth, shown, held, limits.threshold, limits.width))


def in_numbers(
    published: pd.DataFrame, counts: "pd.Series[int]", labels: Sequence[str]
) -> tuple[list[int], list[int | None]]:
    """The true counts in the order of the rows, and what is published of them. Raises DisclosureError."""
    if not published.index.is_unique or not counts.index.is_unique or set(counts.index) != set(published.index):
        raise DisclosureError("The counts are not those of these rows: both must have the same index, once each.")
    true = [whole(label, count) for label, count in zip(labels, counts.loc[published.index], strict=True)]
    values = zip(labels, published["value"], strict=True)
    return true, [None if pd.isna(value) else whole(label, value) for label, value in values]


def holding(sums: Sequence[Sum], truth: Sequence[int], labels: Sequence[str]) -> list[Sum]:
    """The sums that hold: one over a total left out need not, where it is divided among more than the table has.

    Raises DisclosureError where one of rows alone does not. `labels`: of the rows, which come first.
    """
    off = {one for one in sums if truth[one[0][0]] != sum(truth[part] for part in one[1])}
    if broken := [total for (total,), parts in sorted(off) if max(total, *parts) < len(labels)]:
        raise DisclosureError(f"{labels[broken[0]]}: its parts do not add up. Count all cells of the same people.")
    return [one for one in sums if one not in off]


def check_asked(published: pd.DataFrame, by: Sequence[str], limits: Limits, within: Hierarchy) -> None:
    """Raise DisclosureError unless this table can be read under these limits."""
    numbers = (limits.threshold, limits.width, limits.base)
    if any(not isinstance(limit, int) or limit < 1 for limit in numbers) or limits.base > limits.threshold:
        raise DisclosureError("threshold, width and base are whole numbers, 1 at least, and base is threshold at most.")
    if not by or not {*by, "value"} <= set(published.columns):
        raise DisclosureError(f"The table must have the columns {', '.join([*by, 'value'])}, and a dimension at least.")
    for name in by:
        if published[name].isna().any() or limits.total not in set(published[name].astype(str)):
            raise DisclosureError(f"{name}: a category is missing, or no row holds the total, {limits.total!r}.")
    for name, wider in within.items():
        if name not in by or limits.total in wider or circular(wider):
            raise DisclosureError(f"within= of {name}: no dimension of by=, or a category within itself.")


def circular(wider: Mapping[str, str]) -> bool:
    """Is a category within itself, by whatever way?"""
    left = set(wider)
    for _ in wider:
        left = {wider[one] for one in left} & set(wider)
    return bool(left)


def whole(label: str, value: Any) -> int:
    """A count as a whole number. Raises DisclosureError by its label."""
    try:
        number = int(value)
        sound = number == value and not isinstance(value, str)
    except (TypeError, ValueError, OverflowError):
        sound = False
    if not sound:
        raise DisclosureError(f"{label}: no whole number.")
    return number


def check_shown(labels: Sequence[str], truth: Sequence[int], limits: Sequence[tuple[int, int | None]]) -> None:
    """Raise DisclosureError where a count cannot be what is published as it."""
    for label, count, (least, most) in zip(labels, truth, limits, strict=True):
        if most is None and not count:
            raise DisclosureError(f"{label}: a zero is suppressed. Publish zeros: a suppressed count is taken for one.")
        if count < least or (most is not None and count > most):
            raise DisclosureError(f"{label}: what is published is not its count rounded, or is small. Protect again.")


def limits_of(value: int | None, threshold: int, base: int) -> tuple[int, int | None]:
    """What a count can be that is shown like this: a plain 0 is true, nothing else that is shown is small. Zeros are
    shown, so what is not shown is somebody.
    """
    if value is None:
        return 1, None
    return (max(threshold, value - base // 2), value + base - base // 2 - 1) if value else (0, 0)


def closed(keys: Sequence[tuple[str, ...]], total: str, within: Sequence[Mapping[str, str]]) -> list[tuple[str, ...]]:
    """The cells of the table, then the totals and wider categories that it leaves out: its parts make them still."""
    found = list(keys)
    known = set(keys)
    for key in found:  # which grows meanwhile
        for place in (place for place, category in enumerate(key) if category != total):
            above = (*key[:place], within[place].get(key[place], total), *key[place + 1 :])
            if above not in known:
                known.add(above)
                found.append(above)
    return found


def sums_of(keys: Sequence[tuple[str, ...]], total: str, within: Sequence[Mapping[str, str]]) -> list[Sum]:
    """Each total, or wider category, of which the table has the parts."""
    at = {key: number for number, key in enumerate(keys)}
    parts: dict[tuple[tuple[str, ...], int], list[int]] = {}
    for key, number in at.items():
        for place, category in enumerate(key):
            if category != total:
                above = (*key[:place], within[place].get(category, total), *key[place + 1 :])
                parts.setdefault((above, place), []).append(number)
    return [((at[above],), tuple(members)) for (above, _), members in parts.items() if above in at]


def completed(truth: Sequence[int], size: int, sums: Sequence[Sum]) -> list[int]:
    """The counts with those of totals left out: raised to what their parts make, until nothing rises."""
    found = [*truth, *[0] * (size - len(truth))]
    unseen = [one for one in sums if one[0][0] >= len(truth)]
    rising = True
    while rising:
        rising = False
        for (total,), parts in unseen:
            if (made := sum(found[part] for part in parts)) > found[total]:
                found[total], rising = made, True
    return found


def wanted(
    truth: Sequence[int], shown: Sequence[int | None], sums: Sequence[Sum], threshold: int, width: int
) -> list[Wanted]:
    """Every suppressed count that is small, with the single persons who could look at it, but for herself."""
    alone = [number for number, value in enumerate(shown) if value is None and truth[number] == 1]
    herself = {one: {one} for one in alone}
    for totals, parts in sums:
        same = [number for number in (*totals, *parts) if truth[number] == 1 and number in herself]
        if truth[totals[0]] == 1:
            together = set().union(*(herself[number] for number in same))
            herself |= dict.fromkeys(together, together)
    small = [n for n, value in enumerate(shown) if value is None and 0 < truth[n] < threshold]
    return [Wanted(n, width, tuple(one for one in alone if n not in herself[one])) for n in small]


def intervals(labels: pd.DataFrame, found: Sequence[Proof]) -> pd.DataFrame:
    """The narrowest interval proved of each count, for anybody and for insiders."""
    anybody = {proof.wanted.count: proof.width for proof in found if not proof.known}
    insider: dict[int, int] = {}
    for proof in found:
        if proof.known:
            insider[proof.wanted.count] = min(proof.width, insider.get(proof.wanted.count, proof.width))
    rows = labels.iloc[list(anybody)]
    hers = pd.array([insider.get(number, pd.NA) for number in anybody], dtype="Int64")
    return rows.assign(width=list(anybody.values()), insider=hers)
