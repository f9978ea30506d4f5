"""What changed since the run that was accepted last: in how many pairs, scores, people, links and columns.

Distributions are compared by their total variation distance, the share of the whole that would have to move for one to
become the other: 0 where they are equal, 1 where they have nothing in common. Of a link rate only that part of a change
counts that chance does not explain (beyond 1.96 standard errors of a difference of two proportions).
"""

from collections.abc import Iterable, Mapping
from math import sqrt
from typing import Any

from linkage.quality.facts import Facts, share

MEDIUM = "medium"
Z = 1.959964
LARGE = 10  # records; people with more are one bar
SMALLEST = 30  # entries; of fewer a rate is not compared
Rows = Iterable[Mapping[str, Any]]


def drift(now: Mapping[str, Any], before: Mapping[str, Any]) -> Facts:
    """Every change, 0 where nothing changed. What only one of the two runs has is not compared."""
    facts = {
        "moved_share.scores": moved(scores(now), scores(before)),
        "moved_share.people by number of records": moved(sizes(now), sizes(before)),
    }
    facts |= changes("records", counts(now, "rows_out"), counts(before, "rows_out"))
    facts |= changes("pairs", per_record(now), per_record(before))
    facts |= columns(now["intake"], before["intake"])
    return facts | rates(now["link_rates"], before["link_rates"])


def moved(one: Mapping[Any, float], other: Mapping[Any, float]) -> float:
    """The total variation distance of two histograms, 0 to 1."""
    totals = sum(one.values()), sum(other.values())
    return sum(abs(share(one.get(k, 0), totals[0]) - share(other.get(k, 0), totals[1])) for k in {**one, **other}) / 2


def scores(run: Mapping[str, Any]) -> dict[float, float]:
    """{match weight: pairs}."""
    return {row["weight_from"]: row["pairs"] for row in run["linkage"]["weights"]}


def sizes(run: Mapping[str, Any]) -> dict[int, float]:
    """{records: people}."""
    found: dict[int, float] = {}
    for row in run["linkage"]["cluster_sizes"]:
        size = min(row["size"], LARGE)
        found[size] = found.get(size, 0) + row["clusters"]
    return found


def counts(run: Mapping[str, Any], what: str) -> dict[str, float]:
    """{dataset: a count of its intake}."""
    return {dataset: intake[what] for dataset, intake in run["intake"].items()}


def per_record(run: Mapping[str, Any]) -> dict[str, float]:
    """{view: pairs for each record}."""
    return {view: found["pairs_per_record"] for view, found in run["blocking"].items()}


def changes(what: str, now: Mapping[str, float], before: Mapping[str, float]) -> Facts:
    """By what share of the earlier count the later one is less, and by what share more; 0 where it is not."""
    facts: Facts = {}
    for name in (name for name in now if before.get(name)):
        more = now[name] / before[name] - 1
        facts |= {f"fewer_{what}_share.{name}": max(-more, 0.0), f"more_{what}_share.{name}": max(more, 0.0)}
    return facts


def columns(now: Mapping[str, Any], before: Mapping[str, Any]) -> Facts:
    """By how much more often, or less, each column of an extract is missing."""
    return {
        f"missing_share.{dataset}, {column}": abs(missing(now[dataset], column) - missing(before[dataset], column))
        for dataset in sorted({*now} & {*before})
        for column in sorted({*now[dataset]["missing"], *before[dataset]["missing"]})
    }


def missing(intake: Mapping[str, Any], column: str) -> float:
    """The share of the rows used in which a column is missing."""
    return share(intake["missing"].get(column, 0), intake["rows_out"])


def rates(now: Rows, before: Rows) -> Facts:
    """By how much each group's link rate fell beyond chance; 0 where it rose."""
    earlier = {key(row): row for row in before}
    return {
        f"lost_share.{', '.join(name.replace('_', ' ') for name in key(row)[:3])} {row['category']}": lost(
            row, earlier[key(row)]
        )
        for row in now
        if row["threshold"] == MEDIUM and key(row) in earlier and comparable(row) and comparable(earlier[key(row)])
    }


def key(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What makes two rows the same group."""
    return tuple(row[name] for name in ("cohort", "dataset", "breakdown", "category", "threshold"))


def comparable(row: Mapping[str, Any]) -> bool:
    """Has the group enough entries?"""
    return bool(row["anchor_records"] >= SMALLEST)


def lost(now: Mapping[str, Any], before: Mapping[str, Any]) -> float:
    """How much lower a rate is than it was, less what chance explains; 0 to 1."""
    error = sqrt(sum(row["rate"] * (1 - row["rate"]) / row["anchor_records"] for row in (now, before)))
    return float(max(before["rate"] - now["rate"] - Z * error, 0.0))
