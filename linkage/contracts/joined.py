"""Tables that join two outcomes: women divided by the answer to one of them, and asked another from after that day on.

What such a table shows is an association. Whoever is divided by an answer of day 42 had to be alive and at liberty on
it; an outcome counted from before that day would give those who were the time until then for nothing.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from linkage.contracts.cohort import NOT_KNOWN
from linkage.contracts.outcome import Outcome
from linkage.contracts.reading import Declaration

if TYPE_CHECKING:
    from linkage.contracts.analysis import Analysis, Table

YES, NO = "yes", "no"
MUST_BE_LEFT_OUT = {"in_custody", "died"}


class ByAnswer(Declaration):
    """Women divided by the answer to an outcome: yes, no, or `not known` of all who were not counted, for any reason.

    As many are in each as that outcome counts with it, without it, and leaves out: disclosure control knows.
    """

    title: str
    outcome: str

    @property
    def categories(self) -> tuple[str, ...]:
        """All three are shown, also when nobody is in one."""
        return YES, NO, NOT_KNOWN


def joined_mistakes(table: "Table", analysis: "Analysis") -> Iterator[str]:
    """What makes a table by an answer say something else than it seems to; `outcomes` and `cohorts` are there."""
    for name in (*analysis.divided_by(table), *analysis.histories_of(table)):
        if not table.health_warning.strip():
            yield (
                f"it divides women by {name}, so what it shows is an association. Say so in `health_warning`, which is "
                "printed with its title."
            )
    for one in analysis.divided_by(table).values():
        known = analysis.outcomes[one.outcome]
        for asked, outcome in analysis.outcomes_of(table).items():
            yield from order_mistakes(asked, outcome, one.outcome, known)
        if lacking := sorted(MUST_BE_LEFT_OUT - {*known.exclude}):
            yield (
                f"{one.outcome} counts {lacking} women as not having it, and nothing can become of them after it. Let "
                "it `exclude` them, or divide by another outcome."
            )
        yield from shown_otherwise(table, one.outcome, analysis)


def order_mistakes(asked: str, outcome: Outcome, divides: str, known: Outcome) -> Iterator[str]:
    """An outcome that begins before what divides the women is known, or that is asked of others."""
    if outcome.measure.first_day <= known.measure.last_day:
        after = known.measure.last_day + 1
        yield (
            f"{asked} counts from day {outcome.measure.first_day} on, and {divides} is known on day {after - 1}: women "
            f"would be divided by what came later. Show an outcome that begins on day {after} or after."
        )
    if outcome.eligible != known.eligible:
        yield (
            f"{asked} is asked of other women than {divides}, so who is not asked would seem not to have it. Give both "
            f"the same `eligible`: that of {divides} is {known.eligible}."
        )


def shown_otherwise(table: "Table", divides: str, analysis: "Analysis") -> Iterator[str]:
    """Tables that show what divides the women of other women, or of other periods: a reader would subtract."""
    periods: set[str] = set()
    for name, other in analysis.tables.items():
        shows = divides in analysis.outcomes_of(other) and {*table.cohorts} & {*other.cohorts}
        if not shows or not analysis.knows(other):
            continue
        periods |= {*other.periods}
        here, there = analysis.geography(table), analysis.geography(other)
        if here != there:
            yield (
                f"it is about {here}, and tables/{name}.yaml shows {divides} of {there}: whoever has both subtracts. "
                f"Give {divides} a theme and a table of its own, of {here}."
            )
    if periods and (missing := sorted({*table.periods} - {*periods, "all"})):  # all is what any others add up to
        yield (
            f"{divides} is shown of other periods than {missing}, of {sorted(periods)} alone. Ask for the same "
            "`periods`: what can be worked out from the two is then protected."
        )
