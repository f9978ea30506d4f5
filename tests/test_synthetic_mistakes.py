"""The mistakes of clerks: every one is labelled, nothing else is, and some people's records have more of them."""

import dataclasses
import datetime
import re

import numpy as np
import pandas as pd
import pytest
from small_deliveries import (
    EARLY,
    KEYS,
    LATE,
    NAMES,
    PEOPLE,
    SEED,
    SURNAMES,
    extract,
    extracts,
    has,
    with_figure,
    with_people,
)

from linkage.synthetic.days import dates
from linkage.synthetic.departments.columns import Extract, Lives, clerk_of
from linkage.synthetic.departments.delivery import date_to_spoil
from linkage.synthetic.departments.mistakes import LABELS, Entries
from linkage.synthetic.departments.ndtms import NDTMS
from linkage.synthetic.departments.slips import (
    another_surname_initial,
    day_for_month,
    halved,
    one_digit,
    plain_letters,
    slip,
    wrong_figure,
)
from linkage.synthetic.departments.writing import joined_names, postcodes, spelt
from linkage.synthetic.people.identifiers import check_letter

POSTCODES = {
    "court": "postcode", "dwp": "postcode", "hclic": "last_settled_postcode", "paye": "postcode",
    "prison": "discharge_postcode", "probation": "postcode",
}  # fmt: skip
WORDS_FOR_WOMEN = {"F", "Female", "FEMALE", "2"}
WORDS_FOR_UNCLEAR = {
    "",
    "NS",
    "N",
    "9",
    "Prefer not to say",
    "Not Known / Not Recorded",
    "Not Specified (Indeterminate)",
}
SURNAME_LABELS = (
    "typo_surname", "transliteration", "names_swapped", "older_surname", "alias_used", "double_barrel_flipped",
    "double_barrel_halved", "double_barrel_spaced",
)  # fmt: skip


def with_figures(lives: Lives, **figures: float) -> Lives:
    """The same lives under a calibration in which some figures are others."""
    for name, value in figures.items():
        lives = with_figure(lives, name, value)
    return lives


def entries_of(lives: Lives, many: int) -> Entries:
    """The first people as the treatment agencies write them down."""
    clerk = clerk_of(NDTMS, lives, np.random.default_rng(SEED), LATE)
    return clerk.entries(np.arange(many), np.full(many, EARLY))


@pytest.fixture(scope="module")
def mistyped(lives) -> dict[str, Extract]:
    """The late extracts by clerks who mistype one number in ten."""
    return extracts(with_figure(lives, "id_wrong", 0.1))


# -- labels tell the truth ------------------------------------------------------------------------------------------


def test_the_labels_met_are_those_of_the_closed_list(mistyped):
    met = {label for made in mistyped.values() for text in made.errors for label in text.split(";") if label}
    assert met == set(LABELS) - {"crn_wrong"}


@pytest.mark.parametrize("name", NAMES)
def test_a_date_of_birth_is_wrong_where_a_label_says_so_and_nowhere_else(name, lives, late):
    made = late[name]
    true = pd.Series(dates(lives.people.people["born"].to_numpy()[made.who]))
    wrong = (made.rows["date_of_birth"].reset_index(drop=True) != true).to_numpy()
    labels = [label for label in LABELS if label.startswith("dob_")]
    assert (wrong == has(made, *labels)).all()
    assert (made.rows["date_of_birth"].isna().to_numpy() == has(made, "dob_missing")).all()
    swapped = made.rows["date_of_birth"][has(made, "dob_day_month_swapped")]
    right = true[has(made, "dob_day_month_swapped")]
    assert (swapped.dt.day.to_numpy() == right.dt.month.to_numpy()).all()


@pytest.mark.parametrize("name", sorted(SURNAMES))
def test_a_surname_without_a_label_is_the_lawful_one_of_its_number(name, lives, late):
    made, people = late[name], lives.people.people
    lawful = np.stack([people[f"surname_{n}"].to_numpy(dtype=object) for n in range(3)])[made.name, made.who]
    form = np.vectorize(lambda text: text.upper().replace("-", " "), otypes=[object])
    same = form(made.rows[SURNAMES[name]].to_numpy(dtype=object)) == form(lawful)
    labelled = has(made, *SURNAME_LABELS)
    assert same[~labelled].all()
    slipped = has(made, "typo_surname") & ~has(made, *(set(SURNAME_LABELS) - {"typo_surname", "older_surname"}))
    assert not same[slipped].any()


