"""calibration.yaml: what cannot be is refused with one message that names the entry."""

import re
import warnings

import numpy as np
import pytest

from linkage.errors import ContractError
from linkage.synthetic.calibration import CALIBRATION, CHANCES, KNOB_UNITS, KNOBS, LIMITS, STEPS, read_calibration
from linkage.synthetic.days import NEVER
from linkage.synthetic.people.population import population

TEXT = CALIBRATION.read_text(encoding="utf-8")
AIMS = read_calibration()


@pytest.fixture
def refusal(tmp_path):
    """The message that refuses the file with a text in it."""

    def of(text: str) -> str:
        path = tmp_path / "calibration.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ContractError) as refused:
            read_calibration(path)
        return str(refused.value)

    return of


def edited(pattern: str, instead: str) -> str:
    """The file with the one line that starts as `pattern` says changed there."""
    text, times = re.subn(rf"^  {pattern}", f"  {instead}", TEXT, flags=re.MULTILINE)
    assert times == 1, pattern
    return text


def figure(name: str, value: str, unit: str = "") -> str:
    """The file with another value of a target or an assumption, and another unit if one is given."""
    text = edited(rf"{name}: {{value: [^,]+,", f"{name}: {{value: {value},")
    return re.sub(rf"^(  {name}: .*?)unit: [^,]+,", rf"\1unit: {unit},", text, flags=re.MULTILINE) if unit else text


def knob(name: str, value: str) -> str:
    """The file with another value of a knob."""
    return edited(rf"{name}: [-\d.]+", f"{name}: {value}")


def window(**days: str) -> str:
    """The file with other days."""
    text = TEXT
    for name, on in days.items():
        text = re.sub(rf"^  {name}: .*", f"  {name}: {on}", text, flags=re.MULTILINE)
    return text


def with_rates(**rates: float):
    """The calibration with other values of figures."""
    changed = {name: AIMS.assumptions[name].model_copy(update={"value": value}) for name, value in rates.items()}
    return AIMS.model_copy(update={"assumptions": {**AIMS.assumptions, **changed}})


# -- knobs ----------------------------------------------------------------------------------------------------------


def test_the_knobs_of_the_file_are_those_declared():
    assert AIMS.knobs.keys() == KNOBS
    assert KNOB_UNITS.keys() | {step for steps in STEPS for step in steps} | CHANCES <= KNOBS


def test_a_misspelt_knob_is_named_with_the_one_it_should_have_been(refusal):
    said = refusal(edited("prevention: (?!{)", "prevntion: "))
    assert "calibration.yaml: knobs: prevention missing; prevntion unknown. Spell them as KNOBS in" in said


@pytest.mark.parametrize("name", sorted(KNOBS))
def test_a_knob_that_is_missing_is_named_though_a_target_has_its_name(name, refusal):
    assert f"knobs: {name} missing." in refusal(edited(rf"{name}: (?!{{)", f"# {name}: "))


def test_a_knob_that_nothing_asks_for_is_named(refusal):
    assert "knobs: shoe_size unknown." in refusal(edited("prevention: (?!{)", "shoe_size: 0.4\n  prevention: "))


@pytest.mark.parametrize("name", sorted(CHANCES))
@pytest.mark.parametrize("value", ["-0.01", "1.01"])
def test_a_chance_beyond_0_and_1_is_named(name, value, refusal):
    assert f"knobs: {name} {value} cannot be, as the unit is share: choose from 0 to 1." in refusal(knob(name, value))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("odds_short_custody", "0", "odds_short_custody 0 cannot be, as the unit is odds: choose above 0."),
        ("older_surname", "-1", "older_surname -1 cannot be, as the unit is times: choose 0 or more."),
        ("reoffences_mean", "0.9", "reoffences_mean 0.9 cannot be, as the unit is number: choose 1 or more."),
        ("step_fine", "2", "step_community_order must be above step_fine."),
        ("step_4_years", "0.7", "step_4_years must be above step_12_months."),
        ("dob_digit", '"0.5"', "knobs.dob_digit: '0.5' stands there. Write a number without quotes"),
        ("dob_digit", "yes", "knobs.dob_digit: a bare yes (true) stands there. Write a number"),
        ("dob_digit", ".nan", "knobs.dob_digit: nan stands there. Write a number"),
        ("reoffending_fine", "-.inf", "knobs.reoffending_fine: -inf stands there. Write a number"),
        ("reoffending_fine", "", "knobs.reoffending_fine: nothing stands there. Write a number"),
    ],
)
def test_a_knob_that_cannot_be_is_named(name, value, said, refusal):
    assert said in refusal(knob(name, value))


def test_log_odds_may_be_any_number(tmp_path):
    path = tmp_path / "calibration.yaml"
    path.write_text(knob("reoffending_fine", "-7"), encoding="utf-8")
    assert read_calibration(path)["reoffending_fine"] == -7


