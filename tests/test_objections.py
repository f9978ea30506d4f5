"""Decisions that no run overrules, and chains that are not believed."""

import duckdb
import pyarrow as pa
import pytest
from drawings import drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.contracts.encodings import Clusters
from linkage.errors import LinkError
from linkage.matching.objections import rebuilt
from linkage.matching.person_index import NO_CONTRADICTION, NO_DECISION, Known, clusters

LIMITS = Clusters(contradiction_bits=10, largest=4, size_bits=10)
VIEWS = {"names": {"court": False, "prison": False}, "initials": {"ndtms": False, "prison": True}}
RECORDS = "\n".join(
    ["| dataset | record_id |", *[f"| {d} | {n} |" for d in ("court", "prison", "ndtms") for n in (1, 2, 3)]]
)
LINKS = "| dataset_l | record_id_l | dataset_r | record_id_r | view | match_weight |\n"
CHAIN = LINKS + """
    | court  | 1 | prison | 1 | names | 12.0 |
    | prison | 1 | court  | 2 | names | 6.0  |
    | court  | 2 | prison | 2 | names | 14.0 |
"""  # fmt: skip


def known(decided=(), contradicting=()) -> Known:
    names = ("dataset_l", "record_id_l", "dataset_r", "record_id_r")
    decisions = [dict(zip((*names, "same"), row, strict=True)) for row in decided]
    doubts = [dict(zip((*names, "bits"), row, strict=True)) for row in contradicting]
    return Known(
        pa.Table.from_pylist(decisions, NO_DECISION.schema),
        pa.Table.from_pylist(doubts, NO_CONTRADICTION.schema),
        LIMITS,
    )


def people(table, drawing, beside: Known, threshold="medium") -> set[frozenset[str]]:
    scored = table(drawing.replace("\n\n", "\n")).project("*, 1 / (1 + pow(2, -match_weight)) as match_probability")
    found: dict[int, set[str]] = {}
    for row in clusters(table(RECORDS), scored, VIEWS, beside).to_pylist():
        found.setdefault(row[f"cluster_{threshold}"], set()).add(f"{row['dataset']} {row['record_id']}")
    return {frozenset(one) for one in found.values() if len(one) > 1}


def test_a_chain_of_good_links_is_one_person_where_nothing_speaks_against_it(table):
    assert people(table, CHAIN, known()) == {frozenset({"court 1", "prison 1", "court 2", "prison 2"})}


def test_two_records_decided_to_be_different_people_part_at_the_weakest_link_between_them(table):
    apart = known(decided=[("court", 1, "prison", 2, False)])
    assert people(table, CHAIN, apart) == {frozenset({"court 1", "prison 1"}), frozenset({"court 2", "prison 2"})}


def test_records_decided_to_be_one_person_are_whatever_their_score(table):
    together = known(decided=[("court", 3, "prison", 3, True), ("court", 3, "ndtms", 1, True)])
    assert frozenset({"court 3", "prison 3", "ndtms 1"}) in people(table, CHAIN, together)


def test_a_decision_keeps_a_later_view_from_joining_a_person(table):
    linked = CHAIN + "| ndtms | 1 | prison | 1 | initials | 15.0 |\n"
    assert any("ndtms 1" in one for one in people(table, linked, known()))
    apart = known(decided=[("court", 1, "ndtms", 1, False)])
    assert not any("ndtms 1" in one for one in people(table, linked, apart))


def test_a_contradiction_tears_a_weak_chain_and_not_a_strong_one(table):
    doubt = known(contradicting=[("prison", 1, "prison", 2, 10.0)])
    assert people(table, CHAIN, doubt) == {frozenset({"court 1", "prison 1"}), frozenset({"court 2", "prison 2"})}
    strong = CHAIN.replace("6.0 ", "16.0").replace("14.0", "15.0")
    assert people(table, strong, doubt) == {frozenset({"court 1", "prison 1", "court 2", "prison 2"})}


def test_how_much_of_a_doubted_link_must_be_left_is_declared():
    links = [(1, 2, 12.0), (2, 3, 12.0)]
    against = {1: {3: 10.0}, 3: {1: 10.0}}
    parts = {believed: rebuilt((1, 2, 3), links, against, Clusters(believed_from=believed)) for believed in (0.5, 0.9)}
    assert parts == {0.5: {1: 1, 2: 1, 3: 1}, 0.9: {1: 1, 2: 1, 3: 3}}


def test_a_decision_that_they_are_one_person_overrules_a_contradiction(table):
    both = known([("prison", 1, "prison", 2, True)], [("prison", 1, "prison", 2, 10.0)])
    assert people(table, CHAIN, both) == {frozenset({"court 1", "prison 1", "court 2", "prison 2"})}


def test_decisions_that_contradict_each_other_are_refused(table):
    clash = known([
        ("court", 1, "court", 2, True), ("court", 2, "court", 3, True), ("court", 1, "court", 3, False),
    ])  # fmt: skip
    with pytest.raises(LinkError, match="1 decisions contradict others"):
        people(table, CHAIN, clash)


