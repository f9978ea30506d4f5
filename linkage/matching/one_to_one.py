"""How probable a link is between sources that hold each person once: one link there rules others out.

Of two sources of n1 and n2 people who share M, two records that are both still free are one person with prior odds
M / ((n1 - M)(n2 - M)), not M / (n1 n2): whoever has found her record leaves fewer strangers to those who have not
(linkage as a matching of two files: Fortini, Liseo, Nuccitelli & Scanu 2001; Sadinle 2017). The odds of each pair are
those over all matchings, by belief propagation, which is exact where candidates form no ring (Zdeborova & Mezard 2006,
"The number of matchings in random graphs"). M is the sum of the probabilities, found by iteration, once for a model: as
prior odds it then stays. Estimated anew each time, whoever comes or goes would move every other woman's links.

A source seldom holds a person once as it stands: she is there as often as something happened. Its records are taken
together first where their own pairs say that they are one person. Such a unit is what is matched, by its best pair.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold

Places = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Group = tuple[str, str, str]  # a view and two datasets

UNIT = 0.95  # two records of one source that are one person at least so probably are: the default threshold
# One source may be a part of the other, but never so surely that whoever is left in it must be somebody there.
MOST_SHARED = 0.98
# One person in a hundred is in a source twice after all, under a second number: whoever is taken is so much less likely
# to be sought, and not out of the question.
SECOND = 0.01
MOST_BITS = 40.0  # beyond them a claim is as good as certain, and sums would lose the claims beside it
MOST_ROUNDS, STILL = 200, 1e-6  # of messages
MOST_ESTIMATES, SAME_PEOPLE = 50, 0.01  # of M


def believed(
    con: duckdb.DuckDBPyConnection,
    edges: duckdb.DuckDBPyRelation,
    records: duckdb.DuckDBPyRelation,
    priors: Mapping[str, float],
    once: Collection[str],
    known: Mapping[Group, float] = MappingProxyType({}),
) -> tuple[duckdb.DuckDBPyRelation, dict[Group, float]]:
    """`edges`, one row per scored pair, with weight and probability of those between two sources of `once` as matched.

    `edges` and `records` as of person_index; `priors`: of the model of each view; `once`: the datasets that hold each
    person once when records of one person are taken together. All pairs of two units move by as many bits as the best.
    Beside it the prior odds of each (view, dataset, dataset): those `known`, and estimated where there is none.
    """
    con.execute("create or replace temp table scored as from edges")
    con.execute("create or replace temp table unit as from " + units(con, records))
    con.execute("create or replace temp table sized as select dataset, count(distinct unit) as n from unit group by 1")
    con.execute(f"create or replace temp table unit_pair as {unit_pairs()}", {"once": sorted(once)})
    groups = con.execute("select distinct view, one, other from unit_pair order by all").fetchall()
    moved, odds = [], dict(known)
    for group in groups:
        table, odds[group] = moved_pairs(con, priors[group[0]], group, known.get(group))
        moved.append(table)
    if not moved:
        return con.sql("from scored order by dataset_l, record_id_l, dataset_r, record_id_r, view"), odds
    con.register("moved", pa.concat_tables(moved))
    con.execute("create or replace temp table shift as from moved")
    con.unregister("moved")
    lifted = con.sql(
        """
        with lifted as (
            select scored.* replace (match_weight + coalesce(bits, 0) as match_weight), bits
            from scored
            join unit l on l.dataset = dataset_l and l.record_id = record_id_l
            join unit r on r.dataset = dataset_r and r.record_id = record_id_r
            left join shift on shift.view = scored.view
                and unit_one = least(l.unit, r.unit) and unit_other = greatest(l.unit, r.unit)
        )
        select * exclude (bits) replace (
            if(bits is null, match_probability, 1 / (1 + power(2, -match_weight))) as match_probability
        )
        from lifted order by dataset_l, record_id_l, dataset_r, record_id_r, view
        """
    )
    return lifted, odds


def units(con: duckdb.DuckDBPyConnection, records: duckdb.DuckDBPyRelation) -> str:
    """SQL: (dataset, record_id, unit): one row per record; units count on through the datasets in their order."""
    con.execute(
        "create or replace temp table member_of as "
        "select row_number() over (order by dataset, record_id) as node, dataset, record_id from records"
    )
    con.execute(
        f"""
        create or replace temp table one_person as
        select l.node as node_l, r.node as node_r
        from scored
        join member_of l on l.dataset = dataset_l and l.record_id = record_id_l
        join member_of r on r.dataset = dataset_r and r.record_id = record_id_r
        where dataset_l = dataset_r and match_probability >= {UNIT}
        """
    )
    joined = cluster_pairwise_predictions_at_threshold("member_of", "one_person", DuckDBAPI(con), "node")
    return f"(select dataset, record_id, cluster_id as unit from {joined.physical_name} join member_of using (node))"


def unit_pairs() -> str:
    """SQL: (view, one, other, unit_one, unit_other, weight): one row per pair of units of the datasets one and other.

    A unit is called by its first record, and records count on through the datasets, so units are in the same order.
    """
    return """
        select view, least(dataset_l, dataset_r) as one, greatest(dataset_l, dataset_r) as other,
            least(l.unit, r.unit) as unit_one, greatest(l.unit, r.unit) as unit_other, max(match_weight) as weight
        from scored
        join unit l on l.dataset = dataset_l and l.record_id = record_id_l
        join unit r on r.dataset = dataset_r and r.record_id = record_id_r
        where dataset_l <> dataset_r and list_contains($once, dataset_l) and list_contains($once, dataset_r)
        group by all
    """


def moved_pairs(
    con: duckdb.DuckDBPyConnection, prior: float, group: Group, known: float | None
) -> tuple[pa.Table, float]:
    """(view, unit_one, unit_other, bits): by how much pairs of units of two datasets move in a view; the prior odds."""
    chosen = {"view": group[0], "one": group[1], "other": group[2]}
    found = con.execute(
        """
        select unit_one, unit_other, weight from unit_pair
        where view = $view and one = $one and other = $other order by all
        """,
        chosen,
    ).fetchnumpy()
    sizes = [con.execute("select n from sized where dataset = ?", [name]).fetchall()[0][0] for name in group[1:]]
    ends = [np.unique(found[name], return_inverse=True)[1] for name in ("unit_one", "unit_other")]
    weight = np.asarray(found["weight"], dtype=np.float64)
    evidence = weight - np.log2(prior / (1 - prior))
    odds = known or prior_odds(posterior(ends[0], ends[1], evidence, *sizes)[1], *sizes)
    moved = matched(ends[0], ends[1], evidence, odds) - weight
    return pa.table({
        "view": pa.repeat(pa.scalar(group[0]), len(weight)), "unit_one": found["unit_one"],
        "unit_other": found["unit_other"], "bits": moved,
    }), odds  # fmt: skip


def posterior(left: Places, right: Places, evidence: Reals, n_left: int, n_right: int) -> tuple[Reals, float]:
    """(match weights in bits, M) of pairs (left, right) among n_left and n_right people, from their `evidence` in bits.

    `evidence` is the log2 of a likelihood ratio, without a prior. Each pair stands once; no other is possible.
    """
    most = MOST_SHARED * min(n_left, n_right)
    shared = min(len(np.unique(left)), len(np.unique(right)), most) / 2
    weights = evidence
    for _ in range(MOST_ESTIMATES):
        weights = matched(left, right, evidence, prior_odds(shared, n_left, n_right))
        before, shared = shared, min(float((1 / (1 + np.exp2(-weights))).sum()), most)
        if abs(shared - before) < SAME_PEOPLE:
            break
    return weights, shared


def prior_odds(shared: float, n_left: int, n_right: int) -> float:
    """The odds that two records that are both still free are one person."""
    return shared / ((n_left - shared) * (n_right - shared))


def matched(left: Places, right: Places, evidence: Reals, odds: float) -> Reals:
    """Match weights in bits over all matchings, from the prior odds of two that are free."""
    ratio = np.exp2(np.minimum(evidence, MOST_BITS))
    free = np.multiply(*(SECOND + (1 - SECOND) * end for end in freedom(left, right, ratio * odds)))
    return np.asarray(evidence + np.log2(odds * free))


def freedom(left: Places, right: Places, odds: Reals) -> tuple[Reals, Reals]:
    """How probable the left and the right end of each pair are free but for this pair, over all matchings of the graph.

    A matching weighs the product of the odds of its pairs, so these times the freedom of both ends are the odds of a
    pair among all matchings. Each pair carries to either end how probable the other is free without it.
    """
    free_left = free_right = np.ones(len(odds))
    for _ in range(MOST_ROUNDS):
        before = free_left
        free_left = 1 / (1 + others(left, odds * free_right))
        free_right = 1 / (1 + others(right, odds * free_left))
        if np.abs(free_left - before).max(initial=0.0) < STILL:
            break
    return free_left, free_right


def others(ends: Places, claims: Reals) -> Reals:
    """For each pair, the sum of what the other pairs at its end claim."""
    return np.asarray(np.maximum(np.bincount(ends, claims)[ends] - claims, 0.0))
