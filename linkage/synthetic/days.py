"""Days as whole numbers since 1970-01-01, so that a whole population's dates are one array."""

import datetime

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.int64]
# A day that has not come: still inside, still employed, alive. In the year 2243, after everything that happens here.
NEVER = 99_999
EPOCH = datetime.date(1970, 1, 1).toordinal()
YEAR = 365.25


def day(date: datetime.date) -> int:
    """The number of a day."""
    return date.toordinal() - EPOCH


def dates(days: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
    """datetime64[D], with NaT for NEVER."""
    numbers = np.asarray(days, dtype=np.int64)
    return np.where(numbers == NEVER, np.datetime64("NaT", "D"), numbers.astype("datetime64[D]"))


def ages(born: Days, on: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Years lived, with fractions; good enough to draw lives by, not to decide who is an adult."""
    return (np.asarray(on) - born) / YEAR


def date_of(number: int) -> datetime.date | None:
    """The day as a date; None for NEVER."""
    return None if number == NEVER else datetime.date.fromordinal(int(number) + EPOCH)
