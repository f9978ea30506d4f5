"""What people decided about pairs of records: kept in the matching zone, never dropped, and no run overrules it.

One file per import, whose hash stands in the log: the log says which there are and in which order, and a file that was
changed or lost is seen. A decision holds on to record ids, which outlive deliveries, keys and epochs.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import pyarrow as pa
from pydantic import TypeAdapter

from linkage.errors import LinkError, PrivacyError
from linkage.ledger import Entry, ledger_of
from linkage.settings import Settings
from linkage.workspace import write_text

Word = Literal["same", "different", "unsure"]
IMPORTED = "decisions imported"
Record = tuple[str, int]


@dataclass(frozen=True)
class Verdict:
    """What somebody said of one pair of a sample. `one`, `other`: (dataset, record_id), the smaller first."""

    pair: int
    one: Record
    other: Record
    word: Word


@dataclass(frozen=True)
class Batch:
    """The verdicts of one import. `in_clear`: were names seen, or agreements of pseudonyms only? `at`: UTC."""

    sample: str
    by: str
    why: str
    at: str
    in_clear: bool
    verdicts: tuple[Verdict, ...]

    def counts(self) -> dict[str, int]:
        """{word: how many verdicts}."""
        said = [verdict.word for verdict in self.verdicts]
        return {word: said.count(word) for word in ("same", "different", "unsure")}


def keep(settings: Settings, batch: Batch) -> Entry:
    """Write a batch and log it. Killed between the two, it was never imported. Raises PrivacyError."""
    content = TypeAdapter(Batch).dump_json(batch, indent=1).decode() + "\n"
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    write_text(content, settings.files.matching.decisions / f"{sha256}.json")
    told = {"sample": batch.sample, "by": batch.by, "why": batch.why, "in_clear": batch.in_clear}
    return ledger_of(settings).append(IMPORTED, **told, **batch.counts(), sha256=sha256)


def batches(settings: Settings) -> list[Batch]:
    """Every batch that was imported, in order. Raises PrivacyError where one is lost or was changed."""
    entries = ledger_of(settings).verify().entries
    return [read(settings, str(entry.details["sha256"])) for entry in entries if entry.what == IMPORTED]


def read(settings: Settings, sha256: str) -> Batch:
    """One batch, by the hash of its file. Raises PrivacyError."""
    path = settings.files.matching.decisions / f"{sha256}.json"
    content = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PrivacyError(
            f"{path}: decisions that the log names are lost, or were changed. Without them people would be joined or "
            "parted against a decision. Restore the file from a backup. Nothing was written."
        )
    return TypeAdapter(Batch).validate_json(content)


def standing(settings: Settings) -> dict[tuple[Record, Record], bool]:
    """{(record, record): are they one person?} of the last verdict on each pair; `unsure` takes an earlier one back."""
    last = last_of(batches(settings))
    return {pair: said.word == "same" for pair, (_, said) in last.items() if said.word != "unsure"}


def last_of(batches: Iterable[Batch]) -> dict[tuple[Record, Record], tuple[Batch, Verdict]]:
    """{(record, record): the last verdict on this pair, and the batch it came with}."""
    return {(said.one, said.other): (batch, said) for batch in batches for said in batch.verdicts}


def as_table(decided: dict[tuple[Record, Record], bool]) -> pa.Table:
    """(dataset_l, record_id_l, dataset_r, record_id_r, same): one row per decided pair."""
    from linkage.matching.person_index import NO_DECISION

    rows = [(*one, *other, same) for (one, other), same in decided.items()]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(columns, schema=NO_DECISION.schema) if rows else NO_DECISION


def check(settings: Settings) -> None:
    """Raises LinkError where decisions that were imported contradict each other through a chain of them."""
    if wrong := contradictions(settings):
        raise LinkError(
            f"Decisions contradict each other: {'; '.join(wrong)}. Look at these pairs again and import verdicts that "
            "agree: linkage review import; of decisions about one pair the last stands."
        )


def contradictions(settings: Settings, coming: Batch | None = None) -> list[str]:
    """One sentence per pair that is decided to be different people, and by a chain of decisions one person.

    It names every pair of the chain by its number, and by its sample where it is not of `coming`, a batch that is not
    imported yet.
    """
    last = last_of([*batches(settings), *([coming] if coming else [])])
    links = neighbours(pair for pair, (_, said) in last.items() if said.word == "same")
    wrong = []
    for (one, other), (batch, said) in last.items():
        if said.word == "different" and (chain := shortest(links, one, other)):
            same = [last[min(pair), max(pair)] for pair in pairwise(chain)]
            apart = places([(batch, said)], coming)
            wrong.append(f"{places(same, coming)} say same, {apart} says different: these cannot all hold")
    return wrong


def neighbours(pairs: Iterable[tuple[Record, Record]]) -> dict[Record, list[Record]]:
    """{record: the records that it is paired with}."""
    found: dict[Record, list[Record]] = {}
    for one, other in pairs:
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


def shortest(links: Mapping[Record, list[Record]], start: Record, end: Record) -> list[Record]:
    """The records of a shortest chain from one to another, by breadth-first search; empty where there is none."""
    before, reached = {start: start}, [start]
    for record in reached:
        for following in links.get(record, []):
            if following not in before:
                before[following] = record
                reached.append(following)
    if end not in before:
        return []
    chain = [end]
    while chain[-1] != start:
        chain.append(before[chain[-1]])
    return chain[::-1]


def places(said: list[tuple[Batch, Verdict]], coming: Batch | None) -> str:
    """Where verdicts stand: "pairs 7 and 159 and pair 4 of sample 2026-spring (imported 2026-05-04)"."""
    pairs_of: dict[str, list[int]] = {}
    for batch, verdict in said:
        where = "" if batch is coming else f" of sample {batch.sample} (imported {batch.at[:10]})"
        pairs_of.setdefault(where, []).append(verdict.pair)
    return " and ".join(f"{counted(sorted(pairs))}{where}" for where, pairs in sorted(pairs_of.items()))


def counted(numbers: list[int], what: str = "pair") -> str:
    """Things by their numbers: pair 7, or pairs 7, 9 and 159."""
    *most, last = map(str, numbers)
    return f"{what}s {', '.join(most)} and {last}" if most else f"{what} {last}"
