"""Outcomes that ask whether a woman died: what makes their windows join without a gap, and what they cannot ask.

Women who died in each window, those who died before it and those still alive make all women. Disclosure control counts
on that: a count of deaths is no more secret than what is left when the others are taken away.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from linkage.contracts.outcome import DAY_BEFORE, Death, Outcome

if TYPE_CHECKING:
    from linkage.contracts.analysis import Analysis


def windows(outcomes: dict[str, Outcome]) -> dict[str, tuple[int, int]]:
    """{outcome: first and last day of its window} of those that ask for a death."""
    return {name: one.measure.days for name, one in outcomes.items() if isinstance(one.measure, Death)}


def died_by(outcomes: dict[str, Outcome]) -> dict[str, int]:
    """{outcome: the day by which those women had died whom it leaves out as `died`}."""
    return {name: one.left_out_on for name, one in outcomes.items() if "died" in one.exclude}


def death_mistakes(outcome: Outcome, analysis: "Analysis") -> Iterator[str]:
    """What an outcome that asks for a death cannot be; examples with days at risk of another."""
    if not isinstance(outcome.measure, Death):
        if any(example.days_at_risk is not None for example in outcome.examples):
            yield "examples: days_at_risk are counted of a death alone (`kind: death`). Leave them out."
        return
    if outcome.exclude != ("died",) or outcome.landmark is not None:
        yield (
            "who has died is what it counts. It leaves out women who by their records were dead before day 0, and "
            "nobody else: write `exclude: [died]`, and no landmark."
        )
    recorded = sorted(analysis.circumstances.datasets(("died",)))
    if outcome.measure.dataset not in recorded:
        said = outcome.measure.dataset
        yield f"measure.dataset = {said} tells of no death. circumstances.yaml has {recorded}."
    yield from gap_before(outcome, outcome.measure, analysis)


def gap_before(outcome: Outcome, death: Death, analysis: "Analysis") -> Iterator[str]:
    """A window that follows none: how many had died before it nothing would say, and nothing could protect."""
    others = (one for one in analysis.outcomes.values() if one.eligible == outcome.eligible and "died" in one.exclude)
    known = {DAY_BEFORE, *(day for one in others for day in days_known(one))}
    if (before := death.first_day - 1) not in known:
        yield (
            f"measure.days begin on day {death.first_day}, and no other outcome of these women says who had died by "
            f"day {before}. Begin on day 0, or on the day after the window of another one that asks for a death."
        )


def days_known(outcome: Outcome) -> tuple[int, ...]:
    """Days by which an outcome tells how many had died."""
    window = (outcome.measure.last_day,) if isinstance(outcome.measure, Death) else ()
    return (outcome.left_out_on, *window)
