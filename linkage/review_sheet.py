"""The sheet that comes back from reviewers: read as it was saved, or refused saying how to save it."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

from linkage.errors import ExtractError

NEEDED = ("sample", "pair", "verdict")
SEPARATORS = {";": "semicolons", "\t": "tabs"}


class Line(NamedTuple):
    """What a sheet says of one pair; `number`: where in the file, the header being on line 1."""

    number: int
    pair: str
    word: str


def read_sheet(file: Path) -> tuple[str, list[Line]]:
    """The name of the sample, and each line that says something. Raises ExtractError."""
    text = text_of(file)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)  # a quote left open must not hide lines
    try:
        rows = [(reader.line_num, row) for row in reader if any(row.values())]  # a spreadsheet adds lines of commas
    except csv.Error:
        raise ExtractError(f"{file} cannot be read as CSV text in UTF-8.") from None
    named = list(reader.fieldnames or ())
    if not rows or not {*NEEDED} <= {*named}:
        raise ExtractError(
            f"{file}: needed are a line per pair and the columns sample, pair and verdict of the sheet.{split(text)}"
        )
    if len(set(named)) < len(named):
        raise ExtractError(f"{file}: a column stands there twice, so it is not clear which one is meant. Remove one.")
    if longer := [number for number, row in rows if None in row]:
        raise ExtractError(f"{file}: line {longer[0]} has more fields than columns. Save it as CSV again.")
    samples = {(row["sample"] or "").strip() for _, row in rows}
    if samples == {""}:
        raise ExtractError(f"{file}: the column sample is empty. It stands on every line of the sheet that was drawn.")
    if len(samples) != 1:
        raise ExtractError(f"{file}: a sheet is of one sample; this one names {len(samples):,}.")
    lines = [Line(number, (row["pair"] or "").strip(), (row["verdict"] or "").strip().lower()) for number, row in rows]
    return samples.pop(), lines


def text_of(file: Path) -> str:
    """What stands in a text file. Raises ExtractError."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ExtractError(f"{file}: there is no such file.") from None
    except IsADirectoryError:
        raise ExtractError(f"{file} is a folder. Name the filled sheet in it.") from None
    except OSError as error:
        raise ExtractError(f"{file} cannot be opened ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ExtractError(
            f"{file} cannot be read as CSV text in UTF-8. A spreadsheet is saved so as “CSV UTF-8 (comma delimited)”."
        ) from None


def split(text: str) -> str:
    """By what the fields of a sheet are separated where that is no comma; nothing of what they say."""
    begins = text[: text.find("\n")]
    there = [name for sign, name in SEPARATORS.items() if sign in begins]
    return f" Its fields are separated by {there[0]}: save it with commas." if there else ""
