"""Quality without a truth: what blocking finds, what cannot be linked, who is lost, what changed, what that stops."""

import copy
import math
import shutil

import duckdb
import pyarrow as pa
import pytest
from conftest import REPOSITORY, link, put_test_keys, sample_less
from small_view import VIEW

from linkage import facts, quality_run, stages
from linkage.cohorts.expected_links import best_links
from linkage.cohorts.link_quality import compared
from linkage.contracts.analysis import read_analysis
from linkage.contracts.dataset import HOW_MANY, read_datasets
from linkage.contracts.encodings import Ceiling
from linkage.contracts.link_quality import read_link_quality
from linkage.errors import GateError, LinkError
from linkage.ledger import ledger_of
from linkage.matching.blocking_report import SEALED, blocking
from linkage.matching.expected import expected
from linkage.matching.model import Model, Weight
from linkage.matching.profiles import profiles
from linkage.matching.score import score
from linkage.matching.unlinkable import unlinkable
from linkage.pseudonymisation.pseudonymise import how_many
from linkage.quality import gate, suites
from linkage.quality.drift import drift, moved
from linkage.quality.linkage import contradiction_facts, group_facts, linkage_facts
from linkage.settings import Settings

LIMITS = read_link_quality(REPOSITORY / "schemas")
EXPECTATIONS = REPOSITORY / "expectations"
NUMBERED = VIEW.model_copy(update={"person_numbers": ("pnc",)})

# ---------------------------------------------------------------------------------------------------------- blocking

ROWS = {
    "court": """
        | view_id | forename | surname | dob | pnc |
        | 10      | 1        | 1       | 1   | 7   |
        | 11      | 1        | 2       | 9   | 8   |
        | 12      | 3        | 3       | 1   | -   |
    """,
    "prison": """
        | view_id | forename | surname | dob | pnc |
        | 20      | 1        | 1       | 2   | 7   |
        | 21      | 1        | 2       | 9   | 8   |
        | 22      | 4        | 4       | 4   | 8   |
    """,
}


@pytest.fixture
def seen(con, table) -> pa.Table:
    """Six profiles: 1 and 4 share a number and both names, 2 and 5 everything, 2 and 6, and 5 and 6, a number only."""
    return profiles(con, {name: table(drawing) for name, drawing in ROWS.items()}, NUMBERED)


def test_each_rule_is_judged_by_the_numbers_that_are_no_part_of_it(seen):
    found = blocking(seen, NUMBERED, "names")
    said = {r.rule: (r.pairs, r.alone, r.near_certain, r.found) for r in found.rules}
    assert said == {"pnc": (4, 2, 0, 0), "forename + surname": (2, 0, 4, 2), "dob": (2, 1, 4, 1)}
    assert (found.pairs, found.together.recall) == (5, 2 / 4)
    assert found.rules[0].recall is None


def test_a_pair_that_only_sealed_blocking_finds_counts_for_it_alone(seen):
    found = blocking(seen, NUMBERED, "names", pa.table({"view_id_l": [22, 12], "view_id_r": [11, 20]}))
    sealed = found.rules[-1]
    assert (sealed.rule, sealed.pairs, sealed.alone, sealed.found) == (SEALED, 2, 1, 1)
    assert (found.pairs, found.together.recall) == (6, 3 / 4)


def test_two_profiles_an_earlier_view_compared_make_no_pair(seen):
    known = seen.set_column(seen.column_names.index("known"), "known", pa.array([True] * 6))
    assert blocking(known, NUMBERED, "names").pairs == 0


def test_too_many_pairs_for_each_record_stop_the_run_and_name_the_rule_to_narrow(con):
    crowd = pa.table(
        {"view_id": range(40), "forename": range(40), "surname": range(40), "dob": [1] * 30 + [*range(10)]}
    )
    stacked = profiles(con, {"court": con.from_arrow(crowd)}, NUMBERED)
    allowed = NUMBERED.model_copy(update={"pairs_per_record": Ceiling(value=10, reason="a ceiling drawn for a test")})
    with pytest.raises(
        LinkError, match=r"12 pairs for each record.* allows 10 .*Nothing was scored. Narrow .*\['dob'\]"
    ):
        blocking(stacked, allowed, "names")
    assert blocking(stacked, NUMBERED, "names").pairs == 31 * 30 / 2


