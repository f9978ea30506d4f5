"""How many events there were, and of how many women: the numbers behind a published sum, at the default threshold."""

from collections.abc import Iterator

from duckdb import DuckDBPyConnection

from linkage.cohorts.outcomes import numbers
from linkage.cohorts.sql import Relation, each_breakdown, gathered, kept, literal
from linkage.cohorts.tabulate import Asked, People, ask, divided, periods
from linkage.contracts.analysis import Analysis, Table
from linkage.contracts.entries import is_every
from linkage.contracts.outcome import Event

CELL = ("cohort", "outcome", "geography", "period", "breakdown", "category")


def sums(people: People, analysis: Analysis) -> Relation | None:
    """(cohort, outcome, geography, period, breakdown, category, events, with_one, women, largest, two_largest): one row
    per cell with an event, of every outcome with a frequency; None where there is none.

    `events`: of all women counted; `with_one`: entries that have one, and `women` these are of; `largest`: the most of
    one woman, over all her entries of the cell; `two_largest`: of two together.
    """
    con = people.records.con
    found = [
        in_cells(con, analysis, table, one, with_numbers(people, analysis, table, one))
        for table in analysis.tables.values()
        for one in counted_often(people, analysis, table)
    ]
    return kept(con, gathered(con, found).distinct().order(", ".join(CELL))) if found else None


def counted_often(people: People, analysis: Analysis, table: Table) -> Iterator[Asked]:
    """The outcomes with a frequency of a table, asked of its cohorts; none of a cohort that every entry counts in: what
    its sum has more than that of first entries is of the few women who have several.
    """
    for cohort in table.cohorts:
        for name, outcome in analysis.outcomes_of(table).items():
            if outcome.frequency and not is_every(analysis.cohorts[cohort]):
                yield ask(people, analysis, table, cohort, name)


def numbers_of(people: People, analysis: Analysis, one: Asked) -> Relation:
    """The same of one outcome with a frequency, asked of one cohort."""
    event = analysis.outcomes[one.outcome].measure
    if not isinstance(event, Event):
        raise TypeError(f"{one.outcome} has no events")
    return numbers(people.records.con, one.members, one.answers, people.facts[event.dataset], event)


def with_numbers(people: People, analysis: Analysis, table: Table, one: Asked) -> Relation:
    """The members who are counted, with their categories and a column `events`."""
    members = divided(people, analysis, table, one)  # noqa: F841  the query reads them by name
    found = numbers_of(people, analysis, one)  # noqa: F841
    return people.records.con.sql("select members.*, events from members join found using (person_id, index_date)")


def in_cells(con: DuckDBPyConnection, analysis: Analysis, table: Table, one: Asked, members: Relation) -> Relation:
    """The rows of `sums` of one outcome and cohort in a table."""
    quarters = periods(con, analysis.period, table)  # noqa: F841  the query reads it by name
    divisions = analysis.divisions(table, analysis.cohorts[one.cohort])
    columns, sets = each_breakdown(divisions, "period", "person_id")
    cell = "period, breakdown, category"
    return con.sql(
        f"""
        select
            {literal(one.cohort)} as cohort, {literal(one.outcome)} as outcome,
            {literal(analysis.geography(table))} as geography, {cell},
            cast(sum(events) as bigint) as events, cast(sum(with_one) as bigint) as with_one, count(*) as women,
            cast(max(events) as bigint) as largest,
            cast(sum(case when place <= 2 then events else 0 end) as bigint) as two_largest
        from (
            select *, row_number() over (partition by {cell} order by events desc, person_id) as place
            from (
                select
                    period, {columns}, person_id, sum(events) as events,
                    sum(case when events > 0 then 1 else 0 end) as with_one
                from members join quarters on quarters.quarter = members.quarter
                group by {sets}
            ) as hers
            where events > 0
        ) as placed
        group by {cell}
        """
    )
