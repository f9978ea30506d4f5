"""An invented release, and an invented run of which everything is known, as its pages are given them."""

import itertools
import re

from conftest import REPOSITORY

from linkage.contracts.analysis import Description
from linkage.contracts.disclosure import read_disclosure
from linkage.contracts.link_quality import read_link_quality
from linkage.report.facts import Check, Expected, ExpectedGroup, Facts, Gate, Intake, LinkRate
from linkage.report.pages import Masthead
from linkage.report.truth_facts import BesideTruth

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
    never={"employed": ("unknown", "not_linked")},
)


CORRECTED = {
    "corrected": 22.6, "corrected_lower": 17.1, "corrected_upper": 29.3,
    "missed": 5.0, "missed_lower": 3.1, "missed_upper": 7.8, "wrong": 0.5, "wrong_lower": 0.1, "wrong_upper": 1.6,
}  # fmt: skip
STANDARDISED = dict.fromkeys(("standardised", "standardised_lower", "standardised_upper")) | {
    "standardised_by": "", "standardised_status": "",
}  # fmt: skip
BY_TIME = ("person_years", "per_100_years", "per_100_years_lower", "per_100_years_upper")


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
    shown |= CORRECTED if threshold == "medium" else dict.fromkeys(CORRECTED)
    origin = "truth" if threshold == "medium" and status != "c" else ""
    return (
        labels
        | place
        | {"status": status, "error_origin": origin}
        | STANDARDISED
        | (dict.fromkeys(shown) if status == "c" else shown)
        | dict.fromkeys(BY_TIME)
        | figures
    )


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


def judged(*checks: Check) -> list[Gate]:
    """The gates of a run whose linkage was judged: an extract's with these checks, then that of the linkage itself."""
    return [gate(*checks), {"gate": "linkage", "name": "linkage", "title": "Linkage", "passed": True, "checks": []}]


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


HEADLINE: BesideTruth = {
    "headline": True, "outcome": "employed", "cohort": "released", "period": "2023/24", "breakdown": "all",
    "category": "all", "published": 20.0, "lower": 15.0, "upper": 26.0,
    "corrected": 21.5, "corrected_lower": 16.0, "corrected_upper": 28.2, "perfect": 21.0, "true": 22.0,
}  # fmt: skip
OF_A_GROUP: BesideTruth = {
    **HEADLINE, "headline": False, "breakdown": "age", "category": "young", "corrected": 25.0, "true": None,
}  # fmt: skip
FACTS: Facts = {
    "beside_truth": [HEADLINE, {**HEADLINE, "cohort": "sentenced", "perfect": 30.0, "true": 29.0}, OF_A_GROUP],
    "agreement": [{"outcome": "employed", "asked": 1_000, "agreed": 985}],
    "intake": [intake()],
    "gates": judged(check(), check("warning", passed=False)),
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
    "review": {"sample": "2026-spring", "drawn": "2026-03-02", "linked_since": False,
               "caveat": "Verdicts over pseudonyms check the model, and not the truth.",
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


def text_of(page: str) -> str:
    """What a reader sees, without drawings."""
    without = re.sub(r"<(svg|style).*?</\1>", "", page, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", without))
