"""What departments write, each in its own way: days that stand for others, and what is not in there yet."""

import datetime

import numpy as np
import pandas as pd
import pytest
from small_deliveries import AIMS, EARLY, KEYS, SEED, extract, has, with_figure

from linkage.synthetic.days import dates, day
from linkage.synthetic.departments import hclic as housing
from linkage.synthetic.departments.paydays import Paydays, last_working_day
from linkage.synthetic.departments.paye import tax_year_start

PAID = ["first_paid", "last_paid"]
LONGEST = 32  # days between two paydays at the ends of months: 29 July to 31 August 2022, for weekends


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


@pytest.mark.parametrize(
    ("date", "later", "last"),
    [("2023-04-06", 0, "2023-04-28"), ("2024-02-29", 0, "2024-02-29"), ("2023-12-31", 0, "2023-12-29"),
     ("2023-12-31", 1, "2024-01-31"), ("2024-01-01", -1, "2023-12-29")],
)  # fmt: skip
def test_the_last_working_day_of_a_month_is_no_saturday_or_sunday(date, later, last):
    assert dates(last_working_day(np.array([day(datetime.date.fromisoformat(date))]), later))[0] == np.datetime64(last)


@pytest.mark.parametrize(
    ("monthly", "every", "date", "before", "after"),
    [
        (False, 7, "2023-04-05", "2023-03-31", "2023-04-07"), (False, 7, "2023-04-07", "2023-04-07", "2023-04-07"),
        (False, 28, "1970-01-03", "1970-01-02", "1970-01-30"), (True, 28, "2023-04-29", "2023-04-28", "2023-05-31"),
        (True, 28, "2023-04-28", "2023-04-28", "2023-04-28"), (True, 28, "2023-04-27", "2023-03-31", "2023-04-28"),
    ],
)  # fmt: skip
def test_wages_are_paid_on_a_friday_or_at_the_end_of_the_month(monthly, every, date, before, after):
    pay = Paydays(np.array([monthly]), np.array([every]), np.array([1]))
    on = np.array([day(datetime.date.fromisoformat(date))])
    assert [str(dates(found)[0]) for found in (pay.on_or_before(on), pay.on_or_after(on))] == [before, after]


def test_pay_follows_the_work_by_a_month_at_most_and_does_not_give_its_days_away(late):
    made = late["paye"]
    for paid, worked, labels in [
        ("first_paid", "start_date", ("tax_year_start",)), ("last_paid", "end_date", ("tax_year_end", "default_date")),
    ]:  # fmt: skip
        known = made.rows[~has(made, *labels)].dropna(subset=[paid, worked])
        known = known[known[worked] <= pd.Timestamp(dates(day(AIMS.window.data_to) - LONGEST).item())]
        arrears = (known[paid] - known[worked]).dt.days
        assert arrears.between(0, LONGEST).all()
        assert (arrears == 0).mean() < 0.1
        assert arrears.median() > 7


def test_of_some_jobs_no_payment_is_known_and_of_none_one_after_the_records_or_the_delivery(lives, early, late):
    for made, known_to in ((early["paye"], EARLY), (late["paye"], day(AIMS.window.data_to))):
        missing, unreported = made.rows[PAID].isna(), has(made, "payments_unreported")
        assert (missing["first_paid"] == missing["last_paid"]).all()
        assert missing["first_paid"][unreported].all()
        assert (made.rows["first_paid"].dropna() <= made.rows["last_paid"].dropna()).all()
        assert made.rows["last_paid"].max() <= pd.Timestamp(dates(known_to).item())
        may_be_due = has(made, "tax_year_start") | (
            made.rows["start_date"] > pd.Timestamp(dates(known_to - LONGEST).item())
        )
        assert not (missing["first_paid"] & ~unreported & ~may_be_due).any()
        assert 0.01 < unreported.mean() < 0.05
    before, after = (made["paye"].rows.set_index(KEYS["paye"])[PAID].dropna() for made in (early, late))
    shared = before.index.intersection(after.index)
    assert (before.loc[shared, "first_paid"] == after.loc[shared, "first_paid"]).all()
    assert (before.loc[shared, "last_paid"] <= after.loc[shared, "last_paid"]).all()


def test_how_wages_are_paid_changes_nothing_else_in_the_extract(lives, late):
    paid_otherwise = extract(with_figure(lives, "paid_weekly", 0.9), "paye")
    assert not paid_otherwise.rows["first_paid"].equals(late["paye"].rows["first_paid"])
    assert paid_otherwise.rows.drop(columns=PAID).equals(late["paye"].rows.drop(columns=PAID))
    never = extract(with_figure(lives, "payments_unreported", 1.0), "paye")
    assert (never.rows[PAID].isna().mean() > 0.85).all()  # the rest was put right since
    assert never.rows.drop(columns=PAID).equals(late["paye"].rows.drop(columns=PAID))


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
