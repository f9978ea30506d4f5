"""The drawings of what is known of a linkage without a truth."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt

from linkage.report.charts import COLOURS, GREY, SHAPES, WIDE_AXIS, WIDTH, svg, word_axis
from linkage.report.facts import BlockingRule, WeightCount

LINE = 24  # pixels a row takes
NOW, BEFORE = "this run", "accepted run"


class Dot(NamedTuple):
    """A share of 0 to 1 in a row, with its interval where one is known; `panel`: the heading it stands under."""

    panel: str
    row: str
    series: str
    value: float
    lower: float | None = None
    upper: float | None = None


def dots(found: Sequence[Dot], axis: str) -> str:
    """A row per group and a dot per series, with intervals; panels above each other on one scale."""
    panels, series = list(dict.fromkeys(d.panel for d in found)), list(dict.fromkeys(d.series for d in found))
    least = min(min(d.value, d.value if d.lower is None else d.lower) for d in found)
    scale = alt.Scale(domain=[max(0.0, int(20 * least - 0.5) / 20), 1.0], nice=False)
    drawn = [
        panel([d for d in found if d.panel == name], series, scale, axis if name is panels[-1] else "").properties(
            title=name
        )
        for name in panels
    ]
    said = (f"{d.panel}, {d.row}, {d.series}: {d.value:.1%}" for d in found)
    return svg(
        alt.vconcat(*drawn, spacing=10).resolve_scale(color="shared", shape="shared"), f"{axis}. {'; '.join(said)}."
    )


def panel(found: Sequence[Dot], series: Sequence[str], scale: alt.Scale, axis: str) -> Any:
    """One panel of `dots`; the axis is written under the last."""
    rows = list(dict.fromkeys(d.row for d in found))
    legend = alt.Legend(title=None, orient="top") if len(series) > 1 else None
    base = alt.Chart(alt.InlineData(values=[d._asdict() for d in found])).encode(
        y=alt.Y("row:N", sort=rows, title=None, axis=word_axis(WIDE_AXIS)),
        yOffset=alt.YOffset("series:N", sort=list(series), scale=alt.Scale(paddingOuter=0.6)),
        color=alt.Color(
            "series:N", sort=list(series), legend=legend, scale=alt.Scale(domain=series, range=COLOURS[: len(series)])
        ),
    )
    x = alt.X("value:Q", scale=scale, title=axis or None, axis=alt.Axis(format="%", tickCount=6))
    shape = alt.Shape("series:N", legend=legend, scale=alt.Scale(domain=series, range=SHAPES[: len(series)]))
    ranges = base.transform_filter("isValid(datum.lower)").mark_rule(strokeWidth=2)
    return alt.layer(
        ranges.encode(x=alt.X("lower:Q", scale=scale), x2="upper:Q"),
        base.mark_point(filled=True, size=60, opacity=1).encode(x=x, shape=shape),
    ).properties(width=WIDTH, height=LINE * len(rows) * (0.6 + 0.4 * len(series)))


def scores(now: Sequence[WeightCount], before: Sequence[WeightCount]) -> str:
    """The share of pairs at each match weight, in this run and in the one accepted last."""
    runs = {NOW: now, BEFORE: before}
    values = [
        {"run": run, "bits": row["weight_from"], "share": row["pairs"] / sum(r["pairs"] for r in rows)}
        for run, rows in runs.items()
        for row in rows
    ]
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("bits:Q", title="match weight, bits"),
            y=alt.Y("share:Q", title="share of pairs", axis=alt.Axis(format="%", tickCount=4, grid=True)),
            color=alt.Color(
                "run:N",
                sort=list(runs),
                scale=alt.Scale(domain=list(runs), range=list(COLOURS[:2])),
                legend=alt.Legend(title=None, orient="top"),
            ),
            strokeDash=alt.StrokeDash("run:N", sort=list(runs), legend=None),
        )
        .properties(width=WIDTH, height=150)
    )
    return svg(chart, "Shares of pairs by match weight, in this run and in the accepted one.")


def rules(found: Mapping[str, Sequence[BlockingRule]]) -> str:
    """A bar per rule: the pairs it makes, in dark those no other rule makes; a panel per view."""
    parts = ("by another rule too", "by no other rule")
    drawn = []
    for view, of_view in found.items():
        values = [
            {"rule": rule["rule"], "part": part, "pairs": pairs, "place": place}
            for rule in of_view
            for place, (part, pairs) in enumerate(
                zip(parts, (rule["pairs"] - rule["alone"], rule["alone"]), strict=True)
            )
        ]
        chart = alt.Chart(alt.InlineData(values=values)).mark_bar(height=13).encode(
            x=alt.X("pairs:Q", title="pairs", axis=alt.Axis(format="~s", tickCount=5)),
            y=alt.Y("rule:N", sort=[rule["rule"] for rule in of_view], title=None, axis=word_axis(WIDE_AXIS)),
            order="place:O",
            color=alt.Color(
                "part:N",
                scale=alt.Scale(domain=list(parts), range=[GREY, COLOURS[1]]),
                legend=alt.Legend(title=None, orient="top"),
            ),
        )  # fmt: skip
        drawn.append(chart.properties(width=WIDTH, height=LINE * len(of_view), title=f"view {view}"))
    said = (f"{view}, {r['rule']}: {r['pairs']:,}" for view, of_view in found.items() for r in of_view)
    return svg(alt.vconcat(*drawn, spacing=10).resolve_scale(color="shared"), f"Pairs of each rule. {'; '.join(said)}.")
