"""What a reader can prove of a suppressed count, and whole tables that show he cannot prove more.

The reader's knowledge is written as it is: counts between limits, and sums. Each block of sums is one linear programme
in the counts themselves. First many counts are pushed up, and down, together; then each that is still narrow by itself.
A witness is a table of whole numbers: where a corner of the programme is not whole, the integer programme is asked.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from linkage.errors import DisclosureError

Sum = tuple[tuple[int, ...], tuple[int, ...]]  # totals, and the parts that make as much
Table = dict[int, int]
Ints = NDArray[np.int64]
FAR = 2
NODES = 2000
SEED = 7
HALVES = 12
IDLE = 8  # pushes in vain before the narrow counts are asked about one by one
PRIMAL = 4  # only the objective changes from one question to the next
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
    """Counts tied together by sums: the linear programme of a reader who knows no more than what is published."""

    counts: list[int]
    highs: highspy.Highs
    at: dict[int, int]
    tables: Ints
    found: int = 1
    told: dict[int, Table] = field(default_factory=dict)

    def keep(self, table: Ints) -> None:
        """Add a table to those found; the first is the truth."""
        if self.found == len(self.tables):
            self.tables = np.vstack([self.tables, np.zeros_like(self.tables)])
        self.tables[self.found] = table
        self.found += 1


def proofs(seen: Seen, truth: Sequence[int], wanted: Sequence[Wanted]) -> Iterator[Proof]:
    """For each wanted count the widest pair of tables found: for anybody, then for insiders."""
    of, members = blocks(seen)
    by_block: dict[int, list[Wanted]] = defaultdict(list)
    for one in wanted:
        by_block[of[one.count]].append(one)
    for number, ones in by_block.items():
        block = opened(seen, members[number], max(one.width for one in ones), truth)
        singles = tuple(sorted({insider for one in ones for insider in one.insiders if insider in block.at}))
        pushed_together(block, [one for one in ones if one.count not in singles], singles)
        pushed_together(block, ones, ())
        pushed_by_halves(block, [one for one in ones if one.count in singles])
        for one in ones:
            pair = widest(block, one, ())
            yield pair if pair.holds else alone(block, one, ())
        for one in ones:
            yield from against_insiders(block, one)


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


def opened(seen: Seen, counts: list[int], width: int, truth: Sequence[int]) -> Block:
    """The programme of one block; no count is followed farther from the truth than matters."""
    at = {count: column for column, count in enumerate(counts)}
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("presolve", "off")
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", SEED)
    highs.setOptionValue("simplex_strategy", PRIMAL)
    far = [truth[c] + FAR * width for c in counts]
    most = [far[i] if (end := seen.most[c]) is None else min(end, far[i]) for i, c in enumerate(counts)]
    highs.addVars(len(counts), np.array([seen.least[c] for c in counts], dtype=float), np.array(most, dtype=float))
    for totals, parts in seen.sums:
        if totals[0] in at:
            columns = np.array([at[c] for c in (*totals, *parts)], dtype=np.int32)
            signs = np.array([1.0] * len(totals) + [-1.0] * len(parts))
            highs.addRow(0.0, 0.0, len(columns), columns, signs)
    return Block(counts, highs, at, np.array([[truth[c] for c in counts]]))


def solve(block: Block, costs: dict[int, float]) -> None:
    """Find the table of least cost, in whole numbers, and keep it; none where no whole one is found."""
    n = len(block.counts)
    cost = np.zeros(n)
    for count, amount in costs.items():
        cost[block.at[count]] = amount
    block.highs.changeColsCost(n, np.arange(n, dtype=np.int32), cost)
    optimise(block.highs)
    values = np.array(block.highs.getSolution().col_value)
    if np.abs(values - np.round(values)).max() > WHOLE:
        values = in_whole_numbers(block, n)
    if len(values):
        block.keep(np.round(values).astype(np.int64))


def optimise(highs: highspy.Highs) -> None:
    """Solve the programme. Raises DisclosureError where there is no table at all: the truth should be one."""
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        highs.clearSolver()
        highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise DisclosureError(
            "The audit found no table that agrees with what is published: counts, limits and sums contradict each "
            "other. Count again, and publish again."
        )


def in_whole_numbers(block: Block, n: int) -> NDArray[np.float64]:
    """The same by the integer programme, within some nodes; nothing where it finds none."""
    every = np.arange(n, dtype=np.int32)
    block.highs.changeColsIntegrality(n, every, np.full(n, highspy.HighsVarType.kInteger))
    block.highs.setOptionValue("mip_max_nodes", NODES)
    block.highs.run()
    found = np.array(block.highs.getSolution().col_value)
    usable = block.highs.getInfo().primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    block.highs.changeColsIntegrality(n, every, np.full(n, highspy.HighsVarType.kContinuous))
    return found if usable else np.array([])


def pushed_together(block: Block, wanted: Sequence[Wanted], known: tuple[int, ...]) -> None:
    """Push narrow counts some up and some down, as lots fall, where some counts are known, as long as that helps."""
    lots, idle = np.random.default_rng(SEED), 0
    narrow = [one for one in wanted if not widest(block, one, known).holds]
    with knowing(block, known):
        while narrow and idle < IDLE:
            signs = lots.choice([-1.0, 1.0], len(narrow))
            solve(block, {one.count: sign for one, sign in zip(narrow, signs.tolist(), strict=True)})
            left = [one for one in narrow if not widest(block, one, known).holds]
            idle, narrow = (idle + 1 if len(left) == len(narrow) else 0), left


def pushed_by_halves(block: Block, singles: Sequence[Wanted]) -> None:
    """Push counts that are of single women themselves, while the other half of them is known; other halves in turn."""
    lots = np.random.default_rng(SEED)
    for _ in range(HALVES if len(singles) > 1 else 0):
        order = lots.permutation(len(singles))
        pushed = [singles[i] for i in order[: len(order) // 2]]
        signs = lots.choice([-1.0, 1.0], len(pushed)).tolist()
        with knowing(block, tuple(singles[i].count for i in order[len(order) // 2 :])):
            for way in (1, -1):
                solve(block, {one.count: way * sign for one, sign in zip(pushed, signs, strict=True)})


def alone(block: Block, wanted: Wanted, known: tuple[int, ...]) -> Proof:
    """Push one count up and down, where some counts are known."""
    with knowing(block, known):
        for sign in (-1.0, 1.0):
            solve(block, {wanted.count: sign})
    return widest(block, wanted, known)


@contextmanager
def knowing(block: Block, known: tuple[int, ...]) -> Iterator[None]:
    """The reader knows these counts, for a while."""
    columns = [block.at[count] for count in known]
    bounds = [block.highs.getCol(column)[2:4] for column in columns]
    for column in columns:
        block.highs.changeColBounds(column, float(block.tables[0, column]), float(block.tables[0, column]))
    yield
    for column, (low, high) in zip(columns, bounds, strict=True):
        block.highs.changeColBounds(column, low, high)


def against_insiders(block: Block, wanted: Wanted) -> Iterator[Proof]:
    """Pairs of tables that leave the counts of insiders as they are: of as many at once as one pair serves."""
    near = tuple(insider for insider in wanted.insiders if insider in block.at)
    together = widest(block, wanted, near)
    if near and together.holds:
        yield together
        return
    left, hard = list(near), []
    while left:
        pair = widest(block, wanted, (left[0],))
        served = [insider for insider in left if insider not in pair.low and insider not in pair.high]
        left = [insider for insider in left if insider not in served]
        if pair.holds:
            yield replace(pair, known=tuple(served))
        else:
            hard += served
    yield from by_halves(block, wanted, tuple(hard))


def by_halves(block: Block, wanted: Wanted, insiders: tuple[int, ...]) -> Iterator[Proof]:
    """Ask about insiders together, and about half of them where together they know too much."""
    groups = [insiders] if insiders else []
    while groups:
        group = groups.pop()
        pair = widest(block, wanted, group)
        pair = pair if pair.holds else alone(block, wanted, group)
        if pair.holds or len(group) == 1:
            yield pair
        else:
            groups += [group[: len(group) // 2], group[len(group) // 2 :]]


def widest(block: Block, wanted: Wanted, known: tuple[int, ...]) -> Proof:
    """Of the tables found that leave the known counts as they are, and the truth, the two farthest apart."""
    columns, tables = [block.at[count] for count in known], block.tables[: block.found]
    fitting = np.flatnonzero((tables[:, columns] == tables[0, columns]).all(axis=1))
    values = tables[fitting, block.at[wanted.count]]
    low, high = fitting[values.argmin()], fitting[values.argmax()]
    return Proof(wanted, known, told(block, low), told(block, high), int(values.max() - values.min()))


def told(block: Block, number: int) -> Table:
    """A table by what is not as in truth."""
    if number not in block.told:
        table = block.tables[number]
        block.told[number] = {block.counts[i]: int(table[i]) for i in np.flatnonzero(table != block.tables[0])}
    return block.told[number]