@pytest.mark.parametrize("name", NAMES)
def test_a_sex_is_wrong_or_unclear_where_a_label_says_so(name, lives, late):
    made, column = late[name], {"prison": "gender", "probation": "gender_code"}.get(name, "sex")
    written = made.rows[column].to_numpy(dtype=object)
    unclear = np.isin(written, list(WORDS_FOR_UNCLEAR))
    assert (unclear == has(made, "sex_unclear")).all()
    wrong = ~unclear & (np.isin(written, list(WORDS_FOR_WOMEN)) != lives.people.people["female"].to_numpy()[made.who])
    assert (wrong == has(made, "sex_wrong")).all()


@pytest.mark.parametrize("name", sorted(POSTCODES))
def test_a_postcode_is_missing_or_pseudo_where_a_label_says_so(name, lives, late):
    made = late[name]
    written = made.rows[POSTCODES[name]].to_numpy(dtype=object)
    assert ((written == "") == has(made, "postcode_missing", "address_withheld")).all()
    pseudo = np.isin([code.replace(" ", "") for code in written], ["NF11NF", "NF11FA", "ZZ993VZ"])
    assert (pseudo == has(made, "postcode_pseudo")).all()
    real_home = has(made, "postcode_missing", "address_withheld", "postcode_pseudo", "postcode_old", "postcode_typo")
    homes = lives.people.homes["postcode"].str.replace(" ", "").to_numpy()
    hers = np.stack([homes[lives.people.people[f"home_{n}"]] for n in range(3)])[:, made.who]
    closed = np.array([code.replace(" ", "") for code in written], dtype=object)
    assert (hers == closed).any(axis=0)[~real_home].mean() > 0.99


@pytest.mark.parametrize(
    ("name", "column", "kind"),
    [("court", "pnc_id", "pnc"), ("prison", "pnc_number", "pnc"), ("probation", "pnc_id", "pnc"),
     ("probation", "national_insurance_number", "nino"), ("probation", "nhs_number", "nhs"), ("paye", "nino", "nino"),
     ("hclic", "nino", "nino")],
)  # fmt: skip
def test_an_identifier_is_missing_or_mistyped_where_a_label_says_so(name, column, kind, lives, mistyped):
    made, people = mistyped[name], lives.people.people
    written = made.rows[column].to_numpy(dtype=object)
    assert ((written == "") == (has(made, f"{kind}_missing") | (people[kind].to_numpy()[made.who] == ""))).all()
    own = people[kind].to_numpy(dtype=object)[made.who]
    second = people.get(f"{kind}_2", people[kind]).to_numpy(dtype=object)[made.who]
    tail = np.vectorize(lambda text: text.replace("/", "")[-10:], otypes=[object])
    hers = (tail(written) == tail(own)) | (tail(written) == tail(second)) | (written == "")
    merged = has(made, "merged_number")
    assert (~hers == has(made, f"{kind}_wrong"))[~merged].all()
    assert has(made, f"{kind}_wrong").any()


def test_a_protected_address_is_withheld_and_the_record_says_so(late):
    for name, column in (
        ("prison", "protected"),
        ("probation", "protected"),
        ("dwp", "sensitive"),
        ("hclic", "refuge_address"),
    ):
        made = late[name]
        assert ((made.rows[column] == "Y").to_numpy() == has(made, "address_withheld")).all()
        assert has(made, "address_withheld").any()


def test_initials_are_those_of_her_names_unless_a_label_says_otherwise(lives, late):
    made, people = late["ndtms"], lives.people.people
    forenames = people["forename"].to_numpy(dtype=object)[made.who]
    surnames = np.stack([people[f"surname_{n}"].to_numpy(dtype=object) for n in range(3)])[made.name, made.who]
    true = [plain_letters(a)[0].upper() + plain_letters(b)[0].upper() for a, b in zip(forenames, surnames, strict=True)]
    wrong = made.rows["initials"].to_numpy(dtype=object) != np.array(true, dtype=object)
    assert not (wrong & ~has(made, "initials_wrong", "typo_forename", "short_forename", *SURNAME_LABELS)).any()
    assert has(made, "initials_wrong").any()
    assert wrong[has(made, "initials_wrong")].all()


def test_half_a_postcode_is_labelled_where_the_mistake_is_in_that_half(lives):
    made = extract(with_figures(lives, postcode_old=0.4, postcode_typo=0.4), "ndtms")
    dated = made.rows["triage_date"].notna().to_numpy()
    on = made.rows["triage_date"].fillna(pd.Timestamp(dates(LATE).item())).to_numpy("datetime64[D]").astype(np.int64)
    district = lives.people.homes["district"].to_numpy(dtype=object)[lives.people.home_on(made.who, on)]
    other = made.rows["postcode_part"].to_numpy(dtype=object) != district
    instead = has(made, "postcode_missing", "postcode_pseudo", "address_withheld")
    assert other[instead & dated].all()
    assert (other == has(made, "postcode_old"))[dated & ~instead].all()
    assert has(made, "postcode_old").any()
    assert not has(made, "postcode_typo").any()


