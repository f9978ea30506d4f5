"""A project's file: made, made again after another delivery, refused, destroyed; and what cannot be found in it."""

import csv
import itertools
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from conftest import REPOSITORY, MadeOnce
from small_projects import JUDGED, STUDY, copied, declare, delivered_to, link, study_ids, tables, there
from typer.testing import CliRunner

from linkage import facts, projects, stages, study_keys
from linkage.__main__ import app
from linkage.contracts.dataset import Dataset
from linkage.errors import ContractError, DisclosureError, GateError, PrivacyError
from linkage.ledger import ledger_of
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.pseudonymisation.keys import for_study_id
from linkage.pseudonymisation.pseudonyms import with_record_ids
from linkage.release.publish import content_hash
from linkage.settings import Settings


@pytest.fixture(scope="module")
def delivered(made_once: MadeOnce) -> Settings:
    """4,000 invented people, of whom two projects have files: nothing of it may be changed."""
    return there(made_once("projects", delivered_to))


@pytest.fixture
def settings(delivered: Settings, tmp_path: Path) -> Settings:
    """A copy of it, to change."""
    return copied(delivered, tmp_path)


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


def test_a_table_has_one_row_of_each_woman_and_no_study_id_of_another_table(delivered):
    ids = [study_ids(delivered, "housing", cohort) for cohort in STUDY["cohorts"]]
    assert [len(one) for one in ids] == [len(tables(delivered, "housing")[cohort]) for cohort in STUDY["cohorts"]]
    assert not ids[0] & ids[1]
    with duckdb.connect() as con:
        found = projects.rows_of(con, delivered, delivered.analysis, delivered.project("housing"))
        people = [{person for (person,) in rows.project("person_id").fetchall()} for rows in found.values()]
    assert len(people[0] & people[1]) > 5  # women who are in both


def test_whatever_is_known_of_a_woman_three_rows_say_it_in_the_files_of_both_projects(settings):
    declare(settings, "other", STUDY | {"breakdowns": {}, "by_day": {}})
    projects.new(settings, "other")
    projects.export(settings, "other")
    for name in ("housing", "other"):
        with duckdb.connect(str(settings.files.project(name)), read_only=True) as con:
            for cohort in STUDY["cohorts"]:
                rows = con.table(cohort)
                assert fewest_alike(rows, rows.columns[1:]) >= 3


def fewest_alike(rows: duckdb.DuckDBPyRelation, columns: list[str]) -> int:
    """How many rows are alike in some of the columns at least, whichever these are."""
    known = [names for size in range(1, len(columns) + 1) for names in itertools.combinations(columns, size)]
    counts = [rows.aggregate("count(*)", ", ".join(names)).fetchall() for names in known]
    return min(count for groups in counts for (count,) in groups)


def test_neither_a_reason_nor_a_day_that_is_not_declared_is_in_the_file(delivered):
    with duckdb.connect(str(delivered.files.project("housing")), read_only=True) as con:
        assert con.table("cautioned").columns == [
            "study_id", "age_band", "proven_reoffending", "proven_reoffending_by_day", "employed_6_weeks",
        ]  # fmt: skip
        days = con.sql("select distinct proven_reoffending_by_day from cautioned order by all").fetchall()
    assert days == [(42,), (365,), (None,)]


def test_the_file_says_how_many_answers_were_emptied_rounded(settings):
    finer = STUDY | {
        "by_day": {"proven_reoffending": {"value": list(range(20, 360, 20)), "reason": "to have many days to empty"}}
    }
    declare(settings, "finer", finer)
    projects.new(settings, "finer")
    done = projects.export(settings, "finer")
    about = dict(tables(settings, "finer")["about"])
    assert re.search(r"proven_reoffending_by_day: about \d+[05] women", done["emptied"]["community_order_starts"])
    assert about["emptied in community_order_starts"] == done["emptied"]["community_order_starts"]


def test_an_event_has_a_day_only_with_its_answer(delivered):
    with duckdb.connect(str(delivered.files.project("housing")), read_only=True) as con:
        rows = con.sql("from cautioned union all from community_order_starts")
        days = "proven_reoffending_by_day"
        assert len(rows.filter(f"{days} is not null and proven_reoffending is distinct from true")) == 0
        assert len(rows.filter(f"{days} is not null")) > 50


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
    assert [entry.what for entry in entries] == [study_keys.MADE, projects.EXPORTING, projects.EXPORTED]
    key = KeyFolder(delivered.files.department.keys).study_key("housing")
    assert {entry.details["fingerprint"] for entry in entries} == {key.fingerprint("housing")}
    log = delivered.files.log.read_text()
    assert key.secret.hex() not in log
    assert not [one for one in study_ids(delivered, "housing") if one in log]


