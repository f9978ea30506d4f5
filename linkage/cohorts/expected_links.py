"""How many women of each group are linked rightly, and how many are missed, as the match probabilities say.

What linkage.matching.expected does for pairs of records, here for women: her link to a source is as probable as the
best pair between one of her records elsewhere and one there. Probabilities are a model's; compare groups by them, and
hold them against a truth or a review in clear where there is one.
"""

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from linkage.cohorts.link_quality import elsewhere, groups_looked_for
from linkage.cohorts.members import members_once_a_quarter
from linkage.cohorts.records import Records
from linkage.cohorts.sql import Relation, gathered, kept, literal
from linkage.contracts.analysis import Analysis, Threshold

MEDIUM: Threshold = "medium"
SURE = 0.95  # the default threshold


def expected_links(
    con: DuckDBPyConnection,
    analysis: Analysis,
    attributes: Mapping[str, Relation],
    person_index: Relation,
    edges: Relation,
    unlinkable: Relation,
) -> Relation:
    """(cohort, dataset, breakdown, category, entries, linked, right, missed, near_certain, otherwise, unlinkable).

    One row per group of cohort entries, a woman and quarter each, at the default threshold. `linked`: with a record in
    the dataset; `right`: the sum of their probabilities; `missed`: that of the others. `near_certain`: linked on a
    person number too; `otherwise`: those of them that a rule without a number found as well. `unlinkable`: whose own
    record of the cohort says too little to be linked to anything. `edges` (dataset_l, record_id_l, dataset_r,
    record_id_r, match_probability, by_number, by_others), `unlinkable` (dataset, record_id).
    """
    records = Records(con, attributes, person_index, MEDIUM)
    links, there = kept(con, best_links(con, edges, person_index)), records.people_in(attributes)
    found = [
        of_groups(con, members, links, there[dataset], unlinkable, analysis, (name, dataset))
        for name, members in members_once_a_quarter(records, analysis).items()
        for dataset in elsewhere(analysis, name, attributes)
    ]
    return gathered(con, found).order("cohort, dataset, breakdown, category")


def best_links(con: DuckDBPyConnection, edges: Relation, person_index: Relation) -> Relation:
    """(person_id, dataset, inside, outside, near_certain, otherwise): one row per person and dataset compared with.

    `inside`, `outside`: the highest probability of a pair with a record there that is hers, that is not; null for none.
    """
    return con.sql(
        f"""
        select
            one.person_id_{MEDIUM} as person_id, ends.dataset,
            max(case when one.person_id_{MEDIUM} = other.person_id_{MEDIUM} then p end) as inside,
            max(case when one.person_id_{MEDIUM} <> other.person_id_{MEDIUM} then p end) as outside,
            max(case when one.person_id_{MEDIUM} = other.person_id_{MEDIUM} and by_number and p >= {SURE}
                then 1 else 0 end) as near_certain,
            max(case when one.person_id_{MEDIUM} = other.person_id_{MEDIUM} and by_others and p >= {SURE}
                then 1 else 0 end) as otherwise
        from (
            select dataset_l as of_dataset, record_id_l as of_record, dataset_r as dataset, record_id_r as record_id,
                match_probability as p, by_number, by_others
            from edges where dataset_l <> dataset_r
            union all
            select dataset_r as of_dataset, record_id_r as of_record, dataset_l as dataset, record_id_l as record_id,
                match_probability as p, by_number, by_others
            from edges where dataset_l <> dataset_r
        ) as ends
        join person_index as one on one.dataset = ends.of_dataset and one.record_id = ends.of_record
        join person_index as other on other.dataset = ends.dataset and other.record_id = ends.record_id
        group by one.person_id_{MEDIUM}, ends.dataset
        """
    )


def of_groups(
    con: DuckDBPyConnection,
    members: Relation,
    links: Relation,
    there: Relation,
    unlinkable: Relation,
    analysis: Analysis,
    between: tuple[str, str],
) -> Relation:
    """The rows of one cohort and dataset (`between`); none where nobody is looked for there.

    `there`: (person_id), one row per person with a record in the dataset.
    """
    cohort, dataset = between
    columns, sets, placed = groups_looked_for(analysis, cohort, dataset)
    own = analysis.cohorts[cohort].dataset
    return con.sql(
        f"""
        select
            {literal(cohort)} as cohort, {literal(dataset)} as dataset, {columns}, count(*) as entries,
            cast(sum(found) as bigint) as linked,
            sum(case when found = 1 then coalesce(inside, 1.0) else 0.0 end) as right,
            sum(case when found = 0 then coalesce(outside, 0.0) else 0.0 end) as missed,
            cast(sum(case when found = 1 and near_certain = 1 then 1 else 0 end) as bigint) as near_certain,
            cast(sum(case when found = 1 and near_certain = 1 and otherwise = 1 then 1 else 0 end) as bigint)
                as otherwise,
            cast(sum(alone) as bigint) as unlinkable
        from (
            select
                members.*, links.inside, links.outside, links.near_certain, links.otherwise,
                case when there.person_id is null then 0 else 1 end as found,
                case when silent.record_id is null then 0 else 1 end as alone
            from members
            left join there on there.person_id = members.person_id
            left join links on links.person_id = members.person_id and links.dataset = {literal(dataset)}
            left join (select record_id from unlinkable where dataset = {literal(own)}) as silent
                on silent.record_id = members.record_id
            where {placed}
        ) as entries
        group by {sets}
        having count(*) > 0
        """
    )
