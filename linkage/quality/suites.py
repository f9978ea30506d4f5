"""expectations/*.yaml: what is expected of a table, in the words of Great Expectations; and what needs no declaring.

A suite judges two things. `rows`: each row of a table. `facts`: one row of counts and shares about it, some counted by
the stage, some by the suite's own `measures` (SQL aggregates over `rows`). Identifiers are judged by facts alone, so no
value of theirs is ever handed over.
"""

import re
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from linkage.contracts.dataset import Dataset
from linkage.contracts.encodings import View
from linkage.contracts.link_quality import LinkQuality, Ratio
from linkage.contracts.reading import Declaration, Number, read
from linkage.errors import ContractError

Severity = Literal["critical", "warning"]
FACT_TYPES = frozenset({"expect_column_max_to_be_between"})  # of one row the maximum is the fact itself
ROW_TYPES = (
    "expect_column_values_to_",
    "expect_column_pair_values_",
    "expect_compound_columns_",
    "expect_select_column_values_",
    "expect_table_row_count_",
)  # these report counts of rows; others report a value they saw
UNCLEAR_SEX = "not known"  # the word of intake for a sex that is missing
ENOUGH_TO_TELL = 100  # rows: below this a value many rows share may be one busy person
OF_KINDS = re.compile(r"<([\w|]+)>")  # kinds of identifiers, in the name of a fact: every column that holds one
COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list")


class Meta(Declaration):
    """What a reader of the quality report is told. `reason`: why the limit is where it is.

    `seen`: a sentence to say what was seen in, in which `{value}` is the number and `{column}` what it is of.
    """

    title: str
    what_to_do: str
    reason: str = ""
    seen: str = "{value}"


class Enough(Declaration):
    """From which size of another fact a pattern's expectation is held; `of` ends in the same `*`."""

    of: str
    least: Number
    reason: str = Field(min_length=20)


