"""Whom an outcome leaves out of its denominator, and for which reasons it can leave out nobody: by its declaration."""

from collections.abc import Iterator

from linkage.contracts.dataset import Dataset
from linkage.contracts.outcome import DAY_BEFORE, Outcome, Status
from linkage.contracts.sentences import listed

ON_A_DAY = ("in_custody", "died")
REASONS = (*ON_A_DAY, "unknown", "not_linked")  # the columns of women who were not counted


def never(outcome: Outcome, dataset: Dataset) -> tuple[str, ...]:
    """Reasons for which an outcome can leave nobody out, as whoever reads its definition knows."""
    impossible = [reason for reason in ON_A_DAY if reason not in outcome.exclude]
    impossible += ["unknown"] if outcome.measure.kind != "status" else []
    in_a_spine = dataset.coverage == "spine" and outcome.measure.kind not in ("order", "death")
    return (*impossible, *([] if in_a_spine else ["not_linked"]))


def who_is_left_out(outcome: Outcome, dataset: Dataset) -> dict[str, str]:
    """{reason: who, in words} of those for which it leaves women out; the first that is true of a woman is hers."""
    day, nobody = outcome.left_out_on, never(outcome, dataset)
    of = outcome.measure.column if isinstance(outcome.measure, Status) else "answer"
    who = {
        "died": "had died before day 0, by her records" if day == DAY_BEFORE else f"had died by day {day}",
        "in_custody": f"was in custody on day {day}",
        "not_linked": f"has no record in {dataset.title}",
        "unknown": f"has no {of} there that is known",
    }
    return {reason: words for reason, words in who.items() if reason not in nobody}


def columns_of_left_out(outcome: Outcome, dataset: Dataset) -> Iterator[str]:
    """Which column of a release counts whom, and which are empty since the outcome leaves out nobody for that."""
    said = tuple(f"{words} ({reason})" for reason, words in who_is_left_out(outcome, dataset).items())
    if said:
        first = " for the first of these" if len(said) > 1 else ""
        yield f"Not in the denominator, and counted beside it{first}: who {listed(said, 'or')}"
    if nobody := never(outcome, dataset):
        yield f"It leaves nobody out{' for anything else' if said else ''}, so {empty(nobody)}"


def empty(nobody: tuple[str, ...]) -> str:
    """Which columns hold nothing, in words. Raises IndexError where there is none."""
    return f"{listed(nobody)} {'is' if len(nobody) == 1 else 'are'} empty"
