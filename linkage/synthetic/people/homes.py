"""Where each lives and when that changed."""

from typing import Any

import numpy as np
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, day
from linkage.synthetic.people import places


def homed(people: pd.DataFrame, homes: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """home_0..2, moved_1..2: families start at one address, may move together, and members leave."""
    many, household = len(people), people["household"].to_numpy()
    start, last = day(aims.window.history_from) - 400, day(aims.window.data_to)
    families = household.max() + 1
    first = rng.permutation(len(homes))[:families]
    second = places.near(homes, first, rng)[household]
    when = rng.integers(start, last, families)[household]
    together = (rng.random(families) < aims["household_moves"])[household]
    restless = np.where(people["justice"], 1.5, 0.8) * np.where(people["nfa"] | people["protected"], 1.6, 1.0)
    alone = rng.random(many) < aims["leaves_household"] * restless
    left = np.maximum(rng.integers(start, last, many), np.where(together, when + 60, 0))
    before = np.where(together, second, first[household])
    return {
        "home_0": first[household],
        "home_1": before,
        "home_2": np.where(alone, places.near(homes, before, rng), before),
        "moved_1": np.where(together, when, NEVER),
        "moved_2": np.where(alone, left, NEVER),
    }
