"""Charts as static SVG that takes the page's text colour, so one drawing serves light, dark and paper.

Vega-Lite through Altair and vl-convert. No mark is clipped: clip paths are numbered across calls, which would make two
runs differ, and two charts of one page share an id.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple

import altair as alt
import vl_convert

from linkage.report.wording import marked

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
# Blue and vermillion, then two more, of Okabe and Ito's palette for all kinds of colour vision, darkened or lightened
# until each has a contrast of 3:1 to a white and to a near-black page (WCAG 2.2, 1.4.11). Shape tells them apart too.
COLOURS = ("#2a7fbf", "#d2600f", "#2f9174", "#a86ea0")
SHAPES = ("circle", "square", "diamond", "triangle-up")
GREY = "#80868c"
WIDTH = 560
AXIS = 150
WIDE_AXIS = 250
ROW = 30
# Pixels round a drawing. More at the right, where figures stand beside the ends of intervals: a reader's font may be
# wider than the one by which the drawing was measured.
AROUND = {"left": 4, "top": 4, "bottom": 4, "right": 16}
BELOW = ", below"  # the place under that of a series
CORRECTED, STANDARDISED = "corrected", "standardised"
# What full and hollow dots are, by the rate that stands below.
KINDS = {
    CORRECTED: ("as linked", "corrected for missed and wrong links"),
    STANDARDISED: ("crude", "standardised"),
}


class Point(NamedTuple):
    """One rate in %, its interval, the rates at the strictest and the loosest linkage; and below it another rate of the
    same women with its interval. None when suppressed, or not known. `mark`, `below_mark`: the symbol in place of the
    rate or beside it.
    """

    group: str
    series: str
    rate: float | None
    lower: float | None
    upper: float | None
    strict: float | None
    loose: float | None
    mark: str
    below: float | None = None
    below_lower: float | None = None
    below_upper: float | None = None
    below_mark: str = ""


class Panel(NamedTuple):
    """Rates that stand together under a heading."""

    title: str
    points: Sequence[Point]


def rates(
    panels: Sequence[Panel],
    series: Sequence[str],
    axis: str,
    alternative: str,
    words: int = AXIS,
    below: str = CORRECTED,
) -> str:
    """Dots with intervals, a row per group, coloured by series; panels stand above each other on one scale.

    A suppressed rate shows its mark at the left edge, so that nothing missing looks like nothing found. `words`: the
    pixels that the names of groups take. `below`: which of `KINDS` the rates below are.
    """
    shown = [panel for panel in panels if panel.points]
    highest = max(9.0, *(end or 0.0 for panel in shown for p in panel.points for end in (p.upper, p.below_upper)))
    scale = alt.Scale(domain=[0, min(100, 10 * (int(highest / 10) + 1))], nice=False)
    drawn = [panel_of(panel, series, scale, axis if panel is shown[-1] else "", words, KINDS[below]) for panel in shown]
    resolve = alt.Resolve(scale=alt.ScaleResolveMap(color="shared", shape="shared", fill="shared"))
    chart = alt.vconcat(*drawn, spacing=14, resolve=resolve)
    return svg(chart, alternative)


def panel_of(
    panel: Panel, series: Sequence[str], scale: alt.Scale, axis: str, words: int, kinds: tuple[str, str]
) -> Any:
    """One panel of `rates`. A y axis of fixed extent keeps the panels in line whatever font the reader has."""
    groups = list(dict.fromkeys(p.group for p in panel.points))
    present = [s for s in series if any(p.series == s for p in panel.points)]
    values = [
        p._asdict() | {"end": p.upper or p.rate, "text": figure(p), "kind": kinds[1], "place": p.series + BELOW}
        for p in panel.points
    ]
    two = any(point.below is not None for point in panel.points)
    places = [place for s in present for place in ([s, s + BELOW] if two else [s])]
    in_place = alt.Scale(domain=places, paddingOuter=0.5)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("group:N", sort=groups, title=None, axis=word_axis(words)),
        yOffset=alt.YOffset("series:N", scale=in_place),
        color=alt.Color("series:N", **legend(series), scale=alt.Scale(domain=series, range=COLOURS[: len(series)])),
    )
    x = alt.X("rate:Q", scale=scale, title=axis or None, axis=alt.Axis(tickCount=6, domain=False, labels=bool(axis)))
    shapes = alt.Scale(domain=series, range=SHAPES[: len(series)])
    known, unknown = base.transform_filter("isValid(datum.rate)"), base.transform_filter("!isValid(datum.rate)")
    ends = [
        known.mark_tick(thickness=2, size=9).encode(x=alt.X(f"{end}:Q", scale=scale)) for end in ("strict", "loose")
    ]
    written = known.mark_text(align="left", dx=7, fontSize=11).encode(
        x=alt.X("end:Q", scale=scale), text="text:N", color=alt.value("currentColor")
    )
    layers = [
        known.mark_rule(strokeWidth=2).encode(x=alt.X("lower:Q", scale=scale), x2="upper:Q"),
        *ends,
        known.mark_point(filled=True, size=80, opacity=1).encode(
            x=x, shape=alt.Shape("series:N", **legend(series), scale=shapes)
        ),
        written,
        unknown.mark_text(align="left", fontSize=12).encode(x=alt.XDatum(0), text="mark:N"),
    ]
    if two:
        layers += rates_below(base.encode(yOffset=alt.YOffset("place:N", scale=in_place)), scale, kinds)
    height = ROW * max(1, len(groups)) * (0.55 + (0.7 if two else 0.45) * len(present))
    return alt.layer(*layers, width=WIDTH, height=height, title=panel.title)


def figure(point: Point) -> str:
    """What is written beside a dot."""
    return "" if point.rate is None else marked(f"{point.rate:.1f}", point.mark)


def bars(points: Iterable[Point], figure: str) -> str:
    """What the small bars are, where any stands beside its dot; elsewhere it is hidden under it, and '' is said."""
    if not any(p.rate is not None and {p.strict, p.loose} - {p.rate, None} for p in points):
        return ""
    return f"Small bars across: the {figure} when records are linked more strictly and more loosely."


def rates_below(base: Any, scale: alt.Scale, kinds: tuple[str, str]) -> list[Any]:
    """Under each dot a hollow one, the rate below, with a thin line for its interval, or the symbol in its place."""
    known, unknown = base.transform_filter("isValid(datum.below)"), base.transform_filter("!isValid(datum.below)")
    hollow = alt.Scale(domain=kinds, range=[GREY, "transparent"])
    key = alt.Legend(title=None, orient="top", symbolType="circle", symbolStrokeColor=GREY, labelLimit=WIDTH)
    return [
        known.mark_rule(strokeWidth=1).encode(x=alt.X("below_lower:Q", scale=scale), x2="below_upper:Q"),
        known.mark_point(filled=False, size=45, strokeWidth=2, opacity=1, shape="circle").encode(
            x=alt.X("below:Q", scale=scale), fill=alt.Fill("kind:N", scale=hollow, legend=key)
        ),
        known.mark_text(align="left", dx=7, fontSize=11).encode(
            x=alt.X("below_upper:Q", scale=scale), text="below_mark:N", color=alt.value("currentColor")
        ),
        unknown.mark_text(align="left", fontSize=12).encode(x=alt.XDatum(0), text="below_mark:N"),
    ]


def word_axis(extent: int) -> alt.Axis:
    """A y axis of words that takes `extent` pixels whatever they are. The reader's font may be wider than ours."""
    return alt.Axis(ticks=False, domain=False, labelLimit=0.8 * extent, minExtent=extent, maxExtent=extent)


