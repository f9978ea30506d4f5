"""Rows that say the same become one profile."""

import pytest
from small_view import VIEW

from linkage.contracts.encodings import Encodings
from linkage.errors import LinkError
from linkage.matching.profiles import compared, profiles


def test_rows_with_equal_tokens_in_one_dataset_become_one_profile(con, table):
    court = table("""
        | view_id | surname | surnames | dob |
        | 30      | 7       | [7 9]    | 1   |
        | 10      | 7       | [9 7]    | 1   |
        | 20      | 7       | [7]      | 1   |
    """)
    prison = table("""
        | view_id | surname | dob |
        | 15      | 7       | 1   |
    """)
    found = profiles(con, {"court": court, "prison": prison}, VIEW, known={"prison"}).to_pylist()
    assert [(p["profile_id"], p["dataset"], p["known"], p["view_ids"], p["surnames"]) for p in found] == [
        (1, "court", False, [10, 30], [7, 9]),
        (2, "prison", True, [15], None),
        (3, "court", False, [20], [7]),
    ]


def test_a_token_no_dataset_holds_is_no_column(con, table):
    found = profiles(con, {"court": table("| view_id | surname |\n| 1 | 7 |")}, VIEW)
    assert found.column_names == ["profile_id", "dataset", "known", "view_ids", "surname"]


@pytest.mark.parametrize("drawing", [None, "| view_id | surname |"])
def test_a_view_without_rows_says_so(con, table, drawing):
    encoded = {"court": con.sql("select 1::bigint as view_id, 2::bigint as surname where false")} if drawing else {}
    with pytest.raises(LinkError, match="nothing to link|is empty"):
        profiles(con, encoded, VIEW)


def test_missing_and_different_rows_stay_apart(con, table):
    found = profiles(
        con, {"court": table("| view_id | surname | dob |\n| 1 | 7 | 5 |\n| 2 | 7 | - |\n| 3 | 7 | - |")}, VIEW
    )
    assert sorted(found["view_ids"].to_pylist()) == [[1], [2, 3]]


def test_a_later_view_compares_what_is_new_with_what_it_is_held_against():
    later = VIEW.model_dump(by_alias=True) | {"needs": ["dob"], "against": "spine"}
    kinds = {k: {"standardise": []} for k in ("forename", "surname", "other_surname", "date_of_birth", "pnc")}
    encodings = Encodings.model_validate(
        {"version": "1", "identifiers": kinds, "views": {"names": VIEW, "late": later}}
    )

    class Seen:
        def __init__(self, coverage, *kinds):
            self.coverage, self.identifiers = coverage, dict.fromkeys(kinds)

    datasets = {
        "prison": Seen("spine", "surname", "date_of_birth"),
        "paye": Seen("event_register", "surname", "date_of_birth"),
        "ndtms": Seen("event_register", "date_of_birth"),
    }
    assert compared(encodings, datasets, "names") == {"prison": False, "paye": False}
    assert compared(encodings, datasets, "late") == {"prison": True, "ndtms": False}
    assert compared(encodings, {"prison": datasets["prison"]}, "late") == {}
