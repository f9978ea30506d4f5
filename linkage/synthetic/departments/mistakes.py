"""How a clerk writes a person down: the surname of the day or an older one, slips of the keyboard, defaults, gaps.

Rates are those of an average record; each is multiplied by the care of the person's records (population.py), of the
source and of the moment, so that errors come together, and come to the same people again and again.
"""

import datetime
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.days import EPOCH, YEAR, Days, day
from linkage.synthetic.people import names
from linkage.synthetic.people.population import Flags, Numbers, Population, Texts

NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "ko", "m": "n", "n": "mb", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
NO_FIXED_ABODE = np.array(["NF1 1NF", "NF1 1FA", "ZZ99 3VZ"], dtype=object)
OLDER_NAME_DAYS, OLDER_HOME_DAYS = 1500, 900
ONE_LETTER_FOR_ANOTHER = str.maketrans("łŁđĐıİ", "lLdDiI")


@dataclass(frozen=True)
class Source:
    """A department's habits: how carelessly it writes, and its shares of older names, aliases and aliases listed."""

    care: float
    older_name: float
    alias: float
    listed: float
    first_registered: bool = False
    capitals: bool = False


@dataclass(frozen=True)
class Clerk:
    """One source at its work."""

    source: Source
    people: Population
    aims: Calibration
    rng: np.random.Generator

    def slips(self, figure: str, care: npt.NDArray[np.float64]) -> Flags:
        """Where the error of that name happens."""
        return self.rng.random(len(care)) < np.minimum(self.aims[figure] * care, 0.9)


def recorded(clerk: Clerk, who: Numbers, on: Days, homeless: Flags | None = None) -> pd.DataFrame:
    """(forename, surname, legal, others, born, sex, postcode, home): each person as written down on a day.

    `legal` is the surname the clerk was given or should have had, before slips and aliases; `others` are the surnames
    listed beside it; `born` is NEVER and texts are '' where left out; `sex` is F, M or ''.
    """
    person = clerk.people.people.iloc[who]
    moment = np.exp(clerk.rng.normal(0, 0.3, len(who)) - 0.045)
    care = person["care"].to_numpy() * moment * clerk.source.care
    legal = legal_surname(clerk, who, on)
    alias = person["alias"].to_numpy(dtype=object)
    used = np.where((alias != "") & (clerk.rng.random(len(who)) < clerk.source.alias), alias, legal)
    surname = written(clerk, used, care, "typo_surname", {})
    surname = joined_names(clerk, surname, care)
    given = person["forename"].to_numpy(dtype=object)
    forename = written(clerk, given, care, "typo_forename", names.read_names().short_forms)
    swapped = clerk.slips("names_swapped", care)
    home = clerk.people.home_on(who, on)
    found = pd.DataFrame({
        "forename": np.where(swapped, surname, forename),
        "surname": np.where(swapped, forename, surname),
        "legal": legal,
        "others": others(clerk, who, on, used),
        "born": birth_dates(clerk, person, care),
        "sex": sexes(clerk, person["female"].to_numpy(), care),
        "postcode": postcodes(clerk, who, on, care, homeless),
        "home": home,
    })  # fmt: skip
    if clerk.source.capitals:
        found[["forename", "surname"]] = found[["forename", "surname"]].apply(lambda text: text.str.upper())
    return found


def legal_surname(clerk: Clerk, who: Numbers, on: Days) -> Texts:
    """The surname of the day, or an older one where the source was never told: HMRC's may be that of a first job."""
    born = clerk.people.people["born"].to_numpy()[who]
    before = born + round(21 * YEAR) if clerk.source.first_registered else on - OLDER_NAME_DAYS
    older = clerk.rng.random(len(who)) < clerk.source.older_name
    return clerk.people.surname_on(who, np.where(older, np.minimum(before, on), on))


