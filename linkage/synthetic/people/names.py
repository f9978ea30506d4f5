"""names.yaml: names as people of a culture and a birth cohort have them, and how one comes to be written as two."""

import importlib
import re
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field, field_validator, model_validator

from linkage.contracts.reading import Declaration, read
from linkage.errors import ContractError
from linkage.synthetic.days import YEAR, Days
from linkage.synthetic.people.arrays import Flags, Texts, Weights, objects

Kind = Literal["female", "male", "surnames"]
# Where Faker keeps each kind of name, best first: unisex or romanised lists where a locale has them.
IN_FAKER: dict[Kind, tuple[str, ...]] = {
    "female": ("first_names_female",),
    "male": ("first_names_male",),
    "surnames": ("unisex_last_names", "last_romanized_names", "last_names_female", "last_names"),
}
# One name in Latin letters. A hyphen would make it two joined ones.
ONE_NAME = re.compile(r"[A-ZÀ-ɏ][A-Za-zÀ-ɏḀ-ỿ' ]+")
Pool = tuple[Texts, Weights]


def declared(name: str) -> str:
    """A name as it may be declared. Raises ValueError where it is empty or holds what stands between values."""
    if not re.fullmatch(r"""[^\s,;|"]+( [^\s,;|"]+)*""", name):
        raise ValueError(f"{name!r} is no name: it must not be empty or hold a comma, semicolon, bar or quote")
    return name


