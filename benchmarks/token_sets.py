"""Candidate token sets for the rows that are scored, as declarations: what is attacked and linked is what is written.

A set is the repository's schemas with an edit, in a folder of its own.
"""

import shutil
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SCHEMAS = Path(__file__).parent.parent / "schemas"
VIEWS = yaml.safe_load(Path(__file__).with_name("token_sets.yaml").read_text())
Declared = dict[str, Any]


@dataclass(frozen=True)
class TokenSet:
    """`edits`: what is done to the parsed linkage schema. `sensitivity`: the profile that every dataset takes."""

    about: str
    edits: Sequence[Callable[[Declared], None]] = ()
    sensitivity: str | None = None


def exact(declared: Declared) -> None:
    """A token of each name and one-digit wildcards of dates."""
    for view, of in deepcopy(VIEWS["exact"]).items():
        declared["views"][view] |= of
    for profile in declared["profiles"].values():
        profile.pop("without_tokens", None)


def without_wildcards(declared: Declared) -> None:
    """No wildcards of dates, and no level that looks at them."""
    for view in declared["views"].values():
        view["tokens"].pop("dob_wild")
        levels = view["comparisons"]["date_of_birth"]["levels"]
        view["comparisons"]["date_of_birth"]["levels"] = [one for one in levels if one.get("share") != ["dob_wild"]]


def letters_alone(declared: Declared) -> None:
    """Letters of names as tokens of their own."""
    declared["views"]["initials"] |= VIEWS["letters_alone"]["initials"]


SETS = {
    "exact": TokenSet("names and masked dates as tokens of their own", [exact]),
    "exact_unmasked": TokenSet("the same without masked dates", [exact, without_wildcards]),
    "default": TokenSet("as declared"),
    "letters_alone": TokenSet("as declared, and letters of names as tokens of their own", [letters_alone]),
    "high_sensitivity": TokenSet("the declared profile", sensitivity="high_sensitivity"),
}


def written(token_set: TokenSet, folder: Path) -> Path:
    """The schemas of a set, in `folder`."""
    shutil.copytree(SCHEMAS, folder, dirs_exist_ok=True)
    declared = yaml.safe_load((SCHEMAS / "encodings.yaml").read_text())
    for edit in token_set.edits:
        edit(declared)
    (folder / "encodings.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
    if token_set.sensitivity:
        for contract in (folder / "datasets").glob("*.yaml"):
            said = yaml.safe_load(contract.read_text())
            said["customProperties"].append({"property": "sensitivity", "value": token_set.sensitivity})
            contract.write_text(yaml.safe_dump(said, sort_keys=False))
    return folder