def written(
    clerk: Clerk, texts: Texts, care: npt.NDArray[np.float64], typo: str, short: dict[str, tuple[str, ...]]
) -> Texts:
    """Names as written: another spelling of the same name, a short form, or a slip of the keyboard."""
    found = names.replaced(clerk.rng, texts, clerk.slips("transliteration", care), names.read_names().spellings)
    found = names.replaced(clerk.rng, found, clerk.slips("short_forename", care), short) if short else found
    return changed(clerk.rng, found, clerk.slips(typo, care), slip)


def joined_names(clerk: Clerk, surnames: Texts, care: npt.NDArray[np.float64]) -> Texts:
    """Double-barrelled names turned round, halved, or without their hyphen."""
    joined = pd.Series(surnames).str.contains("-").to_numpy(dtype=bool)
    flipped, halved = clerk.slips("double_barrel_flipped", care), clerk.slips("double_barrel_halved", care)
    found = changed(clerk.rng, surnames, joined & flipped, lambda text, _: "-".join(reversed(text.split("-"))))
    found = changed(clerk.rng, found, joined & halved, lambda text, pick: text.split("-")[int(pick * 2) % 2])
    spaced = joined & (clerk.rng.random(len(found)) < 0.2)
    return changed(clerk.rng, found, spaced, lambda text, _: text.replace("-", " "))


def changed(rng: np.random.Generator, texts: Texts, at: Flags, change: Callable[[str, float], str]) -> Texts:
    """The texts, with `change(text, a number from 0 to 1)` at the marked ones that are not empty."""
    found, picks = texts.copy(), rng.random(len(texts))
    for place in np.flatnonzero(at).tolist():
        found[place] = change(found[place], float(picks[place])) if found[place] else found[place]
    return found


def slip(text: str, pick: float) -> str:
    """One slip of the keyboard: a neighbouring key, a letter left out, twice, or two in the wrong order."""
    kind, place = int(pick * 4), 1 + int(pick * 7919) % max(len(text) - 1, 1)
    if len(text) < 3:
        return text + text[-1]
    letter = text[place]
    if kind == 0:
        near = NEIGHBOURS.get(letter.lower(), "e")
        return text[:place] + near[int(pick * 104_729) % len(near)] + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place + 1 :]
    if kind == 2:
        return text[:place] + letter + text[place:]
    return text[: place - 1] + letter + text[place - 1] + text[place + 1 :]


def others(clerk: Clerk, who: Numbers, on: Days, used: Texts) -> list[tuple[str, ...]]:
    """The other surnames each is known by, as far as the source lists them: earlier, present, alias."""
    person = clerk.people.people
    now, at_birth = clerk.people.surname_on(who, on), person["surname_0"].to_numpy(dtype=object)[who]
    between = clerk.people.surname_on(who, person["renamed_2"].to_numpy()[who] - 1)
    between = np.where(person["renamed_2"].to_numpy()[who] <= on, between, now)
    known = zip(now, at_birth, between, person["alias"].to_numpy(dtype=object)[who], strict=True)
    listed = clerk.rng.random((len(who), 4)) < clerk.source.listed
    found = []
    for written_as, possible, kept in zip(used, known, listed.tolist(), strict=True):
        chosen = dict.fromkeys(n for n, keep in zip(possible, kept, strict=True) if keep and n and n != written_as)
        found.append(tuple(chosen))
    return found


def birth_dates(clerk: Clerk, person: pd.DataFrame, care: npt.NDArray[np.float64]) -> Days:
    """Dates of birth as written: 1 January, 1900, day for month, one digit wrong."""
    born, rng = person["born"].to_numpy(), clerk.rng
    abroad = person["foreign_born"].to_numpy()
    defaulted = clerk.slips("dob_first_of_january", care) | (clerk.slips("dob_first_of_january_foreign", care) & abroad)
    swapped, digit = clerk.slips("dob_day_month_swapped", care), clerk.slips("dob_digit", care)
    found, picks = born.copy(), rng.random(len(born))
    for place in np.flatnonzero(swapped | digit).tolist():
        change = day_for_month if swapped[place] else one_digit
        found[place] = day(change(datetime.date.fromordinal(int(born[place]) + EPOCH), float(picks[place])))
    year = found.astype("datetime64[D]").astype("datetime64[Y]")
    found = np.where(defaulted, year.astype("datetime64[D]").astype(np.int64), found)
    return np.where(clerk.slips("dob_1900", care), day(datetime.date(1900, 1, 1)), found)


