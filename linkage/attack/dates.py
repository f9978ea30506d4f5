"""From date tokens to anonymous coordinates: one-digit wildcards draw the whole calendar, without a single date.

Two dates share a wildcard token exactly when they differ in one digit. So the tokens are lines of a grid: of two dates
that differ in two digits, both ways round the square go over parallel lines, and parallel lines change the same digit.
Without the lines of one digit, the grid falls into one piece for each value of that digit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from linkage.attack.sample import Floats, Numbers, Sample, borne, counted

DIGITS = 8
CORNERS = 24  # pairs of neighbours looked at from one date: enough to find every parallel in a dense calendar
FEW = 8
SMALLEST_PART = 50
MAIN = 0.03  # a class of lines is a digit's own when it has so large a share of the largest class
FEWEST_OF_A_LABEL = 4
NO_DIGIT, NO_LABEL = -1, -1


@dataclass(frozen=True)
class Calendar:
    """`classes` of rows with one date; `lines`: (date, the lines it is on, as numbers); `people` born on each date."""

    classes: Numbers
    lines: Numbers
    people: Floats


@dataclass(frozen=True)
class Part:
    """Dates that hang together. `labels`: (date, digit place): which value the digit has, commonest 0; -1 unknown."""

    dates: Numbers
    labels: Numbers


def masked(sample: Sample) -> list[str]:
    """The columns with dates of which a digit is masked, alone or together with something else."""
    return [name for name, parts in sample.parts.items() if any(of.get("date_of_birth") == "wildcards" for of in parts)]


def calendar(sample: Sample, classes: pd.Series, column: str) -> Calendar:
    """The distinct dates of a sample, `classes` of its rows, with the lines that one column of masked dates tells."""
    dates = np.sort(classes.dropna().unique().astype(np.int64))
    places = pd.Series(np.arange(len(dates)), index=dates)
    people = counted(borne(sample.rows["person"], date=classes)["date"], places)
    return Calendar(dates, padded(on_lines(sample.rows[column], classes.map(places)), len(dates)), people)


def on_lines(masked_dates: pd.Series, at: pd.Series) -> pd.DataFrame:
    """(date, line): which dates are on which lines; lines with a single date left out. `at`: the date of each row.

    A line is a wildcard token, or all those tokens of wildcards and something else (the same names, say) that have two
    dates in common: two dates that differ in one digit are on one line together, and on no other.
    """
    found = pd.DataFrame({"date": at, "token": masked_dates}).dropna().explode("token").drop_duplicates()
    several = found[found.groupby("token")["date"].transform("size") > 1].astype(np.int64)
    both = several.merge(several, on="token")
    both = both[both["date_x"] < both["date_y"]]
    two = both["date_x"] * (len(at) + 1) + both["date_y"]
    line = lines_of(both["token"].to_numpy(), two.to_numpy())
    return several.assign(line=several["token"].map(line))[["date", "line"]].drop_duplicates()


def lines_of(tokens: Numbers, two: Numbers) -> pd.Series:
    """{token: line}: tokens with the same two dates are one line."""
    known, token = np.unique(tokens, return_inverse=True)
    pair = np.unique(two, return_inverse=True)[1] + len(known)
    size = len(known) + len(pair)
    joined = coo_matrix((np.ones(len(token)), (token, pair)), shape=(size, size))
    return pd.Series(connected_components(joined, directed=False)[1][: len(known)], index=known)


def padded(found: pd.DataFrame, dates: int) -> Numbers:
    """(date, its lines as numbers), with lines that nothing else is on where a date has fewer than others."""
    rank = found.groupby("date").cumcount()
    width = max(DIGITS, int(rank.max()) + 1 if len(rank) else 0)
    line = np.unique(found["line"], return_inverse=True)[1]
    lines = np.arange(dates * width).reshape(dates, width) + len(found)
    lines[found["date"], rank] = line
    return np.unique(lines, return_inverse=True)[1].reshape(lines.shape)


def parts(found: Calendar, seed: int = 1) -> Iterator[Part]:
    """The parts of the calendar, largest first: the twentieth century and the twenty-first differ in many digits."""
    size = np.bincount(found.lines.ravel())
    classes = parallels(found.lines, size, np.random.default_rng(seed))
    together = pieces(found.lines, size > 1)
    for piece in pd.Series(together).value_counts().index:
        dates = np.flatnonzero(together == piece)
        if len(dates) < SMALLEST_PART:
            return
        yield Part(dates, labelled(found.lines, dates, places_of(found.lines, dates, size, classes)))


def parallels(lines: Numbers, size: Numbers, rng: np.random.Generator) -> Numbers:
    """The class of each line: lines that are opposite sides of a square are in one class, and so on."""
    joins = neighbours(lines, size)
    parent = list(range(len(size)))

    def class_of(line: int) -> int:
        while parent[line] != line:
            parent[line] = parent[parent[line]]
            line = parent[line]
        return line

    for corner, by in enumerate(joins):
        around = list(by.items())
        sides = combinations(around, 2) if len(around) < FEW else drawn(around, rng)
        for (b, to_b), (c, to_c) in sides:
            if to_b == to_c:
                continue
            for opposite in joins[b].keys() & joins[c].keys():
                if opposite != corner and opposite not in by:
                    parent[class_of(joins[c][opposite])] = class_of(to_b)
                    parent[class_of(joins[b][opposite])] = class_of(to_c)
    return np.array([class_of(line) for line in range(len(size))])


def drawn(around: list[tuple[int, int]], rng: np.random.Generator) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Pairs of neighbours by chance."""
    for a, b in rng.integers(0, len(around), (CORNERS, 2)).tolist():
        yield around[a], around[b]


