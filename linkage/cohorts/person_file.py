"""The DuckDB file of a project: a table per cohort, a comment on everything, and the table `about`."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from linkage.cohorts.sql import literal
from linkage.contracts.analysis import Analysis
from linkage.contracts.choices import Labels
from linkage.contracts.codes import asked, circumstances, cohort_code, model
from linkage.contracts.left_out import never, who_is_left_out
from linkage.contracts.outcome import Outcome
from linkage.contracts.project import ABOUT, STUDY_ID, Project
from linkage.contracts.sentences import listed, sentences

HEALTH_WARNING = (
    "Differences between groups of women are associations: women who have a job or a home differ in other ways too, "
    "and what becomes of them later is not shown to be its effect. Links between records can be missed or wrong."
)
WHAT_IS_LEFT = (
    "Not the whole: rare answers are gone, and rows that were rare without them too. So rows with an empty answer are "
    "no group of women: which other answers they have left hangs on what was rare, and a rate among them can be 0 % or "
    "100 % and mean nothing. Count rows in which every answer that is asked about is there (is not null)."
)
FIRST = "of her index date, her first in the period of the file: of an earlier one she is in no later"
OF_PERIOD = {"quarter": f"Quarter {FIRST} quarter.", "year": f"Year (four quarters) {FIRST} year."}
ABOUT_COLUMNS = {"what": "What is said of this file.", "says": "What it is."}


def write(
    path: Path, tables: Mapping[str, pa.Table], analysis: Analysis, project: Project, about: Mapping[str, str]
) -> None:
    """Write a table of each cohort's rows, in the order they have, and the table `about`. `about`: {what: it says}."""
    with duckdb.connect(str(path)) as con:
        con.begin()
        for cohort, rows in tables.items():
            fill(con, cohort, rows, about_cohort(analysis, cohort), meanings(analysis, project, cohort))
        said = pa.table({"what": list(about), "says": list(about.values())})
        fill(con, ABOUT, said, "What this file is, whose it is, and what it was made of.", ABOUT_COLUMNS)
        con.commit()


def fill(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table, title: str, columns: Mapping[str, str]) -> None:
    """One table, with a comment on it and on each of its columns."""
    con.register("given", rows)
    con.execute(f'create table "{name}" as from given')
    con.unregister("given")
    con.execute(f'comment on table "{name}" is {literal(title)}')
    for column in rows.column_names:
        con.execute(f'comment on column "{name}"."{column}" is {literal(columns[column])}')


def about_cohort(analysis: Analysis, cohort: str) -> str:
    """What the table of a cohort is."""
    code = cohort_code(analysis.cohorts[cohort], analysis)
    differences = f"Known differences: {code.differences}" if code.differences else ""
    one_row = "One row per woman, of her first entry, unless it was like too few others and was left out"
    return sentences(
        code.title, one_row, HEALTH_WARNING, f"The cohort: {code.meaning}", differences, f"Source: {code.source}"
    )


def meanings(analysis: Analysis, project: Project, cohort: str) -> dict[str, str]:
    """{column: what it says} of the table of a cohort."""
    said = {
        STUDY_ID: "Whose row it is, in this table of this project alone: keyed, 64 bits as 16 hexadecimal digits. A "
        "woman has another in every other table, and the same one in the next export."
    }
    said |= {column: OF_PERIOD[column] for column in project.period_columns}
    for name, groups in project.breakdowns_of(analysis, analysis.cohorts[cohort]).items():
        said[name] = f"{analysis.breakdowns[name].title}, by the record of the cohort.{made_up_of(groups)}"
    for name in project.outcomes:
        said |= answers_of(analysis, project, name, analysis.outcomes[name])
    return said


def made_up_of(groups: Mapping[str, Labels]) -> str:
    """Which categories a wider group is of."""
    several = [f"{group} is {', '.join(labels)}" for group, labels in groups.items() if labels != (group,)]
    return f" {'; '.join(several)}." if several else ""


def answers_of(analysis: Analysis, project: Project, name: str, outcome: Outcome) -> dict[str, str]:
    """{column: what it says} of one outcome."""
    said = [about_answer(analysis, outcome)]
    if name in project.by_day:
        days = (*project.by_day[name].value, outcome.measure.last_day)
        said.append(
            f"{outcome.title}: by which day after the index date the first event that counts came, as the last of its "
            f"span ({', '.join(map(str, days))}). Empty without one, or where her row would be like too few others. "
            "Whether another followed is not told: a published table that begins on a day counts that one too."
        )
    return dict(zip(project.answers_to(name), said, strict=True))


def about_answer(analysis: Analysis, outcome: Outcome) -> str:
    """What true, false and empty mean in the column of an outcome: its window, sources, whom it leaves out, source."""
    dataset = analysis.datasets[outcome.measure.dataset]
    who = [f"who {words}" for words in who_is_left_out(outcome, dataset).values()]
    missed = "not_linked" in never(outcome, dataset)
    return sentences(
        outcome.title,
        *asked(outcome, analysis),
        "True also where somebody else's record was linked to her",
        "False also where her record was missed, or never delivered: no record is no event" if missed else "",
        f"Empty for a woman {listed((*who, 'whom it is not asked of'), 'or')}, and where her row would be like too few "
        "others with it; the published tables say how many are not counted, and why",
        *circumstances(outcome, analysis),
        model(outcome.modelled_on),
        f"Known differences: {sentences(*outcome.differences)}" if outcome.differences else "",
        f"Source: {outcome.source}",
    )
