"""Two deliveries of one world: what stays, what comes and what goes between them."""

import dataclasses

import pandas as pd
import pytest
from small_deliveries import EARLY, KEYS, LATE, NAMES, SURNAMES, extract, with_figure, with_people

from linkage.synthetic.days import NEVER, dates
from linkage.synthetic.departments.columns import Extract
from linkage.synthetic.departments.mistakes import LABELS

STARTS = {
    "court": "outcome_date", "dwp": "start_date", "hclic": "duty_start", "ndtms": "triage_date", "paye": "start_date",
    "prison": "reception_date", "probation": "review_date",
}  # fmt: skip
ENDS = {
    "dwp": "end_date", "hclic": "duty_end", "ndtms": "discharge_date", "paye": "end_date", "prison": "release_date",
    "probation": "end_date",
}  # fmt: skip


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


# -- the data dictionary --------------------------------------------------------------------------------------------


def test_somebody_who_never_leaves_is_never_said_to_have_left(lives, late):
    running = lives.events["custody"]["release_date"] == NEVER
    assert running.any()
    ids = late["prison"].rows["release_date"].isna()
    assert ids.sum() >= 0.9 * running.sum()
