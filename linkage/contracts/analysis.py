"""schemas/tables/*.yaml, and everything they need, read as one Analysis.

A workspace that only pseudonymises, links and evaluates declares none of this, so it is read apart from the contracts.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, field_validator, model_validator

from linkage.contracts.choices import Word, each_once, unknown_dataset, where_mistakes
from linkage.contracts.circumstances import Circumstances
from linkage.contracts.cohort import Breakdown, Cohort
from linkage.contracts.dataset import A_NAME, Dataset, Geography
from linkage.contracts.entries import WOMEN, counted_in, entry_mistakes, entry_notes
from linkage.contracts.frequency import Frequency, frequency_notes, shared_events
from linkage.contracts.joined import ByAnswer, joined_mistakes
from linkage.contracts.outcome import Outcome
from linkage.contracts.period import Period
from linkage.contracts.reading import Declaration, read, read_folder
from linkage.errors import ContractError

Threshold = Literal["high", "medium", "low"]
PeriodOf = Literal["year", "quarter", "all"]
PeriodOfTable = Literal["half_year"] | PeriodOf
ALL = "all"
TAKEN = frozenset({ALL, "person_id", "record_id", "index_date", "quarter", "period", "in_england"})
WORDS = {"title", "theme", "source", "modelled_on", "differences", "examples"}  # they decide nothing
BESIDE = {"frequency", "counted"}  # nor does what is counted beside women, or what entries are called
UNSAID = {"landmark": None, "entries": "first"}  # nor does what is not there
DIVIDING = {"column", "bands", "outside_england"}
R = TypeVar("R")


class Table(Declaration):
    """Every outcome of `theme` for each cohort: for all its women, and by each breakdown its dataset can fill.

    `outcomes`: these instead, of whatever theme, so that a table can show again some that others show.
    `thresholds`: the person ids it is computed with, so a reader sees how much the figure leans on the linkage.
    `health_warning`: printed with the title; a table by an answer must have one.
    """

    title: str
    theme: Word
    outcomes: Annotated[tuple[str, ...], AfterValidator(each_once)] = ()
    cohorts: Annotated[tuple[str, ...], AfterValidator(each_once)] = Field(min_length=1)
    breakdowns: Annotated[tuple[str, ...], AfterValidator(each_once)] = ()
    periods: Annotated[tuple[PeriodOfTable, ...], AfterValidator(each_once)] = Field(default=("year",), min_length=1)
    thresholds: Annotated[tuple[Threshold, ...], AfterValidator(each_once)] = Field(
        default=("high", "medium", "low"), min_length=1
    )
    notes: tuple[str, ...] = ()
    health_warning: str = ""


class Breakdowns(Declaration):
    """schemas/breakdowns.yaml. A breakdown's name becomes a column beside those of a cohort.

    `by_answer`: those that divide women by the answer to an outcome, and not by the record of the cohort.
    """

    breakdowns: dict[str, Breakdown]
    by_answer: dict[str, ByAnswer] = Field(default_factory=dict)

    @field_validator("breakdowns", "by_answer")
    @classmethod
    def _names_make_columns(cls, given: dict[str, R]) -> dict[str, R]:
        if wrong := [name for name in given if not A_NAME.match(name)]:
            raise ValueError(f"a breakdown is named in lower case with underscores, unlike {wrong}")
        if taken := sorted(set(given) & TAKEN):
            raise ValueError(f"choose another name than {taken}")
        return given

    @model_validator(mode="after")
    def _a_name_is_one_breakdown(self) -> Self:
        each_once((*self.breakdowns, *self.by_answer))
        return self


@dataclass(frozen=True)
class Description:
    """What a reader is told with a table: its full title, with its health warning where it has one, notes, and a title
    for each name its columns hold.
    """

    table_id: str
    title: str
    theme: str
    geography: Geography
    cohorts: dict[str, str]
    outcomes: dict[str, str]
    breakdowns: dict[str, str]
    notes: tuple[str, ...]
    health_warning: str = ""
    frequencies: dict[str, Frequency] = field(default_factory=dict)
    counted: str = WOMEN

    @property
    def whole_title(self) -> str:
        """The title with the warning, for whatever shows the table without its notes."""
        return f"{self.title}. {self.health_warning}" if self.health_warning else self.title


@dataclass(frozen=True)
class Analysis:
    """All declarations of the analysis, checked against each other and against the contracts."""

    period: Period
    breakdowns: dict[str, Breakdown]
    circumstances: Circumstances
    cohorts: dict[str, Cohort]
    outcomes: dict[str, Outcome]
    tables: dict[str, Table]
    datasets: dict[str, Dataset]
    by_answer: dict[str, ByAnswer] = field(default_factory=dict)

    def outcomes_of(self, table: Table) -> dict[str, Outcome]:
        """{name: outcome} of the table's theme, in name order; where it names outcomes, these in its order."""
        if table.outcomes:
            return {name: self.outcomes[name] for name in table.outcomes if name in self.outcomes}
        return {name: outcome for name, outcome in self.outcomes.items() if outcome.theme == table.theme}

    def breakdowns_of(self, table: Table, cohort: Cohort) -> dict[str, Breakdown]:
        """{name: breakdown} of the table that the cohort's dataset can fill, in the table's order."""
        dataset = self.datasets[cohort.dataset]
        named = {name: self.breakdowns[name] for name in table.breakdowns if name in self.breakdowns}
        return {name: breakdown for name, breakdown in named.items() if breakdown.fits(dataset)}

    def divided_by(self, table: Table) -> dict[str, ByAnswer]:
        """{name: breakdown} of the table that are answers to an outcome, in the table's order."""
        named = {name: self.by_answer[name] for name in table.breakdowns if name in self.by_answer}
        return {name: one for name, one in named.items() if one.outcome in self.outcomes}

    def knows(self, table: Table) -> bool:
        """Is everything declared that the table's figures come from? While declarations are read it may not be."""
        cohorts = [self.cohorts.get(name) for name in table.cohorts]
        return None not in cohorts and self.datasets_of(table) <= set(self.datasets)

    def datasets_of(self, table: Table) -> set[str]:
        """Every dataset the table's figures come from."""
        known = [self.outcomes[one.outcome] for one in self.divided_by(table).values()]
        return self.datasets_behind(
            (self.cohorts[name] for name in table.cohorts), [*self.outcomes_of(table).values(), *known]
        )

    def datasets_behind(self, cohorts: Iterable[Cohort], outcomes: Iterable[Outcome]) -> set[str]:
        """Every dataset that outcomes of these cohorts are known from."""
        used = {cohort.dataset for cohort in cohorts}
        for outcome in outcomes:
            used |= {outcome.measure.dataset} | self.circumstances.datasets(outcome.exclude)
        return used

    def geography(self, table: Table) -> Geography:
        """What all of the table's datasets cover."""
        return self.covered(self.datasets_of(table))

    def covered(self, datasets: Iterable[str]) -> Geography:
        """England as soon as one of the datasets covers England only: Welsh women would all seem to fail."""
        each = {self.datasets[name].geography for name in datasets}
        return "England" if "England" in each else "England and Wales"

    @property
    def within(self) -> dict[tuple[str, str], tuple[str, str]]:
        """{(breakdown, category): (wider breakdown, the category of it she is in as well)}."""
        return {
            (name, category): (wider, whole)
            for name, breakdown in self.breakdowns.items()
            for wider, wholes in breakdown.within.items()
            for whole, categories in wholes.items()
            for category in categories
        }

    @property
    def asked(self) -> dict[str, str]:
        """{outcome: which women of a cohort it is asked about}: the same words for outcomes of the same women."""
        return {name: str(sorted(outcome.eligible.items())) for name, outcome in self.outcomes.items()}

    def definition(self, cohort: str, outcome: str, period: str, breakdown: str) -> str | None:
        """What decides who is counted in a cell, as 12 hexadecimal digits; None where it is not declared any more."""
        quarters = [str(q.first_day) for q in self.period.calendar if period in (q.label, q.half, q.year, ALL)]
        known = {ALL, *self.breakdowns, *self.by_answer}
        if not (cohort in self.cohorts and outcome in self.outcomes and breakdown in known and quarters):
            return None
        counted = (self.cohorts[cohort], self.outcomes[outcome], self.circumstances)
        said = [*(what_decides(one) for one in counted), self._divides(breakdown), quarters]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]

    def title_of(self, breakdown: str) -> str:
        """By what it divides women, in words. Raises KeyError."""
        named = self.by_answer.get(breakdown)
        return named.title if named else self.breakdowns[breakdown].title

    def _divides(self, breakdown: str) -> dict[str, Any]:
        """What decides in which category a woman is."""
        if breakdown in self.by_answer:
            return what_decides(self.outcomes[self.by_answer[breakdown].outcome])
        divided = self.breakdowns.get(breakdown)
        return divided.model_dump(mode="json", include=DIVIDING) if divided else {}

    def places_england(self, dataset: Dataset) -> bool:
        """Can it be told from a record of the dataset whether the woman is in England?"""
        return dataset.geography == "England" or any(
            b.outside_england and b.fits(dataset) for b in self.breakdowns.values()
        )

    def describe(self, table_id: str) -> Description:
        """What to print with the table. Raises KeyError."""
        table = self.tables[table_id]
        geography, outcomes = self.geography(table), self.outcomes_of(table)
        cohorts = {name: self.cohorts[name] for name in table.cohorts}
        return Description(
            table_id=table_id,
            title=f"{table.title}, {geography}, cohorts of {self.period.title}",
            theme=table.theme,
            geography=geography,
            cohorts={name: cohort.title for name, cohort in cohorts.items()},
            outcomes={name: outcome.title for name, outcome in outcomes.items()},
            breakdowns={name: self.title_of(name) for name in table.breakdowns},
            notes=tuple(self._notes(table, geography, cohorts, outcomes)),
            health_warning=table.health_warning,
            frequencies={name: one.frequency for name, one in outcomes.items() if one.frequency},
            counted=counted_in(cohorts.values()),
        )

    def _notes(
        self, table: Table, geography: Geography, cohorts: dict[str, Cohort], outcomes: dict[str, Outcome]
    ) -> Iterator[str]:
        yield from [table.health_warning] if table.health_warning else []
        yield from table.notes
        if geography == "England":
            only = [self.datasets[n].title for n in sorted(self.datasets_of(table)) if self._england_only(n)]
            yield f"Women placed in England only, because {' and '.join(only)} covers England only."
        yield from entry_notes(cohorts.values())
        yield from frequency_notes(outcomes.values())
        divides = {one.title: self.outcomes[one.outcome] for one in self.divided_by(table).values()}
        for title, known in divides.items():
            yield f"{title}, not known: women whom {known.title.lower()!r} does not count, for whatever reason."
        modelled: list[Cohort | Outcome] = [*cohorts.values(), *outcomes.values(), *divides.values()]
        for declared in modelled:
            yield f"{declared.title}: modelled on {declared.modelled_on} Source: {declared.source}"
            yield from (f"{declared.title}, a known difference: {line}" for line in declared.differences)

    def _england_only(self, dataset: str) -> bool:
        return self.datasets[dataset].geography == "England"


