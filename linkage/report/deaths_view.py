"""Deaths by the time at risk, as the page of a release shows them: person-years, and deaths per 100 of them."""

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
COLUMNS = ("Person-years", "Per 100 person-years (95% interval)")


def columns(rows: Sequence[Row]) -> tuple[str, ...]:
    """The headings, where a row has person-years or is one of deaths that is suppressed beside such a row."""
    return COLUMNS if any(row["person_years"] is not None for row in rows) else ()


def cells(row: Row, many: int) -> tuple[str, ...]:
    """Person-years and the rate by them, or as many marks as there are columns."""
    if row["person_years"] is None:
        return (f"[{row['status']}]",) * many
    return (f"{row['person_years']:,}", rate_text(row))[:many]


def rate_text(row: Row) -> str:
    """The rate and its interval: 1.97 (1.33 to 2.82); '' where there is none."""
    if row["per_100_years"] is None:
        return ""
    lower, upper = row["per_100_years_lower"], row["per_100_years_upper"]
    return f"{row['per_100_years']:.2f} ({lower:.2f} to {upper:.2f})"
