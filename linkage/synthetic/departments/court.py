"""The courts' extract: one row per offence that was decided, weeks after the day."""

import numpy as np

from linkage.synthetic.days import dates
from linkage.synthetic.departments.columns import (
    Extract,
    Lives,
    clerk_of,
    coded,
    days,
    delivered,
    same,
    texts,
)
from linkage.synthetic.departments.mistakes import Source
from linkage.synthetic.departments.numbers import identifier, own_numbers, pnc_forms, record_ids
from linkage.synthetic.departments.writing import address, identity, with_middle_name

COURT = Source(
    "court", care=1.15, older_name=0.26, alias=0.12, listed=0.35, capitals=True,
    figures={"pnc_missing": "pnc_missing_court", "pnc_wrong": "id_wrong"},
)  # fmt: skip


def court(lives: Lives, rng: np.random.Generator, as_of: int) -> Extract:
    """One row per offence; each appearance, of one person on one day, writes the defendant down anew."""
    clerk, offences = clerk_of(COURT, lives, rng, as_of), lives.events["offences"]
    each, first = same(offences["who"], offences["outcome_date"])
    who, on = (offences[column].to_numpy(np.int64)[first] for column in ("who", "outcome_date"))
    entered, entries = clerk.entered(on), clerk.entries(who, on)
    home = lives.people.home_on(who, on)
    person = identity(entries).assign(postcode=address(entries, home)["postcode"], home=home)
    force = lives.people.homes["police_force_area"].to_numpy(dtype=object)[home]
    person["defendant_id"] = own_numbers(clerk, "D", who, force)
    person["pnc_id"] = pnc_forms(entries, identifier(entries, "pnc"))
    person["forenames"] = with_middle_name(entries, person["forename"].to_numpy(dtype=object))
    closed = entries.chance(0.3)
    person["postcode"] = np.where(closed, person["postcode"].str.replace(" ", ""), person["postcode"])
    person["alias_surnames"] = [";".join(others).upper() for others in person["others"]]
    row = person.iloc[each]
    columns = {
        "offence_id": record_ids(clerk, "OF", len(offences)),
        **texts(row, "defendant_id", "pnc_id", "forenames", "surname", "alias_surnames"),
        "date_of_birth": dates(row["born"]),
        "sex": coded(row["sex"], {"F": "F", "M": "M", "": "NS"}),
        **texts(row, "postcode"),
        **texts(offences, "offence_group"),
        "offence_date": dates(offences["offence_date"]),
        "outcome_date": dates(offences["outcome_date"]),
        **texts(offences, "disposal", "breach"),
        "previous_offences": days(offences, "previous_offences"),
    }
    marks = entries.marks_of(each)
    return delivered(clerk, columns, "offence_date", who[each], entered[each], days(row, "name"), marks)
