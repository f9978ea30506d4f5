"""The life of a key: what may be used, what stays through a rotation, and that nothing is left of a destroyed epoch."""

import hashlib
import hmac
import os
import re
import shutil
import struct
from pathlib import Path

import duckdb
import pytest
from conftest import RECORD_KEY, REPOSITORY, TEST_KEY
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from small_extracts import PAYE, attributes, court, employed, encoded, unlike
from test_cli import linkage
from test_privacy import contents
from typer.testing import CliRunner, Result

from benchmarks import link_ids
from linkage import keyring, stages
from linkage.__main__ import app
from linkage.errors import LinkError, PrivacyError
from linkage.ledger import ledger_of
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.pseudonymisation.keys import Key, SubKey, TokenKey
from linkage.settings import Settings

# --- known answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "said", "answer"),
    [  # RFC 4231, test cases 1, 2, 3, 4, 6 and 7: HMAC-SHA-256
        ("0b" * 20, b"Hi There".hex(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe".hex(), b"what do ya want for nothing?".hex(),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ("aa" * 20, "dd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        ("0102030405060708090a0b0c0d0e0f10111213141516171819", "cd" * 50,
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        ("aa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First".hex(),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        ("aa" * 131, (b"This is a test using a larger than block-size key and a larger than block-size data. The key "
                      b"needs to be hashed before being used by the HMAC algorithm.").hex(),
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ],
)  # fmt: skip
def test_a_token_is_the_first_64_bits_of_hmac_sha_256_as_rfc_4231_has_it(key, said, answer):
    token = SubKey(bytes.fromhex(key)).token(bytes.fromhex(said).decode("latin-1"), "latin-1")
    assert struct.pack(">q", token).hex() == answer[:16]


@pytest.mark.parametrize(
    ("secret", "salt", "info", "answer"),
    [  # RFC 5869, test cases 1, 2 and 3: HKDF with SHA-256
        ("0b" * 22, bytes(range(13)).hex(), bytes(range(0xF0, 0xFA)).hex(),
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
        (bytes(range(0x50)).hex(), bytes(range(0x60, 0xB0)).hex(), bytes(range(0xB0, 0x100)).hex(),
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
         "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"),
        ("0b" * 22, "", "", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
    ],
)  # fmt: skip
def test_sub_keys_come_from_hkdf_as_rfc_5869_has_it(secret, salt, info, answer):
    derive = HKDF(SHA256(), len(answer) // 2, bytes.fromhex(salt), bytes.fromhex(info)).derive
    assert derive(bytes.fromhex(secret)).hex() == answer


def test_a_sub_key_is_that_hkdf_with_no_salt_and_parts_that_cannot_be_shifted():
    secret = bytes.fromhex(TEST_KEY)
    info = b"".join(struct.pack(">H", len(part)) + part for part in (b"womens-outcomes-linkage", b"ab", b"c"))
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    sub_key = hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()
    assert Key("k", secret).sub_key("ab", "c").token("x") == SubKey(sub_key).token("x")
    assert Key("k", secret).sub_key("a", "bc").token("x") != SubKey(sub_key).token("x")


# --- what may be used -------------------------------------------------------------------------------------------------


def refused(settings: Settings, why: str) -> None:
    """Pseudonymising stops with the reason, and neither writes a token nor shows a key."""
    with pytest.raises(PrivacyError, match=why) as stopped:
        stages.pseudonymise(settings, "court", court(settings, *map(unlike, range(300))))
    assert not any(key in str(stopped.value) for key in (TEST_KEY, RECORD_KEY))
    assert not settings.files.matching.root.exists()
    assert not settings.files.cohorts.root.exists()


@pytest.mark.parametrize("name", ["token", "records-court"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("epoch: test\n", "holds no key"),
        ("epoch: test\nkey:\n", "holds no key"),
        ("epoch: test\nkey: 00ff\n", "not 32 bytes"),
        ("epoch: test\nkey: " + "00" * 32, "is not random"),
        ("epoch: test\nkey: " + "ab12" * 16, "is not random"),
        ("", "is not a key file"),
        ("epoch: [", "is not a key file"),
    ],
)
def test_a_key_that_is_none_is_refused_with_its_file_and_what_to_do(settings, name, content, why):
    KeyFolder(settings.files.department.keys).path(name).write_text(content)
    refused(settings, rf"keys/{name}\.yaml.*{why}")


def test_an_epoch_of_strange_signs_is_refused(settings):
    path = KeyFolder(settings.files.department.keys).path("token")
    path.write_text(f"epoch: ../x\nkey: {TEST_KEY}\n")
    refused(settings, "names an epoch of other signs")
    for act in (keyring.rotate_keys, keyring.destroy_epoch):
        with pytest.raises(PrivacyError, match="An epoch is named with letters|of other signs"):
            act(settings, "../x")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_key_that_others_can_reach_is_refused(settings, mode):
    KeyFolder(settings.files.department.keys).path("token").chmod(mode)
    refused(settings, "can be read by others. Close it")


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_others_can_write_to_is_refused(settings, mode):
    settings.files.department.keys.chmod(mode)
    refused(settings, "can be written to by others")


def test_a_key_behind_a_link_is_refused(settings, tmp_path):
    path = KeyFolder(settings.files.department.keys).path("token")
    path.rename(tmp_path / "elsewhere.yaml")
    path.symlink_to(tmp_path / "elsewhere.yaml")
    refused(settings, "not a link")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_key_that_is_no_file_is_refused_and_not_waited_for(settings, make):
    path = KeyFolder(settings.files.department.keys).path("token")
    path.unlink()
    make(path, 0o700)
    refused(settings, "token.yaml is not a file. Put it away")


def test_a_log_that_is_not_there_is_not_said_to_hold(bare):
    answer = said("audit", "verify", settings=bare)
    assert answer.exit_code == 0
    assert "There is no log" in answer.output
    assert "sealing" not in answer.output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_key_or_folder_of_somebody_else_is_refused(settings):
    keys = settings.files.department.keys
    os.chown(keys / "token.yaml", 12345, 12345)
    refused(settings, "belongs to somebody else, who knows the key")
    os.chown(keys / "token.yaml", 0, 0)
    os.chown(keys, 12345, 12345)
    refused(settings, "keys belongs to somebody else")


def test_a_token_key_that_is_also_a_record_key_is_refused(settings):
    KeyFolder(settings.files.department.keys).path("records-court").write_text(f"key: {TEST_KEY}\n")
    refused(settings, "token.yaml and .*records-court.yaml hold one and the same key.*linkage keys rotate")


def test_a_broken_log_stops_the_stages_that_would_write_to_it(settings):
    keyring.rotate_keys(settings, "next")
    settings.files.log.write_bytes(b"")
    refused(settings, "entries 1 to 1 are missing")
    with pytest.raises(PrivacyError, match="entries 1 to 1 are missing"):
        keyring.rotate_keys(settings, "another")
    assert KeyFolder(settings.files.department.keys).token_key().epoch == "next"


def said(*words: str, settings: Settings) -> Result:
    """What a command answers, in this process."""
    return CliRunner().invoke(app, [*words, "--workspace", str(settings.workspace), "--schemas", str(settings.schemas)])


# --- made and shown ---------------------------------------------------------------------------------------------------


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    """The repository's declarations, and a workspace without keys."""
    return Settings(schemas=REPOSITORY / "schemas", workspace=tmp_path / "workspace")


def test_keys_are_shown_by_fingerprint_epoch_and_age_and_never_themselves(bare):
    assert said("keys", "new", "--epoch", "2026", settings=bare).exit_code == 0
    shown = linkage("keys", "show", "--workspace", bare.workspace)
    keys = KeyFolder(bare.files.department.keys)
    assert keys.token_key().fingerprint in shown.stdout
    assert all(word in shown.stdout for word in ("2026", "current", "0 days", "records-court", "outlives epochs"))
    secrets = [keys.token_key().key.secret.hex(), keys.record_key("court").secret.hex()]
    assert not any(secret in shown.stdout + shown.stderr for secret in secrets)
    assert not any(secret.encode() in bare.files.log.read_bytes() for secret in secrets)


def test_making_keys_is_logged_once(bare):
    stages.new_keys(bare, "2026")
    stages.new_keys(bare, "2026")
    (entry,) = ledger_of(bare).verify().entries
    assert (entry.what, entry.details["epoch"]) == ("keys made", "2026")
    assert set(entry.details["keys"]) == {"token", *(f"records-{name}" for name in bare.datasets)}


# --- rotated and destroyed --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rotated(tmp_path_factory) -> tuple[Settings, dict[str, list], set[int]]:
    """Two extracts linked, the epoch rotated, and both linked again: what was known before, and the old tokens."""
    folder = tmp_path_factory.mktemp("rotated")
    settings = Settings(schemas=folder / "schemas", workspace=folder / "workspace")
    shutil.copytree(REPOSITORY / "schemas", settings.schemas)
    for path in (settings.schemas / "datasets").glob("*.yaml"):
        if path.stem not in ("court", "paye"):
            path.unlink()
    declared = settings.schemas / "encodings.yaml"  # training samples, so that it would not find the same weights twice
    declared.write_text(declared.read_text().replace("em_blocks:", "max_pairs: 50000\n      em_blocks:"))
    stages.synthesise(settings, people=1_000, seed=11)
    stages.new_keys(settings, "2026")
    link_ids.linked(settings)
    known = {"people": index(settings), "records": attributes(settings), "model": [model_of(settings)]}
    tokens = {n for row in encoded(settings) for n in numbers(row)}
    keyring.rotate_keys(settings, "2027")
    stages.pseudonymise(settings, "paye")
    with pytest.raises(PrivacyError, match="different keys, epochs or versions"):
        stages.score(settings, "names")
    link_ids.linked(settings)
    return settings, known, tokens


def index(settings: Settings) -> list[tuple]:
    """The rows of the person index."""
    return duckdb.sql(f"from '{settings.files.matching.person_index}' order by all").fetchall()


def model_of(settings: Settings) -> str:
    """The weights that full names were compared with."""
    return settings.files.matching.model("names").read_text()


def numbers(row: dict) -> list[int]:
    """Every token of a row, and its pseudonym."""
    return [n for value in row.values() for n in (value if isinstance(value, list) else [value]) if isinstance(n, int)]


def test_a_rotation_changes_every_token_and_keeps_every_record_and_person_id(rotated):
    settings, known, tokens = rotated
    assert attributes(settings) == known["records"]
    assert index(settings) == known["people"]
    assert not tokens & {n for row in encoded(settings) for n in numbers(row)}


def test_after_a_rotation_the_same_extracts_keep_their_weights(rotated):
    settings, known, _ = rotated
    assert [model_of(settings)] == known["model"]


def test_the_key_of_the_earlier_epoch_is_kept_aside(rotated):
    states = {row["epoch"]: row["state"] for row in keyring.show_keys(rotated[0])}
    assert (states["2026"], states["2027"]) == ("kept aside", "current")


def test_nothing_of_a_destroyed_epoch_can_be_read_and_the_receipt_says_what_went(rotated, tmp_path):
    settings, _, _ = rotated
    keys = KeyFolder(settings.files.department.keys)
    secret, people = keys.token_key().key.secret, index(settings)
    tokens = {n for name in settings.datasets for row in encoded_anywhere(settings, name) for n in numbers(row)}
    assert found(settings, tokens, secret), "the search finds them while they are there"
    receipt = keyring.destroy_epoch(settings, "2027")
    assert found(settings, tokens, secret) == []
    assert index(settings) == people
    assert ledger_of(settings).verify().entries[-1] == receipt
    assert {"matching/encoded/names/court.parquet", "matching/links/pairs/names.parquet", "token.yaml"} <= set(
        receipt.details["deleted"]
    )
    with pytest.raises(LinkError, match="has not been pseudonymised"):
        stages.score(settings, "names")
    with pytest.raises(PrivacyError, match="token.yaml is not there"):
        stages.pseudonymise(settings, "court")
    with pytest.raises(PrivacyError, match="holds no token key of epoch '2027'"):
        keyring.destroy_epoch(settings, "2027")
    for again in (stages.new_keys, keyring.rotate_keys):
        with pytest.raises(PrivacyError, match="Epoch '2027' was destroyed"):
            again(settings, "2027")


def encoded_anywhere(settings: Settings, dataset: str) -> list[dict]:
    """The encoded rows of a dataset in the first view it is seen in."""
    return encoded(settings, settings.datasets[dataset].views(settings.encodings)[0], dataset)


def found(settings: Settings, tokens: set[int], secret: bytes) -> list[str]:
    """The files of a workspace in which any token stands as digits, one in so many as bytes, or the key."""
    some = sorted(tokens)[:: max(1, len(tokens) // 100)]
    packed = {form for n in some for form in (struct.pack("<q", n), struct.pack(">q", n))}
    packed |= {secret, secret.hex().encode()}
    files = [path for path in settings.workspace.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(tells(content, tokens, packed) for content in contents(path))]


def tells(content: bytes, tokens: set[int], packed: set[bytes]) -> bool:
    """Does a content hold a token in digits, or one of the packed forms?"""
    if not tokens.isdisjoint(map(int, re.findall(rb"-?\d{15,19}", content))):
        return True
    return any(form in content for form in packed)


def test_destroying_asks_first_and_prints_the_receipt(settings):
    stages.pseudonymise(settings, "court", court(settings, *map(unlike, range(300))))
    declined = said("keys", "destroy", "--epoch", "test", settings=settings)
    assert declined.exit_code == 1
    assert settings.files.matching.encoded("names", "court").exists()
    done = said("keys", "destroy", "--epoch", "test", "--yes", settings=settings)
    assert done.exit_code == 0, done.output
    head = ledger_of(settings).verify().head
    assert head in done.output
    assert said("audit", "verify", "--contains", head, settings=settings).exit_code == 0
    other = linkage("audit", "verify", "--contains", "0" * 64, "--workspace", settings.workspace)
    assert other.returncode == 12


def test_a_rotation_that_was_killed_half_way_can_be_run_again(settings):
    folder = settings.files.department.keys
    os.link(folder / "token.yaml", folder / "token-test.yaml")
    (folder / ".token.unfinished").write_text("half a k")
    keyring.rotate_keys(settings, "next")
    assert KeyFolder(folder).token_key().epoch == "next"
    assert KeyFolder(folder).kept_aside()["test"] == TokenKey(
        "test", Key(str(folder / "token-test.yaml"), bytes.fromhex(TEST_KEY))
    )
    with pytest.raises(PrivacyError, match="has a token key of epoch 'test' already"):
        keyring.rotate_keys(settings, "test")


def test_only_the_tokens_of_the_destroyed_epoch_go(settings):
    stages.pseudonymise(settings, "court", court(settings, *map(unlike, range(300))))
    keyring.rotate_keys(settings, "next")
    stages.pseudonymise(settings, "paye", court(settings, *map(employed, range(300)), header=PAYE))
    receipt = keyring.destroy_epoch(settings, "test")
    assert not [name for name in receipt.details["deleted"] if "paye" in name]
    assert not settings.files.matching.encoded("names", "court").exists()
    assert settings.files.matching.encoded("names", "paye").exists()
