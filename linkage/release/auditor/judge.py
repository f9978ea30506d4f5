"""pass, review or fail, table by table, with the reason of each cell in words.

pass: every count at risk is proved to stay uncertain. review: one is not, against a woman who knows her own count.
fail: somebody who only reads could narrow one too far.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from linkage.contracts.disclosure import Disclosure
from linkage.release.auditor.reader import Proof, Seen, proofs
from linkage.release.auditor.seen import AddsUp, Key, Notes, key_of, read, wanted

Row = dict[str, Any]
Word = Literal["pass", "review", "fail"]


@dataclass(frozen=True)
class Proved:
    """What a reader knows, what is true, what was proved, and of which row and figure each count is."""

    seen: Seen
    truth: Sequence[int]
    proofs: list[Proof]
    places: Mapping[int, tuple[Key, str]]


@dataclass(frozen=True)
class Verdict:
    """One table: how many of its counts are at risk, and what is wrong; `narrowest`: the least width proved."""

    table_id: str
    verdict: Word
    at_risk: int
    narrowest: int | None
    reasons: tuple[str, ...]


def prove(rows: Sequence[Row], true: Iterable[Row], disclosure: Disclosure, adds_up: AddsUp) -> Proved:
    """Attack every suppressed count at risk, with everything published in all tables together."""
    notes: Notes
    notes, seen = read(rows, {key_of(row): row for row in true}, adds_up, disclosure)
    found = list(proofs(seen, notes.truth, wanted(notes, rows, disclosure)))
    return Proved(seen, notes.truth, found, {number: place for place, number in notes.at.items()})


def judged(rows: Sequence[Row], proved: Proved) -> list[Verdict]:
    """The verdict on each table, in their order."""
    tables: dict[str, set[Key]] = {}
    for row in rows:
        tables.setdefault(row["table_id"], set()).add(key_of(row))
    return [
        verdict(table_id, [p for p in proved.proofs if of(p, proved) in keys], proved)
        for table_id, keys in tables.items()
    ]


def of(proof: Proof, proved: Proved) -> Key:
    """The row a proof is about."""
    return proved.places[proof.wanted.count][0]


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
