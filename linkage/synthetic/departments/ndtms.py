"""The treatment agencies' extract: one row per episode of clients who consent, with initials and no name."""

import numpy as np
import pandas as pd

from linkage.synthetic.days import dates
from linkage.synthetic.departments.columns import (
    Extract,
    Lives,
    clerk_of,
    coded,
    days,
    delivered,
    first_day,
    known_end,
    once_over,
    same,
    texts,
)
from linkage.synthetic.departments.mistakes import Clerk, Entries, Source
from linkage.synthetic.departments.numbers import own_numbers, record_ids
from linkage.synthetic.departments.writing import address, identity, only_initials
from linkage.synthetic.journeys.spells import next_day
from linkage.synthetic.people.arrays import Numbers, Texts

NDTMS = Source("ndtms", older_name=0.25, alias=0.03, figures={"initials_wrong": "initials_wrong"})
REFERRED_WITHIN = 60


def ndtms(lives: Lives, rng: np.random.Generator, as_of: int) -> Extract:
    """One row per episode. Initials, date of birth and sex stand once per client of an agency."""
    clerk, episodes = clerk_of(NDTMS, lives, rng, as_of), lives.events["episodes"]
    who, on = days(episodes, "who"), days(episodes, "triage")
    entered, entries, homes = clerk.entered(on), clerk.entries(who, on), lives.people.home_on(who, on)
    authority = lives.people.homes["local_authority"].to_numpy(dtype=object)[homes]
    client = own_numbers(clerk, "C", who, authority)
    each, first = same(who, client)
    clients = clerk.entries(who[first], first_day(each, on))
    person = identity(clients)
    person["initials"] = only_initials(clients, person)
    row, part = person.iloc[each], outward(entries, homes)
    start, end = known_end(clerk, days(episodes, "start")), known_end(clerk, days(episodes, "end"))
    columns = {
        "episode_id": record_ids(clerk, "T", len(episodes)),
        "client_reference": client,
        **texts(row, "initials"),
        "date_of_birth": dates(row["born"]),
        "sex": coded(row["sex"], {"F": "2", "M": "1", "": "9"}),
        "postcode_part": part,
        "local_authority": authority,
        "referral_source": referral(clerk, lives, episodes),
        "triage_date": dates(on),
        "treatment_start": dates(start),
        "discharge_date": dates(end),
        "discharge_reason": once_over(end, episodes["discharge_reason"]),
        **texts(episodes, "substance"),
    }
    people = lives.people.people
    refused = (~people["consents"].astype(bool) | (people["consent_withdrawn"] <= as_of)).to_numpy()[who]
    marks = {**entries.marks, **clients.marks_of(each)}
    return delivered(clerk, columns, "triage_date", who, entered, days(row, "name"), marks, gone=refused)


def outward(entries: Entries, homes: Numbers) -> Texts:
    """The outward half of each postcode as written; a mistake that shows in the other half alone is none here."""
    written = address(entries, homes)["postcode"].tolist()
    found = np.array([code.split(" ")[0] for code in written], dtype=object)
    district = entries.clerk.people.homes["district"].to_numpy(dtype=object)[homes]
    entries.unmark("postcode_old", at=found == district)
    entries.unmark("postcode_typo", at=np.ones(len(found), dtype=bool))  # it is one of the sector
    return found


def referral(clerk: Clerk, lives: Lives, episodes: pd.DataFrame) -> Texts:
    """Who sent each client: the prison she left or the officer she came under in the last weeks, or somebody else."""
    before = episodes["triage"] - REFERRED_WITHIN
    left = next_day(lives.events["custody"][["who", "release_date"]], episodes["who"], before) <= episodes["triage"]
    orders = lives.events["supervisions"][["who", "start_date"]]
    began = next_day(orders, episodes["who"], before) <= episodes["triage"]
    otherwise = clerk.rng.choice(np.array(["SEL", "HEA", "OTH"], dtype=object), len(episodes), p=[0.6, 0.3, 0.1])
    known = clerk.rng.random(len(episodes)) < 0.8
    return np.select([left & known, began & known], ["PRI", "PRO"], otherwise).astype(object)