def test_a_large_cluster_is_joined_by_strong_links_only():
    nodes, links = range(1, 7), [(n, n + 1, 8.0) for n in range(1, 6)]
    parts = rebuilt(nodes, links, {}, LIMITS)
    assert max(list(parts.values()).count(part) for part in parts.values()) == 4
    assert set(rebuilt(nodes, [(a, b, 20.0) for a, b, _ in links], {}, LIMITS).values()) == {1}


links = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(4, 40)), max_size=25)
doubts = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([5.0, 12.0, 200.0])), max_size=6)


@settings(max_examples=100, deadline=None)
@given(links, doubts, st.floats(0, 40))
def test_nobody_decided_apart_is_together_and_a_looser_threshold_only_joins(drawn, pairs, stricter):
    against: dict[int, dict[int, float]] = {}
    for a, b, bits in pairs:
        if a != b:
            against.setdefault(a, {})[b] = against.setdefault(b, {})[a] = bits
    limits = Clusters(largest=5)
    loose = rebuilt(range(10), drawn, against, limits)
    strict = rebuilt(range(10), [one for one in drawn if one[2] >= stricter], against, limits)
    assert all(loose[a] != loose[b] for a, of in against.items() for b, bits in of.items() if bits == 200.0)
    assert all(loose[a] == loose[b] for a in range(10) for b in range(10) if strict[a] == strict[b])


def test_what_follows_from_decisions_holds_as_well(table):
    both = known([("court", 1, "ndtms", 1, True), ("ndtms", 1, "prison", 2, False)])
    apart = people(table, CHAIN, both)
    assert frozenset({"court 2", "prison 2"}) in apart
    assert frozenset({"court 1", "prison 1", "ndtms 1"}) in apart


def test_who_is_decided_to_be_two_people_is_not_chained_together_by_a_later_view(table):
    linked = "| court | 1 | prison | 1 | names | 20.0 |\n| ndtms | 1 | ndtms | 2 | initials | 20.0 |\n"
    both = known([("ndtms", 1, "court", 1, True), ("ndtms", 2, "court", 3, True)])
    found = people(table, LINKS + linked, both)
    assert found == {frozenset({"court 1", "prison 1", "ndtms 1"}), frozenset({"court 3", "ndtms 2"})}


def test_of_two_records_decided_to_be_different_people_the_better_one_joins_a_person(table):
    linked = "| ndtms | 1 | prison | 1 | initials | 15.0 |\n| ndtms | 2 | prison | 1 | initials | 14.0 |\n"
    apart = known([("ndtms", 1, "ndtms", 2, False)])
    assert people(table, LINKS + linked, known()) == {frozenset({"prison 1", "ndtms 1", "ndtms 2"})}
    assert people(table, LINKS + linked, apart) == {frozenset({"prison 1", "ndtms 1"})}


def test_a_later_view_joins_a_person_it_contradicts_by_a_strong_link_only(table):
    doubt = known(contradicting=[("court", 1, "ndtms", 1, 10.0)])
    for weight, joined in ((12.0, False), (16.0, True)):
        linked = CHAIN + f"| ndtms | 1 | prison | 1 | initials | {weight} |\n"
        assert any("ndtms 1" in one for one in people(table, linked, doubt)) == joined


RECORD = st.tuples(st.sampled_from(["court", "prison", "ndtms"]), st.integers(1, 3))
PAIR = st.tuples(RECORD, RECORD).filter(lambda pair: pair[0] < pair[1])


@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(PAIR, st.floats(2, 25)), max_size=14), st.dictionaries(PAIR, st.booleans(), max_size=5))
def test_every_decision_holds_at_every_threshold_unless_they_contradict_each_other(links, decisions):
    con = duckdb.connect()
    rows = [(*a, *b, "initials" if "ndtms" in (a[0], b[0]) else "names", weight) for (a, b), weight in links]
    names = ("dataset_l", "record_id_l", "dataset_r", "record_id_r", "view", "match_weight")
    types = pa.schema([*[*NO_DECISION.schema][:4], ("view", pa.string()), ("match_weight", pa.float64())])
    scored = con.from_arrow(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], types))
    scored = scored.project("*, 1 / (1 + pow(2, -match_weight)) as match_probability")
    beside = known([(*a, *b, same) for (a, b), same in decisions.items()])
    try:
        index = clusters(con.from_arrow(drawn(RECORDS)), scored, VIEWS, beside).to_pylist()
    except LinkError:
        return
    for name in ("cluster_high", "cluster_medium", "cluster_low"):
        person = {(row["dataset"], row["record_id"]): row[name] for row in index}
        assert all((person[a] == person[b]) == same for (a, b), same in decisions.items())
    assert len({row["cluster_high"] for row in index}) >= len({row["cluster_low"] for row in index})
