"""Tokens in, people out. Tokens are small numbers here; nothing in matching cares where they come from."""

import math

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from linkage.contracts.encodings import Encodings, Level, View
from linkage.errors import LinkError
from linkage.matching.model import Model, Weight, among_random_pairs, levels_of, model_from, train, true_among_random
from linkage.matching.person_index import clusters, edges, records
from linkage.matching.profiles import compared, profiles
from linkage.matching.score import register_frequencies, score
from linkage.matching.settings import condition, connection, fillable, linker

VIEW = View.model_validate(
    {
        "needs": ["surname"],
        "tokens": {
            "forename": {"from": "forename", "key": "name"},
            "surname": {"from": "surname", "key": "name"},
            "surnames": {"from": ["surname", "other_surname"], "take": "parts", "key": "name"},
            "dob": {"from": "date_of_birth"},
            "pnc": {"from": "pnc"},
        },
        "block_on": [["pnc"], ["forename", "surname"], ["dob"]],
        "comparisons": {
            "forename": {
                "needs": ["forename"],
                "levels": [
                    {"label": "exact", "same": ["forename"], "term_frequency": "forename"},
                    {"label": "swapped", "swapped": ["forename", "surname"]},
                    {"label": "all else"},
                ],
            },
            "surname": {
                "needs": ["surname"],
                "levels": [
                    {"label": "exact", "same": ["surname"], "term_frequency": "surname"},
                    {"label": "alias", "share": ["surnames"]},
                    {"label": "all else"},
                ],
            },
            "dob": {"needs": ["dob"], "levels": [{"label": "exact", "same": ["dob"]}, {"label": "all else"}]},
            "pnc": {"needs": ["pnc"], "levels": [{"label": "exact", "same": ["pnc"]}, {"label": "all else"}]},
        },
        "training": {
            "prior_rules": [["forename", "surname", "dob"]],
            "prior_recall": 0.7,
            "em_blocks": [["dob"], ["forename", "surname"]],
            "max_pairs": 100_000,
        },
    }
)


# ---------------------------------------------------------------------------------------------------------- profiles


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


