"""Identifiers in the departments' own formats, outside the ranges that are issued wherever such a range is known.

NINO: prefix ZZ, which HMRC never allocates (NIM39110). PNC: serials from 9,000,000 on, far above any that a year of
arrests reaches. NOMIS: first letters T to Z, far from those met in public (A, G). CRN: no range is known to be free,
so they are drawn at random from the whole of theirs; one may exist, and names nobody, since nothing else on the row is
real.
"""

import numpy as np
import numpy.typing as npt

Texts = npt.NDArray[np.object_]
PNC_CHECK = "ZABCDEFGHJKLMNPQRTUVWXY"
FIRST_PNC_SERIAL = 9_000_000
LETTERS = np.array(list("ABCDEFGHJKLMNPQRSTUVWXYZ"))
BASE32 = np.array(list("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))


def distinct(rng: np.random.Generator, many: int, below: int) -> npt.NDArray[np.int64]:
    """`many` different numbers from 0 to `below`, in no order."""
    found = np.unique(rng.integers(0, below, size=many))
    while len(found) < many:
        found = np.unique(np.concatenate([found, rng.integers(0, below, size=many - len(found))]))
    return rng.permutation(found)


def check_letter(year: int, serial: int) -> str:
    """A PNC id's last letter: the two year digits and seven serial digits, modulo 23 (hmpps-person-record)."""
    return PNC_CHECK[(year % 100 * 10_000_000 + serial) % 23]


def pnc_ids(rng: np.random.Generator, years: npt.NDArray[np.int64]) -> Texts:
    """YYYY/NNNNNNNX with a right check letter; all different."""
    serials = FIRST_PNC_SERIAL + distinct(rng, len(years), 10_000_000 - FIRST_PNC_SERIAL)
    pairs = zip(years.tolist(), serials.tolist(), strict=True)
    return objects([f"{year}/{serial:07d}{check_letter(year, serial)}" for year, serial in pairs])


def nomis_numbers(rng: np.random.Generator, many: int) -> Texts:
    """T1234BC to Z1234BC; all different."""
    parts = np.unravel_index(distinct(rng, many, 7 * 10_000 * 24 * 24), (7, 10_000, 24, 24))
    rows = zip(*(part.tolist() for part in parts), strict=True)
    return objects([f"{'TUVWXYZ'[a]}{n:04d}{LETTERS[b]}{LETTERS[c]}" for a, n, b, c in rows])


def crns(rng: np.random.Generator, many: int) -> Texts:
    """X123456; all different."""
    return objects([f"{LETTERS[n // 1_000_000]}{n % 1_000_000:06d}" for n in distinct(rng, many, 24_000_000).tolist()])


def ninos(rng: np.random.Generator, many: int) -> Texts:
    """ZZ123456A; all different."""
    return objects([f"ZZ{n // 4:06d}{'ABCD'[n % 4]}" for n in distinct(rng, many, 4_000_000).tolist()])


def record_ids(rng: np.random.Generator, prefix: str, many: int) -> Texts:
    """A department's own id of a row: the prefix and eight characters that tell nothing of person or time."""
    numbers = distinct(rng, many, 32**8)
    characters = BASE32[(numbers[:, None] >> np.arange(0, 40, 5)) & 31]
    return objects([prefix + "".join(row) for row in characters.tolist()])


def objects(texts: list[str]) -> Texts:
    """An array of Python strings."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array
