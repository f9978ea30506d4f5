"""Which rates of a table must not be set against each other as they are linked, from published rows alone."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

Row = dict[str, Any]
MOST_NAMED = 10  # groups that a warning names each with its others


class Pair(NamedTuple):
    """Two groups of a period, and how far their rates are apart, in points."""

    one: str
    other: str
    apart: float


def warning(rows: Sequence[Row]) -> str:
    """Which groups of a period differ by more in what was missed of them than in their rates as linked; '' for none.

    Where they are too many to name, how near their rates are to each other. `rows`: of one outcome, cohort, breakdown.
    """
    found = {period: pairs for period in dict.fromkeys(row["period"] for row in rows) if (pairs := near(rows, period))}
    named = {period: tuple(with_each(pairs)) for period, pairs in found.items()}
    if not found:
        return ""
    if sum(map(len, named.values())) <= MOST_NAMED:
        each = (f"{when(period)}: {', '.join(groups)}" for period, groups in named.items())
        which = f"these groups, {'; '.join(each)}"
    else:
        apart = [pair.apart for pairs in found.values() for pair in pairs]
        which = (
            f"groups of a period that are {max(apart):.1f} points or less apart: {len(apart)} pairs of them, too many "
            "to name, are too near"
        )
    return (
        f"Do not compare rates as linked of {which}. What was missed of their records differs by more than these rates "
        "do. Corrected rates allow for that: compare these where both are given, with their intervals."
    )


def near(rows: Sequence[Row], period: str) -> list[Pair]:
    """The pairs of a period whose rates are nearer to each other than what was missed of their records."""
    known = [row for row in rows if row["missed"] is not None and row["period"] == period]
    return [
        Pair(one["category"], other["category"], abs(one["value"] - other["value"]))
        for one, other in combinations(known, 2)
        if abs(one["missed"] - other["missed"]) > abs(one["value"] - other["value"])
    ]


def with_each(pairs: Sequence[Pair]) -> Iterator[str]:
    """The pairs in few words: the group that is in most of them with its others, then the same of what is left."""
    while pairs:
        [(hub, _)] = Counter(group for pair in pairs for group in (pair.one, pair.other)).most_common(1)
        others = [pair.other if pair.one == hub else pair.one for pair in pairs if hub in (pair.one, pair.other)]
        yield f"{hub} with {' or '.join(others)}"
        pairs = [pair for pair in pairs if hub not in (pair.one, pair.other)]


def when(period: str) -> str:
    """A period, in a sentence."""
    return "all periods together" if period == "all" else f"in {period}"
