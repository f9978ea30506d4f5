"""Cells suppressed, small counts left weak, gap and CPU seconds, on random tables: `python -m benchmarks.suppress`.

Counts of 1 to 4 are small, an interval must be 5 wide, nothing is rounded, zeros and margins are published. Beside it,
in the same run, the usual script: in each row and column with one suppressed cell, suppress the next smallest. Weak
cells are counted by the auditor, which shares no code with the suppressor and whose witnesses are tables of whole
numbers, so each is also what the integer programme would say.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from time import process_time
from typing import NamedTuple

import numpy as np
import pandas as pd

from linkage.release.auditor.frames import limits_of, sums_of, wanted
from linkage.release.auditor.reader import Seen, Sum, Wanted, proofs
from linkage.release.frames import Rules, protect
from linkage.release.suppress.solve import Effort

BY = ("area", "age")
RULES = Rules(threshold=5, width=5, base=1)
SEEDS = (1, 2, 3)
MEAN, SPREAD, NOISE = 12, 1.0, 0.5  # women in a cell; how unequal areas and ages are; how much cells differ beside that


class Made(NamedTuple):
    """A random table: a tidy frame with its totals, and which category is within which."""

    frame: pd.DataFrame
    within: dict[str, dict[str, str]]


class Found(NamedTuple):
    """One method on one table. `narrow`: small counts with a width under the limit; `exact`: those with none."""

    cells: int
    primary: int
    suppressed: int
    exact: int
    weak: int
    least: float | None
    seconds: float
    audit_seconds: float


def made(areas: Sequence[str], ages: Sequence[str], within: Mapping[str, Mapping[str, str]], seed: int) -> Made:
    """Unequal areas and ages, Poisson counts, every total: of all, and of each wider category."""
    lots = np.random.default_rng(seed)
    log_mean = (
        np.log(MEAN) + lots.normal(0, SPREAD / 2**0.5, (len(areas), 1)) + lots.normal(0, SPREAD / 2**0.5, len(ages))
    )
    counts = lots.poisson(np.exp(log_mean + lots.normal(0, NOISE, log_mean.shape)))
    table = pd.DataFrame(counts, index=list(areas), columns=list(ages))
    for name in BY:
        table = table.T
        wider = within.get(name, {})
        sums = table.T.groupby(lambda category, of=wider: of.get(category, "")).sum().T if wider else pd.DataFrame()
        table = pd.concat([table, sums, table.sum(axis=1).rename("all")], axis=1)
    tidy = table.rename_axis("area").reset_index().melt("area", var_name="age", value_name="count")
    return Made(tidy[[*BY, "count"]], {name: dict(of) for name, of in within.items()})


def plain(rows: int, columns: int, seed: int) -> Made:
    """A table of two dimensions."""
    return made([f"a{i}" for i in range(rows)], [f"b{i}" for i in range(columns)], {}, seed)


def nested(seed: int) -> Made:
    """39 areas in 9 regions by 20 ages in 5 bands: two hierarchies, linked in every region and band."""
    areas, ages = [f"a{i}" for i in range(39)], [f"b{i}" for i in range(20)]
    return made(
        areas,
        ages,
        {"area": {a: f"r{i % 9}" for i, a in enumerate(areas)}, "age": {b: f"c{i // 4}" for i, b in enumerate(ages)}},
        seed,
    )


def ours(table: Made, insiders: bool) -> Found:
    """The suppressor of this repository."""
    start = process_time()
    safe = protect(table.frame, BY, rules=RULES, within=table.within, effort=Effort(insiders=insiders))
    took = process_time() - start
    return judged(table, (safe.suppressed != "").to_numpy(), safe.least, took, insiders)


def line_greedy(table: Made) -> Found:
    """The usual script."""
    start = process_time()
    counts = table.frame["count"].to_numpy()
    keys = list(table.frame[list(BY)].itertuples(index=False, name=None))
    gone = (counts > 0) & (counts < RULES.threshold)
    lines = [list(parts) for _, parts in sums(table, keys)]
    before = -1
    while before < gone.sum():
        before = int(gone.sum())
        for parts in lines:
            spare = [n for n in parts if not gone[n] and counts[n] > 0]
            if gone[parts].sum() == 1 and spare:
                gone[min(spare, key=lambda n: counts[n])] = True
    return judged(table, gone, None, process_time() - start, False)


def sums(table: Made, keys: Sequence[tuple[str, ...]]) -> list[Sum]:
    """What adds up."""
    return sums_of(keys, RULES.total, [table.within.get(name, {}) for name in BY])


def judged(table: Made, gone: np.ndarray, least: float | None, seconds: float, insiders: bool) -> Found:
    """The auditor's account of a pattern."""
    start = process_time()
    truth = table.frame["count"].tolist()
    keys = list(table.frame[list(BY)].itertuples(index=False, name=None))
    shown = [None if hidden else count for hidden, count in zip(gone, truth, strict=True)]
    small = wanted(truth, shown, sums(table, keys), RULES.threshold, RULES.width)
    asked = small if insiders else [Wanted(one.count, one.width) for one in small]
    # A margin that is small itself and was not suppressed is published as it is, below the threshold.
    limits = [(count, count) if count is not None else limits_of(None, RULES.threshold, 1) for count in shown]
    seen = Seen([", ".join(key) for key in keys], [a for a, _ in limits], [b for _, b in limits], sums(table, keys))
    found = list(proofs(seen, truth, asked))
    weak = {proof.wanted.count for proof in found if not proof.holds}
    exact = {proof.wanted.count for proof in found if not proof.width and not proof.known}
    return Found(len(truth), len(small), int(gone.sum()), len(exact), len(weak), least, seconds, process_time() - start)


