"""A project's file: made, made again after another delivery, refused, destroyed; and what cannot be found in it."""

import csv
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import REPOSITORY
from typer.testing import CliRunner

from benchmarks import truth
from linkage import facts, people, projects, stages
from linkage.__main__ import app
from linkage.contracts.dataset import Dataset
from linkage.errors import ContractError, DisclosureError, GateError, PrivacyError
from linkage.ledger import ledger_of
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.pseudonymisation.keys import for_study_id
from linkage.pseudonymisation.pseudonyms import with_record_ids
from linkage.release.publish import content_hash
from linkage.settings import Settings
from linkage.synthetic.calibration import read_calibration
from linkage.workspace import write_parquet

PEOPLE, SEED = 3_000, 5
JUDGED = {"gate": "linkage", "name": "linkage", "title": "Linkage", "passed": True, "checks": []}
STUDY = {
    "title": "A study",
    "purpose": "to see what becomes of women after release",
    "access": "whoever is named in the test, until it ends",
    "cohorts": ["released_from_custody", "cautioned"],
    "outcomes": ["proven_reoffending", "employed_6_weeks"],
    "period": "all",
    "breakdowns": {"age_band": {"under 35 or so": ["18-20", "21-24", "25-29", "30-39"], "older": ["40-49", "50+"]}},
    "sensitive": ["proven_reoffending", "employed_6_weeks"],
}


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """3,000 invented people, pseudonymised, joined by the truth, with two projects that have keys."""
    folder = tmp_path_factory.mktemp("projects")
    shutil.copytree(REPOSITORY / "schemas", folder / "schemas")
    settings = Settings(folder / "schemas", folder / "workspace")
    declare(settings, "housing", STUDY)
    declare(settings, "health", STUDY)
    truth.deliver(settings, PEOPLE, SEED, read_calibration())
    facts.mark_as_invented(settings, {"version": "test", "seed": SEED})
    link(settings)
    for name in ("housing", "health"):
        projects.new(settings, name)
        projects.export(settings, name)
    return settings


@pytest.fixture
def settings(delivered: Settings, tmp_path: Path) -> Settings:
    """A copy of it, to change."""
    for part in ("schemas", "workspace"):
        shutil.copytree(getattr(delivered, part), tmp_path / part)
    return Settings(tmp_path / "schemas", tmp_path / "workspace")


def declare(settings: Settings, name: str, said: dict[str, object]) -> None:
    """Write the declaration of a project."""
    (settings.schemas / "projects" / f"{name}.yaml").write_text(yaml.safe_dump(said, sort_keys=False))


def link(settings: Settings) -> None:
    """Join the records that are there by the truth, under person ids that last, and have it judged."""
    with duckdb.connect() as con:
        known = truth.linked_by_the_truth(con, settings)
        clusters = ", ".join(f"person_id_{t} as cluster_{t}" for t in truth.THRESHOLDS)
        there = [known.attributes[name].project(f"'{name}' as dataset, record_id") for name in settings.datasets]
        for other in there[1:]:
            there[0] = there[0].union(other)
        whole, index = there[0], known.person_index  # noqa: F841  the query reads them by name
        found = con.sql(f"select dataset, record_id, {clusters} from index join whole using (dataset, record_id)")
        named = people.person_index(settings, con, found.to_arrow_table(), ["by the truth"])
        write_parquet(con.from_arrow(named), settings.files.matching.person_index)
    facts.write(settings, "gates/linkage/linkage", JUDGED)


def tables(settings: Settings, name: str) -> dict[str, list[tuple[object, ...]]]:
    """{table: its rows} of the file of a project."""
    with duckdb.connect(str(settings.files.project(name)), read_only=True) as con:
        names = [table for (table,) in con.execute("select table_name from duckdb_tables()").fetchall()]
        return {table: con.execute(f"from {table}").fetchall() for table in names}


def study_ids(settings: Settings, name: str) -> set[str]:
    """Every study id in the file of a project."""
    return {str(row[0]) for cohort in STUDY["cohorts"] for row in tables(settings, name)[cohort]}


def test_a_file_has_a_table_a_cohort_in_the_order_of_study_ids_and_says_what_it_is(delivered):
    found = tables(delivered, "housing")
    assert set(found) == {*STUDY["cohorts"], "about"}
    for cohort in STUDY["cohorts"]:
        assert len(found[cohort]) > 50
        assert [row[0] for row in found[cohort]] == sorted(row[0] for row in found[cohort])
        assert all(len(row[0]) == 16 and set(row[0]) <= set("0123456789abcdef") for row in found[cohort])
    about = dict(found["about"])
    assert about["project"] == "housing"
    assert about["access"] == STUDY["access"]
    assert about["rows of cautioned"] == f"{len(found['cautioned']):,}"
    assert about["person index"].startswith("run 1")
    assert about["data"].startswith("INVENTED")
    assert "associations" in about["health warning"]


