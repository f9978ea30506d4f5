"""The whole chain on real components: what went in is accounted for, and what comes out is near the truth."""

import csv
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from itertools import accumulate, takewhile
from pathlib import Path

import duckdb
import pytest
import yaml
from conftest import EXAMPLE, REPOSITORY
from test_privacy import SECRETS, found_in

from linkage import beside_truth, facts, projects, releases, stages
from linkage.contracts.adding import adding
from linkage.contracts.codes import Key
from linkage.errors import ContractError, DisclosureError, ExtractError, GateError, LinkError, PrivacyError
from linkage.ledger import ledger_of
from linkage.release.auditor.files import Audited
from linkage.release.codes import marks
from linkage.release.columns import PUBLISHED
from linkage.release.ledger import LABELS
from linkage.release.publish import content_hash
from linkage.report.pages import Masthead
from linkage.report.truth_view import headlines
from linkage.settings import Settings

DATABASE = "womens_outcomes.duckdb"
POINTS = {"rate", "other_rate", "difference", "lower", "upper", "share", "other_share"}
RELEASE_FILES = ("tables.csv", "tables.parquet", "codes.csv", "codes.parquet", "data_dictionary.csv", "index.html",
                 "comparisons.csv", "comparisons.parquet", "balance.csv", "balance.parquet")  # fmt: skip


def rows_in(path: Path) -> int:
    """How many rows a Parquet file has."""
    return duckdb.sql(f"select count(*) from '{path}'").fetchall()[0][0]


def test_every_row_of_every_extract_is_accounted_for_down_to_the_person_index(chain):
    accepted = {}
    for name, intake in facts.intake(chain).items():
        quarantined = sum(intake["quarantined"].values())
        assert intake["rows_in"] == intake["rows_out"] + intake["out_of_scope"] + quarantined, name
        assert rows_in(chain.files.department.quarantine(name)) == quarantined, name
        assert rows_in(chain.files.cohorts.attributes(name)) == intake["rows_out"], name
        accepted[name] = intake["rows_out"]
    assert min(accepted.values()) > 100
    indexed = duckdb.sql(f"select dataset, count(*) from '{chain.files.matching.person_index}' group by 1").fetchall()
    assert dict(indexed) == accepted


def test_the_links_are_right_and_few_are_missed(chain):
    overall = {r["threshold"]: r for r in facts.read(chain, "evaluation")["rows"] if r["scope"] == "overall"}
    assert overall["medium"]["precision"] > 0.98
    assert overall["medium"]["recall"] > 0.9
    assert overall["high"]["recall"] <= overall["medium"]["recall"] <= overall["low"]["recall"]


def test_every_headline_is_published_and_near_the_truth(chain):
    found = headlines(beside_truth.cells(chain, EXAMPLE))
    tables = [table for table in chain.analysis.tables.values() if not table.health_warning and "year" in table.periods]
    assert len(found) == sum(len(one.cohorts) * len(chain.analysis.outcomes_of(one)) for one in tables)
    for one in found:
        assert one["true"] is not None, one
        assert one["published"] is not None, one
        assert abs(one["published"] - one["true"]) < 10, one


def same_release(one: Path, other: Path) -> bool:
    """Are the files the same to the byte, and the two databases in what they say?"""
    files = all((one / name).read_bytes() == (other / name).read_bytes() for name in RELEASE_FILES)
    return files and content_hash(one / DATABASE) == content_hash(other / DATABASE)


def test_a_run_with_the_same_keys_publishes_the_bytes_of_the_example_in_the_repository(chain, request):
    example = REPOSITORY / "outputs" / "example"
    if request.config.getoption("--remake-example"):
        shutil.rmtree(example, ignore_errors=True)
        shutil.copytree(chain.files.release(EXAMPLE), example)
    assert same_release(example, chain.files.release(EXAMPLE)), "Published tables have changed: make example, and look."


