"""What a reader can prove of a suppressed count, and whole tables that show he cannot prove more.

The reader's knowledge is counts between limits, and sums. Each block of sums is one linear programme in how far its
counts are from the truth. What is looked for is a table in which a count is as far off as it must be and little else is
not as in truth: it leaves nearly every other woman's count alone, so it serves against all of them, and is whole where
a table that moves everything would not be. First many counts are pushed in one table, then each that is still narrow.
A witness is a table of whole numbers: where a corner of the programme is not whole, the integer programme is asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from linkage.errors import DisclosureError

Sum = tuple[tuple[int, ...], tuple[int, ...]]  # totals, and the parts that make as much
Table = dict[int, int]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
NODES = 2000
SEED = 7
ABOVE, BELOW = 0, 1
NOWHERE = -1
TOGETHER, ROUNDS = 100, 2  # counts pushed in one table, and how often each is
TRIES = 5
SPARED, REACH = 100.0, 1e5  # the price of moving a spared count, and the worth of moving the one asked about, by one
WHOLE = 1e-5


@dataclass(frozen=True)
class Seen:
    """What a reader knows: each count by its label, the least and the most it can be (None: no limit); sums."""

    labels: Sequence[str]
    least: Sequence[int]
    most: Sequence[int | None]
    sums: Sequence[Sum]


@dataclass(frozen=True)
class Wanted:
    """A count that must stay uncertain by `width`, and the counts of single women that a reader may know as well."""

    count: int
    width: int
    insiders: tuple[int, ...] = ()


class Given(NamedTuple):
    """What a reader knows, what is true, and what must stay uncertain."""

    seen: Seen
    truth: Sequence[int]
    wanted: Sequence[Wanted]


@dataclass(frozen=True)
class Proof:
    """Two tables that agree with everything published and with the counts `known`; between them a count differs most.

    A table is told by what is not as in truth: {count: what it is there}.
    """

    wanted: Wanted
    known: tuple[int, ...]
    low: Table
    high: Table
    width: int

    @property
    def holds(self) -> bool:
        """Is it as wide as it must be?"""
        return self.width >= self.wanted.width


@dataclass
class Block:
    """Counts tied together by sums: a reader's linear programme, in how far each count is above or below the truth.

    `columns`, (2, counts): where a count moves above, and below, or NOWHERE; `room`: how far, by column; `at`: the
    place of each count. `tables`: found so far, of which the first is the truth; `moves`, (tables, asked): how far each
    moves the counts asked about, whose places are `asked`. `lots`: what prices and orders are drawn by.
    """

    truth: dict[int, int]
    highs: highspy.Highs
    columns: Ints
    room: Floats
    at: dict[int, int]
    asked: dict[int, int]
    moves: Ints
    lots: np.random.Generator
    tables: list[Table] = field(default_factory=lambda: [{}])

    def keep(self, table: Table) -> None:
        """Add a table to those found."""
        if len(self.tables) == len(self.moves):
            self.moves = np.vstack([self.moves, np.zeros_like(self.moves)])
        for count in table.keys() & self.asked.keys():
            self.moves[len(self.tables), self.asked[count]] = table[count] - self.truth[count]
        self.tables.append(table)

    def ways(self, counts: Iterable[int]) -> Ints:
        """The columns in which counts move, above and below."""
        columns = self.columns[:, [self.at[count] for count in counts]].ravel()
        return np.sort(columns[columns != NOWHERE])


def proofs(seen: Seen, truth: Sequence[int], wanted: Sequence[Wanted]) -> Iterator[Proof]:
    """For each wanted count a wide pair of tables, or the widest: for anybody, then for insiders."""
    of, members = blocks(seen)
    by_block: dict[int, list[Wanted]] = defaultdict(list)
    for one in wanted:
        by_block[of[one.count]].append(one)
    for number, ones in by_block.items():
        block = opened(seen, members[number], ones, truth)
        inside = [replace(one, insiders=tuple(i for i in one.insiders if i in block.at)) for one in ones]
        pushed_together(block, inside)
        for one, near in zip(ones, inside, strict=True):
            for proof in proved(block, near):
                yield replace(proof, wanted=one)


def blocks(seen: Seen) -> tuple[list[int], dict[int, list[int]]]:
    """The block of every count, and the counts of every block: those that sums tie together."""
    parent = list(range(len(seen.labels)))

    def root(count: int) -> int:
        while parent[count] != count:
            parent[count] = parent[parent[count]]
            count = parent[count]
        return count

    for totals, parts in seen.sums:
        for other in (*totals, *parts):
            parent[root(other)] = root(totals[0])
    of = [root(count) for count in range(len(parent))]
    members: dict[int, list[int]] = defaultdict(list)
    for count, block in enumerate(of):
        members[block].append(count)
    return of, members


def opened(seen: Seen, counts: list[int], wanted: Sequence[Wanted], truth: Sequence[int]) -> Block:
    """The programme of one block. Raises DisclosureError where the truth is no table that a reader holds possible."""
    at = {count: place for place, count in enumerate(counts)}
    true = np.array([truth[c] for c in counts], dtype=float)
    room = np.array([[np.inf if (end := seen.most[c]) is None else end for c in counts] - true,
                     true - [seen.least[c] for c in counts]])  # fmt: skip
    sums = [one for one in seen.sums if one[0][0] in at]
    if (room < 0).any() or any(sum(truth[c] for c in totals) != sum(truth[c] for c in parts) for totals, parts in sums):
        raise DisclosureError(
            "The audit found that the truth does not agree with what is published: counts, limits and sums contradict "
            "each other. Count again, and publish again."
        )
    columns = np.where(room > 0, np.cumsum(room > 0).reshape(room.shape) - 1, NOWHERE)
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("presolve", "off")
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", SEED)
    ends = room[room > 0]
    highs.addVars(len(ends), np.zeros(len(ends)), ends)
    for totals, parts in sums:
        both = columns[:, [at[c] for c in (*totals, *parts)]]
        signs = np.array([1.0] * len(totals) + [-1.0] * len(parts)) * [[1.0], [-1.0]]
        highs.addRow(0.0, 0.0, int((both != NOWHERE).sum()), both[both != NOWHERE], signs[both != NOWHERE])
    asked = sorted({n for one in wanted for n in (one.count, *one.insiders) if n in at})
    places = {count: place for place, count in enumerate(asked)}
    moves = np.zeros((1, len(asked)), dtype=np.int64)
    return Block({c: truth[c] for c in counts}, highs, columns, ends, at, places, moves, np.random.default_rng(SEED))


def pushed_together(block: Block, wanted: Sequence[Wanted]) -> None:
    """Push many counts in one table, as lots fall, that leaves the counts of all single women as they are."""
    singles = sorted({insider for one in wanted for insider in one.insiders})
    left = [one for one in wanted if one.count not in singles]
    for _ in range(ROUNDS):
        order = [left[i] for i in block.lots.permutation(len(left))]
        for start in range(0, len(order), TOGETHER):
            push(block, order[start : start + TOGETHER], ABOVE, singles, ())
        left = [one for one in left if not widest(block, one, one.insiders).holds]


def proved(block: Block, wanted: Wanted) -> Iterator[Proof]:
    """A pair of tables for anybody, and pairs that leave insiders' counts alone: of as many as each pair serves."""
    left = wanted.insiders
    yield pair_of(block, wanted, (), left)
    while left:
        pair = widest(block, wanted, left)
        if not pair.holds:
            pair = pair_of(block, wanted, left[:1], left[1:])
        served = {i for i in left if i not in pair.low and i not in pair.high} if pair.holds else {left[0]}
        yield replace(pair, known=tuple(i for i in left if i in served))
        left = tuple(i for i in left if i not in served)


