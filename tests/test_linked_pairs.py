"""Drawn pairs: which rule finds how many, what a record can be linked by, and how right links are expected to be."""

import itertools
import random

import pyarrow as pa
import pytest
from small_view import VIEW

from linkage import facts, quality_run
from linkage.cohorts.expected_links import best_links
from linkage.contracts.encodings import Ceiling
from linkage.errors import LinkError
from linkage.linking import Seen
from linkage.matching.blocking import blocked
from linkage.matching.blocking_report import SEALED, blocking
from linkage.matching.expected import expected, joined
from linkage.matching.model import Model, Weight
from linkage.matching.profiles import profiles
from linkage.matching.score import score

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
    found = blocking(blocked(seen, NUMBERED, "names"))
    said = {r.rule: (r.pairs, r.alone, r.near_certain, r.found) for r in found.rules}
    assert said == {"pnc": (4, 2, 0, 0), "forename + surname": (2, 0, 4, 2), "dob": (2, 1, 4, 1)}
    assert (found.pairs, found.together.recall) == (5, 2 / 4)
    assert found.rules[0].recall is None


def test_a_pair_that_only_sealed_blocking_finds_counts_for_it_alone(seen):
    given = pa.table({"view_id_l": [22, 12], "view_id_r": [11, 20]})
    found = blocking(blocked(seen, NUMBERED, "names", given))
    sealed = found.rules[-1]
    assert (sealed.rule, sealed.pairs, sealed.alone, sealed.found) == (SEALED, 2, 1, 1)
    assert (found.pairs, found.together.recall) == (6, 3 / 4)


def test_two_profiles_an_earlier_view_compared_make_no_pair(seen):
    known = seen.set_column(seen.column_names.index("known"), "known", pa.array([True] * 6))
    assert len(blocked(known, NUMBERED, "names").pairs) == 0


def test_a_pair_is_made_by_each_rule_it_agrees_on_unless_both_are_known_and_so_it_is_counted():
    rng = random.Random(3)
    drawn = [
        {
            "profile_id": n, "known": rng.random() < 0.4, "view_ids": [n], "forename": rng.choice([1, 2, 3, None]),
            "surname": rng.choice([1, 2]), "surnames": rng.choice([[1], [1, 2], [2, 3, 4], None]),
        }
        for n in range(1, 61)
    ]  # fmt: skip
    view = NUMBERED.model_copy(update={"block_on": (("forename", "surname"), ("surnames",))})
    names: dict[tuple[int, int], int] = {}
    members: dict[tuple[int, int], int] = {}
    for one, other in itertools.combinations(drawn, 2):
        pair = one["profile_id"], other["profile_id"]
        if one["known"] and other["known"]:
            continue
        if one["forename"] and (one["forename"], one["surname"]) == (other["forename"], other["surname"]):
            names[pair] = 1
        if shared := {*(one["surnames"] or [])} & {*(other["surnames"] or [])}:
            members[pair] = len(shared)
    expected = {pair: (pair in names) + 2 * (pair in members) for pair in {*names, *members}}

    def found(most: float) -> dict[tuple[int, int], int]:
        ceiling = Ceiling(value=most, reason="a ceiling drawn for a test")
        allowed = view.model_copy(update={"pairs_per_record": ceiling})
        pairs = blocked(pa.Table.from_pylist(drawn), allowed, "names").pairs
        return {(p["profile_id_l"], p["profile_id_r"]): p["rules"] for p in pairs.to_pylist()}

    made = (len(names) + sum(members.values())) / len(drawn)
    assert found(made) == expected
    with pytest.raises(LinkError, match=r"Narrow the rule \['surnames'\]"):
        found(made - 0.01)


def test_too_many_pairs_for_each_record_stop_the_run_and_name_the_rule_to_narrow(con):
    crowd = pa.table(
        {"view_id": range(40), "forename": range(40), "surname": range(40), "dob": [1] * 30 + [*range(10)]}
    )
    stacked = profiles(con, {"court": con.from_arrow(crowd)}, NUMBERED)
    allowed = NUMBERED.model_copy(update={"pairs_per_record": Ceiling(value=10, reason="a ceiling drawn for a test")})
    with pytest.raises(
        LinkError, match=r"12 pairs for each record.* allows 10 .*Nothing was scored. Narrow .*\['dob'\]"
    ):
        blocked(stacked, allowed, "names")
    assert len(blocked(stacked, NUMBERED, "names").pairs) == 31 * 30 / 2


