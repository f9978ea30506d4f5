"""What is known of the women behind the counts of a release: noted when these are made, read when it is published."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import duckdb

from linkage.contracts.analysis import Analysis
from linkage.contracts.entries import is_every
from linkage.errors import LinkError
from linkage.settings import Settings
from linkage.workspace import write_parquet

Row = dict[str, Any]
Relation = duckdb.DuckDBPyRelation
WOMEN, EVENTS = "women", "events"
NOTHING = "select null as nothing limit 0"


def note(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: Mapping[str, Relation],
    people: Relation,
) -> None:
    """Write how many women are behind the counts of entries, and how many events behind an outcome that is counted.

    `people`: the person index.
    """
    from linkage.cohorts import behind, frequency
    from linkage.cohorts.records import Records
    from linkage.cohorts.sql import gathered
    from linkage.cohorts.tabulate import people_at, thresholds
    from linkage.cohorts.truth import MEDIUM

    def at(threshold: Any, part: Analysis) -> Any:
        return people_at(Records(con, attributes, people, threshold), part)

    of_entries, counted_often = entries_of(analysis), frequencies_of(analysis)
    women = [behind.women_behind(at(threshold, of_entries), of_entries) for threshold in thresholds(of_entries)]
    found = [one for one in women if one is not None]
    known = {
        WOMEN: gathered(con, found) if found else None,
        EVENTS: frequency.sums(at(MEDIUM, counted_often), counted_often) if counted_often.tables else None,
    }
    for what, rows in known.items():
        write_parquet(con.sql(NOTHING) if rows is None else rows, settings.files.cohorts.behind(what))


def entries_of(analysis: Analysis) -> Analysis:
    """The tables that show a cohort that every entry counts in, and those cohorts."""
    every = {name for name, cohort in analysis.cohorts.items() if is_every(cohort)}
    return part_of(analysis, {name for name, table in analysis.tables.items() if every & {*table.cohorts}})


def frequencies_of(analysis: Analysis) -> Analysis:
    """The tables that show an outcome whose events are counted, and their cohorts."""
    shown = {name: analysis.outcomes_of(table).values() for name, table in analysis.tables.items()}
    return part_of(analysis, {name for name, of in shown.items() if any(one.frequency for one in of)})


def part_of(analysis: Analysis, tables: set[str]) -> Analysis:
    """The same analysis of some tables alone."""
    kept = {name: table for name, table in analysis.tables.items() if name in tables}
    cohorts = {name for table in kept.values() for name in table.cohorts}
    of_tables = {name: cohort for name, cohort in analysis.cohorts.items() if name in cohorts}
    return replace(analysis, tables=kept, cohorts=of_tables)


def read(settings: Settings, what: str) -> list[Row]:
    """What was noted. Raises LinkError where it was not: nothing may be published without it."""
    path = settings.files.cohorts.behind(what)
    if not path.exists():
        raise LinkError("Tables were counted, and not the women behind them. Run: linkage tabulate")
    with duckdb.connect() as con:
        rows: list[Row] = con.read_parquet(str(path)).to_arrow_table().to_pylist()
    return rows
