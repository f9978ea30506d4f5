"""The standard form of each kind of identifier, before it is keyed.

With the name gone nobody can forgive a difference later, so whatever a fuzzy comparison would forgive is forgiven here:
accents, hyphens, apostrophes, titles, spacing. Every text has a standard form, "" where it says that there is none
(unknown, no fixed abode), or None where it cannot be valid. Of neither is a token made: a token of nothing would link
strangers.

Names and dates come again and again; an id is nearly always another. So ids go through their functions many at a time.
"""

import datetime
import re
import string
import unicodedata
from collections.abc import Callable

import numpy as np

from linkage.contracts.encodings import Standardiser
from linkage.pseudonymisation.one_name import full_forename, one_spelling

Form = str | None

LETTERS_WITHOUT_DECOMPOSITION = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
TITLES_ONLY = frozenset({"mr", "mrs", "miss", "ms", "mx", "dr", "prof", "rev"})
TITLES = TITLES_ONLY | {"sir", "dame", "lady", "lord"}  # these are surnames too, when nothing else is there
# Words that case systems write where a name should be; the first four are in hmpps-person-match.
SYSTEM_WORDS = re.compile(r"\b(mig error|no show|duplicate|not entered|known as|aka|nee)\b")
PREFIX = re.compile(r"\b(o|mc|mac) (?=[a-z]{2})")
NOT_A_NAME = TITLES_ONLY | {
    "unknown", "not known", "no name", "none", "null", "na", "n a", "nk", "xx", "test", "baby",
}  # fmt: skip
NOT_AN_ID = frozenset({"UNKNOWN", "NOTKNOWN", "NONE", "NULL", "NA", "NK"})
# Days that old systems write for "not known" (hmpps-person-match drops both).
DEFAULT_DATES = frozenset({"1900-01-01", "1970-01-01"})
CLOSED_UP, NOT_PLAIN = re.compile(r"['`’.]"), re.compile(r"[^a-z0-9]+")
OUTSIDE_AN_ID = bytes(set(range(128)).difference(string.ascii_uppercase.encode(), string.digits.encode(), b"\n"))
SPACE_IN_A_LINE = dict.fromkeys(n for n in range(0x3001) if chr(n).isspace() and chr(n) != "\n")  # U+3000 is the last
POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")
DISTRICT = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?")
# No fixed abode: NF1 1NF, NF1 1FA (criminal justice systems), ZZ99 3VZ (NHS, ONS). All agree, by design.
NO_FIXED_ABODE = re.compile(r"(NF[0-9]|ZZ99)")
PNC = re.compile(r"(\d{4}|\d{2})/?(\d{1,7})([A-Z])")
# The computer began in 1974 with older files; a fixed turn of the century, so that a form never depends on the day.
FIRST_TWO_DIGIT_YEAR = 50
PNC_CHECK = np.frombuffer(b"ZABCDEFGHJKLMNPQRTUVWXY", dtype=np.uint8)
PNC_LENGTH, PNC_DIGITS, PNC_COUNTED = 13, [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11], 9


def name(value: str) -> Form:
    """A personal name: Latin letters a-z and single spaces. O'Neill, O Neill and ONeill are one; so are Mac forms."""
    words = plain(SYSTEM_WORDS.sub(" ", plain(value))).split()
    kept = [word for word in words if word not in TITLES] or words
    joined = PREFIX.sub(r"\1", " ".join(kept)) if len(kept) > 1 else " ".join(kept)
    return "" if joined in NOT_A_NAME else joined or None


def words(value: str) -> Form:
    """Any other text (an address line, an occupation): Latin letters, digits and single spaces."""
    return plain(value) or None


def plain(value: str) -> str:
    """Lower case a-z, 0-9 and single spaces: accents dropped, apostrophes closed up, other punctuation a space."""
    folded = value.lower()
    if folded.isascii() and folded.isalpha():
        return folded
    if not folded.isascii():
        folded = folded.translate(LETTERS_WITHOUT_DECOMPOSITION)
        folded = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    return " ".join(NOT_PLAIN.sub(" ", CLOSED_UP.sub("", folded)).split())


def date(value: str) -> Form:
    """A day as YYYY-MM-DD, from 1900 on."""
    try:
        day = datetime.date.fromisoformat(value.strip())
    except ValueError:
        return None
    return day.isoformat() if day.year >= 1900 else None


def not_a_default_date(value: str) -> Form:
    """A day that no system writes for "not known"."""
    return "" if value in DEFAULT_DATES else value


def postcode(closed: str) -> Form:
    """A UK postcode, compact; no fixed abode is none."""
    if NO_FIXED_ABODE.match(closed):
        return ""
    return closed if POSTCODE.fullmatch(closed) else None


def postcode_district(closed: str) -> Form:
    """The outward part of a UK postcode, compact; no fixed abode is none."""
    if NO_FIXED_ABODE.match(closed):
        return ""
    outward = closed[:-3] if POSTCODE.fullmatch(closed) and len(closed) > 4 else closed
    return outward if DISTRICT.fullmatch(outward) else None


