"""The study-id key of a project: its own, never replaced, and gone for good once destroyed."""

import pytest

from linkage import keyring
from linkage.errors import PrivacyError
from linkage.ledger import ledger_of
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.pseudonymisation.keys import for_study_id


def test_two_projects_have_no_study_id_in_common_and_one_keeps_its_own(settings):
    for project in ("housing", "health"):
        keyring.new_study_key(settings, project)
    keys = KeyFolder(settings.files.department.keys)
    people = [str(number) for number in range(100)]
    ids = {p: for_study_id(keys.study_key(p), p).tokens(people).tolist() for p in ("housing", "health")}
    assert not set(ids["housing"]) & set(ids["health"])
    assert for_study_id(keys.study_key("health"), "health").tokens(people).tolist() == ids["health"]
    same_key_other_project = for_study_id(keys.study_key("health"), "housing").tokens(people).tolist()
    assert not set(same_key_other_project) & set(ids["health"])


def test_a_study_id_key_is_never_replaced_and_a_destroyed_one_never_made_again(settings):
    fingerprint = keyring.new_study_key(settings, "housing")
    with pytest.raises(PrivacyError, match="is there already"):
        keyring.new_study_key(settings, "housing")
    receipt = keyring.destroy_study_key(settings, "housing")
    assert (receipt.details["project"], receipt.details["fingerprint"]) == ("housing", fingerprint)
    assert not KeyFolder(settings.files.department.keys).path("study-housing").exists()
    for act in (keyring.destroy_study_key, keyring.new_study_key):
        with pytest.raises(PrivacyError):
            act(settings, "housing")
    assert ledger_of(settings).verify().entries[-1] == receipt


@pytest.mark.parametrize("project", ["", "../records-court", "Housing", "a b"])
def test_a_project_of_strange_signs_is_refused(settings, project):
    with pytest.raises(PrivacyError, match="small letters, digits"):
        keyring.new_study_key(settings, project)


def test_no_name_leads_to_another_key(tmp_path):
    keys = KeyFolder(tmp_path / "keys")
    keys.make_for_study("housing")
    with pytest.raises(PrivacyError, match="a project is called by small letters"):
        keys.study_key("housing/../housing")
