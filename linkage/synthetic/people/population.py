"""People: families at addresses, what they are called and when that changed, where they live and when they moved."""

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import NEVER, YEAR, Days, ages, day
from linkage.synthetic.people import identifiers, names, places

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

# Who lives together. W woman, P her partner, D daughter, S son, Z sister, T twin sister, M man on his own.
HOUSEHOLDS = {"W": 34, "WP": 20, "WPD": 5, "WPS": 3, "WD": 9, "WDD": 4, "WS": 4, "WZ": 5, "WT": 1.2, "WZZ": 1, "M": 11}
WOMEN = "WDZT"
ETHNICITIES = {
    "W1": 79.0, "W2": 1.6, "W3": 1.8, "W4": 0.5, "W8": 0.3, "W9": 4.2, "M1": 2.0, "M2": 0.5, "M3": 0.8, "M9": 0.8,
    "A1": 1.4, "A2": 1.7, "A3": 0.6, "A4": 0.3, "A9": 0.7, "B1": 2.2, "B2": 1.8, "B9": 0.6, "O2": 0.6, "O9": 0.7,
}  # fmt: skip
CULTURES = {
    "W2": "irish", "W3": "irish", "W4": "eastern_european", "W9": "eastern_european", "A1": "south_asian_other",
    "A2": "south_asian_muslim", "A3": "south_asian_muslim", "A4": "chinese", "A9": "vietnamese", "B1": "caribbean",
    "B2": "black_african", "M1": "caribbean", "O2": "arabic",
}  # fmt: skip
BORN_ABROAD_MORE = frozenset({"eastern_european", "black_african", "chinese", "vietnamese", "arabic"})
# Ages are drawn as of this day, early in the invented records.
REFERENCE = datetime.date(2022, 7, 1)
OLDEST, YOUNGEST = 76.0, 16.2


@dataclass(frozen=True)
class Population:
    """`people`: one row per person. `homes`: one row per address. Names and homes have up to three spells."""

    people: pd.DataFrame
    homes: pd.DataFrame

    def surname_on(self, who: Numbers, on: npt.ArrayLike) -> Texts:
        """What each was called on a day, by law."""
        return self._spell("surname", "renamed", who, on)

    def home_on(self, who: Numbers, on: npt.ArrayLike) -> Numbers:
        """Where each lived on a day, as a row of `homes`; those of no fixed abode, where they last did."""
        return self._spell("home", "moved", who, on).astype(np.int64)

    def _spell(self, what: str, changed: str, who: Numbers, on: npt.ArrayLike) -> npt.NDArray[Any]:
        first, second = (self.people[f"{changed}_{n}"].to_numpy()[who] <= on for n in (1, 2))
        before, between, after = (self.people[f"{what}_{n}"].to_numpy()[who] for n in (0, 1, 2))
        return np.where(second, after, np.where(first, between, before))


def population(many: int, aims: Calibration, rng: np.random.Generator) -> Population:
    """`many` people in families, in no order of family."""
    people = members(many, rng)
    people = people.assign(**ethnic_group(people, aims, rng))
    people = people.assign(**named(people, aims, rng))
    people = people.assign(**traits(people, aims, rng))
    homes = places.homes(places.read_geography(), int(people["household"].max()) + 1, rng)
    people = people.assign(**homed(people, homes, aims, rng))
    people = people.iloc[rng.permutation(many)].reset_index(drop=True)
    people = people.assign(**numbered(people, aims, rng))
    # Plain Python strings: they are indexed by person a hundred times, which Arrow's strings are slow at.
    texts = {str(name): column.astype(object) for name, column in people.items() if column.dtype == "str"}
    return Population(people.assign(**texts), homes.astype(object))


def members(many: int, rng: np.random.Generator) -> pd.DataFrame:
    """(household, role, female, born): one row per person, families together."""
    kinds = list(HOUSEHOLDS)
    weights = np.array(list(HOUSEHOLDS.values()))
    drawn = rng.choice(len(kinds), size=many, p=weights / weights.sum())
    roles = np.array(list("".join(kinds[kind] for kind in drawn))[:many], dtype=object)
    household = np.repeat(np.arange(many), np.array([len(kind) for kind in kinds])[drawn])[:many]
    head = day_of_birth_of_head(np.array(kinds, dtype=object)[drawn], rng)[household]
    born = np.select(
        [roles == "P", np.isin(roles, ["D", "S"]), roles == "Z"],
        [head - rng.normal(2 * YEAR, 4 * YEAR, many), child_born(head, rng), head + rng.normal(0, 4 * YEAR, many)],
        head,
    )
    reference = day(REFERENCE)
    born = np.clip(born, reference - OLDEST * YEAR, reference - YOUNGEST * YEAR).astype(np.int64)
    # Sisters who were drawn on one day are made a year apart: only twins share a day of birth.
    born = np.where(roles == "Z", np.where(np.abs(born - head) < 300, head - 430, born), born).astype(np.int64)
    return pd.DataFrame({"household": household, "role": roles, "female": np.isin(roles, list(WOMEN)), "born": born})


