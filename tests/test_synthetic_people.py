"""Invented people: families, names, numbers and homes that no real person has."""

import datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.days import NEVER, YEAR, date_of, day
from linkage.synthetic.people import names
from linkage.synthetic.people.arrays import some
from linkage.synthetic.people.lifespans import natural_deaths
from linkage.synthetic.people.population import Population, population

BLOCK, SEED = 6_000, 4
AIMS = read_calibration()


def block(number: int, size: int = BLOCK, seed: int = SEED) -> Population:
    """One block of the population of a seed."""
    return population(size, AIMS, np.random.default_rng([seed, number]), first=number * size, seed=seed)


@pytest.fixture(scope="module")
def blocks() -> list[Population]:
    """The first four blocks."""
    return [block(number) for number in range(4)]


@pytest.fixture(scope="module")
def people(blocks) -> pd.DataFrame:
    """The people of all four."""
    return pd.concat([each.people for each in blocks], ignore_index=True)


@pytest.fixture(scope="module")
def women(people) -> pd.DataFrame:
    """The women among them."""
    return people[people["female"]]


# -- blocks ---------------------------------------------------------------------------------------------------------


def test_a_block_depends_on_its_seed_and_number_alone(blocks):
    again, other = block(2), block(2, seed=SEED + 1)
    pd.testing.assert_frame_equal(again.people, blocks[2].people)
    pd.testing.assert_frame_equal(again.homes, blocks[2].homes)
    assert not other.people["born"].equals(again.people["born"])


def test_blocks_follow_each_other_and_share_no_household(blocks, people):
    assert people["number"].tolist() == list(range(4 * BLOCK))
    households = [set(each.people["household"]) for each in blocks]
    assert all(not one & next_one for one, next_one in pairwise(households))


# -- who there is ---------------------------------------------------------------------------------------------------


def test_births_span_1947_to_2009_and_nobody_is_before_a_court_who_is_a_child_throughout(people):
    assert date_of(people["born"].min()).year == 1947
    assert date_of(people["born"].max()).year == 2009
    youngest = people.loc[people["justice"], "born"].max()
    assert youngest <= day(AIMS.window.cohorts_from) - 15 * YEAR


def test_families_share_surnames_and_homes_and_only_twins_their_birthday(people):
    heads = people[people["role"] == "W"]
    twins = heads.merge(people[people["role"] == "T"], on="household", suffixes=("", "_hers"))
    assert len(twins) > 100
    for shared in ("born", "surname_0", "home_0"):
        assert (twins[shared] == twins[f"{shared}_hers"]).all(), shared
    assert (twins["forename"] != twins["forename_hers"]).mean() > 0.99
    sisters = heads.merge(people[people["role"] == "Z"], on="household", suffixes=("", "_hers"))
    assert (sisters["surname_0"] == sisters["surname_0_hers"]).all()
    assert (sisters["born"] != sisters["born_hers"]).all()


def test_wives_take_the_names_of_the_men_they_live_with(people):
    wives = people[(people["role"] == "W") & (people["renamed_1"] < NEVER)].merge(
        people[people["role"] == "P"], on="household", suffixes=("", "_his")
    )
    his = wives.apply(lambda row: row["surname_0_his"] in row["surname_1"], axis=1)
    assert his.mean() > 0.8
    assert wives["surname_1"].str.contains("-").mean() == pytest.approx(AIMS["double_barrelled"], abs=0.04)


def test_traits_have_their_shares_and_come_together(people, women):
    justice = women[women["justice"]]
    for trait, share in (("need", "substance_need"), ("abused", "abused"), ("mental_health", "mental_health")):
        assert justice[trait].mean() == pytest.approx(AIMS[share], abs=0.02), trait
    assert (justice["alias"] != "").mean() == pytest.approx(AIMS["alias"], abs=0.02)
    assert people["foreign_born"].mean() == pytest.approx(AIMS["foreign_born"], abs=0.001)
    assert women["protected"].mean() == pytest.approx(AIMS["protected_address"], abs=0.001)
    assert women.groupby("abused")["protected"].mean().diff().iloc[-1] > 0.03
    assert justice.groupby("nfa")["severity"].mean().diff().iloc[-1] > 0.2
    assert justice.groupby("nfa")["need"].mean().diff().iloc[-1] > 0.05
    with_alias = justice.assign(has=justice["alias"] != "").groupby("has")["severity"].mean()
    assert with_alias[True] > with_alias[False] + 0.2


def test_the_records_of_women_without_a_home_or_of_a_minority_are_kept_worse(blocks, people):
    for each in blocks:
        assert each.people.loc[each.people["justice"], "care"].mean() == pytest.approx(1)
    justice = people[people["justice"]]
    assert justice.loc[justice["nfa"], "care"].mean() > 1.7 * justice.loc[~justice["nfa"], "care"].mean()
    minority = ~justice["ethnicity"].str.startswith("W")
    assert justice.loc[minority, "care"].mean() > 1.15 * justice.loc[~minority, "care"].mean()


