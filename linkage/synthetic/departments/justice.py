"""Extracts of the courts, the prisons and the probation service, each in its own native mess."""

import numpy as np
import pandas as pd

from linkage.synthetic.days import dates, day
from linkage.synthetic.departments.columns import (
    Extract,
    Lives,
    changed_form,
    coded,
    deaths,
    either,
    ethnicity,
    own_numbers,
    same,
    texts,
    yes_no,
)
from linkage.synthetic.departments.mistakes import Clerk, Source, given_number, recorded
from linkage.synthetic.journeys.journeys import key
from linkage.synthetic.people import identifiers
from linkage.synthetic.people.population import Numbers, Texts

COURT = Source(care=1.15, older_name=0.10, alias=0.22, listed=0.35, capitals=True)
PRISON = Source(care=1.0, older_name=0.12, alias=0.15, listed=0.55)
PROBATION = Source(care=0.8, older_name=0.08, alias=0.05, listed=0.55)


def court(lives: Lives, rng: np.random.Generator) -> Extract:
    """One row per offence; each appearance writes the defendant down anew."""
    clerk, offences = Clerk(COURT, lives.people, lives.aims, rng), lives.events["offences"]
    each, first = appearances(offences)
    who = offences["who"].to_numpy()[first]
    on = offences["outcome_date"].to_numpy()[first]
    person = recorded(clerk, who, on)
    forces = lives.people.homes["police_force_area"].to_numpy(dtype=object)
    person["defendant_id"] = own_numbers(clerk, "D", who, forces[person["home"]])
    person["pnc_id"] = changed_form(clerk, given_number(clerk, either(clerk, "pnc", who), who, "pnc_missing_court"))
    middle = lives.people.people["middle"].to_numpy(dtype=object)[who]
    middle = np.where(rng.random(len(who)) < 0.6, middle, "")
    person["forenames"] = person["forename"] + [f" {name.upper()}" if name else "" for name in middle]
    closed = rng.random(len(who)) < 0.3
    person["postcode"] = np.where(closed, person["postcode"].str.replace(" ", ""), person["postcode"])
    row = person.iloc[each].reset_index(drop=True)
    rows = pd.DataFrame({
        "offence_id": identifiers.record_ids(rng, "OF", len(offences)),
        **texts(row, "defendant_id", "pnc_id", "forenames", "surname"),
        "alias_surnames": [";".join(names).upper() for names in row["others"]],
        "date_of_birth": dates(row["born"]),
        "sex": coded(row["sex"], {"F": "F", "M": "M", "": "NS"}),
        "postcode": row["postcode"],
        **texts(offences, "offence_group"),
        "offence_date": dates(offences["offence_date"]),
        "outcome_date": dates(offences["outcome_date"]),
        **texts(offences, "disposal", "breach"),
    })  # fmt: skip
    return Extract(rows, offences["who"].to_numpy(), row["legal"].to_numpy(dtype=object))


