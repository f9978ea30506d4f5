"""What declarations say of each other that cannot be: between cohorts, outcomes, breakdowns and tables."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from linkage.contracts import standardised
from linkage.contracts.choices import unknown_dataset, where_mistakes
from linkage.contracts.cohort import Cohort
from linkage.contracts.dataset import Dataset
from linkage.contracts.deaths import death_mistakes
from linkage.contracts.entries import entry_mistakes, overlapping
from linkage.contracts.frequency import shared_events
from linkage.contracts.history import history_mistakes
from linkage.contracts.joined import joined_mistakes
from linkage.contracts.names import TAKEN, name_mistakes
from linkage.contracts.outcome import Outcome
from linkage.contracts.sequence import declared_in, sequence_mistakes

if TYPE_CHECKING:
    from linkage.contracts.analysis import Analysis, Table

RELEASED = frozenset(("codes", "outcomes"))  # tables of the database of every release, beside which views are named


def mistakes(schemas: Path, analysis: "Analysis") -> Iterator[str]:
    """Each mistake between files, with the file to edit."""
    for line in (
        *breakdown_mistakes(analysis), *standardised.overlap_mistakes(analysis), *history_mistakes(analysis),
    ):  # fmt: skip
        yield f"{schemas / 'breakdowns.yaml'}: {line}"
    for line in analysis.circumstances.mistakes(analysis.datasets):
        yield f"{schemas / 'circumstances.yaml'}: {line}"
    yield from misnamed(schemas, analysis)
    folders: tuple[tuple[str, Mapping[str, Cohort | Outcome]], ...]
    folders = (("cohorts", analysis.cohorts), ("outcomes", analysis.outcomes))
    for folder, files in folders:
        for name, one in files.items():
            for line in dataset_mistakes(one, analysis.datasets):
                yield f"{schemas / folder / name}.yaml: {line}"
    for first, second in combinations(sorted(analysis.cohorts), 2):
        if analysis.cohorts[first].choice == analysis.cohorts[second].choice:
            yield f"{schemas / 'cohorts' / second}.yaml: it takes the same women as {first}.yaml. Remove one."
    for name, line in (*entry_mistakes(analysis.cohorts), *overlapping(analysis.cohorts)):
        yield f"{schemas / 'cohorts' / name}.yaml: {line}"
    for name, other in asked_twice(analysis.outcomes):
        yield f"{schemas / declared_in(name, analysis)}.yaml: it asks the same as {other}. Remove one."
    for name, outcome in analysis.outcomes.items():
        for line in (*outcome_mistakes(outcome, analysis), *death_mistakes(outcome, analysis)):
            yield f"{schemas / declared_in(name, analysis)}.yaml: {line}"
    for name, line in shared_events(analysis.outcomes):
        yield f"{schemas / 'outcomes' / name}.yaml: {line}"
    for name, line in sequence_mistakes(analysis):
        yield f"{schemas / 'sequences' / name}.yaml: {line}"
    for name, table in analysis.tables.items():
        for line in table_mistakes(table, analysis):
            yield f"{schemas / 'tables' / name}.yaml: {line}"
    if not analysis.tables:
        yield f"{schemas / 'tables'}: no table found. Write one file per table (schemas/README.md)."


def misnamed(schemas: Path, analysis: "Analysis") -> Iterator[str]:
    """Files whose names would be those of columns, tables or views that no query could name, or that are there."""
    files = [Path("cohorts", name) for name in analysis.cohorts] + [Path("tables", name) for name in analysis.tables]
    for path in dict.fromkeys([*files, *(declared_in(name, analysis) for name in analysis.outcomes)]):
        yield from (f"{schemas / path}.yaml: {line}" for line in name_mistakes([path.name], f"a file of {path.parent}"))
    for name in sorted(RELEASED & set(analysis.tables)):
        yield f"{schemas / 'tables' / name}.yaml: every release has a table {name!r} of its own. Give it another name."
    for name in sorted(TAKEN & set(analysis.outcomes)):
        yield f"{schemas / 'outcomes' / name}.yaml: there is a column {name!r} beside outcomes. Give it another name."


def dataset_mistakes(one: Cohort | Outcome, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    """What the contract it is about does not bear out."""
    name = one.dataset if isinstance(one, Cohort) else one.measure.dataset
    unknown = list(unknown_dataset(name, datasets))
    yield from unknown or one.mistakes(datasets[name])


def breakdown_mistakes(analysis: "Analysis") -> Iterator[str]:
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


def asked_twice(outcomes: Mapping[str, Outcome]) -> Iterator[tuple[str, str]]:
    """(outcome, another) of which the answers are always the same."""
    decide = {"measure", "eligible", "exclude", "landmark"}
    asked = {name: one.model_dump(include=decide) for name, one in outcomes.items()}
    yield from ((other, name) for name, other in combinations(asked, 2) if asked[name] == asked[other])


def outcome_mistakes(outcome: Outcome, analysis: "Analysis") -> Iterator[str]:
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


def table_mistakes(table: "Table", analysis: "Analysis") -> Iterator[str]:
    """Names a table cannot use."""
    if unknown := sorted(set(table.cohorts) - set(analysis.cohorts)):
        yield f"there is no cohort {unknown}; there are {sorted(analysis.cohorts)}."
    known = {*analysis.breakdowns, *analysis.by_answer, *analysis.by_history}
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
    yield from standardised.standardised_mistakes(table, analysis)
    if analysis.geography(table) == "England":
        for dataset in anchors:
            if not analysis.places_england(dataset):
                yield (
                    f"it is restricted to England, and {dataset.name} cannot tell who is there. Give a breakdown of it "
                    "`outside_england` in breakdowns.yaml."
                )
