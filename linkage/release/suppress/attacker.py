"""The reader who subtracts: how far can a count be from the truth, given all that is published?

Everything is written as a deviation from the truth, so the truth itself is always a solution, and each linear programme
starts from the one before. Only the objective changes between two questions. HiGHS, one thread, no clock.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import highspy
import numpy as np
from scipy.sparse import csc_matrix, csr_matrix, hstack

from linkage.release.suppress.problem import Floats, Ints

TINY = 1e-7
PRIMAL_SIMPLEX = 4
UP, DOWN = 0, 1
NOWHERE = -1
SPARED, REACH = 100.0, 1e5  # the price of moving a spared count, and the worth of moving one asked about, by one


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


class Sparing:
    """A reader of one block who looks for tables in which little is not as in truth beside the counts he asks about.

    Such a table leaves the counts of nearly all other women alone. A count moves in two columns, up and down.
    """

    def __init__(self, equations: csr_matrix, below: Floats, above: Floats, work: Work) -> None:
        room = np.stack([above, -below])
        moves = room > 0
        self.ways = np.where(moves, np.cumsum(moves).reshape(room.shape) - 1, NOWHERE)
        self.room, self.work = room[moves], work
        self.highs = solver()
        matrix = hstack([equations, -equations]).tocsc()[:, np.flatnonzero(moves.ravel())]
        bounds, zero = (np.zeros(len(self.room)), self.room), np.zeros(equations.shape[0])
        self.highs.passModel(model(matrix, np.ones(len(self.room)), bounds, (zero, zero)))

    def columns(self, counts: Ints, ways: tuple[int, ...] = (UP, DOWN)) -> Ints:
        """Where counts move."""
        columns = self.ways[list(ways)][:, counts].ravel()
        return np.sort(columns[columns != NOWHERE])

    def pushed(self, counts: Ints, way: int, width: Floats, known: Ints, spared: Ints) -> Floats:
        """The deviation in which counts are as far one way as can be, up to their widths, where some counts are known,
        and as little else as can be is not as in truth; of that, spared counts last. The truth where none is found.
        """
        most, cost = self.room.copy(), np.ones(len(self.room))
        most[self.columns(known)] = most[self.columns(counts, (1 - way,))] = 0.0
        cost[self.columns(spared)] = SPARED
        aims, can = self.ways[way, counts], self.ways[way, counts] != NOWHERE
        most[aims[can]] = np.minimum(most[aims[can]], width[can])
        cost[aims[can]] = -REACH
        bounded, priced = np.flatnonzero(most != self.room), np.flatnonzero(cost != 1.0)
        self.change(bounded, most, priced, cost)
        self.highs.clearSolver()
        self.highs.run()
        optimal = self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        values = np.append(self.highs.getSolution().col_value if optimal else np.zeros(len(cost)), 0.0)
        self.work.done += max(0, self.highs.getInfo().simplex_iteration_count) + 1
        self.work.solved += 1
        self.change(bounded, self.room, priced, np.ones(len(cost)))
        up, down = values[self.ways]
        return np.asarray(up - down)

    def change(self, bounded: Ints, most: Floats, priced: Ints, cost: Floats) -> None:
        """Say how far some columns can go, and what some cost."""
        self.highs.changeColsBounds(len(bounded), bounded.astype(np.int32), np.zeros(len(bounded)), most[bounded])
        self.highs.changeColsCost(len(priced), priced.astype(np.int32), cost[priced])
