"""What sealed blocking tells of a pair, beside the tokens: names that sound alike, day and month exchanged."""

from math import log2

import pyarrow as pa
import pytest
from small_view import VIEW

from linkage.contracts.encodings import Hint, View
from linkage.contracts.levels import Level
from linkage.matching.blocking import blocked
from linkage.matching.hints import hinted
from linkage.matching.model import Model, Weight
from linkage.matching.profiles import profiles
from linkage.matching.score import Before, Scored, score
from linkage.matching.settings import condition, connection, fillable
from linkage.pseudonymisation.tokens import day_and_month

TOLD = VIEW.model_copy(
    update={
        "hints": {"alike": Hint(rule="sound", unless=("surname", "dob"), reason="names that sound alike, of one year")}
    }
)
COURT = """
    | view_id | forename | surname | dob | pnc |
    | 10      | 1        | 1       | 1   | 7   |
    | 11      | 1        | 2       | 1   | 8   |
    | 12      | 3        | 1       | 1   | -   |
    | 13      | 3        | 1       | 1   | -   |
"""
LIKE_10 = [(10, 11, ["sound"]), (10, 12, ["sound"]), (11, 12, ["other"]), (11, 13, None)]


def told(con, table, pairs=LIKE_10, rows=COURT) -> dict[int, list[int] | None]:
    """{the smallest view_id of a profile: its hints}."""
    candidates = pa.table(
        {
            "view_id_l": [pair[0] for pair in pairs],
            "view_id_r": [pair[1] for pair in pairs],
            "rules": pa.array([pair[2] for pair in pairs], pa.list_(pa.string())),
        }
    )
    seen = hinted(profiles(con, {"court": table(rows)}, TOLD), TOLD, candidates)
    return {row["view_ids"][0]: row["alike"] for row in seen.to_pylist()}


def test_both_rows_of_a_pair_that_the_rule_made_hold_its_number_and_no_other_does(con, table):
    found = told(con, table)
    assert found[10] == found[11]
    assert len(found[10]) == 1
    assert found[12] is None, "it agrees with 10 on all that makes the hint needless, and 11 is told by another rule"


def test_a_number_hangs_on_the_two_rows_and_not_on_what_else_came(con, table):
    more = COURT + "    | 5 | 9 | 9 | 9 | 9 |\n"
    assert told(con, table, rows=more)[10] == told(con, table)[10]


def test_a_row_has_a_number_for_each_pair_in_order(con, table):
    rows = COURT + "    | 14 | 1 | 4 | 1 | 6 |\n"
    found = told(con, table, [*LIKE_10, (14, 10, ["sound"])], rows)
    assert found[10] == sorted({*found[11], *found[14]})
    assert len(found[10]) == 2


def test_a_level_asks_for_a_pair_in_common(con, table):
    level = Level(label="alike", hint="alike")
    seen = pa.table({"profile_id": [1, 2, 3], "alike": [[5, 6], [6], None]})
    sides = ", ".join(f"(select profile_id as id_{s}, alike as alike_{s} from profiles) {s}" for s in "lr")
    with connection(seen) as own:
        agreed = own.sql(f"select id_l, id_r from {sides} where id_l < id_r and {condition(level, TOLD)}").fetchall()
    assert agreed == [(1, 2)]


def test_a_hint_that_nobody_has_is_a_level_all_the_same_and_one_that_was_never_asked_for_is_none(con, table):
    hint = {"label": "alike", "hint": "alike", "chance": 0.01}
    dob = TOLD.comparisons["dob"]
    levels = (dob.levels[0], Level.model_validate(hint), dob.levels[1])
    view = TOLD.model_copy(update={"comparisons": {"dob": dob.model_copy(update={"levels": levels})}})
    seen = profiles(con, {"court": table(COURT)}, view)
    nobody = seen.append_column("alike", pa.nulls(len(seen), pa.list_(pa.uint64())))
    assert [level.label for level in fillable(view, nobody)[0].comparisons["dob"].levels] == [
        "exact",
        "alike",
        "all else",
    ]
    assert [level.label for level in fillable(view, seen)[0].comparisons["dob"].levels] == ["exact", "all else"]


