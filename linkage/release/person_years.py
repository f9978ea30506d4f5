"""Deaths per 100 person-years, from rounded deaths and rounded person-years; and what a reader learns from the latter.

Person-years are the days of a window on which women were alive, over 365.25, rounded as counts are. Whoever knows the
window knows that each woman who lived through it made all its days, and that nobody else made more than that: so how
many were alive after it is no more than the days divided by its length, and how many before it no fewer.
"""

from math import ceil, floor
from typing import Any

from scipy.stats import chi2

from linkage.contracts.disclosure import Disclosure
from linkage.release.primary import rounded, rounded_from

Row = dict[str, Any]
Window = tuple[int, int]
DAYS_IN_A_YEAR = 365.25


def beside(row: Row, disclosure: Disclosure) -> Row:
    """`person_years` and the rate of a row that is published, by unrounded `person_days`; nothing where it has none."""
    if row.get("person_days") is None:
        return {}
    years = rounded(row["person_days"] / DAYS_IN_A_YEAR, disclosure)
    return {"person_years": years} | rate(rounded(row["numerator"], disclosure), years, disclosure)


def rate(deaths: int, years: int, disclosure: Disclosure) -> Row:
    """Deaths per 100 person-years with the exact Poisson interval, to two decimals; nothing without person-years.

    Garwood, Biometrika 28 (1936); it takes deaths for independent of each other, and the years for known.
    """
    if not years:
        return {}
    tail = (1 - disclosure.confidence_percent.value / 100) / 2
    ends = (chi2.ppf(tail, 2 * deaths) / 2 if deaths else 0.0, chi2.ppf(1 - tail, 2 * deaths + 2) / 2)
    names = ("per_100_years", "per_100_years_lower", "per_100_years_upper")
    return {name: round(100 * float(n) / years, 2) for name, n in zip(names, (deaths, *ends), strict=True)}


def told(row: Row, window: Window, disclosure: Disclosure) -> tuple[int, int]:
    """(the fewest who were alive before the window, the most who were alive after it), as a published row tells.

    Each woman who died in it made a day at least.
    """
    years, length = rounded(row["person_days"] / DAYS_IN_A_YEAR, disclosure), window[1] - window[0] + 1
    half, (dead, _) = disclosure.rounding_base.value / 2, rounded_from(row["numerator"], disclosure)
    least, most = (DAYS_IN_A_YEAR * end for end in (max(years - half, 0.0), years + half))
    return ceil(least / length), floor((most - dead) / length)
