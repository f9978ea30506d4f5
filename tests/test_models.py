"""A model is trained, compared, accepted by somebody for a reason, and used until another is."""

import dataclasses
import re

import pytest
from typer.testing import CliRunner

from linkage import models
from linkage.__main__ import app
from linkage.errors import LinkError
from linkage.ledger import ledger_of
from linkage.matching.model import Model, Weight
from linkage.settings import Settings

VIEW = "names"


def model(settings: Settings, m: float = 0.9, **changes: object) -> Model:
    weights = {"forename": (Weight("exact", m, 0.01), Weight("all else", 1 - m, 0.99))}
    made = Model(VIEW, settings.encodings.version, "5", 1e-4, weights, {"profiles": 7}, {"dob": 4}, ())
    return dataclasses.replace(made, **changes)


def never() -> Model:
    raise AssertionError("nothing was to be trained")


def in_use(settings: Settings, train=never) -> Model:
    return models.in_use(settings, VIEW, {}, "1/test/abc", train)


def test_an_accepted_model_is_used_until_another_is_accepted(settings):
    first, second = model(settings, 0.9), model(settings, 0.8)
    models.keep_candidate(settings, first)
    models.accept(settings, VIEW, "the quality lead", "the first one")
    assert in_use(settings) == first
    models.keep_candidate(settings, second)
    assert in_use(settings) == first
    card = models.accept(settings, VIEW, "the quality lead", "new deliveries")
    assert in_use(settings) == second
    assert card["replaced"] == models.fingerprint(first.to_json())
    assert models.card(settings, VIEW) == card


def test_without_an_accepted_model_one_is_trained_and_a_new_epoch_of_the_same_extracts_keeps_it(settings):
    trained = model(settings)
    assert models.in_use(settings, VIEW, {}, "1/2026/abc", lambda: trained) == trained
    assert models.in_use(settings, VIEW, {}, "1/2027/def", never) == trained


def test_acceptance_is_logged_with_who_and_why(settings):
    models.keep_candidate(settings, model(settings))
    models.accept(settings, VIEW, "the quality lead", "looked at every weight")
    entry = ledger_of(settings).verify().entries[-1]
    assert (entry.what, entry.details["by"], entry.details["why"]) == (
        "model accepted", "the quality lead", "looked at every weight",
    )  # fmt: skip


@pytest.mark.parametrize(("by", "why"), [("", "a reason"), ("somebody", " ")])
def test_nobody_accepts_a_model_without_a_name_and_a_reason(settings, by, why):
    models.keep_candidate(settings, model(settings))
    with pytest.raises(LinkError, match="by somebody and for a reason"):
        models.accept(settings, VIEW, by, why)
    assert models.read(settings, VIEW, models.ACCEPTED) is None


def test_there_is_nothing_to_accept_without_a_candidate(settings):
    with pytest.raises(LinkError, match="linkage model train"):
        models.accept(settings, VIEW, "somebody", "a reason")


def test_a_model_of_another_linkage_schema_is_neither_accepted_nor_used(settings):
    models.keep_candidate(settings, model(settings, encodings_version="0"))
    with pytest.raises(LinkError, match="version 0"):
        models.accept(settings, VIEW, "somebody", "a reason")
    path = settings.files.matching.kept_model(VIEW, models.ACCEPTED)
    settings.files.matching.kept_model(VIEW, models.CANDIDATE).rename(make_parent(path))
    with pytest.raises(LinkError, match="linkage model train"):
        in_use(settings)


def make_parent(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_changes_are_in_bits_and_the_largest_comes_first(settings):
    other = {
        "forename": (Weight("exact", 0.9, 0.02), Weight("all else", 0.1, 0.98)),
        "pnc": (Weight("exact", 0.9, 0.1),),
    }
    rows = models.changes(model(settings), model(settings, comparisons=other))
    assert [(row.comparison, row.label) for row in rows] == [
        ("pnc", "exact"), ("forename", "exact"), ("forename", "all else"),
    ]  # fmt: skip
    assert rows[1].accepted - rows[1].candidate == pytest.approx(1.0)
    assert rows[0].accepted is None


def test_the_commands_show_what_changed_and_say_what_to_do_next(settings):
    def linkage(*words: str):
        return CliRunner().invoke(app, ["model", *words, "--view", VIEW, "--workspace", str(settings.workspace)])

    assert isinstance(linkage("compare").exception, LinkError)
    models.keep_candidate(settings, model(settings))
    first = linkage("compare").output
    assert "every weight of the candidate is new" in first
    assert re.search(r"forename +exact +none +\+6\.49", first)
    assert "one person: none accepted" in first
    assert "levels; all are on the page" not in first
    many = {f"column {n}": (Weight("exact", 0.9, 0.1), Weight("all else", 0.1, 0.9)) for n in range(7)}
    models.keep_candidate(settings, model(settings, comparisons=many))
    assert "12 of 14 levels; all are on the page." in linkage("compare").output
    models.keep_candidate(settings, model(settings))
    done = linkage("accept", "--by", "the quality lead", "--why", "it is the first")
    assert done.exit_code == 0, done.output
    assert "linkage link" in done.output
    models.keep_candidate(settings, model(settings, 0.45))
    assert "+6.49     +5.49" in linkage("compare").output


def test_a_model_has_a_card_with_every_weight_drawn_and_what_changed(settings):
    models.keep_candidate(settings, model(settings, 0.9))
    models.accept(settings, VIEW, "the quality lead", "the first one")
    first = settings.files.matching.kept_model(VIEW, models.ACCEPTED).with_suffix(".html").read_text()
    assert "the quality lead" in first
    assert "forename, exact: +6.5" in first
    assert "What changed" not in first
    models.keep_candidate(settings, model(settings, 0.8))
    models.accept(settings, VIEW, "the quality lead", "new deliveries")
    second = settings.files.matching.kept_model(VIEW, models.ACCEPTED).with_suffix(".html").read_text()
    assert re.search(r"What changed.*forename: all else.*-3\.31.*-2\.31", second, re.DOTALL)
