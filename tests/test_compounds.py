"""Names stand in scored rows only together with what else must agree: what a compound says, and what it does not."""

import itertools

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from conftest import REPOSITORY, TEST_KEY
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from small_extracts import ANN, court

from linkage.contracts.encodings import SEALED_ONLY, Token, read_encodings
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.pseudonymisation.keys import CompoundKey, Key
from linkage.pseudonymisation.lists import Lists, as_column, every, first, lists
from linkage.pseudonymisation.pseudonymise import pseudonymise
from linkage.pseudonymisation.rows import tokens_of_rows

ENCODINGS = read_encodings(REPOSITORY / "schemas")
NAMES = {"forename", "surname", "other_surname", "initials"}

# --- the key ----------------------------------------------------------------------------------------------------------


def column(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def words(block: str) -> list[np.ndarray]:
    """The two 64-bit numbers of a block in hexadecimal digits, as columns of one row."""
    return [column(n) for n in np.frombuffer(bytes.fromhex(block), dtype="<i8")]


def beginning(block: str) -> int:
    """The first 64 bits of a block as a token."""
    return int(np.frombuffer(bytes.fromhex(block)[:8], dtype="<i8")[0])


@pytest.mark.parametrize(
    ("key", "plain", "cipher"),
    [  # FIPS 197 appendix C.3, and SP 800-38A F.1.5 (ECB-AES256.Encrypt), blocks 1 to 4
        ("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
         "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089"),
        *(("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", plain, cipher) for plain, cipher in (
            ("6bc1bee22e409f96e93d7e117393172a", "f3eed1bdb5d2a03c064b5a7e3db181f8"),
            ("ae2d8a571e03ac9c9eb76fac45af8e51", "591ccb10d410ed26dc5ba74a31362870"),
            ("30c81c46a35ce411e5fbc1191a0a52ef", "b6ed21b99ca6f4f9f153e7b1beafed1d"),
            ("f69f2445df4f9b17ad2b417be66c3710", "23304b7a39f9f3ff067d8d8f9e24ecc7"),
        )),
    ],
)  # fmt: skip
def test_a_compound_of_two_is_one_block_of_aes_256_as_nist_has_it(key, plain, cipher):
    assert CompoundKey(bytes.fromhex(key)).tokens(*words(plain)).tolist() == [beginning(cipher)]


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_a_compound_of_more_is_the_last_block_of_the_chain_that_nist_has(blocks):
    # SP 800-38A F.2.5 (CBC-AES256.Encrypt). Its first vector is not zero, as ours is, so it goes into the first block.
    key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
    said = [
        "6bc0bce12a459991e134741a7f9e1925", "ae2d8a571e03ac9c9eb76fac45af8e51", "30c81c46a35ce411e5fbc1191a0a52ef",
    ]  # fmt: skip
    answer = [
        "f58c4c04d6e5f1ba779eabfb5f7bfbd6",
        "9cfc4e967edb808d679f777bc6702c7d",
        "39f23369a9d9bacfa530e26304231461",
    ]
    parts = [word for block in said[:blocks] for word in words(block)]
    assert CompoundKey(bytes.fromhex(key)).tokens(*parts).tolist() == [beginning(answer[blocks - 1])]


@hypothesis(deadline=None)  # the first call waits for libraries
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=7))
def test_any_number_of_parts_is_cbc_mac_over_blocks_of_two(parts):
    secret = bytes.fromhex(TEST_KEY)
    message = b"".join(n.to_bytes(8, "little", signed=True) for n in parts)
    encryptor = Cipher(AES256(secret), CBC(bytes(16))).encryptor()
    last = encryptor.update(message + bytes(len(message) % 16))[-16:]
    assert CompoundKey(secret).tokens(*map(column, parts)).tolist() == [beginning(last.hex())]


def test_the_order_of_parts_matters_and_two_keys_have_nothing_in_common():
    one, other = (Key("k", bytes.fromhex(TEST_KEY)).compound_key(purpose) for purpose in ("one", "other"))
    many, rest = column(*range(1000)), column(*range(5000, 6000))
    found = [key.tokens(*parts) for key in (one, other) for parts in ((many, rest), (rest, many), (many, rest, rest))]
    assert len(set(np.concatenate(found).tolist())) == 6000


@hypothesis(deadline=None)
@given(st.integers(1, 3), st.integers(0, 20))
def test_rows_are_independent_of_each_other(parts, rows):
    key = CompoundKey(bytes.fromhex(TEST_KEY))
    columns = [np.arange(rows, dtype=np.int64) * (n + 3) for n in range(parts)]
    alone = [int(key.tokens(*(c[row : row + 1] for c in columns))[0]) for row in range(rows)]
    assert key.tokens(*columns).tolist() == alone


# --- ways to fill -----------------------------------------------------------------------------------------------------

