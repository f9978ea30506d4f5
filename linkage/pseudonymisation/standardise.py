"""The standard form of each kind of identifier, before it is keyed.

With the name gone nobody can forgive a difference later, so whatever a fuzzy comparison would forgive is forgiven here:
accents, hyphens, apostrophes, titles, spacing. Every function takes a text and gives its standard form, "" where the
text says that there is none (unknown, no fixed abode), or None where it cannot be valid. Of neither is a token made: a
token of nothing would link strangers.
"""

import datetime
import re
import unicodedata
from collections.abc import Callable

from linkage.contracts.encodings import Standardiser

LETTERS_WITHOUT_DECOMPOSITION = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
TITLES_ONLY = frozenset({"mr", "mrs", "miss", "ms", "mx", "dr", "prof", "rev"})
TITLES = TITLES_ONLY | {"sir", "dame", "lady", "lord"}  # these are surnames too, when nothing else is there
# Words that case systems write where a name should be; the first four are in hmpps-person-match.
SYSTEM_WORDS = re.compile(r"\b(mig error|no show|duplicate|not entered|known as|aka|nee)\b")
NOT_A_NAME = frozenset({"unknown", "not known", "no name", "none", "null", "na", "n a", "nk", "xx", "test", "baby"})
NOT_AN_ID = frozenset({"UNKNOWN", "NOTKNOWN", "NONE", "NULL", "NA", "NK"})
# Days that old systems write for "not known" (hmpps-person-match drops both).
DEFAULT_DATES = frozenset({"1900-01-01", "1970-01-01"})
CLOSED_UP, NOT_PLAIN = re.compile(r"['`’.]"), re.compile(r"[^a-z0-9]+")
OUTSIDE_AN_ID = re.compile(r"[^A-Z0-9]")
POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")
DISTRICT = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?")
# No fixed abode: NF1 1NF, NF1 1FA (criminal justice systems), ZZ99 3VZ (NHS, ONS). All agree, by design.
NO_FIXED_ABODE = re.compile(r"(NF[0-9]|ZZ99)")
PNC = re.compile(r"(\d{4}|\d{2})/?(\d{1,7})([A-Z])")
# The computer began in 1974 with older files; a fixed turn of the century, so that a form never depends on the day.
FIRST_TWO_DIGIT_YEAR = 50
PNC_CHECK = "ZABCDEFGHJKLMNPQRTUVWXY"
NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]")


def name(value: str) -> str | None:
    """A personal name: Latin letters a-z and single spaces. O'Neill, O Neill and ONeill are one; so are Mac forms."""
    words = plain(SYSTEM_WORDS.sub(" ", plain(value))).split()
    kept = [word for word in words if word not in TITLES] or words
    joined = re.sub(r"\b(o|mc|mac) (?=[a-z]{2})", r"\1", " ".join(kept))
    return "" if joined in NOT_A_NAME | TITLES_ONLY else joined or None


def words(value: str) -> str | None:
    """Any other text (an address line, an occupation): Latin letters, digits and single spaces."""
    return plain(value) or None


def plain(value: str) -> str:
    """Lower case a-z, 0-9 and single spaces: accents dropped, apostrophes closed up, other punctuation a space."""
    folded = value.lower()
    if not folded.isascii():
        folded = folded.translate(LETTERS_WITHOUT_DECOMPOSITION)
        folded = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    return " ".join(NOT_PLAIN.sub(" ", CLOSED_UP.sub("", folded)).split())


def date(value: str) -> str | None:
    """A day as YYYY-MM-DD, from 1900 on."""
    try:
        day = datetime.date.fromisoformat(value.strip())
    except ValueError:
        return None
    return day.isoformat() if day.year >= 1900 else None


def not_a_default_date(value: str) -> str | None:
    """A day that no system writes for "not known"."""
    return "" if value in DEFAULT_DATES else value


def postcode(value: str) -> str | None:
    """A UK postcode without its space; no fixed abode is none."""
    closed = compact(value)
    if not closed or NO_FIXED_ABODE.match(closed):
        return "" if closed is not None else None
    return closed if POSTCODE.fullmatch(closed) else None


def postcode_district(value: str) -> str | None:
    """The outward part of a UK postcode; no fixed abode is none."""
    closed = compact(value)
    if not closed or NO_FIXED_ABODE.match(closed):
        return "" if closed is not None else None
    outward = closed[:-3] if POSTCODE.fullmatch(closed) and len(closed) > 4 else closed
    return outward if DISTRICT.fullmatch(outward) else None


def pnc(value: str) -> str | None:
    """A Police National Computer id as YYYY/NNNNNNNX, from its long, short and slashless forms; the letter is checked.

    The letter is the remainder by 23 of the two year digits and seven serial digits, in an alphabet without I, O and S
    (as in the public hmpps-person-record code).
    """
    match = PNC.fullmatch("".join(value.upper().split()))
    if not match:
        return "" if compact(value) == "" else None
    year, serial, letter = match[1], match[2].zfill(7), match[3]
    if PNC_CHECK[int(year[-2:] + serial) % 23] != letter:
        return None
    century = "" if len(year) == 4 else "19" if int(year) >= FIRST_TWO_DIGIT_YEAR else "20"
    return f"{century}{year}/{serial}{letter}"


def nomis(value: str) -> str | None:
    """A prison number, A1234BC."""
    return matching(r"[A-Z]\d{4}[A-Z]{2}", value)


def crn(value: str) -> str | None:
    """A probation case reference number, X123456."""
    return matching(r"[A-Z]\d{6}", value)


def nino(value: str) -> str | None:
    """A National Insurance number by HMRC's rules for its letters (NIM39110): two letters, six digits, A to D.

    ZZ, which HMRC never allocates, is let through: it is the prefix of invented people, and cannot be a real person's.
    """
    return matching(NINO.pattern, value)


def nhs(value: str) -> str | None:
    """An NHS number: ten digits, the last a modulus 11 check (NHS Data Dictionary)."""
    digits = matching(r"\d{10}", value)
    if not digits:
        return digits
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return digits if check % 11 == int(digits[-1]) and check != 10 else None


def initials(value: str) -> str | None:
    """Two initials, forename then surname."""
    letters = plain(value).replace(" ", "")
    return letters if re.fullmatch(r"[a-z]{2}", letters) else None


def compact(value: str) -> str | None:
    """An id without spaces and punctuation, in capitals."""
    closed = OUTSIDE_AN_ID.sub("", value.upper())
    return "" if closed in NOT_AN_ID else closed or None


def matching(pattern: str, value: str) -> str | None:
    """The compact value when the whole of it matches."""
    closed = compact(value)
    return closed if not closed or re.fullmatch(pattern, closed) else None


STANDARDISERS: dict[Standardiser, Callable[[str], str | None]] = {
    "name": name,
    "words": words,
    "date": date,
    "not_a_default_date": not_a_default_date,
    "postcode": postcode,
    "postcode_district": postcode_district,
    "pnc": pnc,
    "nomis": nomis,
    "crn": crn,
    "nino": nino,
    "nhs": nhs,
    "initials": initials,
    "compact": compact,
}


def standard_form(value: str, steps: tuple[Standardiser, ...]) -> str | None:
    """`value` through the declared functions in order; "" or None as soon as one finds that there is no valid form."""
    form: str | None = value.strip()
    for step in steps:
        if form:
            form = STANDARDISERS[step](form)
    return form
