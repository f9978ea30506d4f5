"""What is declared: a mistake is refused when the file is read, naming the file, the place and the remedy."""

import shutil
from pathlib import Path

import pytest
from conftest import REPOSITORY

from linkage import stages
from linkage.contracts.dataset import read_datasets
from linkage.contracts.encodings import read_encodings
from linkage.contracts.reading import parsed
from linkage.contracts.scope import read_scope
from linkage.errors import ContractError, PrivacyError
from linkage.settings import Settings


@pytest.fixture
def schemas(tmp_path) -> Path:
    """A copy of the declarations to make mistakes in."""
    shutil.copytree(REPOSITORY / "expectations", tmp_path / "expectations")
    return shutil.copytree(REPOSITORY / "schemas", tmp_path / "schemas")


def change(path: Path, old: str, new: str) -> None:
    """Make one mistake."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("datasets/court.yaml", "kind: DataContract", "knd: DataContract", "knd"),
        ("datasets/court.yaml", "primaryKey: true", "required: true", "the record's own id"),
        ("datasets/court.yaml", "value: surname", "value: family_name", "'family_name' is not in encodings.yaml"),
        ("datasets/court.yaml", "value: event_register", "value: register", "'register' is not one of"),
        ("datasets/court.yaml", "format: dd/MM/yyyy", "format: dd/QQ/yyyy", "date format"),
        ("datasets/court.yaml", "name: breach", "name: record_id", "record_id"),
        ("datasets/court.yaml", "name: breach", "name: raw", "raw"),
        ("datasets/court.yaml", "path: court.csv", "path: ../court.csv", "leads out of the folder"),
        ("datasets/paye.yaml", "value: cp1252", "value: nonsense", "no encoding of text"),
        ("datasets/paye.yaml", "value: cp1252", "value: rot13", "no encoding of text"),
        ("datasets/paye.yaml", 'value: "|"', 'value: "||"', "not one character"),
        ("datasets/prison.yaml", "value: {birth_month: month}", "value: {birth_month: day}", "'day' is not one of"),
        ("datasets/prison.yaml", "value: {birth_month: month}", "value: [month]", "under which name"),
        ("encodings.yaml", 'version: "1"', "version: 1/2026", "version: "),
        ("encodings.yaml", 'version: "1"', "version: it's one", "version: "),
        ("encodings.yaml", "take: district", "take: corner", "tokens.postcode_district.take"),
        ("encodings.yaml", "{surname: parts,", "{surname: halves,", "tokens.surnames_dob.compound.0.surname"),
        ("encodings.yaml", "{surname: parts,", "{surnam: parts,", "tokens.surnames_dob: no identifier .'surnam'"),
        (
            "encodings.yaml",
            "[{forename: first_word}, {surname: whole}], key",
            "[{forename: first_word}], key",
            "two parts",
        ),
        ("encodings.yaml", "names: {compound:", "names: {from: surname, compound:", "either `from` an identifier or a"),
        (
            "encodings.yaml",
            "- [surname_dob]",
            "- [surname_dobb]",
            "names .'surname_dobb'., which are not among its tokens",
        ),
        ("encodings.yaml", "either: [forename_dob", "either: [forename_dbo", "names .'forename_dbo'"),
        ("encodings.yaml", "within: dob}", "within: dobb}", "names .'dobb'"),
        ("encodings.yaml", "within: dob}", "within: surnames_dob}", "'surnames_dob'. hold several tokens a row"),
        ("datasets/court.yaml", "personNumber, value: defendant_id", "personNumber, value: nino", "personNumber: no"),
        ("encodings.yaml", "standardise: [name,", "standardise: [nam,", "standardise"),
        ("scope.yaml", "sex: [F, not known]", "sx: [F]", "sx: there is no such field"),
        ("scope.yaml", "sex: [F, not known]", "sex: [Female]", "sex"),
        ("scope.yaml", "sex: [F, not known]", "sex: []", "sex"),
        ("link_quality.yaml", "red_below_ratio", "rde_below_ratio", "rde_below_ratio"),
        ("outcomes/employed_6_weeks.yaml", "day:", "dya:", "dya"),
    ],
)
def test_a_mistake_is_refused_with_its_file_and_place(schemas, file, old, new, says):
    change(schemas / file, old, new)
    if file.startswith(
        ("datasets", "encodings", "scope")
    ):  # read before what is published, whose examples take seconds
        shutil.rmtree(schemas / "tables")
    with pytest.raises(ContractError, match=says) as refused:
        stages.check(Settings(schemas, schemas.parent / "workspace"))
    assert Path(file).name in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("customProperties: [{property: identifier, value: forename}]", "", "forenames: a text that is neither"),
        (
            "customProperties:\n          - {property: identifier, value: date_of_birth}\n"
            "          - {property: derived, value: {birth_month: month}}",
            "",
            "like the identifier date_of_birth",
        ),
        ("customProperties: [{property: identifier, value: postcode}]", "", "is called like the identifier postcode"),
        ("name: breach", "name: nhs_number", "is called like the identifier nhs"),
        ("name: offence_date", "name: dob", "dob: is called like the identifier date_of_birth"),
        ("name: offence_date", "name: day_born", "day_born: is called like the identifier date_of_birth"),
        ("name: breach", "name: maiden_name", "maiden_name: is called like the identifier other_surname"),
        ("name: previous_offences", "name: hospital_number", "is called like the identifier nhs"),
        (
            "logicalType: string\n        customProperties: [{property: identifier, value: forename}]",
            "logicalType: boolean",
            "forenames: a text that is neither",
        ),
    ],
)
def test_an_identifier_that_would_leave_as_an_attribute_is_a_matter_of_privacy(schemas, old, new, says):
    change(schemas / "datasets" / "court.yaml", old, new)
    with pytest.raises(PrivacyError, match=f"court.yaml: .*{says}.*Mark it as an identifier"):
        stages.check(Settings(schemas, schemas.parent / "workspace"))


@pytest.mark.parametrize("said", ['" "', "true", '"no"'])
def test_a_text_leaves_in_clear_only_for_a_reason_in_words(schemas, said):
    forename = "customProperties: [{property: identifier, value: forename}]"
    change(
        schemas / "datasets" / "court.yaml", forename, f"customProperties: [{{property: namesNobody, value: {said}}}]"
    )
    with pytest.raises(ContractError, match="court.yaml: forenames.namesNobody: say why in words"):
        read_datasets(schemas)


def test_the_mistakes_of_all_files_come_in_one_message(schemas):
    change(schemas / "datasets" / "court.yaml", "value: surname", "value: family_name")
    change(schemas / "datasets" / "paye.yaml", "value: cp1252", "value: nonsense")
    change(schemas / "scope.yaml", "sex:", "sx:")
    with pytest.raises(ContractError) as refused:
        stages.check(Settings(schemas, schemas.parent / "workspace"))
    assert all(name in str(refused.value) for name in ("court.yaml", "paye.yaml", "scope.yaml"))


@pytest.mark.parametrize("content", ["a: [1", "\x00", "d: 2025-02-30", "!!python/object/apply:os.system ['true']"])
def test_a_file_that_is_not_yaml_is_told_by_its_name(schemas, content):
    (schemas / "datasets" / "court.yaml").write_text(content)
    with pytest.raises(ContractError, match=r"court\.yaml"):
        read_datasets(schemas)


def test_a_workspace_without_a_scope_takes_everybody_in(schemas):
    (schemas / "scope.yaml").unlink()
    assert set(read_scope(schemas).sex) == {"F", "M", "not known"}


def test_a_contract_maps_to_what_the_code_uses():
    paye = read_datasets(REPOSITORY / "schemas")["paye"]
    assert (paye.coverage, paye.geography, paye.delimiter, paye.encoding) == (
        "event_register", "England and Wales", "|", "cp1252",
    )  # fmt: skip
    assert paye.column("date_of_birth").date_format == "%d-%m-%Y"
    assert set(paye.attributes) == {"start_date", "end_date", "hours", "first_paid", "last_paid", "sex"}
    assert paye.column("hours").codes["A"] == "up to 16"


def test_seven_departments_have_a_contract_and_a_woman_must_have_a_record_in_two_of_them():
    datasets = read_datasets(REPOSITORY / "schemas")
    assert set(datasets) == {"court", "dwp", "hclic", "ndtms", "paye", "prison", "probation"}
    assert {name for name, d in datasets.items() if d.coverage == "spine"} == {"prison", "probation"}
    assert {name for name, d in datasets.items() if d.geography == "England"} == {"hclic", "ndtms"}


def test_one_number_links_benefits_and_another_department_in_the_view_of_names():
    datasets, encodings = read_datasets(REPOSITORY / "schemas"), read_encodings(REPOSITORY / "schemas")
    holders = {name for name, d in datasets.items() if "nino" in d.identifiers}
    assert holders == {"dwp", "hclic", "paye", "probation"}
    assert all(datasets[name].views(encodings)[0] == "names" for name in holders)


@pytest.mark.parametrize("name", ["dwp", "hclic"])
def test_what_says_who_she_is_leaves_a_department_as_tokens_only(name):
    dataset = read_datasets(REPOSITORY / "schemas")[name]
    telling = {"forename", "surname", "date_of_birth", "postcode", "nino"}
    assert telling <= set(dataset.identifiers)
    assert not {c.name for kind in telling for c in dataset.identifiers[kind]} & set(dataset.attributes)


def test_keys_that_are_no_words_and_an_alias_to_itself_end_in_no_traceback():
    with pytest.raises(ContractError, match=r"odd.yaml line 1: not YAML"):
        parsed(Path("odd.yaml"), "? [a, b]\n: c\n")
    assert list(parsed(Path("odd.yaml"), "a: &a [*a]\n")) == ["a"]
    assert parsed(Path("odd.yaml"), "") is None