def day_for_month(date: datetime.date, _: float) -> datetime.date:
    """Day and month in the other's place, where that is a date."""
    return date.replace(month=date.day, day=date.month) if date.day <= 12 else date


def one_digit(date: datetime.date, pick: float) -> datetime.date:
    """Another date with one digit of difference: in the day's or the year's last, or in the month's."""
    text = date.isoformat()
    for turn in range(30):
        number = int(pick * 1e6) + 7 * turn
        place = (3, 6, 9, 9)[number % 4]
        other = text[:place] + str((int(text[place]) + 1 + number // 4 % 9) % 10) + text[place + 1 :]
        try:
            return datetime.date.fromisoformat(other)
        except ValueError:
            continue
    return date


def sexes(clerk: Clerk, female: Flags, care: npt.NDArray[np.float64]) -> Texts:
    """Sex as written: rarely the wrong one, now and then none."""
    wrong, unclear = clerk.slips("sex_wrong", care), clerk.slips("sex_unclear", care)
    return np.where(unclear, "", np.where(female ^ wrong, "F", "M")).astype(object)


def postcodes(clerk: Clerk, who: Numbers, on: Days, care: npt.NDArray[np.float64], homeless: Flags | None) -> Texts:
    """Postcodes as written: an old address, none, the pseudo-postcode of no fixed abode, a digit wrong."""
    rng, people = clerk.rng, clerk.people
    written_homes = np.where(
        clerk.slips("postcode_old", care), people.home_on(who, on - OLDER_HOME_DAYS), people.home_on(who, on)
    )
    code = people.homes["postcode"].to_numpy(dtype=object)[written_homes]
    code = changed(rng, code, clerk.slips("postcode_typo", care), wrong_digit)
    at_times = people.people["nfa"].to_numpy()[who] & (rng.random(len(who)) < 0.75)
    without_home, what = at_times if homeless is None else homeless, rng.random(len(who))
    pseudo = NO_FIXED_ABODE[rng.choice(3, len(who), p=[0.7, 0.15, 0.15])]
    code = np.select([without_home & (what < 0.6), without_home & (what < 0.8)], [pseudo, ""], code)
    withheld = people.people["protected"].to_numpy()[who] & (rng.random(len(who)) < 0.8)
    return np.where(withheld | clerk.slips("postcode_missing", care), "", code).astype(object)


def wrong_digit(postcode: str, pick: float) -> str:
    """The postcode with another sector."""
    return postcode[:-3] + str((int(postcode[-3]) + 1 + int(pick * 9)) % 10) + postcode[-2:]


def wrong_figure(number: str, pick: float) -> str:
    """An identifier with one of its digits wrong."""
    at = [place for place, figure in enumerate(number) if figure.isdigit()]
    place = at[int(pick * len(at))]
    return number[:place] + str((int(number[place]) + 1 + int(pick * 1000) % 9) % 10) + number[place + 1 :]


def given_number(clerk: Clerk, numbers: Texts, who: Numbers, missing: str | None) -> Texts:
    """Identifiers as written: missing for some (by the figure named), one digit wrong for a few."""
    care = clerk.people.people["care"].to_numpy()[who] * clerk.source.care
    found = changed(clerk.rng, numbers, clerk.slips("id_wrong", care), wrong_figure)
    return np.where(clerk.slips(missing, care), "", found).astype(object) if missing else found


def plain_letters(text: str) -> str:
    """The text in ASCII, for a system that knows no more."""
    folded = unicodedata.normalize("NFKD", text.translate(ONE_LETTER_FOR_ANOTHER))
    return folded.encode("ascii", "ignore").decode()
