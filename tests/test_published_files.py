"""The files of a release: the same bytes for the same counts, and a comment on everything."""

import csv
import json
import re

import duckdb
from small_counts import BY_AGE, RULES, TITLES, control, counts, released

from linkage.release.columns import NAMES
from linkage.release.publish import Provenance, content_hash


def test_the_same_counts_give_the_same_bytes_and_the_same_database(tmp_path):
    folders = [released(tmp_path / n, control(counts(BY_AGE), RULES, TITLES)) for n in ("one", "two")]
    files = ("tables.csv", "tables.parquet", "codes.csv", "codes.parquet", "data_dictionary.csv", "index.html")
    for name in (*files, "manifest.json"):
        one, two = ((folder / name).read_bytes() for folder in folders)
        assert one == two, name


def test_the_hash_of_the_database_changes_with_a_row_and_with_a_comment(tmp_path):
    path = released(tmp_path / "demo", control(counts(BY_AGE), RULES, TITLES)) / "womens_outcomes.duckdb"
    found = {content_hash(path)}
    for change in ("comment on column outcomes.value is 'x'", "update outcomes set value = 1", "drop view work"):
        with duckdb.connect(str(path)) as con:
            con.execute(change)
        found.add(content_hash(path))
    assert len(found) == 4


def test_an_analyst_finds_every_table_view_and_column_explained_in_the_database(tmp_path):
    folder = released(tmp_path / "demo", control(counts(BY_AGE), RULES, TITLES))
    with duckdb.connect(str(folder / "womens_outcomes.duckdb"), read_only=True) as con:
        objects = con.execute("select table_name, comment from duckdb_tables()").fetchall()
        objects += con.execute("select view_name, comment from duckdb_views() where not internal").fetchall()
        columns = con.execute(
            "select column_name, comment from duckdb_columns() where table_name = 'outcomes'"
        ).fetchall()
        assert con.execute("select count(*) from work").fetchall() == [(12,)]
    assert {name for name, _ in objects} == {"outcomes", "codes", "work"}
    assert all("INVENTED DATA" in comment for _, comment in objects)
    assert TITLES["work"] in dict(objects)["work"]
    assert [name for name, _ in columns] == list(NAMES)
    assert all(comment for _, comment in columns)
    dictionary = (folder / "data_dictionary.csv").read_text().splitlines()
    assert len(dictionary) == 1 + len(NAMES) + sum(line.startswith("codes,") for line in dictionary)


def test_the_dictionary_and_the_comments_say_to_what_is_rounded_and_how_few_women_are_unreliable(tmp_path):
    folder = released(tmp_path / "demo", control(counts(BY_AGE), RULES, TITLES))
    with (folder / "data_dictionary.csv").open(newline="") as file:
        said = {row["column"]: row for row in csv.DictReader(file) if row["table"] == "outcomes"}
    entries = "women, or releases of a cohort that every release counts in, rounded to the nearest 5"
    assert {row["unit"] for row in said.values() if row["type"] == "count"} == {entries}
    assert said["events"]["unit"] == "events, rounded to the nearest 10"
    assert said["person_years"]["unit"] == "person-years, rounded to the nearest 5"
    assert "u: unreliable, fewer than 30 women counted, as rounded" in said["status"]["meaning"]
    with duckdb.connect(str(folder / "womens_outcomes.duckdb"), read_only=True) as con:
        comments = dict(con.execute("select column_name, comment from duckdb_columns() where not internal").fetchall())
        [[unreliable]] = con.sql("select meaning from codes where column_name = 'status' and code = 'u'").fetchall()
    assert comments["events"].endswith("(events, rounded to the nearest 10)")
    assert "fewer than 30 women" in unreliable
    assert "{" not in "".join([*comments.values(), (folder / "data_dictionary.csv").read_text()])


def test_the_manifest_shows_no_small_number_and_no_time(tmp_path):
    provenance = Provenance(
        "demo",
        "Outcomes",
        False,
        "A. Statistician",
        inputs={"court": "ab"},
        rows={"court": {"in": 1234, "quarantined": 3}},
    )
    released(tmp_path / "r", control(counts(BY_AGE), RULES, TITLES), provenance=provenance)
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    assert manifest["rows"] == {"court": {"in": 1235, "quarantined": None}}
    assert manifest["approval"] == "A. Statistician"
    assert not re.search(r"\d\d:\d\d", json.dumps(manifest))