def test_the_declared_ceiling_stops_scoring_before_a_pair_is_made(con, settings, monkeypatch):
    view = settings.encodings.views["names"]
    crowd = pa.table(
        {name: range(200) if name == "view_id" else [1] * 200 for name in ("view_id", "names", "dob", "pnc")}
    )
    crowd = crowd.set_column(3, "pnc", pa.array(range(200))).append_column("forename_dob", pa.array([1] * 200))
    stacked = profiles(con, {"court": con.from_arrow(crowd)}, view)
    monkeypatch.setattr("linkage.matching.blocking_report.blocked", None)  # to make a pair would be a TypeError
    with pytest.raises(LinkError, match="forename_dob"):
        quality_run.note_blocking(settings, "names", stacked, None)
    assert facts.read(settings, "blocking/names") is None


# --------------------------------------------------------------------------------------------- scores and what they say


def weights(*levels: tuple[str, float, float]) -> tuple[Weight, ...]:
    """The weights of one comparison."""
    return tuple(Weight(label, m, u) for label, m, u in levels)


MODEL = Model(
    view="names", encodings_version="1", splink_version="5", prior=1e-3, training={}, rounds={}, notes=(),
    comparisons={
        "forename": weights(("exact", 0.9, 0.02), ("swapped", 0.01, 0.001), ("all else", 0.09, 0.979)),
        "surname": weights(("exact", 0.8, 0.02), ("all else", 0.2, 0.98)),
        "dob": weights(("exact", 0.95, 1e-4), ("all else", 0.05, 0.9999)),
        "pnc": weights(("exact", 0.99, 1e-6), ("all else", 0.01, 1.0)),
    },
)  # fmt: skip


def test_a_scored_pair_says_whether_a_number_or_another_rule_found_it(seen):
    given = pa.table({"view_id_l": [11], "view_id_r": [22]})
    rows = score(seen, NUMBERED, MODEL, given).pairs.to_pylist()
    said = {(r["view_id_l"], r["view_id_r"]): (r["by_number"], r["by_others"]) for r in rows}
    assert said.pop((10, 12)) == (False, True)
    assert said == {(10, 20): (True, True), (11, 21): (True, True), (11, 22): (True, True), (21, 22): (True, False)}


def test_a_record_that_would_not_be_linked_to_its_own_copy_is_counted(con, table):
    rows = """
        | view_id | forename | surname | dob | pnc |
        | 1       | 1        | 1       | 1   | -   |
        | 2       | 2        | 2       | -   | -   |
        | 3       | 3        | 3       | -   | 3   |
        | 4       | 2        | 2       | -   | -   |
    """
    stacked = profiles(con, {"court": table(rows)}, NUMBERED)
    # Names that a third of these records have are worth 2.7 bits, and the prior is minus 10; a birth date is 13.
    assert unlinkable(stacked, NUMBERED, MODEL).to_pylist() == [
        {"dataset": "court", "view_id": 2}, {"dataset": "court", "view_id": 4},
    ]  # fmt: skip


def test_a_record_that_an_earlier_view_has_judged_is_not_judged_again(con, table):
    rows = table("| view_id | forename | surname | dob | pnc |\n| 1 | 1 | 1 | - | - |\n| 2 | 2 | 2 | 5 | 5 |")
    assert unlinkable(profiles(con, {"court": rows}, NUMBERED, known=["court"]), NUMBERED, MODEL).num_rows == 0


EDGES = """
    | dataset_l | record_id_l | dataset_r | record_id_r | view  | match_probability | by_number | by_others |
    | court     | 1           | prison    | 1           | names | 0.96              | true      | true      |
    | prison    | 2           | court     | 2           | names | 0.98              | true      | false     |
    | court     | 3           | prison    | 3           | names | 0.4               | false     | true      |
    | court     | 4           | prison    | 4           | names | 0.5               | false     | true      |
    | court     | 1           | court     | 2           | names | 0.9               | false     | true      |
"""
PEOPLE = """
    | dataset | record_id | person_id_high | person_id_medium | person_id_low |
    | court   | 1         | 1              | 1                | 1             |
    | prison  | 1         | 1              | 1                | 1             |
    | court   | 2         | 2              | 2                | 2             |
    | prison  | 2         | 2              | 2                | 2             |
    | court   | 3         | 3              | 3                | 3             |
    | prison  | 3         | 3              | 3                | 3             |
    | court   | 4         | 4              | 4                | 4             |
    | prison  | 4         | 5              | 5                | 5             |
"""