def day_of_birth_of_head(kinds: Texts, rng: np.random.Generator) -> Days:
    """When each household's first person was born: old enough for grown children where there are any."""
    with_children = np.isin(kinds, [kind for kind in HOUSEHOLDS if set(kind) & {"D", "S"}])
    young = 17.0 + 52 * rng.beta(1.5, 2.6, len(kinds))
    age = np.where(with_children, 37 + 30 * rng.beta(1.4, 2.2, len(kinds)), young)
    return (day(REFERENCE) - age * YEAR).astype(np.int64)


def child_born(mother: Days, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A child's day of birth: the mother 17 to 40, the child grown by the reference day."""
    latest = np.minimum(40, ages(mother, day(REFERENCE)) - YOUNGEST)
    return mother + YEAR * (17 + np.maximum(latest - 17, 0) * rng.beta(1.6, 1.8, len(mother)))


def ethnic_group(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """ethnicity, culture, foreign_born: mostly shared by a household."""
    codes, weights = list(ETHNICITIES), np.array(list(ETHNICITIES.values()))
    by_household = rng.choice(len(codes), size=len(people), p=weights / weights.sum())[people["household"]]
    own = rng.choice(len(codes), size=len(people), p=weights / weights.sum())
    partner_of_another = (people["role"] == "P").to_numpy() & (rng.random(len(people)) < 0.25)
    ethnicity = np.array(codes, dtype=object)[np.where(partner_of_another, own, by_household)]
    culture = pd.Series(ethnicity).map(CULTURES).fillna("english").to_numpy(dtype=object)
    share = aims["foreign_born"] * np.where(np.isin(culture, list(BORN_ABROAD_MORE)), 5.0, 0.35)
    return {"ethnicity": ethnicity, "culture": culture, "foreign_born": rng.random(len(people)) < share}


def named(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """forename, middle, surname_0..2, renamed_1..2, alias: shared in families, changed in women's lives."""
    many, household = len(people), people["household"].to_numpy()
    culture, female = people["culture"].to_numpy(dtype=object), people["female"].to_numpy()
    role, born = people["role"].to_numpy(dtype=object), people["born"].to_numpy()
    of_culture = names.surnames(rng, culture)
    mothers_family, fathers_family = of_culture[first_of(household)], names.surnames(rng, culture)[first_of(household)]
    child_of_named_father = np.isin(role, ["D", "S"]) & (rng.random(many) < 0.65)
    at_birth = np.where((role == "P") | child_of_named_father, fathers_family, mothers_family)
    at_birth = np.where((role == "P") & (rng.random(many) < 0.3), of_culture, at_birth)
    partner = partner_surname(at_birth, role, household, names.surnames(rng, culture), rng)
    return {
        "forename": names.forenames(rng, culture, female, born),
        "middle": np.where(rng.random(many) < 0.55, names.forenames(rng, culture, female, born - 8000), ""),
        **renamings(at_birth, partner, np.where(female, born, NEVER), aims, rng),
        "alias": np.where(rng.random(many) < aims["alias"], names.surnames(rng, culture), ""),
    }


def first_of(household: Numbers) -> Numbers:
    """The row of each one's first household member; families stand together."""
    starts = np.flatnonzero(np.diff(household, prepend=-1))
    return starts[np.searchsorted(household[starts], household)]


def partner_surname(at_birth: Texts, role: Texts, household: Numbers, other: Texts, rng: np.random.Generator) -> Texts:
    """The surname she would take: of the partner she lives with (he stands right after her), or of somebody else."""
    with_partner = (role == "W") & (np.append(role[1:], "") == "P") & (np.append(household[1:], -1) == household)
    return np.where(with_partner, np.append(at_birth[1:], ""), other)


def renamings(
    at_birth: Texts, partner: Texts, born: Days, aims: Calibration, rng: np.random.Generator
) -> dict[str, Any]:
    """surname_0..2, renamed_1..2: marriage, a joined name, reversion, another marriage. Nobody born NEVER."""
    many, last = len(born), day(aims.window.data_to)
    first = born + YEAR * (18.5 + rng.gamma(2.2, 5.5, many))
    married = (rng.random(many) < aims["first_surname_change"]) & (first < last)
    second = first + YEAR * (1 + rng.gamma(2.0, 4.0, many))
    again = married & (rng.random(many) < aims["later_surname_change"]) & (second < last)
    joined = rng.random(many) < aims["double_barrelled"]
    taken = np.where(joined, at_birth + "-" + partner, partner)
    reverted = rng.random(many) < 0.72
    return {
        "surname_0": at_birth,
        "surname_1": np.where(married, taken, at_birth),
        "surname_2": np.where(again, np.where(reverted, at_birth, rng.permutation(partner)), taken),
        "renamed_1": np.where(married, first, NEVER).astype(np.int64),
        "renamed_2": np.where(again, second, NEVER).astype(np.int64),
    }


def traits(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """severity, need, nfa, protected, justice, care: what goes with offending, and with being recorded badly.

    `care` multiplies every error rate of the person's records: above 1, clerks get more wrong; 1 on average of those
    with justice lives.
    """
    many, female = len(people), people["female"].to_numpy()
    age = ages(people["born"].to_numpy(), day(REFERENCE))
    shared = rng.normal(0, 0.5, many)[people["household"]]
    severity = shared + rng.normal(0, 0.85, many)
    likely = np.where(age < 18, 0.25, np.exp(-(((age - 33) / 15) ** 2))) * np.exp(0.5 * shared)
    chosen = np.zeros(many, dtype=bool)
    for of_sex, share in ((female, "women_with_justice_lives"), (~female, "men_with_justice_lives")):
        likeliest = np.argsort(np.where(of_sex, rng.exponential(size=many) / likely, np.inf))
        chosen[likeliest[: round(aims[share] * many)]] = True
    need = rng.random(many) < np.where(chosen, aims["substance_need"] * np.exp(0.35 * severity), 0.03)
    homeless = aims["no_fixed_abode"] * np.exp(0.45 * severity + 0.5 * need - 0.25)
    nfa = rng.random(many) < np.where(chosen, homeless, 0.004)
    minority = ~people["ethnicity"].str.startswith("W").to_numpy()
    worse = np.where(nfa, aims["care_no_fixed_abode"], 1.0) * np.where(minority, aims["care_minority"], 1.0)
    worse = worse / worse[chosen].mean()
    return {
        "justice": chosen,
        "severity": severity,
        "need": need,
        "nfa": nfa,
        "care": worse * np.exp(rng.normal(0, aims["care_spread"], many) - aims["care_spread"] ** 2 / 2),
        "protected": female & (rng.random(many) < aims["protected_address"]),
    }


def homed(people: pd.DataFrame, homes: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """home_0..2, moved_1..2: families start at one address, may move together, and members leave."""
    many, household = len(people), people["household"].to_numpy()
    start, last = day(aims.window.history_from) - 400, day(aims.window.data_to)
    families = household.max() + 1
    first = rng.permutation(len(homes))[:families]
    second = places.near(homes, first, rng)[household]
    when = rng.integers(start, last, families)[household]
    together = (rng.random(families) < aims["household_moves"])[household]
    restless = np.where(people["justice"], 1.5, 0.8)
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


def numbered(people: pd.DataFrame, aims: Calibration, rng: np.random.Generator) -> dict[str, Any]:
    """pnc, pnc_2, nomis, nomis_2, crn, crn_2, nino: what each would have where a department knows her.

    A few have a second number in one source, and a few have their sister's or a stranger's.
    """
    many = len(people)
    first_arrest = 1970 + (people["born"].to_numpy() + YEAR * (13 + rng.gamma(2, 4, many))) / YEAR
    years = np.clip(first_arrest, 1980, aims.window.history_from.year).astype(np.int64)
    found = {
        "pnc": identifiers.pnc_ids(rng, years),
        "nomis": identifiers.nomis_numbers(rng, many),
        "crn": identifiers.crns(rng, many),
    }
    second = {
        "pnc": aims["second_pnc"],
        "nomis": aims["duplicate_person_number"],
        "crn": aims["duplicate_person_number"],
    }
    another = {"pnc": identifiers.pnc_ids(rng, years), "nomis": identifiers.nomis_numbers(rng, many)}
    another["crn"] = identifiers.crns(rng, many)
    found = {kind: merged_with_another(ids, aims, rng) for kind, ids in found.items()}
    seconds = {f"{kind}_2": np.where(rng.random(many) < second[kind], another[kind], found[kind]) for kind in found}
    return {**found, **seconds, "nino": identifiers.ninos(rng, many)}


def merged_with_another(numbers: Texts, aims: Calibration, rng: np.random.Generator) -> Texts:
    """The numbers, a few of them somebody else's: two people whom a clerk took for one."""
    at = np.flatnonzero(rng.random(len(numbers)) < aims["merged_person_number"])
    found = numbers.copy()
    found[at] = numbers[rng.integers(0, len(numbers), len(at))]
    return found
