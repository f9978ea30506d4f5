"""What a chain of links cannot be, and what the clustering is told of rows: no token."""

import pyarrow as pa
import pytest
from test_sealing import places

from linkage import clustering, stages
from linkage.cohorts.contradictions import impossible
from linkage.contracts.circumstances import Circumstances
from linkage.contracts.encodings import Encodings
from linkage.matching.doubts import counts, doubts
from linkage.matching.model import Model, Weight
from linkage.matching.numbers import alike, differing, held, numbers
from linkage.matching.person_index import edges

VIEW = {
    "needs": ["dob"],
    "tokens": {"dob": {"from": "date_of_birth"}, "pnc": {"from": "pnc"}, "nomis": {"from": "nomis"}},
    "block_on": [["dob"]],
    "comparisons": {
        name: {"needs": [name], "levels": [{"label": "exact", "same": [name]}, {"label": "all else"}]}
        for name in ("dob", "pnc", "nomis")
    },
    "training": {"prior_rules": [["dob"]], "prior_recall": 0.8, "em_blocks": [["dob"]]},
}
KINDS = {kind: {"standardise": []} for kind in ("date_of_birth", "pnc", "nomis")}
ENCODINGS = {"version": "1", "identifiers": KINDS, "views": {"names": VIEW}}
MODEL = Model(
    "names", "1", "5", 1e-4,
    {"pnc": (Weight("exact", 0.9, 1e-6), Weight("all else", 1 / 64, 1.0)),
     "nomis": (Weight("exact", 0.9, 1e-6), Weight("all else", 1.0, 0.5))},
    {}, {}, (),
)  # fmt: skip
PROFILES = pa.table(
    {
        "profile_id": [1, 2, 3],
        "dataset": ["court", "prison", "court"],
        "view_ids": [[11, 12], [21], [13]],
        "dob": [5, 5, 5],
        "pnc": [777, 888, None],
        "nomis": [None, 999, None],
    }
)
CROSSWALK = {
    "court": "| view_id | record_id |\n| 11 | 1 |\n| 12 | 2 |\n| 13 | 3 |",
    "prison": "| view_id | record_id |\n| 21 | 1 |",
}
CHAINS = """
    | dataset | record_id | cluster_medium | cluster_low |
    | court   | 1         | 7              | 7           |
    | court   | 2         | 7              | 7           |
    | court   | 3         | 7              | 7           |
    | prison  | 1         | 7              | 7           |
"""
EDGES = "| dataset_l | record_id_l | dataset_r | record_id_r | view | match_probability |\n"


@pytest.fixture
def two_numbers(con, table):
    """Which records of the chain hold which number."""
    of_rows = numbers(PROFILES, Encodings.model_validate(ENCODINGS).views["names"], MODEL, ["pnc", "nomis"])
    crosswalk = {name: table(rows) for name, rows in CROSSWALK.items()}
    return held(con, {"names": con.from_arrow(of_rows)}, {"names": crosswalk})


def test_what_the_clustering_is_told_of_a_number_is_who_shares_it_and_what_a_difference_is_worth():
    found = numbers(PROFILES, Encodings.model_validate(ENCODINGS).views["names"], MODEL, ["pnc", "nomis"]).to_pylist()
    assert sorted(tuple(row.values()) for row in found) == [
        ("court", 11, "pnc", 1, 6.0), ("court", 12, "pnc", 1, 6.0),
        ("prison", 21, "nomis", 1, 0.0), ("prison", 21, "pnc", 2, 6.0),
    ]  # fmt: skip


def test_two_numbers_in_one_chain_contradict_each_other_at_what_the_model_learned(con, table, two_numbers):
    chained = EDGES + "| court | 1 | court | 3 | names | 0.99 |\n| court | 3 | prison | 1 | names | 0.99 |"
    found = differing(con, two_numbers, table(CHAINS), table(chained), largest=10).to_pylist()
    assert [tuple(row.values()) for row in found] == [
        ("court", 1, "prison", 1, 6.0, "different pnc"), ("court", 2, "prison", 1, 6.0, "different pnc"),
    ]  # fmt: skip


def test_two_numbers_that_a_link_has_weighed_are_not_weighed_again(con, table, two_numbers):
    compared = EDGES + "| court | 1 | prison | 1 | names | 0.85 |"
    assert differing(con, two_numbers, table(CHAINS), table(compared), largest=10).num_rows == 0
    too_weak = compared.replace("0.85", "0.79")
    assert differing(con, two_numbers, table(CHAINS), table(too_weak), largest=10).num_rows == 2


def test_numbers_in_two_chains_or_in_one_that_is_doubted_for_its_length_are_left(con, table, two_numbers):
    none = table(EDGES + "| court | 1 | court | 3 | names | 0.99 |")
    apart = table(
        CHAINS.replace("| prison  | 1         | 7              | 7 ", "| prison  | 1         | 7              | 8 ")
    )
    assert differing(con, two_numbers, apart, none, largest=10).num_rows == 0
    assert differing(con, two_numbers, table(CHAINS), none, largest=3).num_rows == 0


