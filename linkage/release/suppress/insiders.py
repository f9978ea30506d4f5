"""The woman who knows herself to be the only one in a hidden count: what she proves of others must stay as wide.

Most targets are protected even from all insiders together, which two tables show at once. For the others, insiders
whose counts the known tables move are asked about together, and by halves where together they know too much.
"""

import numpy as np

from linkage.release.suppress.attacker import TINY, Farthest
from linkage.release.suppress.cuts import Cut, cut
from linkage.release.suppress.pattern import DOWN, UP, Pattern, Witness
from linkage.release.suppress.problem import Bools, Floats, Ints
from linkage.release.suppress.search import chosen


def with_insiders(pattern: Pattern, guide: Floats, found: list[Cut]) -> Bools:
    """The pattern, and more hidden until every target is protected against every insider. Raises DisclosureError."""
    pattern.sweep(range(len(pattern.targets)))
    for number in range(len(pattern.targets)):
        pattern.attack(number)
    before = -1
    while before < int(pattern.hide.sum()):
        before = int(pattern.hide.sum())
        insiders = alone(pattern)
        for number in exposed(pattern, insiders):
            target = pattern.targets[number]
            others = pattern.problem.person[insiders] != pattern.problem.person[target.number]
            near = pattern.block_of[insiders] == pattern.block_of[target.number]
            protect(pattern, number, insiders[near & others].tolist(), guide, found)
    return pattern.hide


def exposed(pattern: Pattern, insiders: Ints) -> list[int]:
    """Targets that all insiders together could narrow, those about themselves left aside."""
    strict, person = Pattern(pattern.problem, pattern.hide, pattern.work), pattern.problem.person
    for insider in insiders:
        strict.reader_of(insider).bound(int(strict.inside[insider]), 0.0, 0.0)
    herself = np.isin(person[[target.number for target in strict.targets]], person[insiders])
    strict.sweep(n for n, target in enumerate(strict.targets) if target.insiders and not herself[n])
    found = []
    for number, target in enumerate(strict.targets):
        if not target.insiders:
            continue
        hers = insiders[person[insiders] == person[target.number]]
        if not hers.size:
            found += [number] if strict.attack(number) else []
            continue
        strict.tell(hers)
        reader, at = strict.reader_of(target.number), int(strict.inside[target.number])
        if sum(reader.farthest(at, sign).reach for sign in (1, -1)) < target.width - TINY:
            found.append(number)
        for insider in hers:
            reader.bound(int(strict.inside[insider]), 0.0, 0.0)
    return found


def alone(pattern: Pattern) -> Ints:
    """Hidden counts of one woman."""
    problem = pattern.problem
    return np.flatnonzero(problem.gone(pattern.hide) & (problem.counts == 1) & (problem.person >= 0))


def protect(pattern: Pattern, number: int, insiders: list[int], guide: Floats, found: list[Cut]) -> None:
    """Hide more until one target is protected against each of these insiders."""
    target, known = pattern.targets[number], list(pattern.found[number])
    groups = [[i for i in insiders if reached(known, target.number, [i]) < target.width - TINY]]
    while groups:
        group = groups.pop()
        attacks = against(pattern, number, group, known) if group else None
        if attacks and len(group) > 1:
            half = len(group) // 2
            groups += [group[half:], group[:half]]
        elif attacks:
            lacking = cut(pattern.problem, target, *attacks, group[0])
            found.append(lacking)
            pattern.set(chosen(pattern.problem, pattern, lacking, guide, number), True)
            groups.append(group)


def against(pattern: Pattern, number: int, group: list[int], known: list[Witness]) -> tuple[Farthest, Farthest] | None:
    """Both attacks of insiders together, when they narrow a target too far; the tables they find go to `known`."""
    target = pattern.targets[number]
    block = pattern.blocks[pattern.block_of[target.number]]
    attacks = []
    for insider in group:
        block.reader.bound(int(pattern.inside[insider]), 0.0, 0.0)
    for way in (UP, DOWN):
        if reached(known, target.number, group) < target.width - TINY:
            attacks.append(pattern.farthest(target, way))
            known.append(pattern.witness(block, attacks[-1].deviation))
    pattern.tell(np.array(group))
    narrow = reached(known, target.number, group) < target.width - TINY
    return (attacks[0], attacks[1]) if narrow else None


def reached(known: list[Witness], count: int, group: list[int]) -> float:
    """How wide the interval of a count is proved to be by the tables that leave the counts of insiders as they are."""
    moves = [witness.moves(count) for witness in known if witness.touched.isdisjoint(group)]
    return max([0.0, *moves]) - min([0.0, *moves])
