"""Person-level files of projects: made for the accredited analysts of one, refused where a woman stands out.

A project has a study-id key of its own, so the files of two do not join. Study ids are made of person ids, which last:
whoever is not touched by a later delivery keeps hers, and whoever is in it no more is not in the next file.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from linkage import facts, keyring, people, quality_run, releases
from linkage.contracts.analysis import Analysis
from linkage.contracts.disclosure import Disclosure
from linkage.contracts.project import STUDY_ID, Project
from linkage.errors import DisclosureError, LinkError, PrivacyError
from linkage.keyring import STUDY_DESTROYED
from linkage.ledger import Entry, ledger_of
from linkage.linking import arrived, whole
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.pseudonymisation.keys import Key, for_study_id
from linkage.settings import Settings
from linkage.workspace import OWNER_ONLY_FILE, OWNER_ONLY_FOLDER, private_folder, whole_folder

if TYPE_CHECKING:
    from linkage.cohorts.anonymity import Exposed

EXPORTED, COLUMNS = "project exported", "columns"
Rows = duckdb.DuckDBPyRelation


def new(settings: Settings, name: str) -> str:
    """Make the study-id key of a declared project. Returns its fingerprint.

    Raises ContractError where the declaration is missing or wrong, PrivacyError where there is, or was, a key.
    """
    settings.project(name)
    return keyring.new_study_key(settings, name)


def export(settings: Settings, name: str, approval: str | None = None) -> dict[str, Any]:
    """Write the file of a project: {run, rows: {cohort: how many}, content_sha256}. `approval`: who let it out.

    Raises ContractError, PrivacyError without a key or, of real data, an approval, GateError where the linkage is not
    to be used, DisclosureError where a woman stands out. The file of before then stays as it was.
    """
    project, analysis, key = settings.project(name), settings.analysis, study_key(settings, name)
    approval = releases.approved(settings, approval, f"linkage project export {name}")
    quality_run.release_gate(settings)
    with duckdb.connect() as con:
        found = rows_of(con, settings, analysis, project)
        check_alike(con, settings, analysis, name, project, found)
        check_same_columns(settings, name, project)
        tables = with_study_ids(con, found, key, name)
    about = about_file(settings, analysis, name, project, tables)
    said = {"project": name, "fingerprint": key.fingerprint(name), "approval": approval, COLUMNS: project.columns}
    return written(settings, tables, analysis, project, about, said)


def written(
    settings: Settings,
    tables: Mapping[str, pa.Table],
    analysis: Analysis,
    project: Project,
    about: Mapping[str, str],
    said: Mapping[str, str],
) -> dict[str, Any]:
    """Write the file, whole or not at all, and log what was `said` of it before anybody can see it."""
    from linkage.cohorts import person_file
    from linkage.release.publish import content_hash

    file = settings.files.project(said["project"])
    private_folder(file.parents[1])
    with whole_folder(file.parent) as folder:
        folder.chmod(OWNER_ONLY_FOLDER)
        person_file.write(folder / file.name, tables, analysis, project, about)
        (folder / file.name).chmod(OWNER_ONLY_FILE)
        done = {
            "run": people.about(people.runs(settings)[-1])["run"],
            "rows": {cohort: table.num_rows for cohort, table in tables.items()},
            "content_sha256": content_hash(folder / file.name),
        }
        ledger_of(settings).append(EXPORTED, **said, file=str(file), **done)
    return done


def study_key(settings: Settings, name: str) -> Key:
    """The study-id key of a project. Raises PrivacyError where it has none."""
    keys = KeyFolder(settings.files.department.keys)
    if not keys.path(f"study-{name}").exists():
        raise PrivacyError(
            f"Project {name} has no study-id key. Make it: linkage project new {name}. Nothing was written."
        )
    return keys.study_key(name)


def rows_of(
    con: duckdb.DuckDBPyConnection, settings: Settings, analysis: Analysis, project: Project
) -> dict[str, Rows]:
    """{cohort: (person_id, period, breakdowns …, answers …)}: one row per woman and quarter. Raises LinkError."""
    from linkage.cohorts.entries import entries
    from linkage.cohorts.records import Records, require_persons
    from linkage.cohorts.tabulate import people_at

    files = settings.files
    if not files.matching.person_index.exists() or not people.runs(settings):
        raise LinkError("There is no person index yet. Run: linkage link")
    attributes = {name: arrived(con, files.cohorts.attributes(name), name) for name in settings.datasets}
    index = whole(con, files.matching.person_index, "linkage link")
    require_persons(con, attributes, index)
    known = people_at(Records(con, attributes, index, "medium"), analysis)  # whose person ids last
    return {cohort: entries(known, analysis, project, cohort) for cohort in project.cohorts}


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
    fewest, wrong = project.fewest(disclosure), []
    for cohort, relation in rows.items():
        columns = [*project.period_columns, *project.breakdowns_of(analysis, analysis.cohorts[cohort])]
        for one in exposed(con, relation, columns, fewest, project.sensitive):
            wrong.append(f"{cohort}: {advice(one, fewest, disclosure)}")
    if wrong:
        place = settings.schemas / "projects" / f"{name}.yaml"
        raise DisclosureError("\n".join([*(f"{place}: {line}" for line in wrong), "Nothing was written."]))


def advice(one: "Exposed", fewest: int, disclosure: Disclosure) -> str:
    """What is wrong, and how much better it would be without each column: never a value of a class."""
    what = f"the answers to {one.sensitive} are all alike" if one.sensitive else f"there are fewer than {fewest} women"
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
    ids = con.from_arrow(study_ids(rows.values(), key, name))
    return {cohort: renamed(con, relation, ids).to_arrow_table() for cohort, relation in rows.items()}


def renamed(con: duckdb.DuckDBPyConnection, rows: Rows, ids: Rows) -> Rows:
    """The rows of one cohort under study ids. Within a woman's they come in the order of what they say, not of time."""
    return con.sql("select ids.study_id, rows.* exclude (person_id) from rows join ids using (person_id) order by all")


