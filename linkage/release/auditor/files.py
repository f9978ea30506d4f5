"""Does what lies in the release folder break a rule? Read again from the files, by code of its own.

The auditor stands where a reader stands: with the published files in hand, subtracting. Beside it lie the unrounded
counts, only to judge what a subtraction would give away.
"""

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import duckdb

from linkage.contracts.disclosure import Disclosure
from linkage.errors import DisclosureError
from linkage.release.auditor import certificate, codes, compared, entries, person_years, seen, standardised, sums
from linkage.release.auditor.judge import Verdict, judged, prove
from linkage.release.auditor.notes import AddsUp, Earlier, key_of
from linkage.release.auditor.reader import Given

Row = dict[str, Any]
ALONE = AddsUp()
Key = tuple[str, ...]
Finding = tuple[Row, str]
KEY = ("table_id", "cohort", "outcome", "geography", "period", "breakdown", "category", "threshold")
WHOLE = ("numerator", "denominator", "in_custody", "died", "unknown", "not_linked")
DECIMAL = ("value", "lower", "upper")
EVENTS, MEANS = sums.COLUMNS[0], sums.COLUMNS[1:]
SHARES = ("corrected", "missed", "wrong")
CORRECTED = tuple(name + end for name in SHARES for end in ("", "_lower", "_upper"))
BY_DECIMAL = (*DECIMAL, *CORRECTED, *standardised.FIGURES)
EXCLUDED = WHOLE[2:]
RATE = ("numerator", "without", "denominator")
TABLES = ("tables", codes.NAME, *sorted(compared.FILES))
FILES = {"index.html", "data_dictionary.csv", "womens_outcomes.duckdb", "manifest.json"}
FILES |= {f"{name}.{kind}" for name in TABLES for kind in ("csv", "parquet")}
MOST_SHOWN = 20
NOTHING = "Nothing was published. Use coarser categories, or pool periods."


@dataclass(frozen=True)
class Audited:
    """`cells` (rows) in the folder; the verdict on each table; the certificate that proves it, for the reviewer.

    `left`: the rows with what a reader knows of each of their `figures`, for the ledger.
    """

    cells: int
    verdicts: list[Verdict]
    certificate: str
    left: list[Row]


def audit(
    folder: Path,
    counts: duckdb.DuckDBPyRelation,
    disclosure: Disclosure,
    adds_up: AddsUp = ALONE,
    release: str = "",
    earlier: Earlier = (),
    women: Sequence[Row] = (),
    events: Sequence[Row] = (),
) -> Audited:
    """What a reader could prove from a release in which no cell breaks a rule by itself; `require_pass` judges it.

    `folder` holds tables.csv, tables.parquet and womens_outcomes.duckdb; `counts` as given to control. `release`: its
    name, where the folder has another one still. `earlier`: releases that left, which readers hold too. `women`: behind
    counts of entries; `events`: the true sums. Raises DisclosureError naming tables and labels (never a count) when
    files differ or a cell breaks a rule.
    """
    rows = same_everywhere(folder)
    compared.require_sound(folder, rows)
    further = [row for name in sorted(compared.FILES) for row in compared.same_everywhere(folder, name)]
    codes.require_sound(folder, [*rows, *further])
    true = {key(row): row for row in (dict(zip(counts.columns, r, strict=True)) for r in counts.fetchall())}
    true = entries.with_women(true, women)
    if Counter(key(row) for row in rows) != Counter(true.keys()):
        raise DisclosureError(f"{folder.name}: the published rows are not the rows that were counted. Publish again.")
    findings = [
        *broken_rules(rows, true, disclosure, adds_up),
        *sums.wrong(rows, events, disclosure, adds_up, earlier),
        *standardised.wrong(rows, adds_up, disclosure),
    ]
    if findings:
        raise DisclosureError(message(findings))
    about = {
        "release": release or folder.name,
        "tables.csv": hashlib.sha256((folder / "tables.csv").read_bytes()).hexdigest(),
        "earlier": [name for name, _ in earlier],
    }
    proved = prove(rows, true.values(), disclosure, adds_up, earlier)
    said = certificate.written(proved.seen, proved.truth, proved.proofs, about)
    left = [seen.told(row, true[key(row)], adds_up, disclosure) for row in rows]
    return Audited(len(rows), judged(rows, proved), said, left)


