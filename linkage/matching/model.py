"""What an agreement is worth: a Fellegi-Sunter model (Fellegi & Sunter 1969), trained without labels by Splink.

m is the share of true pairs at a level of agreement, u the share of other pairs; both between 0 and 1. A level adds
log2(m / u) to a pair's match weight. The definition of the model stays in code and schemas/encodings.yaml; numbers are
what is saved, because Splink's own saved model holds SQL of one engine.
"""

from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa
import splink
from pydantic import TypeAdapter, ValidationError
from splink import DuckDBAPI

from linkage.contracts.encodings import View
from linkage.contracts.levels import Comparison, Level
from linkage.errors import LinkError
from linkage.matching.defaults import defaults, marked
from linkage.matching.settings import (
    Numbers,
    agreement,
    columns_of,
    condition,
    connection,
    fillable,
    linker,
    one_row,
    parts,
    rule,
)
from linkage.matching.strangers import Estimates, among_strangers

TRAINED, DECLARED = "trained", "declared"
# One true pair in a thousand differs by a slip of the pen, whatever the training saw.
SMALLEST_M = 0.001
# Of a comparison that no block could train: nine true pairs in ten agree fully, the rest spread over the other levels.
UNTRAINED_M = 0.9
# m is learned from u, and u corrected by m: a second round moves the weights by hundredths of a bit.
ROUNDS = 2
# Among a handful of records nearly every pair may be true; a prior of 1 would make every pair a link.
LARGEST_PRIOR = 0.5
# Fewer sampled pairs than this at a level say too little: their count is uncertain by more than 3 in 100.
TOO_FEW = 1000
MOST_ROUNDS = 25  # Splink stops there
SIGNIFICANT_DIGITS = 6


@dataclass(frozen=True)
class Weight:
    """What one level is worth. `m_from`, `u_from`: `trained`, `declared`, or the rule that stood in for training."""

    label: str
    m: float
    u: float
    m_from: str = TRAINED
    u_from: str = TRAINED


@dataclass(frozen=True)
class Model:
    """The numbers of one trained view. `prior`: the share of the pairs it may compare that are one person.

    `training`: counts of what it was trained on. `rounds`: {training block: rounds until expectation maximisation stood
    still}; MOST_ROUNDS where it did not. `notes`: what was left out or stood in for, and why.
    """

    view: str
    encodings_version: str
    splink_version: str
    prior: float
    comparisons: dict[str, tuple[Weight, ...]]
    training: dict[str, int]
    rounds: dict[str, int]
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """The model as text: the same bytes for the same numbers."""
        return TypeAdapter(Model).dump_json(self, indent=1).decode() + "\n"

    @property
    def m(self) -> Numbers:
        """{comparison: m of each level}."""
        return {name: [w.m for w in weights] for name, weights in self.comparisons.items()}

    @property
    def u(self) -> Numbers:
        """{comparison: u of each level}."""
        return {name: [w.u for w in weights] for name, weights in self.comparisons.items()}


def model_from(text: str) -> Model:
    """A saved model. Raises LinkError when it is not one."""
    try:
        return TypeAdapter(Model).validate_json(text)
    except ValidationError as error:
        raise LinkError(f"The saved model cannot be read ({error.error_count()} mistakes): train it again.") from None


