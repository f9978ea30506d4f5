"""schemas/projects/*.yaml: which rows, one of each woman of a cohort, the accredited analysts of a project get."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from linkage.contracts.analysis import Analysis, PeriodOf
from linkage.contracts.choices import Labels, each_once, where_mistakes
from linkage.contracts.cohort import NOT_KNOWN, Breakdown, Cohort
from linkage.contracts.dataset import Dataset
from linkage.contracts.disclosure import Disclosure, Limit
from linkage.contracts.names import name_mistakes
from linkage.contracts.outcome import Event, Outcome
from linkage.contracts.reading import Declaration, Whole, read, read_each
from linkage.errors import ContractError

ENOUGH_WORDS = 20
STUDY_ID = "study_id"
ABOUT = "about"

Names = Annotated[tuple[str, ...], AfterValidator(each_once), Field(min_length=1)]


def as_declared(given: Any) -> Any:
    """A breakdown with nothing said after it keeps its own categories."""
    return {name: groups or {} for name, groups in given.items()} if isinstance(given, dict) else given


class Spans(Declaration):
    """The last days of the spans an outcome's window is cut into, but for the last span, and why they end there."""

    value: tuple[Whole, ...] = Field(min_length=1)
    reason: str = Field(min_length=ENOUGH_WORDS)


class Project(Declaration):
    """`access`: who may use the file, and until when. `period`: the column that says when a woman entered the cohort.

    `breakdowns`: {breakdown: {a wider group: the categories that make it up}}, or nothing where its categories stay.
    `outcomes`: the one that matters most first; to make rows alike, answers are taken from the last on. `by_day`: of an
    outcome that is an event, the last days of the spans in which it is told when it came; not at all by default.
    `k`: from how many women on a class of equal period and breakdowns is given; by default the threshold of what is
    published. `sensitive`: outcomes of which no class may have one known answer alone.
    """

    title: str
    purpose: str = Field(min_length=ENOUGH_WORDS)
    access: str = Field(min_length=ENOUGH_WORDS)
    cohorts: Names
    outcomes: Names
    breakdowns: Annotated[dict[str, dict[str, Labels]], BeforeValidator(as_declared)] = Field(default_factory=dict)
    by_day: dict[str, Spans] = Field(default_factory=dict)
    period: PeriodOf
    k: Limit | None = None
    sensitive: Annotated[tuple[str, ...], AfterValidator(each_once)]

    @property
    def period_columns(self) -> tuple[str, ...]:
        """The column of the period; none where all quarters are one."""
        return () if self.period == "all" else (self.period,)

    @property
    def columns(self) -> str:
        """What decides which rows and columns it is given, as 12 hexadecimal digits."""
        said = self.model_dump(mode="json", include={"cohorts", "outcomes", "by_day", "breakdowns", "period"})
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def answers(self) -> tuple[str, ...]:
        """The columns of what became of her, those that matter most first."""
        return tuple(column for name in self.outcomes for column in self.answers_to(name))

    def answers_to(self, outcome: str) -> tuple[str, ...]:
        """The columns of one outcome: its answer and, where that is declared, by which day."""
        return (outcome, f"{outcome}_by_day") if outcome in self.by_day else (outcome,)

    def fewest(self, disclosure: Disclosure) -> int:
        """Of how many women a class is at least."""
        return (self.k or disclosure.threshold).value

    def breakdowns_of(self, analysis: Analysis, cohort: Cohort) -> dict[str, dict[str, Labels]]:
        """{breakdown: its groups} of those that the cohort's dataset can fill."""
        dataset = analysis.datasets[cohort.dataset]
        return {name: groups for name, groups in self.breakdowns.items() if analysis.breakdowns[name].fits(dataset)}

    def about_england(self, analysis: Analysis, cohort: Cohort, outcome: Outcome) -> bool:
        """Is the outcome asked of women in England alone, since a dataset it is known from covers England only?"""
        return analysis.covered(analysis.datasets_behind([cohort], [outcome])) == "England"


def declared_projects(schemas: Path) -> list[str]:
    """The names of the projects that have a file, whatever it says."""
    return sorted(path.stem for path in (schemas / "projects").glob("*.yaml"))


def read_project(schemas: Path, name: str, analysis: Analysis, disclosure: Disclosure) -> Project:
    """One project, whatever the files of others say. Raises ContractError with all its mistakes."""
    path = schemas / "projects" / f"{name}.yaml"
    project = read(Project, path)
    if wrong := list(mistakes(name, project, analysis, disclosure)):
        raise ContractError("\n".join(f"{path}: {line}" for line in wrong))
    return project


def read_projects(schemas: Path, analysis: Analysis, disclosure: Disclosure) -> dict[str, Project]:
    """{name: project}. Raises ContractError with all mistakes of all files."""
    return read_each(schemas / "projects", lambda path: read_project(schemas, path.stem, analysis, disclosure))


