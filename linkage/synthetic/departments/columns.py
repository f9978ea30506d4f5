"""What the extracts share: lives in, columns out, and of all rows that will ever be those delivered on a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, Days, dates
from linkage.synthetic.departments.mistakes import Clerk, Marks, Source, labels
from linkage.synthetic.people.arrays import Flags, Numbers, Texts
from linkage.synthetic.people.population import Population


@dataclass(frozen=True)
class Lives:
    """A block of people and everything that happened to them: the population, and tables of events by name.

    `block`: the number of the block, from 0; `seed`: that of the whole population.
    """

    people: Population
    events: dict[str, pd.DataFrame]
    aims: Calibration
    block: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Extract:
    """`rows`: an extract as delivered on a day, by its contract's columns, in the order of its record ids.

    Beside each row: `who` it is about; the day it was `entered`; `name`, which of her lawful surnames the clerk was
    given (0, 1 or 2); `errors`, the labels of the mistakes in force, joined by ";".
    """

    rows: pd.DataFrame
    who: Numbers
    entered: Days
    name: Numbers
    errors: Texts


def clerk_of(source: Source, lives: Lives, rng: np.random.Generator, as_of: int) -> Clerk:
    """A department at work on a block of lives."""
    return Clerk(source, lives.people, lives.events["deaths"], lives.aims, rng, as_of, lives.block, lives.seed)


def delivered(
    clerk: Clerk,
    columns: Mapping[str, Any],
    required: str,
    who: Numbers,
    entered: Days,
    name: Numbers,
    marks: Marks,
    gone: Flags | None = None,
) -> Extract:
    """The rows that stand in a delivery: entered by then, of people who have not objected, nor are `gone` otherwise.

    `columns`: record id first. A few rows nobody can use: the date `required` is missing.
    """
    spoiled = clerk.slips("row_unusable", np.ones(len(who)), entered)
    table = pd.DataFrame({**columns, required: np.where(spoiled, np.datetime64("NaT", "D"), columns[required])})
    objected = clerk.people.people["objected"].to_numpy()[who]
    kept = np.flatnonzero((entered <= clerk.as_of) & (objected > clerk.as_of) & (True if gone is None else ~gone))
    ids = table[next(iter(columns))].to_numpy(dtype=object)[kept]
    kept = kept[np.argsort(ids.astype("U"), kind="stable")]
    errors = labels({**marks, "row_unusable": spoiled}, len(who))
    return Extract(table.iloc[kept].reset_index(drop=True), who[kept], entered[kept], name[kept], errors[kept])


def known_end(clerk: Clerk, end: Days) -> Days:
    """The day each spell ended, as far as it is entered by the day of the delivery: NEVER while it is not."""
    return np.where(clerk.entered(end) <= clerk.as_of, end, NEVER)


def once_over(end: Days, reasons: npt.ArrayLike) -> Texts:
    """What is said about a spell's end; nothing while there is none."""
    return np.where(end == NEVER, "", reasons).astype(object)


def days(table: pd.DataFrame, column: str) -> Days:
    """A column of days as an array."""
    return table[column].to_numpy(np.int64)


def texts(table: pd.DataFrame, *columns: str) -> dict[str, Texts]:
    """Columns of a table as they stand."""
    return {column: table[column].to_numpy(dtype=object) for column in columns}


def coded(values: npt.ArrayLike, codes: dict[str, str]) -> Texts:
    """Values in the department's own codes."""
    return pd.Series(np.asarray(values)).map(codes).to_numpy(dtype=object)


def yes_no(flags: npt.ArrayLike) -> Texts:
    """Y or N."""
    return np.where(np.asarray(flags, dtype=bool), "Y", "N").astype(object)


def integers(values: npt.ArrayLike, missing: Flags) -> "pd.Series[int]":
    """Whole numbers, some of them missing."""
    return pd.Series(pd.arrays.IntegerArray(np.asarray(values, dtype=np.int64), missing))


def deaths(clerk: Clerk, who: Numbers) -> npt.NDArray[np.datetime64]:
    """The day each died, as far as the department has heard of it; NaT for all others."""
    table = clerk.deaths
    died = np.full(len(clerk.people.people), NEVER)
    died[table["who"]] = table["died"]
    return dates(known_end(clerk, died)[who])


def same(*keys: npt.ArrayLike) -> tuple[Numbers, Numbers]:
    """(group of each row, first row of each group): rows that agree in all keys."""
    table = pd.DataFrame(dict(enumerate(keys)))
    each = table.groupby(list(table.columns), sort=False).ngroup().to_numpy()
    _, first = np.unique(each, return_index=True)
    return each.astype(np.int64), first.astype(np.int64)


def first_day(each: Numbers, on: Days) -> Days:
    """The earliest day of each group of rows."""
    found = np.full(each.max(initial=-1) + 1, NEVER)
    np.minimum.at(found, each, on)
    return found


def latest_day(each: Numbers, on: Days, seen: Flags) -> Days:
    """The latest day of each group's rows that are seen; the earliest of all where none is."""
    found = np.full(each.max(initial=-1) + 1, -NEVER)
    np.maximum.at(found, each[seen], on[seen])
    return np.where(found == -NEVER, first_day(each, on), found)