@pytest.mark.parametrize("named", ["shoe_size", "names"])
def test_one_each_names_comparisons_of_one_number(named):
    with pytest.raises(ValueError, match=f"clusters.one_each: \\['{named}'\\] are no comparisons"):
        Encodings.model_validate(ENCODINGS | {"clusters": {"one_each": [named]}})


def test_which_of_equal_rows_was_scored_for_the_others_changes_no_edge(con, table):
    crosswalk = {"names": {name: table(rows) for name, rows in CROSSWALK.items()}}
    pairs = "| dataset_l | view_id_l | dataset_r | view_id_r | match_weight | match_probability |\n"
    found = []
    for scored, other in ((11, 12), (12, 11)):
        drawing = (
            f"| court | {scored} | court | {other} | 20.0 | 0.99 |\n| court | {scored} | prison | 21 | 9.0 | 0.99 |"
        )
        same = table(f"| dataset | view_id | first |\n| court | 11 | {scored} |\n| court | 12 | {scored} |")
        found.append(edges(con, {"names": table(pairs + drawing)}, crosswalk, {"names": same}).fetchall())
    assert found[0] == found[1]
    assert {(row[1], row[3]) for row in found[0]} == {(1, 2), (1, 1)}


def test_rows_alike_are_those_of_one_profile():
    assert [tuple(row.values()) for row in alike(PROFILES).to_pylist()] == [("court", 11, 11), ("court", 12, 11)]


DECLARED = Circumstances.model_validate(
    {
        "in_custody": {"dataset": "prison", "start": "reception_date", "end": "release_date"},
        "died": [{"dataset": "probation", "date": "date_of_death"}],
        "alive": [{"dataset": "ndtms", "date": "treatment_start"}],
    }
)


def test_custody_twice_and_treatment_after_death_are_found_in_chains_before_anybody_is_a_person(con, table):
    attributes = {
        "prison": table("""
            | record_id | reception_date | release_date |
            | 1         | 2023-01-01     | 2023-03-01   |
            | 2         | 2023-02-01     | 2023-02-05   |
            | 3         | 2023-03-01     | 2023-04-01   |
        """),
        "probation": table("| record_id | date_of_death |\n| 1 | 2023-05-01 |\n| 2 | - |"),
        "ndtms": table("| record_id | treatment_start |\n| 1 | 2023-05-02 |\n| 2 | 2023-05-01 |"),
    }
    chains = "\n".join(
        ["| dataset | record_id | person_id_low |"]
        + [
            f"| {d} | {n} | 1 |"
            for d, last in (("prison", 3), ("probation", 2), ("ndtms", 2))
            for n in range(1, last + 1)
        ]
    )
    assert impossible(con, DECLARED, attributes, table(chains)).fetchall() == [
        ("prison", 1, "prison", 2, "overlapping custody"),
        ("probation", 1, "ndtms", 1, "ndtms treatment_start after death"),
    ]
    assert impossible(con, None, {}, table(chains)).fetchall() == []
    there = {"prison": attributes["prison"], "ndtms": attributes["ndtms"]}
    assert len(impossible(con, DECLARED, there, table(chains)).fetchall()) == 1
    assert impossible(con, DECLARED, {}, table(chains)).fetchall() == []


def test_doubted_chains_are_counted_by_reason_and_by_what_became_of_them(con, table):
    people = table("""
        | dataset | record_id | person_id_medium |
        | court   | 1         | 100              |
        | court   | 2         | 100              |
        | court   | 3         | 100              |
        | prison  | 1         | 200              |
    """)
    against = table("""
        | dataset_l | record_id_l | dataset_r | record_id_r | reason        |
        | court     | 1           | prison    | 1           | different pnc |
        | court     | 1           | paye      | 1           | different pnc |
    """)
    found = doubts(con, table(CHAINS), people, against, largest=3)
    assert {row[0] for row in found.fetchall()} == {7}
    assert counts(con, found) == {
        "chains": 1, "taken_apart": 1, "people": 2,
        "by_reason": [
            {"reason": "different pnc", "chains": 1, "taken_apart": 1, "people": 2},
            {"reason": "long", "chains": 1, "taken_apart": 1, "people": 2},
        ],
    }  # fmt: skip


def test_no_step_of_the_clustering_opens_a_token_and_only_the_one_that_contradicts_an_attribute():
    assert places(clustering.contradict) == {"cohorts.attributes", "cohorts.impossible"}
    for step in (clustering.chain, clustering.what_is_known, clustering.crosswalks_of, stages.settle):
        assert not places(step) & {"cohorts.attributes", "matching.encoded"}, step
