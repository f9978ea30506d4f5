"""schemas/tables/*.yaml, and everything they need, read as one Analysis.

A workspace that only pseudonymises, links and evaluates declares none of this, so it is read apart from the contracts.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, field_validator, model_validator

from linkage.contracts import standardised
from linkage.contracts.choices import Word, each_once
from linkage.contracts.circumstances import Circumstances
from linkage.contracts.cohort import Breakdown, Cohort
from linkage.contracts.dataset import Dataset, Geography
from linkage.contracts.entries import WOMEN, counted_in, entry_notes
from linkage.contracts.frequency import Frequency, frequency_notes
from linkage.contracts.history import History, deciding, divides, history_notes, titles
from linkage.contracts.joined import ByAnswer
from linkage.contracts.left_out import never
from linkage.contracts.mistakes import mistakes
from linkage.contracts.names import TAKEN, name_mistakes
from linkage.contracts.order import precedence
from linkage.contracts.outcome import Death, Outcome
from linkage.contracts.period import Period
from linkage.contracts.pictured import NOTHING, Pictured, pictured
from linkage.contracts.reading import Declaration, read, read_folder
from linkage.contracts.sentences import Sentences, listed
from linkage.contracts.sequence import Sequence, as_declared, with_sequences
from linkage.contracts.unknown_days import datasets_named
from linkage.errors import ContractError

Threshold = Literal["high", "medium", "low"]
PeriodOf = Literal["year", "quarter", "all"]
PeriodOfTable = Literal["year", "half_year", "quarter", "all"]
Subject = Literal["reoffending", "employment", "housing", "health", "several"]
ALL = "all"
# They decide nothing.
WORDS = {"title", "theme", "source", "modelled_on", "differences", "examples", "frequency", "counted"}
UNSAID = {"landmark": None, "entries": "first"}  # nor does what is not there
DIVIDING = {"column", "bands", "outside_england"}
R = TypeVar("R")


class Table(Declaration):
    """Every outcome of `theme` for each cohort: for all its women, and by each breakdown its dataset can fill.

    `subject`: under which heading of the page a reader looks for it; `several` for what joins them.
    `outcomes`: these instead, of whatever theme, so that a table can show again some that others show.
    `thresholds`: the person ids it is computed with, so a reader sees how much the figure leans on the linkage.
    `health_warning`: printed with the title; a table by an answer must have one.
    `standardised_by`: strata among its breakdowns; of each cohort the first that it records.
    """

    title: str
    theme: Word
    subject: Subject = "several"
    outcomes: Annotated[tuple[str, ...], AfterValidator(each_once)] = ()
    cohorts: Annotated[tuple[str, ...], AfterValidator(each_once)] = Field(min_length=1)
    breakdowns: Annotated[tuple[str, ...], AfterValidator(each_once)] = ()
    periods: Annotated[tuple[PeriodOfTable, ...], AfterValidator(each_once)] = Field(default=("year",), min_length=1)
    thresholds: Annotated[tuple[Threshold, ...], AfterValidator(each_once)] = Field(
        default=("high", "medium", "low"), min_length=1
    )
    notes: Sentences = ()
    health_warning: str = ""
    standardised_by: Annotated[tuple[str, ...], AfterValidator(each_once)] = ()


class Breakdowns(Declaration):
    """schemas/breakdowns.yaml. A breakdown's name becomes a column beside those of a cohort.

    `by_answer`: those that divide women by the answer to an outcome, and not by the record of the cohort. `by_history`:
    by what was known of them on the index date, each several breakdowns.
    """

    breakdowns: dict[str, Breakdown]
    by_answer: dict[str, ByAnswer] = Field(default_factory=dict)
    by_history: dict[str, History] = Field(default_factory=dict)

    @field_validator("breakdowns", "by_answer", "by_history")
    @classmethod
    def _names_make_columns(cls, given: dict[str, R]) -> dict[str, R]:
        if wrong := [*name_mistakes(given, "a breakdown")]:
            raise ValueError(" ".join(wrong))
        if taken := sorted(set(given) & TAKEN):
            raise ValueError(f"choose another name than {taken}")
        return given

    @model_validator(mode="after")
    def _a_name_is_one_breakdown(self) -> Self:
        each_once((*self.breakdowns, *self.by_answer, *self.by_history, *titles(self.by_history)))
        return self


@dataclass(frozen=True)
class Description:
    """What a reader is told with a table: its full title, with its health warning where it has one, notes, and a title
    for each name its columns hold. `by`: for its heading, by what women are divided. `never`: {outcome: the columns of
    women left out that are empty, since it leaves nobody out for that}. `not_standardised`: by which answers and strata
    no rate could be standardised, and why, in sentences. `of_deaths`: the outcomes that are deaths.
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
    by: tuple[str, ...] = ()
    frequencies: dict[str, Frequency] = field(default_factory=dict)
    pictured: Pictured = NOTHING
    counted: str = WOMEN
    subject: Subject = "several"
    never: dict[str, tuple[str, ...]] = field(default_factory=dict)
    not_standardised: tuple[str, ...] = ()
    of_deaths: tuple[str, ...] = ()

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
    by_history: dict[str, History] = field(default_factory=dict)
    sequences: dict[str, Sequence] = field(default_factory=dict)

    def outcomes_of(self, table: Table) -> dict[str, Outcome]:
        """{name: outcome} of the table's theme, those of early days first; of a table that names some, in its order."""
        if table.outcomes:
            return {name: self.outcomes[name] for name in table.outcomes if name in self.outcomes}
        of_theme = {name: outcome for name, outcome in self.outcomes.items() if outcome.theme == table.theme}
        return dict(sorted(of_theme.items(), key=lambda one: one[1].measure.last_day))

    def breakdowns_of(self, table: Table, cohort: Cohort) -> dict[str, Breakdown]:
        """{name: breakdown} of the table that the cohort's dataset can fill, in the table's order; none that would show
        all women again, since the cohort takes one category alone.
        """
        dataset = self.datasets[cohort.dataset]
        named = {name: self.breakdowns[name] for name in table.breakdowns if name in self.breakdowns}
        fitting = {
            name: breakdown
            for name, breakdown in named.items()
            if breakdown.fits(dataset) and len(cohort.where.get(breakdown.column, ())) != 1
        }
        return standardised.but_other_strata(table, fitting)

    def divided_by(self, table: Table) -> dict[str, ByAnswer]:
        """{name: breakdown} of the table that are answers to an outcome, in the table's order."""
        named = {name: self.by_answer[name] for name in table.breakdowns if name in self.by_answer}
        return {name: one for name, one in named.items() if one.outcome in self.outcomes}

    def histories_of(self, table: Table) -> dict[str, History]:
        """{name: history} of the table, in its order."""
        return {name: self.by_history[name] for name in table.breakdowns if name in self.by_history}

    def divisions(self, table: Table, cohort: Cohort) -> tuple[str, ...]:
        """Every breakdown that the table shows of a cohort: by its records, by an answer, by both, by needs."""
        crossed = standardised.crossings(table, cohort, self)
        histories = divides(self.histories_of(table), self.by_history)
        return (*self.breakdowns_of(table, cohort), *self.divided_by(table), *crossed, *histories)

    def knows(self, table: Table) -> bool:
        """Is everything declared that the table's figures come from? While declarations are read it may not be."""
        cohorts = [self.cohorts.get(name) for name in table.cohorts]
        return None not in cohorts and self.datasets_of(table) <= set(self.datasets)

    def datasets_of(self, table: Table) -> set[str]:
        """Every dataset the table's figures come from."""
        known = [self.outcomes[one.outcome] for one in self.divided_by(table).values()]
        before = set().union(*(one.datasets for one in self.histories_of(table).values()))
        return before | self.datasets_behind(
            (self.cohorts[name] for name in table.cohorts), [*self.outcomes_of(table).values(), *known]
        )

    def datasets_behind(self, cohorts: Iterable[Cohort], outcomes: Iterable[Outcome]) -> set[str]:
        """Every dataset that outcomes of these cohorts are known from."""
        used = {cohort.dataset for cohort in cohorts}
        for outcome in outcomes:
            used |= self.known_from(outcome) | self.circumstances.datasets(outcome.exclude)
        return used

    def known_from(self, outcome: Outcome) -> set[str]:
        """Every dataset that the answer to an outcome is known from: of a death those in which deaths are recorded."""
        return self.circumstances.datasets(("died",)) if isinstance(outcome.measure, Death) else outcome.datasets

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
        known = {ALL, *self.breakdowns, *self.by_answer, *standardised.every_crossing(self), *titles(self.by_history)}
        if not (cohort in self.cohorts and outcome in self.outcomes and breakdown in known and quarters):
            return None
        counted = (self.cohorts[cohort], self.outcomes[outcome], self.circumstances)
        said = [*(what_decides(one) for one in counted), self._divides(breakdown), quarters]
        said += self.read_by([what_decides(self.outcomes[outcome]), self._divides(breakdown)])
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]

    def read_by(self, said: list[Any]) -> list[dict[str, Any]]:
        """By which rules for unknown days records are read, of the datasets that declarations name and of those that
        know of custody and deaths; none where these have no rule. `said`: what the declarations hold, as JSON has it.
        """
        named = datasets_named(said) | self.circumstances.datasets(("in_custody", "died"))
        rules = (self.datasets[name].unknown_days for name in sorted(named & set(self.datasets)))
        return [rule.decides for rule in rules if rule]

    def title_of(self, breakdown: str) -> str:
        """By what it divides women, in words. Raises KeyError."""
        declared: dict[str, Breakdown | ByAnswer] = {**self.breakdowns, **self.by_answer}
        return declared[breakdown].title if breakdown in declared else titles(self.by_history)[breakdown]

    def _divides(self, breakdown: str) -> dict[str, Any]:
        """What decides in which category a woman is."""
        if made := deciding(self.by_history, breakdown):
            return made
        if breakdown in self.by_answer:
            return what_decides(self.outcomes[self.by_answer[breakdown].outcome])
        if crossing := standardised.every_crossing(self).get(breakdown):
            return {name: self._divides(name) for name in crossing}
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
            breakdowns={name: self.title_of(name) for name in divides(table.breakdowns, self.by_history)}
            | standardised.titles(table, self),
            notes=tuple(self._notes(table, geography, cohorts, outcomes)),
            health_warning=table.health_warning,
            by=standardised.heading(table, self),
            frequencies={name: one.frequency for name, one in outcomes.items() if one.frequency},
            pictured=pictured(self, table),
            counted=counted_in(cohorts.values()),
            subject=table.subject,
            never={name: never(one, self.datasets[one.measure.dataset]) for name, one in outcomes.items()},
            of_deaths=tuple(name for name, one in outcomes.items() if isinstance(one.measure, Death)),
        )

    def _notes(
        self, table: Table, geography: Geography, cohorts: dict[str, Cohort], outcomes: dict[str, Outcome]
    ) -> Iterator[str]:
        yield from [table.health_warning] if table.health_warning else []
        yield from table.notes
        if geography == "England":
            each = [self.datasets[name] for name in sorted(self.datasets_of(table))]
            only = tuple(dataset.title for dataset in each if dataset.geography == "England")
            yield f"Women placed in England only, because {listed(only)} cover{'' if only[1:] else 's'} England only."
        yield from entry_notes(cohorts.values(), table.periods, self.period.quarters)
        yield from frequency_notes(outcomes.values())
        divides = {one.title: self.outcomes[one.outcome] for one in self.divided_by(table).values()}
        for title, known in divides.items():
            yield f"{title}, not known: women whom {known.title.lower()!r} does not count, for whatever reason."
        yield from history_notes(self.histories_of(table))
        for declared in as_declared(cohorts.values(), outcomes, divides.values(), self):
            yield f"{declared.title}: modelled on {declared.modelled_on} Source: {declared.source}"
            yield from [f"{precedence(declared.contacts)}."] if isinstance(declared, Sequence) else []
            yield from (f"{declared.title}, a known difference: {line}" for line in declared.differences)


