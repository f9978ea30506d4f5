"""Which kind of contact came first after each index date, and which next."""

from collections.abc import Callable, Iterator
from functools import reduce

import pyarrow as pa
from duckdb import DuckDBPyConnection

from linkage.cohorts.examples import facts_of, rows
from linkage.cohorts.sql import Relation, any_of, chosen, day, kept, literal
from linkage.contracts.analysis import Analysis
from linkage.contracts.order import NO_CONTACT, Order
from linkage.contracts.sequence import Followed, Sequence

Facts = Callable[[str], Relation]


def steps(con: DuckDBPyConnection, asked: Relation, order: Order, facts: Facts) -> Relation:
    """(person_id, index_date, first, second, first_on): one row per woman and index date with any contact, in memory.

    `asked`: (person_id, index_date …). `second`: the next contact of another kind, null where there was none. Of two on
    one day the one declared first came first.
    """
    each = [
        earliest(con, asked, rank, name, order, facts(contact.dataset))
        for rank, (name, contact) in enumerate(order.contacts.items())
    ]
    came = reduce(lambda some, more: some.union(more), each)  # noqa: F841  the query reads it by name
    found = con.sql(
        """
        select
            person_id, index_date,
            max(case when place = 1 then contact end) as first,
            max(case when place = 2 then contact end) as second,
            min(on_day) as first_on
        from (
            select *, row_number() over (partition by person_id, index_date order by on_day, rank) as place from came
        ) as in_order
        group by person_id, index_date
        """
    )
    return kept(con, found)


def earliest(con: DuckDBPyConnection, asked: Relation, rank: int, name: str, order: Order, facts: Relation) -> Relation:
    """(person_id, index_date, contact, rank, on_day): one row per woman with such a contact in the window."""
    contact = order.contacts[name]
    first, last = (day("asked.index_date", days) for days in order.days)
    return con.sql(
        f"""
        select
            asked.person_id, asked.index_date, {literal(name)} as contact, {rank:d} as rank,
            min(facts.{contact.date}) as on_day
        from asked
        join facts
          on facts.person_id = asked.person_id
         and {chosen("facts", contact.where)}
         and facts.{contact.date} between {first} and {last}
        group by asked.person_id, asked.index_date
        """
    )


def answers(con: DuckDBPyConnection, members: Relation, steps: Relation, order: Order) -> Relation:
    """(person_id, index_date, counted, achieved, why_not_counted, days): one row per member, all of them counted."""
    none = literal(NO_CONTACT)
    then = f"coalesce(steps.second, {none}) in {any_of(order.then)}" if order.then else "true"
    first, last = (day("members.index_date", days) for days in order.on or order.days)
    on = f"steps.first_on between {first} and {last}" if order.on else "true"
    return con.sql(
        f"""
        select
            members.person_id, members.index_date, true as counted,
            coalesce(coalesce(steps.first, {none}) = {literal(order.first)} and {then} and {on}, false) as achieved,
            cast(null as string) as why_not_counted, cast(null as integer) as days
        from members
        left join steps on steps.person_id = members.person_id and steps.index_date = members.index_date
        """
    )


def failures(con: DuckDBPyConnection, sequence: Sequence, analysis: Analysis) -> Iterator[str]:
    """A sentence for each example whose first two contacts are not those expected."""
    for example in sequence.examples:
        found = first_two(con, sequence, example, analysis)
        if found != example.expect:
            yield f"{sequence.title}: {example.because}: expected {list(example.expect)}, and it is {list(found)}."


def first_two(con: DuckDBPyConnection, sequence: Sequence, example: Followed, analysis: Analysis) -> tuple[str, str]:
    """The first two kinds of contact of the woman of an example."""

    def facts(dataset: str) -> Relation:
        return facts_of(con, analysis.datasets[dataset], analysis.period.data_to, [example.events.get(dataset, ())])

    asked = rows(con, {"index_date": pa.date32()}, [[{"index_date": example.index_date}]])
    order = Order(contacts=sequence.contacts, days=sequence.days, first=NO_CONTACT)
    found = steps(con, asked, order, facts).project("first, second").fetchall()
    first, second = found[0] if found else (None, None)
    return first or NO_CONTACT, second or NO_CONTACT
