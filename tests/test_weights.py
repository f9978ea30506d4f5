"""What an agreement is worth: levels, and their weights."""

import pyarrow as pa
import pytest
from small_view import VIEW

from linkage.contracts.encodings import Token, View
from linkage.contracts.levels import Level
from linkage.matching.model import Weight, among_random_pairs, levels_of, true_among_random
from linkage.matching.settings import as_scored, condition, connection, fillable

# ------------------------------------------------------------------------------------------------------------ levels


@pytest.mark.parametrize(
    ("level", "left", "right", "agrees"),
    [
        ({"same": ["surname"]}, {"surname": 1}, {"surname": 1}, True),
        ({"same": ["surname"]}, {"surname": 1}, {"surname": 2}, False),
        ({"same": ["surname"]}, {"surname": None}, {"surname": None}, False),
        ({"share": ["surnames"]}, {"surnames": [1, 2]}, {"surnames": [2, 3]}, True),
        ({"share": ["surnames"]}, {"surnames": [1, 2]}, {"surnames": [3]}, False),
        ({"share": ["surnames"]}, {"surnames": None}, {"surnames": [3]}, False),
        ({"swapped": ["forename", "surname"]}, {"forename": 1, "surname": 2}, {"forename": 2, "surname": 1}, True),
        ({"swapped": ["forename", "surname"]}, {"forename": 1, "surname": 2}, {"forename": 2, "surname": 3}, False),
        ({"missing": "pnc"}, {"pnc": None}, {"pnc": 1}, True),
        ({"missing": "pnc"}, {"pnc": None}, {"pnc": None}, True),
        ({"missing": "pnc"}, {"pnc": 2}, {"pnc": 1}, False),
        ({"same": ["pnc"], "share": ["surnames"]}, {"pnc": 1, "surnames": [1]}, {"pnc": 1, "surnames": [2]}, False),
        ({"either": ["dob", "surnames"]}, {"dob": 1, "surnames": [1]}, {"dob": 1, "surnames": [2]}, True),
        ({"either": ["dob", "surnames"]}, {"dob": 1, "surnames": [1, 3]}, {"dob": 2, "surnames": [3]}, True),
        ({"either": ["dob", "surnames"]}, {"dob": None, "surnames": [1, 3]}, {"dob": None, "surnames": [3]}, True),
        ({"either": ["dob", "surnames"]}, {"dob": 1, "surnames": [1]}, {"dob": 2, "surnames": [2]}, False),
        ({"either": ["dob", "surnames"]}, {"dob": None, "surnames": None}, {"dob": None, "surnames": None}, False),
        (
            {"either": ["dob", "surname"], "same": ["pnc"]},
            {"dob": 1, "surname": 1, "pnc": 1},
            {"dob": 1, "surname": 1, "pnc": 2},
            False,
        ),
    ],
)
def test_a_level_is_what_the_linkage_schema_says(con, level, left, right, agrees):
    pair = {f"{k}_l": pa.array([v]) for k, v in left.items()} | {f"{k}_r": pa.array([v]) for k, v in right.items()}
    sql = condition(Level.model_validate({"label": "x"} | level), VIEW)
    numbers = pa.table({k: v.cast(pa.list_(pa.int64()) if "surnames" in k else pa.int64()) for k, v in pair.items()})
    con.register("pair", numbers)
    assert con.execute(f"select coalesce({sql}, false) from pair").fetchone() == (agrees,)


@pytest.mark.parametrize(("first", "agrees"), [(8, True), (9, False)])
def test_of_compounds_that_hold_both_names_one_side_s_says_that_they_are_swapped(con, first, agrees):
    both = [{"forename": "first_word"}, {"surname": "whole"}]
    compounds = {name: Token.model_validate({"compound": both, "key": "both"}) for name in ("names", "swapped")}
    view = VIEW.model_copy(update={"tokens": VIEW.tokens | compounds})
    # The other side has a second forename, so what it makes of its names the other way round is none of these.
    con.register("pair", pa.table({"names_l": [7], "swapped_l": [8], "names_r": [first], "swapped_r": [5]}))
    sql = condition(Level(label="swapped", swapped=("names", "swapped")), view)
    assert con.execute(f"select {sql} from pair").fetchone() == (agrees,)


