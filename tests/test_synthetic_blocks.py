"""Invented people block after block and delivery after delivery: the same bytes, and one world."""

import datetime
import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from conftest import REPOSITORY
from queried import one

from linkage.synthetic import synthesise as module
from linkage.synthetic.synthesise import blocks, synthesise


def bytes_of(folder: Path) -> dict[str, str]:
    """{file: hash}."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


# -- block after block ----------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path, datasets):
    for run, seed in (("a", 7), ("b", 7), ("c", 8)):
        synthesise(300, seed, datasets, tmp_path / run / "extracts", tmp_path / run / "truth")
    first, again, other = (bytes_of(tmp_path / run) for run in "abc")
    assert first == again
    assert first.keys() == other.keys()
    assert first.pop("extracts/data-dictionary.html") == other.pop("extracts/data-dictionary.html")
    assert not set(first.values()) & set(other.values())


def test_one_process_and_two_give_the_same_bytes_with_few_blocks_at_a_time(tmp_path, datasets, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 100)
    under_way, done = [], []

    def watch(people: int) -> None:
        done.append(people)
        under_way.append(len(list((tmp_path / "two" / "extracts" / ".unfinished").glob("*"))))

    synthesise(550, 7, datasets, tmp_path / "one" / "extracts", tmp_path / "one" / "truth", processes=1)
    two = tmp_path / "two"
    synthesise(550, 7, datasets, two / "extracts", two / "truth", processes=2, progress=watch)
    assert bytes_of(tmp_path / "one") == bytes_of(two)
    assert done == [100, 200, 300, 400, 550]
    assert max(under_way) <= 3
    assert pq.ParquetFile(two / "extracts" / "probation.parquet").num_row_groups == 5


def test_nobody_shares_a_number_or_a_record_id_with_somebody_of_another_block(tmp_path, datasets, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 500)
    synthesise(2_000, 3, datasets, tmp_path / "extracts", tmp_path / "truth", form="parquet", processes=1)
    with duckdb.connect() as con:
        con.execute(f"create table records as from read_csv('{tmp_path}/truth/records.csv', header=true)")
        twice = "select count(*) - count(distinct (dataset, record_id)) from records"
        assert one(con, twice) == (0,)
        shared = f"""
            select count(*) from (
                select nino from '{tmp_path}/extracts/dwp.parquet' join records
                on dataset = 'dwp' and record_id = claim_id where nino is not null and not exists (
                    from read_csv('{tmp_path}/truth/errors.csv', header=true) e
                    where e.record_id = claim_id and error = 'nino_wrong')
                group by nino having count(distinct person) > 1)"""
        assert one(con, shared) == (0,)


@pytest.mark.parametrize(
    ("people", "sizes"),
    [(100, [100]), (25_000, [25_000]), (25_099, [25_099]), (25_100, [25_000, 100]), (60_000, [25_000, 25_000, 10_000])],
)
def test_a_rest_too_small_for_departments_stays_with_the_block_before_it(people, sizes):
    made = blocks(people)
    assert [block.size for block in made] == sizes
    assert [block.first for block in made] == [sum(sizes[:number]) for number in range(len(sizes))]


def test_a_killed_run_leaves_no_half_file_and_no_process_and_the_next_run_clears_up(tmp_path, datasets):
    extracts, truth = tmp_path / "department" / "extracts", tmp_path / "truth"
    command = [sys.executable, "-m", "linkage", "synthesise", "--people", "60000", "--to", str(tmp_path)]
    run = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL, start_new_session=True)
    while not (extracts / ".unfinished").exists() or not any((extracts / ".unfinished").iterdir()):
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    finished = [p for p in tmp_path.rglob("*") if p.is_file() and not p.name.startswith(".")]
    assert [p for p in finished if ".unfinished" not in p.parts] == []
    deadline = time.monotonic() + 20
    while (left := processes_of_session(run.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    synthesise(300, 1, datasets, extracts, truth)
    assert not [p for p in tmp_path.rglob("*") if "unfinished" in p.name]
    assert (truth / "records.csv").stat().st_mode & 0o777 == 0o600
    assert (extracts / "court.csv").stat().st_mode & 0o777 == 0o600


def processes_of_session(session: int) -> list[int]:
    """The processes that a command started, and that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, *numbers = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(numbers[2]) == session and state != "Z":
            found.append(int(path.parent.name))
    return found


# -- delivery after delivery ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory, datasets) -> dict[str, Path]:
    """{day: the folder of its delivery} of one population."""
    root = tmp_path_factory.mktemp("deliveries")
    for day in ("2024-09-30", "2026-03-31"):
        as_of = datetime.date.fromisoformat(day)
        synthesise(2_000, 5, datasets, root / day / "e", root / day / "truth", as_of=as_of, form="parquet")
    return {day: root / day for day in ("2024-09-30", "2026-03-31")}


def test_two_deliveries_are_of_one_world(deliveries):
    earlier, later = (bytes_of(folder / "truth") for folder in deliveries.values())
    for name in ("people", "outcomes", "follow_ups", "withdrawals"):
        assert earlier[f"{name}.csv"] == later[f"{name}.csv"]
    assert earlier["records.csv"] != later["records.csv"]


def test_a_later_delivery_has_all_earlier_rows_but_for_those_withdrawn(deliveries):
    earlier, later = deliveries.values()
    with duckdb.connect() as con:
        for name, folder in (("earlier", earlier), ("later", later)):
            con.execute(f"create table {name} as from read_csv('{folder}/truth/records.csv', header=true)")
        con.execute(f"create table withdrawn as from read_csv('{later}/truth/withdrawals.csv', header=true)")
        gone = "from earlier anti join later using (dataset, record_id)"
        assert one(con, f"select count(*) {gone} where person not in (select person from withdrawn)") == (0,)
        assert one(con, "select count(*) from later anti join earlier using (dataset, record_id)")[0] > 100


def test_the_last_delivery_is_the_default(tmp_path, datasets, deliveries):
    synthesise(2_000, 5, datasets, tmp_path / "e", tmp_path / "truth", form="parquet")
    assert bytes_of(tmp_path) == bytes_of(deliveries["2026-03-31"])
