"""python -m benchmarks.truth: what the pipeline says became of each woman, beside what did.

Records are joined to people by the truth, so that no link is wrong and what differs is how outcomes are defined: in SQL
over what the departments delivered (linkage/cohorts), and in plain code over each life (linkage/synthetic/truth), which
share nothing. Departments that make no mistake and leave nobody out must agree with the truth on every woman. Another
table is of departments as they are: what their records, perfectly linked, still get wrong, and why.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from rich.table import Table

from benchmarks.measure import EPOCH, OUT, folder, timed
from linkage import stages
from linkage.cohorts.records import Records
from linkage.cohorts.sql import Relation, gathered, kept, literal
from linkage.cohorts.tabulate import Asked, asked, people_at
from linkage.contracts.analysis import Analysis
from linkage.pseudonymisation.pseudonyms import with_record_ids
from linkage.settings import Settings
from linkage.synthetic.calibration import Calibration, read_calibration
from linkage.synthetic.careful import careful
from linkage.synthetic.synthesise import synthesise

SCHEMAS = Path(__file__).parents[1] / "schemas"
PEOPLE, QUICK_PEOPLE = 20_000, 2_000
SEED = 7
MEMBERS = "in the cohort"
THRESHOLDS = ("high", "medium", "low")

# Mistakes in what is left of a record when its identifiers are gone, and why a woman may have no record at all.
IN_ATTRIBUTES = """(error in ('tax_year_start', 'tax_year_end', 'default_date', 'row_unusable')
    or error like 'sex_%' or error like 'dob_%')"""
REASONS = ("mistake", "left", "not sent", "neither")


def main() -> int:
    """Returns 1 when --check finds a woman on whom definitions differ, or one whom nothing explains."""
    chosen = options().parse_args()
    people = QUICK_PEOPLE if chosen.quick else chosen.people
    aims = read_calibration()
    differ, _ = measured("departments that make no mistake", people, chosen.seed, careful(aims))
    _, unexplained = measured("departments as they are", people, chosen.seed, aims)
    return int(chosen.check and bool(differ or unexplained))


def options() -> argparse.ArgumentParser:
    """What may be asked."""
    parser = argparse.ArgumentParser(description="Compare what the pipeline says of each woman with the truth.")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PEOPLE:,} people only")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--check", action="store_true", help="fail when definitions differ on a woman")
    return parser


def measured(title: str, people: int, seed: int, aims: Calibration) -> tuple[int, int]:
    """Show the agreement on one delivery. Returns how many answers differ, and how many of them for no known reason."""
    with folder(None) as root, duckdb.connect() as con:
        settings = Settings(schemas=SCHEMAS, workspace=root)
        timed(f"{title}, {people:,} people", deliver, settings, people, seed, aims)
        records, truth = linked_by_the_truth(con, settings), settings.files.truth
        found = explained(con, compared(records, settings.analysis, truth), settings.analysis, truth)
        each = ", ".join(f"sum(cast(coalesce(reason = {literal(one)}, false) as int))" for one in REASONS)
        by_outcome = found.aggregate(f"outcome, count(*), sum(cast(agreed as int)), {each}")
        rows = by_outcome.order("outcome").fetchall()
    show(title, rows)
    return sum(women - agreed for _, women, agreed, *_ in rows), sum(row[-1] for row in rows)


def show(title: str, rows: list[tuple[Any, ...]]) -> None:
    """One line per outcome: how many women were asked about, and for what reasons answers about the others differ."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in ("asked", "agreed", "%", *REASONS):
        table.add_column(name, justify="right")
    for name, women, agreed, *why in rows:
        table.add_row(name, f"{women:,}", f"{agreed:,}", f"{100 * agreed / women:.2f}", *map(str, why))
    OUT.print(table, "")


def deliver(settings: Settings, people: int, seed: int, aims: Calibration) -> None:
    """Invent people by these figures, and pseudonymise what departments deliver of them."""
    synthesise(people, seed, settings.datasets, settings.files.department.extract("."), settings.files.truth, aims=aims)
    stages.new_keys(settings, EPOCH)
    for dataset in settings.datasets:
        stages.pseudonymise(settings, dataset)


def linked_by_the_truth(con: duckdb.DuckDBPyConnection, settings: Settings) -> Records:
    """The pseudonymised records, each joined to the person it is of."""
    file, keys = settings.files.truth / "records.csv", stages.key_source(settings)
    known = con.from_arrow(with_record_ids(con, file, settings.datasets, keys))
    ids = ", ".join(f"person as person_id_{threshold}" for threshold in THRESHOLDS)
    files = {name: str(settings.files.cohorts.attributes(name)) for name in settings.datasets}
    attributes = {name: con.read_parquet(file) for name, file in files.items()}
    return Records(con, attributes, kept(con, known.project(f"dataset, record_id, {ids}")), "medium")


