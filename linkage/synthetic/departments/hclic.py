"""The housing authorities' extract: one row per duty owed to somebody, quarter by quarter, as far as they submit."""

import datetime

import numpy as np
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, Days, dates, day
from linkage.synthetic.departments.columns import (
    Extract,
    Lives,
    clerk_of,
    coded,
    days,
    delivered,
    once_over,
    same,
    texts,
    yes_no,
)
from linkage.synthetic.departments.mistakes import Entries, Source
from linkage.synthetic.departments.numbers import identifier, record_ids
from linkage.synthetic.departments.writing import address, identity
from linkage.synthetic.people import places
from linkage.synthetic.people.arrays import Flags, Texts

HCLIC = Source(
    "hclic", care=1.2, older_name=0.12, alias=0.02,
    figures={"dob_first_of_january": "dob_first_of_january_hclic", "nino_missing": "nino_missing_hclic",
             "nino_wrong": "id_wrong", "ethnicity_not_stated": "ethnicity_not_stated"},
)  # fmt: skip
COVERAGE = 11  # the stream that draws who submits: one for the whole population, whatever the block
GROUPS = {"W": "1", "M": "2", "A": "3", "B": "4", "O": "5"}
NEEDS = ("offending", "drugs", "alcohol", "mental_health", "domestic_abuse", "rough_sleeping")


def hclic(lives: Lives, rng: np.random.Generator, as_of: int) -> Extract:
    """One row per duty; each case writes the applicant down anew. Quarters that an authority left out are not in it."""
    clerk, duties = clerk_of(HCLIC, lives, rng, as_of), lives.events["duties"]
    each, first = same(duties["who"], duties["case"])
    cases = duties.iloc[first]
    entries = clerk.entries(days(cases, "who"), days(cases, "application_date"))
    person = identity(entries).assign(nino=identifier(entries, "nino"), ethnicity=ethnic_group(entries))
    homeless = cases["no_fixed_abode"].to_numpy(dtype=bool)
    row = pd.concat([person, address(entries, days(cases, "home"), homeless)], axis=1).iloc[each]
    home, start = lives.people.homes.iloc[duties["home"]], days(duties, "start")
    authority = home["local_authority"].to_numpy(dtype=object)
    end, ta_start, ta_end = (submitted_end(clerk.aims, days(duties, c), as_of) for c in ("end", "ta_start", "ta_end"))
    columns = {
        "duty_id": record_ids(clerk, "H", len(duties)),
        "local_authority": authority,
        **texts(home, "region"),
        "first_name": row["forename"].to_numpy(dtype=object),
        "last_name": row["surname"].to_numpy(dtype=object),
        "date_of_birth": dates(row["born"]),
        "sex": coded(row["sex"], {"F": "Female", "M": "Male", "": "Prefer not to say"}),
        **texts(row, "nino", "ethnicity"),
        "last_settled_postcode": row["postcode"].to_numpy(dtype=object),
        "application_date": dates(duties["application_date"]),
        **texts(duties, "duty"),
        "duty_start": dates(start),
        "duty_end": dates(end),
        "end_reason": once_over(end, duties["end_reason"]),
        "referral_source": texts(duties, "referral")["referral"],
        **texts(duties, "loss_reason"),
        **{f"need_{need}": yes_no(duties[need]) for need in NEEDS},
        "ta_start": dates(ta_start),
        "ta_end": dates(ta_end),
        "refuge_address": yes_no(row["withheld"]),
    }
    left_out = ~submits(coverage(lives.seed, lives.aims), authority, start)
    entered, who = submitted(lives.aims, start), days(duties, "who")
    marks = entries.marks_of(each)
    return delivered(clerk, columns, "duty_start", who, entered, days(row, "name"), marks, gone=left_out)


def ethnic_group(entries: Entries) -> Texts:
    """Ethnicity as the authorities code it: five groups, and not stated."""
    unknown = entries.slips("ethnicity_not_stated")
    entries.mark("ethnicity_not_stated", unknown)
    group = coded(pd.Series(entries.of("ethnicity")).str[0].to_numpy(dtype=object), GROUPS)
    return np.where(unknown, "9", group).astype(object)


def quarters(on: Days) -> Days:
    """The first day of each day's quarter."""
    month = np.asarray(on).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return (month // 3 * 3).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def submitted(aims: Calibration, on: Days) -> Days:
    """The day on which what happened on a day is submitted: some weeks after the end of its quarter."""
    last = quarters(quarters(np.minimum(on, NEVER - 200)) + 100) - 1
    return last + int(aims["entry_days_hclic"])


def submitted_end(aims: Calibration, end: Days, as_of: int) -> Days:
    """The days that are submitted by the day of the delivery; NEVER for the others."""
    return np.where(submitted(aims, end) <= as_of, end, NEVER)


def coverage(seed: int, aims: Calibration) -> pd.DataFrame:
    """(local_authority, quarter, submitted): one row per English authority and quarter of the records.

    `quarter` is the number of its first day.
    """
    authorities = places.districts(places.read_geography())["local_authority"].unique()
    authorities = np.sort(authorities[[code.startswith("E") for code in authorities]])
    window = aims.window
    every = np.unique(quarters(np.arange(day(window.history_from), day(window.data_to) + 1)))
    table = pd.MultiIndex.from_product([authorities, every], names=["local_authority", "quarter"]).to_frame(index=False)
    # An exact share: of so few, chance alone would move it by a fifth.
    left_out = round(aims["authority_quarter_not_submitted"] * len(table))
    return table.assign(submitted=np.random.default_rng([seed, COVERAGE]).permutation(len(table)) >= left_out)


def submits(table: pd.DataFrame, authority: Texts, on: Days) -> Flags:
    """Did the authority submit the quarter of each day?"""
    left_out = table[~table["submitted"]]
    missing = pd.MultiIndex.from_frame(left_out[["local_authority", "quarter"]])
    return ~pd.MultiIndex.from_arrays([authority, quarters(on)]).isin(missing)


def coverage_file(seed: int, aims: Calibration, as_of: int) -> str:
    """hclic_coverage.csv (local_authority, quarter as 2023 Q1, submitted): of the quarters due by the delivery."""
    table = coverage(seed, aims)
    due = table[submitted(aims, table["quarter"].to_numpy()) <= as_of]
    lines = [
        f"{authority},{label(quarter)},{'yes' if sent else 'no'}"
        for authority, quarter, sent in due.itertuples(index=False)
    ]
    return "\n".join(["local_authority,quarter,submitted", *lines, ""])


def label(quarter: int) -> str:
    """A quarter in words, by its first day."""
    first = datetime.date.fromordinal(quarter + datetime.date(1970, 1, 1).toordinal())
    return f"{first.year} Q{(first.month + 2) // 3}"
