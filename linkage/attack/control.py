"""The positive control: rows that carry exact, soundex and three-letter-prefix tokens of one surname give it away.

It shows that the intruder can match token graphs: classes of tokens are told by the sizes of their members, and members
by the classes they are in. Invented rows are made for it in every run, under a key of their own.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix, csr_matrix

from linkage.attack.likelihood import beliefs, fit
from linkage.attack.sample import Floats, Numbers

RECORDS, WANTED = 30_000, 0.70
MEMBERS, ROUNDS, START, LEAST = 14, 4, 3.0, 1e-6
CODES = {**dict.fromkeys("bfpv", "1"), **dict.fromkeys("cgjkqsxz", "2"), **dict.fromkeys("dt", "3"), "l": "4",
         **dict.fromkeys("mn", "5"), "r": "6"}  # fmt: skip


def soundex(name: str) -> str:
    """The American Soundex code of a name in letters a-z: its first letter and three digits."""
    code, last = name[0], CODES.get(name[0], "")
    for letter in name[1:]:
        digit = CODES.get(letter, "")
        code += digit if digit != last else ""
        last = last if letter in "hw" else digit
    return (code + "000")[:4]


def control(hidden: pd.Series, public: pd.Series, seed: int = 1) -> dict[str, float]:
    """{records, recovered}: the share of records whose surname is found from three tokens a row.

    `hidden`: the surnames of people disjoint from those of `public`, one each. At most 30,000 records are tried.
    """
    people = hidden.sample(min(len(hidden), RECORDS), random_state=seed)
    seen, known = people.value_counts(), public.value_counts()
    rng = np.random.default_rng(seed)
    classes = [shuffled(codes(seen.index, rule), rng) for rule in (soundex, prefix)]
    theirs = [codes(known.index, rule) for rule in (soundex, prefix)]
    guess = recovered(seen.to_numpy().astype(float), classes, known.to_numpy().astype(float), theirs)
    right = seen.index.to_numpy() == known.index.to_numpy()[guess]
    return {"records": float(len(people)), "recovered": float(seen[right].sum() / len(people))}


def prefix(name: str) -> str:
    """The first three letters."""
    return name[:3]


def codes(names: pd.Index, rule: Callable[[str], str]) -> Numbers:
    """The class of each name under a rule, as a number."""
    return np.unique([rule(name) for name in names], return_inverse=True)[1]


def shuffled(labels: Numbers, rng: np.random.Generator) -> Numbers:
    """The same classes under numbers that say nothing, as keyed tokens would."""
    return np.asarray(rng.permutation(labels.max() + 1)[labels])


def recovered(seen: Floats, ours: list[Numbers], known: Floats, theirs: list[Numbers]) -> Numbers:
    """The likeliest name of each exact token. `ours`, `theirs`: its class under each rule."""
    ratio = seen.sum() / known.sum()
    exact = fit(seen, known, ratio, 1.0)
    exact -= exact.max(axis=1, keepdims=True)
    each, start = np.exp(exact), []
    for mine, their in zip(ours, theirs, strict=True):
        a, b = members(seen, mine), members(known, their)
        start.append(np.sum([fit(a[:, n], b[:, n], ratio, 1.0) for n in range(MEMBERS + 1)], axis=0))
    believed = [beliefs(log, START) for log in start]
    for turn in range(ROUNDS):
        for rule, other in ((0, 1), (1, 0)):
            fits = each * believed[other][ours[other]][:, theirs[other]]
            as_class = np.log((chosen(theirs[rule]).T @ fits.T).T + LEAST)
            log = 0.5 * start[rule] + chosen(ours[rule]).T @ as_class
            believed[rule] = beliefs(log, max(1.0, START - 0.4 * turn))
    whole = exact + sum(np.log(believed[n][ours[n]][:, theirs[n]] + 1e-4) for n in (0, 1))
    return np.asarray(np.argmax(beliefs(whole), axis=1))


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
