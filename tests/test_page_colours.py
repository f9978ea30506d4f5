"""Colours of the pages, light and dark: words and marks stand out from their ground by WCAG 2.2."""

import itertools
import re

import pytest

from linkage.report import charts
from linkage.report.pages import TEMPLATES


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio by WCAG 2.2."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def palettes() -> dict[str, dict[str, str]]:
    """The colours of the light and of the dark page."""
    blocks = re.findall(r"color-scheme: light dark;(.*?)\}|dark\) \{\s*:root \{(.*?)\}", style(), flags=re.S)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", "".join(block))) for block in blocks)
    return {"light": light, "dark": dark}


def style() -> str:
    """The style sheet."""
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("words", "ground"),
    [
        *itertools.product(("ink", "soft", "link"), ("page", "panel")),
        *itertools.product(("good", "warn", "bad"), ("page",)),
        ("good", "good-page"), ("warn", "warn-page"), ("bad", "bad-page"),
        ("ink", "warn-page"), ("ink", "bad-page"), ("soft", "good-page"), ("soft", "warn-page"), ("soft", "bad-page"),
    ],
)  # fmt: skip
def test_words_stand_out_from_their_ground(scheme, words, ground):
    assert contrast(palettes()[scheme][words], palettes()[scheme][ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("colour", [*charts.COLOURS, charts.GREY])
def test_marks_of_a_chart_stand_out_from_the_page(scheme, colour):
    assert contrast(colour, palettes()[scheme]["page"]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_shade_that_says_that_a_box_scrolls_stands_out_from_the_page(scheme):
    assert contrast(palettes()[scheme]["shade"], palettes()[scheme]["page"]) >= 3