def read_again(tables: Path, left: Iterable[Row], disclosure: Disclosure, adds_up: AddsUp, earlier: Earlier) -> Given:
    """What its certificate must prove of a release. `left`: its rows in the ledger. Raises DisclosureError."""
    true = {
        key_of(row): {name: one[0] for name, one in row["figures"].items()} | {"behind": row.get("behind")}
        for row in left
    }
    rows = from_csv(tables)
    if {key_of(row) for row in rows} != true.keys():
        raise DisclosureError(f"{tables} has other rows than the ledger says. Publish again.")
    notes, known, wanted = seen.read(rows, true, adds_up, disclosure, earlier)
    return Given(known, notes.truth, wanted)


def require_pass(audited: Audited) -> None:
    """Raise DisclosureError, with the reasons by labels, unless every table passes."""
    if reasons := [reason for verdict in audited.verdicts for reason in verdict.reasons]:
        more = [f"and {len(reasons) - MOST_SHOWN:,} more."] if len(reasons) > MOST_SHOWN else []
        raise DisclosureError("\n".join([*reasons[:MOST_SHOWN], *more, NOTHING]))


def broken_rules(
    rows: list[Row], true: dict[Key, Row], disclosure: Disclosure, adds_up: AddsUp = ALONE
) -> list[Finding]:
    """Every published row that breaks a rule by itself, and which. `true`: the unrounded counts of each."""
    return [
        *(finding for row in rows for finding in wrong_cell(row, true[key(row)], disclosure)),
        *(finding for row in rows for finding in left_out_by_none(row, adds_up)),
        *uneven_thresholds(rows),
    ]


def same_everywhere(folder: Path) -> list[Row]:
    """The published rows, the same in CSV, Parquet and database; raises DisclosureError where they are not, or where
    there is a file, or a table of the database, that is not looked at.
    """
    if unknown := sorted({path.name for path in folder.iterdir()} - FILES):
        raise DisclosureError(f"{folder.name}: {unknown[0]} is no file of a release. Remove it, and publish again.")
    rows = from_csv(folder / "tables.csv")
    with duckdb.connect() as con:
        parquet = fetched(con, "select * from read_parquet($path)", {"path": str(folder / "tables.parquet")})
    with duckdb.connect(str(folder / "womens_outcomes.duckdb"), read_only=True) as con:
        database = fetched(con, "select * from outcomes")
        tables = fetched(con, "select table_name from duckdb_tables()")
    for name, others in {"tables.parquet": parquet, "womens_outcomes.duckdb": database}.items():
        if others != rows:
            raise DisclosureError(f"{folder.name}: {name} and tables.csv differ. Publish again, do not edit one file.")
    if {table["table_name"] for table in tables} - compared.FILES != {"outcomes", codes.NAME}:
        raise DisclosureError(
            f"{folder.name}: the database holds a table that was not audited, or lacks one. Publish again."
        )
    return rows


def from_csv(tables: Path) -> list[Row]:
    """The published rows."""
    with tables.open(encoding="utf-8", newline="") as file:
        return [typed(row) for row in csv.DictReader(file)]


def typed(row: dict[str, str]) -> Row:
    """A line of CSV with its numbers as numbers and an empty number as None."""
    kinds: dict[str, Callable[[str], Any]] = dict.fromkeys((*WHOLE, EVENTS, person_years.COLUMNS[0]), int)
    kinds |= dict.fromkeys((*BY_DECIMAL, *MEANS, *person_years.COLUMNS[1:]), float)
    return {name: (kinds[name](text) if text else None) if name in kinds else text for name, text in row.items()}


