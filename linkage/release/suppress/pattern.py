"""A pattern of hidden units, and what proves that it protects: for each target two tables a reader cannot tell apart.

A table found for one target serves every other it moves, so most targets are never attacked themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix

from linkage.release.suppress.attacker import DOWN, TINY, UP, Attacker, Farthest, Work
from linkage.release.suppress.problem import Bools, Floats, Ints, Problem, Target, blocks

NOTHING: Ints = np.array([], dtype=np.int64)
Kept = tuple[int, int, "Witness", float]  # target, way, its witness, how far it reaches
SEED = 1
IDLE = 3  # pushes in vain before targets are attacked one by one
SIGNS = (1, -1)


@dataclass(frozen=True)
class Witness:
    """A table a reader holds possible: the counts that differ from the truth, and by how much."""

    moved: Ints
    by: Floats


TRUTH = Witness(NOTHING, np.array([]))


@dataclass
class Block:
    """Counts tied together by equations, with a reader of them; and where the counts of its targets are."""

    counts: Ints
    rows: Ints
    equations: csr_matrix
    reader: Attacker
    numbers: Ints = field(default_factory=lambda: NOTHING)
    at: Ints = field(default_factory=lambda: NOTHING)


class Pattern:
    """Which units are hidden, kept beside the readers of each block and the witnesses found so far."""

    def __init__(self, problem: Problem, hide: Bools, work: Work) -> None:
        self.problem, self.hide, self.work = problem, hide.copy(), work
        self.width = max((t.width for t in problem.targets), default=1)
        self.targets: list[Target] = []
        self.found: list[list[Witness]] = []
        self.reach = np.zeros((0, 2))
        self.block_of = np.zeros(len(problem.counts), dtype=np.int64)
        self.inside = np.zeros(len(problem.counts), dtype=np.int64)
        self.below, self.above = self.room()
        self.blocks = [self.block(number, counts) for number, counts in enumerate(blocks(problem))]
        self.add(problem.targets)

    def room(self) -> tuple[Floats, Floats]:
        """How far each count may lie from the truth for a reader of this pattern."""
        below, above = self.problem.known(self.problem.gone(self.hide))
        farthest = float(self.work.farthest * self.width)
        return np.maximum(below, -farthest), np.minimum(above, farthest)

    def block(self, number: int, counts: Ints) -> Block:
        """One block, and where its counts are."""
        self.block_of[counts], self.inside[counts] = number, np.arange(len(counts))
        columns = self.problem.equations[:, counts]
        rows = np.flatnonzero(np.diff(columns.indptr) > 0)
        reader = Attacker(columns[rows], self.below[counts], self.above[counts], self.work)
        return Block(counts, rows, columns[rows], reader)

    def reader_of(self, count: int) -> Attacker:
        """Who reads the block of a count."""
        return self.blocks[self.block_of[count]].reader

    def add(self, targets: Iterable[Target]) -> None:
        """Ask for more to be protected."""
        for target in targets:
            block = self.blocks[self.block_of[target.number]]
            block.numbers = np.append(block.numbers, len(self.targets))
            block.at = np.append(block.at, self.inside[target.number])
            self.targets.append(target)
            self.found.append([TRUTH, TRUTH])
        self.reach = np.vstack([self.reach, np.zeros((len(self.targets) - len(self.reach), 2))])

    def protected(self, number: int) -> bool:
        """Is the interval of a target proved wide enough by what was found already?"""
        return bool(self.reach[number].sum() >= self.targets[number].width - TINY)

    def attack(self, number: int) -> tuple[Farthest, Farthest] | None:
        """Both attacks on a target, when they narrow it too far; None when it is protected."""
        if self.protected(number):
            return None
        up = self.farthest(self.targets[number], UP)
        if self.protected(number):
            return None
        down = self.farthest(self.targets[number], DOWN)
        return None if self.protected(number) else (up, down)

    def farthest(self, target: Target, way: int) -> Farthest:
        """One attack; what it finds is learned, and it is told in the counts and equations of the problem."""
        block = self.blocks[self.block_of[target.number]]
        found = block.reader.farthest(int(self.inside[target.number]), SIGNS[way])
        self.learn(block, found.deviation)
        prices = np.zeros(self.problem.equations.shape[0])
        prices[block.rows] = found.prices
        return found._replace(prices=prices)

    def sweep(self, asked: Iterable[int]) -> None:
        """Push open targets some up and some down, as lots fall, block by block, as long as that protects more."""
        wanted = set(asked)
        for block in self.blocks:
            lots, idle = np.random.default_rng(SEED), 0
            left = [n for n in block.numbers.tolist() if n in wanted and not self.protected(n)]
            while len(left) > 1 and idle < IDLE:
                signs = lots.choice([-1.0, 1.0], len(left))
                at = self.inside[[self.targets[n].number for n in left]]
                self.learn(block, block.reader.pushed(at, signs).deviation)
                still = [n for n in left if not self.protected(n)]
                idle, left = (idle + 1 if len(still) == len(left) else 0), still

    def learn(self, block: Block, deviation: Floats) -> None:
        """Keep a table for every target of the block that it moves farther than what is known."""
        here, witness = deviation[block.at], self.witness(block, deviation)
        for way, sign in enumerate(SIGNS):
            for one in np.flatnonzero(sign * here > self.reach[block.numbers, way] + TINY):
                self.keep(int(block.numbers[one]), way, witness, sign * float(here[one]))

    def witness(self, block: Block, deviation: Floats) -> Witness:
        """A deviation of a block without what stays as it is."""
        moved = np.flatnonzero(np.abs(deviation) > TINY)
        return Witness(block.counts[moved], deviation[moved])

    def keep(self, number: int, way: int, witness: Witness, reach: float) -> None:
        """The best witness of a target in one direction."""
        self.found[number][way] = witness
        self.reach[number, way] = reach

    def set(self, unit: int, hide: bool) -> Ints:
        """Hide a unit, or publish it; what is known then, the readers know. Returns its counts."""
        self.hide[unit] = hide
        self.below, self.above = self.room()
        counts = np.flatnonzero((self.problem.owners == unit).any(axis=1))
        self.tell(counts)
        return counts

    def tell(self, counts: Ints) -> None:
        """Tell the readers what is known of these counts now."""
        for count in counts:
            reader = self.blocks[self.block_of[count]].reader
            reader.bound(int(self.inside[count]), float(self.below[count]), float(self.above[count]))

    def doubted(self, counts: Ints) -> list[tuple[int, int]]:
        """(target, way) whose witness moves one of these counts farther than a reader now thinks possible."""
        suspects = np.zeros(len(self.problem.counts), dtype=bool)
        suspects[counts] = True
        verdicts: dict[int, bool] = {}

        def impossible(witness: Witness) -> bool:
            if id(witness) not in verdicts:
                moved, by = witness.moved, witness.by
                out = (by < self.below[moved] - TINY) | (by > self.above[moved] + TINY)
                verdicts[id(witness)] = bool((out & suspects[moved]).any())
            return verdicts[id(witness)]

        near = np.unique(self.block_of[counts])
        numbers = np.sort(np.concatenate([NOTHING, *(self.blocks[b].numbers for b in near)]))
        return [(int(n), way) for n in numbers for way in (UP, DOWN) if impossible(self.found[n][way])]

    def take(self, other: "Pattern") -> "Pattern":
        """Know the tables of another pattern, as far as a reader of this one holds them possible. Returns itself."""
        self.found, self.reach = [list(ways) for ways in other.found], other.reach.copy()
        self.aside(self.doubted(np.arange(len(self.problem.counts))))
        return self

    def aside(self, pairs: list[tuple[int, int]]) -> list[Kept]:
        """Set witnesses aside, as if nothing was known of these targets in these directions."""
        before = [(n, way, self.found[n][way], float(self.reach[n, way])) for n, way in pairs]
        for n, way in pairs:
            self.keep(n, way, TRUTH, 0.0)
        return before

    def restore(self, before: list[Kept]) -> None:
        """Take witnesses back that reach farther than those found since."""
        for n, way, witness, reach in before:
            if reach > self.reach[n, way]:
                self.keep(n, way, witness, reach)

    def publishes(self, unit: int) -> bool:
        """Publish a hidden unit if every target stays protected; otherwise leave it hidden."""
        before = self.aside(self.doubted(self.set(unit, False)))
        doubtful = list(dict.fromkeys(n for n, _, _, _ in before))
        self.sweep(doubtful)
        if all(self.attack(n) is None for n in doubtful):
            return True
        self.set(unit, True)
        self.restore(before)
        return False


def open_targets(pattern: Pattern) -> list[int]:
    """Targets not yet proved safe."""
    return [n for n in range(len(pattern.targets)) if not pattern.protected(n)]
