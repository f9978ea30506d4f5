"""What departments deliver about invented people: their mistakes are labelled, and a later delivery knows more."""

import dataclasses
import datetime
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from linkage.contracts.dataset import Column, Dataset, read_datasets
from linkage.errors import ContractError
from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.days import NEVER, dates, day
from linkage.synthetic.departments import hclic as housing
from linkage.synthetic.departments.columns import Extract, Lives, clerk_of
from linkage.synthetic.departments.delivery import Delivery, date_to_spoil, in_form, never_a_day, part
from linkage.synthetic.departments.dictionary import SOURCES, dictionary
from linkage.synthetic.departments.mistakes import LABELS, Entries
from linkage.synthetic.departments.ndtms import NDTMS
from linkage.synthetic.departments.paye import tax_year_start
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
from linkage.synthetic.synthesise import DEPARTMENTS, Block, invented_lives

SCHEMAS = Path(__file__).parents[1] / "schemas"
NAMES = sorted(DEPARTMENTS)
SEED, PEOPLE = 7, 5_000
AIMS = read_calibration()
EARLY, LATE = day(datetime.date(2024, 6, 30)), day(AIMS.window.delivered)
KEYS = {
    "court": "offence_id", "dwp": "claim_id", "hclic": "duty_id", "ndtms": "episode_id", "paye": "employment_id",
    "prison": "booking_id", "probation": "review_id",
}  # fmt: skip
STARTS = {
    "court": "outcome_date", "dwp": "start_date", "hclic": "duty_start", "ndtms": "triage_date", "paye": "start_date",
    "prison": "reception_date", "probation": "review_date",
}  # fmt: skip
ENDS = {
    "dwp": "end_date", "hclic": "duty_end", "ndtms": "discharge_date", "paye": "end_date", "prison": "release_date",
    "probation": "end_date",
}  # fmt: skip
SURNAMES = {
    "court": "surname", "dwp": "surname", "hclic": "last_name", "paye": "surname", "prison": "last_name",
    "probation": "surname",
}  # fmt: skip
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


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    return read_datasets(SCHEMAS)


@pytest.fixture(scope="module")
def lives() -> Lives:
    return invented_lives(Block(0, 0, PEOPLE), SEED)


def extract(lives: Lives, name: str, as_of: int = LATE) -> Extract:
    """One department's extract, of the same world whatever the day."""
    return DEPARTMENTS[name](lives, np.random.default_rng([SEED, NAMES.index(name)]), as_of)


@pytest.fixture(scope="module")
def late(lives) -> dict[str, Extract]:
    return {name: extract(lives, name) for name in NAMES}


@pytest.fixture(scope="module")
def early(lives) -> dict[str, Extract]:
    return {name: extract(lives, name, EARLY) for name in NAMES}


@pytest.fixture(scope="module")
def mistyped(lives) -> dict[str, Extract]:
    """The same extracts by clerks who mistype one number in ten."""
    return {name: extract(with_figure(lives, "id_wrong", 0.1), name) for name in NAMES}


def with_figure(lives: Lives, name: str, value: float) -> Lives:
    """The same lives under a calibration in which one figure is another."""
    aims = AIMS.model_copy(update={"knobs": {**AIMS.knobs, name: value}})
    return dataclasses.replace(lives, aims=aims)


def with_figures(lives: Lives, **figures: float) -> Lives:
    """The same lives under a calibration in which some figures are others."""
    for name, value in figures.items():
        lives = with_figure(lives, name, value)
    return lives


def with_people(lives: Lives, **columns: object) -> Lives:
    """The same lives of people in whom some columns are others."""
    people = lives.people.people.assign(**columns)
    return dataclasses.replace(lives, people=dataclasses.replace(lives.people, people=people))


def entries_of(lives: Lives, many: int) -> Entries:
    """The first people as the treatment agencies write them down."""
    clerk = clerk_of(NDTMS, lives, np.random.default_rng(SEED), LATE)
    return clerk.entries(np.arange(many), np.full(many, EARLY))


def has(made: Extract, *labels: str) -> np.ndarray:
    """Which rows have one of the labels."""
    wanted = set(labels)
    return np.array([bool(wanted & set(text.split(";"))) for text in made.errors])


