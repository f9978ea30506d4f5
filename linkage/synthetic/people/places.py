"""geography.yaml: invented addresses whose postcode, local authority, police force area and region agree."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, field_validator

from linkage.contracts.reading import Declaration, read

UNUSED_INWARD_LETTERS = "CIKMOV"
SECTORS = 10
HOUSEHOLDS_A_POSTCODE = 3


Area = Annotated[str, Field(pattern=r"^[A-Z]{1,2}$")]


class Force(Declaration):
    """A police force area with its invented local authorities and its postcode areas."""

    force: str = Field(pattern=r"^[EW]\d{8}$")
    name: str
    region: str
    authority_type: Literal["E06", "E07", "E08", "E09", "W06"]
    areas: tuple[Area, ...] = Field(min_length=1)
    authorities: int = Field(ge=1, le=99)  # their codes have two places for it
    weight: float = Field(gt=0, allow_inf_nan=False)


class Geography(Declaration):
    """All police force areas of England and Wales."""

    forces: tuple[Force, ...] = Field(min_length=1)

    @field_validator("forces")
    @classmethod
    def given_once(cls, forces: tuple[Force, ...]) -> tuple[Force, ...]:
        """No force twice, and no area to two of them."""
        codes = Counter(force.force for force in forces)
        areas = Counter(area for force in forces for area in force.areas)
        wrong = [f"force {code} is there twice" for code, times in codes.items() if times > 1]
        wrong += [f"area {area} is given twice" for area, times in areas.items() if times > 1]
        if wrong:
            raise ValueError(f"{'; '.join(wrong)}. Each force and each area stands once.")
        return forces


@cache
def read_geography() -> Geography:
    """The declared places. Raises ContractError."""
    return read(Geography, Path(__file__).with_name("geography.yaml"))


def districts(geography: Geography) -> pd.DataFrame:
    """(district, local_authority, police_force_area, region, weight): one row per postcode district.

    Every local authority has at least two districts, every postcode area is used, and no two authorities share one.
    """
    rows = []
    for force in geography.forces:
        taken = dict.fromkeys(force.areas, 0)
        for place in range(max(2 * force.authorities, len(force.areas))):
            area = force.areas[place % len(force.areas)]
            taken[area] += 1
            authority = f"{force.authority_type}9{force.force[-3:]}{place % force.authorities + 1:02d}"
            rows.append((f"{area}{taken[area]}", authority, force.force, force.region, force.weight))
    table = pd.DataFrame(rows, columns=["district", "local_authority", "police_force_area", "region", "weight"])
    table["weight"] /= table.groupby("police_force_area")["weight"].transform("size")
    return table.sort_values(["local_authority", "district"], ignore_index=True)


def homes(geography: Geography, households: int, rng: np.random.Generator) -> pd.DataFrame:
    """(postcode, district, local_authority, police_force_area, region): one row per address, sorted by authority.

    Enough rows for a first home of each household and homes to move to. A few of them share each postcode; each block
    of people begins at another of a district's postcodes, so that a population of many blocks fills them all.
    """
    table, codes = districts(geography), inward_codes()
    many = 2 * households
    chosen = rng.choice(len(table), size=many, p=(table.weight / table.weight.sum()).to_numpy())
    used = np.maximum(1, np.bincount(chosen, minlength=len(table)) // HOUSEHOLDS_A_POSTCODE)
    within = (rng.random(many) * np.minimum(used, len(codes))[chosen]).astype(np.int64)
    begin = rng.integers(0, len(codes), len(table))[chosen]
    found = table.drop(columns="weight").iloc[chosen].reset_index(drop=True)
    found.insert(0, "postcode", found["district"] + " " + codes[(begin + within) % len(codes)])
    return found.sort_values(["local_authority", "postcode"], ignore_index=True)


def inward_codes() -> npt.NDArray[np.object_]:
    """The 360 inward codes that no real postcode has, sector by sector in turn."""
    letters = [a + b for a in UNUSED_INWARD_LETTERS for b in UNUSED_INWARD_LETTERS]
    codes = np.empty(SECTORS * len(letters), dtype=object)
    codes[:] = [f"{sector}{pair}" for pair in letters for sector in range(SECTORS)]
    return codes


def near(homes: pd.DataFrame, home: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """An address to move to from each: mostly in the same local authority, sometimes in the force area, or anywhere."""
    how_far = rng.random(len(home))
    anywhere = rng.integers(0, len(homes), size=len(home))
    in_authority = among(homes["local_authority"], home, rng)
    in_force = among(homes["police_force_area"], home, rng)
    return np.select([how_far < 0.62, how_far < 0.85], [in_authority, in_force], anywhere)


def among(zones: pd.Series, home: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """A random address of the same zone as each."""
    codes, _ = pd.factorize(zones)
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    zone = codes[home]
    return order[first[zone] + (rng.random(len(home)) * sizes[zone]).astype(np.int64)]
