"""What leaves, and what must not: below, at and above each boundary."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from conftest import REPOSITORY, drawn
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from linkage.contracts.disclosure import Disclosure, read_disclosure
from linkage.errors import ContractError, DisclosureError
from linkage.release import control as release_control
from linkage.release.auditor import certificate
from linkage.release.auditor.files import audit, broken_rules, key, read_again, require_pass
from linkage.release.auditor.judge import judged, prove
from linkage.release.auditor.reader import Given
from linkage.release.auditor.seen import AddsUp, said
from linkage.release.columns import NAMES, PUBLISHED
from linkage.release.control import wilson
from linkage.release.draft import Declared
from linkage.release.joint import problem_of
from linkage.release.ledger import LABELS
from linkage.release.publish import Provenance, content_hash, publish

RULES = read_disclosure(REPOSITORY / "schemas")
COLUMNS = (
    *("table_id", "cohort", "outcome", "theme", "geography", "period", "breakdown", "category", "threshold"),
    *("denominator", "numerator", "in_custody", "died", "unknown", "not_linked"),
)
DEFAULTS = {
    "table_id": "work", "cohort": "released", "outcome": "employed", "theme": "employment", "geography": "England",
    "period": "2023", "breakdown": "all", "category": "all", "in_custody": 0, "died": 0, "unknown": 0, "not_linked": 0,
}  # fmt: skip
NOTHING_MORE = AddsUp()
TITLES = {"work": "Work, England", "homes": "Homes, England"}
PROVENANCE = Provenance("demo", "Outcomes", invented=True, approval="waived (invented data)", packages=("duckdb",))
BY_AGE = """
    | breakdown | category | numerator | denominator |
    | all       | all      | 200       | 500         |
    | age       | young    | 4         | 50          |
    | age       | middle   | 120       | 300         |
    | age       | old      | 76        | 150         |
"""


def counts(drawing: str) -> duckdb.DuckDBPyRelation:
    """Unrounded counts from what a drawing says, the same at each threshold unless it has that column."""
    said = drawn(drawing).to_pylist()
    thresholds = [{}] if "threshold" in said[0] else [{"threshold": t} for t in ("high", "medium", "low")]
    return relation([DEFAULTS | threshold | row for row in said for threshold in thresholds])


def relation(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyRelation:
    """Rows as a relation of a connection of its own."""
    return duckdb.connect().from_arrow(pa.table({name: [row[name] for row in rows] for name in COLUMNS}))


def control(*given: Any, **named: Any) -> list[dict[str, Any]]:
    """The publishable rows."""
    return release_control.control(*given, **named).rows


def controlled(drawing: str, rules: Disclosure = RULES, years: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The publishable rows at the medium threshold."""
    return [
        row for row in control(counts(drawing), rules, TITLES, Declared(years or {})) if row["threshold"] == "medium"
    ]


def shown(drawing: str, *columns: str, years: Mapping[str, str] | None = None) -> list[tuple[Any, ...]]:
    """Some columns of the publishable rows."""
    return [tuple(row[name] for name in columns) for row in controlled(drawing, years=years)]


def alone(numerator: int, denominator: int, rules: Disclosure = RULES) -> dict[str, Any]:
    """A release of one cell."""
    return controlled(f"| numerator | denominator |\n| {numerator} | {denominator} |", rules)[0]


def excepting(outcome: str) -> Disclosure:
    """The declared rules, but 0 % and 100 % of an outcome harm nobody."""
    sensitive = {"reason": RULES.sensitive_outcomes.reason, "except": {outcome: "nobody is harmed"}}
    return Disclosure.model_validate(RULES.model_dump(by_alias=True) | {"sensitive_outcomes": sensitive})


@pytest.mark.parametrize(
    ("numerator", "denominator", "status"),
    [
        (9, 200, "c"), (10, 200, ""), (11, 200, ""),
        (191, 200, "c"), (190, 200, ""), (189, 200, ""),
        (1, 200, "c"), (199, 200, "c"), (5, 9, "c"), (10, 19, "c"), (10, 20, "u"), (10, 21, "u"),
        (12, 27, "u"), (14, 28, ""), (15, 30, ""), (0, 0, "z"),
    ],
)  # fmt: skip
def test_a_cell_is_shown_from_ten_women_with_the_outcome_and_ten_without(numerator, denominator, status):
    assert alone(numerator, denominator)["status"] == status


