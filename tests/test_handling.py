"""The page that says who is counted and who is not: each of its lines is held by tests that are there."""

import re

import pytest
from conftest import REPOSITORY

from linkage.release.draft import EXCLUSIONS

PAGE = (REPOSITORY / "docs" / "handling.md").read_text(encoding="utf-8")
LINES = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("|")][2:]
SOURCES = "".join(path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "tests").glob("test_*.py")))


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[0])
def test_a_line_says_what_becomes_of_rate_and_file_and_names_tests_that_are_there(line: list[str]) -> None:
    situation, rate, person_file, declared, held = line
    assert min(map(len, (situation, rate, person_file, declared))) > 5
    named = re.findall(r"`(test_\w+)`", held)
    assert named
    assert [name for name in named if f"def {name}(" not in SOURCES] == []


def test_every_reason_for_which_nobody_is_counted_is_on_the_page() -> None:
    assert [reason for reason in EXCLUSIONS if not any(f"`{reason}`" in line[1] for line in LINES)] == []
