"""The drawings of rates: that nothing is cut off at their edges."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from linkage.report.charts import Panel, Point, bars, rates

WIDE_LETTER = 6.2  # pixels, of a letter in a wide font of the size that figures beside dots have


def shift(element: ElementTree.Element) -> float:
    """How far its own transform moves an element to the right."""
    found = re.search(r"translate\(([-\d.]+)", element.get("transform", ""))
    return float(found[1]) if found else 0.0


def starts(element: ElementTree.Element, left: float = 0.0) -> Iterator[tuple[str, float]]:
    """Every text that is written from its left edge on, with the pixel where it starts."""
    left += shift(element)
    if element.tag.endswith("}text") and element.get("text-anchor") == "start":
        yield element.text or "", left
    for child in element:
        yield from starts(child, left)


@pytest.mark.parametrize("upper", [59.9, 99.9])
def test_a_figure_beside_the_end_of_the_axis_has_room_in_a_wide_font(upper: float) -> None:
    point = Point("Women", "Released", upper - 9, upper - 20, upper, None, None, "[u]")
    drawing = ElementTree.fromstring(rates([Panel("All", [point])], ["Released"], "%", "Chart."))
    [(figure, start)] = [(text, left) for text, left in starts(drawing) if text.endswith("[u]")]
    assert start + WIDE_LETTER * len(figure) < float(drawing.get("width", 0))


@pytest.mark.parametrize(
    ("rate", "strict", "loose", "is_drawn"),
    [(20.0, 20.0, 21.0, True), (20.0, 19.0, None, True), (20.0, 20.0, 20.0, False), (20.0, None, None, False),
     (None, 19.0, 21.0, False)],
)  # fmt: skip
def test_bars_are_explained_where_one_stands_beside_its_dot(
    rate: float | None, strict: float | None, loose: float | None, is_drawn: bool
) -> None:
    alike = Point("Other women", "Released", 30.0, 20.0, 40.0, 30.0, 30.0, "")
    said = bars([alike, Point("Women", "Released", rate, rate, rate, strict, loose, "")], "share")
    assert said.startswith("Small bars across: the share when") if is_drawn else not said
