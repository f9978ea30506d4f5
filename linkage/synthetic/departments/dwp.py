"""DWP's extract: one row per benefit claim; a claimant is registered once, under her National Insurance number."""

import numpy as np

from linkage.synthetic.days import NEVER, Days, dates
from linkage.synthetic.departments.columns import (
    Extract,
    Lives,
    clerk_of,
    days,
    delivered,
    first_day,
    known_end,
    latest_day,
    once_over,
    same,
    texts,
    yes_no,
)
from linkage.synthetic.departments.mistakes import Entries, Source
from linkage.synthetic.departments.numbers import identifier, record_ids
from linkage.synthetic.departments.writing import address, identity, with_middle_name
from linkage.synthetic.people.arrays import Flags

DWP = Source(
    "dwp", care=0.75, older_name=0.15, alias=0.02,
    habits={"default_date": "ends of ESA, JSA and HB are those of a scan every other week"},
)  # fmt: skip
SCANNED = ("ESA", "JSA", "HB")


def dwp(lives: Lives, rng: np.random.Generator, as_of: int) -> Extract:
    """One row per claim. Who she is stands once per NINO, under the name known at the latest claim."""
    clerk, claims = clerk_of(DWP, lives, rng, as_of), lives.events["claims"]
    who, on = days(claims, "who"), days(claims, "start")
    entered, entries = clerk.entered(on), clerk.entries(who, on)
    each, first = same(who)
    claimants = clerk.entries(who[first], first_day(each, on))
    person = identity(claimants, known=latest_day(each, on, entered <= as_of))
    person["nino"] = identifier(claimants, "nino")
    person["forenames"] = with_middle_name(claimants, person["forename"].to_numpy(dtype=object))
    row, place = person.iloc[each], address(entries, lives.people.home_on(who, on))
    end = known_end(clerk, scanned(entries, claims["benefit"].isin(SCANNED).to_numpy(), days(claims, "end")))
    entries.unmark("default_date", at=end == NEVER)
    columns = {
        "claim_id": record_ids(clerk, "W", len(claims)),
        **texts(row, "nino", "forenames", "surname"),
        "date_of_birth": dates(row["born"]),
        "sex": row["sex"].to_numpy(dtype=object),
        **texts(place, "postcode"),
        **texts(claims, "benefit"),
        "start_date": dates(on),
        "end_date": dates(end),
        "end_reason": once_over(end, claims["end_reason"]),
        "sensitive": yes_no(place["withheld"]),
    }
    marks = {**entries.marks, **claimants.marks_of(each)}
    return delivered(clerk, columns, "start_date", who, entered, days(row, "name"), marks)


def scanned(entries: Entries, by_scan: Flags, end: Days) -> Days:
    """Ends, of the older benefits as a scan of every other week found them."""
    between = int(entries.clerk.aims["days_between_scans"])
    found = np.where(by_scan & (end != NEVER), -(-end // between) * between, end)
    entries.mark("default_date", found != end)
    return found
