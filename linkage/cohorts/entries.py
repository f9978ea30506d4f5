"""Person-level rows: what the accredited analysts of a project may be given, if it is about enough women alike.

No date leaves: an event is so many days after the index date, and the index date itself is a quarter or a year.
"""

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from linkage.cohorts.outcomes import counts, eligible
from linkage.cohorts.sql import Relation, any_of, kept, literal
from linkage.cohorts.tabulate import People, answers_of
from linkage.contracts.analysis import Analysis
from linkage.contracts.choices import Labels
from linkage.contracts.outcome import Event, Outcome
from linkage.contracts.project import Project, columns_of

# Why a woman is not asked at all, beside the reasons for which one who is asked is not counted.
OUTSIDE_ENGLAND, NOT_ELIGIBLE = "outside_england", "not_eligible"


def entries(people: People, analysis: Analysis, project: Project, cohort: str) -> Relation:
    """(person_id, period, breakdowns …, answers …): one row per woman and quarter of a cohort, kept in memory."""
    con, declared = people.records.con, analysis.cohorts[cohort]
    members = people.members[cohort]
    divided = {name: grouped(name, groups) for name, groups in project.breakdowns_of(analysis, declared).items()}
    when = {column: period_label(analysis, column) for column in project.period_columns}
    columns = "".join(f", {sql} as {name}" for name, sql in (when | divided).items())
    rows = members.project(f"person_id, index_date, in_england {columns}")
    for name in project.outcomes:
        outcome = analysis.outcomes[name]
        england = project.about_england(analysis, declared, outcome)
        asked = members.filter("in_england") if england else members
        answer = answered(people, analysis, outcome, asked, people.records.of(declared.dataset))
        rows = with_answer(con, rows, answer, england, columns_of(name, outcome))
    return kept(con, rows.project("* exclude (index_date, in_england)"))


def grouped(name: str, groups: Mapping[str, Labels]) -> str:
    """SQL: the wider group of a category; the category itself where it is in none."""
    whens = " ".join(f"when {name} in {any_of(labels)} then {literal(group)}" for group, labels in groups.items())
    return f"case {whens} else {name} end" if groups else name


def period_label(analysis: Analysis, column: str) -> str:
    """SQL: the quarter of a member, or the year it is pooled into."""
    if column == "quarter":
        return column
    years = {q.label: q.year for q in analysis.period.calendar}
    return f"case quarter {' '.join(f'when {literal(q)} then {literal(y)}' for q, y in years.items())} end"


def answered(people: People, analysis: Analysis, outcome: Outcome, asked: Relation, anchors: Relation) -> Relation:
    """(person_id, index_date, achieved, why_not_counted, days): one row per member of `asked` who is eligible."""
    con = people.records.con
    members = eligible(con, asked, anchors, outcome.eligible)
    answers = answers_of(people, analysis, outcome, members)  # noqa: F841  the query reads it by name
    days = first_day(con, members, people.records.of(outcome.measure.dataset), outcome)  # noqa: F841
    answer = con.sql(
        """
        select answers.person_id, answers.index_date, achieved, why_not_counted, if(achieved, days, null) as days
        from answers left join days using (person_id, index_date)
        """
    )
    return kept(con, answer)


def first_day(con: DuckDBPyConnection, members: Relation, facts: Relation, outcome: Outcome) -> Relation:
    """(person_id, index_date, days): days from the index date to the first event that counts; no row without one.

    0 where it was going on already.
    """
    if not isinstance(outcome.measure, Event):
        return members.project("person_id, index_date, cast(null as integer) as days").limit(0)
    return con.sql(
        f"""
        select
            members.person_id, members.index_date,
            cast(greatest(min(facts.{outcome.measure.date} - members.index_date), 0) as integer) as days
        from members join facts on facts.person_id = members.person_id and {counts(outcome.measure)}
        group by members.person_id, members.index_date
        """
    )


def with_answer(
    con: DuckDBPyConnection, rows: Relation, answer: Relation, england: bool, columns: tuple[str, ...]
) -> Relation:
    """`rows` with the columns of one outcome. `england`: is it asked of women in England alone?"""
    elsewhere = "not in_england" if england else "false"
    why = f"case when {elsewhere} then {literal(OUTSIDE_ENGLAND)} else {literal(NOT_ELIGIBLE)} end"
    values = ("achieved", f"if(answer.person_id is null, {why}, why_not_counted)", "days")
    named = ", ".join(f"{value} as {column}" for value, column in zip(values, columns, strict=False))
    return con.sql(
        f"""
        select rows.*, {named}
        from rows left join answer on answer.person_id = rows.person_id and answer.index_date = rows.index_date
        """
    )
