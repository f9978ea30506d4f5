"""The pages: what they say, that they stand alone, and that everybody can read them."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY

from linkage.contracts.analysis import Description
from linkage.contracts.disclosure import read_disclosure
from linkage.contracts.link_quality import read_link_quality
from linkage.errors import ContractError
from linkage.report import charts
from linkage.report.facts import Check, Expected, ExpectedGroup, Facts, Gate, Intake, LinkRate
from linkage.report.pages import TEMPLATES, Masthead, quality_report, release_page
from linkage.report.verdict import verdict

RULES, LIMITS = read_disclosure(REPOSITORY / "schemas"), read_link_quality(REPOSITORY / "schemas")
INVENTED = Masthead("demo", "Women's outcomes", invented=True, approval="waived (invented data)")
REAL = Masthead("2026-1", "Women's outcomes", invented=False, approval="A. Statistician, 3 March")
COHORTS = {"released": "Women released from custody", "orders": "Women starting a community order"}
ABOUT = Description(
    table_id="work",
    title="Women's employment, England and Wales, July 2022 to June 2024",
    theme="employment",
    geography="England and Wales",
    cohorts=COHORTS,
    outcomes={"employed": "In employment at 6 weeks"},
    breakdowns={"age_band": "Age on the index date", "region": "Region"},
    notes=("A woman enters once a quarter.", "Is 5 < 6 & so on?"),
)


def row(cohort="released", period="2023/24", breakdown="all", category="all", threshold="medium", status="", **figures):
    """A published row; without a status it shows 21.5 % of 200 women."""
    labels = {
        "table_id": "work",
        "title": ABOUT.title,
        "theme": "employment",
        "outcome": "employed",
        "geography": "England",
    }
    place = {"cohort": cohort, "period": period, "breakdown": breakdown, "category": category, "threshold": threshold}
    shown = {"value": 21.5, "lower": 16.4, "upper": 27.7, "numerator": 45, "denominator": 200}
    shown |= {"in_custody": 10, "died": 0, "unknown": 0, "not_linked": 0}
    return labels | place | {"status": status} | (dict.fromkeys(shown) if status == "c" else shown) | figures


ROWS = [
    row(cohort, period, breakdown, category, threshold, status)
    for cohort, period, threshold in itertools.product(COHORTS, ("2022/23", "2023/24"), ("high", "medium", "low"))
    for breakdown, category, status in (
        ("all", "all", ""), ("age_band", "18-20", "c"), ("age_band", "21-24", "u"), ("age_band", "25-29", "c"),
        ("region", "North East", ""),
    )
]  # fmt: skip


def check(severity="critical", passed=True) -> Check:
    """One expectation."""
    return {
        "title": "Quarantined rows", "severity": severity, "passed": passed, "observed": "6.1%",
        "expected": "at most 5%",
        "what_to_do": "Ask the department to send it again.",
    }  # fmt: skip


def gate(*checks: Check) -> Gate:
    """One gate's judgement."""
    passed = all(c["passed"] or c["severity"] == "warning" for c in checks)
    return {"gate": "extract", "name": "court", "title": "Courts", "passed": passed, "checks": list(checks)}


def intake(rows_in=1000, quarantined=10) -> Intake:
    """An intake that used 900 rows and left out 90."""
    return {
        "dataset": "court", "title": "Courts", "rows_in": rows_in, "rows_out": 900, "out_of_scope": 90,
        "quarantined": {"date_of_birth: not a date": quarantined}, "missing": {"pnc_number": 45},
        "invalid_identifiers": {"pnc_number": 9},
    }  # fmt: skip


def link_rate(
    ratio: float | None, dataset="court", category="yes", breakdown="no_fixed_abode", entries=1000
) -> LinkRate:
    """How often a group is found in a dataset."""
    return {
        "cohort": "released", "dataset": dataset, "breakdown": breakdown, "category": category, "threshold": "medium",
        "anchor_records": entries, "linked": 24, "rate": 0.8, "ratio": ratio, "lower": ratio, "upper": ratio,
    }  # fmt: skip


def expected(sources: str, precision: float, recall: float) -> Expected:
    """What is expected of the links between two sources."""
    return {
        "view": "names", "sources": sources, "linked": 500, "right": 497.5, "chained": 12, "missed": 30.0,
        "precision": precision, "recall": recall, "found": 0.97,
    }  # fmt: skip


def group(breakdown: str, category: str, linked: int, missed: float) -> ExpectedGroup:
    """A group of cohort entries of which the model believes that so many links were missed."""
    return {
        "cohort": "released", "dataset": "court", "breakdown": breakdown, "category": category, "entries": 400,
        "linked": linked, "right": linked - 0.5, "missed": missed, "near_certain": 0, "otherwise": 0, "unlinkable": 3,
    }  # fmt: skip


