"""Records of one person that cannot be one person: false links that need no truth to be seen.

"Implausible scenarios" in Harron and others, A guide to evaluating linkage quality for the analysis of linked data,
International Journal of Epidemiology 2017. Their number is a lower bound: most false links contradict nothing.
"""

from collections.abc import Iterator, Mapping

import pyarrow as pa
from duckdb import DuckDBPyConnection

from linkage.cohorts.circumstances import custody_spells, dated
from linkage.cohorts.records import Records
from linkage.cohorts.sql import Relation, gathered, literal
from linkage.cohorts.tabulate import thresholds
from linkage.contracts.analysis import Analysis
from linkage.contracts.circumstances import Circumstances

A_CONTRADICTION = pa.schema(
    {
        "dataset_l": pa.string(),
        "record_id_l": pa.int64(),
        "dataset_r": pa.string(),
        "record_id_r": pa.int64(),
        "reason": pa.string(),
    }
)


def contradictions(
    con: DuckDBPyConnection, analysis: Analysis, attributes: Mapping[str, Relation], person_index: Relation
) -> Relation:
    """(dataset_l, record_id_l, dataset_r, record_id_r, reason, threshold): one row per pair, reason and threshold.

    `threshold`: at which person ids the two are one person. One of the two records may also hold a wrong date.
    """
    found: list[Relation] = []
    for threshold in thresholds(analysis):
        for pairs in at_one_threshold(Records(con, attributes, person_index, threshold), analysis.circumstances):
            found.append(pairs.project(f"*, {literal(threshold)} as threshold"))
    return gathered(con, found).order("threshold, reason, dataset_l, record_id_l, dataset_r, record_id_r")


def impossible(
    con: DuckDBPyConnection, declared: Circumstances | None, attributes: Mapping[str, Relation], person_index: Relation
) -> Relation:
    """(dataset_l, record_id_l, dataset_r, record_id_r, reason): what is found at the loosest threshold alone.

    `person_index` (dataset, record_id, person_id_low); `attributes` of the datasets that tell of circumstances. Where
    none are declared nothing is impossible.
    """
    if declared is None:
        return con.from_arrow(A_CONTRADICTION.empty_table())
    found = list(at_one_threshold(Records(con, attributes, person_index, "low"), declared))
    return gathered(con, [con.from_arrow(A_CONTRADICTION.empty_table()), *found]).order(
        "dataset_l, record_id_l, dataset_r, record_id_r, reason"
    )


def at_one_threshold(records: Records, declared: Circumstances) -> Iterator[Relation]:
    """(dataset_l, record_id_l, dataset_r, record_id_r, reason): one relation per kind of contradiction.

    Of datasets that are not there nothing is found.
    """
    con, custody = records.con, declared.in_custody
    died, alive = (
        tuple(one for one in dates if one.dataset in records.attributes) for dates in (declared.died, declared.alive)
    )
    if custody.dataset in records.attributes:
        yield overlapping_custody(con, custody_spells(records, custody), custody.dataset)
    if died and alive:
        yield after_death(con, dated(records, died), dated(records, alive))


def overlapping_custody(con: DuckDBPyConnection, spells: Relation, dataset: str) -> Relation:
    """(dataset_l, record_id_l, dataset_r, record_id_r, reason): two spells with a night in common; touching is none."""
    return con.sql(
        f"""
        select
            {literal(dataset)} as dataset_l, a.record_id as record_id_l,
            {literal(dataset)} as dataset_r, b.record_id as record_id_r,
            'overlapping custody' as reason
        from spells as a
        join spells as b
          on b.person_id = a.person_id
         and b.record_id > a.record_id
         and (b.outside_from is null or a.inside_from < b.outside_from)
         and (a.outside_from is null or b.inside_from < a.outside_from)
        """
    )


def after_death(con: DuckDBPyConnection, died: Relation, alive: Relation) -> Relation:
    """(dataset_l, record_id_l, dataset_r, record_id_r, reason): a death, and a sign of life of a later day."""
    return con.sql(
        """
        select
            died.dataset as dataset_l, died.record_id as record_id_l,
            alive.dataset as dataset_r, alive.record_id as record_id_r,
            concat(alive.what, ' after death') as reason
        from died
        join alive on alive.person_id = died.person_id and alive.on_day > died.on_day
        """
    )
