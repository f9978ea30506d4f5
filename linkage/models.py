"""The life of a model: trained, compared with the accepted one, accepted by somebody, used until another is.

Weights are numbers about a population and not about keys: tokens of a new epoch agree in exactly the pairs in which the
old ones did, so an accepted model outlives epochs and deliveries. Until somebody has accepted one, a model is trained
on the tokens that are there, and kept for these very extracts: which pairs training samples hangs on the order of
pseudonyms, and so on the key, and a new epoch of the same extracts must not move anybody.
"""

import datetime
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import Any

import splink

from linkage import facts
from linkage.errors import LinkError
from linkage.keyring import epoch_of
from linkage.ledger import ledger_of
from linkage.matching.model import Model, model_from
from linkage.settings import Settings
from linkage.workspace import write_text

CANDIDATE, ACCEPTED = "candidate", "accepted"


@dataclass(frozen=True)
class Change:
    """What one level is worth, in bits, in two models; None where only one has it."""

    comparison: str
    label: str
    accepted: float | None
    candidate: float | None


def in_use(settings: Settings, view: str, compared: Mapping[str, bool], mark: str, train: Callable[[], Model]) -> Model:
    """The weights of a view: those accepted; else those kept for these very extracts; else trained now.

    Raises LinkError where the accepted model is of another linkage schema, and what `train` raises.
    """
    if accepted := read(settings, view, ACCEPTED):
        check_scheme(settings, accepted)
        return accepted
    files, inputs = settings.files.matching, inputs_of(settings, view, compared)
    own = files.lasting_model(view, inputs, epoch_of(mark))
    earlier = sorted(set(own.parent.glob(files.lasting_model(view, inputs, "*").name)) - {own})
    if earlier:
        return model_from(earlier[0].read_text(encoding="utf-8"))
    model = train()
    for path in own.parent.glob(files.lasting_model(view, "*", "*").name):
        path.unlink()
    write_text(model.to_json(), own)
    return model


def read(settings: Settings, view: str, which: str) -> Model | None:
    """The candidate or the accepted model of a view; None where there is none. Raises LinkError where it is damaged."""
    path = settings.files.matching.kept_model(view, which)
    return model_from(path.read_text(encoding="utf-8")) if path.exists() else None


def check_scheme(settings: Settings, model: Model) -> None:
    """Raises LinkError unless a model was trained under the version of the linkage schema that holds now."""
    version = settings.encodings.version
    if model.encodings_version != version:
        raise LinkError(
            f"View {model.view}: the accepted model was trained under version {model.encodings_version} of the linkage "
            f"schema, and {settings.schemas / 'encodings.yaml'} is version {version}. What an agreement is worth may "
            "have changed. Train another: linkage model train, then compare and accept it."
        )


def keep_candidate(settings: Settings, model: Model) -> Path:
    """Keep a model for somebody to look at and accept. Returns its path."""
    path = settings.files.matching.kept_model(model.view, CANDIDATE)
    write_text(model.to_json(), path)
    return path


def accept(settings: Settings, view: str, by: str, why: str) -> dict[str, Any]:
    """Make the candidate of a view the accepted model, and log who did and why. Returns its card.

    Raises LinkError where there is no candidate, or nobody and no reason is named.
    """
    if not by.strip() or not why.strip():
        raise LinkError("A model is accepted by somebody and for a reason: --by and --why.")
    candidate = read(settings, view, CANDIDATE)
    if candidate is None:
        raise LinkError(f"View {view} has no candidate to accept. Run: linkage model train")
    check_scheme(settings, candidate)
    text = candidate.to_json()
    card = {
        "view": view,
        "by": by,
        "why": why,
        "on": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "model": fingerprint(text),
        "trained_on": candidate.training,
        "converged_after": candidate.rounds,
        "replaced": fingerprint(earlier.to_json()) if (earlier := read(settings, view, ACCEPTED)) else None,
    }
    who = {"Accepted by": by, "Accepted on": str(card["on"]), "Because": why, "Model": str(card["model"])}
    ledger_of(settings).append("model accepted", **card)
    write_text(text, settings.files.matching.kept_model(view, ACCEPTED))
    write_page(settings, ACCEPTED, candidate, earlier, who)
    write_text(json.dumps(card, indent=1) + "\n", settings.files.matching.model_card(view))
    for path in settings.files.matching.kept_model(view, CANDIDATE).parent.glob(f"{view}.*"):
        path.unlink()
    return card


def write_page(settings: Settings, which: str, model: Model, before: Model | None, said: Mapping[str, str]) -> Path:
    """The card of a model as a page, beside it. `before`: the model that was in use. Returns the page's path."""
    from linkage.report import pages

    title, population = f"Model of view {model.view}", facts.population(settings)
    masthead = pages.Masthead("", title, facts.invented(settings), "", population)
    changed = [(c.comparison, c.label, c.accepted, c.candidate) for c in (changes(before, model) if before else [])]
    path = settings.files.matching.kept_model(model.view, which).with_suffix(".html")
    write_text(pages.model_card(masthead, json.loads(model.to_json()), said, changed), path)
    return path


def card(settings: Settings, view: str) -> dict[str, Any] | None:
    """Who accepted the model of a view, when, why, and what it was trained on; None where nobody has."""
    path = settings.files.matching.model_card(view)
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def fingerprint(text: str) -> str:
    """Sixteen hexadecimal digits of a model's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def changes(accepted: Model | None, candidate: Model) -> list[Change]:
    """What each level is worth in both, the largest difference first; `accepted`: None where none has been."""
    found = {ACCEPTED: worth(accepted) if accepted else {}, CANDIDATE: worth(candidate)}
    levels = dict.fromkeys([*found[ACCEPTED], *found[CANDIDATE]])
    rows = [Change(*level, found[ACCEPTED].get(level), found[CANDIDATE].get(level)) for level in levels]
    return sorted(rows, key=lambda row: -difference(row))


def worth(model: Model) -> dict[tuple[str, str], float]:
    """{(comparison, level): bits}."""
    return {(name, w.label): log2(w.m / w.u) for name, weights in model.comparisons.items() for w in weights if w.m}


def difference(row: Change) -> float:
    """Bits between two models; a level that only one has comes first."""
    return float("inf") if row.accepted is None or row.candidate is None else abs(row.accepted - row.candidate)


def inputs_of(settings: Settings, view: str, compared: Mapping[str, bool]) -> str:
    """Sixteen hexadecimal digits of a hash over all that weights hang on, but the key: extracts and declarations."""
    encodings, taken_in = settings.encodings, facts.intake(settings)
    said = {
        "extracts": {
            name: [taken_in[name]["input_sha256"], taken_in[name]["rows_out"], known]
            for name, known in compared.items()
        },
        "identifiers": {name: kind.model_dump(mode="json") for name, kind in encodings.identifiers.items()},
        "version": encodings.version,
        "view": encodings.views[view].model_dump(mode="json", by_alias=True),
        "splink": splink.__version__,
    }
    return fingerprint(json.dumps(said, sort_keys=True))
