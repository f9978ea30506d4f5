"""The drawings of the quality report."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import altair as alt

from linkage.report.charts import COLOURS, GREY, WIDE_AXIS, WIDTH, svg, word_axis
from linkage.report.facts import Intake, Level, Reidentified, WeightCount

BLUE, VERMILLION = COLOURS[:2]
LINE = 22  # pixels a bar takes


def balance(intakes: Sequence[Intake]) -> str:
    """A bar per extract: which share of its rows was used, was out of scope, was quarantined."""
    parts = ("used", "out of scope", "quarantined")
    values = [
        {"extract": one["title"], "part": part, "rows": rows, "place": place}
        for one in intakes
        for place, (part, rows) in enumerate(
            zip(parts, (one["rows_out"], one["out_of_scope"], sum(one["quarantined"].values())), strict=True)
        )
    ]
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(height=16)
        .encode(
            x=alt.X("rows:Q", stack="normalize", title="share of rows", axis=alt.Axis(format="%", tickCount=5)),
            y=alt.Y("extract:N", sort=[one["title"] for one in intakes], title=None, axis=word_axis(WIDE_AXIS)),
            order="place:O",
            color=alt.Color(
                "part:N",
                scale=alt.Scale(domain=list(parts), range=[BLUE, GREY, VERMILLION]),
                legend=alt.Legend(title=None, orient="top"),
            ),
        )
        .properties(width=WIDTH, height=LINE * 1.3 * len(intakes))
    )
    said = (f"{one['title']}: {one['rows_out']:,} of {one['rows_in']:,} rows used" for one in intakes)
    return svg(chart, f"Chart. {'; '.join(said)}.")


def weights_of(model: Mapping[str, Sequence[Level]]) -> str:
    """A bar per level of each comparison: bits of evidence, log2 (m / u), for (right) or against one person (left)."""
    values: list[dict[str, Any]] = [
        {
            "comparison": name.replace("_", " "),
            "level": level["label"],
            "bits": math.log2(level["m"] / level["u"]),
            "place": n,
        }
        for name, levels in model.items()
        for n, level in enumerate(levels)
        if level["m"] and level["u"]
    ]
    comparisons = list(dict.fromkeys(v["comparison"] for v in values))
    limits = [min(v["bits"] for v in values) - 2, max(v["bits"] for v in values) + 2]
    panels = [
        weights_panel([v for v in values if v["comparison"] == name], limits, name is comparisons[-1]).properties(
            title=name
        )
        for name in comparisons
    ]
    said = (f"{v['comparison']}, {v['level']}: {v['bits']:+.1f}" for v in values)
    return svg(alt.vconcat(*panels, spacing=8), f"Chart of evidence in bits. {'; '.join(said)}.")


def weights_panel(values: list[dict[str, Any]], limits: list[float], is_last: bool) -> Any:
    """The levels of one comparison; the axis is written under the last."""
    bits = alt.X(
        "bits:Q",
        title="bits of evidence that it is one person" if is_last else None,
        scale=alt.Scale(domain=limits, nice=False),
        axis=alt.Axis(labels=is_last, ticks=is_last, domain=False),
    )
    level = alt.Y("level:N", sort=[v["level"] for v in values], title=None, axis=word_axis(WIDE_AXIS))
    base = alt.Chart(alt.InlineData(values=values)).encode(x=bits, y=level)
    colour = alt.condition("datum.bits >= 0", alt.value(BLUE), alt.value(VERMILLION))
    bars = base.mark_bar(height=12).encode(x=bits, color=colour)
    text = alt.Text("bits:Q", format="+.1f")
    ahead = base.transform_filter("datum.bits >= 0").mark_text(align="left", dx=4, fontSize=11).encode(text=text)
    behind = base.transform_filter("datum.bits < 0").mark_text(align="right", dx=-4, fontSize=11).encode(text=text)
    return alt.layer(bars, ahead, behind).properties(width=WIDTH, height=alt.Step(LINE))


def histogram(counts: Sequence[WeightCount]) -> str:
    """How many pairs have which match weight."""
    step = min((b["weight_from"] - a["weight_from"] for a, b in pairwise(counts)), default=1.0)
    values = [{"from": c["weight_from"], "to": c["weight_from"] + step, "pairs": c["pairs"]} for c in counts]
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X("from:Q", title="match weight, bits", bin="binned"),
            x2="to:Q",
            y=alt.Y("pairs:Q", title="pairs", axis=alt.Axis(tickCount=4, domain=False, format="~s", grid=True)),
        )
        .properties(width=WIDTH, height=170)
    )
    most = max(counts, key=lambda c: c["pairs"])["weight_from"]
    return svg(chart, f"Histogram of match weights. Most pairs lie between {most:g} and {most + step:g} bits.")


def reidentified(rows: Sequence[Reidentified]) -> str:
    """A bar per field and knowledge: the share of records re-identified, or believed where no truth is known."""
    values = [
        {
            "field": one["field"].replace("_", " "),
            "knowledge": one["knowledge"],
            "share": one["expected"] if one["right"] is None else one["right"],
        }
        for one in rows
    ]
    known = list(dict.fromkeys(str(value["knowledge"]) for value in values))
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(height=9)
        .encode(
            x=alt.X("share:Q", title="share of records", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            y=alt.Y("field:N", sort=[str(v["field"]) for v in values], title=None, axis=word_axis(WIDE_AXIS)),
            yOffset=alt.YOffset("knowledge:N", sort=known),
            color=alt.Color(
                "knowledge:N",
                sort=known,
                scale=alt.Scale(domain=known, range=list(COLOURS[: len(known)])),
                legend=alt.Legend(title=None, orient="top"),
            ),
        )
        .properties(width=WIDTH, height=LINE * 1.3 * len({str(v["field"]) for v in values}))
    )
    said = (f"{v['field']}, {v['knowledge']}: {v['share']:.1%}" for v in values)
    return svg(chart, f"Chart of shares re-identified. {'; '.join(said)}.")
