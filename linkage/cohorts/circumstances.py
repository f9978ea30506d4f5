"""Custody and death: what can take a woman out of a denominator."""

from duckdb import DuckDBPyConnection

from linkage.cohorts.records import Records
from linkage.cohorts.sql import Relation, chosen, kept, literal
from linkage.contracts.circumstances import Custody, Dated


def custody_spells(records: Records, declared: Custody) -> Relation:
    """(person_id, record_id, inside_from, outside_from): one row per spell; outside_from is null while it lasts."""
    facts = records.of(declared.dataset)
    spells = facts.project(f"person_id, record_id, {declared.start} as inside_from, {declared.end} as outside_from")
    return kept(records.con, spells)


def dated(records: Records, declared: tuple[Dated, ...]) -> Relation:
    """(person_id, dataset, record_id, what, on_day): one row per record that one of the declarations chooses."""
    first, *others = [on_days(records.con, records.of(one.dataset), one) for one in declared]
    for other in others:
        first = first.union(other)
    return first


def on_days(con: DuckDBPyConnection, facts: Relation, declared: Dated) -> Relation:
    """The same for one declaration."""
    return con.sql(
        f"""
        select
            facts.person_id, {literal(declared.dataset)} as dataset, facts.record_id,
            {literal(f"{declared.dataset} {declared.date}")} as what, facts.{declared.date} as on_day
        from facts
        where facts.{declared.date} is not null and {chosen("facts", declared.where)}
        """
    )


def deaths(records: Records, declared: tuple[Dated, ...]) -> Relation:
    """(person_id, died_on): one row per person who died, with the earliest day on record."""
    return kept(records.con, dated(records, declared).aggregate("person_id, min(on_day) as died_on"))
