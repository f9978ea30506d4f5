"""The audit of any tidy table of counts, for statisticians who use it alone: what a reader of it can prove."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from linkage.errors import DisclosureError
from linkage.release.auditor import certificate
from linkage.release.auditor.reader import Proof, Seen, Sum, Wanted, proofs

Hierarchy = Mapping[str, Mapping[str, str]]


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
    threshold: int = 10,
    width: int = 10,
    base: int = 5,
    total: str = "all",
    within: Hierarchy | None = None,
) -> FrameAudit:
    """What a reader can prove of the suppressed small counts of `published`: `by`, `value` (missing: suppressed).

    `counts`: the true ones, by the same index. The other arguments as the table was protected with. Raises
    DisclosureError where a published value is not its count rounded, or is too small.
    """
    keys = [tuple(map(str, key)) for key in published[list(by)].itertuples(index=False, name=None)]
    truth = [int(count) for count in counts]
    shown = [None if pd.isna(value) else int(value) for value in published["value"]]
    limits = [limits_of(value, threshold, base) for value in shown]
    labels = [", ".join(key) for key in keys]
    for label, count, (least, most) in zip(labels, truth, limits, strict=True):
        if count < least or (most is not None and count > most):
            raise DisclosureError(f"{label}: what is published is not its count rounded, or is small. Protect again.")
    sums = sums_of(keys, total, [(within or {}).get(name, {}) for name in by])
    seen = Seen(labels, [least for least, _ in limits], [most for _, most in limits], sums)
    found = list(proofs(seen, truth, wanted(truth, shown, sums, threshold, width)))
    said = certificate.written(seen, truth, found, {"release": "a table", "tables.csv": ""})
    return FrameAudit(intervals(published[list(by)], found), all(proof.holds for proof in found), said)


def limits_of(value: int | None, threshold: int, base: int) -> tuple[int, int | None]:
    """What a count can be that is shown like this: a plain 0 is true, nothing else that is shown is small."""
    if value is None:
        return 0, None
    return (max(threshold, value - base // 2), value + base - base // 2 - 1) if value else (0, 0)


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
