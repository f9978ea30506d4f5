"""A cohort that every entry counts in: no count of few women, and nothing of who came again by subtraction."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_counts import DEFAULTS, RULES, TITLES, control, relation, released
from small_report import ABOUT
from test_definitions import SCHEMAS, edit, refusal

from linkage import behind as noted
from linkage.contracts.adding import adding
from linkage.contracts.analysis import Analysis, what_decides
from linkage.errors import DisclosureError, LinkError
from linkage.release import every, ledger
from linkage.release.auditor import certificate
from linkage.release.auditor.entries import with_women
from linkage.release.auditor.files import audit, key, read_again, require_pass
from linkage.release.auditor.judge import judged, prove
from linkage.release.auditor.notes import AddsUp, Earlier
from linkage.release.auditor.seen import told
from linkage.release.draft import Declared
from linkage.report.release_view import section
from linkage.settings import Settings

EVERY, ONCE = "each_release", "released"
FIRSTS = {EVERY: ONCE}
Row = dict[str, Any]


def row(cohort: str, numerator: int, denominator: int, **more: Any) -> Row:
    """The counts of one cell, at one threshold."""
    return (
        DEFAULTS | {"cohort": cohort, "numerator": numerator, "denominator": denominator, "threshold": "medium"} | more
    )


def women(of: Row, **figures: tuple[int, int, int]) -> list[Row]:
    """The women behind a row: of each figure these, the entries that came again, and their women."""
    names = ("cohort", "outcome", "geography", "period", "breakdown", "category", "threshold")
    labels = {name: of[name] for name in names}
    return [labels | {"figure": f} | dict(zip(every.Women._fields, n, strict=True)) for f, n in figures.items()]


def many(of: Row, **figures: tuple[int, int, int]) -> list[Row]:
    """The same of a row of as many women as entries, but for what is said."""
    rest = {"denominator": of["denominator"], "numerator": of["numerator"]}
    rest["without"] = rest["denominator"] - rest["numerator"]
    return women(of, **({figure: (n, 0, 0) for figure, n in rest.items() if n} | figures))


def made(rows: list[Row], behind: list[Row], firsts: dict[str, str], earlier: list[ledger.Entry] | None = None):
    """The publishable rows."""
    before = [entry.left for entry in earlier or []]
    return control(relation(rows), RULES, TITLES, Declared(firsts=firsts), before, every.behind(behind))


def verdict(shown: list[Row], rows: list[Row], behind: list[Row], earlier: Earlier = ()) -> str:
    """What the auditor says who knows all."""
    true = with_women({key(one): one for one in rows}, behind).values()
    found = judged(shown, prove(shown, true, RULES, AddsUp(firsts=FIRSTS), earlier))
    return max((one.verdict for one in found), key=["pass", "review", "fail"].index)


# ---------------------------------------------------------------------------------------------- women, not releases


@pytest.mark.parametrize("figure", ["numerator", "without", "denominator"])
def test_a_cell_of_many_releases_of_three_women_is_not_shown(figure: str) -> None:
    one = row(EVERY, 20, 45)
    assert made([one], many(one), {})[0]["status"] == ""
    assert made([one], many(one, **{figure: (3, 0, 0)}), {})[0]["status"] == "c"


def test_many_releases_of_three_women_who_were_left_out_are_not_shown() -> None:
    one = row(EVERY, 20, 45, in_custody=12)
    assert made([one], many(one, in_custody=(12, 0, 0)), {})[0]["in_custody"] == 10
    assert made([one], many(one, in_custody=(3, 9, 3)), {})[0]["in_custody"] is None


def test_the_audit_finds_releases_of_three_women(tmp_path: Path) -> None:
    one = row(EVERY, 20, 45, died=12)
    shown = released(tmp_path / "demo", made([one], [], {}))
    for figures in ({"numerator": (3, 0, 0)}, {"without": (9, 0, 0)}):
        with pytest.raises(DisclosureError, match="counts fewer women than the threshold"):
            audit(shown, relation([one]), RULES, women=many(one, **figures))
    with pytest.raises(DisclosureError, match="shows how many were left out"):
        audit(shown, relation([one]), RULES, women=many(one, died=(9, 0, 0)))
    assert audit(shown, relation([one]), RULES, women=many(one, died=(12, 0, 0))).cells == 1


BY_AGE = [
    row(EVERY, 200, 500),
    row(EVERY, 12, 50, breakdown="age", category="young"),
    row(EVERY, 188, 450, breakdown="age", category="old"),
]
FEW_YOUNG = [*many(BY_AGE[0]), *many(BY_AGE[1], numerator=(3, 0, 0)), *many(BY_AGE[2])]


def test_releases_of_three_women_do_not_follow_from_the_others() -> None:
    shown = made(BY_AGE, FEW_YOUNG, {})
    assert [one["status"] for one in shown] == ["", "c", "c"]
    assert verdict(shown, BY_AGE, FEW_YOUNG) == "pass"
    told_of_one = [one | {"status": "c"} if one["category"] == "young" else one for one in made(BY_AGE, [], {})]
    hidden = [{n: None if one["status"] == "c" and n in RATES else v for n, v in one.items()} for one in told_of_one]
    assert verdict(hidden, BY_AGE, FEW_YOUNG) == "fail"


RATES = ("numerator", "denominator", "value", "lower", "upper", "in_custody", "died", "unknown", "not_linked")


def test_a_certificate_must_prove_counts_of_few_women_too(tmp_path: Path) -> None:
    folder = released(tmp_path / "demo", made(BY_AGE, FEW_YOUNG, {}))
    found = audit(folder, relation(BY_AGE), RULES, women=FEW_YOUNG)
    require_pass(found)
    path = tmp_path / "certificate.json"
    path.write_text(found.certificate)
    given = read_again(folder / "tables.csv", found.left, RULES, AddsUp(), [])
    assert certificate.check(certificate.opened(path), given)["at risk"] == 1


def left(rows: list[Row], behind: list[Row], before: list[ledger.Entry]) -> ledger.Entry:
    """A release as the ledger has it."""
    shown, true = made(rows, behind, {}, before), with_women({key(one): one for one in rows}, behind)
    known = [told(one, true[key(one)], AddsUp(firsts=FIRSTS), RULES) for one in shown]
    defined = dict.fromkeys((tuple(one[name] for name in ledger.LABELS[:6]) for one in known), "a definition")
    said = {"what": "released", "release": "spring", "rows": ledger.rows_of(known, defined)}
    return ledger.Entry(1, said, "")


def test_releases_of_three_women_that_an_earlier_release_hid_are_not_given_away_by_a_later_one() -> None:
    spring = left(BY_AGE, FEW_YOUNG, [])
    assert {one["category"] for one in spring.rows if "behind" in one} == {"all", "young", "old"}
    later = [row(EVERY, 240, 560), row(EVERY, 52, 110, breakdown="age", category="young"), BY_AGE[2]]
    behind = [part for one in later for part in many(one)]
    unaware = made(later, behind, {})
    assert [one["status"] for one in unaware] == ["", "", ""]
    assert verdict(unaware, later, behind, [(spring.name, spring.rows)]) == "fail"
    assert verdict(made(later, behind, {}, [spring]), later, behind, [(spring.name, spring.rows)]) == "pass"


# --------------------------------------------------------------------------------------------------------- subtraction

YEARS = [row(ONCE, 103, 303, period="2022"), row(ONCE, 103, 303, period="2023")]
POOLED = row(EVERY, 207, 607, period="all")
AGAIN = many(POOLED, numerator=(206, 1, 1), denominator=(606, 1, 1))


def test_whoever_subtracts_first_releases_from_every_release_does_not_learn_of_those_who_came_again() -> None:
    rows = [*YEARS, POOLED]
    aware, unaware = made(rows, AGAIN, FIRSTS), made(rows, AGAIN, {})
    assert [one["status"] for one in unaware] == ["", "", ""]
    assert verdict(unaware, rows, AGAIN) == "fail"
    assert [one["status"] for one in aware] == ["", "", "c"]
    assert verdict(aware, rows, AGAIN) == "pass"


def test_the_same_holds_of_one_period_of_both() -> None:
    rows = [YEARS[0], row(EVERY, 104, 304, period="2022")]
    behind = many(rows[1], numerator=(103, 1, 1), denominator=(303, 1, 1))
    assert verdict(made(rows, behind, {}), rows, behind) == "fail"
    aware = made(rows, behind, FIRSTS)
    assert [one["status"] for one in aware] == ["", "c"]
    assert verdict(aware, rows, behind) == "pass"


def test_nor_that_none_who_came_again_has_the_outcome_however_many_they_are() -> None:
    rows = [*YEARS, row(EVERY, 206, 618, period="all")]
    behind = many(rows[2], without=(400, 12, 12), denominator=(606, 12, 12))
    unaware, aware = made(rows, behind, {}), made(rows, behind, FIRSTS)
    assert [one["status"] for one in unaware] == ["", "", ""]
    assert verdict(unaware, rows, behind) == "fail"
    assert [one["status"] for one in aware] == ["", "", "c"]
    assert verdict(aware, rows, behind) == "pass"


def test_where_ten_women_came_again_every_release_is_shown_beside_the_first() -> None:
    rows = [*YEARS, row(EVERY, 226, 646, period="all")]
    behind = many(rows[2], numerator=(206, 20, 12), without=(400, 20, 14), denominator=(606, 40, 26))
    shown = made(rows, behind, FIRSTS)
    assert [one["status"] for one in shown] == ["", "", ""]
    assert verdict(shown, rows, behind) == "pass"


def test_first_releases_that_do_not_fit_every_release_are_refused_without_being_told() -> None:
    rows = [*YEARS, POOLED]
    with pytest.raises(DisclosureError, match="do not add up"):
        made(rows, many(POOLED, numerator=(206, 2, 1), denominator=(606, 1, 1)), FIRSTS)


def test_nothing_is_published_of_counts_whose_women_were_not_noted(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="not the women behind them. Run: linkage tabulate"):
        noted.read(Settings(schemas=SCHEMAS, workspace=tmp_path), noted.WOMEN)


# ------------------------------------------------------------------------------------------------------- declarations


def test_the_cohort_of_every_release_is_known_to_hold_the_first_ones(analysis: Analysis) -> None:
    assert adding(analysis)["firsts"] == {"every_release_from_custody": "released_from_custody"}
    once = analysis.cohorts["released_from_custody"]
    assert "entries" not in what_decides(once)
    assert what_decides(analysis.cohorts["every_release_from_custody"]) == what_decides(once) | {"entries": "every"}
    wider = once.model_copy(update={"entries": "every", "youngest": 21})
    others = replace(analysis, cohorts={"older": wider, "released_from_custody": once})
    assert adding(others)["firsts"] == {}


def test_a_title_and_a_note_say_which_is_counted(analysis: Analysis) -> None:
    about = analysis.describe("every_release")
    assert "every release" in about.title.lower()
    assert "Every release" in about.cohorts["every_release_from_custody"]
    assert about.counted == "releases"
    assert any("counted as often as it happened to her" in note for note in about.notes)
    assert not any("once a quarter" in note and "enters" in note for note in about.notes)
    assert any("A woman enters a cohort once a quarter" in note for note in analysis.describe("employment").notes)


def test_the_page_calls_releases_what_it_counts_of_them() -> None:
    shown = made([POOLED | {"cohort": "released"}], [], {})
    drawn, _, totals = section(shown, replace(ABOUT, counted="releases")).figures[0]
    assert totals.first == "Releases"
    assert "All releases" in drawn
    assert "releases with the outcome, %" in drawn
    assert "All women" not in drawn


def test_first_entries_described_otherwise_are_refused(tmp_path: Path) -> None:
    schemas = shutil.copytree(SCHEMAS, tmp_path / "schemas")
    file = schemas / "cohorts" / "every_release_from_custody.yaml"
    edit(file, "then_by: reception_date\n", "")
    assert "cohorts/every_release_from_custody.yaml: then_by: released_from_custody.yaml counts" in refusal(schemas)
    edit(file, "counted: releases\n", "")
    assert "every entry counts, and a woman can have several. Say in `counted`" in refusal(schemas)
    edit(file, "entries: every ", "counted: releases #")
    message = refusal(schemas)
    assert "takes the same women as every_release_from_custody.yaml" in message
    assert "a woman counts once a quarter, so releases are not counted." in message


def test_every_release_has_the_errors_of_links_of_the_women_once_a_quarter(analysis: Analysis) -> None:
    from linkage.link_errors import but_by_answers
    from linkage.release.error_rates import Group

    asked: list[Group] = []
    errors_of = but_by_answers(lambda group: asked.append(group), analysis)  # type: ignore[arg-type, func-returns-value]
    errors_of(Group("every_release_from_custody", "paye", "all", "all"))
    assert asked == [Group("released_from_custody", "paye", "all", "all")]
