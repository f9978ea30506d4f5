"""Invented journeys: they keep to one place and to their lives, and show analysts the causes that were put in."""

import numpy as np
import pandas as pd
import pytest

from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.days import NEVER, day
from linkage.synthetic.journeys.everyday import everyday
from linkage.synthetic.journeys.journeys import departures, journeys
from linkage.synthetic.journeys.spells import covered, joined, next_day
from linkage.synthetic.people.population import Population, population

AIMS = read_calibration()
FROM, TO, LAST = (day(on) for on in (AIMS.window.cohorts_from, AIMS.window.cohorts_to, AIMS.window.data_to))
MANY = 40_000
WALES = "W92000004"
# Day columns by table: what begins or befalls, and what may still run.
BEGINS = {
    "offences": ["offence_date", "outcome_date"],
    "custody": ["reception_date"],
    "supervisions": ["start_date"],
    "reviews": ["review_date"],
    "jobs": ["start"],
    "episodes": ["triage", "start"],
    "claims": ["start"],
    "duties": ["application_date", "start", "ta_start"],
    "follow_ups": ["start", "committed"],
}
ENDS = {
    "custody": "release_date",
    "supervisions": "end_date",
    "jobs": "end",
    "episodes": "end",
    "claims": "end",
    "duties": "end",
}
LOGIT = {
    "odds_employed": "employed",
    "odds_settled": "settled",
    "odds_rough_sleeping": "rough",
    "odds_in_treatment": "treated",
    "odds_aged_40": "aged_40",
    "odds_aged_under_25": "aged_under_25",
}


@pytest.fixture(scope="module")
def people() -> Population:
    """A block of people."""
    return population(MANY, AIMS, np.random.default_rng(1), seed=1)


@pytest.fixture(scope="module")
def theirs(people) -> dict[str, pd.DataFrame]:
    """The events of those with justice lives."""
    return journeys(people, AIMS, np.random.default_rng(2))


@pytest.fixture(scope="module")
def others(people) -> dict[str, pd.DataFrame]:
    """The events of everybody else."""
    return everyday(people, AIMS, np.random.default_rng(3))


@pytest.fixture(scope="module")
def events(theirs, others) -> dict[str, pd.DataFrame]:
    """The events of everybody."""
    both = {
        name: pd.concat([table, others[name]], ignore_index=True) for name, table in theirs.items() if name in others
    }
    return {**theirs, **both}


@pytest.fixture(scope="module")
def womens(people, theirs) -> pd.DataFrame:
    """Follow-ups of women that start within the cohorts, with `again`: a proven reoffence by the 12 + 6 months rule."""
    found = theirs["follow_ups"]
    female = people.people["female"].to_numpy()[found["who"]]
    found = found[female & found["start"].between(FROM, TO)].reset_index(names="number")
    offences = theirs["offences"][theirs["offences"]["breach"] == "N"]
    met = found[["number", "who", "start"]].merge(offences, on="who")
    within = met["offence_date"].between(met["start"] + 1, met["start"] + 365)
    met = met[within & (met["outcome_date"] <= met["start"] + 365 + 182)]
    return found.assign(again=found["number"].isin(met["number"]))


def causes(follow_ups: pd.DataFrame) -> pd.DataFrame:
    """What the chance of a next offence hangs on, one column each."""
    of, custody = follow_ups, follow_ups["disposal"] == "CUS"
    return pd.DataFrame({
        "always": 1.0,
        "employed": of["employed"],
        "settled": of["home"] == "SET",
        "rough": of["home"] == "ROUGH",
        "treated": of["treated"] & of["need"],
        "aged_40": of["age"] >= 40,
        "aged_under_25": of["age"] < 25,
        "past": np.log1p(of["previous_offences"].astype(float)),
        "need": of["need"],
        "nfa": of["no_fixed_abode"],
        "theft": of["main_offence_group"] == "04",
        "caution": of["disposal"] == "CAU",
        "fine": of["disposal"] == "FIN",
        "suspended": of["disposal"] == "SSO",
        "short_custody": custody & (of["sentence_days"] < 365),
        "long_custody": custody & (of["sentence_days"] >= 365),
    }).astype(float)  # fmt: skip


