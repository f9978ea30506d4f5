"""Which rates of which groups a reader is told not to compare."""

from typing import Any

from small_report import ABOUT, INVENTED, RULES, row, text_of

from linkage.report import not_to_compare
from linkage.report.pages import release_page


def missed(*groups: tuple[str, float, float], period: str = "2023/24") -> list[dict[str, Any]]:
    """Groups, each with its rate and the share of records that was missed of it."""
    return [row(period=period, breakdown="age_band", category=c, value=rate, missed=share) for c, rate, share in groups]


def test_groups_whose_missed_records_differ_by_more_than_their_rates_are_named_and_of_which_rates_it_is_said():
    groups = [("18-20", 20.0, 5.0), ("21-24", 22.5, 8.0), ("25-29", 40.0, 15.0)]
    said = text_of(release_page(INVENTED, [row(), *missed(*groups), row(threshold="high")], [ABOUT], RULES))
    assert "Do not compare rates as linked of these groups, in 2023/24: 18-20 with 21-24. What was missed" in said
    assert "Corrected rates allow for that: compare these where both are given, with their intervals." in said


def test_a_group_that_is_not_to_be_compared_with_several_is_named_once_a_period():
    earlier = missed(("18-20", 20.0, 1.0), ("21-24", 21.0, 3.0), ("25-29", 22.1, 3.0), period="2022/23")
    later = missed(("18-20", 20.0, 1.0), ("21-24", 21.0, 3.0), ("25-29", 21.5, 9.0))
    assert not_to_compare.warning([*earlier, *later]).startswith(
        "Do not compare rates as linked of these groups, in 2022/23: 18-20 with 21-24; "
        "in 2023/24: 18-20 with 21-24 or 25-29, 21-24 with 25-29. What"
    )
    assert not_to_compare.warning(missed(("18-20", 20.0, 1.0), ("21-24", 23.0, 3.0))) == ""


def test_of_too_many_groups_to_name_it_is_said_how_close_they_are():
    many = not_to_compare.MOST_NAMED + 2
    said = not_to_compare.warning(missed(*((str(n), 20.0 + n, 3.0 * n) for n in range(many))))
    assert f"groups of a period that are {many - 1}.0 points or less apart: {many * (many - 1) // 2} pairs" in said