@pytest.mark.parametrize(("numerator", "status"), [(0, "c"), (500, "c"), (10, ""), (490, "")])
def test_all_or_none_of_a_large_group_is_not_said_of_a_sensitive_outcome(numerator, status):
    assert alone(numerator, 500)["status"] == status


@pytest.mark.parametrize(("numerator", "value"), [(0, 0.0), (500, 100.0)])
def test_all_or_none_may_be_said_of_an_outcome_that_is_excepted(numerator, value):
    row = alone(numerator, 500, excepting("employed"))
    assert (row["status"], row["value"], row["numerator"]) == ("", value, numerator)


def test_an_outcome_is_sensitive_until_it_is_excepted():
    assert RULES.sensitive("an outcome of next year")
    assert not excepting("employed").sensitive("employed")


@pytest.mark.parametrize(("count", "published"), [(12, 10), (13, 15), (17, 15), (18, 20)])
def test_counts_are_rounded_to_the_nearest_five(count, published):
    assert alone(count, 100)["numerator"] == published


def test_a_rate_and_its_interval_come_from_the_rounded_counts():
    assert alone(13, 98) == alone(15, 100) == alone(17, 102)
    assert [alone(13, 98)[name] for name in ("value", "lower", "upper")] == [15.0, 9.3, 23.3]


