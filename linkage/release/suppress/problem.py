"""What is counted, what adds up, and what may be hidden: all tables of a release as one problem.

The counts satisfy additive equations. A reader knows of each count an interval: a narrow one where it is published (its
rounded value), a wide one where it is hidden. A unit is what is hidden together: a row of a table at all thresholds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from linkage.errors import DisclosureError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
NOBODY = -1  # the owner of a count that no unit hides
MOST_NAMED = 20


class Target(NamedTuple):
    """The number of a count that must stay uncertain by `width`; `insiders`: for a woman alone in a count, too."""

    number: int
    width: int
    insiders: bool = True


@dataclass(frozen=True)
class Problem:
    """Counts, equations and units.

    One entry per count: `counts`, in words `labels`; `shown` and `hidden`, each (from, to), what a reader knows of it
    either way (the same for a count that is never published); `about`, the women, by a number, whom it is about alone;
    `owners`, (n, 2): the units that hide it, or NOBODY.
    `equations` @ counts = 0. One entry per unit: `weights`, what is lost by hiding it; `primary`, hidden in any case;
    `kept`, published in any case.
    """

    labels: Sequence[str]
    counts: Ints
    equations: csr_matrix
    shown: tuple[Floats, Floats]
    hidden: tuple[Floats, Floats]
    owners: Ints
    weights: Floats
    primary: Bools
    kept: Bools
    about: Sequence[frozenset[int]]
    targets: tuple[Target, ...]

    def gone(self, hide: Bools) -> Bools:
        """Which counts are not published when these units are hidden."""
        return np.asarray(np.append(hide, False)[self.owners].any(axis=1))

    @cached_property
    def primary_counts(self) -> Bools:
        """Which counts are hidden in any case."""
        return self.gone(self.primary)

    def known(self, gone: Bools) -> tuple[Floats, Floats]:
        """How far each count may lie below and above the truth, for a reader who does not see those `gone`."""
        least, most = (np.where(gone, hidden, shown) for hidden, shown in zip(self.hidden, self.shown, strict=True))
        return least - self.counts, most - self.counts

    def names(self, counts: Ints) -> str:
        """Counts by their labels, a line each; a long list is cut."""
        named = [self.labels[i] for i in counts[:MOST_NAMED]]
        return "\n".join([*named, *([f"and {len(counts) - MOST_NAMED:,} more"] if len(counts) > MOST_NAMED else [])])


def persons(equations: csr_matrix, counts: Ints) -> list[frozenset[int]]:
    """Of each count, the women it is about alone, by a number: who knows herself in it knows it, and so it is no secret
    to her. A total of one woman is in all its parts about her: in the one that counts her, and in those that do not.
    """
    table = equations.tocoo()
    inside = table.data > 0
    wholes = dict(zip(table.row[~inside].tolist(), table.col[~inside].tolist(), strict=True))
    pairs = [
        (wholes[row], part) for row, part in zip(table.row[inside].tolist(), table.col[inside].tolist(), strict=True)
    ]
    hers = [(total, part) for total, part in pairs if counts[total] <= 1]
    same = np.array([pair for pair in hers if counts[list(pair)].min() == 1], dtype=np.int64).reshape(-1, 2)
    size = (len(counts), len(counts))
    woman = connected_components(coo_matrix((np.ones(len(same)), tuple(same.T)), size), directed=False)[1]
    about = [{int(woman[n])} if count == 1 else set() for n, count in enumerate(counts)]
    known = -1
    while known < (known := sum(map(len, about))):
        for total, part in hers:
            if not counts[part]:
                about[part] |= about[total]
    return [frozenset(women) for women in about]


def checked(problem: Problem) -> Problem:
    """The problem, when it can be one. Raises DisclosureError naming cells: negative counts, sums that do not add up,
    a margin that is too small and yet must be published.
    """
    if (below := np.flatnonzero(problem.counts < 0)).size:
        raise DisclosureError(
            f"{problem.names(below)}\ncannot be: a negative count. Look at how this table is counted."
        )
    if (off := np.flatnonzero(problem.equations @ problem.counts)).size:
        parts = problem.equations[off[0]].indices
        raise DisclosureError(f"{problem.names(parts)}\ndo not add up. Count these cells from the same women.")
    if (clash := np.flatnonzero(problem.primary & problem.kept)).size:
        inside = np.flatnonzero(np.isin(problem.owners, clash).any(axis=1))
        raise DisclosureError(
            f"{problem.names(inside)}\nmust be published and are about too few. Pool periods, use a wider group, or "
            "let this margin be suppressed."
        )
    return problem


def parts(problem: Problem) -> list[tuple[Ints, Ints]]:
    """(counts, units) that have no equation and no unit in common with others, largest last."""
    n, units = len(problem.counts), len(problem.weights)
    equations = problem.equations.tocoo()
    owned = [(np.flatnonzero(of >= 0), of[of >= 0]) for of in problem.owners.T]
    rows = np.concatenate([equations.col, *(i for i, _ in owned)])
    columns = np.concatenate([n + units + equations.row, *(n + unit for _, unit in owned)])
    size = n + units + problem.equations.shape[0]
    _, part = connected_components(coo_matrix((np.ones(len(rows)), (rows, columns)), (size, size)), directed=False)
    found = [(np.flatnonzero(part[:n] == p), np.flatnonzero(part[n : n + units] == p)) for p in np.unique(part[:n])]
    return sorted(found, key=lambda one: len(one[0]))


def part(problem: Problem, counts: Ints, units: Ints) -> Problem:
    """The problem of some counts and units alone."""
    at = np.full(len(problem.counts) + 1, NOBODY)
    at[counts] = np.arange(len(counts))
    unit_at = np.full(len(problem.weights) + 1, NOBODY)
    unit_at[units] = np.arange(len(units))
    columns = problem.equations[:, counts]
    return replace(
        problem,
        labels=[problem.labels[i] for i in counts],
        counts=problem.counts[counts],
        equations=columns[np.diff(columns.indptr) > 0],
        shown=(problem.shown[0][counts], problem.shown[1][counts]),
        hidden=(problem.hidden[0][counts], problem.hidden[1][counts]),
        owners=unit_at[problem.owners[counts]],
        about=[problem.about[i] for i in counts],
        weights=problem.weights[units],
        primary=problem.primary[units],
        kept=problem.kept[units],
        targets=tuple(t._replace(number=int(at[t.number])) for t in problem.targets if at[t.number] >= 0),
    )


def blocks(problem: Problem) -> list[Ints]:
    """Counts that equations tie together; nothing is learned about one from another block."""
    equations = problem.equations.tocoo()
    n = len(problem.counts)
    graph = coo_matrix((np.ones(equations.nnz), (equations.col, n + equations.row)), (n + equations.shape[0],) * 2)
    _, block = connected_components(graph, directed=False)
    return [np.flatnonzero(block[:n] == one) for one in np.unique(block[:n])]
