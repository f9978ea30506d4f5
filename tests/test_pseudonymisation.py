"""The zone that sees names: what may come in, what becomes of it, and that nothing of it comes out in clear."""

import hashlib
import hmac
import json
import os
from pathlib import Path

import duckdb
import pytest
from conftest import TEST_KEY
from hypothesis import given
from hypothesis import strategies as st

from linkage import stages
from linkage.contracts.encodings import read_encodings
from linkage.errors import ContractError, ExtractError, GateError, PrivacyError
from linkage.pseudonymisation import rows, standardise, tokens
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.pseudonymisation.keys import PROJECT, Key, TokenKey
from linkage.pseudonymisation.tokens import DERIVATIONS, wildcards
from linkage.stages import Settings

HEADER = (
    "offence_id,defendant_id,pnc_id,forenames,surname,alias_surnames,date_of_birth,sex,postcode,"
    "offence_group,offence_date,outcome_date,disposal,breach,previous_offences"
)
ANN = "a1,d1,81/34U,Ann Marie,O'Neill,Smith-Jones;Brown,01/02/1990,F,SW1A 1AA,04,01/01/2023,01/02/2023,FIN,N,0"


def court(settings: Settings, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    """A court extract with these rows."""
    file = settings.workspace.parent / "court.csv"
    file.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return file


def encoded(settings: Settings, view: str = "names", dataset: str = "court") -> list[dict]:
    """The encoded rows of a view, as dictionaries."""
    path = settings.files.matching.encoded(view, dataset)
    return duckdb.sql(f"from '{path}'").to_arrow_table().to_pylist()


def attributes(settings: Settings, dataset: str = "court") -> list[dict]:
    """The attribute rows, as dictionaries."""
    return duckdb.sql(f"from '{settings.files.cohorts.attributes(dataset)}'").to_arrow_table().to_pylist()


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


# --- intake -----------------------------------------------------------------------------------------------------------


def test_every_row_is_accepted_out_of_scope_or_quarantined_with_a_reason_even_where_the_gate_stops(settings):
    extract = court(
        settings,
        ANN,
        ANN.replace("a1,", "a2,").replace(",F,", ",M,"),
        ANN.replace("a1,", "a3,").replace("01/02/1990", "31/02/1990"),
        ANN.replace("a1,", "a4,").replace(",04,", ",44,"),
        ANN.replace("a1,", "a5,"),
        ANN.replace("a1,", "a5,"),
        ANN.replace("a1,", ","),
        ANN.replace("a1,", "a6,").replace("01/01/2023", ""),
        "a7,d1,only three",
        ANN.replace("a1,", "a8,") + ",one too many",
    )
    with pytest.raises(GateError, match="few rows had to be quarantined: 88.9 %"):
        stages.pseudonymise(settings, "court", extract)
    assert not settings.files.matching.encoded("names", "court").exists()
    balance = json.loads(settings.files.quality.fact("intake/court").read_text())
    assert balance["rows_in"] == 10
    assert (balance["rows_out"], balance["out_of_scope"]) == (1, 1)
    assert balance["quarantined"] == {
        "a ragged row": 2,
        "a record id that comes more than once": 2,
        "date_of_birth is not a date of the agreed form": 1,
        "no record id": 1,
        "offence_date is missing": 1,
        "offence_group has a code that the contract does not know": 1,
    }
    kept = duckdb.sql(f"select count(*) from '{settings.files.department.quarantine('court')}'").fetchall()
    assert kept == [(8,)]


def test_a_stray_quotation_mark_costs_its_own_row_and_swallows_no_other(settings):
    rows = [unlike(number) for number in range(400)]
    for spoiled in (100, 300):
        rows[spoiled] = rows[spoiled].replace(",Smith", ',"Smith')
    balance = stages.pseudonymise(settings, "court", court(settings, *rows))
    assert (balance["rows_in"], balance["rows_out"]) == (400, 398)
    assert balance["quarantined"] == {"a quotation mark that is not closed in its row": 2}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way_and_a_byte_order_mark_is_no_part_of_a_name(settings, ending):
    text = ending.join([HEADER, *map(unlike, range(300))])
    balance = stages.pseudonymise(settings, "court", _bytes(settings, b"\xef\xbb\xbf" + text.encode()))
    assert balance["rows_in"] == balance["rows_out"] == 300


def test_a_woman_whose_sex_is_missing_or_unclear_stays(settings):
    rows = [ANN.replace("a1,", f"a{i},").replace(",F,", f",{sex},") for i, sex in enumerate(["", "NS", "?", "M"])]
    balance = stages.pseudonymise(settings, "court", court(settings, *rows))
    assert (balance["rows_out"], balance["out_of_scope"]) == (3, 1)
    assert {row["sex"] for row in attributes(settings)} == {"not known"}
    assert {row["sex"] for row in encoded(settings)} == {None}


def test_an_extract_in_another_encoding_is_read_as_its_contract_says(settings):
    header = "employment_id|nino|forename|surname|date_of_birth|sex|postcode|start_date|end_date|hours"
    file = court(settings, "e1|ZZ123456A|Zoë|Brontë|01-02-1990|FEMALE||01-01-2020||A", header=header, encoding="cp1252")
    stages.pseudonymise(settings, "paye", file)
    without_aliases = ANN.replace("Smith-Jones;Brown", "")
    plain = court(settings, without_aliases.replace("O'Neill", "Bronte").replace("Ann Marie", "Zoe"))
    stages.pseudonymise(settings, "court", plain)
    paye, court_row = encoded(settings, dataset="paye")[0], encoded(settings)[0]
    compared = ("names", "names_swapped", "forename_dob", "surname_dob", "surnames_dob", "names_dob_slip", "dob")
    assert [paye[name] for name in compared] == [court_row[name] for name in compared]
    assert None not in [paye[name] for name in compared]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda s: s.workspace.parent / "nothing.csv", "there is no extract"),
        (lambda s: _bytes(s, b""), "is empty"),
        (lambda s: court(s, ANN, header=HEADER.replace("surname,", "")), r"\['surname'\] are missing"),
        (lambda s: court(s, ANN, header=HEADER + ",planted"), "1 columns are not in the contract, at places"),
        (lambda s: court(s, ANN, header=HEADER.replace("breach", "sex")), "come twice"),
        (lambda s: court(s, ANN.replace("Ann", "Zoë"), encoding="latin-1"), "is not utf-8 at line 2"),
        (lambda s: _bytes(s, HEADER.encode() + b"\na1,\0\0"), "binary zeros"),
        (lambda s: court(s, ANN, header=ANN), "are missing"),
    ],
)
def test_an_extract_that_cannot_be_taken_in_is_one_clear_error_that_quotes_nothing(settings, make, says):
    with pytest.raises(ExtractError, match=says) as refused:
        stages.pseudonymise(settings, "court", make(settings))
    assert not any(planted in str(refused.value) for planted in ("planted", "Neill", "Ann", "81/34U"))
    assert not settings.files.matching.encoded("names", "court").exists()


