"""How a clerk writes a person down: names, date of birth, sex and ethnicity, address; every mistake is noted."""

import dataclasses
import datetime
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.days import NEVER, YEAR, Days, day
from linkage.synthetic.departments import slips
from linkage.synthetic.departments.mistakes import Entries
from linkage.synthetic.people import names
from linkage.synthetic.people.arrays import Flags, Numbers, Texts
from linkage.synthetic.people.population import Population

NAMES = ("typo_forename", "typo_surname", "short_forename", "transliteration", "names_swapped", "older_surname",
         "alias_used", "double_barrel_flipped", "double_barrel_halved", "double_barrel_spaced")  # fmt: skip
NO_FIXED_ABODE = np.array(["NF1 1NF", "NF1 1FA", "ZZ99 3VZ"], dtype=object)
OLDER_NAME_DAYS, OLDER_HOME_DAYS, FIRST_JOB_DAYS = 5500, 2000, round(21 * YEAR)
NEAR = 300  # rows of homes, which stand in order of authority and postcode
NEW_YEAR_1900 = day(datetime.date(1900, 1, 1))


def identity(entries: Entries, known: Days | None = None) -> pd.DataFrame:
    """(forename, surname, name, others, born, sex): one row per entry, as written.

    `known`: the day up to which the source has heard of changed names; the day of the entry by default. `name`: which
    of her lawful surnames the clerk was given; `others`: the surnames listed beside it; `born` is NEVER and texts are
    '' where left out; `sex` is F, M or ''.
    """
    known = entries.on if known is None else known
    name, lawful = lawful_surname(entries, known)
    used = alias_or(entries, lawful)
    surname = joined_names(entries, spelt(entries, used, "typo_surname"), used)
    forename = spelt(entries, entries.of("forename"), "typo_forename", short=names.read_names().short_forms)
    swapped = entries.slips("names_swapped") & (forename != surname)
    entries.mark("names_swapped", swapped)
    found = pd.DataFrame({
        "forename": np.where(swapped, surname, forename),
        "surname": np.where(swapped, forename, surname),
        "name": name,
        "others": others(entries, known, used),
        "born": birth_dates(entries),
        "sex": sexes(entries),
    })  # fmt: skip
    if entries.clerk.source.capitals:
        found[["forename", "surname"]] = found[["forename", "surname"]].apply(lambda text: text.str.upper())
    return found


def surname_number(people: Population, who: Numbers, on: npt.ArrayLike) -> Numbers:
    """Which of her lawful surnames each bore on a day: 0, 1 or 2."""
    renamed = (people.people[f"renamed_{n}"].to_numpy()[who] <= on for n in (1, 2))
    return np.sum(list(renamed), axis=0, dtype=np.int64)


def lawful_surname(entries: Entries, known: Days) -> tuple[Numbers, Texts]:
    """(its number, the surname): that of the day, or an older one where the source was never told of the change."""
    clerk = entries.clerk
    before = entries.of("born") + FIRST_JOB_DAYS if clerk.source.first_registered else known - OLDER_NAME_DAYS
    asked = np.where(
        entries.chance(clerk.source.older_name * clerk.aims["older_surname"]), np.minimum(before, known), known
    )
    lawful = clerk.people.surname_on(entries.who, asked)
    entries.mark("older_surname", lawful != clerk.people.surname_on(entries.who, known))
    return surname_number(clerk.people, entries.who, asked), lawful


def alias_or(entries: Entries, surnames: Texts) -> Texts:
    """The surname, or the alias of those who have one and use it."""
    alias = entries.of("alias")
    uses = entries.chance(entries.clerk.source.alias) & (alias != "") & (alias != surnames)
    entries.mark("alias_used", uses)
    entries.unmark("older_surname", at=uses)
    return np.where(uses, alias, surnames).astype(object)


def spelt(entries: Entries, texts: Texts, typo: str, short: dict[str, tuple[str, ...]] | None = None) -> Texts:
    """Names as written: another spelling of the same name, a short form, or a slip of the keyboard.

    Noted only where it shows: a slip may bring another spelling back to the name as it was.
    """
    apart = dataclasses.replace(entries, marks={})
    found = apart.slipped("transliteration", texts, one_of(names.read_names().spellings))
    if short is not None:
        found = apart.slipped("short_forename", found, one_of(short))
    found = apart.slipped(typo, found, slips.slip)
    shows = in_capitals(found) != in_capitals(texts)
    for label, at in apart.marks.items():
        entries.mark(label, at & shows)
    return found


