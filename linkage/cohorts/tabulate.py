"""Women and what became of them, counted: one relation per declared table.

Every declared category has a row in every period, with zeros where there is no woman: which rows a table has must not
depend on the data. Only the `not known` of a column appears when there is somebody in it. Rows come in the order of the
declarations.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

import pyarrow as pa
from duckdb import DuckDBPyConnection

from linkage.cohorts import history, sequences
from linkage.cohorts.circumstances import custody_spells, deaths
from linkage.cohorts.members import members_of_each
from linkage.cohorts.outcomes import answers, eligible
from linkage.cohorts.records import Records, require_persons
from linkage.cohorts.sql import Relation, each_breakdown, gathered, kept, literal
from linkage.cohorts.unknown_days import as_read
from linkage.contracts.analysis import ALL, Analysis, Table, Threshold
from linkage.contracts.cohort import NOT_KNOWN, Cohort
from linkage.contracts.joined import NO, YES
from linkage.contracts.order import Order
from linkage.contracts.outcome import Outcome
from linkage.contracts.period import Period, Quarter
from linkage.contracts.standardised import BETWEEN, crossings, in_both, strata_of

CELL = ("cohort", "outcome", "period", "breakdown", "category", "threshold")


def tables(
    con: DuckDBPyConnection,
    analysis: Analysis,
    attributes: Mapping[str, Relation],
    person_index: Relation,
    also: "Callable[[People], None]" = lambda _: None,
) -> dict[str, Relation]:
    """{table: (table_id, cohort, outcome, theme, geography, period, breakdown, category, threshold, denominator,
    numerator, in_custody, died, unknown, not_linked, alive_before, person_days)}: one row per cell, unrounded.

    `attributes`: {dataset: (record_id, attributes …)}; `person_index`: (dataset, record_id, person_id_high,
    person_id_medium, person_id_low), all on the connection `con`. `denominator`: the women counted; `numerator`: those
    of them who achieved the outcome; then the women left out of the denominator, each for one reason. Of a death, women
    alive when its window begins, and the days of it on which any was alive; null of other outcomes. `also`: what else
    is counted of the people of each threshold. Raises LinkError.
    """
    require_persons(con, attributes, person_index)
    counts: dict[str, list[Relation]] = {table_id: [] for table_id in analysis.tables}
    for threshold in thresholds(analysis):
        people = people_at(Records(con, attributes, person_index, threshold), analysis)
        for table_id, table in analysis.tables.items():
            if threshold in table.thresholds:
                counts[table_id].append(gathered(con, cells(people, analysis, table)))
        also(people)
    return {
        table_id: filled(con, layout(con, analysis, table_id), gathered(con, counts[table_id]))
        for table_id in analysis.tables
    }


@dataclass(frozen=True)
class People:
    """What every table needs to know at one threshold: the members of each cohort, custody and deaths.

    `facts`: see `facts_about`. `said`: what was asked already, by cohort, outcome, and whether of women in England
    alone: tables share answers. `came`: which contacts came first and next, by what was asked: outcomes share it.
    """

    records: Records
    members: Mapping[str, Relation]
    facts: Mapping[str, Relation]
    custody: Relation
    deaths: Relation
    said: "dict[tuple[str, str, bool], Asked]" = field(default_factory=dict)
    came: dict[str, Relation] = field(default_factory=dict)

    def steps(self, order: Order) -> Relation:
        """`sequences.steps` of every woman and index date of every cohort."""
        said = str((order.days, order.contacts))
        if said not in self.came:
            entries = [members.project("person_id, index_date") for members in self.members.values()]
            asked = gathered(self.records.con, entries).aggregate("person_id, index_date, count(*) as times")
            self.came[said] = sequences.steps(self.records.con, asked, order, self.facts.__getitem__)
        return self.came[said]


def people_at(records: Records, analysis: Analysis) -> People:
    """People as one threshold links their records, read with each contract's rule for unknown days."""
    records = as_read(records, analysis)
    members = members_of_each(records, analysis)
    return People(
        records,
        members,
        facts_about(records, members.values()),
        custody_spells(records, analysis.circumstances.in_custody),
        deaths(records, analysis.circumstances.died),
    )


def facts_about(records: Records, members: Iterable[Relation]) -> dict[str, Relation]:
    """{dataset: (person_id, record_id, attributes …)}: the linked records of these women, kept in memory: each answer
    is looked for among them, and most people are in no cohort.
    """
    women = gathered(records.con, [one.project("person_id") for one in members])
    return {name: kept(records.con, records.of_these(name, women)) for name in records.attributes}