@pytest.mark.parametrize(
    ("numerator", "denominator", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_wilson_interval_is_that_of_newcombe_1998_table_1(numerator, denominator, low, high):
    assert wilson(numerator, denominator, 0.95) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_a_suppressed_row_holds_no_figure_at_all():
    row = controlled("| numerator | denominator | in_custody | died |\n| 3 | 50 | 40 | 20 |")[0]
    assert row["status"] == "c"
    assert {row[c.name] for c in PUBLISHED if c.type != "text"} == {None}


def test_a_cell_that_is_unsafe_at_one_threshold_is_suppressed_at_all_three():
    rows = control(
        counts("""
            | threshold | numerator | denominator |
            | high      | 9         | 200         |
            | medium    | 12        | 210         |
            | low       | 15        | 220         |
        """),
        RULES, TITLES,
    )  # fmt: skip
    assert [(row["threshold"], row["status"]) for row in rows] == [("high", "c"), ("medium", "c"), ("low", "c")]


def test_where_rounding_leaves_room_enough_no_other_category_goes():
    assert shown(BY_AGE, "category", "status") == [("all", ""), ("young", "c"), ("middle", ""), ("old", "")]


TWO = """
    | breakdown | category | numerator | denominator |
    | all       | all      | 200       | 500         |
    | age       | young    | 4         | 50          |
    | age       | old      | 196       | 450         |
"""


def test_where_one_category_would_follow_from_the_other_it_goes_too():
    assert shown(TWO, "category", "status") == [("all", ""), ("young", "c"), ("old", "c")]


def test_a_table_whose_total_is_not_shown_loses_no_further_category():
    without_total = "\n".join(line for line in BY_AGE.splitlines() if "| all " not in line)
    assert shown(without_total, "status") == [("c",), ("",), ("",)]


def test_a_category_without_women_is_no_cover():
    drawing = TWO + "    | age       | oldest   | 0         | 0           |\n"
    assert shown(drawing, "category", "status")[1:] == [("young", "c"), ("old", "c"), ("oldest", "z")]


def test_a_year_that_is_suppressed_takes_another_year_with_it_where_they_are_pooled():
    drawing = """
        | period  | numerator | denominator |
        | all     | 54        | 185         |
        | 2022/23 | 4         | 90          |
        | 2023/24 | 50        | 95          |
    """
    assert [status for _, status in shown(drawing, "period", "status")].count("c") == 2


def test_a_quarter_that_is_suppressed_takes_another_quarter_of_its_year_with_it():
    drawing = """
        | period  | numerator | denominator |
        | 2022/23 | 40        | 110         |
        | 2023 Q1 | 4         | 40          |
        | 2023 Q2 | 36        | 70          |
    """
    years = {"2023 Q1": "2022/23", "2023 Q2": "2022/23"}
    assert [status for _, status in shown(drawing, "period", "status", years=years)].count("c") == 2


def test_how_many_were_left_out_is_rounded_and_hidden_when_few():
    drawing = "| numerator | denominator | in_custody | died | unknown | not_linked |\n| 50 | 200 | 9 | 0 | 10 | 43 |"
    assert shown(drawing, "in_custody", "died", "unknown", "not_linked") == [(None, 0, 10, 45)]


DIED = """
    | breakdown | category | numerator | denominator | died |
    | all       | all      | 200       | 500         | 40   |
    | age       | young    | 100       | 250         | 3    |
    | age       | old      | 100       | 250         | 37   |
"""


def test_the_few_left_out_of_one_category_do_not_follow_from_the_others():
    assert shown(DIED, "category", "status", "died")[1] == ("young", "", None)
    made = control(counts(DIED), RULES, TITLES)
    assert weakest(made, DIED) >= RULES.width_left_out.value


def weakest(rows: list[dict[str, Any]], drawing: str, adds_up: AddsUp = NOTHING_MORE) -> int:
    """The narrowest interval that the auditor leaves a reader of a count at risk."""
    found = [proof.width for proof in prove(rows, true_of(drawing).values(), RULES, adds_up).proofs]
    return min(found)


def test_a_category_nobody_is_in_at_one_threshold_needs_no_row_there():
    drawing = """
        | threshold | breakdown | category  | numerator | denominator |
        | medium    | all       | all       | 100       | 300         |
        | medium    | region    | North     | 90        | 280         |
        | medium    | region    | not known | 10        | 20          |
        | low       | all       | all       | 90        | 280         |
        | low       | region    | North     | 90        | 280         |
    """
    assert {row["status"] for row in control(counts(drawing), RULES, TITLES)} == {"", "u"}


@pytest.mark.parametrize("row", ["| -1 | 50 |", "| 51 | 50 |"])
def test_counts_that_cannot_be_are_refused_without_being_told(row):
    with pytest.raises(DisclosureError, match="work, released, employed, England, 2023, all, all, high") as caught:
        controlled(f"| numerator | denominator |\n{row}")
    assert "51" not in str(caught.value)


def test_categories_that_do_not_make_their_total_are_refused_without_being_told():
    with pytest.raises(DisclosureError, match=r"(?s)age, old, high.*do not add up") as caught:
        controlled(BY_AGE.replace("| 76        | 150", "| 76        | 155"))
    assert not re.search(r"\b(76|150|155|500)\b", str(caught.value))


def test_one_cell_counted_in_two_ways_is_refused():
    with pytest.raises(DisclosureError, match="counted twice"):
        controlled("| table_id | numerator | denominator |\n| work | 20 | 50 |\n| homes | 21 | 50 |")


def released(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """Rows written as a release."""
    folder.mkdir()
    publish(folder, rows, "<!doctype html>", PROVENANCE, RULES)
    return folder


def test_the_audit_passes_what_control_made_and_counts_it(tmp_path):
    made = control(counts(BY_AGE), RULES, TITLES)
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
    made = control(counts(BY_AGE), RULES, TITLES)
    rows = [row | change if row["category"] == category else row for row in made]
    folder = released(tmp_path / "demo", rows)
    with pytest.raises(DisclosureError, match=finding) as caught:
        audit(folder, counts(BY_AGE), RULES)
    assert f"work / released / employed / England / 2023 / age / {category} / high" in str(caught.value)
    assert not re.search(r"\b(4|5|50|46|120|300|76|150)\b", str(caught.value))


def test_the_audit_finds_a_category_suppressed_alone_under_its_total(tmp_path):
    made = control(counts(TWO), RULES, TITLES)
    shown_again = {"status": "", "numerator": 195, "denominator": 450, "value": 43.3, "lower": 38.8, "upper": 47.9}
    shown_again |= {"in_custody": 0, "died": 0, "unknown": 0, "not_linked": 0}
    rows = [row | shown_again if row["category"] == "old" else row for row in made]
    with pytest.raises(DisclosureError, match=r"age, young, high, numerator: whoever adds and subtracts") as caught:
        require_pass(audit(released(tmp_path / "demo", rows), counts(TWO), RULES))
    assert not re.search(r"\b(4|50|46|196|450)\b", str(caught.value))


def test_the_audit_allows_more_to_be_suppressed_than_must_be(tmp_path):
    empty = dict.fromkeys(c.name for c in PUBLISHED if c.type != "text") | {"status": "c"}
    rows = [row | empty if row["category"] == "all" else row for row in control(counts(BY_AGE), RULES, TITLES)]
    assert audit(released(tmp_path / "demo", rows), counts(BY_AGE), RULES).cells == 12


def test_the_audit_finds_a_cell_published_at_one_threshold_and_suppressed_at_another(tmp_path):
    made = control(counts(BY_AGE), RULES, TITLES)
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


def certified(folder: Path, drawing: str) -> tuple[dict[str, Any], Given]:
    """What the certificate of a drawn release says, and what it must prove."""
    made = released(folder / "demo", control(counts(drawing), RULES, TITLES))
    found = audit(made, counts(drawing), RULES)
    return json.loads(found.certificate), read_again(made / "tables.csv", found.left, RULES, AddsUp(), [])


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
def test_a_certificate_is_believed_in_nothing_but_the_tables_that_prove_the_release(tmp_path, change, finding):
    said, given = certified(tmp_path, TWO)
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(said))
    assert certificate.check(certificate.opened(path), given)["at risk"] == len(given.wanted) > 0
    path.write_text(json.dumps(said | change(said)))
    with pytest.raises(DisclosureError, match=finding):
        certificate.check(certificate.opened(path), given)


@pytest.mark.parametrize("change", [{"about": None}, {"about": {}}, {"counts": "x"}, {"proofs": [[1]]}, {"version": 1}])
def test_a_damaged_certificate_is_refused(tmp_path, change):
    said, _ = certified(tmp_path, TWO)
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(said | change))
    with pytest.raises(DisclosureError, match="is no audit certificate"):
        certificate.opened(path)


def test_a_certificate_proves_nothing_to_the_woman_whose_count_its_tables_change(tmp_path):
    said, given = certified(tmp_path, ONE_WOMAN)
    at_her = next(one for one in given.wanted if one.insiders)
    changed = {n for n, table in enumerate(said["tables"]) if any(at_her.insiders[0] == count for count, _ in table)}
    said["proofs"] = [one for one in said["proofs"] if one[0] != at_her.count or changed & {*one[3:]}]
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(said))
    with pytest.raises(DisclosureError, match="not proved to stay uncertain"):
        certificate.check(certificate.opened(path), given)