FACTS: Facts = {
    "intake": [intake()],
    "gates": [gate(check(), check("warning", passed=False))],
    "linkage": {
        "records": 900, "profiles": 500, "pairs": {"names": 700}, "clusters": {"high": 320, "medium": 300, "low": 290},
        "cluster_sizes": [{"size": 1, "clusters": 100}, {"size": 4, "clusters": 200}],
        "model": {"names": {"forename": [
            {"label": "exact", "m": 0.9, "u": 0.01}, {"label": "never trained", "m": None, "u": 0.5},
            {"label": "all else", "m": 0.1, "u": 0.99},
        ]}},
        "weights": [{"weight_from": -4.0, "pairs": 90}, {"weight_from": -2.0, "pairs": 7},
                    {"weight_from": 0.0, "pairs": 80}],
        "doubts": {"chains": 9, "taken_apart": 4, "people": 8,
                   "by_reason": [{"reason": "two numbers: pnc", "chains": 9, "taken_apart": 4, "people": 8}]},
        "decisions": {"same": 31, "different": 0},
    },
    "blocking": {"names": {
        "profiles": 500, "pairs": 900, "pairs_per_record": 1.8, "recall": 0.97, "near_certain": 400,
        "rules": [{"rule": "pnc", "pairs": 600, "alone": 40, "near_certain": 0, "found": 0, "recall": None},
                  {"rule": "dob", "pairs": 860, "alone": 300, "near_certain": 400, "found": 300, "recall": 0.75}],
        "sealed": {"pairs": {"sound_of_names": 120}, "keys_left_out": 0},
    }},
    "expected": [expected("court and prison", 0.995, 0.93), expected("", 0.995, 0.93)],
    "expected_groups": [group("all", "all", 180, 20), group("no_fixed_abode", "no", 150, 5),
                        group("no_fixed_abode", "yes", 30, 15)],
    "unlinkable": [{"dataset": "prison", "records": 400, "unlinkable": 8}],
    "calibration": [{"from": 0.95, "pairs": 700, "expected": 0.99, "true": 0.981}],
    "review": {"caveat": "Verdicts over pseudonyms check the model, and not the truth.",
               "precision": {"value": 0.987, "lower": 0.96, "upper": 0.998, "looked_up": 150},
               "recall": {"value": None, "lower": None, "upper": None, "looked_up": 150},
               "by_sources": [{
                   "sources": "court and prison",
                   "precision": {"value": 0.99, "lower": 0.95, "upper": 1.0, "looked_up": 90},
                   "recall": {"value": 0.9, "lower": 0.8, "upper": 0.95, "looked_up": 90},
               }]},
    "quality": {
        "facts": {"moved_share.scores": 0.21, "missing_share.court, pnc_id": 0.4, "missing_share.court, surname": 0.0},
        "accepted": {"by": "A. Lead", "on": "2026-03-01", "why": "read in full",
                     "weights": [{"weight_from": -4.0, "pairs": 50}]},
    },
    "link_rates": [link_rate(None, "court", "all", "all"), link_rate(0.85), link_rate(0.5, "paye")],
    "registers": ["paye"],
    "accuracy": [{
        "scope": "overall", "part": "", "threshold": "medium", "precision": 0.9912, "recall": 0.9, "f1": 0.9434,
        "pairs_true": 1000, "pairs_found": 950, "cluster_f1": None,
    }],
    "contradictions": [{"reason": "custody spells overlap", "threshold": "medium", "pairs": 3}],
    "disclosure": [{"table_id": "work", "published": 36, "suppressed": 24, "empty": 0}],
    "audit": [{
        "table_id": "work", "verdict": "review", "at_risk": 24, "narrowest": 3, "reasons": ["work, 18-20: too narrow."],
    }],
}  # fmt: skip
SECTIONS = (
    "changed",
    "lost",
    "sources",
    "blocking",
    "intake",
    "gates",
    "linkage",
    "link-rates",
    "accuracy",
    "contradictions",
    "disclosure",
    "audit",
)


@pytest.fixture(scope="module")
def release() -> str:
    """The page of an invented release."""
    return release_page(INVENTED, ROWS, [ABOUT], RULES)


@pytest.fixture(scope="module")
def quality() -> str:
    """The report of a run of which everything is known."""
    return quality_report(INVENTED, FACTS, LIMITS)


@pytest.fixture(params=["release", "quality"])
def page(request: pytest.FixtureRequest) -> str:
    """Each of the two pages."""
    return request.getfixturevalue(request.param)


