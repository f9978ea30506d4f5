"""People, block by block: families at addresses, what they are called, how long they are here, their numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.errors import ContractError
from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import YEAR
from linkage.synthetic.people import identifiers, places
from linkage.synthetic.people.arrays import Flags, Numbers, Texts
from linkage.synthetic.people.homes import homed
from linkage.synthetic.people.households import ethnic_group, members
from linkage.synthetic.people.lifespans import lifespans
from linkage.synthetic.people.naming import named
from linkage.synthetic.people.traits import traits

# The share of people who have a second number of each kind, by its name in the calibration.
SECOND_NUMBERS = {"pnc": "second_pnc", "nomis": "duplicate_person_number", "crn": "duplicate_person_number"}


@dataclass(frozen=True)
class Population:
    """`people`: one row per person of a block. `homes`: one row per address, by postcode, district and areas.

    Of people: number (in the whole population), household, role, female, born, ethnicity, culture, foreign_born;
    forename, middle, alias, surname_0..2 and the days renamed_1..2; home_0..2 (rows of `homes`) and moved_1..2;
    arrived, left, died; justice, severity, need, mental_health, abused, nfa, protected, care; objected, consents,
    consent_withdrawn; pnc, nomis, crn, each with a second (pnc_2) that is mostly the same, and whether it is somebody
    else's (pnc_merged); nino, nhs. Days are NEVER where they have not come, texts '' where there are none.
    """

    people: pd.DataFrame
    homes: pd.DataFrame

    def surname_on(self, who: Numbers, on: npt.ArrayLike) -> Texts:
        """What each was called on a day, by law."""
        return self._spell("surname", "renamed", who, on)

    def home_on(self, who: Numbers, on: npt.ArrayLike) -> Numbers:
        """Where each lived on a day, as a row of `homes`; those of no fixed abode, where they last did."""
        return self._spell("home", "moved", who, on).astype(np.int64)

    def here(self, who: Numbers, on: npt.ArrayLike) -> Flags:
        """Who is alive and in England or Wales on a day."""
        arrived, left, died = (self.people[name].to_numpy()[who] for name in ("arrived", "left", "died"))
        here: Flags = (arrived <= on) & (on < np.minimum(left, died))
        return here

    def _spell(self, what: str, changed: str, who: Numbers, on: npt.ArrayLike) -> npt.NDArray[Any]:
        first, second = (self.people[f"{changed}_{n}"].to_numpy()[who] <= on for n in (1, 2))
        before, between, after = (self.people[f"{what}_{n}"].to_numpy()[who] for n in (0, 1, 2))
        return np.where(second, after, np.where(first, between, before))


def population(many: int, aims: Calibration, rng: np.random.Generator, first: int = 0, seed: int = 0) -> Population:
    """A block of `many` people in families, in no order of family; the first of them has the number `first`.

    Nobody of another block with the same seed has their numbers. Raises ContractError beyond MOST_PEOPLE.
    """
    if first + many > identifiers.MOST_PEOPLE:
        raise ContractError(
            f"--people {first + many}: there are test numbers of the NHS for {identifiers.MOST_PEOPLE:,} people."
            " Ask for no more."
        )
    people = families(many, aims, rng)
    homes = places.homes(places.read_geography(), int(people["household"].max()) + 1, rng)
    people = people.assign(**homed(people, homes, aims, rng), household=people["household"] + first)
    people = people.iloc[rng.permutation(many)].reset_index(drop=True)
    people.insert(0, "number", first + np.arange(many))
    people = people.assign(**numbered(people, aims, rng, seed), nhs=nhs_numbers(people, seed))
    # Plain Python strings: they are indexed by person a hundred times, which Arrow's strings are slow at.
    texts = {str(name): column.astype(object) for name, column in people.items() if column.dtype == "str"}
    return Population(people.assign(**texts), homes.astype(object))


def families(many: int, aims: Calibration, rng: np.random.Generator) -> pd.DataFrame:
    """(household, role, female, born …, forename, surname_0..2 …): one row per person, families together."""
    people = members(many, rng)
    for part in (ethnic_group, traits, lifespans, named):
        people = people.assign(**part(people, aims, rng))
    return people


def numbered(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator, seed: int) -> dict[str, Any]:
    """pnc, pnc_2, nomis, nomis_2, crn, crn_2, nino: what each would have where a department knows her.

    A few have a second number in one source. A few have a stranger's (pnc_merged, nomis_merged, crn_merged).
    """
    number, years = people["number"].to_numpy(), years_of_first_arrest(people)
    found: dict[str, Any] = {"nino": identifiers.ninos(number, seed)}
    for kind, share in SECOND_NUMBERS.items():
        own = numbers(kind, 2 * number, years, seed)
        found[kind], found[f"{kind}_merged"] = merged_with_another(own, aims, rng)
        twice = rng.random(len(people)) < aims[share]
        found[f"{kind}_2"] = found[kind].copy()
        found[f"{kind}_2"][twice] = numbers(kind, 2 * number[twice] + 1, years[twice], seed)
    return found


def numbers(kind: str, index: Numbers, years: Numbers, seed: int) -> Texts:
    """The numbers of a kind that belong to indices; PNC ids are of about the years."""
    if kind == "pnc":
        return identifiers.pnc_ids(index, years, seed)
    return identifiers.nomis_numbers(index, seed) if kind == "nomis" else identifiers.crns(index, seed)


def years_of_first_arrest(people: pd.DataFrame) -> Numbers:
    """The year each came to the notice of the police: of no consequence, but for the look of a PNC id."""
    born = 1970 + people["born"].to_numpy() / YEAR
    age = 14 + 14 * people["severity"].rank(pct=True, ascending=False).to_numpy()
    return np.clip(born + age, 1980, 2020).astype(np.int64)


def nhs_numbers(people: pd.DataFrame, seed: int) -> Texts:
    """NHS numbers of those with justice lives, the only ones whose departments may know them; '' for the rest."""
    justice, found = people["justice"].to_numpy(), np.full(len(people), "", dtype=object)
    index = identifiers.nhs_indices(int(people["number"].iloc[0]), len(people), int(justice.sum()))
    found[justice] = identifiers.nhs_numbers(index, seed)
    return found


def merged_with_another(numbers: Texts, aims: Calibration, rng: np.random.Generator) -> tuple[Texts, Flags]:
    """The numbers, a few of them somebody else's, and whose: two people whom a clerk took for one."""
    merged: Flags = rng.random(len(numbers)) < aims["merged_person_number"]
    found, other = numbers.copy(), rng.integers(1, len(numbers), len(numbers))
    found[merged] = numbers[(np.arange(len(numbers)) + other)[merged] % len(numbers)]
    return found, merged