def test_expected_precision_and_recall_are_sums_of_probabilities(con, table):
    one, whole = expected(con, table(EDGES), table(PEOPLE))
    assert (one["sources"], whole["sources"]) == ("court and prison", "")
    assert (one["linked"], one["chained"], one["near_certain"], one["otherwise"]) == (2, 1, 2, 1)
    assert one["precision"] == pytest.approx(0.97)
    # Too few near-certain pairs to say what blocking misses: of those compared, .96 + .98 + .97 and .5 missed.
    assert one["found"] is None
    assert one["recall"] == pytest.approx(2.91 / 3.41)


def test_what_blocking_never_compared_lowers_the_expected_recall(con, table):
    pair = table(EDGES).filter("record_id_l = 1 and dataset_r = 'prison'")  # noqa: F841  the query reads it by name
    copies = " union all ".join(f"select * replace ({n} as record_id_l, {n} as record_id_r, {n} % 2 = 0 as by_others, "
                                f"{n} < 40 as by_number) from pair" for n in range(80))  # fmt: skip
    people = con.sql(f"select d as dataset, n as record_id, n as person_id_medium from range(80) t(n), {SOURCES}")
    [one, _] = expected(con, con.sql(copies), people)
    assert (one["near_certain"], one["found"]) == (40, 0.5)
    # 76.8 true pairs were compared; 36.8 of them without a number, of which as many again were never compared.
    assert one["recall"] == pytest.approx(76.8 / (40 + 36.8 / 0.5))


SOURCES = "(values ('court'), ('prison')) s(d)"


# ------------------------------------------------------------------------------------------------------------- groups


def test_a_womans_link_is_as_probable_as_her_best_pair_there(con, table):
    found = best_links(con, table(EDGES), table(PEOPLE)).filter("dataset = 'prison'").order("person_id")
    assert found.project("person_id, inside, outside, near_certain, otherwise").fetchall() == [
        (1, 0.96, None, 1, 1), (2, 0.98, None, 1, 0), (3, 0.4, None, 0, 0), (4, None, 0.5, 0, 0),
    ]  # fmt: skip


def test_the_interval_of_a_ratio_is_that_of_its_logarithm(con, table):
    analysis = read_analysis(REPOSITORY / "schemas", read_datasets(REPOSITORY / "schemas"))
    groups = table(
        """
        | cohort | dataset | threshold | breakdown      | category | anchor_records | linked |
        | c      | d       | medium    | all            | all      | 300            | 230    |
        | c      | d       | medium    | no_fixed_abode | no       | 200            | 180    |
        | c      | d       | medium    | no_fixed_abode | yes      | 100            | 50     |
        | c      | e       | medium    | no_fixed_abode | no       | 200            | 180    |
        | c      | e       | medium    | no_fixed_abode | yes      | 100            | 0      |
        """
    )
    rows = {(r["dataset"], r["category"]): r for r in compared(con, groups, analysis).to_arrow_table().to_pylist()}
    error = math.sqrt(1 / 50 - 1 / 100 + 1 / 180 - 1 / 200)
    half = rows["d", "yes"]
    assert half["ratio"] == pytest.approx(0.5 / 0.9)
    assert half["lower"] == pytest.approx(0.5 / 0.9 * math.exp(-1.959964 * error))
    assert half["upper"] == pytest.approx(0.5 / 0.9 * math.exp(1.959964 * error))
    assert (rows["d", "no"]["ratio"], rows["d", "no"]["upper"], rows["d", "all"]["upper"]) == (1, None, None)
    assert rows["e", "yes"]["ratio"] == 0 < rows["e", "yes"]["upper"] < 0.2


