"""schemas/comparisons/*.yaml: two groups of women, matched on what was known of them before, and then compared."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from linkage.contracts.analysis import Analysis, Table
from linkage.contracts.choices import Labels, Where, column_mistakes, each_once, labels_of, unknown_dataset
from linkage.contracts.choices import where_mistakes as of_where
from linkage.contracts.cohort import NOT_KNOWN, Band, Breakdown
from linkage.contracts.dataset import Dataset
from linkage.contracts.mistakes import RELEASED
from linkage.contracts.names import TAKEN, name_mistakes
from linkage.contracts.reading import Declaration, Number, read_folder
from linkage.contracts.sentences import Sentences
from linkage.contracts.window import Window
from linkage.errors import ContractError

MATCHED = "matched"  # the outcome that counts who was matched, and the breakdown by it
THEME = "matched_comparison"
FILES = frozenset(("comparisons", "balance"))
ENOUGH_WORDS = 20
Names = Annotated[tuple[str, ...], AfterValidator(each_once), Field(min_length=1)]


class Arm(Declaration):
    """Women of `cohort` whose record `where` chooses, and who are `within` these categories of one breakdown."""

    title: str
    cohort: str
    where: Where = Field(default_factory=dict)
    within: dict[str, Labels] = Field(default_factory=dict, max_length=1)


class Limit(Declaration):
    """A number above 0, and why it is that one."""

    value: Number = Field(gt=0)
    reason: str = Field(min_length=ENOUGH_WORDS)


class Percent(Limit):
    """A share in %, and why it is that one."""

    value: Number = Field(ge=1, le=100)


class Divided(Declaration):
    """What both kinds of number share: its title, and the bands it falls into."""

    title: str
    bands: tuple[Band, ...] = Field(min_length=2)

    @property
    def categories(self) -> tuple[str, ...]:
        """The bands in order; a number in none of them is `not known`."""
        return tuple(band.label for band in self.bands)

    @model_validator(mode="after")
    def _bands_follow_each_other(self) -> Self:
        Breakdown(title=self.title, column="number", bands=self.bands)
        return self


class ByBreakdown(Declaration):
    """A breakdown of breakdowns.yaml, of the record that brought her into the cohort; of that name."""

    kind: Literal["breakdown"]


class OfRecord(Declaration):
    """A coded column of that record, which the datasets of both arms have."""

    kind: Literal["record"]
    title: str
    column: str


class Earlier(Divided):
    """How many linked records of `dataset` she has whose `date` is in the window; with `until`, that run into it."""

    kind: Literal["earlier"]
    dataset: str
    date: str
    until: str | None = None
    where: Where = Field(default_factory=dict)
    days: Window

    @model_validator(mode="after")
    def _is_of_before(self) -> Self:
        if self.days[1] > -1:
            raise ValueError("days: it counts what was before the index date: the window ends on day -1 at the latest")
        if self.bands[0].first != 0:
            raise ValueError("bands: the first one begins with 0, since most women may have no such record")
        return self

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What the contract does not bear out."""
        yield from column_mistakes("date", self.date, "date", dataset)
        if self.until:
            yield from column_mistakes("until", self.until, "date", dataset)
        yield from of_where("where", self.where, dataset)


class Highest(Divided):
    """The highest number in a column of her linked records of `dataset` whose `date` is in the window."""

    kind: Literal["highest"]
    dataset: str
    date: str
    column: str
    days: Window

    @model_validator(mode="after")
    def _is_of_before(self) -> Self:
        if self.days[1] > 0:
            raise ValueError("days: it is what was known on the index date, so its window ends on day 0 at the latest")
        return self

    def mistakes(self, dataset: Dataset) -> Iterator[str]:
        """What the contract does not bear out."""
        yield from column_mistakes("date", self.date, "date", dataset)
        yield from column_mistakes("column", self.column, "integer", dataset)


Linked = Earlier | Highest
Covariate = Annotated[ByBreakdown | OfRecord | Earlier | Highest, Field(discriminator="kind")]


