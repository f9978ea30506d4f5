"""Person-level files of projects: made for the accredited analysts of one, refused where a woman stands out.

A project has a study-id key of its own, and a table study ids of its own: no two rows can be told to be of one woman.
Study ids are made of person ids, which last: whoever is not touched by a later delivery keeps hers, and whoever is in
it no more is not in the next file.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from linkage import facts, people, quality_run, releases, study_keys
from linkage.alone import alone
from linkage.contracts.analysis import Analysis
from linkage.contracts.disclosure import Disclosure
from linkage.contracts.project import STUDY_ID, Project, declared_projects
from linkage.errors import ContractError, DisclosureError, LinkError
from linkage.ledger import Entry, ledger_of
from linkage.linking import attributes_of, whole
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.pseudonymisation.keys import Key, for_study_id
from linkage.settings import Settings
from linkage.study_keys import DESTROYED, ENDING, MADE, study_key
from linkage.workspace import OWNER_ONLY_FILE, OWNER_ONLY_FOLDER, passing_folder, private_folder, whole_folder

if TYPE_CHECKING:
    from linkage.cohorts.anonymity import Exposed

EXPORTING, EXPORTED, COLUMNS = "project to be exported", "project exported", "columns"
Rows = duckdb.DuckDBPyRelation


@alone("project", of_each=True)
def new(settings: Settings, name: str) -> str:
    """Make the study-id key of a declared project. Returns its fingerprint.

    Raises ContractError where the declaration is missing or wrong, PrivacyError where there is, or was, a key.
    """
    settings.project(name)
    return study_keys.new_study_key(settings, name)


@alone("project", of_each=True)
def export(settings: Settings, name: str, approval: str | None = None) -> dict[str, Any]:
    """Write the file of a project: {run, rows: {cohort: how many}, content_sha256, emptied: {cohort: what of whom}}.

    `approval`: who let it out. Killed on the way, it is run again.

    Raises BusyError, ContractError, PrivacyError without a key or, of real data, an approval, GateError where the
    linkage is not to be used, DisclosureError where a woman stands out. The file of before then stays as it was.
    """
    project, analysis, key = settings.project(name), settings.analysis, study_key(settings, name)
    approval = releases.approved(settings, approval, f"linkage project export {name}")
    quality_run.release_gate(settings)
    with working_connection(settings, name) as con:
        found = rows_of(con, settings, analysis, project)
        given = alike_rows(con, project, found, settings.disclosure)
        check_alike(con, settings, analysis, name, project, given)
        check_same_columns(settings, name, project)
        left = {cohort: emptied(project, rows, given[cohort], settings.disclosure) for cohort, rows in found.items()}
        tables = with_study_ids(con, given, key, name)
    about = about_file(settings, analysis, name, project, tables, left)
    said = {"project": name, "fingerprint": key.fingerprint(name), "approval": approval, COLUMNS: project.columns}
    return written(settings, tables, analysis, project, about, said) | {"emptied": left}


@contextmanager
def working_connection(settings: Settings, name: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose rows, where they do not fit into memory, go into the workspace, and are gone when it ends."""
    from linkage.stages import spilling

    with passing_folder(settings.files.cohorts.scratch(name)) as scratch, spilling(scratch) as con:
        yield con


def written(
    settings: Settings,
    tables: Mapping[str, pa.Table],
    analysis: Analysis,
    project: Project,
    about: Mapping[str, str],
    said: Mapping[str, str],
) -> dict[str, Any]:
    """Write the file, whole or not at all. What was `said` of it is logged before, and what it is before it is seen.

    Raises PrivacyError where a folder of it is a link.
    """
    from linkage.cohorts import person_file
    from linkage.release.publish import content_hash

    file = settings.files.project(said["project"])
    study_keys.project_files(settings, said["project"])
    private_folder(file.parents[1])
    ledger_of(settings).append(EXPORTING, **said, file=str(file.absolute()))
    with whole_folder(file.parent) as folder:
        folder.chmod(OWNER_ONLY_FOLDER)
        person_file.write(folder / file.name, tables, analysis, project, about)
        (folder / file.name).chmod(OWNER_ONLY_FILE)
        done = {
            "run": people.about(people.runs(settings)[-1])["run"],
            "rows": {cohort: table.num_rows for cohort, table in tables.items()},
            "content_sha256": content_hash(folder / file.name),
        }
        ledger_of(settings).append(EXPORTED, **said, file=str(file.absolute()), **done)
    return done