def test_an_answer_has_a_reason_or_a_value_and_an_event_its_days(delivered):
    with duckdb.connect(str(delivered.files.project("housing")), read_only=True) as con:
        rows = con.sql("from cautioned union all from released_from_custody")
        for outcome in STUDY["outcomes"]:
            assert len(rows.filter(f"({outcome} is null) = ({outcome}_why_not_counted is null)")) == 0
        days = "proven_reoffending_days"
        assert len(rows.filter(f"coalesce(proven_reoffending, false) <> ({days} is not null)")) == 0
        assert rows.aggregate(f"min({days}) >= 1, max({days}) <= 365, count({days}) > 50").fetchall() == [(True,) * 3]


def test_every_table_and_column_carries_a_comment_and_none_is_a_date(delivered):
    with duckdb.connect(str(delivered.files.project("housing")), read_only=True) as con:
        said = con.execute("select comment from duckdb_tables()").fetchall()
        columns = con.execute("select comment, data_type from duckdb_columns() where not internal").fetchall()
    assert all(comment for (comment,) in said)
    assert all(comment for comment, _ in columns)
    assert {kind for _, kind in columns} == {"VARCHAR", "BOOLEAN", "INTEGER"}


def test_a_file_is_its_owners_alone_and_a_rerun_says_the_same(settings):
    file = settings.files.project("housing")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == stat.S_IMODE(file.parents[1].stat().st_mode) == 0o700
    before, rows = content_hash(file), tables(settings, "housing")
    done = projects.export(settings, "housing")
    assert done["content_sha256"] == content_hash(file) == before
    assert tables(settings, "housing") == rows
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_the_files_of_two_projects_about_the_same_women_have_no_id_in_common(delivered):
    one, other = (study_ids(delivered, name) for name in ("housing", "health"))
    assert len(one) == len(other) > 100
    assert not one & other
    without_ids = [
        sorted(map(str, (row[1:] for row in tables(delivered, n)["cautioned"]))) for n in ("housing", "health")
    ]
    assert without_ids[0] == without_ids[1]


def forms(number: int) -> Iterator[bytes]:
    """The ways in which an id may stand in a file."""
    yield str(number).encode()
    for order in ("little", "big"):
        yield number.to_bytes(8, order, signed=True)
    yield f"{number % 2**64:016x}".encode()


def test_no_key_no_person_id_and_no_record_id_is_in_the_file(delivered):
    file = delivered.files.project("housing")
    with duckdb.connect() as con:
        index = con.read_parquet(str(delivered.files.matching.person_index))
        ids = {number for row in index.fetchall() for number in row[1:]}
    key = KeyFolder(delivered.files.department.keys).study_key("housing").secret
    secrets = {key, key.hex().encode(), *(form for number in ids for form in forms(number))}
    said = (file.read_bytes(), repr(tables(delivered, "housing")).encode())
    assert len(ids) > 5_000
    assert [found_in(one, secrets) for one in said] == [set(), set()]
    hers = {one.encode() for one in study_ids(delivered, "housing")}
    assert found_in(said[1], secrets | hers) == hers


def found_in(content: bytes, secrets: set[bytes]) -> set[bytes]:
    """Which secrets stand anywhere in some bytes."""
    lengths = {len(secret) for secret in secrets}
    return {content[n : n + length] for length in lengths for n in range(len(content))} & secrets


def test_the_log_tells_a_key_by_its_fingerprint_alone(delivered):
    entries = [e for e in ledger_of(delivered).verify().entries if e.details.get("project") == "housing"]
    assert [entry.what for entry in entries] == ["study-id key made", projects.EXPORTED]
    key = KeyFolder(delivered.files.department.keys).study_key("housing")
    assert {entry.details["fingerprint"] for entry in entries} == {key.fingerprint("housing")}
    log = delivered.files.log.read_text()
    assert key.secret.hex() not in log
    assert not [one for one in study_ids(delivered, "housing") if one in log]


def test_a_woman_who_was_withdrawn_leaves_the_next_file_and_everybody_else_keeps_her_study_id(settings):
    before = study_ids(settings, "housing")
    with duckdb.connect() as con:
        rows = projects.rows_of(con, settings, settings.analysis, settings.project("housing"))
        ((person,),) = rows["cautioned"].project("person_id").order("person_id").limit(1).fetchall()
    key = KeyFolder(settings.files.department.keys).study_key("housing")
    hers = f"{for_study_id(key, 'housing').token(str(person)) % 2**64:016x}"
    assert hers in before
    withdraw(settings, person)
    link(settings)
    assert projects.export(settings, "housing", approval="A. Lead")["run"] == 2
    assert study_ids(settings, "housing") == before - {hers}