def pair_of(block: Block, wanted: Wanted, known: tuple[int, ...], spared: tuple[int, ...]) -> Proof:
    """The widest pair of tables found where some counts are known; where it is narrow, of those pushed up and down."""
    pair = widest(block, wanted, known)
    for way in (ABOVE, BELOW):
        if not pair.holds:
            push(block, [wanted], way, known, spared)
            pair = widest(block, wanted, known)
    return pair


def push(block: Block, wanted: Sequence[Wanted], way: int, known: Sequence[int], spared: Sequence[int]) -> None:
    """Keep the table in which these counts are as far off in one way as can be, up to their widths, where some counts
    are known, and little else is not as in truth: spared counts last. None is kept where no whole one is found.
    """
    places = [block.at[one.count] for one in wanted]
    aims, others = block.columns[way, places], block.columns[1 - way, places]
    if (aims == NOWHERE).all():
        return
    most = block.room.copy()
    most[block.ways(known)] = most[others[others != NOWHERE]] = 0.0
    for one, column in zip(wanted, aims.tolist(), strict=True):
        most[column] = min(most[column], one.width) if column != NOWHERE else most[column]
    bounded = np.flatnonzero(most != block.room)
    go_as_far(block.highs, bounded, most)
    values = pushed(block, aims[aims != NOWHERE], block.ways(spared), TRIES if len(wanted) == 1 else 1)
    go_as_far(block.highs, bounded, block.room)
    if len(values):
        block.keep(table_of(block, values))


