"""Questions about many people's spells at once: which comes next, is a day inside one, what do they cover together."""

import numpy as np
import pandas as pd

from linkage.synthetic.days import NEVER, Days
from linkage.synthetic.people.arrays import Flags, Numbers


def key(who: Numbers, days: Days) -> Numbers:
    """Person and day as one number that sorts by both."""
    return who.astype(np.int64) * (NEVER + 1) + days


def next_day(events: pd.DataFrame, who: Numbers | pd.Series, after: Days | pd.Series) -> Days:
    """The first day of each one's events after a day of theirs; NEVER without one. `events`: (who, day)."""
    order = np.sort(key(events.iloc[:, 0].to_numpy(), events.iloc[:, 1].to_numpy()))
    asked = key(np.asarray(who), np.asarray(after))
    found = np.append(order, key(np.array([-1]), np.array([0])))[np.searchsorted(order, asked, side="right")]
    return np.where(found // (NEVER + 1) == who, found % (NEVER + 1), NEVER)


def covered(spells: pd.DataFrame, who: Numbers, day: Days) -> Flags:
    """Is each one's day in a spell of hers, from its first day to before its last? `spells`: (who, first, last)."""
    if not len(spells):
        return np.zeros(len(who), dtype=bool)
    together = joined(spells)
    start = key(together.iloc[:, 0].to_numpy(), together.iloc[:, 1].to_numpy())
    latest = np.maximum(np.searchsorted(start, key(who, day), side="right") - 1, 0)
    hers = together.iloc[latest, 0].to_numpy() == who
    return hers & (together.iloc[latest, 1].to_numpy() <= day) & (day < together.iloc[latest, 2].to_numpy())


def joined(spells: pd.DataFrame) -> pd.DataFrame:
    """Spells (who, first, last, …) in order, those that overlap as one, otherwise like the last of them to end."""
    who, first, last = spells.columns[:3]
    spells = spells.sort_values([who, first, last]).reset_index(drop=True)
    until = key(spells[who].to_numpy(), spells[last].to_numpy())
    reached = np.maximum.accumulate(until)
    begins = key(spells[who].to_numpy(), spells[first].to_numpy()) > np.append(-1, reached[:-1])
    group = np.cumsum(begins) - 1
    latest = pd.Series(until).groupby(group).idxmax().to_numpy()
    return spells.iloc[latest].assign(**{first: spells[first].to_numpy()[begins]}).reset_index(drop=True)
