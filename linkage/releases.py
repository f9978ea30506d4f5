"""What is done with releases once they are there, and the ledger that keeps what every one of them said."""

import contextlib
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from linkage import facts
from linkage.contracts.adding import NONE_DECLARED, adding
from linkage.contracts.analysis import Analysis, Description
from linkage.contracts.codes import Codes, of_names
from linkage.contracts.compared import About, definition
from linkage.contracts.comparison import MATCHED, Comparison
from linkage.contracts.groups import of_groups
from linkage.contracts.history import made_of
from linkage.contracts.standardised import every_crossing
from linkage.errors import DisclosureError, LinkError, PrivacyError
from linkage.ledger import ledger_of
from linkage.settings import Settings
from linkage.workspace import new_file

if TYPE_CHECKING:
    from linkage.release.auditor.files import Audited
    from linkage.release.coarser import LeftOut
    from linkage.release.ledger import Entry
    from linkage.release.publish import Told
    from linkage.report.pages import Masthead

Row = dict[str, Any]
WAIVED = "waived (invented data)"
# In the folder `projects` of outputs lie person-level files: no release is called that.
A_RELEASE = re.compile(r"(?!projects$)[a-z0-9][a-z0-9_.-]*")
ENTERED, FORGOTTEN = "ledger of releases: entry", "ledger of releases: begun anew"  # as the log says it
NO_ENTRY: dict[str, Any] = {"entry": 0, "sha256": ""}
Place = tuple[tuple[str, ...], str]


class Difference(NamedTuple):
    """A figure of two releases: what a reader takes it for in each, and what he can take its change for."""

    labels: tuple[str, ...]
    figure: str
    before: str
    after: str
    change: str


class TakenBack(NamedTuple):
    """Where the folder of a withdrawn release lies now, if it was there; was it withdrawn as unseen before?"""

    aside: Path | None
    corrected: bool


def approved(settings: Settings, approval: str | None, command: str) -> str:
    """Who let it out; that nobody need, where the data are invented. Raises PrivacyError where somebody must."""
    said = (approval or "").strip()
    if said or facts.invented(settings):
        return said or WAIVED
    raise PrivacyError(f"Nobody has approved this release. Name who has: {command} --approval 'name, date'.")


@contextlib.contextmanager
def noting_a_stop(settings: Settings, release: str) -> Iterator[None]:
    """Note for the quality report why a release could not be made, where the block raises DisclosureError."""
    try:
        yield
    except DisclosureError as error:
        facts.write(settings, "stopped", {"release": release, "why": str(error)})
        raise


def counted(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    analysis: Analysis,
    comparisons: Mapping[str, Comparison] = NONE_DECLARED,
) -> "tuple[duckdb.DuckDBPyRelation, list[LeftOut]]":
    """The unrounded counts of every declared table and comparison, and the breakdowns tables are published without.

    Raises LinkError where a table has not been counted.
    """
    from linkage.release import coarser

    paths = [settings.files.cohorts.counts(name) for name in (*analysis.tables, *comparisons)]
    if missing := [path.stem for path in paths if not path.exists()]:
        raise LinkError(f"Tables {missing} have not been counted. Run: linkage tabulate")
    counts = con.read_parquet([str(path) for path in paths])
    rows = [dict(zip(counts.columns, row, strict=True)) for row in counts.fetchall()]
    crossings, histories = every_crossing(analysis), made_of(analysis.by_history)
    of_limits = {name: int(one.sparse_percent.value) for name, one in comparisons.items()}
    found = coarser.left_out(
        [row for row in rows if row["breakdown"] != MATCHED],
        settings.disclosure,
        {*analysis.by_answer, *crossings},
        crossings,
        histories,
        of_limits,
    )
    for one in found:
        counts = counts.filter(f"not (table_id = '{one.table_id}' and breakdown = '{one.breakdown}')")
    return counts, found


def described(analysis: Analysis, without: "Sequence[LeftOut]") -> list[Description]:
    """What to print with each table, and why a breakdown is not there, or no rate can be standardised."""
    found, crossings = [], every_crossing(analysis)
    for table_id in analysis.tables:
        about, gone = analysis.describe(table_id), [one for one in without if one.table_id == table_id]
        left = {name: title for name, title in about.breakdowns.items() if name not in {one.breakdown for one in gone}}
        said = {one.breakdown: f"{about.breakdowns[one.breakdown].lower()}: {one.why}." for one in gone}
        why = (f"Not shown by {reason}" for reason in said.values())
        rates = (
            f"No standardised rate can be given for {reason}" for name, reason in said.items() if name in crossings
        )
        found.append(replace(about, breakdowns=left, notes=(*why, *about.notes), not_standardised=tuple(rates)))
    return found


def told(analysis: Analysis, descriptions: Sequence[Description], abouts: Sequence[About]) -> "Told":
    """What readers are told of the columns, and of each table: its title, its warning, and its notes."""
    from linkage.release.columns import of_period
    from linkage.release.publish import Told

    tables = {one.table_id: (one.title, *one.notes) for one in descriptions}
    compared = {one.name: (one.title, one.health_warning, *one.notes) for one in abouts}
    return Told(of_period(analysis.period), tables | compared)


