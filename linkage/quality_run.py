"""Quality from file to file: what is counted about a run, held against the run accepted last, and judged.

Without a truth. The parts are worked out where their files may be read: blocking and probabilities among the tokens'
matching zone, groups of women among the cohorts; here they only meet as counts.
"""

import datetime
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from linkage import facts
from linkage.contracts.analysis import Analysis
from linkage.errors import GateError, LinkError
from linkage.ledger import ledger_of
from linkage.linking import Seen, arrived, seen_in, views, whole
from linkage.settings import Settings
from linkage.workspace import write_parquet, write_text


def blocking(settings: Settings, view: str) -> dict[str, Any]:
    """encoded/<view>/ and candidates/<view> → the facts of `note_blocking`, before anything is trained or scored."""
    with duckdb.connect() as con:
        note_blocking(settings, view, seen_in(settings, con, view))
    return dict(facts.read(settings, f"blocking/{view}"))


def note_blocking(settings: Settings, view: str, seen: Seen) -> pa.Table:
    """The pairs of a view (see `matching.blocking.Blocked`); notes what its rules do. Raises LinkError."""
    from linkage.matching import blocking, blocking_report

    made = blocking.blocked(seen.profiles, settings.encodings.views[view], view, seen.candidates)
    said = blocking_report.blocking(made).as_facts() | {"sealed": facts.read(settings, f"sealed/{view}")}
    facts.write(settings, f"blocking/{view}", said)
    return made.pairs


def note_people(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    edges: duckdb.DuckDBPyRelation,
    people: duckdb.DuckDBPyRelation,
) -> None:
    """Note the expected precision and recall of each pair of sources, and how many records say too little to link."""
    from linkage.matching import expected

    before = accepted(settings)
    held = expected.joined(before["run"]["expected"]) if before else {}
    facts.write(settings, "expected", expected.expected(con, edges, people, held))
    of_views = [unlinkable_in(settings, con, view) for view in views(settings)]
    found = functools.reduce(lambda above, below: above.union(below), of_views).distinct().order("all")
    write_parquet(found, settings.files.matching.unlinkable_records)
    facts.write(settings, "unlinkable", shares(con, found, people))


def unlinkable_in(settings: Settings, con: duckdb.DuckDBPyConnection, view: str) -> duckdb.DuckDBPyRelation:
    """(dataset, record_id): the records of a view that say too little to be linked."""
    from linkage.matching import itself, person_index, profiles

    files, compared = settings.files.matching, profiles.compared(settings.encodings, settings.datasets, view)
    crosswalk = person_index.stacked({name: arrived(con, files.crosswalk(view, name), name) for name in compared})
    return itself.by_record(con, whole(con, files.unlinkable(view), "linkage link"), crosswalk)


def shares(
    con: duckdb.DuckDBPyConnection, found: duckdb.DuckDBPyRelation, people: duckdb.DuckDBPyRelation
) -> list[dict[str, Any]]:
    """[{dataset, records, unlinkable}], one per dataset. `found`: (dataset, record_id) of those unlinkable."""
    return (
        con.sql(
            """
            select dataset, count(*) as records, count(found.record_id) as unlinkable
            from people left join found using (dataset, record_id) group by 1 order by 1
            """
        )
        .to_arrow_table()
        .to_pylist()
    )


def note_groups(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: Mapping[str, duckdb.DuckDBPyRelation],
    people: duckdb.DuckDBPyRelation,
) -> None:
    """Note how often each group of women is linked, rightly and not, as far as that is known without a truth."""
    from linkage.cohorts import expected_links, link_quality

    files = settings.files.matching
    rates = link_quality.link_quality(con, analysis, attributes, people)
    facts.write(settings, "link_rates", rates.to_arrow_table().to_pylist())
    scored = (whole(con, path, "linkage link") for path in (files.edges, files.unlinkable_records))
    groups = expected_links.expected_links(con, analysis, attributes, people, *scored)
    facts.write(settings, "expected_groups", groups.to_arrow_table().to_pylist())


def known(settings: Settings) -> dict[str, Any]:
    """What is known of the run without a truth. Raises LinkError where it has not been counted."""
    names = ("linkage", "expected", "unlinkable", "link_rates", "contradictions")
    found = {name: facts.read(settings, name) for name in names}
    found["blocking"] = facts.by_name(settings, "blocking")
    if missing := sorted(name for name, said in found.items() if said is None):
        raise LinkError(f"Of this run {missing} are not known. Run: linkage link, then linkage tabulate")
    taken_in = facts.intake(settings)
    found["intake"] = {name: {what: one[what] for what in ("rows_out", "missing")} for name, one in taken_in.items()}
    return found