def test_the_verdict_on_each_table_says_what_is_wrong_in_words():
    made = control(counts(TWO), RULES, TITLES)
    passing = judged(made, prove(made, true_of(TWO).values(), RULES, AddsUp()))
    assert [(v.table_id, v.verdict, v.reasons) for v in passing] == [("work", "pass", ())]
    assert all(verdict.at_risk and verdict.narrowest >= RULES.width.value for verdict in passing)


def test_the_audit_finds_files_that_differ(tmp_path):
    folder = released(tmp_path / "demo", control(counts(BY_AGE), RULES, TITLES))
    text = (folder / "tables.csv").read_text()
    assert ",300," in text
    (folder / "tables.csv").write_text(text.replace(",300,", ",305,", 1))
    with pytest.raises(DisclosureError, match=r"tables\.csv differ"):
        audit(folder, counts(BY_AGE), RULES)


def test_the_audit_finds_a_table_nobody_controlled(tmp_path):
    folder = released(tmp_path / "demo", control(counts(BY_AGE), RULES, TITLES))
    with duckdb.connect(str(folder / "womens_outcomes.duckdb")) as con:
        con.execute("create table notes as select 1 as n")
    with pytest.raises(DisclosureError, match="not audited"):
        audit(folder, counts(BY_AGE), RULES)


def test_the_audit_finds_a_row_that_was_lost(tmp_path):
    folder = released(tmp_path / "demo", control(counts(BY_AGE), RULES, TITLES)[1:])
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