def study_ids(rows: Iterable[Rows], key: Key, name: str) -> pa.Table:
    """(person_id, study_id): one row per woman. 64 bits as 16 hexadecimal digits."""
    known = sorted({person for relation in rows for (person,) in relation.project("person_id").fetchall()})
    tokens = for_study_id(key, name).tokens(map(str, known))
    return pa.table({"person_id": known, STUDY_ID: [f"{token % 2**64:016x}" for token in tokens.tolist()]})


def about_file(
    settings: Settings, analysis: Analysis, name: str, project: Project, tables: Mapping[str, pa.Table]
) -> dict[str, str]:
    """{what: it says}: what its users must know. No time of day, so that a rerun says the same."""
    from linkage.cohorts.person_file import HEALTH_WARNING

    run = people.about(people.runs(settings)[-1])
    columns = ", ".join([*project.period_columns, *project.breakdowns]) or "no column"
    rows = {f"rows of {cohort}": f"{table.num_rows:,}" for cohort, table in tables.items()}
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
        "sensitive": f"no class has one answer alone to: {', '.join(project.sensitive) or 'none'}",
        **rows,
        "several rows": "k holds for each row. Who knows several of a woman's entries may know more: do not try.",
        "next export": "It leaves out whoever has been withdrawn since. Use it in place of this file.",
        "health warning": HEALTH_WARNING,
    }


def listed(settings: Settings) -> list[dict[str, str]]:
    """(name, title, access, key, file): every project that is declared, or was once made."""
    declared, keys = settings.projects, KeyFolder(settings.files.department.keys)
    logged = [e for e in ledger_of(settings).verify().entries if "project" in e.details]
    gone = {e.details["project"] for e in logged if e.what == STUDY_DESTROYED}
    found = []
    for name in sorted({*declared, *(e.details["project"] for e in logged)}):
        has_key = keys.path(f"study-{name}").exists()
        state = keys.study_key(name).fingerprint(name) if has_key else "destroyed" if name in gone else "none yet"
        said = declared.get(name)
        about = {"title": said.title, "access": said.access} if said else {"title": "not declared", "access": ""}
        file = settings.files.project(name)
        found.append({"name": name, "key": state, "file": str(file) if file.exists() else "", **about})
    return found


def destroy(settings: Settings, name: str) -> Entry:
    """Delete the file and the study-id key of a project, declared or not. Returns the receipt. Raises PrivacyError."""
    study_key(settings, name)
    return keyring.destroy_study_key(settings, name)
