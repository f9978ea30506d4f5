"""What the release page says, from published rows alone: nothing on the page is not in the files."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from linkage.contracts.analysis import Description
from linkage.report import deaths_view, frequency_view, not_to_compare
from linkage.report.charts import CORRECTED, STANDARDISED, Panel, Point, bars, rates
from linkage.report.grid import Grid, Line
from linkage.report.together import Picture, in_order, needs_together
from linkage.report.wording import (
    ALL,
    all_periods,
    corrected_text,
    count_text,
    interval_text,
    key,
    mark,
    period_text,
    rate_text,
)

Row = dict[str, Any]
PREFERRED = ("medium", "high", "low")
CHARTED = "age_band"
LEFT_OUT = {
    "in_custody": "In custody",
    "died": "Died",
    "unknown": "Not known",
    "not_linked": "Not linked",
}
IDLE = dict.fromkeys(("corrected", "corrected_lower", "corrected_upper")) | {"error_origin": ""}
HEADINGS = {
    "truth": "Corrected (errors of links known: invented people)",
    "assumption": "Corrected (errors of links assumed)",
}
HOLLOW = {
    CORRECTED: "rate corrected for missed and wrong links",
    STANDARDISED: "standardised rate of the same women",
}
Places = dict[tuple[str, ...], Row]


class Headline(NamedTuple):
    """The figure a reader takes away: the latest period's rate of one cohort; '' where it is not corrected, or where it
    is not one of deaths, which have a rate by the time at risk. `series`: the place of its cohort, as in the drawings.
    """

    cohort: str
    outcome: str
    rate: str
    interval: str
    corrected: str
    period: str
    by_time: str
    series: int


class Section(NamedTuple):
    """One table: its figures, one chart an outcome with the numbers of it, and more numbers that open on demand.

    A table with a health warning has no headlines: what it is there for is to be read with that. A chart of which every
    rate is suppressed is ''.
    """

    anchor: str
    title: str
    subtitle: str
    health_warning: str
    headlines: tuple[Headline, ...]
    figures: tuple[tuple[str, str, Grid], ...]
    frequencies: tuple[Grid, ...]
    more: tuple[tuple[str, tuple[Grid, ...]], ...]
    notes: tuple[str, ...]
    pictures: tuple[Picture, ...] = ()


def section(rows: Sequence[Row], about: Description) -> Section:
    """The section of one table. `rows`: its published rows, in the order they are to be read."""
    rows = but_idle_corrections(rows, about)
    best = main_threshold(rows)
    main = [row for row in rows if row["threshold"] == best]
    return Section(
        anchor=about.table_id,
        title=heading(about),
        subtitle=about.title,
        health_warning=about.health_warning,
        headlines=() if about.health_warning else tuple(headlines(main, about)),
        figures=tuple(figure(rows, main, outcome, about) for outcome in by_itself(about)),
        frequencies=frequency_view.grids(main, about),
        pictures=(*in_order(rows, main, about), *needs_together(main, about)),
        more=tuple((title, grids(main, name, about)) for name, title in about.breakdowns.items() if held(main, name)),
        notes=about.notes,
    )


def but_idle_corrections(rows: Sequence[Row], about: Description) -> list[Row]:
    """The rows without the corrected rates of outcomes in which nothing is corrected: where a woman without a record,
    or without an answer, is not counted, it is the rate again, by its definition.
    """
    counts_everybody = {outcome for outcome, never in about.never.items() if {"unknown", "not_linked"} <= {*never}}
    return [row if row["outcome"] in counts_everybody else row | IDLE for row in rows]


def by_itself(about: Description) -> list[str]:
    """Outcomes that are drawn one by one, and not in the order in which they came."""
    together = {outcome for _, words in about.pictured.orders for outcome in words}
    return [outcome for outcome in about.outcomes if outcome not in together]


def heading(about: Description) -> str:
    """The name of the table in words; of an association its theme and what it is by."""
    named = [about.theme, *about.by] if about.health_warning else [about.table_id]
    return ", ".join([named[0].replace("_", " ").capitalize(), *named[1:]])


def main_threshold(rows: Iterable[Row]) -> str:
    """The linkage threshold a reader should use: medium where the table has it."""
    present = {row["threshold"] for row in rows}
    return next((threshold for threshold in PREFERRED if threshold in present), "medium")


def headlines(main: Sequence[Row], about: Description) -> Iterable[Headline]:
    """The latest period of each cohort and outcome."""
    for outcome in by_itself(about):
        for series, (cohort, title) in enumerate(about.cohorts.items()):
            totals = [
                row for row in main if (row["outcome"], row["cohort"], row["breakdown"]) == (outcome, cohort, ALL)
            ]
            if totals:
                last = totals[-1]
                corrected = corrected_text(last) if last["value"] is not None else ""
                said = (rate_text(last), interval_text(last), corrected, period_text(last), deaths_view.rate_text(last))
                yield Headline(title, about.outcomes[outcome], *said, series)


def figure(rows: Sequence[Row], main: Sequence[Row], outcome: str, about: Description) -> tuple[str, str, Grid]:
    """(chart, caption, table of all women) of one outcome."""
    of_outcome = [row for row in main if row["outcome"] == outcome]
    others = {threshold: at(rows, threshold) for threshold in ("high", "low")}
    totals = [row for row in of_outcome if row["breakdown"] == ALL]
    charted = next(iter(about.breakdowns), "") if about.health_warning else CHARTED
    groups = [row for row in of_outcome if row["breakdown"] == charted and row["status"] != "z"]
    latest = groups[-1]["period"] if groups else ""
    below = STANDARDISED if any(row["standardised_by"] for row in of_outcome) else CORRECTED
    drawn_groups = [point(row, row["category"], about, others, below) for row in groups if row["period"] == latest]
    by = "By age" if charted == CHARTED else about.breakdowns.get(charted, "")
    panels = [
        Panel(f"All {about.counted}", [point(row, period_text(row), about, others, below) for row in totals]),
        Panel(f"{by}, {all_periods(latest).lower()}", drawn_groups),
    ]
    title = about.outcomes[outcome]
    axis, instead = f"{about.counted} with the outcome, %", alternative(title, totals, about)
    something = any(point.rate is not None for panel in panels for point in panel.points)
    drawn = rates(panels, list(about.cohorts.values()), axis, instead, below=below) if something else ""
    said = caption(title, panels, below) if something else f"{title}. No rate of it can be shown, so it is not drawn."
    return drawn, said, totals_grid(title, totals, others, about)


def caption(title: str, panels: Iterable[Panel], below: str) -> str:
    """What the drawing of an outcome shows, with what its symbols mean."""
    points = [point for panel in panels for point in panel.points]
    two = any(point.below is not None for point in points)
    said = (
        f"{title}.",
        "Dot: rate. Line: 95% interval.",
        bars(points, "rate"),
        f"Hollow dot: the {HOLLOW[below]}. Thin line: its 95% interval." if two else "",
        key(symbol for point in points for symbol in (point.mark, point.below_mark if two else "")),
    )
    return " ".join(filter(None, said))


def totals_grid(title: str, totals: Sequence[Row], others: dict[str, Places], about: Description) -> Grid:
    """A line per cohort and period, with who was left out, as far as the outcome leaves anybody out."""
    left_out = [name for name in LEFT_OUT if any(row[name] != 0 for row in totals if can_leave(row, name, about))]
    extra = corrected_columns(totals)
    by_time = deaths_view.columns(totals)
    columns = ("Period", "Rate", "95% interval", *extra, "Counted", "With the outcome", *by_time)
    columns = (*columns, "Strict / loose linkage")
    lines = []
    for row in totals:
        ends = [others[threshold].get(place(row)) for threshold in ("high", "low")]
        shown = [rate_text(row), interval_text(row), *[corrected_text(row)] * len(extra)]
        shown += [count_text(row, "denominator"), count_text(row, "numerator"), *deaths_view.cells(row, len(by_time))]
        cells = [period_text(row), *shown, " / ".join(rate_text(end) for end in ends if end)]
        cells += [count_text(row, name) for name in left_out]
        lines.append(Line(about.cohorts[row["cohort"]], tuple(cells)))
    spans = (("", len(columns)), ("Left out", len(left_out))) if left_out else ()
    return Grid(
        title,
        about.counted.capitalize(),
        spans,
        (*columns, *(left_out_title(name, totals, about) for name in left_out)),
        tuple(lines),
        words=1,
    )


def left_out_title(name: str, totals: Sequence[Row], about: Description) -> str:
    """The heading of women left out for this reason. From deaths only who had died before day 0 is left out."""
    of_deaths = name == "died" and any(row["outcome"] in about.of_deaths for row in totals)
    return "Dead before day 0" if of_deaths else LEFT_OUT[name]


def can_leave(row: Row, name: str, about: Description) -> bool:
    """Does its outcome leave women out for this reason?"""
    return name not in about.never.get(row["outcome"], ())


def grids(main: Sequence[Row], breakdown: str, about: Description) -> tuple[Grid, ...]:
    """One table per outcome and cohort: categories down, periods across."""
    found = []
    for outcome, outcome_title in about.outcomes.items():
        for cohort, cohort_title in about.cohorts.items():
            rows = [r for r in main if (r["outcome"], r["cohort"], r["breakdown"]) == (outcome, cohort, breakdown)]
            if rows:
                caption = f"{outcome_title}: {cohort_title}, by {about.breakdowns[breakdown].lower()}"
                found.append(grid(caption, about.breakdowns[breakdown], rows, about.counted.capitalize()))
    return tuple(found)


def grid(caption: str, first: str, rows: Sequence[Row], counted: str) -> Grid:
    """Categories with anybody in them, with those counted, rate and interval of each period."""
    periods = list(dict.fromkeys(row["period"] for row in rows))
    cells = {(row["category"], row["period"]): row for row in rows}
    categories = [
        c for c in dict.fromkeys(r["category"] for r in rows) if any(inhabited(cells.get((c, p))) for p in periods)
    ]
    columns = (counted, "Rate", "95% interval", *corrected_columns(rows))
    lines = tuple(
        Line(c, tuple(text for period in periods for text in figures(cells.get((c, period)), len(columns))))
        for c in categories
    )
    spans = tuple((all_periods(period), len(columns)) for period in periods)
    return Grid(caption, first, spans, columns * len(periods), lines, note=not_to_compare.warning(rows))


def figures(row: Row | None, many: int) -> tuple[str, ...]:
    """Women counted, rate, interval and, of four, the corrected rate; [z] where the table has no such cell."""
    if not row:
        return ("[z]",) * many
    return (count_text(row, "denominator"), rate_text(row), interval_text(row), corrected_text(row))[:many]


def corrected_columns(rows: Iterable[Row]) -> tuple[str, ...]:
    """The heading of corrected rates, with where the errors are known from; none where nothing is corrected."""
    origins = dict.fromkeys(row["error_origin"] for row in rows if row["error_origin"])
    return tuple(HEADINGS.get(origin, f"Corrected (errors of links: {origin})") for origin in origins)


def origins(rows: Iterable[Row]) -> list[str]:
    """Where the rates of errors have come from, in words."""
    return [said_of_origin(origin) for origin in dict.fromkeys(row["error_origin"] for row in rows) if origin]


def said_of_origin(origin: str) -> str:
    """An origin in words."""
    if origin.startswith("review "):
        return f"{origin}, of records seen in clear inside departments; how many were never compared is assumed"
    return {
        "truth": "links known to be right or wrong, since the people are invented: of real people nobody knows it",
        "assumption": "an assumption, which stands below with its reasons",
    }[origin]


def inhabited(row: Row | None) -> bool:
    """Is there anybody in this cell?"""
    return row is not None and row["status"] != "z"


def held(main: Iterable[Row], breakdown: str) -> bool:
    """Has the table this breakdown?"""
    return any(row["breakdown"] == breakdown for row in main)


def at(rows: Iterable[Row], threshold: str) -> Places:
    """{place: row} at one linkage threshold."""
    return {place(row): row for row in rows if row["threshold"] == threshold}


def place(row: Row) -> tuple[str, ...]:
    """Which cell, whatever the threshold."""
    return tuple(row[name] for name in ("cohort", "outcome", "period", "breakdown", "category"))


def point(row: Row, group: str, about: Description, others: dict[str, Places], below: str) -> Point:
    """The row as it is drawn. `below`: the name of the rate that stands below its own."""
    strict, loose = (others[threshold].get(place(row), {}).get("value") for threshold in ("high", "low"))
    series = about.cohorts[row["cohort"]]
    figures = (row["value"], row["lower"], row["upper"], strict, loose, mark(row["status"]))
    symbol = mark(row["standardised_status"]) if below == STANDARDISED else ""
    return Point(group, series, *figures, row[below], row[f"{below}_lower"], row[f"{below}_upper"], symbol)


def alternative(title: str, totals: Iterable[Row], about: Description) -> str:
    """What the chart shows, for those who do not see it."""
    said = (f"{about.cohorts[row['cohort']]}, {period_text(row)}: {rate_text(row)}" for row in totals)
    return f"Chart. {title}. {'; '.join(said)}. The figures stand in the tables below."