def _bytes(settings: Settings, content: bytes) -> Path:
    file = settings.workspace.parent / "court.csv"
    file.write_bytes(content)
    return file


def test_a_truncated_parquet_file_is_one_clear_error(settings):
    columns = ", ".join(f"'x' as {c.name}" for c in settings.dataset("probation").columns)
    whole = settings.workspace.parent / "probation.parquet"
    duckdb.sql(f"select {columns}").write_parquet(str(whole))
    whole.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(ExtractError, match="not a whole Parquet file"):
        stages.pseudonymise(settings, "probation", whole)


def test_an_unknown_dataset_is_told_which_there_are(settings):
    with pytest.raises(ContractError, match="there are .*court"):
        stages.pseudonymise(settings, "courts", court(settings, ANN))


# --- what leaves ------------------------------------------------------------------------------------------------------


def test_a_record_keeps_its_id_when_the_epoch_changes_and_its_tokens_do_not(settings):
    file = court(settings, ANN)
    stages.pseudonymise(settings, "court", file)
    before_ids, before = attributes(settings)[0]["record_id"], encoded(settings)[0]
    key = settings.files.department.keys / "token.yaml"
    key.write_text(key.read_text().replace("epoch: test", "epoch: next"))
    stages.pseudonymise(settings, "court", file)
    assert attributes(settings)[0]["record_id"] == before_ids
    assert not set(_scalars(before)) & set(_scalars(encoded(settings)[0]))


def _scalars(row: dict) -> list[int]:
    return [v for v in row.values() if isinstance(v, int)] + [
        v for vs in row.values() if isinstance(vs, list) for v in vs
    ]


def test_two_views_of_a_record_share_neither_an_id_nor_a_token(settings):
    who = "b1,A1234BC,81/34U,Ann,Smith,,1990-02-01,Female,W1,SW1A 1AA,E09,E12000007,E23000001"
    row = who + ",2023-01-01,SEN,,,,04,N,N,,N"
    columns = ",".join(c.name for c in settings.dataset("prison").columns)
    stages.pseudonymise(settings, "prison", court(settings, row, header=columns))
    names, initials = encoded(settings, "names", "prison")[0], encoded(settings, "initials", "prison")[0]
    assert not set(_scalars(names)) & set(_scalars(initials))


