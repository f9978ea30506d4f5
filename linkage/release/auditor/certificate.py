"""A proof on paper: the counts, the sums, and pairs of tables, to be checked by addition and without a solver.

Whoever checks it reads again what a reader knows and what must stay uncertain, and believes the certificate neither:
its pairs of tables must prove just that. It holds unrounded counts: it is for the reviewer, and never for the public.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from linkage.errors import DisclosureError
from linkage.release.auditor.reader import Given, Proof, Seen, Wanted

VERSION = 2
MOST_NAMED = 20
Table = Mapping[int, int]


class About(BaseModel):
    """Which release it is of, the hash of its tables, and the names of the releases that readers held before."""

    release: str
    tables: str = Field(alias="tables.csv")
    earlier: list[str]


class Certificate(BaseModel):
    """What a certificate says. `counts`: (label, count, least, most); `tables`: what is not as in truth; `proofs`:
    (count, width, counts known as well, a table, another).
    """

    model_config = ConfigDict(strict=True)
    version: Literal[2]
    about: About
    counts: list[tuple[str, int, int, int | None]]
    sums: list[tuple[tuple[int, ...], tuple[int, ...]]]
    tables: list[list[tuple[int, int]]]
    proofs: list[tuple[int, int, tuple[int, ...], int, int]]


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


def opened(path: Path) -> Certificate:
    """What a certificate says. Raises DisclosureError where it is none."""
    try:
        return Certificate.model_validate_json(path.read_bytes())
    except (ValidationError, OSError):
        raise DisclosureError(f"{path} is no audit certificate, or is damaged. Publish again.") from None


def check(said: Certificate, given: Given) -> dict[str, int]:
    """How much was checked: {counts, sums, tables, at risk}. `given`: read again from what was published and declared.

    Raises DisclosureError naming what is not proved.
    """
    if wrong := list(mistakes(said, given)):
        more = [f"and {len(wrong) - MOST_NAMED:,} more."] if len(wrong) > MOST_NAMED else []
        shown = "\n".join([*wrong[:MOST_NAMED], *more])
        raise DisclosureError(f"{shown}\nThis certificate does not prove what it must. Publish again, and report this.")
    return {
        "counts": len(said.counts),
        "sums": len(said.sums),
        "tables": len(said.tables),
        "at risk": len(given.wanted),
    }


def mistakes(said: Certificate, given: Given) -> Iterator[str]:
    """Other counts, limits or sums than there are; tables that cannot be; counts at risk that no pair proves."""
    seen, truth = given.seen, given.truth
    if said.counts != list(zip(seen.labels, truth, seen.least, seen.most, strict=True)):
        yield "Its counts, or what readers take them for, are not those of what was published."
    elif said.sums != list(seen.sums):
        yield "Its sums are not those that hold by the declarations."
    elif not in_range(said):
        yield "It speaks of counts or tables that it does not hold."
    else:
        yield from (
            f"{seen.labels[n]}: the truth is not as published." for n in range(len(truth)) if outside(seen, n, truth[n])
        )
        yield from (
            f"Sum {n} does not add up in truth." for n, one in enumerate(seen.sums) if not adds_up(one, {}, truth)
        )
        yield from wrong_tables(said, given)
        yield from unproved(said, given)


def in_range(said: Certificate) -> bool:
    """Is every count and table it speaks of one of its own?"""
    counts = [n for table in said.tables for n, _ in table] + [n for n, *_ in said.proofs]
    tables = [n for *_, low, high in said.proofs for n in (low, high)]
    return all(0 <= n < len(said.counts) for n in counts) and all(0 <= n < len(said.tables) for n in tables)


def wrong_tables(said: Certificate, given: Given) -> Iterator[str]:
    """Tables that disagree with what is published, or do not add up."""
    sums_of: dict[int, list[int]] = {}
    for number, (totals, parts) in enumerate(given.seen.sums):
        for count in (*totals, *parts):
            sums_of.setdefault(count, []).append(number)
    for number, table in enumerate(map(dict, said.tables)):
        near = {one for count in table for one in sums_of.get(count, ())}
        if any(outside(given.seen, count, value) for count, value in table.items()):
            yield f"Table {number} does not agree with what is published."
        if any(not adds_up(given.seen.sums[one], table, given.truth) for one in near):
            yield f"Table {number} does not add up."


def unproved(said: Certificate, given: Given) -> Iterator[str]:
    """Counts at risk between no two tables as far apart as declared: for anybody, and for each single woman."""
    tables = [dict(table) for table in said.tables]
    pairs_of: dict[int, list[tuple[Table, Table]]] = {}
    for count, _, _, low, high in said.proofs:
        pairs_of.setdefault(count, []).append((tables[low], tables[high]))
    for one in given.wanted:
        wide = [pair for pair in pairs_of.get(one.count, ()) if reach(pair, one, given.truth) >= one.width]
        left = set(one.insiders)
        for pair in wide:
            left = {insider for insider in left if any(insider in table for table in pair)}
        if not wide:
            yield f"{given.seen.labels[one.count]}: not proved to stay uncertain."
        elif left:
            yield f"{given.seen.labels[one.count]}: not proved to stay uncertain for a woman who knows her own count."


def reach(pair: tuple[Table, Table], wanted: Wanted, truth: Sequence[int]) -> int:
    """How far two tables are apart in a count."""
    low, high = (table.get(wanted.count, truth[wanted.count]) for table in pair)
    return high - low


def outside(seen: Seen, count: int, value: int) -> bool:
    """Is this not what a reader takes a count to be possible as?"""
    most = seen.most[count]
    return value < seen.least[count] or (most is not None and value > most)


def adds_up(one_sum: Sequence[Sequence[int]], table: Table, truth: Sequence[int]) -> bool:
    """Do the parts make the total?"""
    totals, parts = (sum(table.get(count, truth[count]) for count in side) for side in one_sum)
    return totals == parts
