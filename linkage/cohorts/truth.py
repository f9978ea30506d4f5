"""Invented people: what is said of each woman beside what became of her, and each cell as perfect links would count it.

What became of her was written by plain code over the life that was invented for her, and shares nothing with this.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from duckdb import DuckDBPyConnection

from linkage.cohorts import comparing, tabulate
from linkage.cohorts.records import Records
from linkage.cohorts.sql import Relation, any_of, gathered, kept, literal
from linkage.cohorts.tabulate import Asked, People, asked, people_at
from linkage.contracts.adding import NONE_DECLARED
from linkage.contracts.analysis import Analysis, Threshold
from linkage.contracts.comparison import Comparison
from linkage.contracts.entries import is_every

MEMBERS = "in the cohort"
MEDIUM: Threshold = "medium"
CELL = ("cohort", "outcome", "period", "breakdown", "category")


def at_medium(analysis: Analysis) -> Analysis:
    """The declared tables, at the default threshold only."""
    only = {name: table.model_copy(update={"thresholds": (MEDIUM,)}) for name, table in analysis.tables.items()}
    return replace(analysis, tables=only)


def true_index(con: DuckDBPyConnection, records: Relation, truth: Relation) -> Relation:
    """(dataset, record_id, person_id_high, person_id_medium, person_id_low): the person index were every link right.

    `records`: (dataset, record_id …); `truth`: (dataset, record_id, person). A record that the truth does not know is a
    person of its own.
    """
    whose = "truth.person, coalesce(truth.person, dataset || ' ' || record_id)"
    person = f"cast(dense_rank() over (order by {whose}) as bigint)"
    ids = ", ".join(f"{person} as person_id_{threshold}" for threshold in ("high", "medium", "low"))
    return kept(
        con, con.sql(f"select dataset, record_id, {ids} from records left join truth using (dataset, record_id)")
    )


def perfect_cells(
    con: DuckDBPyConnection,
    analysis: Analysis,
    attributes: Mapping[str, Relation],
    person_index: Relation,
    truth: Relation,
    comparisons: Mapping[str, Comparison] = NONE_DECLARED,
) -> Relation:
    """(cohort, outcome, period, breakdown, category, numerator, denominator): one row per declared cell, unrounded, by
    the same records and definitions under the ids of the truth (`true_index`).
    """
    rightly = true_index(con, person_index, truth)
    also = comparing.Counting(con, analysis, comparisons)
    found = tabulate.tables(con, at_medium(analysis), attributes, rightly, also.at) | also.tables()
    return gathered(con, [table.project(", ".join((*CELL, "numerator", "denominator"))) for table in found.values()])


def agreement(records: Records, analysis: Analysis, truth: Relation, lived: Path) -> Relation:
    """(outcome, asked, agreed): one row per outcome: on how many women, of those whom either side knows of, what is
    said by records as they are linked agrees with what became of them. A woman who is linked as two is there twice.

    `lived`: the folder of the truth.
    """
    con = records.con
    whose = kept(con, most_records(con, records.person_index, truth))  # noqa: F841  the queries read these by name
    found = said(people_at(records, analysis), analysis)  # noqa: F841
    named = con.sql("select found.* replace (whose.person as person) from found left join whose on id = found.person")
    compared_so = beside(con, named, lived, entry(analysis))
    return compared_so.aggregate(
        "outcome, count(*) as asked, cast(sum(cast(agreed as int)) as bigint) as agreed"
    ).order("outcome")


def most_records(con: DuckDBPyConnection, person_index: Relation, truth: Relation) -> Relation:
    """(id, person): of each person id of the default threshold, the person of whom most of its records are."""
    return con.sql(
        f"""
        with counted as (
            select person_id_{MEDIUM} as id, person, count(*) as n
            from person_index join truth using (dataset, record_id) group by all
        )
        select id, person from counted qualify row_number() over (partition by id order by n desc, person) = 1
        """
    )


def compared(records: Records, analysis: Analysis, lived: Path) -> Relation:
    """As `beside`, of records whose person ids are the truth's own."""
    return beside(records.con, said(people_at(records, analysis), analysis), lived, entry(analysis))


def entry(analysis: Analysis) -> str:
    """SQL: which entry of a woman a row is about: the one of its quarter, or of its day where every entry counts."""
    every = [name for name, cohort in analysis.cohorts.items() if is_every(cohort)]
    return f"case when cohort in {any_of(['', *every])} then cast(index_date as varchar) else quarter end"


def said(people: People, analysis: Analysis) -> Relation:
    """(cohort, outcome, quarter, person, index_date, counted, achieved): one row per woman the pipeline is asked about.

    With a row of the outcome MEMBERS for each woman and quarter of a cohort. Who is not counted has not achieved it.
    """
    con = people.records.con
    found = [
        members.project(
            f"{literal(cohort)} as cohort, {literal(MEMBERS)} as outcome, quarter, person_id as person, index_date, "
            "true as counted, true as achieved"
        )
        for cohort, members in people.members.items()
    ]
    each = {  # two tables that show an outcome of the same women ask once
        (one.cohort, one.outcome): one for table in analysis.tables.values() for one in asked(people, analysis, table)
    }
    found += [answered(con, one) for one in each.values()]
    return gathered(con, found)


def answered(con: DuckDBPyConnection, one: Asked) -> Relation:
    """The rows of one cohort and outcome."""
    members, answers = one.members, one.answers  # noqa: F841  the query reads them by name
    return con.sql(
        f"""
        select {literal(one.cohort)} as cohort, {literal(one.outcome)} as outcome, members.quarter,
            members.person_id as person, index_date, counted, coalesce(achieved, false) as achieved
        from members join answers using (person_id, index_date)
        """
    )


def happened(con: DuckDBPyConnection, lived: Path) -> Relation:
    """The same rows as the truth has them."""
    file = con.read_csv(str(lived / "outcomes.csv"), header=True)
    outcomes = file.project("* replace (counted = 'yes' as counted, achieved = 'yes' as achieved)")  # noqa: F841  by name
    return con.sql(
        f"""
        from outcomes
        union all
        select distinct cohort, {literal(MEMBERS)}, quarter, person, index_date, true, true from outcomes
        """
    )


def beside(con: DuckDBPyConnection, said: Relation, lived: Path, entry: str) -> Relation:
    """(cohort, outcome, quarter, person, said_counted, said_achieved, counted, achieved, agreed): one row per woman and
    `entry` whom either side knows of; first as is said, then as it was.

    They agree when both count her from the same day with the same answer, or neither counts her. Whom the pipeline does
    not ask, because an outcome is not about her, the truth does not count.
    """
    here = said.project(f"*, {entry} as entry")  # noqa: F841  the query reads these by name
    there = happened(con, lived).project(f"*, {entry} as entry")  # noqa: F841
    found = con.sql(
        """
        select *, same_day and said_counted = counted and said_achieved = achieved as agreed
        from (
            select cohort, outcome, coalesce(here.quarter, there.quarter) as quarter, person,
                coalesce(here.counted, false) as said_counted, coalesce(here.achieved, false) as said_achieved,
                coalesce(there.counted, false) as counted, coalesce(there.achieved, false) as achieved,
                coalesce(here.index_date = there.index_date, not coalesce(here.counted, there.counted)) as same_day
            from here full join there using (cohort, outcome, entry, person)
        )
        """
    )
    return kept(con, found.project("* exclude (same_day)"))
