"""How well each group of women was linked to each source: who the linkage loses, in one table.

Where a source is a spine the rate should be near one. For an event register it is the share of women with any record
there, which says little by itself; the ratio between groups still shows who is harder to find, or has no such record.
"""

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from linkage.cohorts.members import members_of_each
from linkage.cohorts.records import Records, require_persons
from linkage.cohorts.sql import Relation, each_breakdown, gathered, literal
from linkage.cohorts.tabulate import thresholds
from linkage.contracts.analysis import Analysis, Threshold


def link_quality(
    con: DuckDBPyConnection, analysis: Analysis, attributes: Mapping[str, Relation], person_index: Relation
) -> Relation:
    """(cohort, dataset, breakdown, category, threshold, anchor_records, linked, rate, ratio): one row per group.

    `anchor_records`: cohort entries, one per woman and quarter; for a dataset that covers England only, those in
    England. `linked`: those whose person has a record in the dataset. `rate`: their share, 0 to 1. `ratio`: the rate
    over that of the breakdown's reference category; null for all women, and where the reference links nobody. The
    breakdowns are those that declare a reference. Raises LinkError.
    """
    require_persons(con, attributes, person_index)
    found: list[Relation] = []
    for threshold in thresholds(analysis):
        records = Records(con, attributes, person_index, threshold)
        for name, members in members_of_each(records, analysis).items():
            found += [
                linked(con, members, records.of(dataset), analysis, name, dataset, threshold)
                for dataset in analysis.datasets
                if dataset != analysis.cohorts[name].dataset and dataset in attributes
            ]
    return compared(con, gathered(con, found), analysis)


def linked(
    con: DuckDBPyConnection,
    members: Relation,
    facts: Relation,
    analysis: Analysis,
    cohort: str,
    dataset: str,
    threshold: Threshold,
) -> Relation:
    """(cohort, dataset, threshold, breakdown, category, anchor_records, linked): one row per group of women.

    `facts`: the linked records of `dataset`.
    """
    anchor = analysis.datasets[analysis.cohorts[cohort].dataset]
    names = [name for name, one in analysis.breakdowns.items() if one.reference and one.fits(anchor)]
    columns, sets = each_breakdown(names)
    placed = "members.in_england" if analysis.datasets[dataset].geography == "England" else "true"
    return con.sql(
        f"""
        select
            {literal(cohort)} as cohort, {literal(dataset)} as dataset, {literal(threshold)} as threshold,
            {columns},
            count(*) as anchor_records,
            cast(sum(case when found.person_id is null then 0 else 1 end) as bigint) as linked
        from members
        left join (select distinct facts.person_id from facts) as found on found.person_id = members.person_id
        where {placed}
        group by {sets}
        """
    )


def compared(con: DuckDBPyConnection, groups: Relation, analysis: Analysis) -> Relation:
    """`groups` with their rate, and its ratio to that of the reference category."""
    reference = " or ".join(
        ["false"]
        + [
            f"(breakdown = {literal(name)} and category = {literal(one.reference)})"
            for name, one in analysis.breakdowns.items()
            if one.reference
        ]
    )
    return con.sql(
        f"""
        select
            cohort, dataset, breakdown, category, threshold, anchor_records, linked, rate,
            rate / nullif(max(case when {reference} then rate end) over (
                partition by cohort, dataset, breakdown, threshold
            ), 0) as ratio
        from (
            select
                groups.cohort, groups.dataset, groups.breakdown, groups.category, groups.threshold,
                groups.anchor_records, groups.linked,
                cast(groups.linked as double) / groups.anchor_records as rate
            from groups
            where groups.anchor_records > 0
        ) as rated
        order by cohort, dataset, threshold, breakdown, category
        """
    )
