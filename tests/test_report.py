"""The pages: what they say, that they stand alone, and that everybody can read them."""

import itertools
import re
from dataclasses import replace
from html import unescape

import pytest
from small_report import ABOUT, CORRECTED, FACTS, HEADLINE, INVENTED, LIMITS, REAL, ROWS, RULES, row, text_of

from linkage.report.facts import Facts
from linkage.report.pages import quality_report, release_page

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
    "truth",
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


def test_the_same_rows_give_the_same_page(release):
    assert release_page(INVENTED, ROWS, [ABOUT], RULES) == release


def test_the_same_facts_give_the_same_report(quality):
    assert quality_report(INVENTED, FACTS, LIMITS) == quality


def test_a_page_asks_no_other_host_and_runs_no_script(page):
    without_names = page.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "")
    assert not re.search(r"https?:|//\w|<script|<link|<img|@import|url\(|\ssrc=|\son\w+=", without_names)
    assert "default-src 'none'" in page


def test_invented_data_are_marked_and_real_data_are_not(release):
    assert "INVENTED DATA" in release
    assert "waived (invented data)" in release
    real = release_page(REAL, [one | {"error_origin": "review 2026-spring"} for one in ROWS], [ABOUT], RULES)
    assert "come from review 2026-spring, of records seen in clear" in text_of(real)
    assert "nvented" not in real
    assert "A. Statistician, 3 March" in real


def test_what_is_assumed_of_errors_stands_with_its_reason_beside_what_is_corrected():
    why = "3 % (1 to 6) of records are taken to be missed: every tenth has <no> number"
    page = release_page(INVENTED, ROWS, [ABOUT], RULES, reasons=[why])
    assert "What is said of these errors, and why: 3 % (1 to 6) of records" in text_of(page)
    assert "every tenth has &lt;no&gt; number" in page
    assert "What is said of these errors" not in release_page(INVENTED, ROWS, [ABOUT], RULES)


def test_a_page_says_whether_errors_of_links_were_declared_where_no_rate_is_corrected():
    as_seen = [one | {"error_origin": ""} for one in ROWS]
    declared = text_of(release_page(INVENTED, as_seen, [ABOUT], RULES, reasons=["Two pairs were looked at."]))
    assert "were declared for this release, and no rate here is corrected" in declared
    assert "and why: Two pairs were looked at." in declared
    assert "No rates of missed and wrong links were declared" in text_of(
        release_page(INVENTED, as_seen, [ABOUT], RULES)
    )


def test_a_suppressed_rate_shows_only_its_symbol(release):
    assert re.search(r'<th scope="row">18-20</th>\s*(<td class="">\[c\]</td>\s*){8}</tr>', release)
    assert text_of(release).count("18-20") == 2  # a table of each cohort


def test_a_rate_of_few_women_is_marked_unreliable(release):
    assert "21.5% [u]" in text_of(release)
    drawing = release[release.index("<svg") : release.index("</svg>")]
    assert {"21.5", "21.5 [u]", "[c]"} <= set(re.findall(r">([^<]+)</text>", drawing))
    assert "[c]: suppressed, so that nothing can be learned about one woman. [u]: unreliable, because" in text_of(
        release
    )


def test_a_corrected_rate_stands_beside_the_rate_with_where_its_errors_are_known_from(release):
    said = text_of(release)
    assert "21.5% 95% interval 16.4 to 27.7 corrected for errors of links 22.6% (17.1 to 29.3)" in re.sub(
        r"Women released from custody, 2023/24 ", "", said
    )
    assert "Corrected (errors of links known: invented people)" in said
    assert "come from links known to be right or wrong, since the people are invented" in said
    assert "corrected for missed and wrong links" in release[release.index("<svg") : release.index("</svg>")]


