"""HMRC's extract: one row per employment, in the words of each employer."""

from dataclasses import replace

import numpy as np

from linkage.synthetic.days import NEVER, Days, dates, day
from linkage.synthetic.departments.columns import Extract, Lives, clerk_of, coded, days, delivered, known_end, texts
from linkage.synthetic.departments.mistakes import Entries, Source
from linkage.synthetic.departments.numbers import identifier, record_ids
from linkage.synthetic.departments.paydays import paydays
from linkage.synthetic.departments.writing import address, identity

PAYE = Source(
    "paye", care=0.7, older_name=0.25, alias=0.01, first_registered=True, capitals=True,
    figures={"nino_missing": "nino_missing_paye", "nino_wrong": "id_wrong", "dob_missing": "dob_missing_paye",
             "tax_year_start": "tax_year_default", "tax_year_end": "tax_year_default",
             "default_date": "employment_never_closed", "payments_unreported": "payments_unreported"},
)  # fmt: skip
HOURS = np.array(list("ABCDE"), dtype=object)


def paye(lives: Lives, rng: np.random.Generator, as_of: int) -> Extract:
    """One row per employment; the surname is often that of a first job, dates not known are those of the tax year."""
    clerk, jobs = clerk_of(PAYE, lives, rng, as_of), lives.events["jobs"]
    who, on = days(jobs, "who"), days(jobs, "start")
    entered, entries = clerk.entered(on), clerk.entries(who, on)
    person, place = identity(entries), address(entries, lives.people.home_on(who, on))
    # Payrolls draw from a stream of their own: what else is written is the same with them and without.
    payrolls = replace(entries, clerk=replace(clerk, rng=rng.spawn(1)[0]))
    first_paid, last_paid = paid(payrolls, days(jobs, "end"))
    columns = {
        "employment_id": record_ids(clerk, "E", len(jobs)),
        "nino": identifier(entries, "nino"),
        **texts(person, "forename", "surname"),
        "date_of_birth": dates(person["born"]),
        "sex": coded(person["sex"], {"F": "FEMALE", "M": "MALE", "": ""}),
        **texts(place, "postcode"),
        "start_date": dates(started(entries)),
        "end_date": dates(ended(entries, days(jobs, "end"))),
        "hours": rng.choice(HOURS, len(jobs), p=[0.22, 0.2, 0.13, 0.38, 0.07]),
        "first_paid": dates(first_paid),
        "last_paid": dates(last_paid),
    }
    return delivered(clerk, columns, "start_date", who, entered, days(person, "name"), entries.marks)


def started(entries: Entries) -> Days:
    """Starts, moved back to a 6 April where the true day was never reported."""
    found = np.where(entries.slips("tax_year_start"), tax_year_start(entries.on), entries.on)
    entries.mark("tax_year_start", found != entries.on)
    return found


def ended(entries: Entries, end: Days) -> Days:
    """Ends as far as they are known: moved on to a 5 April where the true day was never reported, a few never told."""
    clerk, last = entries.clerk, day(entries.clerk.aims.window.data_to)
    closes = tax_year_start(np.minimum(end, last) + 365) - 1
    closes = np.where((end != NEVER) & (closes >= end) & (closes <= last) & entries.slips("tax_year_end"), closes, end)
    known = known_end(clerk, closes)
    open_still = entries.slips("default_date") & (known != NEVER)
    entries.mark("default_date", open_still)
    entries.mark("tax_year_end", (known != NEVER) & (known != end) & ~open_still)
    return np.where(open_still, NEVER, known)


def paid(entries: Entries, end: Days) -> tuple[Days, Days]:
    """The days of the first and of the latest payment, in arrears, so that the last follows the end; NEVER where none
    was reported, or none is due by the end of the records or the day of the delivery.
    """
    clerk = entries.clerk
    known_to = min(clerk.as_of, day(clerk.aims.window.data_to))
    each = paydays(clerk.aims, clerk.rng, len(end))
    first = each.on_or_after(entries.on)
    last = np.minimum(each.on_or_after(end), each.on_or_before(np.full(len(end), known_to)))
    unreported, due = entries.slips("payments_unreported"), first <= known_to
    entries.mark("payments_unreported", unreported & due)
    reported = due & ~unreported
    return np.where(reported, first, NEVER), np.where(reported, last, NEVER)


def tax_year_start(on: Days) -> Days:
    """The 6 April on or before each day."""
    year = on.astype("datetime64[D]").astype("datetime64[Y]")
    april = (year.astype("datetime64[M]") + 3).astype("datetime64[D]").astype(np.int64) + 5
    before = ((year - 1).astype("datetime64[M]") + 3).astype("datetime64[D]").astype(np.int64) + 5
    return np.where(april <= on, april, before)
