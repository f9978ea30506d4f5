"""An extract as the department delivers it: the columns, dates, delimiter, encoding and path its contract says."""

import dataclasses
import datetime
import io
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from linkage.contracts.dataset import Column, ColumnType, Dataset
from linkage.errors import ContractError
from linkage.synthetic.departments.slips import plain_letters

Form = Literal["native", "csv", "parquet"]
ARROW_TYPES = {"string": pa.string(), "date": pa.date32(), "integer": pa.int64()}
THE_31ST = datetime.date(2021, 3, 31)  # with its month written over, a day that never was


def in_form(dataset: Dataset, form: Form) -> Dataset:
    """The contract as it is (`native`), or one of CSV (UTF-8, commas, ISO dates) or of Parquet in its place."""
    if form == "native":
        return dataset
    columns = tuple(dataclasses.replace(column, date_format="%Y-%m-%d") for column in dataset.columns)
    return dataclasses.replace(
        dataset, format=form, path=f"{dataset.name}.{form}", delimiter=",", encoding="utf-8", columns=columns
    )


class Delivery:
    """One extract on its way, a block of people after another; it has its name only when it is whole.

    `with Delivery(dataset, path) as delivery: delivery.append(part(rows, dataset))`. A delivery that is broken off
    leaves nothing behind. Only its owner may read it.
    """

    def __init__(self, dataset: Dataset, path: Path):
        self.dataset, self.path = dataset, path
        self.unfinished = path.with_name(f".{path.name}.unfinished")

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.file = self.unfinished.open("wb")
        self.unfinished.chmod(0o600)
        if self.dataset.format == "csv":
            header = self.dataset.delimiter.join(column.name for column in self.dataset.columns)
            self.file.write(f"{header}\n".encode(self.dataset.encoding))
        else:
            self.writer = pq.ParquetWriter(self.file, schema(self.dataset), compression="zstd")
        return self

    def append(self, part: bytes) -> None:
        """Add a part; of Parquet it becomes one row group."""
        if self.dataset.format == "csv":
            self.file.write(part)
        elif len(table := pa.ipc.open_stream(part).read_all()):
            self.writer.write_table(table, row_group_size=len(table))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.dataset.format == "parquet":
            self.writer.close()
        self.file.close()
        if error is None:
            self.unfinished.replace(self.path)
        else:
            self.unfinished.unlink()


def part(rows: pd.DataFrame, dataset: Dataset) -> bytes:
    """A block's rows for `Delivery.append`: lines of a CSV without its header, or an Arrow stream for Parquet.

    Raises ContractError when the contract asks for other columns or codes than this population has.
    """
    check(rows, dataset)
    if dataset.format == "csv":
        return lines(rows, dataset)
    table = pa.Table.from_arrays([arrow(rows[c.name], c) for c in dataset.columns], schema=schema(dataset))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def check(rows: pd.DataFrame, dataset: Dataset) -> None:
    """Raises ContractError where the contract and the invented extract part."""
    wanted, made = {c.name for c in dataset.columns}, set(rows.columns)
    wrong = [f"column {name} is not one it can invent" for name in sorted(wanted - made)]
    wrong += [f"column {name} is invented but not in the contract" for name in sorted(made - wanted)]
    wrong += [mistake for c in dataset.columns if c.name in made for mistake in misfits(rows[c.name], c)]
    wrong += [] if required_dates(dataset) else ["no column is a required date"]
    if wrong:
        raise ContractError(
            f"schemas/datasets/{dataset.name}.yaml: the invented population cannot follow it: {'; '.join(wrong)}. "
            "Change the contract back, or linkage/synthetic with it."
        )


def misfits(values: pd.Series, column: Column) -> list[str]:
    """Why the contract's column cannot hold the values invented for it: another type, or codes it does not name."""
    if (invented := type_of(values)) != column.type:
        return [f"column {column.name} is of type {column.type}, and what is invented of type {invented}"]
    used = set(values.dropna().unique()) - {""} if column.codes else set()
    return [f"column {column.name} has no code {code!r}" for code in sorted(used - {*column.codes})]


def type_of(values: pd.Series) -> ColumnType:
    """The contract's word for the type of a column of an extract."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    return "integer" if pd.api.types.is_integer_dtype(values) else "string"


def schema(dataset: Dataset) -> pa.Schema:
    """The contract's types."""
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in dataset.columns])


def arrow(values: pd.Series, column: Column) -> pa.Array:
    """One column of an extract as Arrow; missing is null."""
    kind = ARROW_TYPES[column.type]
    if column.type == "string":
        return pa.array([text or None for text in values.tolist()], kind)
    return pa.array(values.to_numpy("datetime64[D]") if column.type == "date" else values, kind, from_pandas=True)


def required_dates(dataset: Dataset) -> list[str]:
    """The dates the contract requires, in its order."""
    return [c.name for c in dataset.columns if c.required and c.type == "date"]


def date_to_spoil(dataset: Dataset) -> str:
    """The first date the contract requires: where it is missing, nobody can use the row. `check` saw there is one."""
    return required_dates(dataset)[0]


def lines(rows: pd.DataFrame, dataset: Dataset) -> bytes:
    """The rows as text in the contract's form; missing is empty.

    Of rows without the date they require, every second one has a 31 February.
    """
    texts = {c.name: as_text(rows[c.name], c) for c in dataset.columns}
    column = dataset.column(date_to_spoil(dataset))
    spoiled = np.flatnonzero(rows[column.name].isna().to_numpy())
    texts[column.name][spoiled[::2]] = never_a_day(column)
    text = delimited(pa.table({name: pa.array(values, pa.string()) for name, values in texts.items()}), dataset)
    return encodable(text, dataset.encoding)


def never_a_day(column: Column) -> str:
    """A 31 February as the column writes dates."""
    return THE_31ST.strftime(column.date_format).replace("03", "02")


def delimited(table: pa.Table, dataset: Dataset) -> str:
    """The table as delimited text, without quotes where no value needs them."""
    for quotes in ("none", "needed"):
        options = pyarrow.csv.WriteOptions(
            include_header=False, delimiter=dataset.delimiter, quoting_style=quotes, batch_size=65_536
        )
        sink = io.BytesIO()
        try:
            pyarrow.csv.write_csv(table, sink, options)
        except pa.ArrowInvalid:
            continue
        return sink.getvalue().decode()
    raise ContractError(f"schemas/datasets/{dataset.name}.yaml: {dataset.delimiter!r} cannot stand between its values.")


def as_text(values: pd.Series, column: Column) -> np.ndarray:
    """One column of an extract as it is written; each distinct date or number is formatted once."""
    if column.type == "string":
        return values.fillna("").to_numpy(dtype=object)
    each, distinct = pd.factorize(values)
    write: Callable[..., str] = str if column.type == "integer" else lambda day: day.strftime(column.date_format)
    return np.array([*(write(value) for value in distinct), ""], dtype=object)[each]


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
