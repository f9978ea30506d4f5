"""python -m benchmarks.persons: how far somebody who knows something of a woman gets with a person-level file.

Records are joined to people by the truth. An attacker knows the class and some answers of each woman with a row. In
rows as they are, hers are those that say the same; in the file that is given, those that say the same or nothing.
"""

import argparse
from collections.abc import Sequence

import duckdb
from rich.table import Table

from benchmarks.measure import OUT, folder, timed
from benchmarks.truth import SCHEMAS, deliver, linked_by_the_truth
from linkage.cohorts.entries import alike, entries
from linkage.cohorts.sql import Relation
from linkage.cohorts.tabulate import people_at
from linkage.contracts.project import Project, Spans
from linkage.settings import Settings
from linkage.synthetic.calibration import read_calibration

PEOPLE, SEED, PROJECT = 12_000, 7, "resettlement"
WORK, HOME, OFFENCE = "employed_6_weeks", "settled_3_months", ("proven_reoffending", "proven_reoffending_by_day")
KNOWN = {"class": (), "class, job": (WORK,), "class, day of offence": OFFENCE,
         "class, job, home": (WORK, HOME), "class, job, offence": (WORK, *OFFENCE)}  # fmt: skip
DAILY = Spans(value=tuple(range(1, 365)), reason="every day is a span of its own")
FINE = {"breakdowns": {"age_band": {}, "region": {}}, "period": "quarter", "by_day": {OFFENCE[0]: DAILY}}


def main() -> None:
    """Shows a table per cohort: of how many women few rows may be hers, and of how many an answer is learned."""
    parser = argparse.ArgumentParser(description="Attack person-level files with what somebody may know of a woman.")
    parser.add_argument("--people", type=int, default=PEOPLE)
    people = parser.parse_args().people
    with folder(None) as root, duckdb.connect() as con:
        settings = Settings(schemas=SCHEMAS, workspace=root)
        timed(f"{people:,} people", deliver, settings, people, SEED, read_calibration())
        known, coarse = people_at(linked_by_the_truth(con, settings), settings.analysis), settings.project(PROJECT)
        fine = coarse.model_copy(update=FINE)
        for cohort in coarse.cohorts:
            whole, rows = (entries(known, settings.analysis, project, cohort) for project in (fine, coarse))
            given = alike(con, rows, coarse.answers, settings.disclosure.same_row.value)
            files = {"fine": (fine, whole, whole), "declared": (coarse, rows, rows), "given": (coarse, rows, given)}
            show(cohort, con, files)


def show(title: str, con: duckdb.DuckDBPyConnection, files: dict[str, tuple[Project, Relation, Relation]]) -> None:
    """A line per thing known: women who could be one of two rows at most, and women of whom an answer is learned."""
    table = Table("known", *(f"{name}: {what}" for name in files for what in ("few", "learned")), title=title, box=None)
    for knows, columns in KNOWN.items():
        table.add_row(knows, *(f"{n:,}" for file in files.values() for n in attacked(con, *file, columns)))
    OUT.print(table)
    for name, (_, _, file) in files.items():
        employed = file.filter(WORK).aggregate(f"count(*), round(100 * avg({OFFENCE[0]}::int), 1)").fetchall()
        OUT.print(f"{name}: {len(file):,} rows; employed, and reoffended in %: {employed}")


def attacked(
    con: duckdb.DuckDBPyConnection, project: Project, women: Relation, file: Relation, knows: Sequence[str]
) -> tuple[int, int]:
    """Women of whom fewer than three rows may be hers, and those whose rows all have one other answer that is there."""
    classes = [column for column in file.columns if column not in ("person_id", *project.answers)]
    or_nothing = {c: f" or file.{c} is null" if women is not file and c in knows else "" for c in (*classes, *knows)}
    hers = " and ".join(f"(women.{c} is not distinct from file.{c}{nothing})" for c, nothing in or_nothing.items())
    others = [name for name in project.outcomes if name not in knows]
    learned = " or ".join(f"(count(file.{o}) = count(*) and count(distinct file.{o}) = 1)" for o in others)
    found = con.sql(
        f"""
        select count(*) as rows, {learned} as learned
        from women join file on {hers or "true"}
        where women.person_id in (select person_id from file) group by women.person_id
        """
    )
    [(few, more)] = found.aggregate("count_if(rows < 3), count_if(learned)").fetchall()
    return int(few), int(more)


if __name__ == "__main__":
    main()
