"""Crude and standardised rates of each answer side by side on the release page, from published rows alone."""

from collections.abc import Sequence
from typing import Any

from linkage.contracts.analysis import Description
from linkage.report.grid import Grid, Line
from linkage.report.release_view import Section, main_threshold
from linkage.report.wording import ALL, count_text, interval_text, period_text, rate_text

Row = dict[str, Any]
COLUMNS = ("Period", "Answer", "Counted", "With the outcome", "Crude rate", "95% interval")
STANDARDISED = ("Standardised rate", "95% interval", "Standardised by")
NOTE = (
    "Standardised: the rate that women of one answer would have if they fell into the strata as the women of all "
    "answers do. It allows for these strata alone; their own rates stand below. [c]: a stratum is suppressed."
)
NOTHING_STANDARDISED = (
    "No rate could be standardised: of each answer a stratum is of too few women, or suppressed to protect another."
)


def with_rates(section: Section, rows: Sequence[Row], about: Description) -> Section:
    """The section of a table, where its rates are standardised: with that in its title, and answers for all women."""
    by = {row["breakdown"] for row in rows if row["standardised_by"]}
    if not by:
        return section
    best = main_threshold(rows)
    main = [row for row in rows if row["threshold"] == best and row["breakdown"] in (*by, ALL) and row["status"] != "z"]
    shown = zip(section.figures, about.outcomes.items(), strict=True)
    none = all(row["standardised"] is None for row in main)
    return section._replace(
        title=f"{section.title}, crude and standardised" if not none else section.title,
        figures=tuple((drawing, caption, answers(title, [r for r in main if r["outcome"] == outcome], about))
                      for (drawing, caption, _), (outcome, title) in shown)
    )  # fmt: skip


def answers(title: str, rows: Sequence[Row], about: Description) -> Grid:
    """A line per cohort, period and answer."""
    lines = tuple(Line(about.cohorts[row["cohort"]], (*crude(row), *standardised(row, about))) for row in rows)
    note = NOTE if any(row["standardised"] is not None for row in rows) else NOTHING_STANDARDISED
    return Grid(f"{title}, crude and standardised", "Women", (), (*COLUMNS, *STANDARDISED), lines, words=2, note=note)


def crude(row: Row) -> tuple[str, ...]:
    """Who, and how many of them have the outcome."""
    answer = "all women" if row["category"] == ALL else str(row["category"])
    counts = (count_text(row, "denominator"), count_text(row, "numerator"))
    return period_text(row), answer, *counts, rate_text(row), interval_text(row)


def standardised(row: Row, about: Description) -> tuple[str, ...]:
    """The standardised rate, its interval and by what; nothing beside women who are of no answer."""
    if not row["standardised_by"]:
        return "", "", ""
    mark, by = row["standardised_status"], about.breakdowns[row["standardised_by"]].lower()
    if row["standardised"] is None:
        return f"[{mark}]", f"[{mark}]", by
    interval = f"{row['standardised_lower']:.1f} to {row['standardised_upper']:.1f}"
    return f"{row['standardised']:.1f}%{f' [{mark}]' if mark else ''}", interval, by
