"""Forms of a name that become one name before they are keyed."""

import pytest

from linkage.pseudonymisation.one_name import FORENAMES, IN_FULL, IN_LATIN_LETTERS, TRANSLITERATED
from linkage.pseudonymisation.standardise import name, standard_forms

FORENAME, SURNAME = ("name", "full_forename"), ("name", "one_spelling")


@pytest.mark.parametrize(
    ("one", "other"), [("Liz", "ELIZABETH"), ("Kate", "Kathryn"), ("Ann-Marie", "Anne Marie"), ("Aysha", "Aisha")]
)
def test_two_forms_of_a_forename_are_one(one, other):
    assert len(set(standard_forms([one, other], FORENAME))) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("Georgia", "Georgina"), ("Diana", "Diane"), ("Joanna", "Joanne"), ("Kate", "Cath")]
)
def test_two_names_that_are_much_alike_stay_two(one, other):
    assert len(set(standard_forms([one, other], FORENAME))) == 2


def test_spellings_of_a_surname_are_one_and_two_families_are_two():
    hussain, husain, clark, clarke = standard_forms(["Hussain", "Husain", "Clark", "Clarke"], SURNAME)
    assert hussain == husain
    assert clark != clarke


def test_a_short_forename_is_no_short_surname():
    assert standard_forms(["Kelley", "Jo Kay"], SURNAME) == ["kelley", "jo kay"]


@pytest.mark.parametrize("forms", [FORENAMES, TRANSLITERATED], ids=["forenames", "surnames"])
def test_every_form_is_a_standard_form_and_stands_with_one_name_only(forms):
    written = [form for of_one in forms.values() for form in of_one.split()]
    assert len(written) == len(set(written))
    assert not set(written) & set(forms)
    assert all(name(form) == form for form in (*written, *forms))


def test_a_full_name_is_its_own_full_name():
    assert not set(IN_FULL.values()) & set(IN_FULL)
    assert not set(IN_LATIN_LETTERS.values()) & set(IN_LATIN_LETTERS)