def go_as_far(highs: highspy.Highs, columns: Ints, most: Floats) -> None:
    """Say how far some columns can go."""
    highs.changeColsBounds(len(columns), columns.astype(np.int32), np.zeros(len(columns)), most[columns])


def pushed(block: Block, aims: Ints, spared: Ints, tries: int) -> Floats:
    """Whole values of the columns, or nothing: other prices, by lot, have other corners, of which one is often whole.

    After all `tries` but for a single one, the integer programme is asked, which looks for nothing but how far.
    """
    for _ in range(tries):
        cost = block.lots.uniform(1.0, 2.0, len(block.room))
        cost[spared] *= SPARED
        cost[aims] = -REACH
        block.highs.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)
        block.highs.clearSolver()
        block.highs.run()
        if block.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise DisclosureError("The audit could not look for tables. Publish again, and report this.")
        values = np.array(block.highs.getSolution().col_value)
        if np.abs(values - np.round(values)).max(initial=0.0) <= WHOLE:
            return values
    return in_whole_numbers(block.highs, np.minimum(cost, 0.0)) if tries > 1 else np.array([])


def in_whole_numbers(highs: highspy.Highs, cost: Floats) -> Floats:
    """The values of least cost by the integer programme, within some nodes; nothing where it finds none."""
    every = np.arange(len(cost), dtype=np.int32)
    highs.changeColsCost(len(cost), every, cost)
    highs.changeColsIntegrality(len(cost), every, np.full(len(cost), highspy.HighsVarType.kInteger))
    highs.setOptionValue("mip_max_nodes", NODES)
    highs.run()
    found = np.array(highs.getSolution().col_value)
    usable = highs.getInfo().primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    highs.changeColsIntegrality(len(cost), every, np.full(len(cost), highspy.HighsVarType.kContinuous))
    return found if usable else np.array([])


def table_of(block: Block, values: Floats) -> Table:
    """What is not as in truth where columns have these values."""
    whole = np.append(np.round(values).astype(np.int64), 0)
    above, below = whole[block.columns]
    moved, counts = above - below, list(block.at)
    return {counts[i]: block.truth[counts[i]] + int(moved[i]) for i in np.flatnonzero(moved).tolist()}


def widest(block: Block, wanted: Wanted, known: Sequence[int]) -> Proof:
    """Of the tables found that leave the known counts as they are, and the truth, the two farthest apart."""
    moved = block.moves[: len(block.tables), block.asked[wanted.count]]
    fitting = np.append(0, np.flatnonzero(moved))
    others = np.array([block.asked[count] for count in known], dtype=np.int64)
    fitting = fitting[(block.moves[np.ix_(fitting, others)] == 0).all(axis=1)]
    low, high = fitting[moved[fitting].argmin()], fitting[moved[fitting].argmax()]
    return Proof(wanted, tuple(known), block.tables[low], block.tables[high], int(moved[high] - moved[low]))