def judge(settings: Settings) -> None:
    """Hold the run against expectations/linkage.yaml and the run accepted last, and keep the verdict. Stops nothing."""
    from linkage.quality import gate, linkage, suites

    limits = settings.link_quality
    if limits is None:
        return
    registers = [name for name, one in settings.datasets.items() if one.coverage == "event_register"]
    before, run = accepted(settings), known(settings)
    reached = {"reach": facts.read(settings, "reach") or []}
    found = linkage.linkage_facts(run | reached, limits, registers, before and before["run"])
    facts.write(settings, "quality", {"facts": found, "accepted": before and said_of(before)})
    suite = suites.linkage_suite(settings.expectations, limits)
    with duckdb.connect() as con:
        keep(settings, gate.validate("linkage", "linkage", suite, con.sql("select 1 as run"), found))


def said_of(before: dict[str, Any]) -> dict[str, Any]:
    """Who accepted a run, when and why, and how its pairs scored."""
    return {name: before[name] for name in ("by", "on", "why")} | {"weights": before["run"]["linkage"]["weights"]}


def keep(settings: Settings, verdict: Any) -> None:
    """Keep a verdict in both its forms: as Great Expectations writes it, and for the quality report."""
    write_text(json.dumps(verdict.gx_json, indent=1) + "\n", settings.files.quality.gate(verdict.gate, verdict.name))
    facts.write(settings, f"gates/{verdict.gate}/{verdict.name}", verdict.summary)


def failed(settings: Settings, severity: str) -> list[dict[str, Any]]:
    """The lines that were crossed: red are `critical`, amber are `warning`. Raises GateError where nobody judged it."""
    verdict = facts.read(settings, "gates/linkage/linkage")
    if verdict is None:
        raise GateError("Gate linkage: this linkage has not been judged. Run: linkage tabulate")
    return [check for check in verdict["checks"] if not check["passed"] and check["severity"] == severity]


def release_gate(settings: Settings) -> None:
    """Raises GateError where a red line is crossed, or where nobody judged the linkage."""
    if red := failed(settings, "critical"):
        lines = [f"  {c['title']}: {c['observed']}, expected {c['expected']}. {c['what_to_do']}" for c in red]
        raise GateError("\n".join(["Gate linkage: stopped; nothing was published.", *lines]))


def log_amber(settings: Settings, release: str, approval: str) -> None:
    """Log who let a release out although amber lines were crossed; to be called once it is entered, and not before."""
    if amber := failed(settings, "warning"):
        titles = [check["title"] for check in amber]
        ledger_of(settings).append("released with amber lines", release=release, approval=approval, lines=titles)


def accept(settings: Settings, by: str, why: str, despite: str = "") -> dict[str, Any]:
    """Make this run the one that later ones are held against, log who did and why, and judge it anew. Returns its card.

    A red line of the run itself stays red: only what changed since the run accepted before is accepted with it.
    `despite`: why it is accepted although red lines are crossed; GateError where they are and it says nothing. Raises
    LinkError where the run has not been counted, or nobody and no reason is named.
    """
    if not by.strip() or not why.strip():
        raise LinkError("A run is accepted by somebody and for a reason: --by and --why.")
    run = known(settings)
    if (red := failed(settings, "critical")) and not despite.strip():
        lines = [f"  {check['title']}: {check['observed']}, expected {check['expected']}." for check in red]
        remedy = "Later runs would be held against it. If it is to be accepted all the same, say why: --despite '…'"
        raise GateError("\n".join(["Not accepted: this run crosses red lines.", *lines, remedy]))
    card = {
        "by": by,
        "why": why,
        "despite": despite.strip(),
        "on": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "facts": hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest(),
        "crossed": [check["title"] for severity in ("critical", "warning") for check in failed(settings, severity)],
    }
    ledger_of(settings).append("run accepted", **card)
    write_text(json.dumps(card | {"run": run}, indent=1) + "\n", settings.files.quality.accepted)
    judge(settings)
    return card


def accepted(settings: Settings) -> dict[str, Any] | None:
    """The run accepted last, with who accepted it (by, why, on), and its facts (run); None where none was."""
    path = settings.files.quality.accepted
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
