"""What stages note about a run: counts as small JSON files, the input of the quality report and of the manifest."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linkage.settings import Settings
from linkage.workspace import write_text

OF_LINKAGE = ("linkage", "expected", "unlinkable", "gates/person_index")
FOR_THE_QUALITY_LEAD = ("expected", "expected_groups", "unlinkable", "link_rates", "quality", "calibration")
OF_TOKENS = ("attack", "sealed", "blocking")
OF_RELEASE = ("gates/tables", "stopped", "suppression", "audit", "release")
OF_GROUPS = ("link_errors", "perfect_cells", "perfect_sums", "agreement", "link_rates", "expected_groups")
OF_COUNTS = (*OF_GROUPS, "gates/linkage", "quality", "contradictions", "sex_conflicts", "reach")
AFTER_LINKAGE = (*OF_COUNTS, "evaluation", "calibration", *OF_RELEASE)


def write(settings: Settings, name: str, facts: Any) -> None:
    """Counts of a stage, for the quality report."""
    write_text(json.dumps(facts, indent=1, sort_keys=True, default=str) + "\n", settings.files.quality.fact(name))


def forget(settings: Settings, names: tuple[str, ...]) -> None:
    """Drop what later stages noted about an earlier run, so that a report never mixes two."""
    for name in names:
        settings.files.quality.fact(name).unlink(missing_ok=True)
        shutil.rmtree(settings.files.quality.fact(name).with_suffix(""), ignore_errors=True)


def read(settings: Settings, name: str) -> Any:
    """Facts of a stage; None where it has not run."""
    path = settings.files.quality.fact(name)
    return json.loads(path.read_text()) if path.exists() else None


def read_all(settings: Settings, group: str) -> list[Any]:
    """The facts of a group, such as gates, in name order."""
    folder = settings.files.quality.fact(group).with_suffix("")
    return [json.loads(path.read_text()) for path in sorted(folder.rglob("*.json"))]


def by_name(settings: Settings, group: str) -> dict[str, Any]:
    """{name: facts} of a group."""
    folder = settings.files.quality.fact(group).with_suffix("")
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def intake(settings: Settings) -> dict[str, Any]:
    """{dataset: the balance of its latest intake}."""
    return {facts["dataset"]: facts for facts in read_all(settings, "intake")}


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def mark_as_invented(
    settings: Settings, population: dict[str, Any] | None = None, extracts: Mapping[str, Path] | None = None
) -> None:
    """Note extracts as invented, by their content and not by their place.

    `population`: which one they are of (version, seed …); without it, of the one noted before. `extracts`: {dataset:
    its file}; without them, what lies where it is delivered now.
    """
    delivered = {name: settings.files.department.extract(one.path) for name, one in settings.datasets.items()}
    extracts = delivered if extracts is None else extracts
    hashes = {name: sha256(path) for name, path in extracts.items() if path.exists()}
    said = {"population": population or marks(settings).get("population", {}), "sha256": hashes}
    write_text(json.dumps(said, indent=1) + "\n", marks_path(settings))


def invented(settings: Settings) -> bool:
    """Was every extract that was taken in made by `synthesise`? Then there is nobody in it to protect."""
    taken_in = {name: facts["input_sha256"] for name, facts in intake(settings).items()}
    return bool(taken_in) and taken_in.items() <= marks(settings).get("sha256", {}).items()


def population(settings: Settings) -> str:
    """Which invented population the run is about, in words: its version and seed; '' where the extracts are real."""
    said = marks(settings).get("population", {}) if invented(settings) else {}
    return f"invented population version {said['version']}, seed {said['seed']}" if said else ""


def marks(settings: Settings) -> dict[str, Any]:
    """{population, sha256 of each extract} of what `synthesise` made last; nothing where it made nothing."""
    path = marks_path(settings)
    return dict(json.loads(path.read_text())) if path.exists() else {}


def marks_path(settings: Settings) -> Path:
    """Where that is noted."""
    return settings.files.truth / "invented.json"
