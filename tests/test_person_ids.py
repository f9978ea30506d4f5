"""Who keeps her person id from one run to the next, and what is said of each id."""

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.matching import person_ids
from linkage.matching.person_ids import KEPT, MERGED, NEW, RETIRED, SPLIT, Named, crosswalk, named, nobody

FIRST = """
    | dataset | record_id | cluster |
    | court   | 1         | 1       |
    | prison  | 2         | 1       |
    | paye    | 3         | 1       |
    | court   | 4         | 4       |
    | prison  | 5         | 4       |
"""


def first_run(con, table) -> Named:
    return named(con, table(FIRST), **nobody(con))


def next_run(con, drawing, earlier: Named, used: pa.Table | None = None) -> Named:
    before = con.from_arrow(earlier.index)
    spent = con.from_arrow(used if used is not None else earlier.index.select(["person_id"]))
    return named(con, drawing, before=before, used=spent)


def ids(found: Named) -> dict[int, int]:
    return {row["record_id"]: row["person_id"] for row in found.index.to_pylist()}


def said(found: Named) -> dict[int, tuple[str, int | None]]:
    return {row["person_id"]: (row["what"], row["other_id"]) for row in found.events.to_pylist()}


def test_the_first_run_names_everybody_anew_and_alike_on_every_machine(con, table):
    found = first_run(con, table)
    assert found.counts() == {KEPT: 0, NEW: 2, MERGED: 0, SPLIT: 0, RETIRED: 0}
    assert ids(found) == {1: 36344073246451957, 2: 36344073246451957, 3: 36344073246451957,
                          4: ids(found)[4], 5: ids(found)[4]}  # fmt: skip


def test_a_record_more_or_less_renames_nobody(con, table):
    before = first_run(con, table)
    after = next_run(con, table("""
        | dataset | record_id | cluster |
        | court   | 1         | 9       |
        | prison  | 2         | 9       |
        | dwp     | 6         | 9       |
        | court   | 4         | 8       |
        | prison  | 5         | 8       |
    """), before)  # fmt: skip
    assert after.counts() == {KEPT: 2, NEW: 0, MERGED: 0, SPLIT: 0, RETIRED: 0}
    assert ids(after)[6] == ids(before)[1]
    assert ids(after)[4] == ids(before)[4]


def test_of_two_people_who_become_one_the_id_with_more_records_stays(con, table):
    before = first_run(con, table)
    after = next_run(con, table(FIRST.replace("| 4       |", "| 1       |")), before)
    more, fewer = ids(before)[1], ids(before)[4]
    assert set(ids(after).values()) == {more}
    assert said(after) == {more: (KEPT, None), fewer: (MERGED, more)}


def test_of_one_person_who_becomes_two_the_larger_part_keeps_the_id(con, table):
    before = first_run(con, table)
    after = next_run(
        con, table(FIRST.replace("| paye    | 3         | 1       |", "| paye    | 3         | 3       |")), before
    )
    whole = ids(before)[1]
    assert ids(after)[1] == ids(after)[2] == whole != ids(after)[3]
    assert said(after)[ids(after)[3]] == (SPLIT, whole)


def test_between_equal_parts_the_one_with_the_first_record_keeps_the_id(con, table):
    before = first_run(con, table)
    after = next_run(
        con, table(FIRST.replace("| prison  | 5         | 4       |", "| prison  | 5         | 5       |")), before
    )
    assert ids(after)[4] == ids(before)[4]
    assert said(after)[ids(after)[5]] == (SPLIT, ids(before)[4])


def test_an_id_without_a_record_is_retired_and_never_given_again(con, table):
    before = first_run(con, table)
    without = next_run(con, table("| dataset | record_id | cluster |\n| court | 4 | 4 |"), before)
    assert said(without)[ids(before)[1]] == (RETIRED, None)
    every = pa.concat_tables([before.index.select(["person_id"]), without.index.select(["person_id"])])
    back = next_run(con, table(FIRST), without, every)
    assert ids(back)[1] not in set(ids(before).values())
    assert said(back)[ids(back)[1]] == (NEW, None)


def test_records_that_change_sides_leave_both_ids_where_most_records_are(con, table):
    before = first_run(con, table)
    after = next_run(
        con, table(FIRST.replace("| paye    | 3         | 1       |", "| paye    | 3         | 4       |")), before
    )
    assert ids(after) == ids(before) | {3: ids(before)[4]}
    assert after.counts() == {KEPT: 2, NEW: 0, MERGED: 0, SPLIT: 0, RETIRED: 0}


def test_a_crosswalk_says_which_ids_share_how_many_records(con, table):
    before = first_run(con, table)
    after = next_run(con, table(FIRST.replace("| 4       |", "| 1       |")), before)
    rows = crosswalk(con, con.from_arrow(before.index), con.from_arrow(after.index)).fetchall()
    one, other = ids(before)[1], ids(before)[4]
    assert sorted(rows) == sorted([(one, one, 3), (other, one, 2)])


clusterings = st.lists(st.integers(0, 6), min_size=1, max_size=14)


@settings(max_examples=25, deadline=None)
@given(clusterings, clusterings, st.randoms())
def test_whoever_is_not_touched_keeps_her_id_whatever_happens_to_others(first, second, dice):
    con = duckdb.connect()
    before = named(con, rows_of(con, first), **nobody(con))
    shuffled = list(enumerate(second))
    dice.shuffle(shuffled)
    after = next_run(con, rows_of(con, second, shuffled), before)
    old, new = ids(before), ids(after)
    for label in set(first):
        mine = {n for n, of in enumerate(first) if of == label}
        if any(mine == {n for n, of in enumerate(second) if of == other} for other in set(second)):
            assert {new[n] for n in mine} == {old[n] for n in mine}
    assert len(set(new.values())) == len(set(second))
    known = set(old.values())
    assert {row["person_id"] for row in after.events.to_pylist()} == known | set(new.values())


def rows_of(con, labels: list[int], order: list[tuple[int, int]] | None = None) -> duckdb.DuckDBPyRelation:
    """Records 0, 1 … of one dataset with these clusters, in this order."""
    order = order or list(enumerate(labels))
    numbers, of = zip(*order, strict=True)
    return con.from_arrow(pa.table({"dataset": ["court"] * len(of), "record_id": list(numbers), "cluster": list(of)}))


def test_every_event_has_its_reason():
    assert set(person_ids.REASONS) == {KEPT, NEW, MERGED, SPLIT, RETIRED}


@pytest.mark.parametrize("missing", ["before", "used"])
def test_nobody_has_the_columns_of_somebody(con, missing):
    assert nobody(con)[missing].columns[-1] == "person_id"