def mistakes(name: str, project: Project, analysis: Analysis, disclosure: Disclosure) -> Iterator[str]:
    """What the other declarations do not bear out, each with its remedy."""
    yield from name_mistakes([name], "a project")
    if project.fewest(disclosure) < disclosure.threshold.value:
        yield (
            f"k: {project.fewest(disclosure)} women are fewer than what is published is about, "
            f"{disclosure.threshold.value} (disclosure.yaml). Ask for as many, or more."
        )
    if open_ones := sorted(o for o in set(project.outcomes) - set(project.sensitive) if disclosure.sensitive(o)):
        yield (f"sensitive: {open_ones} can harm her (disclosure.yaml). Add them, or except them there, saying why.")
    unknown = list(unknown_names(project, analysis))
    yield from unknown or (
        *column_mistakes(project, analysis),
        *day_mistakes(project, analysis),
        *asking_mistakes(project, analysis),
    )


def unknown_names(project: Project, analysis: Analysis) -> Iterator[str]:
    """Names that no declaration bears."""
    known: dict[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {
        "cohorts": (project.cohorts, analysis.cohorts),
        "outcomes": (project.outcomes, analysis.outcomes),
        "breakdowns": (tuple(project.breakdowns), analysis.breakdowns),
        "by_day": (tuple(project.by_day), dict.fromkeys(project.outcomes)),
        "sensitive": (project.sensitive, dict.fromkeys(project.outcomes)),
    }
    for place, (named, there) in known.items():
        if missing := sorted(set(named) - set(there)):
            yield f"{place}: there is no {missing}; there are {sorted(there)}."


def column_mistakes(project: Project, analysis: Analysis) -> Iterator[str]:
    """Two columns of one name, breakdowns that no cohort can fill, and groups that are not made of their categories."""
    columns = [STUDY_ID, *project.period_columns, *project.breakdowns, *project.answers]
    if twice := sorted({column for column in columns if columns.count(column) > 1}):
        yield f"{twice} would be two columns of one name. Leave one out."
    if ABOUT in project.cohorts:
        yield f"cohorts: {ABOUT!r} is the table that says what the file is. Rename the cohort."
    for name, groups in project.breakdowns.items():
        breakdown, anchors = analysis.breakdowns[name], anchors_of(project, analysis)
        fitting = [dataset for dataset in anchors if breakdown.fits(dataset)]
        if not fitting:
            yield f"breakdowns.{name}: no cohort of the project records it. Leave it out."
        for dataset in fitting if groups else []:
            yield from (f"breakdowns.{name}: {line}" for line in group_mistakes(groups, breakdown, dataset))


def day_mistakes(project: Project, analysis: Analysis) -> Iterator[str]:
    """Spans of an outcome that has no day, and those that do not follow each other within its window."""
    for name, spans in project.by_day.items():
        measure = analysis.outcomes[name].measure
        if not isinstance(measure, Event):
            yield f"by_day: {name} is asked of one day or of all of its window, and has no other. Leave it out."
        elif list(spans.value) != sorted(set(spans.value)) or not inside(spans.value, measure):
            yield (
                f"by_day.{name}: its spans end on ascending days from {max(measure.days[0], 0)} to "
                f"{measure.last_day - 1}; the last span ends with the window, on day {measure.last_day}, unsaid."
            )


def inside(last_days: tuple[int, ...], event: Event) -> bool:
    """Does each of these days leave days of the window on either side?"""
    return max(event.days[0], 0) <= min(last_days) and max(last_days) < event.last_day


def anchors_of(project: Project, analysis: Analysis) -> list[Dataset]:
    """The datasets of its cohorts, each once."""
    return [analysis.datasets[d] for d in dict.fromkeys(analysis.cohorts[name].dataset for name in project.cohorts)]


def group_mistakes(groups: Mapping[str, Labels], breakdown: Breakdown, dataset: Dataset) -> Iterator[str]:
    """Categories that are in no group or in two, and those that are none."""
    named, known = [label for labels in groups.values() for label in labels], breakdown.categories(dataset)
    if wrong := sorted({label for label in named if label not in (*known, NOT_KNOWN) or named.count(label) > 1}):
        yield f"{wrong} is in two groups, or is no category. The categories are {list(known)} and {NOT_KNOWN!r}."
    if left := [label for label in known if label not in named]:
        yield f"{left} is in no group. Put it into one."
    if NOT_KNOWN in groups and NOT_KNOWN not in groups[NOT_KNOWN]:
        yield f"{NOT_KNOWN!r} is what a missing value is called. Give the group another name."


def asking_mistakes(project: Project, analysis: Analysis) -> Iterator[str]:
    """Outcomes that cannot be asked of a cohort, since its dataset does not say of whom."""
    for cohort_name in project.cohorts:
        cohort = analysis.cohorts[cohort_name]
        dataset = analysis.datasets[cohort.dataset]
        for name in project.outcomes:
            outcome = analysis.outcomes[name]
            for line in where_mistakes("eligible", outcome.eligible, dataset):
                yield f"outcomes: {name} cannot be asked of {cohort_name}: {line} Leave one of them out."
            if project.about_england(analysis, cohort, outcome) and not analysis.places_england(dataset):
                yield (
                    f"outcomes: {name} is about England alone, and {cohort_name} does not say who is there. "
                    "Leave one of them out."
                )
