"""Matched comparisons: what is declared, who is paired with whom, and that what is published gives nobody away."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import small_arms
import small_women
from small_arms import MATCHED, ORDER, SHORT
from small_counts import RULES, TITLES, control, relation, released
from test_definitions import SCHEMAS, edit

from linkage.cohorts import comparing
from linkage.cohorts.propensity import NOBODY, fitted, paired
from linkage.cohorts.records import Records
from linkage.cohorts.tabulate import people_at
from linkage.contracts.adding import adding
from linkage.contracts.analysis import Analysis
from linkage.contracts.compared import About, definition
from linkage.contracts.comparison import Comparison, read_comparisons
from linkage.errors import ContractError, DisclosureError
from linkage.release.auditor import files as auditor
from linkage.release.auditor.compared import require_sound
from linkage.release.auditor.judge import judged, prove
from linkage.release.compared import Compared, alike, compared, difference, tables
from linkage.report import comparison_view

NAME = "short_custody_or_order"
ORDERS = "within: {kind_of_order: [community order]}"
PUBLISHED = 23  # of these women some rates are suppressed, and not those of the pairs
FILE = f"comparisons/{NAME}.yaml"
ABOUT = About(
    name="work",
    title="Two groups, England and Wales",
    health_warning="An association.",
    arms={SHORT: "Released", ORDER: "Ordered"},
    outcomes={small_arms.OFFENCE: "Offence"},
    covariates={"group": small_arms.GROUPS},
    titles={"group": "Offence group"},
    fewest=30,
    notes=("A note.",),
)


@pytest.fixture(scope="module")
def declared(analysis: Analysis) -> Comparison:
    """The comparison that the repository declares."""
    return read_comparisons(SCHEMAS, analysis)[NAME]


# ------------------------------------------------------------------------------------------------- what is declared


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("column: treatment_need", "column: requirement", "['prison'] has no column 'requirement', so it is known of"),
        (
            "column: treatment_need",
            "column: disposal",
            "['prison'] has no column 'disposal', so it is known of one arm",
        ),
        ("employed_6_months,", "in_treatment_21_days,", "in_treatment_21_days is asked of some women only"),
        ("employed_6_months,", "homelessness_duty_90_days,", "['hclic'] covers England only"),
        ("employed_6_months,", "employed_for_good,", "there is no ['employed_for_good']; there are"),
        (
            "employed_6_months,",
            "housed_first_night,",
            "['housed_first_night'] is in no table of community_order_starts",
        ),
        (
            "within: {kind_of_order: [community order]}",
            "where: {disposal: licence}",
            "disposal = ['licence'] can never be true",
        ),
        (
            "within: {kind_of_order: [community order]}",
            "where: {disposal: order}",
            "disposal = ['order'] can never be true",
        ),
        ("up to 6 months, 6", "up to 7 months, 6", "['up to 7 months'] is no category of sentence_length"),
        ("exact: [offence_group]", "exact: [offence]", "exact: ['offence'] is no covariate"),
        ("days: [-730, -1]", "days: [-730, 0]", "days: it counts what was before the index date"),
        ("days: [-1461, 0]", "days: [-1461, 1]", "days: it is what was known on the index date"),
        ("dataset: court\n", "dataset: courts\n", "dataset 'courts' has no contract"),
        ("date: release_date", "date: released", "date 'released' is not an attribute of prison"),
        ("  region: {kind", "  regions: {kind", "covariates.regions: there is no such breakdown"),
        ("  benefit_before:", "  matched:", "covariates: choose another name than ['matched']"),
        ("  community_order:\n", "  cautioned:\n", "'cautioned' is the name of a cohort. Choose another."),
        ("value: 0.1", "value: 0", "caliper.value: 0 stands there. Write more than 0."),
        ("{label: 1 to 2, first: 1", "{label: 1 to 2, first: 2", "'1 to 2' must begin right after '0' ends"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_refused_with_its_file(
    analysis: Analysis, tmp_path: Path, old: str, new: str, message: str
) -> None:
    shutil.copytree(SCHEMAS / "comparisons", tmp_path / "comparisons")
    edit(tmp_path / FILE, old, new)
    with pytest.raises(ContractError) as refused:
        read_comparisons(tmp_path, analysis)
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path / FILE}: ")


def test_both_arms_of_the_same_women_are_refused(analysis: Analysis, tmp_path: Path) -> None:
    shutil.copytree(SCHEMAS / "comparisons", tmp_path / "comparisons")
    edit(tmp_path / FILE, "cohort: released_from_custody", "cohort: community_order_starts")
    edit(tmp_path / FILE, "    within: {sentence_length: [up to 6 months, 6 to 12 months]}\n", "")
    edit(tmp_path / FILE, f"    {ORDERS}\n", "")
    with pytest.raises(ContractError, match="both take the same women"):
        read_comparisons(tmp_path, analysis)


def test_readers_know_of_what_cohort_an_arm_is_and_that_pairs_are_of_both(
    analysis: Analysis, declared: Comparison
) -> None:
    known = adding(analysis, {NAME: declared})
    assert known["among"] == {
        SHORT: ("released_from_custody", "sentence_length", ("up to 6 months", "6 to 12 months")),
        ORDER: ("community_order_starts", "kind_of_order", ("community order",)),
    }
    assert known["pairs"] == {SHORT: (ORDER, ("offence_group",))}
    assert known["divided"][MATCHED] == MATCHED
    assert known["asked"][MATCHED] == known["asked"]["proven_reoffending"]
    assert adding(analysis)["among"] == {}
    assert MATCHED not in adding(analysis)["asked"]


def test_the_definition_of_an_arm_changes_with_what_decides_who_is_matched_and_with_no_word(
    analysis: Analysis, declared: Comparison
) -> None:
    def defined(outcome: str = MATCHED, **changed: Any) -> str | None:
        return definition({NAME: declared.model_copy(update=changed)}, analysis, SHORT, outcome)

    limit = declared.caliper.model_copy(update={"value": 0.25})
    arms = {name: arm.model_copy(update={"title": "another"}) for name, arm in declared.arms.items()}
    assert defined() == defined(title="another", health_warning="another", arms=arms, differences=())
    others = [defined("proven_reoffending"), defined(caliper=limit), defined(exact=("region",))]
    fewer = {name: one for name, one in declared.covariates.items() if name != "region"}
    assert len({defined(), *others, defined(covariates=fewer)}) == 5
    assert defined("employed_6_weeks") is None
    assert definition({}, analysis, SHORT, MATCHED) is None


# --------------------------------------------------------------------------------------------- who is paired with whom


def drawn(seed: int, many: int = 600) -> tuple[Any, list[object], list[Any]]:
    """Women by lot: in the first arm?, their stratum, and two covariates on which the arms differ."""
    lots = np.random.default_rng(seed)
    past, age = lots.integers(0, 6, many), lots.integers(0, 3, many)
    first_arm = lots.random(many) < 1 / (1 + np.exp(2.5 - past + 0.5 * age))
    return first_arm, lots.integers(0, 4, many).tolist(), [past, age]


@pytest.mark.parametrize("seed", range(5))
def test_a_pair_has_a_woman_of_each_arm_alike_and_within_the_caliper_and_nobody_is_in_two(seed: int) -> None:
    first_arm, strata, categories = drawn(seed)
    found = paired(first_arm, strata, categories, 0.2)
    pairs = [(one, other) for one, other in enumerate(found.partner.tolist()) if other != NOBODY]
    assert len(pairs) > 100
    assert {(other, one) for one, other in pairs} == set(pairs)
    assert len({one for one, _ in pairs}) == len(pairs)
    spread = [np.var([found.logit[n] for n in range(600) if first_arm[n] == arm]) for arm in (True, False)]
    for one, other in pairs:
        assert first_arm[one] != first_arm[other]
        assert strata[one] == strata[other]
        assert abs(found.logit[one] - found.logit[other]) <= 0.2 * (sum(spread) / 2) ** 0.5


def test_matching_takes_most_of_the_difference_away() -> None:
    first_arm, strata, (past, age) = drawn(3)
    found = paired(first_arm, strata, [past, age], 0.2)
    matched = found.partner != NOBODY
    before = past[first_arm].mean() - past[~first_arm].mean()
    after = past[first_arm & matched].mean() - past[~first_arm & matched].mean()
    assert abs(before) > 1.5
    assert abs(after) < 0.25


def test_nobody_nearer_was_left_when_the_nearest_was_taken() -> None:
    first_arm, strata, categories = drawn(2, 200)
    found, free = paired(first_arm, strata, categories, 0.2), set(np.flatnonzero(~first_arm).tolist())
    common = [(found.logit[first_arm == arm].min(), found.logit[first_arm == arm].max()) for arm in (True, False)]
    low, high = max(ends[0] for ends in common), min(ends[1] for ends in common)
    for one in sorted(np.flatnonzero(first_arm).tolist(), key=lambda n: (-found.logit[n], n)):
        within = [n for n in free if strata[n] == strata[one] and low <= found.logit[n] <= high]
        nearest = min((abs(found.logit[n] - found.logit[one]) for n in within), default=np.inf)
        if nearest <= found.caliper and low <= found.logit[one] <= high:
            assert abs(found.logit[found.partner[one]] - found.logit[one]) == nearest
            free.remove(int(found.partner[one]))
        else:
            assert found.partner[one] == NOBODY


def test_the_score_is_that_of_logistic_regression() -> None:
    exposed = np.repeat([0, 1], 20_000)
    first_arm = np.concatenate([np.arange(20_000) < 5_000, np.arange(20_000) < 12_000])
    columns = np.column_stack([np.ones(40_000), exposed])
    logit = fitted(first_arm, columns)
    assert logit[0] == pytest.approx(np.log(5 / 15), abs=0.001)
    assert logit[-1] == pytest.approx(np.log(12 / 8), abs=0.001)


@pytest.mark.parametrize("first_arm", [[True] * 4, [False] * 4])
def test_nobody_is_matched_where_an_arm_has_no_women(first_arm: list[bool]) -> None:
    found = paired(np.array(first_arm), ["x"] * 4, [np.array([0, 1, 0, 1])], 0.2)
    assert found.partner.tolist() == [NOBODY] * 4


def test_nobody_is_matched_where_the_arms_have_nobody_alike() -> None:
    first_arm = np.arange(80) < 40
    found = paired(first_arm, ["x"] * 80, [np.where(first_arm, 0, 1)], 0.2)
    assert set(found.partner.tolist()) == {NOBODY}


def candidates(analysis: Analysis, declared: Comparison, con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """Of the drawn women: arm, person, day and what was known of them before."""
    attributes = small_women.attributes(con)
    attributes["court"] = attributes["court"].project("* replace (3 as previous_offences)")
    records = Records(con, attributes, small_women.person_index(con), "medium")
    women, _ = comparing.matched(people_at(records, analysis), analysis, declared)
    return women.order("person_id").fetchall()


def test_a_woman_is_in_it_once_by_her_first_entry_with_what_was_known_before(
    analysis: Analysis, declared: Comparison, con: duckdb.DuckDBPyConnection
) -> None:
    found = candidates(analysis, declared, con)
    assert [row[:4] for row in found] == [
        (SHORT, 1, 101, small_women.day("2022-11-01")),
        (SHORT, 3, 121, small_women.day("2023-10-01")),
        (ORDER, 6, 252, small_women.day("2023-04-01")),
    ]
    names = list(declared.covariates)
    assert {row[5 + names.index("offence_group")] for row in found} == {"Theft offences", "Drug offences"}
    assert [row[5 + names.index("age_band")] for row in found] == ["30-39", "50+", "25-29"]
    assert [row[5 + names.index("offences_before")] for row in found] == ["not known", "not known", "3 to 6"]
    assert [row[5 + names.index("employed_before")] for row in found] == ["0", "0", "0"]


# ------------------------------------------------------------------------------------------------ what is given away


def verdict(rows: list[dict[str, Any]], without: str = "") -> str:
    """What the auditor, who knows every fact, says of a release whose suppressor was told all facts but one."""
    made = control(relation(rows), RULES, TITLES, small_arms.declared(without))
    [found] = judged(made, prove(made, rows, RULES, small_arms.known()))
    return found.verdict


@pytest.mark.parametrize("seed", [0, 4, 23])
def test_no_comparison_gives_a_count_away(seed: int) -> None:
    assert verdict(small_arms.rows(seed)) == "pass"


@pytest.mark.parametrize(("fact", "seed"), [("among", 23), ("pairs", 0), ("divided", 4)])
def test_whoever_was_not_told_what_a_reader_knows_of_arms_would_give_a_count_away(fact: str, seed: int) -> None:
    assert verdict(small_arms.rows(seed), fact) == "fail"


# ------------------------------------------------------------------------------------------------- what is published


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """What was published of the drawn women, of whom some cells are suppressed."""
    return control(relation(small_arms.rows(PUBLISHED)), RULES, TITLES, small_arms.declared())


@pytest.fixture(scope="module")
def found(rows: list[dict[str, Any]]) -> Compared:
    """Their differences and balance."""
    return compared(rows, [ABOUT], RULES)


def test_the_interval_of_a_difference_is_that_of_newcombe() -> None:
    first, second = (
        {"numerator": n, "denominator": m, "value": 100 * n / m, "status": ""} for n, m in ((56, 70), (48, 80))
    )
    one = difference(first, second, RULES)
    assert (one["difference"], one["lower"], one["upper"]) == (20.0, 5.2, 33.4)  # his table II, method 10, column (a)


def test_differences_and_shares_are_made_of_what_is_published(rows: list[dict[str, Any]], found: Compared) -> None:
    at = {(r["cohort"], r["outcome"], r["breakdown"], r["category"]): r for r in rows}
    for row in found.differences:
        where = {"all": ("all", "all"), "matched": (MATCHED, "yes"), "not matched": (MATCHED, "no")}[row["women"]]
        one, other = (at[arm, small_arms.OFFENCE, *where] for arm in (SHORT, ORDER))
        if "c" in (one["status"], other["status"]):
            assert (row["status"], row["difference"], row["rate"], row["counted"]) == ("c", None, None, None)
        else:
            rates = [100 * each["numerator"] / each["denominator"] for each in (one, other)]
            assert row["difference"] == pytest.approx(rates[0] - rates[1], abs=0.0501)
            assert row["lower"] < row["difference"] < row["upper"]
    for row in found.balance:
        parts = [at[arm, MATCHED, "group", row["category"]] for arm in (SHORT, ORDER)]
        wholes = [at[arm, MATCHED, "all", "all"] for arm in (SHORT, ORDER)]
        assert (row["smd"] is None) == any(one["status"] == "c" for one in (*parts, *wholes))
    assert {row["status"] for row in found.balance} == {"", "c"}
    assert {row["status"] for row in found.differences} >= {""}
    assert alike(200 / 1130, 250 / 1785)["out_of_balance"] == "yes"  # .101, shown as .1
    assert str(alike(0.5, 0.501)["smd"]) == "0.0"  # and not -0.0


def test_of_fewer_pairs_than_asked_for_nothing_is_said(rows: list[dict[str, Any]], found: Compared) -> None:
    few = compared(rows, [replace(ABOUT, fewest=10_000)], RULES)
    matched = [row for row in few.differences if row["women"] == MATCHED]
    assert {(row["status"], row["difference"]) for row in matched} <= {("x", None), ("c", None)}
    after = [row for row in few.balance if row["stage"] == "after"]
    hidden = {row["category"] for row in found.balance if row["stage"] == "after" and row["status"] == "c"}
    assert hidden
    assert all(row["smd"] is None for row in after)
    assert {row["category"] for row in after if row["status"] == "c"} == hidden  # c goes before x
    [said] = comparison_view.missing(few.differences, replace(ABOUT, fewest=10_000))
    assert said.endswith("is given, since fewer than 10000 pairs were found, too few to compare.")


def test_the_page_says_how_many_were_matched_and_draws_both_pictures(
    rows: list[dict[str, Any]], found: Compared
) -> None:
    page = comparison_view.section(ABOUT, rows, *found)
    women = {r["cohort"]: r for r in rows if (r["outcome"], r["breakdown"]) == (MATCHED, "all")}
    assert (
        f"Released: {women[SHORT]['denominator']:,} women, of whom {women[SHORT]['numerator']:,} were" in page.said[0]
    )
    assert len(page.figures) == 2
    assert all(drawing.startswith("<svg") for drawing, _, _ in page.figures)
    assert page.health_warning == "An association."


def test_the_auditor_finds_the_files_sound_and_an_analyst_each_column_explained(
    tmp_path: Path, rows: list[dict[str, Any]], found: Compared
) -> None:
    folder = released(tmp_path / "demo", rows, tables(found))
    audited = auditor.audit(folder, relation(small_arms.rows(PUBLISHED)), RULES, small_arms.known())
    assert {verdict.verdict for verdict in audited.verdicts} == {"pass"}
    with duckdb.connect(str(folder / "womens_outcomes.duckdb"), read_only=True) as con:
        said = con.execute("select table_name, comment from duckdb_columns() where not internal").fetchall()
        assert con.execute("select count(*) from comparisons").fetchall() == [(len(found.differences),)]
    assert {name for name, _ in said} >= {"comparisons", "balance"}
    assert all(comment for _, comment in said)
    dictionary = (folder / "data_dictionary.csv").read_text()
    assert "comparisons,difference,points" in dictionary
    assert "balance,smd,number" in dictionary
    manifest = (folder / "manifest.json").read_text()
    assert all(f'"{name}"' in manifest for name in ("comparisons.csv", "balance.parquet"))


def spoiled(found: Compared, file: str, **said: Any) -> Compared:
    """With another figure in the first row that has figures, or in the first that has none."""
    of = {"comparisons": found.differences, "balance": found.balance}[file]
    key = "difference" if file == "comparisons" else "smd"
    wanted = said.pop("suppressed", False)
    place = next(n for n, row in enumerate(of) if (row[key] is None) == wanted)
    changed = [row | (said if n == place else {}) for n, row in enumerate(of)]
    return Compared(changed, found.balance) if file == "comparisons" else Compared(found.differences, changed)


@pytest.mark.parametrize(
    ("file", "said", "message"),
    [
        ("comparisons", {"difference": 1.5}, "its difference is not that of the two rates"),
        ("comparisons", {"upper": 99.0}, "its interval is not made of those of the two rates"),
        ("comparisons", {"counted": 1}, "its rates are not those of the cells"),
        (
            "comparisons",
            {"suppressed": True, "difference": 1.5},
            "it holds a figure, and one of its rates is suppressed",
        ),
        ("comparisons", {"suppressed": True, "status": ""}, "it holds a figure, and one of its rates is suppressed"),
        ("balance", {"share": 1.5}, "its shares are not those of the cells"),
        ("balance", {"smd": 1.5}, "its standardised difference is not that of its shares"),
        ("balance", {"suppressed": True, "share": 1.5}, "it holds a figure, and a count that it is of is suppressed"),
    ],
)
def test_the_auditor_refuses_a_figure_that_does_not_follow_from_the_cells(
    tmp_path: Path, rows: list[dict[str, Any]], found: Compared, file: str, said: dict[str, Any], message: str
) -> None:
    folder = released(tmp_path / "demo", rows, tables(spoiled(found, file, **said)))
    with pytest.raises(DisclosureError, match=f"{file}.csv, .*{message}"):
        require_sound(folder, rows)


def test_the_auditor_refuses_files_of_a_comparison_that_differ(
    tmp_path: Path, rows: list[dict[str, Any]], found: Compared
) -> None:
    folder = released(tmp_path / "demo", rows, tables(found))
    lines = (folder / "balance.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "balance.csv").write_text("".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(DisclosureError, match="balance differs between its files"):
        require_sound(folder, rows)
