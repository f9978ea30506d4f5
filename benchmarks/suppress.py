"""Cells suppressed, small counts left weak, gap and CPU seconds, on random tables: `python -m benchmarks.suppress`.

Counts of 1 to 4 are small, an interval must be 5 wide, nothing is rounded, zeros and margins are published. Beside it,
in the same run, the usual script: in each row and column with one suppressed cell, suppress the next smallest. Weak
cells are counted by the auditor, which shares no code with the suppressor and whose witnesses are tables of whole
numbers, so each is also what the integer programme would say.
"""

import sys
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
MEAN, SPREAD, NOISE = 25, 1.0, 0.5  # women in a cell; how unequal areas and ages are; how much cells differ beside that


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


def tables(largest: int) -> Iterator[tuple[str, Made]]:
    """Every table of the comparison, by what it is."""
    for rows, columns in ((10, 10), (25, 40), (100, 100)):
        for seed in SEEDS if rows * columns <= largest else ():
            yield f"{rows} x {columns}, seed {seed}", plain(rows, columns, seed)
    for seed in SEEDS:
        yield f"39 in 9 x 20 in 5, seed {seed}", nested(seed)


def main(largest: int) -> None:
    """Print a line for each table and method."""
    print("| table | method | cells | small | suppressed | exact | weak | proven bound | gap | CPU s | audit CPU s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name, table in tables(largest):
        methods = {"line greedy": line_greedy(table), "this": ours(table, False), "this, insiders": ours(table, True)}
        for method, f in methods.items():
            gap = "" if f.least is None else f"{(f.suppressed - f.least) / f.suppressed:.1%}"
            least = "" if f.least is None else f"{f.least:,.0f}"
            figures = [f"{n:,}" for n in (f.cells, f.primary, f.suppressed, f.exact, f.weak)]
            said = [name, method, *figures, least, gap, f"{f.seconds:.1f}", f"{f.audit_seconds:.1f}"]
            print(f"| {' | '.join(said)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
