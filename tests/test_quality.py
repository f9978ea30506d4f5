"""Gates stop what must stop, report the rest, and quote nothing."""

import json
import re

import pyarrow as pa
import pytest
import yaml
from conftest import REPOSITORY

from linkage.cohorts.examples import ARROW
from linkage.contracts.encodings import read_encodings
from linkage.errors import ContractError, GateError
from linkage.quality import facts, gate, suites

EXPECTATIONS = REPOSITORY / "expectations"
PLANTED = "Featherstonehaugh"
BALANCED = {
    "rows_in": 10,
    "rows_out": 10,
    "out_of_scope": 0,
    "quarantined": {},
    "missing": {},
    "invalid_identifiers": {},
}


def expectation(kind, severity="critical", title="as expected", **kwargs):
    meta = {"title": title, "what_to_do": "Ask the department."}
    return {"type": kind, "severity": severity, "kwargs": kwargs, "meta": meta}


def suite(rows=(), facts=(), measures=None):
    return suites.Suite(title="Drawn", rows=rows, facts=facts, measures=measures or {})


def at_most(column, limit, severity="critical", title="as expected"):
    return expectation("expect_column_max_to_be_between", severity, title, column=column, max_value=limit)


ONE_OF_AB = {"column": "word", "value_set": ["a", "b"]}


def test_a_critical_expectation_that_fails_stops_the_run_and_says_what_to_do(table):
    expected = suite(rows=[expectation("expect_column_values_to_be_in_set", title="words are known", **ONE_OF_AB)])
    verdict = gate.validate("extract", "drawn", expected, table("| word |\n| a |\n| c |"))
    assert not verdict.passed
    with pytest.raises(GateError, match="words are known: 1 of 2 rows are not, expected every row. Ask the department"):
        gate.enforce(verdict)


def test_a_warning_is_reported_and_stops_nothing(table):
    expected = suite(rows=[expectation("expect_column_values_to_be_in_set", "warning", **ONE_OF_AB)])
    verdict = gate.validate("extract", "drawn", expected, table("| word |\n| a |\n| c |"))
    gate.enforce(verdict)
    assert verdict.passed
    assert [c.passed for c in verdict.warnings] == [False]
    assert verdict.summary["checks"][0]["severity"] == "warning"


def test_rows_as_expected_pass(table):
    expected = suite(rows=[expectation("expect_column_values_to_be_in_set", **ONE_OF_AB)])
    verdict = gate.validate("extract", "drawn", expected, table("| word |\n| a |\n| b |"))
    gate.enforce(verdict)
    assert [(c.passed, c.observed) for c in verdict.checks] == [(True, "all of 2 rows")]


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_values_to_not_be_null", {"column": "not_there"}),
        ("expect_column_values_to_be_between", {"column": "word", "min_value": 1}),
    ],
)
@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_an_expectation_that_cannot_be_checked_is_a_broken_gate_and_no_bad_data(table, kind, kwargs, severity):
    expected = suite(rows=[expectation(kind, severity, "a title", **kwargs)])
    verdict = gate.validate("extract", "drawn", expected, table(f"| word |\n| {PLANTED} |"))
    assert verdict.checks[0].broken
    assert verdict.checks[0].observed == "could not be checked"
    with pytest.raises(GateError, match="the gate itself is broken") as stopped:
        gate.enforce(verdict)
    assert PLANTED not in str(stopped.value) + json.dumps(verdict.gx_json)


def test_an_expectation_great_expectations_does_not_know_is_refused_and_not_left_out(table):
    expected = suite(rows=[expectation("expect_column_values_to_rhyme", column="word")])
    with pytest.raises(ContractError, match="expect_column_values_to_rhyme"):
        gate.validate("extract", "drawn", expected, table("| word |\n| a |"))


def test_a_planted_value_that_fails_every_expectation_is_nowhere_in_the_results(table):
    rows = table(f"| word | other | day |\n| {PLANTED} | {PLANTED} | 1987-06-05 |\n| {PLANTED} | x | 1987-06-05 |")
    expected = suite(
        rows=[
            expectation("expect_column_values_to_be_in_set", **ONE_OF_AB),
            expectation("expect_column_values_to_be_unique", column="word"),
            expectation("expect_column_values_to_match_regex", column="word", regex="^a$"),
            expectation("expect_column_values_to_be_null", column="word"),
            expectation("expect_column_values_to_be_unique", column="day"),
            expectation("expect_column_values_to_not_match_regex", column="word", regex="F"),
            expectation("expect_column_pair_values_to_be_equal", column_A="word", column_B="other"),
            expectation("expect_compound_columns_to_be_unique", column_list=["word", "day"]),
        ]
    )
    verdict = gate.validate("extract", "drawn", expected, rows)
    assert [c.passed for c in verdict.checks] == [False] * 8
    assert not any(c.broken for c in verdict.checks)
    written = json.dumps([verdict.gx_json, verdict.summary])
    assert PLANTED not in written
    assert "1987" not in written


