"""From a value to its token: its standard form, and the key it is encoded with."""

import hashlib
import hmac

import pytest
from conftest import TEST_KEY
from hypothesis import given
from hypothesis import strategies as st
from small_extracts import ANN, court

from linkage import stages
from linkage.errors import PrivacyError
from linkage.pseudonymisation import standardise
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.pseudonymisation.keys import PROJECT, Key, TokenKey
from linkage.pseudonymisation.regions import AREAS
from linkage.pseudonymisation.tokens import DERIVATIONS, wildcards

# --- standard forms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "raw", "form"),
    [
        ("name", "O’Neill", "oneill"),
        ("name", "o neill", "oneill"),
        ("name", "  Mrs  Smith-JONES ", "smith jones"),
        ("name", "Mc Donald", "mcdonald"),
        ("name", "Nguyễn", "nguyen"),
        ("name", "Łukasz", "lukasz"),
        ("name", "MIG_ERROR_Jones", "jones"),
        ("name", "Lord", "lord"),
        ("name", "Mrs", ""),
        ("name", "unknown", ""),
        ("name", "王", None),
        ("date", "1990-02-31", None),
        ("date", "1988-02-29", "1988-02-29"),
        ("date", "0090-02-01", None),
        ("not_a_default_date", "1900-01-01", ""),
        ("postcode", "sw1a 1aa", "SW1A1AA"),
        ("postcode", "NF1 1NF", ""),
        ("postcode", "ZZ99 3VZ", ""),
        ("postcode", "SW1A", None),
        ("postcode_district", "SW1A", "SW1A"),
        ("postcode_district", "M1 1AE", "M1"),
        ("postcode_district", "NF1", ""),
        ("pnc", "not known", ""),
        ("pnc", "81/34U", "1981/0000034U"),
        ("pnc", "02/73319Z", "2002/0073319Z"),
        ("pnc", "00/223R", "2000/0000223R"),
        ("pnc", "79/163001B", "1979/0163001B"),
        ("pnc", "2001/0171310S", None),
        ("pnc", "20120052494O", None),
        ("nhs", "943 476 5919", "9434765919"),
        ("nhs", "943 476 5918", None),
        ("nino", "zz 12 34 56 a", "ZZ123456A"),
        ("nino", "QQ123456C", None),
        ("nino", "BG123456A", None),
        ("nino", "AO123456A", None),
        ("nomis", "a1234bc", "A1234BC"),
        ("nomis", "AB1234C", None),
        ("crn", "x123456", "X123456"),
        ("initials", "A.S.", "as"),
        ("initials", "A", None),
        ("compact", "D-17/b", "D17B"),
        ("compact", "n/k", ""),
    ],
)
def test_a_value_has_its_standard_form(kind, raw, form):
    assert standardise.standard_forms(["unlike", raw, "", raw], (kind,))[1:] == [form, "", form]


@pytest.mark.parametrize("kind", standardise.STANDARDISERS)
@pytest.mark.parametrize("nothing", [[], [""], ["", " "]])
def test_what_is_missing_is_missing_and_not_invalid(kind, nothing):
    assert standardise.standard_forms(nothing, (kind,)) == [""] * len(nothing)


@given(st.text(max_size=40))
def test_a_standard_name_is_its_own_standard_form(raw):
    form = standardise.name(raw)
    assert not form or standardise.name(form) == form


@given(st.dates(), st.dates())
def test_two_dates_share_a_wildcard_exactly_when_one_digit_differs(one, other):
    differing = sum(a != b for a, b in zip(one.isoformat(), other.isoformat(), strict=True))
    shared = set(wildcards(one.isoformat())) & set(wildcards(other.isoformat()))
    assert bool(shared) == (differing <= 1)


@pytest.mark.parametrize(("name", "several"), [("ann", []), ("ann marie", ["ann marie"])])
def test_a_name_of_one_word_has_not_several(name, several):
    assert DERIVATIONS["several_words"](name) == several


