"""Dates that stand for a day nobody knows: what a contract may say of them, and what every table then reads."""

import datetime
import itertools
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import yaml
from conftest import REPOSITORY
from small_women import PAYE, Draw, rows
from test_contracts import change
from test_contracts import schemas as schemas
from test_definitions import recipe

from linkage import stages
from linkage.cohorts.history import with_needs
from linkage.cohorts.records import Records
from linkage.cohorts.tabulate import answers_of, people_at
from linkage.cohorts.unknown_days import failures, resolved
from linkage.contracts.analysis import ALL, Analysis
from linkage.contracts.compared import definition
from linkage.contracts.comparison import read_comparisons
from linkage.contracts.dataset import Dataset
from linkage.contracts.unknown_days import UnknownDays, unknown_days
from linkage.errors import ContractError
from linkage.settings import Settings

DATA_TO = datetime.date(2025, 12, 31)
SOME = (
    "2022-04-05", "2022-04-06", "2022-05-07", "2022-05-08", "2022-10-12", "2023-04-05", "2023-04-06", "2025-10-30",
    "2025-12-30",
)  # fmt: skip
DAYS = [None, *map(datetime.date.fromisoformat, SOME)]
WRITTEN = {(4, 5), (4, 6)}


def rule_of(dataset: Dataset) -> UnknownDays:
    """The rule of a dataset that has one."""
    assert dataset.unknown_days
    return dataset.unknown_days


def with_rule(analysis: Analysis, **changed: object) -> Analysis:
    """The analysis with something else in the rule of PAYE."""
    paye = analysis.datasets["paye"]
    another = replace(paye, unknown_days=rule_of(paye).model_copy(update=changed))
    return replace(analysis, datasets={**analysis.datasets, "paye": another})


def with_job(records: Records, table: Draw, job: str) -> Records:
    """The drawn women, of whom one, released on 10 February 2023, had this job, and nobody any other."""
    head = PAYE.strip().splitlines()[0]
    dates = ", ".join(
        f"cast({name} as date) as {name}" for name in ("start_date", "end_date", "first_paid", "last_paid")
    )
    paye = table(f"{head}\n| 401 | F | {job} |").project(f"record_id, sex, hours, {dates}")
    return replace(records, attributes={**records.attributes, "paye": paye})


def test_a_rule_does_what_its_examples_say(con: duckdb.DuckDBPyConnection, datasets: dict[str, Dataset]) -> None:
    assert [name for name, one in datasets.items() if one.unknown_days] == ["paye"]
    assert list(failures(con, datasets["paye"])) == []


def test_an_example_with_other_days_is_reported_with_its_file(schemas: Path) -> None:
    change(schemas / "datasets" / "paye.yaml", "start: 2022-09-30", "start: 2022-09-29")
    with pytest.raises(ContractError, match=r"paye\.yaml: .*the first payment says the day: expected 2022-09-29 to"):
        stages.check(Settings(schemas, schemas.parent / "workspace"))


