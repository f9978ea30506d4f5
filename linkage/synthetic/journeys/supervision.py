"""Supervisions as they came, and the reviews held while they lasted."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, Days, day
from linkage.synthetic.journeys.spells import key, next_day
from linkage.synthetic.people.arrays import Flags, Numbers

REVIEW_DAYS = np.array([4, 42, 82, 150, 240, 330, 450, 600])


def ended(supervisions: pd.DataFrame, custody: pd.DataFrame, gone: Days, died: Days, last: int) -> pd.DataFrame:
    """Supervisions as they ended: with an `end_date` (NEVER while they run) and an `end_reason` ('' while they run).

    `gone`, `died`: days by person. An order is closed as expired when she leaves the country.
    """
    leaves, death = gone[supervisions["who"]], died[supervisions["who"]]
    inside = next_day(custody[["who", "reception_date"]], supervisions["who"], supervisions["start_date"])
    planned = supervisions["end_date"].to_numpy()
    end = np.minimum.reduce([planned, inside, leaves])
    on_licence = supervisions["disposal"].isin(["LIC", "PSS"]).to_numpy()
    cases = [end > last, end == death, (end == planned) | (end == leaves), on_licence]
    reason = np.select(cases, ["", "DIED", "EXP", "REC"], "REV").astype(object)
    found = supervisions.assign(end_date=np.where(end > last, NEVER, end), end_reason=reason)
    begun = (found["start_date"] <= last) & (found["start_date"] <= end) & (found["start_date"] < leaves)
    return found[begun].reset_index(drop=True)


def reviewed(
    supervisions: pd.DataFrame, settling: pd.DataFrame, aims: Calibration, rng: np.random.Generator
) -> pd.DataFrame:
    """(supervision columns, review_date, accommodation_status): one row per review while supervision lasts."""
    many = len(supervisions)
    planned = REVIEW_DAYS + rng.integers(-3, 8, (many, len(REVIEW_DAYS)))
    planned[:, 0] = rng.integers(0, 8, many)
    days = supervisions["start_date"].to_numpy()[:, None] + planned
    latest = np.minimum(supervisions["end_date"].to_numpy() - 1, day(aims.window.data_to))
    held = days <= latest[:, None]
    held[:, 0] |= True
    which, number = np.nonzero(held)
    found = supervisions.iloc[which].reset_index(drop=True)
    found["review_date"] = np.minimum(days[which, number], np.maximum(latest[which], found["start_date"]))
    found["accommodation_status"] = statuses(found, number, settling, aims, rng)
    return found


def statuses(
    reviews: pd.DataFrame, number: Numbers, settling: pd.DataFrame, aims: Calibration, rng: np.random.Generator
) -> npt.NDArray[np.object_]:
    """Where she lives, as recorded at each review: often another place at first, and not always recorded."""
    since = settling.assign(at=key(settling["who"].to_numpy(), settling["since"].to_numpy()))
    since = since.sort_values("at", kind="stable")
    at = key(reviews["who"].to_numpy(), reviews["review_date"].to_numpy())
    true = since["status"].to_numpy()[np.searchsorted(since["at"].to_numpy(), at, side="right") - 1]
    elsewhere: Flags = rng.random(len(at)) < np.array([0.25, 0.12, 0.0])[np.minimum(number, 2)]
    other = rng.choice(np.array(["SET", "OTH", "HOME", "BAIL"], dtype=object), len(at), p=[0.35, 0.35, 0.2, 0.1])
    status = np.where(elsewhere, other, true)
    early = reviews["review_date"] <= reviews["start_date"] + 100
    unknown = (reviews["never_recorded"] & early) | (rng.random(len(at)) < aims["status_not_recorded_at_review"])
    return np.where(unknown, "UNK", status)
