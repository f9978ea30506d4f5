"""What goes with offending, and with being recorded badly; and what each says about being linked."""

from typing import Any

import numpy as np
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, Days, ages, day
from linkage.synthetic.people.arrays import Flags, Weights, some
from linkage.synthetic.people.households import REFERENCE

# Those younger on the reference day are children until the cohorts end.
YOUNGEST_OFFENDER = 15.0


def traits(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """justice, severity, need, mental_health, abused, nfa, protected, care; objected, consents, consent_withdrawn."""
    many, female = len(people), people["female"].to_numpy()
    of_family = rng.normal(0, 0.5, many)[people["household"]]
    severity = of_family + rng.normal(0, 0.85, many)
    justice = with_justice_lives(people, of_family, aims, rng)
    need = either(rng, justice, ("substance_need", "substance_need_others"), np.exp(0.35 * severity), aims)
    homeless = np.exp(0.45 * severity + 0.5 * need)
    nfa = either(rng, justice, ("no_fixed_abode", "no_fixed_abode_others"), homeless, aims)
    abused = by_sex(rng, justice, female, "abused", np.exp(0.3 * severity + 0.3 * need), aims)
    unwell = np.exp(0.2 * severity + 0.4 * need + 0.4 * abused)
    protected = some(rng, female, aims["protected_address"], np.where(abused, 8.0, 1.0))
    found = {"justice": justice, "severity": severity, "need": need, "nfa": nfa, "abused": abused}
    found |= {"mental_health": by_sex(rng, justice, female, "mental_health", unwell, aims), "protected": protected}
    return found | {"care": care(people.assign(**found), aims, rng)} | wishes(many, aims, rng)


def with_justice_lives(people: pd.DataFrame, of_family: Weights, aims: Calibration, rng: np.random.Generator) -> Flags:
    """Who comes before a court: most in their thirties, some families more, nobody who is a child throughout."""
    age, female = ages(people["born"].to_numpy(), day(REFERENCE)), people["female"].to_numpy()
    likely = np.where(age < 18, 0.25, np.exp(-(((age - 33) / 15) ** 2))) * np.exp(0.5 * of_family)
    likely = np.where(age < YOUNGEST_OFFENDER, 0.0, likely)
    women = some(rng, female, aims["women_with_justice_lives"], likely)
    return women | some(rng, ~female, aims["men_with_justice_lives"], likely)


def either(
    rng: np.random.Generator, justice: Flags, shares: tuple[str, str], tendency: Weights, aims: Calibration
) -> Flags:
    """One share of those with justice lives, another of everybody else."""
    theirs, others = (aims[share] for share in shares)
    return some(rng, justice, theirs, tendency) | some(rng, ~justice, others, tendency)


def by_sex(
    rng: np.random.Generator, justice: Flags, female: Flags, trait: str, tendency: Weights, aims: Calibration
) -> Flags:
    """A share of the women with justice lives, another of the men, a third of everybody else."""
    women = some(rng, justice & female, aims[trait], tendency)
    men = some(rng, justice & ~female, aims[f"{trait}_men"], tendency)
    return women | men | some(rng, ~justice, aims[f"{trait}_others"], tendency)


def care(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> Weights:
    """What multiplies every error rate of each one's records: above 1, clerks get more wrong.

    1 on average of those with justice lives; the same things make it worse that make outcomes worse.
    """
    minority = ~people["ethnicity"].str.startswith("W").to_numpy()
    worse = np.exp(aims["care_severity"] * people["severity"].to_numpy())
    for name, at in (("no_fixed_abode", people["nfa"]), ("minority", minority), ("need", people["need"])):
        worse = worse * np.where(at, aims[f"care_{name}"], 1.0)
    worse = worse * np.exp(rng.normal(0, aims["care_spread"], len(people)))
    justice = people["justice"].to_numpy()
    mean: Weights = worse[justice].mean() if justice.any() else worse.mean()
    return worse / mean


def wishes(many: int, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """objected and consent_withdrawn (days, NEVER for nearly all), consents (to the use of treatment records)."""
    everybody = np.ones(many, dtype=bool)
    consents = ~some(rng, everybody, aims["no_consent"])
    withdrawn = some(rng, consents, aims["consent_withdrawn"])
    return {
        "objected": on_a_day(some(rng, everybody, aims["objects"]), aims, rng),
        "consents": consents,
        "consent_withdrawn": on_a_day(withdrawn, aims, rng),
    }


def on_a_day(at: Flags, aims: Calibration, rng: np.random.Generator) -> Days:
    """A day of the records for each of `at`, NEVER for the rest."""
    days = rng.integers(day(aims.window.history_from), day(aims.window.delivered), len(at))
    return np.where(at, days, NEVER).astype(np.int64)