def true_of(drawing: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """The unrounded counts by row."""
    relation_of = counts(drawing)
    return {key(row): row for row in (dict(zip(COLUMNS, values, strict=True)) for values in relation_of.fetchall())}


def test_the_audit_finds_a_police_force_area_that_follows_from_its_region(tmp_path):
    unaware_of_regions = control(counts(CITY), RULES, TITLES)
    folder = released(tmp_path / "demo", unaware_of_regions)
    with pytest.raises(DisclosureError, match="force, City, high, numerator: whoever adds"):
        require_pass(audit(folder, counts(CITY), RULES, AddsUp(within=FORCES)))
    require_pass(audit(folder, counts(CITY), RULES))


def test_the_same_counts_give_the_same_bytes_and_the_same_database(tmp_path):
    folders = [released(tmp_path / n, control(counts(BY_AGE), RULES, TITLES)) for n in ("one", "two")]
    for name in ("tables.csv", "tables.parquet", "data_dictionary.csv", "manifest.json", "index.html"):
        one, two = ((folder / name).read_bytes() for folder in folders)
        assert one == two, name


def test_the_hash_of_the_database_changes_with_a_row_and_with_a_comment(tmp_path):
    path = released(tmp_path / "demo", control(counts(BY_AGE), RULES, TITLES)) / "womens_outcomes.duckdb"
    found = {content_hash(path)}
    for change in ("comment on column outcomes.value is 'x'", "update outcomes set value = 1", "drop view work"):
        with duckdb.connect(str(path)) as con:
            con.execute(change)
        found.add(content_hash(path))
    assert len(found) == 4


def test_an_analyst_finds_every_table_view_and_column_explained_in_the_database(tmp_path):
    folder = released(tmp_path / "demo", control(counts(BY_AGE), RULES, TITLES))
    with duckdb.connect(str(folder / "womens_outcomes.duckdb"), read_only=True) as con:
        objects = con.execute("select table_name, comment from duckdb_tables()").fetchall()
        objects += con.execute("select view_name, comment from duckdb_views() where not internal").fetchall()
        columns = con.execute(
            "select column_name, comment from duckdb_columns() where table_name = 'outcomes'"
        ).fetchall()
        assert con.execute("select count(*) from work").fetchall() == [(12,)]
    assert {name for name, _ in objects} == {"outcomes", "work", "employment"}
    assert all("INVENTED DATA" in comment for _, comment in objects)
    assert [name for name, _ in columns] == list(NAMES)
    assert all(comment for _, comment in columns)
    assert len((folder / "data_dictionary.csv").read_text().splitlines()) == len(NAMES) + 1


def test_the_manifest_shows_no_small_number_and_no_time(tmp_path):
    provenance = Provenance(
        "demo",
        "Outcomes",
        False,
        "A. Statistician",
        inputs={"court": "ab"},
        rows={"court": {"in": 1234, "quarantined": 3}},
    )
    tmp_path.joinpath("r").mkdir()
    publish(tmp_path / "r", control(counts(BY_AGE), RULES, TITLES), "", provenance, RULES)
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    assert manifest["rows"] == {"court": {"in": 1235, "quarantined": None}}
    assert manifest["approval"] == "A. Statistician"
    assert not re.search(r"\d\d:\d\d", json.dumps(manifest))


def test_every_declared_limit_gives_its_reason():
    assert (RULES.threshold.value, RULES.rounding_base.value, RULES.unreliable_below.value) == (10, 5, 30)
    assert all(len(limit.reason) > 20 for limit in (RULES.threshold, RULES.rounding_base, RULES.unreliable_below))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("threshold:", "treshold:", "treshold: there is no such field"),
        ("value: 5", "value: 20", "rounding_base must not exceed threshold"),
        ("value: 10", "value: 0", "threshold.value"),
    ],
)
def test_a_mistake_in_the_rules_is_refused_with_its_place(tmp_path, old, new, message):
    text = (REPOSITORY / "schemas" / "disclosure.yaml").read_text()
    (tmp_path / "disclosure.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(ContractError, match=message):
        read_disclosure(tmp_path)


@pytest.mark.parametrize(("numerator", "denominator", "least"), [(5, 8, (0, 1, 0, 0)), (50, 80, (48, 78, 1, 0))])
def test_a_reader_takes_a_suppressed_group_and_an_empty_exclusion_for_somebody(numerator, denominator, least):
    drawing = f"| numerator | denominator | died |\n| {numerator} | {denominator} | 3 |"
    figures = ("numerator", "denominator", "died", "unknown")
    problem, _ = problem_of(true_of(drawing).values(), RULES, Declared())
    ends = problem.known(problem.primary_counts)[0] + problem.counts
    ours = dict(zip(problem.labels, ends.tolist(), strict=True))
    for row in control(counts(drawing), RULES, TITLES):
        known = said(row, true_of(drawing)[key(row)], RULES)
        assert tuple(known[figure][1] for figure in figures) == least
        assert tuple(ours[", ".join([*map(row.get, LABELS), figure])] for figure in figures) == least
