"""What is drawn together on the release page: which needs combine, and which contacts came first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt

from linkage.contracts.analysis import Description
from linkage.report.charts import COLOURS, GREY, WIDE_AXIS, Panel, Point, bars, rates, svg
from linkage.report.grid import Grid, Line
from linkage.report.wording import ALL, interval_text, key, mark, rate_text

Row = dict[str, Any]
MOST_DRAWN = 15
LINE = 22
COLUMN = 30
BARS = 500


class Picture(NamedTuple):
    """A drawing, what it shows, and the table of it."""

    drawing: str
    caption: str
    grid: Grid


def needs_together(main: Sequence[Row], about: Description) -> Iterable[Picture]:
    """Which needs come together, of each cohort and outcome: the largest combinations that are shown.

    `main`: published rows at the threshold a reader should use.
    """
    for breakdown, needs in about.pictured.combined.items():
        for outcome in about.outcomes:
            for cohort in about.cohorts:
                place = (outcome, cohort, breakdown)
                rows = [row for row in main if (row["outcome"], row["cohort"], row["breakdown"]) == place]
                if shown := sorted((row for row in rows if row["value"] is not None), key=largest_first):
                    yield picture(shown, len(rows), needs, about)


def largest_first(row: Row) -> tuple[int, str]:
    """Rows of many women first."""
    return -row["denominator"], row["category"]


def picture(shown: Sequence[Row], declared: int, needs: Mapping[str, tuple[str, ...]], about: Description) -> Picture:
    """One cohort's combinations, in its latest period."""
    row = shown[0]
    cohort, outcome = about.cohorts[row["cohort"]], about.outcomes[row["outcome"]]
    drawn = shown[:MOST_DRAWN]
    counted = "; ".join(f"{one['category']}: {one['denominator']:,} women, {rate_text(one)}" for one in drawn)
    title = f"{cohort}, by {about.breakdowns[row['breakdown']].lower()}"
    largest = f", of which the {len(drawn)} largest are drawn" if len(drawn) < len(shown) else ""
    caption = (
        f"{title}. Each line is a combination: full dots are the needs that these women have, and no others. Bar: how "
        f"many women. Beside it the share with the outcome ({outcome.lower()}). {len(shown)} of {declared} "
        f"combinations can be shown{largest}; the others have nobody in them, too few, or protect another."
    )
    titles = about.pictured.needs[row["breakdown"]]
    known = "; ".join(f"{need} ({said[0].lower()}{said[1:]})" for need, said in titles.items())
    symbols = key(mark(one["status"]) for one in drawn)
    columns = ("Women", "With the outcome", "Rate", "95% interval")
    lines = tuple(Line(one["category"], figures(one)) for one in shown)
    grid = Grid(f"{outcome}: {title}", "Needs", (), columns, lines)
    drawing = upset(drawn, needs, f"Chart. {title}. {counted}. The figures stand in the table below.")
    return Picture(drawing, f"{caption} Needs: {known}. {symbols}".strip(), grid)


def figures(row: Row) -> tuple[str, ...]:
    """What a line of the table says."""
    return f"{row['denominator']:,}", f"{row['numerator']:,}", rate_text(row), interval_text(row)


def upset(drawn: Sequence[Row], needs: Mapping[str, tuple[str, ...]], alternative: str) -> str:
    """Dots for the needs of each combination, and beside them a bar for its women.

    After Lex and others, UpSet: visualization of intersecting sets (IEEE TVCG 20, 2014).
    """
    order = [row["category"] for row in drawn]
    every = [one for category in needs if len(of := needs[category]) == 1 for one in of]
    dots = [{"c": c, "need": need, "full": need in needs[c]} for c in order for need in every]
    bars = [
        {"c": r["category"], "n": r["denominator"], "text": f"{r['denominator']:,} ({rate_text(r)})"} for r in drawn
    ]
    y = alt.Y("c:N", sort=order, axis=None)
    x = alt.X("need:N", sort=every, title=None, axis=alt.Axis(orient="top", labelAngle=-40, domain=False, ticks=False))
    height = LINE * len(order)
    base = alt.Chart(alt.InlineData(values=dots)).encode(x=x, y=y)
    empty = base.mark_point(filled=True, size=60, color=GREY, opacity=0.35)
    full = base.transform_filter("datum.full").mark_point(filled=True, size=90, color=COLOURS[0], opacity=1)
    dotted = alt.layer(empty, full).properties(width=COLUMN * len(every), height=height)
    scale = alt.Scale(domain=[0, 1.25 * max(row["denominator"] for row in drawn)], nice=False)  # room for the figures
    beside = alt.Chart(alt.InlineData(values=bars)).encode(y=y)
    length = alt.X("n:Q", title="women", axis=alt.Axis(tickCount=4, domain=False), scale=scale)
    barred = alt.layer(
        beside.mark_bar(color=COLOURS[0], height=12).encode(x=length),
        beside.mark_text(align="left", dx=5, fontSize=11).encode(x=length, text="text:N"),
    ).properties(width=BARS, height=height)
    return svg(alt.hconcat(dotted, barred, spacing=8), alternative)


