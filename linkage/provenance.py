"""What a release was made from, for its manifest and for the quality report."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from linkage import facts
from linkage.release.publish import Provenance
from linkage.report.pages import Masthead
from linkage.settings import Settings

BALANCE = ("rows_in", "rows_out", "out_of_scope")


def provenance(settings: Settings, masthead: Masthead) -> Provenance:
    """Hashes of inputs and declarations, weights, and how many rows each stage had."""
    intake, linkage = facts.intake(settings), facts.read(settings, "linkage") or {}
    models = {view: settings.files.matching.model(view) for view in settings.encodings.views}
    return Provenance(
        release=masthead.release,
        title=masthead.title,
        invented=masthead.invented,
        population=masthead.population,
        approval=masthead.approval,
        inputs={name: facts["input_sha256"] for name, facts in intake.items()},
        declarations={str(p.relative_to(settings.schemas)): facts.sha256(p) for p in declarations(settings)},
        models={view: weights(path) for view, path in models.items() if path.exists()},
        rows={f"intake {name}": {k: facts[k] for k in BALANCE} for name, facts in intake.items()}
        | {"linkage": {"records": linkage.get("records", 0), **linkage.get("clusters", {})}},
        packages=("apache-airflow", "splink", "duckdb", "pandas", "great-expectations", "womens-outcomes-linkage"),
    )


def declarations(settings: Settings) -> list[Path]:
    """Every declaration that a release is made by: all but those of projects, which get files of their own."""
    return sorted(set(settings.schemas.rglob("*.yaml")) - set(settings.schemas.glob("projects/*.yaml")))


def weights(path: Path) -> dict[str, Any]:
    """A trained model as it may leave: its weights and its hash; what it was trained on are counts, and stay."""
    said = json.loads(path.read_text(encoding="utf-8"))
    return {"sha256": facts.sha256(path)} | {name: value for name, value in said.items() if name != "training"}


def cells_by_table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """(table_id, published, suppressed, empty): how many cells of each table are shown."""
    tables: dict[str, Counter[str]] = {}
    for row in rows:
        kind = {"c": "suppressed", "z": "empty"}.get(row["status"], "published")
        tables.setdefault(row["table_id"], Counter())[kind] += 1
    return [{"table_id": t} | {k: n[k] for k in ("published", "suppressed", "empty")} for t, n in tables.items()]
