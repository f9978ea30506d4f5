"""What became of each woman after her index date: one statement for each kind of measure.

Days are counted from the index date, day 0; a window includes both its ends.
"""

from collections.abc import Collection

from duckdb import DuckDBPyConnection

from linkage.cohorts.deaths import died_within, with_days
from linkage.cohorts.sql import Relation, any_of, chosen, day
from linkage.contracts.choices import Where
from linkage.contracts.dataset import Coverage
from linkage.contracts.order import Order
from linkage.contracts.outcome import Death, Event, Outcome, Run, Spell, Status


def eligible(con: DuckDBPyConnection, members: Relation, anchors: Relation, where: Where) -> Relation:
    """`members` whose cohort record, among `anchors`, is one that `where` chooses."""
    return con.sql(
        f"""
        select members.*
        from members
        join anchors on anchors.record_id = members.record_id
        where {chosen("anchors", where)}
        """
    )


def counts(event: Event) -> str:
    """SQL: is a row of `facts`, of whoever is one of `members`, an event in the window, or one going on?"""
    happened, index_date = f"facts.{event.date}", "members.index_date"
    in_window = f"{happened} between {day(index_date, event.days[0])} and {day(index_date, event.days[1])}"
    going_on = "false"
    if event.continuing:
        until = f"facts.{event.continuing.until}"
        going_on = f"({happened} < {index_date} and ({until} is null or {until} > {index_date}))"
    confirmed = "true"
    if event.confirmed_by:
        confirmed = f"facts.{event.confirmed_by.date} <= {day(index_date, event.confirmed_by.within_days)}"
    return f"{chosen('facts', event.where)} and ({in_window} or {going_on}) and {confirmed}"


def any_event(con: DuckDBPyConnection, members: Relation, facts: Relation, event: Event) -> Relation:
    """(person_id, index_date, achieved): one row per member; was there an event in the window, or one going on?"""
    return con.sql(
        f"""
        select
            members.person_id, members.index_date,
            max(case when facts.person_id is null then 0 else 1 end) = 1 as achieved
        from members
        left join facts on facts.person_id = members.person_id and {counts(event)}
        group by members.person_id, members.index_date
        """
    )


def numbers(con: DuckDBPyConnection, members: Relation, answers: Relation, facts: Relation, event: Event) -> Relation:
    """(person_id, index_date, events): one row per member who is counted: how many events of hers are in the window."""
    return con.sql(
        f"""
        select answers.person_id, answers.index_date, coalesce(found.events, 0) as events
        from answers
        left join (
            select members.person_id, members.index_date, count(*) as events
            from members
            join facts on facts.person_id = members.person_id and {counts(event)}
            group by members.person_id, members.index_date
        ) as found
          on found.person_id = answers.person_id and found.index_date = answers.index_date
        where answers.counted
        """
    )


def covering_spell(con: DuckDBPyConnection, members: Relation, facts: Relation, spell: Spell) -> Relation:
    """(person_id, index_date, achieved): one row per member; is the day within a spell?"""
    on_the_day = day("members.index_date", spell.day)
    return con.sql(
        f"""
        select
            members.person_id, members.index_date,
            max(case when facts.person_id is null then 0 else 1 end) = 1 as achieved
        from members
        left join facts
          on facts.person_id = members.person_id
         and {chosen("facts", spell.where)}
         and facts.{spell.start} <= {on_the_day}
         and (facts.{spell.end} is null or facts.{spell.end} >= {on_the_day})
        group by members.person_id, members.index_date
        """
    )


def longest_run(con: DuckDBPyConnection, members: Relation, facts: Relation, run: Run) -> Relation:
    """(person_id, index_date, achieved): one row per member; was she within spells for so many days on end?"""
    spells = spells_within(con, members, facts, run)  # noqa: F841  the query reads it by name
    before = (
        "over (partition by person_id, index_date order by first_day, last_day rows between unbounded preceding and"
    )
    return con.sql(
        f"""
        select
            members.person_id, members.index_date,
            max(case when runs.last_day >= {day("runs.first_day", run.days_on_end - 1)} then 1 else 0 end) = 1
                as achieved
        from members
        left join (
            select person_id, index_date, run, min(first_day) as first_day, max(last_day) as last_day
            from (
                select
                    person_id, index_date, first_day, last_day,
                    sum(case when first_day > {day("reached", 1)} then 1 else 0 end) {before} current row) as run
                from (select *, max(last_day) {before} 1 preceding) as reached from spells) as beside
            ) as numbered
            group by person_id, index_date, run
        ) as runs
          on runs.person_id = members.person_id and runs.index_date = members.index_date
        group by members.person_id, members.index_date
        """
    )