def test_what_nobody_fills_is_left_out_with_a_note():
    people = pa.table({"surname": [1], "dob": [1], "pnc": pa.array([None], pa.int64())})
    view, notes = fillable(VIEW, people)
    assert list(view.comparisons) == ["surname", "dob"]
    assert [level.label for level in view.comparisons["surname"].levels] == ["exact", "all else"]
    assert view.block_on == (("dob",),)
    assert view.training.em_blocks == (("dob",),)
    assert "token pnc: no record has it" in notes
    assert "comparison pnc: left out, its tokens are missing here" in notes


def test_a_level_keeps_those_of_its_alternatives_that_somebody_fills_and_goes_with_the_last():
    declared = VIEW.model_dump(by_alias=True)
    declared["comparisons"]["surname"]["levels"] = [
        {"label": "one of two", "either": ["surname", "pnc"]},
        {"label": "neither", "either": ["pnc", "forename"]},
        {"label": "all else"},
    ]
    people = pa.table({"surname": [1], "dob": [1], "pnc": pa.array([None], pa.int64())})
    view, _ = fillable(View.model_validate(declared), people)
    assert [(level.label, level.either) for level in view.comparisons["surname"].levels] == [
        ("one of two", ("surname",)),
        ("all else", ()),
    ]


APART = ["exact", "exact, not the same dob", "alias", "all else"]


def with_a_chance_apart() -> View:
    """The small view, where strangers of one birth date have the same surname more often than others have."""
    declared = VIEW.model_dump(by_alias=True)
    exact, *others = declared["comparisons"]["surname"]["levels"]
    exact |= {"within": "dob", "apart": 0.003, "term_frequency": None}
    declared["comparisons"]["surname"]["levels"] = [exact, *others]
    return View.model_validate(declared)


def test_a_level_with_a_chance_apart_is_scored_as_two():
    people = pa.table({"surname": [1], "surnames": [[1]], "dob": [1]})
    exact, apart, *_ = as_scored(with_a_chance_apart(), people).comparisons["surname"].levels
    assert (exact.label, exact.same) == (APART[0], ("surname", "dob"))
    assert (apart.label, apart.same, apart.chance) == (APART[1], ("surname",), 0.003)


def test_where_nobody_holds_what_a_level_is_within_all_pairs_are_apart():
    people = pa.table({"surname": [1], "surnames": [[1]], "dob": pa.array([None], pa.int64())})
    assert [level.label for level in as_scored(with_a_chance_apart(), people).comparisons["surname"].levels] == APART[
        1:
    ]


@pytest.mark.parametrize(
    ("levels", "complaint"),
    [
        ([{"label": "exact", "same": ["dob"]}], "all else"),
        ([{"label": "all else"}, {"label": "exact", "same": ["dob"]}], "all else"),
        ([{"label": "a", "same": ["dob"]}, {"label": "a"}], "same label"),
        ([{"label": "a", "same": ["dob", "pnc"], "term_frequency": "dob"}, {"label": "b"}], "term_frequency"),
        ([{"label": "a", "swapped": ["dob"]}, {"label": "b"}], "two columns"),
        ([{"label": "a", "same": ["dob"], "apart": 0.1}, {"label": "b"}], "says nothing without"),
    ],
)
def test_levels_that_cannot_work_are_refused_when_the_file_is_read(levels, complaint):
    declared = VIEW.model_dump(by_alias=True)
    declared["comparisons"]["dob"]["levels"] = levels
    with pytest.raises(ValueError, match=complaint):
        View.model_validate(declared)


# ----------------------------------------------------------------------------------------------------------- weights


def levels(*labels: str, within: str | None = None) -> tuple[Level, ...]:
    """Levels of these labels, all but the last with a condition, seen only within a token where one is named."""
    conditions = [{"same": ("dob",), "within": within} for _ in labels[:-1]] + [{}]
    return tuple(Level(label=label, **said) for label, said in zip(labels, conditions, strict=True))