def test_people_arrive_after_birth_leave_or_die_once_and_are_here_in_between(blocks, people):
    assert ((people["arrived"] == 0) == ~people["foreign_born"]).all()
    abroad = people[people["foreign_born"]]
    assert (abroad["arrived"] > abroad["born"]).all()
    within = abroad["arrived"] >= day(AIMS.window.history_from)
    assert 0.05 < within.mean() < 0.4
    gone = people[(people["left"] < NEVER) | (people["died"] < NEVER)]
    assert (gone[["left", "died"]].max(axis=1) == NEVER).all()
    assert (gone[["left", "died"]].min(axis=1) > gone["arrived"]).all()
    one, who = blocks[0], np.arange(BLOCK)
    arrived, died = one.people["arrived"].to_numpy(), one.people["died"].to_numpy()
    assert not one.here(who, arrived - 1)[arrived > 0].any()
    assert one.here(who, arrived)[arrived > 0].all()
    assert one.here(who, died - 1)[died < NEVER].all()
    assert not one.here(who, died)[died < NEVER].any()


def test_death_comes_sooner_to_the_old_and_to_those_in_need(people):
    died, old = people["died"] < NEVER, people["born"] < day(datetime.date(1962, 1, 1))
    assert died[old].mean() > 4 * died[~old].mean()
    many, since = 20_000, np.full(20_000, day(AIMS.window.history_from))
    alike = pd.DataFrame({"born": np.full(many, -1000), "female": True, "need": np.arange(many) < 10_000, "nfa": False})
    days = natural_deaths(alike, since, AIMS, np.random.default_rng(1)) - since
    assert np.median(days[:10_000]) < np.median(days[10_000:]) - 5 * YEAR


def test_a_few_object_or_withdraw_consent_within_the_records(people):
    for wish in ("objected", "consent_withdrawn"):
        days = people.loc[people[wish] < NEVER, wish]
        assert 0 < len(days) < 0.01 * len(people), wish
        assert days.between(day(AIMS.window.history_from), day(AIMS.window.delivered)).all(), wish
    assert people.loc[people["consent_withdrawn"] < NEVER, "consents"].all()
    assert people["consents"].mean() == pytest.approx(1 - AIMS["no_consent"], abs=0.001)


def test_some_marks_an_exact_share_the_likelier_more_often_and_never_the_impossible():
    rng, among = np.random.default_rng(1), np.arange(10_000) < 8_000
    tendency = np.where(np.arange(10_000) < 2_000, 4.0, np.where(np.arange(10_000) < 7_000, 1.0, 0.0))
    chosen = some(rng, among, 0.25, tendency)
    assert chosen.sum() == 2_000
    assert not chosen[7_000:].any()
    assert chosen[:2_000].mean() > 2 * chosen[2_000:7_000].mean()


# -- names ----------------------------------------------------------------------------------------------------------


def test_women_change_their_surname_at_the_rate_aimed_at(women):
    begin, end = day(datetime.date(2015, 1, 1)), day(datetime.date(2025, 12, 31))
    adult = np.maximum(begin, women["born"] + 18 * YEAR)
    last = np.minimum(end, women["died"])
    years = np.maximum(last - adult, 0).sum() / YEAR
    changes = sum((women[f"renamed_{n}"].between(adult, last)).sum() for n in (1, 2))
    assert changes / years == pytest.approx(AIMS.targets["surname_changes_a_year"].value, rel=0.08)


def test_men_keep_their_surname_and_every_history_is_in_order(people, women):
    assert (people.loc[~people["female"], "renamed_1"] == NEVER).all()
    never = women[women["renamed_1"] == NEVER]
    assert (never["surname_1"] == never["surname_0"]).all()
    assert (never["renamed_2"] == NEVER).all()
    twice = women[women["renamed_2"] < NEVER]
    assert (twice["renamed_2"] > twice["renamed_1"]).all()
    back = (twice["surname_2"] == twice["surname_0"]).mean()
    assert back == pytest.approx(AIMS["reverts"], abs=0.05)
    once = women[(women["renamed_1"] < NEVER) & (women["renamed_2"] == NEVER)]
    assert (once["surname_2"] == once["surname_1"]).all()


def test_the_surname_of_a_day_is_that_of_its_spell(blocks):
    one = blocks[0]
    who = np.flatnonzero(one.people["renamed_2"] < NEVER)
    table = one.people.iloc[who]
    for on, spell in ((table["renamed_1"] - 1, 0), (table["renamed_1"], 1), (table["renamed_2"], 2)):
        assert (one.surname_on(who, on.to_numpy()) == table[f"surname_{spell}"]).all()