def test_the_certificate_of_a_release_holds_and_stays_inside(chain, tmp_path):
    path = chain.files.certificate(EXAMPLE)
    assert releases.check_certificate(chain, path)["release"] == EXAMPLE
    assert path.stat().st_mode & 0o077 == 0
    assert not list(chain.files.release(EXAMPLE).rglob("*certificate*"))
    said = json.loads(path.read_text())
    for change in ({"proofs": []}, {"sums": []}, {"counts": [], "sums": [], "tables": [], "proofs": []}):
        (tmp_path / "changed.json").write_text(json.dumps(said | change))
        with pytest.raises(DisclosureError, match="does not prove what it must"):
            releases.check_certificate(chain, tmp_path / "changed.json")
    other = Settings(chain.schemas, chain.workspace, outputs=tmp_path)
    with pytest.raises(DisclosureError, match="nothing can be checked without it"):
        releases.check_certificate(other, path)
    shutil.copytree(chain.files.release(EXAMPLE), other.files.release(EXAMPLE))
    with (other.files.release(EXAMPLE) / "tables.csv").open("a") as tables:
        tables.write("one more line")
    with pytest.raises(DisclosureError, match="about other tables"):
        releases.check_certificate(other, path)


def numbers_in(said: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    """Every number in JSON, and where it stands."""
    if isinstance(said, dict):
        for name, value in said.items():
            yield from numbers_in(value, (*path, name))
    elif isinstance(said, list):
        for value in said:
            yield from numbers_in(value, path)
    elif isinstance(said, int | float) and not isinstance(said, bool):
        yield path, said


def shares_by_day(rows: list[dict[str, str]]) -> Iterator[str]:
    """Of those with a first contact of one kind, how many had had it by the end of a span, as far as none is hidden."""
    place = ("first_contact", "medium")
    known = {row["outcome"]: row["numerator"] for row in rows if (row["table_id"], row["threshold"]) == place}
    for name, whole in known.items():
        spans = {int(day[1]): known[one] for one in known if (day := re.fullmatch(rf"{name}_days_(\d+)_to_\d+", one))}
        so_far = accumulate(int(count) for count in takewhile(bool, (spans[day] for day in sorted(spans))))
        yield from (f"{100 * min(int(whole), count) / int(whole):.1f}" for count in so_far if whole)


def test_every_number_that_leaves_has_passed_a_control(chain):
    folder, limits = chain.files.release(EXAMPLE), chain.disclosure
    rows = duckdb.read_csv(str(folder / "tables.csv"), all_varchar=True).to_arrow_table().to_pylist()
    figures = {c.name: c.type for c in PUBLISHED if c.type != "text"}
    assert {p.name for p in folder.iterdir()} == {*RELEASE_FILES, DATABASE, "manifest.json"}
    # tables.csv, and Parquet and database, which the audit compares with it: counts are true zeros, or rounded and not
    # small; rates and limits follow from them.
    counted = {int(row[name]) for row in rows for name, kind in figures.items() if kind == "count" and row[name]}
    assert all(n == 0 or (n >= limits.threshold.value and n % limits.rounding_base.value == 0) for n in counted)
    for row in (row for row in rows if row["value"]):
        women, having = int(row["denominator"]), int(row["numerator"])
        assert abs(float(row["value"]) - 100 * having / women) <= 0.0500001
        assert float(row["lower"]) <= float(row["value"]) <= float(row["upper"])
    # index.html: every count in a table, and every rate anywhere, stands in tables.csv, or is made of its figures.
    page = (folder / "index.html").read_text()
    rates = {
        f"{float(row[name]):.1f}" for row in rows for name, kind in figures.items() if kind == "percent" and row[name]
    }
    for name in ("comparisons.csv", "balance.csv"):
        for row in csv.DictReader((folder / name).open(encoding="utf-8")):
            rates |= {f"{abs(float(text)):.1f}" for column, text in row.items() if text and column in POINTS}
            rates |= {f"{abs(float(row['smd'])):.2f}"} if row.get("smd") else set()
    rates |= set(shares_by_day(rows))
    written = {"years": "{:,.0f}", "per 100 years": "{:.2f}", "events": "{:,.0f}", "mean": "{:.2f}"}
    others = {
        written[kind].format(float(row[name]))
        for row in rows for name, kind in figures.items() if kind in written and row[name]
    }  # fmt: skip
    shown = re.findall(r"<td class=\"\">([^<]*)</td>", page)
    assert len(shown) > 100
    told = {text for cell in shown for text in re.findall(r"[\d,.]*\d", cell)}
    assert told <= rates | others | {f"{n:,}" for n in counted}
    assert set(re.findall(r"(\d+\.\d)%", page)) | set(re.findall(r">(\d+\.\d)<", page)) <= rates
    # manifest.json: numbers of records are rounded and not small; limits are declared; weights are trained, no counts.
    manifest = json.loads((folder / "manifest.json").read_text())
    by_part: dict[str, set[float]] = {}
    for path, number in numbers_in(manifest):
        by_part.setdefault(path[0], set()).add(number)
    assert set(by_part) == {"rows", "disclosure", "models"}
    assert all(n == 0 or (n >= limits.threshold.value and n % limits.rounding_base.value == 0) for n in by_part["rows"])
    assert by_part["disclosure"] == {n for _, n in numbers_in(limits.model_dump(by_alias=True))}
    assert all("training" not in model for model in manifest["models"].values())
    # codes.csv: codes of these rows, in words of the declarations, or the same for every release.
    words = releases.coded(chain, chain.analysis, chain.comparisons) | marks(limits)
    for row in csv.DictReader((folder / "codes.csv").open(encoding="utf-8")):
        key = Key(*(row.pop(name) for name in Key._fields))
        assert row == words[key]._asdict()
    # data_dictionary.csv tells of columns; the quality report stays inside, and says so.
    assert "counts on this page are not" in re.sub(r"\s+", " ", chain.files.quality.report.read_text())
    assert chain.files.quality.report not in folder.rglob("*")


def test_what_left_is_in_the_ledger_for_its_owner_alone(chain):
    (entry,) = releases.entries(chain)
    assert (entry.release, entry.said["approval"]) == (EXAMPLE, "waived (invented data)")
    with (chain.files.release(EXAMPLE) / "tables.csv").open() as tables:
        published = {tuple(row[name] for name in LABELS): row for row in csv.DictReader(tables)}
    assert len(entry.rows) == len(published)
    never = adding(chain.analysis, chain.comparisons)["never"]
    for row in entry.rows:
        of_row = published[tuple(row[name] for name in LABELS)]
        for name in ("numerator", "denominator", "died"):
            count, least, most = row["figures"][name]
            seldom = "denominator" if of_row["status"] == "c" else "died"  # of which a zero would be shown
            hidden = (min(1, count) if name == seldom else 0, None)
            hidden = (0, 0) if name in never[row["outcome"]] else hidden  # as its definition says
            assert (least, most) == hidden if not of_row[name] else least <= int(of_row[name]) <= most
    assert next(chain.files.ledger.iterdir()).stat().st_mode & 0o077 == 0


def test_a_release_of_invented_people_says_so_everywhere(chain):
    folder = chain.files.release(EXAMPLE)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["invented"] is True
    assert manifest["approval"] == "waived (invented data)"
    assert "invented" in (folder / "index.html").read_text().lower()
    with duckdb.connect(str(folder / DATABASE), read_only=True) as con:
        comments = con.execute(
            "select comment from duckdb_tables() union all select comment from duckdb_views() where not internal"
        )
        assert all("INVENTED" in comment for (comment,) in comments.fetchall())


def test_an_analyst_finds_a_comment_on_every_table_view_and_column(chain):
    with duckdb.connect(str(chain.files.release(EXAMPLE) / DATABASE), read_only=True) as con:
        bare = con.execute(
            """select table_name from duckdb_tables() where comment is null
            union all select view_name from duckdb_views() where comment is null and not internal
            union all select column_name from duckdb_columns() where comment is null and not internal"""
        ).fetchall()
        assert bare == []
        said = con.execute(
            """select comment from duckdb_tables() union all select comment from duckdb_views() where not internal
            union all select comment from duckdb_columns() where not internal"""
        ).fetchall()
        assert not [comment for (comment,) in said if re.search(r"\.\s+[a-z]|\.\.", comment)]
        housing = con.execute(
            "select value from accommodation where breakdown = 'all' and threshold = 'medium' order by period, cohort"
        ).fetchall()
        assert all(0 < value < 100 for (value,) in housing)


def test_what_is_shown_of_the_database_in_words_about_releases_has_answers(chain):
    (shown,) = re.findall(r"```sql\n(.*?)```", (REPOSITORY / "outputs" / "README.md").read_text(), re.DOTALL)
    (first,) = re.findall(r'sql\(\s*"(select [^"]*)"', (REPOSITORY / "README.md").read_text())
    with duckdb.connect(str(chain.files.release(EXAMPLE) / DATABASE), read_only=True) as con:
        for question in (first, *filter(str.strip, shown.split(";"))):
            assert con.execute(question).fetchall(), question


def test_the_project_in_the_repository_is_given_rows_in_which_nobody_stands_out(chain, tmp_path):
    exporting = Settings(chain.schemas, tmp_path / "workspace")
    shutil.copytree(chain.workspace, exporting.workspace)
    projects.new(exporting, "resettlement")
    assert min(projects.export(exporting, "resettlement")["rows"].values()) > 100
    assert found_in(exporting.files.project("resettlement").parent) == {}


def without_breakdowns(schemas: Path) -> None:
    """Declarations of a release that is suppressed and proved in seconds: all women, and no more than one answer."""
    for path in (schemas / "comparisons", schemas / "sequences"):
        shutil.rmtree(path)
    for name in ("first_contact", "needs"):
        (schemas / "tables" / f"{name}.yaml").unlink()
    for path in (schemas / "tables").glob("*.yaml"):
        table = yaml.safe_load(path.read_text())
        if not table.get("health_warning"):
            path.write_text(yaml.safe_dump(table | {"breakdowns": []}))


def test_real_data_are_not_published_before_somebody_approves(chain, tmp_path):
    changed = Settings(tmp_path / "schemas", tmp_path / "workspace")
    nothing_released = shutil.ignore_patterns("release", "log", "log_head.json")
    shutil.copytree(chain.workspace, changed.workspace, ignore=nothing_released)
    for declared in ("schemas", "expectations"):
        shutil.copytree(REPOSITORY / declared, tmp_path / declared)
    without_breakdowns(changed.schemas)
    stages.tabulate(changed)
    stages.publish(changed, "invented")
    note = changed.files.quality.fact("intake/court")
    note.write_text(note.read_text().replace(json.loads(note.read_text())["input_sha256"], "0" * 64))
    with pytest.raises(PrivacyError, match="Nobody has approved"):
        stages.publish(changed, "unapproved")
    assert not changed.files.release("unapproved").exists()
    with pytest.raises(ContractError, match="origin truth is for invented people"):
        stages.publish(changed, "approved", "the quality lead, 2026-01-02")
    (changed.schemas / "link_errors.yaml").unlink()
    changed = Settings(changed.schemas, changed.workspace)
    stages.publish(changed, "approved", "the quality lead, 2026-01-02")
    manifest = json.loads((changed.files.release("approved") / "manifest.json").read_text())
    assert (manifest["invented"], manifest["approval"]) == (False, "the quality lead, 2026-01-02")
    first, second = releases.entries(changed)
    assert second.rows == first.rows  # nothing has changed, so nothing is published otherwise
    masthead = Masthead("approved", "", invented=False, approval="the quality lead, 2026-01-02")
    again = Audited(0, [], "", second.rows)
    published = changed.files.release("approved") / "tables.csv"
    releases.enter(changed, changed.analysis, masthead, again, published, changed.comparisons)
    assert len(releases.entries(changed)) == 2  # a run that was killed and started again is written down once


def test_a_critical_expectation_stops_the_chain_and_the_report_says_why(chain, tmp_path):
    stopped = Settings(tmp_path / "schemas", tmp_path / "workspace")
    shutil.copytree(REPOSITORY / "schemas", stopped.schemas)
    shutil.copytree(REPOSITORY / "expectations", stopped.expectations)
    shutil.copytree(chain.workspace, stopped.workspace)
    suite = stopped.expectations / "person_index.yaml"
    suite.write_text(suite.read_text().replace("max_value: 1000", "max_value: 2"))
    with pytest.raises(GateError, match="no person holds"):
        stages.cluster(stopped)
    page = tmp_path / "workspace" / "quality" / "report.html"
    stages.report(stopped)
    assert "no person holds" in page.read_text()


def test_the_quality_report_and_the_release_ask_no_other_host_for_anything(chain):
    for page in (chain.files.quality.report, chain.files.release(EXAMPLE) / "index.html"):
        loaded = re.findall(r"""(?:src|href)=["']([^"'#]+)["']|url\(([^)]+)\)|@import""", page.read_text())
        assert not [link for link in loaded if any(part and not part.startswith("#") for part in link)], page


def test_a_new_delivery_takes_with_it_all_that_was_made_from_the_old_one(chain, tmp_path):
    again = Settings(chain.schemas, tmp_path / "workspace")
    shutil.copytree(chain.workspace, again.workspace)
    stages.pseudonymise(again, "paye")
    with pytest.raises(LinkError, match="no person index yet"):
        stages.tabulate(again)
    with pytest.raises(GateError, match="linkage tabulate"):
        stages.publish(again, "stale")
    assert not again.files.release("stale").exists()
    assert facts.read(again, "evaluation") is None


def test_a_release_never_replaces_a_folder_that_is_no_release(chain, tmp_path):
    other = Settings(chain.schemas, chain.workspace, outputs=tmp_path)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "keep.txt").write_text("keep")
    with pytest.raises(ContractError, match="is no release"):
        stages.publish(other, "letters")
    assert (tmp_path / "letters" / "keep.txt").read_text() == "keep"


