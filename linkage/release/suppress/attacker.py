"""The reader who subtracts: how far can a count be from the truth, given all that is published?

Everything is written as a deviation from the truth, so the truth itself is always a solution, and each linear programme
starts from the one before. Only the objective changes between two questions. HiGHS, one thread, no clock.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import highspy
import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

from linkage.release.suppress.problem import Floats, Ints

TINY = 1e-7
PRIMAL_SIMPLEX = 4


@dataclass
class Work:
    """How much has been done, in simplex iterations: the same on every machine, unlike seconds.

    `farthest`: no deviation is looked for beyond so many widths, which can only make a reader seem better informed.
    """

    allowed: int
    farthest: int = 1
    done: int = 0
    solved: int = field(default=0)

    @property
    def left(self) -> bool:
        """May more be done?"""
        return self.done < self.allowed


class Farthest(NamedTuple):
    """The farthest a count can lie in one direction, a deviation that reaches it, and the price of every equation."""

    reach: float
    deviation: Floats
    prices: Floats


def solver() -> highspy.Highs:
    """A silent HiGHS that does the same on every run."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("presolve", "off")
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", 1)
    return highs


def model(
    matrix: csc_matrix, cost: Floats, columns: tuple[Floats, Floats], rows: tuple[Floats, Floats]
) -> highspy.HighsLp:
    """min cost·x, columns and rows within their bounds."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, *columns
    lp.row_lower_, lp.row_upper_ = rows
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    return lp


class Attacker:
    """A reader of one block: `below` and `above`, how far he knows each of its counts to be from the truth at most."""

    def __init__(self, equations: csr_matrix, below: Floats, above: Floats, work: Work) -> None:
        self.size, self.work = equations.shape, work
        self.columns: Ints = np.flatnonzero(above > below)
        self.at = np.full(equations.shape[1], -1)
        self.at[self.columns] = np.arange(len(self.columns))
        self.below, self.above = below.copy(), above.copy()
        self.equations = equations.tocsc()
        self.highs = solver()
        self.highs.setOptionValue("simplex_strategy", PRIMAL_SIMPLEX)
        zero = np.zeros(equations.shape[0])
        bounds = (below[self.columns], above[self.columns])
        self.highs.passModel(model(self.equations[:, self.columns], np.zeros(len(self.columns)), bounds, (zero, zero)))

    def bound(self, count: int, below: float, above: float) -> None:
        """From now on the reader knows this of a count."""
        self.below[count], self.above[count] = below, above
        if self.at[count] >= 0:
            self.highs.changeColBounds(int(self.at[count]), below, above)
        elif above > below:
            column = self.equations[:, [count]]
            self.at[count], self.columns = len(self.columns), np.append(self.columns, count)
            self.highs.addCol(0.0, below, above, column.nnz, column.indices, column.data)

    def farthest(self, count: int, sign: int) -> Farthest:
        """How far up (sign 1) or down (-1) a count can be from the truth."""
        found = self.pushed(np.array([count]), np.array([float(sign)]))
        return found._replace(reach=sign * float(found.deviation[count]))

    def pushed(self, counts: Ints, signs: Floats) -> Farthest:
        """The table in which these counts are farthest from the truth in all, each in the direction of its sign."""
        asked = self.at[counts] >= 0
        columns = self.at[counts][asked].astype(np.int32)
        self.highs.changeColsCost(len(columns), columns, -signs[asked])
        self.highs.run()
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self.highs.clearSolver()
            self.highs.run()
        found = self.highs.getSolution()
        self.work.done += max(0, self.highs.getInfo().simplex_iteration_count) + 1
        self.work.solved += 1
        self.highs.changeColsCost(len(columns), columns, np.zeros(len(columns)))
        deviation = np.zeros(self.size[1])
        deviation[self.columns] = found.col_value
        return Farthest(0.0, deviation, -np.array(found.row_dual))
