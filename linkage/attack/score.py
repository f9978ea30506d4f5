"""How much of an attack came true. Kept apart from the attack: only this module is ever shown the truth."""

from typing import Any

import numpy as np
import pandas as pd

from linkage.attack.attack import COLUMN, KEYS, Meanings
from linkage.attack.sample import Sample

SURE = 0.5
BOTH = ("surname", "date_of_birth")
OVERALL = "surname and date of birth"


def scored(
    target: Sample,
    guesses: pd.DataFrame,
    truth: Meanings | None,
    told: Meanings | None = None,
    persons: pd.Index | None = None,
) -> list[dict[str, Any]]:
    """One row per field, and one for records of which surname and whole date of birth are both re-identified.

    Shares of the records that hold the field (overall: of all records): `right`, None without a truth; `guessed`;
    `sure`, believed more likely than not; `right_of_sure`; `expected`, the mean confidence; `told`, equal to what the
    intruder was told, so that any deterministic token gives it away. `persons`: whom he knew beforehand; their records
    are left out.
    """
    rows = target.rows if persons is None else target.rows[~target.rows["person"].isin(persons)]
    judged = {
        field: judgement(rows[column], guesses[guesses["field"] == field], truth, told or {}, KEYS.get(field, field))
        for field, column in COLUMN.items()
        if column in rows
    }
    found = [{"field": field} | summed(table) for field, table in judged.items()]
    if set(BOTH) <= set(judged):
        a, b = (judged[field].reindex(rows.index) for field in BOTH)
        both = pd.DataFrame({
            "confidence": (a["confidence"] * b["confidence"]).fillna(0.0),
            "guessed": (a["guessed"].eq(True) & b["guessed"].eq(True)),
            "right": (a["right"].eq(True) & b["right"].eq(True)) if truth is not None else None,
            "told": (a["told"].eq(True) & b["told"].eq(True)),
        })  # fmt: skip
        found.append({"field": OVERALL} | summed(both))
    return found


def judgement(
    tokens: pd.Series, guesses: pd.DataFrame, truth: Meanings | None, told: Meanings, key: str
) -> pd.DataFrame:
    """(confidence, guessed, right, told): one row per record that holds the field; `right` is None without a truth."""
    held = tokens.dropna().astype(np.int64)
    said = guesses.drop_duplicates("token").set_index("token")
    said.index = said.index.astype(np.int64)
    value, confidence = held.map(said["value"]), held.map(said["confidence"]).astype(float).fillna(0.0)
    right = None if truth is None else value.eq(held.map(truth[key]))
    known = held.isin(told[key].index) if key in told else False
    columns = {"confidence": confidence, "guessed": value.notna(), "right": right, "told": known}
    return pd.DataFrame(columns, index=held.index)


def summed(table: pd.DataFrame) -> dict[str, Any]:
    """The shares of one field."""
    sure, known = table["confidence"] >= SURE, table["right"].notna().any()
    right_of_sure = float(table["right"][sure].mean()) if known and sure.any() else None
    return {
        "records": len(table),
        "right": float(table["right"].mean()) if known else None,
        "guessed": share(table["guessed"]),
        "sure": share(sure),
        "right_of_sure": right_of_sure,
        "expected": share(table["confidence"]),
        "told": share(table["told"]),
    }


def share(values: pd.Series) -> float:
    """The mean, 0 of nothing."""
    return float(values.mean()) if len(values) else 0.0
