"""What of a table is drawn together: needs that combine, and contacts of which everybody has one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from linkage.contracts.analysis import Analysis, Table

Words = Mapping[str, str]


class Pictured(NamedTuple):
    """`combined`: {breakdown: {combination: its needs, in words}}. `orders`: (heading, {outcome: in words}), the first
    of which divides all women. `spans`: {outcome: {last day: the outcome that it came in the span which ends then}}.
    `needs`: {breakdown: {need, in words: its title}}.
    """

    combined: Mapping[str, Mapping[str, tuple[str, ...]]] = {}
    orders: tuple[tuple[str, Words], ...] = ()
    spans: Mapping[str, Mapping[int, str]] = {}
    needs: Mapping[str, Words] = {}


NOTHING = Pictured()


def pictured(analysis: "Analysis", table: "Table") -> Pictured:
    """What is drawn together of one table."""
    shown = analysis.outcomes_of(table)
    told = {name: one for name, one in analysis.sequences.items() if {*one.firsts(name)} & {*shown}}
    orders = [
        (heading, words)
        for name, one in told.items()
        for heading, words in ((one.title, one.firsts(name)), ("The first and the next", one.pairs(name)),
                               ("When the first came", one.days_of(name)))
        if words
    ]  # fmt: skip
    spans = {
        f"{name}_{first}": {last: made for made, (_, last) in one.when(name, first).items()}
        for name, one in told.items()
        for first in one.contacts
        if one.when(name, first)
    }
    combined = {
        f"{name}_combination": {
            category: tuple(need.replace("_", " ") for need in needs) for category, needs in one.together.items()
        }
        for name, one in analysis.histories_of(table).items()
    }
    needs = {
        f"{name}_combination": {need.replace("_", " "): of.title for need, of in one.needs.items()}
        for name, one in analysis.histories_of(table).items()
    }
    return Pictured(combined, tuple(orders), spans, needs)
