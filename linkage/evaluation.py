"""Precision, recall and F1 of a person index against the truth, from group sizes: no pair is ever written down."""

from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb

from linkage.errors import LinkError
from linkage.intervals import wilson

THRESHOLDS = ("high", "medium", "low")
KEYS = ("dataset", "record_id", "person")
# Of match probability. What one-to-one has ruled out is below 1 in 100, where scoring keeps no pair.
BANDS = (0.0, 0.2, 0.5, 0.8, 0.95, 0.99)
RIGHT, FOUND, TRUE = "person, cluster", "cluster", "person"


@dataclass(frozen=True)
class Score:
    """Counts of right, found and true things (pairs or clusters), and their ratios; None where nothing is divided.

    `found_by`, `true_by`: how many clusters, and people, would give as sure a share if each had one pair (the effective
    sample size of Kish, Survey Sampling, 1965): the pairs of one person are right or wrong together. 0 where unknown.
    """

    right: int
    found: int
    true: int
    found_by: float = field(default=0.0, compare=False)
    true_by: float = field(default=0.0, compare=False)

    @property
    def precision(self) -> float | None:
        """The share of what was found that is right, 0 to 1."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """The share of what is true that was found, 0 to 1."""
        return self.right / self.true if self.true else None

    @property
    def precision_interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the precision."""
        return interval(self.precision, self.found_by)

    @property
    def recall_interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the recall."""
        return interval(self.recall, self.true_by)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of both: 2 right / (found + true)."""
        return 2 * self.right / (self.found + self.true) if self.found + self.true else None


def interval(share: float | None, of: float) -> tuple[float, float] | None:
    """The interval of a share of so many independent ones; None where either is not known."""
    return wilson(share, of) if share is not None and of else None


@dataclass(frozen=True)
class Row:
    """One part of the records at one threshold.

    `scope`: `overall`, `between datasets`, `within datasets`, `dataset pair` or the name of a subgroup column; `part`
    says which. A pair belongs to every subgroup that one of its two records is in. A cluster is right when it holds
    all records of one person and no other; people with one record count too. `clusters` is None where clusters are
    not of that scope.
    """

    scope: str
    part: str
    threshold: str
    pairs: Score
    clusters: Score | None = None

    def as_dict(self) -> dict[str, Any]:
        """Flat, for JSON and for tables."""
        clusters = self.clusters or Score(0, 0, 0)
        return {
            "scope": self.scope, "part": self.part, "threshold": self.threshold,
            "precision": self.pairs.precision, "recall": self.pairs.recall, "f1": self.pairs.f1,
            "precision_interval": self.pairs.precision_interval, "recall_interval": self.pairs.recall_interval,
            "pairs_true": self.pairs.true, "pairs_found": self.pairs.found, "pairs_right": self.pairs.right,
            "cluster_precision": clusters.precision, "cluster_recall": clusters.recall, "cluster_f1": clusters.f1,
        }  # fmt: skip


@dataclass(frozen=True)
class Evaluation:
    """All rows. `records`: in the index and the truth; `only_in_truth`, `only_in_index`: not evaluated."""

    records: int
    only_in_truth: int
    only_in_index: int
    rows: tuple[Row, ...]

    def row(self, scope: str = "overall", part: str = "", threshold: str = "medium") -> Row:
        """The row of a part. Raises KeyError."""
        return {(r.scope, r.part, r.threshold): r for r in self.rows}[scope, part, threshold]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"rows": [row.as_dict() for row in self.rows]}


def evaluate(
    con: duckdb.DuckDBPyConnection, truth: duckdb.DuckDBPyRelation, person_index: duckdb.DuckDBPyRelation
) -> Evaluation:
    """Compare `person_index` with `truth` (dataset, record_id, person, subgroup columns …) on the records both have.

    Raises LinkError where they have none in common.
    """
    in_common = coverage(con, truth, person_index)
    if not in_common[0]:
        raise LinkError("None of the records of the truth is in the person index. Was it linked with these keys?")
    rows = con.from_arrow(both(con, truth, person_index).to_arrow_table())  # read a dozen times below
    subgroups = [name for name in truth.columns if name not in KEYS]
    overall = touching(con, rows, "''")
    within = between_and_within(con, rows)
    exact = exact_clusters(con, rows, "''")
    found = [Row("overall", "", t, overall["", t], exact["", t]) for t in THRESHOLDS]
    for t in THRESHOLDS:
        inside = [score for (a, b, threshold), score in within.items() if a == b and threshold == t]
        across = [score for (a, b, threshold), score in within.items() if a != b and threshold == t]
        found += [Row("between datasets", "", t, total(across)), Row("within datasets", "", t, total(inside))]
    found += [
        Row("dataset pair", f"{a} and {b}" if a != b else f"within {a}", t, score)
        for (a, b, t), score in within.items()
    ]
    for name in subgroups:
        column = f"coalesce(cast(\"{name}\" as varchar), 'missing')"
        clusters = exact_clusters(con, rows, column)
        found += [Row(name, v, t, score, clusters[v, t]) for (v, t), score in touching(con, rows, column).items()]
    found.sort(key=lambda row: THRESHOLDS.index(row.threshold))
    return Evaluation(*in_common, tuple(found))


