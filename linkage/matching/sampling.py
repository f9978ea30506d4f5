"""Which pairs are looked up in clear, and what their verdicts say about all the others.

Pairs are drawn by stratum: a band of match probability, or `chain` for two records of one person that were not compared
with each other, and the pair of sources. A stratified estimate and its interval: Cochran, Sampling Techniques (3rd ed.,
1977), chapter 5; where all verdicts of a stratum agree, half a verdict is added on the other side for its variance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import duckdb
import pyarrow as pa

# From unlikely to sure; each begins at its number. Those from .95 on are links at the default threshold.
BANDS = (0.01, 0.5, 0.8, 0.95, 0.99)
LINKED_FROM = 0.95
CHAIN = "chain"
SAME, DIFFERENT = "same", "different"
Z = 1.959964


@dataclass(frozen=True)
class Stratum:
    """Pairs of one kind. `pairs`: how many there are; `same`, `different`: verdicts on those that were looked up."""

    band: str
    sources: str
    pairs: int
    same: int
    different: int

    @property
    def linked(self) -> bool:
        """Are its pairs one person at the default threshold?"""
        return self.band == CHAIN or float(self.band) >= LINKED_FROM


@dataclass(frozen=True)
class Share:
    """A share between 0 and 1 with its 95 % interval; None where nothing was looked up."""

    value: float | None
    lower: float | None
    upper: float | None
    looked_up: int


def sample(
    con: duckdb.DuckDBPyConnection,
    edges: duckdb.DuckDBPyRelation,
    people: duckdb.DuckDBPyRelation,
    each: int,
    name: str,
) -> pa.Table:
    """(pair, band, sources, in_stratum, dataset_l, record_id_l, dataset_r, record_id_r): at most `each` per stratum.

    `pair` numbers them from 1 in an order that says nothing of the score. The same `name` draws the same pairs.
    """
    con.execute(f"create or replace temp table strata as {strata()}")
    return con.sql(
        f"""
        with drawn as (
            select *, count(*) over stratum as in_stratum,
                sha256(concat_ws('|', '{name}', dataset_l, record_id_l, dataset_r, record_id_r)) as lot
            from strata
            qualify row_number() over (partition by band, sources order by lot) <= {each}
            window stratum as (partition by band, sources)
        )
        select row_number() over (order by lot) as pair, band, sources, in_stratum,
            dataset_l, record_id_l, dataset_r, record_id_r
        from drawn order by pair
        """
    ).to_arrow_table()


def strata() -> str:
    """SQL: (band, sources, dataset_l, record_id_l, dataset_r, record_id_r): every pair that may be drawn, once."""
    band = " ".join(f"when match_probability >= {low} then '{low}'" for low in reversed(BANDS))
    return f"""
        with scored as (
            select dataset_l, record_id_l, dataset_r, record_id_r, max(match_probability) as match_probability
            from edges where match_probability >= {BANDS[0]} group by all
        ),
        together as (
            select l.dataset as dataset_l, l.record_id as record_id_l,
                r.dataset as dataset_r, r.record_id as record_id_r
            from people l join people r using (person_id_medium)
            where (l.dataset, l.record_id) < (r.dataset, r.record_id)
        ),
        either_way as (
            from scored union all by name
            select dataset_l as dataset_r, record_id_l as record_id_r,
                dataset_r as dataset_l, record_id_r as record_id_l
            from scored
        )
        select case {band} end as band,
            least(dataset_l, dataset_r) || ' and ' || greatest(dataset_l, dataset_r) as sources,
            dataset_l, record_id_l, dataset_r, record_id_r
        from scored
        union all
        select '{CHAIN}', least(dataset_l, dataset_r) || ' and ' || greatest(dataset_l, dataset_r),
            dataset_l, record_id_l, dataset_r, record_id_r
        from together anti join either_way using (dataset_l, record_id_l, dataset_r, record_id_r)
    """


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


def true_pairs(stratum: Stratum) -> float:
    """How many pairs of a stratum are one person, by its verdicts."""
    return stratum.pairs * stratum.same / (stratum.same + stratum.different)


def variance(stratum: Stratum) -> float:
    """Of the share of a stratum, with the correction for having looked up a large part of it."""
    n = stratum.same + stratum.different
    share = (stratum.same + 0.5) / (n + 1) if stratum.same in (0, n) else stratum.same / n
    return share * (1 - share) / n * max(1 - n / stratum.pairs, 0.0)


def between(value: float, error: float, looked_up: int) -> Share:
    """A share with its interval, within 0 and 1."""
    return Share(value, max(value - Z * error, 0.0), min(value + Z * error, 1.0), looked_up)
