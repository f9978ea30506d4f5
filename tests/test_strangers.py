"""What a name is worth where it is seen only beside an equal date: learned from strangers born on that day."""

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest
from conftest import REPOSITORY

from linkage.contracts.encodings import View, read_encodings
from linkage.matching.model import train
from linkage.matching.settings import connection
from linkage.matching.strangers import MISSING, Patterns, among_strangers, patterns, strangers

VIEW = View.model_validate(
    {
        "needs": ["dob"],
        "tokens": {
            "dob": {"from": "date_of_birth"},
            "pnc": {"from": "pnc"},
            "forename_dob": {"compound": [{"forename": "whole"}, {"date_of_birth": "whole"}]},
            "surname_dob": {"compound": [{"surname": "whole"}, {"date_of_birth": "whole"}]},
            "surnames_dob": {"compound": [{"surname": "parts"}, {"date_of_birth": "whole"}]},
        },
        "block_on": [["dob"]],
        "comparisons": {
            "forename": {
                "needs": ["forename_dob"],
                "levels": [{"label": "exact", "same": ["forename_dob"], "within": "dob"}, {"label": "all else"}],
            },
            "surname": {
                "needs": ["surname_dob"],
                "levels": [
                    {"label": "exact", "same": ["surname_dob"], "within": "dob"},
                    {"label": "a part", "share": ["surnames_dob"], "within": "dob"},
                    {"label": "all else"},
                ],
            },
            "dob": {"needs": ["dob"], "levels": [{"label": "exact", "same": ["dob"]}, {"label": "all else"}]},
            "pnc": {"needs": ["pnc"], "levels": [{"label": "exact", "same": ["pnc"]}, {"label": "all else"}]},
        },
        "training": {"prior_rules": [["dob"]], "prior_recall": 0.5, "em_blocks": [["dob"]]},
    }
)


def profiles(drawn: pa.Table) -> pa.Table:
    """Profiles as matching has them: numbered, and known to no earlier view unless the drawing says so."""
    more = {"profile_id": pa.array(range(len(drawn))), "known": pa.array([False] * len(drawn))}
    for name, column in more.items():
        drawn = drawn if name in drawn.column_names else drawn.append_column(name, column)
    return drawn


def found(rows: pa.Table, token: str = "dob", view: View = VIEW) -> dict[tuple[int, ...], float]:
    """{levels of the comparisons that say something: how many pairs show them}."""
    with connection(profiles(rows)) as con:
        seen = patterns(con, view, token)
    return dict(zip(map(tuple, seen.levels.tolist()), seen.counts.tolist(), strict=True))


BORN_ON_TWO_DAYS = """
    | dob | forename_dob | surname_dob | surnames_dob | pnc |
    | 1   | 11           | 21          | [31 32]      | 91  |
    | 1   | 11           | 21          | [31]         | 91  |
    | 1   | 12           | 22          | [32]         | 92  |
    | 1   | 12           | -           | -            | -   |
    | 2   | 13           | 23          | [33]         | 93  |
"""


def test_pairs_that_agree_on_the_token_are_counted_by_what_else_they_agree_on(table):
    # Of the six pairs born on day 1: rows 1 and 2 agree on all; 1 and 3 share a part of the surname; 2 and 3 nothing.
    assert found(table(BORN_ON_TWO_DAYS).to_arrow_table()) == {
        (0, 0, 0): 1,
        (1, 1, 1): 1,
        (1, 2, 1): 1,
        (1, MISSING, MISSING): 2,
        (0, MISSING, MISSING): 1,
    }


def test_pairs_that_an_earlier_view_compared_are_not_counted(table):
    rows = table(BORN_ON_TWO_DAYS).project("*, surname_dob is not null as known").to_arrow_table()
    assert found(rows) == {(0,): 1, (1,): 2}


def test_a_comparison_at_one_level_throughout_says_nothing_and_is_left_out(table):
    rows = table(BORN_ON_TWO_DAYS).filter("forename_dob = 11").to_arrow_table()
    assert found(rows) == {(): 1}
    with connection(profiles(rows)) as con:
        assert patterns(con, VIEW, "dob").comparisons == ()


def test_a_comparison_that_looks_at_the_token_itself_is_not_among_its_patterns(table):
    with connection(profiles(table(BORN_ON_TWO_DAYS).to_arrow_table())) as con:
        assert patterns(con, VIEW, "dob").comparisons == ("forename", "surname", "pnc")
        assert patterns(con, VIEW, "surname_dob").comparisons == ()


SEEN = {"forename": [0.001, 0.999], "surname": [0.002, 0.003, 0.995], "dob": [0.01, 0.99], "pnc": [0.0, 1.0]}


def test_a_token_that_nobody_shares_changes_nothing(con, table):
    rows = table(BORN_ON_TWO_DAYS).project("* replace (row_number() over () as dob)").to_arrow_table()
    with connection(profiles(rows)) as own:
        assert among_strangers(own, VIEW, SEEN) == SEEN


def test_what_is_not_within_a_token_keeps_the_share_of_random_pairs(table):
    with connection(profiles(table(BORN_ON_TWO_DAYS).to_arrow_table())) as con:
        learned = among_strangers(con, VIEW, SEEN)
    assert (learned["dob"], learned["pnc"]) == (SEEN["dob"], SEEN["pnc"])
    assert learned["forename"][0] != SEEN["forename"][0]
    assert learned["forename"][1] == SEEN["forename"][1]


