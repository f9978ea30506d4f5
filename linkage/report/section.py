"""A section of the quality report, as the template prints it."""

from typing import NamedTuple

from linkage.report.grid import Grid

COUNTED, PUBLISHED = ("counted", "linkage tabulate"), ("published", "linkage publish")


class Section(NamedTuple):
    """Drawings with their captions, then tables, then tables that open on demand under their titles."""

    anchor: str
    title: str
    about: str
    figures: tuple[tuple[str, str], ...] = ()
    grids: tuple[Grid, ...] = ()
    more: tuple[tuple[str, tuple[Grid, ...]], ...] = ()


def not_yet(anchor: str, title: str, done: str, command: str) -> Section:
    """A section of which nothing is known yet, and the command that brings it."""
    return Section(anchor, title, f"Not yet {done}. Run: {command}")


def share(part: float, whole: float) -> str:
    """A share in %."""
    return rate(part / whole) if whole else ""


def rate(number: float | None) -> str:
    """A share of 0 to 1, in %."""
    return "" if number is None else f"{100 * number:.1f}%"