def withdraw(settings: Settings, person: int) -> None:
    """Deliver every extract again without the records of one person."""
    with duckdb.connect() as con:
        lines, keys = settings.files.truth / "records.csv", stages.key_source(settings)
        known = con.from_arrow(with_record_ids(con, lines, settings.datasets, keys))  # noqa: F841
        index = con.read_parquet(str(settings.files.matching.person_index))  # noqa: F841
        hers = con.sql(
            f"""select dataset, own_record_id from known join index using (dataset, record_id)
            where person_id_medium = {person}"""
        ).fetchall()
    assert hers
    for name in {dataset for dataset, _ in hers}:
        contract = settings.datasets[name]
        deliver_without(
            settings.files.department.extract(contract.path), contract, {own for d, own in hers if d == name}
        )
        stages.pseudonymise(settings, name)


def deliver_without(extract: Path, contract: Dataset, gone: set[str]) -> None:
    """Write an extract again without some of its records."""
    if contract.format == "csv":
        text = extract.read_text(encoding=contract.encoding).splitlines()
        rows = list(csv.DictReader(text, delimiter=contract.delimiter))
        with extract.open("w", encoding=contract.encoding, newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=contract.delimiter, lineterminator="\n")
            writer.writeheader()
            writer.writerows(row for row in rows if row[contract.record_key].strip() not in gone)
    else:
        with duckdb.connect() as con:
            rows = con.from_arrow(pq.read_table(extract))
            listed = ", ".join(f"'{own}'" for own in gone)
            rows.filter(f"{contract.record_key} not in ({listed})").write_parquet(str(extract))


def test_a_project_is_never_given_other_columns_since_its_files_can_be_joined(settings):
    before = content_hash(settings.files.project("housing"))
    declare(settings, "housing", STUDY | {"breakdowns": {}})
    with pytest.raises(DisclosureError, match="can be joined. Declare a project of another name"):
        projects.export(settings, "housing")
    assert content_hash(settings.files.project("housing")) == before
    declare(settings, "coarser", STUDY | {"breakdowns": {}})
    projects.new(settings, "coarser")
    assert projects.export(settings, "coarser")["rows"]


def test_a_file_in_which_women_stand_out_is_refused_saying_what_to_coarsen_and_the_one_before_stays(settings):
    before = content_hash(settings.files.project("housing"))
    finer = STUDY | {"period": "quarter", "breakdowns": {"age_band": None, "ethnicity": None}}
    declare(settings, "housing", finer)
    with pytest.raises(DisclosureError) as refused:
        projects.export(settings, "housing")
    said = str(refused.value).splitlines()
    place = settings.schemas / "projects" / "housing.yaml"
    assert said[0].startswith(f"{place}: released_from_custody: about ")
    assert all(f"without {column}, " in said[0] for column in ("quarter", "age_band", "ethnicity"))
    assert any("the answers to proven_reoffending are all alike" in line for line in said)
    assert said[-1] == "Nothing was written."
    assert content_hash(settings.files.project("housing")) == before
    with duckdb.connect() as con:
        (members, *_) = projects.rows_of(con, settings, settings.analysis, settings.project("housing")).values()
        categories = {str(value) for row in members.project("quarter, age_band, ethnicity").fetchall() for value in row}
    assert not [category for category in categories if category in str(refused.value)]


def test_without_a_log_that_holds_nothing_is_exported(settings):
    file = settings.files.project("housing")
    shutil.rmtree(file.parent)
    settings.files.log.write_text("not what was written\n")
    with pytest.raises(PrivacyError, match="is broken"):
        projects.export(settings, "housing")
    assert list(file.parents[1].glob("*housing*")) == []


def test_how_many_stand_out_is_told_rounded_or_as_fewer_than_the_threshold(delivered):
    rules = delivered.disclosure
    assert [projects.women(number, rules) for number in (0, 1, 9, 10, 43, 1_238)] == [
        "nobody", "fewer than 10 women", "fewer than 10 women", "about 10 women", "about 45 women", "about 1,240 women",
    ]  # fmt: skip


def test_real_data_wait_for_an_approval_and_for_a_linkage_that_was_judged(settings):
    facts.forget(settings, ("gates/linkage",))
    with pytest.raises(GateError, match="has not been judged"):
        projects.export(settings, "housing")
    facts.write(settings, "gates/linkage/linkage", JUDGED)
    (settings.files.truth / "invented.json").unlink()
    with pytest.raises(PrivacyError, match="linkage project export housing --approval"):
        projects.export(settings, "housing", approval=" ")
    projects.export(settings, "housing", approval="A. Lead, 3 March")
    assert dict(tables(settings, "housing")["about"])["data"] == "real"
    assert ledger_of(settings).verify().entries[-1].details["approval"] == "A. Lead, 3 March"


