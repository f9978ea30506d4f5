"""python -m benchmarks.attack: attack candidate token sets at several sizes, with a positive control in every run.

Limits, of the records re-identified from public lists: the default under 5 % of surnames and of whole birth dates, the
high-sensitivity set under 1 %, and at least 70 % of surnames in the positive control.
"""

import argparse
import itertools
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table

from benchmarks.measure import OUT
from benchmarks.token_sets import SETS, reduced
from linkage import facts, intrusion, stages
from linkage.attack import attack as zone
from linkage.attack.sample import Sample
from linkage.attack.score import scored
from linkage.settings import Settings

SCHEMAS = Path(__file__).parent.parent / "schemas"
RECORDS_A_PERSON = 5.3  # rows with a name, of women, per invented person
LIMITS = {"default": 0.05, "high_sensitivity": 0.01}
LIMITED = ("surname", "date_of_birth")


def main() -> int:
    """Returns 1 when --check finds a limit broken, or the control missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="+", default=[30_000, 200_000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--quick", action="store_true", help="few records and little knowledge: the control is missed")
    parser.add_argument("--check", action="store_true", help="fail when a limit is broken")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = parser.parse_args()
    records, seeds, people = chosen.records, chosen.seeds, intrusion.PUBLIC_PEOPLE
    if chosen.quick:
        records, seeds, people = [5_000], [11], 8_000
    public, control = knowledge(people)
    OUT.print(f"Positive control: {control['recovered']:.1%} of {control['records']:,.0f} surnames")
    rows: list[dict[str, Any]] = []
    for case in itertools.product(records, seeds):
        rows += attacked(*case, chosen.sets, public)
        show(rows)
        if chosen.json:
            chosen.json.write_text(json.dumps({"control": control, "rows": rows}, indent=1) + "\n")
    return int(chosen.check and (not control["proves"] or any(broken(row) for row in rows)))


def knowledge(people: int) -> tuple[zone.Public, dict[str, Any]]:
    """What the intruder knows, and the positive control."""
    settings = Settings(schemas=SCHEMAS, workspace=Path("."))
    return intrusion.public_knowledge(settings, None, people, stages.quiet)


def attacked(records: int, seed: int, sets: list[str], public: zone.Public) -> list[dict[str, Any]]:
    """One row per token set, knowledge and field, of a workspace of about so many records."""
    with tempfile.TemporaryDirectory() as passing:
        settings = prepared(Path(passing), round(records / RECORDS_A_PERSON), seed)
        target, truth = intrusion.target_of(settings), intrusion.opened(settings, stages.key_source(settings))
    found = []
    for name in sets:
        began = time.perf_counter()
        rows, meanings = reduced(SETS[name], target, truth)
        if "surname" not in rows.rows:
            rows, meanings = rebuilt(rows, target, meanings)
        told, persons = intrusion.known_people(rows, meanings)
        for knows, given, people in ((intrusion.WITHOUT, None, None), (intrusion.WITH, told, persons)):
            guessed = zone.guesses(rows, public, given)
            answers = scored(rows, guessed, meanings, given, people)
            case = {"set": name, "records": len(target.rows), "seed": seed, "knowledge": knows}
            found += [row | case | {"of": row["records"]} for row in answers]
        OUT.print(f"{name}, {len(target.rows):,} records, seed {seed}: {time.perf_counter() - began:.0f} s")
    return found


def rebuilt(rows: Sample, target: Sample, truth: dict[str, pd.Series]) -> tuple[Sample, dict[str, pd.Series]]:
    """Rows with rebuilt surnames, and what each is. Rows that share a compound of a surname have one surname."""
    whole, _ = zone.with_rebuilt_surnames(rows)
    names = target.rows["surname"].reset_index(drop=True).map(truth["name"])
    commonest = names.groupby(whole.rows["surname"]).agg(lambda group: group.mode().iloc[0] if len(group) else None)
    return whole, truth | {"name": commonest}


def prepared(workspace: Path, people: int, seed: int) -> Settings:
    """An invented workspace, pseudonymised."""
    settings = Settings(schemas=SCHEMAS, workspace=workspace)
    stages.synthesise(settings, people, seed)
    stages.new_keys(settings, "benchmark")
    for dataset in settings.datasets:
        stages.pseudonymise(settings, dataset)
    assert facts.invented(settings)
    return settings


def broken(row: dict[str, Any]) -> bool:
    """Is a limit broken, with public lists alone?"""
    limited = row["knowledge"] == intrusion.WITHOUT and row["field"] in LIMITED and row["set"] in LIMITS
    return limited and row["right"] > LIMITS[row["set"]]


def show(rows: list[dict[str, Any]]) -> None:
    """Print the shares re-identified."""
    shares = ("surname", "forename", "birth date", "both")
    table = Table("set", "records", "seed", "knowledge", *shares, title="Share of records re-identified")
    cases = dict.fromkeys((r["set"], r["records"], r["seed"], r["knowledge"]) for r in rows)
    for case in cases:
        mine = {r["field"]: r for r in rows if (r["set"], r["records"], r["seed"], r["knowledge"]) == case}
        fields = ("surname", "forename", "date_of_birth", "surname and date of birth")
        cells = [f"{mine[f]['right']:.4f}{' !' if broken(mine[f]) else ''}" if f in mine else "-" for f in fields]
        table.add_row(case[0], f"{case[1]:,}", str(case[2]), case[3], *cells)
    OUT.print(table)


if __name__ == "__main__":
    sys.exit(main())
