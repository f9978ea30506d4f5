"""Which pairs are looked up, and what their verdicts say about all the others.

Pairs are drawn by stratum: a band of match probability, or `chain` for two records of one person that were not compared
with each other; whether they are one person at the default threshold; the pair of sources; and a subgroup where one is
declared. A stratified estimate and its interval: Cochran, Sampling Techniques (3rd ed., 1977), chapter 5; where all
verdicts of a stratum agree, half a verdict is added on the other side for its variance. Beside them, whole chains and
people are looked at by their weakest links; these are no sample, so no estimate uses them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt
from operator import itemgetter
from typing import Any

import duckdb
import pyarrow as pa

from linkage.matching.objections import Parts

# From unlikely to sure; each begins at its number. Those from .95 on are links at the default threshold.
BANDS = (0.01, 0.5, 0.8, 0.95, 0.99)
CHAIN, WHOLE = "chain", "whole"
SAME, DIFFERENT = "same", "different"
Z = 1.959964
Relation = duckdb.DuckDBPyRelation
Linked = tuple[tuple[str, int], tuple[str, int]]
A_LINK = pa.schema({"band": pa.string(), "dataset_l": pa.string(), "record_id_l": pa.int64(),
                    "dataset_r": pa.string(), "record_id_r": pa.int64()})  # fmt: skip
A_PAIR = "dataset_l, record_id_l, dataset_r, record_id_r"


@dataclass(frozen=True)
class Stratum:
    """Pairs of one kind. `pairs`: how many there are; `same`, `different`: verdicts on those that were looked up.

    `linked`: are they one person at the default threshold?
    """

    band: str
    linked: bool
    sources: str
    subgroup: str
    pairs: int
    same: int
    different: int


@dataclass(frozen=True)
class Share:
    """A share between 0 and 1 with its 95 % interval; None where nothing was looked up."""

    value: float | None
    lower: float | None
    upper: float | None
    looked_up: int


def sample(con: duckdb.DuckDBPyConnection, strata: Relation, each: int, name: str) -> Relation:
    """(band, linked, sources, subgroup, in_stratum, the pair …): at most `each` per stratum, without those left out.

    The same `name` draws the same pairs.
    """
    return con.sql(
        f"""
        select * exclude (lot) from (
            select *, count(*) over (partition by band, linked, sources, subgroup) as in_stratum,
                {lot(name)} as lot
            from strata
        )
        qualify row_number() over (partition by band, linked, sources, subgroup order by lot) <= {each}
        """
    )


def numbered(con: duckdb.DuckDBPyConnection, drawn: Relation, name: str) -> Relation:
    """(pair, …): the pairs numbered from 1, in an order that says nothing of the score."""
    order = lot(f"{name}|order")  # another lot: the first lots of a large stratum are smaller than those of a small one
    return con.sql(f"select row_number() over (order by {order}) as pair, * from drawn order by pair")


def lot(name: str) -> str:
    """SQL: the place of a pair in a draw of that name."""
    return f"sha256(concat_ws('|', '{name}', {A_PAIR}))"


def strata(
    con: duckdb.DuckDBPyConnection, edges: Relation, people: Relation, subgroups: Relation, left_out: Relation
) -> Relation:
    """(band, linked, sources, subgroup, the pair …): every pair that may be drawn, once; the smaller record first.

    `edges`: scored pairs; `people`: the person index; `subgroups` (dataset, record_id, subgroup); a pair is of the
    subgroup of its first record. `left_out` (dataset, record_id): records that nobody is to look up.
    """
    band = " ".join(f"when match_probability >= {low} then '{low}'" for low in reversed(BANDS))
    return con.sql(
        f"""
        with scored as (
            select {smaller_first()}, max(match_probability) as match_probability
            from edges where match_probability >= {BANDS[0]} group by all
        ),
        together as (
            select l.dataset as dataset_l, l.record_id as record_id_l,
                r.dataset as dataset_r, r.record_id as record_id_r
            from people l join people r using (person_id_medium)
            where (l.dataset, l.record_id) < (r.dataset, r.record_id)
        ),
        every as (
            select case {band} end as band, {A_PAIR} from scored
            union all
            select '{CHAIN}', {A_PAIR} from together anti join scored using ({A_PAIR})
        )
        select band, l.person_id_medium = r.person_id_medium as linked,
            dataset_l || ' and ' || dataset_r as sources, g.subgroup, {A_PAIR}
        from every
        join people l on l.dataset = dataset_l and l.record_id = record_id_l
        join people r on r.dataset = dataset_r and r.record_id = record_id_r
        join subgroups g on g.dataset = dataset_l and g.record_id = record_id_l
        where (dataset_l, record_id_l) not in (select (dataset, record_id) from left_out)
        and (dataset_r, record_id_r) not in (select (dataset, record_id) from left_out)
        """
    )


def smaller_first() -> str:
    """SQL: a pair with the smaller of its records first."""
    swapped = "(dataset_l, record_id_l) > (dataset_r, record_id_r)"
    columns = {
        "dataset_l": "dataset_r", "record_id_l": "record_id_r", "dataset_r": "dataset_l", "record_id_r": "record_id_l",
    }  # fmt: skip
    return ", ".join(f"if({swapped}, {other}, {one}) as {one}" for one, other in columns.items())


def groups(
    con: duckdb.DuckDBPyConnection,
    doubts: Relation,
    people: Relation,
    left_out: Relation,
    most: tuple[int, int],
    name: str,
) -> Relation:
    """(group_id, dataset, record_id): records of chains in doubt, drawn by lot, and of the people with most records.

    `most`: how many of each. A chain or person with a record that nobody is to look up is left out whole.
    """
    return con.sql(
        f"""
        with doubted as (
            select chain from doubts group by chain
            having not bool_or((dataset, record_id) in (select (dataset, record_id) from left_out))
            order by sha256('{name}|' || min(dataset || ' ' || record_id)) limit {most[0]}
        ),
        largest as (
            select person_id_medium from people group by person_id_medium
            having not bool_or((dataset, record_id) in (select (dataset, record_id) from left_out)) and count(*) > 1
            order by count(*) desc, person_id_medium limit {most[1]}
        )
        select 'chain ' || chain as group_id, dataset, record_id from doubts semi join doubted using (chain)
        union all
        select 'person ' || person_id_medium, dataset, record_id from people semi join largest using (person_id_medium)
        """
    )


def links_within(con: duckdb.DuckDBPyConnection, groups: Relation, edges: Relation) -> list[list[Linked]]:
    """The scored pairs within each group, the strongest first; one list per group."""
    rows = con.sql(
        f"""
        with scored as (select {smaller_first()}, max(match_weight) as weight from edges group by all)
        select l.group_id, {A_PAIR}
        from scored
        join groups l on l.dataset = dataset_l and l.record_id = record_id_l
        join groups r on r.dataset = dataset_r and r.record_id = record_id_r and r.group_id = l.group_id
        order by l.group_id, weight desc, {A_PAIR}
        """
    ).fetchall()
    return [[((d, i), (e, j)) for _, d, i, e, j in links] for _, links in groupby(rows, key=itemgetter(0))]


def whole(groups: Sequence[Sequence[Linked]], each: int) -> pa.Table:
    """(band, the pair …): the weakest links of each group, each pair once."""
    links = list(dict.fromkeys(link for group in groups for link in weakest(group, each)))
    rows = [(WHOLE, *one, *other) for one, other in links]
    return pa.table([list(c) for c in zip(*rows, strict=True)] or [[]] * len(A_LINK), schema=A_LINK)


def together(con: duckdb.DuckDBPyConnection, by_lot: Relation, whole: Relation) -> Relation:
    """What was drawn by lot, and those pairs of whole groups that were not."""
    return con.sql(f"select * from by_lot union all by name select * from whole anti join by_lot using ({A_PAIR})")


def weakest(links: Sequence[Linked], each: int) -> list[Linked]:
    """Of links, the strongest first, the last `each` that hold their records together.

    Without them the records fall apart, whatever the others are: the end of a maximum spanning forest (Kruskal 1956).
    """
    number = {record: n for n, record in enumerate(dict.fromkeys(record for link in links for record in link))}
    parts, kept = Parts({n: n for n in number.values()}), []
    for one, other in links:
        left, right = parts.part_of[number[one]], parts.part_of[number[other]]
        if left != right:
            parts.join(left, right)
            kept.append((one, other))
    return kept[max(len(kept) - each, 0) :]


def strata_of(pairs: Sequence[Mapping[str, Any]], verdicts: Mapping[int, str]) -> list[Stratum]:
    """The strata of a sample with what was said of their pairs; `verdicts` {pair: same, different or another word}."""
    kinds = ("band", "linked", "sources", "subgroup", "in_stratum")
    said: dict[tuple[Any, ...], list[str]] = {}
    for row in pairs:
        if row["band"] != WHOLE:
            said.setdefault(tuple(row[kind] for kind in kinds), []).append(verdicts.get(row["pair"], ""))
    return [
        Stratum(band, linked, sources, subgroup, n, words.count(SAME), words.count(DIFFERENT))
        for (band, linked, sources, subgroup, n), words in sorted(said.items())
    ]


def precision(strata: Sequence[Stratum]) -> Share:
    """The share of linked pairs that are one person, at the default threshold."""
    return weighted([stratum for stratum in strata if stratum.linked])


def recall(strata: Sequence[Stratum]) -> Share:
    """The share of the true pairs among those compared that are linked: pairs that no rule compared are not seen here.

    A ratio of two stratified totals; its interval from the delta method.
    """
    looked = [s for s in strata if s.same + s.different]
    found = sum(true_pairs(s) for s in looked if s.linked)
    missed = sum(true_pairs(s) for s in looked if not s.linked)
    verdicts = sum(s.same + s.different for s in looked)
    if not found + missed:
        return Share(None, None, None, verdicts)
    value = found / (found + missed)
    spread = sum((s.pairs * ((1 - value) if s.linked else value)) ** 2 * variance(s) for s in looked)
    return between(value, sqrt(spread) / (found + missed), verdicts)


def weighted(strata: Sequence[Stratum]) -> Share:
    """The share of pairs that are one person, each stratum by its size."""
    looked = [s for s in strata if s.same + s.different]
    pairs = sum(s.pairs for s in looked)
    if not pairs:
        return Share(None, None, None, 0)
    value = sum(true_pairs(s) for s in looked) / pairs
    error = sqrt(sum((s.pairs / pairs) ** 2 * variance(s) for s in looked))
    return between(value, error, sum(s.same + s.different for s in looked))


def errors(strata: Sequence[Stratum]) -> dict[str, float]:
    """{with_records, missed, given_records, wrong}: missed of the true pairs that were compared, wrong of those linked.

    Each as if so many pairs had been looked up one by one as leave the share as uncertain (Kish, Survey Sampling,
    1965). Zeros where nothing was looked up.
    """
    looked = [s for s in strata if s.same + s.different]
    linked = [s for s in looked if s.linked]
    of_true, of_linked = (sum(s.pairs * smoothed(s) for s in looked), float(sum(s.pairs for s in linked)))
    lost = sum(s.pairs * smoothed(s) for s in looked if not s.linked)
    untrue = sum(s.pairs * (1 - smoothed(s)) for s in linked)
    pulls = [(s, s.pairs * (lost / of_true if s.linked else 1 - lost / of_true)) for s in looked] if of_true else []
    with_records = as_many(lost, of_true, pulls)
    given_records = as_many(untrue, of_linked, [(s, s.pairs) for s in linked])
    return {
        "with_records": with_records, "missed": with_records * (1 - (recall(strata).value or 0.0)),
        "given_records": given_records, "wrong": given_records * (1 - (precision(strata).value or 0.0)),
    }  # fmt: skip


def as_many(part: float, whole: float, pulls: Sequence[tuple[Stratum, float]]) -> float:
    """Of how many independent ones a share is as uncertain as this one, which each stratum pulls by its own; not more
    than were looked up.
    """
    error = sum((pull / whole) ** 2 * variance(stratum) for stratum, pull in pulls) if whole else 0.0
    looked_up = float(sum(stratum.same + stratum.different for stratum, _ in pulls))
    return min(part / whole * (1 - part / whole) / error, looked_up) if error else looked_up


def true_pairs(stratum: Stratum) -> float:
    """How many pairs of a stratum are one person, by its verdicts."""
    return stratum.pairs * stratum.same / (stratum.same + stratum.different)


def variance(stratum: Stratum) -> float:
    """Of the share of a stratum, with the correction for having looked up a large part of it."""
    n, share = stratum.same + stratum.different, smoothed(stratum)
    return share * (1 - share) / n * max(1 - n / stratum.pairs, 0.0)


def smoothed(stratum: Stratum) -> float:
    """The share of its verdicts that say same, with half a verdict on the other side where all agree."""
    n = stratum.same + stratum.different
    return (stratum.same + 0.5) / (n + 1) if stratum.same in (0, n) else stratum.same / n


def between(value: float, error: float, looked_up: int) -> Share:
    """A share with its interval, within 0 and 1."""
    return Share(value, max(value - Z * error, 0.0), min(value + Z * error, 1.0), looked_up)
