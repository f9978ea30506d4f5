"""How often strangers agree on what is seen only where something else agrees too.

A compound of a name and a birth date is equal where both are. Among all pairs of strangers that is as rare as both
together, and to count it beside the birth date would count the date twice. What a name is worth beside an equal date is
how often strangers born on one day share it. Of the pairs born on one day many are one person, so m and u are learned
together there, by expectation maximisation (Dempster, Laird & Rubin 1977; Winkler 1988 for linkage) over counts of
agreement patterns. Splink has no such step: it learns u from random pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt

from linkage.contracts.encodings import View
from linkage.matching.settings import columns_of, condition, lacking, one_row

Estimates = dict[str, list[float | None]]
Shares = npt.NDArray[np.float64]

ROUNDS = 200
MISSING = -1
# Few pairs are taken for true at first: those that agree throughout. Else m would learn what strangers look like.
START_M, START_U, START_TRUE = 0.9, 0.01, 0.01
# A level that no stranger was seen at might be met in the next pair: half a pair is added to each.
PSEUDO_COUNT = 0.5


@dataclass(frozen=True)
class Patterns:
    """`levels`: (pattern, comparison): the level of each, or MISSING. `counts`: how many pairs show each pattern."""

    comparisons: tuple[str, ...]
    levels: npt.NDArray[np.int64]
    counts: Shares


def among_strangers(con: duckdb.DuckDBPyConnection, view: View, seen: Estimates) -> Estimates:
    """`seen`, the share of random pairs at each level, with the levels that are seen only `within` a token replaced.

    Those get the share of strangers who agree on that token, but where a chance is declared. A token on which no two
    profiles agree changes nothing.
    """
    within = {
        name: [None if level.chance else level.within for level in comparison.levels]
        for name, comparison in view.comparisons.items()
    }
    shares = {name: list(levels) for name, levels in seen.items()}
    for token in sorted({token for levels in within.values() for token in levels if token}):
        found = patterns(con, view, token)
        if not found.comparisons:
            continue
        learned = strangers(found, {name: known_levels(seen[name], within[name], token) for name in found.comparisons})
        for name, levels in learned.items():
            for n, of in enumerate(within[name]):
                if of == token:
                    shares[name][n] = float(levels[n])
    return shares


def known_levels(seen: Sequence[float | None], within: Sequence[str | None], token: str) -> list[float | None]:
    """The shares that are known of a comparison's levels; None of those to be learned within the token."""
    return [None if of == token else (share or 0.0) for share, of in zip(seen, within, strict=True)]


def patterns(con: duckdb.DuckDBPyConnection, view: View, token: str) -> Patterns:
    """How often pairs of profiles that agree on a token show each pattern of agreement on all that does not look at it.

    What is at one level throughout says nothing here: mostly it agrees because the token holds it. Of more pairs than
    `training.max_pairs` the pairs of some tokens are taken; tokens are as good as random.
    """
    names = tuple(
        n for n, c in view.comparisons.items() if token not in set().union(*(level.columns for level in c.levels))
    )
    if not names:
        return Patterns((), np.empty((0, 0), dtype=np.int64), np.empty(0))
    columns = sorted(set().union(*(columns_of(view.comparisons[name]) for name in names)))
    sides = {
        side: f'select profile_id as id_{side}, known as known_{side}, "{token}" as token, '
        + ", ".join(f'"{column}" as "{column}_{side}"' for column in columns)
        + f' from profiles where "{token}" is not null and abs("{token}" % {one_in(con, view, token)}) = 0'
        for side in "lr"
    }
    found = con.execute(
        f"""
        select {", ".join(f"{level_of(view, name)} as level_{n}" for n, name in enumerate(names))}, count(*) as pairs
        from ({sides["l"]}) join ({sides["r"]}) using (token)
        where id_l < id_r and not (known_l and known_r)
        group by all order by all
        """
    ).fetchnumpy()
    levels = np.array([found[f"level_{n}"] for n in range(len(names))], dtype=np.int64).T
    telling = [n for n in range(len(names)) if len(np.unique(levels[levels[:, n] != MISSING, n])) > 1]
    return Patterns(tuple(names[n] for n in telling), levels[:, telling], np.asarray(found["pairs"], dtype=float))


def one_in(con: duckdb.DuckDBPyConnection, view: View, token: str) -> int:
    """Of how many tokens one is taken, so that there are about `training.max_pairs` pairs."""
    [pairs] = one_row(
        con,
        f"""
        select coalesce(sum(n * (n - 1) // 2), 0)::bigint
        from (select count(*) as n from profiles where "{token}" is not null group by "{token}")
        """,
    )
    return max(-(-pairs // view.training.max_pairs), 1)


def level_of(view: View, name: str) -> str:
    """SQL: the place of the first level that a pair is at, MISSING where a token it needs is missing."""
    comparison = view.comparisons[name]
    cases = [f"when {condition(level, view)} then {n}" for n, level in enumerate(comparison.levels[:-1])]
    return f"case when {lacking(comparison)} then {MISSING} {' '.join(cases)} else {len(cases)} end"


def strangers(found: Patterns, known: Mapping[str, Sequence[float | None]]) -> dict[str, Shares]:
    """{comparison: the share of strangers at each level}, as known, or learned where that is None.

    The last level is what the others leave. Deterministic: the same counts give the same shares.
    """
    u = [np.array([START_U if share is None else share for share in known[name]]) for name in found.comparisons]
    free = [np.array([share is None for share in known[name]]) for name in found.comparisons]
    m = [np.full(len(shares), (1 - START_M) / (len(shares) - 1)) for shares in u]
    for shares in m:
        shares[0] = START_M
    true = START_TRUE
    for _ in range(ROUNDS):
        u = [with_rest(shares) for shares in u]
        odds = np.log(true / (1 - true)) + sum(
            evidence(found.levels[:, n], m[n], u[n]) for n in range(len(found.comparisons))
        )
        believed = 1 / (1 + np.exp(-odds))
        true = float(np.clip((believed * found.counts).sum() / found.counts.sum(), 1e-6, 1 - 1e-6))
        for n in range(len(found.comparisons)):
            m[n] = shares_of(found.levels[:, n], believed * found.counts, len(m[n]))
            learned = shares_of(found.levels[:, n], (1 - believed) * found.counts, len(u[n]))
            u[n] = np.where(free[n], learned, u[n])
    return dict(zip(found.comparisons, [with_rest(shares) for shares in u], strict=True))


def with_rest(shares: Shares) -> Shares:
    """The shares, the last being what the others leave."""
    return np.append(shares[:-1], max(1 - shares[:-1].sum(), START_U))


def evidence(levels: npt.NDArray[np.int64], m: Shares, u: Shares) -> Shares:
    """(pattern): the log-likelihood ratio of one comparison; 0 where it is missing."""
    ratio = np.log(np.maximum(m, 1e-9)) - np.log(np.maximum(u, 1e-9))
    return np.where(levels == MISSING, 0.0, ratio[levels])


def shares_of(levels: npt.NDArray[np.int64], pairs: Shares, many: int) -> Shares:
    """The share of so many pairs at each level, of those where the comparison is not missing."""
    held = levels != MISSING
    counted = np.bincount(levels[held], pairs[held], minlength=many) + PSEUDO_COUNT
    return np.asarray(counted / counted.sum())
