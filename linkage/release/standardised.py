"""Directly standardised rates of women divided by an answer: made of what is published, and of nothing else.

Of each answer the rate its women would have if they fell into the strata as all women do who gave an answer: the sum of
the strata's own rates, each weighed by the women of its stratum (direct standardisation: Armitage, Berry and Matthews,
Statistical Methods in Medical Research, 4th edition, 2002, chapter 19). Its interval adds up the squares of what each
stratum's own interval does to it (Zou, Huang and Zhang, Computational Statistics & Data Analysis 53, 2009); a stratum's
is Wilson's, widened by what rounding hides. The weights are a standard that is chosen, and have no error of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from linkage.contracts.cohort import NOT_KNOWN
from linkage.contracts.disclosure import Disclosure
from linkage.release.corrected import Share, moved, seen
from linkage.release.corrections import ends
from linkage.release.draft import Division

Row = dict[str, Any]
Crossed = Mapping[Division, tuple[Division, Division]]
SAME = ("table_id", "cohort", "outcome", "geography", "period", "threshold")
Place = tuple[Any, ...]
NEITHER: tuple[Division, Division] = (("", ""), ("", ""))


class Stratum(NamedTuple):
    """Women with the outcome and women counted of one answer, and women counted of every answer: rounded counts."""

    having: int
    women: int
    weight: int


def beside(rows: Sequence[Row], crossed: Crossed, disclosure: Disclosure) -> list[Row]:
    """The rows, with `standardised` … `standardised_status` at each answer of which the same table has the strata.

    `rows`: as `control` gives them; `crossed`: {(breakdown, category): ((by answer, answer), (strata, stratum))}.
    """
    strata: dict[Place, dict[str, dict[str, Row]]] = {}
    for row in rows:
        (by, answer), (over, stratum) = crossed.get((row["breakdown"], row["category"]), NEITHER)
        if by and NOT_KNOWN not in (answer, stratum):
            strata.setdefault((*place(row), by), {}).setdefault(answer, {})[stratum] = row | {"strata": over}
    return [
        row | standardisation(row["category"], strata.get((*place(row), row["breakdown"]), {}), disclosure)
        if row["status"] not in ("c", "z")
        else row
        for row in rows
    ]


def place(row: Row) -> Place:
    """Of which women at which threshold, in which table."""
    return tuple(row[name] for name in SAME)


def standardisation(answer: str, strata: Mapping[str, Mapping[str, Row]], disclosure: Disclosure) -> Row:
    """What is said beside the row of one answer, of the rows of every answer's strata; nothing where it has none."""
    if not (own := strata.get(answer)):
        return {}
    found = {"standardised_by": next(iter(own.values()))["strata"]}
    every = [row for rows in strata.values() for row in rows.values()]
    if status := empty(own.values(), every):
        return found | {"standardised_status": status}
    base, level = disclosure.rounding_base.value, disclosure.confidence_percent.value / 100
    share = directly([of(stratum, answer, strata) for stratum in own], base, level)
    unreliable = "u" if any(row["status"] == "u" for row in own.values()) else ""
    return found | dict(ends("standardised", share)) | {"standardised_status": unreliable}


def empty(own: Iterable[Row], every: Iterable[Row]) -> str:
    """Why there is no standardised rate: c, a stratum of any answer is suppressed; z, nobody is in one of its own."""
    if any(row["status"] == "c" for row in every):
        return "c"
    return "z" if any(row["status"] == "z" for row in own) else ""


def of(stratum: str, answer: str, strata: Mapping[str, Mapping[str, Row]]) -> Stratum:
    """One stratum of an answer, weighed by the women of all answers in it."""
    row = strata[answer][stratum]
    weight = sum(rows[stratum]["denominator"] for rows in strata.values() if stratum in rows)
    return Stratum(row["numerator"], row["denominator"], weight)


def directly(strata: Sequence[Stratum], base: int, confidence: float) -> Share:
    """The directly standardised rate of strata, as a share, with its interval. `base`: what counts are rounded to."""
    total = sum(one.weight for one in strata)
    rates = [seen(one.having, one.women, base, confidence) for one in strata]

    def weighed(*shares: float) -> float:
        return sum(share * one.weight / total for share, one in zip(shares, strata, strict=True))

    return moved(weighed, rates, [True] * len(rates))