def neighbours(lines: Numbers, size: Numbers) -> list[dict[int, int]]:
    """Of each date: {a date with one other digit: the line between them}."""
    found: list[dict[int, int]] = [{} for _ in lines]
    members: dict[int, list[int]] = {}
    for date, line in zip(*np.nonzero(size[lines] > 1), strict=True):
        members.setdefault(int(lines[date, line]), []).append(int(date))
    for line, dates in members.items():
        for date in dates:
            found[date].update((other, line) for other in dates if other != date)
    return found


def pieces(lines: Numbers, kept: np.ndarray) -> Numbers:
    """The piece of the grid each date is in when only the `kept` lines are there."""
    many = len(lines)
    date, place = np.nonzero(kept[lines])
    ends = (date, lines[date, place] + many)
    joined = coo_matrix((np.ones(len(date)), ends), shape=(many + len(kept),) * 2)
    return np.asarray(connected_components(joined, directed=False)[1][:many])


def places_of(lines: Numbers, dates: Numbers, size: Numbers, classes: Numbers) -> Numbers:
    """The digit place of each line of a part, -1 where it is not known: a place for each main class of lines.

    A small class belongs to the place in which alone the dates on its lines differ.
    """
    here = np.unique(lines[dates])
    here = here[size[here] > 1]
    sizes = pd.Series(classes[here]).value_counts()
    main = sizes.index[sizes >= MAIN * sizes.iloc[0]][:DIGITS]
    place = np.full(len(size), NO_DIGIT)
    for number, name in enumerate(main):
        place[here[classes[here] == name]] = number
    for _ in range(2):
        labels = raw_labels(lines, dates, place)
        for name, number in adopted(lines[dates], labels, place, classes, size).items():
            place[here[classes[here] == name]] = number
    return place


def raw_labels(lines: Numbers, dates: Numbers, place: Numbers) -> Numbers:
    """(date, digit place): the piece a date is in without the lines of that place."""
    known = place >= 0
    return np.stack([pieces(lines, known & (place != n))[dates] for n in range(place.max() + 1)], axis=1)


def adopted(lines: Numbers, labels: Numbers, place: Numbers, classes: Numbers, size: Numbers) -> dict[int, int]:
    """{class of lines without a place: the only place in which dates on its lines differ, nine times of ten}."""
    date, column = np.nonzero((size[lines] > 1) & (place[lines] == NO_DIGIT))
    line = lines[date, column]
    order = np.argsort(line, kind="stable")
    a, b = order[:-1], order[1:]
    same = line[a] == line[b]
    differs = labels[date[a[same]]] != labels[date[b[same]]]
    table = pd.DataFrame(differs).assign(one=differs.sum(axis=1) == 1, of=classes[line[a[same]]])
    means = table.groupby("of").mean()
    sure = means[means["one"] >= 0.9].drop(columns="one")
    return {int(name): int(np.argmax(row)) for name, row in zip(sure.index, sure.to_numpy(), strict=True)}


def labelled(lines: Numbers, dates: Numbers, place: Numbers) -> Numbers:
    """(date, digit place): the value of each digit as a number, commonest first; -1 in splinters of the grid."""
    found = raw_labels(lines, dates, place)
    for column in range(found.shape[1]):
        sizes = pd.Series(found[:, column]).value_counts()
        kept = sizes.index[sizes >= max(FEWEST_OF_A_LABEL, 0.003 * len(dates))]
        number = pd.Series(np.arange(len(kept)), index=kept)
        found[:, column] = pd.Series(found[:, column]).map(number).fillna(NO_LABEL).astype(int)
    return found
