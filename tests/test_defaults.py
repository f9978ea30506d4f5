"""Birth dates that stand for "not known", and forenames that could not be seen to agree."""

import math

import duckdb
import pyarrow as pa
import pytest
from small_view import VIEW

from linkage.contracts.encodings import View
from linkage.matching.blocking import blocked
from linkage.matching.defaults import defaults, marked
from linkage.matching.model import Model, Weight
from linkage.matching.patterns import patterns
from linkage.matching.score import Before, score

REASON = "Twice the average is far more than chance gives among a dozen people."
JANUARY = 11  # the token of 1 January of a year
TYPES = {
    "profile_id": pa.int64(), "dataset": pa.string(), "known": pa.bool_(), "view_ids": pa.list_(pa.int64()),
    "forename": pa.int64(), "surname": pa.int64(), "dob": pa.int64(), "pnc": pa.int64(),
}  # fmt: skip


def with_defaults(**changed: object) -> View:
    """The small view, where a birth date is a default that twice as many people have as the average."""
    declared = VIEW.model_dump(mode="json", by_alias=True)
    declared["defaults"] = {"dob": {"people": "forename", "times": 2, "reason": REASON} | changed}
    exact, rest = declared["comparisons"]["dob"]["levels"]
    default = {"label": "a default", "same": ["surname"], "default": "dob", "chance": 0.01}
    declared["comparisons"]["dob"]["levels"] = [exact, default, rest]
    declared["comparisons"]["forename"]["seen_beside"] = ["dob"]
    return View.model_validate(declared)


def rows(*people: tuple[int, int, int | None, int | None]) -> pa.Table:
    """Profiles of (forename, surname, birth date, PNC id), numbered from 1."""
    return pa.Table.from_pylist(
        [
            {"profile_id": n, "dataset": "court", "known": False, "view_ids": [n]}
            | dict(zip(("forename", "surname", "dob", "pnc"), person, strict=True))
            for n, person in enumerate(people, 1)
        ],
        schema=pa.schema(TYPES),
    )


# Five people say 1 January; one, of the records 8 to 12, comes often; of two records one says 1 January.
PEOPLE = rows(
    *[(n, 100 + n, JANUARY, None) for n in range(1, 5)],
    (5, 105, JANUARY, 7), (5, 105, 52, 7), (6, 106, None, None),
    *[(8, 100 + n, 58, None) for n in range(8, 13)],
    (13, 113, 63, 8), (14, 114, 64, 8),
)  # fmt: skip
MODEL = Model(
    "names", "1", "5", 0.01,
    {
        "forename": (Weight("exact", 0.9, 0.02), Weight("swapped", 0.01, 0.001), Weight("all else", 0.09, 0.98)),
        "surname": (Weight("exact", 0.8, 0.01), Weight("all else", 0.2, 0.99)),
        "dob": (Weight("exact", 0.9, 0.001), Weight("a default", 0.04, 0.01), Weight("all else", 0.06, 0.99)),
        "pnc": (Weight("exact", 0.9, 1e-9), Weight("all else", 0.1, 1.0)),
    },
    {}, {}, (),
)  # fmt: skip


def weight(one: int, other: int, before: Before | None = None) -> float:
    """What two of PEOPLE weigh without their prior, and without how common their names are."""
    view, pair = without_frequencies(), pa.table({"profile_id_l": [one], "profile_id_r": [other], "rules": [1]})
    [found] = score(PEOPLE, view, MODEL, pair, before).pairs.to_pylist()
    return float(found["match_weight"]) - math.log2(0.01 / 0.99)


def without_frequencies() -> View:
    """The view, where no name is worth more for being rare."""
    declared = with_defaults().model_dump(mode="json", by_alias=True)
    for name in ("forename", "surname"):
        declared["comparisons"][name]["levels"][0]["term_frequency"] = None
    return View.model_validate(declared)


def bits(**levels: int) -> float:
    """What the model holds these levels worth."""
    return sum(math.log2(MODEL.comparisons[c][n].m / MODEL.comparisons[c][n].u) for c, n in levels.items())


def test_a_date_that_many_people_have_is_a_default_and_one_that_a_woman_has_often_is_not():
    assert defaults(PEOPLE, with_defaults())["dob"].to_pylist() == [{"dob": JANUARY}]


def test_where_nobody_says_who_the_people_are_no_date_is_a_default():
    found = defaults(PEOPLE.drop_columns(["forename"]), with_defaults())
    assert found["dob"].to_pylist() == []


def test_a_date_that_is_missing_is_no_default():
    marks = marked(PEOPLE, defaults(PEOPLE, with_defaults()))["dob_default"].to_pylist()
    assert marks == [True] * 5 + [False] * 9


def test_a_default_beside_another_date_is_worth_what_was_learned_of_defaults():
    assert weight(5, 6) == pytest.approx(bits(forename=0, surname=0, dob=1, pnc=0))


def test_what_was_a_default_when_the_model_was_first_used_stays_one_and_nothing_becomes_one():
    known = {"dob": pa.table({"dob": pa.array([], pa.int64())})}
    assert weight(5, 6, Before(defaults=known)) == pytest.approx(bits(forename=0, surname=0, dob=2, pnc=0))
    kept = score(PEOPLE, without_frequencies(), MODEL, blocked(PEOPLE, without_frequencies(), "names").pairs).kept
    assert kept.defaults["dob"].to_pylist() == [{"dob": JANUARY}]


def test_a_forename_that_could_not_be_seen_to_agree_says_nothing():
    assert weight(13, 14) == pytest.approx(bits(surname=1, dob=2, pnc=0))


def test_a_forename_that_differs_beside_an_equal_date_is_seen_to():
    assert weight(1, 2) == pytest.approx(bits(forename=2, surname=1, dob=0))


def test_a_reviewer_sees_of_the_same_pairs_what_was_scored():
    with duckdb.connect() as con:
        crosswalk = con.sql("select 'court' as dataset, n as view_id, n as record_id from range(1, 15) t(n)")
        pairs = con.sql(
            "select pair, 'court' as dataset_l, l as record_id_l, 'court' as dataset_r, r as record_id_r"
            " from (values (1, 5, 6), (2, 13, 14)) t(pair, l, r)"
        )
        one, other = patterns(con, pairs, crosswalk, PEOPLE, without_frequencies(), MODEL)
    assert (one["forename"], one["dob"]) == ("exact", "a default")
    assert (other["forename"], other["dob"]) == ("missing", "all else")


@pytest.mark.parametrize(
    ("changed", "complaint"), [({"people": "surnames"}, "several tokens"), ({"people": "nobody"}, "not among")]
)
def test_people_are_counted_by_a_token_of_which_a_row_has_one(changed, complaint):
    with pytest.raises(ValueError, match=complaint):
        with_defaults(**changed)


def test_a_level_asks_for_defaults_that_are_declared():
    declared = with_defaults().model_dump(mode="json", by_alias=True) | {"defaults": {}}
    with pytest.raises(ValueError, match="does not say when"):
        View.model_validate(declared)
