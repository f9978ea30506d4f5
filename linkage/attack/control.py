"""The positive control: rows that carry exact, soundex and three-letter-prefix tokens of one surname give it away.

It shows that the intruder can match token graphs. A class of tokens (those of one soundex, say) is told by how many
bear its members, and by which classes of the other rule these are in; what is believed of the one rule tells of the
other, in turn. Inside a soundex and prefix, tokens are names by how common both are. Invented rows are made for it in
every run; what could be had of them at best is measured beside it, by an intruder who is told what he has to find out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix, csr_matrix

from linkage.attack.likelihood import beliefs, fit
from linkage.attack.sample import Floats, Numbers

RECORDS, WANTED = 30_000, 0.70
MEMBERS, ROUNDS, SETTLING, DOUBT, LEAST = 14, 5, 2, 3.0, 1e-6
BY_SIZE = 0.5  # what the sizes of a class's members weigh, beside the company they keep
UNBELIEVED = 1e-4
CODES = {**dict.fromkeys("bfpv", "1"), **dict.fromkeys("cgjkqsxz", "2"), **dict.fromkeys("dt", "3"), "l": "4",
         **dict.fromkeys("mn", "5"), "r": "6"}  # fmt: skip
Beliefs = tuple[Floats, Floats]  # of each rule, (our class, public class)


@dataclass(frozen=True)
class Borne:
    """Names, or tokens of names. `bearers`: how many have each. `classes`: its soundex and its prefix, as numbers."""

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
    true: Floats


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


def control(hidden: pd.Series, public: pd.Series, seed: int = 1) -> dict[str, float]:
    """{records, recovered, told_prefix, told_both}: of records with three tokens of a surname, the shares named.

    `hidden`: the surnames of people, one each; `public`: those of other people, of whom only how many bear each name
    is used. At most 30,000 records are tried. `recovered` is the attack. `told_prefix`: had the intruder been told the
    prefix of every record in clear; `told_both`: and its soundex, so that what is left is how common names are.
    """
    people = hidden.sample(min(len(hidden), RECORDS), random_state=seed)
    seen, known = people.value_counts(), public.value_counts()
    rng = np.random.default_rng(seed)
    sounds, starts = (encoded(seen.index, known.index, rule, rng) for rule in (soundex, prefix))
    ours = Borne(counts_of(seen), (sounds.ours, starts.ours))
    theirs = Borne(counts_of(known), (sounds.theirs, starts.theirs))
    graph = Graph.of(ours, theirs)

    def named(believed: Beliefs) -> float:
        names = np.append(known.index.to_numpy(), "")[assigned(graph, believed)]
        return float(seen[seen.index.to_numpy() == names].sum() / len(people))

    return {
        "records": float(len(people)),
        "recovered": named(read(graph)),
        "told_prefix": named((settled(graph.evidence(0, starts.true)), starts.true)),
        "told_both": named((sounds.true, starts.true)),
    }


def counts_of(counted: pd.Series) -> Floats:
    """How many bear each name."""
    return counted.to_numpy().astype(float)


def encoded(seen: pd.Index, known: pd.Index, rule: Callable[[str], str], rng: np.random.Generator) -> Encoded:
    """Names under a rule; the classes of those seen have numbers that say nothing, as keyed tokens would."""
    mine, ours = np.unique([rule(name) for name in seen], return_inverse=True)
    public, theirs = np.unique([rule(name) for name in known], return_inverse=True)
    number = rng.permutation(len(mine))
    true = np.zeros((len(mine), len(public)))
    true[number] = mine[:, None] == public[None, :]
    return Encoded(number[ours], theirs, true)


def read(graph: "Graph") -> Beliefs:
    """What is believed of each class of either rule, from nothing: by their sizes, then by the company they keep."""
    believed = [beliefs(log, DOUBT) for log in graph.by_size]
    for turn in range(ROUNDS):
        for rule in (0, 1):
            believed[rule] = beliefs(graph.evidence(rule, believed[1 - rule]), max(1.0, DOUBT - 0.4 * turn))
    for _ in range(SETTLING):
        for rule in (0, 1):
            believed[rule] = settled(graph.evidence(rule, believed[1 - rule]))
    return believed[0], believed[1]


def settled(log: Floats) -> Floats:
    """The likeliest pairing of our classes with public ones, none of them twice, as beliefs without a doubt."""
    found = np.zeros(log.shape)
    found[linear_sum_assignment(log, maximize=True)] = 1.0
    return found


def assigned(graph: "Graph", believed: Beliefs) -> Numbers:
    """Of each token the place of its name among the public ones; -1 where it is none of the likeliest cell."""
    ours, theirs = graph.ours, graph.theirs
    by_class = [np.log(one + UNBELIEVED) for one in believed]
    likely = np.log(graph.fits + np.finfo(float).tiny)[graph.value]
    for rule in (0, 1):
        likely += by_class[rule][ours.classes[rule]][:, theirs.cells[rule]]
    found = np.full(len(ours.bearers), -1)
    for cell, tokens in pd.Series(np.arange(len(found))).groupby(likely.argmax(axis=1)):
        names = np.flatnonzero(theirs.cell == cell)
        log = fit(ours.bearers[tokens], theirs.bearers[names], graph.ratio, 1.0)
        none = fit(np.zeros(1), theirs.bearers[names], graph.ratio, 1.0)
        token, name = linear_sum_assignment(log - none, maximize=True)
        found[tokens.to_numpy()[token]] = names[name]
    return found


@dataclass(frozen=True)
class Graph:
    """Tokens and public names, of which `ratio` times as many bear a token, and how they fit.

    `values`: how many bear a token, each number once, and `value`, which of them a token has. `fits`: (value, public
    cell): how well so many bearers fit the names of a cell. `by_size`: of each rule (our class, public class), by the
    sizes of their members.
    """

    ours: Borne
    theirs: Borne
    ratio: float
    value: Numbers
    fits: Floats
    by_size: tuple[Floats, Floats]

    @classmethod
    def of(cls, ours: Borne, theirs: Borne) -> "Graph":
        """The graph of such tokens and names."""
        ratio = ours.bearers.sum() / theirs.bearers.sum()
        values, value = np.unique(ours.bearers, return_inverse=True)
        each = fit(values, theirs.bearers, ratio, 1.0)
        each = np.exp(each - each.max(axis=1, keepdims=True))
        sizes = [by_members(ours, theirs, rule, ratio) for rule in (0, 1)]
        return cls(ours, theirs, ratio, value, (chosen(theirs.cell).T @ each.T).T, (sizes[0], sizes[1]))

    def evidence(self, rule: int, other: Floats) -> Floats:
        """(our class, public class) under a rule: log-likelihood, by what is believed of the classes of the other.

        Tokens with as many bearers and one class of the other rule say the same, so that is reckoned once.
        """
        kinds, kind = np.unique(np.stack([self.value, self.ours.classes[1 - rule]]), axis=1, return_inverse=True)
        fits = self.fits[kinds[0]] * other[kinds[1]][:, self.theirs.cells[1 - rule]]
        as_class = np.log((chosen(self.theirs.cells[rule]).T @ fits.T).T + LEAST)
        said = coo_matrix((np.ones(len(kind)), (self.ours.classes[rule], kind.ravel()))).tocsr() @ as_class
        return np.asarray(BY_SIZE * self.by_size[rule] + said)


def by_members(ours: Borne, theirs: Borne, rule: int, ratio: float) -> Floats:
    """(our class, public class): how well their largest members fit."""
    mine, known = (members(of.bearers, of.classes[rule]) for of in (ours, theirs))
    return np.asarray(sum(fit(mine[:, n], known[:, n], ratio, 1.0) for n in range(MEMBERS + 1)))


def members(counts: Floats, labels: Numbers) -> Floats:
    """(class, n-th largest member): its count; the last column sums up the rest."""
    found = np.zeros((labels.max() + 1, MEMBERS + 1))
    order = np.lexsort((-counts, labels))
    label = labels[order]
    rank = np.minimum(np.arange(len(order)) - np.searchsorted(label, label), MEMBERS)
    np.add.at(found, (label, rank), counts[order])
    return found


def chosen(labels: Numbers) -> csr_matrix:
    """(member, class): 1 where the member is of the class."""
    return coo_matrix((np.ones(len(labels)), (np.arange(len(labels)), labels))).tocsr()