# -- figures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("foreign_born", "1.2", "targets.foreign_born: value 1.2 cannot be, as the unit is share: choose from 0 to 1."),
        ("foreign_born", "-0.1", "targets.foreign_born: value -0.1 cannot be"),
        ("household_moves", "1.5", "assumptions.household_moves: value 1.5 cannot be"),
        ("effect_of_short_custody", "-2", "targets.effect_of_short_custody: value -2 cannot be"),
        ("odds_employed", "0", "targets.odds_employed: value 0 cannot be, as the unit is odds: choose above 0."),
        ("odds_theft", "-1", "assumptions.odds_theft: value -1 cannot be"),
        ("claim_days", "-1", "assumptions.claim_days: value -1 cannot be, as the unit is days"),
        ("claim_days", "100000", "assumptions.claim_days: value 100000 cannot be"),
        ("death_rate_doubles_in_years", "0", "death_rate_doubles_in_years: value 0 cannot be, as the unit is years"),
        (
            "emigrates_a_year",
            "-0.1",
            "emigrates_a_year: value -0.1 cannot be, as the unit is a year: choose 0 or more.",
        ),
        ("death_rate_men", "-1", "death_rate_men: value -1 cannot be, as the unit is times"),
        ("care_spread", "-0.1", "care_spread: value -0.1 cannot be, as the unit is spread"),
        ("reoffences_per_reoffender", "0.5", "targets.reoffences_per_reoffender: value 0.5 cannot be"),
        ("foreign_born", '"0.12"', "targets.foreign_born.value: '0.12' stands there. Write a number without quotes"),
        ("foreign_born", "a few", "targets.foreign_born.value: 'a few' stands there. Write a number"),
        ("foreign_born", "yes", "targets.foreign_born.value: a bare yes (true) stands there. Write a number"),
        ("foreign_born", ".nan", "targets.foreign_born.value: nan stands there. Write a number"),
        ("odds_theft", ".inf", "assumptions.odds_theft.value: inf stands there. Write a number"),
        (
            "settled_effect_no_fixed_abode",
            "-.inf",
            "settled_effect_no_fixed_abode.value: -inf stands there. Write a number",
        ),
    ],
)
def test_a_value_that_cannot_be_is_named(name, value, said, refusal):
    assert said in refusal(figure(name, value))


def test_a_unit_that_there_is_not_is_named(refusal):
    assert "assumptions.claim_days.unit: 'weeks' cannot stand there. There are: share, points" in refusal(
        figure("claim_days", "900", "weeks")
    )


def test_a_figure_without_a_unit_is_a_share(refusal):
    said = refusal(TEXT.replace("claim_days: {value: 900, unit: days,", "claim_days: {value: 900,"))
    assert "assumptions.claim_days: value 900 cannot be, as the unit is share" in said


def test_all_that_is_wrong_is_said_at_once(refusal):
    said = refusal(figure("foreign_born", "1.2").replace("\n  older_surname:", "\n  oldest_surname:"))
    assert "targets.foreign_born" in said
    assert "knobs: older_surname missing; oldest_surname unknown" in said


def test_every_unit_is_used_and_every_limit_is_in_order():
    figures = [*AIMS.targets.values(), *AIMS.assumptions.values()]
    assert {one.unit for one in figures} == LIMITS.keys()
    assert all(least < most for least, most, _ in LIMITS.values())


# -- keys and days --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "before", "said"),
    [
        ("older_surname: ", "older_surname: 0.5", r"line \d+: knobs.older_surname stands twice; keep one of them."),
        (
            "foreign_born: ",
            "foreign_born: {value: 0.1, source: a, confidence: low}",
            "targets.foreign_born stands twice",
        ),
        ("data_to: ", "data_to: 2025-12-30", "window.data_to stands twice"),
    ],
)
def test_a_name_that_stands_twice_is_named_with_its_line(pattern, before, said, refusal):
    assert re.search(said, refusal(edited(pattern, f"{before}\n  {pattern}")))


def test_a_section_or_a_field_that_stands_twice_is_named(refusal):
    assert ": knobs stands twice" in refusal("knobs: {}\n" + TEXT)
    assert "targets.foreign_born.value stands twice" in refusal(figure("foreign_born", "0.5, value: 0.12"))


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"delivered": "2027-01-02"}, r"delivered \(2027-01-02\) must be within 366 days of data_to \(2025-12-31\)"),
        ({"delivered": "2025-12-31"}, r"delivered \(2025-12-31\) must be after data_to"),
        ({"data_to": "2025-12-01"}, r"data_to \(2025-12-01\) must be after cohorts_to \(2024-06-30\) by 547 days"),
        ({"cohorts_to": "2022-07-01"}, r"cohorts_to \(2022-07-01\) must be after cohorts_from"),
        (
            {"history_from": "2022-05-02"},
            r"cohorts_from \(2022-07-01\) must be after history_from \(2022-05-02\) by 61",
        ),
        ({"history_from": "2023-01-01"}, r"cohorts_from \(2022-07-01\) must be after history_from"),
        ({"history_from": "never"}, "history_from: 'never' stands there. Write a date"),
    ],
)
def test_days_that_do_not_follow_each_other_are_named(days, said, refusal):
    assert re.search(rf"calibration.yaml: window.*{said}", refusal(window(**days)))


# -- rates of zero --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rates", "none"),
    [
        ({"emigrates_a_year": 0.0}, "left"),
        ({"death_rate_women_at_60": 0.0}, "died"),
        ({"emigrates_a_year": 0.0, "death_rate_women_at_60": 0.0}, "left"),
    ],
)
def test_what_comes_at_a_rate_of_zero_comes_to_nobody(rates, none):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        people = population(2_000, with_rates(**rates), np.random.default_rng(1)).people
    assert (people[none] == NEVER).all()


def test_only_those_born_abroad_stay_if_they_leave_zero_times_as_often():
    people = population(6_000, with_rates(emigrates_foreign_born=0.0), np.random.default_rng(1)).people
    left = people["left"] < NEVER
    assert not left[people["foreign_born"]].any()
    assert left[~people["foreign_born"]].any()