def said(records: Records, analysis: Analysis) -> Relation:
    """(cohort, outcome, quarter, person, index_date, counted, achieved): one row per woman the pipeline is asked about.

    With a row of the outcome MEMBERS for each woman and quarter of a cohort. Who is not counted has not achieved it.
    """
    people = people_at(records, analysis)
    found = [
        members.project(
            f"{literal(cohort)} as cohort, {literal(MEMBERS)} as outcome, quarter, person_id as person, index_date, "
            "true as counted, true as achieved"
        )
        for cohort, members in people.members.items()
    ]
    each = {  # two tables that show an outcome of the same women ask once
        (one.cohort, one.outcome): one for table in analysis.tables.values() for one in asked(people, analysis, table)
    }
    found += [answered(records.con, one) for one in each.values()]
    return gathered(records.con, found)


def answered(con: duckdb.DuckDBPyConnection, one: Asked) -> Relation:
    """The rows of one cohort and outcome."""
    members, answers = one.members, one.answers  # noqa: F841  the query reads them by name
    return con.sql(
        f"""
        select {literal(one.cohort)} as cohort, {literal(one.outcome)} as outcome, members.quarter,
            members.person_id as person, index_date, counted, coalesce(achieved, false) as achieved
        from members join answers using (person_id, index_date)
        """
    )


def happened(con: duckdb.DuckDBPyConnection, truth: Path) -> Relation:
    """The same rows as the truth has them."""
    return con.sql(
        f"""
        with outcomes as (
            select * replace (counted = 'yes' as counted, achieved = 'yes' as achieved)
            from read_csv('{truth}/outcomes.csv', header = true)
        )
        from outcomes
        union all
        select distinct cohort, {literal(MEMBERS)}, quarter, person, index_date, true, true from outcomes
        """
    )


def compared(records: Records, analysis: Analysis, truth: Path) -> Relation:
    """(cohort, outcome, quarter, person, agreed): one row per woman and quarter whom either side knows of.

    They agree when both count her from the same day with the same answer, or neither counts her. Whom the pipeline does
    not ask, because an outcome is not about her, the truth does not count.
    """
    here, there = said(records, analysis), happened(records.con, truth)  # noqa: F841  the query reads them by name
    found = records.con.sql(
        """
        select cohort, outcome, quarter, person,
            coalesce(here.index_date = there.index_date, not coalesce(here.counted, there.counted))
                and coalesce(here.counted, false) = coalesce(there.counted, false)
                and coalesce(here.achieved, false) = coalesce(there.achieved, false) as agreed
        from here full join there using (cohort, outcome, quarter, person)
        """
    )
    return kept(records.con, found)


def explained(con: duckdb.DuckDBPyConnection, found: Relation, analysis: Analysis, truth: Path) -> Relation:
    """(…, agreed, reason): why they do not agree, the first that is true of REASONS; null where they do."""
    for name in ("records", "errors", "withdrawals", "people", "abodes"):
        con.execute(f"create table {name} as from read_csv('{truth}/{name}.csv', header = true)")
    hangs_on = asks(con, analysis)  # noqa: F841  read by name
    return con.sql(
        f"""
        select found.*, case
            when agreed then null
            when exists (
                from hangs_on join errors using (dataset) join records using (dataset, record_id)
                where hangs_on.outcome = found.outcome and records.person = found.person and {IN_ATTRIBUTES}
            ) then {literal(REASONS[0])}
            when person in (select person from withdrawals)
                or person in (select person from people where consents = 'no') then {literal(REASONS[1])}
            when outcome in (select outcome from hangs_on where dataset = 'hclic')
                and person in ({duties_left_out()}) then {literal(REASONS[2])}
            else {literal(REASONS[3])}
        end as reason
        from found
        """
    )


def asks(con: duckdb.DuckDBPyConnection, analysis: Analysis) -> Relation:
    """(outcome, dataset): the datasets on which an answer about a member of a cohort, or her being one, hangs."""
    pairs = {(MEMBERS, cohort.dataset) for cohort in analysis.cohorts.values()}
    for table in analysis.tables.values():
        pairs |= {(name, dataset) for name in analysis.outcomes_of(table) for dataset in analysis.datasets_of(table)}
    names, datasets = zip(*sorted(pairs), strict=True)
    return con.from_arrow(pa.table({"outcome": names, "dataset": datasets}))


def duties_left_out() -> str:
    """SQL: everybody who was owed more homelessness duties than are on record."""
    return """
        select person from (
            select person, 1 as owed from abodes where event = 'duty'
            union all select person, -1 as owed from records where dataset = 'hclic'
        ) group by person having sum(owed) > 0"""


if __name__ == "__main__":
    sys.exit(main())