def link_rates(linked: int, entries: int = 100) -> list[dict]:
    """A source in which nine in ten are found, and a group of it."""
    ratio = linked / entries / 0.9
    spread = math.exp(1.959964 * math.sqrt(1 / linked - 1 / entries + 1 / 900 - 1 / 1000))
    row = {"cohort": "released", "dataset": "probation", "threshold": "medium", "ratio": None, "upper": None}
    return [
        row | {"breakdown": "all", "category": "all", "anchor_records": 1000, "rate": 0.9},
        row | {"breakdown": "no_fixed_abode", "category": "yes", "anchor_records": entries, "rate": linked / entries,
               "ratio": ratio, "upper": ratio * spread},
    ]  # fmt: skip


def lines(found: dict[str, float]) -> dict[str, set[str]]:
    """{severity: the titles of the lines crossed}."""
    con = duckdb.connect()
    suite = suites.linkage_suite(EXPECTATIONS, LIMITS)
    checks = gate.validate("linkage", "linkage", suite, con.sql("select 1 as run"), found).checks
    assert not any(check.broken for check in checks)
    return {s: {c.title for c in checks if c.severity == s and not c.passed} for s in ("critical", "warning")}


@pytest.mark.parametrize(("linked", "red", "amber"), [(45, 1, 1), (78, 0, 1), (84, 0, 1), (88, 0, 0)])
def test_a_group_with_half_its_links_is_red_and_one_that_chance_may_explain_is_amber(linked, red, amber):
    crossed = lines(group_facts(link_rates(linked), LIMITS, set()))
    assert (len(crossed["critical"]), len(crossed["warning"])) == (red, amber)


def test_a_group_in_a_register_of_events_and_a_small_group_are_not_judged():
    assert group_facts(link_rates(45), LIMITS, {"probation"}) == {}
    assert group_facts(link_rates(12, entries=29), LIMITS, set()) == {}
    assert len(group_facts(link_rates(12, entries=30), LIMITS, set())) == 2


def test_contradictions_are_counted_over_the_people_who_can_have_any():
    rows = [{"reason": "overlapping custody", "threshold": t, "pairs": n} for t, n in (("medium", 3), ("low", 9))]
    sizes = [{"size": 1, "clusters": 500}, {"size": 2, "clusters": 100}]
    found = contradiction_facts(rows, sizes)
    assert found == {"impossible_share.overlapping custody": 0.03}
    assert lines(found)["critical"] == {"few links are impossible (overlapping custody)"}


# -------------------------------------------------------------------------------------------------------------- drift

RUN = {
    "linkage": {"weights": [{"weight_from": 0, "pairs": 50}, {"weight_from": 20, "pairs": 50}],
                "cluster_sizes": [{"size": 1, "clusters": 30}, {"size": 12, "clusters": 10}]},
    "blocking": {"names": {"recall": 0.98, "pairs_per_record": 4.0}},
    "expected": [], "unlinkable": [], "contradictions": [], "link_rates": link_rates(88),
    "intake": {"court": {"rows_out": 1000, "missing": {"pnc_id": 100}}},
}  # fmt: skip


def changed(**parts) -> dict:
    """The same run with parts of it replaced."""
    return copy.deepcopy(RUN) | parts


def test_a_run_held_against_itself_has_not_changed():
    assert set(drift(RUN, RUN).values()) == {0.0}


def test_without_an_accepted_run_nothing_is_said_of_what_changed():
    alone = linkage_facts(RUN, LIMITS, [], None)
    assert {name.split(".")[0] for name in alone} == {"blocked_share", "link_ratio", "link_ratio_upper"}


def test_every_line_is_drawn_for_a_fact_there_is_and_says_why():
    everything = changed(
        expected=[{"view": "names", "sources": "court and prison", "precision": 0.99, "recall": 0.97}],
        unlinkable=[{"dataset": "prison", "records": 40, "unlinkable": 1}],
        contradictions=[{"reason": "overlapping custody", "threshold": "medium", "pairs": 1}],
    )
    suite = suites.linkage_suite(EXPECTATIONS, LIMITS)
    drawn = {line.kwargs["column"].removesuffix(".*") for line in suite.facts}
    assert drawn == {name.split(".")[0] for name in linkage_facts(everything, LIMITS, [], RUN)}
    assert all(len(line.meta.reason) > 20 for line in suite.facts)


def test_total_variation_is_the_share_that_would_have_to_move():
    assert moved({1: 50, 2: 50}, {1: 50, 2: 50}) == 0
    assert moved({1: 50, 2: 50}, {1: 80, 2: 20}) == pytest.approx(0.3)
    assert moved({1: 7}, {2: 1}) == 1


