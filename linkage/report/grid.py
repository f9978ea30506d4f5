"""A table of a page, as the templates print it."""

from typing import Literal, NamedTuple


class Flagged(NamedTuple):
    """A cell that wants looking at; the text says so without its colour."""

    text: str
    flag: Literal["good", "warn", "bad"]


class Line(NamedTuple):
    """A line: its heading, and its cells."""

    heading: str
    cells: tuple[str | Flagged, ...]


class Grid(NamedTuple):
    """A table. `spans`: (heading, number of columns) above the columns; () for none. `words`: how many of the first
    columns hold words, not numbers. `note`: what to know before reading it.
    """

    caption: str
    first: str
    spans: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    words: int = 0
    note: str = ""
