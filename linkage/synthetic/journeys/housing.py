"""Where people live: the first night after release, and three months on."""

import numpy as np

from linkage.synthetic.journeys.careers import CUSTODY, Careers, share
from linkage.synthetic.people.arrays import Numbers, Texts

FIRST_NIGHTS = np.array(["SET", "BAIL", "OTH", "HOME", "ROUGH"], dtype=object)
UNSETTLED = np.array(["BAIL", "OTH", "HOME", "ROUGH"], dtype=object)


def first_nights(now: Careers) -> Texts:
    """Where each would spend the first night after release: settled, else housed for a time, else homeless."""
    settled = now.chance(share(now.aims["first_night_settled"] - 1.6 * now.nfa - 0.25 * now.need))
    homeless = now.chance(share(now.aims["first_night_homeless"] + 1.2 * now.nfa))
    rough = now.chance(share(now.aims["first_night_rough"] + 0.6 * now.nfa))
    bail = now.chance(now.aims["first_night_bail"])
    return np.select([settled, ~homeless & bail, ~homeless, ~rough], FIRST_NIGHTS[:4], "ROUGH").astype(object)


def as_recorded(now: Careers, status: Texts) -> Texts:
    """A status as the prison wrote it down: not known of some."""
    return np.where(now.chance(now.aims["discharge_unknown"]), "UNK", status).astype(object)


def three_months_on(now: Careers, disposal: Numbers, first_night: Texts) -> Texts:
    """Where each lives three months after the start; who was settled on the first night mostly still is."""
    inside = disposal == CUSTODY
    odds = np.where(inside, now.aims["settled_custody"], now.aims["settled_community"])
    odds = odds + inside * np.select([first_night == "SET", np.isin(first_night, ["HOME", "ROUGH"])], [1.3, -0.9], 0.0)
    settled = now.chance(share(odds + now.aims["settled_effect_no_fixed_abode"] * now.nfa - 0.25 * now.need))
    often = now.rng.choice(4, now.many, p=[0.05, 0.2, 0.4, 0.35])
    seldom = now.rng.choice(4, now.many, p=[0.2, 0.45, 0.27, 0.08])
    home = np.where(settled, "SET", UNSETTLED[np.where(now.nfa | (first_night == "ROUGH"), often, seldom)])
    return home.astype(object)