def test_a_page_without_corrected_rates_says_that_nothing_was_declared_and_draws_none():
    nothing = dict.fromkeys(CORRECTED) | {"error_origin": ""}
    page = release_page(INVENTED, [one | nothing for one in ROWS], [ABOUT], RULES)
    assert "No rates of missed and wrong links were declared for this release" in text_of(page)
    assert "orrected (" not in text_of(page)
    assert "corrected for" not in page[page.index("<svg") : page.index("</svg>")]


def test_deaths_stand_with_the_time_at_risk_and_their_rate_by_it(release):
    none = dict.fromkeys(CORRECTED) | {"error_origin": ""}
    rates = {"per_100_years": 1.97, "per_100_years_lower": 1.33, "per_100_years_upper": 2.82}
    shown = [row(period="all", threshold=t, **(none | {"person_years": 1520} | rates)) for t in ("high", "medium")]
    page = text_of(release_page(REAL, shown, [replace(ABOUT, cohorts={"released": "Women released"})], RULES))
    assert "Person-years Per 100 person-years (95% interval)" in page
    assert "1,520 1.97 (1.33 to 2.82)" in page
    assert "deaths per 100 person-years 1.97 (1.33 to 2.82)" in page
    assert "Their interval is the exact one of Poisson counts" in page
    assert "erson-years" not in text_of(release)


def test_a_health_warning_stands_under_the_title_and_before_every_figure():
    said = {"health_warning": "An association, & no more.", "by": ("by work at 6 weeks",)}
    warned = replace(ABOUT, **said, breakdowns={"by_work": "Work at 6 weeks"})
    groups = [row(breakdown="by_work", category=category, value=v) for category, v in (("yes", 20.0), ("no", 30.0))]
    page = release_page(INVENTED, [row(), *groups], [warned], RULES)
    section = page[page.index('<section id="work"') : page.index("</section>")]
    assert '<h2 id="work-title">Employment, by work at 6 weeks</h2>' in section
    assert section.index("</h2>") < section.index("An association, &amp; no more.") < section.index("<svg")
    assert "<strong>" not in section[: section.index("<svg")]
    drawing = section[section.index("<svg") : section.index("</svg>")]
    assert "Work at 6 weeks, 2023/24" in drawing
    assert "Read this first" not in release_page(INVENTED, ROWS, [ABOUT], RULES)


def test_the_page_says_once_that_groups_of_nobody_are_left_out_and_leaves_them_out():
    figures = dict.fromkeys((*CORRECTED, "value", "lower", "upper"))
    nobody = row(breakdown="region", category="Wales", status="z", **figures)
    page = text_of(release_page(INVENTED, [*ROWS, nobody], [ABOUT], RULES))
    assert page.count("A group in which nobody was counted is left out") == 1
    assert "North East" in page
    assert "Wales" not in page.replace("England and Wales", "")


def test_how_to_read_the_page_is_a_link_from_each_table_and_names_every_file(release):
    assert release.count('<a href="#reading">How to read\nthis</a>') == release.count("<section") - 1 == 1
    reading = text_of(release[release.index('<section id="reading"') :])
    files = (
        "tables.csv",
        "tables.parquet",
        "womens_outcomes.duckdb",
        "codes.csv",
        "data_dictionary.csv",
        "manifest.json",
    )
    assert all(name in reading for name in files)


def test_standardised_rates_are_explained_where_there_are_any(release):
    answers = [row(breakdown="by_work", category=c, standardised_by="age_band", standardised_status="c") for c in "yn"]
    titles = {"by_work": "Work at 6 weeks", "age_band": "Age"}
    about = replace(ABOUT, health_warning="An association.", breakdowns=titles)
    page = text_of(release_page(INVENTED, [row(), *answers], [about], RULES))
    assert "A standardised rate is what the women of one answer would show" in page
    assert "A standardised rate is" not in text_of(release)


def test_sentences_at_the_foot_stand_apart(release):
    assert "(invented data). Made from invented data" in text_of(release)


