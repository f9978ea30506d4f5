"""Identifiers in the departments' own formats, outside the ranges that are issued wherever such a range is known.

NINO: the prefix ZZ, which HMRC never allocates (NIM39110). NHS: 999 000 0000 to 999 999 9999, kept for tests. PNC:
serials from 9,000,000 on, far above any that a year of arrests reaches. NOMIS: first letters T to Z, far from those met
in public (A, G). CRN: no range is known to be free, so they are scattered over the whole of theirs; one may exist, and
names nobody, since nothing else on the row is real.

Each is worked out from a number that only one person (or row) has, so that blocks of people made apart never share one.
"""

from functools import cache
from math import gcd
from zlib import crc32

import numpy as np

from linkage.errors import ContractError
from linkage.synthetic.people.arrays import Numbers, Texts, objects

MOST_PEOPLE = 2_000_000
PNC_CHECK = "ZABCDEFGHJKLMNPQRTUVWXY"
FIRST_PNC_SERIAL, PNC_SERIALS = 9_000_000, 1_000_000
# Two numbers for each of 2,000,000 people: a serial comes four times, in years that differ modulo four.
YEARS_A_SERIAL = 2 * MOST_PEOPLE // PNC_SERIALS
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
BASE32 = np.array(list("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
# Share of all people for whom there is an NHS number: 900,000 of 2,000,000, of the 909,091 that are valid.
NHS_SHARE = 0.45


def scattered(index: Numbers, below: int, seed: int, kind: str) -> Numbers:
    """Another number below `below` for each index below it, no two alike: an affine map that the seed and kind choose.

    `below` is at most 2**31, so that no product overflows.
    """
    rng = np.random.default_rng([seed, crc32(kind.encode())])
    step, shift = (int(number) for number in rng.integers(below // 3, 2 * below // 3, size=2))
    while gcd(step, below) > 1:
        step += 1
    return (index * step + shift) % below


def check_letter(year: int, serial: int) -> str:
    """A PNC id's last letter: the two year digits and seven serial digits, modulo 23 (hmpps-person-record)."""
    return PNC_CHECK[(year % 100 * 10_000_000 + serial) % 23]


def pnc_ids(index: Numbers, years: Numbers, seed: int) -> Texts:
    """YYYY/NNNNNNNX with a right check letter, of the year or one of the three before it. Indices below 4,000,000."""
    place = scattered(index, PNC_SERIALS * YEARS_A_SERIAL, seed, "PNC")
    serials = FIRST_PNC_SERIAL + place % PNC_SERIALS
    issued = years - (years - place // PNC_SERIALS) % YEARS_A_SERIAL
    pairs = zip(issued.tolist(), serials.tolist(), strict=True)
    return objects([f"{year}/{serial:07d}{check_letter(year, serial)}" for year, serial in pairs])


def nomis_numbers(index: Numbers, seed: int) -> Texts:
    """T1234BC to Z1234BC. Indices below 40,320,000."""
    shape = (7, 10_000, len(LETTERS), len(LETTERS))
    parts = np.unravel_index(scattered(index, int(np.prod(shape)), seed, "NOMIS"), shape)
    rows = zip(*(part.tolist() for part in parts), strict=True)
    return objects([f"{'TUVWXYZ'[a]}{n:04d}{LETTERS[b]}{LETTERS[c]}" for a, n, b, c in rows])


def crns(index: Numbers, seed: int) -> Texts:
    """X123456. Indices below 24,000,000."""
    numbers = scattered(index, len(LETTERS) * 1_000_000, seed, "CRN")
    return objects([f"{LETTERS[n // 1_000_000]}{n % 1_000_000:06d}" for n in numbers.tolist()])


def ninos(index: Numbers, seed: int) -> Texts:
    """ZZ123456A. Indices below 4,000,000."""
    return objects([f"ZZ{n // 4:06d}{'ABCD'[n % 4]}" for n in scattered(index, 4_000_000, seed, "NINO").tolist()])


def nhs_numbers(index: Numbers, seed: int) -> Texts:
    """9990000018 and on, ten digits with a right check digit. Indices below 909,091."""
    valid = valid_nhs_numbers()
    return objects([str(number) for number in valid[scattered(index, len(valid), seed, "NHS")].tolist()])


@cache
def valid_nhs_numbers() -> Numbers:
    """All NHS numbers kept for tests: the check digit is 11 less the weighted sum modulo 11, and never 10."""
    first_nine = 999_000_000 + np.arange(1_000_000)
    weighted = sum((first_nine // 10**place % 10) * (place + 2) for place in range(9))
    check = -weighted % 11
    valid: Numbers = (first_nine * 10 + check)[check < 10]
    return valid


def nhs_indices(first: int, people: int, known: int) -> Numbers:
    """Indices of NHS numbers for the `known` of a block of people that begins with number `first`; no other block's.

    Raises ContractError where they are more than NHS_SHARE of the block.
    """
    begin, end = int(first * NHS_SHARE), int((first + people) * NHS_SHARE)
    if known > end - begin:
        raise ContractError(
            f"calibration.yaml: women_with_justice_lives, men_with_justice_lives: {known:,} of {people:,} people need"
            f" an NHS number; there are test numbers for {NHS_SHARE:.0%}. Lower a share."
        )
    return np.arange(begin, begin + known)


def row_ids(prefix: str, index: Numbers, seed: int) -> Texts:
    """A department's own id of a row: the prefix and eight characters that tell nothing of person or time.

    One to one for indices below 2**40: an odd multiplier, a shift, and the upper bits mixed into the lower, twice.
    """
    mixed, low_forty = index.astype(np.uint64), np.uint64(2**40 - 1)
    chosen = np.random.default_rng([seed, crc32(prefix.encode())]).integers(2**39, 2**40, size=(2, 2), dtype=np.uint64)
    for multiplier, shift in chosen:
        mixed = (mixed * (multiplier | np.uint64(1)) + shift) & low_forty
        mixed ^= mixed >> np.uint64(20)
    characters = BASE32[(mixed.astype(np.int64)[:, None] >> np.arange(0, 40, 5)) & 31]
    return objects([prefix + "".join(row) for row in characters.tolist()])
