"""python -m benchmarks.encode: records a CPU-second and peak memory of pseudonymising, each run a process of its own.

Each distinct value is keyed once, so speed hangs on how often values come again: the goals are meant at 1,000,000.

clkhash lives in an environment of its own, made once in the user's cache folder. Every side is one process with one
thread or worker, measured in CPU-seconds and by the clock. Three figures of ours stand beside `generate_clks`:

- *tokens*, like for like, on which the goals are held: from rows in memory to an encoding of each record in memory.
  clkhash has the rows as tuples and gives a list of bit arrays, its worker's start and what passes between the two
  counted in; we have them in a table and give Arrow arrays, with fetching them and finding rows that are alike counted
  in. Neither side reads a file, judges a row or stores anything; keys of sealed rules are no part of an encoded row.
- *stored*: the same, and put into the table they are later sorted and checked in. clkhash stores nothing.
- *file to files*: all that a department waits for. Reading, judging, record ids, sealed keys, sorting and writing too.

clkhash is given four fields in either comparison, although the court's extract has seven identifiers: what it would
take for the other three is not held against it.
"""

import argparse
import itertools
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from linkage import stages
from linkage.pseudonymisation import pseudonymise as zone
from linkage.pseudonymisation.keys import Key
from linkage.settings import Settings
from linkage.workspace import write_parquet

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
OUT = Console(width=120)  # a table is kept whole where nobody looks, too
CLKHASH = "clkhash==0.18.3"
QUICK = 60_000
RECORDS_OF_CLKHASH = 80_000  # of 20,000 the start of its worker is a fifth of the time, and it seems slower than it is
PEOPLE_PER_RECORD = 0.5
TURNS = 3
SCHEMAS = {"people": HERE / "schemas", "court": REPOSITORY / "schemas"}
TWICE = "twice the records"
FLAT = 1.25  # of the memory that twice the records may take: the database keeps what it has until it needs it
SHOWN = {"people": "four fields", "court": "the court contract, whole token set"}

CLK = """
import csv, json, os, sys, time
from clkhash import clk
from clkhash.comparators import NgramComparison
from clkhash.field_formats import BitsPerTokenStrategy, FieldHashingProperties, StringSpec
from clkhash.schema import Schema

fields = [StringSpec(name, FieldHashingProperties(NgramComparison(2), BitsPerTokenStrategy(10)))
          for name in ("forename", "surname", "date_of_birth", "postcode")]
with open(sys.argv[1], newline="") as file:
    rows = [tuple(row[1:5]) for row in list(csv.reader(file))[1 : int(sys.argv[2]) + 1]]
before, clock = sum(os.times()[:4]), time.perf_counter()  # its worker is a child of this process
clk.generate_clks(rows, Schema(fields, 1024), "secret", validate=False, max_workers=1)
taken = {"tokens": sum(os.times()[:4]) - before, "clock": time.perf_counter() - clock}
print(json.dumps({"records": len(rows)} | taken))
"""


