"""Texts of several declarations, one after the other, as a reader expects sentences to begin and to end."""


def sentences(*said: str) -> str:
    """All that is said as one text: each begins with a capital and ends with one full stop; empty ones are left out."""
    each = (one.strip() for one in said)
    return " ".join(one[0].upper() + one[1:].rstrip(".") + "." for one in each if one)


def listed(words: tuple[str, ...], last: str = "and") -> str:
    """Words in a row: one, two and three. Raises IndexError where there is none."""
    *others, end = words
    return f"{', '.join(others)} {last} {end}" if others else end
