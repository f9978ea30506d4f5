"""Three keys with three lifetimes, and everything derived from them.

The *token key* belongs to a linkage epoch and is shared by the departments, so a later delivery can be linked to an
earlier one; a new epoch means new tokens and a full relink. The *record-id key* is a department's own and lives longer,
so a record keeps its `record_id` from delivery to delivery and through epochs. The *study-id key* is a project's: two
projects' files about one woman have no id in common.

A value becomes HMAC-SHA256 (RFC 2104) cut to 64 bits. Tokens of several values become a compound by AES-256 (FIPS 197)
as CBC-MAC over blocks of a fixed number (Bellare, Kilian & Rogaway 1994), cut to 64 bits: whole columns at once. One
sub-key per purpose by HKDF-SHA256 (RFC 5869) with a labelled context.
"""

import datetime
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from linkage.errors import PrivacyError

KEY_BYTES = 32
# Of 32 random bytes fewer are different once in 10^16 keys; of a key that somebody made up, often.
FEWEST_VALUES = 16
AN_EPOCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
PROJECT = "womens-outcomes-linkage"
# So many compounds are made at a time: their blocks stay in the processor's cache.
A_FEW = 10_000

Tokens = npt.NDArray[np.int64]


class SubKey:
    """The key for one purpose: turns values into tokens, signed 64-bit integers, the same length whatever the value's.

    Signed, since Spark has no unsigned type; integers, since they halve time and memory against hexadecimal text.
    """

    def __init__(self, secret: bytes) -> None:
        self._mac = HMAC(secret, SHA256())

    def token(self, value: str, encoding: str = "utf-8") -> int:
        """The first 64 bits of HMAC-SHA256(value)."""
        mac = self._mac.copy()
        mac.update(value.encode(encoding))
        return int.from_bytes(mac.finalize()[:8], "big", signed=True)

    def tokens(self, values: Iterable[str]) -> Tokens:
        """`token` of each value."""
        digests, prepared = bytearray(), self._mac.copy
        for value in map(str.encode, values):
            mac = prepared()
            mac.update(value)
            digests += mac.finalize()
        return np.frombuffer(digests, dtype=">i8")[::4].astype(np.int64)


class CompoundKey:
    """The key for one purpose: turns a fixed number of tokens into one, so that none of them can be told from it."""

    def __init__(self, secret: bytes) -> None:
        # One block a message, or a chain of as many blocks for every message: ECB of the running state is CBC-MAC.
        self._encryptor = Cipher(AES256(secret), ECB()).encryptor()

    def tokens(self, *parts: Tokens) -> Tokens:
        """A token for each row of `parts`: columns of tokens, of which there are as many whenever this key is used."""
        found = np.empty(len(parts[0]), dtype=np.int64)
        for start in range(0, len(found), A_FEW):
            rows = slice(start, start + A_FEW)
            found[rows] = self._chained([part[rows] for part in parts])
        return found

    def _chained(self, parts: list[Tokens]) -> Tokens:
        """The first half of the last block of each chain."""
        state = np.zeros((len(parts[0]), 2), dtype="<i8")
        for first in range(0, len(parts), 2):
            for place, part in enumerate(parts[first : first + 2]):
                state[:, place] ^= part
            encrypted = bytearray(self._encryptor.update(state.tobytes()))
            state = np.frombuffer(encrypted, dtype="<i8").reshape(-1, 2)
        return state[:, 0]


