"""From scored pairs to people."""

from linkage.matching.person_index import clusters, edges, records

RECORDS = """
    | dataset | record_id |
    | court   | 1         |
    | prison  | 1         |
    | prison  | 2         |
    | ndtms   | 1         |
    | ndtms   | 2         |
"""
VIEWS = {"names": {"court": False, "prison": False}, "initials": {"ndtms": False, "prison": True}}


def people(table, drawing, records=RECORDS, threshold="medium"):
    """The clusters at a threshold as a set of sets of `dataset record_id`; weights are given, probabilities follow."""
    scored = table(drawing).project("*, 1 / (1 + pow(2, -match_weight)) as match_probability")
    found: dict[int, set[str]] = {}
    for row in clusters(table(records), scored, VIEWS).to_pylist():
        found.setdefault(row[f"cluster_{threshold}"], set()).add(f"{row['dataset']} {row['record_id']}")
    return set(map(frozenset, found.values()))


HEAD = "| dataset_l | record_id_l | dataset_r | record_id_r | view | match_weight |\n"


def test_records_joined_by_a_chain_of_pairs_are_one_person_and_everyone_else_is_alone(table):
    chain = HEAD + "| court | 1 | prison | 1 | names | 9.0 |\n| prison | 1 | prison | 2 | names | 5.0 |\n"
    assert people(table, chain) == {
        frozenset({"court 1", "prison 1", "prison 2"}), frozenset({"ndtms 1"}), frozenset({"ndtms 2"})
    }  # fmt: skip


def test_each_threshold_has_its_own_people(table):
    weak = HEAD + "| court | 1 | prison | 1 | names | 9.0 |\n| prison | 1 | prison | 2 | names | 3.0 |\n"
    assert frozenset({"court 1", "prison 1"}) in people(table, weak, threshold="medium")
    assert frozenset({"court 1", "prison 1", "prison 2"}) in people(table, weak, threshold="low")
    assert frozenset({"court 1", "prison 1"}) in people(table, weak, threshold="high")


def test_a_later_view_joins_a_person_through_her_best_record(table):
    drawing = HEAD + "| ndtms | 1 | prison | 1 | initials | 8.0 |\n| ndtms | 1 | prison | 2 | initials | 1.0 |\n"
    assert frozenset({"ndtms 1", "prison 1"}) in people(table, drawing)


def test_a_later_view_never_merges_two_people(table):
    tie = HEAD + "| ndtms | 1 | prison | 1 | initials | 12.0 |\n| ndtms | 1 | prison | 2 | initials | 12.0 |\n"
    assert people(table, tie) == {frozenset({r}) for r in ("court 1", "prison 1", "prison 2", "ndtms 1", "ndtms 2")}


def test_two_records_of_one_person_do_not_compete(table):
    drawing = HEAD + (
        "| prison | 1 | prison | 2 | names | 20.0 |\n"
        "| ndtms | 1 | prison | 1 | initials | 12.0 |\n| ndtms | 1 | prison | 2 | initials | 12.0 |\n"
    )
    assert frozenset({"prison 1", "prison 2", "ndtms 1"}) in people(table, drawing)


def test_new_records_that_are_one_person_join_together(table):
    drawing = HEAD + "| ndtms | 1 | ndtms | 2 | initials | 15.0 |\n| ndtms | 2 | prison | 1 | initials | 9.0 |\n"
    assert frozenset({"ndtms 1", "ndtms 2", "prison 1"}) in people(table, drawing)


def test_a_close_rival_makes_a_link_too_uncertain_to_keep(table):
    drawing = HEAD + "| ndtms | 1 | prison | 1 | initials | 9.0 |\n| ndtms | 1 | prison | 2 | initials | 7.0 |\n"
    # 2^9 against 2^7 and 1: .799 of the odds
    assert frozenset({"ndtms 1"}) in people(table, drawing, threshold="low")


def test_a_looser_threshold_tears_no_link_of_a_later_view_apart(table):
    # At .99 each NDTMS record joins another woman; at .95 the two NDTMS records look like one person.
    drawing = HEAD + (
        "| ndtms | 1 | prison | 1 | initials | 9.0 |\n| ndtms | 2 | prison | 2 | initials | 9.0 |\n"
        "| ndtms | 1 | ndtms | 2 | initials | 5.0 |\n"
    )
    for threshold in ("high", "medium", "low"):
        assert {frozenset({"ndtms 1", "prison 1"}), frozenset({"ndtms 2", "prison 2"})} <= people(
            table, drawing, threshold=threshold
        )


def test_a_record_that_has_joined_a_person_speaks_for_her(table):
    drawing = HEAD + "| ndtms | 1 | prison | 1 | initials | 9.0 |\n| ndtms | 1 | ndtms | 2 | initials | 5.0 |\n"
    assert frozenset({"ndtms 1", "prison 1"}) in people(table, drawing, threshold="high")
    assert frozenset({"ndtms 1", "ndtms 2", "prison 1"}) in people(table, drawing, threshold="medium")


def test_every_record_of_every_view_is_listed_once(table):
    crosswalks = {
        "names": {"court": table("| view_id | record_id |\n| 11 | 1 |\n| 12 | 9 |")},
        "initials": {
            "court": table("| view_id | record_id |\n| 21 | 1 |"),
            "ndtms": table("| view_id | record_id |\n| 5 | 1 |"),
        },
    }
    assert sorted(records(crosswalks).fetchall()) == [("court", 1), ("court", 9), ("ndtms", 1)]


def test_edges_speak_of_records_and_not_of_views(con, table):
    pairs = table("""
        | dataset_l | view_id_l | dataset_r | view_id_r | match_weight | match_probability |
        | court     | 11        | prison    | 12        | 9.5          | 0.99              |
    """)
    crosswalk = {
        "court": table("| view_id | record_id |\n| 11 | 1 |\n| 12 | 9 |"),
        "prison": table("| view_id | record_id |\n| 12 | 2 |"),
    }
    found = edges(con, {"names": pairs}, {"names": crosswalk}).fetchall()
    assert found == [("court", 1, "prison", 2, "names", 9.5, 0.99)]
