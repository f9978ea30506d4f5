"""How many women are behind the counts of a cohort that every entry counts in: one may be there several times."""

from duckdb import DuckDBPyConnection

from linkage.cohorts.sql import Relation, each_breakdown, gathered, kept, literal
from linkage.cohorts.tabulate import Asked, People, asked, divided, periods
from linkage.contracts.analysis import Analysis, Table
from linkage.contracts.entries import is_every

FIGURES = """(
    select 'denominator' as figure union all select 'numerator' union all select 'without' union all
    select 'in_custody' union all select 'died' union all select 'unknown' union all select 'not_linked'
)"""


def women_behind(people: People, analysis: Analysis) -> Relation | None:
    """(cohort, outcome, geography, period, breakdown, category, threshold, figure, women, again, women_again): one row
    per count that is not 0 of such a cohort; None where no table shows one.

    `women`: how many the entries are of; `again`: entries that are not the first of a woman in the quarter, and of how
    many women these are.
    """
    con = people.records.con
    found = [
        in_cells(people, analysis, table, one)
        for table in analysis.tables.values()
        for one in (asked(people, analysis, table) if people.records.threshold in table.thresholds else ())
        if is_every(analysis.cohorts[one.cohort])
    ]
    return kept(con, gathered(con, found).distinct().order("all")) if found else None


def in_cells(people: People, analysis: Analysis, table: Table, one: Asked) -> Relation:
    """The rows of one outcome and cohort in a table."""
    con = people.records.con
    entries = with_places(con, people.members[one.cohort], divided(people, analysis, table, one))  # noqa: F841
    quarters = periods(con, analysis.period, table)  # noqa: F841  the query reads these by name
    columns, sets = each_breakdown(analysis.divisions(table, analysis.cohorts[one.cohort]), "period", "figure")
    answered = one.answers  # noqa: F841
    return con.sql(
        f"""
        select
            {literal(one.cohort)} as cohort, {literal(one.outcome)} as outcome,
            {literal(analysis.geography(table))} as geography, period, {columns},
            {literal(people.records.threshold)} as threshold, figure,
            count(distinct entries.person_id) as women,
            cast(sum(case when place > 1 then 1 else 0 end) as bigint) as again,
            count(distinct case when place > 1 then entries.person_id end) as women_again
        from entries
        join answered on answered.person_id = entries.person_id and answered.index_date = entries.index_date
        join quarters on quarters.quarter = entries.quarter
        join {FIGURES} as figures
          on (figure = 'denominator' and counted) or (figure = 'numerator' and achieved)
          or (figure = 'without' and not achieved) or figure = why_not_counted
        group by {sets}
        """
    )


def with_places(con: DuckDBPyConnection, everybody: Relation, members: Relation) -> Relation:
    """`members` with `place`: the how manieth entry of a woman in the quarter, among all of the cohort."""
    return con.sql(
        """
        select members.*, placed.place
        from members
        join (
            select person_id, index_date,
                row_number() over (partition by person_id, quarter order by index_date) as place
            from everybody
        ) as placed
          on placed.person_id = members.person_id and placed.index_date = members.index_date
        """
    )