def what_decides(declared: Declaration) -> dict[str, Any]:
    """What of a declaration decides who is counted."""
    said = declared.model_dump(mode="json", exclude=WORDS | BESIDE)
    return {name: value for name, value in said.items() if name not in UNSAID or UNSAID[name] != value}


def read_analysis(schemas: Path, datasets: dict[str, Dataset]) -> Analysis:
    """The analysis a `schemas` folder declares. Raises ContractError with all mistakes of all its files."""
    wrong: list[str] = []
    period = attempt(wrong, lambda: read(Period, schemas / "period.yaml"))
    breakdowns = attempt(wrong, lambda: read(Breakdowns, schemas / "breakdowns.yaml"))
    circumstances = attempt(wrong, lambda: read(Circumstances, schemas / "circumstances.yaml"))
    cohorts = attempt(wrong, lambda: read_folder(Cohort, schemas / "cohorts"))
    outcomes = attempt(wrong, lambda: read_folder(Outcome, schemas / "outcomes"))
    tables = attempt(wrong, lambda: read_folder(Table, schemas / "tables"))
    if not (period and breakdowns and circumstances) or cohorts is None or outcomes is None or tables is None:
        raise ContractError("\n".join(wrong))
    by_column, by_answer = breakdowns.breakdowns, breakdowns.by_answer
    analysis = Analysis(period, by_column, circumstances, cohorts, outcomes, tables, datasets, by_answer)
    if wrong := list(mistakes(schemas, analysis)):
        raise ContractError("\n".join(wrong))
    return analysis


