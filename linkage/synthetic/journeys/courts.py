"""Offences, and the appearance that ends a run of them."""

from dataclasses import dataclass

import numpy as np

from linkage.synthetic.days import Days, ages
from linkage.synthetic.journeys.careers import (
    CAUTION,
    COMMUNITY,
    CUSTODY,
    FINE,
    OFFENCE_GROUPS,
    OFFENCE_SHARES,
    SUSPENDED,
    Careers,
)
from linkage.synthetic.people.population import Flags, Numbers


@dataclass(frozen=True)
class Appearance:
    """One appearance of everybody, as arrays: when caught, when sentenced, and to what."""

    caught: Days
    sentenced: Days
    disposal: Numbers

    def only(self, at: Flags) -> "Appearance":
        """Those of `at`."""
        return Appearance(**{name: value[at] for name, value in vars(self).items()})


def appear(now: Careers) -> Appearance:
    """From the first offence to the court's or the police's decision; offences decided in time stand."""
    offences = 1 + now.rng.poisson((now.aims["reoffences_mean"] - 1) * np.exp(0.3 * now.severity - 0.05))
    run = np.where(offences > 1, now.rng.exponential(9 * offences), 0).astype(np.int64)
    caught = now.first_offence + run + now.rng.geometric(0.2, len(now.who)) - 1
    disposal = disposals(now, caught)
    slow = np.where(disposal == CUSTODY, 0.6, 1.0) * np.exp(now.rng.normal(0, 0.8, len(now.who)))
    sentenced = caught + 1 + (now.aims["court_lag_days"] * slow).astype(np.int64)
    known = (sentenced <= now.last) & (sentenced < now.died)
    record_offences(now, known, run, sentenced, disposal, offences)
    record_breaches(now, known, sentenced, disposal)
    now.priors = now.priors + offences
    return Appearance(caught, sentenced, disposal)


def disposals(now: Careers, caught: Days) -> Numbers:
    """Caution, fine, community order, suspended sentence or custody: worse with the past; no custody of children."""
    past = now.severity + 0.28 * np.log1p(now.priors) + 0.25 * now.nfa + 0.2 * now.need
    steps = [now.aims[f"step_{name}"] for name in ("fine", "community_order", "suspended_sentence", "custody")]
    found = np.searchsorted(steps, past + now.rng.normal(-0.35, 0.75, len(now.who)))
    return np.where(ages(now.born, caught) < 18, np.minimum(found, COMMUNITY), found)


def record_offences(
    now: Careers, known: Flags, run: Numbers, sentenced: Days, disposal: Numbers, offences: Numbers
) -> None:
    """A row of `offences` for each offence of each appearance."""
    people, draws = len(now.who), now.rng
    order = np.repeat(np.arange(people), np.where(known, offences, 0))
    first = np.diff(order, prepend=-1) != 0
    code = np.select(
        [disposal == CAUTION, disposal == FINE, disposal == COMMUNITY, disposal == SUSPENDED],
        ["CAU", np.where(now.chance(0.3), "DIS", "FIN"), "CO", "SSO"],
        "CUS",
    )[order]
    usual, any_group = now.main_offence()[order], draws.choice(OFFENCE_GROUPS, len(order), p=OFFENCE_SHARES)
    further = ~first & (draws.random(len(order)) < 0.15) & (code != "CAU")
    each = now.only(order)
    each.happened(
        "offences",
        np.ones(len(order), dtype=bool),
        offence_date=each.first_offence + np.where(first, 0, draws.random(len(order)) * (run[order] + 1)).astype(int),
        outcome_date=sentenced[order],
        offence_group=np.where(draws.random(len(order)) < 0.6, usual, any_group),
        disposal=np.where(further, "OTH", code).astype(object),
        breach="N",
    )


def record_breaches(now: Careers, known: Flags, sentenced: Days, disposal: Numbers) -> None:
    """A breach of an earlier order, dealt with beside new offences; it is no reoffence."""
    now.happened(
        "offences",
        known & (now.supervisions > 0) & (disposal > CAUTION) & now.chance(0.3),
        offence_date=np.minimum(now.first_offence + 3, sentenced),
        outcome_date=sentenced,
        offence_group="09",
        disposal=np.where(disposal == CUSTODY, "CUS", "OTH").astype(object),
        breach="Y",
    )
