"""Sheets as reviewers send them back: saved by all kinds of spreadsheets, and read, or refused saying how to save."""

from pathlib import Path

import pytest

from linkage.errors import ExtractError
from linkage.review_sheet import Line, read_sheet

SHEET = "sample,pair,place,verdict\nfirst,1,exact,same\nfirst,2,missing,\nfirst,3,differs,Different \n"
LINES = [Line(2, "1", "same"), Line(3, "2", ""), Line(4, "3", "different")]


def saved(folder: Path, content: bytes) -> Path:
    """A file of these bytes."""
    path = folder / "sheet.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        SHEET.encode(),
        SHEET.encode("utf-8-sig"),
        SHEET.replace("\n", "\r\n").encode("utf-8-sig"),
        (SHEET + "\n,,,\n,,,\n").encode(),
        SHEET.replace("first,", " first ,").encode(),
        SHEET.replace("place", "“place”").encode(),
    ],
    ids=[
        "as drawn",
        "with a mark of UTF-8",
        "with carriage returns",
        "with empty lines",
        "with spaces",
        "with accents",
    ],
)
def test_a_sheet_says_the_same_however_it_was_saved(tmp_path, content) -> None:
    assert read_sheet(saved(tmp_path, content)) == ("first", LINES)


def test_a_line_is_counted_as_an_editor_counts_it(tmp_path) -> None:
    _, lines = read_sheet(saved(tmp_path, b'sample,pair,verdict,note\n\nfirst,1,same,"two\nlines"\nfirst,2,same,\n'))
    assert [line.number for line in lines] == [4, 5]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "needed are a line per pair and the columns sample, pair and verdict of the sheet.$"),
        (SHEET.splitlines()[0].encode(), "needed are a line per pair"),
        (SHEET.replace(",", ";").encode(), "separated by semicolons: save it with commas"),
        (b"sep=;\r\n" + SHEET.replace(",", ";").encode(), "separated by semicolons: save it with commas"),
        (SHEET.replace(",", "\t").encode(), "separated by tabs: save it with commas"),
        (SHEET.replace("verdict", "Verdict").encode(), "the columns sample, pair and verdict"),
        (SHEET.encode("utf-16"), "in UTF-8. A spreadsheet is saved so as"),
        (SHEET.replace("exact", "é").encode("latin-1"), "in UTF-8. A spreadsheet is saved so as"),
        (b"PK\x03\x04" + bytes(range(256)), "in UTF-8. A spreadsheet is saved so as"),
        (b'sample,pair,verdict,note\nfirst,1,same,"open\nfirst,2,different,\n', "cannot be read as CSV text"),
        (SHEET.replace("first", "").encode(), "the column sample is empty"),
        (SHEET.replace("first,3", "other,3").encode(), "a sheet is of one sample; this one names 2"),
        (b"sample,pair,verdict,verdict\ns,1,same,different\n", "a column stands there twice"),
        (b"sample,pair,verdict\ns,1,same\ns,2,same,x\n", "line 3 has more fields than columns"),
    ],
)
def test_a_sheet_that_could_be_read_wrongly_is_refused_with_the_remedy(tmp_path, content, complaint) -> None:
    with pytest.raises(ExtractError, match=f"sheet.csv.*{complaint}"):
        read_sheet(saved(tmp_path, content))


def test_what_is_no_file_is_said_to_be_none(tmp_path) -> None:
    with pytest.raises(ExtractError, match="sheet.csv: there is no such file"):
        read_sheet(tmp_path / "sheet.csv")
    with pytest.raises(ExtractError, match="is a folder. Name the filled sheet in it"):
        read_sheet(tmp_path)


def test_nothing_of_what_a_wrong_file_says_is_said_again(tmp_path) -> None:
    path = saved(tmp_path, b"surname;forename\nVerrucci;Zorelia\n")
    with pytest.raises(ExtractError) as refused:
        read_sheet(path)
    assert not {"Verrucci", "Zorelia", "surname"} & set(str(refused.value).replace(";", " ").split())
