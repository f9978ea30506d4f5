"""Adding a department is writing one file: an unforeseen dataset runs to the person index, and brings its own DAG."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import REPOSITORY, put_test_keys, sample_less

from benchmarks import link_ids
from linkage import stages
from linkage.settings import Settings

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: library
name: Public library cards
version: 1.0.0
status: active
description: {purpose: to show that a dataset nobody foresaw is one file}
customProperties:
  - {property: controller, value: A county council}
  - {property: lawfulBasis, value: UK GDPR Art 6(1)(e)}
  - {property: geography, value: England}
  - {property: coverage, value: event_register}
slaProperties: [{property: retention, value: 12, unit: months}]
servers: [{server: delivery, type: local, path: library.csv, format: csv}]
schema:
  - name: library
    dataGranularityDescription: one card
    properties:
      - {name: card, logicalType: string, primaryKey: true}
      - {name: given, logicalType: string, customProperties: [{property: identifier, value: forename}]}
      - {name: family, logicalType: string, customProperties: [{property: identifier, value: surname}]}
      - {name: born, logicalType: date, logicalTypeOptions: {format: MM/dd/yyyy},
         customProperties: [{property: identifier, value: date_of_birth}]}
      - {name: home, logicalType: string, customProperties: [{property: identifier, value: postcode}]}
      - {name: loans, logicalType: integer}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Settings:
    """Court and prison as invented, and library cards of the women who have been in prison."""
    folder = tmp_path_factory.mktemp("library")
    settings = Settings(schemas=folder / "schemas", workspace=folder / "workspace")
    (settings.schemas / "datasets").mkdir(parents=True)
    shutil.copy(REPOSITORY / "schemas" / "encodings.yaml", settings.schemas)
    sample_less(settings.schemas / "encodings.yaml")
    for name in ("court", "prison"):
        shutil.copy(REPOSITORY / "schemas" / "datasets" / f"{name}.yaml", settings.schemas / "datasets")
    everything = Settings(schemas=REPOSITORY / "schemas", workspace=settings.workspace)
    stages.synthesise(everything, people=2_000, seed=3)
    (settings.schemas / "datasets" / "library.yaml").write_text(CONTRACT)
    write_cards(settings)
    put_test_keys(settings)
    link_ids.linked(settings)
    return settings


def write_cards(settings: Settings) -> None:
    """One card per prisoner, in the library's own forms, and the truth about it."""
    prison, truth = settings.files.department.extract("prison.csv"), settings.files.truth / "records.csv"
    cards = duckdb.sql(
        f"""select 'card ' || min(booking_id) as card, any_value(first_name), any_value(last_name),
               strftime(any_value(date_of_birth)::date, '%m/%d/%Y'), any_value(discharge_postcode), 3, person
        from read_csv('{prison}', all_varchar=true) join read_csv('{truth}', all_varchar=true) as truth
          on truth.dataset = 'prison' and truth.record_id = booking_id
        where date_of_birth is not null and try_cast(date_of_birth as date) is not null
        group by person order by card"""
    ).fetchall()
    assert len(cards) > 100
    with settings.files.department.extract("library.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["card", "given", "family", "born", "home", "loans"])
        writer.writerows(card[:-1] for card in cards)
    with (settings.workspace / "truth.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["dataset", "record_id", "person"])
        writer.writerows(["library", card[0], card[-1]] for card in cards)
        known = duckdb.sql(f"select dataset, record_id, person from read_csv('{truth}', all_varchar=true)")
        writer.writerows(row for row in known.fetchall() if row[0] in ("court", "prison"))


def test_its_records_are_in_the_person_index_and_rightly_so(library):
    rows = stages.evaluate(library, library.workspace / "truth.csv")["rows"]
    pair = {(r["part"], r["threshold"]): r for r in rows if r["scope"] == "dataset pair"}
    found = pair["library and prison", "medium"]
    assert found["precision"] > 0.97
    assert found["recall"] > 0.9


def test_its_numbers_are_attributes_and_its_names_are_not(library):
    kept = duckdb.sql(f"from '{library.files.cohorts.attributes('library')}'")
    assert kept.columns == ["record_id", "loans"]


def test_a_saved_index_has_the_departments_own_record_ids(library, tmp_path):
    stages.evaluate(library, library.workspace / "truth.csv", tmp_path / "index.csv")
    saved = duckdb.sql(f"from read_csv('{tmp_path / 'index.csv'}')")
    assert saved.columns == ["dataset", "record_id", "person_id_high", "person_id_medium", "person_id_low"]
    assert saved.filter("record_id like 'card %'").shape[0] > 100


def test_a_workspace_without_cohorts_has_its_quality_report_all_the_same(library):
    page = Path(stages.report(library)).read_text()
    assert "Public library cards" in page
    assert "What each level of agreement is worth" in page


def test_it_brings_its_own_dag(library, tmp_path):
    program = """
import json, os
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
print(json.dumps([sorted(bag.dags), bag.import_errors]))
"""
    environment = library.as_environment() | {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    dags, errors = json.loads(done.stdout.splitlines()[-1])
    assert errors == {}
    assert "pseudonymise_library" in dags
