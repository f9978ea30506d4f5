"""The DuckDB file of a project: a table per cohort, a comment on everything, and the table `about`."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from linkage.cohorts.sql import literal
from linkage.contracts.analysis import Analysis
from linkage.contracts.choices import Labels
from linkage.contracts.outcome import Outcome
from linkage.contracts.project import ABOUT, STUDY_ID, Project

HEALTH_WARNING = (
    "Differences between groups of women are associations: women who have a job or a home differ in other ways too, "
    "and what becomes of them later is not shown to be its effect. Links between records can be missed or wrong."
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
            title = f"{analysis.cohorts[cohort].title}. One row per woman, of her first entry. {HEALTH_WARNING}"
            fill(con, cohort, rows, title, meanings(analysis, project, cohort))
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
        said |= answers_of(project, name, analysis.outcomes[name])
    return said


def made_up_of(groups: Mapping[str, Labels]) -> str:
    """Which categories a wider group is of."""
    several = [f"{group} is {', '.join(labels)}" for group, labels in groups.items() if labels != (group,)]
    return f" {'; '.join(several)}." if several else ""


def answers_of(project: Project, name: str, outcome: Outcome) -> dict[str, str]:
    """{column: what it says} of one outcome."""
    said = [
        f"{outcome.title}: did it come about? Empty for women it is not asked of, who are not counted (the published "
        "tables say how many, and why), or whose row would be like too few others with it."
    ]
    if name in project.by_day:
        days = (*project.by_day[name].value, outcome.measure.last_day)
        said.append(
            f"{outcome.title}: by which day after the index date the first event that counts came, as the last of its "
            f"span ({', '.join(map(str, days))}). Empty without one, or where her row would be like too few others."
        )
    return dict(zip(project.answers_to(name), said, strict=True))