class Comparison(Declaration):
    """Women of two `arms`, each once: by her first entry into either in the period; of two entries on one day by that
    into the arm declared first.

    They are matched in pairs, one of each arm, alike in the covariates `exact` and within `caliper` standard deviations
    of the logit of the propensity score, which `covariates` make. `fewest`: how many pairs a difference is given of.
    `sparse_percent`: a covariate is left out of the table of balance where more of its groups are too small.
    """

    title: str
    health_warning: str = Field(min_length=ENOUGH_WORDS)
    arms: dict[str, Arm] = Field(min_length=2, max_length=2)
    outcomes: Names
    covariates: dict[str, Covariate] = Field(min_length=1)
    exact: Names
    caliper: Limit
    fewest: Limit
    sparse_percent: Percent
    source: str
    modelled_on: str
    differences: Sentences = ()

    @model_validator(mode="after")
    def _what_is_exact_is_a_covariate(self) -> Self:
        if unknown := sorted(set(self.exact) - set(self.covariates)):
            raise ValueError(f"exact: {unknown} is no covariate; there are {sorted(self.covariates)}")
        if set(self.covariates) == set(self.exact):
            raise ValueError("covariates: one at least is not exact, or there is no propensity score to match on")
        return self

    @property
    def sides(self) -> tuple[str, str]:
        """The two arms; rates and shares of the first less those of the second are the differences."""
        one, other = self.arms
        return one, other

    @property
    def linked(self) -> dict[str, Linked]:
        """{covariate: what it is made of} of those that are known from other records of hers."""
        return {name: one for name, one in self.covariates.items() if isinstance(one, Linked)}

    @property
    def by_breakdown(self) -> tuple[str, ...]:
        """The covariates that are breakdowns of the cohorts' records."""
        return tuple(name for name, one in self.covariates.items() if isinstance(one, ByBreakdown))

    def table(self, arm: str) -> Table:
        """The outcomes of one arm, as a table of its cohort shows them."""
        cohorts = (self.arms[arm].cohort,)
        return Table(title=self.title, theme=THEME, outcomes=self.outcomes, cohorts=cohorts, periods=("all",))

    def categories(self, name: str, analysis: Analysis) -> tuple[str, ...]:
        """The categories of a covariate in order, `not known` among them."""
        covariate, dataset = self.covariates[name], self.datasets(analysis)[0]
        if isinstance(covariate, Linked):
            found = covariate.categories
        elif isinstance(covariate, OfRecord):
            found = labels_of(dataset, covariate.column)
        else:
            found = analysis.breakdowns[name].categories(dataset)
        return tuple(dict.fromkeys((*found, NOT_KNOWN)))

    def title_of(self, name: str, analysis: Analysis) -> str:
        """What a covariate is, in words."""
        covariate = self.covariates[name]
        return analysis.breakdowns[name].title if isinstance(covariate, ByBreakdown) else covariate.title

    def datasets(self, analysis: Analysis) -> list[Dataset]:
        """Whose records bring women into the arms."""
        return [analysis.datasets[analysis.cohorts[arm.cohort].dataset] for arm in self.arms.values()]


def read_comparisons(schemas: Path, analysis: Analysis) -> dict[str, Comparison]:
    """{name: comparison}; none where there is no such folder. Raises ContractError with all mistakes of all files."""
    found = read_folder(Comparison, schemas / "comparisons")
    taken = (
        dict.fromkeys(RELEASED, "table of every release")
        | dict.fromkeys(analysis.tables, "table")
        | dict.fromkeys(analysis.cohorts, "cohort")
    )
    if found and (taken_names := sorted(FILES & set(analysis.tables))):
        raise ContractError(f"{schemas / 'tables'}: {taken_names} is a file of comparisons. Rename the table.")
    wrong, covariates = [], dict[str, Covariate]()
    for name, one in found.items():
        lines = [*(clash(each, taken) for each in (name, *one.arms) if each in taken), *mistakes(name, one, analysis)]
        lines += [
            f"covariates.{each}: another comparison calls something else so. Give one of them another name."
            for each, covariate in one.covariates.items()
            if covariates.setdefault(each, covariate) != covariate
        ]
        wrong += [f"{schemas / 'comparisons' / name}.yaml: {line}" for line in lines]
        taken |= {name: "comparison"} | dict.fromkeys(one.arms, "arm of another comparison")
    if MATCHED in {*analysis.outcomes, *analysis.breakdowns, *analysis.by_answer} and found:
        wrong.append(f"{schemas}: {MATCHED!r} says who was matched. Give that outcome or breakdown another name.")
    if wrong:
        raise ContractError("\n".join(wrong))
    return found


def clash(name: str, taken: Mapping[str, str]) -> str:
    """A name that something else bears."""
    return f"{name!r} is the name of a {taken[name]}. Choose another."


def mistakes(name: str, one: Comparison, analysis: Analysis) -> Iterator[str]:
    """What the other declarations do not bear out, each with its remedy."""
    yield from name_mistakes((name, *one.arms, *one.covariates), "a comparison, an arm or a covariate")
    if taken := sorted({*one.covariates} & {*TAKEN, MATCHED}):
        yield f"covariates: choose another name than {taken}."
    if unknown := sorted(set(one.outcomes) - set(analysis.outcomes)):
        yield f"outcomes: there is no {unknown}; there are {sorted(analysis.outcomes)}."
    elif unknown := sorted({arm.cohort for arm in one.arms.values()} - set(analysis.cohorts)):
        yield f"arms: there is no cohort {unknown}; there are {sorted(analysis.cohorts)}."
    else:
        for check in (arm_mistakes, outcome_mistakes, covariate_mistakes, geography_mistakes):
            yield from check(one, analysis)


