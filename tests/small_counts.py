"""Small tables of counts, drawn, and what control makes of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from conftest import REPOSITORY
from drawings import drawn

from linkage.contracts.codes import Code
from linkage.contracts.disclosure import Disclosure, read_disclosure
from linkage.release import control as release_control
from linkage.release.auditor.files import key
from linkage.release.auditor.judge import prove
from linkage.release.auditor.notes import AddsUp
from linkage.release.codes import standing_in, table
from linkage.release.columns import PUBLISHED
from linkage.release.draft import Declared
from linkage.release.publish import Further, Provenance, Told, publish

RULES = read_disclosure(REPOSITORY / "schemas")
COLUMNS = (
    *("table_id", "cohort", "outcome", "theme", "geography", "period", "breakdown", "category", "threshold"),
    *("denominator", "numerator", "in_custody", "died", "unknown", "not_linked"),
)
DEFAULTS = {
    "table_id": "work", "cohort": "released", "outcome": "employed", "theme": "employment", "geography": "England",
    "period": "2023", "breakdown": "all", "category": "all", "in_custody": 0, "died": 0, "unknown": 0, "not_linked": 0,
}  # fmt: skip
NOTHING_MORE = AddsUp()
TITLES = {"work": "Work, England", "homes": "Homes, England"}
PROVENANCE = Provenance("demo", "Outcomes", invented=True, approval="waived (invented data)", packages=("duckdb",))
BY_AGE = """
    | breakdown | category | numerator | denominator |
    | all       | all      | 200       | 500         |
    | age       | young    | 4         | 50          |
    | age       | middle   | 120       | 300         |
    | age       | old      | 76        | 150         |
"""
TWO = """
    | breakdown | category | numerator | denominator |
    | all       | all      | 200       | 500         |
    | age       | young    | 4         | 50          |
    | age       | old      | 196       | 450         |
"""


def counts(drawing: str) -> duckdb.DuckDBPyRelation:
    """Unrounded counts from what a drawing says, the same at each threshold unless it has that column."""
    said = drawn(drawing).to_pylist()
    thresholds = [{}] if "threshold" in said[0] else [{"threshold": t} for t in ("high", "medium", "low")]
    return relation([DEFAULTS | threshold | row for row in said for threshold in thresholds])


def relation(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyRelation:
    """Rows as a relation of a connection of its own."""
    return duckdb.connect().from_arrow(pa.table({name: [row[name] for row in rows] for name in COLUMNS}))


def control(*given: Any, **named: Any) -> list[dict[str, Any]]:
    """The publishable rows."""
    return release_control.control(*given, **named).rows


def controlled(drawing: str, rules: Disclosure = RULES, years: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The publishable rows at the medium threshold."""
    return [
        row for row in control(counts(drawing), rules, TITLES, Declared(years or {})) if row["threshold"] == "medium"
    ]


def shown(drawing: str, *columns: str, years: Mapping[str, str] | None = None) -> list[tuple[Any, ...]]:
    """Some columns of the publishable rows."""
    return [tuple(row[name] for name in columns) for row in controlled(drawing, years=years)]


def alone(numerator: int, denominator: int, rules: Disclosure = RULES) -> dict[str, Any]:
    """A release of one cell."""
    return controlled(f"| numerator | denominator |\n| {numerator} | {denominator} |", rules)[0]


def excepting(outcome: str) -> Disclosure:
    """The declared rules, but 0 % and 100 % of an outcome harm nobody."""
    sensitive = {"reason": RULES.sensitive_outcomes.reason, "except": {outcome: "nobody is harmed"}}
    return Disclosure.model_validate(RULES.model_dump(by_alias=True) | {"sensitive_outcomes": sensitive})


def released(
    folder: Path, rows: list[dict[str, Any]], further: tuple[Further, ...] = (), provenance: Provenance = PROVENANCE
) -> Path:
    """Rows written as a release, with what their codes stand for."""
    folder.mkdir()
    told = Told(PUBLISHED, {row["table_id"]: (row["title"],) for row in rows})
    publish(folder, rows, "<!doctype html>", provenance, RULES, told, (*further, meant(rows, further)))
    return folder


def meant(rows: list[dict[str, Any]], further: tuple[Further, ...] = ()) -> Further:
    """The table of the codes of rows that nobody declared but for a drawing."""
    standing = [key for of in (rows, *(one.rows for one in further)) for key in standing_in(of)]
    return table(rows, further, {key: Code(key.code, "As it is drawn.") for key in standing}, RULES)


def weakest(rows: list[dict[str, Any]], drawing: str, adds_up: AddsUp = NOTHING_MORE) -> int:
    """The narrowest interval that the auditor leaves a reader of a count at risk."""
    found = [proof.width for proof in prove(rows, true_of(drawing).values(), RULES, adds_up).proofs]
    return min(found)


def true_of(drawing: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """The unrounded counts by row."""
    relation_of = counts(drawing)
    return {key(row): row for row in (dict(zip(COLUMNS, values, strict=True)) for values in relation_of.fetchall())}
