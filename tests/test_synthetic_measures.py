"""Measuring an invented population: every target once, and errors that know whose rows belong together."""

import duckdb
import numpy as np
import pytest

from linkage.errors import ContractError
from linkage.synthetic import measures
from linkage.synthetic.achieved import Measured, average_effect, check_all_measured, logistic, ratio, themes
from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.measures import Ratio


def test_every_target_is_measured_and_every_measure_has_a_target():
    check_all_measured(read_calibration())


def test_a_target_nobody_measures_is_named(monkeypatch):
    monkeypatch.delitem(measures.RATIOS["who there is"], "alias")
    monkeypatch.setitem(measures.ODDS, "odds_shoe_size", "true")
    with pytest.raises(ContractError, match="targets.alias is measured by nothing; odds_shoe_size is measured and no"):
        check_all_measured(read_calibration())


def test_no_target_is_measured_twice():
    names = [name for names in themes().values() for name in names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("got", "error", "met"), [(0.549, 0.0, True), (0.551, 0.0, False), (0.551, 0.026, True), (0.44, 0.0, False)]
)
def test_a_target_is_met_within_a_tenth_or_two_standard_errors(got, error, met):
    assert Measured("one", "theme", 0.5, got, error, 100).met is met


def test_rows_of_one_person_count_together_in_the_error_of_a_share():
    with duckdb.connect() as con:
        con.execute("create table alone as select i as person, i % 2 = 0 as y from range(400) t(i)")
        con.execute("create table thrice as select person, y from alone, range(3)")
        once, thrice = (ratio(con, Ratio(table, "y")) for table in ("alone", "thrice"))
    assert once.got == thrice.got == 0.5
    assert once.error == pytest.approx((0.25 / 400) ** 0.5)
    assert thrice.error == pytest.approx(once.error)


def test_the_regression_finds_the_odds_that_were_put_in():
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(200_000), rng.random(200_000) < 0.3, rng.normal(size=200_000)])
    y = (rng.random(200_000) < 1 / (1 + np.exp(-(x @ [-1.0, np.log(0.65), 0.4])))).astype(float)
    found, covariance = logistic(x, y)
    error = np.sqrt(np.diag(covariance))
    assert np.abs(found - [-1.0, np.log(0.65), 0.4]) == pytest.approx([0, 0, 0], abs=4 * error.max())
    effect = average_effect(x, found, covariance, 1)
    assert effect.got == pytest.approx(-0.08, abs=0.01)
    assert 0 < effect.error < 0.01


def test_a_cause_that_is_never_met_stops_the_regression():
    y = np.array([0.0, 1.0] * 50)
    with pytest.raises(ContractError, match="does not settle"):
        logistic(np.column_stack([np.ones(100), y]), y)