def rows_of(
    con: duckdb.DuckDBPyConnection, settings: Settings, analysis: Analysis, project: Project
) -> dict[str, Rows]:
    """{cohort: (person_id, period, breakdowns …, answers …)}: one row per woman, as it is. Raises LinkError."""
    from linkage.cohorts.entries import entries
    from linkage.cohorts.records import Records, require_persons
    from linkage.cohorts.tabulate import people_at

    files = settings.files
    if not files.matching.person_index.exists() or not people.runs(settings):
        raise LinkError("There is no person index yet. Run: linkage link")
    attributes = attributes_of(settings, con, settings.datasets, files.cohorts.attributes)
    index = whole(con, files.matching.person_index, "linkage link")
    require_persons(con, attributes, index)
    known = people_at(Records(con, attributes, index, "medium"), analysis)  # whose person ids last
    return {cohort: entries(known, analysis, project, cohort) for cohort in project.cohorts}


def alike_rows(
    con: duckdb.DuckDBPyConnection, project: Project, rows: Mapping[str, Rows], disclosure: Disclosure
) -> dict[str, Rows]:
    """The same without the answers that would make a row like too few others."""
    from linkage.cohorts.entries import alike

    return {
        cohort: alike(con, relation, project.answers, disclosure.same_row.value) for cohort, relation in rows.items()
    }


def emptied(project: Project, before: Rows, after: Rows, disclosure: Disclosure) -> str:
    """How many women's answers were emptied, and whose rows left out, as it may be said."""
    counts = ", ".join(f"count({column})" for column in project.answers)
    [had], [have] = (rows.aggregate(f"count(*), {counts}").fetchall() for rows in (before, after))
    missing = zip(("their whole row", *project.answers), had, have, strict=True)
    return "; ".join(f"{what}: {women(there - left, disclosure)}" for what, there, left in missing if there > left)


def check_same_columns(settings: Settings, name: str, project: Project) -> None:
    """Raises DisclosureError where the project was given other columns before.

    Two files under one key join, and two coarse ones may be a fine one together.
    """
    given = [e for e in ledger_of(settings).verify().entries if e.what == EXPORTED and e.details["project"] == name]
    if any(entry.details[COLUMNS] != project.columns for entry in given):
        raise DisclosureError(
            f"{settings.schemas / 'projects' / name}.yaml: {name} was exported with other cohorts, outcomes, "
            "breakdowns or periods, and files under one study-id key can be joined. Declare a project of another name. "
            "Nothing was written."
        )


def check_alike(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    analysis: Analysis,
    name: str,
    project: Project,
    rows: Mapping[str, Rows],
) -> None:
    """Raises DisclosureError where a class of women is too small, or of one answer, saying what to coarsen."""
    from linkage.cohorts.anonymity import exposed

    disclosure = settings.disclosure
    fewest, each, wrong = project.fewest(disclosure), disclosure.same_row.value, []
    for cohort, relation in rows.items():
        columns = [*project.period_columns, *project.breakdowns_of(analysis, analysis.cohorts[cohort])]
        for one in exposed(con, relation, columns, fewest, project.sensitive, each):
            wrong.append(f"{cohort}: {advice(one, fewest, disclosure)}")
    if wrong:
        place = settings.schemas / "projects" / f"{name}.yaml"
        raise DisclosureError("\n".join([*(f"{place}: {line}" for line in wrong), "Nothing was written."]))


def advice(one: "Exposed", fewest: int, disclosure: Disclosure) -> str:
    """What is wrong, and how much better it would be without each column: never a value of a class."""
    each = disclosure.same_row.value
    too_alike = f"fewer than {each} women gave one of the two answers to {one.sensitive}"
    what = too_alike if one.sensitive else f"there are fewer than {fewest} women"
    without = "; ".join(f"without {column}, {women(left, disclosure)}" for column, left in one.without.items())
    remedy = f"It would be: {without}. " if without else ""
    leave_out = f", or leave out {one.sensitive}" if one.sensitive else ""
    return (
        f"{women(one.women, disclosure)} are in classes in which {what}. {remedy}"
        f"Group categories of a breakdown, take longer periods or leave a column out{leave_out}."
    )


def women(number: int, disclosure: Disclosure) -> str:
    """A number of women, as it may be said."""
    from linkage.release.primary import is_small, rounded

    if is_small(number, disclosure):
        return f"fewer than {disclosure.threshold.value} women"
    return f"about {rounded(number, disclosure):,} women" if number else "nobody"


def with_study_ids(
    con: duckdb.DuckDBPyConnection, rows: Mapping[str, Rows], key: Key, name: str
) -> dict[str, pa.Table]:
    """{cohort: (study_id, period, breakdowns …, answers …)}, in the order of study ids: no other id is left."""
    ids = {cohort: con.from_arrow(study_ids(relation, key, name, cohort)) for cohort, relation in rows.items()}
    return {cohort: renamed(con, relation, ids[cohort]).to_arrow_table() for cohort, relation in rows.items()}


