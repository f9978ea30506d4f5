"""Tables whose rates are standardised: women divided by an answer and by coarse strata at once.

Of each answer a directly standardised rate is what its women would show had they the strata of all women who gave one.
It is made of the published rows alone (`linkage.release.standardised`), so every stratum of every answer is a row.
"""

from collections.abc import Container, Iterator
from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple

from linkage.contracts.cohort import NOT_KNOWN, Band, Breakdown, Cohort

if TYPE_CHECKING:
    from linkage.contracts.analysis import Analysis, Table

MOST_STRATA = 4
BETWEEN = ", "  # an answer and a stratum


class Crossing(NamedTuple):
    """A breakdown whose every category is part of one of two others: of an `answer`, and of one by `strata`."""

    answer: str
    strata: str

    @property
    def name(self) -> str:
        """What the breakdown is called in a release."""
        return f"{self.answer}_by_{self.strata}"


def in_both(answer: str, stratum: str) -> str:
    """The category of women who are in both."""
    return f"{answer}{BETWEEN}{stratum}"


def crossings(table: "Table", cohort: Cohort, analysis: "Analysis") -> dict[str, Crossing]:
    """{name: crossing} that a table shows of a cohort: each answer, by the first strata that the cohort records."""
    strata = first_of(table, analysis.breakdowns_of(table, cohort))
    found = [Crossing(answer, strata) for answer in analysis.divided_by(table)] if strata else []
    return {crossing.name: crossing for crossing in found}


def first_of(table: "Table", recorded: Container[str]) -> str | None:
    """The strata that a cohort is standardised by: the first that it records."""
    return next((name for name in table.standardised_by if name in recorded), None)


def but_other_strata(table: "Table", recorded: dict[str, Breakdown]) -> dict[str, Breakdown]:
    """The breakdowns that a table shows of a cohort which records these: of its strata one alone."""
    others = {*table.standardised_by} - {first_of(table, recorded)}
    return {name: one for name, one in recorded.items() if name not in others}


def every_crossing(analysis: "Analysis") -> dict[str, Crossing]:
    """{name: crossing} of all tables."""
    return {
        name: crossing
        for table in analysis.tables.values()
        for cohort in table.cohorts
        if cohort in analysis.cohorts
        for name, crossing in crossings(table, analysis.cohorts[cohort], analysis).items()
    }


def strata_of(crossing: Crossing, analysis: "Analysis") -> tuple[str, ...]:
    """The strata in order, and last that of women who are in none."""
    return (*(band.label for band in analysis.breakdowns[crossing.strata].bands), NOT_KNOWN)


def part_of(analysis: "Analysis") -> dict[tuple[str, str], tuple[tuple[str, str], tuple[str, str]]]:
    """{(crossing, its category): ((by answer, the answer), (strata, the stratum)) it is part of}."""
    return {
        (name, in_both(answer, stratum)): ((crossing.answer, answer), (crossing.strata, stratum))
        for name, crossing in every_crossing(analysis).items()
        for answer in analysis.by_answer[crossing.answer].categories
        for stratum in strata_of(crossing, analysis)
    }


def titles(table: "Table", analysis: "Analysis") -> dict[str, str]:
    """{crossing: its title} of all cohorts of a table."""
    named = [crossings(table, analysis.cohorts[cohort], analysis) for cohort in table.cohorts]
    return {name: title(crossing, analysis) for found in named for name, crossing in found.items()}


def title(crossing: Crossing, analysis: "Analysis") -> str:
    """By what it divides women, in words."""
    return f"{analysis.by_answer[crossing.answer].title} and {analysis.breakdowns[crossing.strata].title.lower()}"


def heading(table: "Table", analysis: "Analysis") -> tuple[str, ...]:
    """By what a table divides women, for its heading, but for strata, which are not there to be compared; and whether
    it is of all periods together.
    """
    unsaid = (*table.standardised_by, *analysis.by_history)
    shown = [f"by {analysis.title_of(name).lower()}" for name in table.breakdowns if name not in unsaid]
    return (*shown, *(["all periods together"] if table.periods == ("all",) else []))


def standardised_mistakes(table: "Table", analysis: "Analysis") -> Iterator[str]:
    """What keeps a table from being standardised as it says; `cohorts` are there."""
    if table.standardised_by and not analysis.divided_by(table):
        yield "`standardised_by` is for women divided by an answer. Add a breakdown of `by_answer`, or remove it."
    if missing := [name for name in table.standardised_by if name not in table.breakdowns]:
        yield f"it is standardised by {missing}, which it does not show. Add {missing} to its `breakdowns`."
    for name in (name for name in table.standardised_by if name in analysis.breakdowns):
        if not 2 <= len(analysis.breakdowns[name].bands) <= MOST_STRATA:
            yield (
                f"{name} has no 2 to {MOST_STRATA} `bands`: each answer is divided by each, and few women are left in "
                "them. Declare a breakdown of coarser bands, and the finer one `within` it."
            )
    if table.standardised_by:
        for cohort in (analysis.cohorts[name] for name in table.cohorts):
            if not crossings(table, cohort, analysis) and analysis.divided_by(table):
                yield f"none of {list(table.standardised_by)} is recorded of {cohort.title!r}. Name one that is."


def overlap_mistakes(analysis: "Analysis") -> Iterator[str]:
    """Two breakdowns by bands of one column, where it is not said, or not true, that one makes up the other."""
    banded = {name: one for name, one in analysis.breakdowns.items() if one.bands}
    for (name, finer), (other, wider) in product(analysis.breakdowns.items(), banded.items()):
        if wrong := [label for label, whole in wholes(finer, other) if not inside(finer, label, wider, whole)]:
            yield f"{name}: within {other!r}, {wrong} are not in the bands that is said of them. Put each where it is."
    for (name, one), (other, second) in combinations(banded.items(), 2):
        if one.column == second.column and not (made_of(one, other) or made_of(second, name)):
            yield (
                f"{name} and {other} both divide {one.column}: whoever has both subtracts. Say in the finer one, in "
                "`within`, which of its bands make up each of the other's, all of them; or remove one."
            )


def wholes(finer: Breakdown, other: str) -> list[tuple[str, str]]:
    """(a band, the category of the other breakdown that it is said to be part of)."""
    return [(label, whole) for whole, labels in finer.within.get(other, {}).items() for label in labels]


def made_of(finer: Breakdown, other: str) -> bool:
    """Is every band said to be part of one of the other breakdown?"""
    return {label for label, _ in wholes(finer, other)} >= {band.label for band in finer.bands}


def inside(finer: Breakdown, label: str, wider: Breakdown, whole: str) -> bool:
    """Does a category lie in a band of the other breakdown?"""
    part, around = ({band.label: band for band in one.bands} for one in (finer, wider))
    if finer.column != wider.column or label not in part or whole not in around:
        return False
    return around[whole].first <= part[label].first and ends_by(part[label], around[whole])


def ends_by(part: Band, whole: Band) -> bool:
    """Does a band end no later than another? One without an end goes on."""
    return whole.last is None or (part.last is not None and part.last <= whole.last)
