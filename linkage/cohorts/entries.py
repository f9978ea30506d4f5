"""Person-level rows: what the accredited analysts of a project may be given, if it is about enough women alike.

A woman has one row, of her first entry. No date leaves: the index date is a quarter or a year, and an event came by the
last day of a span of days after it. Nor does the reason for which somebody is not counted: few die, and their death is
known to others.
"""

from collections.abc import Mapping, Sequence

from duckdb import DuckDBPyConnection

from linkage.cohorts.outcomes import counts, eligible
from linkage.cohorts.sql import Relation, any_of, kept, literal
from linkage.cohorts.tabulate import People, answers_of
from linkage.contracts.analysis import Analysis
from linkage.contracts.choices import Labels
from linkage.contracts.outcome import Event, Outcome
from linkage.contracts.project import Project


def entries(people: People, analysis: Analysis, project: Project, cohort: str) -> Relation:
    """(person_id, period, breakdowns …, answers …): one row per woman of a cohort, her first entry, kept in memory."""
    con, declared = people.records.con, analysis.cohorts[cohort]
    members = first_entries(con, people.members[cohort])
    divided = {name: grouped(name, groups) for name, groups in project.breakdowns_of(analysis, declared).items()}
    when = {column: period_label(analysis, column) for column in project.period_columns}
    columns = "".join(f", {sql} as {name}" for name, sql in (when | divided).items())
    rows = members.project(f"person_id {columns}")
    for name in project.outcomes:
        outcome = analysis.outcomes[name]
        asked = members.filter("in_england") if project.about_england(analysis, declared, outcome) else members
        answer = answered(people, analysis, outcome, asked, people.facts[declared.dataset])
        rows = with_answer(con, rows, answer, answer_columns(project, name, outcome))
    return kept(con, rows)


def first_entries(con: DuckDBPyConnection, members: Relation) -> Relation:
    """`members`, of each woman the row of her first entry: one row per woman."""
    return con.sql(
        """
        select members.*
        from members join (select person_id, min(index_date) as index_date from members group by person_id) as firsts
            on firsts.person_id = members.person_id and firsts.index_date = members.index_date
        """
    )


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
    """(person_id, achieved, days): one row per member of `asked` who is eligible; `achieved` is null if not counted."""
    con = people.records.con
    members = eligible(con, asked, anchors, outcome.eligible)
    answers = answers_of(people, analysis, outcome, members)  # noqa: F841  the query reads it by name
    days = first_day(con, members, people.facts[outcome.measure.dataset], outcome)  # noqa: F841
    answer = con.sql(
        """
        select answers.person_id, achieved, case when achieved then days.days end as days
        from answers left join days using (person_id)
        """
    )
    return kept(con, answer)


def first_day(con: DuckDBPyConnection, members: Relation, facts: Relation, outcome: Outcome) -> Relation:
    """(person_id, days): days from the index date to the first event that counts; no row without one.

    0 where it was going on already.
    """
    if not isinstance(outcome.measure, Event):
        return members.project("person_id, cast(null as integer) as days").limit(0)
    return con.sql(
        f"""
        select
            members.person_id,
            cast(greatest(min(facts.{outcome.measure.date} - members.index_date), 0) as integer) as days
        from members join facts on facts.person_id = members.person_id and {counts(outcome.measure)}
        group by members.person_id
        """
    )


def answer_columns(project: Project, name: str, outcome: Outcome) -> dict[str, str]:
    """{column of an outcome: SQL of what it holds}."""
    sql = ["achieved"]
    if name in project.by_day:
        sql.append(span_of((*project.by_day[name].value, outcome.measure.last_day)))
    return dict(zip(project.answers_to(name), sql, strict=True))


def span_of(last_days: Sequence[int]) -> str:
    """SQL: the last day of the span a day is in; null without a day."""
    whens = " ".join(f"when days <= {last:d} then {last:d}" for last in last_days)
    return f"cast(case {whens} end as integer)"


def with_answer(con: DuckDBPyConnection, rows: Relation, answer: Relation, columns: Mapping[str, str]) -> Relation:
    """`rows` with the columns of one outcome; null for whom it is not asked of, or who is not counted."""
    named = ", ".join(f"{sql} as {column}" for column, sql in columns.items())
    return con.sql(f"select rows.*, {named} from rows left join answer on answer.person_id = rows.person_id")


def alike(con: DuckDBPyConnection, rows: Relation, answers: Sequence[str], fewest: int) -> Relation:
    """`rows` of which each says what `fewest` women's say at least: one row per woman, kept in memory.

    A row that is like too few others has an answer emptied, the last of `answers` first, and the next where that is not
    enough. It is left out where it is like too few although all are empty.
    """
    same = f"count(*) over (partition by {', '.join(c for c in rows.columns if c != 'person_id')})"
    for answer in reversed(answers):
        rows = rows.project(f"* replace (case when {same} >= {fewest:d} then {answer} end as {answer})")
    whole = rows.project(f"*, {same} as same")
    return kept(con, whole.filter(f"same >= {fewest:d}").project("* exclude (same)"))
