"""An extract whose names or dates of birth are missing, whether a run has been accepted before or not."""

import pytest
from conftest import REPOSITORY

from linkage.quality import facts, suites

EXPECTATIONS = REPOSITORY / "expectations"
INTAKE = {"rows_in": 100, "rows_out": 100, "out_of_scope": 0, "quarantined": {}, "invalid_identifiers": {}}


@pytest.mark.parametrize(("missing", "severities"), [(2, set()), (3, {"warning"}), (21, {"warning", "critical"})])
@pytest.mark.parametrize(("name", "column"), [("prison", "last_name"), ("probation", "surname"), ("dwp", "forenames")])
def test_an_extract_whose_names_are_missing_is_amber_and_then_red(datasets, name, column, missing, severities):
    known = facts.intake_facts(datasets[name], INTAKE | {"missing": {column: missing}})
    crossed = [
        e for e in suites.extract_suite(EXPECTATIONS, datasets[name]).facts
        if e.kwargs["column"] == f"missing_share.{column}" and known[e.kwargs["column"]] > e.kwargs["max_value"]
    ]  # fmt: skip
    assert {e.severity for e in crossed} == severities
    assert all(e.meta.title.startswith(column) for e in crossed)


def test_an_extract_of_initials_is_not_asked_for_names_and_keeps_a_limit_of_its_own(datasets):
    named = [(e.kwargs["column"], e.severity) for e in suites.extract_suite(EXPECTATIONS, datasets["ndtms"]).facts]
    assert len(named) == len(set(named))
    assert not any("name" in column or "<" in column for column, _ in named)
    limits = {
        e.severity: e.kwargs["max_value"] for e in suites.extract_suite(EXPECTATIONS, datasets["paye"]).facts
        if e.columns == ("missing_share.date_of_birth",)
    }  # fmt: skip
    assert limits == {"warning": 0.10, "critical": 0.20}
