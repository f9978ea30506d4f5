"""The attack from file to file: a workspace's tokens, what is said of them, and what is written down."""

import json
import shutil
from pathlib import Path

import pytest
from conftest import REPOSITORY, TEST_KEY, put_test_keys
from small_extracts import court, unlike

from benchmarks.token_sets import SETS, written
from linkage import facts, intrusion, stages
from linkage.attack.score import OVERALL
from linkage.errors import ContractError, LinkError, PrivacyError
from linkage.settings import Settings
from linkage.terminal import attack_verdict

SOME = ("court", "ndtms", "prison")


def test_a_token_set_is_the_same_whichever_sets_were_written_before_it(tmp_path):
    sets = ("exact", "exact_unmasked", "exact")
    first, _, again = (written(SETS[name], tmp_path / str(n)) / "encodings.yaml" for n, name in enumerate(sets))
    assert first.read_text() == again.read_text()


def test_nothing_encoded_is_not_attacked(settings):
    with pytest.raises(LinkError, match="linkage pseudonymise"):
        intrusion.attack(settings)


def test_tokens_of_another_version_than_the_intruder_would_learn_are_not_attacked(settings, tmp_path):
    stages.pseudonymise(settings, "court", court(settings, *map(unlike, range(300))))
    schemas = shutil.copytree(settings.schemas, tmp_path / "schemas")
    text = (schemas / "encodings.yaml").read_text()
    (schemas / "encodings.yaml").write_text(text.replace('version: "1"', 'version: "2"'))
    with pytest.raises(PrivacyError, match="encodings.yaml is 2-"):
        intrusion.attack(Settings(schemas, settings.workspace), knowledge=tmp_path)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A small invented workspace of three departments, names and initials among them, and what its attack found."""
    folder = tmp_path_factory.mktemp("attack")
    schemas = shutil.copytree(REPOSITORY / "schemas", folder / "schemas")
    for contract in set((schemas / "datasets").iterdir()) - {schemas / "datasets" / f"{name}.yaml" for name in SOME}:
        contract.unlink()
    settings = Settings(schemas=schemas, workspace=folder / "workspace")
    stages.synthesise(settings, people=400, seed=5)
    put_test_keys(settings)
    for dataset in settings.datasets:
        stages.pseudonymise(settings, dataset)
    return settings, intrusion.attack(settings, people=400, names=20)


def test_an_attack_that_misses_its_control_says_so(attacked):
    _, found = attacked
    assert found["control"]["proves"] is False
    assert "proves nothing" in attack_verdict(found)


def test_an_attack_on_invented_people_says_which_share_is_right_of_each_field(attacked):
    settings, found = attacked
    fields = {row["field"] for row in found["rows"]}
    rules = set(settings.encodings.views["names"].sealed_blocking)
    assert {"surname", "forename", "date_of_birth", "postcode_district", OVERALL, *rules} == fields
    assert all(0 <= row["right"] <= 1 for row in found["rows"])
    assert facts.read(settings, "attack") == json.loads(json.dumps(found))


def test_public_lists_give_fewer_than_a_twentieth_of_the_surnames_and_birth_dates_of_declared_tokens_away(attacked):
    rows = {row["field"]: row for row in attacked[1]["rows"] if row["knowledge"] == intrusion.WITHOUT}
    assert rows["surname"]["right"] < 0.05
    assert rows["date_of_birth"]["right"] < 0.05


def test_the_truth_of_a_row_is_what_its_extract_says_in_standard_form(attacked):
    settings, _ = attacked
    target = intrusion.target_of(settings)
    truth, _ = intrusion.truth_of(settings, target)
    surnames = truth["surname"][target.rows["dataset"] == "prison"]
    assert surnames.notna().all()
    assert surnames.groupby(target.classes("surname")).nunique().max() == 1
    assert truth["date_of_birth"].dropna().str.fullmatch(r"(19|20)\d\d-\d\d-\d\d").all()


def test_the_files_of_an_attack_hold_no_name_and_no_key(attacked):
    settings, _ = attacked
    said = settings.files.quality.fact("attack").read_text().lower()
    assert "smith" not in said
    assert TEST_KEY not in said


def test_real_records_are_attacked_with_public_knowledge_and_never_opened(attacked, monkeypatch):
    settings, _ = attacked
    monkeypatch.setattr(facts, "invented", lambda _: False)
    monkeypatch.setattr(intrusion, "truth_of", lambda *_: pytest.fail("opened real records"))
    with pytest.raises(ContractError, match="--knowledge"):
        intrusion.attack(settings)
    found = intrusion.attack(settings, settings.files.department.extract("."), people=100, names=20)
    assert {row["right"] for row in found["rows"]} == {None}


def test_the_quality_report_quotes_the_attack_and_that_it_missed_its_control(attacked):
    settings, found = attacked
    facts.write(settings, "attack", found)
    page = Path(stages.report(settings)).read_text()
    assert "Attack on the tokens" in page
    assert "this attack proves nothing" in page


def test_an_attack_is_forgotten_when_the_tokens_change(attacked):
    settings, found = attacked
    facts.write(settings, "attack", found)
    stages.pseudonymise(settings, "prison")
    assert facts.read(settings, "attack") is None