@pytest.mark.parametrize("kind", ["expect_column_max_to_be_between", "expect_column_distinct_values_to_be_in_set"])
def test_an_expectation_of_rows_that_would_report_a_value_is_refused(kind):
    with pytest.raises(ValueError, match="may report a value it saw"):
        suite(rows=[expectation(kind, column="word")])


def test_the_results_are_great_expectations_own(table):
    expected = suite(rows=[expectation("expect_column_values_to_be_in_set", **ONE_OF_AB)])
    verdict = gate.validate("extract", "drawn", expected, table("| word |\n| a |\n| c |"))
    facts_result, rows_result = verdict.gx_json["validation_results"]
    assert facts_result["statistics"]["evaluated_expectations"] == 0
    assert rows_result["suite_name"] == "extract.drawn.rows"
    assert rows_result["results"][0]["result"]["unexpected_count"] == 1
    assert rows_result["results"][0]["expectation_config"]["kwargs"] == ONE_OF_AB


def test_the_same_rows_give_the_same_bytes(table):
    expected = suite(rows=[expectation("expect_column_values_to_be_in_set", **ONE_OF_AB)])
    rows = table("| word |\n| a |\n| c |")
    first, second = (json.dumps(gate.validate("extract", "drawn", expected, rows).gx_json) for _ in range(2))
    assert first == second


def test_a_measure_is_counted_over_the_rows_and_judged_as_a_fact(table):
    expected = suite(
        facts=[at_most("c_share", 0.25)], measures={"c_share": "avg(case when word = 'c' then 1.0 else 0.0 end)"}
    )
    verdict = gate.validate("extract", "drawn", expected, table("| word |\n| a |\n| c |"))
    assert [(c.observed, c.expected) for c in verdict.stops] == [("50.0 %", "at most 25.0 %")]


def test_a_measure_that_fails_names_no_value(table):
    expected = suite(measures={"number": "sum(cast(word as integer))"})
    with pytest.raises(ContractError, match="number") as refused:
        gate.validate("extract", "drawn", expected, table(f"| word |\n| {PLANTED} |"))
    assert PLANTED not in str(refused.value)


def test_a_limit_for_every_column_yields_to_the_limit_of_one(table):
    everywhere = at_most("invalid_share.*", 0.05, title="{column} is valid")
    own = at_most("invalid_share.pnc", 0.01, title="PNC is valid")
    known = {"invalid_share.pnc": 0.02, "invalid_share.nino": 0.02}
    verdict = gate.validate("extract", "drawn", suite(facts=[everywhere, own]), table("| word |\n| a |"), known)
    assert [(c.title, c.passed) for c in verdict.checks] == [("nino is valid", True), ("PNC is valid", False)]


def test_intake_facts_are_shares_of_the_rows_they_are_about(datasets):
    intake = {
        "rows_in": 100, "rows_out": 50, "out_of_scope": 40, "quarantined": {"no date": 6, "ragged": 4},
        "missing": {"pnc_id": 10}, "invalid_identifiers": {"pnc_id": 4},
    }  # fmt: skip
    known = facts.intake_facts(datasets["court"], intake)
    assert known["quarantined_share"] == 10 / 60
    assert known["missing_share.pnc_id"] == 10 / 50
    assert known["invalid_share.pnc_id"] == 4 / 40
    assert known["unaccounted"] == 0
    assert known["invalid_share.surname"] == 0
    assert not any(name.startswith("invalid_share.") and "offence" in name for name in known)


@pytest.mark.parametrize(
    ("quarantined", "stopped", "warned"),
    [(0, False, False), (1, False, False), (2, False, True), (5, False, True), (6, True, True)],
)
def test_above_one_per_cent_quarantined_is_a_warning_and_above_five_stops(
    table, datasets, quarantined, stopped, warned
):
    balance = BALANCED | {"rows_in": 100, "rows_out": 100 - quarantined, "quarantined": {"no date": quarantined}}
    every_extract = suites.of_columns(suites.read_suite(EXPECTATIONS / "extracts.yaml"), datasets["court"])
    known = facts.intake_facts(datasets["court"], balance)
    verdict = gate.validate("extract", "court", every_extract, table("| record_id |\n| 1 |"), known)
    failed = {(c.severity) for c in verdict.checks if not c.passed}
    assert failed == ({"critical"} if stopped else set()) | ({"warning"} if warned else set())


