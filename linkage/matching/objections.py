"""What speaks against two records being one person, beside their own pair: decisions, contradictions, size.

A chain of good links can join records that cannot be one person. Where an objection lies within a cluster, it is built
anew from its strongest link down (Kruskal 1956), and two parts are joined only by a link that is still believed when
what the objection between them weighs is taken off. A decision that two records are different people
weighs more than any link.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from math import log2

import duckdb
import pyarrow as pa

from linkage.contracts.encodings import Clusters
from linkage.errors import LinkError

Pair = tuple[int, int]
A_PAIR = pa.schema([("node_l", pa.int64()), ("node_r", pa.int64())])
DECIDED_BITS = 200.0  # more than any sum of weights


@dataclass
class Parts:
    """The parts of one cluster while it is built: `part_of` each node, and the nodes of each part."""

    part_of: dict[int, int]
    nodes: dict[int, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node, part in self.part_of.items():
            self.nodes.setdefault(part, set()).add(node)

    def join(self, one: int, other: int) -> None:
        """Make one part of two; the smaller number stays."""
        stays, goes = sorted((one, other))
        for node in self.nodes.pop(goes):
            self.part_of[node] = stays
            self.nodes[stays].add(node)


def rebuilt(
    nodes: Iterable[int],
    links: Iterable[tuple[int, int, float]],
    against: Mapping[int, Mapping[int, float]],
    limits: Clusters,
) -> dict[int, int]:
    """{node: the smallest node of its part}: one cluster, built from its strongest link down.

    `links` (node, node, match weight in bits); `against` {node: {node: bits}}, both ways. The order of equal links is
    that of their nodes, so the same links give the same parts; links above a stricter threshold come first, and what is
    believed is the same at every threshold, so a looser one only joins.
    """
    believed = log2(limits.believed_from / (1 - limits.believed_from))
    parts = Parts({node: node for node in nodes})
    for one, other, weight in sorted(links, key=lambda link: (-link[2], link[0], link[1])):
        left, right = parts.part_of[one], parts.part_of[other]
        if left == right:
            continue
        bits = objection(parts.nodes[left], parts.nodes[right], against, limits)
        if not bits or weight - bits >= believed:
            parts.join(left, right)
    return parts.part_of


def objection(left: set[int], right: set[int], against: Mapping[int, Mapping[int, float]], limits: Clusters) -> float:
    """The bits against joining two parts: the heaviest between any two of their records, or of their size."""
    smaller, larger = sorted((left, right), key=len)
    heaviest = max(
        (bits for node in smaller for other, bits in against.get(node, {}).items() if other in larger), default=0.0
    )
    return max(heaviest, limits.size_bits if len(left) + len(right) > limits.largest else 0.0)


def prepare(con: duckdb.DuckDBPyConnection, decided: pa.Table, contradicting: pa.Table) -> None:
    """Make `must` (node_l, node_r) and `against` (node_l, node_r, bits, decided) from pairs of records in `node`.

    `decided` (dataset_l, record_id_l, dataset_r, record_id_r, same); `contradicting` (the same four, bits). Both tables
    hold what follows from decisions as well. A decision that they are one person overrules a contradiction. Raises
    LinkError where decisions contradict each other.
    """
    con.register("decided_pairs", decided)
    con.register("contradicting_pairs", contradicting)
    said = con.execute(f"{by_node('decided_pairs', 'same')} order by all").fetchall()
    found = implied([(a, b) for a, b, same in said if same], [(a, b) for a, b, same in said if not same])
    if found.clashing:
        raise LinkError(
            f"{len(found.clashing):,} decisions contradict others: records are decided to be different people, and by "
            "a chain of decisions one person. Import verdicts that agree: linkage review import."
        )
    for name, pairs in (("must", found.one), ("decided_apart", found.apart)):
        con.register(
            "implied_pairs", pa.table({"node_l": [a for a, _ in pairs], "node_r": [b for _, b in pairs]}, A_PAIR)
        )
        con.execute(f"create table {name} as from implied_pairs")
        con.unregister("implied_pairs")
    con.execute(
        f"""
        create table against as
        select node_l, node_r, {DECIDED_BITS} as bits, true as decided from decided_apart
        union all
        select node_l, node_r, max(bits), false from ({by_node("contradicting_pairs", "bits")})
        anti join must using (node_l, node_r) group by node_l, node_r
        """
    )


def by_node(pairs: str, *more: str) -> str:
    """SQL: (node_l, node_r, more …), the smaller node first, of pairs of records that are both there."""
    columns = ", ".join(more)
    return f"""
        select least(l.node, r.node) as node_l, greatest(l.node, r.node) as node_r, {columns}
        from {pairs}
        join node l on l.dataset = dataset_l and l.record_id = record_id_l
        join node r on r.dataset = dataset_r and r.record_id = record_id_r
    """


@dataclass(frozen=True)
class Implied:
    """What decisions say of pairs of nodes, the smaller first: `one` person, people `apart`, and `clashing` decisions.

    Who is decided to be one person with somebody is apart from whomever she is apart from.
    """

    one: list[Pair]
    apart: list[Pair]
    clashing: list[Pair]


def implied(same: Iterable[Pair], different: Iterable[Pair]) -> Implied:
    """Follow decisions through chains of them."""
    same, different = list(same), list(different)
    parts = Parts({node: node for pair in (*same, *different) for node in pair})
    for one, other in same:
        if parts.part_of[one] != parts.part_of[other]:
            parts.join(parts.part_of[one], parts.part_of[other])
    clashing = [(a, b) for a, b in different if parts.part_of[a] == parts.part_of[b]]
    groups = {node: parts.nodes[part] for node, part in parts.part_of.items()}
    apart = {(min(a, b), max(a, b)) for one, other in different for a in groups[one] for b in groups[other]}
    together = {pair for nodes in parts.nodes.values() for pair in combinations(sorted(nodes), 2)}
    return Implied(sorted(together), sorted(apart), clashing)