@pytest.mark.parametrize(
    ("levels", "complaint"),
    [
        ([{"label": "exact", "same": ["dob"]}], "all else"),
        ([{"label": "all else"}, {"label": "exact", "same": ["dob"]}], "all else"),
        ([{"label": "a", "same": ["dob"]}, {"label": "a"}], "same label"),
        ([{"label": "a", "same": ["dob", "pnc"], "term_frequency": "dob"}, {"label": "b"}], "term_frequency"),
        ([{"label": "a", "swapped": ["dob"]}, {"label": "b"}], "two columns"),
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


# ------------------------------------------------------------------------------------------------- people, end to end

PEOPLE = 800


def invented(seed: int = 5) -> tuple[dict[str, pa.Table], dict[int, int]]:
    """Two datasets of PEOPLE each with slips, and {view_id: person}. A few people have several equal rows."""
    rng = np.random.default_rng(seed)
    forename, surname = rng.zipf(1.4, PEOPLE) % 60, 100 + rng.integers(0, 300, PEOPLE)
    dob, pnc = 1000 + rng.integers(0, 9000, PEOPLE), 50_000 + np.arange(PEOPLE)
    tables, truth = {}, {}
    for n, dataset in enumerate(("court", "prison")):
        times = 1 + 3 * (rng.random(PEOPLE) < 0.1)
        person = np.repeat(np.arange(PEOPLE), times)
        slip = rng.random((3, PEOPLE)) < 0.05
        columns = {
            "forename": np.where(slip[0], 20_000 + np.arange(PEOPLE), forename)[person],
            "surname": np.where(slip[1], 30_000 + np.arange(PEOPLE), surname)[person],
            "dob": np.where(slip[2], 40_000 + np.arange(PEOPLE), dob)[person],
        }
        view_id = rng.permutation(1_000_000)[: len(person)] * 2 + n
        missing = (rng.random(PEOPLE) < 0.4)[person]
        tables[dataset] = pa.table(
            {"view_id": view_id} | columns
            | {"surnames": pa.array([[s] for s in columns["surname"]], pa.list_(pa.int64()))}
            | {"pnc": pa.array(pnc[person], mask=missing)}
        ).sort_by("view_id")  # fmt: skip
        truth |= dict(zip(view_id.tolist(), person.tolist(), strict=True))
    return tables, truth


@pytest.fixture(scope="module")
def linked() -> tuple[pa.Table, Model, pa.Table, dict[int, int]]:
    """Profiles, model, scored pairs and truth of the invented people."""
    tables, truth = invented()
    con = duckdb.connect()
    stacked = profiles(con, {name: con.from_arrow(rows) for name, rows in tables.items()}, VIEW)
    model = train(stacked, VIEW, "names", "1")
    return stacked, model, score(stacked, VIEW, model), truth


def test_nearly_every_person_is_found_and_nearly_nobody_wrongly(linked):
    _, _, pairs, truth = linked
    sure = pairs.filter(pc.greater_equal(pairs["match_probability"], 0.95)).to_pylist()
    right = [truth[p["view_id_l"]] == truth[p["view_id_r"]] for p in sure]
    across = {
        truth[p["view_id_l"]] for p, ok in zip(sure, right, strict=True) if ok and p["dataset_l"] != p["dataset_r"]
    }
    assert sum(right) / len(right) > 0.99
    # .735 have no slip in six fields; of the .23 with one, a third have a PNC id on both sides, others a rare forename.
    assert len(across) / PEOPLE > 0.88


def test_the_prior_is_the_share_of_true_pairs(linked):
    stacked, model, _, truth = linked
    people = [truth[ids[0]] for ids in stacked["view_ids"].to_pylist()]
    true = sum(n * (n - 1) / 2 for n in np.bincount(people))
    assert true / model.training["pairs"] == pytest.approx(model.prior, rel=0.35)


def test_rows_with_equal_tokens_are_one_person_at_the_weight_of_the_profile_with_itself(linked):
    stacked, _, pairs, _ = linked
    several = next(ids for ids in stacked["view_ids"].to_pylist() if len(ids) == 4)
    star = [p for p in pairs.to_pylist() if p["view_id_l"] == several[0] and p["view_id_r"] in several]
    assert [p["view_id_r"] for p in star] == several[1:]
    assert len({p["match_probability"] for p in star}) == 1
    assert star[0]["match_probability"] > 0.95


def test_no_kept_pair_is_under_one_in_a_hundred_and_none_comes_twice(linked):
    pairs = linked[2].to_pylist()
    assert min(p["match_probability"] for p in pairs) >= 0.01
    assert len({frozenset((p["view_id_l"], p["view_id_r"])) for p in pairs}) == len(pairs)


def test_training_again_gives_the_same_numbers_and_a_saved_model_scores_the_same(linked):
    stacked, model, pairs, _ = linked
    again = train(stacked, VIEW, "names", "1")
    assert again.to_json() == model.to_json()
    saved = model_from(model.to_json())
    assert saved == model
    assert score(stacked, VIEW, saved).equals(pairs)


def test_a_common_name_and_nothing_else_does_not_make_two_rows_one_person(linked):
    stacked, model, _, _ = linked
    commonest = pc.mode(stacked["surname"].filter(pc.less(stacked["surname"], 20_000)))[0]["mode"]
    bare = dict.fromkeys(stacked.column_names) | {
        "profile_id": len(stacked) + 1, "dataset": "court", "known": False, "view_ids": [-2, -1], "surname": commonest,
    }  # fmt: skip
    more = pa.concat_tables([stacked, pa.Table.from_pylist([bare], schema=stacked.schema)])
    pairs = score(more, VIEW, model)
    assert not [p for p in pairs.to_pylist() if p["view_id_l"] == -2 and p["match_probability"] > 0.5]


def test_profiles_an_earlier_view_compared_are_not_compared_again(linked):
    stacked, model, _, _ = linked
    known = stacked.set_column(2, "known", pc.equal(stacked["dataset"], "prison"))
    pairs = score(known, VIEW, model).to_pylist()
    of_two_profiles = [p for p in pairs if p["view_id_l"] not in in_one_profile(stacked, p["view_id_r"])]
    assert {frozenset((p["dataset_l"], p["dataset_r"])) for p in of_two_profiles} == {
        frozenset({"court"}), frozenset({"court", "prison"})
    }  # fmt: skip


def in_one_profile(stacked: pa.Table, view_id: int) -> list[int]:
    """The view ids of the profile a view id is in."""
    return next(ids for ids in stacked["view_ids"].to_pylist() if view_id in ids)


def test_nobody_in_two_records_is_an_error_and_not_a_model(con):
    rows = pa.table({"view_id": range(50), "forename": range(50), "surname": range(100, 150), "dob": range(200, 250)})
    stacked = profiles(con, {"court": con.from_arrow(rows)}, VIEW)
    with pytest.raises(LinkError, match="prior_rules"):
        train(stacked, VIEW, "names", "1")


def test_records_that_fill_no_blocking_rule_are_not_compared_all_with_all(con):
    rows = pa.table({"view_id": range(50), "surname": [7] * 50})
    stacked = profiles(con, {"court": con.from_arrow(rows)}, VIEW)
    with pytest.raises(LinkError, match="block_on"):
        train(stacked, VIEW, "names", "1")


def test_a_model_of_other_comparisons_is_refused(linked):
    stacked, model, _, _ = linked
    with pytest.raises(LinkError, match="pnc"):
        score(stacked.drop_columns(["pnc"]), VIEW, model)
    with pytest.raises(LinkError, match="cannot be read"):
        model_from("{}")


def test_a_pair_weighs_the_sum_of_its_levels_and_the_prior(linked):
    stacked, model, pairs, _ = linked
    by_id = {ids[0]: row for row in stacked.to_pylist() for ids in [row["view_ids"]]}
    pair = next(
        p for p in pairs.to_pylist()
        if p["view_id_l"] in by_id and p["view_id_r"] in by_id
        and by_id[p["view_id_l"]]["forename"] != by_id[p["view_id_r"]]["forename"]
        and by_id[p["view_id_l"]]["surname"] != by_id[p["view_id_r"]]["surname"]
        and by_id[p["view_id_l"]]["dob"] == by_id[p["view_id_r"]]["dob"]
        and by_id[p["view_id_l"]]["pnc"] == by_id[p["view_id_r"]]["pnc"] is not None
    )  # fmt: skip
    levels = [("forename", -1), ("surname", -1), ("dob", 0), ("pnc", 0)]
    bits = sum(math.log2(model.comparisons[c][n].m / model.comparisons[c][n].u) for c, n in levels)
    assert pair["match_weight"] == pytest.approx(math.log2(model.prior / (1 - model.prior)) + bits)
    assert pair["match_probability"] == pytest.approx(1 / (1 + 2 ** -pair["match_weight"]))


def test_a_pairs_own_two_records_do_not_make_its_name_a_common_one(linked):
    stacked, model, _, _ = linked
    view, _ = fillable(VIEW, stacked)
    held = [token for token in stacked["surname"].to_pylist() if token is not None]
    u = model.u["surname"][0]
    with connection(stacked) as own:
        register_frequencies(own, linker(own, view), view, model)
        found = dict(own.execute("from frequency_of_surname").fetchall())
    assert found.keys() == set(held)
    for token, share in found.items():
        assert share == pytest.approx((max(held.count(token) - 2, 0) + 1) / (len(held) + 1 / u))


# ------------------------------------------------------------------------------------------------------------- people

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
