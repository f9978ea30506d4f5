"""The woman who knows herself to be the only one in a hidden count: what she proves of others must stay as wide.

Most targets are protected even from all insiders together, which two tables show at once. A target about an insider
herself is looked for in tables that leave other insiders' counts as they are: half of them at a time, other halves in
turn. Insiders against whom none of these serves are asked about together, by halves where together they know too much.
"""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from linkage.release.suppress.attacker import TINY, Farthest
from linkage.release.suppress.cuts import Cut, cut
from linkage.release.suppress.pattern import DOWN, SEED, SIGNS, UP, Block, Pattern, Witness
from linkage.release.suppress.problem import Bools, Floats, Ints
from linkage.release.suppress.search import chosen

MANY, AGO = 0.8, 6  # halves are tried as long as so few pairs of a target and an insider are left, of those before


class Exposed(NamedTuple):
    """A target, the insiders who may narrow it, and the tables found so far, as witnesses and as they are."""

    number: int
    insiders: list[int]
    known: list[Witness]
    tables: list[Floats]


def with_insiders(pattern: Pattern, guide: Floats, found: list[Cut]) -> Bools:
    """The pattern, and more hidden until every target is protected against every insider. Raises DisclosureError."""
    pattern.sweep(range(len(pattern.targets)))
    for number in range(len(pattern.targets)):
        pattern.attack(number)
    before, tables = -1, defaultdict[int, list[Floats]](list)
    while before < int(pattern.hide.sum()):
        before = int(pattern.hide.sum())
        for one in exposed(pattern, alone(pattern), tables):
            protect(pattern, one, guide, found)
    return pattern.hide


def alone(pattern: Pattern) -> Ints:
    """Hidden counts of one woman."""
    problem = pattern.problem
    ones = np.flatnonzero(problem.gone(pattern.hide) & (problem.counts == 1))
    return ones[[bool(problem.about[one]) for one in ones.tolist()]]


def exposed(pattern: Pattern, insiders: Ints, tables: dict[int, list[Floats]]) -> list[Exposed]:
    """Targets that somebody else than a woman they are about may narrow. `tables` found, by block, are added to."""
    strict, own = Pattern(pattern.problem, pattern.hide, pattern.work), about_themselves(pattern, insiders)
    know(strict, insiders)
    strict.sweep(number for number, hers in own.items() if not hers)
    found: list[Exposed] = []
    for number, block in enumerate(strict.blocks):
        near = insiders[strict.block_of[insiders] == number]
        asked = [n for n in block.numbers.tolist() if n in own and not strict.protected(n)]
        if near.size and asked:
            found += narrowed(strict, block, near, {n: own[n] for n in asked}, tables[number])
    return found


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


def know(pattern: Pattern, insiders: Ints) -> None:
    """From now on readers know the counts of these insiders."""
    for insider in insiders:
        pattern.reader_of(insider).bound(int(pattern.inside[insider]), 0.0, 0.0)


def narrowed(
    strict: Pattern, block: Block, insiders: Ints, own: dict[int, set[int]], tables: list[Floats]
) -> list[Exposed]:
    """Of a block's targets those that no table found protects against an insider, with these insiders.

    Targets are pushed as lots fall while half of the women are known, other halves in turn, as long as that protects
    many more.
    """
    lots, about = np.random.default_rng(SEED), [strict.problem.about[insider] for insider in insiders.tolist()]
    women = sorted(set().union(*about))
    counts = np.array([strict.targets[n].number for n in own])
    width = np.array([[strict.targets[n].width] for n in own])
    others = np.array([[insider not in hers for insider in insiders.tolist()] for hers in own.values()])
    far = np.zeros((2, *others.shape))
    for table in tables:
        reach_out(far, table, strict.inside[insiders], strict.inside[counts])
    left = others & (far.sum(axis=0) < width - TINY)
    pairs = [np.inf] * AGO
    while left.any() and left.sum() < MANY * pairs[-AGO]:
        pairs.append(left.sum())
        half = set(lots.permutation(women)[: (len(women) + 1) // 2].tolist())
        free = insiders[[of <= half for of in about]]
        asked = strict.inside[counts[left.any(axis=1)]]
        signs = lots.choice([-1.0, 1.0], len(asked))
        strict.tell(free)
        for way in SIGNS:
            tables.append(block.reader.pushed(asked, way * signs).deviation)
            reach_out(far, tables[-1], strict.inside[insiders], strict.inside[counts])
        know(strict, free)
        left = others & (far.sum(axis=0) < width - TINY)
    known = [strict.witness(block, table) for table in tables] if left.any() else []
    return [Exposed(n, insiders[of].tolist(), known, tables) for n, of in zip(own, left, strict=True) if of.any()]


def reach_out(far: Floats, table: Floats, insiders: Ints, counts: Ints) -> None:
    """How `far` up and down (way, count, insider) counts lie, where a table leaves an insider's own count as it is."""
    unmoved = np.abs(table[insiders]) <= TINY
    for sign, reach in zip(SIGNS, far, strict=True):
        reach[:, unmoved] = np.maximum(reach[:, unmoved], sign * table[counts][:, None])


def protect(pattern: Pattern, one: Exposed, guide: Floats, found: list[Cut]) -> None:
    """Hide more until one target is protected against each of these insiders."""
    target, known = pattern.targets[one.number], [*pattern.found[one.number], *one.known]
    groups = [[i for i in one.insiders if reached(known, target.number, [i]) < target.width - TINY]]
    while groups:
        group = groups.pop()
        attacks = against(pattern, one, group, known) if group else None
        if attacks and len(group) > 1:
            half = len(group) // 2
            groups += [group[half:], group[:half]]
        elif attacks:
            lacking = cut(pattern.problem, target, *attacks, group[0])
            found.append(lacking)
            pattern.set(chosen(pattern.problem, pattern, lacking, guide, one.number), True)
            groups.append(group)


def against(pattern: Pattern, one: Exposed, group: list[int], known: list[Witness]) -> tuple[Farthest, Farthest] | None:
    """Both attacks of insiders together, when they narrow a target too far; the tables they find go to `known`."""
    target = pattern.targets[one.number]
    block = pattern.blocks[pattern.block_of[target.number]]
    attacks = []
    for insider in group:
        block.reader.bound(int(pattern.inside[insider]), 0.0, 0.0)
    for way in (UP, DOWN):
        if reached(known, target.number, group) < target.width - TINY:
            attacks.append(pattern.farthest(target, way))
            known.append(pattern.witness(block, attacks[-1].deviation))
            one.tables.append(attacks[-1].deviation)
    pattern.tell(np.array(group))
    narrow = reached(known, target.number, group) < target.width - TINY
    return (attacks[0], attacks[1]) if narrow else None


def reached(known: list[Witness], count: int, group: list[int]) -> float:
    """How wide the interval of a count is proved to be by the tables that leave the counts of insiders as they are."""
    moves = [witness.moves(count) for witness in known if witness.touched.isdisjoint(group)]
    return max([0.0, *moves]) - min([0.0, *moves])
