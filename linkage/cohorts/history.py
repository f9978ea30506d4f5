"""What was known of women on their index dates: which needs they had, how many, and which together."""

from collections.abc import Callable, Iterator
from functools import reduce

import pyarrow as pa
from duckdb import DuckDBPyConnection

from linkage.cohorts.examples import facts_of, rows
from linkage.cohorts.outcomes import counts, longest_run
from linkage.cohorts.sql import Relation, any_of, kept, literal
from linkage.contracts.analysis import Analysis
from linkage.contracts.dataset import Dataset
from linkage.contracts.history import AND, NONE, History, Need, Remembered, many
from linkage.contracts.outcome import Event, Run

Facts = Callable[[str], Relation]


def divided(
    con: DuckDBPyConnection, members: Relation, name: str, history: History, anchor: Dataset, facts: Facts
) -> Relation:
    """`members` with a column for each breakdown of a history: one row per member, kept in memory.

    `anchor`: the dataset of their cohort; `facts` gives the linked records of a dataset, by its name.
    """
    known = with_needs(con, members, history, anchor, facts)
    words = ", ".join(f"case when had_{need} then {literal(need.replace('_', ' '))} end" for need in history.needs)
    how_many = " + ".join(f"cast(had_{need} as integer)" for need in history.needs)
    numbers = " ".join(f"when {n:d} then {literal(many(n))}" for n in range(len(history.needs) + 1))
    columns = [
        f"case {how_many} {numbers} end as {name}_number",
        f"coalesce(nullif(concat_ws({literal(AND)}, {words}), ''), {literal(NONE)}) as {name}_combination",
    ]
    return kept(con, known.project(", ".join([*members.columns, *columns])))


def with_needs(con: DuckDBPyConnection, members: Relation, history: History, anchor: Dataset, facts: Facts) -> Relation:
    """`members` with a truth `had_<need>` for each need: one row per member."""
    found = members
    for name, need in history.needs.items():
        known = had(con, members, need, anchor, facts)  # noqa: F841  the query reads both by name
        found = con.sql(
            f"""
            select found.*, known.had as had_{name}
            from found
            join known on known.person_id = found.person_id and known.index_date = found.index_date
            """
        )
    return found


def had(con: DuckDBPyConnection, members: Relation, need: Need, anchor: Dataset, facts: Facts) -> Relation:
    """(person_id, index_date, had): one row per member; never null, since what is not known is no need."""
    anchors, before = facts(anchor.name), numbers(con, members, need, anchor, facts)  # noqa: F841  read by name
    recorded = [f"coalesce(anchors.{c} in {any_of(labels)}, false)" for c, labels in need.known_from(anchor).items()]
    there = f"coalesce(before.n, 0) {'<' if need.absent else '>='} {need.at_least:d}"
    return con.sql(
        f"""
        select members.person_id, members.index_date, {" or ".join([*recorded, there])} as had
        from members
        join anchors on anchors.record_id = members.record_id
        left join before on before.person_id = members.person_id and before.index_date = members.index_date
        """
    )


def numbers(con: DuckDBPyConnection, members: Relation, need: Need, anchor: Dataset, facts: Facts) -> Relation:
    """(person_id, index_date, n): one row per member who is asked; of how many records there were before."""
    each = [number(con, members, facts(one.dataset), one, one.dataset == anchor.name) for one in need.before]
    nobody = members.project("person_id, index_date, cast(0 as bigint) as n")
    found = reduce(lambda some, more: some.union(more), each, nobody)
    return found.aggregate("person_id, index_date, sum(n) as n")


def number(con: DuckDBPyConnection, members: Relation, facts: Relation, measure: Event | Run, hers: bool) -> Relation:
    """(person_id, index_date, n): one row per member; how many records count, or 1 where there is a run.

    `hers`: is her cohort record one of these? It does not count.
    """
    if isinstance(measure, Run):
        runs = longest_run(con, members, facts, measure)
        return runs.project("person_id, index_date, cast(case when achieved then 1 else 0 end as bigint) as n")
    other = "facts.record_id <> members.record_id" if hers else "true"
    return con.sql(
        f"""
        select members.person_id, members.index_date, count(facts.record_id) as n
        from members
        left join facts on facts.person_id = members.person_id and {other} and {counts(measure)}
        group by members.person_id, members.index_date
        """
    )


def failures(con: DuckDBPyConnection, name: str, history: History, analysis: Analysis) -> Iterator[str]:
    """A sentence for each example whose needs are not those expected; none when the history is as it says."""
    for example in history.examples:
        found = needs_of(con, history, example, analysis)
        if found != {*example.expect}:
            yield f"by_history.{name}: {example.because}: expected {sorted(example.expect)}, and it is {sorted(found)}."


def needs_of(con: DuckDBPyConnection, history: History, example: Remembered, analysis: Analysis) -> set[str]:
    """The needs of the woman of an example."""
    hers: dict[str, object] = {"record_id": "hers", **example.record}
    entry = {"record_id": "hers", "index_date": example.index_date}
    members = rows(con, {"record_id": pa.string(), "index_date": pa.date32()}, [[entry]])

    def facts(dataset: str) -> Relation:
        given = example.events.get(dataset, ())
        others: list[dict[str, object]] = [{"record_id": str(n), **row} for n, row in enumerate(given)]
        of_her: list[dict[str, object]] = [hers, *others] if dataset == example.dataset else others
        return facts_of(con, analysis.datasets[dataset], analysis.period.data_to, [of_her])

    found = with_needs(con, members, history, analysis.datasets[example.dataset], facts)
    [row] = found.project(", ".join(f"had_{need}" for need in history.needs)).fetchall()
    return {need for need, had in zip(history.needs, row, strict=True) if had}
