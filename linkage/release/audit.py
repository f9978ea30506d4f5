"""Does what lies in the release folder break a rule? Read again from the files, by code of its own.

The auditor stands where a reader stands: with the published files in hand, subtracting. Beside it lie the unrounded
counts, only to judge what a subtraction would give away.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any

import duckdb

from linkage.contracts.disclosure import Disclosure
from linkage.errors import DisclosureError

Row = dict[str, Any]
Key = tuple[str, ...]
Finding = tuple[Row, str]
Line = tuple[Row, list[Row]]
KEY = ("table_id", "cohort", "outcome", "geography", "period", "breakdown", "category", "threshold")
WHOLE = ("numerator", "denominator", "in_custody", "died", "unknown", "not_linked")
DECIMAL = ("value", "lower", "upper")
EXCLUDED = WHOLE[2:]
MOST_SHOWN = 20
NOTHING_WITHIN: Mapping[tuple[str, str], tuple[str, str]] = {}


def audit(
    folder: Path,
    counts: duckdb.DuckDBPyRelation,
    disclosure: Disclosure,
    years: Mapping[str, str],
    within: Mapping[tuple[str, str], tuple[str, str]] = NOTHING_WITHIN,
) -> int:
    """Number of published cells (rows), when none breaks a rule.

    `folder` holds tables.csv, tables.parquet and womens_outcomes.duckdb; `counts`, `years` and `within` as given to
    control. Raises DisclosureError naming tables and labels (never a count) when files differ or a cell breaks a rule.
    """
    rows = same_everywhere(folder)
    true = {key(row): row for row in (dict(zip(counts.columns, r, strict=True)) for r in counts.fetchall())}
    if Counter(key(row) for row in rows) != Counter(true.keys()):
        raise DisclosureError(f"{folder.name}: the published rows are not the rows that were counted. Publish again.")
    if findings := broken_rules(rows, true, disclosure, sums(rows, years, within)):
        raise DisclosureError(message(findings))
    return len(rows)


def broken_rules(rows: list[Row], true: dict[Key, Row], disclosure: Disclosure, lines: list[Line]) -> list[Finding]:
    """Every published row that breaks a rule, and which. `true`: the unrounded counts of each."""
    return [
        *(finding for row in rows for finding in wrong_cell(row, true[key(row)], disclosure)),
        *uneven_thresholds(rows),
        *subtractions(rows, true, lines, disclosure),
    ]


def same_everywhere(folder: Path) -> list[Row]:
    """The published rows, the same in CSV, Parquet and database; raises DisclosureError where they are not."""
    with (folder / "tables.csv").open(encoding="utf-8", newline="") as file:
        rows = [typed(row) for row in csv.DictReader(file)]
    with duckdb.connect() as con:
        parquet = fetched(con, "select * from read_parquet($path)", {"path": str(folder / "tables.parquet")})
    with duckdb.connect(str(folder / "womens_outcomes.duckdb"), read_only=True) as con:
        database = fetched(con, "select * from outcomes")
        tables = fetched(con, "select table_name from duckdb_tables()")
    for name, others in {"tables.parquet": parquet, "womens_outcomes.duckdb": database}.items():
        if others != rows:
            raise DisclosureError(f"{folder.name}: {name} and tables.csv differ. Publish again, do not edit one file.")
    if tables != [{"table_name": "outcomes"}]:
        raise DisclosureError(f"{folder.name}: the database holds a table that was not audited. Publish again.")
    return rows


def typed(row: dict[str, str]) -> Row:
    """A line of CSV with its numbers as numbers and an empty number as None."""
    kinds: dict[str, Callable[[str], Any]] = dict.fromkeys(WHOLE, int) | dict.fromkeys(DECIMAL, float)
    return {name: (kinds[name](text) if text else None) if name in kinds else text for name, text in row.items()}


def fetched(con: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, str] | None = None) -> list[Row]:
    """All rows of a query."""
    relation = con.sql(sql, params=parameters)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def wrong_cell(row: Row, true: Row, disclosure: Disclosure) -> Iterator[Finding]:
    """What is wrong with one published row by itself."""
    figures = [row[name] for name in (*WHOLE, *DECIMAL)]
    if row["status"] == "c":
        if any(figure is not None for figure in figures):
            yield row, "is marked suppressed and yet holds a figure"
        return
    having, women = true["numerator"], true["denominator"]
    if any(few(n, disclosure) for n in (having, women, women - having)):
        yield row, "counts fewer women than the threshold"
    if women and having in (0, women) and row["outcome"] not in disclosure.sensitive_outcomes.excepted:
        yield row, "says all or none of a group has a sensitive outcome"
    if any(row[name] is not None and few(true[name], disclosure) for name in EXCLUDED):
        yield row, "shows how many were left out, fewer than the threshold"
    base = disclosure.rounding_base.value
    shown = [(row[name], true[name]) for name in WHOLE if row[name] is not None or name not in EXCLUDED]
    if any(number is None or number % base or 2 * abs(number - exact) > base for number, exact in shown):
        yield row, "holds a count that is not rounded, or not from the count it stands for"
    elif not follows(row, disclosure):
        yield row, "holds a rate, an interval or a mark that does not follow from its rounded counts"


def follows(row: Row, disclosure: Disclosure) -> bool:
    """Do rate, interval and mark follow from the published counts, to the decimal shown?"""
    having, women = row["numerator"], row["denominator"]
    if not women:
        return row["status"] == "z" and all(row[name] is None for name in DECIMAL)
    if any(row[name] is None for name in DECIMAL) or abs(women * row["value"] / 100 - having) > women * 0.0005001:
        return False
    mark = "u" if women < disclosure.unreliable_below.value else ""
    ends = (row["lower"], row["upper"])
    return row["status"] == mark and all(at_the_edge(end, having, women, disclosure) for end in ends)


def at_the_edge(end: float, having: int, women: int, disclosure: Disclosure) -> bool:
    """Is `end` (%) where the score test just rejects: does the test change its mind within half a decimal of it?"""
    z = NormalDist().inv_cdf(0.5 + disclosure.confidence_percent.value / 200)

    def margin(share: float) -> float:
        return (having / women - share) ** 2 - z * z * share * (1 - share) / women

    return margin(max(0.0, end / 100 - 0.00051)) * margin(min(1.0, end / 100 + 0.00051)) <= 0


def uneven_thresholds(rows: Iterable[Row]) -> Iterator[Finding]:
    """Cells suppressed at one linkage threshold and published at another."""
    marks: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        marks[key(row)[:-1]].append(row)
    for same in marks.values():
        if len({row["status"] == "c" for row in same}) > 1:
            yield same[0], "is suppressed at one linkage threshold and published at another"
        for name in EXCLUDED:
            if len({row[name] is None for row in same}) > 1:
                yield same[0], f"shows {name} at one linkage threshold and not at another"


def subtractions(rows: list[Row], true: dict[Key, Row], lines: list[Line], disclosure: Disclosure) -> Iterator[Finding]:
    """Suppressed figures that a reader gets by taking the published parts of a sum from its published total."""
    small = {(key(row)[:-1], name) for row in true.values() for name in EXCLUDED if few(row[name], disclosure)}
    for name in ("denominator", *EXCLUDED):
        unknown = {key(row): row for row in rows if row[name] is None}
        for found in solved(set(unknown), lines):
            if name == "denominator":
                yield unknown[found], "is suppressed alone in its sum: the rest of the sum gives it away"
            elif (found[:-1], name) in small:
                yield unknown[found], f"has a suppressed {name}, and the rest of its sum gives it away"
    for total, parts in lines:
        for name in ("denominator", *EXCLUDED):
            gone = [true[key(part)] for part in parts if part[name] is None]
            if gone and total[name] is not None and telling(name, gone, disclosure):
                yield gone[0], f"and the others without a {name} in its sum are together too few to be known"


def solved(unknown: set[Key], lines: list[Line]) -> set[Key]:
    """The unknown cells that follow from sums with one unknown, one after the other."""
    members = [{key(total), *map(key, parts)} for total, parts in lines]
    left = set(unknown)
    while found := set().union(*(line & left for line in members if len(line & left) == 1)):
        left -= found
    return unknown - left


def telling(name: str, gone: list[Row], disclosure: Disclosure) -> bool:
    """Would the sum of these cells' true counts have been suppressed as a cell of its own?"""
    women = sum(row[name] for row in gone)
    if name != "denominator":
        return few(women, disclosure)
    having = sum(row["numerator"] for row in gone)
    sensitive = gone[0]["outcome"] not in disclosure.sensitive_outcomes.excepted
    all_or_none = sensitive and women > 0 and having in (0, women)
    return all_or_none or any(few(n, disclosure) for n in (having, women, women - having))


