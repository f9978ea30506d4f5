"""What the extracts share: lives in, columns out; numbers a department gives, codes it uses."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, Days
from linkage.synthetic.departments.mistakes import Clerk, changed
from linkage.synthetic.people import identifiers
from linkage.synthetic.people.population import Flags, Numbers, Population, Texts

SAME_NUMBER_AGAIN = 0.88


@dataclass(frozen=True)
class Lives:
    """Everybody and everything that happened to them: the population, and tables of events by name."""

    people: Population
    events: dict[str, pd.DataFrame]
    aims: Calibration


@dataclass(frozen=True)
class Extract:
    """`rows`: the extract, by its contract's columns. Beside it `who` each row is about, and her `legal` surname."""

    rows: pd.DataFrame
    who: Numbers
    legal: Texts


def texts(table: pd.DataFrame, *columns: str) -> dict[str, Texts]:
    """Columns of a table as they stand."""
    return {column: table[column].to_numpy(dtype=object) for column in columns}


def coded(values: pd.Series, codes: dict[str, str]) -> Texts:
    """Values in the department's own codes."""
    return values.map(codes).to_numpy(dtype=object)


def yes_no(flags: pd.Series) -> Texts:
    """Y or N."""
    return np.where(flags.to_numpy(dtype=bool), "Y", "N").astype(object)


def deaths(lives: Lives, who: Numbers) -> Days:
    """The day each died; NEVER for the living."""
    died = np.full(len(lives.people.people), NEVER)
    died[lives.events["deaths"]["who"]] = lives.events["deaths"]["died"]
    return died[who]


def same(who: Numbers, number: Texts) -> tuple[Numbers, Numbers]:
    """(group of each row, first row of each group): rows of one person under one number."""
    groups = pd.DataFrame({"who": who, "number": number})
    each = groups.groupby(["who", "number"], sort=False).ngroup().to_numpy()
    _, first = np.unique(each, return_index=True)
    return each.astype(np.int64), first.astype(np.int64)


def either(clerk: Clerk, kind: str, who: Numbers, by: Numbers | None = None) -> Texts:
    """The identifier each goes under: the first, or for those who have two, either; the same for the same `by`."""
    first, second = (clerk.people.people[name].to_numpy(dtype=object)[who] for name in (kind, f"{kind}_2"))
    use_second = clerk.rng.random(len(who)) < 0.5 if by is None else (who + by) % 2 == 0
    return np.where(use_second, second, first).astype(object)


def own_numbers(clerk: Clerk, prefix: str, who: Numbers, place: Texts) -> Texts:
    """A number of the department's local office for each person there: mostly the one given before, else a new one."""
    again = clerk.rng.random(len(who)) < SAME_NUMBER_AGAIN
    once = np.where(again, -1, np.arange(len(who)))
    table = pd.DataFrame({"who": who, "place": place, "once": once})
    group = table.groupby(["who", "place", "once"], sort=False).ngroup().to_numpy()
    return identifiers.record_ids(clerk.rng, prefix, int(group.max()) + 1)[group]


def changed_form(clerk: Clerk, pnc: Texts) -> Texts:
    """PNC ids as courts write them: mostly long, some with two digits of the year, some without the stroke."""
    form = clerk.rng.random(len(pnc))
    found = changed(clerk.rng, pnc, form < 0.12, lambda text, _: text[2:])
    return changed(clerk.rng, found, form > 0.95, lambda text, _: text.replace("/", ""))


def ethnicity(clerk: Clerk, who: Numbers) -> Texts:
    """Self-defined ethnicity as recorded: not stated by some, and Chinese under the old code of 2001 by others."""
    code = clerk.people.people["ethnicity"].to_numpy(dtype=object)[who]
    unknown: Flags = clerk.rng.random(len(who)) < clerk.aims["ethnicity_not_stated"]
    code = np.where((code == "A4") & (clerk.rng.random(len(who)) < 0.2), "O1", code)
    return np.where(unknown, np.where(clerk.rng.random(len(who)) < 0.6, "NS", "UN"), code).astype(object)
