"""Numbers as written: a person's identifiers, and those that a department or its local office gives."""

import functools

import numpy as np
import pandas as pd

from linkage.synthetic.departments import slips
from linkage.synthetic.departments.mistakes import Clerk, Entries
from linkage.synthetic.people import identifiers
from linkage.synthetic.people.arrays import Flags, Numbers, Texts

SAME_NUMBER_AGAIN = 0.88
# How many characters of each identifier a slip leaves alone, so that it stays where nobody real has one.
RESERVED = {"pnc": 6, "nomis": 1, "crn": 1, "nino": 2, "nhs": 3}
GIVEN_TWICE = ("pnc", "nomis", "crn")
ROWS_OF_A_BLOCK = 2**24


def identifier(entries: Entries, kind: str, second: Flags | None = None) -> Texts:
    """The identifier of that kind each is entered under: her own, or the second of those who have two.

    It is missing or mistyped as far as the source's habits say so. `second`: where the second is taken, if there is
    one; at every other entry by default.
    """
    figures, found = entries.clerk.source.figures, entries.of(kind).astype(object)
    missing = np.zeros(len(found), dtype=bool)
    if f"{kind}_missing" in figures:
        missing = entries.slips(f"{kind}_missing") & (found != "")
        entries.mark(f"{kind}_missing", missing)
    if kind in GIVEN_TWICE:
        found = one_of_two(entries, kind, entries.chance(0.5) if second is None else second, ~missing)
    if f"{kind}_wrong" in figures:
        wrong = functools.partial(slips.wrong_figure, kept=RESERVED[kind])
        found = entries.slipped(f"{kind}_wrong", found, wrong, where=~missing)
    return np.where(missing, "", found).astype(object)


def one_of_two(entries: Entries, kind: str, second: Flags, there: Flags) -> Texts:
    """The one of her identifiers that each goes under; noted, where one is there, if it is no longer only her own."""
    merged = entries.of(f"{kind}_merged").astype(bool)
    own = np.where(merged, next_ones(entries, kind), entries.of(kind))
    found = np.where(second & ~merged, entries.of(f"{kind}_2"), own).astype(object)
    entries.mark("second_number", (found != own) & there)
    entries.mark("merged_number", merged & there)
    return found


def next_ones(entries: Entries, kind: str) -> Texts:
    """For each the identifier of the next person whom the source knows: of her family, or a stranger."""
    known, each = np.unique(entries.who, return_inverse=True)
    numbers: Texts = entries.clerk.people.people[kind].to_numpy(dtype=object)[known]
    return np.roll(numbers, -1)[each]


def pnc_forms(entries: Entries, pnc: Texts) -> Texts:
    """PNC ids as courts write them: mostly long, some with two digits of the year, some without the stroke."""
    form = entries.clerk.rng.random(len(pnc))
    found = entries.changed(pnc, form < 0.12, slips.without_century)
    return entries.changed(found, form > 0.95, slips.without_stroke)


def own_numbers(clerk: Clerk, prefix: str, who: Numbers, place: Texts) -> Texts:
    """A number of the department's local office for each person there: mostly the one given before, else a new one."""
    again = clerk.rng.random(len(who)) < SAME_NUMBER_AGAIN
    once = np.where(again, -1, np.arange(len(who)))
    table = pd.DataFrame({"who": who, "place": place, "once": once})
    group = table.groupby(["who", "place", "once"], sort=False).ngroup().to_numpy(np.int64)
    return record_ids(clerk, prefix, int(group.max(initial=-1)) + 1)[group]


def record_ids(clerk: Clerk, prefix: str, many: int) -> Texts:
    """A department's own ids, met in no other block: the prefix and characters that tell nothing of person or time."""
    return identifiers.row_ids(prefix, clerk.block * ROWS_OF_A_BLOCK + 1 + np.arange(many), clerk.seed)
