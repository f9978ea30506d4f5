"""Unrounded counts in, publishable rows out. Nothing here knows a file; nothing downstream knows an unrounded count."""

from collections.abc import Iterable, Mapping
from statistics import NormalDist
from typing import Any

import duckdb

from linkage.contracts.disclosure import Disclosure
from linkage.errors import DisclosureError
from linkage.release.columns import NAMES
from linkage.release.suppression import (
    NOTHING_WITHIN,
    Cell,
    Counts,
    Within,
    suppressed,
    unsafe_count,
    unsafe_rate,
)

Row = dict[str, Any]
Interval = tuple[float, float]
LABELS = ("table_id", "cohort", "theme", "outcome", "geography", "period", "breakdown", "category", "threshold")
RATE = ("numerator", "denominator")
EXCLUSIONS = ("in_custody", "died", "unknown", "not_linked")


def control(
    counts: duckdb.DuckDBPyRelation,
    disclosure: Disclosure,
    titles: Mapping[str, str],
    years: Mapping[str, str],
    within: Within = NOTHING_WITHIN,
) -> list[Row]:
    """(table_id, title, cohort … not_linked): a row per row of `counts`, in their order, columns as `PUBLISHED`.

    `counts`: (table_id, cohort, outcome, theme, geography, period, breakdown, category, threshold, numerator,
    denominator, in_custody, died, unknown, not_linked), whole numbers of women. `titles`: of every table_id.
    `years`: {quarter: the year it is pooled into}. `within`: {(breakdown, category): (wider breakdown, the category of
    it that it is part of)}. Raises DisclosureError where counts cannot be: negative, more
    than there are, or two for one cell.
    """
    rows = [dict(zip(counts.columns, row, strict=True)) for row in counts.fetchall()]
    check(rows)
    hidden: dict[tuple[str, ...], set[Cell]] = {
        RATE: suppressed(cells(rows, RATE), years, unsafe_rate(disclosure), within)
    }
    for exclusion in EXCLUSIONS:
        hidden[(exclusion,)] = suppressed(cells(rows, (exclusion,)), years, unsafe_count(disclosure), within)
    return [published(row, titles[row["table_id"]], hidden, disclosure) for row in rows]


def published(row: Row, title: str, hidden: Mapping[tuple[str, ...], set[Cell]], disclosure: Disclosure) -> Row:
    """One row as it may leave. A suppressed rate leaves the row empty; a suppressed exclusion only its own place."""
    cell = cell_of(row)
    shown = dict.fromkeys(NAMES) | {name: row[name] for name in LABELS} | {"title": title}
    if cell in hidden[RATE]:
        return shown | {"status": "c"}
    for exclusion in EXCLUSIONS:
        if cell not in hidden[(exclusion,)]:
            shown[exclusion] = rounded(row[exclusion], disclosure)
    return shown | rate(rounded(row["numerator"], disclosure), rounded(row["denominator"], disclosure), disclosure)


def rate(numerator: int, denominator: int, disclosure: Disclosure) -> Row:
    """What is said of rounded counts: the rate in % and its interval to one decimal, and how far to trust it."""
    figures: Row = {"numerator": numerator, "denominator": denominator}
    if not denominator:
        return figures | {"status": "z"}
    lower, upper = wilson(numerator, denominator, disclosure.confidence_percent.value / 100)
    # The flag, too, comes from the rounded count: from the exact one it would narrow a count at the limit.
    few = denominator < disclosure.unreliable_below.value
    per_cent = {"value": numerator / denominator, "lower": lower, "upper": upper}
    return figures | {name: round(100 * share, 1) for name, share in per_cent.items()} | {"status": "u" if few else ""}


def wilson(numerator: int, denominator: int, confidence: float) -> Interval:
    """The score interval of a share, as shares. Wilson, JASA 22 (1927); assumes that women are independent."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = numerator / denominator, z * z / denominator
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * (share * (1 - share) / denominator + weight / (4 * denominator)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def rounded(count: int, disclosure: Disclosure) -> int:
    """To the nearest multiple of the rounding base, a half upwards."""
    base = disclosure.rounding_base.value
    return (2 * count + base) // (2 * base) * base


def cells(rows: Iterable[Row], figures: tuple[str, ...]) -> dict[Cell, Counts]:
    """{cell: those figures at each threshold}; 0 where nobody is in a cell at a threshold."""
    found: dict[Cell, dict[str, tuple[int, ...]]] = {}
    for row in rows:
        found.setdefault(cell_of(row), {})[row["threshold"]] = tuple(row[figure] for figure in figures)
    thresholds, nobody = sorted({threshold for at in found.values() for threshold in at}), (0,) * len(figures)
    return {cell: tuple(at.get(threshold, nobody) for threshold in thresholds) for cell, at in found.items()}


def cell_of(row: Row) -> Cell:
    """What the row is about, whichever table shows it."""
    return Cell(*(row[name] for name in Cell._fields))


def check(rows: Iterable[Row]) -> None:
    """Raise DisclosureError unless each cell has one set of possible counts at a threshold."""
    seen: dict[tuple[Cell, str], list[int]] = {}
    for row in rows:
        women = [row[name] for name in (*RATE, *EXCLUSIONS)]
        if min(women) < 0 or row["numerator"] > row["denominator"]:
            raise DisclosureError(f"{label(row)}: counts that cannot be. Look at how this table is counted.")
        if women != seen.setdefault((cell_of(row), row["threshold"]), women):
            raise DisclosureError(f"{label(row)}: counted twice, differently. Declare this cell in one way only.")


def label(row: Row) -> str:
    """Which row, in words; never what it counts."""
    return ", ".join([row["table_id"], *cell_of(row), row["threshold"]])
