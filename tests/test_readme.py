"""The README cannot go stale: its commands are there, and so is its tree."""

import re
import shlex
import subprocess

import pytest
import typer.main
from conftest import REPOSITORY

from linkage.__main__ import app

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
OTHERS = [(REPOSITORY / page).read_text(encoding="utf-8") for page in ("docs/review.md", "schemas/README.md")]


def blocks(page: str) -> list[str]:
    """What stands between fences that name no language, such as YAML."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return [block for language, block in fenced if not language]


BLOCKS = blocks(README)
SHOWN = [block for page in (README, *OTHERS) for block in blocks(page)]
LINES = [line.split("#")[0].strip() for block in SHOWN for line in block.splitlines()]


def test_every_make_target_it_names_is_one():
    targets = set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE))
    assert {"demo", "test", "up"} <= targets
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=REPOSITORY, check=True, capture_output=True)


@pytest.mark.parametrize("line", [line for line in LINES if "linkage " in line and not line.startswith("export")])
def test_every_command_it_shows_is_understood(line):
    words = shlex.split(line)[1:]
    command = typer.main.get_command(app)
    context = command.make_context("linkage", list(words)) if "--help" not in words else None
    while context and hasattr(command, "commands"):
        name, command, words = command.resolve_command(context, words)
        context = command.make_context(name, list(words), parent=context)


def test_its_tree_is_the_tree():
    tree = next(block for block in BLOCKS if block.startswith("dags/"))
    named = {line.split()[0] for line in tree.splitlines() if line}
    tracked = subprocess.run(
        ["git", "ls-tree", "--name-only", "-d", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split()
    assert named == {f"{folder}/" for folder in tracked if not folder.startswith(".")}


def test_every_file_it_names_is_there_or_made_by_the_demo():
    made_by_the_demo = ("workspace/", "outputs/demo/", "outputs/<")
    named = re.findall(r"`([\w./<>-]+/[\w./<>-]*)`", README)
    assert named
    for path in named:
        if not path.startswith((*made_by_the_demo, ".venv", "/your")):
            assert (REPOSITORY / path).exists(), path


def test_a_word_of_the_glossary_is_used_as_the_code_uses_it():
    from linkage.matching.person_index import THRESHOLDS

    row = next(line for line in README.splitlines() if line.startswith("| high, medium, low"))
    assert all(f"{threshold:.2f}".removeprefix("0") in row for threshold in THRESHOLDS.values())