def test_a_woman_who_was_withdrawn_leaves_the_next_file_and_who_stays_keeps_her_study_id(settings):
    before = study_ids(settings, "housing")
    with duckdb.connect() as con:
        rows = projects.rows_of(con, settings, settings.analysis, settings.project("housing"))
        people = [person for (person,) in rows["cautioned"].project("person_id").order("person_id").fetchall()]
    key = KeyFolder(settings.files.department.keys).study_key("housing")
    sub_keys = [for_study_id(key, "housing", cohort) for cohort in STUDY["cohorts"]]
    ids = {person: {f"{one.token(str(person)) % 2**64:016x}" for one in sub_keys} for person in people}
    person, hers = next((person, hers) for person, hers in ids.items() if hers & before)  # some rows are too rare
    withdraw(settings, person)
    link(settings)
    assert projects.export(settings, "housing", approval="A. Lead")["run"] == 2
    after = study_ids(settings, "housing")
    assert not hers & after
    assert len((before ^ after) - hers) < 9  # in each table, two that were like her, and two that are now like those


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


def test_what_does_not_fit_into_memory_goes_into_the_workspace_and_is_gone_afterwards(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with projects.working_connection(settings, "housing") as con:
        con.execute("set memory_limit = '60MB'")
        con.execute("set threads = 1")
        con.execute("create temp table many as select hash(range) as n, md5(range::text) as text from range(2000000)")
        spilled = [path for path in settings.files.cohorts.scratch("housing").rglob("*") if path.is_file()]
    assert spilled
    assert not settings.files.cohorts.scratch("housing").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["schemas", "workspace"]


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
    assert said[0].startswith(f"{place}: community_order_starts: about ")
    assert all(f"without {column}, " in said[0] for column in ("quarter", "age_band", "ethnicity"))
    assert any("fewer than 3 women gave one of the two answers to proven_reoffending" in line for line in said)
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


SPANS = {"value": [42], "reason": "what is known on that day"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"acces": "x"}, r"acces: there is no such field. Did you mean access\? There are: title, purpose, access"),
        ({"purpose": "research"}, "purpose: it is too short. Say it in 20 characters or more"),
        ({"cohorts": ["prisoners"]}, r"cohorts: there is no \['prisoners'\]"),
        ({"sensitive": ["settled_3_months"]}, r"sensitive: there is no \['settled_3_months'\]"),
        ({"sensitive": []}, r"sensitive: \['employed_6_weeks', 'proven_reoffending'\] can harm her"),
        ({"by_day": {"settled_3_months": SPANS}}, r"by_day: there is no \['settled_3_months'\]"),
        ({"by_day": {"employed_6_weeks": SPANS}}, "employed_6_weeks is asked of one day or of all of its window"),
        ({"by_day": {"proven_reoffending": SPANS | {"value": [91, 42]}}}, "end on ascending days from 1 to 364"),
        ({"by_day": {"proven_reoffending": SPANS | {"value": [0]}}}, "end on ascending days from 1 to 364"),
        ({"by_day": {"proven_reoffending": SPANS | {"value": [42, 365]}}}, "ends with the window, on day 365"),
        (
            {"by_day": {"proven_reoffending": {"value": [42], "reason": "x"}}},
            "proven_reoffending.reason: it is too short",
        ),
        ({"k": {"value": 5, "reason": "few women would be enough"}}, "5 women are fewer than what is published"),
        ({"cohorts": ["cautioned"], "breakdowns": {"ethnicity": None}}, "breakdowns.ethnicity: no cohort"),
        ({"breakdowns": {"age_band": {"young": ["18-20"]}}}, "'50\\+'] is in no group. Put it into one"),
        ({"breakdowns": {"age_band": {"a": ["18-20"], "b": ["18-20"]}}}, r"\['18-20'\] is in two groups"),
        (
            {"outcomes": ["in_treatment_21_days"], "sensitive": [], "by_day": {}},
            "in_treatment_21_days cannot be asked of cautioned",
        ),
        (
            {"outcomes": ["homelessness_duty_90_days"], "sensitive": [], "by_day": {}},
            "cautioned does not say who is there",
        ),
    ],
)
def test_a_mistake_in_a_declaration_is_refused_with_its_file_and_its_remedy(tmp_path, change, says):
    settings = Settings(Path(shutil.copytree(REPOSITORY / "schemas", tmp_path / "schemas")), tmp_path / "workspace")
    declare(settings, "housing", STUDY | change)
    with pytest.raises(ContractError, match=says) as refused:
        stages.check(settings)
    assert "housing.yaml" in str(refused.value)


def test_a_project_of_strange_signs_is_refused(settings):
    declare(settings, "Our-Study", STUDY)
    with pytest.raises(ContractError, match="named in lower case with underscores"):
        stages.check(settings)