def test_an_extract_without_a_row_stops(table, datasets):
    every_extract = suites.of_columns(suites.read_suite(EXPECTATIONS / "extracts.yaml"), datasets["court"])
    known = facts.intake_facts(datasets["court"], BALANCED | {"rows_in": 0, "rows_out": 0})
    verdict = gate.validate("extract", "court", every_extract, table("| record_id |\n| 1 |"), known)
    assert [c.title for c in verdict.stops] == ["the extract holds rows that can be used"]


def test_a_dataset_nobody_wrote_expectations_for_is_held_to_its_contract(table, datasets, tmp_path):
    expected = suites.extract_suite(tmp_path, datasets["paye"])
    rows = table(
        """| record_id | start_date | end_date | hours | first_paid | last_paid | sex |
           | 1 | 2024-01-01 | - | full | - | - | F |
           | 1 | - | - | other | - | - | not known |"""
    )
    verdict = gate.validate("extract", "paye", expected, rows)
    assert {c.title for c in verdict.stops} == {
        "each record appears once", "start_date is complete", "hours holds declared codes only",
    }  # fmt: skip


def test_every_declared_suite_is_read_and_names_a_dataset_there_is(datasets):
    found = suites.read_all(EXPECTATIONS, datasets)
    assert {f"extracts/{name}" for name in datasets} <= set(found)
    assert {"extracts", "tokens", "person_index", "tables"} <= set(found)


def test_expectations_for_a_dataset_there_is_not_are_refused(tmp_path, datasets):
    (tmp_path / "extracts").mkdir()
    (tmp_path / "extracts" / "courts.yaml").write_text("title: Courts\n")
    with pytest.raises(ContractError, match=r"there is no dataset 'courts'"):
        suites.read_all(tmp_path, datasets)


def test_a_misspelt_severity_is_refused_with_its_file(tmp_path):
    path = tmp_path / "tables.yaml"
    wrong = expectation("expect_column_values_to_be_unique", "critcal", column="word")
    path.write_text(yaml.safe_dump({"title": "Tables", "rows": [wrong]}))
    with pytest.raises(ContractError, match=r"tables.yaml: rows.0.severity"):
        suites.read_suite(path)


DATASETS = sorted(path.stem for path in (REPOSITORY / "schemas" / "datasets").glob("*.yaml"))


@pytest.mark.parametrize("name", DATASETS)
def test_every_column_an_extract_suite_names_is_in_its_contract(datasets, name):
    dataset = datasets[name]
    expected = suites.extract_suite(EXPECTATIONS, dataset)
    known = set(facts.intake_facts(dataset, BALANCED)) | set(expected.measures)
    named = {c for e in expected.facts for c in e.columns if "*" not in c}
    assert named <= known
    assert {c for e in expected.rows for c in e.columns} <= {"record_id", *dataset.attributes}


@pytest.mark.parametrize("name", DATASETS)
def test_every_measure_of_an_extract_suite_can_be_counted_and_asks_for_words_of_the_contract(con, datasets, name):
    dataset, measures = datasets[name], suites.extract_suite(EXPECTATIONS, datasets[name]).measures
    bare = {column: pa.array([None], ARROW[about.type]) for column, about in dataset.attributes.items()}
    found = facts.measured(con.from_arrow(pa.table(bare)), measures)
    assert set(found) == set(measures)
    for sql in measures.values():
        for column, word in re.findall(r"(\w+) = '([^']*)'", sql):
            assert word in dataset.attributes[column].codes.values(), sql


CLAIM = "| record_id | sex | benefit | start_date | end_date | end_reason | sensitive |"
SOUND_CLAIM = "| 1 | F | word | 2023-01-10 | 2023-02-01 | word | no |"
DUTY = (
    "| record_id | sex | region | ethnicity | application_date | duty | duty_start | duty_end | end_reason "
    "| referral_source | loss_reason | ta_start | ta_end | refuge_address |"
)


