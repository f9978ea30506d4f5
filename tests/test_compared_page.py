"""What the page of a release says of women who are compared, and what it draws."""

import re
from itertools import product
from typing import Any

import pytest

from linkage.contracts.compared import About
from linkage.report import comparison_view
from linkage.report.comparison_charts import SERIES, Difference, differences

ABOUT = About(
    name="custody_or_order",
    title="After custody and after an order, matched women, England",
    health_warning="An association.",
    arms={"custody": "Released from custody", "order": "Starting an order"},
    outcomes={"offence": "Offence within 12 months", "work": "In work at 6 months"},
    covariates={"jobs_before": ("0", "1 and more")},
    titles={"jobs_before": "Employments in the year before"},
    fewest=100,
    notes=("A woman is in it once.",),
)
WIDE_FIGURE = 9  # pixels, of a figure in a wide font of the size that axes have
THRESHOLDS = ("high", "medium", "low")


def difference(outcome: str, women: str, threshold: str, points: float | None, **other: Any) -> dict[str, Any]:
    """A published difference, with an interval of 10 points; suppressed where there is none."""
    figures = {"counted": 500, "rate": 50.0, "other_counted": 600, "other_rate": 40.0}
    known = points is not None
    ends = {"difference": points, "lower": points - 5, "upper": points + 5} if points is not None else {}
    empty = dict.fromkeys((*figures, "difference", "lower", "upper"))
    place = {"comparison": ABOUT.name, "outcome": outcome, "women": women, "threshold": threshold}
    return empty | place | {"status": "" if known else "c"} | (figures if known else {}) | ends | other


def found(matched: tuple[float | None, ...] = (12.1, 10.3, 13.8)) -> list[dict[str, Any]]:
    """Differences at all thresholds: these of women matched, and of the others the same at each."""
    of = {"all": (29.4,) * 3, "matched": matched, "not matched": (-41.2,) * 3}
    return [
        difference(outcome, women, threshold, points)
        for outcome, (women, at) in product(ABOUT.outcomes, of.items())
        for threshold, points in zip(THRESHOLDS, at, strict=True)
    ]


def rates(rows: list[dict[str, Any]]) -> comparison_view.Grid:
    """The table of rates and their differences."""
    [(_, _, grid)] = comparison_view.section(ABOUT, [], rows, []).figures
    return grid


def test_beside_strict_and_loose_differences_it_is_said_how_far_pairs_and_how_far_links_move_them() -> None:
    said = rates(found()).note
    assert "women are matched anew at each threshold" in said
    assert "3.5 points among matched women and 0.0 before matching (offence within 12 months)" in said
    assert rates(found(matched=(None, 10.3, 13.8))).note == ""
    assert rates([row for row in found() if row["threshold"] == "medium"]).note == ""


def test_one_sign_says_minus_in_the_table_and_in_the_drawing() -> None:
    [(drawing, _, grid)] = comparison_view.section(ABOUT, [], found(matched=(-8.9, -8.9, -0.0)), []).figures
    [line] = [line for line in grid.lines if (line.heading, line.cells[0]) == ("Offence within 12 months", "Matched")]
    assert line.cells[5:] == ("−8.9", "−13.9 to −3.9", "−8.9 / +0.0")
    written = [*re.findall(r">([^<]+)</text>", drawing), re.search(r'aria-label="([^"]+)"', drawing)[1]]
    assert "−8.9" in written
    assert not re.search(r"(?<!\w)-\d", " ".join(written))


def test_a_difference_of_few_women_is_marked_in_the_table_and_in_the_drawing() -> None:
    few = [row | {"status": "u"} if row["women"] == "matched" else row for row in found()]
    [(drawing, caption, grid)] = comparison_view.section(ABOUT, [], few, []).figures
    assert grid.lines[0].cells[5] == "+10.3 [u]"
    assert ">+10.3 [u]</text>" in drawing
    assert caption.endswith("[u]: unreliable, because few women are counted.")


@pytest.mark.parametrize("span", [(-34.9, 36.1), (-7.3, 3.2), (0.4, 1.2)])
def test_numbers_under_a_drawing_stand_apart_and_at_their_ticks(span: tuple[float, float]) -> None:
    marks = [Difference("Offence", SERIES[0], sum(span) / 2, *span, "")]
    drawing = differences(marks, "points", "Chart.")
    axis = drawing[drawing.index("role-axis-label") :].split("</g>")[0]
    labels = [
        (float(x), anchor, text)
        for anchor, x, text in re.findall(
            r'<text text-anchor="(\w+)" transform="translate\(([-\d.]+),[^>]*>([^<]+)<', axis
        )
    ]
    assert len(labels) >= 3
    assert {anchor for _, anchor, _ in labels} == {"middle"}
    assert len({text for *_, text in labels}) == len(labels)
    widths = [WIDE_FIGURE * len(text) for *_, text in labels]
    gaps = [b[0] - a[0] - (v + w) / 2 for a, b, v, w in zip(labels, labels[1:], widths, widths[1:], strict=False)]
    assert min(gaps) > 0


def balance(after: float | None) -> list[dict[str, Any]]:
    """The published balance, of which the shares after matching differ by `after`; [x] where that is not given."""
    return [
        {
            "comparison": ABOUT.name, "covariate": "jobs_before", "category": category, "stage": stage,
            "threshold": "medium", "share": 50.0, "other_share": 45.0, "smd": smd, "out_of_balance": "no",
            "status": "" if smd is not None else "x",
        }
        for category in ("0", "1 and more")
        for stage, smd in (("before", 0.1), ("after", after))
    ]  # fmt: skip


def test_the_drawing_of_balance_names_what_was_known_by_its_title_and_each_group_under_it() -> None:
    _, (drawing, _, grid) = comparison_view.section(ABOUT, [], found(), balance(after=-0.1)).figures
    written = re.findall(r">([^<]+)</text>", drawing)
    assert {"Employments in the year before", "0", "1 and more"} <= set(written)
    assert "jobs before" not in drawing
    assert "so that .101 is and .099 is not" in grid.note


@pytest.mark.parametrize(("after", "is_given"), [(-0.05, True), (None, False)])
def test_the_drawing_of_balance_speaks_of_matched_women_where_their_balance_is_given(
    after: float | None, is_given: bool
) -> None:
    _, (drawing, caption, _) = comparison_view.section(ABOUT, [], found(), balance(after)).figures
    assert (">matched women</text>" in drawing) == is_given
    assert ("before and after matching" in caption) == is_given
    assert ("Of matched women none is given." in caption) != is_given
    said = f"before matching: 0.10 at most; matched women: {'0.05 at most' if is_given else 'not given'}."
    assert said in drawing


def test_the_caption_says_what_the_mark_of_too_few_pairs_means_where_it_is_drawn() -> None:
    few = [row | {"difference": None, "status": "x"} if row["women"] == "matched" else row for row in found()]
    [(drawing, caption, _)] = comparison_view.section(ABOUT, [], few, []).figures
    assert ">[x]</text>" in drawing
    assert caption.endswith("[x]: not given, since too few women were matched.")
    assert "[x]" not in comparison_view.section(ABOUT, [], found(), []).figures[0][1]
