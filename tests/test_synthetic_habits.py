"""What departments write, each in its own way: days that stand for others, and what is not in there yet."""

import datetime

import numpy as np
import pytest
from small_deliveries import AIMS, EARLY, SEED, has

from linkage.synthetic.days import dates, day
from linkage.synthetic.departments import hclic as housing
from linkage.synthetic.departments.paye import tax_year_start


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
