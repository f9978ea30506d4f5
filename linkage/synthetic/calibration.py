"""calibration.yaml: what the invented records must show, what is merely assumed, and the numbers solved for it."""

import datetime
import math
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, Self

from pydantic import field_validator, model_validator

from linkage.contracts.reading import Declaration, Number, read
from linkage.errors import ContractError
from linkage.synthetic.days import NEVER

CALIBRATION = Path(__file__).with_name("calibration.yaml")
Unit = Literal["share", "points", "odds", "log odds", "log", "times", "number", "spread", "a year", "days", "years"]

# What a figure may be, by its unit: the least, the most, and both in words.
LIMITS: dict[Unit, tuple[float, float, str]] = {
    "share": (0, 1, "from 0 to 1"),
    "points": (-1, 1, "from -1 to 1"),
    "odds": (math.ulp(0), math.inf, "above 0"),
    "log odds": (-math.inf, math.inf, "any number"),
    "log": (-math.inf, math.inf, "any number"),
    "times": (0, math.inf, "0 or more"),
    "number": (1, math.inf, "1 or more"),
    "spread": (0, math.inf, "0 or more"),
    "a year": (0, math.inf, "0 or more"),
    "days": (0, NEVER, f"from 0 to {NEVER}"),
    "years": (1, 1000, "from 1 to 1000"),
}

# The knobs that the records are invented by: plain chances, then log odds, steps and others.
CHANCES = frozenset({
    "claims_after_community", "dies_in_treatment", "discharge_unknown", "dob_1900", "dob_day_month_swapped",
    "dob_digit", "dob_first_of_january", "dob_first_of_january_foreign", "duplicate_person_number",
    "employed_later_custody", "first_night_bail", "first_surname_change", "in_treatment_atr",
    "in_treatment_custody", "in_treatment_drr", "initials_wrong", "merged_person_number", "names_swapped",
    "nino_missing_hclic", "nino_missing_probation", "no_fixed_abode_homeless", "no_fixed_abode_prison",
    "no_fixed_abode_probation", "pnc_missing_court", "pnc_missing_prison", "postcode_old", "prevention",
    "transliteration", "treatment_completed", "treatment_retained", "typo_forename", "typo_surname",
})  # fmt: skip
KNOBS = CHANCES | frozenset({
    "claims_before", "disposal_by_past", "employed_community", "employed_custody", "first_night_homeless",
    "first_night_rough", "first_night_settled", "length_by_past", "odds_short_custody", "older_surname", "opiates",
    "reoffences_by_past", "reoffences_mean", "reoffending_4_years", "reoffending_by_past", "reoffending_caution",
    "reoffending_community_order", "reoffending_fine", "reoffending_long_custody", "reoffending_suspended_sentence",
    "settled_community", "settled_custody", "step_12_months", "step_4_years", "step_6_months",
    "step_community_order", "step_custody", "step_fine", "step_suspended_sentence",
})  # fmt: skip
KNOB_UNITS: dict[str, Unit] = {
    **dict.fromkeys(CHANCES, "share"),
    "odds_short_custody": "odds",
    "older_surname": "times",
    "reoffences_mean": "number",
}
STEPS = (
    ("step_fine", "step_community_order", "step_suspended_sentence", "step_custody"),
    ("step_6_months", "step_12_months", "step_4_years"),
)

# (a day, another, how many days later that must be at least): a past of some months, and time to convict the last
# woman of a cohort who offends within a year.
APART = (
    ("history_from", "cohorts_from", 61),
    ("cohorts_from", "cohorts_to", 1),
    ("cohorts_to", "data_to", 365 + 182),
    ("data_to", "delivered", 1),
)
LATEST_DELIVERY = 366  # days after data_to


def misfit(value: float, unit: Unit) -> str:
    """What is wrong with a value of a unit; '' where it may be."""
    least, most, words = LIMITS[unit]
    return "" if least <= value <= most else f"{value:g} cannot be, as the unit is {unit}: choose {words}."


