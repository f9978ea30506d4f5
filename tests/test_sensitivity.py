"""How much of a row is told: by the profile of its dataset, and less of people whose address nobody may come near."""

import shutil

import duckdb
import pytest
from conftest import REPOSITORY
from small_extracts import ANN, HEADER, attributes, court, encoded, unlike

from linkage import stages
from linkage.contracts.encodings import Encodings, read_encodings
from linkage.errors import ContractError
from linkage.settings import Settings

MARKER = """      - name: protected
        description: does the court keep her address secret
        logicalType: string
        customProperties: [{property: protects, value: "Y"}]
        enum: [{value: "Y", label: "yes"}, {value: "N", label: "no"}]
"""
ADDRESS = {
    "postcode", "postcode_district", "dob_region", "forename_postcode", "surname_postcode", "surnames_postcode",
}  # fmt: skip


@pytest.fixture
def own(settings) -> Settings:
    """The declarations in a folder of the test's own."""
    shutil.copytree(REPOSITORY / "schemas", settings.workspace.parent / "schemas")
    return Settings(settings.workspace.parent / "schemas", settings.workspace)


def change(settings: Settings, old: str, new: str, file: str = "datasets/court.yaml") -> None:
    """Say something else in a declaration."""
    path = settings.schemas / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def test_a_protected_row_has_no_address_token_and_no_rule_key_of_one_and_keeps_the_rest(own):
    path = own.schemas / "datasets" / "court.yaml"
    path.write_text(path.read_text() + MARKER)
    there, hidden = f"{ANN.replace('a1,', 'x1,')},N", f"{ANN.replace('a1,', 'x2,')},Y"
    others = [f"{unlike(n)}," for n in range(300)]
    stages.pseudonymise(own, "court", court(own, there, hidden, *others, header=f"{HEADER},protected"))
    ann = [row for row in encoded(own) if row["pnc"] is not None]
    told, untold = sorted(ann, key=lambda row: row["postcode"] is None)
    tokens = own.encodings.views["names"].tokens
    assert {name for name, token in tokens.items() if any("postcode" in part for part in token.parts)} == ADDRESS
    assert [untold[name] for name in ADDRESS] == [None] * len(ADDRESS)
    assert None not in [told[name] for name in ADDRESS]
    rest = set(told) - {*ADDRESS, "view_id"}
    assert {"names", "names_dob_slip", "surnames_dob", "pnc"} <= rest
    assert [told[name] for name in rest] == [untold[name] for name in rest]
    assert rules_of(own, told) - rules_of(own, untold) == {
        "sound_of_names_and_sector", "initials_and_birth_month_and_district",
    }  # fmt: skip
    assert sorted(row["protected"] for row in attributes(own) if row["protected"]) == ["no", "yes"]


def rules_of(settings: Settings, row: dict) -> set[str]:
    """The sealed rules that a row has a key of."""
    keys, ids = settings.files.blocking.keys("names", "court"), settings.files.unsealing.crosswalk("names", "court")
    sql = f"select distinct rule from '{keys}' join '{ids}' using (block_id) where view_id = {row['view_id']}"
    return {rule for (rule,) in duckdb.sql(sql).fetchall()}


def test_rows_of_a_highly_sensitive_source_tell_less_and_can_still_be_compared(own):
    change(
        own,
        "value: event_register}\n",
        "value: event_register}\n  - {property: sensitivity, value: high_sensitivity}\n",
    )
    stages.pseudonymise(own, "court", court(own, ANN.replace("a1,", "x1,"), *map(unlike, range(300))))
    less = encoded(own)
    assert {"names", "surname_dob", "dob", "postcode", "pnc"} <= set(less[0])
    without = {
        "names_dob_slip",
        "surnames_dob",
        "surnames_postcode",
        "dob_region",
        "postcode_district",
    }
    assert not without & set(less[0])
    default = Settings(REPOSITORY / "schemas", own.workspace)
    stages.pseudonymise(default, "court", court(own, ANN.replace("a1,", "x1,"), *map(unlike, range(300))))
    whole = encoded(own)
    assert without <= set(whole[0])
    assert [row["surname_dob"] for row in whole] == [row["surname_dob"] for row in less]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("datasets/court.yaml", "value: event_register}\n",
         "value: event_register}\n  - {property: sensitivity, value: secret}\n", "has no profile 'secret'"),
        ("datasets/court.yaml", "      - name: disposal\n", MARKER.replace('value: "Y"}]', "value: X}]")
         + "      - name: disposal\n", "'X' is none of its codes"),
        ("datasets/court.yaml", "value: postcode}", "value: postcode}, {property: protects, value: A}",
         "an identifier protects nobody"),
        ("encodings.yaml", "without_tokens: [names_dob_slip,", "without_tokens: [names,", "which a view needs"),
        ("encodings.yaml", "without_tokens: [names_dob_slip,", "without_tokens: [nicknames,", "which no view"),
        ("encodings.yaml", "without_kinds: [postcode,", "without_kinds: [home,", "which no view and no identifier"),
    ],
)  # fmt: skip
def test_a_profile_that_does_not_do_what_it_says_is_refused(own, file, old, new, says):
    change(own, old, new, file)
    with pytest.raises(ContractError, match=says):
        stages.check(own)


def test_somebody_is_protected_only_where_the_schema_says_how(own):
    said = read_encodings(own.schemas).model_dump(by_alias=True)
    said["profiles"].pop("protected")
    (own.schemas / "encodings.yaml").write_text(Encodings.model_validate(said).model_dump_json(by_alias=True))
    change(own, "      - name: disposal\n", MARKER + "      - name: disposal\n")
    with pytest.raises(ContractError, match="has no profile 'protected'"):
        stages.check(own)
