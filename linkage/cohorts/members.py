"""Who is in a cohort, and on which day her follow-up begins."""

from collections.abc import Mapping

import pyarrow as pa
from duckdb import DuckDBPyConnection

from linkage.cohorts.records import Records
from linkage.cohorts.sql import Relation, age, category, chosen, in_england, kept
from linkage.contracts.analysis import Analysis
from linkage.contracts.cohort import Breakdown, Cohort
from linkage.contracts.dataset import Dataset
from linkage.contracts.entries import firsts, is_every
from linkage.contracts.period import Period


def members(
    con: DuckDBPyConnection,
    anchors: Relation,
    quarters: Relation,
    cohort: Cohort,
    dataset: Dataset,
    breakdowns: Mapping[str, Breakdown],
) -> Relation:
    """(person_id, record_id, index_date, quarter, in_england, breakdowns …): one row per woman and quarter; per woman
    and day where every entry counts.

    `anchors`: the linked records of the cohort's dataset. Her first qualifying record of the quarter is the one taken;
    of several on that day the first by `then_by`. A breakdown is a column when the dataset can fill it.
    """
    index_date = f"anchors.{cohort.index_date}"
    fitting = {name: one for name, one in breakdowns.items() if one.fits(dataset)}
    names = "".join(f", {name}" for name in fitting)
    categories = "".join(
        f", {category(one, dataset, 'anchors', index_date)} as {name}" for name, one in fitting.items()
    )
    then_by = f", anchors.{cohort.then_by}" if cohort.then_by else ""
    once_in = index_date if is_every(cohort) else "quarters.quarter"
    return con.sql(
        f"""
        select person_id, record_id, index_date, quarter, in_england {names}
        from (
            select
                anchors.person_id, anchors.record_id, {index_date} as index_date, quarters.quarter,
                {in_england(breakdowns, dataset, "anchors")} as in_england {categories},
                row_number() over (
                    partition by anchors.person_id, {once_in}
                    order by {index_date} {then_by}, anchors.record_id
                ) as place
            from anchors
            join quarters on {index_date} between quarters.first_day and quarters.last_day
            where {chosen("anchors", {**cohort.where, "sex": (cohort.sex,)})}
              and {age(f"anchors.{cohort.born}", index_date)} >= {cohort.youngest:d}
        ) as entries
        where place = 1
        order by person_id, index_date
        """
    )


def calendar(con: DuckDBPyConnection, period: Period) -> Relation:
    """(quarter, first_day, last_day): one row per quarter of the period."""
    quarters = period.calendar
    return con.from_arrow(
        pa.table(
            {
                "quarter": [quarter.label for quarter in quarters],
                "first_day": [quarter.first_day for quarter in quarters],
                "last_day": [quarter.last_day for quarter in quarters],
            }
        )
    )


def members_of(records: Records, analysis: Analysis, cohort: Cohort) -> Relation:
    """`members` of a declared cohort, worked out once and kept in memory: several tables read it."""
    con, dataset = records.con, analysis.datasets[cohort.dataset]
    quarters = calendar(con, analysis.period)
    return kept(con, members(con, records.of(cohort.dataset), quarters, cohort, dataset, analysis.breakdowns))


def members_of_each(records: Records, analysis: Analysis) -> dict[str, Relation]:
    """{cohort: its members} of every declared cohort."""
    return {name: members_of(records, analysis, cohort) for name, cohort in analysis.cohorts.items()}


def members_once_a_quarter(records: Records, analysis: Analysis) -> dict[str, Relation]:
    """The same but for cohorts whose women are those of another, which counts the first entries of theirs."""
    repeated = firsts(analysis.cohorts)
    return {name: members_of(records, analysis, one) for name, one in analysis.cohorts.items() if name not in repeated}


def sex_conflicts(records: Records, analysis: Analysis) -> list[dict[str, str | int]]:
    """[{cohort, dataset, threshold, women, conflicts}]: women of the cohort with a record of another known sex.

    Sex in the cohort is that of the cohort's record. Where the scope keeps men's records in their department there is
    nothing to find, and 0 says nothing.
    """
    found: list[dict[str, str | int]] = []
    for name, members in members_once_a_quarter(records, analysis).items():
        sex = analysis.cohorts[name].sex
        for dataset, declared in analysis.datasets.items():
            if dataset in records.attributes and "sex" in declared.attributes:
                women, conflicts = with_another_sex(records.con, members, records.of(dataset), sex)
                found.append(
                    {
                        "cohort": name,
                        "dataset": dataset,
                        "threshold": records.threshold,
                        "women": women,
                        "conflicts": conflicts,
                    }
                )
    return found


def with_another_sex(con: DuckDBPyConnection, members: Relation, facts: Relation, sex: str) -> tuple[int, int]:
    """How many women there are, and how many of them have a record among `facts` with another known sex."""
    query = """
        select
            count(distinct members.person_id) as women,
            count(distinct case when facts.sex in ('F', 'M') and facts.sex <> $sex then members.person_id end) as others
        from members
        left join facts on facts.person_id = members.person_id
        """
    [(women, others)] = con.sql(query, params={"sex": sex}).fetchall()
    return int(women), int(others)