def coded(settings: Settings, analysis: Analysis, comparisons: Mapping[str, Comparison]) -> Codes:
    """What every code stands for that a release of these declarations can hold."""
    return of_names(analysis, comparisons, settings.link_errors) | of_groups(analysis, comparisons)


def check_certificate(settings: Settings, file: Path) -> dict[str, Any]:
    """{release, counts, sums, tables, at risk}: of which release a certificate is, and how much of it was checked.

    By addition alone: limits from the published tables.csv, counts and earlier releases from the ledger, sums and
    widths from the declarations. Raises DisclosureError where the release is not there as it left, or is not proved.
    """
    from linkage.release import ledger
    from linkage.release.auditor import certificate, files
    from linkage.release.auditor.notes import AddsUp

    said = certificate.opened(file)
    if not A_RELEASE.fullmatch(said.about.release):
        raise DisclosureError(f"{file} is of no release. Take one from release/certificates of the workspace.")
    tables, left = settings.files.release(said.about.release) / "tables.csv", version(settings, said.about.release)
    if not tables.exists():
        raise DisclosureError(
            f"{tables} is not there, and nothing can be checked without it. Say with --outputs in which folder it was "
            "published, or publish again."
        )
    if not facts.sha256(tables) == said.about.tables == left.said["tables.csv"]:
        raise DisclosureError(f"{file} is about other tables than {tables}. Publish again, and check its certificate.")
    known = entries(settings)
    held = {entry.name for entry in ledger.readers_hold(known) if entry.number < left.number}
    if forgotten := sorted(held - {*said.about.earlier}):
        raise DisclosureError(f"{file} leaves out {', '.join(forgotten)}, which readers hold. Publish again.")
    earlier = [(entry.name, entry.rows) for entry in known if entry.name in said.about.earlier]
    analysis = settings.analysis
    adds_up = AddsUp(**adding(analysis, settings.comparisons))
    given = files.read_again(tables, left.rows, settings.disclosure, adds_up, earlier)
    return {"release": said.about.release} | certificate.check(said, given)


def entries(settings: Settings) -> "list[Entry]":
    """Every entry of the ledger, in order. Raises DisclosureError where one was changed or is missing, the last too."""
    from linkage.release import ledger

    found = ledger.read(sorted(settings.files.ledger.glob("*.json")))
    logged = [entry.details for entry in ledger_of(settings).verify().entries if entry.what in (ENTERED, FORGOTTEN)]
    end = logged[-1] if logged else NO_ENTRY
    ledger.require_end(found, end["entry"], end["sha256"])
    return found


def before(
    settings: Settings, analysis: Analysis, comparisons: Mapping[str, Comparison] = NONE_DECLARED
) -> "list[Entry]":
    """The releases that readers hold. Raises DisclosureError where a definition has changed since."""
    from linkage.release import ledger

    found = ledger.readers_hold(entries(settings))
    rows = (row for entry in found for row in entry.rows)
    ledger.require_one_definition(found, definitions(analysis, rows, comparisons))
    return found


def definitions(
    analysis: Analysis, rows: Iterable[Row], comparisons: Mapping[str, Comparison] = NONE_DECLARED
) -> dict[tuple[str, ...], str]:
    """{labels of a cell: how it is defined now}, for cells that are declared now."""
    from linkage.release.ledger import LABELS

    cells = dict.fromkeys(tuple(row[name] for name in LABELS[:6]) for row in rows)
    defined = {
        (c, o, p, b): definition(comparisons, analysis, c, o) or analysis.definition(c, o, p, b)
        for c, o, p, b in {(c, o, p, b) for c, o, _, p, b, _ in cells}
    }
    found = {cell: defined[cell[0], cell[1], cell[3], cell[4]] for cell in cells}
    return {cell: definition for cell, definition in found.items() if definition}


def enter(
    settings: Settings,
    analysis: Analysis,
    masthead: "Masthead",
    audited: "Audited",
    tables: Path,
    comparisons: Mapping[str, Comparison] = NONE_DECLARED,
) -> None:
    """Write a release down in the ledger, before anybody sees it; one that says what it said before is there already.

    Raises DisclosureError where another release was written down meanwhile.
    """
    from linkage.release import ledger

    known, sha256 = entries(settings), facts.sha256(tables)
    same = ledger.in_force(known).get(masthead.release)
    rows = ledger.rows_of(audited.left, definitions(analysis, audited.left, comparisons))
    if same and same.said["tables.csv"] == sha256 and same.rows == rows:
        return
    said = {"what": ledger.RELEASED, "release": masthead.release, "approval": masthead.approval, "tables.csv": sha256}
    append(settings, known, said | {"invented": masthead.invented, "rows": rows})


