"""Do person-years, and deaths by them, follow from what they stand for and from what is published beside them?"""

from typing import Any

from scipy.stats import poisson

from linkage.contracts.disclosure import Disclosure

Row = dict[str, Any]
COLUMNS = ("person_years", "per_100_years", "per_100_years_lower", "per_100_years_upper")
DAYS = 365.25
HALF_A_CENT = 0.0051  # of a rate with two decimals


def follow(row: Row, true: Row, disclosure: Disclosure) -> bool:
    """Rounded years from the true days; the rate from rounded deaths and years, and where a test of it just rejects."""
    years, rate, lower, upper = (row[name] for name in COLUMNS)
    if true.get("person_days") is None or not years:
        no_rate = [rate, lower, upper] == [None, None, None]
        return no_rate and (years is None if true.get("person_days") is None else is_rounded(years, true, disclosure))
    if None in (rate, lower, upper) or abs(rate / 100 * years - row["numerator"]) > years * HALF_A_CENT / 100:
        return False
    tail, deaths = (100 - disclosure.confidence_percent.value) / 200, row["numerator"]

    def as_many(per_100: float) -> float:
        return float(poisson.sf(deaths - 1, max(per_100, 0.0) * years / 100)) - tail

    def as_few(per_100: float) -> float:
        return float(poisson.cdf(deaths, per_100 * years / 100)) - tail

    below = lower == 0 if not deaths else as_many(lower - HALF_A_CENT) * as_many(lower + HALF_A_CENT) <= 0
    above = as_few(upper - HALF_A_CENT) * as_few(upper + HALF_A_CENT) <= 0
    return is_rounded(years, true, disclosure) and below and above


def is_rounded(years: int | None, true: Row, disclosure: Disclosure) -> bool:
    """Are the years a multiple of the rounding base, and the nearest to the true days?"""
    base = disclosure.rounding_base.value
    return years is not None and years % base == 0 and 2 * abs(years * DAYS - true["person_days"]) <= base * DAYS