@dataclass(frozen=True)
class Key:
    """32 secret bytes and where they are kept; printing it shows the place only. `made`: the day, None if not known."""

    name: str
    secret: bytes = field(repr=False)
    made: datetime.date | None = None

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            refuse(self.name, f"is not {KEY_BYTES} bytes long. Put it away and make another: linkage keys new")
        if len(set(self.secret)) < FEWEST_VALUES:
            refuse(self.name, "is not random. Put it away and make another: linkage keys new")

    def fingerprint(self, label: str) -> str:
        """Eight hexadecimal digits that tell this key from others and say nothing about it."""
        return f"{self.sub_key('fingerprint').token(label) % 2**32:08x}"

    def sub_key(self, *context: str) -> SubKey:
        """The key for values of one purpose."""
        return SubKey(self._derived(*context))

    def compound_key(self, *context: str) -> CompoundKey:
        """The key for compounds of one purpose."""
        return CompoundKey(self._derived("compound", *context))

    def _derived(self, *context: str) -> bytes:
        """32 bytes for one purpose. Parts are length-prefixed: ("ab", "c") and ("a", "bc") have nothing in common."""
        info = b"".join(len(part.encode()).to_bytes(2, "big") + part.encode() for part in (PROJECT, *context))
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self.secret)


@dataclass(frozen=True)
class TokenKey:
    """The token key of one linkage epoch, shared by the departments."""

    epoch: str
    key: Key

    def __post_init__(self) -> None:
        if not AN_EPOCH.fullmatch(self.epoch):
            refuse(self.key.name, "names an epoch of other signs than letters, digits, '_', '.' and '-'")

    @property
    def fingerprint(self) -> str:
        """Tells this key from others."""
        return self.key.fingerprint(self.epoch)

    def mark(self, scheme: str) -> str:
        """What tokens are made under: scheme, epoch and a fingerprint of the key. Only equal marks compare."""
        return f"{scheme}/{self.epoch}/{self.fingerprint}"

    def for_token(self, scheme_version: str, view: str, token: str) -> SubKey:
        """The sub-key of one token of one view, under one version of the linkage schema."""
        return self.key.sub_key("token", scheme_version, self.epoch, view, token)

    def for_part(self, scheme_version: str) -> SubKey:
        """The sub-key of what goes into compounds. Its tokens are never written: a name has one wherever it stands."""
        return self.key.sub_key("part", scheme_version, self.epoch)

    def for_compound(self, scheme_version: str, view: str, token: str) -> CompoundKey:
        """The key of one compound token of one view."""
        return self.key.compound_key("token", scheme_version, self.epoch, view, token)

    def for_rule(self, scheme_version: str, view: str, rule: str) -> CompoundKey:
        """The key of one sealed rule: a rule's keys agree with each other and with nothing else."""
        return self.key.compound_key("sealed rule", scheme_version, self.epoch, view, rule)

    def for_view_id(self, scheme_version: str, view: str, dataset: str) -> CompoundKey:
        """Makes a dataset's record pseudonyms in one view out of its record ids: two views share no id."""
        return self.key.compound_key("view id", scheme_version, self.epoch, view, dataset)

    def for_block_id(self, scheme_version: str, view: str, dataset: str, rule: str) -> CompoundKey:
        """Makes, out of those, the pseudonyms under which keys of one rule lie: they say not whose they are."""
        return self.key.compound_key("block id", scheme_version, self.epoch, view, dataset, rule)


def for_record_id(record_key: Key, dataset: str) -> SubKey:
    """The sub-key of a department's record ids. It names no epoch and no version: `record_id` outlives both."""
    return record_key.sub_key("record id", dataset)


def for_study_id(study_key: Key, project: str, cohort: str) -> SubKey:
    """The sub-key of the study ids of one cohort's table, which are made of person ids."""
    return study_key.sub_key("study id", project, cohort)


def check_apart(token_key: TokenKey, record_key: Key) -> None:
    """Raises PrivacyError where both are one key: whoever has the departments' shared key could then name records."""
    if hmac.compare_digest(token_key.key.secret, record_key.secret):
        refuse(
            token_key.key.name,
            f"and {record_key.name} hold one and the same key. Make another token key: linkage keys rotate --epoch …",
        )


def refuse(what: Path | str, why: str) -> NoReturn:
    """Raises PrivacyError."""
    raise PrivacyError(f"{what} {why}. Nothing was written.")
