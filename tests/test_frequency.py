"""How often, beside whether: numbers of events that are shown only where they give nobody away."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from small_counts import DEFAULTS, RULES, TITLES, control, counts, relation, released, true_of
from small_report import ABOUT, INVENTED, text_of
from test_definitions import DATASETS, SCHEMAS, edit, refusal

from linkage.cohorts.examples import failures, found_numbers
from linkage.contracts.analysis import Analysis
from linkage.contracts.frequency import Frequency
from linkage.errors import DisclosureError
from linkage.events_beside_truth import as_lived
from linkage.release import frequency
from linkage.release.auditor import sums as audited
from linkage.release.auditor.files import audit
from linkage.release.auditor.judge import prove
from linkage.release.auditor.notes import AddsUp
from linkage.release.auditor.reader import Seen, proofs
from linkage.release.before import Release
from linkage.release.draft import Declared, cell_of
from linkage.release.frequency import Sum
from linkage.report import frequency_view
from linkage.report.events_truth_view import events_grid
from linkage.report.pages import release_page
from linkage.report.truth_facts import EventsBesideTruth
from linkage.settings import Settings

Row = dict[str, Any]
COLUMNS = ("events", "events_per_woman_with", "events_per_woman")
USUAL = Sum(events=684, with_one=200, women=180, largest=20, two_largest=38)


def cell(numerator: int, denominator: int, **more: Any) -> Row:
    """The counts of one cell at the medium threshold."""
    return DEFAULTS | {"numerator": numerator, "denominator": denominator, "threshold": "medium"} | more


def summed(rows: list[Row], known: dict[str, Sum]) -> list[Row]:
    """The true sums as they are noted; `known`: by category, or by period."""
    found = {cell_of(row): known.get(row["category"], known.get(row["period"])) for row in rows}
    return [at._asdict() | of._asdict() for at, of in found.items() if of]


def shown(rows: list[Row], known: dict[str, Sum], earlier: tuple[Release, ...] = (), **declared: Any) -> list[Row]:
    """The publishable rows with the numbers of events that may be shown."""
    told = Declared(**declared)
    found = frequency.sums(summed(rows, known))
    return frequency.beside(control(relation(rows), RULES, TITLES, told), found, RULES, told, earlier)


ALL = [cell(200, 500)]


def test_a_sum_is_rounded_and_its_means_are_of_rounded_numbers() -> None:
    [row] = shown([cell(202, 498)], {"all": USUAL._replace(with_one=202)})
    assert [row[name] for name in COLUMNS] == [680, 3.4, 1.36]
    [other] = shown(ALL, {"all": USUAL._replace(events=675)})
    assert [other[name] for name in COLUMNS] == [row[name] for name in COLUMNS]


UNSAFE = {
    "nine women": USUAL._replace(women=9),
    "one woman has more than a third": USUAL._replace(largest=226, two_largest=240),
    "two women have more than half": USUAL._replace(largest=200, two_largest=343),
    "as many events as women": USUAL._replace(events=201),
}


@pytest.mark.parametrize("why", UNSAFE)
def test_a_sum_that_could_give_a_woman_away_is_not_shown_and_the_audit_would_find_it(why: str, tmp_path: Path) -> None:
    [row] = shown(ALL, {"all": UNSAFE[why]})
    assert [row[name] for name in COLUMNS] == [None, None, None]
    assert row["status"] == ""
    number = 10 * round(UNSAFE[why].events / 10)
    told = row | {"events": number, "events_per_woman_with": number / 200, "events_per_woman": number / 500}
    folder = released(tmp_path / "demo", [told])
    with pytest.raises(DisclosureError, match=r"all / all / medium counts"):
        audit(folder, relation(ALL), RULES, events=summed(ALL, {"all": UNSAFE[why]}))


@pytest.mark.parametrize("of", [USUAL._replace(women=10), USUAL._replace(largest=225, two_largest=342),
                                USUAL._replace(events=202, largest=2, two_largest=4)])  # fmt: skip
def test_a_sum_just_within_its_limits_is_shown_and_the_audit_passes_it(of: Sum, tmp_path: Path) -> None:
    made = shown(ALL, {"all": of})
    assert made[0]["events"] is not None
    assert audit(released(tmp_path / "demo", made), relation(ALL), RULES, events=summed(ALL, {"all": of})).cells == 1


def test_no_sum_is_shown_at_another_threshold_nor_of_an_outcome_that_is_not_counted() -> None:
    rows = [cell(200, 500, threshold=threshold) for threshold in ("high", "medium", "low")]
    assert [row["events"] for row in shown(rows, {"all": USUAL})] == [None, 680, None]
    assert [row["events"] for row in shown(rows, {})] == [None] * 3


AGES = [
    cell(200, 500),
    *(cell(n, of, breakdown="age", category=age) for age, n, of in (("young", 40, 90), ("old", 160, 410))),
    *(cell(n, of, breakdown="region", category=place) for place, n, of in (("North", 90, 190), ("South", 110, 310))),
    cell(0, 0, breakdown="region", category="West"),
]
OF_AGES = {
    "all": USUAL, "young": Sum(180, 40, 38, 12, 20), "old": Sum(504, 160, 142, 20, 38),
    "North": Sum(300, 90, 80, 20, 38), "South": Sum(384, 110, 100, 20, 36),
}  # fmt: skip


def test_of_a_breakdown_the_sums_of_all_groups_are_shown_or_of_none() -> None:
    assert [row["events"] for row in shown(AGES, OF_AGES)] == [680, 180, 500, 300, 380, 0]
    young = OF_AGES | {"young": OF_AGES["young"]._replace(women=9)}
    made = shown(AGES, young)
    assert [row["events"] for row in made] == [680, None, None, 300, 380, 0]
    told = [row | ({"events": 500} if row["category"] == "old" else {}) for row in made]
    pairs = {("released", "employed")}
    assert [row["category"] for row, _ in audited.subtracted(told, pairs, AddsUp())] == ["old"]
    assert list(audited.subtracted(made, pairs, AddsUp())) == []


def test_where_a_group_is_suppressed_no_group_has_a_sum() -> None:
    ages = (("young", 4, 50), ("m", 120, 300), ("old", 76, 150))
    rows = [cell(200, 500), *(cell(n, of, breakdown="age", category=age) for age, n, of in ages)]
    known = {"all": USUAL, "young": Sum(9, 4, 4, 3, 5), "m": Sum(400, 120, 99, 9, 18), "old": Sum(275, 76, 70, 9, 18)}
    made = shown(rows, known)
    assert [row["status"] for row in made] == ["", "c", "", ""]
    assert [row["events"] for row in made] == [680, None, None, None]


HALVES = [cell(200, 500), cell(90, 240, period="spring"), cell(110, 260, period="autumn")]
OF_HALVES = {"2023": USUAL, "spring": Sum(300, 90, 80, 20, 38), "autumn": Sum(384, 110, 100, 20, 36)}


def test_of_the_parts_of_a_year_the_sums_of_all_are_shown_or_of_none() -> None:
    years = {"spring": "2023", "autumn": "2023"}
    assert [row["events"] for row in shown(HALVES, OF_HALVES, years=years)] == [680, 300, 380]
    weak = OF_HALVES | {"spring": Sum(300, 90, 80, 120, 140)}
    assert [row["events"] for row in shown(HALVES, weak, years=years)] == [680, None, None]
    unaware = shown(HALVES, weak)
    assert [row["events"] for row in unaware] == [680, None, 380]
    found = list(audited.subtracted(unaware, {("released", "employed")}, AddsUp(years=years)))
    assert [row["period"] for row, _ in found] == ["autumn"]


@pytest.mark.parametrize(("before", "events"), [(200, 680), (199, None), (209, None), (191, None), (190, 680)])
def test_a_sum_that_few_women_changed_since_a_release_before_is_not_shown(before: int, events: int | None) -> None:
    figures = {"numerator": (before, before, before)}
    spring = Release("spring", {(cell_of(ALL[0]), "medium"): figures})
    [row] = shown(ALL, {"all": USUAL}, (spring,))
    assert row["events"] == events
    [told] = shown(ALL, {"all": USUAL})
    left = [("spring", [ALL[0] | {"figures": figures}])]
    found = list(audited.wrong([told], summed(ALL, {"all": USUAL}), RULES, AddsUp(), left))
    assert [what for _, what in found] == ([] if events else [
        "shows a number of events that few women changed since release spring"])  # fmt: skip


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"events": 684}, "not rounded"),
        ({"events": 690}, "not the number of these"),
        ({"events": None}, "not rounded"),
        ({"events_per_woman_with": 3.41}, "a mean that does not follow"),
        ({"events_per_woman": None}, "a mean that does not follow"),
        ({"status": "c"}, "where none may be"),
        ({"threshold": "high"}, "where none may be"),
        ({"outcome": "housed"}, "where none may be"),
    ],
)
def test_the_audit_finds_a_number_of_events_that_breaks_a_rule(change: Row, finding: str) -> None:
    [row] = shown(ALL, {"all": USUAL})
    found = list(audited.wrong([row | change], summed(ALL, {"all": USUAL}), RULES, AddsUp(), ()))
    assert len(found) == 1
    assert finding in found[0][1]
    assert list(audited.wrong([row], summed(ALL, {"all": USUAL}), RULES, AddsUp(), ())) == []


# ------------------------------------------------------------------------------------------------------- declarations


def test_every_number_that_an_example_states_is_found(con: duckdb.DuckDBPyConnection, analysis: Analysis) -> None:
    declared = analysis.outcomes["proven_reoffending"]
    stated = [example.number for example in declared.examples]
    found = found_numbers(con, declared, DATASETS["court"], analysis.period.data_to)
    assert {2, 3} <= {*stated}
    assert [number for number, said in zip(found, stated, strict=True) if said is not None] == [
        said for said in stated if said is not None
    ]
    wrong = tuple(one.model_copy(update={"number": 4}) if one.number == 3 else one for one in declared.examples)
    spoiled = declared.model_copy(update={"examples": wrong})
    assert list(failures(con, spoiled, DATASETS["court"], analysis.period.data_to)) == [
        "Proven reoffending within 12 months: of several offences those count that are in the window, proven in time "
        "and no breach: expected number 4, and it is 3."
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "employed_6_weeks",
            "exclude:",
            "frequency: {title: Jobs, who: employee}\nexclude:",
            "only events can be counted",
        ),
        ("proven_reoffending", "frequency: {title: Proven reoffences, who: reoffender}", "", "and nothing is counted"),
        ("proven_reoffending", "    number: 3", "    number: 0", "expect yes and number 0 clash"),
        (
            "reoffending_after_6_weeks",
            "landmark: 42",
            "frequency: {title: Later reoffences, who: reoffender}\nlandmark: 42",
            "no example has several events",
        ),
        (
            "reoffending_after_6_weeks",
            "landmark: 42",
            "frequency: {title: Later reoffences, who: reoffender}\nlandmark: 42",
            "proven_reoffending counts events of court on the same days",
        ),
    ],
)
def test_a_frequency_that_cannot_be_is_refused(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    schemas = shutil.copytree(SCHEMAS, tmp_path / "schemas")
    edit(schemas / "outcomes" / f"{file}.yaml", old, new)
    refused = refusal(schemas)
    assert f"outcomes/{file}.yaml: " in refused
    assert message in refused


# --------------------------------------------------------------------------------------------------------- the page


def test_the_page_shows_numbers_of_events_with_their_means_and_says_what_they_are_not() -> None:
    rows = [row | {"outcome": "employed", "cohort": "released"} for row in shown(AGES, OF_AGES)]
    described = described_with(Frequency(title="Jobs", who="employee"))
    [grid] = frequency_view.grids(rows, described)
    assert [(line.heading, *line.cells) for line in grid.lines][:2] == [
        ("Women released from custody", "2023", "", "", "680", "3.40", "1.36"),
        ("Women released from custody", "2023", "Age", "young", "180", "4.50", "2.00"),
    ]
    text = text_of(release_page(INVENTED, rows, [described], RULES))
    assert "Per employee" in text
    assert "not corrected for errors of links" in text


def described_with(said: Frequency):
    """The description of a table whose outcome is counted."""
    return replace(ABOUT, breakdowns={"age": "Age", "region": "Region"}, frequencies={"employed": said})


# ------------------------------------------------------------------------------------------ what a reader makes of it

COUNTS = """
    | breakdown | category | numerator | denominator |
    | all       | all      | 203       | 500         |
    | age       | young    | 7         | 50          |
    | age       | middle   | 120       | 300         |
    | age       | old      | 76        | 150         |