def pnc(values: list[str]) -> list[Form]:
    """Police National Computer ids as YYYY/NNNNNNNX, from their long, short and slashless forms; the letter is checked.

    The letter is the remainder by 23 of the two year digits and seven serial digits, in an alphabet without I, O and S
    (as in the public hmpps-person-record code).
    """
    closed = in_lines(values).upper().translate(SPACE_IN_A_LINE).split("\n")
    long = [value if len(value) == PNC_LENGTH and value[4] == "/" else long_pnc(value) for value in closed]
    signs = np.frombuffer("".join(long).encode("ascii", "replace"), dtype=np.uint8).reshape(-1, PNC_LENGTH)
    digits = signs[:, PNC_DIGITS].astype(np.int64) - ord("0")
    remainder = digits[:, -PNC_COUNTED:] @ 10 ** np.arange(PNC_COUNTED)[::-1] % len(PNC_CHECK)
    right = ((digits >= 0) & (digits <= 9)).all(axis=1) & (PNC_CHECK[remainder] == signs[:, -1])
    forms: list[Form] = [*long]
    for place in np.flatnonzero(~right):
        forms[place] = "" if compact([closed[place]]) == [""] else None
    return forms


def long_pnc(value: str) -> str:
    """The long form of an id in another; as many signs that are none where it is no id."""
    match = PNC.fullmatch(value)
    if not match:
        return "?" * PNC_LENGTH
    year, serial, letter = match.groups()
    century = "" if len(year) == 4 else "19" if int(year) >= FIRST_TWO_DIGIT_YEAR else "20"
    return f"{century}{year}/{serial:0>7}{letter}"


def nhs(closed: str) -> Form:
    """An NHS number: ten digits, the last a modulus 11 check (NHS Data Dictionary)."""
    if not re.fullmatch(r"\d{10}", closed):
        return None
    check = 11 - sum(int(digit) * weight for digit, weight in zip(closed, range(10, 1, -1), strict=False)) % 11
    return closed if check % 11 == int(closed[-1]) and check != 10 else None


def initials(value: str) -> Form:
    """Two initials, forename then surname."""
    letters = plain(value).replace(" ", "")
    return letters if re.fullmatch(r"[a-z]{2}", letters) else None


def compact(values: list[str]) -> list[Form]:
    """Ids without spaces and punctuation, in capitals."""
    closed = in_lines(values).upper().encode("ascii", "ignore").translate(None, OUTSIDE_AN_ID).decode().split("\n")
    return ["" if value in NOT_AN_ID else value or None for value in closed]


def in_lines(values: list[str]) -> str:
    """A line for each value, so that all are gone through at once; the end of a line within one counts as a space."""
    lines = "\n".join(values)
    return lines if lines.count("\n") == len(values) - 1 else "\n".join(v.replace("\n", " ") for v in values)


Step = Callable[[list[str]], list[Form]]


def each(form_of: Callable[[str], Form]) -> Step:
    """A function of one value, for each."""
    return lambda values: [form_of(value) for value in values]


def each_id(form_of: Callable[[str], Form]) -> Step:
    """A function of one compact value, for each that there is."""
    return lambda values: [form_of(closed) if closed else closed for closed in compact(values)]


def matching(pattern: str) -> Step:
    """The compact values of which the whole matches."""
    matches = re.compile(pattern).fullmatch
    return each_id(lambda closed: closed if matches(closed) else None)


STANDARDISERS: dict[Standardiser, Step] = {
    "name": each(name),
    "full_forename": each(full_forename),
    "one_spelling": each(one_spelling),
    "words": each(words),
    "date": each(date),
    "not_a_default_date": each(not_a_default_date),
    "postcode": each_id(postcode),
    "postcode_district": each_id(postcode_district),
    "pnc": pnc,
    "nomis": matching(r"[A-Z]\d{4}[A-Z]{2}"),  # a prison number, A1234BC
    "crn": matching(r"[A-Z]\d{6}"),  # a probation case reference number, X123456
    # A National Insurance number by HMRC's rules for its letters (NIM39110): two letters, six digits, A to D. ZZ, which
    # HMRC never allocates, is let through: it is the prefix of invented people, and cannot be a real person's.
    "nino": matching(r"(?!BG|GB|KN|NK|NT|TN)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]"),
    "nhs": each_id(nhs),
    "initials": each(initials),
    "compact": compact,
}


def standard_forms(values: list[str], steps: tuple[Standardiser, ...]) -> list[Form]:
    """Each value through the declared functions in order; "" or None as soon as one finds that it has no valid form."""
    forms: list[Form] = list(map(str.strip, values))
    for step in steps:
        there = list(filter(None, forms))
        found = STANDARDISERS[step](there) if there else []
        forms = found if len(there) == len(forms) else in_place_of(forms, found)
    return forms


def in_place_of(forms: list[Form], found: list[Form]) -> list[Form]:
    """What was found in place of each form that there is."""
    following = iter(found)
    return [next(following) if form else form for form in forms]