def test_a_postcode_that_two_mistakes_make_right_has_no_label(lives):
    homes = lives.people.homes.assign(postcode=[f"ZZ1 {number % 10}CC" for number in range(len(lives.people.homes))])
    alike = dataclasses.replace(lives, people=dataclasses.replace(lives.people, homes=homes))
    entries = entries_of(with_figures(alike, postcode_old=0.9, postcode_typo=0.9), PEOPLE)
    home = lives.people.home_on(entries.who, entries.on)
    wrong = postcodes(entries, home) != homes["postcode"].to_numpy(dtype=object)[home]
    assert ((entries.marks["postcode_old"] | entries.marks["postcode_typo"]) == wrong).all()
    assert 0.5 < wrong.mean() < 1


def test_a_second_prison_number_is_no_mistake_in_a_case_that_names_none(lives):
    people = lives.people.people
    others = {"nomis_2": np.roll(people["nomis"], 1), "nomis_merged": np.arange(len(people)) % 3 == 0}
    ones = {
        f"{kind}{end}": people[kind] if end == "_2" else False for kind in ("pnc", "crn") for end in ("_2", "_merged")
    }
    made = extract(with_people(lives, **others, **ones), "probation")
    named = (made.rows["noms_number"] != "").to_numpy()
    for label in ("second_number", "merged_number"):
        assert has(made, label)[named].any()
        assert not has(made, label)[~named].any()


def test_a_typo_in_the_half_of_a_joined_name_that_was_left_out_is_not_labelled(lives):
    entries = entries_of(with_figures(lives, typo_surname=0.5, double_barrel_halved=0.5), PEOPLE)
    right = np.full(PEOPLE, "Smith-Jones", dtype=object)
    found = joined_names(entries, spelt(entries, right, "typo_surname"), right)
    halved, typo = entries.marks["double_barrel_halved"], entries.marks["typo_surname"]
    whole = np.isin(np.char.upper(found.astype(str)), ["SMITH", "JONES"])
    assert (typo == ~whole)[halved].all()
    assert typo[halved].any()
    assert whole[halved].any()


def test_a_spelling_that_a_typo_brings_back_to_the_name_is_not_labelled(lives):
    entries = entries_of(with_figures(lives, transliteration=0.9, typo_forename=0.9, typo_surname=0), PEOPLE)
    spelt(entries, np.where(entries.who < 1000, "Hussain", "Smith").astype(object), "typo_surname")
    surname = entries.marks["transliteration"].copy()
    found = spelt(entries, np.full(PEOPLE, "Mia", dtype=object), "typo_forename", {"Miah": ("Mia",)})
    labelled = entries.marks["typo_forename"] | (entries.marks["transliteration"] & ~surname)
    wrong = np.char.upper(found.astype(str)) != "MIA"
    assert (labelled == wrong)[~surname].all()
    assert entries.marks["transliteration"][surname].all()
    assert surname.any()


@pytest.mark.parametrize("name", NAMES)
def test_a_few_rows_cannot_be_used_and_are_labelled(name, datasets, lives):
    date = date_to_spoil(datasets[name])
    made = extract(with_figure(lives, "row_unusable", 0.05), name)
    assert (made.rows[date].isna().to_numpy() == has(made, "row_unusable")).all()
    assert 0.02 < has(made, "row_unusable").mean() < 0.08


# -- who is recorded worse ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trait", ["no fixed abode", "minority"])
def test_mistakes_are_commoner_in_the_records_of_the_badly_served(trait, lives, late):
    people = lives.people.people
    minority = ~people["ethnicity"].str.startswith("W").to_numpy()
    worse = people["nfa"].to_numpy(dtype=bool) if trait == "no fixed abode" else minority
    labels = ("dob_digit", "dob_first_of_january", "typo_surname", "typo_forename", "pnc_missing", "nino_missing")
    wrong = pd.concat(
        [pd.DataFrame({"who": m.who, "wrong": has(m, *labels)}) for m in (late["court"], late["probation"])]
    )
    of_each = wrong.groupby("who")["wrong"].mean()
    among = worse[of_each.index.to_numpy()]
    assert of_each[among].mean() > 1.15 * of_each[~among].mean()


def test_mistakes_come_to_the_same_people_in_different_departments(late):
    labels = ("dob_digit", "dob_first_of_january", "typo_surname", "typo_forename", "pnc_missing")
    badly = {name: has(late[name], *labels) for name in ("court", "probation")}
    by_courts = set(late["court"].who[badly["court"]])
    also_in_court = np.isin(late["probation"].who, late["court"].who)
    worse = np.array([who in by_courts for who in late["probation"].who])
    wrong = badly["probation"]
    assert wrong[worse].mean() > 1.1 * wrong[also_in_court & ~worse].mean()


