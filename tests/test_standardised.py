"""Standardised rates: what they are, what is said where a stratum cannot be shown, and what is refused."""

import itertools
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_counts import DEFAULTS, RULES, TITLES, control, relation, released
from test_definitions import SCHEMAS, edit

from linkage.contracts.adding import adding
from linkage.contracts.analysis import Analysis, read_analysis
from linkage.contracts.dataset import read_datasets
from linkage.contracts.standardised import Crossing, every_crossing, overlap_mistakes, standardised_mistakes
from linkage.errors import ContractError, DisclosureError
from linkage.release import coarser
from linkage.release.auditor.files import audit
from linkage.release.auditor.notes import AddsUp
from linkage.release.auditor.standardised import wrong
from linkage.release.draft import Declared
from linkage.release.standardised import Stratum, beside, directly

CROSSED = {
    ("by_work_by_age", f"{answer}, {age}"): (("by_work", answer), ("age", age))
    for answer in ("yes", "no", "not known")
    for age in ("young", "old")
}
DECLARED, KNOWN = Declared(crossed=CROSSED), AddsUp(crossed=CROSSED)
Counted = dict[tuple[str, str], tuple[int, int]]
# Whoever works offends less, young and old; and yet of all who work more offend, since most of them are young.
PARADOX: Counted = {("yes", "young"): (150, 300), ("yes", "old"): (10, 100),
                    ("no", "young"): (60, 100), ("no", "old"): (60, 300)}  # fmt: skip
STANDARDISED = ("standardised", "standardised_lower", "standardised_upper", "standardised_by", "standardised_status")


def rows_of(counted: Counted) -> list[dict[str, Any]]:
    """A table of women by answer, by age and by both, at every threshold."""
    divisions: dict[tuple[str, str], list[tuple[int, int]]] = {("all", "all"): list(counted.values())}
    for (answer, age), figures in counted.items():
        for place in (("by_work", answer), ("age", age), ("by_work_by_age", f"{answer}, {age}")):
            divisions.setdefault(place, []).append(figures)
    return [
        DEFAULTS | {"breakdown": breakdown, "category": category, "threshold": threshold}
        | dict(zip(("numerator", "denominator"), map(sum, zip(*figures, strict=True)), strict=True))
        for (breakdown, category), figures in divisions.items()
        for threshold in ("high", "medium", "low")
    ]  # fmt: skip


def published(counted: Counted) -> list[dict[str, Any]]:
    """The publishable rows."""
    return list(worked_out(tuple(counted.items())))


@cache
def worked_out(counted: tuple[tuple[tuple[str, str], tuple[int, int]], ...]) -> tuple[dict[str, Any], ...]:
    """The same; each is worked out once for all tests."""
    return tuple(beside(control(relation(rows_of(dict(counted))), RULES, TITLES, DECLARED), CROSSED, RULES))


def said(counted: Counted, answer: str) -> tuple[Any, ...]:
    """The crude rate of an answer, and what is said of the standardised one."""
    [row] = [row for row in published(counted) if (row["category"], row["threshold"]) == (answer, "medium")]
    return tuple(row[name] for name in ("value", *STANDARDISED))


# ----------------------------------------------------------------------------------------------------- the figures


def test_strata_of_equal_weight_turn_crude_rates_round_where_the_answers_have_other_strata() -> None:
    # 400 women are young and 400 old: yes (50 % + 10 %) / 2, no (60 % + 20 %) / 2.
    crude, rate, lower, upper, by, status = said(PARADOX, "yes")
    assert (crude, rate, by, status) == (40.0, 30.0, "age", "")
    # Wilson 44.4 to 55.6 and 5.5 to 17.4; rounding hides 1.03 and 2.79 points of them.
    assert lower == pytest.approx(30 - ((5.62**2 + 1.03**2) + (4.48**2 + 2.79**2)) ** 0.5 / 2, abs=0.06)
    assert upper == pytest.approx(30 + ((5.62**2 + 1.03**2) + (7.44**2 + 2.79**2)) ** 0.5 / 2, abs=0.06)
    assert said(PARADOX, "no")[:2] == (30.0, 40.0)


