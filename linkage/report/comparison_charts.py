"""The drawings of a comparison: differences with their intervals, and how alike the women are before and after."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt

from linkage.report.charts import COLOURS, GREY, SHAPES, WIDTH, legend, svg, word_axis

ROW, SMALL_ROW = 44, 18  # pixels a row takes
SERIES = ("matched women", "before matching")
LIMIT = 0.1
WORDS = 330  # pixels for what stands at the side


class Difference(NamedTuple):
    """A difference in points with its interval, and how it is printed; None where it is not given."""

    outcome: str
    series: str
    difference: float | None
    lower: float | None
    upper: float | None
    text: str


class Alike(NamedTuple):
    """The standardised difference of a share, before or after matching; `known`: what was known, the panel it is in."""

    known: str
    category: str
    series: str
    smd: float


def differences(found: Sequence[Difference], axis: str, alternative: str) -> str:
    """A row per outcome: a dot and a line for matched women, and under it for all women."""
    rows = list(dict.fromkeys(one.outcome for one in found))
    base = placed(found, rows)
    known, unknown = (
        base.transform_filter("isValid(datum.difference)"),
        base.transform_filter("!isValid(datum.difference)"),
    )
    x = alt.X("difference:Q", title=axis, axis=alt.Axis(format="+"))
    figure = known.mark_text(align="left", dx=7, fontSize=11).encode(
        x="upper:Q", text="text:N", color=alt.value("currentColor")
    )
    layers = [
        at(0, "difference"),
        known.mark_rule(strokeWidth=2).encode(x=alt.X("lower:Q"), x2="upper:Q"),
        known.mark_point(filled=True, size=80, opacity=1).encode(x=x, shape=shape(SERIES)),
        figure,
        unknown.mark_text(align="left", fontSize=12).encode(x=alt.XDatum(0), text="text:N"),
    ]
    return svg(alt.layer(*layers).properties(width=WIDTH, height=ROW * len(rows)), alternative)


def love_plot(found: Sequence[Alike], alternative: str) -> str:
    """A panel for what was known before and a row per category, in which both marks stand; lines where women count as
    out of balance. After T. E. Love.
    """
    far = max(LIMIT, *(abs(one.smd) for one in found))
    scale, panels = alt.Scale(domain=[-far, far]), list(dict.fromkeys(one.known for one in found))
    series = tuple(name for name in SERIES if any(one.series == name for one in found))
    drawn = [
        panel([one for one in found if one.known == known], known, scale, known == panels[-1], series)
        for known in panels
    ]
    resolve = alt.Resolve(scale=alt.ScaleResolveMap(color="shared", shape="shared"))
    return svg(alt.vconcat(*drawn, spacing=8, resolve=resolve), alternative)


def panel(found: Sequence[Alike], known: str, scale: alt.Scale, last: bool, series: Sequence[str]) -> Any:
    """One panel of a love plot; the axis is written under the last. `series`: those that any panel draws."""
    rows = list(dict.fromkeys(one.category for one in found))
    base = alt.Chart(alt.InlineData(values=[one._asdict() for one in found])).encode(
        y=alt.Y("category:N", sort=rows, title=None, axis=word_axis(WORDS)),
        color=colour(series),
    )
    axis, title = alt.Axis(format="+.2f", labels=last), "standardised difference of the shares" if last else None
    marks = base.mark_point(filled=True, size=55, opacity=1).encode(
        x=alt.X("smd:Q", title=title, axis=axis, scale=scale), shape=shape(series)
    )
    lines = (at(end, "smd") for end in (-LIMIT, 0, LIMIT))
    return alt.layer(*lines, marks, width=WIDTH, height=SMALL_ROW * len(rows), title=known)


def placed(found: Sequence[Difference], rows: Sequence[str]) -> Any:
    """Marks a row each, the series under each other."""
    return alt.Chart(alt.InlineData(values=[one._asdict() for one in found])).encode(
        y=alt.Y("outcome:N", sort=list(rows), title=None, axis=word_axis(WORDS)),
        yOffset=alt.YOffset("series:N", scale=alt.Scale(domain=list(SERIES), paddingOuter=0.5)),
        color=colour(SERIES),
    )


def colour(series: Sequence[str]) -> alt.Color:
    """Matched women first; the legend has what is drawn."""
    scale = alt.Scale(domain=list(SERIES), range=list(COLOURS[: len(SERIES)]))
    return alt.Color("series:N", **legend(series), scale=scale)


def shape(series: Sequence[str]) -> alt.Shape:
    """The same by shape."""
    scale = alt.Scale(domain=list(SERIES), range=list(SHAPES[: len(SERIES)]))
    return alt.Shape("series:N", **legend(series), scale=scale)


def at(value: float, field: str) -> Any:
    """A grey line down the drawing."""
    return alt.Chart(alt.InlineData(values=[{field: value}])).mark_rule(color=GREY).encode(x=f"{field}:Q")
