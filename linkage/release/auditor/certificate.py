"""A proof on paper: the counts, the sums, and pairs of tables, to be checked by addition and without a solver.

It holds unrounded counts: it is for the reviewer, and never for the public.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from linkage.errors import DisclosureError
from linkage.release.auditor.reader import Proof, Seen

VERSION = 1


def written(seen: Seen, truth: Sequence[int], proofs: Sequence[Proof], about: Mapping[str, Any]) -> str:
    """The certificate as JSON. `about`: which release, and the hash of its tables."""
    tables: dict[int, int] = {}
    kept: list[dict[int, int]] = []
    for table in (table for proof in proofs for table in (proof.low, proof.high)):
        if id(table) not in tables:
            tables[id(table)] = len(kept)
            kept.append(table)
    said = {
        "version": VERSION,
        "about": dict(about),
        "counts": [list(one) for one in zip(seen.labels, truth, seen.least, seen.most, strict=True)],
        "sums": seen.sums,
        "tables": [[list(change) for change in table.items()] for table in kept],
        "proofs": [
            [p.wanted.count, p.wanted.width, list(p.known), tables[id(p.low)], tables[id(p.high)]] for p in proofs
        ],
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) + "\n"


def checked(path: Path) -> dict[str, Any]:
    """{release, counts, sums, tables, proofs}: what was checked. Raises DisclosureError naming what does not hold."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        wrong = mistakes(said)
    except (ValueError, KeyError, TypeError, IndexError, OSError):
        raise DisclosureError(f"{path} is no audit certificate, or is damaged. Publish again.") from None
    if wrong:
        shown = "\n".join(wrong[:20])
        raise DisclosureError(f"{shown}\nThis certificate does not prove what it says. Publish again, and report this.")
    return {"about": said["about"]} | {name: len(said[name]) for name in ("counts", "sums", "tables", "proofs")}


def mistakes(said: Mapping[str, Any]) -> list[str]:
    """Tables that disagree with what is published or do not add up, and pairs that are too close."""
    truth = {number: count[1] for number, count in enumerate(said["counts"])}
    tables = [dict(changes) for changes in said["tables"]]
    sums_of: dict[int, list[int]] = {}
    for number, (totals, parts) in enumerate(said["sums"]):
        for count in (*totals, *parts):
            sums_of.setdefault(count, []).append(number)
    wrong = [f"{label}: the truth is not as published." for label, n, a, b in said["counts"] if outside(n, a, b)]
    wrong += [f"Sum {n} does not add up in truth." for n, one in enumerate(said["sums"]) if not adds_up(one, {}, truth)]
    for number, table in enumerate(tables):
        near = {one for count in table for one in sums_of.get(count, ())}
        if any(outside(value, *said["counts"][count][2:]) for count, value in table.items()):
            wrong.append(f"Table {number} does not agree with what is published.")
        if any(not adds_up(said["sums"][one], table, truth) for one in near):
            wrong.append(f"Table {number} does not add up.")
    for count, width, known, low, high in said["proofs"]:
        reach = tables[high].get(count, truth[count]) - tables[low].get(count, truth[count])
        if reach < width or any(one in tables[end] for one in known for end in (low, high)):
            wrong.append(f"{said['counts'][count][0]}: narrower than it must be.")
    return wrong


def outside(value: int, least: int, most: int | None) -> bool:
    """Is a count not what a reader takes to be possible?"""
    return value != int(value) or value < least or (most is not None and value > most)


def adds_up(one_sum: Sequence[Sequence[int]], table: Mapping[int, int], truth: Mapping[int, int]) -> bool:
    """Do the parts make the total?"""
    totals, parts = (sum(table.get(count, truth[count]) for count in side) for side in one_sum)
    return totals == parts
