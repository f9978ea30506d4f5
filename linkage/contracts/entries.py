"""Cohorts that every entry counts in, beside those in which a woman is once a quarter."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from linkage.contracts.cohort import Cohort

WOMEN = "women"
POOLED = {"half_year": ("a half-year", 2), "year": ("a year", 4)}  # in words, and how many quarters


def is_every(cohort: Cohort) -> bool:
    """Does every entry count?"""
    return cohort.entries == "every"


def firsts(cohorts: Mapping[str, Cohort]) -> dict[str, str]:
    """{a cohort that every entry counts in: the one that counts the first of these in each quarter}."""
    return {
        name: other
        for name, one in cohorts.items()
        for other, first in cohorts.items()
        if is_every(one) and first.choice == one.model_copy(update={"entries": "first"}).choice
    }


def entry_mistakes(cohorts: Mapping[str, Cohort]) -> Iterator[tuple[str, str]]:
    """(cohort, mistake) where it is not said what is counted, or is said of women; and where first entries would be
    described by other records than in the cohort of first entries.
    """
    for name, cohort in cohorts.items():
        if is_every(cohort) and cohort.counted == WOMEN:
            yield (
                name,
                "every entry counts, and a woman can have several. Say in `counted` what they are: releases, orders.",
            )
        if not is_every(cohort) and cohort.counted != WOMEN:
            yield name, f"a woman counts once a quarter, so {cohort.counted} are not counted. Leave `counted` out."
    for name, first in firsts(cohorts).items():
        if cohorts[name].then_by != cohorts[first].then_by:
            yield (
                name,
                f"then_by: {first}.yaml counts its first entries, and describes them by {cohorts[first].then_by}. Say "
                "the same: disclosure control takes a woman to be in one category in both.",
            )


def overlapping(cohorts: Mapping[str, Cohort]) -> Iterator[tuple[str, str]]:
    """(cohort, mistake) where one record can bring a woman into two cohorts: what the one has more than the other is of
    few women, and a difference. A cohort of every entry and that of the first of these are protected together.
    """
    known = firsts(cohorts).items()
    for (name, one), (other, second) in combinations(cohorts.items(), 2):
        same_day = (one.dataset, one.index_date, one.sex) == (second.dataset, second.index_date, second.sex)
        both = all(set(one.where[column]) & set(second.where[column]) for column in one.where.keys() & second.where)
        if same_day and both and not {(name, other), (other, name)} & set(known) and one.choice != second.choice:
            yield (
                other,
                f"a record can bring a woman into it and into {name}.yaml, and whoever has both tables subtracts them. "
                "Choose records that no other cohort takes, or divide one cohort by a breakdown.",
            )


def counted_in(cohorts: Iterable[Cohort]) -> str:
    """What the cohorts of one table count, in a word."""
    kinds = dict.fromkeys(cohort.counted for cohort in cohorts)
    return " or ".join(kinds)


def entry_notes(cohorts: Iterable[Cohort], periods: Iterable[str], quarters: int) -> Iterator[str]:
    """How often one woman counts, of each kind of cohort that a table shows; `quarters`: of the release."""
    kinds = {cohort.entries for cohort in cohorts}
    pooled = POOLED | {"all": ("a row of all periods", quarters)}
    many = [
        f"{words} pools {n} and can count her up to {n} times" for name, (words, n) in pooled.items() if name in periods
    ]
    yield from [f"{'; '.join(['A woman enters a cohort once a quarter', *many])}."] if "first" in kinds else []
    yield from (
        f"{cohort.title}: each counts, so a woman is counted as often as it happened to her; two on one day are one. "
        "Intervals take each for another woman's, and are too narrow for that. Nothing is shown of fewer women than in "
        "other tables."
        for cohort in cohorts
        if is_every(cohort)
    )
