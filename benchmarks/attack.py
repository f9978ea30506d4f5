"""python -m benchmarks.attack: attack candidate token sets at several sizes, with a positive control in every run.

Limits, of the records re-identified from public lists: the default under 5 % of surnames and of whole birth dates, the
high-sensitivity profile under 1 %. The positive control has to find 70 % of its surnames in each of three draws; beside
it stands what the same attack finds when it is told the prefix, and the soundex too, of each row.
"""

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.measure import OUT
from benchmarks.token_sets import SCHEMAS, SETS, written
from linkage import intrusion, stages
from linkage.attack.public import Public
from linkage.attack.sample import FIELDS as FIELDS_OF_ROWS
from linkage.attack.score import OVERALL
from linkage.opening import opened
from linkage.settings import Settings
from linkage.terminal import attack_verdict

RECORDS_A_PERSON = 4.05  # of women, per invented person
SEEDS = {30_000: [11, 12, 13], 200_000: [11, 12]}
LIMITS = {"default": 0.05, "high_sensitivity": 0.01}
LIMITED = ("surname", "date_of_birth")
FIELDS = ("surname", "forename", "date_of_birth", OVERALL)
CONTROL_SEEDS = [1, 2, 3]
QUICK_RECORDS, QUICK_SEEDS, QUICK_PEOPLE, QUICK_NAMES = 5_000, [11], 8_000, 1_000
QUICK_SETS = ["default", "exact"]


def main() -> int:
    """Returns 1 when --check finds a limit broken, or the control missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--seeds", type=int, nargs="+", help="default: 11 12 13, and 11 12 from 200,000 records on")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--quick", action="store_true", help="few records and short lists: proves nothing")
    parser.add_argument("--check", action="store_true", help="fail when a limit is broken")
    parser.add_argument("--json", type=Path, help="add the figures to this file")
    chosen = parser.parse_args()
    people = QUICK_PEOPLE if chosen.quick else intrusion.PUBLIC_PEOPLE
    public = intrusion.public_knowledge(Settings(SCHEMAS, Path(".")), None, people, stages.quiet)
    controls = controlled(chosen.quick)
    rows: list[dict[str, Any]] = []
    for records in [QUICK_RECORDS] if chosen.quick else chosen.records:
        seeds = chosen.seeds or (QUICK_SEEDS if chosen.quick else SEEDS.get(records, SEEDS[200_000]))
        for seed in seeds:
            for row in attacked(records, seed, QUICK_SETS if chosen.quick else chosen.sets, public):
                rows.append(row)
                if chosen.json:
                    keep(chosen.json, controls, row)
    show(rows)
    return verdict(rows, controls, chosen.check)


def controlled(quick: bool) -> list[dict[str, Any]]:
    """The positive control in each draw; in one, by a list cut short, where it has to be quick."""
    names, seeds = (QUICK_NAMES, CONTROL_SEEDS[:1]) if quick else (None, CONTROL_SEEDS)
    found = []
    for seed in seeds:
        began = time.process_time()
        found.append(intrusion.positive_control(names, seed))
        OUT.print(f"{proof(found[-1])} Seed {seed}, {time.process_time() - began:.0f} CPU-s.")
    return found


def verdict(rows: list[dict[str, Any]], controls: list[dict[str, Any]], check: bool) -> int:
    """Print the headline; 1 where `check` is wanted and a limit is broken, or a control missed."""
    worst = max((row["right"] for row in rows if limited(row) and row["set"] == "default"), default=0.0)
    for control in controls:
        OUT.print(proof(control))
    OUT.print(f"Default tokens: at most {worst:.2%} of surnames or of whole birth dates re-identified")
    return int(check and (not all(control["proves"] for control in controls) or any(map(broken, rows))))


def proof(control: dict[str, Any]) -> str:
    """What a positive control says."""
    return (
        attack_verdict({"control": control})
        + f" Told the prefix of every row in clear, it finds {control['told_prefix']:.1%}."
    )


def attacked(records: int, seed: int, sets: list[str], public: Public) -> Iterator[dict[str, Any]]:
    """One row per token set, knowledge and field, of a workspace of about so many records."""
    with tempfile.TemporaryDirectory() as passing:
        invented = Settings(SCHEMAS, Path(passing) / "workspace")
        stages.synthesise(invented, round(records / RECORDS_A_PERSON), seed)
        stages.new_keys(invented, "benchmark")
        for name in sets:
            began = time.perf_counter()
            settings = Settings(written(SETS[name], Path(passing) / name), invented.workspace)
            encoded = opened(settings, stages.key_source(settings), settings.encodings)
            case = {"set": name, "of": len(encoded.sample.rows), "seed": seed}
            yield from (case | row for row in intrusion.tried(encoded.sample, encoded.sealed, public, encoded.values))
            OUT.print(f"{name}, {case['of']:,} records, seed {seed}: {time.perf_counter() - began:.0f} s")


def keep(path: Path, controls: list[dict[str, Any]], row: dict[str, Any]) -> None:
    """Add one row to a file of figures."""
    rows = json.loads(path.read_text())["rows"] if path.exists() else []
    path.write_text(json.dumps({"controls": controls, "rows": [*rows, row]}, indent=1) + "\n")


def limited(row: dict[str, Any]) -> bool:
    """Is there a limit on this figure?"""
    return bool(row["knowledge"] == intrusion.WITHOUT and row["field"] in LIMITED and row["set"] in LIMITS)


def broken(row: dict[str, Any]) -> bool:
    """Is a limit reached, with public lists alone?"""
    return limited(row) and row["right"] >= LIMITS[row["set"]]


def show(rows: list[dict[str, Any]]) -> None:
    """Print the shares re-identified."""
    shares = ("surname", "by chance", "forename", "birth date", "both")
    table = Table("set", "records", "seed", "knowledge", *shares, title="Share of records re-identified")
    key = ("set", "of", "seed", "knowledge")
    for case, group in itertools.groupby(rows, lambda row: tuple(row[name] for name in key)):
        mine = {row["field"]: row for row in group}
        cells = [f"{mine[f]['right']:.4f}{' !' if broken(mine[f]) else ''}" if f in mine else "-" for f in FIELDS]
        cells.insert(1, f"{mine['surname']['by_chance']:.4f}")
        table.add_row(case[0], f"{case[1]:,}", str(case[2]), case[3], *cells)
    OUT.print(table)
    OUT.print(of_rules(rows))


def of_rules(rows: list[dict[str, Any]]) -> Table:
    """One row per sealed rule: the largest shares of its keys that were read, over sets, sizes and seeds."""
    table = Table("sealed rule", "keys read", "by chance", title="Share of sealed rule keys read, at most")
    ordinary = {*FIELDS, *FIELDS_OF_ROWS}
    for rule in dict.fromkeys(row["field"] for row in rows if row["field"] not in ordinary):
        mine = [row for row in rows if row["field"] == rule]
        table.add_row(rule, *(f"{max(row[name] for row in mine):.4f}" for name in ("right", "by_chance")))
    return table


if __name__ == "__main__":
    sys.exit(main())
