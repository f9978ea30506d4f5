"""What declarations say to readers are sentences: one that a comma has cut in two is refused with the remedy."""

import shutil
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY

from linkage.contracts.analysis import Analysis, read_analysis
from linkage.contracts.sentences import ended
from linkage.errors import ContractError

CUT = "[A sentence, with a comma.]"


@pytest.mark.parametrize(
    ("file", "field"),
    [
        ("tables/treatment.yaml", "notes"),
        ("outcomes/employed_6_weeks.yaml", "differences"),
        ("cohorts/cautioned.yaml", "differences"),
        ("sequences/first_contact.yaml", "differences"),
    ],
)
def test_what_a_comma_has_cut_in_two_is_refused_with_its_file_and_the_remedy(
    tmp_path: Path, analysis: Analysis, file: str, field: str
) -> None:
    schemas = tmp_path / "schemas"
    shutil.copytree(REPOSITORY / "schemas", schemas)
    declared = yaml.safe_load((schemas / file).read_text(encoding="utf-8"))
    said = yaml.safe_load(f"{field}: {CUT}")
    (schemas / file).write_text(yaml.safe_dump(declared | said, sort_keys=False), encoding="utf-8")
    with pytest.raises(ContractError) as refused:
        read_analysis(schemas, analysis.datasets)
    assert f"{schemas / file}: {field}: 'A sentence' does not end like a sentence" in str(refused.value)
    assert "in a line of its own after a dash, or in quotes" in str(refused.value)


@pytest.mark.parametrize(
    "text", ["It ends.", "Does it?", "It says 'it ends.'", "It ends (as here).", "On two\nlines.\n"]
)
def test_a_sentence_may_end_in_several_ways(text: str) -> None:
    assert ended((text,)) == (text,)


@pytest.mark.parametrize("text", ["", "It does not end", "It ends, with", "1.5 of", "It goes on:"])
def test_what_does_not_end_is_no_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="does not end like a sentence"):
        ended(("It ends.", text))
