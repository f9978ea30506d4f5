"""How far from the truth a release of invented people fell: woman by woman, and every cell, as linked and corrected."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from statistics import fmean
from typing import Literal

from linkage.report.events_truth_view import events_grid
from linkage.report.grid import Flagged, Grid, Line
from linkage.report.section import Section, share
from linkage.report.truth_chart import Off, differences
from linkage.report.truth_facts import Agreement, BesideTruth, DifferenceBesideTruth, EventsBesideTruth
from linkage.report.verdict import words

What = Literal["perfect", "true"]
SERIES: dict[Literal["published", "corrected"], str] = {"published": "as linked", "corrected": "corrected"}


def truth_section(
    cells: Sequence[BesideTruth],
    women: Sequence[Agreement],
    events: Sequence[EventsBesideTruth] = (),
    compared: Sequence[DifferenceBesideTruth] = (),
) -> Section:
    """What is said of women beside what became of them, and each published rate beside what it should have been."""
    main, shown = headlines(cells), [cell for cell in cells if cell["published"] is not None and known(cell)]
    about = (
        f"{mean_off(main, 'true', 'what was lived, the latest rates of all women')}"
        f"{mean_off(shown, 'perfect', 'perfect links, every published rate')}"
        "What is left then is chance, rounding, and what was recorded wrongly, such as a job that nobody closed: no "
        "correction takes that back. Corrected rates allow for records that were declared never delivered, and for "
        "rows in quarantine; perfect links do not, so that of such a source they are the lower ones. An interval is "
        "for the rate of which these women are a draw, so it should hold theirs nearly always."
    )
    drawn = [(differences(list(offs(shown))), caption(shown))] if shown else []
    grids = [headline_grid(main), *([woman_grid(women)] if women else []), *([group_grid(shown)] if shown else [])]
    grids += [events_grid(events)] if events else []
    grids += [compared_grid(compared)] if compared else []
    return Section("truth", "How far from the truth", about, tuple(drawn), tuple(grids), tuple(every_cell(shown)))


def headlines(found: Iterable[BesideTruth]) -> list[BesideTruth]:
    """The rates of all women of each cohort in the latest year."""
    return [one for one in found if one["headline"]]


def known(cell: BesideTruth) -> bool:
    """Is it known what perfect links would show?"""
    return cell["perfect"] is not None


def caption(shown: Sequence[BesideTruth]) -> str:
    """What the drawing shows."""
    return (
        f"{len(shown):,} published rates less the rates that the same records show when each is joined to the woman it "
        "is of, points. A mark is a cohort, year and group; groups of few women lie further off by chance of rounding."
    )


def offs(shown: Iterable[BesideTruth]) -> Iterable[Off]:
    """The marks of the drawing."""
    for cell in shown:
        for which, series in SERIES.items():
            if (difference := off(cell, which, "perfect")) is not None:
                yield Off(words(cell["outcome"]), series, round(difference, 1))


def headline_grid(rows: Sequence[BesideTruth]) -> Grid:
    """The latest rate of all women of each cohort."""
    columns = ("Cohort", "Year", "Rate", "Off", "Corrected", "Off", "Its interval", "Perfect links", "Truth",
               "In the interval")  # fmt: skip
    lines = (line(row, words(row["outcome"]), (words(row["cohort"]), row["period"]), "true") for row in rows)
    return Grid("Headlines, % and points from the truth", "Outcome", (), columns, tuple(lines), words=2)


def line(row: BesideTruth, heading: str, named: tuple[str, ...], what: What) -> Line:
    """One rate: as it is, corrected, and what it should have been."""
    ends = row["corrected_lower"], row["corrected_upper"]
    interval = "" if row["corrected"] is None else f"{ends[0]:.1f} to {ends[1]:.1f}"
    shown = (percent(row["published"], "[c]"), points(off(row, "published", what)))
    corrected = (percent(row["corrected"]), points(off(row, "corrected", what)), interval)
    should = (percent(row["perfect"]), *([percent(row["true"])] if what == "true" else []), held(row, what))
    return Line(heading, (*named, *shown, *corrected, *should))


def woman_grid(women: Sequence[Agreement]) -> Grid:
    """Woman by woman: where the answer about her, by records as they are linked, is the one of her life."""
    lines = [Line(words(one["outcome"]), (f"{one['asked']:,}", share(one["agreed"], one["asked"]))) for one in women]
    note = (
        "A woman and quarter whom either side knows of; they agree when both count her from the same day with the same "
        "answer, or neither counts her."
    )
    return Grid("Woman by woman", "Outcome", (), ("Asked", "Agreed"), tuple(lines), note=note)


def compared_grid(compared: Sequence[DifferenceBesideTruth]) -> Grid:
    """A line per published difference: matched women and all women, beside the same with every link right."""
    lines = []
    for one in compared:
        lower, upper, perfect = one["lower"], one["upper"], one["perfect"]
        ends = "" if lower is None or upper is None else f"{lower:+.1f} to {upper:+.1f}"
        holds = perfect is not None and lower is not None and upper is not None and lower <= perfect <= upper
        held = Flagged("yes", "good") if holds else Flagged("no", "warn") if ends and perfect is not None else ""
        shown = (points(one["published"]) or "[c]", ends, points(perfect), held)
        lines.append(Line(words(one["comparison"]), (words(one["outcome"]), one["women"], *shown)))
    columns = ("Outcome", "Women", "Difference", "Its interval", "Perfect links", "In the interval")
    note = "With perfect links the women are matched anew, so that other women make the pairs."
    return Grid("Differences of comparisons, points", "Comparison", (), columns, tuple(lines), words=2, note=note)


def group_grid(shown: Sequence[BesideTruth]) -> Grid:
    """Every published rate, a line for each breakdown."""
    lines = []
    for breakdown in dict.fromkeys(cell["breakdown"] for cell in shown):
        mine = [cell for cell in shown if cell["breakdown"] == breakdown]
        heading = "All women" if breakdown == "all" else words(breakdown)
        lines.append(Line(heading, (f"{len(mine):,}", *sizes(mine), in_intervals(mine))))
    columns = ("Rates", "Off as linked", "Off corrected", "In the interval")
    caption = "Every published rate, mean distance in points from perfect links"
    return Grid(caption, "By", (), columns, tuple(lines))


def sizes(cells: Sequence[BesideTruth]) -> tuple[str, ...]:
    """How far rates are off on average, whichever way: as linked, and corrected."""
    each = ([size for cell in cells if (size := off(cell, which, "perfect")) is not None] for which in SERIES)
    return tuple(f"{fmean(map(abs, found)):.1f}" if found else "" for found in each)


def in_intervals(cells: Sequence[BesideTruth]) -> str:
    """The share of corrected intervals that hold the rate of perfect links."""
    said = [isinstance(found, Flagged) and found.flag == "good" for cell in cells if (found := held(cell, "perfect"))]
    return share(sum(said), len(said))


def every_cell(shown: Sequence[BesideTruth]) -> Iterable[tuple[str, tuple[Grid, ...]]]:
    """A table of every published rate of an outcome, to open on demand."""
    columns = ("By", "Group", "Year", "Rate", "Off", "Corrected", "Off", "Its interval", "Perfect links",
               "In the interval")  # fmt: skip
    of_outcome: Callable[[BesideTruth], str] = lambda cell: cell["outcome"]  # noqa: E731  a key, named for its type
    for outcome, found in groupby(sorted(shown, key=of_outcome), key=of_outcome):
        lines = tuple(
            line(cell, words(cell["cohort"]), (words(cell["breakdown"]), cell["category"], cell["period"]), "perfect")
            for cell in found
        )
        caption = f"{words(outcome)}, % and points from perfect links"
        yield f"Every published rate: {words(outcome).lower()}", (Grid(caption, "Cohort", (), columns, lines, words=3),)


def held(row: BesideTruth, what: What) -> str | Flagged:
    """Does the interval of the corrected rate hold what it should?"""
    true, lower, upper = row[what], row["corrected_lower"], row["corrected_upper"]
    if true is None or lower is None or upper is None:
        return ""
    return Flagged("yes", "good") if lower <= true <= upper else Flagged("no", "warn")


def off(row: BesideTruth, which: Literal["published", "corrected"], what: What = "true") -> float | None:
    """How far a rate is above what it should be, in points."""
    rate, true = row[which], row[what]
    return None if rate is None or true is None else rate - true


def mean_off(rows: Sequence[BesideTruth], what: What, of: str) -> str:
    """How far rates are off on average, of those that are corrected; nothing where none is."""
    both = [(off(row, "published", what), off(row, "corrected", what)) for row in rows]
    sure = [(abs(one), abs(other)) for one, other in both if one is not None and other is not None]
    if not sure:
        return ""
    linked, corrected = (fmean(sizes) for sizes in zip(*sure, strict=True))
    return f"Beside {of} are {linked:.1f} points off as linked, and {corrected:.1f} corrected. "


def percent(rate: float | None, without: str = "") -> str:
    """A rate in %."""
    return without if rate is None else f"{rate:.1f}%"


def points(difference: float | None) -> str:
    """A difference in points."""
    return "" if difference is None else f"{round(difference, 1) + 0.0:+.1f}"  # no "-0.0"