def test_a_chance_that_is_declared_is_not_learned(table):
    declared = VIEW.model_dump(mode="json", by_alias=True)
    declared["comparisons"]["forename"]["levels"][0] |= {"chance": SEEN["forename"][0], "apart": 0.0001}
    with connection(profiles(table(BORN_ON_TWO_DAYS).to_arrow_table())) as con:
        learned = among_strangers(con, View.model_validate(declared), SEEN)
    assert learned["forename"] == SEEN["forename"]
    assert learned["surname"] != SEEN["surname"]


def simulated(pairs: int, true: float, m: list[list[float]], u: list[list[float]], seed: int) -> Patterns:
    """Counts of the patterns that so many pairs show, of which a share is true, with these shares at each level."""
    draw = np.random.default_rng(seed)
    levels = list(itertools.product(*map(range, map(len, m))))
    counts = sum(
        draw.multinomial(
            round(pairs * share), [math.prod(of[n] for of, n in zip(at, row, strict=True)) for row in levels]
        )
        for share, at in ((true, m), (1 - true, u))
    )
    return Patterns(tuple("abc"[: len(m)]), np.array(levels), np.asarray(counts, dtype=float))


@pytest.mark.parametrize("true", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_shares_of_strangers_are_found_that_were_planted_among_true_pairs(true, seed):
    m, u = [[0.92, 0.08], [0.85, 0.1, 0.05], [0.8, 0.2]], [[0.02, 0.98], [0.004, 0.01, 0.986], [0.0, 1.0]]
    known = {"a": [None, None], "b": [None, None, None], "c": u[2]}
    learned = strangers(simulated(1_000_000, true, m, u, seed), known)
    assert learned["a"] == pytest.approx(u[0], rel=0.05)
    assert learned["b"] == pytest.approx(u[1], rel=0.05)
    assert learned["c"][0] < 1e-3


def test_among_strangers_alone_their_shares_are_those_of_all_pairs():
    u = [[0.05, 0.95], [0.03, 0.97]]
    seen = simulated(200_000, 0.0, u, u, seed=3)
    learned = strangers(seen, {"a": [None, None], "b": [None, None]})
    assert learned["a"] == pytest.approx(u[0], rel=0.1)
    assert learned["b"] == pytest.approx(u[1], rel=0.1)


def test_the_same_counts_give_the_same_shares_and_what_is_known_stays():
    m, u = [[0.9, 0.1], [0.9, 0.1]], [[0.1, 0.9], [0.01, 0.99]]
    seen, known = simulated(50_000, 0.1, m, u, seed=4), {"a": [None, None], "b": [0.01, 0.99]}
    first, second = strangers(seen, known), strangers(seen, known)
    assert [shares.tolist() for shares in first.values()] == [shares.tolist() for shares in second.values()]
    assert first["b"] == pytest.approx([0.01, 0.99])


def test_of_very_many_pairs_those_of_some_tokens_are_taken():
    view = VIEW.model_copy(update={"training": VIEW.training.model_copy(update={"max_pairs": 5_000})})
    draw = np.random.default_rng(5)
    days = draw.integers(-(2**62), 2**62, 1000)[np.arange(40_000) % 1000]
    names = {name: draw.integers(0, 20, 40_000) for name in ("forename_dob", "surname_dob", "pnc")}
    rows = pa.table({"dob": days} | names | {"surnames_dob": [[int(n)] for n in names["surname_dob"]]})
    # 1,000 days of 780 pairs each: one in 156 of them is looked at, and a name of twenty is shared by one pair in 20.
    counts = found(rows, view=view)
    assert 780 <= sum(counts.values()) <= 15 * 780
    assert sum(counts.values()) % 780 == 0
    shared = sum(count for levels, count in counts.items() if levels[0] == 0)
    assert shared / sum(counts.values()) == pytest.approx(0.05, abs=0.02)


def written(forename: int, surname: int, dob: int, postcode: int) -> dict[str, int]:
    """The tokens of a record that holds these, in a view of names."""
    parts = {
        "names": (forename, surname), "names_swapped": (surname, forename), "forename_dob": (forename, dob, 1),
        "surname_dob": (surname, dob, 2), "surname_postcode": (surname, postcode, 3), "dob": (dob,),
        "postcode": (postcode,),
    }  # fmt: skip
    return {name: abs(hash(part)) for name, part in parts.items()}


def test_names_written_the_other_way_round_are_of_one_woman_and_not_of_strangers_born_on_one_day():
    """Her surname is another there, as a stranger's is; strangers whose names are each other's are hardly met."""
    rng, rows = np.random.default_rng(1), []
    for who in range(2000):
        forename, surname, dob = (int(rng.integers(1, most)) for most in (60, 400, 500))
        names = (forename, 1000 + surname)
        rows += [written(*names, dob, who), written(*(names if who % 25 else names[::-1]), dob, who)]
    view = read_encodings(REPOSITORY / "schemas").views["names"]
    model = train(profiles(pa.Table.from_pylist(rows)), view, "names", "1")
    [swapped] = [weight for weight in model.comparisons["forename"] if weight.label == "forename and surname swapped"]
    assert 0.02 < swapped.m < 0.06
    assert swapped.u < 1e-5