def log_odds(follow_ups: pd.DataFrame) -> pd.DataFrame:
    """(found, error) by cause: a logistic regression of a next offence within a year, by Newton's method."""
    x, again = causes(follow_ups), (follow_ups["committed"] <= follow_ups["start"] + 365).to_numpy(float)
    matrix, found = x.to_numpy(), np.zeros(x.shape[1])
    for _ in range(12):
        chance = 1 / (1 + np.exp(-matrix @ found))
        information = matrix.T @ (matrix * (chance * (1 - chance))[:, None])
        found = found + np.linalg.solve(information, matrix.T @ (again - chance))
    return pd.DataFrame({"found": found, "error": np.sqrt(np.diag(np.linalg.inv(information)))}, index=x.columns)


@pytest.fixture(scope="module")
def recovered(theirs) -> pd.DataFrame:
    """The log odds that an analyst would find in all follow-ups of a full year."""
    return log_odds(theirs["follow_ups"][theirs["follow_ups"]["start"] <= LAST - 365])


# -- one place at a time, within a life ----------------------------------------------------------------------------


def test_nobody_is_in_two_cells_at_once(theirs):
    spells = theirs["custody"].sort_values(["who", "reception_date", "release_date"])
    assert (spells["reception_date"] <= spells["release_date"]).all()
    next_in = spells.groupby("who")["reception_date"].shift(-1)
    assert next_in.notna().sum() > 500
    assert not (spells["release_date"] > next_in).any()


def test_nothing_begins_before_arrival_nor_after_death_leaving_or_deportation(people, events):
    _, gone = departures(events, people)
    arrived = people.people["arrived"].to_numpy()
    for table, columns in BEGINS.items():
        for column in columns:
            rows = events[table][events[table][column] != NEVER]
            who, on = rows["who"].to_numpy(), rows[column].to_numpy()
            assert (arrived[who] <= on).all(), (table, column)
            assert (on < gone[who]).all(), (table, column)
            assert (on <= LAST).all(), (table, column)


def test_nothing_runs_on_after_death_leaving_or_deportation(people, events):
    _, gone = departures(events, people)
    for table, end in ENDS.items():
        who, on = events[table]["who"].to_numpy(), events[table][end].to_numpy()
        assert ((on <= gone[who]) | ((on == NEVER) & (gone[who] > LAST))).all(), table
        assert ((on <= LAST) | (on == NEVER)).all(), table


def test_everybody_who_died_in_the_records_is_among_the_deaths_once_some_sooner_than_of_age(people, events):
    deaths, natural = events["deaths"], people.people["died"].to_numpy()
    assert deaths["who"].is_unique
    assert set(np.flatnonzero(natural <= LAST)) <= set(deaths["who"])
    assert (deaths["died"] <= LAST).all()
    assert (deaths["died"] <= natural[deaths["who"]]).all()
    assert (deaths["died"] < natural[deaths["who"]]).sum() > 10


def test_some_leave_the_country_or_are_deported_in_the_midst_of_it(people, theirs):
    left = people.people["left"].to_numpy()[theirs["follow_ups"]["who"]]
    assert (left <= LAST).sum() > 20
    assert (theirs["custody"]["release_type"] == "DEP").sum() > 3


def test_what_still_runs_has_no_reason_for_its_end_and_what_ended_has_one(events):
    for table, reason in (("claims", "end_reason"), ("duties", "end_reason"), ("episodes", "discharge_reason")):
        running = events[table]["end"] == NEVER
        assert 0.02 < running.mean() < 0.9, table
        assert ((events[table][reason] == "") == running).all(), table


def test_the_same_numbers_drawn_give_the_same_lives():
    few = population(1_000, AIMS, np.random.default_rng(5), seed=5)
    first, again, other = (journeys(few, AIMS, np.random.default_rng(seed)) for seed in (6, 6, 7))
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, again[name])
    assert len(first["offences"]) != len(other["offences"])


# -- courts and prisons --------------------------------------------------------------------------------------------


def test_the_longer_the_sentence_the_fewer_reoffend(womens):
    custody = womens[womens["disposal"] == "CUS"]
    band = np.digitize(custody["sentence_days"], [183, 365])
    rates, sizes = custody.groupby(band)["again"].mean(), custody.groupby(band).size()
    assert (sizes > 40).all()
    assert rates[0] > rates[1] + 0.05
    assert rates[1] > rates[2] + 0.03


