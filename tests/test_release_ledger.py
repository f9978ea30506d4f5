"""The ledger of releases: what left stays known, and no later release gives away what an earlier one hid."""

import json
import re
from pathlib import Path

import pytest
from conftest import REPOSITORY
from small_counts import RULES, TITLES, TWO, control, counts, true_of
from typer.testing import CliRunner

from benchmarks import attacks
from linkage import releases
from linkage.__main__ import app
from linkage.contracts.disclosure import Disclosure
from linkage.errors import DisclosureError
from linkage.release import coarser, ledger
from linkage.release.auditor.files import key
from linkage.release.auditor.judge import BEFORE, judged, prove
from linkage.release.auditor.notes import AddsUp
from linkage.release.auditor.seen import said
from linkage.release.ledger import Entry
from linkage.settings import Settings

UNROUNDED = Disclosure.model_validate(
    RULES.model_dump(by_alias=True) | {"rounding_base": {"value": 1, "reason": RULES.rounding_base.reason}}
)
SPRING = TWO
MORE_YOUNG_WOMEN = SPRING.replace("200       | 500", "230       | 560").replace("4         | 50 ", "34        | 110")
ONE_MORE = SPRING.replace("200       | 500", "201       | 501").replace("196       | 450", "197       | 451")


def left(drawing: str, number: int = 1, rules: Disclosure = RULES, *before: Entry) -> Entry:
    """What was drawn as it left in a release, after others."""
    made = control(counts(drawing), rules, TITLES, earlier=[entry.left for entry in before])
    true = true_of(drawing)
    rows = [row | {"figures": said(row, true[key(row)], rules)} for row in made]
    defined = dict.fromkeys((tuple(row[name] for name in ledger.LABELS[:6]) for row in rows), "a definition")
    return Entry(number, {"what": "released", "release": "spring", "rows": ledger.rows_of(rows, defined)}, "")


def verdicts(drawing: str, rules: Disclosure, known: Entry, *protected_with: Entry) -> dict[str, tuple[str, str]]:
    """{table: (pass, review or fail, why)}: the audit of a release by a reader who kept another one."""
    made = control(counts(drawing), rules, TITLES, earlier=[entry.left for entry in protected_with])
    proved = prove(made, true_of(drawing).values(), rules, AddsUp(), [(known.name, known.rows)])
    return {v.table_id: (v.verdict, "\n".join(v.reasons)) for v in judged(made, proved)}


def statuses(drawing: str, *before: Entry, rules: Disclosure = RULES) -> list[str]:
    """Which rows are suppressed, at the medium threshold."""
    made = control(counts(drawing), rules, TITLES, earlier=[entry.left for entry in before])
    return [row["status"] for row in made if row["threshold"] == "medium"]


def test_what_did_not_change_is_published_as_it_was():
    spring = left(SPRING)
    assert statuses(SPRING, spring) == statuses(SPRING) == ["", "c", "c"]
    again = left(SPRING, 2, RULES, spring)
    assert again.rows == spring.rows


def test_what_an_earlier_release_hid_is_not_given_away_by_what_a_later_one_shows():
    spring = left(SPRING)
    assert statuses(MORE_YOUNG_WOMEN) == ["", "", ""]
    verdict, why = verdicts(MORE_YOUNG_WOMEN, RULES, spring)["work"]
    assert verdict == "fail"
    assert "age, young, high, numerator, as in release spring (entry 1): whoever adds and subtracts" in why
    assert verdicts(MORE_YOUNG_WOMEN, RULES, spring, spring)["work"] == ("pass", "")
    assert statuses(MORE_YOUNG_WOMEN, spring)[2] == "c"


def test_a_change_of_one_woman_between_two_releases_is_not_told():
    spring = left(SPRING, 1, UNROUNDED)
    verdict, why = verdicts(ONE_MORE, UNROUNDED, spring)["work"]
    assert verdict == "fail"
    assert "all, all, high, numerator, its change since release spring (entry 1)" in why
    assert not re.search(r"\b(1|200|201|500|501)\b(?!\))", why)
    assert verdicts(ONE_MORE, UNROUNDED, spring, spring)["work"] == ("pass", "")


