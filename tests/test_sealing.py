"""Fragments of names find pairs and are gone; no task ever holds them beside a row."""

import ast
import inspect
import os
import shutil
from pathlib import Path

import duckdb
import pytest
from conftest import REPOSITORY, put_test_keys
from small_extracts import PAYE, court, encoded, unlike

from linkage import sealing, stages
from linkage.blocking.pairs import candidates, opened
from linkage.contracts.encodings import View, read_encodings
from linkage.errors import ExtractError, LinkError, PrivacyError
from linkage.ledger import ledger_of
from linkage.pseudonymisation.tokens import soundex
from linkage.settings import Settings
from linkage.workspace import unfinished_of, whole_file

# --- the pairs --------------------------------------------------------------------------------------------------------

KEYS = """
    | block_id | rule | key |
    | 1        | a    | 70  |
    | 2        | a    | 70  |
    | 2        | b    | 71  |
    | 3        | b    | 71  |
    | 3        | a    | 71  |
    | 1        | b    | 72  |
    | 2        | b    | 72  |
"""


def test_a_pair_shares_a_key_of_one_rule_and_comes_once(con, table):
    assert candidates(con, {"court": table(KEYS)}).pairs.fetchall() == [(1, 2, None), (2, 3, None)]


def test_which_rule_made_a_pair_is_told_of_those_that_may_be_told_alone(con, table):
    assert candidates(con, {"court": table(KEYS)}, told=["b"]).pairs.fetchall()[1:] == [(1, 2, None), (2, 3, "b")]


def test_two_datasets_that_were_compared_before_make_no_pair(con, table):
    more = table("| block_id | rule | key |\n| 9 | a | 70 |")
    keys = {"court": table(KEYS).filter("block_id = 1"), "prison": table(KEYS).filter("block_id = 2"), "ndtms": more}
    assert candidates(con, keys, known=["court", "prison"]).pairs.fetchall() == [(1, 9, None), (2, 9, None)]


def test_a_key_that_half_the_world_shares_makes_no_pair_and_is_counted(con, monkeypatch, table):
    monkeypatch.setattr("linkage.blocking.pairs.LARGEST_BLOCK", 2)
    crowd = table("| block_id | rule | key |\n| 4 | a | 70 |")
    found = candidates(con, {"court": table(KEYS), "paye": crowd})
    assert (found.pairs.fetchall(), found.left_out) == ([(1, 2, None), (2, 3, None)], 1)


def test_opened_pairs_are_pairs_of_rows(con, table):
    pairs = table("| block_id_l | block_id_r | rule |\n| 1 | 2 | - |\n| 2 | 3 | - |\n| 8 | 9 | b |")
    ids = {"court": "| 1 | 50 |\n| 2 | 40 |\n| 8 | 40 |\n| 9 | 50 |", "paye": "| 3 | 30 |"}
    crosswalks = {name: table(f"| block_id | view_id |\n{rows}") for name, rows in ids.items()}
    assert opened(con, pairs, crosswalks).fetchall() == [(30, 40, None), (40, 50, ["b"])]


@pytest.mark.parametrize(
    ("name", "code"),
    [  # examples of the US National Archives
        ("washington", "W252"), ("lee", "L000"), ("gutierrez", "G362"), ("pfister", "P236"), ("jackson", "J250"),
        ("tymczak", "T522"), ("vandeusen", "V532"), ("ashcraft", "A261"),
    ],
)  # fmt: skip
def test_a_soundex_code_is_that_of_the_national_archives(name, code):
    assert soundex(name) == [code.lower()]


# --- what may be declared ---------------------------------------------------------------------------------------------


def view_with(**changes: object) -> dict:
    """The view of full names, changed."""
    return read_encodings(REPOSITORY / "schemas").views["names"].model_dump(by_alias=True) | changes


@pytest.mark.parametrize("take", ["soundex", "prefix", "year", "month", "day_and_month"])
def test_a_fragment_is_never_a_token_of_a_scored_row(take):
    declared = view_with()
    declared["tokens"]["sound"] = {"from": {"surname": take}}
    with pytest.raises(ValueError, match="stand in sealed_blocking only"):
        View.model_validate(declared)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ([{"surname": "soundex"}], "two parts or more"),
        ([{"surname": "soundex"}, {}], "two parts or more"),
        ([{"surname": "soundex"}, {"sex": "clear"}], "a clear code"),
    ],
)
def test_a_sealed_rule_is_a_compound(rule, says):
    declared = view_with()
    declared["sealed_blocking"]["rule"] = rule
    with pytest.raises(ValueError, match=says):
        View.model_validate(declared)


# --- the stages -------------------------------------------------------------------------------------------------------

SMITH = "b{n},d{n},,Catherine,Smith{more},,0{n}/02/1990,F,SW1A 1AA,04,01/01/2023,01/02/2023,FIN,N,0"
SMYTHE = "e{n}|ZZ{n}00000A|Kathryn|Smythe{more}|0{n}-02-1990|FEMALE||01-01-2020||A||"