def test_a_stratum_weighs_as_many_women_as_gave_any_answer_in_it() -> None:
    counted = PARADOX | {("no", "young"): (60, 700)}
    share = (1000 * 150 / 300 + 400 * 10 / 100) / 1400
    assert said(counted, "yes")[1] == round(100 * share, 1)
    with_unknown = counted | {("not known", "old"): (200, 400)}
    assert said(with_unknown, "yes")[1] == round(100 * share, 1)
    assert said(with_unknown, "not known")[1:] == (None, None, None, "", "")


def test_one_stratum_gives_the_crude_rate_and_its_interval_with_what_rounding_hides() -> None:
    alone = directly([Stratum(150, 300, 7)], 1, 0.95)
    assert tuple(alone) == pytest.approx((0.5, 0.4438, 0.5562), abs=1e-4)
    assert directly([Stratum(150, 300, 7)], 5, 0.95).lower < alone.lower


def test_the_interval_covers_the_standardised_rate_of_rounded_draws() -> None:
    lots = np.random.default_rng(5)
    women, weights, rates = np.array([60, 90]), np.array([300, 200]), np.array([0.55, 0.3])
    true = float((weights * rates).sum() / weights.sum())
    held = 0
    for having in lots.binomial(women, rates, (1_000, 2)):
        rounded = (2 * having + 5) // 10 * 5
        strata = [Stratum(int(k), int(n), int(w)) for k, n, w in zip(rounded, women, weights, strict=True)]
        share = directly(strata, 5, 0.95)
        held += share.lower <= true <= share.upper
    assert 0.94 <= held / 1_000 <= 0.985


# ------------------------------------------------------------------------------------------ where there is no figure


def test_a_suppressed_stratum_of_either_answer_leaves_both_without_a_standardised_rate() -> None:
    counted = PARADOX | {("no", "old"): (4, 300)}
    assert {said(counted, answer)[1:] for answer in ("yes", "no")} == {(None, None, None, "age", "c")}


def test_a_stratum_of_nobody_leaves_its_answer_without_one_and_few_women_make_it_unreliable() -> None:
    nobody = PARADOX | {("yes", "old"): (0, 0)}
    assert said(nobody, "yes")[1:] == (None, None, None, "age", "z")
    assert said(nobody, "no")[1] == round(100 * (400 * 0.6 + 300 * 0.2) / 700, 1)
    few = said(PARADOX | {("yes", "old"): (10, 25)}, "yes")
    assert (few[1] is None, few[-1]) == (False, "u")


def test_a_table_without_the_strata_and_rows_of_no_answer_say_nothing() -> None:
    rows = [row for row in rows_of(PARADOX) if row["breakdown"] != "by_work_by_age"]
    without = beside(control(relation(rows), RULES, TITLES, DECLARED), CROSSED, RULES)
    others = [row for row in published(PARADOX) if row["breakdown"] != "by_work"]
    assert {tuple(row[name] for name in STANDARDISED) for row in (*without, *others)} == {(None, None, None, "", "")}


def test_what_is_published_alike_is_standardised_alike() -> None:
    near = PARADOX | {("yes", "old"): (12, 98), ("no", "young"): (58, 102)}
    assert said(near, "yes") == said(PARADOX, "yes")
    assert said(near, "no") == said(PARADOX, "no")


def test_a_crossing_in_which_hardly_anybody_gave_an_answer_is_left_out_and_the_answers_stay() -> None:
    few = PARADOX | {("yes", "old"): (3, 9), ("not known", "old"): (0, 1)}
    found = coarser.left_out(rows_of(few), RULES, {"by_work", "by_work_by_age"}, {"by_work_by_age"})
    assert [one.breakdown for one in found] == ["by_work_by_age"]
    assert "gave one of the answers" in found[0].why


@pytest.mark.parametrize(
    ("place", "figures", "kept"),
    [
        (("yes", "old"), (4, 40), False),
        (("yes", "old"), (36, 40), False),
        (("no", "young"), (0, 40), False),
        (("not known", "young"), (1, 4), True),
        (("yes", "old"), (12, 40), True),
    ],
)
def test_a_crossing_is_left_out_where_a_stratum_of_an_answer_may_not_be_shown(
    place: tuple[str, str], figures: tuple[int, int], kept: bool
) -> None:
    rows = rows_of(PARADOX | {place: figures})
    found = coarser.left_out(rows, RULES, {"by_work", "by_work_by_age"}, {"by_work_by_age"})
    assert [(one.breakdown, one.why) for one in found] == (
        [] if kept else [("by_work_by_age", coarser.NOTHING_TO_STANDARDISE)]
    )


