"""What seven departments deliver about the same invented people, on an early day and on a late one."""

import dataclasses
import datetime

import numpy as np

from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.days import day
from linkage.synthetic.departments.columns import Extract, Lives
from linkage.synthetic.synthesise import DEPARTMENTS

NAMES = sorted(DEPARTMENTS)
SEED, PEOPLE = 7, 5_000
AIMS = read_calibration()
EARLY, LATE = day(datetime.date(2024, 6, 30)), day(AIMS.window.delivered)
KEYS = {
    "court": "offence_id", "dwp": "claim_id", "hclic": "duty_id", "ndtms": "episode_id", "paye": "employment_id",
    "prison": "booking_id", "probation": "review_id",
}  # fmt: skip
SURNAMES = {
    "court": "surname", "dwp": "surname", "hclic": "last_name", "paye": "surname", "prison": "last_name",
    "probation": "surname",
}  # fmt: skip


def extract(lives: Lives, name: str, as_of: int = LATE) -> Extract:
    """One department's extract, of the same world whatever the day."""
    return DEPARTMENTS[name](lives, np.random.default_rng([SEED, NAMES.index(name)]), as_of)


def extracts(lives: Lives, as_of: int = LATE) -> dict[str, Extract]:
    """Every department's extract."""
    return {name: extract(lives, name, as_of) for name in NAMES}


def with_figure(lives: Lives, name: str, value: float) -> Lives:
    """The same lives under a calibration in which one figure is another."""
    aims = AIMS.model_copy(update={"knobs": {**AIMS.knobs, name: value}})
    return dataclasses.replace(lives, aims=aims)


def has(made: Extract, *labels: str) -> np.ndarray:
    """Which rows have one of the labels."""
    wanted = set(labels)
    return np.array([bool(wanted & set(text.split(";"))) for text in made.errors])


def with_people(lives: Lives, **columns: object) -> Lives:
    """The same lives of people in whom some columns are others."""
    people = lives.people.people.assign(**columns)
    return dataclasses.replace(lives, people=dataclasses.replace(lives.people, people=people))
