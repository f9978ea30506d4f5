"""The attack finds what rows give away, and nothing in what they do not."""

import datetime
import json

import numpy as np
import pandas as pd
import pytest
from conftest import TEST_KEY

from linkage import facts, intrusion, stages
from linkage.attack.attack import Public, guesses
from linkage.attack.control import control, soundex
from linkage.attack.dates import calendar, parts
from linkage.attack.digits import births, guess_dates
from linkage.attack.likelihood import beliefs, fit
from linkage.attack.sample import Sample, grouped
from linkage.attack.score import OVERALL, scored
from linkage.errors import ContractError, LinkError

NOBODY_KNOWN = pd.Series(dtype=object)


@pytest.fixture(scope="module")
def born() -> pd.Series:
    """Dates of birth of 9,000 people of twenty years, fewer in each later year; many on a first of January."""
    rng = np.random.default_rng(3)
    year = rng.choice(np.arange(1970, 1990), 9_000, p=np.arange(30, 10, -1) / 410)
    day = np.where(rng.random(9_000) < 0.02, 0, rng.integers(0, 365, 9_000))
    first = np.array([datetime.date(y, 1, 1) for y in year])
    return pd.Series([(d + datetime.timedelta(int(n))).isoformat() for d, n in zip(first, day, strict=True)])


def tokens(values: pd.Series, seed: int) -> pd.Series:
    """{value: a token that says nothing}."""
    distinct = pd.Index(values.unique())
    return pd.Series(np.random.default_rng(seed).permutation(10 * len(distinct))[: len(distinct)], index=distinct)


def with_wildcards(born: pd.Series, seed: int = 1) -> tuple[Sample, pd.Series]:
    """Rows as encodings have them, and {token: date}."""
    masked = born.map(lambda d: [d[:n] + "*" + d[n + 1 :] for n in (0, 1, 2, 3, 5, 6, 8, 9)])
    wild, whole = tokens(masked.explode(), seed), tokens(born, seed)
    token = wild.to_dict()
    lists = masked.map(lambda cells: sorted(token[cell] for cell in cells))
    rows = pd.DataFrame({"dob": born.map(whole), "dob_wild": lists, "person": np.arange(len(born))})
    return Sample(rows, len(rows)), pd.Series(whole.index, index=whole.to_numpy())


def test_rows_that_share_a_number_directly_or_through_others_are_one_person():
    rows = pd.DataFrame({"pnc": [1, 1, None, 2], "nino": [None, 7, 7, 8]})
    assert grouped(rows, ["pnc", "nino"]).tolist() == [0, 0, 0, 1]


def test_the_likeliest_value_of_a_token_is_the_one_as_common():
    log = fit(np.array([50.0, 9.0]), np.array([100.0, 20.0, 3.0]), ratio=0.5, spread=1.0)
    assert log.argmax(axis=1).tolist() == [0, 1]
    assert beliefs(log).sum(axis=1) == pytest.approx([1, 1])


def test_wildcards_give_the_value_of_every_digit_of_every_date_away_up_to_its_name(born):
    sample, meaning = with_wildcards(born)
    found = calendar(sample)
    part = next(parts(found))
    dates = pd.Series(found.tokens[part.dates]).map(meaning)
    for column in part.labels.T:
        known = column >= 0
        pure = [
            pd.crosstab(column[known], dates[known].str[n]).max(axis=1).sum() / known.sum() for n in (2, 3, 5, 6, 8, 9)
        ]
        assert max(pure) == 1.0


def test_fifty_known_people_give_nearly_every_birth_date_away_where_rows_hold_wildcards(born):
    sample, meaning = with_wildcards(born)
    told = meaning[sample.rows["dob"].head(50).to_numpy()]
    found = guess_dates(sample, births(born), told[~told.index.duplicated()])
    right = found["token"].map(meaning) == found["value"]
    assert right.sum() / len(meaning) > 0.9


def test_without_wildcards_no_structure_gives_a_birth_date_away(born):
    sample, _ = with_wildcards(born)
    assert guess_dates(Sample(sample.rows.drop(columns="dob_wild"), sample.people), births(born), NOBODY_KNOWN).empty


def test_soundex_is_the_american_one():
    known = {
        "robert": "r163",
        "rupert": "r163",
        "ashcraft": "a261",
        "tymczak": "t522",
        "pfister": "p236",
        "lee": "l000",
    }
    assert {name: soundex(name) for name in known} == known


def invented_names(many: int, seed: int) -> list[str]:
    """Different names of four to nine letters."""
    rng = np.random.default_rng(seed)
    letters, weights = np.array(list("etaoinshrdlucmfwygpb")), 1 / np.arange(3, 23)
    drawn = (rng.choice(letters, rng.integers(4, 10), p=weights / weights.sum()) for _ in range(2 * many))
    return list(dict.fromkeys("".join(name) for name in drawn))[:many]


def bearers(names: list[str], many: int, seed: int) -> pd.Series:
    """Names of people: the first of the list are the commonest."""
    weights = 1 / np.arange(5, len(names) + 5)
    return pd.Series(np.random.default_rng(seed).choice(names, many, p=weights / weights.sum()))


def test_three_tokens_of_one_surname_in_a_row_give_most_surnames_away():
    names = invented_names(600, seed=1)
    found = control(bearers(names, 30_000, seed=2), bearers(names, 300_000, seed=3))
    assert found == {"records": 30_000, "recovered": pytest.approx(found["recovered"])}
    assert found["recovered"] > 0.5