def thresholds(analysis: Analysis) -> tuple[Threshold, ...]:
    """Every threshold that some table asks for."""
    return tuple(dict.fromkeys(threshold for table in analysis.tables.values() for threshold in table.thresholds))


@dataclass(frozen=True)
class Asked:
    """One outcome of one cohort: `members`, the women it is asked about, and `answers`, one row for each of them."""

    cohort: str
    outcome: str
    members: Relation
    answers: Relation


def asked(people: People, analysis: Analysis, table: Table) -> Iterator[Asked]:
    """Each outcome of a table, asked of each of its cohorts."""
    for cohort in table.cohorts:
        for outcome in analysis.outcomes_of(table):
            yield ask(people, analysis, table, cohort, outcome)


def ask(people: People, analysis: Analysis, table: Table, cohort: str, outcome: str) -> Asked:
    """One outcome asked of one cohort: of the women in England alone where the table is about those."""
    england = analysis.geography(table) == "England"
    if (cohort, outcome, england) not in people.said:
        con, declared = people.records.con, analysis.outcomes[outcome]
        members = people.members[cohort].filter("in_england") if england else people.members[cohort]
        anchors = people.facts[analysis.cohorts[cohort].dataset]
        in_question = kept(con, eligible(con, members, anchors, declared.eligible))
        answers = kept(con, answers_of(people, analysis, declared, in_question))
        people.said[cohort, outcome, england] = Asked(cohort, outcome, in_question, answers)
    return people.said[cohort, outcome, england]


def cells(people: People, analysis: Analysis, table: Table) -> Iterator[Relation]:
    """The counts of one table at one threshold: a relation for each cohort and outcome."""
    records = people.records
    quarters = periods(records.con, analysis.period, table)
    for one in asked(people, analysis, table):
        breakdowns = analysis.divisions(table, analysis.cohorts[one.cohort])
        members = divided(people, analysis, table, one)
        counted = count(records.con, members, one.answers, quarters, breakdowns)
        yield counted.project(
            f"{literal(one.cohort)} as cohort, {literal(one.outcome)} as outcome, "
            f"{literal(records.threshold)} as threshold, *"
        )


def divided(people: People, analysis: Analysis, table: Table, one: Asked) -> Relation:
    """The members with a column for each breakdown by an answer: yes, no, or not known of all who are not counted."""
    members = one.members
    for name, by_answer in analysis.divided_by(table).items():
        known = ask(people, analysis, table, one.cohort, by_answer.outcome).answers  # noqa: F841  read by name
        members = people.records.con.sql(
            f"""
            select members.*, case
                when known.achieved then {literal(YES)} when not known.achieved then {literal(NO)}
                else {literal(NOT_KNOWN)} end as {name}
            from members
            join known on known.person_id = members.person_id and known.index_date = members.index_date
            """
        )
    for name, (answer, strata) in crossings(table, analysis.cohorts[one.cohort], analysis).items():
        members = members.project(f"*, {answer} || {literal(BETWEEN)} || {strata} as {name}")
    anchor = analysis.datasets[analysis.cohorts[one.cohort].dataset]
    for name, declared in analysis.histories_of(table).items():
        members = history.divided(people.records.con, members, name, declared, anchor, people.facts.__getitem__)
    return members


def answers_of(people: People, analysis: Analysis, outcome: Outcome, members: Relation) -> Relation:
    """(person_id, index_date, counted, achieved, why_not_counted): one row per member."""
    if isinstance(outcome.measure, Order):
        return sequences.answers(people.records.con, members, people.steps(outcome.measure), outcome.measure)
    dataset = analysis.datasets[outcome.measure.dataset]
    return answers(
        people.records.con,
        outcome,
        dataset.coverage,
        members,
        people.facts[dataset.name],
        people.custody,
        people.deaths,
    )


def count(
    con: DuckDBPyConnection, members: Relation, answered: Relation, quarters: Relation, breakdowns: tuple[str, ...]
) -> Relation:
    """(period, breakdown, category, denominator … not_linked): one row per cell that has a woman."""
    columns, sets = each_breakdown(breakdowns, "period")
    return con.sql(
        f"""
        select
            period, {columns},
            cast(sum(case when counted then 1 else 0 end) as bigint) as denominator,
            cast(sum(case when achieved then 1 else 0 end) as bigint) as numerator,
            cast(sum(case when why_not_counted = 'in_custody' then 1 else 0 end) as bigint) as in_custody,
            cast(sum(case when why_not_counted = 'died' then 1 else 0 end) as bigint) as died,
            cast(sum(case when why_not_counted = 'unknown' then 1 else 0 end) as bigint) as unknown,
            cast(sum(case when why_not_counted = 'not_linked' then 1 else 0 end) as bigint) as not_linked,
            cast(sum(case when days > 0 then 1 when days = 0 then 0 end) as bigint) as alive_before,
            cast(sum(days) as bigint) as person_days
        from members
        join answered on answered.person_id = members.person_id and answered.index_date = members.index_date
        join quarters on quarters.quarter = members.quarter
        group by {sets}
        """
    )