def main() -> int:
    """Returns 1 when --check finds a figure below what is promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000, help="and twice as many, to see memory stay flat")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} records, of which fewer share a value")
    parser.add_argument("--one", choices=sorted(SCHEMAS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(
        "--check", action="store_true", help="fail under 30 x (four fields), 10 x (court), over 2 GiB, or not flat"
    )
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(encode(chosen.one, chosen.folder)))
        return 0
    with tempfile.TemporaryDirectory() as passing:
        found = compare(Path(passing), *((QUICK, 1) if chosen.quick else (chosen.records, TURNS)))
    show(found)
    return int(chosen.check and not promised(found))


def compare(folder: Path, records: int, turns: int) -> dict[str, dict[str, float]]:
    """{side: records, seconds, memory}: both of our contracts and clkhash, on files of the same people.

    In turns, and the median of each side: a machine that others use as well is twice as fast in one minute as in the
    next. The court contract again with twice as many records, for its memory.
    """
    found: dict[str, list[dict[str, float]]] = {"clkhash": [], **{name: [] for name in SCHEMAS}}
    for name in SCHEMAS:
        write_extract(name, folder / f"{name}.csv", records)
    for turn, name in itertools.product(range(turns), SCHEMAS):
        OUT.print(f"{SHOWN[name]}, {records:,} records, turn {turn + 1} of {turns} …", highlight=False)
        found[name].append(apart(name, folder))
        found["clkhash"].append(clkhash(folder / "people.csv"))
    OUT.print(f"{SHOWN['court']}, {2 * records:,} records …", highlight=False)
    write_extract("court", folder / "court.csv", 2 * records)
    return {side: median_of(runs) for side, runs in found.items()} | {TWICE: apart("court", folder)}


def median_of(runs: list[dict[str, float]]) -> dict[str, float]:
    """The run of middling speed; of an even number, the slower one."""
    return sorted(runs, key=speed)[(len(runs) - 1) // 2]


def apart(name: str, folder: Path) -> dict[str, float]:
    """`encode` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.encode", "--one", name, "--folder", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def write_extract(name: str, path: Path, records: int) -> None:
    """An extract of invented people, two records each on average; names by Zipf's law, so that few are common."""
    fields = {
        "people": "n as id, forename, surname, born::varchar as date_of_birth, postcode",
        "court": """n as offence_id, 'd' || person as defendant_id, pnc as pnc_id, forename as forenames, surname,
            if(person % 9 = 0, surname || 'son', '') as alias_surnames, strftime(born, '%d/%m/%Y') as date_of_birth,
            'F' as sex, postcode, '04' as offence_group, '01/01/2023' as offence_date, '01/02/2023' as outcome_date,
            'FIN' as disposal, 'N' as breach, '0' as previous_offences""",
    }
    with stages.spilling(path.parent) as con:
        con.execute("create macro letters(n) as translate(n::varchar, '0123456789', 'aeioulnrst')")
        con.execute("create macro draw(n, salt) as hash(n, salt) % 1000000 / 1000000.0")
        con.execute(
            f"""copy (
                with who as (
                    select n, hash(n) % {int(records * PEOPLE_PER_RECORD)} as person from range({records}) as t(n)
                ), known as (
                    select n, person, letters(100 + floor(power(4000, draw(person, 1)))::bigint) || 'a' as forename,
                        letters(1000 + floor(power(60000, draw(person, 2)))::bigint) || 'o' as surname,
                        date '1950-01-01' + (hash(person, 3) % 20000)::integer as born,
                        'AB' || (1 + hash(person, 4) % 90) || ' ' || hash(person, 5) % 10
                            || substr('ABDEFGHJLN', (1 + hash(person, 6) % 10)::integer, 1)
                            || substr('PQRSTUWXYZ', (1 + hash(person, 7) % 10)::integer, 1) as postcode,
                        80 + person % 10 as year, person % 9999999 as serial,
                        printf('%d/%07d%s', 1900 + year, serial,
                            substr('ZABCDEFGHJKLMNPQRTUVWXY', (1 + (year * 10000000 + serial) % 23)::integer, 1)) as pnc
                    from who
                ) select {fields[name]} from known order by n
            ) to '{path}' (header)"""
        )


def encode(name: str, folder: Path) -> dict[str, float]:
    """Pseudonymise the extract in a folder, on one thread.

    Records; CPU-seconds of its tokens, with storing them, and of the whole; of its tokens by the clock too; peak memory
    in GiB.
    """
    settings = Settings(schemas=SCHEMAS[name], workspace=Path(tempfile.mkdtemp(dir=folder)))
    stages.new_keys(settings)
    watch = Watch()
    with stages.spilling(folder) as con:
        con.execute("set threads = 1")
        declared = (settings.dataset(name), settings.encodings, settings.scope)
        keys = stages.key_source(settings)
        found = zone.pseudonymise(con, *declared, keys, folder / f"{name}.csv", folder, watch.step)
        watch.step("writing")
        write(settings, name, found)
    watch.step("done")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    tokens, clock = watch.seconds("encoding")
    stored, whole = watch.seconds("encoding", "storing")[0], watch.seconds()[0]
    seconds = {"tokens": tokens, "clock": clock, "stored": stored, "whole": whole}
    return {"records": found.intake.rows_out, "memory": peak} | seconds


