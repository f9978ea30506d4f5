"""What the page of a release says of standardised rates, and what it draws."""

import re
from dataclasses import replace

import pytest
from small_report import ABOUT, INVENTED, RULES
from test_standardised import PARADOX, Counted, published

from linkage.contracts.analysis import Analysis, Description
from linkage.release.coarser import LeftOut
from linkage.releases import described
from linkage.report.pages import release_page
from linkage.report.standardised_view import answers

HIDDEN = PARADOX | {("no", "old"): (4, 300)}


@pytest.fixture
def about() -> Description:
    """What is told of women by whether they work, standardised by age."""
    [table_id] = {row["table_id"] for row in published(PARADOX)}
    return replace(
        ABOUT,
        table_id=table_id,
        health_warning="An association.",
        cohorts={"released": "Released"},
        outcomes={row["outcome"]: "Offence" for row in published(PARADOX)},
        breakdowns={"by_work": "Work", "age": "Age"},
    )


def drawn(counted: Counted, about: Description) -> str:
    """The drawing of a page."""
    page = release_page(INVENTED, published(counted), [about], RULES)
    return page[page.index("<svg") : page.index("</figcaption>")]


@pytest.mark.parametrize(("counted", "shown"), [(PARADOX, ["30.0%", "26.1 to 34.9"]), (HIDDEN, ["[c]", "[c]"])])
def test_the_page_shows_crude_and_standardised_rates_of_each_answer_side_by_side(
    about: Description, counted: Counted, shown: list[str]
) -> None:
    grid = answers("Offences", [row for row in published(counted) if row["threshold"] == "medium"], about)
    lines = {line.cells[0]: dict(zip(grid.columns[:5], line.cells, strict=False)) for line in grid.lines}
    ends = {line.cells[0]: list(line.cells[6:]) for line in grid.lines}
    assert grid.columns[6:] == ("Standardised rate", "95% interval")
    assert (lines["yes"]["Standardised by"], lines["yes"]["Crude rate"], ends["yes"]) == ("age", "40.0%", shown)
    assert (lines["all women"]["Standardised by"], ends["all women"]) == ("", ["", ""])
    said = "No rate could be standardised" if counted is HIDDEN else "allows for these strata alone"
    assert said in grid.note


def test_the_page_says_which_strata_are_not_shown(about: Description) -> None:
    grid = answers("Offences", [row for row in published(HIDDEN) if row["threshold"] == "medium"], about)
    named = re.findall(r"(\w+, \w+) \[c\]", grid.note)
    hidden = {
        row["category"] for row in published(HIDDEN) if row["breakdown"] == "by_work_by_age" and row["status"] == "c"
    }
    assert "Released, 2023: not standardised by age, of which these strata are not shown: " in grid.note
    assert "no, old" in named
    assert set(named) == hidden
    assert "not shown" not in answers("Offences", published(PARADOX), about).note


def test_the_page_draws_both_rates_and_says_which_is_hollow(about: Description) -> None:
    drawing = drawn(PARADOX, about)
    assert {"crude", "standardised"} <= set(re.findall(r">([^<]+)</text>", drawing))
    assert drawing.endswith("Hollow dot: the standardised rate of the same women. Thin line: its 95% interval.")
    assert "corrected" not in drawing
    alone = drawn(HIDDEN, about)
    assert "40.0" in alone
    assert "tandardised" not in alone


def test_a_period_is_said_where_there_are_several(about: Description) -> None:
    rows = [row for row in published(PARADOX) if row["threshold"] == "medium"]
    both = answers("Offences", [*rows, *(row | {"period": "2024"} for row in rows)], about)
    assert both.columns[0] == "Period"
    assert [line.cells[0] for line in both.lines] == ["2023"] * 3 + ["2024"] * 3
    assert "Period" not in answers("Offences", rows, about).columns


def test_where_no_rate_can_be_standardised_the_warning_says_so_and_no_cell_of_an_answer_is_blank(
    about: Description,
) -> None:
    why = "No standardised rate can be given for work and age: too few women gave one of the answers."
    idle = {"standardised": None, "standardised_by": "", "standardised_status": ""}
    orders = [row | {"cohort": "orders"} | idle for row in published(PARADOX) if row["threshold"] == "medium"]
    both = replace(about, cohorts={"released": "Released", "orders": "Orders"}, not_standardised=(why,))
    page = release_page(INVENTED, [*published(PARADOX), *orders], [both], RULES)
    assert f"An association. {why}" in page
    lines = [line for line in answers("Offences", orders + published(PARADOX), both).lines if line.heading == "Orders"]
    assert {line.cells[0]: line.cells[-2:] for line in lines} == {
        "all women": ("", ""), "yes": ("not given",) * 2, "no": ("not given",) * 2,
    }  # fmt: skip
    none = release_page(INVENTED, orders, [both], RULES)
    assert f"An association. {why}" in none
    assert why not in release_page(INVENTED, orders, [replace(both, not_standardised=())], RULES)


def test_a_table_without_its_strata_is_described_with_why_and_any_other_breakdown_is_not(analysis: Analysis) -> None:
    table = "reoffending_by_first_night_standardised"
    gone = ("first_night_housing_by_sentence_in_two", "sentence_in_two")
    found = {one.table_id: one for one in described(analysis, [LeftOut(table, name, "too few") for name in gone])}
    [said] = found.pop(table).not_standardised
    assert re.fullmatch(
        r"No standardised rate can be given for .+ and length of the sentence in two bands: too few\.", said
    )
    assert not any(one.not_standardised for one in found.values())
