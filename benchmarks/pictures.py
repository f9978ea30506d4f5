"""Drawings of benchmarks, as SVG files that stand by themselves."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

import altair as alt

from linkage.report.charts import COLOURS, GREY, svg
from linkage.synthetic.achieved import NEAR, Measured

WIDTH, LINE = 250, 17
FURTHEST = 1.5
PADDING = {"left": 5, "top": 5, "right": 90, "bottom": 5}  # the figures stand to the right of a panel


def of_targets(found: Sequence[Measured]) -> str:
    """What was achieved as a multiple of its target, a small panel per theme, with two standard errors either way.

    The grey band is a tenth either way; a figure further off than FURTHEST is drawn at the edge.
    """
    themes = list(dict.fromkeys(one.theme for one in found))
    panels = {theme: panel(theme, [one for one in found if one.theme == theme]) for theme in themes}
    sides = (alt.vconcat(*(panels[theme] for theme in side), spacing=18) for side in halves(found))
    chart = alt.hconcat(*sides, spacing=24, padding=PADDING).resolve_scale(x="shared")
    met = sum(one.met for one in found)
    drawn = svg(chart, f"{met} of {len(found)} targets met; each figure as a multiple of its target, by theme")
    return drawn.replace("<svg ", '<svg style="background: white; color: black" ', 1)


def halves(found: Sequence[Measured]) -> tuple[list[str], list[str]]:
    """The themes in their order, parted where the left side has about half of the targets."""
    many = Counter(one.theme for one in found)
    reached = dict(zip(many, accumulate(many.values()), strict=True))
    left = [theme for theme in many if 2 * reached[theme] - many[theme] < len(found)]
    return left, [theme for theme in many if theme not in left]


def panel(theme: str, found: Sequence[Measured]) -> alt.LayerChart:
    """One theme: a line per target."""
    order = [words(one) for one in found]
    values = [
        {
            "target": words(one),
            "times": within(one.got / one.aim),
            "low": within((one.got - 2 * one.error) / one.aim),
            "high": within((one.got + 2 * one.error) / one.aim),
            "met": one.met,
            "figures": f"{one.aim:.3g} → {one.got:.3g}",
        }
        for one in found
    ]
    scale = alt.Scale(domain=[2 - FURTHEST, FURTHEST], nice=False)
    axis = alt.Axis(ticks=False, domain=False, labelLimit=230, minExtent=235, maxExtent=235)
    rows = alt.Chart(alt.InlineData(values=values)).encode(y=alt.Y("target:N", sort=order, title=None, axis=axis))
    colour = alt.condition("datum.met", alt.value(COLOURS[0]), alt.value(COLOURS[1]))
    band = alt.Chart(alt.InlineData(values=[{"from": 1 - NEAR, "to": 1 + NEAR}]))
    layers = [
        band.mark_rect(color=GREY, opacity=0.2).encode(x=alt.X("from:Q", scale=scale), x2="to:Q"),
        rows.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=scale), x2="high:Q", color=colour),
        rows.mark_point(filled=True, size=45, opacity=1).encode(
            x=alt.X(
                "times:Q",
                scale=scale,
                title=None,
                axis=alt.Axis(values=[0.5, 0.75, 1, 1.25, 1.5], format=".2f", domain=False),
            ),
            color=colour,
        ),
        rows.mark_text(align="left", fontSize=11).encode(x=alt.value(WIDTH + 8), text="figures:N"),
    ]
    return alt.layer(*layers).properties(width=WIDTH, height=LINE * len(found), title=theme)


def words(one: Measured) -> str:
    """The name of a target in words."""
    return one.name.replace("_", " ")


def within(times: float) -> float:
    """A multiple as far off as is drawn."""
    return min(max(times, 2 - FURTHEST), FURTHEST)
