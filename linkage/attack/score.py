"""How much of an attack came true, record by record. Kept apart from it: only this module is shown the truth."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from linkage.attack.frequency import Guess

SURE = 0.5
BOTH = ("surname", "date_of_birth")
OVERALL = "surname and date of birth"


def scored(
    rows: pd.DataFrame,
    guesses: Mapping[str, Guess],
    truth: pd.DataFrame | None,
    known: pd.Series | None = None,
) -> list[dict[str, Any]]:
    """One row per field, and one for records of which surname and whole date of birth are both re-identified.

    Shares of the records that hold the field (without a truth, and overall: of all records): `right`, None without a
    truth; `by_chance`, of those who have the commonest value, whom anybody finds who says it of everyone; `guessed`;
    `sure`, believed more likely than not; `right_of_sure`; `expected`, the mean confidence; `told`, equal to what the
    intruder was told, so that any deterministic token gives it away. `known`: the rows of people whom he knew
    beforehand, which are left out.
    """
    judged_rows = rows.index if known is None else rows.index[~known]
    judged = {field: judgement(field, guess, judged_rows, truth) for field, guess in guesses.items()}
    found = [{"field": field} | summed(table) for field, table in judged.items() if len(table)]
    if set(BOTH) <= set(judged):
        found.append({"field": OVERALL} | summed(together(*(judged[field].reindex(judged_rows) for field in BOTH))))
    return found


def judgement(field: str, guess: Guess, rows: pd.Index, truth: pd.DataFrame | None) -> pd.DataFrame:
    """(confidence, guessed, right, chance, told): one row per record that holds the field; None without a truth."""
    held = rows if truth is None else truth[field].reindex(rows).dropna().index
    said = guess.reindex(held)
    right = None if truth is None else said["value"].eq(truth[field].reindex(held))
    chance = None if truth is None else truth[field].reindex(held).eq(commonest(truth[field]))
    confidence = said["confidence"].astype(float).fillna(0.0).clip(0.0, 1.0)
    columns = {"confidence": confidence, "guessed": said["value"].notna(), "right": right, "chance": chance}
    return pd.DataFrame(columns | {"told": said["told"].eq(True)}, index=held)


def commonest(values: pd.Series) -> Any:
    """The value that most records hold; None of none."""
    return next(iter(values.value_counts().index), None)


def together(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """The judgement of two fields at once, of the same rows."""
    both = pd.DataFrame({name: a[name].eq(True) & b[name].eq(True) for name in ("guessed", "right", "chance", "told")})
    if not a["right"].notna().any():
        both = both.assign(right=None, chance=None)
    return both.assign(confidence=(a["confidence"] * b["confidence"]).fillna(0.0))


def summed(table: pd.DataFrame) -> dict[str, Any]:
    """The shares of one field."""
    sure, known = table["confidence"] >= SURE, table["right"].notna().any()
    return {
        "records": len(table),
        "right": share(table["right"]) if known else None,
        "by_chance": share(table["chance"]) if known else None,
        "guessed": share(table["guessed"]),
        "sure": share(sure),
        "right_of_sure": share(table["right"][sure]) if known and sure.any() else None,
        "expected": share(table["confidence"]),
        "told": share(table["told"]),
    }


def share(values: pd.Series) -> float:
    """The mean, 0 of nothing."""
    return float(values.astype(float).mean()) if len(values) else 0.0
