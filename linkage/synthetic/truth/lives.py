"""The events of everybody, told as one plain life after the other."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from linkage.synthetic.days import dates
from linkage.synthetic.departments.columns import Lives
from linkage.synthetic.people.arrays import Flags
from linkage.synthetic.truth.life import Claim, Duty, Job, Life, Offence, Review, Spell, Supervision, Treatment

DAYS = (
    "died", "offence_date", "outcome_date", "reception_date", "release_date", "start_date", "review_date", "start",
    "end",
)  # fmt: skip
OFFENCE = ("offence_date", "outcome_date", "breach", "disposal")
SPELL = (
    "reception_date", "reception_type", "release_date", "release_type", "home", "treatment_need",
    "discharge_accommodation", "no_fixed_abode",
)  # fmt: skip
NEEDS = ("treatment_need", "mental_health_need", "domestic_abuse")
ORDER = ("start_date", "disposal", "home", *NEEDS)
REVIEW = ("review_date", "accommodation_status", *NEEDS)


def told(lives: Lives, names: list[str]) -> Iterator[Life]:
    """The life of every woman who was in custody, under supervision or cautioned, in the order of people.

    `names`: of people.
    """
    table, region = lives.people.people, lives.people.homes["region"].tolist()
    women = anchored(lives)
    born = dates(table["born"]).tolist()
    found = {who: Life(names[who], True, born[who]) for who in np.flatnonzero(women).tolist()}

    def happened(name: str, *columns: str) -> Iterable[tuple[Any, ...]]:
        return ((found[who], *said) for who, *said in rows(lives.events[name], women, columns))

    for life, died in happened("deaths", "died"):
        life.died = died
    for life, committed, decided, breach, how in happened("offences", *OFFENCE):
        life.offences.append(Offence(committed, decided, breach == "Y", how))
    for life, received, kind, released, how, home, need, night, homeless in happened("custody", *SPELL):
        life.spells.append(Spell(received, kind, released, how, region[home], need, night, homeless))
    for life, began, disposal, home, *needs in happened("supervisions", *ORDER):
        life.supervisions.append(Supervision(began, disposal, region[home], *needs))
    for life, held, status, *needs in happened("reviews", *REVIEW):
        life.reviews.append(Review(held, status, *needs))
    for life, start, end in happened("jobs", "start", "end"):
        life.jobs.append(Job(start, end))
    for life, start, end, how in happened("episodes", "start", "end", "discharge_reason"):
        if start is not None:  # only assessed, and never treated
            life.treatments.append(Treatment(start, end, how))
    for life, start, end, benefit in happened("claims", "start", "end", "benefit"):
        life.claims.append(Claim(start, end, benefit))
    for life, start, duty, end, how in happened("duties", "start", "duty", "end", "end_reason"):
        life.duties.append(Duty(start, duty, end, how))
    yield from found.values()


def anchored(lives: Lives) -> Flags:
    """For each of the people: a woman who was in custody, under supervision or cautioned?"""
    found = np.zeros(len(lives.people.people), dtype=bool)
    offences = lives.events["offences"]
    for table in (lives.events["custody"], lives.events["supervisions"], offences[offences["disposal"] == "CAU"]):
        found[table["who"].to_numpy(np.int64)] = True
    return found & lives.people.people["female"].to_numpy(dtype=bool)


def rows(table: pd.DataFrame, whose: Flags, columns: tuple[str, ...]) -> Iterable[tuple[Any, ...]]:
    """(who, columns …) of one table of events for those people, as plain Python values; a day not come is None."""
    wanted = table[whose[table["who"].to_numpy(np.int64)]]
    plain = [dates(wanted[name]) if name in DAYS else wanted[name].to_numpy() for name in ("who", *columns)]
    return zip(*(values.tolist() for values in plain), strict=True)