def attempt(wrong: list[str], reading: Callable[[], R]) -> R | None:
    """What `reading` gives; None, with its mistakes added to `wrong`, where it fails."""
    try:
        return reading()
    except ContractError as error:
        wrong.append(str(error))
        return None


def mistakes(schemas: Path, analysis: Analysis) -> Iterator[str]:
    """Each mistake between files, with the file to edit."""
    for line in breakdown_mistakes(analysis):
        yield f"{schemas / 'breakdowns.yaml'}: {line}"
    for line in analysis.circumstances.mistakes(analysis.datasets):
        yield f"{schemas / 'circumstances.yaml'}: {line}"
    folders: tuple[tuple[str, Mapping[str, Cohort | Outcome]], ...]
    folders = (("cohorts", analysis.cohorts), ("outcomes", analysis.outcomes))
    for folder, files in folders:
        for name, one in files.items():
            for line in dataset_mistakes(one, analysis.datasets):
                yield f"{schemas / folder / name}.yaml: {line}"
    for first, second in combinations(sorted(analysis.cohorts), 2):
        if analysis.cohorts[first].choice == analysis.cohorts[second].choice:
            yield f"{schemas / 'cohorts' / second}.yaml: it takes the same women as {first}.yaml. Remove one."
    for name, line in entry_mistakes(analysis.cohorts):
        yield f"{schemas / 'cohorts' / name}.yaml: {line}"
    for name, outcome in analysis.outcomes.items():
        for line in outcome_mistakes(outcome, analysis):
            yield f"{schemas / 'outcomes' / name}.yaml: {line}"
    for name, line in shared_events(analysis.outcomes):
        yield f"{schemas / 'outcomes' / name}.yaml: {line}"
    for name, table in analysis.tables.items():
        for line in table_mistakes(table, analysis):
            yield f"{schemas / 'tables' / name}.yaml: {line}"
    if not analysis.tables:
        yield f"{schemas / 'tables'}: no table found. Write one file per table (schemas/README.md)."