def test_the_declared_ceiling_stops_scoring_before_a_pair_is_made(con, settings, monkeypatch):
    view = settings.encodings.views["names"]
    crowd = pa.table(
        {name: range(200) if name == "view_id" else [1] * 200 for name in ("view_id", "names", "dob", "pnc")}
    )
    crowd = crowd.set_column(3, "pnc", pa.array(range(200))).append_column("forename_dob", pa.array([1] * 200))
    stacked = profiles(con, {"court": con.from_arrow(crowd)}, view)
    monkeypatch.setattr("linkage.matching.blocking.every_pair", None)  # to make a pair would be a TypeError
    with pytest.raises(LinkError, match="forename_dob"):
        quality_run.note_blocking(settings, "names", Seen(stacked, None, {}, "", lambda: None))
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
    made = blocked(seen, NUMBERED, "names", given).pairs
    rows = score(seen, NUMBERED, MODEL, made).pairs.to_pylist()
    said = {(r["view_id_l"], r["view_id_r"]): (r["by_number"], r["by_others"]) for r in rows}
    assert said.pop((10, 12)) == (False, True)
    assert said == {(10, 20): (True, True), (11, 21): (True, True), (11, 22): (True, True), (21, 22): (True, False)}


def test_rows_with_equal_tokens_are_found_by_the_rules_whose_tokens_they_hold(con, table):
    rows = """
        | view_id | forename | surname | dob | pnc |
        | 1       | 1        | 1       | 1   | -   |
        | 2       | 1        | 1       | 1   | -   |
        | 3       | 3        | 3       | -   | 3   |
        | 4       | 3        | 3       | -   | 3   |
        | 5       | 5        | 5       | 5   | 5   |
    """
    stacked = profiles(con, {"court": table(rows)}, NUMBERED)
    found = score(stacked, NUMBERED, MODEL, blocked(stacked, NUMBERED, "names").pairs).pairs.to_pylist()
    said = {(r["view_id_l"], r["view_id_r"]): (r["by_number"], r["by_others"]) for r in found}
    assert said == {(1, 2): (False, True), (3, 4): (True, True)}


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
    assert unlinkable(stacked).to_pylist() == [
        {"dataset": "court", "view_id": 2}, {"dataset": "court", "view_id": 4},
    ]  # fmt: skip


def test_a_record_that_an_earlier_view_has_judged_is_not_judged_again(con, table):
    rows = table("| view_id | forename | surname | dob | pnc |\n| 1 | 1 | 1 | - | - |\n| 2 | 2 | 2 | 5 | 5 |")
    assert unlinkable(profiles(con, {"court": rows}, NUMBERED, known=["court"])).num_rows == 0


def unlinkable(stacked: pa.Table) -> pa.Table:
    """The rows that would not be linked to the very same."""
    return score(stacked, NUMBERED, MODEL, blocked(stacked, NUMBERED, "names").pairs).unlinkable


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


CHAINED = EDGES + "| paye | 1 | prison | 1 | names | 0.4 | false | true |"
WITH_PAYE = PEOPLE + "| paye | 1 | 1 | 1 | 1 |"


def test_sources_that_only_a_third_record_joins_take_the_precision_of_all_links(con, table):
    found = {row["sources"]: row for row in expected(con, table(CHAINED), table(WITH_PAYE))}
    one = found["paye and prison"]
    assert (one["linked"], one["chained"], one["precision"]) == (0, 1, None)
    assert one["recall"] == 1.0
    assert found["court and prison"]["recall"] == pytest.approx(2.91 / 3.41)


def test_where_nothing_is_linked_by_its_own_evidence_the_share_found_is_not_known(con, table):
    [one, whole] = expected(con, table(EDGES).filter("record_id_l = 3"), table(PEOPLE))
    assert (one["linked"], one["chained"]) == (0, 1)
    assert (one["recall"], whole["recall"]) == (None, None)


def test_sources_that_the_accepted_run_joined_have_a_row_though_nothing_of_them_was_compared(con, table):
    held = joined(expected(con, table(CHAINED), table(WITH_PAYE)))
    found = {row["sources"]: row for row in expected(con, table(EDGES), table(PEOPLE), held)}
    gone, there = found["paye and prison"], found["court and prison"]
    assert (gone["linked"], gone["chained"], gone["recall"], gone["held"]) == (0, 0, None, 1)
    assert there["held"] == 3


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