@pytest.mark.parametrize(
    ("header", "rows", "says"),
    [
        ("dataset,record_id", ["court,x"], "person"),
        ("dataset,record_id,person", ["nowhere,x,1"], "no contract"),
        ("dataset,record_id,person", ["court,x,1", "court,x,2"], "that an earlier line has named"),
        ("dataset,record_id,person", ["court,x,"], "no person"),
        ("dataset,record_id,person,surname", ["court,x,1,Planted"], "column 4 holds an identifier"),
        ("dataset,record_id,person,cluster", ["court,x,1,a"], "column 4 needs another name"),
        ("dataset,record_id,person,group", [f"court,x{n},1,g{n}" for n in range(60)], "more than 50 groups"),
    ],
)
def test_a_truth_that_cannot_be_used_is_refused_without_quoting_it(chain, tmp_path, header, rows, says):
    truth = tmp_path / "truth.csv"
    truth.write_text("\n".join([header, *rows, ""]))
    with pytest.raises(ExtractError, match=says) as refused:
        stages.evaluate(chain, truth)
    assert "Planted" not in str(refused.value)


def test_a_truth_of_other_records_is_refused(chain, tmp_path):
    (tmp_path / "truth.csv").write_text("dataset,record_id,person\ncourt,of another delivery,1\n")
    with pytest.raises(LinkError, match="None of the records"):
        stages.evaluate(chain, tmp_path / "truth.csv")


