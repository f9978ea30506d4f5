"""Unrounded counts in, publishable rows out. Nothing here knows a file; nothing downstream knows an unrounded count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import duckdb

from linkage.contracts.disclosure import Disclosure
from linkage.errors import DisclosureError
from linkage.release import person_years
from linkage.release.before import Release
from linkage.release.columns import NAMES
from linkage.release.draft import EXCLUSIONS, Cell, Declared, cell_of
from linkage.release.every import Behind
from linkage.release.joint import NOBODY_TWICE, check, problem_of
from linkage.release.primary import rounded
from linkage.release.suppress.solve import Effort, Solution, solve

Row = dict[str, Any]
Interval = tuple[float, float]
LABELS = ("table_id", "cohort", "theme", "outcome", "geography", "period", "breakdown", "category", "threshold")
WORDS_UNSAID = dict.fromkeys(("error_origin", "standardised_by", "standardised_status"), "")
ALONE = Declared()
EFFORT = Effort(iterations=150_000, attempts=3)


@dataclass(frozen=True)
class Controlled:
    """The publishable `rows`; what suppression `lost`, and the `least` that any safe choice loses, by weights."""

    rows: list[Row]
    lost: float
    least: float


@dataclass(frozen=True)
class Decision:
    """`rows` not to be published at all, and (row, figure) of women left out not to be published; how it was found."""

    rows: frozenset[Cell]
    left_out: frozenset[tuple[Cell, str]]
    solution: Solution


def control(
    counts: duckdb.DuckDBPyRelation,
    disclosure: Disclosure,
    titles: Mapping[str, str],
    declared: Declared = ALONE,
    earlier: Sequence[Release] = (),
    behind: Behind = NOBODY_TWICE,
) -> Controlled:
    """`rows`: (table_id, title … not_linked): a row per row of `counts`, in their order, columns as `PUBLISHED`.

    `counts`: (table_id, cohort, outcome, theme, geography, period, breakdown, category, threshold, numerator,
    denominator, in_custody, died, unknown, not_linked), whole numbers of women. `titles`: of every table_id. `earlier`:
    releases that readers hold already. `behind`: the women behind counts of a cohort that every entry counts in. Raises
    DisclosureError where counts cannot be, or cannot be protected.
    """
    rows = [dict(zip(counts.columns, row, strict=True)) for row in counts.fetchall()]
    decision = decide(rows, disclosure, declared, earlier, behind)
    shown = [published(row, titles[row["table_id"]], decision, disclosure, declared) for row in rows]
    return Controlled(shown, decision.solution.weight, decision.solution.least)


def decide(
    rows: list[Row],
    disclosure: Disclosure,
    declared: Declared,
    earlier: Sequence[Release] = (),
    behind: Behind = NOBODY_TWICE,
) -> Decision:
    """What of unrounded rows is not to be published, all tables and releases together. Raises DisclosureError."""
    check(rows, declared)
    problem, cells = problem_of(rows, disclosure, declared, earlier, behind)
    try:
        found = solve(problem, EFFORT)
    except DisclosureError as error:
        raise DisclosureError(f"{error}{readers_hold(earlier)}") from None
    figures = [(cell, figure) for cell in cells for figure in EXCLUSIONS]
    gone = zip(figures, found.hide[len(cells) :], strict=False)  # after them come those of earlier releases
    return Decision(
        frozenset(cell for cell, hide in zip(cells, found.hide, strict=False) if hide),
        frozenset(figure for figure, hide in gone if hide),
        found,
    )


def readers_hold(earlier: Sequence[Release]) -> str:
    """With what a release had to be protected together, and what to do about that."""
    if not earlier:
        return ""
    names = " and ".join(release.name for release in earlier)
    return (
        f"\nReaders hold release {names}, and compare. Leave the table or breakdown of this cell out, or, where nobody "
        "saw that release: linkage releases withdraw --unseen"
    )


def published(row: Row, title: str, decision: Decision, disclosure: Disclosure, declared: Declared = ALONE) -> Row:
    """One row as it may leave. A suppressed rate leaves the row empty; a suppressed exclusion only its own place, which
    is empty as well where the outcome leaves nobody out for that: a 0 would say that it befell nobody.
    """
    cell = cell_of(row)
    never = declared.never.get(cell.outcome, ())
    shown = dict.fromkeys(NAMES) | {name: row[name] for name in LABELS} | WORDS_UNSAID | {"title": title}
    if cell in decision.rows:
        return shown | {"status": "c"}
    for exclusion in EXCLUSIONS:
        if exclusion not in never and (cell, exclusion) not in decision.left_out:
            shown[exclusion] = rounded(row[exclusion], disclosure)
    shown |= person_years.beside(row, disclosure)
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
