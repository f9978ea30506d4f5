"""What people decided about pairs of records: kept in the matching zone, never dropped, and no run overrules it.

One file per import, whose hash stands in the log: the log says which there are and in which order, and a file that was
changed or lost is seen. A decision holds on to record ids, which outlive deliveries, keys and epochs.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
from pydantic import TypeAdapter

from linkage.errors import PrivacyError
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


def standing(settings: Settings, *coming: Batch) -> dict[tuple[Record, Record], bool]:
    """{(record, record): are they one person?} of the last verdict on each pair; `unsure` takes an earlier one back.

    `coming`: batches that are not imported yet.
    """
    last = {(v.one, v.other): v.word for batch in (*batches(settings), *coming) for v in batch.verdicts}
    return {pair: word == "same" for pair, word in last.items() if word != "unsure"}


def as_table(decided: dict[tuple[Record, Record], bool]) -> pa.Table:
    """(dataset_l, record_id_l, dataset_r, record_id_r, same): one row per decided pair."""
    from linkage.matching.person_index import NO_DECISION

    rows = [(*one, *other, same) for (one, other), same in decided.items()]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(columns, schema=NO_DECISION.schema) if rows else NO_DECISION


def check(decided: dict[tuple[Record, Record], bool]) -> None:
    """Raises LinkError where decisions contradict each other through a chain of them."""
    from linkage.matching.objections import implied, refuse

    number = {record: n for n, record in enumerate(sorted({record for pair in decided for record in pair}))}
    said = [(number[one], number[other], same) for (one, other), same in decided.items()]
    found = implied([(a, b) for a, b, same in said if same], [(a, b) for a, b, same in said if not same])
    if found.clashing:
        records = {n: record for record, n in number.items()}
        refuse(len(found.clashing), sorted({records[n] for pair in found.clashing for n in pair}))
