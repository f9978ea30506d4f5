"""An extract as the department delivers it: the columns, dates, delimiter, encoding and path its contract says."""

import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from linkage.contracts.dataset import Column, Dataset
from linkage.errors import ContractError
from linkage.synthetic.departments.mistakes import plain_letters

ARROW_TYPES = {"string": pa.string(), "date": pa.date32(), "integer": pa.int64()}
THE_31ST = datetime.date(2021, 3, 31)  # with its month written over, a day that never was


def deliver(rows: pd.DataFrame, dataset: Dataset, path: Path, unusable: float, rng: np.random.Generator) -> None:
    """Write one extract, in the order of its record ids, under a temporary name first.

    `unusable`: the share of its rows, 0 to 1, that nobody can use: a required date is missing, or impossible where the
    form of the extract can say so.

    Raises ContractError when the contract asks for other columns, types or a form than this population has.
    """
    check(rows, dataset)
    table = rows.sort_values(dataset.record_key, ignore_index=True)[[c.name for c in dataset.columns]]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{path.name}.unfinished")
    spoiled = np.flatnonzero(rng.random(len(table)) < unusable)
    table.loc[spoiled, date_to_spoil(dataset)] = np.datetime64("NaT")
    if dataset.format == "parquet":
        write_parquet(table, dataset, unfinished)
    else:
        write_csv(table, dataset, unfinished, impossible=spoiled[::2])
    unfinished.chmod(0o600)
    unfinished.replace(path)


def check(rows: pd.DataFrame, dataset: Dataset) -> None:
    """Raises ContractError where the contract and the invented extract part."""
    wanted, made = {c.name for c in dataset.columns}, set(rows.columns)
    wrong = [f"column {name} is not one it can invent" for name in sorted(wanted - made)]
    wrong += [f"column {name} is invented but not in the contract" for name in sorted(made - wanted)]
    for column in dataset.columns:
        if column.codes and column.name in made:
            used = set(rows[column.name].dropna().unique()) - {""}
            wrong += [f"column {column.name} has no code {code!r}" for code in sorted(used - set(column.codes))]
    if wrong:
        raise ContractError(
            f"schemas/datasets/{dataset.name}.yaml: the invented population cannot follow it: {'; '.join(wrong)}. "
            "Change the contract back, or linkage/synthetic with it."
        )


def write_parquet(table: pd.DataFrame, dataset: Dataset, path: Path) -> None:
    """The rows with the contract's types; missing is null."""
    arrays = [arrow(table[c.name], c) for c in dataset.columns]
    pq.write_table(pa.Table.from_arrays(arrays, names=[c.name for c in dataset.columns]), path, compression="zstd")


def arrow(values: pd.Series, column: Column) -> pa.Array:
    """One column of an extract as Arrow."""
    kind = ARROW_TYPES[column.type]
    if column.type == "string":
        return pa.array([text or None for text in values.tolist()], kind)
    return pa.array(values.to_numpy("datetime64[D]") if column.type == "date" else values, kind, from_pandas=True)


def date_to_spoil(dataset: Dataset) -> str:
    """The first date the contract requires."""
    return next(c.name for c in dataset.columns if c.required and c.type == "date")


def write_csv(table: pd.DataFrame, dataset: Dataset, path: Path, impossible: npt.NDArray[np.int64]) -> None:
    """The rows as text in the contract's form; missing is empty. The rows `impossible` have a 31 February."""
    texts = {c.name: as_text(table[c.name], c) for c in dataset.columns}
    column = dataset.column(date_to_spoil(dataset))
    texts[column.name].iloc[impossible] = THE_31ST.strftime(column.date_format).replace("03", "02")
    lines = pd.DataFrame(texts).to_csv(index=False, sep=dataset.delimiter, lineterminator="\n")
    path.write_bytes(encodable(lines, dataset.encoding))


def as_text(values: pd.Series, column: Column) -> pd.Series:
    """One column of an extract as it is written; each distinct date is formatted once."""
    if column.type == "date":
        days = values.to_numpy("datetime64[D]")
        distinct, each = np.unique(days, return_inverse=True)
        written = ["" if np.isnat(d) else d.item().strftime(column.date_format) for d in distinct]
        return pd.Series(np.array(written, dtype=object)[each])
    return values.astype(object).where(values.notna(), "").astype(str)


def encodable(text: str, encoding: str) -> bytes:
    """The text as bytes; a letter the encoding has no place for loses its accent, as it does in old systems."""
    for letter in sorted(set(text)):
        if not fits(letter, encoding):
            text = text.replace(letter, plain_letters(letter) or "?")
    return text.encode(encoding)


def fits(letter: str, encoding: str) -> bool:
    """Can the encoding write the letter?"""
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
