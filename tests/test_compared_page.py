"""What the page of a release says of women who are compared, and what it draws."""

from itertools import product
from typing import Any

from linkage.contracts.compared import About
from linkage.report import comparison_view

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