def train(profiles: pa.Table, view: View, name: str, version: str) -> Model:
    """The model of a view from its profiles, without labels.

    u comes from random pairs, and of a level `within` a token from strangers who agree on it; m from expectation
    maximisation within each of `em_blocks` (the median where several teach it); the prior from `prior_rules`. Random
    pairs hold a few true pairs, which makes a rare agreement look commoner among strangers than it is: where a share t
    of the random pairs that a comparison can compare are true, u is corrected to (u - t m) / (1 - t), and m learned
    again. What is worth something else to pairs that do not agree on what a level is `within` gets that weight besides.
    Raises LinkError where nothing can be learned: no comparison is left, or no pair agrees on any prior rule.
    """
    view, notes = fillable(view, profiles)
    if not view.comparisons or not view.block_on:
        raise LinkError(f"View {name}: these records fill no comparison, or no rule of block_on. {'; '.join(notes)}.")
    with connection(marked(profiles, defaults(profiles, view))) as con:
        pairs = pairs_to_compare(con)
        agreed = pairs_within(con, view, view.training.prior_rules)
        if not agreed:
            raise LinkError(
                f"View {name}: no two records agree on any of training.prior_rules, so the share of true pairs cannot"
                " be learned. Either nobody is in two records, or the tokens were made with different keys or versions."
            )
        prior = min(agreed / view.training.prior_recall / pairs, LARGEST_PRIOR)
        seen, sampled = among_random_pairs(con, view)
        seen = as_declared(view, among_strangers(con, view, as_declared(view, seen)))
        true = true_among_random(con, view)
        u = {c: [max(share or 0.0, 1 / sampled) for share in shares] for c, shares in seen.items()}
        for _ in range(ROUNDS):
            m, most, rounds = among_true_pairs(con, view, u, prior)
            prior = max(prior, most / pairs)
            weights = {
                c: levels_of(comparison.levels, m[c], seen[c], true[c], 1 / sampled)
                for c, comparison in view.comparisons.items()
            }
            u = {c: [w.u for w in ws] for c, ws in weights.items()}
    notes += [f"training block {block}: no pair is in it" for block, n in rounds.items() if not n]
    notes += [
        f"training block {block}: still moving after {n} rounds" for block, n in rounds.items() if n >= MOST_ROUNDS
    ]
    if prior * pairs > agreed / view.training.prior_recall:
        notes.append("prior: one training block alone holds more true pairs than the prior rules imply; raised to it")
    notes += [f"{c}: {w.label}: {w.m_from}" for c, ws in weights.items() for w in ws if w.m_from != TRAINED]
    counts = {"profiles": len(profiles), "pairs": pairs, "agreed_by_prior_rules": agreed, "random_pairs": sampled}
    weights = {c: of_parts(comparison.levels, weights[c], view) for c, comparison in view.comparisons.items()}
    return Model(name, version, splink.__version__, significant(prior), weights, counts, rounds, tuple(notes))


