"""What the declaration of a comparison says to readers, to the ledger of releases and to disclosure control."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linkage.contracts.analysis import ALL, DIVIDING, Analysis, what_decides
from linkage.contracts.comparison import MATCHED, Comparison

ALL_SHOWN: Mapping[str, str] = {}
FEW_PAIRS = (
    "Rows of matched women stand in tables.csv, and in the view of this name, however few pairs there are; where "
    "comparisons.csv says x the rates of the two groups must not be compared"
)


@dataclass(frozen=True)
class About:
    """What a reader is told with a comparison: a title for each name, notes, and the categories of each covariate.

    `fewest`: of how many pairs, rounded, a difference is given.
    """

    name: str
    title: str
    health_warning: str
    arms: dict[str, str]
    outcomes: dict[str, str]
    covariates: dict[str, tuple[str, ...]]
    titles: dict[str, str]
    fewest: float
    notes: tuple[str, ...]

    @property
    def whole_title(self) -> str:
        """The title with the warning, for whatever shows the comparison without its notes."""
        return f"{self.title}. {self.health_warning}"


def full_title(one: Comparison, analysis: Analysis) -> str:
    """The title of a comparison, with its coverage."""
    return f"{one.title}, England and Wales, first entries of {analysis.period.title}"


def about(name: str, one: Comparison, analysis: Analysis, without: Mapping[str, str] = ALL_SHOWN) -> About:
    """What to print with a comparison. `without`: {covariate that is not shown: why}."""
    titles = {each: one.title_of(each, analysis) for each in one.covariates}
    return About(
        name=name,
        title=full_title(one, analysis),
        health_warning=one.health_warning,
        arms={each: arm.title for each, arm in one.arms.items()},
        outcomes={each: analysis.outcomes[each].title for each in one.outcomes},
        covariates={each: one.categories(each, analysis) for each in one.covariates if each not in without},
        titles=titles,
        fewest=one.fewest.value,
        notes=(
            "A woman is in it once, by her first entry into either group in the period.",
            f"The women of a pair are the same in {' and '.join(titles[each].lower() for each in one.exact)}, and "
            f"within {one.caliper.value:g} standard deviations of each other in the logit of a propensity score. All "
            "that stands in the table of shares makes this score. Nobody is in two pairs, and who has no such partner "
            "is not matched.",
            *(f"Matched on, and not shown by {titles[each].lower()}: {why}." for each, why in without.items()),
            f"Caliper: {one.caliper.reason}",
            f"No difference is given of fewer pairs than {one.fewest.value:g}: {one.fewest.reason}",
            f"{FEW_PAIRS}.",
            f"Modelled on {one.modelled_on} Source: {one.source}",
            *(f"A known difference: {line}" for line in one.differences),
        ),
    )


def definition(comparisons: Mapping[str, Comparison], analysis: Analysis, cohort: str, outcome: str) -> str | None:
    """What decides who is counted in a cell of an arm, as 12 hexadecimal digits; None where no such arm is declared.

    Everything that decides who is matched decides it, so it is the same for every cell of one outcome.
    """
    one = next((one for one in comparisons.values() if cohort in one.arms), None)
    if one is None or outcome not in (MATCHED, *one.outcomes):
        return None
    arms = {name: arm.model_dump(mode="json", exclude={"title"}) for name, arm in one.arms.items()}
    covariates = {name: each.model_dump(mode="json", exclude={"title"}) for name, each in one.covariates.items()}
    divide = {name: analysis.breakdowns[name].model_dump(mode="json", include=DIVIDING) for name in one.by_breakdown}
    counted = [analysis.cohorts[arm.cohort] for arm in one.arms.values()]
    asked = [analysis.outcomes[outcome]] if outcome != MATCHED else []
    said: list[Any] = [
        *(what_decides(each) for each in (*counted, *asked, analysis.circumstances)),
        cohort,
        arms,
        covariates,
    ]
    said += [divide, one.exact, one.caliper.value, [str(quarter.first_day) for quarter in analysis.period.calendar]]
    said += analysis.read_by([covariates, *map(what_decides, asked)])
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def among(comparisons: Mapping[str, Comparison]) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """{arm: (the cohort it is a part of, a breakdown of it, the categories that its women are all in)}."""
    found = {}
    for name, arm in (item for one in comparisons.values() for item in one.arms.items()):
        breakdown, categories = next(iter(arm.within.items()), (ALL, (ALL,)))
        found[name] = (arm.cohort, breakdown, categories)
    return found


def pairs(comparisons: Mapping[str, Comparison]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """{first arm: (second arm, covariates in which the women of a pair are alike)}: as many are matched in both."""
    return {one.sides[0]: (one.sides[1], one.exact) for one in comparisons.values()}
