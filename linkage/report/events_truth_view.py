"""How far published means of events fell from the truth, of invented people."""

from collections.abc import Sequence

from linkage.report.grid import Grid, Line
from linkage.report.truth_facts import EventsBesideTruth
from linkage.report.verdict import words

MEANS = ("per woman with one", "per woman")
NOTE = (
    "Numbers of events are not corrected: missed records take events away, and somebody else's add some. Rounding "
    "moves the means of few women as well."
)


def events_grid(found: Sequence[EventsBesideTruth]) -> Grid:
    """A line for each mean of all women of a cohort and year."""
    columns = ("Cohort", "Year", "Mean", "Published", "Perfect links", "Truth")
    lines = tuple(line(row, which) for row in found for which in range(len(MEANS)))
    return Grid("Events per woman, and what they should have been", "Outcome", (), columns, lines, words=3, note=NOTE)


def line(row: EventsBesideTruth, which: int) -> Line:
    """One mean: as it is, and what it should have been."""
    published = row["published"][which]
    shown = "[c]" if published is None else f"{published:.2f}"
    should = (f"{known[which]:.2f}" if (known := row[name]) else "" for name in ("perfect", "true"))
    return Line(words(row["outcome"]), (words(row["cohort"]), row["period"], MEANS[which], shown, *should))
