"""A department looks up the records of a list in its own extract, in clear."""

import csv
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY, planted_value
from review_sheets import rows_of
from small_extracts import attributes
from test_department import ALONE

from linkage import review, stages
from linkage.errors import ExtractError
from linkage.ledger import ledger_of
from linkage.settings import Settings

OWN = ("own-1", "own-2", "own-3")


def deliver(settings: Settings, *own: str, **more: str) -> Path:
    """An extract of the prison where its contract has it delivered: one row per record key."""
    prison = settings.datasets["prison"]
    number = {c.name: "A1234BC" for c in prison.columns if c.identifier == "nomis"}
    row = {c.name: planted_value(c) for c in prison.columns} | number | {"protected": "N"} | more
    path = settings.files.department.extract(prison.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=prison.encoding, newline="") as file:
        writer = csv.DictWriter(file, list(row), delimiter=prison.delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {prison.record_key: key} for key in own)
    return path


@pytest.fixture
def asked(settings) -> Path:
    """The list of a sample: a pair of two records of the prison, and one side of another."""
    stages.pseudonymise(settings, "prison", deliver(settings, *OWN))
    ids = sorted(row["record_id"] for row in attributes(settings, "prison"))
    places = ((1, "a"), (1, "b"), (2, "b"))
    rows = [{"sample": "first", "dataset": "prison", "pair": pair, "side": side, "record_id": record}
            for (pair, side), record in zip(places, ids, strict=True)]  # fmt: skip
    path = settings.workspace / "records-prison.csv"
    path.write_text(review.as_csv(rows))
    return path


def test_a_department_finds_the_names_of_its_own_records_without_the_matching_software(settings, asked):
    command = [sys.executable, "-c", ALONE, "review", "lookup", "prison", str(asked)]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=os.environ | settings.as_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "CLEAR TEXT" in done.stdout
    found = settings.files.department.in_clear("first", "prison")
    assert stat.S_IMODE(found.stat().st_mode) == 0o600
    rows = rows_of(found)
    assert [(row["pair"], row["side"]) for row in rows] == [("1", "a"), ("1", "b"), ("2", "b")]
    assert {row["booking_id"] for row in rows} == set(OWN)
    assert {"pair", "side", "booking_id", "first_name", "last_name"} <= rows[0].keys()
    assert not {"offence", "release_date", "protected"} & rows[0].keys()
    entry = ledger_of(settings).verify().entries[-1]
    assert (entry.what, entry.details["found"]) == ("looked up in clear", 3)


def test_whoever_has_been_marked_as_protected_since_is_not_looked_up_and_not_left_in_an_earlier_file(settings, asked):
    review.look_up(settings, "prison", asked)
    deliver(settings, *OWN, protected="Y")
    done = review.look_up(settings, "prison", asked)
    assert (done["found"], done["protected"], done["missing"]) == (0, 3, 0)
    assert "own-1" not in Path(done["file"]).read_text()
    assert "booking_id" in Path(done["file"]).read_text()


def test_records_that_are_not_in_the_extract_any_more_are_counted(settings, asked):
    deliver(settings, OWN[0], "own-4")
    done = review.look_up(settings, "prison", asked)
    assert (done["found"], done["missing"]) == (1, 2)


def test_the_list_of_another_department_is_refused_and_the_earlier_file_stays(settings, asked):
    earlier = Path(review.look_up(settings, "prison", asked)["file"])
    before, head = earlier.read_bytes(), ledger_of(settings).verify().head
    other = asked.with_name("other.csv")
    other.write_text(asked.read_text().replace("prison", "Quxbarrowfex"))
    with pytest.raises(ExtractError, match=r"is not the list of prison.*records-prison\.csv") as raised:
        review.look_up(settings, "prison", other)
    assert "Quxbarrowfex" not in str(raised.value)
    assert (earlier.read_bytes(), ledger_of(settings).verify().head) == (before, head)


def test_a_list_of_which_no_record_is_in_the_extract_is_refused_and_the_earlier_file_stays(settings, asked):
    earlier = Path(review.look_up(settings, "prison", asked)["file"])
    before, head = earlier.read_bytes(), ledger_of(settings).verify().head
    deliver(settings, "own-4", "own-5")
    with pytest.raises(ExtractError, match=r"none of its 3 records is in .*Nothing was written"):
        review.look_up(settings, "prison", asked)
    assert (earlier.read_bytes(), ledger_of(settings).verify().head) == (before, head)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n",
        "sample,pair,side,record_id\nfirst,1,a,7\n",
        "sample,dataset,pair,side,record_id\nfirst,prison,1,a,Quxbarrowfex\n",
    ],
)
def test_a_list_that_is_none_is_refused_by_its_place(settings, tmp_path, text):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(ExtractError, match=r"list.csv cannot be read as a list") as raised:
        review.look_up(settings, "prison", tmp_path / "list.csv", deliver(settings, *OWN))
    assert "Quxbarrowfex" not in str(raised.value)