def in_capitals(texts: Texts) -> Texts:
    """Each text in capitals."""
    return np.array([text.upper() for text in texts.tolist()], dtype=object)


def one_of(forms: dict[str, tuple[str, ...]]) -> Callable[[str, float], str]:
    """A change of a name into one of its other forms; a name that has none stays."""

    def other(name: str, pick: float) -> str:
        options = forms.get(name, (name,))
        return options[int(pick * len(options))]

    return other


def with_middle_name(entries: Entries, forenames: Texts) -> Texts:
    """Forenames as written, with the middle name of most who have one."""
    middle = np.where(entries.chance(0.6), entries.of("middle"), "").tolist()
    if entries.clerk.source.capitals:
        middle = [name.upper() for name in middle]
    return np.array([f"{a} {b}".strip() for a, b in zip(forenames, middle, strict=True)], dtype=object)


def joined_names(entries: Entries, surnames: Texts, right: Texts) -> Texts:
    """Double-barrelled names turned round, halved, or without their hyphen; `right`: before they were mistyped."""
    joined = np.array(["-" in name for name in surnames.tolist()], dtype=bool)
    found = entries.slipped("double_barrel_flipped", surnames, slips.turned_round, where=joined)
    found = entries.slipped("double_barrel_halved", found, slips.halved, where=joined)
    half = entries.marks["double_barrel_halved"]
    entries.unmark("double_barrel_flipped", at=half)
    entries.unmark("typo_surname", at=half & part_of(found, right))
    return entries.slipped("double_barrel_spaced", found, slips.spaced, where=joined)


def part_of(texts: Texts, joined: Texts) -> Flags:
    """Is each text one of the parts of its joined name, in whatever case?"""
    pairs = zip(in_capitals(texts).tolist(), in_capitals(joined).tolist(), strict=True)
    return np.array([part in name.split("-") for part, name in pairs], dtype=bool)


def others(entries: Entries, known: Days, used: Texts) -> list[tuple[str, ...]]:
    """The other surnames each is known by, as far as the source lists them: earlier, present, alias."""
    number = surname_number(entries.clerk.people, entries.who, known)
    spells = [np.where(number >= n, entries.of(f"surname_{n}"), "") for n in range(3)]
    possible = np.stack([*spells, entries.of("alias")], axis=1).astype(object)
    listed = entries.clerk.rng.random(possible.shape) < entries.clerk.source.listed
    listed &= (possible != "") & (possible != used[:, None])
    found: list[tuple[str, ...]] = [()] * len(used)
    for place in np.flatnonzero(listed.any(axis=1)).tolist():
        found[place] = tuple(dict.fromkeys(possible[place][listed[place]].tolist()))
    return found


def birth_dates(entries: Entries) -> Days:
    """Dates of birth as written: none, 1900, 1 January, day for month, one digit wrong; of several, the first named."""
    born = entries.of("born")
    january = entries.slips("dob_first_of_january")
    january |= entries.slips("dob_first_of_january_foreign") & entries.of("foreign_born").astype(bool)
    swapped, digit = entries.slips("dob_day_month_swapped"), entries.slips("dob_digit")
    missing = "dob_missing" in entries.clerk.source.figures
    wrong: dict[str, tuple[Flags, Days | int]] = {
        "dob_missing": (entries.slips("dob_missing") if missing else np.zeros(len(born), dtype=bool), NEVER),
        "dob_1900": (entries.slips("dob_1900"), NEW_YEAR_1900),
        "dob_first_of_january": (january, first_of_january(born)),
        "dob_day_month_swapped": (swapped, entries.changed(born, swapped, slips.day_for_month_of)),
        "dob_digit": (digit, entries.changed(born, digit, slips.one_digit_of)),
    }
    kind = np.select([at for at, _ in wrong.values()], list(range(len(wrong))), -1)
    found: Days = born.copy()
    for number, (_, instead) in enumerate(wrong.values()):
        found = np.where(kind == number, instead, found)
    for number, label in enumerate(wrong):
        entries.mark(label, (kind == number) & (found != born))
    return found


def first_of_january(born: Days) -> Days:
    """1 January of the year of birth."""
    return born.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)