def fetched(con: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, str] | None = None) -> list[Row]:
    """All rows of a query."""
    relation = con.sql(sql, params=parameters)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def wrong_cell(row: Row, true: Row, disclosure: Disclosure) -> Iterator[Finding]:
    """What is wrong with one published row by itself."""
    figures = [row[name] for name in (*WHOLE, *DECIMAL, *CORRECTED, *person_years.COLUMNS)]
    if row["status"] == "c":
        if row["error_origin"] or any(figure is not None for figure in figures):
            yield row, "is marked suppressed and yet holds a figure"
        return
    having, women = true["numerator"], true["denominator"]
    if any(few(n, disclosure) for n in (having, women, women - having)) or of_few(true, RATE, disclosure):
        yield row, "counts fewer women than the threshold"
    if women and having in (0, women) and row["outcome"] not in disclosure.sensitive_outcomes.excepted:
        yield row, "says all or none of a group has a sensitive outcome"
    shown_out = [name for name in EXCLUDED if row[name] is not None]
    if any(few(true[name], disclosure) for name in shown_out) or of_few(true, shown_out, disclosure):
        yield row, "shows how many were left out, fewer than the threshold"
    base = disclosure.rounding_base.value
    shown = [(row[name], true[name]) for name in WHOLE if row[name] is not None or name not in EXCLUDED]
    if any(number is None or number % base or 2 * abs(number - exact) > base for number, exact in shown):
        yield row, "holds a count that is not rounded, or not from the count it stands for"
    elif not follows(row, disclosure):
        yield row, "holds a rate, an interval or a mark that does not follow from its rounded counts"
    elif not person_years.follow(row, true, disclosure):
        yield row, "holds person-years, or deaths by them, that do not follow from what they stand for"
    elif not shows_what_is_seen(row):
        yield row, "holds a corrected rate that does not follow from its rounded counts and its rates of errors"


def left_out_by_none(row: Row, adds_up: AddsUp) -> Iterator[Finding]:
    """A number of women left out for what the outcome leaves nobody out for: its 0 would say that it befell nobody."""
    for name in adds_up.never.get(row["outcome"], ()):
        if row[name] is not None:
            yield row, f"says how many are in {name}, for which its outcome leaves nobody out"


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


def shows_what_is_seen(row: Row) -> bool:
    """Would women of the corrected rate, with these errors, be seen as they are? Or does it leave the rate as it is?

    Forwards, and to half a decimal of the corrected rate: of those who have the outcome all but the missed are seen
    with it, of the others those whom a wrong record gives it. Where that takes more than everybody, it is everybody.
    """
    known = [row[name] for name in CORRECTED]
    if not row["error_origin"] or not row["denominator"]:
        return known == [None] * len(known)
    ordered = all(row[f"{name}_lower"] <= row[name] <= row[f"{name}_upper"] for name in SHARES)
    rate, missed, wrong = (row[name] / 100 for name in SHARES)
    seen = row["numerator"] / row["denominator"]
    shown = rate * (1 - missed) + (1 - rate) * wrong * seen
    follows = min(abs(shown - seen), abs(rate - seen)) < 0.00051 or (rate == 1 and shown < seen)
    return ordered and follows


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


def few(count: int, disclosure: Disclosure) -> bool:
    """Somebody, but fewer than the threshold."""
    return count in range(1, disclosure.threshold.value)


def of_few(true: Row, figures: Iterable[str], disclosure: Disclosure) -> bool:
    """Are the entries of one of these figures of too few women?"""
    return any(entries.too_few(true, figure, disclosure) for figure in figures)


def key(row: Row) -> Key:
    """Which row."""
    return tuple(row[name] for name in KEY)


def message(findings: list[Finding]) -> str:
    """Each broken rule by its labels; a long list is cut, with its length."""
    lines = [f"{' / '.join(key(row))} {what}." for row, what in findings[:MOST_SHOWN]]
    more = [f"and {len(findings) - MOST_SHOWN:,} more."] if len(findings) > MOST_SHOWN else []
    return "\n".join([*lines, *more, NOTHING])
