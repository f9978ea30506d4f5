"""What invented people are made of: figures, names, places and numbers, and which of them are refused."""

import functools
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from linkage.contracts.reading import Declaration, parsed, read, read_text
from linkage.errors import ContractError
from linkage.synthetic.calibration import Calibration, read_calibration
from linkage.synthetic.people import identifiers, names, places
from linkage.synthetic.people.population import population

AIMS = read_calibration()
GEOGRAPHY = Path(places.__file__).with_name("geography.yaml")
LISTS = Path(names.__file__).with_name("names.yaml")


def read_changed(model: type[Declaration], path: Path, place: str, value: object, folder: Path) -> Declaration:
    """The declaration at the path, read with the value at one place of it another."""
    content = parsed(path, read_text(path))
    *above, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    functools.reduce(lambda within, part: within[part], above, content)[last] = value
    changed = folder / path.name
    changed.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return read(model, changed)


def changed_calibration(**parts: object) -> Calibration:
    """The calibration with some of its parts replaced."""
    return Calibration.model_validate(AIMS.model_dump() | parts)


# -- the calibration ------------------------------------------------------------------------------------------------


def test_a_figure_that_is_not_there_is_named():
    with pytest.raises(ContractError, match="calibration.yaml: shoe_size is missing"):
        AIMS["shoe_size"]


def test_a_knob_stands_before_the_target_it_serves():
    target = {"value": 0.5, "source": "somebody", "confidence": "low"}
    aims = changed_calibration(targets={"a": target, "b": target}, assumptions={}, knobs={"a": -2.0})
    assert (aims["a"], aims["b"]) == (-2.0, 0.5)


def test_an_assumption_may_not_be_a_target_or_a_knob_as_well():
    guess = {"value": 0.5, "source": "ours", "confidence": "placeholder"}
    with pytest.raises(ValueError, match="assumptions.alias stands in targets too"):
        changed_calibration(assumptions={"alias": guess})
    with pytest.raises(ValueError, match="assumptions.step_fine stands in knobs too"):
        changed_calibration(targets={}, assumptions={"step_fine": guess})


def test_a_target_may_not_be_a_placeholder():
    with pytest.raises(ValueError, match=r"targets.alias.confidence"):
        changed_calibration(targets={"alias": {"value": 0.2, "source": "ours", "confidence": "placeholder"}})


def test_the_window_must_be_in_order():
    with pytest.raises(ValueError, match="delivered .* must be after data_to"):
        changed_calibration(window=AIMS.window.model_dump() | {"delivered": AIMS.window.data_to})


# -- blocks ---------------------------------------------------------------------------------------------------------


def test_more_people_than_there_are_test_numbers_for_are_refused():
    with pytest.raises(ContractError, match="--people 2000001: there are test numbers of the NHS for 2,000,000 people"):
        population(200, AIMS, np.random.default_rng(1), first=1_999_801)


# -- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("culture", ["irish", "eastern_european", "south_asian_other", "black_african", "arabic"])
def test_a_culture_has_more_names_than_its_common_ones(culture):
    for kind in ("female", "male", "surnames"):
        found, shares = names.pool(culture, kind)
        common = getattr(names.read_names(), culture)
        assert len(set(found)) > 2 * len(getattr(common, kind)), kind
        assert shares.sum() == pytest.approx(1)
        assert shares[: len(getattr(common, kind))].sum() == pytest.approx(common.common)


def test_a_locale_that_faker_has_not_is_named():
    with pytest.raises(ContractError, match="names.yaml: Faker has no female for the locale xx_XX"):
        names.from_faker("xx_XX", "female")


def test_a_locale_without_a_name_in_latin_letters_is_named():
    with pytest.raises(ContractError, match="names.yaml: Faker has no female in Latin letters for the locale zh_CN"):
        names.from_faker("zh_CN", "female")


@pytest.mark.parametrize(
    ("place", "value", "what"),
    [("irish.common", 1.5, "Write 1 or less"), ("irish.common", float("nan"), ""),
     ("english.own_cohort", 7, "Write 1 or less"), ("english.rare_surnames", -1, "Write 0 or more"),
     ("irish.female", [], "Name 1 or more"), ("english.female.1930", [], "Name 1 or more"),
     ("english.male", {}, "Name 1 or more"), ("english.stems", [], "Name 1 or more"),
     ("irish.surnames.0", "", "is no name"), ("irish.surnames.0", " ", "is no name"),
     ("irish.female.0", "Mary,Ann", "comma"), ("irish.female.0", 'Mary"x', "quote"),
     ("short_forms.Susan", [], "Name 1 or more"), ("variants", [["Mary", "Mary"]], "another spelling")],
)  # fmt: skip
def test_an_impossible_name_or_share_is_refused_by_its_place(place, value, what, tmp_path):
    with pytest.raises(ContractError, match=rf"names.yaml: {place}.*{what}"):
        read_changed(names.Names, LISTS, place, value, tmp_path)


def test_a_culture_without_common_names_needs_a_locale(tmp_path):
    with pytest.raises(ContractError, match="names.yaml: south_asian_muslim: common is 0"):
        read_changed(names.Names, LISTS, "south_asian_muslim.common", 0, tmp_path)


