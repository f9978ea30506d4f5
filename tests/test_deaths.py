"""Deaths after release: what is refused, how often they are by the time at risk, and that no table tells of a few."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import small_deaths
from small_counts import RULES, TITLES, control, released
from small_deaths import EARLY, EVER, LATE
from test_definitions import SCHEMAS, edit, refusal

from linkage.contracts.adding import adding
from linkage.contracts.analysis import Analysis
from linkage.errors import DisclosureError
from linkage.link_errors import sources
from linkage.release import ledger, person_years
from linkage.release.auditor.files import audit, require_pass
from linkage.release.auditor.judge import judged, prove
from linkage.release.auditor.seen import figures
from linkage.release.draft import cell_of
from linkage.release.joint import problem_of

Row = dict[str, Any]
# On the edges of what rounding hides: 52 and 52 women, rounded down as far as can be; 3 die early, 10 on the last day,
# and the person-years of those who were alive on day 29 are only just rounded up to 95.
ON_THE_EDGE = small_deaths.of_years(
    {"2022": 46, "2023": 45}, [("2022", 5), ("2023", 9), ("2023", 20), *[("2022", 365), ("2023", 365)] * 5]
)


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A copy of the repository's declarations, to be spoiled."""
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    return tmp_path / "schemas"


# ------------------------------------------------------------------------------------------------- what is declared


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("died_to_12_months", "days: [29, 365]", "days: [33, 365]",
         "measure.days begin on day 33, and no other outcome of these women says who had died by day 32"),
        ("died_within_4_weeks", "days: [0, 28]", "days: [-7, 28]", "measure.days begin on day -7"),
        ("died_within_4_weeks", "exclude: [died]", "exclude: [in_custody, died]", "write `exclude: [died]`"),
        ("died_within_4_weeks", "exclude: [died]", "exclude: []", "write `exclude: [died]`, and no landmark"),
        ("died_within_4_weeks", "dataset: probation", "dataset: court", "measure.dataset = court tells of no death"),
        ("proven_reoffending", "  died: 2023-02-01\n", "  died: 2023-02-01\n    days_at_risk: 9\n",
         "days_at_risk are counted of a death alone"),
    ],
)  # fmt: skip
def test_a_death_that_cannot_be_asked_for_is_refused_with_the_remedy(
    schemas: Path, file: str, old: str, new: str, message: str
) -> None:
    edit(schemas / "outcomes" / f"{file}.yaml", old, new)
    refused = refusal(schemas)
    assert f"outcomes/{file}.yaml" in refused
    assert message in refused


def test_what_readers_know_of_deaths_is_found_in_the_declarations(analysis: Analysis) -> None:
    known = adding(analysis)
    assert known["deaths"] == {"died_to_12_months": (29, 365), "died_within_4_weeks": (0, 28)}
    assert known["died_by"]["out_of_work_benefit_30_days"] == 30
    assert known["died_by"]["reoffending_after_6_weeks"] == 42
    assert known["died_by"]["died_to_12_months"] == -1
    assert "proven_reoffending" not in known["died_by"]
    assert known["never"]["died_to_12_months"] == ("in_custody", "unknown", "not_linked")


def test_no_rate_of_deaths_is_corrected_for_errors_of_links(analysis: Analysis) -> None:
    assert set(analysis.outcomes) - set(sources(analysis)) == {"died_to_12_months", "died_within_4_weeks"}


# ---------------------------------------------------------------------------------------------------- rates by time


@pytest.mark.parametrize(
    ("deaths", "lower", "upper"), [(0, 0.0, 3.69), (10, 4.80, 18.39), (30, 20.24, 42.83), (100, 81.36, 121.63)]
)
def test_the_interval_of_a_rate_is_the_exact_one_of_poisson(deaths: int, lower: float, upper: float) -> None:
    found = person_years.rate(deaths, 100, RULES)
    assert list(found.values()) == [float(deaths), pytest.approx(lower, abs=0.011), pytest.approx(upper, abs=0.011)]


def test_a_rate_is_of_rounded_deaths_and_rounded_years_and_of_nothing_else() -> None:
    row = {"numerator": 28, "person_days": 556_000}
    found = person_years.beside(row, RULES)
    assert found["person_years"] == 1_520
    assert found["per_100_years"] == round(100 * 30 / 1_520, 2)
    for same in ({"numerator": 32}, {"person_days": 555_000}):
        assert person_years.beside(row | same, RULES) == found
    assert person_years.beside({"numerator": 0, "person_days": 900}, RULES) == {"person_years": 0}
    assert person_years.beside({"numerator": 28}, RULES) == {}


# ------------------------------------------------------------------------------------------------ what is given away


def verdict(rows: list[Row], *without: str) -> str:
    """What the auditor, who knows every fact, says of a release whose suppressor was told all facts but some."""
    made = control(small_deaths.relation(rows), RULES, TITLES, small_deaths.declared(*without))
    [found] = judged(made, prove(made, rows, RULES, small_deaths.known()))
    return found.verdict


@pytest.mark.parametrize("seed", [0, 3, 20, 24, 36])
def test_no_table_tells_how_few_had_died(seed: int) -> None:
    assert verdict(small_deaths.rows(small_deaths.women(seed))) == "pass"


@pytest.mark.parametrize(("fact", "seed"), [("died_by", 3), ("died_by", 24), ("deaths", 20), ("deaths", 36)])
def test_whoever_was_not_told_that_the_dead_stay_dead_would_give_a_count_away(fact: str, seed: int) -> None:
    assert verdict(small_deaths.rows(small_deaths.women(seed)), fact) == "fail"