def judged(table, datasets, name, drawing):
    """The titles of what an extract's own suite finds wrong with its rows, by severity."""
    own = suites.read_suite(EXPECTATIONS / "extracts" / f"{name}.yaml")
    rows_alone = own.model_copy(update={"facts": tuple(e for e in own.facts if e.columns[0] in own.measures)})
    verdict = gate.validate("extract", name, rows_alone, table(drawing))
    return {c.title: c.severity for c in verdict.checks if not c.passed}


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        ("2023-01-10 | 2023-02-01 | word | no", {}),
        ("2023-01-10 | 2023-01-10 | word | no", {}),
        ("2023-01-10 | - | - | no", {}),
        ("2023-02-01 | 2023-01-10 | word | no", {"no claim ends before it starts": "critical"}),
        ("1970-01-01 | - | - | no", {"no claim starts on a default date": "warning"}),
        ("2023-01-10 | 2099-12-31 | word | no", {"a claim that runs has no end date": "warning"}),
        ("2023-01-10 | 2023-02-01 | - | no", {"nine in ten claims that ended say why": "warning"}),
        ("2023-01-10 | - | - | yes", {"few records are restricted": "warning"}),
    ],
)
def test_a_benefit_claim_that_cannot_be_true_is_seen(table, datasets, claim, wrong):
    assert judged(table, datasets, "dwp", f"{CLAIM}\n{SOUND_CLAIM}\n| 2 | F | word | {claim} |") == wrong


REGIONS = [f"region {n}" for n in range(9)]
SOUND_DUTY = "2023-01-09 | relief | 2023-01-10 | 2023-03-07 | why | - | - | 2023-01-10 | 2023-02-01 | no |"


def duties(last, regions=REGIONS):
    """One sound duty in each region, and a last one."""
    sound = [f"| {n} | F | {region} | - | {SOUND_DUTY}" for n, region in enumerate(regions)]
    return "\n".join([DUTY, *sound, f"| 99 | F | {regions[0]} | - | {last}"])


@pytest.mark.parametrize(
    ("duty", "wrong"),
    [
        (SOUND_DUTY, {}),
        ("2023-01-10 | relief | 2023-01-10 | - | - | - | - | - | - | no |", {}),
        ("- | relief | 2023-01-10 | - | - | - | - | - | - | no |", {}),
        (
            "2023-01-11 | relief | 2023-01-10 | - | - | - | - | - | - | no |",
            {"no duty begins before the application": "critical"},
        ),
        (
            "2023-01-09 | relief | 2023-01-10 | 2023-01-09 | why | - | - | - | - | no |",
            {"no duty ends before it begins": "critical"},
        ),
        (
            "2023-01-09 | relief | 2023-01-10 | - | - | - | - | 2023-02-02 | 2023-02-01 | no |",
            {"no temporary accommodation ends before it begins": "warning"},
        ),
    ],
)
def test_a_homelessness_duty_that_cannot_be_true_is_seen(table, datasets, duty, wrong):
    assert judged(table, datasets, "hclic", duties(duty)) == wrong


def test_a_region_whose_authorities_sent_nothing_is_seen(table, datasets):
    found = judged(table, datasets, "hclic", duties(SOUND_DUTY, REGIONS[:8]))
    assert found == {"authorities of every region of England have sent records": "warning"}


INDEX = """| dataset | record_id | person_id_high | person_id_medium | person_id_low |
           | court   | 1         | 11             | 21               | 31            |
           | court   | 2         | 12             | 21               | 31            |
           | prison  | 3         | 13             | 23               | 31            |"""


def test_a_person_index_whose_thresholds_nest_passes(table):
    expected = suites.person_index_suite(EXPECTATIONS)
    gate.enforce(gate.validate("person_index", "all", expected, table(INDEX)))


@pytest.mark.parametrize(
    ("wrong", "title"),
    [
        ("| prison | 4 | 11 | 24 | 31 |", "a lower threshold only joins people, and tears none apart"),
        ("| prison | 4 | 14 | 21 | 32 |", "a lower threshold only joins people, and tears none apart"),
        ("| prison | 3 | 13 | 23 | 31 |", "each record stands in the index once"),
        ("| prison | 4 | 14 | - | 31 |", "every record has a person at the medium threshold"),
    ],
)
def test_a_person_index_that_cannot_be_true_stops(table, wrong, title):
    expected = suites.person_index_suite(EXPECTATIONS)
    verdict = gate.validate("person_index", "all", expected, table(f"{INDEX}\n{wrong}"))
    assert title in {c.title for c in verdict.stops}


def test_a_default_date_of_birth_among_the_tokens_stops(con):
    view = read_encodings(REPOSITORY / "schemas").views["names"]
    expected = suites.tokens_suite(EXPECTATIONS, view, ("names", "dob", "names_dob_slip", "sex"))
    columns = "i as view_id, i % 997 as names, i as dob, [i] as names_dob_slip, 'F' as sex"
    honest = f"select {columns} from range(3000) as t(i)"
    leaking = honest.replace("i as dob,", "case when i < 150 then 7 else i end as dob,")
    gate.enforce(gate.validate("tokens", "court", expected, con.sql(honest)))
    verdict = gate.validate("tokens", "court", expected, con.sql(leaking))
    assert [c.title for c in verdict.stops] == ["no one date of birth fills the column"]