SOME_AT_ONE_THRESHOLD = """
    | threshold | breakdown | category  | numerator | denominator |
    | medium    | all       | all       | 100       | 300         |
    | medium    | region    | North     | 96        | 280         |
    | medium    | region    | not known | 4         | 20          |
    | low       | all       | all       | 96        | 280         |
    | low       | region    | North     | 96        | 280         |
"""


def test_a_row_that_is_not_there_at_one_threshold_is_no_reason_to_publish_otherwise():
    spring = left(SOME_AT_ONE_THRESHOLD)
    assert left(SOME_AT_ONE_THRESHOLD, 2, RULES, spring).rows == spring.rows
    now_there = SOME_AT_ONE_THRESHOLD + "    | low       | region    | not known | 0         | 0           |\n"
    assert verdicts(now_there, RULES, spring, spring)["work"] == ("pass", "")


def test_rows_that_a_later_release_leaves_out_are_protected_from_it_too():
    spring = left(SPRING)
    without_total = "\n".join(line for line in SPRING.splitlines() if "all      |" not in line)
    pooled = without_total.replace("4         | 50 ", "50        | 90 ")
    made = control(counts(pooled), RULES, TITLES, earlier=[spring.left])
    assert {row["status"] for row in made if row["category"] == "old"} == {"c"}
    only_old = "\n".join(line for line in SPRING.splitlines() if "young" not in line and "all      |" not in line)
    open_again = [row | {"denominator": 450, "numerator": 195, "status": ""} for row in control(
        counts(only_old), RULES, TITLES)]  # fmt: skip
    proved = prove(open_again, true_of(only_old).values(), RULES, AddsUp(), [(spring.name, spring.rows)])
    found = {v.table_id: v.verdict for v in judged(open_again, proved)}
    assert found[BEFORE] == "fail"


def test_a_cell_that_stricter_limits_hide_now_stops_a_release_when_readers_have_it():
    lax = Disclosure.model_validate(
        RULES.model_dump(by_alias=True)
        | {name: {"value": 4, "reason": RULES.threshold.reason} for name in ("threshold", "rounding_base")}
    )
    spring = left(SPRING, 1, lax)
    with pytest.raises(
        DisclosureError, match=r"(?s)age, young, high.*cannot be protected.*releases withdraw"
    ) as caught:
        statuses(SPRING, spring)
    assert not re.search(r"\b(4|50|196|450)\b", str(caught.value))


def test_a_cell_that_left_under_another_definition_is_refused():
    spring = left(SPRING)
    now = {tuple(row[name] for name in ledger.LABELS[:6]): "another" for row in spring.rows}
    with pytest.raises(DisclosureError, match=r"(?s)age, young: defined otherwise.*spring \(entry 1\).*another name"):
        ledger.require_one_definition([spring], now)
    ledger.require_one_definition([spring], {})


def test_the_definition_of_a_cell_is_what_counts_and_not_how_it_is_told():
    analysis = Settings(REPOSITORY / "schemas", Path("nowhere")).analysis
    cohort, outcome = next(iter(analysis.cohorts)), next(iter(analysis.outcomes))
    year = analysis.period.years[0]
    one = analysis.definition(cohort, outcome, year, "age_band")
    analysis.outcomes[outcome] = analysis.outcomes[outcome].model_copy(update={"title": "told otherwise"})
    assert analysis.definition(cohort, outcome, year, "age_band") == one
    analysis.outcomes[outcome] = analysis.outcomes[outcome].model_copy(update={"exclude": ("died",)})
    assert analysis.definition(cohort, outcome, year, "age_band") != one
    assert analysis.definition(cohort, outcome, "1901/02", "age_band") is None


RELEASED = {"what": "released", "invented": False}
WITHDRAWN = {
    **{"what": "withdrawn", "approval": "the desk", "why": "wrong", "unseen": False, "of": [1]},
    **{"rows": [], "invented": False},
}


