"""What each is called: shared in families, changed in women's lives, and now and then a name that is not hers."""

from typing import Any

import numpy as np
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, YEAR, Days, day
from linkage.synthetic.people import names
from linkage.synthetic.people.arrays import Flags, Numbers, Texts, some
from linkage.synthetic.people.households import REFERENCE, first_of

DRAWS_AGAIN = 3


def named(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """forename, middle, surname_0..2, renamed_1..2, alias."""
    culture, female = people["culture"].to_numpy(dtype=object), people["female"].to_numpy()
    born, many = people["born"].to_numpy(), len(people)
    at_birth = surnames_at_birth(people, rng)
    called = renamings(people, at_birth, aims, rng)
    middle = names.forenames(rng, culture, female, born - 8000)
    return {
        "forename": forenames(people, rng),
        "middle": np.where(rng.random(many) < 0.55, middle, ""),
        **called,
        "alias": aliases(people, [called[f"surname_{n}"] for n in range(3)], aims, rng),
    }


def forenames(people: pd.DataFrame, rng: np.random.Generator) -> Texts:
    """A forename for each; a name that is taken in the family is drawn again, so that twins hardly ever share one."""
    culture, female, born = (people[name].to_numpy() for name in ("culture", "female", "born"))
    found = names.forenames(rng, culture, female, born)
    for _ in range(DRAWS_AGAIN):
        taken = pd.DataFrame({"household": people["household"], "name": found}).duplicated().to_numpy()
        found[taken] = names.forenames(rng, culture[taken], female[taken], born[taken])
    return found


def surnames_at_birth(people: pd.DataFrame, rng: np.random.Generator) -> Texts:
    """Women of a family their mother's family name, most children and partners that of the father; some their own."""
    culture, many = people["culture"].to_numpy(dtype=object), len(people)
    role, head = people["role"].to_numpy(dtype=object), first_of(people["household"].to_numpy())
    own = names.surnames(rng, culture)
    mothers_family, fathers_family = own[head], names.surnames(rng, culture)[head]
    of_named_father = np.isin(role, ["D", "S"]) & (rng.random(many) < 0.65)
    found = np.where((role == "P") | of_named_father, fathers_family, mothers_family)
    return np.where((role == "P") & (rng.random(many) < 0.3), own, found)


def partner_surname(at_birth: Texts, role: Texts, household: Numbers, other: Texts) -> Texts:
    """The surname she would take: of the partner she lives with (he stands right after her), or of somebody else."""
    with_partner = (role == "W") & (np.append(role[1:], "") == "P") & (np.append(household[1:], -1) == household)
    return np.where(with_partner, np.append(at_birth[1:], ""), other)


def renamings(people: pd.DataFrame, at_birth: Texts, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """surname_0..2, renamed_1..2: women's marriages, joined names, reversions, new marriages and deed polls."""
    many, female, last = len(people), people["female"].to_numpy(), day(aims.window.delivered)
    married, first = marriages(people, aims, rng)
    chosen = some(rng, female & ~married, aims["deed_poll"], np.where(people["abused"], 4.0, 1.0))
    first = np.where(chosen, adult_day(people, rng), first)
    second = first + round(YEAR / 2) + (YEAR * rng.gamma(2.0, 4.0, many)).astype(np.int64)
    goes_back = rng.random(many) < aims["later_surname_change"]
    culture = people["culture"].to_numpy(dtype=object)
    stranger = names.surnames(rng, culture)
    partner = partner_surname(at_birth, people["role"].to_numpy(), people["household"].to_numpy(), stranger)
    joined = rng.random(many) < aims["double_barrelled"]
    taken = np.where(chosen, stranger, np.where(joined, at_birth + "-" + partner, partner))
    then = np.where(rng.random(many) < aims["reverts"], at_birth, names.surnames(rng, culture))
    changed = (married | chosen) & (first <= last) & (taken != at_birth)
    now = np.where(changed, taken, at_birth)
    again = changed & married & goes_back & (second <= last) & (then != now)
    return {
        "surname_0": at_birth,
        "surname_1": now,
        "surname_2": np.where(again, then, now),
        "renamed_1": np.where(changed, first, NEVER).astype(np.int64),
        "renamed_2": np.where(again, second, NEVER).astype(np.int64),
    }


def marriages(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> tuple[Flags, Days]:
    """Which women change their surname on marriage at some time of their lives, more of the older ones, and the day."""
    born, many = people["born"].to_numpy(), len(people)
    older = (day(REFERENCE) - born) / (YEAR * aims["surname_change_generation"])
    married = some(rng, people["female"].to_numpy(), aims["first_surname_change"], np.exp(older))
    return married, born + (YEAR * (18.5 + rng.gamma(2.2, 5.5, many))).astype(np.int64)


def adult_day(people: pd.DataFrame, rng: np.random.Generator) -> Days:
    """A day between each one's 18th and 60th birthday."""
    days: Days = people["born"].to_numpy() + rng.integers(round(18 * YEAR), round(60 * YEAR), len(people))
    return days


def aliases(people: pd.DataFrame, surnames: list[Texts], aims: Calibration, rng: np.random.Generator) -> Texts:
    """Another surname used before courts and in prison, more of those with long careers; '' where there is none."""
    justice, severity = people["justice"].to_numpy(), people["severity"].to_numpy()
    has = some(rng, justice, aims["alias"], np.exp(0.5 * severity)) | some(rng, ~justice, aims["alias_others"])
    found = names.surnames(rng, people["culture"].to_numpy(dtype=object))
    lawful = np.any([found == surname for surname in surnames], axis=0)
    return np.where(has & ~lawful, found, "").astype(object)