def spells_within(con: DuckDBPyConnection, members: Relation, facts: Relation, run: Run) -> Relation:
    """(person_id, index_date, first_day, last_day): one row per member and spell, as far as it is in the window."""
    first, last = (day("members.index_date", days) for days in run.days)
    return con.sql(
        f"""
        select
            members.person_id, members.index_date,
            greatest(facts.{run.start}, {first}) as first_day,
            least(coalesce(facts.{run.end}, {last}), {last}) as last_day
        from members
        join facts
          on facts.person_id = members.person_id
         and {chosen("facts", run.where)}
         and facts.{run.start} <= {last}
         and (facts.{run.end} is null or facts.{run.end} >= {first})
        """
    )


def latest_status(con: DuckDBPyConnection, members: Relation, facts: Relation, status: Status) -> Relation:
    """(person_id, index_date, achieved): one row per member; null when no status of the window is known."""
    first, last = (day("members.index_date", days) for days in status.days)
    is_achieved = f"case when facts.{status.column} in {any_of(status.achieved)} then 1 else 0 end"
    known = f"facts.{status.column} is not null"
    if status.unknown:
        known += f" and facts.{status.column} not in {any_of(status.unknown)}"
    return con.sql(
        f"""
        select members.person_id, members.index_date, latest.achieved = 1 as achieved
        from members
        left join (
            select
                members.person_id, members.index_date, {is_achieved} as achieved,
                row_number() over (
                    partition by members.person_id, members.index_date
                    order by facts.{status.date} desc, {is_achieved} desc
                ) as place
            from members
            join facts
              on facts.person_id = members.person_id
             and {chosen("facts", status.where)}
             and facts.{status.date} between {first} and {last}
             and {known}
        ) as latest
          on latest.person_id = members.person_id and latest.index_date = members.index_date and latest.place = 1
        """
    )


def counted(
    con: DuckDBPyConnection,
    achieved: Relation,
    facts: Relation,
    custody: Relation,
    deaths: Relation,
    on: int,
    exclude: Collection[str],
    coverage: Coverage,
) -> Relation:
    """(person_id, index_date, counted, achieved, why_not_counted): one row per member.

    Who died by the day `on`, was in custody on it, has no record in a spine, or has no known answer is not counted;
    the first of these that is true is the reason. `achieved` is null for her.
    """
    on_the_day = day("achieved.index_date", on)
    died = f"deaths.died_on <= {on_the_day}" if "died" in exclude else "false"
    inside = "inside.person_id is not null" if "in_custody" in exclude else "false"
    not_linked = "recorded.person_id is null" if coverage == "spine" else "false"
    return con.sql(
        f"""
        select
            person_id, index_date, why_not_counted is null as counted,
            case when why_not_counted is null then achieved end as achieved, why_not_counted
        from (
            select
                achieved.person_id, achieved.index_date, achieved.achieved,
                case
                    when {died} then 'died'
                    when {inside} then 'in_custody'
                    when {not_linked} then 'not_linked'
                    when achieved.achieved is null then 'unknown'
                end as why_not_counted
            from achieved
            left join deaths on deaths.person_id = achieved.person_id
            left join (select distinct facts.person_id from facts) as recorded
              on recorded.person_id = achieved.person_id
            left join (
                select distinct achieved.person_id, achieved.index_date
                from achieved
                join custody
                  on custody.person_id = achieved.person_id
                 and custody.inside_from <= {on_the_day}
                 and (custody.outside_from is null or custody.outside_from > {on_the_day})
            ) as inside
              on inside.person_id = achieved.person_id and inside.index_date = achieved.index_date
        ) as answered
        """
    )


def answers(
    con: DuckDBPyConnection,
    outcome: Outcome,
    coverage: Coverage,
    members: Relation,
    facts: Relation,
    custody: Relation,
    deaths: Relation,
) -> Relation:
    """(person_id, index_date, counted, achieved, why_not_counted, days): one row per member.

    `facts`: the linked records of the outcome's dataset, whose coverage decides what the absence of any record means.
    `days`: of a death, on how many days of its window she was alive, if she is counted. Raises TypeError for the order
    of contacts, which several datasets tell (`linkage.cohorts.sequences`).
    """
    measure = outcome.measure
    if isinstance(measure, Order):
        raise TypeError(f"{outcome.title}: several datasets tell which contact came first")
    if isinstance(measure, Death):
        achieved, coverage = died_within(con, members, deaths, measure), "event_register"
    elif isinstance(measure, Event):
        achieved = any_event(con, members, facts, measure)
    elif isinstance(measure, Spell):
        achieved = covering_spell(con, members, facts, measure)
    elif isinstance(measure, Run):
        achieved = longest_run(con, members, facts, measure)
    elif isinstance(measure, Status):
        achieved = latest_status(con, members, facts, measure)
    found = counted(con, achieved, facts, custody, deaths, outcome.left_out_on, outcome.exclude, coverage)
    return with_days(con, found, deaths, measure)
