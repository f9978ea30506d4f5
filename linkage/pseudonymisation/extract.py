"""From a delivered file to a table of text, one row per record, with what could not be read beside it.

Everything is read as text: a conversion that fails inside the database would quote the value it failed on.
"""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb

from linkage.contracts.dataset import Dataset
from linkage.errors import ExtractError

BLOCK_BYTES = 1 << 20


def quoted(name: str) -> str:
    """A name from a contract as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def read_extract(con: duckdb.DuckDBPyConnection, dataset: Dataset, file: Path, scratch: Path) -> None:
    """Make the tables `raw` (row, columns … as text) and `ragged` (row, line): every row of the file is in one of them.

    `scratch` is a folder of the department's, for a copy in UTF-8 of an extract in text.
    Raises ExtractError where the file cannot be read at all, or has not the columns of its contract.
    """
    if not file.is_file():
        raise ExtractError(f"{dataset.name}: there is no extract at {file}. Deliver it there, or name another file.")
    if file.stat().st_size == 0:
        raise ExtractError(f"{dataset.name}: {file} is empty. Ask the department to send it again.")
    if dataset.format == "parquet":
        read_parquet(con, dataset, file)
    else:
        read_csv(con, dataset, file, scratch)


def read_parquet(con: duckdb.DuckDBPyConnection, dataset: Dataset, file: Path) -> None:
    """`raw` and an empty `ragged` from a Parquet file. Raises ExtractError."""
    try:
        arrived = con.read_parquet(str(file))
        check_columns(dataset, file, arrived.columns)
        texts = ", ".join(f"nullif(trim({quoted(c.name)}::varchar), '') as {quoted(c.name)}" for c in dataset.columns)
        arrived.project(f"row_number() over () as row, {texts}").to_table("raw")
    except duckdb.Error:
        raise ExtractError(
            f"{dataset.name}: {file} is not a whole Parquet file. Ask the department to send it again."
        ) from None
    con.execute("create table ragged (row bigint, line varchar)")


def read_csv(con: duckdb.DuckDBPyConnection, dataset: Dataset, file: Path, scratch: Path) -> None:
    """`raw` and `ragged` from a delimited text file. Raises ExtractError."""
    in_utf8 = as_utf8(dataset, file, scratch)
    header = header_of(dataset, file, in_utf8)
    try:
        con.read_csv(
            str(in_utf8),
            header=True,
            sep=dataset.delimiter,
            quotechar='"',
            escapechar='"',
            auto_detect=False,
            columns=dict.fromkeys(header, "VARCHAR"),
            store_rejects=True,
        ).create("arrived")
    except duckdb.Error:
        raise ExtractError(
            f"{dataset.name}: {file} cannot be read as text with {dataset.delimiter!r} between columns. "
            "Ask the department to send it again as its contract says."
        ) from None
    texts = ", ".join(f"nullif(trim({quoted(c.name)}), '') as {quoted(c.name)}" for c in dataset.columns)
    con.execute(f"create table raw as select row_number() over () as row, {texts} from arrived")
    con.execute("drop table arrived")
    con.execute(
        """create table ragged as
        select line as row, any_value(csv_line) as line from reject_errors group by line order by 1"""
    )


def as_utf8(dataset: Dataset, file: Path, scratch: Path) -> Path:
    """A copy of the file in UTF-8 without a byte order mark. Raises ExtractError naming the line, not the text."""
    copy = scratch / f"{dataset.name}.utf8"
    with copy.open("wb") as target:
        for block in decoded(dataset, file):
            target.write(block.encode())
    return copy


def decoded(dataset: Dataset, file: Path) -> Iterator[str]:
    """The text of the file, block by block. Raises ExtractError at the first byte that its encoding does not know."""
    decoder = codecs.getincrementaldecoder("utf-8-sig" if dataset.encoding == "utf-8" else dataset.encoding)()
    line = 1
    with file.open("rb") as source:
        while True:
            block = source.read(BLOCK_BYTES)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                line += block[: error.start].count(b"\n")
                raise ExtractError(
                    f"{dataset.name}: {file} is not {dataset.encoding} at line {line}. "
                    f"Ask the department to send it as {dataset.encoding}, or change `encoding` in its contract."
                ) from None
            if "\0" in text:
                raise ExtractError(
                    f"{dataset.name}: {file} holds binary zeros; it is not a text file. Ask for another."
                )
            yield text
            if not block:
                return
            line += text.count("\n")


def header_of(dataset: Dataset, file: Path, in_utf8: Path) -> list[str]:
    """The columns of a delimited file in its own order. Raises ExtractError when they are not the contract's."""
    with in_utf8.open(encoding="utf-8", newline="") as text:
        try:
            header = next(csv.reader(text, delimiter=dataset.delimiter), [])
        except csv.Error:
            header = []
    names = [name.strip() for name in header]
    check_columns(dataset, file, names)
    return names


def check_columns(dataset: Dataset, file: Path, names: list[str]) -> None:
    """Raises ExtractError when the columns that came are not the contract's.

    A column the contract does not know is told by its place: where the header line is missing, a name is a person's.
    """
    wanted = [c.name for c in dataset.columns]
    missing = [name for name in wanted if name not in names]
    unknown = [place for place, name in enumerate(names, 1) if name not in wanted]
    twice = sorted({name for name in names if names.count(name) > 1 and name in wanted})
    problems = []
    if missing:
        problems.append(f"columns {missing} are missing")
    if unknown:
        problems.append(f"{len(unknown)} columns are not in the contract, at places {unknown[:20]}")
    if twice:
        problems.append(f"columns {twice} come twice")
    if problems:
        raise ExtractError(
            f"{dataset.name}: {file}: {'; '.join(problems)}. Ask the department for the columns of "
            f"schemas/datasets/{dataset.name}.yaml and no others; nothing was taken in."
        )
