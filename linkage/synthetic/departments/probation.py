"""The probation service's extract: one row per review; a case is registered once, its address once per supervision."""

import dataclasses

import numpy as np
import pandas as pd

from linkage.synthetic.days import dates
from linkage.synthetic.departments.columns import (
    Extract,
    Lives,
    clerk_of,
    coded,
    days,
    deaths,
    delivered,
    first_day,
    known_end,
    latest_day,
    once_over,
    same,
    texts,
    yes_no,
)
from linkage.synthetic.departments.mistakes import Clerk, Entries, Source
from linkage.synthetic.departments.numbers import identifier, record_ids
from linkage.synthetic.departments.writing import address, ethnicity, identity
from linkage.synthetic.journeys.spells import key
from linkage.synthetic.people.arrays import Flags, Texts

PROBATION = Source(
    "probation", care=0.8, older_name=0.20, alias=0.03, listed=0.55,
    figures={"pnc_missing": "pnc_missing_probation", "pnc_wrong": "id_wrong",
             "nomis_missing": "nomis_missing_probation", "nomis_wrong": "id_wrong",
             "nino_missing": "nino_missing_probation", "nino_wrong": "id_wrong",
             "nhs_missing": "nhs_missing_probation", "nhs_wrong": "id_wrong",
             "ethnicity_not_stated": "ethnicity_not_stated"},
)  # fmt: skip


def probation(lives: Lives, rng: np.random.Generator, as_of: int) -> Extract:
    """One row per review. Who she is stands once per case number, under the name known at the latest review."""
    clerk, reviews = clerk_of(PROBATION, lives, rng, as_of), lives.events["reviews"]
    who, on = days(reviews, "who"), days(reviews, "review_date")
    entered = clerk.entered(on)
    order, first_review = same(who, reviews["event_number"])
    orders = clerk.entries(who[first_review], days(reviews, "start_date")[first_review])
    number = identifier(orders, "crn", second=days(reviews, "event_number")[first_review] % 2 == 0)[order]
    each, first = same(who, number)
    cases = clerk.entries(who[first], first_day(each, on))
    person = case(cases, been_inside(lives, cases), identity(cases, latest_day(each, on, entered <= as_of)))
    row, began = person.iloc[each], reviews.iloc[first_review]
    homes = days(began, "home")
    place = address(orders, homes, began["no_fixed_abode"].to_numpy(dtype=bool)).iloc[order]
    home = lives.people.homes.iloc[homes[order]]
    ended = known_end(clerk, days(began, "end_date"))[order]
    columns = {
        "review_id": record_ids(clerk, "R", len(reviews)),
        "crn": number,
        **texts(row, "pnc_id", "noms_number", "national_insurance_number", "nhs_number"),
        **texts(row, "forename", "surname", "previous_surnames"),
        "date_of_birth": dates(row["born"]),
        "gender_code": coded(row["sex"], {"F": "F", "M": "M", "": "N"}),
        **texts(row, "ethnicity"),
        "postcode": place["postcode"].to_numpy(dtype=object),
        **texts(home, "local_authority", "region", "police_force_area"),
        "event_number": days(reviews, "event_number"),
        **texts(reviews, "disposal"),
        "start_date": dates(reviews["start_date"]),
        "end_date": dates(ended),
        "end_reason": once_over(ended, reviews["end_reason"]),
        **texts(reviews, "main_offence_group", "requirement"),
        "treatment_need": yes_no(reviews["treatment_need"]),
        "previous_offences": days(reviews, "previous_offences"),
        "mental_health_need": yes_no(reviews["mental_health_need"]),
        "domestic_abuse": yes_no(reviews["domestic_abuse"]),
        "protected": yes_no(place["withheld"]),
        "review_date": dates(on),
        **texts(reviews, "accommodation_status"),
        "employment_status": employment(clerk, reviews, lives.events["jobs"]),
        "date_of_death": deaths(clerk, who),
    }
    marks = {**cases.marks_of(each)}
    marks |= {label: at | marks.get(label, False) for label, at in orders.marks_of(order).items()}
    return delivered(clerk, columns, "start_date", who, entered, days(row, "name"), marks)


def been_inside(lives: Lives, cases: Entries) -> Flags:
    """Who has been in custody by the day of the delivery, and so has a prison number."""
    custody = lives.events["custody"]
    return np.isin(cases.who, custody["who"][custody["reception_date"] <= cases.clerk.as_of])


def case(cases: Entries, inside: Flags, person: pd.DataFrame) -> pd.DataFrame:
    """The person with the numbers and the other names of her case."""
    noms = prison_number(cases, inside)
    return person.assign(
        pnc_id=identifier(cases, "pnc"),
        noms_number=noms,
        national_insurance_number=identifier(cases, "nino"),
        nhs_number=identifier(cases, "nhs"),
        ethnicity=ethnicity(cases),
        previous_surnames=["|".join(others) for others in person["others"]],
    )


def prison_number(cases: Entries, inside: Flags) -> Texts:
    """The prison number of those who have been inside, and its mistakes; nobody else has one to be wrong."""
    apart = dataclasses.replace(cases, marks={})
    found = identifier(apart, "nomis")
    for label, at in apart.marks.items():
        cases.mark(label, at & inside)
    return np.where(inside, found, "").astype(object)


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