class Expectation(Declaration):
    """One expectation, as Great Expectations writes it. `critical` stops the run; `warning` is reported."""

    type: str
    severity: Severity
    kwargs: dict[str, Any] = Field(default_factory=dict)
    enough: Enough | None = None
    meta: Meta

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it looks at; () when it looks at the whole table."""
        named = (self.kwargs[argument] for argument in COLUMN_ARGUMENTS if argument in self.kwargs)
        return tuple(c for given in named for c in ([given] if isinstance(given, str) else given))

    @property
    def subject(self) -> tuple[object, ...]:
        """Two expectations with the same subject set the same limit: the later one replaces the earlier."""
        return (self.type, self.severity, self.columns)


class Suite(Declaration):
    """Everything expected of one table. A fact's column may end in `*`: then it holds for every fact so named.

    Of an extract it may end in `<surname|forename>`: then it holds for every column of these kinds of identifiers.
    """

    title: str
    measures: dict[str, str] = Field(default_factory=dict)
    facts: tuple[Expectation, ...] = ()
    rows: tuple[Expectation, ...] = ()

    @model_validator(mode="after")
    def _reports_no_value(self) -> Self:
        for e in self.facts:
            if e.type not in FACT_TYPES:
                raise ValueError(f"facts: {e.type}: a fact is one number; use {sorted(FACT_TYPES)}")
        for e in self.rows:
            if not e.type.startswith(ROW_TYPES):
                raise ValueError(f"rows: {e.type}: may report a value it saw; declare a measure and judge it in facts")
        return self

    def then(self, other: "Suite") -> "Suite":
        """This suite with `other` added; where both limit the same thing, the limit of `other` holds."""
        return Suite(
            title=other.title,
            measures=self.measures | other.measures,
            facts=merged(self.facts, other.facts),
            rows=merged(self.rows, other.rows),
        )


def merged(first: tuple[Expectation, ...], then: tuple[Expectation, ...]) -> tuple[Expectation, ...]:
    """Both, in order; of two with the same subject the later."""
    return tuple({e.subject: e for e in (*first, *then)}.values())


def read_suite(path: Path) -> Suite:
    """One file of expectations. Raises ContractError."""
    return read(Suite, path)


def read_all(expectations: Path, datasets: dict[str, Dataset]) -> dict[str, Suite]:
    """{path below the folder: suite} of every file there. Raises ContractError with every mistake of every file."""
    found: dict[str, Suite] = {}
    wrong: list[str] = []
    for path in sorted(expectations.rglob("*.yaml")):
        try:
            found[str(path.relative_to(expectations).with_suffix(""))] = read_suite(path)
        except ContractError as error:
            wrong.append(str(error))
    wrong += [
        f"{expectations / name}.yaml: there is no dataset {Path(name).name!r}; known: {sorted(datasets)}"
        for name in found
        if name.startswith("extracts/") and Path(name).name not in datasets
    ]
    if wrong:
        raise ContractError("\n".join(wrong))
    return found


def extract_suite(expectations: Path, dataset: Dataset) -> Suite:
    """For an accepted extract: its contract's, then every extract's, then its own."""
    own = expectations / "extracts" / f"{dataset.name}.yaml"
    return of_columns(with_files(of_contract(dataset), expectations / "extracts.yaml", own), dataset)


def of_columns(suite: Suite, dataset: Dataset) -> Suite:
    """`suite`, each fact of kinds of identifiers in turn for every column of them that has no limit of its own."""
    own = {e.subject for e in suite.facts}
    found: list[Expectation] = []
    for e in suite.facts:
        kinds = OF_KINDS.search(e.kwargs["column"])
        held = [c for kind in kinds[1].split("|") for c in dataset.identifiers.get(kind, ())] if kinds else []
        each = [for_column(e, column.name) for column in held] if kinds else [e]
        found += [one for one in each if one is e or one.subject not in own]
    return suite.model_copy(update={"facts": tuple(found)})


def for_column(e: Expectation, column: str) -> Expectation:
    """The expectation of kinds of identifiers for one column, which stands for `{column}` in its title."""
    meta = e.meta.model_copy(update={"title": e.meta.title.replace("{column}", column)})
    return e.model_copy(
        update={"kwargs": e.kwargs | {"column": OF_KINDS.sub(column, e.kwargs["column"])}, "meta": meta}
    )


def tokens_suite(expectations: Path, view: View, filled: tuple[str, ...]) -> Suite:
    """For the encoded rows of one dataset in one view; `filled`: its token columns."""
    return with_files(of_tokens(view, filled), expectations / "tokens.yaml")


def person_index_suite(expectations: Path) -> Suite:
    """For the person index."""
    return with_files(Suite(title="Person index"), expectations / "person_index.yaml")


def linkage_suite(expectations: Path, limits: LinkQuality) -> Suite:
    """For what is known of the linkage without a truth: how uneven it may be, then what is declared."""
    return with_files(of_link_quality(limits), expectations / "linkage.yaml")


def tables_suite(expectations: Path) -> Suite:
    """For the published rows."""
    return with_files(Suite(title="Published tables"), expectations / "tables.yaml")


def with_files(derived: Suite, *paths: Path) -> Suite:
    """`derived`, then each file that is there."""
    suite = derived
    for path in paths:
        if path.exists():
            suite = suite.then(read_suite(path))
    return suite.model_copy(update={"title": derived.title})


def of_contract(dataset: Dataset) -> Suite:
    """What a contract says by itself: ids are unique, required columns complete, codes among those declared."""
    contract = f"Ask {dataset.controller} for a new delivery, or correct schemas/datasets/{dataset.name}.yaml."
    found = [row("expect_column_values_to_be_unique", "record_id", "each record appears once", contract)]
    for name, column in dataset.attributes.items():
        if column.required:
            found.append(row("expect_column_values_to_not_be_null", name, f"{name} is complete", contract))
        if column.codes:
            unclear = {UNCLEAR_SEX} if column.identifier == "sex" else set()
            labels = sorted(set(column.codes.values()) | unclear)
            title = f"{name} holds declared codes only"
            found.append(row("expect_column_values_to_be_in_set", name, title, contract, value_set=labels))
    return Suite(title=dataset.title, rows=tuple(found))


def of_link_quality(limits: LinkQuality) -> Suite:
    """How often a group must be found, for each time its reference group is."""
    uneven = "Do not compare this group with others on outcomes from this source; find out who is not found, and why."
    amber, red = limits.amber_below_ratio, limits.red_below_ratio
    return Suite(
        title="Linkage",
        facts=(
            ratio("link_ratio.*", "warning", amber, "{column}: found as often as the reference group", uneven),
            ratio("link_ratio_upper.*", "critical", red, "{column}: not found far less often, beyond chance", uneven),
        ),
    )


def ratio(column: str, severity: Severity, least: Ratio, title: str, what_to_do: str) -> Expectation:
    """A fact that must not be under a declared ratio."""
    return Expectation(
        type="expect_column_max_to_be_between",
        severity=severity,
        kwargs={"column": column, "min_value": least.value},
        meta=Meta(title=title, what_to_do=what_to_do, reason=least.reason),
    )


def of_tokens(view: View, filled: tuple[str, ...]) -> Suite:
    """One row per pseudonym; how often each token is there, and how much of a column its commonest value fills."""
    measures = {}
    for name in (t for t in filled if not view.tokens[t].many and view.tokens[t].take != "clear"):
        held_by = f'select count(*) as n from rows where "{name}" is not null group by "{name}"'
        commonest = f"select max(case when n >= {ENOUGH_TO_TELL} then n else 0 end) from ({held_by})"
        measures[f"filled_share.{name}"] = f'avg(cast("{name}" is not null as integer))'
        measures[f"commonest_share.{name}"] = f'coalesce(({commonest}) / nullif(count("{name}"), 0), 0)'
    rerun = "Pseudonymise the dataset again; if it happens twice, report a defect."
    return Suite(
        title="Encoded rows",
        measures={"rows": "count(*)"} | measures,
        rows=(
            row("expect_column_values_to_not_be_null", "view_id", "every row has a pseudonym", rerun),
            row("expect_column_values_to_be_unique", "view_id", "each pseudonym appears once", rerun),
        ),
    )


def row(kind: str, column: str, title: str, what_to_do: str, **kwargs: Any) -> Expectation:
    """A critical expectation of one column of the rows."""
    return Expectation(
        type=kind,
        severity="critical",
        kwargs={"column": column, **kwargs},
        meta=Meta(title=title, what_to_do=what_to_do),
    )
