"""Counts made of the same few groups of women: needs and which together, contacts of which everybody has one."""

import random
from collections.abc import Iterable
from typing import Any

import pytest
from small_counts import DEFAULTS, RULES, TITLES, control, relation

from linkage.contracts.adding import adding
from linkage.contracts.analysis import Analysis
from linkage.contracts.history import History, called, many
from linkage.release import coarser
from linkage.release.auditor.judge import judged, prove
from linkage.release.auditor.notes import AddsUp
from linkage.release.draft import Declared

Row = dict[str, Any]
NEEDS = ("treatment", "homeless", "no_job")
CHANCES = (0.3, 0.15, 0.7)
FIRST = ("first_probation", "first_benefit", "first_none")
PAIRS = ("first_benefit_then_probation", "first_benefit_then_other")
FAMILIES = (("", FIRST), ("first_benefit", PAIRS))
OF_ALL = dict.fromkeys((*FIRST, *PAIRS, "duty"), "everybody")
CONTACTS: dict[str, Any] = {
    "families": FAMILIES,
    "asked": OF_ALL,
    "never": dict.fromkeys(OF_ALL, ("in_custody", "died", "unknown", "not_linked")),
}
GIVEN_AWAY = [((150, 54, 3), (30, 24)), ((150, 51, 14), (47, 4))]


def verdict(rows: list[Row], told: dict[str, Any], known: dict[str, Any]) -> str:
    """What an auditor who has `known` says of a release whose suppressor was `told`."""
    made = control(relation(rows), RULES, TITLES, Declared(**told))
    [found] = judged(made, prove(made, rows, RULES, AddsUp(**known)))
    return found.verdict


def row(outcome: str, having: int, women: int, **place: str) -> Row:
    """One row, of whom nobody is left out."""
    return DEFAULTS | {"threshold": "medium", "outcome": outcome, "numerator": having, "denominator": women} | place


# --------------------------------------------------------------------------------------------------------- needs


@pytest.fixture(scope="module")
def three(analysis: Analysis) -> History:
    """The declared needs, but three of them."""
    declared = analysis.by_history["needs"]
    return declared.model_copy(update={"needs": {need: declared.needs[need] for need in NEEDS}})


def drawn(seed: int, three: History) -> list[Row]:
    """Women drawn by lot, by each breakdown of the needs they have."""
    lots = random.Random(seed)
    women = []
    for _ in range(lots.randint(120, 260)):
        had = tuple(need for need, chance in zip(NEEDS, CHANCES, strict=True) if lots.random() < chance)
        women.append((had, lots.random() < 0.45))
    found = [counted(women, "all", "all")]
    for breakdown, categories in three.categories("needs").items():
        for category in categories:
            found.append(counted([w for w in women if place(w[0], breakdown) == category], breakdown, category))
    return found


def place(had: tuple[str, ...], breakdown: str) -> str:
    """The category of a woman with these needs."""
    if breakdown == "needs_number":
        return many(len(had))
    return called(had)


def counted(women: Iterable[tuple[tuple[str, ...], bool]], breakdown: str, category: str) -> Row:
    """The row of some women."""
    answers = [answer for _, answer in women]
    return row("offence", sum(answers), len(answers), breakdown=breakdown, category=category)


@pytest.mark.parametrize("seed", [0, 3, 11])
def test_needs_and_which_together_give_no_count_away(three: History, seed: int) -> None:
    known = {"within": three.within("needs")}
    assert verdict(drawn(seed, three), known, known) == "pass"


def test_whoever_was_not_told_of_how_many_needs_a_combination_is_would_give_a_count_away(three: History) -> None:
    assert verdict(drawn(0, three), {}, {"within": three.within("needs")}) == "fail"


def test_each_combination_is_part_of_its_number(analysis: Analysis) -> None:
    within = {part: whole for part, whole in adding(analysis)["within"].items() if part[0] == "needs_combination"}
    assert len(within) == 2 ** len(analysis.by_history["needs"].needs)
    assert within["needs_combination", "treatment + no job"] == ("needs_number", "2 needs")
    assert within["needs_combination", "none"] == ("needs_number", "none")


def test_breakdowns_of_a_history_stand_or_go_together(three: History) -> None:
    rows, histories = drawn(1, three), dict.fromkeys(three.breakdowns("needs"), "needs")
    small = RULES.model_copy(update={"largest_release": RULES.largest_release.model_copy(update={"value": 3})})
    assert coarser.left_out(rows, small, histories=histories) == []
    alone = [one.breakdown for one in coarser.left_out(rows, small)]
    assert alone == ["needs_combination", "needs_number"]


@pytest.mark.parametrize(("lacking", "gone"), [(9, {"needs_number", "needs_combination"}), (10, set())])
def test_a_history_is_left_out_where_all_women_but_a_few_have_one_of_the_needs(
    three: History, lacking: int, gone: set[str]
) -> None:
    having = {"no job": 80, "homeless + no job": 20, "treatment": lacking}
    rows = [
        row("offence", 0, having.get(category, 0), breakdown="needs_combination", category=category)
        for category in three.together
    ]
    found = coarser.left_out(rows, RULES, histories=dict.fromkeys(three.breakdowns("needs"), "needs"))
    assert {one.breakdown for one in found} == gone


# ------------------------------------------------------------------------------------------------------ contacts


def contacts(first: tuple[int, int, int], pairs: tuple[int, int]) -> list[Row]:
    """Everybody by the first contact, and those whose first was a benefit by the next; of all years together."""
    women = sum(first)
    having = dict(zip((*FIRST, *PAIRS), (*first, *pairs), strict=True))
    return [row(outcome, many, women, period="all") for outcome, many in having.items()]


@pytest.mark.parametrize(
    ("first", "pairs"), [((150, 54, 3), (30, 24)), ((150, 51, 14), (47, 4)), ((180, 0, 21), (0, 0))]
)
def test_a_contact_does_not_follow_from_the_others(first: tuple[int, int, int], pairs: tuple[int, int]) -> None:
    assert verdict(contacts(first, pairs), CONTACTS, CONTACTS) == "pass"


@pytest.mark.parametrize(("first", "pairs"), GIVEN_AWAY)
def test_whoever_was_not_told_that_everybody_has_one_would_give_a_count_away(
    first: tuple[int, int, int], pairs: tuple[int, int]
) -> None:
    assert verdict(contacts(first, pairs), CONTACTS | {"families": ()}, CONTACTS) == "fail"


def test_who_was_asked_in_a_year_does_not_follow_from_another_year_and_from_both_together() -> None:
    years = [row("duty", 60, 200, period="2022/23"), row("duty", 1, 4, period="2023/24")]
    rows = [*years, *contacts((150, 40, 14), (25, 15))]
    assert verdict(rows, CONTACTS, CONTACTS) == "pass"
    apart = CONTACTS["asked"] | {"duty": "others"}
    assert verdict(rows, CONTACTS | {"asked": apart}, CONTACTS) == "fail"


def test_the_families_are_those_of_the_declared_sequence(analysis: Analysis) -> None:
    first, *pairs = adding(analysis)["families"]
    contacts = analysis.sequences["first_contact"].contacts
    assert first == ("", tuple(f"first_contact_{one}" for one in (*contacts, "none")))
    assert (
        "first_contact_benefit",
        ("first_contact_benefit_then_probation", "first_contact_benefit_then_other"),
    ) in pairs
    assert {name for _, parts in (first, *pairs) for name in parts} == {
        name for name in analysis.outcomes if name.startswith("first_contact_")
    }
