"""Lives in contact with justice, round by round.

Each person goes round: offences, an appearance, a disposal, custody or supervision, then a year in which work, housing
and treatment decide together with the past whether there is a next offence. A round is one step for everybody at once,
and nobody is in two places: every day of a later round comes after those of the earlier one. Benefits and homelessness
duties follow from what happened.
"""

import numpy as np
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, Days, day
from linkage.synthetic.journeys.benefits import claims
from linkage.synthetic.journeys.careers import beginnings
from linkage.synthetic.journeys.courts import appear
from linkage.synthetic.journeys.custody import held, punished
from linkage.synthetic.journeys.homelessness import duties
from linkage.synthetic.journeys.liberty import leave, live
from linkage.synthetic.journeys.lived import Lived
from linkage.synthetic.journeys.reoffending import offend_again
from linkage.synthetic.journeys.supervision import ended, reviewed
from linkage.synthetic.people.population import Population

Tables = dict[str, pd.DataFrame]


def journeys(people: Population, aims: Calibration, rng: np.random.Generator) -> Tables:
    """One row per event of justice lives, by table.

    {offences, custody, supervisions, reviews, jobs, episodes, claims, duties, deaths, follow_ups}. Days are numbers
    (days.py); `who` is the person's row in `people`; `home` a row of its homes. `deaths` holds natural deaths too.
    """
    now = beginnings(people, aims, rng)
    while now.many:
        court = appear(now)
        go_on = (court.sentenced <= now.last) & (court.sentenced < now.gone)
        waits = (court.caught <= now.last) & (court.sentenced > now.last) & (now.gone > now.last)
        remanded = held(now, go_on | waits, court)
        leave(now, ~go_on)
        now, court = now.only(go_on), court.only(go_on)
        free = punished(now, court, remanded[go_on])
        leave(now, ~free.free)
        now, free = now.only(free.free), free.only(free.free)
        offend_again(now, free, live(now, free))
    tables = {name: pd.concat(parts, ignore_index=True) for name, parts in now.events.items()}
    return as_it_came(tables, people, aims, rng)


def as_it_came(tables: Tables, people: Population, aims: Calibration, rng: np.random.Generator) -> Tables:
    """The tables with supervision ended and reviewed, with claims and duties, and open where the records end."""
    died, gone = departures(tables, people)
    last = day(aims.window.data_to)
    supervisions = ended(tables["supervisions"], tables["custody"], gone, died, last)
    reviews = reviewed(supervisions, tables.pop("settling"), aims, rng)
    tables = {**tables, "supervisions": supervisions, "reviews": reviews}
    lived = Lived(people, tables["jobs"], tables["custody"], gone, aims, rng)
    tables["claims"] = claims(lived, tables["follow_ups"])
    tables["duties"] = duties(lived, tables["follow_ups"])
    return {name: still_running(table, last) for name, table in tables.items()}


def departures(tables: Tables, people: Population) -> tuple[Days, Days]:
    """(died, gone): by person, the day of death, and the day of death, of leaving or of being deported."""
    died = people.people["died"].to_numpy().copy()
    died[tables["deaths"]["who"]] = tables["deaths"]["died"]
    gone = np.minimum(died, people.people["left"].to_numpy())
    deported = tables["custody"][tables["custody"]["release_type"] == "DEP"]
    gone[deported["who"]] = np.minimum(gone[deported["who"]], deported["release_date"])
    return died, gone


def still_running(table: pd.DataFrame, last: int) -> pd.DataFrame:
    """The table with jobs, treatments and the like that end after the last day of the records running still."""
    if "end" not in table:
        return table
    runs = (table["end"] > last).to_numpy()
    found = table.assign(end=np.where(runs, NEVER, table["end"]))
    reasons = {name: np.where(runs, "", found[name]) for name in ("end_reason", "discharge_reason") if name in found}
    return found.assign(**reasons)
