"""What readers of a release know to add up, by the declarations alone. Suppressor and auditor are both told, and each
writes it down in its own way.
"""

from collections.abc import Mapping
from typing import TypedDict

from linkage.contracts.analysis import Analysis
from linkage.contracts.compared import among, pairs
from linkage.contracts.comparison import MATCHED, Comparison
from linkage.contracts.deaths import died_by, windows
from linkage.contracts.entries import firsts
from linkage.contracts.left_out import REASONS, never
from linkage.contracts.outcome import Event, Outcome
from linkage.contracts.sequence import Families
from linkage.contracts.standardised import part_of

NONE_DECLARED: Mapping[str, Comparison] = {}


class Adding(TypedDict):
    """`years`: {quarter or half-year: the year it is in}. `halves`: {quarter: its half-year}. `within`: {(breakdown,
    category): (wider breakdown, its category)}.

    Of outcomes: `asked`, which women of a cohort it is asked about; `leaving`, who is left out on which day, the same
    words for the same women; `never`, reasons for which it leaves nobody out; `wider`, others of the same women that
    count all its events. `divided`: {breakdown: the outcome whose answers are its categories}. `crossed`: {(breakdown,
    category): ((by answer, the answer), (strata, the stratum)) of which it is a part}. `firsts`: {a cohort that every
    entry counts in: the one that counts the first of these in each quarter}. `families`: (an outcome, or '' for being
    counted at all; outcomes of which every woman with that has one). `died_by`, the day by which those had died whom it
    leaves out for it; `deaths`, the window of one that asks for a death.

    Of comparisons: `among`, {arm: (its cohort, a breakdown, the categories of it that its women are in)}; `pairs`,
    {arm: (the other arm, breakdowns by which as many are matched in each category)}.
    """

    years: dict[str, str]
    halves: dict[str, str]
    within: dict[tuple[str, str], tuple[str, str]]
    asked: dict[str, str]
    leaving: dict[str, str]
    never: dict[str, tuple[str, ...]]
    wider: dict[str, tuple[str, ...]]
    divided: dict[str, str]
    crossed: dict[tuple[str, str], tuple[tuple[str, str], tuple[str, str]]]
    firsts: dict[str, str]
    families: Families
    among: dict[str, tuple[str, str, tuple[str, ...]]]
    pairs: dict[str, tuple[str, tuple[str, ...]]]
    died_by: dict[str, int]
    deaths: dict[str, tuple[int, int]]


def adding(analysis: Analysis, comparisons: Mapping[str, Comparison] = NONE_DECLARED) -> Adding:
    """What the declarations say of sums. Who was matched is asked of everybody in an arm, and leaves nobody out."""
    outcomes, histories = analysis.outcomes, analysis.by_history.items()
    everybody = {MATCHED: str([])} if comparisons else {}
    return Adding(
        years={part: quarter.year for quarter in analysis.period.calendar for part in (quarter.label, quarter.half)},
        halves={quarter.label: quarter.half for quarter in analysis.period.calendar},
        within=analysis.within | {part: of for name, one in histories for part, of in one.within(name).items()},
        asked=analysis.asked | everybody,
        leaving={name: f"{sorted(one.exclude)} on day {one.left_out_on}" for name, one in outcomes.items()},
        never={name: never(one, analysis.datasets[one.measure.dataset]) for name, one in outcomes.items()}
        | dict.fromkeys(everybody, REASONS),
        wider={
            name: tuple(other for other, wider in outcomes.items() if other != name and counts_all_of(wider, one))
            for name, one in outcomes.items()
        },
        divided={name: one.outcome for name, one in analysis.by_answer.items()} | {name: name for name in everybody},
        crossed=part_of(analysis),
        firsts=firsts(analysis.cohorts),
        families=tuple(family for name, one in analysis.sequences.items() for family in one.families(name)),
        died_by=died_by(outcomes),
        deaths=windows(outcomes),
        among=among(comparisons),
        pairs=pairs(comparisons),
    )


def counts_all_of(wider: Outcome, narrower: Outcome) -> bool:
    """Has whoever is counted with the narrower outcome the wider one, too? Both of the same women, and of events."""
    one, other = wider.measure, narrower.measure
    if not (isinstance(one, Event) and isinstance(other, Event)) or wider.eligible != narrower.eligible:
        return False
    if wider.exclude and (wider.exclude, wider.left_out_on) != (narrower.exclude, narrower.left_out_on):
        return False  # it may leave out a woman with the event, whom the narrower one counts
    days = one.days[0] <= other.days[0] and other.days[1] <= one.days[1]
    alike = one.model_copy(update={"days": other.days, "confirmed_by": other.confirmed_by}) == other
    return days and alike and confirms(one, other)


def confirms(wider: Event, narrower: Event) -> bool:
    """Is an event confirmed in time for the narrower outcome confirmed in time for the wider one?"""
    one, other = wider.confirmed_by, narrower.confirmed_by
    return one is None or (other is not None and one.date == other.date and other.within_days <= one.within_days)