def appearances(offences: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """(appearance of each offence, first offence of each appearance): one appearance is one person on one day."""
    when = key(offences["who"].to_numpy(), offences["outcome_date"].to_numpy())
    _, first, each = np.unique(when, return_index=True, return_inverse=True)
    return each, first


def prison(lives: Lives, rng: np.random.Generator) -> Extract:
    """One row per spell; first name, date of birth and sex are those of the prison number's first reception."""
    clerk, spells = Clerk(PRISON, lives.people, lives.aims, rng), lives.events["custody"]
    who, on = spells["who"].to_numpy(), spells["reception_date"].to_numpy()
    number = either(clerk, "nomis", who)
    row = recorded(clerk, who, on, spells["no_fixed_abode"].to_numpy(dtype=bool))
    each, first = same(who, number)
    once = recorded(clerk, who[first], on[first])
    row[["forename", "born", "sex"]] = once[["forename", "born", "sex"]].iloc[each].to_numpy()
    home = lives.people.homes.iloc[spells["home"]].reset_index(drop=True)
    sentence = spells["sentence_days"].to_numpy()
    rows = pd.DataFrame({
        "booking_id": identifiers.record_ids(rng, "B", len(spells)),
        "prisoner_number": number,
        "pnc_number": given_number(clerk, either(clerk, "pnc", who), who, "pnc_missing_prison"),
        "first_name": row["forename"],
        "last_name": row["surname"].str.upper(),
        "alias_last_names": [";".join(names) for names in row["others"]],
        "date_of_birth": dates(row["born"].to_numpy(np.int64)),
        "gender": genders_in_prison(clerk, row["sex"]),
        "ethnicity": ethnicity(clerk, who),
        "discharge_postcode": row["postcode"],
        "discharge_local_authority": home["local_authority"],
        **texts(home, "region", "police_force_area"),
        "reception_date": dates(on),
        **texts(spells, "reception_type"),
        "release_date": dates(spells["release_date"]),
        **texts(spells, "release_type"),
        "sentence_days": pd.array(np.where(sentence < 0, 0, sentence), dtype="Int64"),
        **texts(spells, "main_offence_group"),
        "no_fixed_abode": yes_no(spells["no_fixed_abode"]),
        "treatment_need": yes_no(spells["treatment_need"]),
    })  # fmt: skip
    rows.loc[sentence < 0, "sentence_days"] = pd.NA
    return Extract(rows, who, row["legal"].to_numpy(dtype=object))


def genders_in_prison(clerk: Clerk, sex: pd.Series) -> Texts:
    """Sex in the words of the prison system, which has two for not knowing."""
    unclear = np.where(clerk.rng.random(len(sex)) < 0.7, "Not Known / Not Recorded", "Not Specified (Indeterminate)")
    return np.where(sex == "", unclear, coded(sex, {"F": "Female", "M": "Male", "": ""})).astype(object)


def probation(lives: Lives, rng: np.random.Generator) -> Extract:
    """One row per review; who she is stands once per case number, as known on the last day of the records."""
    clerk, reviews = Clerk(PROBATION, lives.people, lives.aims, rng), lives.events["reviews"]
    who = reviews["who"].to_numpy()
    case = either(clerk, "crn", who, by=reviews["event_number"].to_numpy())
    each, first = same(who, case)
    its = who[first]
    person = recorded(clerk, its, np.full(len(first), day(lives.aims.window.data_to)))
    person["crn"] = case[first]
    person["pnc_id"] = given_number(clerk, either(clerk, "pnc", its), its, "pnc_missing_probation")
    been_inside = np.isin(its, lives.events["custody"]["who"].unique())
    nomis = given_number(clerk, either(clerk, "nomis", its), its, "nomis_missing_probation")
    person["noms_number"] = np.where(been_inside, nomis, "")
    nino = lives.people.people["nino"].to_numpy(dtype=object)[its]
    person["national_insurance_number"] = given_number(clerk, nino, its, "nino_missing_probation")
    person["ethnicity"] = ethnicity(clerk, its)
    person["previous_surnames"] = ["|".join(names) for names in person["others"]]
    person["local_authority"] = lives.people.homes["local_authority"].to_numpy(dtype=object)[person["home"]]
    row = person.iloc[each].reset_index(drop=True)
    home = lives.people.homes.iloc[reviews["home"]].reset_index(drop=True)
    rows = pd.DataFrame({
        "review_id": identifiers.record_ids(rng, "R", len(reviews)),
        **texts(row, "crn", "pnc_id", "noms_number", "national_insurance_number", "forename", "surname"),
        **texts(row, "previous_surnames"),
        "date_of_birth": dates(row["born"]),
        "gender_code": coded(row["sex"], {"F": "F", "M": "M", "": "N"}),
        **texts(row, "ethnicity", "postcode", "local_authority"),
        **texts(home, "region", "police_force_area"),
        "event_number": reviews["event_number"].to_numpy(np.int64),
        **texts(reviews, "disposal"),
        "start_date": dates(reviews["start_date"]),
        "end_date": dates(reviews["end_date"]),
        **texts(reviews, "end_reason", "main_offence_group", "requirement"),
        "treatment_need": yes_no(reviews["treatment_need"]),
        "review_date": dates(reviews["review_date"]),
        **texts(reviews, "accommodation_status"),
        "employment_status": employment(clerk, reviews, lives.events["jobs"]),
        "date_of_death": dates(deaths(lives, who)),
    })  # fmt: skip
    return Extract(rows, who, row["legal"].to_numpy(dtype=object))


def employment(clerk: Clerk, reviews: pd.DataFrame, jobs: pd.DataFrame) -> Texts:
    """Does she work, as recorded at each review."""
    jobs = jobs.assign(at=key(jobs["who"].to_numpy(), jobs["start"].to_numpy())).sort_values("at")
    at = key(reviews["who"].to_numpy(), reviews["review_date"].to_numpy())
    latest = np.maximum(np.searchsorted(jobs["at"].to_numpy(), at, side="right") - 1, 0)
    held = jobs["who"].to_numpy()[latest] == reviews["who"].to_numpy()
    works = held & (jobs["start"].to_numpy()[latest] <= reviews["review_date"].to_numpy())
    works &= jobs["end"].to_numpy()[latest] >= reviews["review_date"].to_numpy()
    said = clerk.rng.random(len(at))
    return np.select([said < 0.07, works, said < 0.35], ["UNK", "EMP", "UNA"], "UNE").astype(object)
