"""How often, beside whether: an outcome whose events are counted as well, two of one day as two."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from linkage.contracts.reading import Declaration

if TYPE_CHECKING:
    from linkage.contracts.outcome import Event, Outcome


class Frequency(Declaration):
    """The events that make an outcome are counted. `title`: what they are, in the plural; `who`: a woman with one."""

    title: str
    who: str


def frequency_mistakes(outcome: "Outcome") -> Iterator[str]:
    """A frequency of what is no event or is in no example, and examples whose number cannot be."""
    numbers = [example.number for example in outcome.examples if example.number is not None]
    if outcome.frequency is None:
        if numbers:
            yield "examples state a number, and nothing is counted. Declare a `frequency`, or leave the numbers out."
        return
    if outcome.measure.kind != "event":
        yield f"frequency: a {outcome.measure.kind} is so or not, and only events can be counted. Leave it out."
    if max(numbers, default=0) < 2:
        yield "frequency: no example has several events. Give one with its `number`: what counts as two must be said."
    for n, example in enumerate(outcome.examples):
        if example.number is not None and (example.expect == "yes") != (example.number > 0):
            yield f"examples.{n} ({example.because}): expect {example.expect} and number {example.number} clash."


def shared_events(outcomes: Mapping[str, "Outcome"]) -> Iterator[tuple[str, str]]:
    """(outcome, mistake) where two count events of the same days: what one has more is of few, and a difference."""
    counted = {name: one.measure for name, one in outcomes.items() if one.frequency and one.measure.kind == "event"}
    for (one, first), (other, second) in combinations(counted.items(), 2):
        if same_days(first, second):
            yield (
                other,
                f"frequency: {one} counts events of {first.dataset} on the same days, and whoever has both numbers "
                "subtracts them. Leave one of the two out.",
            )


def same_days(one: "Event", other: "Event") -> bool:
    """Can an event be counted by both?"""
    overlap = max(one.days[0], other.days[0]) <= min(one.days[1], other.days[1])
    return one.dataset == other.dataset and overlap


def frequency_notes(outcomes: Iterable["Outcome"]) -> Iterator[str]:
    """What a reader is told of each number of events."""
    for outcome in outcomes:
        if said := outcome.frequency:
            yield (
                f"{said.title}: all that make the outcome {outcome.title.lower()!r}, of the women counted; two on one "
                f"day are two. The means per {said.who} and per woman are of rounded numbers, and have no interval."
            )
            yield (
                f"{said.title} are not corrected for errors of links: what stands in a record that was missed is not "
                "in the number, and what stands in somebody else's is."
            )
