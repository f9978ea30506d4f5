"""The log of keys and tokens: what is written stays, and whatever was changed, cut or added is seen."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY

from linkage.errors import PrivacyError
from linkage.ledger import Ledger, who


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A log with three entries."""
    made = Ledger(tmp_path / "log" / "ledger.jsonl", tmp_path / "elsewhere" / "head.json")
    for n in range(3):
        made.append("something", number=n)
    return made


def lines(ledger: Ledger) -> list[bytes]:
    """The lines of its file."""
    return ledger.path.read_bytes().splitlines(keepends=True)


def test_an_entry_says_what_was_done_when_and_by_whom_and_seals_the_one_before(ledger):
    entries = ledger.verify().entries
    assert [(e.n, e.what, e.details) for e in entries] == [(n + 1, "something", {"number": n}) for n in range(3)]
    assert [e.previous for e in entries] == ["0" * 64, entries[0].hash, entries[1].hash]
    assert {e.who for e in entries} == {who()}
    assert json.loads(ledger.head.read_text()) == {"n": 3, "hash": entries[-1].hash}


def test_within_airflow_the_run_is_named(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CTX_DAG_ID", "pseudonymise_court")
    monkeypatch.setenv("AIRFLOW_CTX_DAG_RUN_ID", "manual__1")
    assert who() == "airflow pseudonymise_court manual__1"


def test_a_log_nobody_has_written_to_holds(tmp_path):
    assert Ledger(tmp_path / "a", tmp_path / "b").verify().entries == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda ls: [ls[0], ls[1].replace(b'"number":1', b'"number":7'), ls[2]], "entry 2"),
        (lambda ls: [ls[0], ls[2]], "entry 2"),
        (lambda ls: [ls[1], ls[0], ls[2]], "entry 1"),
        (lambda ls: [ls[0], b" " + ls[1], ls[2]], "entry 2"),
        (lambda ls: [ls[0], b"{}\n", ls[2]], "entry 2"),
        (lambda ls: [ls[0], b"\xff\n", ls[2]], "entry 2"),
        (lambda ls: ls[:2], "entries 3 to 3 are missing"),
        (lambda ls: [*ls[:2], ls[2][:30]], "entries 3 to 3 are missing"),
        (lambda ls: [], "entries 1 to 3 are missing"),
    ],
)
def test_a_log_that_was_changed_or_cut_is_refused_naming_the_first_broken_entry(ledger, change, says):
    ledger.path.write_bytes(b"".join(change(lines(ledger))))
    before = ledger.path.read_bytes()
    for act in (ledger.verify, lambda: ledger.append("something else")):
        with pytest.raises(PrivacyError, match=says):
            act()
    assert ledger.path.read_bytes() == before


def test_a_whole_new_history_does_not_fit_the_head_that_was_kept(ledger, tmp_path):
    other = Ledger(tmp_path / "other.jsonl", tmp_path / "other.json")
    for n in range(3):
        other.append("something", number=n + 1)
    ledger.path.write_bytes(other.path.read_bytes())
    with pytest.raises(PrivacyError, match="entry 3 is not the one whose hash is kept"):
        ledger.verify()


def test_entries_past_the_kept_head_are_refused(ledger):
    kept = ledger.head.read_text()
    ledger.append("one that a killed process did not come to note")
    ledger.head.write_text(kept)
    assert len(ledger.verify().entries) == 4
    ledger.append("one more")
    ledger.head.write_text(kept)
    with pytest.raises(PrivacyError, match="entry 5 and what follows were added"):
        ledger.verify()


@pytest.mark.parametrize("head", ["", "{}", "[1]", '{"n": "x", "hash": ""}'])
def test_a_head_that_says_nothing_is_refused(ledger, head):
    ledger.head.write_text(head)
    with pytest.raises(PrivacyError, match="does not hold the number and hash"):
        ledger.verify()


def test_a_line_that_a_killed_process_left_unfinished_is_seen_and_gives_way_to_the_next_entry(ledger):
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole + lines(ledger)[2][:25])
    assert ledger.verify().unfinished
    ledger.append("the next")
    log = ledger.verify()
    assert not log.unfinished
    assert [e.what for e in log.entries] == ["something"] * 3 + ["the next"]
    assert ledger.path.read_bytes().startswith(whole)


MANY = """
import sys
from pathlib import Path
from linkage.ledger import Ledger
for n in range(40):
    Ledger(Path(sys.argv[1]), Path(sys.argv[2])).append("at once", number=n)
"""


def test_processes_that_write_at_once_keep_each_others_entries(ledger):
    command = [sys.executable, "-c", MANY, str(ledger.path), str(ledger.head)]
    several = [subprocess.Popen(command, cwd=REPOSITORY) for _ in range(3)]
    assert [process.wait() for process in several] == [0, 0, 0]
    assert len(ledger.verify().entries) == 3 + 3 * 40


def test_only_its_owner_can_read_it(ledger):
    for path in (ledger.path, ledger.head, ledger.path.parent, ledger.head.parent):
        assert os.stat(path).st_mode & 0o077 == 0
