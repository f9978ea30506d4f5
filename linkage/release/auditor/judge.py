"""pass, review or fail, table by table, with the reason of each cell in words.

pass: every count at risk is proved to stay uncertain. review: one is not, against a woman who knows her own count.
fail: somebody who only reads could narrow one too far.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from linkage.contracts.disclosure import Disclosure
from linkage.release.auditor.notes import AddsUp, Earlier, Key, key_of
from linkage.release.auditor.reader import Proof, Seen, proofs
from linkage.release.auditor.seen import read

Row = dict[str, Any]
Word = Literal["pass", "review", "fail"]
BEFORE = "earlier releases"  # what they suppressed, in rows that this release has no more


@dataclass(frozen=True)
class Proved:
    """What a reader knows, what is true, what was proved, and of which row of this release each count is."""

    seen: Seen
    truth: Sequence[int]
    proofs: list[Proof]
    rows: Mapping[int, Key]


@dataclass(frozen=True)
class Verdict:
    """One table: how many of its counts are at risk, and what is wrong; `narrowest`: the least width proved."""

    table_id: str
    verdict: Word
    at_risk: int
    narrowest: int | None
    reasons: tuple[str, ...]


def prove(
    rows: Sequence[Row], true: Iterable[Row], disclosure: Disclosure, adds_up: AddsUp, earlier: Earlier = ()
) -> Proved:
    """Attack every suppressed count at risk, with everything published in all tables and releases together."""
    notes, seen, wanted = read(rows, {key_of(row): row for row in true}, adds_up, disclosure, earlier)
    of = {number: key for (key, _), number in [*notes.earlier.items(), *notes.at.items()]}
    of |= {number: key for number, (key, _) in (notes.changes | notes.beside | notes.again).items()}
    return Proved(seen, notes.truth, list(proofs(seen, notes.truth, wanted)), of)


def judged(rows: Sequence[Row], proved: Proved) -> list[Verdict]:
    """The verdict on each table, in their order."""
    tables: dict[str, set[Key]] = {}
    for row in rows:
        tables.setdefault(row["table_id"], set()).add(key_of(row))
    inside = {table_id: [p for p in proved.proofs if of(p, proved) in keys] for table_id, keys in tables.items()}
    judged_already = {id(proof) for found in inside.values() for proof in found}
    if others := [proof for proof in proved.proofs if id(proof) not in judged_already]:
        inside[BEFORE] = others
    return [verdict(table_id, found, proved) for table_id, found in inside.items()]


def of(proof: Proof, proved: Proved) -> Key:
    """The row a proof is about."""
    return proved.rows[proof.wanted.count]


def verdict(table_id: str, found: Sequence[Proof], proved: Proved) -> Verdict:
    """One table by what was proved of its counts."""
    weak = [proof for proof in found if not proof.holds]
    said = tuple(dict.fromkeys(f"{table_id}, {reason(proof, proved.seen)}" for proof in weak))
    worst: Word = "fail" if any(not proof.known for proof in weak) else "review" if weak else "pass"
    at_risk = len({proof.wanted.count for proof in found})
    return Verdict(table_id, worst, at_risk, min((proof.width for proof in found), default=None), said)


def reason(proof: Proof, seen: Seen) -> str:
    """Why a count does not pass, in words; never how many it counts."""
    if not proof.known:
        return f"{seen.labels[proof.wanted.count]}: whoever adds and subtracts what is published narrows it too far."
    who = seen.labels[proof.known[0]]
    return (
        f"{seen.labels[proof.wanted.count]}: a woman who knows that she alone is counted in {who} narrows it too far."
    )
