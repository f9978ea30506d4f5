"""The audit finds what control must not let through, and shares no code with it."""

import ast
import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest
from conftest import REPOSITORY
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from small_counts import (
    BY_AGE,
    DEFAULTS,
    RULES,
    TITLES,
    TWO,
    control,
    counts,
    relation,
    released,
    true_of,
    weakest,
)

from linkage.errors import DisclosureError
from linkage.release.auditor import certificate
from linkage.release.auditor.files import audit, broken_rules, key, read_again, require_pass
from linkage.release.auditor.judge import judged, prove
from linkage.release.auditor.notes import AddsUp
from linkage.release.auditor.reader import Given
from linkage.release.columns import PUBLISHED
from linkage.release.draft import Declared


@functools.cache
def protected(drawing: str) -> list[dict[str, Any]]:
    """What control makes of a drawing: nothing of it may be changed."""
    return control(counts(drawing), RULES, TITLES)


def test_the_audit_passes_what_control_made_and_counts_it(tmp_path):
    made = protected(BY_AGE)
    assert audit(released(tmp_path / "demo", made), counts(BY_AGE), RULES).cells == 12


TAMPERED: list[tuple[str, dict[str, Any], str]] = [
    ("young", {"status": "u", "numerator": 5, "denominator": 50, "value": 10.0, "lower": 4.3, "upper": 21.4}, "fewer"),
    ("young", {"died": 20}, "is marked suppressed and yet holds a figure"),
    ("middle", {"numerator": 121}, "not rounded"),
    ("middle", {"numerator": 125, "value": 41.7}, "not from the count it stands for"),
    ("middle", {"denominator": None}, "not rounded"),
    ("middle", {"value": 40.1}, "does not follow"),
    ("middle", {"lower": 34.9}, "does not follow"),
    ("middle", {"upper": 46.0}, "does not follow"),
    ("middle", {"status": "u"}, "does not follow"),
]


@pytest.mark.parametrize(("category", "change", "finding"), TAMPERED)
def test_the_audit_finds_a_cell_that_breaks_a_rule(tmp_path, category, change, finding):
    made = protected(BY_AGE)
    rows = [row | change if row["category"] == category else row for row in made]
    folder = released(tmp_path / "demo", rows)
    with pytest.raises(DisclosureError, match=finding) as caught:
        audit(folder, counts(BY_AGE), RULES)
    assert f"work / released / employed / England / 2023 / age / {category} / high" in str(caught.value)
    assert not re.search(r"\b(4|5|50|46|120|300|76|150)\b", str(caught.value))


def test_the_audit_finds_a_category_suppressed_alone_under_its_total(tmp_path):
    made = protected(TWO)
    shown_again = {"status": "", "numerator": 195, "denominator": 450, "value": 43.3, "lower": 38.8, "upper": 47.9}
    shown_again |= {"in_custody": 0, "died": 0, "unknown": 0, "not_linked": 0}
    rows = [row | shown_again if row["category"] == "old" else row for row in made]
    with pytest.raises(DisclosureError, match=r"age, young, high, numerator: whoever adds and subtracts") as caught:
        require_pass(audit(released(tmp_path / "demo", rows), counts(TWO), RULES))
    assert not re.search(r"\b(4|50|46|196|450)\b", str(caught.value))


def test_the_audit_allows_more_to_be_suppressed_than_must_be(tmp_path):
    empty = dict.fromkeys(c.name for c in PUBLISHED if c.type != "text") | {"status": "c"}
    rows = [row | empty if row["category"] == "all" else row for row in protected(BY_AGE)]
    assert audit(released(tmp_path / "demo", rows), counts(BY_AGE), RULES).cells == 12


def test_the_audit_finds_a_cell_published_at_one_threshold_and_suppressed_at_another(tmp_path):
    made = protected(BY_AGE)
    empty = dict.fromkeys(c.name for c in PUBLISHED if c.type != "text") | {"status": "c"}
    rows = [row | empty if (row["category"], row["threshold"]) == ("middle", "low") else row for row in made]
    with pytest.raises(DisclosureError, match="at one linkage threshold and published at another"):
        audit(released(tmp_path / "demo", rows), counts(BY_AGE), RULES)