def named(seed: int, many: int) -> tuple[Sample, pd.Series]:
    """Rows with a forename and a surname, one per person, and {token: name}."""
    surnames = bearers(invented_names(200, seed=1), many, seed)
    forenames = bearers(invented_names(100, seed=2), many, seed + 1)
    token = tokens(pd.concat([surnames, forenames]), seed)
    rows = pd.DataFrame({"surname": surnames.map(token), "forename": forenames.map(token), "person": np.arange(many)})
    return Sample(rows, many), pd.Series(token.index, index=token.to_numpy())


@pytest.fixture(scope="module")
def public() -> Public:
    """What is known in public of people with such names."""
    sample, meaning = named(seed=20, many=20_000)
    born = pd.Series(np.arange(20_000) % 3)
    sample.rows["dob"] = born
    return Public(sample, {"name": meaning, "dob": pd.Series(["1980-05-05", "1981-06-06", "1990-07-07"])})


def test_common_names_are_found_and_rare_ones_are_not_believed(public):
    target, meaning = named(seed=40, many=5_000)
    found = guesses(target, public)
    rows = {row["field"]: row for row in scored(target, found, {"name": meaning})}
    assert 0.02 < rows["surname"]["right"] < 0.3
    assert rows["surname"]["sure"] < 0.3


def test_what_the_intruder_was_told_is_certain_and_shown_apart(public):
    target, meaning = named(seed=40, many=5_000)
    told = meaning[target.rows["surname"].head(20).unique()]
    found = guesses(target, public, {"name": told})
    surnames = found[found["field"] == "surname"].set_index("token")
    assert surnames.loc[told.index, "value"].tolist() == told.tolist()
    rows = {row["field"]: row for row in scored(target, found, {"name": meaning}, {"name": told}, pd.Index(range(20)))}
    assert rows["surname"]["records"] == 4_980
    assert rows["surname"]["right"] >= rows["surname"]["told"] > 0


def test_surnames_are_rebuilt_from_compounds_of_which_two_share_one(public):
    target, _ = named(seed=40, many=5_000)
    surname = target.rows["surname"]
    rows = target.rows.drop(columns=["surname", "forename"])
    rows["surname+forename"] = surname * 100_000 + target.rows["forename"]
    rows["surname+district"] = surname * 100_000 + np.arange(5_000) % 3
    found = guesses(Sample(rows, 5_000), public)
    assert found["field"].eq("surname").any()


def test_without_a_truth_there_is_only_what_the_intruder_believes(public):
    target, _ = named(seed=40, many=5_000)
    for row in scored(target, guesses(target, public), None):
        assert row["right"] is None
        assert 0 <= row["expected"] <= 1


def test_nothing_encoded_is_not_attacked(settings):
    with pytest.raises(LinkError, match="linkage pseudonymise"):
        intrusion.attack(settings)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A small invented workspace, and what its attack found."""
    from conftest import REPOSITORY, put_test_keys

    from linkage.settings import Settings

    settings = Settings(schemas=REPOSITORY / "schemas", workspace=tmp_path_factory.mktemp("attack") / "workspace")
    stages.synthesise(settings, people=1_000, seed=5)
    put_test_keys(settings)
    for dataset in settings.datasets:
        stages.pseudonymise(settings, dataset)
    return settings, intrusion.attack(settings, people=1_000)


def test_an_attack_that_misses_its_control_says_so(attacked):
    _, found = attacked
    assert found["control"]["recovered"] < found["control"]["wanted"]
    assert found["control"]["proves"] is False


def test_an_attack_on_invented_people_says_which_share_is_right_of_each_field(attacked):
    settings, found = attacked
    fields = {row["field"] for row in found["rows"]}
    assert {"surname", "forename", "date_of_birth", "postcode_district", OVERALL} == fields
    assert all(0 <= row["right"] <= 1 for row in found["rows"])
    assert facts.read(settings, "attack") == json.loads(json.dumps(found))


def test_the_files_of_an_attack_hold_no_name_and_no_key(attacked):
    settings, _ = attacked
    said = settings.files.quality.fact("attack").read_text().lower()
    assert "smith" not in said
    assert TEST_KEY not in said


def test_real_records_are_attacked_with_public_knowledge_and_never_opened(attacked, monkeypatch):
    settings, _ = attacked
    monkeypatch.setattr(facts, "invented", lambda _: False)
    monkeypatch.setattr(intrusion, "opened", lambda *_: pytest.fail("opened real records"))
    with pytest.raises(ContractError, match="--knowledge"):
        intrusion.attack(settings)
    found = intrusion.attack(settings, knowledge=settings.files.department.extract("."))
    assert {row["right"] for row in found["rows"]} == {None}


def test_the_quality_report_quotes_the_attack_and_that_it_missed_its_control(attacked):
    from pathlib import Path

    settings, found = attacked
    facts.write(settings, "attack", found)
    page = Path(stages.report(settings)).read_text()
    assert "Attack on the tokens" in page
    assert "this attack proves nothing" in page


def test_an_attack_is_forgotten_when_the_tokens_change(attacked):
    settings, found = attacked
    facts.write(settings, "attack", found)
    stages.pseudonymise(settings, "prison")
    assert facts.read(settings, "attack") is None
