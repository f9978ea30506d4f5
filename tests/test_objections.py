"""Decisions that no run overrules, and chains that are not believed."""

import pyarrow as pa
import pytest
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


def test_a_decision_that_they_are_one_person_overrules_a_contradiction(table):
    both = known([("prison", 1, "prison", 2, True)], [("prison", 1, "prison", 2, 10.0)])
    assert people(table, CHAIN, both) == {frozenset({"court 1", "prison 1", "court 2", "prison 2"})}


def test_decisions_that_contradict_each_other_are_refused_by_name_of_the_records(table):
    clash = known([
        ("court", 1, "court", 2, True), ("court", 2, "court", 3, True), ("court", 1, "court", 3, False),
    ])  # fmt: skip
    with pytest.raises(LinkError, match=r"1 decisions contradict others.*'court', 1.*'court', 3"):
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