def test_a_project_without_a_key_or_a_declaration_is_told_what_to_do(settings):
    declare(settings, "work", STUDY)
    with pytest.raises(PrivacyError, match="linkage project new work"):
        projects.export(settings, "work")
    with pytest.raises(ContractError, match=r"no project nowhere.yaml; there are \['health', 'housing'"):
        projects.new(settings, "nowhere")


def test_an_end_takes_file_and_key_and_leaves_the_receipt(settings):
    left = settings.files.project("housing").parent.with_name(".housing.unfinished") / "housing.duckdb"
    left.parent.mkdir()
    left.write_text("of an export that was killed")
    receipt = projects.destroy(settings, "housing")
    assert receipt.details["deleted"] == ["housing.duckdb", "housing.duckdb", "study-housing.yaml"]
    assert not left.exists()
    assert not settings.files.project("housing").exists()
    assert settings.files.project("health").exists()
    with pytest.raises(PrivacyError, match="no study-id key"):
        projects.destroy(settings, "housing")
    with pytest.raises(PrivacyError, match="was destroyed"):
        projects.new(settings, "housing")
    assert {row["name"]: row["key"] for row in projects.listed(settings)}["housing"] == "destroyed"
    assert ledger_of(settings).verify().entries[-1] == receipt


def test_an_end_names_the_files_that_were_exported_elsewhere_and_are_still_there(settings, tmp_path):
    elsewhere = Settings(settings.schemas, settings.workspace, outputs=tmp_path / "elsewhere")
    projects.export(elsewhere, "housing")
    receipt = projects.destroy(settings, "housing")
    assert str(elsewhere.files.project("housing")) in receipt.details["left"]
    assert str(settings.files.project("housing")) not in receipt.details["left"]


def test_a_project_that_is_declared_no_more_is_listed_and_can_be_destroyed(settings):
    (settings.schemas / "projects" / "housing.yaml").unlink()
    (row,) = [row for row in projects.listed(settings) if row["name"] == "housing"]
    assert row["title"] == "not declared"
    assert row["file"] == str(settings.files.project("housing"))
    assert projects.destroy(settings, "housing").details["project"] == "housing"


def test_the_commands_make_export_list_and_destroy_it_and_never_print_the_key(settings):
    def linkage(*words: str) -> str:
        shared = ("--workspace", str(settings.workspace), "--schemas", str(settings.schemas))
        done = CliRunner().invoke(app, ["project", *words, *shared])
        assert done.exit_code == 0, done.output
        return done.output

    declare(settings, "work", STUDY)
    made = linkage("new", "work")
    secret = KeyFolder(settings.files.department.keys).study_key("work").secret.hex()
    exported, listed = linkage("export", "work"), linkage("list")
    said = made + exported + listed + linkage("destroy", "work", "--yes")
    assert f"cautioned: {len(tables(settings, 'health')['cautioned']):,} rows" in exported
    assert "work" in listed
    assert "Receipt" in said
    assert secret not in said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"acces": "x"}, "acces: there is no such field"),
        ({"purpose": "research"}, "purpose: String should have at least 20 characters"),
        ({"cohorts": ["prisoners"]}, r"cohorts: there is no \['prisoners'\]"),
        ({"sensitive": ["settled_3_months"]}, r"sensitive: there is no \['settled_3_months'\]"),
        ({"sensitive": []}, r"sensitive: \['employed_6_weeks', 'proven_reoffending'\] can harm her"),
        ({"k": {"value": 5, "reason": "few women would be enough"}}, "5 women are fewer than what is published"),
        ({"cohorts": ["cautioned"], "breakdowns": {"ethnicity": None}}, "breakdowns.ethnicity: no cohort"),
        ({"breakdowns": {"age_band": {"young": ["18-20"]}}}, "'50\\+'] is in no group. Put it into one"),
        ({"breakdowns": {"age_band": {"a": ["18-20"], "b": ["18-20"]}}}, r"\['18-20'\] is in two groups"),
        ({"outcomes": ["in_treatment_21_days"], "sensitive": []}, "in_treatment_21_days cannot be asked of cautioned"),
        ({"outcomes": ["homelessness_duty_90_days"], "sensitive": []}, "cautioned does not say who is there"),
    ],
)
def test_a_mistake_in_a_declaration_is_refused_with_its_file_and_its_remedy(settings, change, says):
    declare(settings, "housing", STUDY | change)
    with pytest.raises(ContractError, match=says) as refused:
        stages.check(settings)
    assert "housing.yaml" in str(refused.value)


def test_a_project_of_strange_signs_is_refused(settings):
    declare(settings, "Our-Study", STUDY)
    with pytest.raises(ContractError, match="named in lower case with underscores"):
        stages.check(settings)