def periods(con: DuckDBPyConnection, period: Period, table: Table) -> Relation:
    """(quarter, period): each quarter with the label of every period of the table it is counted in."""
    pairs = [(q.label, label) for q in period.calendar for label in labels(table, q)]
    return con.from_arrow(pa.table({"quarter": [q for q, _ in pairs], "period": [label for _, label in pairs]}))


def labels(table: Table, quarter: Quarter) -> tuple[str, ...]:
    """The periods of the table a quarter is counted in."""
    label = {"year": quarter.year, "half_year": quarter.half, "quarter": quarter.label, "all": ALL}
    return tuple(label[of] for of in table.periods)


def layout(con: DuckDBPyConnection, analysis: Analysis, table_id: str) -> Relation:
    """(place, table_id, cohort, outcome, theme, geography, period, …, always): every row it may have, in order."""
    table = analysis.tables[table_id]
    rows = [
        {"cohort": cohort, "outcome": outcome, "period": period, "threshold": threshold} | divided
        for cohort in table.cohorts
        for outcome in analysis.outcomes_of(table)
        for threshold in table.thresholds
        for period in period_labels(analysis.period, table)
        for divided in divisions(analysis, table, analysis.cohorts[cohort])
    ]
    same: dict[str, object] = {"table_id": table_id, "theme": table.theme, "geography": analysis.geography(table)}
    return con.from_arrow(pa.Table.from_pylist([{"place": n, **same, **row} for n, row in enumerate(rows)]))


def period_labels(period: Period, table: Table) -> tuple[str, ...]:
    """Every period of the table: years, then quarters, then the whole, as it declares them."""
    each = [labels(table, quarter) for quarter in period.calendar]
    return tuple(dict.fromkeys(label for of_one_kind in zip(*each, strict=True) for label in of_one_kind))


def divisions(analysis: Analysis, table: Table, cohort: Cohort) -> Iterator[dict[str, object]]:
    """{breakdown, category, always} of every row for one cohort: all women first. `always`: shown when it is empty."""
    yield {"breakdown": ALL, "category": ALL, "always": True}
    dataset, england = analysis.datasets[cohort.dataset], analysis.geography(table) == "England"
    for name, breakdown in analysis.breakdowns_of(table, cohort).items():
        possible = [c for c in breakdown.categories(dataset, england) if cohort.may_say(breakdown.column, c)]
        for category in dict.fromkeys((*possible, NOT_KNOWN)):
            yield {"breakdown": name, "category": category, "always": category != NOT_KNOWN}
    for name, by_answer in analysis.divided_by(table).items():
        yield from ({"breakdown": name, "category": answer, "always": True} for answer in by_answer.categories)
    for name, crossing in crossings(table, cohort, analysis).items():
        for answer, stratum in product(analysis.by_answer[crossing.answer].categories, strata_of(crossing, analysis)):
            yield {"breakdown": name, "category": in_both(answer, stratum), "always": stratum != NOT_KNOWN}
    for name, one in analysis.histories_of(table).items():
        for made, categories in one.categories(name).items():
            yield from ({"breakdown": made, "category": category, "always": True} for category in categories)


def filled(con: DuckDBPyConnection, layout: Relation, counts: Relation) -> Relation:
    """The table: the rows of `layout` with their counts, 0 where nobody was counted."""
    return con.sql(
        f"""
        select
            layout.table_id, layout.cohort, layout.outcome, layout.theme, layout.geography, layout.period,
            layout.breakdown, layout.category, layout.threshold,
            coalesce(counts.denominator, 0) as denominator,
            coalesce(counts.numerator, 0) as numerator,
            coalesce(counts.in_custody, 0) as in_custody,
            coalesce(counts.died, 0) as died,
            coalesce(counts.unknown, 0) as unknown,
            coalesce(counts.not_linked, 0) as not_linked,
            counts.alive_before, counts.person_days
        from layout
        left join counts on {" and ".join(f"counts.{name} = layout.{name}" for name in CELL)}
        where layout.always or counts.denominator is not null
        order by layout.place
        """
    )
