"""What each rule of a view makes, and how many true pairs it finds: known before anything is trained or scored.

Recall needs no labels. Two records with one person number are one person, whatever else they say; so the share of such
pairs that a rule without that number finds is an estimate of the share it finds of all true pairs. It is one of people
who have numbers in two records: those who have none may be harder to find.
"""

from dataclasses import dataclass
from typing import Any

import duckdb

from linkage.matching.blocking import Blocked, bits, of_numbers, of_others, sealed
from linkage.matching.settings import one_row

SEALED = "sealed blocking"


@dataclass(frozen=True)
class Rule:
    """What one rule does. `pairs` it makes, `alone` those of them that no other rule makes.

    `near_certain`: pairs of profiles that agree on a person number which is no part of the rule; `found`: those of them
    that it makes.
    """

    rule: str
    pairs: int
    alone: int
    near_certain: int
    found: int

    @property
    def recall(self) -> float | None:
        """The share of near-certain pairs found, 0 to 1; None where there is none."""
        return self.found / self.near_certain if self.near_certain else None


@dataclass(frozen=True)
class Blocking:
    """A view's rules, sealed blocking last where there is any; and `together`: all rules without a person number.

    `profiles`: different records; `pairs`: different pairs that any rule makes.
    """

    profiles: int
    pairs: int
    rules: tuple[Rule, ...]
    together: Rule

    def as_facts(self) -> dict[str, Any]:
        """For the quality report: no record, no token."""
        return {
            "profiles": self.profiles,
            "pairs": self.pairs,
            "pairs_per_record": self.pairs / self.profiles,
            "rules": [one.__dict__ | {"recall": one.recall} for one in self.rules],
            "recall": self.together.recall,
            "near_certain": self.together.near_certain,
        }


def blocking(made: Blocked) -> Blocking:
    """The report on what the rules of one view made."""
    view, numbers = made.view, of_numbers(made.view)
    with duckdb.connect() as con:
        con.register("made", made.pairs)
        rules = [
            judged(con, " + ".join(columns), [n], [m for m in numbers if not {*view.block_on[m]} <= {*columns}])
            for n, columns in enumerate(view.block_on)
        ]
        if made.sealed:
            rules.append(judged(con, SEALED, [sealed(view)], numbers))
        together = judged(con, "all without a person number", [*of_others(view), sealed(view)], numbers)
    return Blocking(made.profiles, len(made.pairs), tuple(rules), together)


def judged(con: duckdb.DuckDBPyConnection, said: str, chosen: list[int], numbers: list[int]) -> Rule:
    """What the rules in `chosen` do together, judged by those in `numbers`."""
    found = one_row(
        con,
        f"""
        select
            count(*) filter (rules & {bits(chosen)} <> 0), count(*) filter (rules & {bits(chosen)} = rules),
            count(*) filter (rules & {bits(numbers)} <> 0),
            count(*) filter (rules & {bits(numbers)} <> 0 and rules & {bits(chosen)} <> 0)
        from made
        """,
    )
    return Rule(said, *found)
