"""Closing the gap: the integer programme over the inequalities known, solved again as attacks on its answers add more.

It ends in the proved optimum, or when the work allowed is done; every answer is repaired into a safe pattern.
"""

from collections.abc import Callable

import highspy
import numpy as np

from linkage.release.suppress.attacker import Work
from linkage.release.suppress.bound import Master, proved, weight
from linkage.release.suppress.cuts import Cut
from linkage.release.suppress.problem import Bools, Problem

Improve = Callable[[Bools, list[Cut]], Bools]


def closed(
    problem: Problem, master: Master, best: Bools, improve: Improve, work: Work, nodes: int, rounds: int
) -> tuple[Bools, float]:
    """The best safe pattern found, and the weight (without primary units) that none is under."""
    least = 0.0
    for _ in range(rounds):
        if not work.left:
            break
        answer, proven = integer(problem, master, best, work, nodes)
        least = max(least, proven)
        cuts: list[Cut] = []
        better = improve(answer | problem.primary, cuts)
        if weight(problem, better) < weight(problem, best) - 1e-9:
            best = better
        if not cuts or weight(problem, best) <= proved(problem, least):
            break
        master.add(cuts)
    return best, least


def integer(problem: Problem, master: Master, best: Bools, work: Work, nodes: int) -> tuple[Bools, float]:
    """(the best whole pattern over the inequalities found within some nodes, the weight none is under)."""
    highs = master.highs
    n = len(problem.weights)
    highs.changeColsIntegrality(n, np.arange(n, dtype=np.int32), np.full(n, highspy.HighsVarType.kInteger))
    highs.setOptionValue("mip_max_nodes", nodes)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("presolve", "on")
    start = highspy.HighsSolution()
    start.col_value = np.where(problem.primary, 0.0, best.astype(float)).tolist()
    highs.setSolution(start)
    highs.run()
    info = highs.getInfo()
    work.done += max(0, info.simplex_iteration_count) + 1
    answer = np.array(highs.getSolution().col_value) > 0.5
    return answer, float(info.mip_dual_bound)
