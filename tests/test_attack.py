"""The attack finds what rows give away, and nothing in what they do not."""

import datetime

import numpy as np
import pandas as pd
import pytest

from linkage import intrusion
from linkage.attack import surnames
from linkage.attack.attack import guesses
from linkage.attack.control import RECORDS, WANTED, control, soundex
from linkage.attack.dates import calendar, masked, parts
from linkage.attack.digits import guess_dates
from linkage.attack.likelihood import beliefs, fit
from linkage.attack.names import letters_of
from linkage.attack.public import Public
from linkage.attack.rules import guessed
from linkage.attack.sample import Sample, grouped, sorted_into_people
from linkage.attack.score import scored

FORENAME, SURNAME = {"forename": "first_word"}, {"surname": "whole"}
FORENAME_LETTER, SURNAME_LETTER = {"forename": "first_letter"}, {"surname": "first_letter"}
BORN, MASKED = {"date_of_birth": "whole"}, {"date_of_birth": "wildcards"}


def tokens(values: pd.Series, seed: int = 1) -> pd.Series:
    """A number that says nothing for each distinct value."""
    distinct = pd.Index(values.unique())
    number = np.random.default_rng(seed).permutation(10 * len(distinct))[: len(distinct)]
    return values.map(pd.Series(number, index=distinct)).astype("Int64")


def together(*values: pd.Series) -> pd.Series:
    """One token of several values."""
    return tokens(values[0].str.cat(list(values[1:]), "|"))


@pytest.fixture(scope="module")
def born() -> pd.Series:
    """Dates of birth of 6,000 people of twelve years, fewer in each later year; many on a first of January."""
    return dates(6_000, 1972, 1984)


def dates(many: int, first: int, last: int) -> pd.Series:
    """Dates of birth, fewer in each later year; many on a first of January."""
    rng, years = np.random.default_rng(3), np.arange(first, last)
    weights = np.linspace(3, 1, len(years))
    year = rng.choice(years, many, p=weights / weights.sum())
    day = np.where(rng.random(many) < 0.02, 0, rng.integers(0, 365, many))
    start = np.array([datetime.date(y, 1, 1) for y in year])
    return pd.Series([(d + datetime.timedelta(int(n))).isoformat() for d, n in zip(start, day, strict=True)])


def each_digit_masked(born: pd.Series) -> pd.Series:
    """Each date with each digit masked in turn."""
    return born.map(lambda d: [d[:n] + "*" + d[n + 1 :] for n in (0, 1, 2, 3, 5, 6, 8, 9)])


def listed(cells: pd.Series) -> pd.Series:
    """Lists of tokens of lists of values."""
    each = cells.explode()
    return tokens(each).groupby(level=0).agg(sorted)


@pytest.fixture(scope="module")
def with_wildcards(born) -> Sample:
    """Rows with a token of the date and of each masked form of it."""
    rows = pd.DataFrame({"dob": tokens(born), "dob_wild": listed(each_digit_masked(born))})
    return sorted_into_people(rows, {"dob": [BORN], "dob_wild": [MASKED]})


def public_dates(born: pd.Series) -> Public:
    """As many people as are attacked, of whom dates of birth are known."""
    return Public(pd.DataFrame({"person": np.arange(len(born)), "date_of_birth": born}))


def test_rows_that_share_a_number_directly_or_through_others_are_one_person():
    rows = pd.DataFrame({"pnc": [1, 1, None, 2], "nino": [None, 7, 7, 8]})
    assert grouped(rows, ["pnc", "nino"]).tolist() == [0, 0, 0, 1]
    assert grouped(pd.DataFrame({"listed": [[1, 2], [3], [2, 3], None]}), ["listed"]).tolist() == [0, 0, 0, 1]


def test_rows_share_a_surname_when_tokens_say_so_and_not_when_an_alias_does():
    rows = pd.DataFrame({"names": [1, 1, 2, 3], "surname_dob": [5, 6, 6, 7], "any": [[8], [8], [8, 9], [9]]})
    parts = {"names": [FORENAME, SURNAME], "surname_dob": [SURNAME, BORN]}
    parts |= {"any": [FORENAME, {"surname": "parts", "other_surname": "parts"}]}
    sample = sorted_into_people(rows, parts)
    assert sample.classes("surname").tolist() == [0, 0, 0, 1]
    assert sample.classes("forename").tolist() == [0, 0, 0, 0]
    assert sample.classes("postcode_district").isna().all()


def test_the_likeliest_value_of_a_token_is_the_one_as_common():
    log = fit(np.array([50.0, 9.0]), np.array([100.0, 20.0, 3.0]), ratio=0.5, spread=1.0)
    assert log.argmax(axis=1).tolist() == [0, 1]
    assert beliefs(log).sum(axis=1) == pytest.approx([1, 1])


