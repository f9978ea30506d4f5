"""Crude and standardised rates of each answer side by side on the release page, from published rows alone."""

from collections.abc import Iterator, Sequence
from typing import Any

from linkage.contracts.analysis import Description
from linkage.contracts.cohort import NOT_KNOWN
from linkage.report.grid import Grid, Line
from linkage.report.release_view import Section, main_threshold
from linkage.report.wording import ALL, all_periods, count_text, interval_text, mark, marked, period_text, rate_text

Row = dict[str, Any]
WORDS = ("Answer", "Standardised by")
CRUDE = ("Counted", "With the outcome", "Crude rate", "95% interval")
STANDARDISED = ("Standardised rate", "95% interval")
NOT_GIVEN = "not given"
NOTE = (
    "Standardised: the rate that women of one answer would have if they fell into the strata as the women of all "
    "answers do. It allows for these strata alone; their own rates stand below."
)
NOTHING_STANDARDISED = (
    "No rate could be standardised: of each answer a stratum is of too few women, or suppressed to protect another."
)


def with_rates(section: Section, rows: Sequence[Row], about: Description) -> Section:
    """The section of a table, where its rates are standardised: with that in its title, and answers for all women.

    Why a rate is not standardised stands in its warning, which speaks of standardised rates.
    """
    section = section._replace(health_warning=" ".join((section.health_warning, *about.not_standardised)).strip())
    if not any(row["standardised_by"] for row in rows):
        return section
    best = main_threshold(rows)
    main = [row for row in rows if row["threshold"] == best]
    shown = zip(section.figures, about.outcomes.items(), strict=True)
    none = all(row["standardised"] is None for row in main)
    return section._replace(
        title=f"{section.title}, crude and standardised" if not none else section.title,
        figures=tuple((drawing, caption, answers(title, [r for r in main if r["outcome"] == outcome], about))
                      for (drawing, caption, _), (outcome, title) in shown)
    )  # fmt: skip


def answers(title: str, rows: Sequence[Row], about: Description) -> Grid:
    """A line per cohort, period and answer, and one for all its women. `rows`: of one outcome, those of strata too.

    The period is said where there are several.
    """
    by = {row["breakdown"] for row in rows if row["standardised_by"]}
    main = [row for row in rows if row["breakdown"] in (*by, ALL) and row["status"] != "z"]
    several = len({row["period"] for row in main}) > 1
    lines = tuple(
        Line(
            about.cohorts[row["cohort"]],
            (*([period_text(row)] if several else []), *words(row, about), *crude(row), *standardised(row)),
        )
        for row in main
    )
    note = NOTE if any(row["standardised"] is not None for row in main) else NOTHING_STANDARDISED
    spoken = " ".join((note, *not_shown(rows, main, about)))
    named = (*(["Period"] if several else []), *WORDS)
    columns = (*named, *CRUDE, *STANDARDISED)
    return Grid(f"{title}, crude and standardised", "Women", (), columns, lines, words=len(named), note=spoken)


def not_shown(rows: Sequence[Row], main: Sequence[Row], about: Description) -> Iterator[str]:
    """Of each cohort and period without a standardised rate, the strata that cannot be shown."""
    lacking = {
        (row["cohort"], row["period"], f"{row['breakdown']}_by_{row['standardised_by']}"): row["standardised_by"]
        for row in main
        if row["standardised_by"] and row["standardised"] is None
    }
    for place, strata in lacking.items():
        of_answers = [row for row in rows if (row["cohort"], row["period"], row["breakdown"]) == place]
        hidden = [
            f"{row['category']} {mark(row['status'])}"
            for row in of_answers
            if row["status"] in ("c", "z") and NOT_KNOWN not in row["category"].split(", ")
        ]
        yield (
            f"{about.cohorts[place[0]]}, {all_periods(place[1]).lower()}: not standardised by "
            f"{about.breakdowns[strata].lower()}, of which these strata are not shown: {'; '.join(hidden)}."
        )


def words(row: Row, about: Description) -> tuple[str, str]:
    """Which women, and what their rate is standardised by."""
    answer = "all women" if row["category"] == ALL else str(row["category"])
    strata = about.breakdowns[row["standardised_by"]].lower() if row["standardised_by"] else ""
    return answer, strata


def crude(row: Row) -> tuple[str, ...]:
    """How many women, and how many of them have the outcome."""
    return count_text(row, "denominator"), count_text(row, "numerator"), rate_text(row), interval_text(row)


def standardised(row: Row) -> tuple[str, str]:
    """The standardised rate and its interval; nothing beside women who are of no answer."""
    if row["standardised"] is None:
        instead = "" if row["category"] in (ALL, NOT_KNOWN) else mark(row["standardised_status"]) or NOT_GIVEN
        return instead, instead
    interval = f"{row['standardised_lower']:.1f} to {row['standardised_upper']:.1f}"
    return marked(f"{row['standardised']:.1f}%", mark(row["standardised_status"])), interval