def sexes(entries: Entries) -> Texts:
    """Sex as written: rarely the wrong one, now and then none."""
    wrong, unclear = entries.slips("sex_wrong"), entries.slips("sex_unclear")
    entries.mark("sex_unclear", unclear)
    entries.mark("sex_wrong", wrong & ~unclear)
    return np.where(unclear, "", np.where(entries.of("female") ^ wrong, "F", "M")).astype(object)


def ethnicity(entries: Entries) -> Texts:
    """Self-defined ethnicity as recorded: not stated by some, and Chinese under the old code of 2001 by others."""
    code = np.where((entries.of("ethnicity") == "A4") & entries.chance(0.2), "O1", entries.of("ethnicity"))
    unknown = entries.slips("ethnicity_not_stated")
    entries.mark("ethnicity_not_stated", unknown)
    return np.where(unknown, np.where(entries.chance(0.6), "NS", "UN"), code).astype(object)


def address(entries: Entries, homes: Numbers, homeless: Flags | None = None) -> pd.DataFrame:
    """(postcode, withheld): one row per entry, as written of her address, a row of `homes`.

    `homeless`: has she no fixed abode then; where the source does not say, those of whom it is true say so at times.
    """
    written = postcodes(entries, homes)
    if homeless is None:
        homeless = entries.of("nfa").astype(bool) & entries.chance(0.75)
    pseudo = NO_FIXED_ABODE[entries.clerk.rng.choice(3, len(written), p=[0.7, 0.15, 0.15])]
    without, said = homeless & ~entries.chance(0.2), entries.chance(0.75)
    withheld = protected(entries)
    missing = (entries.slips("postcode_missing") | (without & ~said)) & ~withheld
    instead = without & said & ~withheld & ~missing
    entries.unmark("postcode_old", "postcode_typo", at=withheld | missing | instead)
    for label, at in (("address_withheld", withheld), ("postcode_missing", missing), ("postcode_pseudo", instead)):
        entries.mark(label, at)
    written = np.select([withheld | missing, instead], ["", pseudo], written).astype(object)
    return pd.DataFrame({"postcode": written, "withheld": withheld})


def postcodes(entries: Entries, homes: Numbers) -> Texts:
    """Postcodes as written: that of an earlier home, or of another sector; no mistake where the two make it right."""
    codes = entries.clerk.people.homes["postcode"].to_numpy(dtype=object)
    before = earlier_homes(entries, homes)
    written = np.where(entries.slips("postcode_old"), codes[before], codes[homes]).astype(object)
    entries.mark("postcode_old", written != codes[homes])
    written = entries.slipped("postcode_typo", written, slips.wrong_sector)
    entries.unmark("postcode_old", "postcode_typo", at=written == codes[homes])
    return written


def earlier_homes(entries: Entries, homes: Numbers) -> Numbers:
    """An earlier address of each: one of the records, else that of before them, near where she lives."""
    people = entries.clerk.people
    before = people.home_on(entries.who, entries.on - OLDER_HOME_DAYS)
    near = (homes + 1 + entries.of("number") % NEAR) % len(people.homes)
    return np.where(before == homes, near, before)


def protected(entries: Entries) -> Flags:
    """Whose address the source withholds: it knows of most who need it, and then on all their rows."""
    people = entries.clerk.people.people
    known = entries.clerk.rng.random(len(people)) < entries.clerk.aims["protection_known"]
    return (people["protected"].to_numpy(dtype=bool) & known)[entries.who]


def only_initials(entries: Entries, person: pd.DataFrame) -> Texts:
    """Forename's and surname's first letter, in plain capitals; mistakes in names are noted where they show in it."""
    lawful = entries.clerk.people.surname_on(entries.who, entries.on)
    true = first_letters(entries.of("forename")) + first_letters(lawful)
    written = first_letters(person["forename"]) + first_letters(person["surname"])
    entries.unmark(*NAMES, at=true == written)
    return entries.slipped("initials_wrong", written, slips.another_surname_initial)


def first_letters(given: npt.ArrayLike) -> Texts:
    """The first letter of each name, in plain capitals."""
    each, distinct = pd.factorize(np.asarray(given, dtype=object))
    return np.array([slips.plain_letters(name)[:1].upper() or "X" for name in distinct], dtype=object)[each]
