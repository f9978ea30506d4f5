"""Offences, and the appearance that ends a run of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkage.synthetic.days import Days, ages
from linkage.synthetic.journeys.careers import CAUTION, COMMUNITY, CUSTODY, FINE, SUSPENDED, Careers, share
from linkage.synthetic.people.arrays import Flags, Numbers, Texts

THEFT = "04"
OTHER_GROUPS = np.array(["01", "02", "03", "05", "06", "07", "08", "09", "10", "11", "12"], dtype=object)
# Shares of women's offences other than theft, usual and serious: violence, drugs and fraud stand out. A guess.
USUAL = np.array([24, 0.4, 1.2, 6, 12, 3, 12, 7.4, 8, 17, 9]) / 100
SERIOUS = np.array([36, 4, 9, 4, 24, 4, 1, 3, 14, 0.5, 0.5]) / 100


@dataclass(frozen=True)
class Appearance:
    """One appearance of everybody, as arrays: when, how grave, for what, after how many offences."""

    caught: Days
    sentenced: Days
    disposal: Numbers
    gravity: npt.NDArray[np.float64]
    group: Texts
    priors: Numbers

    def only(self, at: Flags) -> "Appearance":
        """Those of `at`."""
        return Appearance(**{name: value[at] for name, value in vars(self).items()})


def appear(now: Careers) -> Appearance:
    """From the first offence to the court's or the police's decision; offences decided in time stand."""
    frequent = np.exp(now.aims["reoffences_by_past"] * (np.log1p(now.priors) - 1.5))
    offences = 1 + now.rng.poisson(np.minimum((now.aims["reoffences_mean"] - 1) * frequent, 30))
    run = np.where(offences > 1, now.rng.exponential(6 * offences), 0).astype(np.int64)
    caught = now.first_offence + run + now.rng.geometric(0.2, now.many) - 1
    gravity = now.rng.normal(size=now.many)
    disposal = disposals(now, caught, gravity)
    slow = np.where(disposal == CUSTODY, 0.6, 1.0) * np.exp(now.rng.normal(0, 0.8, now.many))
    sentenced = caught + 1 + (now.aims["court_lag_days"] * slow).astype(np.int64)
    court = Appearance(caught, sentenced, disposal, gravity, main_groups(now, gravity), now.priors)
    known = (sentenced <= now.last) & (sentenced < now.gone)
    record_offences(now, known, run, court, offences)
    record_breaches(now, known, court)
    now.priors = now.priors + offences
    return court


def disposals(now: Careers, caught: Days, gravity: npt.NDArray[np.float64]) -> Numbers:
    """Caution, fine, community order, suspended sentence or custody: by past and gravity; no custody of children."""
    standing = now.aims["disposal_by_past"] * np.log1p(now.priors) + 0.25 * now.nfa + 0.2 * now.need
    steps = [now.aims[f"step_{name}"] for name in ("fine", "community_order", "suspended_sentence", "custody")]
    found = np.searchsorted(steps, standing + gravity)
    return np.where(ages(now.born, caught) < 18, np.minimum(found, COMMUNITY), found)


def main_groups(now: Careers, gravity: npt.NDArray[np.float64]) -> Texts:
    """The main offence group of each: theft of those with a long past, violence, drugs and fraud of the gravest."""
    theft = now.chance(share(-1.9 + 0.45 * np.log1p(now.priors) - 0.7 * gravity))
    usual = now.rng.choice(OTHER_GROUPS, now.many, p=USUAL)
    serious = now.rng.choice(OTHER_GROUPS, now.many, p=SERIOUS)
    return np.select([theft, gravity > 1.3], [THEFT, serious], usual).astype(object)


def record_offences(now: Careers, known: Flags, run: Numbers, court: Appearance, offences: Numbers) -> None:
    """A row of `offences` for each offence of each appearance."""
    order = np.repeat(np.arange(now.many), np.where(known, offences, 0))
    first, draws = np.diff(order, prepend=-1) != 0, now.rng
    fine = np.where(now.chance(0.3), "DIS", "FIN")
    cases = [court.disposal == which for which in (CAUTION, FINE, COMMUNITY, SUSPENDED)]
    code = np.select(cases, ["CAU", fine, "CO", "SSO"], "CUS")[order]
    another = draws.choice(OTHER_GROUPS, len(order), p=USUAL)
    further = ~first & (draws.random(len(order)) < 0.15) & (code != "CAU")
    each = now.only(order)
    each.happened(
        "offences",
        np.ones(len(order), dtype=bool),
        offence_date=each.first_offence + np.where(first, 0, draws.random(len(order)) * (run[order] + 1)).astype(int),
        outcome_date=court.sentenced[order],
        offence_group=np.where(first | (draws.random(len(order)) < 0.5), court.group[order], another),
        disposal=np.where(further, "OTH", code).astype(object),
        breach="N",
        previous_offences=court.priors[order],
    )


def record_breaches(now: Careers, known: Flags, court: Appearance) -> None:
    """A breach of an earlier order, dealt with beside new offences; it is no reoffence."""
    now.happened(
        "offences",
        known & (now.supervisions > 0) & (court.disposal > CAUTION) & now.chance(0.3),
        offence_date=np.minimum(now.first_offence + 3, court.sentenced),
        outcome_date=court.sentenced,
        offence_group="09",
        disposal=np.where(court.disposal == CUSTODY, "CUS", "OTH").astype(object),
        breach="Y",
        previous_offences=court.priors,
    )