def arm_mistakes(one: Comparison, analysis: Analysis) -> Iterator[str]:
    """Arms of nobody: a category, or a code, that no record of the cohort can have; and two arms that are one."""
    for (name, arm), dataset in zip(one.arms.items(), one.datasets(analysis), strict=True):
        yield from of_where(f"arms.{name}: where", arm.where, dataset)
        for column, labels in arm.where.items():
            taken = analysis.cohorts[arm.cohort].where.get(column, labels)
            if not set(labels) & set(taken):
                yield f"arms.{name}: {column} = {list(labels)} can never be true: {arm.cohort} takes {list(taken)}."
        for breakdown, categories in arm.within.items():
            divides = analysis.breakdowns.get(breakdown)
            if divides is None or not divides.fits(dataset):
                yield f"arms.{name}: {arm.cohort} cannot be divided by {breakdown!r}. Take a breakdown it can fill."
            elif impossible := [c for c in categories if c not in (*divides.categories(dataset), NOT_KNOWN)]:
                yield f"arms.{name}: {impossible} is no category of {breakdown}: {list(divides.categories(dataset))}."
    first, second = (arm.model_dump(exclude={"title"}) for arm in one.arms.values())
    if first == second:
        yield "arms: both take the same women, so that nobody is left for the second. Declare what tells them apart."


def outcome_mistakes(one: Comparison, analysis: Analysis) -> Iterator[str]:
    """Outcomes that are not asked of every woman, or that no table shows of the arms' cohorts."""
    for name in one.outcomes:
        if analysis.outcomes[name].eligible:
            yield f"outcomes: {name} is asked of some women only, and pairs are of all. Leave it out."
    shown = {(c, o) for table in analysis.tables.values() for c in table.cohorts for o in analysis.outcomes_of(table)}
    for name, arm in one.arms.items():
        if missing := [outcome for outcome in one.outcomes if (arm.cohort, outcome) not in shown]:
            yield f"outcomes: {missing} is in no table of {arm.cohort}, of which {name} is a part. Leave it out."


def covariate_mistakes(one: Comparison, analysis: Analysis) -> Iterator[str]:
    """Covariates that one of the arms does not record, or records in other words."""
    datasets = one.datasets(analysis)
    for name, covariate in one.covariates.items():
        place = f"covariates.{name}"
        if isinstance(covariate, Linked):
            if name in {*analysis.breakdowns, *analysis.by_answer}:
                yield f"{place}: a breakdown has that name. Choose another."
            unknown = list(unknown_dataset(covariate.dataset, analysis.datasets))
            found = unknown or list(covariate.mistakes(analysis.datasets[covariate.dataset]))
            yield from (f"{place}: {line}" for line in found)
        elif isinstance(covariate, ByBreakdown) and name not in analysis.breakdowns:
            yield f"{place}: there is no such breakdown; there are {sorted(analysis.breakdowns)}."
        else:
            yield from (f"{place}: {line}" for line in record_mistakes(name, covariate, datasets, analysis))


def record_mistakes(
    name: str, covariate: ByBreakdown | OfRecord, datasets: list[Dataset], analysis: Analysis
) -> Iterator[str]:
    """A column of the cohort's record that the dataset of one arm lacks, or that takes other words there."""
    if isinstance(covariate, OfRecord) and name in analysis.breakdowns:
        yield "a breakdown has that name. Say kind: breakdown, or choose another."
    column = covariate.column if isinstance(covariate, OfRecord) else analysis.breakdowns[name].column
    if lacking := sorted({dataset.name for dataset in datasets if column not in dataset.attributes}):
        yield f"{lacking} has no column {column!r}, so it is known of one arm alone. Leave it out."
        return
    bands = isinstance(covariate, ByBreakdown) and analysis.breakdowns[name].bands
    one, other = (labels_of(dataset, column) for dataset in datasets)
    if not bands and (not one or set(one) != set(other)):
        yield f"{column!r} takes {list(one)} in one arm, {list(other)} in the other. Give both the same codes."


def geography_mistakes(one: Comparison, analysis: Analysis) -> Iterator[str]:
    """Datasets of England alone: their women would be other women than the tables of both cohorts show."""
    used = {covariate.dataset for covariate in one.linked.values()}
    for arm in one.arms.values():
        outcomes = [analysis.outcomes[name] for name in one.outcomes]
        used |= analysis.datasets_behind([analysis.cohorts[arm.cohort]], outcomes)
    if partial := sorted(n for n in used if n in analysis.datasets and analysis.datasets[n].geography == "England"):
        yield f"{partial} covers England only, and women of Wales would seem to have no record. Leave it out."