"""


def narrowest(events: int) -> int:
    """How uncertain the number of young women with the outcome stays for a reader who also has all women's events."""
    rows = [row for row in control(counts(COUNTS), RULES, TITLES) if row["threshold"] == "medium"]
    true = [row for row in true_of(COUNTS).values() if row["threshold"] == "medium"]
    proved, shown_so = prove(rows, true, RULES, AddsUp()), 10 * round(events / 10)
    seen, n = proved.seen, len(proved.seen.labels)
    everybody = seen.labels.index("released, employed, England, 2023, all, all, medium, numerator")
    with_events = Seen(
        [*seen.labels, "events", "events beside the first of each woman"],
        [*seen.least, shown_so - 5, 0],
        [*seen.most, shown_so + 4, None],
        [*seen.sums, ((n,), (everybody, n + 1))],
    )
    truth = [*proved.truth, events, events - 203]
    return min(proof.width for proof in proofs(with_events, truth, [one.wanted for one in proved.proofs]))


def test_a_number_of_events_narrows_no_suppressed_count_and_would_without_its_rule() -> None:
    of = Sum(events=203, with_one=203, women=180, largest=2, two_largest=4)
    refused, shown_so = (shown([cell(203, 500)], {"all": of._replace(events=n)})[0]["events"] for n in (203, 207))
    assert (refused, shown_so) == (None, 210)
    assert narrowest(203) < RULES.width.value <= narrowest(207) == narrowest(684)