ONE_WOMAN = """
    | breakdown | category | numerator | denominator |
    | all       | all      | 200       | 600         |
    | age       | young    | 1         | 50          |
    | age       | middle   | 3         | 150         |
    | age       | older    | 76        | 150         |
    | age       | old      | 120       | 250         |
"""


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[dict[str, Any], Given]]:
    """Gives what the certificate of a drawn release says, and what it must prove."""

    @functools.cache
    def audited(drawing: str) -> tuple[str, Given]:
        made = released(tmp_path_factory.mktemp("certified") / "demo", protected(drawing))
        found = audit(made, counts(drawing), RULES)
        return found.certificate, read_again(made / "tables.csv", found.left, RULES, AddsUp(), [])

    return lambda drawing: (json.loads(audited(drawing)[0]), audited(drawing)[1])


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda said: {"proofs": []}, "not proved to stay uncertain"),
        (lambda said: {"proofs": said["proofs"][1:]}, "not proved to stay uncertain"),
        (
            lambda said: {"proofs": [[count, 0, [], 0, 0] for count, *_ in said["proofs"]]},
            "not proved to stay uncertain",
        ),
        (lambda said: {"sums": []}, "Its sums are not those"),
        (
            lambda said: {"counts": [[label, n, 0, None] for label, n, *_ in said["counts"]]},
            "are not those of what was",
        ),
        (lambda said: {"counts": [], "sums": [], "tables": [], "proofs": []}, "are not those of what was"),
        (lambda said: {"tables": [[[-1, 3]], *said["tables"][1:]]}, "that it does not hold"),
        (lambda said: {"tables": [[[n, v + 1] for n, v in one] for one in said["tables"]]}, "does not add up"),
        (
            lambda said: {"tables": [[[n, -1] for n, _ in one] for one in said["tables"]]},
            "not agree with what is published",
        ),
    ],
)
def test_a_certificate_is_believed_in_nothing_but_the_tables_that_prove_the_release(
    certified, tmp_path, change, finding
):
    said, given = certified(TWO)
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(said))
    assert certificate.check(certificate.opened(path), given)["at risk"] == len(given.wanted) > 0
    path.write_text(json.dumps(said | change(said)))
    with pytest.raises(DisclosureError, match=finding):
        certificate.check(certificate.opened(path), given)


@pytest.mark.parametrize("change", [{"about": None}, {"about": {}}, {"counts": "x"}, {"proofs": [[1]]}, {"version": 1}])
def test_a_damaged_certificate_is_refused(certified, tmp_path, change):
    said, _ = certified(TWO)
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(said | change))
    with pytest.raises(DisclosureError, match="is no audit certificate"):
        certificate.opened(path)


def test_a_certificate_proves_nothing_to_the_woman_whose_count_its_tables_change(certified, tmp_path):
    said, given = certified(ONE_WOMAN)
    at_her = next(one for one in given.wanted if one.insiders)
    changed = {n for n, table in enumerate(said["tables"]) if any(at_her.insiders[0] == count for count, _ in table)}
    said["proofs"] = [one for one in said["proofs"] if one[0] != at_her.count or changed & {*one[3:]}]
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(said))
    with pytest.raises(DisclosureError, match="not proved to stay uncertain"):
        certificate.check(certificate.opened(path), given)


def test_the_verdict_on_each_table_says_what_is_wrong_in_words():
    made = protected(TWO)
    passing = judged(made, prove(made, true_of(TWO).values(), RULES, AddsUp()))
    assert [(v.table_id, v.verdict, v.reasons) for v in passing] == [("work", "pass", ())]
    assert all(verdict.at_risk and verdict.narrowest >= RULES.width.value for verdict in passing)


def test_the_audit_finds_files_that_differ(tmp_path):
    folder = released(tmp_path / "demo", protected(BY_AGE))
    text = (folder / "tables.csv").read_text()
    assert ",300," in text
    (folder / "tables.csv").write_text(text.replace(",300,", ",305,", 1))
    with pytest.raises(DisclosureError, match=r"tables\.csv differ"):
        audit(folder, counts(BY_AGE), RULES)