ROWS = st.integers(0, 6).flatmap(
    lambda rows: st.lists(
        st.lists(st.lists(st.integers(-99, 99), unique=True, max_size=3), min_size=rows, max_size=rows),
        min_size=2, max_size=4,
    )
)  # fmt: skip


def in_lists(rows: list[list[int]]) -> Lists:
    """A column of lists."""
    return lists(pa.array(rows, pa.list_(pa.int64())))


def drawn(column: Lists) -> list[list[int]]:
    """The same the other way round."""
    return [row or [] for row in as_column(column, many=True).to_pylist()]


@hypothesis(deadline=None)
@given(ROWS, st.data())
def test_rows_of_lists_are_taken_in_any_order_and_any_number_of_times(columns, data):
    column = columns[0]
    rows = data.draw(st.lists(st.integers(0, len(column) - 1), max_size=9)) if column else []
    assert drawn(in_lists(column).of(np.array(rows, dtype=np.int64))) == [column[row] for row in rows]


@hypothesis(deadline=None)
@given(ROWS)
def test_of_several_columns_every_value_counts_once_or_the_first_that_there_is(columns):
    held = [in_lists(column) for column in columns]
    rows = list(zip(*columns, strict=True))
    assert drawn(every(held)) == [sorted({value for cell in row for value in cell}) for row in rows]
    assert drawn(first(held)) == [list(itertools.chain.from_iterable(row))[:1] for row in rows]


@hypothesis(deadline=None)
@given(ROWS)
def test_there_is_a_token_for_each_way_to_fill_the_parts_and_none_where_one_is_missing(parts):
    key = CompoundKey(bytes.fromhex(TEST_KEY))
    found = tokens_of_rows([in_lists(part) for part in parts], key)
    expected = [
        sorted(int(key.tokens(*map(column, way))[0]) for way in itertools.product(*row))
        for row in zip(*parts, strict=True)
    ]
    assert as_column(found, many=True).to_pylist() == [row or None for row in expected]


def test_a_single_part_that_is_missing_leaves_its_row_without_a_token():
    key = CompoundKey(bytes.fromhex(TEST_KEY))
    parts = [in_lists([[1], [], [3], [4]]), in_lists([[5], [6], [], [8]])]
    first, last = key.tokens(column(1, 4), column(5, 8)).tolist()
    assert as_column(tokens_of_rows(parts, key), many=False).to_pylist() == [first, None, None, last]


def test_a_list_that_is_missing_is_one_of_nothing():
    found = lists(pa.array([[1, 2], None, [], [3]], pa.list_(pa.int64())))
    assert (found.values.tolist(), found.lengths.tolist()) == ([1, 2, 3], [2, 0, 0, 1])
    assert as_column(Lists(column(), column()), many=True).to_pylist() == []


# --- what rows say ----------------------------------------------------------------------------------------------------


def rows_of(settings, *rows: str) -> list[dict]:
    """The encoded rows of one woman's records, in the order given."""
    return [encoded(settings, row) for row in rows]


def encoded(settings, row: str) -> dict:
    """The one row that the court's extract of one record becomes."""
    declared = (settings.dataset("court"), settings.encodings, settings.scope)
    keys = KeyFolder(settings.files.department.keys)
    with duckdb.connect() as con:
        found = pseudonymise(con, *declared, keys, court(settings, row), settings.workspace.parent)
        return found.encoded["names"].to_arrow_table().to_pylist()[0]


def tokens_in(row: dict) -> set[int]:
    """Every token of a row; the clear code of sex and its own pseudonym are none."""
    cells = [cell for name, cell in row.items() if name not in ("view_id", "sex") and cell is not None]
    return {token for cell in cells for token in (cell if isinstance(cell, list) else [cell])}


def agreeing(one: dict, other: dict) -> set[str]:
    """The names of the tokens that two rows have in common."""
    compared = set(one) - {"view_id", "sex"}
    return {name for name in compared if tokens_in({name: one[name]}) & tokens_in({name: other[name]})}


NOBODY = "z9,d9,,Zoe,Quinn,,17/09/1961,F,ZE1 0AA,04,01/01/2023,01/02/2023,FIN,N,0"


@pytest.mark.parametrize(
    ("hers", "his"),
    [("Ann Marie", "Zoe"), ("O'Neill", "Quinn"), ("Smith-Jones;Brown", ""), ("01/02/1990", "17/09/1961")],
)
def test_two_rows_that_agree_on_one_part_only_share_no_compound(settings, hers, his):
    alike = NOBODY.replace(his, hers) if his else NOBODY.replace("Quinn,,", f"Quinn,{hers},")
    one, other = rows_of(settings, ANN, alike)
    assert agreeing(one, other) == ({"dob"} if hers == "01/02/1990" else set())
    if hers != "01/02/1990":
        assert not tokens_in(one) & tokens_in(other)