def test_wildcards_give_the_value_of_every_digit_of_every_date_away_up_to_its_name(with_wildcards, born):
    assert purest(with_wildcards, born) == 1.0


def purest(sample: Sample, born: pd.Series) -> float:
    """Of the dates of the largest part of the calendar, the share with the commonest digit of their label, at best."""
    classes = sample.classes("date_of_birth")
    found = calendar(sample, classes, masked(sample)[0])
    part = next(parts(found))
    of_class = born.groupby(classes).first()
    whole = of_class[found.classes[part.dates]].reset_index(drop=True)
    pure = []
    for column in part.labels.T:
        known = column >= 0
        digits = (whole[known].str[n] for n in (2, 3, 5, 6, 8, 9))
        pure.append(max(pd.crosstab(column[known], digit).max(axis=1).sum() / known.sum() for digit in digits))
    return min(pure)


def test_wildcards_in_company_do_too_when_few_enough_share_it(born):
    company = pd.Series(np.random.default_rng(1).integers(0, 3, len(born)).astype(str))
    cells = each_digit_masked(born).to_frame("cells").assign(company=company)
    slips = cells.apply(lambda row: [cell + row["company"] for cell in row["cells"]], axis=1)
    rows = pd.DataFrame({"dob": tokens(born), "slip": listed(slips)})
    sample = sorted_into_people(rows, {"dob": [BORN], "slip": [FORENAME_LETTER, MASKED]})
    assert purest(sample, born) > 0.99


def test_fifty_known_people_give_nearly_every_birth_date_away_where_rows_hold_wildcards(with_wildcards, born):
    guess = guess_dates(with_wildcards, public_dates(born), {"date_of_birth": born.head(50)})[1]
    assert guess["value"].eq(born.reindex(guess.index)).sum() / len(born) > 0.9


def test_without_wildcards_no_structure_gives_a_birth_date_away(born):
    sample = sorted_into_people(pd.DataFrame({"dob": tokens(born)}), {"dob": [BORN]})
    assert masked(sample) == []
    guess = guesses(sample, public_of(born=born))["date_of_birth"]
    assert guess["value"].eq(born.reindex(guess.index)).sum() / len(born) < 0.05


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


def borne_by(names: list[str]) -> pd.Series:
    """{name: share of people}: the first of the list are the commonest."""
    weights = 1 / np.arange(5, len(names) + 5)
    return pd.Series(weights / weights.sum(), index=names)


def bearers(names: list[str], many: int, seed: int) -> pd.Series:
    """Names of people."""
    return surnames.drawn(borne_by(names), many, seed)


def test_three_tokens_of_one_surname_in_a_row_give_most_surnames_away():
    names = invented_names(600, seed=1)
    found = control(bearers(names, 30_000, seed=2), borne_by(names))
    assert found["records"] == 30_000
    assert 0.5 < found["recovered"] <= found["told_both"]


def test_whoever_is_told_the_soundex_and_the_prefix_is_left_with_how_common_names_are():
    apart, alike = ["smith", "jones", "taylor"], ["tayler", "taylor", "tayloe"]
    hidden = pd.Series([*apart * 20, *alike[:2] * 40])
    found = control(hidden, hidden[hidden != "tayler"].value_counts(normalize=True))
    assert found["told_both"] == (len(hidden) - 40) / len(hidden)


def test_the_control_hides_real_surnames_as_common_as_a_census_has_found_them():
    shares = surnames.listed()
    assert (len(shares), shares.sum()) == (88_799, pytest.approx(1))
    assert shares.index.is_unique
    assert shares["smith"] / shares["johnson"] == pytest.approx(1.006 / 0.810)
    assert shares["zupan"] == shares["aalderink"] == shares.min() > 0
    assert surnames.drawn(shares, 30_000, seed=1).eq("smith").mean() == pytest.approx(shares["smith"], rel=0.2)


def test_a_control_by_a_list_cut_short_proves_nothing_however_much_it_recovers():
    found = intrusion.positive_control(names=20)
    assert (found["names"], found["records"]) == (20, RECORDS)
    assert found["recovered"] > WANTED
    assert not found["proves"]


PEOPLE, KNOWN = 5_000, 50_000


def people(seed: int, many: int) -> pd.DataFrame:
    """(person, surname, forename, date_of_birth, postcode, postcode_district): one row per person."""
    surnames, forenames = (
        bearers(invented_names(200, seed=1), many, seed),
        bearers(invented_names(100, 2), many, seed + 1),
    )
    places = pd.Series(np.random.default_rng(seed).integers(0, 30, many)).map("B{}".format)
    table = {"person": np.arange(many), "surname": surnames, "forename": forenames}
    born = dates(many, 1950, 2005).sample(frac=1, random_state=seed, ignore_index=True)
    return pd.DataFrame(table | {"date_of_birth": born, "postcode": places + "1AA", "postcode_district": places})


