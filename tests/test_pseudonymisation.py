"""The zone that sees names: what may come in, what becomes of it, and that nothing of it comes out in clear."""

import json
import os
from pathlib import Path

import duckdb
import pytest
from small_extracts import ANN, HEADER, attributes, court, encoded, unlike

from linkage import stages
from linkage.contracts.encodings import read_encodings
from linkage.errors import ContractError, ExtractError, GateError
from linkage.pseudonymisation import keys, tokens
from linkage.stages import Settings

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
    header = (
        "employment_id|nino|forename|surname|date_of_birth|sex|postcode|start_date|end_date|hours|first_paid|last_paid"
    )
    row = "e1|ZZ123456A|Zoë|Brontë|01-02-1990|FEMALE||01-01-2020||A||"
    file = court(settings, row, header=header, encoding="cp1252")
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
    others = [unlike(number) for number in range(10, 19)]  # a court that gives nobody's forename is stopped
    stages.pseudonymise(settings, "court", court(settings, *others, bare))
    [row] = [row for row in encoded(settings) if row["forename_dob"] is None]
    assert {name for name, token in row.items() if token is not None} == {
        "view_id", "sex", "dob", "surname_dob", "surnames_dob",
    }  # fmt: skip


def test_an_alias_and_each_half_of_a_double_name_can_be_compared_with_a_surname(settings):
    later = ANN.replace("a1,", "a2,").replace("O'Neill", "Jones").replace("Smith-Jones;Brown", "")
    stages.pseudonymise(settings, "court", court(settings, ANN, later))
    for name in ("surnames_dob", "surnames_postcode"):
        jones, all_of_them = sorted((row[name] for row in encoded(settings)), key=len)
        assert (len(jones), len(all_of_them)) == (1, 5), name  # o'neill; smith jones, smith, jones; brown
        assert set(jones) < set(all_of_them), name


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
        monkeypatch.setattr(keys, "A_FEW", few)
        stages.pseudonymise(settings, "court", file)
        seen.append({p: p.read_bytes() for p in settings.workspace.rglob("*.parquet")})
    assert seen[0] == seen[1]


def test_what_is_written_is_for_its_owner_alone_and_nothing_unfinished_stays(settings):
    stages.pseudonymise(settings, "court", court(settings, ANN))
    written = [p for p in settings.workspace.rglob("*") if p.is_file()]
    assert {p.stat().st_mode & 0o077 for p in written} == {0}
    assert not [p for p in written if p.name.startswith(".") or p.suffix == ".utf8"]
    assert os.access(settings.files.quality.fact("intake/court"), os.R_OK)