def test_each_chart_has_a_text_and_its_table_beneath(release):
    figures = re.findall(r"<figure>.*?</figure>\s*<div class=\"wide\".*?</table>", release, flags=re.S)
    assert len(figures) == release.count("<svg") == 1
    said = re.search(r'<svg role="img" aria-label="([^"]+)"', figures[0])
    assert said
    assert "Women released from custody, 2023/24: 21.5%" in said[1]


def test_on_a_narrow_screen_a_drawing_keeps_its_width_in_a_box_and_a_table_whose_row_it_is(page):
    boxes = re.findall(r'<figure>\s*<div class="wide" tabindex="0" role="region" aria-label="[^"]+">\s*<svg', page)
    assert len(boxes) == page.count("<svg") > 0
    least = re.search(r"figure svg \{ min-width: (\d+)rem", page)
    widths = [float(found) for found in re.findall(r'<svg [^>]*?width="(\d+)', page)]
    assert all(11 * 16 * int(least[1]) / width >= 9 for width in widths)  # pixels of the smallest words
    assert "tbody th, thead tr > :first-child, .words:nth-child(2) { position: sticky; left: 0;" in page


def test_a_rate_stands_first_of_the_figures_of_its_period(release):
    heads = re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', release)
    assert heads[:4] == ["Women", "Period", "Rate", "95% interval"]
    assert re.search(r'2023/24</td>\s*<td class="">21.5%</td>\s*<td class="">16.4 to 27.7</td>', release)


def test_a_chart_of_which_nothing_can_be_shown_is_not_drawn_and_its_table_stands(release):
    assert release.count("<svg") == 1
    suppressed = release_page(INVENTED, [row(status="c"), row(breakdown="age_band", status="c")], [ABOUT], RULES)
    assert "<svg" not in suppressed
    assert "In employment at 6 weeks. No rate of it can be shown, so it is not drawn." in text_of(suppressed)
    assert "<caption>In employment at 6 weeks" in suppressed


def test_tables_stand_under_their_subjects_in_one_order_whatever_that_of_the_files():
    later, first = replace(ABOUT, subject="health"), replace(ABOUT, table_id="crime", subject="reoffending")
    rows = [row(), row() | {"table_id": "crime"}]
    page = release_page(INVENTED, rows, [later, first], RULES)
    assert re.findall(r"<dt>(.*)</dt>", page)[:3] == ["Reoffending", "Health", "Reading"]
    assert re.findall(r'<section id="(\w+)"', page) == ["crime", "work", "reading"]


def test_a_table_is_headed_by_its_name_and_an_association_by_what_it_divides(release):
    assert '<a href="#work">Work</a>' in release
    assert '<h2 id="work-title">Work</h2>' in release
    assert "Women's employment, England and Wales, July 2022 to June 2024. In the files: work" in unescape(
        text_of(release)
    )


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


def test_a_report_has_a_section_for_each_fact_and_no_other(quality):
    assert re.findall(r'<section id="([\w-]+)"', quality) == list(SECTIONS)
    only = quality_report(INVENTED, {"gates": FACTS["gates"]}, LIMITS)
    assert re.findall(r'<section id="([\w-]+)"', only) == ["gates"]


def test_a_report_names_what_is_not_there_yet_and_the_command_that_brings_it():
    linked = quality_report(INVENTED, {"gates": FACTS["gates"][:1], "linkage": FACTS["linkage"]}, LIMITS)
    assert re.findall(r'<section id="([\w-]+)"', linked) == [
        "changed", "lost", "gates", "linkage", "link-rates", "disclosure", "audit",
    ]  # fmt: skip
    said = text_of(linked)
    assert said.count("Not yet counted. Run: linkage tabulate") == 3
    assert said.count("Not yet published. Run: linkage publish") == 2


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


def test_a_report_shows_sources_that_only_a_third_joins_or_that_were_joined_in_the_accepted_run():
    row = FACTS["expected"][0] | {"linked": 0, "right": 0.0, "precision": None}
    rows = [
        row | {"sources": "paye and prison", "chained": 254, "recall": 0.999},
        row | {"sources": "hclic and prison", "chained": 0, "recall": None, "held": 65},
        row | {"sources": "hclic and paye", "chained": 0, "recall": None, "held": 0},
    ]
    said = text_of(quality_report(INVENTED, Facts(expected=rows), LIMITS))
    assert "paye and prison 0 254" in said
    assert "hclic and prison 0 0" in said
    assert "hclic and paye" not in said


