"""Windows of days from an index date, which is day 0. A window includes both its ends."""

from typing import Annotated

from pydantic import AfterValidator

from linkage.contracts.reading import Declaration, Whole


def in_order(days: tuple[int, int]) -> tuple[int, int]:
    """The first and the last day of a window. Raises ValueError."""
    if days[0] > days[1]:
        raise ValueError(f"the window ends on day {days[1]}, before it begins on day {days[0]}")
    return days


Window = Annotated[tuple[Whole, Whole], AfterValidator(in_order)]


class InWindow(Declaration):
    """What is answered from a window of days, and by its last one."""

    days: Window

    @property
    def first_day(self) -> int:
        """The first day that can decide the answer."""
        return self.days[0]

    @property
    def last_day(self) -> int:
        """The day on which the answer stands, in days from the index date."""
        return self.days[1]

    @property
    def data_days(self) -> int:
        """How many days after the index date the data must reach."""
        return self.last_day
