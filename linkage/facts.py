"""What stages note about a run: counts as small JSON files, the input of the quality report and of the manifest."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from linkage.settings import Settings
from linkage.workspace import write_text

OF_LINKAGE = ("linkage", "gates/person_index")
AFTER_LINKAGE = ("link_rates", "contradictions", "sex_conflicts", "evaluation", "gates/tables", "audit", "release")


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


def intake(settings: Settings) -> dict[str, Any]:
    """{dataset: the balance of its latest intake}."""
    return {facts["dataset"]: facts for facts in read_all(settings, "intake")}


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def mark_as_invented(settings: Settings) -> None:
    """Note the extracts that lie where they are delivered now as invented, by their content and not by their place."""
    extracts = {name: settings.files.department.extract(d.path) for name, d in settings.datasets.items()}
    hashes = {name: sha256(path) for name, path in extracts.items() if path.exists()}
    write_text(json.dumps(hashes, indent=1) + "\n", settings.files.truth / "invented.json")


def invented(settings: Settings) -> bool:
    """Was every extract that was taken in made by `synthesise`? Then there is nobody in it to protect."""
    marks = settings.files.truth / "invented.json"
    taken_in = {name: facts["input_sha256"] for name, facts in intake(settings).items()}
    return bool(taken_in) and marks.exists() and taken_in.items() <= json.loads(marks.read_text()).items()
