"""What a person sees in a terminal: progress while a stage works, and tables of counts when it is done."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

WIDE = None if sys.stdout.isatty() else 160  # a table that goes into a file is not cut to a screen that is not there
OUT, ERR = Console(highlight=False, width=WIDE), Console(stderr=True, highlight=False)


@contextmanager
def working(title: str) -> Iterator[Any]:
    """A line that says what is being done and for how long; gives a function that changes what it says."""
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=ERR) as progress:
        task = progress.add_task(title)
        yield lambda doing: progress.update(task, description=f"{title}: {doing}")


@contextmanager
def counting(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that fills up to `total`, with the time it took and will take; gives a function told how far it is."""
    many, left = TextColumn("{task.completed:,} of {task.total:,}"), TimeRemainingColumn()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), many, TimeElapsedColumn(), left)
    with Progress(*columns, console=ERR) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done: progress.update(task, completed=done)


def print_balance(balance: dict[str, Any]) -> None:
    """Rows in, and what became of them."""
    quarantined = balance["quarantined"]
    OUT.print(
        f"{balance['dataset']}: {balance['rows_in']:,} rows in = {balance['rows_out']:,} out "
        f"+ {balance['out_of_scope']:,} out of scope + {sum(quarantined.values()):,} quarantined"
    )
    for reason, rows in quarantined.items():
        OUT.print(f"  {rows:,} quarantined: {reason}")


def intake_table(intakes: list[dict[str, Any]]) -> Table:
    """One row per extract: the balance of its rows."""
    table = Table(title="Rows", title_justify="left", box=None, pad_edge=False)
    table.add_column("extract")
    for name in ("in", "out", "out of scope", "quarantined"):
        table.add_column(name, justify="right")
    for facts in intakes:
        lost = sum(facts["quarantined"].values())
        numbers = (facts["rows_in"], facts["rows_out"], facts["out_of_scope"], lost)
        table.add_row(facts["title"], *(f"{number:,}" for number in numbers))
    return table


def accuracy_table(rows: list[dict[str, Any]]) -> Table:
    """One row per part of the records and threshold: precision, recall and F1 of pairs and of whole people."""
    table = Table(title="Against the truth", title_justify="left", box=None, pad_edge=False)
    for name in ("records", "", "threshold"):
        table.add_column(name)
    for name in ("precision", "recall", "F1", "true pairs"):
        table.add_column(name, justify="right")
    for name in ("precision", "recall", "F1"):
        table.add_column(f"whole people: {name}", justify="right")
    for row in rows:
        table.add_row(
            row["scope"],
            row["part"],
            row["threshold"],
            *(share(row[name]) for name in ("precision", "recall", "f1")),
            f"{row['pairs_true']:,}",
            *(share(row[name]) for name in ("cluster_precision", "cluster_recall", "cluster_f1")),
        )
    return table


def attack_table(found: dict[str, Any]) -> Table:
    """One row per field and knowledge: which share of the records an intruder re-identifies, and how surely."""
    table = Table(title="Re-identified", title_justify="left", box=None, pad_edge=False)
    for name in ("knowledge", "field"):
        table.add_column(name)
    for name in ("records", "right", "by chance", "known before", "believed", "of these right", "mean confidence"):
        table.add_column(name, justify="right")
    for row in found["rows"]:
        shares = (row[name] for name in ("right", "by_chance", "told", "sure", "right_of_sure", "expected"))
        table.add_row(row["knowledge"], row["field"], f"{row['records']:,}", *(share(one) for one in shares))
    return table


def attack_verdict(found: dict[str, Any]) -> str:
    """What the positive control says."""
    control = found["control"]
    missed = "too few are" if control["recovered"] < control["wanted"] else "the list is cut short"
    return (
        f"Positive control: {control['recovered']:.1%} of {control['records']:,.0f} surnames recovered "
        f"by a public list of {control['names']:,} ("
        f"{control['wanted']:.0%} are wanted; {control['told_both']:.1%} by one who is told soundex and prefix)"
        + ("." if control["proves"] else f": {missed}, so this attack proves nothing.")
    )


def ledger_table(rows: list[dict[str, Any]]) -> Table:
    """One row per entry of the ledger."""
    table = Table(title="Releases", title_justify="left", box=None, pad_edge=False)
    for name in ("entry", "release", "what", "state, or why", "who"):
        table.add_column(name)
    for name in ("figures shown", "suppressed"):
        table.add_column(name, justify="right")
    for row in rows:
        words = (str(row["number"]), *(row[name] for name in ("release", "what", "state", "who")))
        table.add_row(*words, f"{row['shown']:,}", f"{row['suppressed']:,}")
    return table


def difference_table(rows: Sequence[Any], one: str, other: str) -> Table:
    """One row per figure that two releases say something else about."""
    table = Table(title="Not the same", title_justify="left", box=None, pad_edge=False)
    table.add_column("figure")
    for name in (one, other, "a change of"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        named = ", ".join((*row.labels, row.figure.replace("_", " ")))
        table.add_row(*(escape(text) for text in (named, row.before, row.after, row.change)))
    return table


def share(value: float | None) -> str:
    """A share of 1 to four decimals."""
    return "-" if value is None else f"{value:.4f}"