def sums(
    rows: list[Row], years: Mapping[str, str], within: Mapping[tuple[str, str], tuple[str, str]] = NOTHING_WITHIN
) -> list[Line]:
    """(total, parts) at one linkage threshold: all women by categories; a wider category by those within it; a year by
    quarters; all periods by either.
    """
    at = {key(row): row for row in rows}
    parts: dict[tuple[Key, str], list[Row]] = defaultdict(list)
    for row in rows:
        period = row["period"]
        if row["breakdown"] != "all":
            parts[key(row | {"breakdown": "all", "category": "all"}), row["breakdown"]].append(row)
        if wider := within.get((row["breakdown"], row["category"])):
            parts[key(row | {"breakdown": wider[0], "category": wider[1]}), row["breakdown"]].append(row)
        if period in years:
            parts[key(row | {"period": years[period]}), "its quarters"].append(row)
        if period != "all":
            parts[key(row | {"period": "all"}), "all quarters" if period in years else "all years"].append(row)
    return [(at[total], members) for (total, _), members in parts.items() if total in at]


def few(count: int, disclosure: Disclosure) -> bool:
    """Somebody, but fewer than the threshold."""
    return count in range(1, disclosure.threshold.value)


def key(row: Row) -> Key:
    """Which row."""
    return tuple(row[name] for name in KEY)


def message(findings: list[Finding]) -> str:
    """Each broken rule by its labels; a long list is cut, with its length."""
    lines = [f"{' / '.join(key(row))} {what}." for row, what in findings[:MOST_SHOWN]]
    more = [f"and {len(findings) - MOST_SHOWN:,} more."] if len(findings) > MOST_SHOWN else []
    return "\n".join([*lines, *more, "Nothing was published. Use coarser categories, or pool periods."])
