"""schemas/link_errors.yaml: where rates of missed and wrong links are from, by which a release corrects its rates."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from linkage.contracts.analysis import ALL, Analysis
from linkage.contracts.disclosure import Limit
from linkage.contracts.reading import Declaration, Number, read
from linkage.contracts.sentences import sentences
from linkage.errors import ContractError

Origin = Literal["truth", "review", "assumption"]
NEEDS: dict[str, Origin] = {"sample": "review", "never_compared": "review", "assumed": "assumption"}
OF_WHAT = {"compared": "true pairs of records", "delivered": "its records"}


class Ends(Declaration):
    """A rate of errors in %, and between what and what it lies."""

    value: Number = Field(ge=0, le=50)
    lower: Number = Field(ge=0, le=50)
    upper: Number = Field(ge=0, le=50)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.lower <= self.value <= self.upper:
            raise ValueError("the value must lie between lower and upper")
        return self

    @property
    def said(self) -> str:
        """The rate and its ends, as readers are told."""
        return f"{self.value:g} % ({self.lower:g} to {self.upper:g})"


class Assumed(Declaration):
    """What is assumed of the links between every cohort and a dataset, of all women or of a group, and why."""

    dataset: str
    breakdown: str = ALL
    category: str = ALL
    missed: Ends
    wrong: Ends
    reason: str = Field(min_length=20)

    @property
    def place(self) -> tuple[str, str, str]:
        """Of which links it is."""
        return self.dataset, self.breakdown, self.category

    def whom(self, analysis: Analysis) -> str:
        """The women it is assumed of, as readers are told."""
        return "all women" if self.breakdown == ALL else f"{analysis.title_of(self.breakdown)}: {self.category}"


class Unseen(Declaration):
    """A share that nobody here can count, and why that much.

    Of what was never compared: of the true pairs of records of a cohort and the dataset, those that no rule compared.
    Of what was never delivered: of the records that the dataset should hold, those that its department leaves out.
    """

    dataset: str
    share: Ends
    reason: str = Field(min_length=20)


class LinkErrors(Declaration):
    """`truth`: counted, of invented people. `review`: from the verdicts on a `sample`, seen in clear, and of each
    dataset what is assumed that was `never_compared`; others are not corrected by it. `assumption`: as `assumed`.
    `never_delivered`: whatever the origin, of whom a dataset is silent by its own rules. `fill_to`: a group of which
    fewer links were looked at is filled up to so many with those of all women.
    """

    origin: Origin
    reason: str = Field(min_length=20)
    fill_to: Limit
    sample: str | None = None
    never_compared: tuple[Unseen, ...] = ()
    never_delivered: tuple[Unseen, ...] = ()
    assumed: tuple[Assumed, ...] = ()

    @property
    def said(self) -> str:
        """The origin as a release says it: of a review its sample too."""
        return f"review {self.sample}" if self.origin == "review" else self.origin

    @model_validator(mode="after")
    def _each_origin_has_what_it_needs(self) -> Self:
        for field, origin in NEEDS.items():
            if self.origin == origin and not getattr(self, field):
                raise ValueError(f"origin {origin} needs `{field}`")
            if self.origin != origin and getattr(self, field):
                raise ValueError(f"`{field}` is for origin {origin}, and this is {self.origin}")
        places = [*(one.place for one in self.assumed), *((one.dataset,) for one in self.never_compared)]
        places += [("never_delivered", one.dataset) for one in self.never_delivered]
        if twice := sorted({place for place in places if places.count(place) > 1}):
            raise ValueError(f"{twice} is there twice")
        return self

    def mistakes(self, analysis: Analysis) -> Iterator[str]:
        """What is said of no rate: of a dataset that none rests on, or of a group that no table shows."""
        named: list[Assumed | Unseen] = [*self.assumed, *self.never_compared, *self.never_delivered]
        used = sorted(set(sources(analysis).values()))
        for dataset in dict.fromkeys(one.dataset for one in named):
            if dataset not in analysis.datasets:
                yield f"there is no dataset {dataset!r}; there are {sorted(analysis.datasets)}."
            elif dataset not in used:
                yield f"{dataset}: no rate that is corrected is known from it, but from {used}. Leave it out."
        for one in self.assumed:
            if one.category not in categories(one.breakdown, analysis):
                yield f"assumed: breakdown {one.breakdown!r} has no category {one.category!r} in any cohort."
            elif one.dataset in used and not is_shown(one, analysis):
                yield (
                    f"assumed: no table shows {one.category!r} of {one.breakdown!r} for an outcome known from "
                    f"{one.dataset}. Leave it out, or add the breakdown to a table."
                )

    def said_of(self, analysis: Analysis) -> Iterator[str]:
        """Why the errors are taken from there, and each figure that is assumed, with its reason, for readers."""
        titles = {name: dataset.title for name, dataset in analysis.datasets.items()}
        yield sentences(self.reason)
        for one in self.assumed:
            taken = f"{one.missed.said} of records are taken to be missed, and {one.wrong.said} of links to be wrong"
            yield sentences(f"{titles[one.dataset]}, {one.whom(analysis)}: {taken}", one.reason)
        for what, unseen in (("compared", self.never_compared), ("delivered", self.never_delivered)):
            for each in unseen:
                taken = f"{each.share.said} of {OF_WHAT[what]} are taken never to have been {what}"
                yield sentences(f"{titles[each.dataset]}: {taken}", each.reason)


def sources(analysis: Analysis) -> dict[str, str]:
    """{outcome: the dataset it is known from} of those whose rates can be corrected. Which links make a woman die who
    lives no rate of missed and wrong links tells; nor which of several datasets has what came first.
    """
    measures = {name: one.measure for name, one in analysis.outcomes.items()}
    return {name: one.dataset for name, one in measures.items() if one.kind not in ("death", "order")}


def is_shown(one: Assumed, analysis: Analysis) -> bool:
    """Has a table a cell of the group, for an outcome that is known from the dataset?"""
    known = sources(analysis)
    for table in analysis.tables.values():
        in_england = analysis.geography(table) == "England"
        for cohort in (analysis.cohorts[name] for name in table.cohorts):
            anchor, shown = analysis.datasets[cohort.dataset], analysis.breakdowns_of(table, cohort)
            divided = {name: each.categories(anchor, in_england) for name, each in shown.items()} | {ALL: (ALL,)}
            if one.category in divided.get(one.breakdown, ()) and one.dataset in (
                known.get(outcome) for outcome in analysis.outcomes_of(table)
            ):
                return True
    return False


def categories(breakdown: str, analysis: Analysis) -> set[str]:
    """The categories that some cohort has of a breakdown."""
    if breakdown == ALL:
        return {ALL}
    declared = analysis.breakdowns.get(breakdown)
    anchors = [analysis.datasets[cohort.dataset] for cohort in analysis.cohorts.values()]
    return {c for one in anchors if declared and declared.fits(one) for c in declared.categories(one)}


def read_link_errors(schemas: Path, analysis: Analysis) -> LinkErrors | None:
    """What is declared; None where nothing is, and then no rate is corrected. Raises ContractError."""
    path = schemas / "link_errors.yaml"
    if not path.exists():
        return None
    found = read(LinkErrors, path)
    if wrong := list(found.mistakes(analysis)):
        raise ContractError("\n".join(f"{path}: {line}" for line in wrong))
    return found