def test_nothing_planted_is_found_downstream_of_pseudonymisation(chain):
    """Tokens, attributes, counts, reports, releases, gates, Airflow's database, its logs and all it printed."""
    files = chain.files
    downstream = [p for p in chain.workspace.rglob("*") if p.is_file()]
    assert any(p.name == "airflow.db" for p in downstream)
    assert any("logs" in p.parts for p in downstream)
    assert files.quality.report in downstream
    assert found_in(chain.workspace, leave_out=(files.department.root, files.truth)) == {}


def test_airflow_keeps_counts_and_names_and_no_token(chain):
    with sqlite3.connect(chain.workspace / "airflow" / "airflow.db") as con:
        kept = {
            table: con.execute(f"select * from {table}").fetchall()
            for table in ("xcom", "asset_event", "rendered_task_instance_fields")
        }
    assert kept["xcom"]
    assert kept["asset_event"]
    court = chain.files.matching.encoded("names", "court")
    held = "names is not null and dob is not null"
    tokens = duckdb.sql(f"select view_id, names, surname_dob, dob from '{court}' where {held}").fetchall()
    assert tokens
    said = repr(kept)
    assert not [token for row in tokens for token in row if str(token) in said]


def test_the_log_of_the_chain_holds_and_names_the_airflow_runs(chain):
    entries = ledger_of(chain).verify().entries
    done = [entry.what for entry in entries]
    assert done[: len(chain.datasets)] == ["pseudonymised"] * len(chain.datasets)
    deleted = ["blocking keys deleted", "blocking pseudonyms deleted"]
    assert done[len(chain.datasets) :] == [*deleted, "people named", releases.ENTERED]
    assert all(entry.who.startswith("airflow ") for entry in entries)


def test_the_same_search_finds_all_of_it_where_it_may_be(chain):
    assert set(found_in(chain.files.department.root)) == set(SECRETS)
    assert any("quarantine" in path for path in found_in(chain.files.department.root)["surname"])


def test_what_a_department_holds_is_closed_to_everybody_else(chain):
    root = chain.files.department.root
    assert root.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in root.rglob("*") if path.is_file() and "keys" in path.parts)
