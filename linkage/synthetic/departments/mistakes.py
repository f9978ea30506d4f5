"""What departments get wrong, when, and until when: a clerk, his entries, the mistakes in force in them.

Rates are those of an average record; each is multiplied (as a hazard is, so that it stays below 1) by the care of the
person's records (people/traits.py), of the source and of the moment, so that errors come together, and come to the same
people again and again. Some are put right after a while. Everything is drawn for all rows that will ever be, in the
same order whatever the day of the delivery, so that two deliveries differ only as the world did.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import Days
from linkage.synthetic.people.arrays import Flags, Numbers, Texts
from linkage.synthetic.people.population import Population

Marks = dict[str, Flags]
Care = npt.NDArray[np.float64]
MOMENT_SPREAD = 0.3

LABELS = {
    "typo_forename": "forename mistyped",
    "typo_surname": "surname mistyped",
    "short_forename": "short form of the forename",
    "transliteration": "another spelling of the same name",
    "names_swapped": "forename and surname in each other's place",
    "older_surname": "a lawful surname she no longer bore",
    "alias_used": "an alias in place of the surname",
    "double_barrel_flipped": "joined surname turned round",
    "double_barrel_halved": "one part of a joined surname",
    "double_barrel_spaced": "joined surname without its hyphen",
    "dob_first_of_january": "1 January of the right year",
    "dob_1900": "1 January 1900, for not known",
    "dob_day_month_swapped": "day and month of birth in each other's place",
    "dob_digit": "one digit of the date of birth wrong",
    "dob_missing": "no date of birth",
    "postcode_old": "an earlier address",
    "postcode_missing": "no postcode",
    "postcode_typo": "one digit of the postcode wrong",
    "postcode_pseudo": "pseudo-postcode of no fixed abode",
    "address_withheld": "postcode withheld to protect her",
    "sex_wrong": "the other sex",
    "sex_unclear": "sex not known",
    "pnc_missing": "no PNC id",
    "pnc_wrong": "one digit of the PNC id wrong",
    "nomis_missing": "no prison number, though there is one",
    "nomis_wrong": "one digit of the prison number wrong",
    "crn_wrong": "one digit of the case reference number wrong",
    "nino_missing": "no National Insurance number",
    "nino_wrong": "one digit of the National Insurance number wrong",
    "nhs_missing": "no NHS number",
    "nhs_wrong": "one digit of the NHS number wrong",
    "second_number": "under the second of two numbers that are both hers",
    "merged_number": "under a number that is somebody else's",
    "initials_wrong": "another surname's initial",
    "tax_year_start": "start not known: 6 April",
    "tax_year_end": "end not known: 5 April",
    "default_date": "end not known: left open, or the day of a scan",
    "payments_unreported": "no day of payment, though she was paid",
    "row_unusable": "a required date missing or impossible",
    "ethnicity_not_stated": "ethnicity not stated",
}


@dataclass(frozen=True)
class Source:
    """A department's habits: how carelessly it writes, and its shares of older names, aliases and other names listed.

    `figures`: {label: the figure of calibration.yaml with its rate}, for mistakes that only some departments make or
    that are commoner with some; `habits`: {label: in words}, for those that have no rate. `first_registered`: an older
    name is that of a first job. `capitals`: names are written in capitals.
    """

    name: str
    care: float = 1.0
    older_name: float = 0.0
    alias: float = 0.0
    listed: float = 0.0
    first_registered: bool = False
    capitals: bool = False
    figures: dict[str, str] = field(default_factory=dict)
    habits: dict[str, str] = field(default_factory=dict)

    def figure(self, label: str) -> str:
        """The figure with the rate of a mistake."""
        return self.figures.get(label, label)


@dataclass(frozen=True)
class Clerk:
    """One source at its work on a block of people, delivering what is known on the day `as_of`."""

    source: Source
    people: Population
    deaths: pd.DataFrame
    aims: Calibration
    rng: np.random.Generator
    as_of: int
    block: int
    seed: int

    def slips(self, figure: str, care: Care, since: Days) -> Flags:
        """Where a mistake made on the day `since` is in force at the delivery: made, and not put right by then."""
        many, rng = len(care), self.rng
        made = rng.random(many) < 1 - (1 - self.aims[figure]) ** care
        noticed = rng.random(many) < self.aims["mistake_corrected"]
        corrected = since + rng.exponential(self.aims["days_to_correction"], many)
        return made & ~(noticed & (corrected <= self.as_of))

    def entered(self, on: Days) -> Days:
        """The day the department's system has it: after a lag with a long tail."""
        lag = np.exp(self.rng.normal(0, self.aims["entry_spread"], len(on)))
        return on + (self.aims[f"entry_days_{self.source.name}"] * lag).astype(np.int64)

    def entries(self, who: Numbers, on: Days) -> "Entries":
        """These people, each written down on a day."""
        moment = np.exp(self.rng.normal(0, MOMENT_SPREAD, len(who)) - MOMENT_SPREAD**2 / 2)
        care = self.people.people["care"].to_numpy()[who] * moment * self.source.care
        return Entries(self, who, on, care)


@dataclass(frozen=True)
class Entries:
    """People written down: who, on which day, with what care (1 is average, more is worse), and the mistakes in it."""

    clerk: Clerk
    who: Numbers
    on: Days
    care: Care
    marks: Marks = field(default_factory=dict)

    def of(self, column: str) -> npt.NDArray[Any]:
        """A column of people, for each entry."""
        return self.clerk.people.people[column].to_numpy()[self.who]

    def chance(self, share: float) -> Flags:
        """A yes or no for each."""
        return self.clerk.rng.random(len(self.who)) < share

    def slips(self, label: str) -> Flags:
        """Where the mistake is in force."""
        return self.clerk.slips(self.clerk.source.figure(label), self.care, self.on)

    def mark(self, label: str, at: Flags) -> None:
        """Note the mistake where it shows."""
        self.marks[label] = self.marks.get(label, np.zeros(len(self.who), dtype=bool)) | at

    def unmark(self, *these: str, at: Flags) -> None:
        """Forget mistakes where another hides them."""
        self.marks.update({label: self.marks[label] & ~at for label in these if label in self.marks})

    def slipped(self, label: str, texts: Texts, slip: Callable[[str, float], str], where: Flags | None = None) -> Texts:
        """The texts with the mistake made where it is in force, and noted where it shows."""
        found = self.changed(texts, self.slips(label) & (True if where is None else where), slip)
        self.mark(label, found != texts)
        return found

    def changed(self, values: npt.NDArray[Any], at: Flags, change: Callable[[Any, float], Any]) -> npt.NDArray[Any]:
        """The values, with `change(value, a number from 0 to 1)` at the marked ones that are not empty."""
        found, picks = values.copy(), self.clerk.rng.random(len(values))
        for place in np.flatnonzero(at).tolist():
            found[place] = change(found[place], float(picks[place])) if found[place] != "" else ""
        return found

    def marks_of(self, rows: Numbers) -> Marks:
        """The mistakes of entries that several rows show."""
        return {label: at[rows] for label, at in self.marks.items()}


def labels(marks: Marks, many: int) -> Texts:
    """The labels of each row's mistakes in one text, in the order of LABELS."""
    found = np.full(many, "", dtype=object)
    for label in sorted(marks, key=list(LABELS).index):
        at = np.flatnonzero(marks[label])
        found[at] = [f"{text};{label}" if text else label for text in found[at].tolist()]
    return found
