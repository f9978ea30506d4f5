"""The declared fallback: breakdowns that are left out, because little of them could be shown, or too much to prove."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from linkage.contracts.cohort import NOT_KNOWN
from linkage.contracts.disclosure import Disclosure
from linkage.release.draft import ALL, EXCLUSIONS
from linkage.release.primary import unsafe_rate

Row = dict[str, Any]
NO_LIMITS: Mapping[str, int] = {}


class LeftOut(NamedTuple):
    """A breakdown that a table is published without, and why, in words that may be published."""

    table_id: str
    breakdown: str
    why: str


def left_out(
    rows: Sequence[Row],
    disclosure: Disclosure,
    by_answer: Collection[str] = (),
    sparse_percent: Mapping[str, int] = NO_LIMITS,
) -> list[LeftOut]:
    """Breakdowns of unrounded rows in which hardly a group can be shown, and those `by_answer` with a group of few;
    then the finest, until all can be proved. `sparse_percent`: {table: its own limit of groups that are too small}.
    """
    groups, small, cells = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in rows:
        place, having, women = (row["table_id"], row["breakdown"]), row["numerator"], row["denominator"]
        cells[place] += 1
        groups[place] += women > 0
        small[place] += unsafe_rate([(having, women)], row["outcome"], disclosure)
    most = disclosure.largest_release.value
    limits = {table: sparse_percent.get(table, disclosure.sparse_percent.value) for table, _ in cells}
    sparse = "more than {} % of its groups are too small to be shown"
    found = [
        LeftOut(*p, sparse.format(limits[p[0]]))
        for p in cells
        if p[1] != ALL and 100 * small[p] > limits[p[0]] * groups[p]
    ]
    answered = of_few(rows, disclosure, by_answer) - {one[:2] for one in found}
    found += [LeftOut(*place, few_answered(disclosure)) for place in sorted(answered)]
    left = cells.total() - sum(cells[one[:2]] for one in found)
    large = f"the release would have more than {most:,} rows, and could not be proved safe in the time there is"
    for place in sorted(cells.keys() - {one[:2] for one in found}, key=lambda p: (-cells[p], p)):
        if left > most and place[1] != ALL:
            found.append(LeftOut(*place, large))
            left -= cells[place]
    return found


def of_few(rows: Sequence[Row], disclosure: Disclosure, by_answer: Collection[str]) -> set[tuple[str, str]]:
    """(table, breakdown) of those by an answer that in some cell fewer women gave than may be shown. A group without
    anybody is always shown as such, and here it would say that nobody had the answer, or everybody.
    """
    return {
        (row["table_id"], row["breakdown"])
        for row in rows
        if row["breakdown"] in by_answer
        and row["category"] != NOT_KNOWN
        and sum(row[figure] for figure in ("denominator", *EXCLUSIONS)) < disclosure.threshold.value
    }


def few_answered(disclosure: Disclosure) -> str:
    """Why such a breakdown is not there."""
    return f"in one of its cells fewer than {disclosure.threshold.value} women gave one of the answers"