def test_a_report_has_columns_of_the_truth_only_where_one_is_known(quality):
    part = FACTS["accuracy"][0] | {"scope": "dataset pair", "part": "court and prison"}
    assert "By the truth" not in text_of(quality)
    said = text_of(quality_report(INVENTED, FACTS | {"accuracy": [part]}, LIMITS))
    assert "By the truth" in said
    assert "court and prison 500 12 99.5% 93.0% 99.1% 90.0%" in said


def test_a_report_says_what_a_review_establishes_and_what_came_of_doubts_and_decisions(quality):
    said = text_of(quality)
    assert "By the review: of sample 2026-spring, drawn from this linkage on 2026-03-02." in said
    assert "Verdicts over pseudonyms check the model, and not the truth." in said
    assert "two numbers: pnc 9 4 8" in said
    assert "same 31" in said
    assert "different 0" not in said


def test_a_report_says_of_a_review_that_it_is_of_the_linkage_before_and_that_nothing_was_missed():
    everything = {"value": 1.0, "lower": 0.974, "upper": 1.0, "looked_up": 150}
    review = FACTS["review"] | {"linked_since": True, "recall": everything}
    said = text_of(quality_report(INVENTED, FACTS | {"review": review}, LIMITS))
    assert "drawn from the linkage before this one on 2026-03-02" in said
    assert "All pairs 98.7% (96.0–99.8) all are linked (97.4–100.0) 150" in said


def test_a_report_shows_what_each_rule_makes_and_finds(quality):
    said = text_of(quality)
    assert "dob 860 300 400 75.0%" in said
    assert "sealed: sound of names 120" in said
    assert "All rules without a person number find 97.0% in view names" in said


def test_a_report_says_how_far_from_the_truth_headlines_fell_and_what_the_correction_did(quality):
    said = text_of(quality)
    assert "the latest rates of all women are 5.5 points off as linked, and 4.0 corrected." in said
    assert "Released 2023/24 20.0% -2.0 21.5% -0.5 16.0 to 28.2 21.0% 22.0% yes" in said
    assert "Sentenced 2023/24 20.0% -9.0 21.5% -7.5 16.0 to 28.2 30.0% 29.0% no" in said


def test_a_report_holds_every_published_rate_beside_perfect_links_and_every_answer_beside_her_life(quality):
    said = text_of(quality)
    assert "every published rate are 4.0 points off as linked, and 4.3 corrected." in said
    assert "Employed 1,000 98.5%" in said
    assert "All women 2 5.5 4.5 50.0% Age 1 1.0 4.0 100.0%" in said
    assert "Released Age young 2023/24 20.0% -1.0 25.0% +4.0 16.0 to 28.2 21.0% yes" in said


def test_a_rate_that_is_suppressed_or_not_corrected_is_off_by_nothing_anybody_knows():
    nothing = dict.fromkeys(["published", "lower", "upper", "corrected", "corrected_lower", "corrected_upper"])
    said = text_of(quality_report(INVENTED, Facts(beside_truth=[{**HEADLINE, **nothing}]), LIMITS))
    assert "Released 2023/24 [c] 21.0% 22.0%" in said
    assert "points off" not in said
    assert "Every published rate" not in said


def test_a_report_shows_where_rows_went_and_that_they_add_up(quality):
    assert re.search(r"Courts 1,000 900 90 10 1\.1% yes", text_of(quality))


def test_a_report_says_that_it_is_internal(quality):
    assert "Internal, not for publication" in quality


def test_a_level_that_was_never_trained_is_drawn_without_a_weight(quality):
    assert "forename, exact: +6.5" in quality
    assert "never trained:" not in quality