def legend(series: Sequence[str]) -> dict[str, Any]:
    """A legend above the drawing, where there is something to tell apart."""
    if len(series) < 2:
        return {"legend": None}
    return {
        "legend": alt.Legend(title=None, orient="top", direction="vertical", labelLimit=WIDTH),
        "sort": list(series),
    }


def svg(chart: Any, alternative: str) -> str:
    """The drawing as one inline `<svg>` with a text for those who do not see it; the same chart, the same text."""
    axis = alt.AxisConfig(
        labelColor="currentColor",
        titleColor="currentColor",
        labelFontSize=13,
        titleFontSize=13,
        gridColor=GREY,
        gridOpacity=0.25,
        tickColor=GREY,
        titleFontWeight="normal",
        titlePadding=8,
        labelPadding=6,
    )
    # Each number at its tick, which pushes none into the next.
    numbers = alt.AxisConfig(labelFlush=False, labelOverlap="greedy", labelSeparation=8)
    legends = alt.LegendConfig(
        labelColor="currentColor", titleColor="currentColor", labelFontSize=13, symbolSize=80, symbolOpacity=1
    )
    # All in one call: Altair copies the chart, data and all, at every step.
    styled = chart.configure(
        background="transparent",
        font=FONT,
        aria=False,
        padding=AROUND,
        view=alt.ViewConfig(stroke=None),
        axis=axis,
        axisY=alt.AxisConfig(grid=False),
        axisQuantitative=numbers,
        legend=legends,
        text=alt.MarkConfig(color="currentColor", font=FONT),
        title=alt.TitleConfig(color="currentColor", font=FONT, fontSize=13, anchor="start", fontWeight="bold"),
    )
    drawing = vl_convert.vegalite_to_svg(styled.to_dict())
    return drawing.replace("<svg ", f'<svg role="img" aria-label="{escape(alternative)}" ', 1)