def append(settings: Settings, known: "Sequence[Entry]", said: dict[str, Any]) -> None:
    """Write the next entry, and its hash into the log. Raises DisclosureError where it is there already."""
    from linkage.release import ledger

    number = len(known) + 1
    file = settings.files.ledger / f"{ledger.stem(number)}.json"
    try:
        new_file(ledger.written(known, **said), file)
    except FileExistsError:
        raise DisclosureError("Another release was written into the ledger meanwhile. Publish again.") from None
    named = {"done": said["what"], "release": said["release"]}
    ledger_of(settings).append(ENTERED, entry=number, sha256=facts.sha256(file), **named)


def forget_invented(settings: Settings) -> None:
    """Begin the ledger anew where it holds invented releases alone: those who are invented next are other people."""
    known = entries(settings)
    if known and all(entry.said["invented"] for entry in known):
        shutil.rmtree(settings.files.ledger)
        ledger_of(settings).append(FORGOTTEN, **NO_ENTRY)


def listed(settings: Settings) -> list[dict[str, Any]]:
    """(number, release, what, state, who, shown, suppressed): every entry; figures that were shown and suppressed."""
    from linkage.release import ledger
    from linkage.release.auditor.seen import unsaid

    known = entries(settings)
    now, seen = ledger.in_force(known).values(), ledger.readers_hold(known)
    found = []
    for entry in known:
        released = entry.said["what"] == ledger.RELEASED
        state = "in force" if entry in now else "still known to readers" if entry in seen else "seen by nobody"
        shown = Counter(not unsaid(f, one) for row in entry.rows for f, one in row["figures"].items())
        found.append({
            "number": entry.number, "release": entry.release, "what": entry.said["what"],
            "state": state if released else entry.said["why"], "who": entry.said["approval"],
            "shown": shown[True], "suppressed": shown[False],
        })  # fmt: skip
    return found


def version(settings: Settings, release: str) -> "Entry":
    """The latest version of a release, withdrawn or not. Raises DisclosureError where it never left."""
    from linkage.release import ledger

    found = [one for one in entries(settings) if one.said["what"] == ledger.RELEASED and one.release == release]
    if not found:
        raise DisclosureError(f"There is no release {release!r} in the ledger. See: linkage releases list")
    return found[-1]


def difference(settings: Settings, one: str, other: str) -> tuple[list[Difference], dict[str, int]]:
    """(every figure that two releases say something else about, {how many are the same, or in one alone})."""
    first, second = (said_by(version(settings, name)) for name in (one, other))
    both = [place for place in first if place in second]
    differ = [
        Difference(*place, text(first[place]), text(second[place]), change(first[place], second[place]))
        for place in both
        if first[place] != second[place]
    ]
    alone = {f"in {one} alone": len(first) - len(both), f"in {other} alone": len(second) - len(both)}
    return differ, {"the same": len(both) - len(differ), "not the same": len(differ)} | alone


def said_by(entry: "Entry") -> dict[Place, tuple[int, int | None]]:
    """{(labels, figure): (least, most)}, as readers take it."""
    from linkage.release.ledger import LABELS

    return {
        (tuple(row[name] for name in LABELS), figure): (one[1], one[2])
        for row in entry.rows
        for figure, one in row["figures"].items()
        if figure != "without"
    }


def text(known: tuple[int, int | None]) -> str:
    """What a reader takes a figure for."""
    least, most = known
    return "[c]" if most is None else f"{least:,}" if least == most else f"{least:,} to {most:,}"


def change(first: tuple[int, int | None], second: tuple[int, int | None]) -> str:
    """What a reader can take the change for, from these two alone."""
    if first[1] is None or second[1] is None:
        return "not known"
    return f"{second[0] - first[1]:+,} to {second[1] - first[0]:+,}"


def withdraw(settings: Settings, release: str, why: str, who: str, unseen: bool) -> TakenBack:
    """Withdraw a release, and set its folder aside. One withdrawn as unseen can be withdrawn again as seen.

    `unseen`: nobody saw its latest version, so that later releases need not take that into account. Raises
    DisclosureError where it is withdrawn already, or where nobody or no reason is named.
    """
    from linkage.release import ledger

    if not (why.strip() and who.strip()):
        raise DisclosureError("Say why it is withdrawn, and who decided it: --why, --by.")
    latest, known = version(settings, release), entries(settings)
    corrected = not unseen and latest.number in ledger.unseen(known)
    if release not in ledger.in_force(known) and not corrected:
        raise DisclosureError(f"Release {latest.name} is withdrawn already. See: linkage releases list")
    versions = [one.number for one in known if one.said["what"] == ledger.RELEASED and one.release == release]
    said = {"what": ledger.WITHDRAWN, "release": release, "approval": who.strip(), "why": why.strip()}
    of = [latest.number] if unseen else versions
    append(settings, known, said | {"unseen": unseen, "of": of, "invented": latest.said["invented"], "rows": []})
    folder = settings.files.release(release)
    aside = folder.with_name(f"{release}.withdrawn-{len(known) + 1}")
    return TakenBack(folder.rename(aside) if folder.exists() else None, corrected)