def test_who_is_sent_to_prison_makes_most_of_the_gap_to_community_orders(womens, recovered):
    short = womens[(womens["disposal"] == "CUS") & (womens["sentence_days"] < 365)]
    order = womens[womens["disposal"] == "CO"]
    assert short["again"].mean() - order["again"].mean() > 0.18
    assert np.log1p(short["previous_offences"]).mean() - np.log1p(order["previous_offences"]).mean() > 0.8
    own = recovered.loc["short_custody"]
    assert abs(own["found"] - np.log(AIMS["odds_short_custody"])) < 3.5 * own["error"]
    assert own["found"] < 0.6


@pytest.mark.parametrize("odds", LOGIT)
def test_an_analyst_recovers_the_odds_that_were_put_in(odds, recovered):
    one = recovered.loc[LOGIT[odds]]
    assert one["error"] < 0.12
    assert abs(one["found"] - np.log(AIMS[odds])) < 3.5 * one["error"]


def test_previous_offences_are_the_strongest_driver_and_only_grow(theirs, recovered):
    z = (recovered["found"] / recovered["error"]).drop("always").abs()
    assert z.idxmax() == "past"
    offences = theirs["offences"].sort_values(["who", "outcome_date"], kind="stable")
    assert (offences.groupby("who")["previous_offences"].diff().dropna() >= 0).all()


def test_a_good_part_are_first_time_entrants_and_most_of_them_are_cautioned_or_fined(womens):
    entrants = womens[womens["previous_offences"] == 0]
    assert 0.15 < len(entrants) / len(womens) < 0.5
    assert entrants["disposal"].isin(["CAU", "FIN"]).mean() > 0.8


def test_every_release_to_liberty_from_a_sentence_starts_a_follow_up_and_has_a_first_night(theirs):
    custody, follow_ups = theirs["custody"], theirs["follow_ups"]
    free = custody["release_type"].isin(["CRD", "ARD", "HDC", "RUR"])
    assert ((custody["discharge_accommodation"] != "") == free).all()
    out = custody[free & (custody["reception_type"] == "SEN")]
    started = follow_ups.loc[follow_ups["disposal"] == "CUS", ["who", "start"]]
    assert set(zip(out["who"], out["release_date"], strict=True)) == set(started.itertuples(index=False, name=None))


def test_supervision_ends_when_she_is_received_into_custody(theirs):
    orders, custody = theirs["supervisions"], theirs["custody"]
    inside = next_day(custody[["who", "reception_date"]], orders["who"], orders["start_date"])
    assert ((orders["end_date"] <= inside) | (inside > LAST)).all()
    assert orders["end_reason"].isin(["REV", "REC"]).mean() > 0.05


# -- work, benefits, treatment, homes ------------------------------------------------------------------------------


def test_jobs_of_justice_lives_come_one_at_a_time_and_none_begins_in_a_cell(theirs):
    jobs = theirs["jobs"].sort_values(["who", "start"])
    assert not (jobs["end"] > jobs.groupby("who")["start"].shift(-1)).any()
    spells = theirs["custody"][["who", "reception_date", "release_date"]]
    assert not covered(spells, jobs["who"].to_numpy(), jobs["start"].to_numpy()).any()


def test_out_of_work_claims_end_in_custody_and_in_work_and_come_one_at_a_time(theirs):
    claims = theirs["claims"][theirs["claims"]["benefit"].isin(["UC", "ESA", "JSA"])].sort_values(["who", "start"])
    assert not (claims["end"] >= claims.groupby("who")["start"].shift(-1)).any()
    who, start, end = (claims[name].to_numpy() for name in ("who", "start", "end"))
    receptions, begun = theirs["custody"][["who", "reception_date"]], theirs["jobs"][["who", "start"]]
    assert (end <= next_day(receptions, who, start)).all()
    assert (end <= next_day(begun, who, start)).all()
    assert not covered(theirs["custody"][["who", "reception_date", "release_date"]], who, start).any()
    ended = claims["end_reason"] == "INST"
    assert ended.sum() > 100
    assert (end == next_day(receptions, who, start))[ended].all()


