"""Breakdowns by what is known of a woman on her index date: by how many needs she has, and by which together.

A combination lies within the number of its needs, as a police force area lies within its region. Each need by itself
would cut across both: such sums may have solutions in fractions and none in whole numbers, so that what seems uncertain
to linear programming need not be so to a reader, who knows that women are whole. So it is not published.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator, model_validator

from linkage.contracts.choices import Where, unknown_dataset, where_mistakes
from linkage.contracts.dataset import Dataset
from linkage.contracts.names import name_mistakes
from linkage.contracts.outcome import Event, Row, Run
from linkage.contracts.period import Period
from linkage.contracts.reading import Date, Declaration, Whole

if TYPE_CHECKING:
    from linkage.contracts.analysis import Analysis

NONE, AND = "none", " + "
FEWEST, MOST = 2, 6
Before = Annotated[Event | Run, Field(discriminator="kind")]


class Need(Declaration):
    """What is known of her when the record of the cohort says one of `recorded`, or when there is something `before`.

    `before`: events, or runs, in windows of days that end on the index date at the latest. `at_least`: of how many
    records of events, her cohort record apart. `absent`: it is a need where there is none of them. What nobody asked
    about, or wrote down, is no need. `known_by`: the same in words, for readers.
    """

    title: str
    known_by: str
    recorded: Where = Field(default_factory=dict)
    before: tuple[Before, ...] = ()
    at_least: Whole = Field(default=1, gt=0)
    absent: bool = False

    @model_validator(mode="after")
    def _can_be_known(self) -> "Need":
        if not (self.recorded or self.before):
            raise ValueError("nothing says whether she has it. Give it `recorded`, `before`, or both")
        if self.absent and (self.recorded or not self.before):
            raise ValueError("`absent` is about what is not there `before`, and needs no `recorded`")
        if self.at_least > 1 and not all(isinstance(one, Event) for one in self.before):
            raise ValueError("`at_least` counts records of events; a run has days_on_end")
        return self

    def known_from(self, dataset: Dataset) -> Where:
        """What of `recorded` a cohort of this dataset has."""
        return {column: labels for column, labels in self.recorded.items() if column in dataset.attributes}

    def mistakes(self, anchors: list[Dataset], datasets: Mapping[str, Dataset], period: Period) -> Iterator[str]:
        """What contracts or the period do not bear out. `anchors`: the datasets of the cohorts divided by it."""
        for column in self.recorded:
            having = [dataset for dataset in anchors if column in dataset.attributes]
            if not having:
                yield f"recorded {column!r} is no attribute of {[dataset.name for dataset in anchors]}."
            for dataset in having:
                yield from where_mistakes("recorded", {column: self.recorded[column]}, dataset)
        for dataset in anchors:
            if not self.before and not self.known_from(dataset):
                yield f"{dataset.name} does not record it, so no woman of its cohorts could have it. Give it `before`."
        for number, measure in enumerate(self.before):
            wrong = list(unknown_dataset(measure.dataset, datasets))
            wrong = wrong or [*measure.mistakes(datasets[measure.dataset]), *window_mistakes(measure, period)]
            yield from (f"before.{number}: {line}" for line in wrong)


class Remembered(Declaration):
    """One woman: what the record of her cohort, of `dataset`, says, what is on record elsewhere, and her needs."""

    because: str
    dataset: str
    record: Row = Field(default_factory=dict)
    index_date: Date
    events: dict[str, tuple[Row, ...]] = Field(default_factory=dict)
    expect: tuple[str, ...]


class History(Declaration):
    """Women by needs that were known on the index date. A table that names it is divided by each of its breakdowns.

    `needs`: by short names, which make up the names of combinations; what is true of most is best declared last.
    """

    title: str
    needs: dict[str, Need] = Field(min_length=FEWEST, max_length=MOST)
    examples: tuple[Remembered, ...] = Field(min_length=1)

    @field_validator("needs", mode="after")
    @classmethod
    def _names_make_columns(cls, needs: dict[str, Need]) -> dict[str, Need]:
        if wrong := [*name_mistakes(needs, "a need")]:
            raise ValueError(" ".join(wrong))
        if wrong := sorted({*needs} & {"number", "combination"}):
            raise ValueError(f"a need is not named as what divides: {wrong}")
        return needs

    def breakdowns(self, name: str) -> dict[str, str]:
        """{breakdown: its title}: by how many, and by which together. `name`: of the history."""
        return {
            f"{name}_number": f"{self.title}: how many",
            f"{name}_combination": f"{self.title}: which together",
        }

    @property
    def together(self) -> dict[str, tuple[str, ...]]:
        """{combination: its needs}: every one there can be, of few needs first."""
        each = (chosen for many in range(len(self.needs) + 1) for chosen in combinations(self.needs, many))
        return {called(chosen): chosen for chosen in each}

    def categories(self, name: str) -> dict[str, tuple[str, ...]]:
        """{breakdown: its categories in order}; all are shown, also when nobody is in one."""
        number, combination = self.breakdowns(name)
        return {number: tuple(many(n) for n in range(len(self.needs) + 1)), combination: tuple(self.together)}

    def within(self, name: str) -> dict[tuple[str, str], tuple[str, str]]:
        """{(breakdown, combination): (breakdown, how many needs it is of)}."""
        number, combination = self.breakdowns(name)
        return {(combination, category): (number, many(len(of))) for category, of in self.together.items()}

    @property
    def datasets(self) -> set[str]:
        """Every dataset that is read to know what was before."""
        return {measure.dataset for need in self.needs.values() for measure in need.before}


def called(needs: tuple[str, ...]) -> str:
    """The name of a combination."""
    return AND.join(need.replace("_", " ") for need in needs) or NONE


def many(needs: int) -> str:
    """So many needs, in words."""
    return {0: NONE, 1: "1 need"}.get(needs, f"{needs} needs")


def titles(histories: Mapping[str, History]) -> dict[str, str]:
    """{breakdown: its title} of every history."""
    return {made: title for name, one in histories.items() for made, title in one.breakdowns(name).items()}


def made_of(histories: Mapping[str, History]) -> dict[str, str]:
    """{breakdown: the history it is one of}."""
    return {made: name for name, one in histories.items() for made in one.breakdowns(name)}


def divides(named: Iterable[str], histories: Mapping[str, History]) -> tuple[str, ...]:
    """The breakdowns that a table which names these is divided by, in its order."""
    each = {name: tuple(one.breakdowns(name)) for name, one in histories.items()}
    return tuple(made for name in named for made in each.get(name, (name,)))


def deciding(histories: Mapping[str, History], breakdown: str) -> dict[str, Any]:
    """What decides in which category of a breakdown a woman is; nothing where no history makes it."""
    for name, history in histories.items():
        if breakdown in history.breakdowns(name):
            said = {"title", "known_by"}
            return {need: one.model_dump(mode="json", exclude=said) for need, one in history.needs.items()}
    return {}


def history_notes(histories: Mapping[str, History]) -> Iterator[str]:
    """What a reader is told of how needs are known."""
    for history in histories.values():
        yield (
            f"{history.title}: what is on record from before. What nobody asked about or wrote down, or whose record "
            "was not found, does not count: as no need, or, where a need is that there is nothing, as one."
        )
        for need in history.needs.values():
            yield f"{need.title}: {need.known_by}"


def window_mistakes(measure: Event | Run, period: Period) -> Iterator[str]:
    """A window that reaches beyond the index date, or back to before the data begin."""
    if measure.data_days > 0:
        yield (
            f"it is known {measure.data_days} days after the index date only, and women would be divided by what came "
            "later. End the window on day 0 at the latest."
        )
    if period.data_from is None:
        yield "period.yaml does not say from which day on the data are complete. Give it `data_from`."
    elif measure.days[0] < -(reached := (period.first_day - period.data_from).days):
        yield (
            f"its window begins {-measure.days[0]} days before the index date; period.yaml has {reached} days before "
            f"its first quarter. Look back less far, or begin with a later quarter."
        )


def history_mistakes(analysis: "Analysis") -> Iterator[str]:
    """What histories ask that cannot be known, and examples that could not be."""
    for name, history in analysis.by_history.items():
        tables = [table for table in analysis.tables.values() if name in table.breakdowns]
        cohorts = [analysis.cohorts[one] for table in tables for one in table.cohorts if one in analysis.cohorts]
        named = dict.fromkeys(cohort.dataset for cohort in cohorts)
        anchors = [analysis.datasets[one] for one in named if one in analysis.datasets]
        for need, declared in history.needs.items():
            for line in declared.mistakes(anchors, analysis.datasets, analysis.period) if anchors else ():
                yield f"by_history.{name}.needs.{need}: {line}"
        for number, example in enumerate(history.examples):
            for line in example_mistakes(example, history, analysis.datasets):
                yield f"by_history.{name}.examples.{number} ({example.because}): {line}"


def example_mistakes(example: Remembered, history: History, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    """Needs that are not declared, datasets and columns that are not there."""
    if wrong := sorted({*example.expect} - {*history.needs}):
        yield f"expects {wrong}, which are no needs; the needs are {list(history.needs)}."
    hers = {example.dataset: (example.record, *example.events.get(example.dataset, ()))}
    for name, rows in {**example.events, **hers}.items():
        yield from unknown_dataset(name, datasets)
        columns = {column for row in rows for column in row}
        if name in datasets and (wrong := sorted(columns - {*datasets[name].attributes})):
            yield f"{wrong} are no attributes of {name}."