@pytest.mark.parametrize(
    ("postcode", "where"),
    [
        ("SW1A1AA", "London"),
        ("E11AA", "London"),
        ("EX11AA", "South West"),
        ("BT11AA", "Northern Ireland"),
        ("GY11AA", "GY"),  # Guernsey is in no region
    ],
)
def test_a_postcode_is_in_the_region_of_its_area(postcode, where):
    assert DERIVATIONS["region"](postcode) == [where]


def test_every_postcode_area_of_the_country_is_in_one_region():
    areas = [area for listed in AREAS.values() for area in listed.split()]
    assert len(areas) == len(set(areas)) == 121  # Royal Mail has 124 with Guernsey, Jersey and Man


def test_the_linkage_schema_names_every_function_there_is():
    from typing import get_args

    from linkage.contracts import encodings

    assert set(get_args(encodings.Standardiser)) == set(standardise.STANDARDISERS)
    assert set(get_args(encodings.Derivation)) == set(DERIVATIONS)


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_token_is_hmac_sha256_under_an_hkdf_sub_key_cut_to_64_bits():
    """Against RFC 5869 and RFC 2104 written out with the standard library alone."""
    secret = bytes.fromhex(TEST_KEY)
    context = (PROJECT, "token", "1", "2026", "names", "name")
    info = b"".join(len(part).to_bytes(2, "big") + part.encode() for part in context)
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    sub_key = hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()
    expected = hmac.new(sub_key, b"oneill", hashlib.sha256).digest()[:8]

    token = TokenKey("2026", Key("token", secret)).for_token("1", "names", "name").token("oneill")
    assert token == int.from_bytes(expected, "big", signed=True)


def test_another_epoch_version_view_or_field_gives_another_token():
    key = TokenKey("2026", Key("token", bytes.fromhex(TEST_KEY)))
    other_epoch = TokenKey("2027", key.key)
    tokens = {
        key.for_token("1", "names", "name").token("oneill"),
        other_epoch.for_token("1", "names", "name").token("oneill"),
        key.for_token("2", "names", "name").token("oneill"),
        key.for_token("1", "initials", "name").token("oneill"),
        key.for_token("1", "names", "dob").token("oneill"),
    }
    assert len(tokens) == 5


def test_a_key_is_never_shown():
    assert TEST_KEY not in repr(Key("token", bytes.fromhex(TEST_KEY))).lower()
    assert "secret" not in repr(TokenKey("2026", Key("token", bytes.fromhex(TEST_KEY))))


def test_keys_are_made_once_and_only_their_owner_can_read_them(tmp_path):
    folder = KeyFolder(tmp_path / "keys")
    assert folder.make(["court"], epoch="2026") == ["token", "records-court"]
    before = folder.token_key()
    assert folder.make(["court", "prison"], epoch=None) == ["records-prison"]
    assert folder.make(["court", "paye"], epoch="2026") == ["records-paye"]
    with pytest.raises(PrivacyError, match="of another epoch than '2027'"):
        folder.make(["court"], epoch="2027")
    assert folder.token_key() == before
    assert {oct(p.stat().st_mode & 0o777) for p in (tmp_path / "keys").iterdir()} == {"0o600"}


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (None, 0o600, "is not there"),
        (f"epoch: test\nkey: {TEST_KEY}\n", 0o644, "can be read by others"),
        ("epoch: test\nkey: 00ff\n", 0o600, "is not 32 bytes"),
        ("epoch: test\nkey:\n", 0o600, "no key in hexadecimal"),
        ("epoch: test\nkey: secret words\n", 0o600, "no key in hexadecimal"),
        (f"key: {TEST_KEY}\n", 0o600, "names no epoch"),
        (TEST_KEY, 0o600, "is not a key file"),
    ],
)
def test_a_key_that_may_not_be_used_is_refused_and_nothing_is_written(settings, content, mode, why):
    path = settings.files.department.keys / "token.yaml"
    path.unlink()
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    with pytest.raises(PrivacyError, match=why) as refused:
        stages.pseudonymise(settings, "court", court(settings, ANN))
    assert TEST_KEY not in str(refused.value)
    assert not settings.files.matching.encoded("names", "court").exists()