def write(settings: Settings, name: str, found: zone.Pseudonymised) -> None:
    """Everything that leaves the department."""
    files = settings.files
    for view, rows in found.encoded.items():
        write_parquet(rows, files.matching.encoded(view, name), found.mark)
        write_parquet(found.crosswalk[view], files.matching.crosswalk(view, name), found.mark)
    for view, sealed in found.sealed.items():
        write_parquet(sealed.keys, files.blocking.keys(view, name), found.mark)
        write_parquet(sealed.crosswalk, files.unsealing.crosswalk(view, name), found.mark)
    write_parquet(found.attributes, files.cohorts.attributes(name))


class Watch:
    """CPU-seconds, and seconds by the clock, between one step and the next."""

    def __init__(self) -> None:
        self.at: list[tuple[str, float, float]] = []

    def step(self, doing: str) -> None:
        """A step begins."""
        self.at.append((doing.split()[0], time.process_time(), time.perf_counter()))

    def seconds(self, *steps: str) -> tuple[float, float]:
        """Of these steps, or of all."""
        pairs = [(one, next_) for one, next_ in itertools.pairwise(self.at) if not steps or one[0] in steps]
        return sum(end[1] - start[1] for start, end in pairs), sum(end[2] - start[2] for start, end in pairs)


def clkhash(file: Path) -> dict[str, float]:
    """`generate_clks` with one worker on the first records of a file: bigrams, 10 bits each, 1,024 bits a record."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "linkage-benchmarks" / CLKHASH
    if not list(home.rglob("clkhash/clk.py")):
        OUT.print(f"Installing {CLKHASH} in {home} (once)")
        venv.create(home, with_pip=True, clear=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLKHASH]
        subprocess.run(pip, check=True)
    command = [str(home / "bin" / "python"), "-c", CLK, str(file), str(RECORDS_OF_CLKHASH)]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def tokens_a_second() -> float:
    """How many short values one key turns into tokens in a CPU-second."""
    key = Key("measured", bytes(range(32))).sub_key("measured")
    values = [f"value {n}" for n in range(200_000)]
    started = time.process_time()
    key.tokens(values)
    return len(values) / (time.process_time() - started)


def most_tokens_a_second() -> float | None:
    """What `openssl speed sha256` allows: an HMAC from prepared pads is two SHA-256 blocks. None without openssl."""
    command = ["openssl", "speed", "-seconds", "1", "-bytes", "16384", "sha256"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    done = re.search(r"Doing sha256 .*?: (\d+) sha256's in ([\d.]+)s", said.stdout + said.stderr)
    return float(done[1]) * 16384 / 64 / float(done[2]) / 2 if done else None


def speed(side: dict[str, float], of: str = "tokens") -> float:
    """Records a CPU-second; of `clock`, a second."""
    return side["records"] / side[of]


def promised(found: dict[str, dict[str, float]]) -> bool:
    """Are the tokens made as fast as we say, in as little memory?"""
    base = speed(found["clkhash"])
    fast = speed(found["people"]) >= 30 * base and speed(found["court"]) >= 10 * base
    flat = found[TWICE]["memory"] < FLAT * found["court"]["memory"]
    return fast and flat and all(side.get("memory", 0) < 2 for side in found.values())


def show(found: dict[str, dict[str, float]]) -> None:
    """Print the figures."""
    columns = ("", "records", "tokens a CPU-s", "x clkhash", "by the clock, x", "stored, x", "file to files, x", "GiB")
    table, peer = Table(*columns, title="Encoding", width=120), found["clkhash"]
    for name, side in found.items():
        times = [
            f"{speed(side, of) / speed(peer, 'clock' if of == 'clock' else 'tokens'):,.1f}"
            for of in ("tokens", "clock", "stored", "whole")
            if of in side
        ]
        memory = [f"{side['memory']:,.2f}"] if "memory" in side else []
        table.add_row(SHOWN.get(name, name), f"{side['records']:,}", f"{speed(side):,.0f}", *times, *memory)
    OUT.print(table)
    most: Any = most_tokens_a_second()
    limit = f"; the machine's SHA-256 allows {most:,.0f}" if most else ""
    OUT.print(f"One key makes {tokens_a_second():,.0f} tokens a CPU-second{limit}.", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
