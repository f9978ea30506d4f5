"""Sealed rule keys as they lie while they live, by how common each is.

A key is of all the parts of its rule at once, and of keys of two rules nobody can tell that they are one row's: so each
rule is attacked by itself, and there is nothing to go by but how many rows have a key.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from linkage.attack.attack import most_confident
from linkage.attack.frequency import in_rows, likeliest
from linkage.attack.score import scored


def guessed(sealed: pd.DataFrame, public: pd.DataFrame, true: bool) -> Iterator[dict[str, Any]]:
    """One row per rule, as `scored` gives them of a field; a key counts when the values of all its parts are named.

    `sealed`: (rule, key, value), one row per key and row that has it, the value looked at where it is `true`ly known.
    `public`: the same of people who are not attacked, of whom only rules and values are looked at.
    """
    for rule, lying in sealed.groupby("rule"):
        known = public["value"][public["rule"] == rule]
        if not len(known):
            continue
        guess = most_confident([in_rows(likeliest(lying["key"], known, len(lying) / len(known)), lying["key"])])
        yield from scored(lying, {str(rule): guess}, lying[["value"]].set_axis([rule], axis=1) if true else None)