def public_of(born: pd.Series | None = None) -> Public:
    """What is known in public of 50,000 people with such names."""
    known = people(seed=20, many=KNOWN)
    return Public(known if born is None else known.assign(date_of_birth=born.sample(KNOWN, replace=True).to_numpy()))


@pytest.fixture(scope="module")
def public() -> Public:
    """What is known in public."""
    return public_of()


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    """What the rows that are attacked hold."""
    return people(seed=40, many=PEOPLE)


def exact(truth: pd.DataFrame) -> Sample:
    """A token of each name."""
    rows = pd.DataFrame({"surname": tokens(truth["surname"]), "forename": tokens(truth["forename"])})
    return sorted_into_people(rows, {"surname": [SURNAME], "forename": [FORENAME]})


def compound(truth: pd.DataFrame, **also: tuple[pd.Series, dict[str, str]]) -> Sample:
    """Names only together with one another, or a date."""
    rows = {
        "names": together(truth["forename"], truth["surname"]),
        "surname_dob": together(truth["surname"], truth["date_of_birth"]),
        "forename_dob": together(truth["forename"], truth["date_of_birth"]),
    }
    parts = {"names": [FORENAME, SURNAME], "surname_dob": [SURNAME, BORN], "forename_dob": [FORENAME, BORN]}
    rows |= {name: column for name, (column, _) in also.items()}
    return sorted_into_people(pd.DataFrame(rows), parts | {name: [part] for name, (_, part) in also.items()})


def shares(sample: Sample, public: Public, truth: pd.DataFrame) -> dict[str, float]:
    """{field: share of records re-identified from public lists}."""
    return {row["field"]: row["right"] for row in scored(sample.rows, guesses(sample, public), truth)}


@pytest.fixture(scope="module")
def of_exact(public, truth):
    """What is guessed of a token of each name."""
    return guesses(exact(truth), public)


@pytest.fixture(scope="module")
def in_company(public, truth) -> dict[str, float]:
    """{field: share of records re-identified} where names stand only together with something else."""
    return shares(compound(truth), public, truth)


def test_names_as_tokens_of_their_own_give_away_many_times_what_compounds_do(of_exact, in_company, truth):
    alone = {row["field"]: row["right"] for row in scored(truth, of_exact, truth)}
    assert alone["surname"] > 5 * in_company["surname"]
    assert alone["forename"] > 3 * in_company["forename"]
    assert in_company["surname"] < 0.05


def test_letters_of_their_own_are_read_and_give_the_commonest_names_with_them_away(public, truth, in_company):
    letters = {f"{name}_letter": tokens(truth[name].str[0]) for name in ("surname", "forename")}
    sample = compound(
        truth,
        surname_letter=(letters["surname_letter"], SURNAME_LETTER),
        forename_letter=(letters["forename_letter"], FORENAME_LETTER),
    )
    read = letters_of(sample, public, {}, {})["surname"].idxmax(axis=1)
    assert read.eq(truth["surname"].str[0]).mean() > 0.5
    assert shares(sample, public, truth)["surname"] > 2 * in_company["surname"]


def test_rare_names_are_not_believed(of_exact, truth):
    rows = {row["field"]: row for row in scored(truth, of_exact, truth)}
    assert rows["surname"]["sure"] < 0.3


def test_what_the_intruder_was_told_is_certain_and_shown_apart(public, truth):
    sample, known = exact(truth), pd.Series(np.arange(PEOPLE) < 20)
    told = {name: truth.loc[known, name] for name in ("surname", "forename")}
    found = guesses(sample, public, told)
    same = truth["surname"].isin(told["surname"])
    assert found["surname"].loc[same, "value"].eq(truth["surname"][same]).all()
    assert found["surname"]["told"].equals(same.reindex(found["surname"].index))
    row = scored(sample.rows, found, truth, known)[0]
    assert row["records"] == PEOPLE - 20
    assert row["right"] >= row["told"] > 0


def test_without_a_truth_there_is_only_what_the_intruder_believes(of_exact, truth):
    for row in scored(truth, of_exact, None):
        assert (row["right"], row["by_chance"]) == (None, None)
        assert 0 <= row["expected"] <= 1


def test_a_sealed_rule_that_few_values_fill_is_read_by_how_common_each_is():
    years = pd.Series(np.repeat(["1970", "1971", "1972", "1973"], [400, 200, 100, 50]))
    sealed = pd.DataFrame({"rule": "by_year", "key": tokens(years), "value": years})
    public = pd.DataFrame({"rule": "by_year", "value": pd.concat([years] * 5)})
    assert [row["right"] for row in guessed(sealed, public, true=True)] == [1.0]
    assert [row["right"] for row in guessed(sealed.drop(columns="value"), public, true=False)] == [None]
    assert list(guessed(sealed, public.head(0), true=True)) == []
