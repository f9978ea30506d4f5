"""What the page says of its figures in words: to what they are rounded, how few are too few, what is not corrected."""

from dataclasses import replace

import pytest
from small_report import ABOUT, INVENTED, REAL, ROWS, RULES, row, text_of

from linkage.contracts.frequency import Frequency
from linkage.report.pages import release_page


@pytest.fixture(scope="module")
def release() -> str:
    """The page of an invented release."""
    return release_page(INVENTED, ROWS, [ABOUT], RULES)


def test_the_page_says_of_how_few_women_a_rate_is_unreliable(release):
    assert "unreliable, because few women are counted: fewer than 30, as rounded" in text_of(release)


def test_the_page_says_to_what_numbers_of_events_are_rounded_where_it_has_some(release):
    said = "Numbers of events, such as offences, are rounded to the nearest 10."
    counted = replace(ABOUT, frequencies={"employed": Frequency(title="Jobs", who="employee")}, breakdowns={})
    shown = [row(cohort, events=40, events_per_woman_with=1.0, events_per_woman=0.2) for cohort in ABOUT.cohorts]
    assert said in text_of(release_page(INVENTED, shown, [counted], RULES))
    assert said not in text_of(release)


@pytest.mark.parametrize("never", [(), ("unknown",), ("in_custody", "died", "not_linked")])
def test_a_rate_of_women_with_a_record_alone_has_no_corrected_one_in_tile_table_or_drawing(release, never):
    page = release_page(INVENTED, ROWS, [replace(ABOUT, never={"employed": never})], RULES)
    for one, has_one in ((page, False), (release, True)):
        said, drawing = text_of(one), one[one.index("<svg") : one.index("</svg>")]
        found = ("corrected for errors of links" in said, "Corrected (" in said, "corrected for" in drawing)
        assert found == (has_one,) * 3


def test_a_page_of_invented_women_alone_says_that_its_trends_mean_nothing(release):
    said = "No trend here is one of life: the careers of these invented women all begin at the start of the records"
    assert said in text_of(release).split("How to read this")[0]
    assert "No trend here" not in text_of(release_page(REAL, ROWS, [ABOUT], RULES))


def test_the_page_says_why_a_total_may_be_marked_whose_parts_are_shown(release):
    said = text_of(release[release.index('<section id="reading"') :])
    assert "some marks protect a figure of another table, or one that a reader could work out by subtracting" in said
    assert "is not that figure and must not be taken for it" in said


def test_a_caption_explains_bars_where_the_rate_moves_with_the_links(release):
    moved = [one | ({"value": 23.5} if one["threshold"] == "low" and one["value"] else {}) for one in ROWS]
    assert "Small bars across: the rate" in text_of(release_page(INVENTED, moved, [ABOUT], RULES))
    assert "Small bars" not in text_of(release)
