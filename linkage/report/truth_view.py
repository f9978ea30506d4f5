"""How far from the truth the headlines of a release of invented people fell, as published and corrected."""

from collections.abc import Sequence
from statistics import fmean
from typing import Literal

from linkage.report.facts import Headline
from linkage.report.grid import Flagged, Grid, Line
from linkage.report.section import Section
from linkage.report.verdict import words


def truth_section(rows: Sequence[Headline]) -> Section:
    """The latest rate of all women of each cohort, as linked, corrected, and as it was in the invented lives."""
    columns = ("Cohort", "Year", "Rate", "Off", "Corrected", "Off", "Its interval", "Truth", "In the interval")
    grid = Grid("Headlines, % and points", "Outcome", (), columns, tuple(map(line, rows)), words=2)
    about = (
        f"{mean_off(rows)}What is left is chance, rounding, and what was never recorded or recorded wrongly: a date "
        "with a slip, a quarter that an authority did not send. No correction of links takes that back. The interval "
        "is for the rate of which these women are a draw, so it should hold theirs nearly always."
    )
    return Section("truth", "How far from the truth", about, grids=(grid,))


def line(row: Headline) -> Line:
    """One headline."""
    ends = row["corrected_lower"], row["corrected_upper"]
    interval = "" if row["corrected"] is None else f"{ends[0]:.1f} to {ends[1]:.1f}"
    shown = (percent(row["published"], "[c]"), points(off(row, "published")))
    corrected = (percent(row["corrected"]), points(off(row, "corrected")), interval, percent(row["true"]))
    return Line(words(row["outcome"]), (words(row["cohort"]), row["period"], *shown, *corrected, held(row)))


def held(row: Headline) -> str | Flagged:
    """Does the interval of the corrected rate hold the true one?"""
    true, lower, upper = row["true"], row["corrected_lower"], row["corrected_upper"]
    if true is None or lower is None or upper is None:
        return ""
    return Flagged("yes", "good") if lower <= true <= upper else Flagged("no", "warn")


def off(row: Headline, which: Literal["published", "corrected"]) -> float | None:
    """How far a rate is above the true one, in points."""
    rate, true = row[which], row["true"]
    return None if rate is None or true is None else rate - true


def mean_off(rows: Sequence[Headline]) -> str:
    """How far rates are off on average, of those that are corrected; nothing where none is."""
    both = [(off(row, "published"), off(row, "corrected")) for row in rows]
    known = [(abs(one), abs(other)) for one, other in both if one is not None and other is not None]
    if not known:
        return ""
    linked, corrected = (fmean(sizes) for sizes in zip(*known, strict=True))
    return f"On average the rates are {linked:.1f} points off as linked, and {corrected:.1f} corrected. "


def percent(rate: float | None, without: str = "") -> str:
    """A rate in %."""
    return without if rate is None else f"{rate:.1f}%"


def points(difference: float | None) -> str:
    """A difference in points."""
    return "" if difference is None else f"{round(difference, 1) + 0.0:+.1f}"  # no "-0.0"
