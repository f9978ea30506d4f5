"""The prisons' extract: one row per spell; a prisoner is registered once, at the first reception under her number."""

import numpy as np

from linkage.synthetic.days import dates
from linkage.synthetic.departments.columns import (
    Extract,
    Lives,
    clerk_of,
    coded,
    days,
    delivered,
    first_day,
    integers,
    known_end,
    latest_day,
    once_over,
    same,
    texts,
    yes_no,
)
from linkage.synthetic.departments.mistakes import Entries, Source
from linkage.synthetic.departments.numbers import identifier, record_ids
from linkage.synthetic.departments.writing import address, ethnicity, identity
from linkage.synthetic.people.arrays import Texts

PRISON = Source(
    "prison", older_name=0.30, alias=0.08, listed=0.55,
    figures={"pnc_missing": "pnc_missing_prison", "pnc_wrong": "id_wrong",
             "ethnicity_not_stated": "ethnicity_not_stated"},
)  # fmt: skip
NOT_SAID = ("Not Known / Not Recorded", "Not Specified (Indeterminate)")


def prison(lives: Lives, rng: np.random.Generator, as_of: int) -> Extract:
    """One row per spell. Who she is stands once per prisoner number, under the name known at the latest reception."""
    clerk, spells = clerk_of(PRISON, lives, rng, as_of), lives.events["custody"]
    who, on = days(spells, "who"), days(spells, "reception_date")
    entered, receptions = clerk.entered(on), clerk.entries(who, on)
    number = identifier(receptions, "nomis")
    each, first = same(who, number)
    prisoners = clerk.entries(who[first], first_day(each, on))
    person = identity(prisoners, known=latest_day(each, on, entered <= as_of)).assign(ethnicity=ethnicity(prisoners))
    person["pnc_number"] = identifier(prisoners, "pnc")
    person["gender"] = genders(prisoners, person["sex"].to_numpy(dtype=object))
    person["alias_last_names"] = [";".join(others) for others in person["others"]]
    row, home = person.iloc[each], lives.people.homes.iloc[spells["home"]]
    place = address(receptions, days(spells, "home"), spells["no_fixed_abode"].to_numpy(dtype=bool))
    released, sentence = known_end(clerk, days(spells, "release_date")), days(spells, "sentence_days")
    columns = {
        "booking_id": record_ids(clerk, "B", len(spells)),
        "prisoner_number": number,
        **texts(row, "pnc_number"),
        "first_name": row["forename"].to_numpy(dtype=object),
        "last_name": row["surname"].str.upper().to_numpy(dtype=object),
        **texts(row, "alias_last_names"),
        "date_of_birth": dates(row["born"]),
        **texts(row, "gender", "ethnicity"),
        "discharge_postcode": place["postcode"],
        "discharge_local_authority": home["local_authority"].to_numpy(dtype=object),
        **texts(home, "region", "police_force_area"),
        "reception_date": dates(on),
        **texts(spells, "reception_type"),
        "release_date": dates(released),
        "release_type": once_over(released, spells["release_type"]),
        "sentence_days": integers(sentence, missing=sentence < 0),
        **texts(spells, "main_offence_group"),
        "no_fixed_abode": yes_no(spells["no_fixed_abode"]),
        "treatment_need": yes_no(spells["treatment_need"]),
        "discharge_accommodation": once_over(released, spells["discharge_accommodation"]),
        "protected": yes_no(place["withheld"]),
    }
    marks = {**receptions.marks, **prisoners.marks_of(each)}
    return delivered(clerk, columns, "reception_date", who, entered, days(row, "name"), marks)


def genders(prisoners: Entries, sex: Texts) -> Texts:
    """Sex in the words of the prison system, which has two for not knowing."""
    not_said = np.where(prisoners.chance(0.7), *NOT_SAID)
    return np.where(sex == "", not_said, coded(sex, {"F": "Female", "M": "Male"})).astype(object)
