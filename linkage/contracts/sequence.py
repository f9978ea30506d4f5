"""schemas/sequences/*.yaml: which kind of contact came first after the index date, and which next.

A file becomes several outcomes: of each kind that it came first, that there was no contact, of declared pairs that they
were the first two, and of declared kinds that they came first within a span of days. Whoever is counted has one of the
first, and one of the pairs and one of the spans that divide it. So their numerators add up: disclosure control is told.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from linkage.contracts.choices import Labels, Word, unknown_dataset
from linkage.contracts.cohort import Cohort
from linkage.contracts.dataset import Dataset
from linkage.contracts.names import name_mistakes
from linkage.contracts.order import NO_CONTACT, Contact, Order
from linkage.contracts.outcome import Outcome, Row
from linkage.contracts.reading import Date, Declaration, Whole
from linkage.contracts.sentences import Sentences
from linkage.contracts.window import Window

if TYPE_CHECKING:
    from linkage.contracts.analysis import Analysis

OTHER = "other"
Families = tuple[tuple[str, tuple[str, ...]], ...]


def different(pair: tuple[str, str]) -> tuple[str, str]:
    """Two steps. Raises ValueError where they are one."""
    if pair[0] == pair[1]:
        raise ValueError(f"the step after {pair[0]} is to another kind of contact")
    return pair


Pair = Annotated[tuple[str, str], AfterValidator(different)]


class Spans(Declaration):
    """When a first contact came: the last days of spans of days, but for the last span; `of` which kinds it is told."""

    last_days: tuple[Whole, ...] = Field(min_length=1)
    of: Labels


class Followed(Declaration):
    """One woman: what is on record, and her first two kinds of contact; `none` where there is no more."""

    because: str
    index_date: Date
    events: dict[str, tuple[Row, ...]] = Field(default_factory=dict)
    expect: tuple[str, str]


class Sequence(Declaration):
    """`contacts`: in the order in which two on one day count. `sequences`: pairs of first and next kind that are told
    apart; the others with the same first are pooled. Everybody is counted, whatever becomes of her.
    """

    title: str
    theme: Word
    days: Window
    contacts: dict[str, Contact] = Field(min_length=2)
    sequences: tuple[Pair, ...] = ()
    spans: Spans | None = None
    source: str
    modelled_on: str
    differences: Sentences = ()
    examples: tuple[Followed, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_of_contacts(self) -> "Sequence":
        if wrong := [*name_mistakes(self.contacts, "a contact")]:
            raise ValueError(" ".join(wrong))
        if wrong := sorted({*self.contacts} & {NO_CONTACT, OTHER}):
            raise ValueError(f"a contact is not named as what is none of them: {wrong}")
        known = {*self.contacts, NO_CONTACT}
        named = {step for pair in (*self.sequences, *(one.expect for one in self.examples)) for step in pair}
        if unknown := sorted(named - known):
            raise ValueError(f"{unknown} is no contact; there are {sorted(known)}")
        if len({*self.sequences}) < len(self.sequences) or any(first == NO_CONTACT for first, _ in self.sequences):
            raise ValueError("sequences: a pair stands twice, or begins with no contact at all")
        if self.spans and (unknown := sorted({*self.spans.of} - {*self.contacts})):
            raise ValueError(f"spans: {unknown} is no contact; there are {sorted(self.contacts)}")
        if self.spans and [*self.spans.last_days] != sorted(day for day in {*self.spans.last_days} if self.within(day)):
            raise ValueError(f"spans: their last days ascend, from {self.days[0]} to {self.days[1] - 1} at most")
        if self.days[0] < 0:
            raise ValueError(f"days: day {self.days[0]} is before the index date; contacts come after it")
        return self

    def within(self, day: int) -> bool:
        """Does the day leave days of the window after it?"""
        return self.days[0] <= day < self.days[1]

    def words(self, step: str) -> str:
        """A step in words."""
        return self.contacts[step].title if step in self.contacts else "none"

    def then(self, first: str) -> dict[str, tuple[str, ...]]:
        """{what a pair is called after its first step: the next steps that it is}; {} where none is declared."""
        told = [second for one, second in self.sequences if one == first]
        rest = tuple(step for step in (*self.contacts, NO_CONTACT) if step not in (first, *told))
        return {second: (second,) for second in told} | ({OTHER: rest} if told and rest else {})

    def firsts(self, name: str) -> dict[str, str]:
        """{outcome: which kind came first, in words}. `name`: of the sequence."""
        return {f"{name}_{step}": self.words(step) for step in (*self.contacts, NO_CONTACT)}

    def pairs(self, name: str) -> dict[str, str]:
        """{outcome: which two came first, in words}."""
        return {
            f"{name}_{first}_then_{called}": f"{self.words(first)}, then {self.next_words(called)}"
            for first in self.contacts
            for called in self.then(first)
        }

    def when(self, name: str, first: str) -> dict[str, tuple[int, int]]:
        """{outcome: the days on which this kind came first}; {} where that is not told."""
        if not self.spans or first not in self.spans.of:
            return {}
        ends = (self.days[0] - 1, *self.spans.last_days, self.days[1])
        return {f"{name}_{first}_days_{one + 1}_to_{last}": (one + 1, last) for one, last in pairwise(ends)}

    def days_of(self, name: str) -> dict[str, str]:
        """{outcome: which kind came first and when, in words}."""
        each = {made: (first, on) for first in self.contacts for made, on in self.when(name, first).items()}
        return {made: f"{self.words(first)}, {span_words(on)}" for made, (first, on) in each.items()}

    def next_words(self, called: str) -> str:
        """The second step in words."""
        return {OTHER: "other or none", NO_CONTACT: "none"}.get(called) or self.words(called)

    def outcomes(self, name: str) -> dict[str, Outcome]:
        """{name: outcome} of all that it becomes."""
        asked: dict[str, tuple[str, tuple[str, ...]]]
        asked = {f"{name}_{step}": (step, ()) for step in (*self.contacts, NO_CONTACT)}
        asked |= {f"{name}_{one}_then_{c}": (one, of) for one in self.contacts for c, of in self.then(one).items()}
        measures: dict[str, dict[str, Any]]
        measures = {made: {"first": first, "then": then} for made, (first, then) in asked.items()}
        for one in self.contacts:
            measures |= {made: {"first": one, "on": on} for made, on in self.when(name, one).items()}
        titles = self.firsts(name) | self.pairs(name) | self.days_of(name)
        return {
            outcome: Outcome.model_construct(
                title=f"{self.title}: {titles[outcome]}",
                theme=self.theme,
                measure=Order.model_construct(kind="order", contacts=self.contacts, days=self.days, **measure),
                eligible={},
                exclude=(),
                landmark=None,
                source=self.source,
                modelled_on=self.modelled_on,
                differences=self.differences,
                examples=(),
            )
            for outcome, measure in measures.items()
        }

    def families(self, name: str) -> Families:
        """(outcome, or '' for all women counted; outcomes of whose women each is one of the first's)."""
        pairs = [(f"{name}_{one}", tuple(f"{name}_{one}_then_{c}" for c in self.then(one))) for one in self.contacts]
        spans = [(f"{name}_{one}", tuple(self.when(name, one))) for one in self.contacts]
        return ("", tuple(self.firsts(name))), *(family for family in (*pairs, *spans) if family[1])

    def mistakes(self, datasets: Mapping[str, Dataset]) -> Iterator[str]:
        """What the contracts do not bear out."""
        for name, contact in self.contacts.items():
            wrong = list(unknown_dataset(contact.dataset, datasets)) or contact.mistakes(datasets[contact.dataset])
            yield from (f"contacts.{name}: {line}" for line in wrong)
        for number, example in enumerate(self.examples):
            for dataset, rows in example.events.items():
                known = {*datasets[dataset].attributes} if dataset in datasets else set()
                if unknown := sorted({column for row in rows for column in row} - known):
                    yield f"examples.{number} ({example.because}): {unknown} are no attributes of {dataset}."


def span_words(days: tuple[int, int]) -> str:
    """A span of days in words."""
    return f"day {days[0]}" if days[0] == days[1] else f"days {days[0]} to {days[1]}"


def with_sequences(outcomes: Mapping[str, Outcome], sequences: Mapping[str, Sequence]) -> dict[str, Outcome]:
    """The outcomes that are declared, and those that sequences become."""
    return {**outcomes, **{made: one for name, of in sequences.items() for made, one in of.outcomes(name).items()}}


def declared_in(name: str, analysis: "Analysis") -> Path:
    """The file of schemas/ in which an outcome is declared."""
    files = [Path("sequences", made) for made, one in analysis.sequences.items() if name in one.outcomes(made)]
    return next(iter(files), Path("outcomes", name))


def as_declared(
    cohorts: Iterable[Cohort], outcomes: Mapping[str, Outcome], others: Iterable[Outcome], analysis: "Analysis"
) -> list[Cohort | Outcome | Sequence]:
    """What readers are told of, once each: in place of the outcomes that a sequence becomes, the sequence."""
    made = {outcome: one for name, one in analysis.sequences.items() for outcome in one.outcomes(name)}
    found = [made.get(name, one) for name, one in outcomes.items()]
    return [*cohorts, *(one for n, one in enumerate(found) if one not in found[:n]), *others]


def sequence_mistakes(analysis: "Analysis") -> Iterator[tuple[str, str]]:
    """(sequence, what contracts and other declarations do not bear out)."""
    for name, sequence in analysis.sequences.items():
        yield from ((name, line) for line in sequence.mistakes(analysis.datasets))
        made = sequence.outcomes(name)
        for table in analysis.tables.values():
            if 0 < len({*analysis.outcomes_of(table)} & {*made}) < len(made):
                yield name, "a table shows some of its outcomes alone, and the others follow. Show its theme."