def in_order(rows: Sequence[Row], main: Sequence[Row], about: Description) -> Iterable[Picture]:
    """Which kind of contact came first, and which next: a picture of the latest period of each cohort.

    `rows`: at every threshold; `main`: those at the one a reader should use.
    """
    told = [outcome for _, words in about.pictured.orders for outcome in words]
    for cohort in about.cohorts if told else ():
        of_cohort = [
            row for row in main if row["cohort"] == cohort and row["breakdown"] == ALL and row["outcome"] in told
        ]
        latest = {row["outcome"]: row for row in of_cohort}
        if latest:
            yield ordered(latest, [row for row in rows if row["cohort"] == cohort], about)


def ordered(latest: Mapping[str, Row], rows: Iterable[Row], about: Description) -> Picture:
    """The picture of one cohort. `latest`: {outcome: its row}."""
    one = next(iter(latest.values()))
    ends = {(row["outcome"], row["threshold"]): row["value"] for row in rows if row["period"] == one["period"]}
    cohort = about.cohorts[one["cohort"]]
    panels = [
        Panel(heading, [drawn_point(latest[outcome], word, cohort, ends) for outcome, word in words.items()])
        for heading, words in about.pictured.orders
    ]
    said = "; ".join(f"{about.outcomes[outcome]}: {rate_text(row)}" for outcome, row in latest.items())
    title = f"{panels[0].title}: {cohort}"
    instead = f"Chart. {title}. {said}. The figures stand in the table below."
    drawing = rates(panels, [cohort], "women, %", instead, WIDE_AXIS)
    drawn = f"{title}. Shares of all women; those of the first contact make up all. Dot: share. Line: 95% interval."
    points = [point for panel in panels for point in panel.points]
    symbols = key(point.mark for point in points)
    days = (by_day(outcome, latest, about) for outcome in about.pictured.spans)
    caption = " ".join(filter(None, (drawn, bars(points, "share"), symbols, *days)))
    lines = tuple(Line(words_of(outcome, about), line(row)) for outcome, row in latest.items())
    return Picture(drawing, caption, Grid(title, "First", (), ("Women", "Of them", "Share", "95% interval"), lines))


def drawn_point(row: Row, word: str, series: str, ends: Mapping[tuple[str, str], float | None]) -> Point:
    """A share as it is drawn."""
    strict, loose = (ends.get((row["outcome"], threshold)) for threshold in ("high", "low"))
    return Point(word, series, row["value"], row["lower"], row["upper"], strict, loose, mark(row["status"]))


def by_day(outcome: str, latest: Mapping[str, Row], about: Description) -> str:
    """How many in 100 of those with a first contact of one kind had had it by the end of each span but the last, by
    which all had; from the published counts alone, as far as none is suppressed. '' where nothing is known.
    """
    said: list[str] = []
    whole, reached = latest[outcome]["numerator"], 0
    for last, part in sorted(about.pictured.spans[outcome].items())[:-1]:
        if not whole or latest[part]["numerator"] is None:
            break
        reached = min(whole, reached + latest[part]["numerator"])  # rounded parts may be more than their whole
        said.append(f"{100 * reached / whole:.1f}% had it by day {last}")
    return f"Of women whose first was {words_of(outcome, about)} {' and '.join(said)}." if said else ""


def words_of(outcome: str, about: Description) -> str:
    """An outcome of an order, in the words of its contact."""
    return next(words[outcome] for _, words in about.pictured.orders if outcome in words)


def line(row: Row) -> tuple[str, ...]:
    """What a line of the table says, also of a row that is suppressed."""
    return figures(row) if row["value"] is not None else (mark(row["status"]),) * 4
