"""A linkage that somebody accepted, and later ones held against it: what is seen, logged and stopped."""

import shutil

import duckdb
import pytest
from conftest import REPOSITORY, put_test_keys, sample_less

from benchmarks import link_ids
from linkage import facts, quality_run, releases, stages
from linkage.contracts.dataset import HOW_MANY, read_datasets
from linkage.errors import GateError, LinkError
from linkage.ledger import ledger_of
from linkage.matching.blocking_report import SEALED
from linkage.pseudonymisation.pseudonymise import how_many
from linkage.settings import Settings


def judged(settings: Settings) -> set[str]:
    """The red lines of what is linked, as `tabulate` finds them, without its tables and contradictions."""
    files = settings.files
    with duckdb.connect() as con:
        attributes = {name: con.read_parquet(str(files.cohorts.attributes(name))) for name in settings.datasets}
        people = con.read_parquet(str(files.matching.person_index))
        quality_run.note_groups(settings, con, settings.analysis, attributes, people)
    facts.write(settings, "contradictions", [])
    quality_run.judge(settings)
    return {check["title"] for check in quality_run.failed(settings, "critical")}


@pytest.fixture(scope="module")
def accepted(tmp_path_factory) -> Settings:
    """A small run that somebody has accepted."""
    folder = tmp_path_factory.mktemp("quality")
    for declared in ("schemas", "expectations"):  # no rate is corrected: to ask the truth takes as long as the tables
        shutil.copytree(REPOSITORY / declared, folder / declared, ignore=shutil.ignore_patterns("link_errors.yaml"))
    sample_less(folder / "schemas" / "encodings.yaml")
    settings = Settings(folder / "schemas", folder / "workspace")
    stages.synthesise(settings, people=1_500, seed=3)
    put_test_keys(settings)
    link_ids.linked(settings)
    stages.tabulate(settings)
    quality_run.accept(settings, "A. Lead", "read the whole report")
    return settings


@pytest.fixture
def run(accepted, tmp_path) -> Settings:
    """A copy of it to spoil."""
    shutil.copytree(accepted.workspace, tmp_path / "workspace")
    return Settings(accepted.schemas, tmp_path / "workspace")


def test_an_accepted_run_is_logged_with_who_and_why_and_crosses_no_red_line(accepted):
    entry = ledger_of(accepted).verify().entries[-1]
    assert (entry.what, entry.details["by"], entry.details["why"]) == (
        "run accepted", "A. Lead", "read the whole report",
    )  # fmt: skip
    assert quality_run.failed(accepted, "critical") == []
    quality_run.release_gate(accepted)


def test_the_facts_of_an_accepted_run_name_no_record(accepted):
    text = accepted.files.quality.accepted.read_text()
    ids = duckdb.read_parquet(str(accepted.files.matching.person_index)).project("record_id").limit(50).fetchall()
    assert not [one for (one,) in ids if str(one) in text]


@pytest.mark.parametrize(("by", "why"), [("", "a reason"), ("somebody", " ")])
def test_a_run_is_accepted_by_somebody_and_for_a_reason(settings, by, why):
    with pytest.raises(LinkError, match="by somebody and for a reason"):
        quality_run.accept(settings, by, why)


def test_a_run_that_was_not_counted_cannot_be_accepted(settings):
    with pytest.raises(LinkError, match="linkage tabulate"):
        quality_run.accept(settings, "A. Lead", "in a hurry")


def test_a_linkage_that_nobody_judged_is_not_published(settings):
    with pytest.raises(GateError, match="has not been judged"):
        quality_run.release_gate(settings)


def lose(settings: Settings, column: str) -> None:
    """Empty a column of the extract of probation."""
    extract = settings.files.department.extract(settings.dataset("probation").path)
    rows = duckdb.read_parquet(str(extract)).project(f"* replace (null::varchar as {column})").to_arrow_table()
    duckdb.from_arrow(rows).write_parquet(str(extract))


def test_a_source_that_loses_its_surnames_is_stopped_when_it_arrives(run):
    lose(run, "surname")
    with pytest.raises(GateError, match=r"Gate extract, probation: stopped.*\n  surname is given: 100.0 %, expected"):
        stages.pseudonymise(run, "probation")


def test_a_source_that_loses_a_column_is_seen_and_nothing_is_published_or_accepted_unless_despite_it(run):
    lose(run, "postcode")
    link_ids.linked(run)
    assert "probation, postcode was not lost since the accepted run" in judged(run)
    with pytest.raises(GateError, match="Gate linkage: stopped; nothing was published") as stopped:
        stages.publish(run, "draft", "A. Lead")
    assert "probation, postcode" in str(stopped.value)
    assert not run.files.release("draft").exists()
    with pytest.raises(GateError, match="(?s)crosses red lines.*probation, postcode.*--despite"):
        quality_run.accept(run, "A. Lead", "read the whole report", " ")
    assert quality_run.accepted(run)["despite"] == ""
    card = quality_run.accept(run, "A. Lead", "read the whole report", "probation no longer sends postcodes")
    assert card["despite"] == ledger_of(run).verify().entries[-1].details["despite"]
    assert "probation, postcode was not lost since the accepted run" in card["crossed"]