def test_the_audit_finds_a_table_nobody_controlled(tmp_path):
    folder = released(tmp_path / "demo", protected(BY_AGE))
    with duckdb.connect(str(folder / "womens_outcomes.duckdb")) as con:
        con.execute("create table notes as select 1 as n")
    with pytest.raises(DisclosureError, match="not audited"):
        audit(folder, counts(BY_AGE), RULES)


def test_the_audit_finds_a_row_that_was_lost(tmp_path):
    folder = released(tmp_path / "demo", protected(BY_AGE)[1:])
    with pytest.raises(DisclosureError, match="not the rows that were counted"):
        audit(folder, counts(BY_AGE), RULES)


def test_the_audit_shares_no_code_with_what_it_judges():
    for module in (REPOSITORY / "linkage" / "release" / "auditor").glob("*.py"):
        taken = {node.module for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.ImportFrom)}
        ours = {name for name in taken if name and name.startswith("linkage.release")}
        assert all(name.startswith("linkage.release.auditor") for name in ours), module


def invented_tables() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Counts of two years, their pool, and a breakdown, that add up; most of them small."""
    count = st.integers(0, 12) | st.integers(0, 80)
    cell = st.tuples(count, count, count)
    return st.lists(st.tuples(*[cell] * 4), min_size=2, max_size=2).map(lambda years: list(additive(years)))


def additive(years: list[tuple[tuple[int, int, int], ...]]) -> Iterator[dict[str, Any]]:
    """Every category of each year, all women of the year, and both years pooled, at three thresholds."""
    per_year = [[*cells, tuple(map(sum, zip(*cells, strict=True)))] for cells in years]
    pooled = [tuple(map(sum, zip(*cells, strict=True))) for cells in zip(*per_year, strict=True)]
    for period, cells in {"2022": per_year[0], "2023": per_year[1], "all": pooled}.items():
        for category, (having, not_having, died) in zip("abcd*", cells, strict=True):
            where = (
                {"breakdown": "all", "category": "all"}
                if category == "*"
                else {"breakdown": "age", "category": category}
            )
            figures = {"numerator": having, "denominator": having + not_having, "died": died}
            for threshold in ("high", "medium", "low"):
                yield DEFAULTS | where | figures | {"period": period, "threshold": threshold}


@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate])
@given(rows=invented_tables())
def test_no_table_that_control_makes_breaks_a_rule_or_gives_a_count_away(rows):
    try:
        made = control(relation(rows), RULES, TITLES)
    except DisclosureError:
        return
    assert broken_rules(made, {key(row): row for row in rows}, RULES) == []
    assert {verdict.verdict for verdict in judged(made, prove(made, rows, RULES, AddsUp()))} == {"pass"}


CITY = """
    | breakdown | category | numerator | denominator |
    | all       | all      | 200       | 500         |
    | region    | London   | 60        | 140         |
    | region    | Wales    | 140       | 360         |
    | force     | City     | 3         | 4           |
    | force     | Met      | 57        | 136         |
    | force     | Gwent    | 30        | 60          |
    | force     | Dyfed    | 110       | 300         |
"""
FORCES = {("force", force): ("region", "London") for force in ("City", "Met")} | {
    ("force", force): ("region", "Wales") for force in ("Gwent", "Dyfed")
}


def test_a_small_police_force_area_does_not_follow_from_its_region_and_the_other_area():
    made = control(counts(CITY), RULES, TITLES, Declared(within=FORCES))
    assert weakest(made, CITY, AddsUp(within=FORCES)) >= RULES.width.value


def test_the_audit_finds_a_police_force_area_that_follows_from_its_region(tmp_path):
    unaware_of_regions = control(counts(CITY), RULES, TITLES)
    folder = released(tmp_path / "demo", unaware_of_regions)
    with pytest.raises(DisclosureError, match="force, City, high, numerator: whoever adds"):
        require_pass(audit(folder, counts(CITY), RULES, AddsUp(within=FORCES)))
    require_pass(audit(folder, counts(CITY), RULES))
