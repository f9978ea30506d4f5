"""Texts of several declarations, one after the other, as a reader expects sentences to begin and to end."""

import re
from typing import Annotated

from pydantic import AfterValidator

ENDED = re.compile(r"[.!?][\"')]?\s*$")


def ended(given: tuple[str, ...]) -> tuple[str, ...]:
    """Texts that each end like a sentence. Raises ValueError: a comma in brackets cuts one into two."""
    if cut := [text for text in given if not ENDED.search(text)]:
        raise ValueError(
            f"{cut[0]!r} does not end like a sentence. Within [ ] a comma begins the next one: write each in a line of "
            "its own after a dash, or in quotes, and end it with a full stop"
        )
    return given


Sentences = Annotated[tuple[str, ...], AfterValidator(ended)]


def sentences(*said: str) -> str:
    """All that is said as one text: each begins with a capital and ends with one full stop; empty ones are left out."""
    each = (one.strip() for one in said)
    return " ".join(one[0].upper() + one[1:].rstrip(".") + "." for one in each if one)


def listed(words: tuple[str, ...], last: str = "and") -> str:
    """Words in a row: one, two and three. Raises IndexError where there is none."""
    *others, end = words
    return f"{', '.join(others)} {last} {end}" if others else end