class Goal(NamedTuple):
    """What `--check` asks of tables of a size, without insiders: the gap and the CPU seconds, audit included."""

    gap: float
    seconds: float


SIZES = {"100": Goal(0.0, 5), "1,000": Goal(0.05, 30), "10,000": Goal(1.0, 600), "two hierarchies": Goal(1.0, 60)}


def tables(sizes: Sequence[str], seeds: Sequence[int]) -> Iterator[tuple[str, int, Made]]:
    """(size, seed, table) of the comparison."""
    sides = {"100": (10, 10), "1,000": (25, 40), "10,000": (100, 100)}
    for size in sizes:
        for seed in seeds:
            yield size, seed, plain(*sides[size], seed) if size in sides else nested(seed)


def missed(found: Found, goal: Goal) -> list[str]:
    """The goals that a table of ours misses."""
    wrong = ["exactly known"] if found.exact else []
    wrong += ["narrower than asked"] if found.weak else []
    wrong += ["gap"] if found.least is not None and gap(found) > goal.gap + 1e-9 else []
    return wrong + (["time"] if found.seconds + found.audit_seconds > goal.seconds else [])


def gap(found: Found) -> float:
    """By what share more may be suppressed than had to be."""
    return (found.suppressed - (found.least or 0)) / found.suppressed if found.suppressed else 0.0


def line(size: str, seed: int, method: str, found: Found) -> str:
    """A line of the table."""
    counts = [f"{n:,}" for n in (found.cells, found.primary, found.suppressed, found.exact, found.weak)]
    proof = ["", ""] if found.least is None else [f"{found.least:,.0f}", f"{gap(found):.1%}"]
    said = [size, str(seed), method, *counts, *proof, f"{found.seconds:.1f}", f"{found.audit_seconds:.1f}"]
    return f"| {' | '.join(said)} |"


def options() -> argparse.ArgumentParser:
    """What may be asked."""
    parser = argparse.ArgumentParser(description="Suppress random tables, beside the usual script, and audit both.")
    parser.add_argument("--quick", action="store_true", help="100 cells and two hierarchies, one seed")
    parser.add_argument("--sizes", nargs="*", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    parser.add_argument("--check", action="store_true", help="fail when a goal of a size is missed")
    return parser


def main() -> int:
    """Print a line for each table and method. Returns 1 when --check finds a goal missed."""
    chosen = options().parse_args()
    sizes, seeds = (("100", "two hierarchies"), SEEDS[:1]) if chosen.quick else (chosen.sizes, chosen.seeds)
    print("| table | seed | method | cells | small | suppressed | exact | weak | bound | gap | CPU s | audit CPU s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    wrong = []
    for size, seed, table in tables(sizes, seeds):
        anybody, insiders = ours(table, False), ours(table, True)
        for method, found in {"line greedy": line_greedy(table), "this": anybody, "this, insiders": insiders}.items():
            print(line(size, seed, method, found), flush=True)
        wrong += [f"{size}, seed {seed}: {what}" for what in missed(anybody, SIZES[size])]
        wrong += [f"{size}, seed {seed}, insiders: weak" for _ in range(insiders.weak)]
    for one in wrong:
        print(f"missed: {one}")
    return int(bool(wrong) and chosen.check)


if __name__ == "__main__":
    raise SystemExit(main())
