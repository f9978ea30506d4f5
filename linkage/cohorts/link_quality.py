"""How well each group of women was linked to each source: who the linkage loses, in one table.

Where a source is a spine the rate should be near one. For an event register it is the share of women with any record
there, which says little by itself; the ratio between groups still shows who is harder to find, or has no such record.
"""

from collections.abc import Collection, Mapping

from duckdb import DuckDBPyConnection

from linkage.cohorts.members import members_once_a_quarter
from linkage.cohorts.records import Records, require_persons
from linkage.cohorts.sql import Relation, each_breakdown, gathered, literal
from linkage.cohorts.tabulate import thresholds
from linkage.contracts.analysis import Analysis, Threshold

Z = 1.959964
# Of a group in which nobody is linked, for the interval alone: the logarithm of nothing is none.
HALF_A_WOMAN = 0.5


def link_quality(
    con: DuckDBPyConnection, analysis: Analysis, attributes: Mapping[str, Relation], person_index: Relation
) -> Relation:
    """(cohort, dataset, breakdown, category, threshold, anchor_records, linked, rate, ratio, lower, upper): one row per
    group.

    `anchor_records`: cohort entries, one per woman and quarter; for a dataset that covers England only, those in
    England. `linked`: those whose person has a record in the dataset. `rate`: their share, 0 to 1. `ratio`: the rate
    over that of the breakdown's reference category; null for all women, and where the reference links nobody. `lower`,
    `upper`: its 95 % interval by the logarithm of a ratio of proportions (Katz and others, Biometrics 1978), as if each
    entry were another woman; null for the reference itself. The breakdowns are those that declare a reference. Raises
    LinkError.
    """
    require_persons(con, attributes, person_index)
    found: list[Relation] = []
    for threshold in thresholds(analysis):
        records = Records(con, attributes, person_index, threshold)
        there = records.people_in(attributes)
        for name, members in members_once_a_quarter(records, analysis).items():
            found += [
                linked(con, members, there[dataset], analysis, name, dataset, threshold)
                for dataset in elsewhere(analysis, name, attributes)
            ]
    return compared(con, gathered(con, found), analysis)


def linked(
    con: DuckDBPyConnection,
    members: Relation,
    there: Relation,
    analysis: Analysis,
    cohort: str,
    dataset: str,
    threshold: Threshold,
) -> Relation:
    """(cohort, dataset, threshold, breakdown, category, anchor_records, linked): one row per group of women.

    `there`: (person_id), one row per person with a record in `dataset`.
    """
    columns, sets, placed = groups_looked_for(analysis, cohort, dataset)
    return con.sql(
        f"""
        select
            {literal(cohort)} as cohort, {literal(dataset)} as dataset, {literal(threshold)} as threshold,
            {columns},
            count(*) as anchor_records,
            cast(sum(case when found.person_id is null then 0 else 1 end) as bigint) as linked
        from members
        left join there as found on found.person_id = members.person_id
        where {placed}
        group by {sets}
        """
    )


def elsewhere(analysis: Analysis, cohort: str, delivered: Collection[str]) -> list[str]:
    """The delivered datasets in which the women of a cohort are looked for: all but its own."""
    own = analysis.cohorts[cohort].dataset
    return [dataset for dataset in analysis.datasets if dataset != own and dataset in delivered]


def groups_looked_for(analysis: Analysis, cohort: str, dataset: str) -> tuple[str, str, str]:
    """SQL of the groups of a cohort's `members` that are looked for in a dataset: columns, grouping sets, condition.

    By the breakdowns that declare a reference to compare with; only in England where the dataset covers England only.
    """
    anchor = analysis.datasets[analysis.cohorts[cohort].dataset]
    names = [name for name, one in analysis.breakdowns.items() if one.reference and one.fits(anchor)]
    placed = "members.in_england" if analysis.datasets[dataset].geography == "England" else "true"
    return *each_breakdown(names), placed


def compared(con: DuckDBPyConnection, groups: Relation, analysis: Analysis) -> Relation:
    """`groups` with their rate, its ratio to that of the reference category, and the interval of the ratio."""
    reference = " or ".join(
        ["false"]
        + [
            f"(breakdown = {literal(name)} and category = {literal(one.reference)})"
            for name, one in analysis.breakdowns.items()
            if one.reference
        ]
    )
    of_reference = "over (partition by cohort, dataset, breakdown, threshold)"
    return con.sql(
        f"""
        select
            cohort, dataset, breakdown, category, threshold, anchor_records, linked, rate, ratio,
            exp(middle - {Z} * spread) as lower, exp(middle + {Z} * spread) as upper
        from (
            select
                *, rate / nullif(reference_linked / reference_records, 0) as ratio,
                case when not is_reference then
                    ln(seen / anchor_records) - ln(reference_linked / reference_records)
                end as middle,
                sqrt(1 / seen - 1.0 / anchor_records + 1 / reference_linked - 1 / reference_records) as spread
            from (
                select
                    *, cast(linked as double) / anchor_records as rate,
                    case when linked = 0 then {HALF_A_WOMAN} else cast(linked as double) end as seen,
                    nullif(max(case when is_reference then cast(linked as double) end) {of_reference}, 0)
                        as reference_linked,
                    max(case when is_reference then cast(anchor_records as double) end) {of_reference}
                        as reference_records
                from (select groups.*, {reference} as is_reference from groups where anchor_records > 0) as marked
            ) as beside
        ) as rated
        order by cohort, dataset, threshold, breakdown, category
        """
    )
