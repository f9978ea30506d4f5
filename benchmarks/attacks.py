"""python -m benchmarks.attacks: what attackers get from a release of ours, and from its counts published otherwise.

2,500 invented women in three linked tables (age, region, ethnicity), an outcome, and a second delivery in which a few
more are counted. Each attacker has everything published and knows how it was made; what he proves is a linear programme
of the auditor, which shares no code with the suppressor, or an enumeration.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from rich.table import Table

from benchmarks.measure import OUT
from linkage.contracts.disclosure import Disclosure, read_disclosure
from linkage.release.auditor.notes import AddsUp, key_of
from linkage.release.auditor.reader import proofs
from linkage.release.auditor.seen import read, said
from linkage.release.control import control, rate
from linkage.release.ledger import LABELS, Entry, rows_of
from linkage.release.primary import rounded

LIMITS = read_disclosure(Path(__file__).parents[1] / "schemas")
WOMEN, LATE, SEED = 2_500, 60, 1
TABLES = {"age": 8, "region": 12, "ethnicity": 6}
OUTCOME_RATE = 0.3
ROW = {"table_id": "work", "cohort": "released", "outcome": "employed", "theme": "work", "geography": "England",
       "period": "2023/24", "threshold": "medium", "in_custody": 0, "died": 0, "unknown": 0,
       "not_linked": 0}  # fmt: skip
Row = dict[str, Any]
AS_IT_IS = {"rounding_base": {"value": 1, "reason": "Counts as they are, to see what that gives away."}}
UNROUNDED = Disclosure.model_validate(LIMITS.model_dump(by_alias=True) | AS_IT_IS)


class Got(NamedTuple):
    """Of so many secrets, how many an attacker knows exactly, and how many to within less than is declared."""

    attack: str
    secrets: int
    exact: int
    narrow: int


def main() -> int:
    """Returns 1 when --check finds a secret of our release given away."""
    parser = argparse.ArgumentParser(description="Attack a release of ours, and the same counts published otherwise.")
    parser.add_argument("--check", action="store_true", help="fail when our release gives anything away")
    chosen = parser.parse_args()
    ours, others = list(against_ours()), list(against_others())
    table = Table("attack", "secrets", "exact", "too narrow", box=None)
    for got in (*ours, *others):
        table.add_row(got.attack, *(f"{n:,}" for n in got[1:]))
    OUT.print(table)
    return int(chosen.check and any(got.exact or got.narrow for got in ours))


def against_ours() -> Iterator[Got]:
    """The attacks on a release of ours, and on a later one that was made with it in the ledger."""
    first, second = deliveries()
    made = published(first, LIMITS)
    entry = left(made, first, LIMITS)
    yield linked("ours: linked tables, suppressed counts", made, first, LIMITS, [])
    yield rates_inverted("ours: rates and intervals, counts shown", made, first)
    later = published(second, LIMITS, entry)
    yield linked("ours: two deliveries, suppressed counts and changes", later, second, LIMITS, [entry])


def against_others() -> Iterator[Got]:
    """The same where only small counts are suppressed, where rates are of unrounded counts, and without a ledger."""
    first, second = deliveries()
    bare = [shown(row, UNROUNDED) for row in first]
    yield linked("threshold only, unrounded: linked tables", bare, first, UNROUNDED, [])
    inverted = [one | {"value": round(100 * one["numerator"] / one["denominator"], 1)} for one in first]
    yield rates_inverted("rounded counts, rates of unrounded counts", inverted, first, of_unrounded=True)
    entry = left(bare, first, UNROUNDED)
    later = [shown(row, UNROUNDED) for row in second]
    yield linked("threshold only, unrounded: two deliveries", later, second, UNROUNDED, [entry])


def deliveries() -> tuple[list[Row], list[Row]]:
    """The counts of a first delivery, and of a second in which a few more women are counted."""
    lots = np.random.default_rng(SEED)
    size = WOMEN + LATE
    groups = {name: lots.choice(n, size, p=lots.dirichlet(np.full(n, 0.6))) for name, n in TABLES.items()}
    having = lots.random(size) < OUTCOME_RATE
    return tuple(list(counted(groups, having, women)) for women in (WOMEN, size))  # type: ignore[return-value]


def counted(groups: dict[str, np.ndarray], having: np.ndarray, women: int) -> Iterator[Row]:
    """The rows of every table, over the first so many women."""
    yield row("all", "all", having[:women])
    for name, of in groups.items():
        for category in range(TABLES[name]):
            yield row(name, f"{name} {category}", having[:women][of[:women] == category])


def row(breakdown: str, category: str, having: np.ndarray) -> Row:
    """The unrounded row of a group."""
    where = {"breakdown": breakdown, "category": category}
    return ROW | where | {"numerator": int(having.sum()), "denominator": len(having)}


def published(rows: Sequence[Row], limits: Disclosure, *before: Entry) -> list[Row]:
    """What our control publishes of rows."""
    relation = duckdb.connect().from_arrow(pa.Table.from_pylist(list(rows)))
    return control(relation, limits, {"work": "Work"}, earlier=[entry.left for entry in before]).rows


def shown(true: Row, limits: Disclosure) -> Row:
    """A row where only counts that are small are suppressed."""
    small = any(0 < n < limits.threshold.value for n in (true["numerator"], true["denominator"]))
    return true | (dict.fromkeys(("numerator", "denominator")) if small else {})


def left(made: Sequence[Row], true: Sequence[Row], limits: Disclosure) -> Entry:
    """A release as the ledger keeps it."""
    of = {key_of(one): one for one in true}
    rows = [one | {"figures": said(one, of[key_of(one)], limits)} for one in made]
    defined = dict.fromkeys((tuple(one[name] for name in LABELS[:6]) for one in rows), "")
    return Entry(1, {"what": "released", "release": "first", "rows": rows_of(rows, defined)}, "")


def linked(attack: str, made: Sequence[Row], true: Sequence[Row], limits: Disclosure, before: Sequence[Entry]) -> Got:
    """A reader who subtracts, over all tables and releases together; each secret for anybody, and for insiders."""
    known = [(entry.name, entry.rows) for entry in before]
    notes, seen, wanted = read(made, {key_of(one): one for one in true}, AddsUp(), limits, known)
    found = list(proofs(seen, notes.truth, wanted))
    exact = {proof.wanted.count for proof in found if not proof.width}
    return Got(attack, len(wanted), len(exact), len({proof.wanted.count for proof in found if not proof.holds}))


def rates_inverted(attack: str, made: Sequence[Row], true: Sequence[Row], of_unrounded: bool = False) -> Got:
    """Every pair of counts that would be published as this rate, interval and rounded counts: is there only one?"""
    secrets = exact = 0
    of = {key_of(one): one for one in true}
    for one in (one for one in made if one["value"] is not None):
        near, truth = LIMITS.rounding_base.value // 2, of[key_of(one)]
        middle = [rounded(truth[name], LIMITS) for name in ("numerator", "denominator")]
        having, women = (range(max(0, n - near), n + near + 1) for n in middle)
        pairs = [(h, w) for h in having for w in women if w and matches(one, h, w, of_unrounded)]
        secrets += 1
        exact += len(pairs) == 1
    return Got(attack, secrets, exact, exact)


def matches(one: Row, having: int, women: int, of_unrounded: bool) -> bool:
    """Would these counts be published as this row?"""
    if of_unrounded:
        return round(100 * having / women, 1) == one["value"]
    again = rate(rounded(having, LIMITS), rounded(women, LIMITS), LIMITS)
    return all(again[name] == one[name] for name in ("numerator", "denominator", "value", "lower", "upper"))


if __name__ == "__main__":
    raise SystemExit(main())