@pytest.fixture
def workspace(tmp_path) -> Settings:
    """Two releases in a ledger, the first of them in its folder."""
    made = Settings(REPOSITORY / "schemas", tmp_path)
    for number, (name, drawing) in enumerate({"spring": SPRING, "autumn": MORE_YOUNG_WOMEN}.items()):
        rows = left(drawing).rows
        said = RELEASED | {"release": name, "approval": "the desk", "tables.csv": "0", "rows": rows}
        releases.append(made, releases.entries(made), said)
        assert len(releases.entries(made)) == number + 1
    made.files.release("spring").mkdir(parents=True)
    return made


def said_by(*words: str, settings: Settings) -> str:
    """What a command prints, on one line."""
    found = CliRunner().invoke(app, [*words, "--workspace", str(settings.workspace)])
    assert found.exit_code == 0, found.output
    return re.sub(r"\s+", " ", found.output)


def test_the_ledger_is_listed_compared_and_told_of_withdrawals(workspace):
    assert re.search(r"1 spring released in force the desk .* 2 autumn released in force",
                     said_by("releases", "list", settings=workspace))  # fmt: skip
    told = said_by("releases", "diff", "spring", "autumn", settings=workspace)
    assert "age, young, medium, numerator [c] 33 to 37 not known" in told
    assert "all, all, medium, denominator 498 to 502 558 to 562 +56 to +64" in told
    words = ("releases", "withdraw", "spring", "--why", "a wrong extract", "--by", "the desk")
    assert "readers may have kept it" in said_by(*words, settings=workspace)
    assert not workspace.files.release("spring").exists()
    assert held(workspace) == [1, 2]
    assert "spring withdrawn a wrong extract" in said_by("releases", "list", settings=workspace)


def held(settings: Settings) -> list[int]:
    """The entries that readers hold."""
    return [entry.number for entry in ledger.readers_hold(releases.entries(settings))]


def test_a_release_withdrawn_as_unseen_that_was_seen_after_all_counts_again(workspace):
    words = ("releases", "withdraw", "spring", "--why", "a wrong extract", "--by", "the desk")
    said_by(*words, "--unseen", settings=workspace)
    assert held(workspace) == [2]
    assert "spring released seen by nobody" in said_by("releases", "list", settings=workspace)
    assert "counts as seen from now on" in said_by(*words, settings=workspace)
    assert held(workspace) == [1, 2]
    for unseen in (True, False):
        with pytest.raises(DisclosureError, match=r"spring \(entry 1\) is withdrawn already"):
            releases.withdraw(workspace, "spring", "again", "the desk", unseen)


def test_only_the_latest_version_of_a_release_can_be_unseen(workspace):
    again = RELEASED | {"release": "spring", "approval": "the desk", "tables.csv": "1", "rows": left(SPRING).rows}
    releases.append(workspace, releases.entries(workspace), again)
    releases.withdraw(workspace, "spring", "not shown to anybody", "the desk", unseen=True)
    assert held(workspace) == [1, 2]


@pytest.mark.parametrize(("why", "who"), [("", "the desk"), ("wrong", " ")])
def test_a_withdrawal_needs_a_reason_and_a_name(workspace, why, who):
    with pytest.raises(DisclosureError, match="Say why"):
        releases.withdraw(workspace, "spring", why, who, unseen=False)


def test_the_last_entry_cannot_be_changed_or_taken_away_unseen_either(workspace):
    _, last = sorted(workspace.files.ledger.glob("*.json"))
    text = last.read_text()
    last.write_text(text.replace("the desk", "nobody"))
    with pytest.raises(DisclosureError, match="entry 0002 was changed or is missing"):
        releases.entries(workspace)
    last.unlink()
    with pytest.raises(DisclosureError, match="entry 0002 was changed or is missing"):
        releases.entries(workspace)


@pytest.mark.parametrize(
    "damage", [("figures", "figure"), ('"rows"', '"row"'), ('"invented":false', '"invented":"no"')]
)
def test_a_damaged_entry_is_refused_by_the_name_of_its_file(workspace, damage):
    _, last = sorted(workspace.files.ledger.glob("*.json"))
    last.write_text(last.read_text().replace(*damage))
    with pytest.raises(DisclosureError, match=r"0002\.json: this entry"):
        releases.entries(workspace)