def test_u_is_cleared_of_the_true_pairs_among_random_pairs():
    exact, other = levels_of(levels("exact", "all else"), [0.9, 0.1], [0.002, 0.998], true=0.001, smallest_u=1e-6)
    assert exact == Weight("exact", 0.9, pytest.approx((0.002 - 0.001 * 0.9) / 0.999, rel=1e-5))
    assert other.u == pytest.approx((0.998 - 0.0001) / 0.999, rel=1e-5)


def test_u_that_was_learned_among_strangers_holds_no_true_pair_to_be_cleared_of():
    exact, _ = levels_of(
        levels("exact", "all else", within="pnc"), [0.9, 0.1], [0.02, 0.98], true=0.01, smallest_u=1e-6
    )
    assert exact.u == 0.02


def test_u_is_never_under_what_the_sample_could_have_seen():
    exact, _ = levels_of(levels("exact", "all else"), [0.9, 0.1], [0.0005, 0.9995], true=0.001, smallest_u=1e-6)
    assert exact.u == 1e-6


def test_a_level_never_seen_in_a_true_pair_is_worth_what_the_next_weaker_one_is():
    _, middle, _ = levels_of(levels("a", "b", "c"), [0.9, None, 0.1], [0.01, 0.04, 0.95], true=0.0001, smallest_u=1e-6)
    last = 0.1 / ((0.95 - 0.00001) / 0.9999)
    assert middle.m / middle.u == pytest.approx(last, rel=1e-4)
    assert "never seen in a true pair" in middle.m_from


def test_disagreement_is_never_impossible():
    weights = levels_of(levels("exact", "all else"), [1.0, None], [0.01, 0.99], true=0.0001, smallest_u=1e-6)
    assert weights[-1].m == 0.001


@pytest.mark.parametrize("learned", [[None, None, None], [None, None, 1.0]])
def test_a_comparison_that_never_agreed_in_training_says_that_its_m_is_assumed(learned):
    weights = levels_of(levels("a", "b", "c"), learned, [0.01, None, 0.99], true=0.0001, smallest_u=1e-6)
    assert [w.m for w in weights] == pytest.approx([0.9, 0.05, 0.05])
    assert {w.m_from for w in weights} == {"no block could train it; m assumed"}
    assert (weights[1].u, weights[1].u_from) == (1e-6, "no random pair was at it; u assumed")


def test_a_rare_agreement_is_counted_over_all_pairs():
    # 400 profiles, two of which share a PNC id: one pair in 79,800, which a sample of 1,000 would hardly see.
    surnames, pncs = [7] * 200 + [8] * 200, [1, *range(1, 400)]
    rows = {"profile_id": range(400), "known": [False] * 400, "surname": surnames, "pnc": pncs}
    view, _ = fillable(VIEW, pa.table(rows))
    view = view.model_copy(update={"training": view.training.model_copy(update={"max_pairs": 1000})})
    with connection(pa.table(rows)) as con:
        seen, sampled = among_random_pairs(con, view)
    assert sampled == 1000
    assert seen["pnc"][0] == 1 / 79_800
    assert seen["surname"][0] == 2 * (200 * 199 / 2) / 79_800


def test_true_pairs_are_commoner_among_records_that_both_hold_a_rare_number(con):
    # Three true pairs in 10 records; one of them among the 3 records that hold a PNC id.
    people = [1, 1, 2, 2, 3, 3, 4, 5, 6, 7]
    rows = pa.table(
        {"profile_id": range(10), "forename": people, "surname": people, "dob": people, "known": [False] * 10,
         "pnc": pa.array([91, 91, *[None] * 7, 97], pa.int64())}
    )  # fmt: skip
    view, _ = fillable(VIEW, rows)
    with connection(rows) as own:
        shares = true_among_random(own, view)
    assert shares["surname"] == pytest.approx(3 / 0.7 / 45)
    assert shares["pnc"] == pytest.approx(1 / 0.7 / 3)
