"""Names of declarations that no query could write, or that something else bears: refused, whatever they are of."""

import shutil
from pathlib import Path

import duckdb
import pytest
from conftest import REPOSITORY

from linkage import stages
from linkage.contracts.names import words_of_sql
from linkage.errors import ContractError
from linkage.settings import Settings

NAMES = {
    "select": "['select'] is one: a query could not name it",
    "left": "['left'] is one: a query could not name it",
    "Codes": "in lower case with underscores, unlike ['Codes']",
    "two words": "in lower case with underscores, unlike ['two words']",
    ".copy": "in lower case with underscores, unlike ['.copy']",
}
FILES = (
    "tables/treatment", "cohorts/cautioned", "outcomes/employed_6_weeks", "sequences/first_contact",
    "comparisons/short_custody_or_order", "projects/resettlement",
)  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A copy of the repository's declarations, to be spoiled."""
    return Settings(Path(shutil.copytree(REPOSITORY / "schemas", tmp_path / "schemas")), tmp_path / "workspace")


def refusal(settings: Settings) -> str:
    """What is said of the declarations, without the folder."""
    with pytest.raises(ContractError) as refused:
        stages.check(settings)
    return str(refused.value).replace(f"{settings.schemas}/", "")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_by_whose_name_something_is_called_has_a_name_that_a_query_can_write(settings, name) -> None:
    for file in FILES:
        shutil.copy(settings.schemas / f"{file}.yaml", settings.schemas / Path(file).with_name(f"{name}.yaml"))
    lines = refusal(settings).splitlines()
    for file in FILES[:-2]:
        assert any(
            line.startswith(f"{Path(file).parent / name}.yaml: a file of") and NAMES[name] in line for line in lines
        )


@pytest.mark.parametrize("file", FILES[-2:])
def test_what_is_read_after_the_analysis_has_such_a_name_too(settings, file) -> None:
    (settings.schemas / f"{file}.yaml").rename(settings.schemas / Path(file).with_name("select.yaml"))
    assert f"{Path(file).with_name('select.yaml')}: a " in refusal(settings)
    assert NAMES["select"] in refusal(settings)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("breakdowns.yaml", "  requirement:\n", "  order:\n"),
        ("breakdowns.yaml", "      no_job:\n", "      end:\n"),
        ("sequences/first_contact.yaml", "  custody:", "  case:"),
        ("comparisons/short_custody_or_order.yaml", "  short_custody:", "  group:"),
    ],
)
def test_so_has_what_is_named_within_a_file(settings, file, old, new) -> None:
    path = settings.schemas / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    message = refusal(settings)
    assert file in message
    assert f"'{new.strip(': ' + chr(10))}'] is one: a query could not name it" in message


def test_a_name_that_something_else_bears_is_refused(settings) -> None:
    for new in ("tables/outcomes", "outcomes/person_id"):
        old = "tables/treatment" if new.startswith("tables") else "outcomes/employed_6_weeks"
        (settings.schemas / f"{old}.yaml").rename(settings.schemas / f"{new}.yaml")
    message = refusal(settings)
    assert "tables/outcomes.yaml: every release has a table 'outcomes' of its own" in message
    assert "outcomes/person_id.yaml: there is a column 'person_id' beside outcomes" in message


def test_a_word_of_sql_is_one_that_no_view_can_be_called_by() -> None:
    with duckdb.connect() as con:
        every = [word for (word,) in con.sql("select distinct keyword_name from duckdb_keywords()").fetchall()]
        for word in every:
            try:
                con.execute(f"create or replace view {word} as select 1 as answer")
                con.execute(f"select answer as {word} from {word}")
                fits = True
            except duckdb.Error:
                fits = False
            assert fits == (word not in words_of_sql()), word