Name = Annotated[str, AfterValidator(declared)]
List = Annotated[tuple[Name, ...], Field(min_length=1)]
ByCohort = Annotated[dict[int, List], Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class English(Declaration):
    """Forenames by the year from which a cohort was given them; parts of rare surnames; other names are Faker's."""

    female: ByCohort
    male: ByCohort
    own_cohort: Share
    rare_surnames: Share
    stems: List
    endings: List


class Culture(Declaration):
    """A culture's common names, most common first, which `common` of its people have; the others have Faker's."""

    female: List
    male: List
    surnames: List
    common: Share
    forenames_from: tuple[str, ...] = ()
    surnames_from: tuple[str, ...] = ()

    @model_validator(mode="after")
    def has_names(self) -> Self:
        """Somebody without a common name needs a locale to have another from."""
        if self.common == 0 and not (self.forenames_from and self.surnames_from):
            raise ValueError("common is 0, and forenames_from or surnames_from names no locale instead")
        return self


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
    variants: tuple[List, ...]
    short_forms: dict[Name, List]

    @field_validator("variants")
    @classmethod
    def two_or_more(cls, variants: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        """A name that stands alone has no other spelling."""
        if alone := [", ".join(group) for group in variants if len(set(group)) < 2]:
            raise ValueError(f"{'; '.join(alone)}: name another spelling beside it")
        return variants

    @cached_property
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


def by_rank(many: int) -> Weights:
    """Frequencies of a list in order of frequency: Zipf's law, flattened at its head. They sum to 1."""
    weights = 1 / (np.arange(many) + 4)
    return weights / weights.sum()


def from_faker(locale: str, kind: Kind) -> Pool:
    """A locale's names and frequencies: Faker's own where it has any, all alike where not. Raises ContractError."""
    try:
        provider = vars(importlib.import_module(f"faker.providers.person.{locale}").Provider)
        listed = next(provider[name] for name in IN_FAKER[kind] if name in provider)
    except (ImportError, StopIteration):
        raise ContractError(f"names.yaml: Faker has no {kind} for the locale {locale}. Name another.") from None
    weights = listed if isinstance(listed, dict) else dict.fromkeys(listed, 1.0)
    kept = {name: weight for name, weight in weights.items() if ONE_NAME.fullmatch(name)}
    if not kept:
        raise ContractError(f"names.yaml: Faker has no {kind} in Latin letters for the locale {locale}. Name another.")
    return objects(list(kept)), np.array(list(kept.values())) / sum(kept.values())


def mixed(pools: list[Pool], shares: list[float]) -> Pool:
    """One pool of several, each by its share."""
    weights = np.concatenate([share * weights for (_, weights), share in zip(pools, shares, strict=True)])
    return np.concatenate([names for names, _ in pools]), weights / weights.sum()


@cache
def pool(culture: str, kind: Kind) -> Pool:
    """A culture's names: its common ones, and Faker's of its locales in equal shares."""
    if culture == "english":
        return english_surnames(read_names().english)
    own: Culture = getattr(read_names(), culture)
    common: tuple[str, ...] = getattr(own, kind)
    locales = own.surnames_from if kind == "surnames" else own.forenames_from
    others = [from_faker(locale, kind) for locale in locales]
    return mixed(
        [(objects(list(common)), by_rank(len(common))), *others],
        [own.common] + [(1 - own.common) / len(others) for _ in others],
    )


def english_surnames(names: English) -> Pool:
    """Faker's five hundred by their frequency, and rare ones made of a stem and an ending: Thornbeck, Hazelworth.

    The rare ones go on by Zipf's law where the five hundred end, in an order that mixes stems and endings.
    """
    made = objects([stem + ending for stem, ending in product(names.stems, names.endings)])
    common = from_faker("en_GB", "surnames")
    frequency = 1 / (np.random.default_rng(0).permutation(len(made)) + len(common[0]))
    rare = made, frequency / frequency.sum()
    return mixed([common, rare], [1 - names.rare_surnames, names.rare_surnames])


def drawn(rng: np.random.Generator, of: Pool, many: int) -> Texts:
    """`many` names of a pool."""
    names, weights = of
    places = np.searchsorted(np.cumsum(weights), rng.random(many), side="right")
    return names[np.minimum(places, len(names) - 1)]


def surnames(rng: np.random.Generator, cultures: Texts) -> Texts:
    """A surname for each, by culture."""
    found = np.empty(len(cultures), dtype=object)
    for culture in sorted(set(cultures)):
        at = cultures == culture
        found[at] = drawn(rng, pool(culture, "surnames"), int(at.sum()))
    return found


def forenames(rng: np.random.Generator, cultures: Texts, female: Flags, born: Days) -> Texts:
    """A forename for each, by culture and sex; English ones by birth cohort too."""
    found = np.empty(len(cultures), dtype=object)
    sexes: tuple[tuple[Kind, Flags], ...] = (("female", female), ("male", ~female))
    for culture, (sex, of_sex) in product(sorted(set(cultures)), sexes):
        at = (cultures == culture) & of_sex
        if culture == "english":
            found[at] = english_forenames(rng, sex, born[at])
        else:
            found[at] = drawn(rng, pool(culture, sex), int(at.sum()))
    return found


def english_forenames(rng: np.random.Generator, sex: Kind, born: Days) -> Texts:
    """Mostly the names of the birth cohort, else any of Faker's list for the sex, which is in order of frequency."""
    names = read_names().english
    by_year: dict[int, tuple[str, ...]] = getattr(names, sex)
    years = sorted(by_year)
    cohort = np.clip(np.searchsorted(years, 1970 + born / YEAR, side="right") - 1, 0, len(years) - 1)
    everyone, _ = from_faker("en_GB", sex)
    found = drawn(rng, (everyone, by_rank(len(everyone))), len(born))
    own = rng.random(len(born)) < names.own_cohort
    for number, year in enumerate(years):
        at = own & (cohort == number)
        found[at] = drawn(rng, (objects(list(by_year[year])), by_rank(len(by_year[year]))), int(at.sum()))
    return found


def replaced(rng: np.random.Generator, texts: Texts, at: Flags, by: dict[str, tuple[str, ...]]) -> Texts:
    """The texts, with those of `at` that have other forms in `by` replaced by one of them."""
    found = texts.copy()
    options = pd.Series(texts[at]).map(by).to_numpy(dtype=object)
    picks = rng.random(len(options))
    where = np.flatnonzero(at)
    for place, forms, pick in zip(where.tolist(), options, picks.tolist(), strict=True):
        if isinstance(forms, tuple):
            found[place] = forms[int(pick * len(forms))]
    return found
