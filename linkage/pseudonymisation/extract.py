"""From a delivered file to a table of text, one row per record, with what could not be read beside it.

Everything is read as text: a conversion that fails inside the database would quote the value it failed on.
"""

import codecs
import csv
import glob
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from linkage.contracts.dataset import Dataset
from linkage.errors import ExtractError

BLOCK_BYTES = 1 << 20
BLANK_LINE = re.compile(r"^[^\S\n]*$(?!\Z)", re.MULTILINE)


def quoted(name: str) -> str:
    """A name from a contract as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def read_extract(con: duckdb.DuckDBPyConnection, dataset: Dataset, file: Path, scratch: Path) -> int:
    """Make the tables `raw` (row, columns … as text) and `ragged` (row, line, reason); returns how many rows arrived.

    The number is counted apart from what the parser understood, so that a row it loses is missed. `scratch` is a folder
    of the department's, for a copy in UTF-8 of an extract in text.
    Raises ExtractError where the file cannot be read at all, or has not the columns of its contract.
    """
    try:
        if not file.is_file():
            raise ExtractError(
                f"{dataset.name}: there is no extract at {file}. Deliver it there, or name another file."
            )
        if file.stat().st_size == 0:
            raise ExtractError(f"{dataset.name}: {file} is empty. Ask the department to send it again.")
        con.execute("create table ragged (row bigint, line varchar, reason varchar)")
        if dataset.format == "parquet":
            return read_parquet(con, dataset, file)
        return read_csv(con, dataset, file, scratch)
    except OSError as error:
        if (
            error.filename is None or Path(error.filename) != file
        ):  # of the copy: a full disk is no fault of the extract
            raise
        raise ExtractError(f"{dataset.name}: {file} cannot be opened ({error.strerror}).") from None


def read_parquet(con: duckdb.DuckDBPyConnection, dataset: Dataset, file: Path) -> int:
    """`raw` from a Parquet file; its number of rows. Raises ExtractError."""
    try:
        arrived = con.read_parquet(glob.escape(str(file)))
        check_columns(dataset, file, arrived.columns)
        texts = ", ".join(f"nullif(trim({quoted(c.name)}::varchar), '') as {quoted(c.name)}" for c in dataset.columns)
        arrived.project(f"row_number() over () as row, {texts}").to_table("raw")
        return int(arrived.count("*").fetchall()[0][0])
    except duckdb.Error:
        raise ExtractError(
            f"{dataset.name}: {file} is not a whole Parquet file. Ask the department to send it again."
        ) from None


def read_csv(con: duckdb.DuckDBPyConnection, dataset: Dataset, file: Path, scratch: Path) -> int:
    """`raw` and `ragged` from a delimited text file; its number of lines below the header. Raises ExtractError."""
    in_utf8, arrived, open_quotes = as_utf8(dataset, file, scratch)
    header = header_of(dataset, file, in_utf8)
    texts = ", ".join(f"nullif(trim({quoted(c.name)}), '') as {quoted(c.name)}" for c in dataset.columns)
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
        ).project(f"row_number() over () as row, {texts}").to_table("raw")
    except duckdb.Error:
        raise ExtractError(
            f"{dataset.name}: {file} cannot be read as text with {dataset.delimiter!r} between columns. "
            "Ask the department to send it again as its contract says."
        ) from None
    con.execute(
        """insert into ragged
        select line, any_value(csv_line), 'a ragged row' from reject_errors group by line order by 1"""
    )
    if open_quotes:
        con.executemany(
            "insert into ragged values (?, ?, 'a quotation mark that is not closed in its row')", open_quotes
        )
    return arrived


def as_utf8(dataset: Dataset, file: Path, scratch: Path) -> tuple[Path, int, list[tuple[int, str]]]:
    """A copy of the file in UTF-8, one record a line; how many records it holds; and the lines left out of the copy.

    A line with an odd number of quotation marks is left out: a parser would read on to the next such line, and swallow
    every record between. No value of a contract runs over several lines. Raises ExtractError naming the line.
    """
    copy, arrived, number, open_quotes = scratch / f"{dataset.name}.utf8", -1, 0, []
    with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
        for text in whole_lines(dataset, file):
            lines, blank = text.count("\n"), BLANK_LINE.search(text)
            if '"' not in text and not blank:  # nothing to look at line by line, as in nearly every block
                target.write(text)
                arrived += lines
            else:
                held = [(n, line) for n, line in enumerate(text.split("\n"), number + 1) if line.strip()]
                arrived += len(held)
                open_quotes += [(n, line) for n, line in held if line.count('"') % 2]
                target.writelines(line + "\n" for _, line in held if not line.count('"') % 2)
            number += lines
    return copy, max(arrived, 0), open_quotes


def whole_lines(dataset: Dataset, file: Path) -> Iterator[str]:
    """The text of the file in blocks of whole lines, each ended by one newline whatever it was. Raises ExtractError."""
    newlines, rest = io.IncrementalNewlineDecoder(None, translate=True), ""
    for block in decoded(dataset, file):
        text = rest + newlines.decode(block)
        end = text.rfind("\n") + 1
        rest = text[end:]
        if end:
            yield text[:end]
    if rest := rest + newlines.decode("", final=True):
        yield rest if rest.endswith("\n") else rest + "\n"


def decoded(dataset: Dataset, file: Path) -> Iterator[str]:
    """The text of the file, block by block. Raises ExtractError at the first byte that its encoding does not know."""
    encoding = codecs.lookup(dataset.encoding).name
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
    line = 1
    with file.open("rb") as source:
        while True:
            block = source.read(BLOCK_BYTES)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeError as error:
                line += block[: getattr(error, "start", 0)].count(b"\n")
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
