"""How many women of each group lost their records of a source, and how many were given somebody else's, by a truth.

Counts of links, over all periods of a group, and never of outcomes: a rate that is corrected with the outcome of its
own cell would be right by construction, and would say nothing of how well rates can be corrected.
"""

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from linkage.cohorts.members import members_once_a_quarter
from linkage.cohorts.records import Records
from linkage.cohorts.sql import Relation, each_breakdown, gathered, kept, literal
from linkage.contracts.analysis import Analysis, Threshold

MEDIUM: Threshold = "medium"


def link_errors(
    con: DuckDBPyConnection,
    analysis: Analysis,
    attributes: Mapping[str, Relation],
    person_index: Relation,
    truth: Relation,
) -> Relation:
    """(cohort, dataset, breakdown, category, with_records, missed, given_records, wrong): one row per group of women.

    At the default threshold. `with_records`: women who truly have a record in the dataset; `missed`: the sum of the
    shares of their records that are not linked to them. `given_records`: women to whom one is linked; `wrong`: those to
    whom any of somebody else is, since with one record all that is linked to it comes. A woman counts once, however
    often she is in the cohort. `truth` (dataset, record_id, person): a record it does not know is left out. For a
    dataset that covers England only, women in England.
    """
    records = Records(con, attributes, person_index, MEDIUM)
    known = kept(con, whose(con, person_index, truth))
    found = [
        of_groups(con, members, known, analysis, (name, dataset))
        for name, members in members_once_a_quarter(records, analysis).items()
        for dataset in sorted({outcome.measure.dataset for outcome in analysis.outcomes.values()} & set(attributes))
    ]
    return gathered(con, found).order("cohort, dataset, breakdown, category")


def whose(con: DuckDBPyConnection, person_index: Relation, truth: Relation) -> Relation:
    """(dataset, record_id, given_to, person): of each record to whom it was linked, and whose it is."""
    return con.sql(
        f"""
        select truth.dataset, truth.record_id, person_index.person_id_{MEDIUM} as given_to, truth.person
        from truth
        join person_index on person_index.dataset = truth.dataset and person_index.record_id = truth.record_id
        """
    )


def of_groups(
    con: DuckDBPyConnection, members: Relation, known: Relation, analysis: Analysis, between: tuple[str, str]
) -> Relation:
    """The rows of one cohort and dataset (`between`)."""
    cohort, dataset = between
    anchor = analysis.datasets[analysis.cohorts[cohort].dataset]
    fitting = [name for name, one in analysis.breakdowns.items() if one.fits(anchor)]
    columns, sets = each_breakdown(fitting, "herself")
    placed = "members.in_england" if analysis.datasets[dataset].geography == "England" else "true"
    return con.sql(
        f"""
        select
            {literal(cohort)} as cohort, {literal(dataset)} as dataset, breakdown, category,
            count(missed) as with_records, coalesce(sum(missed), 0.0) as missed,
            count(wrong) as given_records, coalesce(sum(wrong), 0.0) as wrong
        from (
            select herself, {columns}, avg(missed) as missed, avg(wrong) as wrong
            from (
                select
                    members.*, anchors.person as herself,
                    1.0 - coalesce(right_ones.records, 0) / cast(hers.records as double) as missed,
                    case when coalesce(right_ones.records, 0) < given.records then 1.0
                        when given.records > 0 then 0.0 end as wrong
                from members
                join (select record_id, person from known where dataset = {literal(anchor.name)}) as anchors
                  on anchors.record_id = members.record_id
                left join ({how_many("person", dataset)}) as hers on hers.person = anchors.person
                left join ({how_many("given_to", dataset)}) as given on given.given_to = members.person_id
                left join ({how_many("person, given_to", dataset)}) as right_ones
                  on right_ones.person = anchors.person and right_ones.given_to = members.person_id
                where {placed}
            ) as entries
            group by {sets}
        ) as women
        group by breakdown, category
        """
    )


def how_many(by: str, dataset: str) -> str:
    """SQL: how many records of the dataset there are of each."""
    return f"select {by}, count(*) as records from known where dataset = {literal(dataset)} group by {by}"