def dataset_mistakes(one: Cohort | Outcome, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    """What the contract it is about does not bear out."""
    name = one.dataset if isinstance(one, Cohort) else one.measure.dataset
    unknown = list(unknown_dataset(name, datasets))
    yield from unknown or one.mistakes(datasets[name])


def breakdown_mistakes(analysis: Analysis) -> Iterator[str]:
    """Breakdowns that no cohort can fill, or that a contract does not bear out."""
    named = {cohort.dataset for cohort in analysis.cohorts.values()} & set(analysis.datasets)
    anchors = [analysis.datasets[name] for name in sorted(named)]
    for name, breakdown in analysis.breakdowns.items():
        fitting = [dataset for dataset in anchors if breakdown.fits(dataset)]
        if anchors and not fitting:
            yield f"{name}: no cohort's dataset has a column {breakdown.column!r}."
        for dataset in fitting:
            yield from (f"{name}: {line}" for line in breakdown.mistakes(dataset))
            for wider, wholes in breakdown.within.items():
                if wider not in analysis.breakdowns:
                    yield f"{name}: within {wider!r}, which is no breakdown."
                elif analysis.breakdowns[wider].fits(dataset):
                    known = analysis.breakdowns[wider].categories(dataset)
                    yield from (
                        f"{name}: within {whole!r}, no category of {wider}." for whole in wholes if whole not in known
                    )
    for name, one in analysis.by_answer.items():
        if one.outcome not in analysis.outcomes:
            yield f"by_answer.{name}: there is no outcome {one.outcome!r}; there are {sorted(analysis.outcomes)}."


def outcome_mistakes(outcome: Outcome, analysis: Analysis) -> Iterator[str]:
    """An outcome that no table shows, that asks what a cohort does not record, or whose window the data cannot fill."""
    themes = sorted({table.theme for table in analysis.tables.values()})
    if themes and outcome.theme not in themes:
        yield f"theme {outcome.theme!r} is in no table. The tables show {themes}."
    showing = [table for table in analysis.tables.values() if outcome in analysis.outcomes_of(table).values()]
    named = dict.fromkeys(name for table in showing for name in table.cohorts)
    cohorts = {name: analysis.cohorts[name] for name in named if name in analysis.cohorts}
    for dataset in dict.fromkeys(cohort.dataset for cohort in cohorts.values()):
        if dataset in analysis.datasets:
            yield from where_mistakes("eligible", outcome.eligible, analysis.datasets[dataset])
    for name, cohort in cohorts.items():
        for column, labels in outcome.eligible.items():
            taken = cohort.where.get(column, labels)
            if not set(labels) & set(taken):
                yield f"eligible {column} = {list(labels)} can never be true: {name} takes {list(taken)}."
    period, days = analysis.period, outcome.measure.data_days
    reached = (period.data_to - period.last_day).days
    if days > reached:
        yield (
            f"needs data up to {days} days after the index date; period.yaml has {reached} days after its last "
            f"quarter. Take fewer quarters, or wait for data beyond {period.data_to}."
        )


def table_mistakes(table: Table, analysis: Analysis) -> Iterator[str]:
    """Names a table cannot use."""
    if unknown := sorted(set(table.cohorts) - set(analysis.cohorts)):
        yield f"there is no cohort {unknown}; there are {sorted(analysis.cohorts)}."
    known = {*analysis.breakdowns, *analysis.by_answer}
    if unknown := sorted(set(table.breakdowns) - known):
        yield f"there is no breakdown {unknown}; breakdowns.yaml has {sorted(known)}."
    if unknown := sorted(set(table.outcomes) - set(analysis.outcomes)):
        yield f"there is no outcome {unknown}; there are {sorted(analysis.outcomes)}."
    elif not analysis.outcomes_of(table):
        yield f"no outcome has the theme {table.theme!r}."
    cohorts = [analysis.cohorts[name] for name in table.cohorts if name in analysis.cohorts]
    anchors = [analysis.datasets[c.dataset] for c in cohorts if c.dataset in analysis.datasets]
    for name in set(table.breakdowns) & set(analysis.breakdowns):
        if anchors and not any(analysis.breakdowns[name].fits(dataset) for dataset in anchors):
            yield f"none of its cohorts can be broken down by {name!r}."
    if not analysis.knows(table):
        return
    yield from joined_mistakes(table, analysis)
    if analysis.geography(table) == "England":
        for dataset in anchors:
            if not analysis.places_england(dataset):
                yield (
                    f"it is restricted to England, and {dataset.name} cannot tell who is there. Give a breakdown of it "
                    "`outside_england` in breakdowns.yaml."
                )
