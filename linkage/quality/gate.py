"""Run a suite and give a verdict that quotes no value of the table: counts and shares only."""

import functools
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from typing import Any, Literal

import duckdb
import pandas

from linkage.errors import ContractError, GateError
from linkage.quality.facts import Facts, measured
from linkage.quality.suites import Expectation, Severity, Suite

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read while Great Expectations is imported, so it stands before
# ruff: isort: split
import great_expectations as gx
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

Gate = Literal["extract", "tokens", "person_index", "linkage", "tables"]
# The default format lists failing values and the rows they are in.
COUNTS_ONLY = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
NAME_OF_ERROR = re.compile(r"^(?:[\w.]+\.)?(\w+(?:Error|Exception)): ", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """One expectation and what came of it. `broken`: it could not be checked, which says nothing about the data;
    `figure`: the figure it limits, for which another may draw another line; '' where it looks at rows.
    """

    title: str
    severity: Severity
    passed: bool
    observed: str
    expected: str
    what_to_do: str
    broken: bool = False
    figure: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a gate says of one table. `gx_json`: the results as Great Expectations writes them, without values."""

    gate: Gate
    name: str
    title: str
    checks: tuple[Check, ...]
    gx_json: dict[str, Any]

    @property
    def passed(self) -> bool:
        """No critical expectation failed and every one could be checked."""
        return not self.stops

    @property
    def stops(self) -> tuple[Check, ...]:
        """The checks that stop the run."""
        return tuple(c for c in self.checks if c.broken or (not c.passed and c.severity == "critical"))

    @property
    def warnings(self) -> tuple[Check, ...]:
        """The checks that are reported and stop nothing."""
        return tuple(c for c in self.checks if not c.passed and c not in self.stops)

    @property
    def summary(self) -> dict[str, Any]:
        """The verdict for the quality report."""
        checks = [{k: v for k, v in asdict(c).items() if k != "broken"} for c in self.checks]
        return {"gate": self.gate, "name": self.name, "title": self.title, "passed": self.passed, "checks": checks}


def validate(
    gate: Gate,
    name: str,
    suite: Suite,
    rows: duckdb.DuckDBPyRelation,
    facts: Facts | None = None,
) -> Verdict:
    """Judge `rows`, and the facts counted so far with the suite's own measures. Reads and writes no file.

    Raises ContractError where an expectation cannot be understood. A failed expectation raises nothing: see `enforce`.
    """
    known = (facts or {}) | measured(rows, suite.measures)
    expected_facts = expanded(suite.facts, known)
    results = [
        run(f"{gate}.{name}.facts", expected_facts, pandas.DataFrame([known])),
        run(f"{gate}.{name}.rows", suite.rows, projected(rows, suite.rows)),
    ]
    checks = (*map(check, expected_facts, results[0]["results"]), *map(check, suite.rows, results[1]["results"]))
    gx_json = {"success": all(r["success"] for r in results), "validation_results": results}
    return Verdict(gate, name, suite.title, tuple(checks), gx_json)


def enforce(verdict: Verdict) -> None:
    """Raises GateError where the run may not go on: a critical expectation failed, or one could not be checked."""
    place = f"Gate {verdict.gate}, {verdict.name}"
    if broken := [c for c in verdict.checks if c.broken]:
        titles = "; ".join(c.title for c in broken)
        raise GateError(
            f"{place}: the gate itself is broken, which says nothing about the data. Could not be checked: {titles}. "
            "Correct the expectation, or the table it names."
        )
    if verdict.stops:
        lines = [f"  {c.title}: {c.observed}, expected {c.expected}. {c.what_to_do}" for c in verdict.stops]
        raise GateError("\n".join([f"{place}: stopped; what was written is kept.", *lines]))


def expanded(expectations: tuple[Expectation, ...], facts: Facts) -> tuple[Expectation, ...]:
    """Expectations whose column is a pattern, once for each fact it fits that has no limit of its own."""
    own = {e.subject for e in expectations}
    found: list[Expectation] = []
    for e in expectations:
        if "*" not in e.kwargs["column"]:
            found.append(e)
            continue
        named = (name for name in facts if fnmatch(name, e.kwargs["column"]) and judged(e, name, facts))
        each = (for_fact(e, name) for name in named)
        found += [one for one in each if one.subject not in own]
    return tuple(found)


def judged(e: Expectation, name: str, facts: Facts) -> bool:
    """Does the fact rest on as many as the pattern's expectation asks for? One that asks for none is always held.

    Raises ContractError where what it asks for is not counted.
    """
    if e.enough is None:
        return True
    counted = e.enough.of.replace("*", starred(e, name))
    if counted not in facts:
        raise ContractError(f"expectations: {e.meta.title}: enough: there is no fact {counted!r}.")
    return facts[counted] >= e.enough.least


def starred(e: Expectation, name: str) -> str:
    """What stands for the `*` of a pattern in the name of a fact."""
    return name.removeprefix(e.kwargs["column"].split("*")[0])


def for_fact(e: Expectation, name: str) -> Expectation:
    """A pattern's expectation for one fact; `{column}` in its words becomes what stands for the `*`."""
    words = {"title": e.meta.title, "seen": e.meta.seen}
    meta = e.meta.model_copy(update={k: text.replace("{column}", starred(e, name)) for k, text in words.items()})
    return e.model_copy(update={"kwargs": e.kwargs | {"column": name}, "meta": meta})


def projected(rows: duckdb.DuckDBPyRelation, expectations: tuple[Expectation, ...]) -> pandas.DataFrame:
    """Only the columns that are looked at; one that is not there stays away, and breaks the gate."""
    looked_at = {c for e in expectations for c in e.columns}
    columns = [c for c in rows.columns if c in looked_at] or rows.columns[:1]
    return rows.select(*columns).df()


def run(name: str, expectations: tuple[Expectation, ...], frame: pandas.DataFrame) -> dict[str, Any]:
    """One validation in Great Expectations' own format, its results in the order of `expectations`."""
    suite = gx.ExpectationSuite(name, expectations=[understood(e, at) for at, e in enumerate(expectations)])
    result = whole_frame().get_batch({"dataframe": frame}).validate(suite, result_format=COUNTS_ONLY)
    return without_values(result.to_json_dict())


def understood(e: Expectation, position: int) -> Any:
    """The expectation as Great Expectations holds it. A suite given plain definitions drops what it cannot read."""
    meta = e.meta.model_dump() | {"position": position}
    try:
        return ExpectationConfiguration(type=e.type, kwargs=e.kwargs, severity=e.severity, meta=meta).to_domain_obj()
    except (ValueError, TypeError, gx.exceptions.GreatExpectationsError) as error:
        raise ContractError(f"expectations: {e.meta.title}: {e.type}: {error}") from None


@functools.cache
def whole_frame() -> Any:
    """What Great Expectations is given a frame by: a context in memory, which sends nothing and draws no progress bar.

    One for all gates, since making it takes longer than most validations.
    """
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    source = gx.get_context(mode="ephemeral", project_config=config).data_sources.add_pandas("gates")
    return source.add_dataframe_asset("table").add_batch_definition_whole_dataframe("all")


def without_values(validation: dict[str, Any]) -> dict[str, Any]:
    """The same result with numbers only: no listed value, no traceback (which can quote one), no time of day."""
    results = sorted(validation["results"], key=lambda r: r["expectation_config"]["meta"]["position"])
    return validation | {
        "results": [numbers_only(r) for r in results],
        "meta": {"great_expectations_version": gx.__version__},
    }


def numbers_only(result: dict[str, Any]) -> dict[str, Any]:
    """One expectation's result, its exception by name alone."""
    counted = {k: v for k, v in result["result"].items() if isinstance(v, int | float)}
    config = result["expectation_config"]
    kwargs = {k: v for k, v in config["kwargs"].items() if k != "batch_id"}
    info = result["exception_info"]
    exception = {
        "raised_exception": raised(info),
        "exception_message": name_of_error(str(info)) if raised(info) else None,
        "exception_traceback": None,
    }
    return result | {"result": counted, "expectation_config": config | {"kwargs": kwargs}, "exception_info": exception}


def raised(info: Mapping[str, Any]) -> bool:
    """Did the expectation end in an error? One error, or one for each of its metrics."""
    each = info.values() if "raised_exception" not in info else [info]
    return any(one.get("raised_exception") for one in each)


def name_of_error(text: str) -> str:
    """The class of the last error a traceback names."""
    names = NAME_OF_ERROR.findall(text.replace("\\n", "\n"))
    return names[-1] if names else "an error"


def check(e: Expectation, result: Mapping[str, Any]) -> Check:
    """One result in words."""
    broken = result["exception_info"]["raised_exception"]
    return Check(
        title=e.meta.title,
        severity=e.severity,
        passed=result["success"],
        observed="could not be checked" if broken else observed(e, result["result"]),
        expected=expected(e),
        what_to_do="Correct the expectation, or the table it names." if broken else e.meta.what_to_do,
        broken=broken,
        figure=figure(e),
    )


def figure(e: Expectation) -> str:
    """The figure that an expectation limits; a ratio and the upper end of its interval are one."""
    of_rows = e.type != "expect_column_max_to_be_between"
    return "" if of_rows else ", ".join(e.columns).replace("_upper.", ".")


def observed(e: Expectation, counts: Mapping[str, float]) -> str:
    """What was seen, as a number, alone or in its sentence, or as a count of rows."""
    if "observed_value" in counts:
        return e.meta.seen.replace("{value}", number(e, counts["observed_value"]))
    failing, rows = int(counts.get("unexpected_count", 0)), int(counts.get("element_count", 0))
    return f"{failing:,} of {rows:,} rows are not" if failing else f"all of {rows:,} rows"


def expected(e: Expectation) -> str:
    """The limit, in words."""
    least, most = e.kwargs.get("min_value"), e.kwargs.get("max_value")
    if e.type in ("expect_column_max_to_be_between", "expect_table_row_count_to_be_between"):
        if least is not None and least == most:
            return f"exactly {number(e, most)}"
        limits = [f"at least {number(e, least)}"] if least is not None else []
        limits += [f"at most {number(e, most)}"] if most is not None else []
        return " and ".join(limits)
    mostly = e.kwargs.get("mostly", 1)
    return "every row" if mostly == 1 else f"at least {mostly:.1%} of rows".replace("%", " %")


def number(e: Expectation, value: float) -> str:
    """A share as a percentage, a ratio with two decimals, a count with thousands marked."""
    is_share = any("share" in column for column in e.columns)
    if any("ratio" in column for column in e.columns):
        return f"{value:.2f}"
    return f"{value:.1%}".replace("%", " %") if is_share else f"{value:,.0f}"