def renamed(con: duckdb.DuckDBPyConnection, rows: Rows, ids: Rows) -> Rows:
    """The rows of one cohort under study ids, in their order, which says nothing of time."""
    return con.sql("select ids.study_id, rows.* exclude (person_id) from rows join ids using (person_id) order by all")


def study_ids(rows: Rows, key: Key, name: str, cohort: str) -> pa.Table:
    """(person_id, study_id): one row per woman of a cohort. 64 bits as 16 hexadecimal digits."""
    known = [person for (person,) in rows.project("person_id").fetchall()]
    tokens = for_study_id(key, name, cohort).tokens(map(str, known))
    return pa.table({"person_id": known, STUDY_ID: [f"{token % 2**64:016x}" for token in tokens.tolist()]})


def about_file(
    settings: Settings,
    analysis: Analysis,
    name: str,
    project: Project,
    tables: Mapping[str, pa.Table],
    left: Mapping[str, str],
) -> dict[str, str]:
    """{what: it says}: what its users must know. No time of day, so that a rerun says the same.

    `left`: {cohort: how many women's answers were emptied}.
    """
    from linkage.cohorts import person_file

    run = people.about(people.runs(settings)[-1])
    columns = ", ".join([*project.period_columns, *project.breakdowns]) or "no column"
    rows = {f"rows of {cohort}": f"{table.num_rows:,}" for cohort, table in tables.items()}
    each, sensitive = settings.disclosure.same_row.value, ", ".join(project.sensitive) or "none"
    return {
        "project": name,
        "title": project.title,
        "purpose": project.purpose,
        "access": project.access,
        "data": f"INVENTED DATA, about nobody: {facts.population(settings)}" if facts.invented(settings) else "real",
        "person index": f"run {run['run']}, linkage threshold medium",
        "model": run["model"],
        "data to": str(analysis.period.data_to),
        "cohorts of": analysis.period.title,
        "k": f"{project.fewest(settings.disclosure)} women at least are alike in: {columns}",
        "sensitive": f"{each} of them at least gave each of the two answers, if any, to: {sensitive}",
        "same row": f"{each} women at least have it, whatever it says: answers of others are emptied, the last first",
        **rows,
        **{f"emptied in {cohort}": said or "no answer" for cohort, said in left.items()},
        "one row": "A woman has one in each table, of her first entry there, and no two tables can be joined.",
        "what is emptied": "Rare answers. So a rate of few women is off by some of them; the published tables say it.",
        "what is left": person_file.WHAT_IS_LEFT,
        "columns": "What each says, and is known by: select table_name, column_name, comment from duckdb_columns() "
        "where not internal",
        "not protected": "Who knows a woman's class and some of her answers may find that all of whom this is true "
        "share another. Files of several exports, or of several projects, say more together. Do not try.",
        "next export": "It leaves out whoever was withdrawn since. Use it in place of this file, and destroy this one.",
        "health warning": person_file.HEALTH_WARNING,
    }


def listed(settings: Settings) -> list[dict[str, str]]:
    """(name, title, access, key, file): every project that is declared, however badly, or was once made."""
    declared = declared_projects(settings.schemas)
    logged = {e.details["project"] for e in ledger_of(settings).verify().entries if "project" in e.details}
    found = []
    for name in sorted({*declared, *logged}):
        about = about_declared(settings, name) if name in declared else {"title": "not declared", "access": ""}
        file = settings.files.project(name)
        found.append({"name": name, "key": state(settings, name), "file": str(file) if file.exists() else "", **about})
    return found


def about_declared(settings: Settings, name: str) -> dict[str, str]:
    """(title, access) of a declaration, or where to read what is wrong with it."""
    try:
        said = settings.project(name)
    except ContractError:
        return {"title": "cannot be used as it is declared: linkage check says why", "access": ""}
    return {"title": said.title, "access": said.access}


def state(settings: Settings, name: str) -> str:
    """The fingerprint of a project's key, or what has become of it."""
    entries = study_keys.of_project(settings, name)
    if last := study_keys.said(entries, ENDING, DESTROYED):
        return "destroyed" if last.what == DESTROYED else "being destroyed: run destroy again"
    made = study_keys.said(entries, MADE)
    there = KeyFolder(settings.files.department.keys).path(f"study-{name}").exists()
    return "none yet" if made is None else str(made.details["fingerprint"]) if there else "lost"


@alone("project", of_each=True)
def destroy(settings: Settings, name: str) -> Entry:
    """Delete the file and the study-id key of a project, declared or not. Returns the receipt, the same one each time.

    Raises PrivacyError.
    """
    return study_keys.destroy_study_key(settings, name)
