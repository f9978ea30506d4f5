"""An epoch that ends: after a killed run too, without its key, and for good."""

import json
import shutil

import pytest
from conftest import REPOSITORY
from small_extracts import court, unlike

from linkage import keyring, stages
from linkage.errors import PrivacyError
from linkage.ledger import ledger_of
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.settings import Settings


def without_the_last_entry(settings: Settings) -> None:
    """The log as it was before its last entry was written."""
    *kept, _ = settings.files.log.read_bytes().splitlines(keepends=True)
    settings.files.log.write_bytes(b"".join(kept))
    last = json.loads(kept[-1])
    settings.files.quality.log_head.write_text(json.dumps({"n": last["n"], "hash": last["hash"]}))


@pytest.mark.parametrize("key_is_gone", [True, False])
def test_a_destruction_that_was_killed_half_way_is_run_again_and_leaves_a_receipt(settings, key_is_gone):
    stages.pseudonymise(settings, "court", court(settings, *map(unlike, range(300))))
    key = settings.files.department.keys / "token.yaml"
    content = key.read_text()
    keyring.destroy_epoch(settings, "test")
    without_the_last_entry(settings)
    if not key_is_gone:
        key.touch(mode=0o600)
        key.write_text(content)
    with pytest.raises(PrivacyError, match="Epoch 'test' was destroyed"):
        stages.new_keys(settings, "test")
    receipt = keyring.destroy_epoch(settings, "test")
    assert ledger_of(settings).verify().entries[-1] == receipt
    assert (receipt.what, receipt.details["epoch"]) == (keyring.DESTROYED, "test")
    assert not key.exists()
    gone = {name for e in ledger_of(settings).verify().entries for name in e.details.get("deleted", [])}
    assert {"matching/encoded/names/court.parquet", "token.yaml"} <= gone
    with pytest.raises(PrivacyError, match="holds no token key of epoch 'test'"):
        keyring.destroy_epoch(settings, "test")


def test_tokens_whose_key_is_in_a_vault_go_with_a_receipt_of_the_fingerprint_they_bear(settings):
    stages.pseudonymise(settings, "court", court(settings, *map(unlike, range(300))))
    fingerprint = KeyFolder(settings.files.department.keys).token_key().fingerprint
    shutil.rmtree(settings.files.department.keys)
    with pytest.raises(PrivacyError, match="holds no token key of epoch 'another'"):
        keyring.destroy_epoch(settings, "another")
    receipt = keyring.destroy_epoch(settings, "test")
    assert receipt.details["fingerprint"] == fingerprint
    assert "matching/encoded/names/court.parquet" in receipt.details["deleted"]
    assert not list(settings.files.matching.root.rglob("*.parquet"))
    with pytest.raises(PrivacyError, match="holds no token key of epoch 'test'"):
        keyring.destroy_epoch(settings, "test")


def test_tokens_that_a_killed_run_spilled_go_with_their_epoch(settings):
    spilled = settings.files.department.scratch("court") / "duckdb_temp_storage-0.tmp"
    spilled.parent.mkdir(parents=True)
    spilled.write_bytes(b"tokens")
    keyring.destroy_epoch(settings, "test")
    assert not spilled.exists()


def test_the_first_epoch_is_not_begun_again_once_it_was_destroyed(tmp_path):
    bare = Settings(schemas=REPOSITORY / "schemas", workspace=tmp_path / "workspace")
    stages.new_keys(bare)
    keyring.destroy_epoch(bare, "1")
    with pytest.raises(PrivacyError, match="Epoch '1' was destroyed"):
        stages.new_keys(bare)
    assert not (bare.files.department.keys / "token.yaml").exists()