# -- homes ----------------------------------------------------------------------------------------------------------


def test_postcode_authority_force_and_region_agree_and_no_postcode_is_real():
    homes = places.homes(places.read_geography(), 2_000, np.random.default_rng(1))
    assert (homes.groupby("district")["local_authority"].nunique() == 1).all()
    assert (homes.groupby("local_authority")["police_force_area"].nunique() == 1).all()
    assert (homes.groupby("police_force_area")["region"].nunique() == 1).all()
    assert homes["postcode"].str.fullmatch(r"[A-Z]{1,2}\d[A-Z\d]? \d[CIKMOV]{2}").all()
    assert homes["local_authority"].str.fullmatch(r"(E0[6-9]|W06)9\d{5}").all()


@pytest.mark.parametrize(
    ("place", "value", "what"),
    [("forces.0.weight", -1, "Write more than 0"), ("forces.0.weight", 0, "Write more than 0"),
     ("forces.0.weight", float("nan"), ""), ("forces.0.weight", float("inf"), "inf stands there. Write a number"),
     ("forces.0.authorities", 0, "Write 1 or more"), ("forces.0.authorities", 500, "500 stands .* or less"),
     ("forces.0.areas", [], "Name 1 or more"), ("forces.0.areas.0", "", "must match the pattern"),
     ("forces.0.authority_type", "X", "'X' cannot stand.* E06"), ("forces.0.force", "Met", "must match the pattern"),
     ("forces", [], "Name 1 or more")],
)  # fmt: skip
def test_an_impossible_place_is_refused_by_its_entry(place, value, what, tmp_path):
    with pytest.raises(ContractError, match=rf"geography.yaml: {place}.*{what}"):
        read_changed(places.Geography, GEOGRAPHY, place, value, tmp_path)


@pytest.mark.parametrize(
    ("place", "value", "what"),
    [("forces.1.force", "E23000001", "force E23000001 is there twice"), ("forces.1.areas", ["E"], "area E is given")],
)
def test_a_force_stands_once_and_an_area_belongs_to_one(place, value, what, tmp_path):
    with pytest.raises(ContractError, match=f"geography.yaml: forces: {what}"):
        read_changed(places.Geography, GEOGRAPHY, place, value, tmp_path)


# -- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "serial", "letter"), [(1981, 34, "U"), (2002, 73319, "Z"), (2000, 223, "R"), (1979, 163001, "B")]
)
def test_the_check_letter_is_that_of_published_examples(year, serial, letter):
    assert identifiers.check_letter(year, serial) == letter


def test_the_check_digits_are_those_of_the_nhs_data_dictionary():
    valid = identifiers.valid_nhs_numbers()
    assert len(valid) in (909_090, 909_091)
    assert valid[0] >= 9_990_000_000
    assert valid[-1] <= 9_999_999_999
    for number in valid[:: len(valid) // 50].tolist():
        figures = [int(figure) for figure in str(number)]
        weighted = sum(weight * figure for weight, figure in zip(range(10, 1, -1), figures, strict=False))
        assert (11 - weighted % 11) % 11 == figures[9]


@pytest.mark.parametrize("below", [909_091, 1_000_000])
def test_scattered_numbers_are_all_different_and_no_neighbours(below):
    found = identifiers.scattered(np.arange(below), below, 7, "any")
    assert (np.bincount(found, minlength=below) == 1).all()
    assert (np.abs(np.diff(found[:10_000])) > 1_000).all()


def test_every_pnc_id_of_two_million_people_is_another():
    years = np.full(100_000, 2010)
    made = [identifiers.pnc_ids(np.arange(begin, begin + 100_000), years, 3) for begin in range(0, 4_000_000, 500_000)]
    assert len(set(np.concatenate(made))) == 800_000


def test_nhs_numbers_of_blocks_never_meet_and_last_for_two_million_people():
    taken = [identifiers.nhs_indices(first, 25_000, 11_250) for first in range(0, 2_000_000, 25_000)]
    every = np.concatenate(taken)
    assert len(np.unique(every)) == len(every)
    assert every.max() < len(identifiers.valid_nhs_numbers())
    with pytest.raises(ContractError, match="calibration.yaml: women_with_justice_lives.*Lower a share"):
        identifiers.nhs_indices(0, 1_000, 451)


def test_row_ids_are_all_different_and_tell_nothing_of_the_row():
    index = np.concatenate([block * 2**24 + np.arange(50_000) for block in range(3)])
    made = identifiers.row_ids("OF", index, 5)
    assert len(set(made)) == len(index)
    assert all(re.fullmatch(r"OF[0-9A-HJKMNP-TV-Z]{8}", made[at]) for at in range(0, len(index), 1000))
    places_of_sorted = np.argsort(made.astype(str), kind="stable")
    assert abs(np.corrcoef(places_of_sorted, np.arange(len(index)))[0, 1]) < 0.02
    assert not set(made) & set(identifiers.row_ids("OF", index, 6))
