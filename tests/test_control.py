"""What may leave, and what must not: below, at and above each boundary."""

import re

import pytest
from conftest import REPOSITORY
from small_counts import (
    BY_AGE,
    RULES,
    TITLES,
    TWO,
    alone,
    control,
    controlled,
    counts,
    excepting,
    shown,
    true_of,
    weakest,
)

from linkage.contracts.disclosure import read_disclosure
from linkage.errors import ContractError, DisclosureError
from linkage.release.auditor.files import key
from linkage.release.auditor.seen import said
from linkage.release.columns import PUBLISHED
from linkage.release.control import wilson
from linkage.release.draft import Declared
from linkage.release.joint import problem_of
from linkage.release.ledger import LABELS


@pytest.mark.parametrize(
    ("numerator", "denominator", "status"),
    [
        (9, 200, "c"), (10, 200, ""), (11, 200, ""),
        (191, 200, "c"), (190, 200, ""), (189, 200, ""),
        (1, 200, "c"), (199, 200, "c"), (5, 9, "c"), (10, 19, "c"), (10, 20, "u"), (10, 21, "u"),
        (12, 27, "u"), (14, 28, ""), (15, 30, ""), (0, 0, "z"),
    ],
)  # fmt: skip
def test_a_cell_is_shown_from_ten_women_with_the_outcome_and_ten_without(numerator, denominator, status):
    assert alone(numerator, denominator)["status"] == status


@pytest.mark.parametrize(("numerator", "status"), [(0, "c"), (500, "c"), (10, ""), (490, "")])
def test_all_or_none_of_a_large_group_is_not_said_of_a_sensitive_outcome(numerator, status):
    assert alone(numerator, 500)["status"] == status


@pytest.mark.parametrize(("numerator", "value"), [(0, 0.0), (500, 100.0)])
def test_all_or_none_may_be_said_of_an_outcome_that_is_excepted(numerator, value):
    row = alone(numerator, 500, excepting("employed"))
    assert (row["status"], row["value"], row["numerator"]) == ("", value, numerator)


def test_an_outcome_is_sensitive_until_it_is_excepted():
    assert RULES.sensitive("an outcome of next year")
    assert not excepting("employed").sensitive("employed")


@pytest.mark.parametrize(("count", "published"), [(12, 10), (13, 15), (17, 15), (18, 20)])
def test_counts_are_rounded_to_the_nearest_five(count, published):
    assert alone(count, 100)["numerator"] == published


def test_a_rate_and_its_interval_come_from_the_rounded_counts():
    assert alone(13, 98) == alone(15, 100) == alone(17, 102)
    assert [alone(13, 98)[name] for name in ("value", "lower", "upper")] == [15.0, 9.3, 23.3]