@pytest.mark.parametrize(
    ("now", "red", "amber"),
    [
        (changed(intake={"court": {"rows_out": 1000, "missing": {"pnc_id": 160}}}), 0, 1),
        (changed(intake={"court": {"rows_out": 1000, "missing": {"pnc_id": 1000}}}), 1, 1),
        (changed(intake={"court": {"rows_out": 1300, "missing": {"pnc_id": 130}}}), 0, 1),
        (changed(intake={"court": {"rows_out": 400, "missing": {"pnc_id": 40}}}), 1, 1),
        (changed(blocking={"names": {"recall": 0.98, "pairs_per_record": 8.1}}), 1, 1),
        (changed(link_rates=link_rates(74)), 0, 1),
        (changed(link_rates=link_rates(88)), 0, 0),
    ],
)
def test_what_changed_crosses_its_own_line_and_no_other(now, red, amber):
    crossed = lines(drift(now, RUN))
    assert (len(crossed["critical"]), len(crossed["warning"])) == (red, amber)


# ------------------------------------------------------------------------------------------------------ the whole of it


def judged(settings: Settings) -> set[str]:
    """The red lines of what is linked, as `tabulate` finds them, without its tables and contradictions."""
    files = settings.files
    with duckdb.connect() as con:
        attributes = {name: con.read_parquet(str(files.cohorts.attributes(name))) for name in settings.datasets}
        people = con.read_parquet(str(files.matching.person_index))
        quality_run.note_groups(settings, con, settings.analysis, attributes, people)
    facts.write(settings, "contradictions", [])
    quality_run.judge(settings)
    return {check["title"] for check in quality_run.failed(settings, "critical")}


@pytest.fixture(scope="module")
def accepted(tmp_path_factory) -> Settings:
    """A small run that somebody has accepted."""
    folder = tmp_path_factory.mktemp("quality")
    for declared in ("schemas", "expectations"):
        shutil.copytree(REPOSITORY / declared, folder / declared)
    sample_less(folder / "schemas" / "encodings.yaml")
    settings = Settings(folder / "schemas", folder / "workspace")
    stages.synthesise(settings, people=1_500, seed=3)
    put_test_keys(settings)
    link(settings)
    stages.tabulate(settings)
    quality_run.accept(settings, "A. Lead", "read the whole report")
    return settings


@pytest.fixture
def run(accepted, tmp_path) -> Settings:
    """A copy of it to spoil."""
    shutil.copytree(accepted.workspace, tmp_path / "workspace")
    return Settings(accepted.schemas, tmp_path / "workspace")


def test_an_accepted_run_is_logged_with_who_and_why_and_crosses_no_red_line(accepted):
    entry = ledger_of(accepted).verify().entries[-1]
    assert (entry.what, entry.details["by"], entry.details["why"]) == (
        "run accepted", "A. Lead", "read the whole report",
    )  # fmt: skip
    assert quality_run.failed(accepted, "critical") == []
    quality_run.release_gate(accepted, "draft", "A. Lead")


def test_the_facts_of_an_accepted_run_name_no_record(accepted):
    text = accepted.files.quality.accepted.read_text()
    ids = duckdb.read_parquet(str(accepted.files.matching.person_index)).project("record_id").limit(50).fetchall()
    assert not [one for (one,) in ids if str(one) in text]


@pytest.mark.parametrize(("by", "why"), [("", "a reason"), ("somebody", " ")])
def test_a_run_is_accepted_by_somebody_and_for_a_reason(settings, by, why):
    with pytest.raises(LinkError, match="by somebody and for a reason"):
        quality_run.accept(settings, by, why)


def test_a_run_that_was_not_counted_cannot_be_accepted(settings):
    with pytest.raises(LinkError, match="linkage tabulate"):
        quality_run.accept(settings, "A. Lead", "in a hurry")


def test_a_linkage_that_nobody_judged_is_not_published(settings):
    with pytest.raises(GateError, match="has not been judged"):
        quality_run.release_gate(settings, "draft", "A. Lead")


