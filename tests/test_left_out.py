"""Of a reason for which an outcome leaves nobody out nothing is said: by suppressor, audit, page and codes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_counts import RULES, TITLES, control, counts, released, true_of
from small_report import ABOUT, INVENTED, row

from linkage.contracts.analysis import Analysis
from linkage.contracts.codes import outcome_code
from linkage.errors import DisclosureError
from linkage.release.auditor.files import audit, key, require_pass
from linkage.release.auditor.notes import AddsUp
from linkage.release.auditor.seen import figures
from linkage.release.draft import Declared
from linkage.report.pages import release_page

REASONS = ("in_custody", "died", "unknown", "not_linked")
NEVER = {"employed": ("in_custody", "not_linked")}
DRAWING = """
    | breakdown | category | numerator | denominator | died |
    | all       | all      | 200       | 500         | 40   |
    | age       | young    | 4         | 50          | 20   |
    | age       | old      | 196       | 450         | 20   |
"""


@pytest.fixture(scope="module")
def made() -> list[dict[str, Any]]:
    """A release of an outcome that leaves nobody out for custody or for want of a record."""
    return control(counts(DRAWING), RULES, TITLES, Declared(never=NEVER))


def test_a_column_for_which_an_outcome_leaves_nobody_out_is_empty_and_a_true_zero_stays(made) -> None:
    assert {tuple(row[name] for name in REASONS) for row in made if row["category"] == "all"} == {(None, 40, 0, None)}


def test_the_audit_passes_it_and_stops_a_zero_that_would_say_it_befell_nobody(tmp_path: Path, made) -> None:
    knows = AddsUp(never=NEVER)
    require_pass(audit(released(tmp_path / "demo", made), counts(DRAWING), RULES, knows))
    zeros = [row | {"in_custody": 0} if row["status"] != "c" else row for row in made]
    with pytest.raises(DisclosureError, match="all / high says how many are in in_custody, for which its outcome"):
        audit(released(tmp_path / "zeros", zeros), counts(DRAWING), RULES, knows)


def test_whoever_knows_the_outcome_takes_it_for_nobody_in_every_row(made) -> None:
    for one in made:
        known = figures(one, true_of(DRAWING)[key(one)], AddsUp(never=NEVER), RULES)
        assert [known[name] for name in NEVER["employed"]] == [(0, 0, 0)] * 2, one["category"]


def test_a_count_of_women_whom_the_outcome_cannot_leave_out_is_refused() -> None:
    with pytest.raises(DisclosureError, match="all, all, high: counts that cannot be"):
        control(counts(DRAWING), RULES, TITLES, Declared(never={"employed": ("died",)}))


@pytest.mark.parametrize("shown", [0, None])
def test_the_page_has_no_column_of_it_also_where_every_rate_is_suppressed(shown: int | None) -> None:
    suppressed = [row(status="c"), row(threshold="high", status="c"), row(threshold="low", status="c")]
    rows = suppressed if shown is None else [row()]
    about = replace(ABOUT, cohorts={"released": "Women released"}, breakdowns={})
    assert "In custody" in release_page(INVENTED, rows, [about], RULES)
    never = replace(about, never={"employed": REASONS})
    page = release_page(INVENTED, rows, [never], RULES)
    assert not [said for said in ("In custody", "Left out", "Not linked") if said in page]


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ("proven_reoffending", "It leaves nobody out, so in_custody, died, unknown and not_linked are empty."),
        ("first_contact_benefit", "It leaves nobody out, so in_custody, died, unknown and not_linked are empty."),
        ("employed_6_weeks", "It leaves nobody out for anything else, so unknown and not_linked are empty."),
        (
            "employed_6_weeks",
            "for the first of these: who had died by day 42 (died) or was in custody on day 42 (in_cu",
        ),
        (
            "settled_3_months",
            "has no record in Probation (nDelius) (not_linked) or has no accommodation_status there t",
        ),
        ("died_within_4_weeks", "counted beside it: who had died before day 0, by her records (died)."),
    ],
)
def test_the_codes_say_whom_an_outcome_leaves_out_and_which_columns_are_empty(
    analysis: Analysis, outcome: str, says: str
) -> None:
    assert says in outcome_code(analysis.outcomes[outcome], analysis).meaning


@pytest.mark.parametrize("outcome", ["died_within_4_weeks", "died_to_12_months"])
def test_deaths_are_known_from_every_source_that_records_them(analysis: Analysis, outcome: str) -> None:
    said = outcome_code(analysis.outcomes[outcome], analysis)
    assert "Known from Prison (p-NOMIS) and Probation (nDelius)." in said.meaning


def test_custody_and_deaths_are_said_to_be_known_from_where_they_are_recorded(analysis: Analysis) -> None:
    said = outcome_code(analysis.outcomes["employed_6_weeks"], analysis).meaning
    assert "Custody is known from Prison (p-NOMIS). Deaths are known from Prison (p-NOMIS) and Probation" in said


@pytest.mark.parametrize(("outcome", "heading"), [("died_to_12_months", "Dead before day 0"), ("employed", "Died")])
def test_the_page_heads_whom_deaths_leave_out_by_when_they_had_died(
    analysis: Analysis, outcome: str, heading: str
) -> None:
    of_deaths = analysis.describe("deaths").of_deaths
    assert of_deaths == ("died_within_4_weeks", "died_to_12_months")
    about = replace(ABOUT, outcomes={outcome: "Died on days 29 to 365"}, of_deaths=of_deaths)
    page = release_page(INVENTED, [row(outcome=outcome, died=5)], [about], RULES)
    assert f'<th scope="col">{heading}</th>' in page
