"""Published rows with the corrected rate beside the rate: made of what is published, and of nothing else."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from linkage.contracts.disclosure import Disclosure
from linkage.release.corrected import NOTHING, Errors, Share, corrected, seen
from linkage.release.error_rates import ErrorsOf, Group

Row = dict[str, Any]
MEDIUM = "medium"  # the threshold whose links the rates of errors are of


class Source(NamedTuple):
    """Where an outcome is recorded. `counts_unlinked`: is a woman without any record there in the denominator?"""

    dataset: str
    counts_unlinked: bool


def beside(
    rows: Iterable[Row], errors_of: ErrorsOf, origin: str, sources: Mapping[str, Source], disclosure: Disclosure
) -> list[Row]:
    """The rows with `corrected` … `wrong_upper`, at the medium threshold, where a rate is published and the errors of
    its links are known. `rows`: as `control` gives them; `origin`: of the errors, in words; `sources`: of each outcome
    that is corrected.
    """
    return [row | correction(row, errors_of, sources.get(row["outcome"]), origin, disclosure) for row in rows]


def correction(row: Row, errors_of: ErrorsOf, source: Source | None, origin: str, disclosure: Disclosure) -> Row:
    """What is said beside one row; nothing beside a rate that is not shown, or of an outcome without a `source`."""
    if source is None:
        return {}
    errors = errors_of(Group(row["cohort"], source.dataset, row["breakdown"], row["category"]))
    if row["threshold"] != MEDIUM or row["value"] is None or errors is None:
        return {}
    level, base = disclosure.confidence_percent.value / 100, disclosure.rounding_base.value
    found = corrected(seen(row["numerator"], row["denominator"], base, level), acting(errors, source))
    shares = {"corrected": found, "missed": errors.missed, "wrong": errors.wrong}
    return {"error_origin": origin} | {name: end for what, share in shares.items() for name, end in ends(what, share)}


def acting(errors: Errors, source: Source) -> Errors:
    """The errors that change a rate. Where a woman without a record is not counted, one who was missed is not either:
    the rate is of the others, as if hers were like theirs, and somebody else's record is as likely to show it as hers.
    """
    return errors if source.counts_unlinked else Errors(NOTHING, NOTHING)


def ends(what: str, share: Share) -> Iterable[tuple[str, float]]:
    """A share and the ends of its interval as columns, in % to one decimal."""
    names = (what, f"{what}_lower", f"{what}_upper")
    return ((name, round(100 * end, 1)) for name, end in zip(names, share, strict=True))