# ------------------------------------------------------------------------------------------------------- the audit


@pytest.mark.parametrize("answer", ["yes", "no"])
@pytest.mark.parametrize(
    ("name", "change"), [("standardised", 0.2), ("standardised_lower", -0.2), ("standardised_upper", 0.2)]
)
def test_the_audit_refuses_a_standardised_rate_that_does_not_follow(name: str, change: float, answer: str) -> None:
    rows = published(PARADOX)
    changed = [row | {name: row[name] + change} if row["category"] == answer else row for row in rows]
    assert {row["category"] for row, _ in wrong(changed, KNOWN, RULES)} == {answer}


@pytest.mark.parametrize(
    ("category", "said_instead"),
    [
        ("yes", {"standardised": None}),
        ("yes", {"standardised_by": ""}),
        ("yes", {"standardised_status": "u"}),
        ("young", {"standardised": 50.0}),
        ("all", {"standardised_by": "age"}),
    ],
)
def test_the_audit_refuses_a_standardised_rate_that_is_missing_or_should_not_be_there(
    category: str, said_instead: dict[str, Any]
) -> None:
    changed = [row | said_instead if row["category"] == category else row for row in published(PARADOX)]
    assert {row["category"] for row, _ in wrong(changed, KNOWN, RULES)} == {category}


@pytest.mark.parametrize(
    "stratum", [{}, {("no", "old"): (4, 300)}, {("yes", "old"): (0, 0)}, {("yes", "old"): (10, 25)}]
)
def test_the_audit_works_out_every_figure_and_mark_as_it_is_published(stratum: Counted) -> None:
    assert list(wrong(published(PARADOX | stratum), KNOWN, RULES)) == []


def test_no_release_leaves_with_a_standardised_rate_that_does_not_follow(tmp_path: Path) -> None:
    rows, counted = published(PARADOX), relation(rows_of(PARADOX))
    assert audit(released(tmp_path / "right", rows), counted, RULES, KNOWN).cells == len(rows)
    changed = [row | {"standardised": 30.3} if row["category"] == "yes" else row for row in rows]
    with pytest.raises(
        DisclosureError, match="by_work / yes / high holds a standardised rate, or a mark, that does not"
    ):
        audit(released(tmp_path / "wrong", changed), counted, RULES, KNOWN)


# -------------------------------------------------------------------------------------------------- what is declared


NAME = "reoffending_by_employment_standardised"
NESTED = {"age_in_two": {"18-29": ("18-20", "21-24", "25-29"), "30+": ("30-39", "40-49", "50+")}}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"breakdowns": ("employment_6_weeks", "age_in_two")},
         "it is standardised by ['sentence_in_two'], which it does not show. Add ['sentence_in_two'] to its"),
        ({"breakdowns": ("sentence_in_two", "age_in_two")},
         "`standardised_by` is for women divided by an answer. Add a breakdown of `by_answer`, or remove it."),
        ({"standardised_by": ("sentence_in_two",)},
         "none of ['sentence_in_two'] is recorded of 'Women starting community orders'. Name one that is."),
        ({"breakdowns": ("employment_6_weeks", "age_band"), "standardised_by": ("age_band",)},
         "age_band has no 2 to 4 `bands`: each answer is divided by each"),
        ({"breakdowns": ("employment_6_weeks", "region"), "standardised_by": ("region",)},
         "region has no 2 to 4 `bands`"),
    ],
)  # fmt: skip
def test_strata_that_cannot_be_are_refused(analysis: Analysis, table: dict[str, Any], message: str) -> None:
    declared = analysis.tables[NAME]
    assert list(standardised_mistakes(declared, analysis)) == []
    [found] = standardised_mistakes(declared.model_copy(update=table), analysis)
    assert message in found


