"""Lives in contact with justice, round by round.

Each person goes round: offences, an appearance, a disposal, custody or supervision, then a year in which work, housing
and treatment decide together with the past whether there is a next offence. A round is one step for everybody at once,
and nobody is in two places: every day of a later round comes after those of the earlier one.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, Days, day
from linkage.synthetic.journeys.careers import beginnings
from linkage.synthetic.journeys.courts import appear
from linkage.synthetic.journeys.custody import punished
from linkage.synthetic.journeys.liberty import leave, live, offend_again
from linkage.synthetic.people.population import Flags, Numbers, Population

REVIEW_DAYS = np.array([4, 42, 82, 150, 240, 330, 450, 600])
Tables = dict[str, pd.DataFrame]


def journeys(people: Population, aims: Calibration, rng: np.random.Generator) -> Tables:
    """{offences, custody, supervisions, reviews, jobs, episodes, deaths}: one row per event of justice lives.

    Days are numbers (days.py); `who` is the person's row in `people`; `home` a row of its homes.
    """
    now = beginnings(people, aims, rng)
    while len(now.who):
        court = appear(now)
        go_on = (court.sentenced <= now.last) & (court.sentenced < now.died)
        leave(now, ~go_on)
        now, court = now.only(go_on), court.only(go_on)
        free = punished(now, court)
        leave(now, ~free.free)
        now, free = now.only(free.free), free.only(free.free)
        offend_again(now, free, live(now, free))
    tables = {name: pd.concat(parts, ignore_index=True) for name, parts in now.events.items()}
    return as_it_came(tables, aims, rng)


def as_it_came(tables: Tables, aims: Calibration, rng: np.random.Generator) -> Tables:
    """The tables with supervision ended by custody, death or time, and with its reviews."""
    died = dict(zip(tables["deaths"]["who"], tables["deaths"]["died"], strict=True))
    supervisions = ended(tables["supervisions"], tables["custody"], died, day(aims.window.data_to))
    settling = tables.pop("settling")
    reviews = reviewed(supervisions, settling, aims, rng)
    return {**tables, "supervisions": supervisions, "reviews": reviews}


def ended(supervisions: pd.DataFrame, custody: pd.DataFrame, died: dict[int, int], last: int) -> pd.DataFrame:
    """Supervisions as they ended: with an `end_date` (NEVER while they run) and an `end_reason` ('' while they run)."""
    death = supervisions["who"].map(died).fillna(NEVER).to_numpy(np.int64)
    inside = next_day(custody[["who", "reception_date"]], supervisions["who"], supervisions["start_date"])
    planned = supervisions["end_date"].to_numpy()
    end = np.minimum.reduce([planned, inside, death])
    on_licence = supervisions["disposal"].isin(["LIC", "PSS"]).to_numpy()
    reason = np.select(
        [end > last, end == death, end == planned, on_licence], ["", "DIED", "EXP", "REC"], "REV"
    )  # fmt: skip
    found = supervisions.assign(end_date=np.where(end > last, NEVER, end), end_reason=reason.astype(object))
    begun = (found["start_date"] <= np.minimum(last, death)) & (found["start_date"] <= end)
    return found[begun].reset_index(drop=True)


def next_day(events: pd.DataFrame, who: pd.Series, after: pd.Series) -> Days:
    """The first day of each one's events after a day of theirs; NEVER without one. `events`: (who, day)."""
    order = np.sort(key(events.iloc[:, 0].to_numpy(), events.iloc[:, 1].to_numpy()))
    asked = key(who.to_numpy(), after.to_numpy())
    found = np.append(order, key(np.array([-1]), np.array([0])))[np.searchsorted(order, asked, side="right")]
    return np.where(found // (NEVER + 1) == who.to_numpy(), found % (NEVER + 1), NEVER)


def key(who: Numbers, days: npt.NDArray[np.int64]) -> Numbers:
    """Person and day as one number that sorts by both."""
    return who.astype(np.int64) * (NEVER + 1) + days


def reviewed(
    supervisions: pd.DataFrame, settling: pd.DataFrame, aims: Calibration, rng: np.random.Generator
) -> pd.DataFrame:
    """(supervision columns, review_date, accommodation_status): one row per review while supervision lasts."""
    many = len(supervisions)
    planned = REVIEW_DAYS + rng.integers(-3, 8, (many, len(REVIEW_DAYS)))
    planned[:, 0] = rng.integers(0, 8, many)
    days = supervisions["start_date"].to_numpy()[:, None] + planned
    end = np.minimum(supervisions["end_date"].to_numpy(), day(aims.window.data_to))
    held = days <= end[:, None]
    held[:, 0] |= True
    which, number = np.nonzero(held)
    found = supervisions.iloc[which].reset_index(drop=True)
    found["review_date"] = np.minimum(days[which, number], np.maximum(end[which], found["start_date"]))
    found["accommodation_status"] = statuses(found, number, settling, aims, rng)
    return found


def statuses(
    reviews: pd.DataFrame, number: Numbers, settling: pd.DataFrame, aims: Calibration, rng: np.random.Generator
) -> npt.NDArray[np.object_]:
    """Where she lives, as recorded at each review: often another place at first, and not always recorded."""
    since = settling.assign(at=key(settling["who"].to_numpy(), settling["since"].to_numpy())).sort_values("at")
    at = key(reviews["who"].to_numpy(), reviews["review_date"].to_numpy())
    true = since["status"].to_numpy()[np.searchsorted(since["at"].to_numpy(), at, side="right") - 1]
    elsewhere: Flags = rng.random(len(at)) < np.array([0.25, 0.12, 0.0])[np.minimum(number, 2)]
    other = rng.choice(np.array(["SET", "OTH", "HOME", "BAIL"], dtype=object), len(at), p=[0.35, 0.35, 0.2, 0.1])
    status = np.where(elsewhere, other, true)
    early = reviews["review_date"] <= reviews["start_date"] + 100
    unknown = (reviews["never_recorded"] & early) | (rng.random(len(at)) < aims["status_not_recorded_at_review"])
    return np.where(unknown, "UNK", status)
