"""Two projects of invented women: 4,000 people, pseudonymised, joined by the truth, and what their files hold."""

import shutil
from pathlib import Path

import duckdb
import yaml
from conftest import REPOSITORY

from benchmarks import truth
from linkage import facts, people, projects
from linkage.settings import Settings
from linkage.synthetic.calibration import read_calibration
from linkage.workspace import write_parquet

PEOPLE, SEED = 4_000, 5
JUDGED = {"gate": "linkage", "name": "linkage", "title": "Linkage", "passed": True, "checks": []}
STUDY = {
    "title": "A study",
    "purpose": "to see what becomes of women after release",
    "access": "whoever is named in the test, until it ends",
    "cohorts": ["community_order_starts", "cautioned"],
    "outcomes": ["proven_reoffending", "employed_6_weeks"],
    "by_day": {"proven_reoffending": {"value": [42], "reason": "A job is known on day 42."}},
    "period": "all",
    "breakdowns": {"age_band": {"under 35 or so": ["18-20", "21-24", "25-29", "30-39"], "older": ["40-49", "50+"]}},
    "sensitive": ["proven_reoffending", "employed_6_weeks"],
}


def delivered_to(folder: Path) -> Settings:
    """The declarations and the workspace, in which both projects have been exported."""
    shutil.copytree(REPOSITORY / "schemas", folder / "schemas")
    settings = there(folder)
    declare(settings, "housing", STUDY)
    declare(settings, "health", STUDY)
    truth.deliver(settings, PEOPLE, SEED, read_calibration())
    facts.mark_as_invented(settings, {"version": "test", "seed": SEED})
    link(settings)
    for name in ("housing", "health"):
        projects.new(settings, name)
        projects.export(settings, name)
    return settings


def copied(delivered: Settings, folder: Path) -> Settings:
    """A copy of it, to change."""
    for part in ("schemas", "workspace"):
        shutil.copytree(getattr(delivered, part), folder / part)
    return there(folder)


def there(folder: Path) -> Settings:
    """What lies in a folder."""
    return Settings(folder / "schemas", folder / "workspace")


def declare(settings: Settings, name: str, said: dict[str, object]) -> None:
    """Write the declaration of a project."""
    (settings.schemas / "projects" / f"{name}.yaml").write_text(yaml.safe_dump(said, sort_keys=False))


def link(settings: Settings) -> None:
    """Join the records that are there by the truth, under person ids that last, and have it judged."""
    with duckdb.connect() as con:
        known = truth.linked_by_the_truth(con, settings)
        clusters = ", ".join(f"person_id_{t} as cluster_{t}" for t in truth.THRESHOLDS)
        there = [known.attributes[name].project(f"'{name}' as dataset, record_id") for name in settings.datasets]
        for other in there[1:]:
            there[0] = there[0].union(other)
        whole, index = there[0], known.person_index  # noqa: F841  the query reads them by name
        found = con.sql(f"select dataset, record_id, {clusters} from index join whole using (dataset, record_id)")
        named = people.person_index(settings, con, found.to_arrow_table(), ["by the truth"])
        write_parquet(con.from_arrow(named), settings.files.matching.person_index)
    facts.write(settings, "gates/linkage/linkage", JUDGED)


def tables(settings: Settings, name: str) -> dict[str, list[tuple[object, ...]]]:
    """{table: its rows} of the file of a project."""
    with duckdb.connect(str(settings.files.project(name)), read_only=True) as con:
        names = [table for (table,) in con.execute("select table_name from duckdb_tables()").fetchall()]
        return {table: con.execute(f'from "{table}"').fetchall() for table in names}


def study_ids(settings: Settings, name: str, *cohorts: str) -> set[str]:
    """Every study id in the file of a project, or in the tables of some cohorts."""
    return {str(row[0]) for cohort in cohorts or STUDY["cohorts"] for row in tables(settings, name)[cohort]}
