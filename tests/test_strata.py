"""Answers divided by strata: what readers conclude from them about other tables, and that it gives no count away."""

from typing import Any

import pytest
import small_strata
from small_counts import RULES, TITLES, control, relation
from small_lives import AFTER, WORK
from small_strata import AGES, CROSSING

from linkage.release import ledger
from linkage.release.auditor.added_up import made_by
from linkage.release.auditor.judge import judged, prove
from linkage.release.auditor.notes import key_of
from linkage.release.auditor.seen import said
from linkage.release.draft import Cell, cell_of
from linkage.release.joint import problem_of
from linkage.release.unshown import totals

LEFT_OUT = ("in_custody", "died", "unknown", "not_linked")


def verdicts(rows: list[dict[str, Any]], without: str = "") -> set[str]:
    """What the auditor, who knows every fact, says of a release whose suppressor was told all facts but one."""
    made = control(relation(rows), RULES, TITLES, small_strata.declared(without))
    return {found.verdict for found in judged(made, prove(made, rows, RULES, small_strata.known()))}


@pytest.mark.parametrize(("seed", "by_year"), [(1, True), (5, True), (9, True), (5, False), (14, False)])
def test_no_answer_by_strata_gives_a_count_away(seed: int, by_year: bool) -> None:
    assert verdicts(small_strata.rows(seed, by_year)) == {"pass"}


@pytest.mark.parametrize(
    ("fact", "seed", "by_year"),
    [("crossed", 4, True), ("divided", 9, True), ("divided", 9, False), ("within", 5, False), ("within", 14, False)],
)
def test_whoever_was_not_told_how_strata_hang_together_would_give_a_count_away(
    fact: str, seed: int, by_year: bool
) -> None:
    assert "fail" in verdicts(small_strata.rows(seed, by_year), fact)


def test_a_reader_adds_up_what_no_table_shows_where_it_meets_another_outcome() -> None:
    rows = small_strata.rows(1)
    found = totals([cell_of(row) for row in rows], small_strata.declared())
    work = Cell("released", WORK, "England", "all", "all", "all")
    years = [work._replace(period=year) for year in small_strata.YEARS]
    young = [one._replace(breakdown="fine", category=fine) for one in years for fine in AGES["young"]]
    assert set(found) == {work, *(work._replace(breakdown="age", category=age) for age in AGES)}
    assert found[work] == {("years", "all"): years}
    assert {kind: set(parts) for kind, parts in found[young_of(work)].items()} == {("years", "fine"): set(young)}
    theirs = made_by({key_of(row) for row in rows}, small_strata.known())
    assert {key[:6]: [{part[:6] for part in parts} for parts in ways] for key, ways in theirs.items()} == {
        tuple(total): [set(map(tuple, parts)) for parts in ways.values()] for total, ways in found.items()
    }


def young_of(work: Cell) -> Cell:
    """The same of the young."""
    return work._replace(breakdown="age", category="young")


def test_as_many_are_asked_in_a_stratum_of_an_answer_as_finer_ages_of_each_year_add_up_to() -> None:
    rows = small_strata.rows(3)
    problem, _ = problem_of(rows, RULES, small_strata.declared())
    at = {label: number for number, label in enumerate(problem.labels)}
    young = "released, {}, England, all, {}, {}, medium, {}"
    asked = at[young.format("everybody", CROSSING, "yes, young", "asked")]
    at_work = at[young.format(WORK, "age", "young", "numerator")]
    assert problem.counts[asked] == problem.counts[at_work] > 0
    sums = [dict(zip(row.indices.tolist(), row.data.tolist(), strict=True)) for row in problem.equations]
    assert {asked: -1.0, at_work: 1.0} in sums
    fine = [at[f"released, {WORK}, England, {year}, fine, {age}, medium, numerator"]
            for year in small_strata.YEARS for age in AGES["young"]]  # fmt: skip
    assert {at_work: -1.0} | dict.fromkeys(fine, 1.0) in sums


def test_both_take_nobody_of_an_answer_in_a_stratum_to_be_left_out_on_the_day_of_the_answer() -> None:
    rows = small_strata.rows(5, by_year=False)
    problem, _ = problem_of(rows, RULES, small_strata.declared())
    most = dict(zip(problem.labels, problem.hidden[1].tolist(), strict=True))
    made = control(relation(rows), RULES, TITLES, small_strata.declared())
    seen = prove(made, rows, RULES, small_strata.known()).seen
    theirs = dict(zip(seen.labels, seen.most, strict=True))
    for answer in ("yes", "no"):
        for figure in LEFT_OUT:
            label = f"released, {AFTER}, England, all, {CROSSING}, {answer}, young, medium, {figure.replace('_', ' ')}"
            assert most[label] == theirs[label] == 0
    unknown = f"released, {AFTER}, England, all, {CROSSING}, not known, young, medium, in custody"
    assert most[unknown] > 0


def test_a_later_release_is_protected_with_the_strata_of_an_earlier_one() -> None:
    told, rows = small_strata.declared(), small_strata.rows(7)
    made = control(relation(rows), RULES, TITLES, told)
    true = {(cell_of(row), row["threshold"]): row for row in rows}
    left = [row | {"figures": said(row, true[cell_of(row), row["threshold"]], RULES)} for row in made]
    defined = dict.fromkeys((tuple(row[name] for name in ledger.LABELS[:6]) for row in left), "a definition")
    spring = ledger.Entry(1, {"what": "released", "release": "spring", "rows": ledger.rows_of(left, defined)}, "")
    late = small_strata.rows(7, twice=3)
    made = control(relation(late), RULES, TITLES, told, [spring.left])
    proved = prove(made, late, RULES, small_strata.known(), [(spring.name, spring.rows)])
    assert {found.verdict for found in judged(made, proved)} == {"pass"}


def test_what_is_crossed_is_given_up_before_what_it_crosses() -> None:
    rows = [row for row in small_strata.rows(0, by_year=False) if row["outcome"] == AFTER]
    made = control(relation(rows), RULES, TITLES, small_strata.declared())
    hidden = [row["breakdown"] for row in made if row["status"] == "c"]
    assert hidden.count(CROSSING) > 2 > hidden.count("age")
