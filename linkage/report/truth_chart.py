"""The drawing of how far published rates of invented people are from what perfect links would show."""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

import altair as alt

from linkage.report.charts import COLOURS, GREY, WIDE_AXIS, WIDTH, svg, word_axis

LINE = 34  # pixels a row takes


class Off(NamedTuple):
    """How many points one rate is off."""

    row: str
    series: str
    points: float


def differences(found: Sequence[Off]) -> str:
    """A row per outcome: a faint tick for each rate, a dot where they are off on average; a series under the other."""
    rows, series = (list(dict.fromkeys(one[place] for one in found)) for place in (0, 1))
    means = [
        {"row": row, "series": name, "points": fmean(mine)}
        for row in rows
        for name in series
        if (mine := [one.points for one in found if one[:2] == (row, name)])
    ]
    scale = alt.Scale(domain=series, range=list(COLOURS[: len(series)]))
    legend = alt.Legend(title=None, orient="top")

    def placed(values: Sequence[object]) -> alt.Chart:
        return alt.Chart(alt.InlineData(values=list(values))).encode(
            x=alt.X("points:Q", title="points above what perfect links show"),
            y=alt.Y("row:N", sort=rows, title=None, axis=word_axis(WIDE_AXIS)),
            yOffset=alt.YOffset("series:N", sort=series, scale=alt.Scale(paddingOuter=0.4)),
            color=alt.Color("series:N", sort=series, scale=scale, legend=legend),
        )

    ticks = placed([one._asdict() for one in found]).mark_tick(thickness=1.5, size=11, opacity=0.25)
    dots = placed(means).mark_point(filled=True, size=70, opacity=1)
    none = alt.Chart(alt.InlineData(values=[{"points": 0}])).mark_rule(color=GREY).encode(x="points:Q")
    said = "; ".join(f"{one['row']}, {one['series']}: {one['points']:+.1f} on average" for one in means)
    return svg(
        alt.layer(none, ticks, dots).properties(width=WIDTH, height=LINE * len(rows)),
        f"Points above what perfect links show. {said}.",
    )