@pytest.fixture(scope="module")
def delivered(tmp_path_factory) -> Settings:
    """Court and PAYE of women whose names are spelled in two ways, pseudonymised; no other dataset is declared."""
    folder = tmp_path_factory.mktemp("spelled")
    shutil.copytree(REPOSITORY / "schemas", folder / "schemas")
    own = Settings(folder / "schemas", folder / "workspace")
    put_test_keys(own)
    for path in (own.schemas / "datasets").glob("*.yaml"):
        if path.stem not in ("court", "paye"):
            path.unlink()
    for name, spelling, header in (("court", SMITH, None), ("paye", SMYTHE, PAYE)):
        rows = [spelling.format(n=n, more="") for n in range(1, 6)]
        rows += [unlike(n) for n in range(300)] if name == "court" else []
        stages.pseudonymise(own, name, court(own, *rows, **({"header": header} if header else {})))
    return own


@pytest.fixture
def spelled(delivered, tmp_path) -> Settings:
    """A copy of it, to change."""
    for part in ("schemas", "workspace"):
        shutil.copytree(getattr(delivered, part), tmp_path / part)
    return Settings(tmp_path / "schemas", tmp_path / "workspace")


def only(settings: Settings, folder: Path, *kept: Path) -> Settings:
    """A workspace in which a stage finds these files and folders, the log and nothing else."""
    for path in (*kept, settings.files.log.parent, settings.files.quality.log_head):
        to = folder / path.relative_to(settings.workspace)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(path, to) if path.is_dir() else shutil.copy(path, to)
    return Settings(settings.schemas, folder)


def test_each_step_does_with_its_own_files_alone_and_no_two_share_a_fragment_and_a_row(spelled, tmp_path):
    files = spelled.files
    blocker = only(spelled, tmp_path / "blocker", files.blocking.root)
    assert stages.block(blocker, "names")["pairs"] > 0
    opener = only(spelled, tmp_path / "opener", files.unsealing.root)
    shutil.copytree(blocker.files.blocking.root, opener.files.blocking.root)
    assert not list((opener.files.blocking.root / "keys").rglob("*.parquet"))
    stages.unseal(opener, "names")
    found = duckdb.sql(f"from '{opener.files.matching.candidates('names')}'").fetchall()
    rows = {row["view_id"]: row for name in ("court", "paye") for row in encoded(spelled, dataset=name)}
    pairs = [(rows[left], rows[right]) for left, right, _ in found]
    assert (
        sum(left["dob"] == right["dob"] and left["surname_dob"] != right["surname_dob"] for left, right in pairs) >= 5
    )
    assert not [p for p in opener.workspace.rglob("*.parquet") if p != opener.files.matching.candidates("names")]


def test_each_rule_has_pseudonyms_of_its_own_and_shares_no_number_with_a_row(spelled):
    files = spelled.files
    keys = duckdb.sql(f"from '{files.blocking.keys('names', 'court')}'").fetchall()
    rows = duckdb.sql(f"from '{files.matching.encoded('names', 'court')}'").fetchall()
    in_rows = {n for row in rows for cell in row for n in (cell if isinstance(cell, list) else [cell])}
    assert not {n for block_id, _, key in keys for n in (block_id, key)} & in_rows
    assert keys == sorted(keys)
    of_rule = {block_id: rule for block_id, rule, _ in keys}
    assert all(of_rule[block_id] == rule for block_id, rule, _ in keys), "two rules share no pseudonym"
    assert len(set(of_rule.values())) > 2
    ids = duckdb.sql(f"from '{files.unsealing.crosswalk('names', 'court')}'").fetchall()
    assert [b for b, _ in ids] == sorted(b for b, _ in ids)
    assert [v for _, v in ids] != sorted(v for _, v in ids)


def test_what_was_used_is_deleted_and_the_log_says_so(spelled):
    stages.block(spelled, "names")
    stages.unseal(spelled, "names")
    left = [p for root in (spelled.files.blocking.root, spelled.files.unsealing.root) for p in root.rglob("*.parquet")]
    assert left == []
    said = [(e.what, e.details["deleted"]) for e in ledger_of(spelled).verify().entries[-2:]]
    assert said == [
        ("blocking keys deleted", ["blocking/keys/names/court.parquet", "blocking/keys/names/paye.parquet"]),
        (
            "blocking pseudonyms deleted",
            ["blocking/pairs/names.parquet", "unsealing/names/court.parquet", "unsealing/names/paye.parquet"],
        ),
    ]


def test_linking_again_needs_no_new_keys_and_a_new_delivery_needs_those_of_every_dataset(spelled):
    for _ in range(2):
        stages.block(spelled, "names")
        stages.unseal(spelled, "names")
    assert spelled.files.matching.candidates("names").exists()
    stages.pseudonymise(spelled, "court", court(spelled, *map(unlike, range(300))))
    assert not spelled.files.matching.candidates("names").exists()
    with pytest.raises(LinkError, match=r"the blocking keys of \['paye'\] .*linkage pseudonymise"):
        stages.block(spelled, "names")
    with pytest.raises(LinkError, match="sealed blocking has not been done"):
        stages.score(spelled, "names")