def what_decides(declared: Declaration) -> dict[str, Any]:
    """What of a declaration decides who is counted."""
    said = declared.model_dump(mode="json", exclude=WORDS)
    return {name: value for name, value in said.items() if name not in UNSAID or UNSAID[name] != value}


def read_analysis(schemas: Path, datasets: dict[str, Dataset]) -> Analysis:
    """The analysis a `schemas` folder declares. Raises ContractError with all mistakes of all its files."""
    wrong: list[str] = []
    period = attempt(wrong, lambda: read(Period, schemas / "period.yaml"))
    breakdowns = attempt(wrong, lambda: read(Breakdowns, schemas / "breakdowns.yaml"))
    circumstances = attempt(wrong, lambda: read(Circumstances, schemas / "circumstances.yaml"))
    cohorts = attempt(wrong, lambda: read_folder(Cohort, schemas / "cohorts"))
    outcomes = attempt(wrong, lambda: read_folder(Outcome, schemas / "outcomes"))
    sequences = attempt(wrong, lambda: read_folder(Sequence, schemas / "sequences")) or {}
    tables = attempt(wrong, lambda: read_folder(Table, schemas / "tables"))
    if wrong or not (period and breakdowns and circumstances) or cohorts is None or outcomes is None or tables is None:
        raise ContractError("\n".join(wrong))
    outcomes = with_sequences(outcomes, sequences)
    by_column, others = breakdowns.breakdowns, (breakdowns.by_answer, breakdowns.by_history, sequences)
    analysis = Analysis(period, by_column, circumstances, cohorts, outcomes, tables, datasets, *others)
    if wrong := list(dict.fromkeys(mistakes(schemas, analysis))):
        raise ContractError("\n".join(wrong))
    return analysis


def attempt(wrong: list[str], reading: Callable[[], R]) -> R | None:
    """What `reading` gives; None, with its mistakes added to `wrong`, where it fails."""
    try:
        return reading()
    except ContractError as error:
        wrong.append(str(error))
        return None