# -- identifiers stay where nobody real has one ----------------------------------------------------------------------


def test_no_identifier_can_be_a_real_persons_even_when_it_is_mistyped(mistyped):
    rows = {name: made.rows for name, made in mistyped.items()}
    forms = {
        r"(19|20)?\d\d/?9\d{6}[A-HJ-NP-RT-Z]": [rows["court"]["pnc_id"], rows["prison"]["pnc_number"],
                                               rows["probation"]["pnc_id"]],
        r"ZZ\d{6}[A-D]": [rows["paye"]["nino"], rows["dwp"]["nino"], rows["hclic"]["nino"],
                          rows["probation"]["national_insurance_number"]],
        r"999\d{7}": [rows["probation"]["nhs_number"]],
        r"[T-Z]\d{4}[A-Z]{2}": [rows["prison"]["prisoner_number"], rows["probation"]["noms_number"]],
    }  # fmt: skip
    for form, columns in forms.items():
        for column in columns:
            written = column[column != ""]
            assert len(written) > 50
            assert written.map(lambda text, form=form: bool(re.fullmatch(form, text))).all()


def test_a_mistyped_pnc_id_has_a_wrong_check_letter(late):
    made = late["court"]
    pnc = made.rows["pnc_id"][(made.rows["pnc_id"] != "")]
    parts = [re.fullmatch(r"(?:\d\d)?(\d\d)/?(\d{7})([A-Z])", text) for text in pnc]
    wrong = np.array([check_letter(int(p[1]), int(p[2])) != p[3] for p in parts])
    assert (wrong == has(made, "pnc_wrong")[(made.rows["pnc_id"] != "").to_numpy()]).all()


def test_courts_write_some_pnc_ids_in_their_short_forms(late):
    written = late["court"].rows["pnc_id"]
    assert written.str.fullmatch(r"\d\d/\d{7}[A-Z]").any()
    assert written.str.fullmatch(r"\d{11}[A-Z]").any()


def test_a_record_id_comes_once_in_the_whole_population(lives):
    other = dataclasses.replace(lives, block=1)
    for name in NAMES:
        ids = [extract(block, name).rows[KEYS[name]] for block in (lives, other)]
        assert not set(ids[0]) & set(ids[1])
        assert ids[0].is_unique
        assert ids[0].is_monotonic_increasing


def test_a_prison_number_is_in_a_case_only_after_a_reception(lives, early):
    made, custody = early["probation"], lives.events["custody"]
    inside = set(custody["who"][custody["reception_date"] <= EARLY])
    named = made.rows["noms_number"] != ""
    assert named.any()
    assert set(made.who[named]) <= inside


# -- slips ----------------------------------------------------------------------------------------------------------


def test_a_slip_changes_a_name_but_little():
    for pick in np.linspace(0, 0.999, 200):
        assert slip("Henderson", float(pick))
        assert abs(len(slip("Henderson", float(pick))) - len("Henderson")) <= 1
    assert slip("Ng", 0.5) == "Ngg"


@pytest.mark.parametrize("name", ["Aaliyah", "Anna", "Lloyd", "Eee", "Ng", "Li Na", "Smith-Jones", "Đặng"])
def test_a_slip_is_never_one_of_capitals_alone(name):
    assert all(slip(name, float(pick)).upper() != name.upper() for pick in np.linspace(0, 0.9999, 2_000))


def test_half_of_a_name_whose_hyphen_was_typed_twice_is_a_name():
    assert {halved("Smith--Jones", pick) for pick in (0.2, 0.7)} == {"Smith", "Jones"}


def test_wrong_dates_of_birth_are_still_dates():
    assert day_for_month(datetime.date(1990, 3, 4), 0) == datetime.date(1990, 4, 3)
    assert day_for_month(datetime.date(1990, 3, 14), 0) == datetime.date(1990, 3, 14)
    for pick in np.linspace(0, 0.999, 200):
        other = one_digit(datetime.date(1988, 2, 29), float(pick))
        differing = [a != b for a, b in zip(other.isoformat(), "1988-02-29", strict=True)]
        assert sum(differing) == 1


def test_a_mistyped_number_keeps_its_reserved_beginning_and_differs_in_one_digit():
    for pick in np.linspace(0, 0.999, 100):
        other = wrong_figure("9990012345", float(pick), kept=3)
        assert other.startswith("999")
        assert sum(a != b for a, b in zip(other, "9990012345", strict=True)) == 1


def test_a_wrong_initial_is_another():
    assert all(another_surname_initial("AB", pick)[1] != "B" for pick in np.linspace(0, 0.999, 60))
