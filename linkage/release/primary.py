"""Which counts are too few by themselves, and how counts are rounded: the declared rules as arithmetic."""

from collections.abc import Iterable

from linkage.contracts.disclosure import Disclosure


def is_small(count: int, disclosure: Disclosure) -> bool:
    """Is it about somebody, and about too few?"""
    return 0 < count < disclosure.threshold.value


def all_or_none(numerator: int, denominator: int, outcome: str, disclosure: Disclosure) -> bool:
    """Does it say something about every woman of a group, of an outcome that could harm her?"""
    return denominator > 0 and numerator in (0, denominator) and disclosure.sensitive(outcome)


def unsafe_rate(counts: Iterable[tuple[int, int]], outcome: str, disclosure: Disclosure) -> bool:
    """May these (numerator, denominator), one for each linkage threshold, not be published together?"""
    return any(
        is_small(having, disclosure)
        or is_small(women - having, disclosure)
        or is_small(women, disclosure)
        or all_or_none(having, women, outcome, disclosure)
        for having, women in counts
    )


def rounded(count: float, disclosure: Disclosure) -> int:
    """To the nearest multiple of the rounding base, a half upwards."""
    base = disclosure.rounding_base.value
    return int((2 * count + base) // (2 * base)) * base


def rounded_from(count: int, disclosure: Disclosure) -> tuple[int, int]:
    """The least and the most that a published count can stand for: a plain 0 is true, and no other count is too few."""
    if not count:
        return 0, 0
    base, shown = disclosure.rounding_base.value, rounded(count, disclosure)
    return max(shown - base // 2, disclosure.threshold.value), shown + (base - 1) // 2