def test_most_people_claim_within_days_of_release_many_on_the_day(theirs):
    released = theirs["follow_ups"][theirs["follow_ups"]["disposal"] == "CUS"]
    claims = theirs["claims"].loc[theirs["claims"]["benefit"] == "UC", ["who", "start"]]
    wait = next_day(claims, released["who"], released["start"] - 1) - released["start"]
    assert 0.5 < (wait <= 14).mean() < 0.9
    assert 0.25 < (wait == 0).mean() < 0.6


def test_a_duty_is_owed_in_england_only_one_case_at_a_time(people, events):
    duties = events["duties"].sort_values(["who", "start"])
    assert duties["duty"].value_counts().min() > 50
    assert WALES not in set(people.homes["region"].to_numpy()[duties["home"]])
    assert WALES in set(people.homes["region"])
    assert duties.groupby("case")["who"].nunique().max() == 1
    assert not (duties["end"] > duties.groupby("who")["start"].shift(-1)).any()


def test_relief_lasts_56_days_at_most_and_temporary_accommodation_no_longer_than_the_duty(events):
    duties = events["duties"]
    relief = duties[(duties["duty"] == "REL") & (duties["end"] != NEVER)]
    assert (relief["end"] - relief["start"]).max() == 56
    housed = duties[duties["ta_start"] != NEVER]
    assert len(housed) > 50
    assert (housed["ta_start"] >= housed["start"]).all()
    assert (housed["ta_start"] <= housed["ta_end"]).all()
    assert (housed["ta_end"] <= housed["end"]).all()


def test_treatment_is_given_in_england_and_at_liberty(people, events):
    begun = events["episodes"][events["episodes"]["start"] != NEVER]
    who, triage, start = (begun[name].to_numpy() for name in ("who", "triage", "start"))
    assert WALES not in set(people.homes["region"].to_numpy()[people.home_on(who, triage)])
    assert (begun["end"] <= next_day(events["custody"][["who", "reception_date"]], who, start)).all()


def test_women_settled_on_the_first_night_are_settled_more_often_three_months_on(womens):
    settled = (
        womens[womens["disposal"] == "CUS"].groupby("first_night")["home"].agg(lambda home: (home == "SET").mean())
    )
    assert settled["SET"] > settled["HOME"] + 0.15


# -- questions about spells ----------------------------------------------------------------------------------------


def test_spells_that_overlap_are_joined_and_a_day_is_covered_from_the_first_to_before_the_last():
    spells = pd.DataFrame(
        {"who": [1, 1, 1, 2], "start": [10, 15, 40, 12], "end": [30, 20, 50, 14], "why": list("abcd")}
    )
    assert joined(spells).to_numpy().tolist() == [[1, 10, 30, "a"], [1, 40, 50, "c"], [2, 12, 14, "d"]]
    who, on = np.array([1, 1, 1, 1, 2, 3]), np.array([9, 10, 29, 30, 13, 13])
    assert covered(spells, who, on).tolist() == [False, True, True, False, True, False]
    assert next_day(spells[["who", "start"]], who, on).tolist() == [10, 15, 40, 40, NEVER, NEVER]


def test_as_many_are_on_remand_where_the_records_end_as_before(theirs):
    spells = theirs["custody"][theirs["custody"]["reception_type"] == "REM"]

    def inside(on: int) -> int:
        return int(((spells["reception_date"] <= on) & (on < spells["release_date"])).sum())

    before = np.mean([inside(LAST - 30 * months) for months in range(6, 18)])
    assert before > 20
    assert inside(LAST) == pytest.approx(before, rel=0.5)


def test_a_recall_goes_over_only_into_a_new_sentence(theirs):
    spells = theirs["custody"].sort_values(["who", "reception_date"])
    follows = (spells["who"].shift(-1) == spells["who"]) & (spells["reception_type"].shift(-1) == "SEN")
    follows &= spells["reception_date"].shift(-1) == spells["release_date"]
    goes_over = (spells["reception_type"] == "REC") & (spells["release_type"] == "TRA")
    assert goes_over.sum() > 5
    assert follows[goes_over].all()