def test_a_release_that_never_left_cannot_be_compared_or_withdrawn(workspace):
    with pytest.raises(DisclosureError, match="no release 'summer' in the ledger"):
        releases.difference(workspace, "spring", "summer")


def test_an_entry_that_was_changed_or_taken_away_stops_everything(workspace):
    first, second = sorted(workspace.files.ledger.glob("*.json"))
    text = first.read_text()
    first.write_text(text.replace("the desk", "nobody"))
    with pytest.raises(
        DisclosureError, match=r"0002\.json: this entry of the ledger, or the one before it, was changed"
    ):
        releases.entries(workspace)
    first.write_text(text)
    assert json.loads(second.read_text())["release"] == "autumn"
    first.unlink()
    with pytest.raises(DisclosureError, match="is missing"):
        releases.entries(workspace)


def test_two_releases_at_once_cannot_write_one_entry(workspace):
    known = releases.entries(workspace)
    releases.append(workspace, known, WITHDRAWN | {"release": "spring"})
    with pytest.raises(DisclosureError, match="meanwhile"):
        releases.append(workspace, known, WITHDRAWN | {"release": "autumn"})
    assert releases.entries(workspace)[-1].release == "spring"
    assert not list(workspace.files.ledger.glob(".*"))
    assert {path.stat().st_mode & 0o077 for path in workspace.files.ledger.glob("*.json")} == {0}


def test_readers_get_nothing_from_our_releases_and_something_from_others():
    assert {(got.exact, got.narrow) for got in attacks.against_ours()} == {(0, 0)}
    assert all(got.exact for got in attacks.against_others())


def test_only_a_ledger_of_invented_people_alone_is_begun_anew(workspace):
    releases.forget_invented(workspace)
    assert len(releases.entries(workspace)) == 2
    alone = Settings(workspace.schemas, workspace.workspace / "alone")
    said = RELEASED | {"invented": True, "release": "demo", "approval": "a person", "tables.csv": "0", "rows": []}
    releases.append(alone, [], said)
    releases.withdraw(alone, "demo", "no more needed", "the desk", unseen=False)
    releases.forget_invented(alone)
    assert releases.entries(alone) == []
    releases.append(alone, [], said)
    assert held(alone) == [1]


def test_a_breakdown_of_which_hardly_anything_can_be_shown_is_left_out():
    few = [{"table_id": "work", "outcome": "employed", "breakdown": "force", "numerator": 3, "denominator": 30}] * 19
    one = [{"table_id": "work", "outcome": "employed", "breakdown": "force", "numerator": 15, "denominator": 30}]
    assert [left.breakdown for left in coarser.left_out(few + one, RULES)] == ["force"]
    assert coarser.left_out(few + one * 3, RULES) == []


def test_the_finest_breakdown_of_a_release_too_large_to_prove_is_left_out_with_the_reason():
    limit = {"value": 40, "reason": RULES.largest_release.reason}
    rules = Disclosure.model_validate(RULES.model_dump(by_alias=True) | {"largest_release": limit})
    row = {"table_id": "work", "outcome": "employed", "numerator": 50, "denominator": 100}
    rows = [
        row | {"breakdown": name} for name, cells in {"all": 10, "age": 20, "force": 30}.items() for _ in range(cells)
    ]
    found = coarser.left_out(rows, rules)
    assert [(one.breakdown, "more than 40 rows" in one.why) for one in found] == [("force", True)]


@pytest.mark.parametrize(
    ("women", "category", "gone"),
    [(10, "yes", []), (9, "no", ["by_work"]), (0, "yes", ["by_work"]), (0, "not known", [])],
)
def test_a_breakdown_by_an_answer_that_few_gave_is_left_out_since_who_is_nobody_is_shown(women, category, gone):
    row = {"table_id": "joined", "outcome": "employed", "breakdown": "by_work", "category": "yes", "numerator": 50}
    row |= {"denominator": 100} | dict.fromkeys(("in_custody", "died", "unknown", "not_linked"), 0)
    rows = [row] * 20 + [row | {"category": category, "numerator": 0, "denominator": 0, "died": women}]
    assert [one.breakdown for one in coarser.left_out(rows, RULES, ["by_work"])] == gone
    assert coarser.left_out(rows, RULES) == []