def total(scores: list[Score]) -> Score:
    """The sum of counts."""
    return Score(sum(s.right for s in scores), sum(s.found for s in scores), sum(s.true for s in scores))


def coverage(
    con: duckdb.DuckDBPyConnection, truth: duckdb.DuckDBPyRelation, person_index: duckdb.DuckDBPyRelation
) -> tuple[int, int, int]:
    """Records in both, only in the truth, only in the index."""
    counted = con.sql(
        """
        select
            count(*) filter (i.dataset is not null and t.dataset is not null), count(*) filter (i.dataset is null),
            count(*) filter (t.dataset is null)
        from truth t full join person_index i on i.dataset = t.dataset and i.record_id = t.record_id
        """
    ).fetchall()
    return counted[0]


def both(
    con: duckdb.DuckDBPyConnection, truth: duckdb.DuckDBPyRelation, person_index: duckdb.DuckDBPyRelation
) -> duckdb.DuckDBPyRelation:
    """(threshold, cluster, dataset, person, subgroups …): one row per record and threshold."""
    each = [
        f"select dataset, record_id, '{t}' as threshold, person_id_{t} as cluster from person_index" for t in THRESHOLDS
    ]
    return con.sql(
        f"select threshold, cluster, t.* from ({' union all '.join(each)}) join truth t using (dataset, record_id)"
    )


def counts(
    con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, key: str, value: str
) -> duckdb.DuckDBPyRelation:
    """(threshold, key …, value, n): how many records of a group have each value."""
    return con.sql(f"select threshold, {key}, {value} as value, count(*) as n from rows group by all")


def touching(con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, value: str) -> dict[tuple[str, str], Score]:
    """{(value, threshold): pairs of which at least one record has the value}: n (n - 1) / 2 less that of the others."""
    return by_key(
        con, rows, value,
        """
        select value, threshold, sum(pairs), sum(pairs ** 2) from (
            select value, threshold, of_all * (of_all - 1) // 2 - (of_all - n) * (of_all - n - 1) // 2 as pairs
            from (select *, sum(n) over (partition by threshold, {key}) as of_all from counted)
        ) group by all
        """,
    )  # fmt: skip


def between_and_within(
    con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation
) -> dict[tuple[str, str, str], Score]:
    """{(dataset, dataset, threshold): pairs}: n (n - 1) / 2 within one, n m between two."""
    return by_key(
        con, rows, "dataset",
        """
        select one, other, threshold, sum(pairs), sum(pairs ** 2) from (
            select l.value as one, r.value as other, threshold,
                if(l.value = r.value, l.n * (l.n - 1) // 2, l.n * r.n) as pairs
            from counted l join counted r using (threshold, {key}) where l.value <= r.value
        ) group by all
        """,
    )  # fmt: skip


def by_key(con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, value: str, sql: str) -> dict[Any, Score]:
    """{group: Score} of a query over the counts by person and cluster, by cluster, and by person; in group order."""
    found: list[dict[Any, tuple[int, float]]] = []
    for key in (RIGHT, FOUND, TRUE):
        counted = counts(con, rows, key, value)  # noqa: F841  the query reads it by name
        sums = con.sql(sql.format(key=key)).fetchall()
        found.append({tuple(group): (int(n), int(n) ** 2 / squares if n else 0.0) for *group, n, squares in sums})
    groups = sorted(set().union(*found))
    return {group: score_of(*(of.get(group, (0, 0.0)) for of in found)) for group in groups}


def score_of(right: tuple[int, float], found: tuple[int, float], true: tuple[int, float]) -> Score:
    """A score of (count, effective number) of each."""
    return Score(right[0], found[0], true[0], found[1], true[1])


def exact_clusters(
    con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation, value: str
) -> dict[tuple[str, str], Score]:
    """{(value, threshold): clusters with a record of that value}; right are those that are one person, whole."""
    counted = con.sql(
        f"""
        with sized as (
            select threshold, person, cluster, {value} as value,
                count(*) over (partition by threshold, person, cluster) as of_both,
                count(*) over (partition by threshold, person) as of_person,
                count(*) over (partition by threshold, cluster) as of_cluster
            from rows
        )
        select value, threshold,
            count(distinct cluster) filter (of_both = of_person and of_both = of_cluster),
            count(distinct cluster), count(distinct person)
        from sized group by all
        """
    )
    return {(value, threshold): Score(*n) for value, threshold, *n in counted.fetchall()}


def calibration(
    con: duckdb.DuckDBPyConnection, truth: duckdb.DuckDBPyRelation, edges: duckdb.DuckDBPyRelation
) -> list[dict[str, Any]]:
    """[{from, pairs, expected, true}]: of scored pairs between datasets, by band of match probability.

    `expected`: their mean probability, `true`: the share that is one person; equal where probabilities hold.
    """
    bands = " ".join(f"when match_probability >= {low} then {low}" for low in reversed(BANDS))
    return (
        con.sql(
            f"""
            select cast(case {bands} end as double) as "from", count(*) as pairs, avg(match_probability) as expected,
                avg(if(l.person = r.person, 1.0, 0.0)) as true
            from edges
            join truth l on l.dataset = dataset_l and l.record_id = record_id_l
            join truth r on r.dataset = dataset_r and r.record_id = record_id_r
            where dataset_l <> dataset_r group by 1 order by 1
            """
        )
        .to_arrow_table()
        .to_pylist()
    )