def test_a_group_that_loses_half_its_links_is_red(run):
    people, attributes = run.files.matching.person_index, run.files.cohorts.attributes("probation")
    with duckdb.connect() as con:
        spoilt = con.sql(
            f"""
            with torn as (
                select person_id_medium as person from '{people}' join '{attributes}' a using (record_id)
                where dataset = 'probation' and a.ethnicity = 'White' group by 1 having person_id_medium % 2 = 0
            )
            select dataset, record_id, person_id_high,
                if(dataset = 'dwp' and person_id_medium in (from torn), -record_id, person_id_medium)
                    as person_id_medium,
                person_id_low
            from '{people}'
            """
        ).to_arrow_table()
        con.from_arrow(spoilt).write_parquet(str(people))
    red = judged(run)
    assert "community order starts, dwp, ethnicity White: not lost since the accepted run" in red
    assert not any("paye" in title for title in red)


def test_records_that_cannot_be_linked_are_counted_for_their_extract_and_their_group(run):
    with duckdb.connect() as con:
        silent = run.files.matching.unlinkable_records
        all_of_prison = con.sql(
            f"select dataset, record_id from '{run.files.matching.person_index}' where dataset = 'prison'"
        ).to_arrow_table()
        con.from_arrow(all_of_prison).write_parquet(str(silent))
    judged(run)
    rows = facts.read(run, "expected_groups")
    assert {row["cohort"] for row in rows if row["unlinkable"]} == {"released_from_custody"}
    assert all(row["unlinkable"] == row["entries"] for row in rows if row["cohort"] == "released_from_custody")


def cross(settings: Settings, severity: str) -> None:
    """Cross every line of a severity and no other."""
    verdict = facts.read(settings, "gates/linkage/linkage")
    crossed = [check | {"passed": check["severity"] != severity} for check in verdict["checks"]]
    facts.write(settings, "gates/linkage/linkage", verdict | {"checks": crossed})


def test_amber_lines_are_logged_with_who_let_the_release_out_once_it_is_entered(accepted, run, tmp_path):
    for declared in ("schemas", "expectations"):
        shutil.copytree(accepted.schemas.parent / declared, tmp_path / declared)
    tables = tmp_path / "expectations" / "tables.yaml"  # so few women leave tables in which every figure is hidden
    tables.write_text(tables.read_text().replace("without_a_figure, min_value: 0, max_value: 0", "without_a_figure"))
    run = Settings(tmp_path / "schemas", run.workspace)
    cross(run, "warning")
    stages.publish(run, "2026-1", "B. Statistician")
    entered, entry = ledger_of(run).verify().entries[-2:]
    assert (entered.what, entered.details["release"]) == (releases.ENTERED, "2026-1")
    assert (entry.what, entry.details["approval"]) == ("released with amber lines", "B. Statistician")
    assert entry.details["lines"]


def test_a_release_that_is_stopped_behind_the_lines_of_the_linkage_logs_no_amber_line(run):
    cross(run, "warning")
    logged = len(ledger_of(run).verify().entries)
    run.files.cohorts.counts(next(iter(run.analysis.tables))).unlink()
    with pytest.raises(LinkError, match="have not been counted"):
        stages.publish(run, "2026-1", "B. Statistician")
    assert len(ledger_of(run).verify().entries) == logged


def test_a_probability_of_each_group_lies_between_nothing_and_all_of_it(accepted):
    for row in facts.read(accepted, "expected_groups"):
        assert 0 <= row["right"] <= row["linked"] <= row["entries"]
        assert 0 <= row["missed"] <= row["entries"] - row["linked"]
        assert row["otherwise"] <= row["near_certain"] <= row["linked"]


def test_other_surnames_leave_the_department_as_one_of_three_words(accepted):
    for dataset in ("prison", "probation"):
        rows = duckdb.read_parquet(str(accepted.files.cohorts.attributes(dataset)))
        assert {word for (word,) in rows.project("other_surnames").distinct().fetchall()} == set(HOW_MANY)


@pytest.mark.parametrize(
    ("cell", "word"),
    [(None, "none"), (" ; ", "none"), ("Kaur", "one"), ("Kaur; KAUR", "one"), ("a;b;c", "two or more")],
)
def test_other_surnames_are_counted_however_they_are_written(con, cell, word):
    column = read_datasets(REPOSITORY / "schemas")["prison"].column("alias_last_names")
    asked = f"select {how_many(column)} from (select $cell::varchar as alias_last_names)"
    assert con.execute(asked, {"cell": cell}).fetchone() == (word,)


def test_sealed_blocking_hands_over_how_many_pairs_each_rule_made(accepted):
    found = facts.read(accepted, "blocking/names")
    assert set(found["sealed"]["pairs"]) == set(accepted.encodings.views["names"].sealed_blocking)
    assert found["rules"][-1]["rule"] == SEALED
    assert found["recall"] > 0.9