def both(early: Extract, late: Extract, key: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that stand in both deliveries, in one order, with their errors."""
    frames = [made.rows.assign(errors=made.errors, name=made.name).set_index(key) for made in (early, late)]
    shared = frames[0].index.intersection(frames[1].index)
    return frames[0].loc[shared], frames[1].loc[shared]


def filled(values: pd.Series) -> pd.Series:
    """Where something is said."""
    return values.notna() & (values != "")


# -- two deliveries of one world ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_row_stays_until_its_person_objects_or_withdraws_her_consent(name, lives, early, late):
    kept = early[name].rows[KEYS[name]].isin(late[name].rows[KEYS[name]]).to_numpy()
    people = lives.people.people.iloc[early[name].who]
    gone = (people["objected"] <= LATE).to_numpy()
    if name == "ndtms":
        gone = gone | (people["consent_withdrawn"] <= LATE).to_numpy()
    assert 0 < len(early[name].rows) < len(late[name].rows)
    assert (kept == ~gone).all()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_delivered_before_it_was_entered_or_after_an_objection(name, lives, early):
    made, people = early[name], lives.people.people
    assert (made.entered <= EARLY).all()
    assert not (made.rows[STARTS[name]] > dates(EARLY)).any()
    assert (people["objected"].to_numpy()[made.who] > EARLY).all()
    if name == "ndtms":
        assert people["consents"].to_numpy()[made.who].all()
        assert (people["consent_withdrawn"].to_numpy()[made.who] > EARLY).all()


def test_a_person_who_objects_is_in_no_extract(lives):
    people = lives.people.people.copy()
    whom = int(extract(lives, "court").who[0])
    people.loc[whom, "objected"] = EARLY
    objecting = dataclasses.replace(lives, people=dataclasses.replace(lives.people, people=people))
    for name in NAMES:
        assert whom not in extract(objecting, name).who
        assert set(extract(objecting, name).who) == set(extract(lives, name).who) - {whom}


@pytest.mark.parametrize("name", sorted(ENDS))
def test_an_end_is_blank_until_it_is_entered_and_then_stays(name, early, late):
    before, after = both(early[name], late[name], KEYS[name])
    was, now = before[ENDS[name]], after[ENDS[name]]
    assert (was.isna() & now.notna()).sum() > 3
    assert not (was > pd.Timestamp(dates(EARLY).item())).any()
    mended = (before["errors"] != after["errors"]).to_numpy()
    assert (was[was.notna() & ~mended] == now[was.notna() & ~mended]).all()


@pytest.mark.parametrize(
    ("name", "reason"),
    [("dwp", "end_reason"), ("hclic", "end_reason"), ("ndtms", "discharge_reason"), ("prison", "release_type"),
     ("probation", "end_reason")],
)  # fmt: skip
def test_no_reason_is_given_for_an_end_that_is_not_known(name, reason, early):
    open_still = early[name].rows[ENDS[name]].isna()
    assert open_still.any()
    assert not filled(early[name].rows[reason][open_still]).any()
    assert filled(early[name].rows[reason][~open_still]).mean() > 0.9


def test_where_she_went_to_live_is_said_of_releases_to_liberty_only(late):
    rows = late["prison"].rows
    free = rows["release_type"].isin(["CRD", "HDC", "ARD", "RUR"])
    assert filled(rows["discharge_accommodation"][free]).mean() > 0.9
    assert not filled(rows["discharge_accommodation"][rows["release_type"].isin(["", "DIED", "DEP", "TRA"])]).any()


@pytest.mark.parametrize("name", ["court", "paye"])
def test_a_mistake_that_was_put_right_is_gone_and_no_other_came_in_its_place(name, lives):
    mending = with_figure(lives, "mistake_corrected", 0.5)
    before, after = both(extract(mending, name, EARLY), extract(mending, name), KEYS[name])
    labels = [label for label in LABELS if label.startswith(("dob_", "typo_"))]
    had, has_it = (frame["errors"].map(lambda text: set(text.split(";")) & set(labels)) for frame in (before, after))
    went = [bool(one - other) for one, other in zip(had, has_it, strict=True)]
    came = [bool(other - one) and not one for one, other in zip(had, has_it, strict=True)]
    assert sum(went) > 10
    assert sum(came) == 0


def test_a_changed_name_comes_to_all_rows_of_a_case_and_a_claimant(lives, late):
    people = lives.people.people
    once = (people["renamed_1"] < NEVER) & (people["renamed_2"] == NEVER)
    renaming = with_people(lives, renamed_1=people["renamed_1"].where(~once, EARLY + 30))
    for name in ("probation", "dwp"):
        before, after = both(extract(renaming, name, EARLY), extract(renaming, name), KEYS[name])
        newer = (after["name"] > before["name"]).to_numpy()
        assert newer.any()
        assert not (after["name"] < before["name"]).any()
        assert (before[SURNAMES[name]] != after[SURNAMES[name]])[newer].mean() > 0.5
    cases = late["probation"].rows.assign(who=late["probation"].who).groupby(["who", "crn"])
    assert (cases["surname"].nunique() == 1).all()


def test_one_prisoner_is_written_down_once(late):
    rows = late["prison"].rows.assign(who=late["prison"].who)
    for column in ("first_name", "last_name", "date_of_birth", "gender", "pnc_number"):
        assert (rows.groupby(["who", "prisoner_number"])[column].nunique(dropna=False) == 1).all()
    assert (rows.groupby(["who", "prisoner_number"]).size() > 1).any()


def test_the_delivery_of_a_day_is_the_same_whenever_it_is_made(lives, early):
    for name in NAMES:
        again = extract(lives, name, EARLY)
        pd.testing.assert_frame_equal(again.rows, early[name].rows)
        assert (again.errors == early[name].errors).all()


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


# -- habits of departments ------------------------------------------------------------------------------------------


def test_employers_who_do_not_know_give_the_ends_of_the_tax_year(late):
    made = late["paye"]
    starts, ends = made.rows["start_date"].dt.strftime("%d/%m"), made.rows["end_date"].dt.strftime("%d/%m")
    assert (starts[has(made, "tax_year_start") & ~has(made, "row_unusable")] == "06/04").all()
    assert (ends[has(made, "tax_year_end")] == "05/04").all()
    assert has(made, "tax_year_start").any()
    assert has(made, "tax_year_end").any()
    assert made.rows["end_date"][has(made, "default_date")].isna().all()
    assert 0.002 < has(made, "default_date").mean() < 0.03


def test_ends_of_older_benefits_are_days_of_a_scan(late):
    made = late["dwp"]
    scanned = has(made, "default_date")
    assert made.rows["benefit"][scanned].isin(["ESA", "JSA", "HB"]).all()
    days = made.rows["end_date"][made.rows["benefit"].isin(["ESA", "JSA", "HB"])].dropna()
    numbers = days.to_numpy("datetime64[D]").astype(int)
    assert (numbers % 14 == 0).all()


@pytest.mark.parametrize(
    ("date", "start"),
    [("2023-04-06", "2023-04-06"), ("2023-04-05", "2022-04-06"), ("2024-01-01", "2023-04-06"),
     ("2024-12-31", "2024-04-06")],
)  # fmt: skip
def test_a_tax_year_starts_on_6_april(date, start):
    found = tax_year_start(np.array([day(datetime.date.fromisoformat(date))]))
    assert found.tolist() == [day(datetime.date.fromisoformat(start))]


def test_quarters_that_an_authority_left_out_are_not_in_h_clic(lives, late):
    table = housing.coverage(SEED, AIMS)
    left_out = table[~table["submitted"]]
    missing = set(zip(left_out["local_authority"], left_out["quarter"], strict=True))
    assert 0.02 < len(missing) / len(table) < 0.06
    duties = lives.events["duties"]
    authority = lives.people.homes["local_authority"].to_numpy()[duties["home"]]
    started = housing.quarters(duties["start"].to_numpy(np.int64))
    assert any(pair in missing for pair in zip(authority, started, strict=True))
    rows = late["hclic"].rows.dropna(subset="duty_start")
    quarter = housing.quarters(rows["duty_start"].to_numpy("datetime64[D]").astype(np.int64))
    assert not missing & set(zip(rows["local_authority"], quarter, strict=True))


def test_the_coverage_file_has_the_quarters_that_are_due(lives):
    lines = housing.coverage_file(SEED, AIMS, EARLY).splitlines()
    assert lines[0] == "local_authority,quarter,submitted"
    quarters = {line.split(",")[1] for line in lines[1:]}
    assert max(quarters) == "2024 Q1"
    assert {line.split(",")[2] for line in lines[1:]} == {"yes", "no"}
    assert all(line.startswith("E") for line in lines[1:])


@pytest.mark.parametrize(
    ("event", "known"), [("2024-01-01", "2024-05-12"), ("2024-03-31", "2024-05-12"), ("2023-12-31", "2024-02-11")]
)
def test_a_duty_is_known_six_weeks_after_its_quarter(event, known):
    found = housing.submitted(AIMS, np.array([day(datetime.date.fromisoformat(event))]))
    assert dates(found)[0] == np.datetime64(known)


def test_homelessness_duties_are_of_england(late):
    assert late["hclic"].rows["local_authority"].str.startswith("E").all()
    assert not (late["hclic"].rows["region"] == "W92000004").any()


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


# -- files ----------------------------------------------------------------------------------------------------------


def written(rows: pd.DataFrame, dataset: Dataset, path: Path) -> bytes:
    """The bytes of a delivery of these rows in two parts."""
    half = len(rows) // 2
    with Delivery(dataset, path) as delivery:
        delivery.append(part(rows.iloc[:half], dataset))
        delivery.append(part(rows.iloc[half:], dataset))
    return path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_an_extract_has_the_columns_and_the_form_of_its_contract(name, datasets, late, tmp_path):
    dataset = datasets[name]
    content = written(late[name].rows, dataset, tmp_path / dataset.path)
    wanted = [column.name for column in dataset.columns]
    if dataset.format == "parquet":
        file = pq.ParquetFile(io.BytesIO(content))
        assert file.schema_arrow.names == wanted
        assert file.num_row_groups == 2
        return
    lines = content.decode(dataset.encoding).splitlines()
    assert lines[0].split(dataset.delimiter) == wanted
    assert len(lines) == 1 + len(late[name].rows)
    assert all(line.count(dataset.delimiter) == len(wanted) - 1 for line in lines)
    for column in (c for c in dataset.columns if c.type == "date"):
        values = {line.split(dataset.delimiter)[wanted.index(column.name)] for line in lines[1:]}
        for value in values - {"", never_a_day(column)}:
            datetime.datetime.strptime(value, column.date_format)


def test_every_department_can_deliver_csv_and_parquet_with_the_same_content(datasets, late, tmp_path):
    for name in NAMES:
        csv, parquet = in_form(datasets[name], "csv"), in_form(datasets[name], "parquet")
        assert (csv.path, parquet.path) == (f"{name}.csv", f"{name}.parquet")
        text = io.BytesIO(written(late[name].rows, csv, tmp_path / csv.path))
        typed = pq.read_table(io.BytesIO(written(late[name].rows, parquet, tmp_path / parquet.path)))
        read = pd.read_csv(text, dtype=str, keep_default_na=False)
        plain = typed.to_pandas().astype(object)
        spoiled = date_to_spoil(datasets[name])
        for column in datasets[name].columns:
            if column.name != spoiled:
                values = plain[column.name].map(lambda value: "" if pd.isna(value) else str(value).removesuffix(".0"))
                assert (read[column.name] == values).all(), (name, column.name)


def test_half_of_the_unusable_dates_are_days_that_never_were(datasets, late, tmp_path):
    dataset, rows = datasets["paye"], late["paye"].rows.copy()
    rows.loc[:9, "start_date"] = pd.NaT
    text = part(rows.iloc[:10], dataset).decode(dataset.encoding)
    assert text.count("|31-02-2021|") == 5


def test_a_delivery_that_breaks_off_leaves_the_file_before_it(datasets, late, tmp_path):
    dataset, path = datasets["prison"], tmp_path / "prison.csv"
    whole = written(late["prison"].rows, dataset, path)
    with pytest.raises(TypeError), Delivery(dataset, path) as delivery:
        delivery.append("a text where bytes belong")
    assert path.read_bytes() == whole
    assert [p.name for p in tmp_path.iterdir()] == ["prison.csv"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_contract_these_people_cannot_follow_is_named(datasets, late):
    court = datasets["court"]
    wider = dataclasses.replace(court, columns=(*court.columns, Column("shoe_size")))
    with pytest.raises(ContractError, match="court.yaml.*column shoe_size is not one it can invent"):
        part(late["court"].rows, wider)
    narrower = dataclasses.replace(court, columns=court.columns[:-1])
    with pytest.raises(ContractError, match="column previous_offences is invented but not in the contract"):
        part(late["court"].rows, narrower)


def changed_column(dataset: Dataset, name: str, **parts: object) -> Dataset:
    """The contract with one column changed."""
    columns = tuple(dataclasses.replace(c, **parts) if c.name == name else c for c in dataset.columns)
    return dataclasses.replace(dataset, columns=columns)


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("name", "kind", "invented"),
    [("surname", "integer", "string"), ("surname", "boolean", "string"), ("offence_date", "string", "date"),
     ("previous_offences", "string", "integer"), ("previous_offences", "number", "integer")],
)  # fmt: skip
def test_a_column_whose_type_cannot_hold_what_is_invented_is_named(form, name, kind, invented, datasets, late):
    other = changed_column(in_form(datasets["court"], form), name, type=kind)
    with pytest.raises(ContractError, match=f"court.yaml.*column {name} is of type {kind}.* of type {invented}"):
        part(late["court"].rows, other)


def test_a_contract_that_requires_no_date_is_named(datasets, late):
    court = datasets["court"]
    loose = dataclasses.replace(court, columns=tuple(dataclasses.replace(c, required=False) for c in court.columns))
    with pytest.raises(ContractError, match="court.yaml.*no column is a required date"):
        part(late["court"].rows, loose)


def test_values_that_hold_the_delimiter_are_quoted(datasets, late):
    dataset = dataclasses.replace(datasets["court"], delimiter=";")
    text = part(late["court"].rows, dataset).decode()
    read = pd.read_csv(io.StringIO(text), sep=";", header=None, dtype=str, keep_default_na=False)
    assert read.shape == (len(late["court"].rows), len(dataset.columns))
    assert (read[5] == late["court"].rows["alias_surnames"]).all()


def test_a_letter_an_old_system_has_no_place_for_loses_its_accent(datasets, late):
    rows = late["paye"].rows.iloc[:1].assign(surname="WIŚNIEWSKA", forename="ZOË")
    text = part(rows, datasets["paye"]).decode("cp1252")
    assert "|ZOË|WISNIEWSKA|" in text


# -- the data dictionary --------------------------------------------------------------------------------------------


def test_the_dictionary_names_every_column_code_and_mistake(datasets, late):
    page = dictionary(datasets, AIMS)
    for name, dataset in datasets.items():
        section = page.split(f'<section id="{name}"')[1].split("</section>")[0]
        assert all(f'<th scope="row">{column.name}</th>' in section for column in dataset.columns)
        assert dataset.path in section
        met = {label for text in late[name].errors for label in text.split(";") if label}
        assert all(f'<th scope="row">{label}</th>' in section for label in met), name
    assert "CAU = caution" in page
    assert "://" not in page


def test_every_department_has_its_rates_and_lag_in_the_calibration():
    for name, source in SOURCES.items():
        assert AIMS[f"entry_days_{name}"] > 0
        assert all(AIMS[figure] >= 0 for figure in source.figures.values())
        assert source.figures.keys() <= LABELS.keys()


def test_somebody_who_never_leaves_is_never_said_to_have_left(lives, late):
    running = lives.events["custody"]["release_date"] == NEVER
    assert running.any()
    ids = late["prison"].rows["release_date"].isna()
    assert ids.sum() >= 0.9 * running.sum()