def text_of(page: str) -> str:
    """What a reader sees, without drawings."""
    without = re.sub(r"<(svg|style).*?</\1>", "", page, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", without))


def test_the_same_rows_give_the_same_page(release):
    assert release_page(INVENTED, ROWS, [ABOUT], RULES) == release


def audited(word: str, *reasons: str) -> dict[str, Any]:
    """What the audit says of one table."""
    return {"table_id": "work", "verdict": word, "at_risk": 24, "narrowest": 10, "reasons": list(reasons)}


@pytest.mark.parametrize(("word", "kind"), [("pass", "good"), ("review", "bad"), ("fail", "bad")])
def test_a_table_that_the_audit_does_not_pass_stops_the_run_with_the_reason_in_words(word, kind):
    why = [] if word == "pass" else ["work, 18-20, numerator: whoever adds and subtracts narrows it too far."]
    facts = {"gates": [gate(check())], "audit": [audited(word, *why)]}
    assert verdict(facts).kind == kind
    page = text_of(quality_report(INVENTED, facts, LIMITS))
    assert f"work {word} 24 10" in page
    assert all(reason in page for reason in why)


def test_the_same_facts_give_the_same_report(quality):
    assert quality_report(INVENTED, FACTS, LIMITS) == quality


def test_a_page_asks_no_other_host_and_runs_no_script(page):
    without_names = page.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "")
    assert not re.search(r"https?:|//\w|<script|<link|<img|@import|url\(|\ssrc=|\son\w+=", without_names)
    assert "default-src 'none'" in page


def test_invented_data_are_marked_and_real_data_are_not(release):
    assert "INVENTED DATA" in release
    assert "waived (invented data)" in release
    real = release_page(REAL, ROWS, [ABOUT], RULES)
    assert "nvented" not in real
    assert "A. Statistician, 3 March" in real


def test_a_suppressed_rate_shows_only_its_symbol(release):
    assert re.search(r'<th scope="row">18-20</th>\s*(<td class="">\[c\]</td>\s*){6}</tr>', release)
    assert text_of(release).count("18-20") == 2  # a table of each cohort


def test_a_rate_of_few_women_is_marked_unreliable(release):
    assert "21.5% [u]" in text_of(release)


def test_each_chart_has_a_text_and_its_table_beneath(release):
    figures = re.findall(r"<figure>.*?</figure>\s*<div class=\"wide\".*?</table>", release, flags=re.S)
    assert len(figures) == release.count("<svg") == 1
    said = re.search(r'<svg role="img" aria-label="([^"]+)"', figures[0])
    assert said
    assert "Women released from custody, 2023/24: 21.5%" in said[1]


def test_what_is_left_out_is_shown_where_anybody_is(release):
    assert '<th scope="col">In custody</th>' in release
    assert '<th scope="col">Died</th>' not in release


def test_the_headline_is_the_latest_rate_at_the_medium_threshold():
    rows = [
        row(period="2022/23", value=11.1), row(threshold="high", value=22.2), row(value=33.3),
        row(threshold="low", value=44.4),
    ]  # fmt: skip
    shown = release_page(REAL, rows, [ABOUT], RULES)
    assert re.findall(r"<strong>([\d.]+%)</strong>", shown) == ["33.3%"]
    assert "22.2% / 44.4%" in text_of(shown)


def test_declared_text_cannot_break_the_page(release):
    assert "Is 5 &lt; 6 &amp; so on?" in release
    title = REAL._replace(title="<script>alert('x')</script>")
    assert "<script>" not in release_page(title, ROWS, [ABOUT], RULES)


def test_every_heading_cell_says_what_it_heads_and_every_table_what_it_is(page):
    assert page.count("<table") == page.count("<caption>") == page.count("</table>")
    assert all("scope=" in cell for cell in re.findall(r"<th\b[^>]*>", page))


