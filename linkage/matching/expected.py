"""How many links are right, and how many are missed, as the match probabilities themselves say: no truth is needed.

A probability is what the model believes. It rests on comparisons being independent and on weights learned without
labels, so these figures are to be held against a truth or a review in clear wherever there is one, and serve to compare
sources and runs. What no rule compared has no probability: it is estimated from the pairs that agree on a person
number, by the share of them that rules without a number find (as in capture and recapture).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from linkage.matching.person_index import THRESHOLDS

# Near-certain pairs from which a share of two digits can be told.
ENOUGH = 30


@dataclass(frozen=True)
class Expected:
    """Pairs of different records of two sources, as compared; `right`, `missed`: sums of probabilities.

    `linked`: pairs that are one person at the default threshold by their own evidence, `right`: how many of them truly.
    `chained`: pairs that only a third record joins, whose own probability leaves out what that record says. `missed`:
    how many of the pairs not joined are one person. `near_certain`: linked pairs that agree on a person number;
    `otherwise`: those of them that rules without a number find.
    """

    view: str
    sources: str
    linked: int
    right: float
    chained: int
    missed: float
    near_certain: int
    otherwise: int

    @property
    def precision(self) -> float | None:
        """The expected share of links that are right, 0 to 1."""
        return self.right / self.linked if self.linked else None

    def recall(self, found: float | None, overall: float | None) -> float | None:
        """The expected share of true pairs that are joined, 0 to 1; None where nothing is known of it.

        `found`: the share of true pairs without a number in common that the rules make; None where it is not known, and
        then the share is of the pairs compared. A pair is taken to be right when chained as often as when linked; where
        none of these sources is linked, as often as `overall`, the precision of all links of the view.
        """
        precision = overall if self.precision is None else self.precision
        if self.chained and precision is None:
            return None
        right = self.right + self.chained * (precision or 0.0)
        compared = right + self.missed
        if not compared or found == 0:
            return None
        return right / (self.near_certain + max(compared - self.near_certain, 0.0) / (found or 1.0))


def expected(
    con: duckdb.DuckDBPyConnection,
    edges: duckdb.DuckDBPyRelation,
    people: duckdb.DuckDBPyRelation,
    held: Mapping[tuple[str, str], int] | None = None,
) -> list[dict[str, Any]]:
    """[{the fields of Expected, precision, recall, found, held}]: one per view and pair of sources, and one for all of
    each view, whose sources are ''.

    `held`: {(view, sources): how many pairs of them the run accepted last joined}; each has a row, compared or not.
    `found`: the share of near-certain pairs that rules without a number find, of the two sources, or of the view where
    these have too few; None where they have none, and then recall is of the pairs compared.
    """
    rows = [Expected(*row) for row in con.sql(by_sources()).fetchall()]
    views = {view: total(view, [row for row in rows if row.view == view]) for view in sorted({r.view for r in rows})}
    seen = {(row.view, row.sources) for row in rows}
    gone = [Expected(*which, 0, 0.0, 0, 0.0, 0, 0) for which in held or {} if which[1] and which not in seen]
    return [
        said(row, views.get(row.view, row)) | {"held": (held or {}).get((row.view, row.sources), 0)}
        for row in (*rows, *gone, *views.values())
    ]


def by_sources() -> str:
    """SQL over `edges` and `people`: the fields of Expected, a row per view and pair of sources."""
    sure = THRESHOLDS["medium"]
    return f"""
        with pair as (
            select view, least(dataset_l, dataset_r) || ' and ' || greatest(dataset_l, dataset_r) as sources,
                match_probability as p, l.person_id_medium = r.person_id_medium as linked, by_number, by_others
            from edges
            join people l on l.dataset = dataset_l and l.record_id = record_id_l
            join people r on r.dataset = dataset_r and r.record_id = record_id_r
            where dataset_l <> dataset_r
        )
        select view, sources, count(*) filter (linked and p >= {sure}),
            coalesce(sum(p) filter (linked and p >= {sure}), 0.0), count(*) filter (linked and p < {sure}),
            coalesce(sum(p) filter (not linked), 0.0), count(*) filter (linked and by_number and p >= {sure}),
            count(*) filter (linked and by_number and by_others and p >= {sure})
        from pair group by all order by all
    """


def total(view: str, rows: Sequence[Expected]) -> Expected:
    """All pairs of sources of a view."""
    names = ("linked", "right", "chained", "missed", "near_certain", "otherwise")
    return Expected(view, "", *(sum(getattr(row, name) for row in rows) for name in names))


def share_found(row: Expected, view: Expected) -> float | None:
    """The share of near-certain pairs that rules without a number find: of these sources, else of the whole view."""
    enough = next((one for one in (row, view) if one.near_certain >= ENOUGH), None)
    return enough.otherwise / enough.near_certain if enough else None


def said(row: Expected, view: Expected) -> dict[str, Any]:
    """For the quality report; `view`: all pairs of sources of the view."""
    found = share_found(row, view)
    return row.__dict__ | {"precision": row.precision, "recall": row.recall(found, view.precision), "found": found}


def joined(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """{(view, sources): pairs joined, by their own evidence or through a third}, of what `expected` said of a run."""
    return {(r["view"], r["sources"]): n for r in rows if (n := r["linked"] + r["chained"])}
