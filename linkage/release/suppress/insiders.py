"""The woman who knows herself to be the only one in a hidden count: what she proves of others must stay as wide.

Tables are looked for that move a target and as few counts of single women as can be. Most targets are protected from
all insiders together, which one table shows of many; what is left, and whatever is about an insider herself, is pushed
alone, in a table that leaves nearly everybody's count as it is, and again against those whose counts it moves.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from linkage.release.suppress.attacker import DOWN, TINY, UP, Sparing
from linkage.release.suppress.cuts import Cut, cut
from linkage.release.suppress.pattern import SEED, Block, Pattern, Witness
from linkage.release.suppress.problem import Bools, Floats, Ints
from linkage.release.suppress.search import chosen

NOBODY_THERE: Ints = np.array([], dtype=np.int64)
MOVED = 1e-6  # more than a solver's tolerance, by which it lets what is known differ from the truth
TOGETHER, ROUNDS = 100, 2  # targets pushed in one table, and how often each is


@dataclass
class Watch:
    """A block that insiders look at, all by their places in it. `others`: {target: the insiders it is not about}.

    `tables`: found so far; `moves`, (1 + tables or more, asked): by how much they move the counts asked about, whose
    places are `at`; the first row is the truth, and rows not used yet are like it.
    """

    pattern: Pattern
    block: Block
    others: dict[int, Ints]
    tables: list[Witness]
    at: Ints
    moves: Floats
    reader: Sparing

    def keep(self, deviation: Floats) -> None:
        """Add a table to those found."""
        self.tables.append(self.pattern.witness(self.block, deviation))
        if len(self.tables) == len(self.moves):
            self.moves = np.vstack([self.moves, np.zeros_like(self.moves)])
        self.moves[len(self.tables)] = deviation[self.at >= 0]

    def place(self, number: int) -> int:
        """Where the count of a target is."""
        return int(self.pattern.inside[self.pattern.targets[number].number])

    def pair(self, number: int, known: Ints) -> Ints | None:
        """Two tables between which a target is as wide as it must be, and which leave known counts as they are."""
        moved = self.moves[:, self.at[self.place(number)]]
        fitting = np.append(0, np.flatnonzero(np.abs(moved) > TINY))
        fitting = fitting[(np.abs(self.moves[np.ix_(fitting, self.at[known])]) <= MOVED).all(axis=1)]
        ends = fitting[[moved[fitting].argmin(), moved[fitting].argmax()]]
        wide = float(np.ptp(moved[ends])) >= self.pattern.targets[number].width - TINY
        return ends if wide else None

    def push(self, numbers: list[int], way: int, known: Ints, spared: Ints) -> None:
        """Find the table in which targets are as far one way as they must be, and little else moves."""
        width = np.array([float(self.pattern.targets[n].width) for n in numbers])
        places = np.array([self.place(n) for n in numbers])
        self.keep(self.reader.pushed(places, way, width, known, spared))

    def moved(self, pair: Ints, insiders: Ints) -> Ints:
        """The insiders whose counts one of two tables moves."""
        return insiders[(np.abs(self.moves[np.ix_(pair, self.at[insiders])]) > MOVED).any(axis=0)]


def with_insiders(pattern: Pattern, guide: Floats, found: list[Cut]) -> Bools:
    """The pattern, and more hidden until every target is protected against every insider. Raises DisclosureError."""
    before, tables = -1, defaultdict[int, list[Witness]](list)
    while before < int(pattern.hide.sum()):
        before, insiders = int(pattern.hide.sum()), alone(pattern)
        own = about_themselves(pattern, insiders)
        for number, block in enumerate(pattern.blocks):
            watch = watched(pattern, block, insiders[pattern.block_of[insiders] == number], own, tables[number])
            pushed_together(watch)
            for one, others in watch.others.items():
                protect(watch, one, others, guide, found)
    return pattern.hide


def alone(pattern: Pattern) -> Ints:
    """Hidden counts of one woman."""
    problem = pattern.problem
    ones = np.flatnonzero(problem.gone(pattern.hide) & (problem.counts == 1))
    return ones[[bool(problem.about[one]) for one in ones.tolist()]]


def about_themselves(pattern: Pattern, insiders: Ints) -> dict[int, set[int]]:
    """{a target: the insiders who know its count because it is about themselves}."""
    about = pattern.problem.about
    counts_of: dict[int, set[int]] = {}
    for insider in insiders.tolist():
        for woman in about[insider]:
            counts_of.setdefault(woman, set()).add(insider)
    nobody: set[int] = set()
    return {
        n: nobody.union(*(counts_of.get(woman, nobody) for woman in about[target.number]))
        for n, target in enumerate(pattern.targets)
        if target.insiders
    }


def watched(pattern: Pattern, block: Block, insiders: Ints, own: dict[int, set[int]], tables: list[Witness]) -> Watch:
    """A block and the insiders in it, with the tables found before."""
    others = {
        n: pattern.inside[[one for one in insiders.tolist() if one not in own[n]]]
        for n in block.numbers.tolist()
        if n in own and insiders.size
    }
    at = np.full(len(block.counts), -1)
    asked = np.unique(np.concatenate([pattern.inside[insiders], block.at]))
    at[asked] = np.arange(len(asked))
    moves = np.zeros((len(tables) + 1, len(asked)))
    for row, table in zip(moves[1:], tables, strict=True):
        places = at[pattern.inside[table.moved]]
        row[places[places >= 0]] = table.by[places >= 0]
    return Watch(pattern, block, others, tables, at, moves, sparing(pattern, block))


def sparing(pattern: Pattern, block: Block) -> Sparing:
    """A reader of what the pattern hides now."""
    return Sparing(block.equations, pattern.below[block.counts], pattern.above[block.counts], pattern.work)


def pushed_together(watch: Watch) -> None:
    """Push many targets in one table, as lots fall, that leaves the counts of all insiders as they are."""
    lots, everybody = np.random.default_rng(SEED), np.unique(np.concatenate([NOBODY_THERE, *watch.others.values()]))
    left = [n for n in watch.others if watch.place(n) not in everybody]
    for _ in range(ROUNDS):
        left = [n for n in left if watch.pair(n, everybody) is None]
        order = [left[i] for i in lots.permutation(len(left))]
        for start in range(0, len(order), TOGETHER):
            watch.push(order[start : start + TOGETHER], UP, everybody, NOBODY_THERE)


def protect(watch: Watch, number: int, insiders: Ints, guide: Floats, found: list[Cut]) -> None:
    """Hide more until one target is protected against each of these insiders."""
    left = insiders
    while left.size and watch.pair(number, left) is None:
        pair = watch.pair(number, left[:1])
        for way in (UP, DOWN):
            if pair is None:
                watch.push([number], way, left[:1], left[1:])
                pair = watch.pair(number, left[:1])
        if pair is None:
            hide_more(watch, number, int(left[0]), guide, found)
        else:
            left = watch.moved(pair, left)


def hide_more(watch: Watch, number: int, insider: int, guide: Floats, found: list[Cut]) -> None:
    """Hide one unit more that keeps a target uncertain for an insider, if it is too certain."""
    pattern, block = watch.pattern, watch.block
    target, known = pattern.targets[number], int(block.counts[insider])
    block.reader.bound(insider, 0.0, 0.0)
    up, down = (pattern.farthest(target, way) for way in (UP, DOWN))
    pattern.tell(np.array([known]))
    if up.reach + down.reach >= target.width - TINY:
        watch.keep(up.deviation)
        watch.keep(down.deviation)
        return
    lacking = cut(pattern.problem, target, up, down, known)
    found.append(lacking)
    pattern.set(chosen(pattern.problem, pattern, lacking, guide, number), True)
    watch.reader = sparing(pattern, block)