def pairs_to_compare(con: duckdb.DuckDBPyConnection) -> int:
    """How many pairs of profiles the view may compare, blocked or not; at least 1."""
    everybody, known = one_row(con, "select count(*), count(*) filter (known) from profiles")
    return max(everybody * (everybody - 1) // 2 - known * (known - 1) // 2, 1)


def pairs_within(con: duckdb.DuckDBPyConnection, view: View, rules: tuple[tuple[str, ...], ...]) -> int:
    """How many pairs of profiles agree on all columns of at least one rule."""
    found = [
        "select l.profile_id as one, r.profile_id as other from profiles l join profiles r"
        f" on l.profile_id < r.profile_id and {rule(columns, view).sql_condition}"
        for columns in rules
    ]
    return one_row(con, f"select count(*) from ({' union '.join(found)})")[0] if found else 0


def true_among_random(con: duckdb.DuckDBPyConnection, view: View) -> dict[str, float]:
    """{comparison: the share of true pairs among random pairs of profiles that hold what it needs}.

    It differs between comparisons: two records that both hold a prison number are more often one person.
    """
    agreed = " union ".join(
        "select l.profile_id as one, r.profile_id as other from profiles l join profiles r"
        f" on l.profile_id < r.profile_id and {agreement(columns)}"
        for columns in view.training.prior_rules
    )
    shares = {}
    for name, comparison in view.comparisons.items():
        those = holders(comparison)
        true, everybody = one_row(
            con,
            f"""
            select
                (select count(*) from ({agreed}) where one in {those} and other in {those}),
                (select count(*) from {those})
            """,
        )
        shares[name] = min(true / view.training.prior_recall / pairs_of(everybody), LARGEST_PRIOR)
    return shares


def among_random_pairs(con: duckdb.DuckDBPyConnection, view: View) -> tuple[Estimates, int]:
    """The share of random pairs at each level, None where no sampled pair was, and the number of pairs sampled.

    A rare agreement on equal tokens, which a sample sees a few times by luck, is counted over all pairs instead.
    """
    everybody = one_row(con, "select count(*) from profiles")[0]
    sampled = max(min(view.training.max_pairs, pairs_of(everybody)), 1)
    model = linker(DuckDBAPI(con), "profiles", view)
    model.training.estimate_u_using_random_sampling(
        max_pairs=view.training.max_pairs, seed=view.training.seed, min_count_per_level=None, num_chunks=1
    )
    seen = estimates(model, "u_probability")
    for name, comparison in view.comparisons.items():
        comparable = pairs_of(one_row(con, f"select count(*) from {holders(comparison)}")[0])
        for n, level in enumerate(comparison.levels):
            if level.same and not level.within and not level.chance and (seen[name][n] or 0.0) * sampled < TOO_FEW:
                seen[name][n] = one_row(con, at_level(view, name, n))[0] / comparable or None
    return seen, sampled


def as_declared(view: View, seen: Estimates) -> Estimates:
    """`seen`, with the chance that levels declare in the place of what was learned."""
    return {
        name: [level.chance or share for level, share in zip(view.comparisons[name].levels, shares, strict=True)]
        for name, shares in seen.items()
    }


def pairs_of(n: int) -> int:
    """How many pairs n things make; at least 1, since it divides."""
    return max(n * (n - 1) // 2, 1)


def holders(comparison: Comparison) -> str:
    """SQL: the profiles that hold what a comparison needs."""
    held = " and ".join(f'"{column}" is not null' for column in comparison.needs)
    return f"(select profile_id from profiles where {held})"


def at_level(view: View, name: str, n: int) -> str:
    """SQL: the number of pairs at level n of a comparison, and so at none before it."""
    comparison = view.comparisons[name]
    columns = sorted(columns_of(comparison))
    left, right = (
        "(select "
        + ", ".join([f"profile_id as id_{side}", *(f'"{c}" as "{c}_{side}"' for c in columns)])
        + " from profiles)"
        for side in "lr"
    )
    held = " and ".join(f'"{column}_{side}" is not null' for column in comparison.needs for side in "lr")
    before = " ".join(f"and not coalesce({condition(level, view)}, false)" for level in comparison.levels[:n])
    return (
        f"select count(*) from {left} join {right} on id_l < id_r and {condition(comparison.levels[n], view)}"
        f" where {held} {before}"
    )


def among_true_pairs(
    con: duckdb.DuckDBPyConnection, view: View, u: Numbers, prior: float
) -> tuple[Estimates, float, dict[str, int]]:
    """m of each level, None where no block teaches it; the most true pairs in any block; {block: rounds it took}."""
    most, rounds = 0.0, dict.fromkeys((", ".join(columns) for columns in view.training.em_blocks), 0)
    model = linker(DuckDBAPI(con), "profiles", view, u, prior=prior)
    for columns in view.training.em_blocks:
        inside = pairs_within(con, view, (columns,))
        if not inside:
            continue
        session = model.training.estimate_parameters_using_expectation_maximisation(
            rule(columns, view), estimate_without_term_frequencies=True, max_pairs=view.training.max_pairs
        )
        most = max(most, session.core_model_settings.probability_two_random_records_match * inside)
        # Splink tells how often it turned only here.
        rounds[", ".join(columns)] = len(session._core_model_settings_history) - 1
    return estimates(model, "m_probability"), most, rounds


def estimates(model: splink.Linker, which: str) -> Estimates:
    """{comparison: what Splink learned of each level}; None where it learned nothing."""
    learned = model.misc.save_model_to_json()["comparisons"]
    return {
        c["output_column_name"]: [
            level.get(which) for level in c["comparison_levels"] if not level.get("is_null_level")
        ]
        for c in learned
    }


def levels_of(
    levels: tuple[Level, ...], m: list[float | None], seen: list[float | None], true: float, smallest_u: float
) -> tuple[Weight, ...]:
    """The weight of each level, from the weakest up, with a stated rule wherever training has nothing to say.

    Where no block saw an agreement in a true pair, m of the whole comparison is assumed. Else a level never seen among
    true pairs is worth what the next weaker one is; and all else, if never seen, has the smallest m.
    """
    taught = any(share is not None for share in m[:-1])
    assumed = [UNTRAINED_M] + [(1 - UNTRAINED_M) / (len(levels) - 1)] * (len(levels) - 1)
    weights: list[Weight] = []
    for n in reversed(range(len(levels))):
        share, m_from = (m[n], TRAINED) if taught else (assumed[n], "no block could train it; m assumed")
        # What was declared, or learned among strangers, holds no true pair.
        among = 0.0 if levels[n].within or levels[n].chance else true
        u = min(max(((seen[n] or 0.0) - among * (share or 0.0)) / (1 - among), smallest_u), 1.0)
        u_from = DECLARED if levels[n].chance else TRAINED if seen[n] else "no random pair was at it; u assumed"
        if share is None and weights:
            share, m_from = (
                min(weights[-1].m / weights[-1].u * u, 1.0),
                "never seen in a true pair; worth the next weaker",
            )
        if not weights:
            share = max(share or 0.0, SMALLEST_M)
        weights.append(Weight(levels[n].label, significant(share or 0.0), significant(u), m_from, u_from))
    return tuple(reversed(weights))


def of_parts(levels: tuple[Level, ...], weights: tuple[Weight, ...], view: View) -> tuple[Weight, ...]:
    """The weights of levels as they are scored: records of one person are at both parts of a level as often."""
    return tuple(
        weight if part.label == level.label
        else replace(weight, label=part.label, u=part.chance or weight.u, u_from=DECLARED)
        for level, weight in zip(levels, weights, strict=True)
        for part in parts(level, view)
    )  # fmt: skip


def significant(number: float) -> float:
    """Six digits: summing in another order must not change the saved model."""
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}")