@pytest.mark.parametrize(
    ("numerator", "denominator", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_wilson_interval_is_that_of_newcombe_1998_table_1(numerator, denominator, low, high):
    assert wilson(numerator, denominator, 0.95) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_a_suppressed_row_holds_no_figure_at_all():
    row = controlled("| numerator | denominator | in_custody | died |\n| 3 | 50 | 40 | 20 |")[0]
    assert row["status"] == "c"
    assert {row[c.name] for c in PUBLISHED if c.type != "text"} == {None}


def test_a_cell_that_is_unsafe_at_one_threshold_is_suppressed_at_all_three():
    rows = control(
        counts("""
            | threshold | numerator | denominator |
            | high      | 9         | 200         |
            | medium    | 12        | 210         |
            | low       | 15        | 220         |
        """),
        RULES, TITLES,
    )  # fmt: skip
    assert [(row["threshold"], row["status"]) for row in rows] == [("high", "c"), ("medium", "c"), ("low", "c")]


def test_where_rounding_leaves_room_enough_no_other_category_goes():
    assert shown(BY_AGE, "category", "status") == [("all", ""), ("young", "c"), ("middle", ""), ("old", "")]


def test_where_one_category_would_follow_from_the_other_it_goes_too():
    assert shown(TWO, "category", "status") == [("all", ""), ("young", "c"), ("old", "c")]


def test_a_table_whose_total_is_not_shown_loses_no_further_category():
    without_total = "\n".join(line for line in BY_AGE.splitlines() if "| all " not in line)
    assert shown(without_total, "status") == [("c",), ("",), ("",)]


def test_a_category_without_women_is_no_cover():
    drawing = TWO + "    | age       | oldest   | 0         | 0           |\n"
    assert shown(drawing, "category", "status")[1:] == [("young", "c"), ("old", "c"), ("oldest", "z")]


def test_a_year_that_is_suppressed_takes_another_year_with_it_where_they_are_pooled():
    drawing = """
        | period  | numerator | denominator |
        | all     | 54        | 185         |
        | 2022/23 | 4         | 90          |
        | 2023/24 | 50        | 95          |
    """
    assert [status for _, status in shown(drawing, "period", "status")].count("c") == 2


def test_a_quarter_that_is_suppressed_takes_another_quarter_of_its_year_with_it():
    drawing = """
        | period  | numerator | denominator |
        | 2022/23 | 40        | 110         |
        | 2023 Q1 | 4         | 40          |
        | 2023 Q2 | 36        | 70          |
    """
    years = {"2023 Q1": "2022/23", "2023 Q2": "2022/23"}
    assert [status for _, status in shown(drawing, "period", "status", years=years)].count("c") == 2


def test_how_many_were_left_out_is_rounded_and_hidden_when_few():
    drawing = "| numerator | denominator | in_custody | died | unknown | not_linked |\n| 50 | 200 | 9 | 0 | 10 | 43 |"
    assert shown(drawing, "in_custody", "died", "unknown", "not_linked") == [(None, 0, 10, 45)]


DIED = """
    | breakdown | category | numerator | denominator | died |
    | all       | all      | 200       | 500         | 40   |
    | age       | young    | 100       | 250         | 3    |
    | age       | old      | 100       | 250         | 37   |
"""


def test_the_few_left_out_of_one_category_do_not_follow_from_the_others():
    assert shown(DIED, "category", "status", "died")[1] == ("young", "", None)
    made = control(counts(DIED), RULES, TITLES)
    assert weakest(made, DIED) >= RULES.width_left_out.value


def test_a_category_nobody_is_in_at_one_threshold_needs_no_row_there():
    drawing = """
        | threshold | breakdown | category  | numerator | denominator |
        | medium    | all       | all       | 100       | 300         |
        | medium    | region    | North     | 90        | 280         |
        | medium    | region    | not known | 10        | 20          |
        | low       | all       | all       | 90        | 280         |
        | low       | region    | North     | 90        | 280         |
    """
    assert {row["status"] for row in control(counts(drawing), RULES, TITLES)} == {"", "u"}


@pytest.mark.parametrize("row", ["| -1 | 50 |", "| 51 | 50 |"])
def test_counts_that_cannot_be_are_refused_without_being_told(row):
    with pytest.raises(DisclosureError, match="work, released, employed, England, 2023, all, all, high") as caught:
        controlled(f"| numerator | denominator |\n{row}")
    assert "51" not in str(caught.value)


def test_categories_that_do_not_make_their_total_are_refused_without_being_told():
    with pytest.raises(DisclosureError, match=r"(?s)age, old, high.*do not add up") as caught:
        controlled(BY_AGE.replace("| 76        | 150", "| 76        | 155"))
    assert not re.search(r"\b(76|150|155|500)\b", str(caught.value))


def test_one_cell_counted_in_two_ways_is_refused():
    with pytest.raises(DisclosureError, match="counted twice"):
        controlled("| table_id | numerator | denominator |\n| work | 20 | 50 |\n| homes | 21 | 50 |")


def test_every_declared_limit_gives_its_reason():
    assert (RULES.threshold.value, RULES.rounding_base.value, RULES.unreliable_below.value) == (10, 5, 30)
    assert all(len(limit.reason) > 20 for limit in (RULES.threshold, RULES.rounding_base, RULES.unreliable_below))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("threshold:", "treshold:", "treshold: there is no such field"),
        ("value: 5", "value: 20", "rounding_base must not exceed threshold"),
        ("value: 10", "value: 0", "threshold.value"),
    ],
)
def test_a_mistake_in_the_rules_is_refused_with_its_place(tmp_path, old, new, message):
    text = (REPOSITORY / "schemas" / "disclosure.yaml").read_text()
    (tmp_path / "disclosure.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(ContractError, match=message):
        read_disclosure(tmp_path)


@pytest.mark.parametrize(("numerator", "denominator", "least"), [(5, 8, (0, 1, 0, 0)), (50, 80, (48, 78, 1, 0))])
def test_a_reader_takes_a_suppressed_group_and_an_empty_exclusion_for_somebody(numerator, denominator, least):
    drawing = f"| numerator | denominator | died |\n| {numerator} | {denominator} | 3 |"
    figures = ("numerator", "denominator", "died", "unknown")
    problem, _ = problem_of(true_of(drawing).values(), RULES, Declared())
    ends = problem.known(problem.primary_counts)[0] + problem.counts
    ours = dict(zip(problem.labels, ends.tolist(), strict=True))
    for row in control(counts(drawing), RULES, TITLES):
        known = said(row, true_of(drawing)[key(row)], RULES)
        assert tuple(known[figure][1] for figure in figures) == least
        assert tuple(ours[", ".join([*map(row.get, LABELS), figure])] for figure in figures) == least
