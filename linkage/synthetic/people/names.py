"""names.yaml: names as people of a culture and a birth cohort have them, and how one comes to be written as two."""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from faker.providers.person.en_GB import Provider

from linkage.contracts.reading import Declaration, read
from linkage.synthetic.days import YEAR, Days

Texts = npt.NDArray[np.object_]
OWN_COHORT = 0.72


class English(Declaration):
    """Forenames by the year from which a cohort was given them; surnames are Faker's."""

    female: dict[int, tuple[str, ...]]
    male: dict[int, tuple[str, ...]]


class Culture(Declaration):
    """A culture's names, most common first."""

    female: tuple[str, ...]
    male: tuple[str, ...]
    surnames: tuple[str, ...]


class Names(Declaration):
    """All name lists."""

    english: English
    irish: Culture
    eastern_european: Culture
    south_asian_muslim: Culture
    south_asian_other: Culture
    black_african: Culture
    caribbean: Culture
    chinese: Culture
    vietnamese: Culture
    arabic: Culture
    variants: tuple[tuple[str, ...], ...]
    short_forms: dict[str, tuple[str, ...]]

    @property
    def spellings(self) -> dict[str, tuple[str, ...]]:
        """{name: the other spellings it is met with}."""
        found: dict[str, tuple[str, ...]] = {}
        for group in self.variants:
            for name in group:
                found[name] = found.get(name, ()) + tuple(other for other in group if other != name)
        return found


@cache
def read_names() -> Names:
    """The declared names. Raises ContractError."""
    return read(Names, Path(__file__).with_name("names.yaml"))


def drawn(rng: np.random.Generator, names: tuple[str, ...] | list[str], many: int) -> Texts:
    """`many` of a list that is in order of frequency: Zipf's law, flattened at its head."""
    weights = 1 / (np.arange(len(names)) + 4)
    pool = np.empty(len(names), dtype=object)
    pool[:] = names
    return pool[rng.choice(len(names), size=many, p=weights / weights.sum())]


def surnames(rng: np.random.Generator, cultures: Texts) -> Texts:
    """A surname for each, by culture."""
    names, found = read_names(), np.empty(len(cultures), dtype=object)
    for culture in sorted(set(cultures)):
        at = cultures == culture
        if culture == "english":
            pool, weights = list(Provider.last_names), np.array(list(Provider.last_names.values()))
            found[at] = np.array(pool, dtype=object)[rng.choice(len(pool), size=at.sum(), p=weights / weights.sum())]
        else:
            found[at] = drawn(rng, getattr(names, culture).surnames, int(at.sum()))
    return found


def forenames(rng: np.random.Generator, cultures: Texts, female: npt.NDArray[np.bool_], born: Days) -> Texts:
    """A forename for each, by culture and sex; English ones by birth cohort too."""
    names, found = read_names(), np.empty(len(cultures), dtype=object)
    for culture in sorted(set(cultures)):
        for sex, of_sex in (("female", female), ("male", ~female)):
            at = (cultures == culture) & of_sex
            if culture == "english":
                found[at] = english_forenames(rng, names.english, sex, born[at])
            else:
                found[at] = drawn(rng, getattr(getattr(names, culture), sex), int(at.sum()))
    return found


def english_forenames(rng: np.random.Generator, names: English, sex: str, born: Days) -> Texts:
    """Mostly the names of her own birth cohort, else any of Faker's list for the sex."""
    by_year: dict[int, tuple[str, ...]] = getattr(names, sex)
    years = sorted(by_year)
    cohort = np.clip(np.searchsorted(years, 1970 + born / YEAR, side="right") - 1, 0, len(years) - 1)
    everyone = Provider.first_names_female if sex == "female" else Provider.first_names_male
    found = drawn(rng, everyone, len(born))
    own = rng.random(len(born)) < OWN_COHORT
    for number, year in enumerate(years):
        at = own & (cohort == number)
        found[at] = drawn(rng, by_year[year], int(at.sum()))
    return found


def replaced(
    rng: np.random.Generator, texts: Texts, at: npt.NDArray[np.bool_], by: dict[str, tuple[str, ...]]
) -> Texts:
    """The texts, with those of `at` that have other forms in `by` replaced by one of them."""
    found = texts.copy()
    options = pd.Series(texts[at]).map(by).to_numpy(dtype=object)
    picks = rng.random(len(options))
    where = np.flatnonzero(at)
    for place, forms, pick in zip(where.tolist(), options, picks.tolist(), strict=True):
        if isinstance(forms, tuple):
            found[place] = forms[int(pick * len(forms))]
    return found
