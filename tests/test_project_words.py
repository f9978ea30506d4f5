"""What a project's file says of itself: what each answer means, what is left of the women, and a query that holds."""

import re

import duckdb
import pytest
from conftest import REPOSITORY, MadeOnce
from small_projects import copied, delivered_to, tables, there
from typer.testing import CliRunner

from linkage.__main__ import app
from linkage.cohorts.person_file import about_answer
from linkage.contracts.sentences import sentences
from linkage.settings import Settings

NO_GROUP = "rows with an empty answer are no group of women"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def delivered(made_once: MadeOnce) -> Settings:
    """4,000 invented people, of whom two projects have files: nothing of it may be changed."""
    return there(made_once("projects", delivered_to))


def test_an_answer_says_its_window_its_source_what_false_and_empty_are_and_what_is_known_to_differ(delivered):
    with duckdb.connect(str(delivered.files.project("housing")), read_only=True) as con:
        said = dict(con.execute("select column_name, comment from duckdb_columns() where not internal").fetchall())
        [about] = con.execute("select comment from duckdb_tables() where table_name = 'cautioned'").fetchone()
    work, outcome = said["employed_6_weeks"], delivered.analysis.outcomes["employed_6_weeks"]
    assert "Whether a record covers day 42 from the index date, which is day 0. Known from HMRC PAYE emp" in work
    assert "False also where her record was missed, or never delivered: no record is no event." in work
    assert "Empty for a woman who had died by day 42, who was in custody on day 42 or whom it is not asked of" in work
    assert sentences(*outcome.differences) in work
    assert work.endswith(sentences(f"Source: {outcome.source}"))
    assert "(died)" not in work, "a column of the release, which this file does not have"
    assert "is not told: a published table that begins on a day counts that one" in said["proven_reoffending_by_day"]
    assert "of her first entry" in about
    assert "The cohort: The index date is" in about


def test_false_is_not_said_to_be_missed_where_who_was_missed_is_not_counted(analysis):
    settled = about_answer(analysis, analysis.outcomes["settled_3_months"])
    assert "False also" not in settled
    assert "who has no record in Probation (nDelius)" in settled


def test_file_and_export_say_that_what_is_left_is_not_the_whole(delivered, tmp_path):
    settings = copied(delivered, tmp_path)
    assert NO_GROUP in dict(tables(settings, "housing")["about"])["what is left"]
    shared = ("--workspace", str(settings.workspace), "--schemas", str(settings.schemas))
    done = CliRunner().invoke(app, ["project", "export", "housing", *shared])
    assert (done.exit_code, NO_GROUP in " ".join(done.output.split())) == (0, True)


def test_the_query_of_the_readme_counts_no_row_whose_answer_is_empty(delivered):
    [query] = re.findall(r"^select employed_6_weeks.*?;", README, re.DOTALL | re.MULTILINE)
    with duckdb.connect(str(delivered.files.project("housing")), read_only=True) as con:
        rows = con.sql(query.replace("released_from_custody", "community_order_starts").rstrip(";"))
        found = {answer: women for answer, women, _ in rows.fetchall()}
        asked = con.table("community_order_starts").filter("employed_6_weeks is not null")
        assert len(asked) < len(con.table("community_order_starts"))
        early = asked.filter("proven_reoffending is null or proven_reoffending_by_day <= 42")
        assert (set(found), sum(found.values())) == ({True, False}, len(asked) - len(early))
