"""What is known of invented people alone: shapes of facts, as in `linkage.report.facts`."""

from typing import TypedDict


class BesideTruth(TypedDict):
    """One cell of a release: its rate in % as published, its interval, the same corrected for errors of links, what
    perfect links would show, and what was lived.

    None where it is suppressed, or not known: what was lived is known of all women, and not by group. `headline`: the
    rate of all women of a cohort in the latest year.
    """

    headline: bool
    cohort: str
    outcome: str
    period: str
    breakdown: str
    category: str
    published: float | None
    lower: float | None
    upper: float | None
    corrected: float | None
    corrected_lower: float | None
    corrected_upper: float | None
    perfect: float | None
    true: float | None


class DifferenceBesideTruth(TypedDict):
    """A difference between two groups of women in points, as published with its interval, and as perfect links would
    show it: the same comparison, matched anew. None where it is suppressed, or where nobody was counted.
    """

    comparison: str
    outcome: str
    women: str
    published: float | None
    lower: float | None
    upper: float | None
    perfect: float | None


class Agreement(TypedDict):
    """Of how many women, among those `asked` about, what is said of an outcome agrees with what became of them."""

    outcome: str
    asked: int
    agreed: int


class EventsBesideTruth(TypedDict):
    """A number of events of all women of a cohort in a year, per woman with one and per woman: as published, by perfect
    links, and as lived. None where it is suppressed, or not known.
    """

    cohort: str
    outcome: str
    period: str
    published: tuple[float | None, float | None]
    perfect: tuple[float, float] | None
    true: tuple[float, float] | None
