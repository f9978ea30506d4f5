"""Invent people, write what the departments would deliver about them, and the truth beside it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from linkage.contracts.dataset import Dataset
from linkage.errors import ContractError
from linkage.synthetic.calibration import Calibration, read_calibration
from linkage.synthetic.days import NEVER, day
from linkage.synthetic.departments.columns import Extract, Lives
from linkage.synthetic.departments.delivery import deliver
from linkage.synthetic.departments.justice import court, prison, probation
from linkage.synthetic.departments.registers import ndtms, paye
from linkage.synthetic.journeys.everyday import everyday
from linkage.synthetic.journeys.journeys import journeys
from linkage.synthetic.people.population import population
from linkage.synthetic.truth.files import write_outcomes, write_records

DEPARTMENTS = {"court": court, "ndtms": ndtms, "paye": paye, "prison": prison, "probation": probation}
FEWEST = 100
# Each part draws from a stream of its own, so that a change in one leaves the others as they were.
PEOPLE, JOURNEYS, EVERYDAY, EXTRACTS = 1, 2, 3, 4


def synthesise(
    people: int, seed: int, datasets: dict[str, Dataset], extracts: Path, truth: Path, progress: Callable[[str], None]
) -> dict[str, int]:
    """Rows written per dataset: the extract of each contract we can invent under `extracts`, and the truth in `truth`.

    The same seed gives the same bytes. Contracts of datasets unknown here are passed over.
    Raises ContractError where a contract asks for what these people have not.
    """
    known = {name: dataset for name, dataset in datasets.items() if name in DEPARTMENTS}
    if not known:
        raise ContractError(
            f"schemas/datasets: none of {sorted(datasets)} can be invented; known: {sorted(DEPARTMENTS)}."
        )
    if people < FEWEST:
        raise ContractError(f"--people {people}: too few for families and departments. Ask for {FEWEST} or more.")
    lives = invented_lives(people, seed, read_calibration(), progress)
    made: dict[str, Extract] = {}
    for name, dataset in known.items():
        progress(f"extract of {dataset.title}")
        number = sorted(DEPARTMENTS).index(name)
        rng = np.random.default_rng([seed, EXTRACTS, number])
        made[name] = DEPARTMENTS[name](lives, rng)
        deliver(made[name].rows, dataset, extracts / dataset.path, lives.aims["row_unusable"], rng)
    progress("the truth")
    write_records(lives, {name: (extract, known[name].record_key) for name, extract in made.items()}, truth)
    write_outcomes(lives, truth)
    return {name: len(extract.rows) for name, extract in made.items()}


def invented_lives(people: int, seed: int, aims: Calibration, progress: Callable[[str], None]) -> Lives:
    """Everybody, and everything that happened to them within the records."""
    progress(f"{people:,} people in families")
    everybody = population(people, aims, np.random.default_rng([seed, PEOPLE]))
    progress("their journeys")
    events = journeys(everybody, aims, np.random.default_rng([seed, JOURNEYS]))
    for name, others in everyday(everybody, aims, np.random.default_rng([seed, EVERYDAY])).items():
        events[name] = pd.concat([events[name], others], ignore_index=True)
    return Lives(everybody, {name: still_running(table, aims) for name, table in events.items()}, aims)


def still_running(table: pd.DataFrame, aims: Calibration) -> pd.DataFrame:
    """The table with jobs and treatments that end after the last day of the records running still."""
    if "end" not in table:
        return table
    return table.assign(end=np.where(table["end"] > day(aims.window.data_to), NEVER, table["end"]))
