"""The declared fallback: breakdowns that are left out, because little of them could be shown, or too much to prove."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from linkage.contracts.cohort import NOT_KNOWN
from linkage.contracts.disclosure import Disclosure
from linkage.contracts.history import AND
from linkage.release.draft import ALL, EXCLUSIONS
from linkage.release.primary import unsafe_rate

Row = dict[str, Any]
NONE: Mapping[str, str] = {}
NO_LIMITS: Mapping[str, int] = {}
PLACE = ("table_id", "breakdown", "cohort", "outcome", "period", "threshold")

NOTHING_TO_STANDARDISE = "in one of its strata too few women have, or lack, an outcome for rates to be standardised"


class LeftOut(NamedTuple):
    """A breakdown that a table is published without, and why, in words that may be published."""

    table_id: str
    breakdown: str
    why: str


def left_out(
    rows: Sequence[Row],
    disclosure: Disclosure,
    by_answer: Collection[str] = (),
    crossings: Collection[str] = (),
    histories: Mapping[str, str] = NONE,
    sparse_percent: Mapping[str, int] = NO_LIMITS,
) -> list[LeftOut]:
    """Breakdowns of unrounded rows in which hardly a group can be shown, and those `by_answer` with a group of few;
    `crossings`, which are among them, by which nothing can be standardised; then the finest, until all can be proved.

    `histories`: {breakdown: what it is one of}; these stand or go together, since each says something of the others.
    `sparse_percent`: {table: its own limit of groups that are too small}.
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
    free = [place for place in cells if place[1] != ALL and place[1] not in histories]
    found = [LeftOut(*p, sparse.format(limits[p[0]])) for p in free if 100 * small[p] > limits[p[0]] * groups[p]]
    answered = of_few(rows, disclosure, by_answer) - {one[:2] for one in found}
    found += [LeftOut(*place, few_answered(disclosure)) for place in sorted(answered)]
    unsafe = with_an_unsafe_stratum(rows, disclosure, crossings) - {one[:2] for one in found}
    found += [LeftOut(*place, NOTHING_TO_STANDARDISE) for place in sorted(unsafe)]
    found += [LeftOut(*place, everybody(disclosure)) for place in of_everybody(rows, disclosure, histories)]
    left = cells.total() - sum(cells[one[:2]] for one in found)
    large = f"the release would have more than {most:,} rows, and could not be proved safe in the time there is"
    for place in sorted({*free} - {one[:2] for one in found}, key=lambda p: (-cells[p], p)):
        if left > most:
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
        and NOT_KNOWN not in row["category"]
        and sum(row[figure] for figure in ("denominator", *EXCLUSIONS)) < disclosure.threshold.value
    }


def with_an_unsafe_stratum(
    rows: Sequence[Row], disclosure: Disclosure, crossings: Collection[str]
) -> set[tuple[str, str]]:
    """(table, breakdown) of crossings in which the rate of some stratum of an answer may not be shown. Then no answer
    is standardised in that cell, and the other strata would cost cells of other tables for nothing.
    """
    return {
        (row["table_id"], row["breakdown"])
        for row in rows
        if row["breakdown"] in crossings
        and NOT_KNOWN not in row["category"]
        and unsafe_rate([(row["numerator"], row["denominator"])], row["outcome"], disclosure)
    }


def of_everybody(rows: Sequence[Row], disclosure: Disclosure, histories: Mapping[str, str]) -> list[tuple[str, str]]:
    """(table, breakdown) of every history with a need that all women of some cohort have, or all but a few.
    Combinations without anybody are shown as such, and together they would say so.
    """
    women: dict[tuple[str, ...], dict[str, int]] = {}
    for row in (row for row in rows if row["breakdown"] in histories and AND in row["category"]):
        women.setdefault(tuple(row[name] for name in PLACE), {}).update(dict.fromkeys(row["category"].split(AND), 0))
    for row in (row for row in rows if row["breakdown"] in histories):
        for need in (lacking := women.get(tuple(row[name] for name in PLACE), {})):
            asked = sum(row[figure] for figure in ("denominator", *EXCLUSIONS))
            lacking[need] += asked if need not in row["category"].split(AND) else 0
    limit = disclosure.threshold.value
    told = {(place[0], histories[place[1]]) for place, each in women.items() if min(each.values()) < limit}
    return sorted((table, made) for table, history in told for made, of in histories.items() if of == history)


def everybody(disclosure: Disclosure) -> str:
    """Why such breakdowns are not there."""
    return f"of some cohort all but fewer than {disclosure.threshold.value} women have one of the needs"


def few_answered(disclosure: Disclosure) -> str:
    """Why such a breakdown is not there."""
    return f"in one of its cells fewer than {disclosure.threshold.value} women gave one of the answers"