@pytest.mark.parametrize(
    ("within", "bands", "message"),
    [
        ({}, (29, 30), "age_band and age_in_two both divide birth_month: whoever has both subtracts. Say in the finer"),
        ({"18-29": ("18-20", "21-24")}, (29, 30), "age_band and age_in_two both divide birth_month"),
        ({"18-29": ("18-20", "21-24", "25-29", "30-39"), "30+": ("40-49", "50+")}, (29, 30),
         "age_band: within 'age_in_two', ['30-39'] are not in the bands that is said of them."),
        (NESTED["age_in_two"], (34, 35), "age_band: within 'age_in_two', ['30-39'] are not in the bands"),
        (NESTED["age_in_two"], (27, 28), "age_band: within 'age_in_two', ['25-29'] are not in the bands"),
    ],
)  # fmt: skip
def test_bands_of_one_column_that_do_not_make_each_other_up_are_refused(
    analysis: Analysis, within: dict[str, Any], bands: tuple[int, int], message: str
) -> None:
    ages, two = (analysis.breakdowns[name] for name in ("age_band", "age_in_two"))
    young, old = two.bands
    cut = (young.model_copy(update={"last": bands[0]}), old.model_copy(update={"first": bands[1]}))
    other = {
        "age_band": ages.model_copy(update={"within": {"age_in_two": within} if within else {}}),
        "age_in_two": two.model_copy(update={"bands": cut}),
    }
    assert list(overlap_mistakes(analysis)) == []
    found = list(overlap_mistakes(replace(analysis, breakdowns={**analysis.breakdowns, **other})))
    assert [line for line in found if line.startswith(message)]


def test_a_refusal_names_the_file_of_the_table_and_that_of_the_breakdowns(tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    shutil.copytree(SCHEMAS, schemas)
    edit(schemas / "tables" / f"{NAME}.yaml", "breakdowns: [employment_6_weeks, ", "breakdowns: [")
    edit(schemas / "breakdowns.yaml", "18-29: [18-20, 21-24, 25-29]", "18-29: [18-20, 21-24]")
    with pytest.raises(ContractError) as refused:
        read_analysis(schemas, read_datasets(schemas))
    assert f"tables/{NAME}.yaml: `standardised_by` is for women divided by an answer." in str(refused.value)
    assert "breakdowns.yaml: age_band and age_in_two both divide birth_month" in str(refused.value)


def test_each_cohort_is_standardised_by_the_first_strata_that_it_records(analysis: Analysis) -> None:
    table = analysis.tables[NAME]
    shown = {name: list(analysis.breakdowns_of(table, analysis.cohorts[name])) for name in table.cohorts}
    assert shown == {"released_from_custody": ["sentence_in_two"], "community_order_starts": ["age_in_two"]}
    assert every_crossing(analysis)["treatment_21_days_by_age_in_two"] == Crossing("treatment_21_days", "age_in_two")


def test_every_category_of_a_crossing_is_part_of_an_answer_and_of_a_stratum(analysis: Analysis) -> None:
    crossed = adding(analysis)["crossed"]
    found = {
        category: parts for (name, category), parts in crossed.items() if name == "employment_6_weeks_by_age_in_two"
    }
    every = itertools.product(("yes", "no", "not known"), ("18-29", "30+", "not known"))
    assert found == {f"{answer}, {age}": (("employment_6_weeks", answer), ("age_in_two", age)) for answer, age in every}


def test_a_cell_of_a_crossing_is_another_where_the_answer_or_the_strata_are(analysis: Analysis) -> None:
    cell = ("community_order_starts", "reoffending_after_6_weeks", "all", "employment_6_weeks_by_age_in_two")
    work = analysis.outcomes["employed_6_weeks"].model_copy(update={"exclude": ("died",)})
    ages = analysis.breakdowns["age_in_two"]
    older = ages.model_copy(update={"bands": (ages.bands[0].model_copy(update={"last": 39}), ages.bands[1])})
    others = [
        replace(analysis, outcomes={**analysis.outcomes, "employed_6_weeks": work}),
        replace(analysis, breakdowns={**analysis.breakdowns, "age_in_two": older}),
    ]
    assert len({one.definition(*cell) for one in (analysis, *others)}) == 3