# ---------------------------------------------------------------------------------------------------- beside the truth


def test_means_as_lived_are_of_all_women_and_of_those_with_an_event(tmp_path: Path) -> None:
    truth = tmp_path / "frequencies.csv"
    lines = ["a,o,2022 Q3,p1,2022-07-01,3", "a,o,2023 Q1,p2,2023-01-01,0", "a,o,2023 Q1,p3,2023-01-01,2",
             "b,o,2023 Q4,p1,2023-12-01,0"]  # fmt: skip
    truth.write_text("\n".join(["cohort,outcome,quarter,person,index_date,times", *lines]))
    found = as_lived(Settings(schemas=SCHEMAS, workspace=tmp_path / "workspace"), truth)
    assert found == {("a", "o", "2022/23"): (2.5, 5 / 3), ("b", "o", "2023/24"): (0, 0)}


def test_the_quality_report_shows_each_published_mean_beside_what_it_should_have_been() -> None:
    row: EventsBesideTruth = {
        "cohort": "released", "outcome": "offence", "period": "2023",
        "published": (5.17, None), "perfect": (5.26, 2.67), "true": (5.28, 2.671),
    }  # fmt: skip
    assert [(line.heading, *line.cells) for line in events_grid([row]).lines] == [
        ("Offence", "Released", "2023", "per woman with one", "5.17", "5.26", "5.28"),
        ("Offence", "Released", "2023", "per woman", "[c]", "2.67", "2.67"),
    ]
