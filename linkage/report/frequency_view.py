"""How often, beside whether: the numbers of events of a release as tables, from published rows alone."""

from collections.abc import Iterable, Sequence
from typing import Any

from linkage.contracts.analysis import Description
from linkage.report.grid import Grid, Line
from linkage.report.wording import ALL, period_text

Row = dict[str, Any]
NONE = "[c]"


def grids(main: Sequence[Row], about: Description) -> tuple[Grid, ...]:
    """A table for each outcome of which numbers are shown: all women, and groups of which every one may be shown."""
    found = (grid([row for row in main if row["outcome"] == outcome], outcome, about) for outcome in about.frequencies)
    return tuple(one for one in found if one.lines)


def grid(rows: Sequence[Row], outcome: str, about: Description) -> Grid:
    """The table of one outcome."""
    said, found = about.frequencies[outcome], shown(rows)
    divided = any(row["breakdown"] != ALL for row in found)
    named = ("Period", *(("By", "Group") if divided else ()))
    lines = tuple(
        Line(about.cohorts[row["cohort"]], (period_text(row), *(group(row, about) if divided else ()), *numbers(row)))
        for row in found
    )
    note = (
        f"{said.title} and women are rounded, and the means are of rounded numbers; they have no interval and are not "
        "corrected for errors of links. Of groups all are shown or none."
    )
    columns = (*named, said.title, f"Per {said.who}", "Per woman")
    return Grid(f"{said.title}: {about.outcomes[outcome].lower()}", "Women", (), columns, lines, len(named), note)


def shown(rows: Iterable[Row]) -> list[Row]:
    """All women where any number of the outcome is shown, and each group with one."""
    known = [row for row in rows if row["events"] is not None]
    return [row for row in rows if known and row["status"] != "z" and (row["breakdown"] == ALL or row in known)]


def group(row: Row, about: Description) -> tuple[str, str]:
    """By what the women are divided, and their group."""
    return ("", "") if row["breakdown"] == ALL else (about.breakdowns[row["breakdown"]], row["category"])


def numbers(row: Row) -> tuple[str, str, str]:
    """The sum and its means."""
    if row["events"] is None:
        return NONE, NONE, NONE
    return f"{row['events']:,}", mean(row["events_per_woman_with"]), mean(row["events_per_woman"])


def mean(number: float | None) -> str:
    """A mean, to two decimals; [z] of nobody."""
    return "[z]" if number is None else f"{number:.2f}"