def test_person_years_would_tell_how_many_died_before_and_are_suppressed_where_they_do() -> None:
    rows = [row for row in small_deaths.rows(ON_THE_EDGE) if row["outcome"] in (EVER, EARLY, LATE)]
    assert hidden(rows) == {EARLY, LATE}
    assert verdict(rows) == "pass"
    without_years = [{name: one for name, one in row.items() if name != "person_days"} for row in rows]
    assert hidden(without_years) == {EARLY}
    made = control(small_deaths.relation(without_years), RULES, TITLES, small_deaths.declared())
    shown = [row | (person_years.beside(true, RULES) if row["status"] != "c" else {})
             for row, true in zip(made, rows, strict=True)]  # fmt: skip
    [found] = judged(shown, prove(shown, rows, RULES, small_deaths.known()))
    assert found.verdict == "fail"


def hidden(rows: list[Row]) -> set[str]:
    """The outcomes that are suppressed in some row."""
    made = control(small_deaths.relation(rows), RULES, TITLES, small_deaths.declared())
    return {row["outcome"] for row in made if row["status"] == "c"}


def test_both_take_the_same_from_person_years() -> None:
    rows = small_deaths.rows(small_deaths.women(0))
    problem, _ = problem_of(rows, RULES, small_deaths.declared())
    ours = {label: (least, most) for label, least, most in zip(problem.labels, *problem.shown, strict=True)}
    made = control(small_deaths.relation(rows), RULES, TITLES, small_deaths.declared())
    seen = prove(made, rows, RULES, small_deaths.known()).seen
    theirs = {label: (least, most) for label, least, most in zip(seen.labels, seen.least, seen.most, strict=True)}
    before, after = (f"released, {LATE}, England, all, all, all, medium, alive {when}" for when in ("before", "after"))
    assert ours[before][0] == theirs[before][0] > 300
    assert ours[after][1] == theirs[after][1]


def left(drawn: list[small_deaths.Woman], release: str, before: list[ledger.Entry]) -> ledger.Entry:
    """These women as they leave in a release, after others."""
    rows = small_deaths.rows(drawn)
    earlier = [entry.left for entry in before]
    made = control(small_deaths.relation(rows), RULES, TITLES, small_deaths.declared(), earlier)
    true = {(cell_of(row), row["threshold"]): row for row in rows}
    known = small_deaths.known()
    told = [row | {"figures": figures(row, true[cell_of(row), row["threshold"]], known, RULES)} for row in made]
    proved = prove(made, rows, RULES, known, [(entry.name, entry.rows) for entry in before])
    assert {found.verdict for found in judged(made, proved)} == {"pass"}
    defined = dict.fromkeys((tuple(row[name] for name in ledger.LABELS[:6]) for row in told), "a definition")
    return ledger.Entry(1, {"what": "released", "release": release, "rows": ledger.rows_of(told, defined)}, "")


def test_a_later_release_is_protected_with_the_deaths_and_the_years_of_an_earlier_one() -> None:
    drawn = small_deaths.women(19)
    spring = left(drawn, "spring", [])
    told = {name for row in spring.rows for name in row["figures"] if row["outcome"] == LATE}
    assert {"alive_before", "alive_after"} <= told
    autumn = left([*drawn, small_deaths.Woman("2023", 12, frozenset()), *drawn[-3:]], "autumn", [spring])
    assert len(autumn.rows) == len(spring.rows)


# --------------------------------------------------------------------------------------------------- what is published


def test_the_audit_reads_person_years_again_and_stops_those_that_do_not_follow(tmp_path: Path) -> None:
    rows = small_deaths.rows(small_deaths.women(0))
    counted, known = small_deaths.relation(rows), small_deaths.known()
    made = control(counted, RULES, TITLES, small_deaths.declared())
    deaths = next(n for n, row in enumerate(made) if row["outcome"] == LATE)
    assert made[deaths]["per_100_years_lower"] < made[deaths]["per_100_years"] < made[deaths]["per_100_years_upper"]
    assert {row["person_years"] for row in made if row["outcome"] not in (EARLY, LATE)} == {None}
    require_pass(audit(released(tmp_path / "sound", made), counted, RULES, known))
    wrong = {"person_years": made[deaths]["person_years"] + 5, "per_100_years": 2.5, "per_100_years_upper": 9.9}
    for name, figure in wrong.items():
        spoiled = [row | {name: figure} if n == deaths else row for n, row in enumerate(made)]
        with pytest.raises(DisclosureError, match="holds person-years, or deaths by them, that do not follow"):
            audit(released(tmp_path / name, spoiled), counted, RULES, known)


IN_LONGER_PERIODS = """
from linkage.release.auditor.deaths import longer_periods
from linkage.release.auditor.notes import AddsUp
known = AddsUp(years={"2022 Q1": "2022", "2022 H1": "2022"}, halves={"2022 Q1": "2022 H1"})
periods = ("2022 Q1", "2022", "2022 H1", "all")
women = [("released", "alive", "England", period, "all", "all", "medium") for period in periods]
print([(whole[3], [one[3] for one in parts]) for whole, parts in longer_periods(women, known)])
"""


@pytest.mark.parametrize("seed", range(4))
def test_periods_are_added_up_in_the_same_order_in_every_process(seed: int) -> None:
    asked = (sys.executable, "-c", IN_LONGER_PERIODS)
    said = subprocess.run(asked, env=os.environ | {"PYTHONHASHSEED": str(seed)}, capture_output=True, check=True)
    assert ast.literal_eval(said.stdout.decode()) == [
        ("all", ["2022"]), ("2022", ["2022 H1"]), ("all", ["2022 H1"]),
        ("2022 H1", ["2022 Q1"]), ("2022", ["2022 Q1"]), ("all", ["2022 Q1"]),
    ]  # fmt: skip