def weights(*levels: tuple[str, float, float]) -> tuple[Weight, ...]:
    return tuple(Weight(label, m, u) for label, m, u in levels)


MODEL = Model(
    view="names", encodings_version="1", splink_version="5", prior=1e-2, training={}, rounds={}, notes=(),
    comparisons={
        "forename": weights(("exact", 0.9, 0.02), ("swapped", 0.01, 0.001), ("all else", 0.09, 0.979)),
        "surname": weights(("exact", 0.8, 0.02), ("alike", 0.1, 0.01), ("all else", 0.1, 0.97)),
        "dob": weights(("exact", 0.95, 1e-2), ("all else", 0.05, 0.99)),
        "pnc": weights(("exact", 0.99, 1e-2), ("all else", 0.01, 0.99)),
    },
)  # fmt: skip


def test_a_pair_that_is_told_of_only_now_is_weighed_again_and_as_in_a_full_run(con, table):
    surname = TOLD.comparisons["surname"]
    alike = Level(label="alike", hint="alike")
    levels = (surname.levels[0], alike, surname.levels[-1])
    view = TOLD.model_copy(
        update={"comparisons": TOLD.comparisons | {"surname": surname.model_copy(update={"levels": levels})}}
    )
    rows = profiles(con, {"court": table(COURT)}, view)

    def run(rule: str, before: Before | None) -> Scored:
        given = pa.table({"view_id_l": [10], "view_id_r": [11], "rules": [[rule]]})
        seen = hinted(rows, view, given)
        return score(seen, view, MODEL, blocked(seen, view, "names", given).pairs, before)

    first = run("other", None)
    known = Before(frequencies=first.kept.frequencies)
    now, full = run("sound", first.kept), run("sound", known)
    assert now.pairs.equals(full.pairs)
    assert now.kept.rows.equals(full.kept.rows)
    weight = {(p["view_id_l"], p["view_id_r"]): p["match_weight"] for p in now.pairs.to_pylist()}
    was = {(p["view_id_l"], p["view_id_r"]): p["match_weight"] for p in first.pairs.to_pylist()}
    assert weight[10, 11] - was[10, 11] == pytest.approx(log2(0.1 / 0.01) - log2(0.1 / 0.97))
    assert run("sound", now.kept).compared == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rule": "none"}, "are no rules of sealed_blocking"),
        ({"unless": ["surnames"]}, "`unless` takes single ones"),
        ({"unless": ["nothing"]}, "not among its tokens"),
    ],
)
def test_a_hint_says_which_rule_gives_it_and_which_tokens_say_more(change, says):
    rule = {"sound": [{"forename": "soundex"}, {"surname": "soundex"}]}
    hint = {"rule": "sound", "unless": ["dob"], "reason": "names that sound alike, of one year"}
    declared = VIEW.model_dump(by_alias=True) | {"sealed_blocking": rule, "hints": {"alike": hint | change}}
    with pytest.raises(ValueError, match=says):
        View.model_validate(declared)


def test_a_level_cannot_ask_for_a_hint_that_is_not_declared():
    declared = VIEW.model_dump(by_alias=True)
    declared["comparisons"]["dob"]["levels"] = [{"label": "alike", "hint": "alike"}, {"label": "all else"}]
    with pytest.raises(ValueError, match="does not say which sealed rule gives it"):
        View.model_validate(declared)


@pytest.mark.parametrize(
    ("date", "is_told"),
    [
        ("1990-04-03", ["1990 03 04"]), ("1990-03-04", ["1990 03 04"]), ("1991-03-04", ["1991 03 04"]),
        ("1990-03-03", []), ("1990-03-13", []),
    ],
)  # fmt: skip
def test_day_and_month_in_no_order(date, is_told):
    assert day_and_month(date) == is_told