def test_forename_and_surname_the_other_way_round_are_seen_to_be_swapped(settings):
    swapped = ANN.replace("Ann Marie,O'Neill", "O'Neill,Ann")
    one, other = rows_of(settings, ANN.replace("Ann Marie", "Ann"), swapped)
    assert (one["names"], one["names_swapped"]) == (other["names_swapped"], other["names"])
    assert one["names"] != one["names_swapped"]


def test_an_alias_agrees_with_a_surname_where_the_date_or_the_home_agrees_too(settings):
    later = ANN.replace("O'Neill,Smith-Jones;Brown", "Brown,")
    one, other = rows_of(settings, ANN, later)
    assert {"surnames_dob", "surnames_postcode"} <= agreeing(one, other)
    assert not {"surname_dob", "surname_postcode", "names", "names_dob_slip"} & agreeing(one, other)
    elsewhere = later.replace("01/02/1990", "17/09/1961").replace("SW1A 1AA", "ZE1 0AA").replace("Ann Marie", "Zoe")
    assert agreeing(one, rows_of(settings, elsewhere)[0]) == {"pnc", "defendant_id"}


def test_whoever_moves_within_a_region_agrees_on_it_beside_her_birth_date_alone(settings):
    """A woman under another name: from Westminster to Enfield, and to Manchester; and a stranger of Enfield."""
    moved = ANN.replace("O'Neill,Smith-Jones;Brown", "Quinn,").replace("SW1A 1AA", "EN1 1AA")
    one, near, far = rows_of(settings, ANN, moved, moved.replace("EN1 1AA", "M1 1AA"))
    hers = {"dob", "forename_dob", "forenames_dob", "forename_letter_dob", "pnc", "defendant_id"}
    assert agreeing(one, near) == {*hers, "dob_region"}
    assert agreeing(one, far) == hers
    assert "dob_region" not in agreeing(one, rows_of(settings, moved.replace("01/02/1990", "17/09/1961"))[0])


def test_a_birth_date_with_one_digit_wrong_agrees_only_beside_the_names(settings):
    one, slip = rows_of(settings, ANN, ANN.replace("01/02/1990", "01/02/1991"))
    assert "names_dob_slip" in agreeing(one, slip)
    assert "dob" not in agreeing(one, slip)
    [married] = rows_of(settings, ANN.replace("01/02/1990", "01/02/1991").replace("O'Neill", "Quinn"))
    assert "names_dob_slip" not in agreeing(one, married)


def test_a_compound_is_of_standard_forms(settings):
    ann = ANN.replace("Ann Marie", "Ann")
    said_otherwise = ann.replace("Ann,O'Neill", "ANN,  o neill ").replace("SW1A 1AA", "sw1a1aa")
    one, other = rows_of(settings, ann, said_otherwise)
    assert agreeing(one, other) == set(one) - {"view_id", "sex", "forenames_dob"}  # she has one forename


# --- what is declared -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["default", *ENCODINGS.profiles])
def test_no_token_of_a_scored_row_is_made_of_one_name_or_letter_alone(profile):
    kept = {
        (view, name): token
        for view, declared in ENCODINGS.views.items()
        for name, token in declared.tokens.items()
        if name not in ENCODINGS.profile(profile).without_tokens
    }
    assert not {place for place, token in kept.items() if len(token.parts) == 1 and set(token.parts[0]) & NAMES}
    of_names_only = {name for (_, name), token in kept.items() if all(set(part) <= NAMES for part in token.parts)}
    assert of_names_only <= {"names", "names_swapped"}
    assert all(len(kept["names", name].parts) == 2 for name in of_names_only)


def test_every_compound_of_the_schema_holds_different_identifiers():
    for declared in ENCODINGS.views.values():
        for name, token in declared.tokens.items():
            kinds = [kind for part in token.parts for kind in part if kind != "initials"]
            assert len(kinds) == len(set(kinds)), name


@pytest.mark.parametrize("take", sorted(SEALED_ONLY))
def test_a_fragment_is_no_part_of_a_scored_compound(take):
    with pytest.raises(ValueError, match="stand in sealed_blocking only, never in a scored row"):
        Token.model_validate({"compound": [{"surname": take}, {"date_of_birth": "whole"}]})


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"compound": [{"surname": "whole"}]}, "two parts or more"),
        ({"compound": [{"surname": "whole"}, {}]}, "two parts or more"),
        ({"compound": [{"surname": "whole"}, {"sex": "clear"}]}, "a clear code is no part of a key"),
        ({"from": "surname", "compound": [{"surname": "whole"}, {"postcode": "whole"}]}, "either `from`"),
        ({}, "either `from`"),
    ],
)
def test_a_compound_that_is_none_is_refused(declared, says):
    with pytest.raises(ValueError, match=says):
        Token.model_validate(declared)