def test_a_source_that_loses_a_column_is_seen_and_nothing_is_published(run):
    extract = run.files.department.extract(run.dataset("probation").path)
    rows = duckdb.read_parquet(str(extract)).project("* replace (null::varchar as surname)").to_arrow_table()
    duckdb.from_arrow(rows).write_parquet(str(extract))
    link(run)
    assert "probation, surname was not lost since the accepted run" in judged(run)
    with pytest.raises(GateError, match="Gate linkage: stopped; nothing was published") as stopped:
        stages.publish(run, "draft", "A. Lead")
    assert "probation, surname" in str(stopped.value)
    assert not run.files.release("draft").exists()


def test_a_group_that_loses_half_its_links_is_red(run):
    people, attributes = run.files.matching.person_index, run.files.cohorts.attributes("probation")
    with duckdb.connect() as con:
        spoilt = con.sql(
            f"""
            with torn as (
                select person_id_medium as person from '{people}' join '{attributes}' a using (record_id)
                where dataset = 'probation' and a.ethnicity = 'White' group by 1 having person_id_medium % 2 = 0
            )
            select dataset, record_id, person_id_high,
                if(dataset = 'dwp' and person_id_medium in (from torn), -record_id, person_id_medium)
                    as person_id_medium,
                person_id_low
            from '{people}'
            """
        ).to_arrow_table()
        con.from_arrow(spoilt).write_parquet(str(people))
    red = judged(run)
    assert "community order starts, dwp, ethnicity White: not lost since the accepted run" in red
    assert not any("paye" in title for title in red)


def test_records_that_cannot_be_linked_are_counted_for_their_extract_and_their_group(run):
    with duckdb.connect() as con:
        silent = run.files.matching.unlinkable_records
        all_of_prison = con.sql(
            f"select dataset, record_id from '{run.files.matching.person_index}' where dataset = 'prison'"
        ).to_arrow_table()
        con.from_arrow(all_of_prison).write_parquet(str(silent))
    judged(run)
    rows = facts.read(run, "expected_groups")
    assert {row["cohort"] for row in rows if row["unlinkable"]} == {"released_from_custody"}
    assert all(row["unlinkable"] == row["entries"] for row in rows if row["cohort"] == "released_from_custody")


def test_amber_lines_are_logged_with_who_let_the_release_out_nevertheless(run):
    verdict = facts.read(run, "gates/linkage/linkage")
    crossed = [check | {"passed": check["severity"] == "critical"} for check in verdict["checks"]]
    facts.write(run, "gates/linkage/linkage", verdict | {"checks": crossed})
    quality_run.release_gate(run, "2026-1", "B. Statistician")
    entry = ledger_of(run).verify().entries[-1]
    assert (entry.what, entry.details["approval"]) == ("released with amber lines", "B. Statistician")
    assert entry.details["lines"]


def test_a_probability_of_each_group_lies_between_nothing_and_all_of_it(accepted):
    for row in facts.read(accepted, "expected_groups"):
        assert 0 <= row["right"] <= row["linked"] <= row["entries"]
        assert 0 <= row["missed"] <= row["entries"] - row["linked"]
        assert row["otherwise"] <= row["near_certain"] <= row["linked"]


def test_other_surnames_leave_the_department_as_one_of_three_words(accepted):
    for dataset in ("prison", "probation"):
        rows = duckdb.read_parquet(str(accepted.files.cohorts.attributes(dataset)))
        assert {word for (word,) in rows.project("other_surnames").distinct().fetchall()} == set(HOW_MANY)


@pytest.mark.parametrize(
    ("cell", "word"),
    [(None, "none"), (" ; ", "none"), ("Kaur", "one"), ("Kaur; KAUR", "one"), ("a;b;c", "two or more")],
)
def test_other_surnames_are_counted_however_they_are_written(con, cell, word):
    column = read_datasets(REPOSITORY / "schemas")["prison"].column("alias_last_names")
    asked = f"select {how_many(column)} from (select $cell::varchar as alias_last_names)"
    assert con.execute(asked, {"cell": cell}).fetchone() == (word,)


def test_sealed_blocking_hands_over_how_many_pairs_each_rule_made(accepted):
    found = facts.read(accepted, "blocking/names")
    assert set(found["sealed"]["pairs"]) == set(accepted.encodings.views["names"].sealed_blocking)
    assert found["rules"][-1]["rule"] == SEALED
    assert found["recall"] > 0.9