class Figure(Declaration):
    """A number somebody states; `unit` says of what. `days` and `years` are lengths, `a year` is a rate.

    `times` multiplies a rate or a chance, `spread` is a standard deviation, `log` is added to a logarithm, and `points`
    is a difference of two shares.
    """

    value: Number
    unit: Unit = "share"
    source: str

    @model_validator(mode="after")
    def in_its_unit(self) -> Self:
        """Raises ValueError where no figure of the unit has this value."""
        if wrong := misfit(self.value, self.unit):
            raise ValueError(f"value {wrong}")
        return self


class Target(Figure):
    """What the records must show, as somebody published or proposed it: a share, a rate or an odds ratio."""

    confidence: Literal["high", "medium", "low"]


class Assumption(Figure):
    """A guess of ours, used as it is."""

    confidence: Literal["placeholder"]


class Window(Declaration):
    """The days the invented records span, in order: a past, the cohorts, their follow-up, the last deliveries."""

    history_from: datetime.date
    cohorts_from: datetime.date
    cohorts_to: datetime.date
    data_to: datetime.date
    delivered: datetime.date

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """Raises ValueError where a day stands before an earlier one, or too near, or is delivered too late."""
        for first, second, days in APART:
            earlier, later = getattr(self, first), getattr(self, second)
            if (later - earlier).days < days:
                by = f" by {days} days or more" if days > 1 else ""
                raise ValueError(f"{second} ({later}) must be after {first} ({earlier}){by}.")
        if (self.delivered - self.data_to).days > LATEST_DELIVERY:
            raise ValueError(
                f"delivered ({self.delivered}) must be within {LATEST_DELIVERY} days of data_to ({self.data_to})."
            )
        return self


class Calibration(Declaration):
    """All figures. `calibration["alias"]` is the one to invent by: the knob of that name, else the figure itself."""

    version: str
    window: Window
    targets: dict[str, Target]
    assumptions: dict[str, Assumption]
    knobs: dict[str, Number]

    @field_validator("knobs")
    @classmethod
    def can_be_turned_so_far(cls, knobs: dict[str, float]) -> dict[str, float]:
        """Raises ValueError naming each knob that no chance or odds can have, and steps that do not rise."""
        wrong = [f"{name} {misfit(knobs[name], unit)}" for name, unit in KNOB_UNITS.items()
                 if name in knobs and misfit(knobs[name], unit)]  # fmt: skip
        pairs = [pair for steps in STEPS for pair in pairwise(step for step in steps if step in knobs)]
        wrong += [f"{above} must be above {below}." for below, above in pairs if knobs[above] <= knobs[below]]
        if wrong:
            raise ValueError(" ".join(sorted(wrong)))
        return knobs

    @model_validator(mode="after")
    def each_name_once(self) -> Self:
        """Raises ValueError naming an assumption that stands elsewhere too; a knob may have its target's name."""
        for other in ("targets", "knobs"):
            twice = sorted(self.assumptions.keys() & getattr(self, other).keys())
            if twice:
                raise ValueError(f"assumptions.{twice[0]} stands in {other} too; keep one of them")
        return self

    def __getitem__(self, name: str) -> float:
        """The value of one figure. Raises ContractError naming the one that is not there."""
        if name in self.knobs:
            return self.knobs[name]
        figures: Mapping[str, Target | Assumption] = {**self.targets, **self.assumptions}
        if name not in figures:
            raise ContractError(
                f"calibration.yaml: {name} is missing. Add it to assumptions or targets: value, source, confidence."
            )
        return figures[name].value


class WholeCalibration(Calibration):
    """The figures with every knob there is and no other: without one, the target of its name would stand in for it."""

    @field_validator("knobs")
    @classmethod
    def are_all_there(cls, knobs: dict[str, float]) -> dict[str, float]:
        """Raises ValueError naming the knobs that are missing and those that are unknown."""
        names = {"missing": sorted(KNOBS - knobs.keys()), "unknown": sorted(knobs.keys() - KNOBS)}
        wrong = "; ".join(f"{', '.join(which)} {what}" for what, which in names.items() if which)
        if wrong:
            raise ValueError(
                f"{wrong}. Spell them as KNOBS in linkage/synthetic/calibration.py does, or change it there."
            )
        return knobs


@cache
def read_calibration(path: Path = CALIBRATION) -> Calibration:
    """The figures of the invented population. Raises ContractError naming each entry that cannot be."""
    return read(WholeCalibration, path)
