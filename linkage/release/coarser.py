"""The declared fallback: breakdowns that are left out, because little of them could be shown, or too much to prove."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from linkage.contracts.disclosure import Disclosure
from linkage.release.draft import ALL
from linkage.release.primary import unsafe_rate

Row = dict[str, Any]


class LeftOut(NamedTuple):
    """A breakdown that a table is published without, and why, in words that may be published."""

    table_id: str
    breakdown: str
    why: str


def left_out(rows: Iterable[Row], disclosure: Disclosure) -> list[LeftOut]:
    """Breakdowns of unrounded rows in which hardly a group can be shown; then the finest, until all can be proved."""
    groups, small, cells = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in rows:
        place, having, women = (row["table_id"], row["breakdown"]), row["numerator"], row["denominator"]
        cells[place] += 1
        groups[place] += women > 0
        small[place] += unsafe_rate([(having, women)], row["outcome"], disclosure)
    limit, most = disclosure.sparse_percent.value, disclosure.largest_release.value
    sparse = f"more than {limit} % of its groups are too small to be shown"
    found = [LeftOut(*p, sparse) for p in cells if p[1] != ALL and 100 * small[p] > limit * groups[p]]
    left = cells.total() - sum(cells[one[:2]] for one in found)
    large = f"the release would have more than {most:,} rows, and could not be proved safe in the time there is"
    for place in sorted(cells.keys() - {one[:2] for one in found}, key=lambda p: (-cells[p], p)):
        if left > most and place[1] != ALL:
            found.append(LeftOut(*place, large))
            left -= cells[place]
    return found