def test_an_alias_is_no_lawful_surname_of_hers(people):
    aliases = people[people["alias"] != ""]
    assert len(aliases) > 500
    for spell in range(3):
        assert (aliases["alias"] != aliases[f"surname_{spell}"]).all()


def test_surnames_have_a_few_common_and_a_long_tail_of_rare_ones(people):
    english = people.loc[people["culture"] == "english", "surname_0"]
    counts = english.value_counts()
    assert counts.index[0] == "Smith"
    assert 0.01 < counts.iloc[0] / len(english) < 0.04
    listed = set(names.from_faker("en_GB", "surnames")[0])
    rare = 1 - english.isin(listed).mean()
    assert rare == pytest.approx(names.read_names().english.rare_surnames, abs=0.02)
    assert counts[~counts.index.isin(listed)].max() <= 20


def test_names_are_in_latin_letters_and_faker_joins_none(people):
    cultures = [name for name in names.Names.model_fields if name not in ("variants", "short_forms", "english")]
    for culture in cultures:
        own = getattr(names.read_names(), culture).surnames
        found, _ = names.pool(culture, "surnames")
        assert not [name for name in found if "-" in name and name not in own]
    letters = r"[A-Za-zÀ-ɏḀ-ỿ'. -]+"
    for column in ("forename", "surname_0", "surname_1", "surname_2"):
        assert people[column].str.fullmatch(letters).all(), column


def test_forenames_follow_the_cohort_of_birth(women):
    english = women[women["culture"] == "english"]
    old, young = english["born"] < day(datetime.date(1970, 1, 1)), english["born"] > day(datetime.date(1994, 1, 1))
    assert (
        english.loc[old, "forename"].eq("Jacqueline").mean()
        > 5 * english.loc[young, "forename"].eq("Jacqueline").mean()
    )
    assert english.loc[young, "forename"].eq("Chloe").mean() > 5 * english.loc[old, "forename"].eq("Chloe").mean()


# -- homes ----------------------------------------------------------------------------------------------------------


def test_blocks_of_people_fill_different_postcodes_of_a_district(blocks):
    lived_in = [set(each.homes["postcode"]) for each in blocks]
    assert all(len(one & other) < 0.2 * len(one) for one, other in pairwise(lived_in))


def test_some_move_with_the_family_and_those_without_a_fixed_abode_more_often(blocks, people):
    assert (people["moved_1"] < NEVER).mean() == pytest.approx(AIMS["household_moves"], abs=0.03)
    own_move = people["moved_2"] < NEVER
    assert own_move[people["nfa"]].mean() > own_move[~people["nfa"]].mean() + 0.1
    both = people[(people["moved_1"] < NEVER) & own_move]
    assert (both["moved_2"] > both["moved_1"]).all()
    one = blocks[0]
    who = np.flatnonzero(one.people["moved_2"] < NEVER)
    moved = one.people["moved_2"].to_numpy()[who]
    assert (one.home_on(who, moved) == one.people["home_2"].to_numpy()[who]).all()
    assert (one.home_on(who, moved - 1) == one.people["home_1"].to_numpy()[who]).all()


# -- numbers --------------------------------------------------------------------------------------------------------


def test_numbers_are_well_formed_and_outside_what_is_issued(people):
    forms = {
        "pnc": r"(19|20)\d\d/9\d{6}[A-HJ-NP-RT-Z]",
        "nomis": r"[T-Z]\d{4}[A-HJ-Z]{2}",
        "crn": r"[A-Z]\d{6}",
        "nino": r"ZZ\d{6}[A-D]",
        "nhs": r"(999\d{7})?",
    }
    for name, form in forms.items():
        for column in (name, f"{name}_2"):
            if column in people:
                assert people[column].str.fullmatch(form).all(), column


def test_nobody_has_the_number_of_another_but_the_few_who_were_taken_for_one(people):
    assert people["nino"].is_unique
    nhs = people.loc[people["nhs"] != "", "nhs"]
    assert nhs.is_unique
    assert ((people["nhs"] != "") == people["justice"]).all()
    for kind in ("pnc", "nomis", "crn"):
        own, second = people[~people[f"{kind}_merged"]], people[people[kind] != people[f"{kind}_2"]]
        assert own[kind].is_unique, kind
        assert second[f"{kind}_2"].is_unique, kind
        assert not set(second[f"{kind}_2"]) & set(people[kind]), kind
        merged = people[people[f"{kind}_merged"]]
        assert 0 < len(merged) < 0.005 * len(people), kind
        shared = people[kind].duplicated(keep=False)
        assert shared[merged.index].mean() > 0.9, kind


def test_shares_of_second_numbers_are_those_aimed_at(people):
    for kind, share in (
        ("nomis", "duplicate_person_number"),
        ("crn", "duplicate_person_number"),
        ("pnc", "second_pnc"),
    ):
        twice = (people[kind] != people[f"{kind}_2"]).mean()
        assert twice == pytest.approx(AIMS[share], abs=0.004), kind