def test_a_step_that_was_killed_is_run_again(spelled, tmp_path):
    before = only(spelled, tmp_path / "before", spelled.files.blocking.root)
    stages.block(spelled, "names")
    shutil.copy(before.files.blocking.keys("names", "paye"), spelled.files.blocking.keys("names", "paye"))
    stages.block(spelled, "names")
    assert not spelled.files.blocking.keys("names", "paye").exists()
    stages.unseal(spelled, "names")
    assert spelled.files.matching.candidates("names").exists()


def test_keys_of_two_epochs_are_not_compared(spelled):
    shutil.rmtree(spelled.files.department.keys)
    put_test_keys(spelled)
    key = spelled.files.department.keys / "token.yaml"
    key.write_text(key.read_text().replace("epoch: test", "epoch: next"))
    stages.pseudonymise(spelled, "court", court(spelled, *map(unlike, range(300))))
    with pytest.raises(PrivacyError, match="different keys, epochs or versions"):
        stages.block(spelled, "names")


def what_lies_in(settings: Settings) -> dict[str, bytes]:
    """Every file of the workspace."""
    return {str(p): p.read_bytes() for p in settings.workspace.rglob("*") if p.is_file()}


@pytest.mark.parametrize("step", [stages.block, stages.unseal])
def test_nothing_is_used_or_deleted_where_the_log_is_broken(spelled, step):
    spelled.files.log.write_bytes(spelled.files.log.read_bytes().replace(b'"rows_in":5', b'"rows_in":6'))
    before = what_lies_in(spelled)
    with pytest.raises(PrivacyError, match="is broken"):
        step(spelled, "names")
    assert what_lies_in(spelled) == before


def test_keys_of_another_version_of_the_linkage_schema_are_refused_before_they_are_used(spelled):
    encodings = spelled.schemas / "encodings.yaml"
    encodings.write_text(encodings.read_text().replace('version: "1"', 'version: "2"'))
    before = what_lies_in(spelled)
    with pytest.raises(PrivacyError, match=r"blocking/keys/names: .*'paye': \['1-.*encodings.yaml is 2-.*again"):
        stages.block(Settings(spelled.schemas, spelled.workspace), "names")
    assert what_lies_in(spelled) == before


def test_keys_of_one_version_that_was_changed_without_another_number_are_refused(spelled):
    encodings = spelled.schemas / "encodings.yaml"
    changed = encodings.read_text().replace(
        "surname: {standardise: [name, one_spelling]", "surname: {standardise: [name]"
    )
    assert changed != encodings.read_text()
    encodings.write_text(changed)
    own = Settings(spelled.schemas, spelled.workspace)
    stages.pseudonymise(own, "court", court(own, *map(unlike, range(300))))
    with pytest.raises(PrivacyError, match=r"'court': \['1-\w+/test/\w+'\], 'paye': \['1-\w+/test/\w+'\]"):
        stages.block(own, "names")


def half_written(settings: Settings) -> Path:
    """Fragments that a killed run had begun to write."""
    left = unfinished_of(settings.files.blocking.keys("names", "court"))
    left.write_bytes(b"half of the keys")
    return left


def test_fragments_that_a_killed_run_left_half_written_go_with_the_next_run_even_where_it_is_refused(spelled):
    left = half_written(spelled)
    with pytest.raises(ExtractError):
        stages.pseudonymise(spelled, "court", spelled.workspace / "no such extract")
    assert not left.exists()


def test_fragments_that_a_killed_run_left_half_written_go_with_those_that_were_used_and_the_log_says_so(spelled):
    left = half_written(spelled)
    stages.block(spelled, "names")
    assert not left.exists()
    deleted = ledger_of(spelled).verify().entries[-1].details["deleted"]
    assert "blocking/keys/names/.court.parquet.unfinished" in deleted


def test_nobody_else_can_read_a_file_while_it_is_written(tmp_path):
    others = os.umask(0o022)
    try:
        with whole_file(tmp_path / "keys.parquet") as unfinished:
            duckdb.sql("select 1 as key").write_parquet(str(unfinished))
            assert unfinished.stat().st_mode & 0o077 == 0
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(others)


# --- who may hold what ------------------------------------------------------------------------------------------------


def places(stage: object) -> set[str]:
    """The zones' files that a stage names: blocking.keys, matching.encoded …"""
    tree = ast.parse(inspect.getsource(stage))
    named = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    zones = {"blocking", "unsealing", "matching", "cohorts", "department"}
    return {f"{zone}.{n.attr}" for n in named for zone in [getattr(n.value, "attr", "")] if zone in zones}


def test_no_stage_opens_fragments_and_rows():
    assert places(sealing.block) == {"blocking.keys", "blocking.pairs", "matching.candidates"}  # the last: is it there?
    assert places(sealing.unseal) == {"blocking.pairs", "unsealing.crosswalk", "matching.candidates"}
    for stage in (stages.score, sealing.candidates, stages.cluster, stages.tabulate, stages.publish):
        assert not {place for place in places(stage) if place.startswith(("blocking", "unsealing"))}, stage
