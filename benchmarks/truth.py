"""python -m benchmarks.truth: what the pipeline says became of each woman, beside what did.

Records are joined to people by the truth, so that no link is wrong and what differs is how outcomes are defined: in SQL
over what the departments delivered (linkage/cohorts), and in plain code over each life (linkage/synthetic/truth), which
share nothing. Departments that make no mistake and leave nobody out must agree with the truth on every woman, and so
must every number of every table that lives can be counted in. Another table is of departments as they are: what their
records, perfectly linked, still get wrong, and why.
"""

import argparse
import sys
from collections.abc import Collection
from pathlib import Path
from statistics import fmean
from typing import Any

import duckdb
import pyarrow as pa
from rich.table import Table

from benchmarks import truth_cells
from benchmarks.measure import EPOCH, OUT, folder, timed
from linkage import stages
from linkage.cohorts.records import Records
from linkage.cohorts.sql import Relation, any_of, kept, literal
from linkage.cohorts.truth import MEMBERS, compared
from linkage.contracts.analysis import Analysis
from linkage.pseudonymisation.pseudonyms import with_record_ids
from linkage.settings import Settings
from linkage.synthetic.calibration import Calibration, read_calibration
from linkage.synthetic.careful import careful
from linkage.synthetic.synthesise import synthesise

SCHEMAS = Path(__file__).parents[1] / "schemas"
PEOPLE, QUICK_PEOPLE = 20_000, 2_000
SEED = 7
THRESHOLDS = ("high", "medium", "low")

# Mistakes in what is left of a record when its identifiers are gone, and why a woman may have no record at all.
NO_DATE = "error in ('tax_year_start', 'tax_year_end', 'default_date')"
MISTAKE = "(error = 'row_unusable' or error like 'sex_%' or error like 'dob_%')"
REASONS = ("left", "not sent", "no date", "mistake", "neither")
MOVED = 0.5  # points, from which on a rate is listed


def main() -> int:
    """Returns 1 when --check finds a woman or number on which definitions differ, or a woman whom nothing explains."""
    chosen = options().parse_args()
    people = QUICK_PEOPLE if chosen.quick else chosen.people
    aims = read_calibration()
    differ, _, numbers = measured("departments that make no mistake", people, chosen.seed, careful(aims))
    _, unexplained, _ = measured("departments as they are", people, chosen.seed, aims)
    return int(chosen.check and bool(differ or numbers or unexplained))


def options() -> argparse.ArgumentParser:
    """What may be asked."""
    parser = argparse.ArgumentParser(description="Compare what the pipeline says of each woman with the truth.")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PEOPLE:,} people only")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--check", action="store_true", help="fail when definitions differ on a woman")
    return parser


def measured(title: str, people: int, seed: int, aims: Calibration) -> tuple[int, int, int]:
    """Show the agreement on one delivery. Returns how many answers differ, how many of them for no known reason, and
    how many numbers of tables differ.
    """
    with folder(None) as root, duckdb.connect() as con:
        settings = Settings(schemas=SCHEMAS, workspace=root)
        timed(f"{title}, {people:,} people", deliver, settings, people, seed, aims)
        records, truth = linked_by_the_truth(con, settings), settings.files.truth
        numbers = truth_cells.compared(records, settings.analysis, truth)
        found = explained(con, compared(records, settings.analysis, truth), settings.analysis, truth)
        each = ", ".join(f"sum(cast(coalesce(reason = {literal(one)}, false) as int))" for one in REASONS)
        by_outcome = found.aggregate(f"outcome, count(*), sum(cast(agreed as int)), {each}")
        rows = by_outcome.order("outcome").fetchall()
        rates = moved(found)
    show(title, rows)
    show_moved(rates)
    wrong = sum(differ for _, differ in numbers.values())
    OUT.print(f"{sum(all_of for all_of, _ in numbers.values()):,} numbers of tables, {wrong:,} of them differ\n")
    return sum(women - agreed for _, women, agreed, *_ in rows), sum(row[-1] for row in rows), wrong


def show(title: str, rows: list[tuple[Any, ...]]) -> None:
    """One line per outcome: how many women were asked about, and for what reasons answers about the others differ."""
    table = columns(title, "asked", "agreed", "%", *REASONS)
    for name, women, agreed, *why in rows:
        table.add_row(name, f"{women:,}", f"{agreed:,}", f"{100 * agreed / women:.2f}", *map(str, why))
    OUT.print(table, "")


def moved(found: Relation) -> list[tuple[Any, ...]]:
    """(cohort, outcome, rate as lived, rate on record, then what each reason makes of the difference): one row per
    cohort and outcome, in % and points: each rate with the answers on record of women who differ for that reason alone.
    """

    def rate(reasons: Collection[str]) -> str:
        so = f"reason in {any_of(['', *reasons])}"
        having, women = (
            f"sum(cast(case when {so} then said_{name} else {name} end as int))" for name in ("achieved", "counted")
        )
        return f"100.0 * {having} / {women}"

    lived = rate(())
    each = ", ".join(f"{rate((one,))} - {lived}" for one in REASONS)
    asked = found.filter(f"outcome <> {literal(MEMBERS)}")
    return asked.aggregate(f"cohort, outcome, {lived}, {rate(REASONS)}, {each}").order("cohort, outcome").fetchall()


def show_moved(rates: list[tuple[Any, ...]]) -> None:
    """One line for each rate that what is on record moves, and by how much they all are on average."""
    table = columns(f"Rates moved by {MOVED} points or more", "as lived, %", "on record, %", *REASONS)
    for cohort, outcome, lived, said, *why in rates:
        if abs(said - lived) >= MOVED:
            table.add_row(f"{outcome}, {cohort}", f"{lived:.1f}", f"{said:.1f}", *(f"{one:+.2f}" for one in why))
    size = fmean(abs(said - lived) for _, _, lived, said, *_ in rates)
    OUT.print(table, f"{len(rates)} rates of all women, on record {size:.2f} points from what was lived on average\n")


def columns(title: str, *names: str) -> Table:
    """A table of figures, the first column of which says what of."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right")
    return table


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


def explained(con: duckdb.DuckDBPyConnection, found: Relation, analysis: Analysis, truth: Path) -> Relation:
    """(…, agreed, reason): why they do not agree, the first that is true of REASONS; null where they do."""
    for name in ("records", "errors", "withdrawals", "people", "abodes"):
        con.execute(f"create table {name} as from read_csv('{truth}/{name}.csv', header = true)")
    hangs_on = asks(con, analysis)  # noqa: F841  read by name
    return con.sql(
        f"""
        select found.*, case
            when agreed then null
            when person in (select person from withdrawals where dataset is null)
                or {hanging("dataset = 'ndtms'")} and (person in (select person from withdrawals)
                    or person in (select person from people where consents = 'no')) then {literal(REASONS[0])}
            when {hanging("dataset = 'hclic'")} and person in ({duties_left_out()}) then {literal(REASONS[1])}
            when {wrong_on_record(NO_DATE)} then {literal(REASONS[2])}
            when {wrong_on_record(MISTAKE)} then {literal(REASONS[3])}
            else {literal(REASONS[4])}
        end as reason
        from found
        """
    )


def hanging(of: str) -> str:
    """SQL: does an outcome hang on such a dataset?"""
    return f"outcome in (select outcome from hangs_on where {of})"


def wrong_on_record(mistake: str) -> str:
    """SQL: is there such a mistake on one of her records that the answer hangs on?"""
    return f"""exists (
        from hangs_on join errors using (dataset) join records using (dataset, record_id)
        where hangs_on.outcome = found.outcome and records.person = found.person and {mistake})"""


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
