"""Who died in a window of days after her index date, and on how many of its days each woman was alive.

The day of a death counts as one on which she was alive, so that whoever is alive when a window begins has one at least.
"""

from duckdb import DuckDBPyConnection

from linkage.cohorts.sql import Relation, day
from linkage.contracts.outcome import Death, Event, Run, Spell, Status


def died_within(con: DuckDBPyConnection, members: Relation, deaths: Relation, death: Death) -> Relation:
    """(person_id, index_date, achieved): one row per member; did she die in the window?"""
    first, last = (day("members.index_date", days) for days in death.days)
    return con.sql(
        f"""
        select
            members.person_id, members.index_date,
            case when deaths.died_on between {first} and {last} then true else false end as achieved
        from members
        left join deaths on deaths.person_id = members.person_id
        """
    )


def with_days(
    con: DuckDBPyConnection, answered: Relation, deaths: Relation, measure: Death | Event | Run | Spell | Status
) -> Relation:
    """`answered` with `days`: on how many days of the window of a death a woman who is counted was alive; else null."""
    if not isinstance(measure, Death):
        return answered.project("*, cast(null as integer) as days")
    first, last = (day("answered.index_date", days) for days in measure.days)
    until = f"cast(deaths.died_on - {first} as integer) + 1"
    return con.sql(
        f"""
        select answered.*, case
            when not answered.counted then null
            when deaths.died_on is null or deaths.died_on > {last} then {measure.last_day - measure.first_day + 1:d}
            when deaths.died_on < {first} then 0
            else {until} end as days
        from answered
        left join deaths on deaths.person_id = answered.person_id
        """
    )