def test_the_recipe_of_the_readme_can_be_followed(con: duckdb.DuckDBPyConnection, datasets: dict[str, Dataset]) -> None:
    [said] = yaml.safe_load(recipe("Say which dates stand for unknown days"))
    assert said["property"] == "unknownDays"
    shown, rule = unknown_days(said["value"]), rule_of(datasets["paye"])
    assert list(shown.mistakes(datasets["paye"].attributes)) == []
    assert list(failures(con, replace(datasets["paye"], unknown_days=shown))) == []
    assert (shown.columns, shown.start.written, shown.end.written) == (
        rule.columns, rule.start.written, rule.end.written,
    )  # fmt: skip
    assert (shown.confirmed_within.value, shown.running_within.value) == (
        rule.confirmed_within.value, rule.running_within.value,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("column: start_date, wr", "column: begun, wr", r"'begun' is no attribute that is a date; there are \['end_d"),
        ("told_by: first_paid", "told_by: hours", "'hours' is no attribute that is a date"),
        ("told_by: first_paid", "told_by: date_of_birth", "'date_of_birth' is no attribute that is a date"),
        ("told_by: first_paid", "told_by: last_paid", r"unknownDays: \['last_paid'\] stands twice"),
        ("told_by: first_paid", "told: first_paid", "unknownDays: start.told: there is no such field"),
        ('written: "04-06"', 'written: "04-31"', "unknownDays: start.written: '04-31' is no month and day; write 6"),
        ('written: "04-06"', "written: 6 April", "'6 April' is no month and day"),
        ("confirmed_within: {value: 31", "confirmed_within: {value: 63", r"running_within \(62 days\) is less than"),
        (
            "running_within: {value: 62",
            "running_within: {value: 900000000",
            "900000000 stands there. Write 366 or less",
        ),
        (
            "data_to: 2025-12-31",
            "data_to: 0001-01-01",
            "examples.9.data_to: 0001-01-01 stands there. Write 1900-01-01 or more",
        ),
        (
            "running_within: {value: 62",
            "running_within: {value: 0",
            "unknownDays: running_within.value: 0 stands there. Write 1 or",
        ),
        (
            "running_within: {value: 62",
            "running_within: {value: yes",
            r"running_within.value: a bare yes \(true\) stands",
        ),
        ("data_to: 2025-12-31", "data_to: 20251231", "examples.9.data_to: 20251231 stands there"),
        ("{value: 62, reason:", "{value: 62, why:", "unknownDays: running_within.reason: it is missing. Add it"),
        ("record: {start_date: 2022-04-06, ", "record: {", "unknownDays: examples.0: give its record a start_date"),
        ("record: {start_date", "record: {hours: 2022-04-06, start_date", r"\['hours'\] tell nothing of it"),
        ("      start: {column", "      begin: {column", "unknownDays: start: it is missing. Add it"),
        (
            "    value:\n      start",
            "    value: yes\n    description: |\n      start",
            r"unknownDays: a bare yes \(true\) stands there. Write fields",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_file_and_the_remedy(schemas, old, new, says):
    change(schemas / "datasets" / "paye.yaml", old, new)
    with pytest.raises(ContractError, match=rf"paye\.yaml.*{says}"):
        stages.check(Settings(schemas, schemas.parent / "workspace"))


def test_nobody_is_followed_from_a_day_that_nobody_may_know(analysis: Analysis) -> None:
    orders, probation = analysis.cohorts["community_order_starts"], analysis.datasets["probation"]
    assert list(orders.mistakes(probation)) == []
    [refused] = orders.mistakes(replace(probation, unknown_days=rule_of(analysis.datasets["paye"])))
    assert refused.startswith("index_date 'start_date' may stand for a day nobody knows (unknownDays of probation).")
    assert refused.endswith("choose another date.")


def test_whatever_was_paid_when_a_spell_keeps_its_row_its_order_and_the_dates_that_are_known(
    con: duckdb.DuckDBPyConnection, datasets: dict[str, Dataset]
) -> None:
    names = rule_of(datasets["paye"]).columns
    given = [row for row in itertools.product(DAYS[1:], DAYS, DAYS, DAYS) if row[1] is None or row[0] <= row[1]]
    types = [("number", pa.int64()), *((name, pa.date32()) for name in names)]
    columns = [range(len(given)), *zip(*given, strict=True)]
    delivered = con.from_arrow(pa.table(dict(zip(dict(types), columns, strict=True)), schema=pa.schema(types)))
    once = resolved(con, delivered, datasets["paye"], DATA_TO)
    found = once.order("number").fetchall()
    assert len(found) == len(given)
    assert resolved(con, once, datasets["paye"], DATA_TO).order("number").fetchall() == found
    for (start, end, *paid), (_, begun, ended, *still_paid) in zip(given, found, strict=True):
        assert paid == still_paid
        assert ended is None or begun <= ended
        assert begun == start or ((start.month, start.day) in WRITTEN and begun in (paid[0], end))
        assert ended == end or ((end is None or (end.month, end.day) in WRITTEN) and ended == paid[1])
        assert paid != [None, None] or (begun, ended) == (start, end)
    changed = [one[:2] != (row[1], row[2]) for one, row in zip(given, found, strict=True)]
    assert 0.1 < sum(changed) / len(changed) < 0.6


@pytest.mark.parametrize(
    ("job", "days", "employed", "idle_before"),
    [
        ("2022-04-06 | 2023-04-05 | - | - | -", ("2022-04-06", "2023-04-05"), True, False),
        ("2022-04-06 | 2023-04-05 | - | 2023-03-30 | 2023-03-31", ("2023-03-30", "2023-03-31"), False, True),
        ("2022-04-06 | 2023-06-30 | - | 2023-03-31 | 2023-06-30", ("2023-03-31", "2023-06-30"), False, True),
        ("2022-04-06 | 2023-06-30 | - | 2022-04-29 | 2023-06-30", ("2022-04-06", "2023-06-30"), True, False),
        ("2022-05-01 | 2023-04-05 | - | 2022-05-31 | 2022-11-30", ("2022-05-01", "2022-11-30"), False, False),
        ("2022-05-01 | - | - | 2022-05-31 | 2022-11-30", ("2022-05-01", "2022-11-30"), False, False),
        ("2022-05-01 | - | - | 2022-05-31 | 2025-12-24", ("2022-05-01", None), True, False),
    ],
)
def test_all_that_tables_ask_is_asked_of_the_days_that_are_told(
    records: Records, table: Draw, analysis: Analysis, job: str, days: tuple[str, str | None], employed: bool,
    idle_before: bool,
) -> None:  # fmt: skip
    """Of a woman released on 10 February 2023: is she in a job on 24 March, was she in none in the year before?"""
    delivered = with_job(records, table, job)
    before = rows(delivered.of("paye"), "start_date", "end_date")
    people = people_at(delivered, analysis)
    told = [tuple(day and datetime.date.fromisoformat(day) for day in days)]
    assert rows(people.records.of("paye"), "start_date", "end_date") == told
    assert rows(people.facts["paye"], "start_date", "end_date") == told
    assert rows(delivered.of("paye"), "start_date", "end_date") == before
    hers = people.members["released_from_custody"].filter("record_id = 103")
    asked, prison = analysis.outcomes["employed_6_weeks"], analysis.datasets["prison"]
    assert rows(answers_of(people, analysis, asked, hers), "achieved") == [(employed,)]
    needs = with_needs(records.con, hers, analysis.by_history["needs"], prison, people.records.of)
    assert rows(needs, "had_no_job") == [(idle_before,)]


def test_reasons_and_examples_decide_nothing_and_all_else_decides_what_hangs_on_the_dataset(analysis: Analysis) -> None:
    rule = rule_of(analysis.datasets["paye"])
    reworded = with_rule(analysis, confirmed_within=rule.confirmed_within.model_copy(update={"reason": "other words"}))
    fewer = with_rule(reworded, examples=rule.examples[:1])
    later = with_rule(analysis, running_within=rule.running_within.model_copy(update={"value": 90}))
    others = ("released_from_custody", "proven_reoffending")
    for cohort, outcome, breakdown in [
        ("released_from_custody", "employed_6_weeks", ALL), (*others, "employment_6_weeks"), (*others, "needs_number"),
        (*others, "employment_6_weeks_by_sentence_in_two"), ("released_from_custody", "first_contact_job", ALL),
    ]:  # fmt: skip
        one = analysis.definition(cohort, outcome, "2022/23", breakdown)
        assert one == fewer.definition(cohort, outcome, "2022/23", breakdown)
        assert one != later.definition(cohort, outcome, "2022/23", breakdown)
    for breakdown in (ALL, "age_band"):
        cell = (*others, "2022/23", breakdown)
        assert analysis.definition(*cell) == later.definition(*cell) is not None
    comparisons = read_comparisons(REPOSITORY / "schemas", analysis)
    arm = next(iter(next(iter(comparisons.values())).arms))
    matched = [definition(comparisons, one, arm, "proven_reoffending") for one in (analysis, fewer, later)]
    assert matched[0] == matched[1] != matched[2]
