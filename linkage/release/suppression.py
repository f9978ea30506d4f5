"""Which cells of a release are suppressed, by two rules.

Primary: a cell that is unsafe by itself at any of the three linkage thresholds. The thresholds count different sets of
women, so a cell published at one and suppressed at another could be compared; all of them go together.

Interim complementary rule: within one sum (a total and the categories that make it up, a region and its police force
areas, or a pooled period and its years) nothing suppressed may follow by subtraction, so the next smallest category
goes too. It looks at one sum at a time. Several sums taken together (England beside England and Wales, one outcome
beside another, an earlier release) can still narrow down what is suppressed; only a suppressor that solves all linked
tables of a release as one problem closes that, and it will replace this rule.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from linkage.contracts.disclosure import Disclosure

ALL = "all"  # the category of an undivided breakdown, and the period that pools the others
Counts = tuple[tuple[int, ...], ...]  # the counts of one cell: for each linkage threshold, the figures it is made of
Within = Mapping[tuple[str, str], tuple[str, str]]
NOTHING_WITHIN: Within = {}
Unsafe = Callable[[str, Counts], bool]  # (outcome, counts): may this not be published?


class Cell(NamedTuple):
    """What one published figure is about. Tables that show the same cell show, or suppress, the same figure."""

    cohort: str
    outcome: str
    geography: str
    period: str
    breakdown: str
    category: str


class Sum(NamedTuple):
    """A total and the cells that add up to it."""

    total: Cell
    parts: tuple[Cell, ...]


def unsafe_rate(disclosure: Disclosure) -> Unsafe:
    """Judge counts of (numerator, denominator): are too few women counted, or is all or nothing said of a group?"""

    def unsafe(outcome: str, counts: Counts) -> bool:
        too_few = any(is_small(n, disclosure) for having, women in counts for n in (having, women, women - having))
        all_or_none = any(women and having in (0, women) for having, women in counts)
        return too_few or (all_or_none and disclosure.sensitive(outcome))

    return unsafe


def unsafe_count(disclosure: Disclosure) -> Unsafe:
    """Judge plain counts of women."""
    return lambda outcome, counts: any(is_small(n, disclosure) for (n,) in counts)


def is_small(count: int, disclosure: Disclosure) -> bool:
    """Is it about somebody, and about too few?"""
    return 0 < count < disclosure.threshold.value


def suppressed(
    cells: Mapping[Cell, Counts], years: Mapping[str, str], unsafe: Unsafe, within: Within = NOTHING_WITHIN
) -> set[Cell]:
    """The cells that must not be published; the same cells and counts always give the same set.

    `years`: {a quarter among the periods: the year it is pooled into}. `within`: {(breakdown, category): (wider
    breakdown, the category of it that it is part of)}.
    """
    hidden = {cell for cell, counts in cells.items() if unsafe(cell.outcome, counts)}
    sums = sums_of(cells, years, within)
    before = -1
    while before < len(hidden):
        before = len(hidden)
        for one_sum in sums:
            hidden |= interim_companions(one_sum, hidden, cells, unsafe)
    return hidden


def interim_companions(one_sum: Sum, hidden: set[Cell], cells: Mapping[Cell, Counts], unsafe: Unsafe) -> set[Cell]:
    """What must go as well so that nothing hidden in this sum follows by subtraction.

    Under a published total at least two categories are hidden, and all hidden categories taken together are safe to
    know, since their sum can be known. A hidden total never stands above published categories alone.
    """
    total, parts = one_sum
    gone = [part for part in parts if part in hidden]
    smallest_first = sorted((p for p in parts if p not in hidden), key=lambda p: size(p, cells))
    if total in hidden:
        return set() if gone else set(smallest_first[:1])
    if not gone:
        return set()
    companions: list[Cell] = []
    for candidate in (*smallest_first, total):
        known = together(cells[cell] for cell in (*gone, *companions))
        if len(gone) + len(companions) > 1 and not unsafe(total.outcome, known):
            break
        companions.append(candidate)
    return set(companions)


def together(counts: Iterable[Counts]) -> Counts:
    """The sum of several cells, figure by figure at each threshold."""
    return tuple(tuple(sum(figures) for figures in zip(*cells, strict=True)) for cells in zip(*counts, strict=True))


def size(cell: Cell, cells: Mapping[Cell, Counts]) -> tuple[bool, int, Cell]:
    """Order of sacrifice: the fewest women first, an empty category last (it hides nothing), then by name."""
    women = sum(figures[-1] for figures in cells[cell])
    return women == 0, women, cell


def sums_of(cells: Iterable[Cell], years: Mapping[str, str], within: Within) -> list[Sum]:
    """Every sum within one outcome of which the cells hold the total: over categories, wider ones too, and periods."""
    present = sorted(cells)
    found: dict[tuple[Cell, str], list[Cell]] = {}
    for cell in present:
        if cell.breakdown != ALL:
            found.setdefault((cell._replace(breakdown=ALL, category=ALL), cell.breakdown), []).append(cell)
        if wider := within.get((cell.breakdown, cell.category)):
            whole = cell._replace(breakdown=wider[0], category=wider[1])
            found.setdefault((whole, cell.breakdown), []).append(cell)
        for pooled in pooled_into(cell.period, years):
            kind = "quarters" if cell.period in years else "years"
            found.setdefault((cell._replace(period=pooled), kind), []).append(cell)
    held = set(present)
    return [Sum(total, tuple(parts)) for (total, _), parts in sorted(found.items()) if total in held]


def pooled_into(period: str, years: Mapping[str, str]) -> list[str]:
    """The longer periods that contain this one."""
    return [longer for longer in (years.get(period), ALL) if longer and longer != period]