def test_headings_never_skip_a_level(page):
    levels = [int(n) for n in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_link_within_a_page_leads_somewhere(page):
    targets, ids = re.findall(r'href="#([^"]+)"', page), re.findall(r'\bid="([^"]+)"', page)
    assert set(targets) <= set(ids)
    assert len(ids) == len(set(ids))


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio by WCAG 2.2."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def palettes() -> dict[str, dict[str, str]]:
    """The colours of the light and of the dark page."""
    blocks = re.findall(r"color-scheme: light dark;(.*?)\}|dark\) \{\s*:root \{(.*?)\}", style(), flags=re.S)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", "".join(block))) for block in blocks)
    return {"light": light, "dark": dark}


def style() -> str:
    """The style sheet."""
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("words", "ground"),
    [
        *itertools.product(("ink", "soft", "link"), ("page", "panel")),
        *itertools.product(("good", "warn", "bad"), ("page",)),
        ("good", "good-page"), ("warn", "warn-page"), ("bad", "bad-page"),
        ("ink", "warn-page"), ("ink", "bad-page"), ("soft", "good-page"), ("soft", "warn-page"), ("soft", "bad-page"),
    ],
)  # fmt: skip
def test_words_stand_out_from_their_ground(scheme, words, ground):
    assert contrast(palettes()[scheme][words], palettes()[scheme][ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("colour", [*charts.COLOURS, charts.GREY])
def test_marks_of_a_chart_stand_out_from_the_page(scheme, colour):
    assert contrast(colour, palettes()[scheme]["page"]) >= 3


def test_a_run_in_which_something_critical_failed_must_not_be_used():
    found = verdict({"gates": [gate(check(passed=False))]})
    assert found.answer.startswith("No")
    assert [(a.where, a.to_do) for a in found.stops] == [
        ("extract: Courts (court)", "Ask the department to send it again.")
    ]


def test_a_run_with_a_warning_may_be_used_with_care():
    found = verdict({"gates": [gate(check(), check("warning", passed=False))]})
    assert (found.answer, len(found.warnings)) == ("Yes, with care.", 1)


def test_a_run_without_any_finding_may_be_used():
    assert verdict({"gates": [gate(check())], "intake": [intake()]}).kind == "good"


def test_a_run_that_nothing_judged_is_not_called_good():
    assert verdict({"intake": [intake()]}).answer == "Not known: nothing was checked."


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


def test_a_report_has_a_section_for_each_fact_and_no_other(quality):
    assert re.findall(r'<section id="([\w-]+)"', quality) == list(SECTIONS)
    only = quality_report(INVENTED, {"gates": FACTS["gates"]}, LIMITS)
    assert re.findall(r'<section id="([\w-]+)"', only) == ["gates"]


def test_a_report_says_what_changed_since_whose_acceptance(quality):
    said = text_of(quality)
    assert "A. Lead accepted on 2026-03-01: read in full" in said
    assert "court, pnc_id 40.0%" in said
    assert "court, surname" not in said
    nothing = Facts(quality={"facts": {}, "accepted": None}, linkage=FACTS["linkage"])
    assert "No run has been accepted yet" in text_of(quality_report(INVENTED, nothing, LIMITS))


def test_a_report_shows_who_is_lost_the_least_found_first(quality):
    said = text_of(quality)
    rows = re.findall(r"No fixed abode (yes|no) Released court 400", said)
    assert rows == ["yes", "no"]
    assert "No fixed abode yes Released court 400 30 98.3% 66.3% 3" in said
    assert "No fixed abode, yes, found: 66.3%" in quality


def test_a_report_shows_what_is_expected_beside_what_was_looked_up(quality):
    said = text_of(quality)
    assert "court and prison 500 12 99.5% 93.0%" in said
    assert "All pairs 98.7% (96.0–99.8) 150" in said
    assert "court and prison 99.0% (95.0–100.0) 90.0% (80.0–95.0) 90" in said
    assert "Recall, court and prison, review: 90.0%" in quality
    assert "from 0.95 700 99.0% 98.1%" in said
    assert "prison 400 8 2.0%" in said


def test_a_report_says_what_a_review_establishes_and_what_came_of_doubts_and_decisions(quality):
    said = text_of(quality)
    assert "Of the review: Verdicts over pseudonyms check the model, and not the truth." in said
    assert "two numbers: pnc 9 4 8" in said
    assert "same 31" in said
    assert "different 0" not in said


def test_a_report_shows_what_each_rule_makes_and_finds(quality):
    said = text_of(quality)
    assert "dob 860 300 400 75.0%" in said
    assert "sealed: sound of names 120" in said
    assert "All rules without a person number find 97.0% in view names" in said


def test_a_report_shows_where_rows_went_and_that_they_add_up(quality):
    assert re.search(r"Courts 1,000 900 90 10 1\.1% yes", text_of(quality))


def test_a_report_says_that_it_is_internal(quality):
    assert "Internal, not for publication" in quality


def test_a_level_that_was_never_trained_is_drawn_without_a_weight(quality):
    assert "forename, exact: +6.5" in quality
    assert "never trained:" not in quality


def test_limits_of_link_rates_that_contradict_each_other_are_refused(tmp_path: Path):
    text = (REPOSITORY / "schemas" / "link_quality.yaml").read_text()
    (tmp_path / "link_quality.yaml").write_text(text.replace("value: 0.95", "value: 0.85"))
    with pytest.raises(ContractError, match="red_below_ratio must be smaller"):
        read_link_quality(tmp_path)
