"""From anonymous coordinates to dates: months end where they end, years are as many as there are people of that age.

What the calendar says: three months begin with 1 and two of them share their second digit with others; no 30 February,
no 31 in five months, 29 February every fourth year; many are written as born on 1 January; how many are alive of each
year. What people say: a clerk who writes the day for the month shows which month's figure is which day's.
"""

import calendar as civil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from linkage.attack.dates import Calendar, Part, calendar, masked, parts
from linkage.attack.frequency import Guess, Told, by_frequency, in_rows, told_of
from linkage.attack.public import Public
from linkage.attack.sample import Floats, Numbers, Sample, borne

MOST = {"decade": 6, "year": 10, "month_1": 2, "month_2": 10, "day_1": 4, "day_2": 10}
MONTH_DAY = ("month_1", "month_2", "day_1", "day_2")
FIRST_YEAR, LAST_YEAR = 1930, 2010
IMPOSSIBLE = np.log(1e-7)
STANDS_OUT = 6.0  # standard deviations
A_SWAP = 4.0  # log-likelihood ratio of a pair of dates that are each other's day for month
TOLD = 1e3
RESTARTS, FINALISTS = 4, 3


@dataclass(frozen=True)
class Births:
    """What is public. `years`: {year: share of people}; `days`: log share by the four digits of month and day."""

    years: pd.Series
    days: Floats


@dataclass(frozen=True)
class Solution:
    """How likely, and the figure of each label of month_1, month_2, day_1 and day_2."""

    score: float
    figures: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Evidence:
    """`people` by the labels of month and day; `swaps`: pairs of one person's dates (eight labels); `told`: bonus by
    label and figure, for each of the four.
    """

    people: Floats
    swaps: Numbers
    told: tuple[Floats, ...]


