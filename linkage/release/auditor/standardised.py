"""Do standardised rates follow from the strata that are published? Worked out again from their rounded counts."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import sqrt
from statistics import NormalDist
from typing import Any

from linkage.contracts.disclosure import Disclosure
from linkage.release.auditor.notes import AddsUp, Row

FIGURES = ("standardised", "standardised_lower", "standardised_upper")
WORDS = ("standardised_by", "standardised_status")
WHOSE = ("table_id", "cohort", "outcome", "geography", "period", "threshold")
NOTHING: dict[str, Any] = dict.fromkeys(FIGURES) | dict.fromkeys(WORDS, "")
WRONG = "holds a standardised rate, or a mark, that does not follow from the rows of its strata"
HALF_A_DECIMAL = 0.0501
UNSTATED = "not known"
Strata = dict[str, dict[str, Row]]  # {stratum: {answer: row}}


def wrong(rows: Sequence[Row], adds_up: AddsUp, disclosure: Disclosure) -> Iterator[tuple[Row, str]]:
    """Every row that says another standardised rate than its table's strata give, or one where they give none."""
    at = {(*(row[name] for name in WHOSE), row["breakdown"], row["category"]): row for row in rows}
    for row in rows:
        expected = NOTHING | worked_out(row, at, adds_up, disclosure)
        said = {name: row[name] for name in NOTHING}
        if any(said[name] != expected[name] for name in WORDS) or any(apart(said[n], expected[n]) for n in FIGURES):
            yield row, WRONG


def apart(said: float | None, expected: float | None) -> bool:
    """Are two figures not the same, to the decimal that is shown?"""
    if said is None or expected is None:
        return said is not expected
    return abs(said - expected) > HALF_A_DECIMAL


def worked_out(row: Row, at: Mapping[tuple[Any, ...], Row], adds_up: AddsUp, disclosure: Disclosure) -> dict[str, Any]:
    """What is to be said beside a row."""
    whose, answer = tuple(row[name] for name in WHOSE), row["category"]
    strata: Strata = {}
    by = ""
    for (breakdown, category), ((divides, given), (over, stratum)) in adds_up.crossed.items():
        part = at.get((*whose, breakdown, category))
        if part and divides == row["breakdown"] and UNSTATED not in (given, stratum):
            strata.setdefault(stratum, {})[given] = part
            by = over
    if row["status"] in ("c", "z") or not any(answer in answers for answers in strata.values()):
        return {}
    marks = {part["status"] for answers in strata.values() for part in answers.values()}
    own = [answers[answer] for answers in strata.values()]
    mark = "c" if "c" in marks else next((m for m in ("z", "u") if m in {part["status"] for part in own}), "")
    figures = {} if mark in ("c", "z") else in_percent(strata, answer, disclosure)
    return {"standardised_by": by, "standardised_status": mark} | figures


def in_percent(strata: Strata, answer: str, disclosure: Disclosure) -> dict[str, float]:
    """The standardised rate of an answer with its interval: each stratum weighs as much as all who answered in it."""
    everybody = sum(part["denominator"] for answers in strata.values() for part in answers.values())
    rate, below, above = Fraction(0), 0.0, 0.0
    for answers in strata.values():
        having, women = answers[answer]["numerator"], answers[answer]["denominator"]
        weight = Fraction(sum(part["denominator"] for part in answers.values()), everybody)
        rate += weight * Fraction(having, women)
        low, high = reach(having / women, women, disclosure)
        below, above = below + (float(weight) * low) ** 2, above + (float(weight) * high) ** 2
    ends = (float(rate), max(0.0, float(rate) - sqrt(below)), min(1.0, float(rate) + sqrt(above)))
    return dict(zip(FIGURES, (100 * end for end in ends), strict=True))


def reach(share: float, women: int, disclosure: Disclosure) -> tuple[float, float]:
    """How far below and above a rounded share the true one may lie: as far as a score test rejects none, and as far as
    rounding hides; together they are as long as the side across from them.
    """
    z, base = NormalDist().inv_cdf(0.5 + disclosure.confidence_percent.value / 200), disclosure.rounding_base.value
    middle, spread = share + z * z / (2 * women), z * sqrt(share * (1 - share) / women + (z / (2 * women)) ** 2)
    hidden = z * sqrt((base * base - 1) * (1 + share * share) / 12) / women
    ends = ((middle - spread) / (1 + z * z / women), (middle + spread) / (1 + z * z / women))
    low, high = (sqrt((share - end) ** 2 + hidden**2) for end in ends)
    return min(low, share), min(high, 1 - share)
