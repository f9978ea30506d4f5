"""The positive control: rows that carry exact, soundex and three-letter-prefix tokens of one surname give it away.

It shows that the intruder can match token graphs. A class of tokens (those of one soundex, say) is told by how many
bear its members, and by which classes of the other rule these are in; what is believed of the one rule tells of the
other, in turn. Inside a soundex and prefix, tokens are names by how common both are. Rows are made for it in every
run, of surnames drawn from a real list that the intruder has too; what could be had of them at best is measured beside
it, by an intruder who is told what he has to find out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix, csr_matrix
from scipy.special import gammaln

from linkage.attack.likelihood import beliefs
from linkage.attack.sample import Floats, Numbers, Singles

RECORDS, WANTED = 30_000, 0.70
MEMBERS, ABSENT = 14, 0.005  # expected bearers of a member that a class has not
DOUBTS, SETTLING = (3.0, 2.6, 2.2, 1.8, 1.4), 2
LEAST, UNBELIEVED = 1e-10, 1e-4
CODES = {**dict.fromkeys("bfpv", "1"), **dict.fromkeys("cgjkqsxz", "2"), **dict.fromkeys("dt", "3"), "l": "4",
         **dict.fromkeys("mn", "5"), "r": "6"}  # fmt: skip
# Singles take half the memory, and nothing here is known to seven figures.
Beliefs = tuple[Singles, Singles]  # of each rule, (our class, public class)


@dataclass(frozen=True)
class Borne:
    """Names, or tokens of names. `bearers`: how many have each, or are expected to. `classes`: its soundex and its
    prefix, as numbers.
    """

    bearers: Floats
    classes: tuple[Numbers, Numbers]

    @cached_property
    def cell(self) -> Numbers:
        """Of each the number of its cell: of one cell are those with soundex and prefix in common."""
        return np.unique(np.stack(self.classes), axis=1, return_inverse=True)[1].ravel()

    @cached_property
    def cells(self) -> Numbers:
        """(rule, cell): the soundex and the prefix of each cell."""
        return np.unique(np.stack(self.classes), axis=1)


@dataclass(frozen=True)
class Encoded:
    """Classes under one rule: of tokens, of public names, and (our class, public class) which are the same."""

    ours: Numbers
    theirs: Numbers
    true: Singles


def soundex(name: str) -> str:
    """The American Soundex code of a name in letters a-z: its first letter and three digits."""
    code, last = name[0], CODES.get(name[0], "")
    for letter in name[1:]:
        digit = CODES.get(letter, "")
        code += digit if digit != last else ""
        last = last if letter in "hw" else digit
    return (code + "000")[:4]


def prefix(name: str) -> str:
    """The first three letters."""
    return name[:3]


def control(hidden: pd.Series, shares: pd.Series, seed: int = 1) -> dict[str, float]:
    """{records, recovered, told_prefix, told_both}: of records with three tokens of a surname, the shares named.

    `hidden`: the surnames of people, one each. `shares`: {surname: share of people who bear it}, as is public.
    `recovered` is the attack. `told_prefix`: had the intruder been told the prefix of every record in clear;
    `told_both`: and its soundex, so that what is left is how common names are.
    """
    seen = hidden.value_counts()
    rng = np.random.default_rng(seed)
    sounds, starts = (encoded(seen.index, shares.index, rule, rng) for rule in (soundex, prefix))
    ours = Borne(seen.to_numpy().astype(float), (sounds.ours, starts.ours))
    theirs = Borne(shares.to_numpy() * len(hidden), (sounds.theirs, starts.theirs))
    graph = Graph.of(ours, theirs)

    def named(believed: Beliefs) -> float:
        names = np.append(shares.index.to_numpy(), "")[assigned(graph, believed)]
        return float(seen[seen.index.to_numpy() == names].sum() / len(hidden))

    return {
        "records": float(len(hidden)),
        "recovered": named(read(graph)),
        "told_prefix": named((settled(graph.evidence(0, starts.true)), starts.true)),
        "told_both": named((sounds.true, starts.true)),
    }


def encoded(seen: pd.Index, known: pd.Index, rule: Callable[[str], str], rng: np.random.Generator) -> Encoded:
    """Names under a rule; the classes of those seen have numbers that say nothing, as keyed tokens would."""
    mine, ours = np.unique([rule(name) for name in seen], return_inverse=True)
    public, theirs = np.unique([rule(name) for name in known], return_inverse=True)
    number = rng.permutation(len(mine))
    true = np.zeros((len(mine), len(public)), np.float32)
    true[number] = mine[:, None] == public[None, :]
    return Encoded(number[ours], theirs, true)


def read(graph: "Graph") -> Beliefs:
    """What is believed of each class of either rule, from nothing: by their sizes, then by the company they keep."""
    believed = [beliefs(log, DOUBTS[0]) for log in graph.by_size]
    for doubt in DOUBTS:
        for rule in (0, 1):
            believed[rule] = beliefs(graph.evidence(rule, believed[1 - rule]), doubt)
    for _ in range(SETTLING):
        for rule in (0, 1):
            believed[rule] = settled(graph.evidence(rule, believed[1 - rule]))
    return believed[0], believed[1]


def settled(log: Singles) -> Singles:
    """The likeliest pairing of our classes with public ones, none of them twice, as beliefs without a doubt."""
    found = np.zeros(log.shape, np.float32)
    found[linear_sum_assignment(log, maximize=True)] = 1.0
    return found


def assigned(graph: "Graph", believed: Beliefs) -> Numbers:
    """Of each token the place of its name among the public ones; -1 where its cell has too few names.

    In the likeliest cell the token that most people have is the name that most are expected to have, and so on, which
    is the likeliest pairing: how well they fit is the product of the one and the other's logarithm, and what hangs on
    one alone.
    """
    ours, theirs = graph.ours, graph.theirs
    tokens = ranked(likeliest_cells(graph, believed), ours.bearers)
    names = ranked(theirs.cell, theirs.bearers).reset_index().set_index(["cell", "rank"])["index"]
    found = names.reindex(pd.MultiIndex.from_frame(tokens)).fillna(-1)
    return found.to_numpy().astype(np.int64)


def ranked(cell: Numbers, bearers: Floats) -> pd.DataFrame:
    """(cell, rank): of each token or name, by its index, how many of its cell are borne by more."""
    rank = pd.Series(-bearers).groupby(cell).rank(method="first").astype(int)
    return pd.DataFrame({"cell": cell, "rank": rank})


def likeliest_cells(graph: "Graph", believed: Beliefs) -> Numbers:
    """Of each token the public cell that fits best what is believed of its classes and how many have it."""
    sounds, starts = graph.theirs.cells
    fits = np.log(graph.fits + np.finfo(np.float32).tiny)
    by_sound, by_start = (np.log(one + np.float32(UNBELIEVED)) for one in believed)
    found = np.empty(len(graph.value), np.int64)
    for sound, tokens in pd.Series(np.arange(len(found))).groupby(graph.ours.classes[0]):
        start = graph.ours.classes[1][tokens]
        likely = fits[graph.value[tokens]] + by_sound[sound][sounds] + by_start[start][:, starts]
        found[tokens] = likely.argmax(axis=1)
    return found


@dataclass(frozen=True)
class Graph:
    """Tokens and public names, and how they fit.

    `values`: how many bear a token, each number once, and `value`, which of them a token has. `fits`: (value, public
    cell): how well so many bearers fit the names of a cell. `by_size`: of each rule (our class, public class), by the
    sizes of their members.
    """

    ours: Borne
    theirs: Borne
    value: Numbers
    fits: Singles
    by_size: Beliefs

    @classmethod
    def of(cls, ours: Borne, theirs: Borne) -> "Graph":
        """The graph of such tokens and names."""
        values, value = np.unique(ours.bearers, return_inverse=True)
        levels, level = np.unique(theirs.bearers, return_inverse=True)
        each = poisson(values, levels)
        of_cell = tallied(theirs.cell, level, len(levels)) @ np.exp(each - each.max(axis=1, keepdims=True)).T
        return cls(ours, theirs, value, of_cell.T.astype(np.float32), by_members(ours, theirs))

    def evidence(self, rule: int, other: Singles) -> Singles:
        """(our class, public class) under a rule: log-likelihood, by what is believed of the classes of the other.

        Tokens with as many bearers and one class of the other rule say the same, so that is reckoned once.
        """
        kinds, kind = np.unique(np.stack([self.value, self.ours.classes[1 - rule]]), axis=1, return_inverse=True)
        said = np.concatenate(
            [(fits @ other[kinds[1][kinds[0] == value]].T).T for value, fits in enumerate(self.cells_by_value(rule))]
        )
        np.log(said + np.float32(LEAST), out=said)
        return np.asarray(self.by_size[rule] + tallied(self.ours.classes[rule], kind.ravel(), len(said)) @ said)

    def cells_by_value(self, rule: int) -> Iterator[csr_matrix]:
        """Of each value (public class under the rule, public class under the other): how well it fits their cell."""
        cells, shape = self.theirs.cells, tuple(self.by_size[one].shape[1] for one in (rule, 1 - rule))
        for fits in self.fits:
            yield csr_matrix((fits, (cells[rule], cells[1 - rule])), shape=shape)


def poisson(seen: Floats, expected: Floats) -> Floats:
    """(token, name): log-likelihood that so many people have a token if it is a name that so many are expected to."""
    return np.asarray(seen[:, None] * np.log(expected) - expected - gammaln(seen + 1)[:, None])


def by_members(ours: Borne, theirs: Borne) -> Beliefs:
    """Of each rule (our class, public class): how well their largest members fit, up to what is our class's alone."""
    found = []
    for rule in (0, 1):
        mine, known = (members(of.bearers, of.classes[rule]) for of in (ours, theirs))
        found.append((mine @ np.log(known + ABSENT).T - known.sum(axis=1)).astype(np.float32))
    return found[0], found[1]


def members(counts: Floats, labels: Numbers) -> Floats:
    """(class, n-th largest member): its count; the last column sums up the rest."""
    found = np.zeros((labels.max() + 1, MEMBERS + 1))
    order = np.lexsort((-counts, labels))
    label = labels[order]
    rank = np.minimum(np.arange(len(order)) - np.searchsorted(label, label), MEMBERS)
    np.add.at(found, (label, rank), counts[order])
    return found


def tallied(rows: Numbers, columns: Numbers, width: int) -> csr_matrix:
    """(row, column): how often they stand together."""
    return coo_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(rows.max() + 1, width)).tocsr()
