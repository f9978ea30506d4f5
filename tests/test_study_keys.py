"""The study-id key of a project: its own, never replaced, and gone for good once destroyed."""

import pytest

from linkage import study_keys
from linkage.erasing import erase
from linkage.errors import PrivacyError
from linkage.ledger import ledger_of
from linkage.pseudonymisation.key_sources import KeyFolder
from linkage.pseudonymisation.keys import for_study_id


def test_two_projects_have_no_study_id_in_common_nor_two_cohorts_of_one_and_each_keeps_its_own(settings):
    for project in ("housing", "health"):
        study_keys.new_study_key(settings, project)
    keys = KeyFolder(settings.files.department.keys)
    people = [str(number) for number in range(100)]

    def ids(key: str, project: str, cohort: str) -> list[int]:
        return for_study_id(keys.study_key(key), project, cohort).tokens(people).tolist()

    asked = [("housing", "housing", "released"), ("health", "health", "released"), ("health", "health", "cautioned")]
    asked.append(("health", "housing", "released"))  # the key of another project
    assert len({one for words in asked for one in ids(*words)}) == 400
    assert ids(*asked[1]) == ids(*asked[1])


def test_a_study_id_key_is_never_replaced_and_a_destroyed_one_never_made_again(settings):
    fingerprint = study_keys.new_study_key(settings, "housing")
    with pytest.raises(PrivacyError, match="is there already"):
        study_keys.new_study_key(settings, "housing")
    receipt = study_keys.destroy_study_key(settings, "housing")
    assert (receipt.details["project"], receipt.details["fingerprint"]) == ("housing", fingerprint)
    assert not KeyFolder(settings.files.department.keys).path("study-housing").exists()
    with pytest.raises(PrivacyError, match="was destroyed, and it must stay true"):
        study_keys.new_study_key(settings, "housing")
    assert ledger_of(settings).verify().entries[-1] == receipt


def test_whoever_ends_a_project_again_is_given_the_receipt_again(settings):
    study_keys.new_study_key(settings, "housing")
    receipt = study_keys.destroy_study_key(settings, "housing")
    assert study_keys.destroy_study_key(settings, "housing") == receipt
    with pytest.raises(PrivacyError, match="There is no project health"):
        study_keys.destroy_study_key(settings, "health")


def test_a_receipt_holds_whatever_is_logged_beside_it(settings):
    ledger_of(settings).append(study_keys.DESTROYED, project="housing", fingerprint="12345678", deleted=[], left=[])
    with pytest.raises(PrivacyError, match="was destroyed, and it must stay true"):
        study_keys.new_study_key(settings, "housing")


def test_a_project_whose_key_is_lost_makes_no_other_and_can_be_ended(settings):
    fingerprint = study_keys.new_study_key(settings, "housing")
    KeyFolder(settings.files.department.keys).path("study-housing").unlink()
    for act in (study_keys.new_study_key, study_keys.study_key):
        with pytest.raises(PrivacyError, match=r"lost. Put it back .* or end the project: linkage project destroy"):
            act(settings, "housing")
    receipt = study_keys.destroy_study_key(settings, "housing")
    assert receipt.details["fingerprint"] == fingerprint
    assert receipt.details["deleted"] == []


def test_a_link_is_not_erased_nor_what_it_leads_to(tmp_path):
    other, link = tmp_path / "somebody else's", tmp_path / "link"
    other.write_text("content")
    link.symlink_to(other)
    with pytest.raises(PrivacyError, match="is a link"):
        erase(link)
    assert other.read_text() == "content"
    assert link.is_symlink()


@pytest.mark.parametrize("project", ["", "../records-court", "Housing", "a b"])
def test_a_project_of_strange_signs_is_refused(settings, project):
    with pytest.raises(PrivacyError, match="small letters, digits"):
        study_keys.new_study_key(settings, project)


def test_no_name_leads_to_another_key(tmp_path):
    keys = KeyFolder(tmp_path / "keys")
    keys.make_for_study("housing")
    with pytest.raises(PrivacyError, match="a project is called by small letters"):
        keys.study_key("housing/../housing")
