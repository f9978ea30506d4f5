"""Invented people: how many events are counted of each woman beside how many there were, and sums by perfect links.

How many there were was written by plain code over the life that was invented for her, and shares nothing with this.
"""

from collections.abc import Mapping
from pathlib import Path

from duckdb import DuckDBPyConnection

from linkage.cohorts.frequency import counted_often, numbers_of, sums
from linkage.cohorts.records import Records
from linkage.cohorts.sql import Relation, gathered, kept, literal
from linkage.cohorts.tabulate import people_at
from linkage.cohorts.truth import MEDIUM, true_index
from linkage.contracts.analysis import Analysis


def perfect_sums(
    con: DuckDBPyConnection,
    analysis: Analysis,
    attributes: Mapping[str, Relation],
    person_index: Relation,
    truth: Relation,
) -> Relation | None:
    """What `frequency.sums` says of the same records under the ids of the truth; None where nothing is counted."""
    rightly = true_index(con, person_index, truth)
    return sums(people_at(Records(con, attributes, rightly, MEDIUM), analysis), analysis)


def numbers_compared(records: Records, analysis: Analysis, lived: Path) -> Relation:
    """(cohort, outcome, person, index_date, here, there): one row per woman and quarter whose events are counted.

    `lived`: the folder of the truth; `records`: such that person ids are the truth's own.
    """
    con, people = records.con, people_at(records, analysis)
    each = {
        (o.cohort, o.outcome): o for table in analysis.tables.values() for o in counted_often(people, analysis, table)
    }
    here = gathered(con, [  # noqa: F841  the query reads these by name
        numbers_of(people, analysis, one).project(
            f"{literal(one.cohort)} as cohort, {literal(one.outcome)} as outcome, "
            "person_id as person, index_date, events"
        )
        for one in each.values()
    ])  # fmt: skip
    there = con.read_csv(str(lived / "frequencies.csv"), header=True)  # noqa: F841
    return kept(con, con.sql(
        """
        select cohort, outcome, person, index_date, here.events as here, there.times as there
        from here full join there using (cohort, outcome, person, index_date)
        """
    ))  # fmt: skip
