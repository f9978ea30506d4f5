"""Whether a run may be used: what stops it, what is pointed out, and what is neither."""

from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY
from small_report import FACTS, INVENTED, LIMITS, check, gate, intake, judged, link_rate, text_of

from linkage import facts, releases, stages
from linkage.contracts.link_quality import read_link_quality
from linkage.errors import ContractError, DisclosureError
from linkage.report.facts import Facts, LinkRate
from linkage.report.pages import quality_report
from linkage.report.verdict import gate_name, verdict


def audited(word: str, *reasons: str) -> dict[str, Any]:
    """What the audit says of one table."""
    return {"table_id": "work", "verdict": word, "at_risk": 24, "narrowest": 10, "reasons": list(reasons)}


@pytest.mark.parametrize(("word", "kind"), [("pass", "good"), ("review", "bad"), ("fail", "bad")])
def test_a_table_that_the_audit_does_not_pass_stops_the_run_with_the_reason_in_words(word, kind):
    why = [] if word == "pass" else ["work, 18-20, numerator: whoever adds and subtracts narrows it too far."]
    facts = {"gates": judged(check()), "audit": [audited(word, *why)]}
    assert verdict(facts).kind == kind
    page = text_of(quality_report(INVENTED, facts, LIMITS))
    assert f"work {word} 24 10" in page
    assert all(reason in page for reason in why)


def test_a_run_in_which_something_critical_failed_must_not_be_used():
    found = verdict({"gates": [gate(check(passed=False))]})
    assert found.answer.startswith("No")
    assert [(a.where, a.to_do) for a in found.stops] == [
        ("extract: Courts (court)", "Ask the department to send it again.")
    ]


def test_of_a_figure_that_crosses_amber_and_red_only_the_red_line_is_told():
    red, amber = check(passed=False), check("warning", passed=False)
    of_one = verdict({"gates": judged(red | {"figure": "link_ratio.a"}, amber | {"figure": "link_ratio.a"})})
    of_two = verdict({"gates": judged(red | {"figure": "link_ratio.a"}, amber | {"figure": "link_ratio.b"})})
    assert [(len(found.stops), len(found.warnings)) for found in (of_one, of_two)] == [(1, 0), (1, 1)]
    assert len(verdict({"gates": judged(red, amber)}).warnings) == 1


def test_a_line_of_a_gate_that_judges_one_thing_stands_under_its_title():
    assert [gate_name(one) for one in judged()] == ["extract: Courts (court)", "Linkage"]


def test_a_run_with_a_warning_may_be_used_with_care():
    found = verdict({"gates": judged(check(), check("warning", passed=False))})
    assert (found.answer, len(found.warnings)) == ("Yes, with care.", 1)


def test_a_run_without_any_finding_may_be_used():
    assert verdict({"gates": judged(check()), "intake": [intake()]}).kind == "good"


def test_a_run_that_nothing_judged_is_not_called_good():
    assert verdict({"intake": [intake()]}).answer == "Not known: nothing was checked."


def test_a_linkage_that_nobody_judged_is_not_called_good():
    found = verdict({"gates": [gate(check(), check("warning", passed=False))], "intake": [intake()]})
    assert found.answer == "Not known yet: the linkage has not been judged."
    assert (found.kind, found.because, len(found.warnings)) == ("warn", "Run: linkage tabulate", 1)


def test_where_no_table_is_declared_nobody_is_told_to_count_any():
    facts: Facts = {"gates": [gate(check())], "linkage": FACTS["linkage"]}
    assert verdict(facts, publishes=False).answer == "Not known: nothing judges this linkage."
    page = text_of(quality_report(INVENTED, facts, None))
    assert "linkage tabulate" not in page
    assert "linkage publish" not in page


def test_what_failed_before_the_linkage_was_judged_stops_the_run_already():
    assert verdict({"gates": [gate(check(passed=False))]}).answer.startswith("No: ")


def test_a_release_that_could_not_be_made_stops_the_run_until_another_is_tried(settings):
    facts.write(settings, "gates/linkage/linkage", judged()[1])
    with pytest.raises(DisclosureError), releases.noting_a_stop(settings, "2026-1"):
        raise DisclosureError("work, 18-20: cannot be protected.")
    page = text_of(Path(stages.report(settings)).read_text())
    assert "No: this run must not be used." in page
    assert "release 2026-1 . work, 18-20: cannot be protected. Nothing was published." in page
    facts.forget(settings, facts.OF_RELEASE)
    assert "Yes: this run may be used." in text_of(Path(stages.report(settings)).read_text())


def test_an_intake_that_lost_a_row_stops_the_run():
    found = verdict({"gates": [gate(check())], "intake": [intake(rows_in=1001)]})
    assert (found.kind, [a.where for a in found.stops]) == ("bad", ["Courts"])


def whole_cohort(rate: float, dataset="court") -> LinkRate:
    """How often anybody is found in a dataset."""
    return link_rate(None, dataset, "all", "all") | {"rate": rate}


@pytest.mark.parametrize(
    ("ratio", "entries", "found_overall", "flagged"),
    [
        (0.89, 30, 0.8, True), (0.96, 30, 0.8, False), (None, 30, 0.8, False),
        (0.89, 29, 0.8, False), (0.89, 30, 0.79, False),
    ],
)  # fmt: skip
def test_a_group_that_is_missed_far_more_often_is_pointed_out(ratio, entries, found_overall, flagged):
    facts: Facts = {"link_rates": [whole_cohort(found_overall), link_rate(ratio, entries=entries)]}
    said = text_of(quality_report(INVENTED, facts, LIMITS))
    assert ("Groups linked less often" in said) is flagged


def test_a_group_with_fewer_events_is_not_taken_for_one_that_was_missed():
    facts: Facts = {"link_rates": [whole_cohort(0.9, "paye"), link_rate(0.5, "paye")]}
    assert "Groups linked less often" in text_of(quality_report(INVENTED, facts, LIMITS))
    facts["registers"] = ["paye"]
    assert "Groups linked less often" not in text_of(quality_report(INVENTED, facts, LIMITS))


@pytest.mark.parametrize(
    ("ratio", "upper", "flag"),
    [
        (None, None, ""), (0.95, 0.99, ""), (0.949, 0.99, "amber"), (0.90, 0.91, "amber"), (0.80, 0.90, "amber"),
        (0.80, 0.899, "red"),
    ],
)  # fmt: skip
def test_a_group_is_red_only_where_chance_does_not_explain_it(ratio, upper, flag):
    assert LIMITS.flag(ratio, upper, entries=1000) == flag


def test_limits_of_link_rates_that_contradict_each_other_are_refused(tmp_path: Path):
    text = (REPOSITORY / "schemas" / "link_quality.yaml").read_text()
    (tmp_path / "link_quality.yaml").write_text(text.replace("value: 0.95", "value: 0.85"))
    with pytest.raises(ContractError, match="red_below_ratio must be smaller"):
        read_link_quality(tmp_path)
