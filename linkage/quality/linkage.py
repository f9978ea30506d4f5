"""What is known of a linkage without a truth, as the counts and shares that expectations/linkage.yaml judges."""

from collections.abc import Iterable, Mapping
from typing import Any

from linkage.contracts.link_quality import LinkQuality
from linkage.quality.drift import MEDIUM, drift
from linkage.quality.facts import Facts, share

ALL = "all"
Rows = Iterable[Mapping[str, Any]]


def linkage_facts(known: Mapping[str, Any], limits: LinkQuality, registers: Iterable[str], accepted: Any) -> Facts:
    """Every fact of a run. Shares are 0 to 1, ratios of link rates above 0.

    `known`: what the stages noted (linkage, blocking, expected, unlinkable, link_rates, contradictions, intake, reach);
    `registers`: datasets in which an absent record means no event; `accepted`: the same of the run accepted last, None
    where none was: then nothing is said of drift.
    """
    facts = blocking_facts(known["blocking"]) | expected_facts(known["expected"])
    facts |= {f"unlinkable_share.{r['dataset']}": share(r["unlinkable"], r["records"]) for r in known["unlinkable"]}
    facts |= contradiction_facts(known["contradictions"], known["linkage"]["cluster_sizes"])
    facts |= group_facts(known["link_rates"], limits, set(registers)) | reach_facts(known.get("reach", ()))
    return facts | (drift(known, accepted) if accepted else {})


def blocking_facts(blocking: Mapping[str, Mapping[str, Any]]) -> Facts:
    """Of each view, the share of near-certain pairs that its rules find without the number."""
    return {f"blocked_share.{view}": found["recall"] for view, found in blocking.items() if found["recall"] is not None}


def expected_facts(rows: Rows) -> Facts:
    """Expected precision and recall of each pair of sources, where they are known, and of how many pairs.

    `links`: joined by their own evidence; `pairs`: all that were joined, and those missed, as the model sees it.
    """
    facts: Facts = {}
    for row in rows:
        place = row["sources"] or f"all of {row['view']}"
        facts[f"links.{place}"] = row["linked"]
        facts[f"pairs.{place}"] = row["linked"] + row["chained"] + row["missed"]
        if row["precision"] is not None:
            facts[f"right_share.{place}"] = row["precision"]
        if row["recall"] is not None:
            facts[f"found_share.{place}"] = row["recall"]
    return facts


def contradiction_facts(rows: Rows, sizes: Rows) -> Facts:
    """Pairs of records of one person that cannot be one person, over the people with two records or more."""
    people = sum(size["clusters"] for size in sizes if size["size"] > 1)
    return {
        f"impossible_share.{row['reason']}": share(row["pairs"], people) for row in rows if row["threshold"] == MEDIUM
    }


def group_facts(rows: Rows, limits: LinkQuality, registers: set[str]) -> Facts:
    """The ratio of each group that can be judged, and the upper end of its interval."""
    rows = [row for row in rows if row["threshold"] == MEDIUM]
    overall = {(r["cohort"], r["dataset"]): r["rate"] or 0.0 for r in rows if r["breakdown"] == ALL}
    facts: Facts = {}
    for row in rows:
        holds_everybody = row["dataset"] not in registers and limits.holds(overall[row["cohort"], row["dataset"]])
        if row["upper"] is not None and holds_everybody and limits.enough(row["anchor_records"]):
            facts[f"link_ratio.{group(row)}"] = row["ratio"]
            facts[f"link_ratio_upper.{group(row)}"] = row["upper"]
    return facts


def reach_facts(rows: Rows) -> Facts:
    """Of each dataset, by how many records its dates are known, and what share of a usual quarter the last one has.

    Of the date that reaches furthest among those of most records: an offence is known once its outcome is.
    """
    facts: Facts = {}
    for dataset, dates in by_dataset(rows).items():
        most = max(date["year_before"] for date in dates)
        usual = [date for date in dates if 2 * date["year_before"] >= most > 0]
        facts[f"dated_records.{dataset}"] = most
        if usual:
            facts[f"last_quarter_share.{dataset}"] = max(4 * d["last_quarter"] / d["year_before"] for d in usual)
    return facts


def by_dataset(rows: Rows) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of each dataset, in their order."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["dataset"], []).append(row)
    return found


def group(row: Mapping[str, Any]) -> str:
    """A group of women in words."""
    names = (row["cohort"], row["dataset"], row["breakdown"])
    return f"{', '.join(name.replace('_', ' ') for name in names)} {row['category']}"