def births(dates: pd.Series) -> Births:
    """From public dates of birth (YYYY-MM-DD), one per person. Days are even but for those that stand out.

    What is chance among the days of one sample says nothing about another's, and would be taken for evidence.
    """
    years = pd.Series(0.5, index=range(FIRST_YEAR, LAST_YEAR + 1))
    years = years.add(dates.str[:4].astype(int).value_counts(), fill_value=0)
    seen, days = dates.str[5:].value_counts(), np.full((2, 10, 4, 10), IMPOSSIBLE)
    even = len(dates) / 365.25
    for month in range(1, 13):
        for day in range(1, civil.monthrange(2000, month)[1] + 1):
            expected = even / 4 if (month, day) == (2, 29) else even
            counted = seen.get(f"{month:02}-{day:02}", 0)
            born = counted if abs(counted - expected) > STANDS_OUT * np.sqrt(expected) else expected
            days[month // 10, month % 10, day // 10, day % 10] = np.log((born + 0.5) / len(dates))
    return Births(years / years.sum(), days)


def guess_dates(sample: Sample, public: Public, told: Told, seed: int = 1) -> list[Guess]:
    """One table per way to guess: (value, confidence), by the index of the sample's rows.

    `told`: {field: values of records that the intruder knows, by their index}.
    """
    classes = sample.classes("date_of_birth")
    said = told_of(classes, told.get("date_of_birth"))
    known = births(public.borne("date_of_birth")["date_of_birth"])
    ways = [by_frequency("date_of_birth", sample, public)]
    for column in masked(sample):
        found = calendar(sample, classes, column)
        pairs = two_dates(sample, classes, found)
        solutions = (solved(part, found, pairs, known, said, seed) for part in parts(found))
        ways += [in_rows(one, classes) for one in solutions if one is not None]
    return ways


def two_dates(sample: Sample, classes: pd.Series, found: Calendar) -> Numbers:
    """(date, another date of the same person), as places in the calendar."""
    places = pd.Series(np.arange(len(found.classes)), index=found.classes)
    dates = borne(sample.rows["person"], at=classes.map(places))
    both = dates.merge(dates, on="person")
    return both.loc[both["at_x"] < both["at_y"], ["at_x", "at_y"]].to_numpy(np.int64)


def solved(
    part: Part, found: Calendar, pairs: Numbers, known: Births, told: pd.Series, seed: int
) -> pd.DataFrame | None:
    """The likeliest dates of one part of the calendar, over every way of saying which digit is which."""
    best: tuple[float, pd.DataFrame] | None = None
    for roles in castings(part):
        tried = under(roles, part, found, pairs, known, told, np.random.default_rng(seed))
        if tried and (best is None or tried[0] > best[0]):
            best = tried
    return best[1] if best else None


def castings(part: Part) -> Iterator[dict[str, Numbers]]:
    """Each way to say which place is which digit: {digit: label of each date}; a digit all share has no place."""
    many = [(np.bincount(column[column >= 0]) > 0.02 * len(column)).sum() for column in part.labels.T]
    none = np.zeros(len(part.dates), dtype=np.int64)
    wide = [n for n, size in enumerate(many) if size >= 5]
    narrow = [n for n, size in enumerate(many) if 2 <= size <= 6]
    first: list[int | None] = [*(n for n, size in enumerate(many) if size <= 2)] or [None]
    for month_1, year, month_2, day_2, day_1, decade in product(first, wide, wide, wide, narrow, [*narrow, None]):
        chosen = [n for n in (month_1, year, month_2, day_2, day_1, decade) if n is not None]
        if len(set(chosen)) < len(chosen) or (decade is None and len(many) - len(chosen) > (month_1 is None)):
            continue
        cast = {"month_1": month_1, "year": year, "month_2": month_2, "day_2": day_2, "day_1": day_1, "decade": decade}
        yield {
            name: none if n is None else np.where(part.labels[:, n] < MOST[name], part.labels[:, n], -1)
            for name, n in cast.items()
        }


def under(
    roles: dict[str, Numbers],
    part: Part,
    found: Calendar,
    pairs: Numbers,
    known: Births,
    told: pd.Series,
    rng: np.random.Generator,
) -> tuple[float, pd.DataFrame] | None:
    """(log-likelihood per person, guesses) under one casting; None where no date has all its labels."""
    people = found.people[part.dates]
    whole = np.all([label >= 0 for label in roles.values()], axis=0)
    if whole.sum() < 10:
        return None
    said = pd.Series(found.classes[part.dates]).map(told).fillna("").to_numpy()
    evidence = evidence_of(roles, part, pairs, people, whole, said)
    solution = month_and_day(evidence, known.days, rng)
    named = [np.array([*f, *[0] * 10])[roles[name]] for name, f in zip(MONTH_DAY, solution.figures, strict=True)]
    month, day = named[0] * 10 + named[1], named[2] * 10 + named[3]
    score, year, sure = years(roles, people * whole, (month == 2) & (day == 29), known, said)
    confidence = sure * certain(evidence, known.days, solution, roles)
    values = [f"{y:04}-{m:02}-{d:02}" for y, m, d in zip(year, month, day, strict=True)]
    guesses = pd.DataFrame({"value": values, "confidence": confidence}, index=found.classes[part.dates])
    return (solution.score + score) / people[whole].sum(), guesses[whole]


def evidence_of(
    roles: dict[str, Numbers], part: Part, pairs: Numbers, people: Floats, whole: np.ndarray, said: np.ndarray
) -> Evidence:
    """What there is to go by for month and day."""
    labels = np.stack([roles[name] for name in MONTH_DAY], axis=1)
    table = np.zeros(labels.max(axis=0) + 1)
    np.add.at(table, tuple(labels[whole].T), people[whole])
    place = pd.Series(np.arange(len(part.dates)), index=part.dates).reindex(pairs.ravel()).to_numpy()
    both = place.reshape(-1, 2)
    both = both[~np.isnan(both).any(axis=1)].astype(int)
    same_year = np.all([roles[n][both[:, 0]] == roles[n][both[:, 1]] for n in ("decade", "year")], axis=0)
    a, b = labels[both[:, 0]], labels[both[:, 1]]
    other = (a[:, :2] != b[:, :2]).any(axis=1) & (a[:, 2:] != b[:, 2:]).any(axis=1)
    swaps = np.concatenate([a, b], axis=1)[same_year & other & whole[both].all(axis=1)]
    bonus = tuple(said_digits(labels[:, n], said, at, (2, 10, 4, 10)[n]) for n, at in enumerate((5, 6, 8, 9)))
    return Evidence(table, swaps, bonus)


def said_digits(labels: Numbers, said: np.ndarray, at: int, figures: int) -> Floats:
    """(label, figure): a bonus for each date that the intruder knows."""
    bonus = np.zeros((labels.max() + 1, figures))
    for label, date in zip(labels, said, strict=True):
        if date and label >= 0 and int(date[at]) < figures:
            bonus[label, int(date[at])] += TOLD
    return bonus


def month_and_day(evidence: Evidence, days: Floats, rng: np.random.Generator) -> Solution:
    """The likeliest figures: second figures by assignment in turn, first figures tried out, then exchanges."""
    table, tried = evidence.people, set()
    for one, three in product(permutations(range(2), table.shape[0]), permutations(range(4), table.shape[2])):
        fixed = days[list(one)][:, :, list(three)]
        bonus = sum(evidence.told[n][np.arange(len(f)), list(f)].sum() for n, f in ((0, one), (2, three)))
        for _ in range(RESTARTS):
            score, two, four = in_turn(evidence, fixed, rng)
            tried.add((score + bonus, (one, two, three, four)))
    finalists = sorted(tried, reverse=True)[:FINALISTS]
    return max((exchanged(evidence, days, figures) for _, figures in finalists), key=lambda s: s.score)


def in_turn(
    evidence: Evidence, fixed: Floats, rng: np.random.Generator
) -> tuple[float, tuple[int, ...], tuple[int, ...]]:
    """Second figures of month and day, the best of each given the other, from a random start."""
    table, score = evidence.people, -np.inf
    four = rng.permutation(10)[: table.shape[3]]
    while True:
        cost = np.einsum("abcd,agcd->bg", table, fixed[:, :, :, four]) + evidence.told[1]
        two = linear_sum_assignment(-cost)[1]
        cost = np.einsum("abcd,abcg->dg", table, fixed[:, two]) + evidence.told[3]
        rows, four = linear_sum_assignment(-cost)
        now = float(cost[rows, four].sum() + evidence.told[1][np.arange(len(two)), two].sum())
        if now <= score + 1e-9:
            return score, tuple(two.tolist()), tuple(four.tolist())
        score = now


def total(evidence: Evidence, days: Floats, figures: tuple[tuple[int, ...], ...]) -> float:
    """The log-likelihood of a whole naming."""
    cells = days[np.ix_(*[list(f) for f in figures])]
    told = sum(bonus[np.arange(len(f)), list(f)].sum() for bonus, f in zip(evidence.told, figures, strict=True))
    named = [np.array(f)[evidence.swaps[:, [n, n + 4]]] for n, f in enumerate(figures)]
    month, day = named[0] * 10 + named[1], named[2] * 10 + named[3]
    swaps = (month[:, 0] == day[:, 1]) & (month[:, 1] == day[:, 0])
    return float((evidence.people * cells).sum() + told + A_SWAP * swaps.sum())


def exchanges(figures: tuple[tuple[int, ...], ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Every naming with two months' figures exchanged, two days', or the same two of both."""
    one, two, three, four = figures
    for n, m in product(range(10), range(10)):
        if n < m:
            turn = {n: m, m: n}
            months, days = tuple(turn.get(f, f) for f in two), tuple(turn.get(f, f) for f in four)
            yield from ((one, months, three, four), (one, two, three, days), (one, months, three, days))


def exchanged(evidence: Evidence, days: Floats, figures: tuple[tuple[int, ...], ...]) -> Solution:
    """The best naming that exchanges lead to."""
    score = total(evidence, days, figures)
    while True:
        tried = [(total(evidence, days, other), other) for other in exchanges(figures)]
        better = max(tried)
        if better[0] <= score + 1e-9:
            return Solution(score, figures)
        score, figures = better


def certain(evidence: Evidence, days: Floats, best: Solution, roles: dict[str, Numbers]) -> Floats:
    """Of each date, how sure its month and day are: the share of the naming among its exchanges, label by label."""
    doubt = [np.zeros(len(f)) for f in best.figures]
    for other in exchanges(best.figures):
        odds = np.exp(min(0.0, total(evidence, days, other) - best.score))
        for n in (1, 3):
            changed = np.array(other[n]) != np.array(best.figures[n])
            doubt[n][changed] += odds
    sure = [1 / (1 + each) for each in doubt]
    return np.asarray(sure[1][roles["month_2"]] * sure[3][roles["day_2"]])


def years(
    roles: dict[str, Numbers], people: Floats, leap_day: np.ndarray, known: Births, said: np.ndarray
) -> tuple[float, Numbers, Floats]:
    """(log-likelihood, year of each date, how sure): by how many are born in each year, and who on a 29 February."""
    decade, year = roles["decade"], roles["year"]
    born, on_leap_day = (np.zeros((decade.max() + 1, year.max() + 1)) for _ in range(2))
    np.add.at(born, (decade, year), people)
    np.add.at(on_leap_day, (decade, year), people * leap_day)
    log = np.full((born.shape[0], born.shape[1], 21, 10), -1e6)  # by decade from 1900 on, and last figure
    for calendar_year in range(FIRST_YEAR, LAST_YEAR):
        at = divmod(calendar_year - 1900, 10)
        log[:, :, *at] = year_fits(born, on_leap_day, known.years.get(calendar_year, 0.0), civil.isleap(calendar_year))
    for ten, one, date in zip(decade, year, said, strict=True):
        if date and ten >= 0 and one >= 0:
            log[ten, one, *divmod(int(date[:4]) - 1900, 10)] += TOLD
    best: tuple[float, tuple[int, ...], Numbers] = (-np.inf, (), year)
    choices = [(d,) for d in range(3, 11)] if born.shape[0] == 1 else permutations(range(3, 10), born.shape[0])
    for tens in choices:
        cost = np.sum([log[n, :, ten] for n, ten in enumerate(tens)], axis=0)
        rows, ones = linear_sum_assignment(-cost)
        best = max(best, (float(cost[rows, ones].sum()), tens, ones), key=lambda found: found[0])
    score, tens, ones = best
    cost = np.sum([log[n, :, ten] for n, ten in enumerate(tens)], axis=0)
    named = 1900 + 10 * np.array([*tens, *[0] * 10])[decade] + np.array([*ones, *[0] * 10])[year]
    return score, named, exchange_doubt(cost, ones)[year]


def year_fits(born: Floats, on_leap_day: Floats, share: float, leap: bool) -> Floats:
    """The log-likelihood of a year's people, and of those among them born on a 29 February."""
    expected = max(share * born.sum(), 0.3)
    late = on_leap_day * np.log(expected / 365.25) - expected / 365.25 if leap else on_leap_day * IMPOSSIBLE
    return np.asarray(born * np.log(expected) - expected + late)


def exchange_doubt(cost: Floats, chosen: Numbers) -> Floats:
    """How sure the figure of each label is, against exchanging it with another's."""
    own = cost[np.arange(len(chosen)), chosen]
    other = cost[:, chosen]
    change = other + other.T - own[:, None] - own[None, :]
    np.fill_diagonal(change, -np.inf)
    return np.asarray(1 / (1 + np.exp(np.minimum(change, 0.0)).sum(axis=1)))