def test_a_dataset_is_encoded_only_for_the_comparisons_it_takes_part_in(settings):
    datasets, encodings = settings.datasets, read_encodings(settings.schemas)
    assert datasets["prison"].views(encodings) == ("names", "initials")
    assert datasets["court"].views(encodings) == ("names",)
    assert datasets["ndtms"].views(encodings) == ("initials",)


def test_missing_stays_missing(settings):
    bare = "a1,,,,Smith,,01/02/1990,F,,04,01/01/2023,01/02/2023,FIN,N,0"
    stages.pseudonymise(settings, "court", court(settings, bare))
    row = encoded(settings)[0]
    assert {name for name, token in row.items() if token is not None} == {
        "view_id", "sex", "dob", "surname_dob", "surnames_dob",
    }  # fmt: skip


def test_an_alias_and_each_half_of_a_double_name_can_be_compared_with_a_surname(settings):
    later = ANN.replace("a1,", "a2,").replace("O'Neill", "Jones").replace("Smith-Jones;Brown", "")
    stages.pseudonymise(settings, "court", court(settings, ANN, later))
    for name in ("surnames_dob", "surnames_postcode", "names_any"):
        jones, all_of_them = sorted((row[name] for row in encoded(settings)), key=len)
        assert (len(jones), len(all_of_them)) == (1, 5), name  # o'neill; smith jones, smith, jones; brown
        assert set(jones) < set(all_of_them), name


def unlike(number: int) -> str:
    """A row that shares hardly anything with the others."""
    day, name = 1 + number % 28, "".join("abcdefghij"[int(digit)] for digit in str(number))
    born = f"{day:02}/02/{1950 + number % 50}"
    return f"a{number},d{number},,Ann{name},Smith{name},,{born},F,,04,01/01/2023,01/02/2023,FIN,N,0"


def test_rows_leave_in_the_order_of_their_pseudonyms(settings):
    rows = [unlike(number) for number in range(300)]
    stages.pseudonymise(settings, "court", court(settings, *rows))
    for ids in ([r["record_id"] for r in attributes(settings)], [r["view_id"] for r in encoded(settings)]):
        assert ids == sorted(ids)


def test_an_identifier_leaves_only_as_a_token_and_a_birth_date_only_as_its_month(settings):
    who = "b1,A1234BC,81/34U,Ann,Smith,,1990-02-17,Female,W1,SW1A 1AA,E09,E12000007,E23000001"
    row = who + ",2023-01-01,SEN,,,,04,N,N,,N"
    columns = ",".join(c.name for c in settings.dataset("prison").columns)
    stages.pseudonymise(settings, "prison", court(settings, row, header=columns))
    found = attributes(settings, "prison")[0]
    assert str(found["birth_month"]) == "1990-02-01"
    kinds = {c.name for c in settings.dataset("prison").columns if c.identifier}
    assert not kinds & set(found)


def test_a_rerun_with_the_same_keys_gives_the_same_bytes(settings):
    file = court(settings, *map(unlike, range(3000)))
    seen = []
    for _ in range(2):
        stages.pseudonymise(settings, "court", file)
        seen.append({p: p.read_bytes() for p in settings.workspace.rglob("*.parquet")})
    assert seen[0] == seen[1]


def test_the_same_is_written_however_few_rows_are_taken_at_a_time_and_texts_remembered(settings, monkeypatch):
    again = [unlike(number).replace("a", "b", 1) for number in range(0, 100, 3)]
    file = court(settings, ANN, ANN.replace("a1,", "c1,"), *map(unlike, range(2, 100)), *again)
    seen = []
    for block, few in ((100_000, 10_000), (5, 3)):
        monkeypatch.setattr(tokens, "BLOCK", block)
        monkeypatch.setattr(rows, "A_FEW", few)
        stages.pseudonymise(settings, "court", file)
        seen.append({p: p.read_bytes() for p in settings.workspace.rglob("*.parquet")})
    assert seen[0] == seen[1]


def test_what_is_written_is_for_its_owner_alone_and_nothing_unfinished_stays(settings):
    stages.pseudonymise(settings, "court", court(settings, ANN))
    written = [p for p in settings.workspace.rglob("*") if p.is_file()]
    assert {p.stat().st_mode & 0o077 for p in written} == {0}
    assert not [p for p in written if p.name.startswith(".") or p.suffix == ".utf8"]
    assert os.access(settings.files.quality.fact("intake/court"), os.R_OK)
