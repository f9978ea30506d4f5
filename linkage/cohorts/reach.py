"""Do the records reach the day that period.yaml says they reach? Where they end before, later outcomes seem not to be.

Counts of records by date, and nothing of women.
"""

from collections.abc import Mapping
from typing import NamedTuple

from linkage.cohorts.sql import Relation
from linkage.contracts.analysis import Analysis
from linkage.contracts.dataset import Dataset

QUARTER = 91  # days


class Reach(NamedTuple):
    """Of one date of a dataset: records of the last quarter of a year up to `data_to`, and of the year before it."""

    dataset: str
    column: str
    last_quarter: int
    year_before: int


def reach(analysis: Analysis, attributes: Mapping[str, Relation]) -> list[Reach]:
    """One row per date column of each dataset; what is kept of an identifier, such as a month of birth, is none."""
    return [
        Reach(name, column, *counted(attributes[name], column, analysis))
        for name, dataset in sorted(analysis.datasets.items())
        if name in attributes
        for column in dates(dataset)
        if column in attributes[name].columns  # a contract may have got a column since
    ]


def dates(dataset: Dataset) -> list[str]:
    """The columns that say on which day something was."""
    return [name for name, one in dataset.attributes.items() if one.type == "date" and not one.identifier]


def counted(rows: Relation, column: str, analysis: Analysis) -> tuple[int, int]:
    """Records of the 91 days that end on `data_to`, and of the 364 days before these."""
    days = f"date '{analysis.period.data_to}' - {column}"
    [found] = rows.aggregate(
        f"count(*) filter ({days} between 0 and {QUARTER - 1}), "
        f"count(*) filter ({days} between {QUARTER} and {5 * QUARTER - 1})"
    ).fetchall()
    return found
