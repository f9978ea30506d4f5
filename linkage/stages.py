"""The table of contents: each stage from file to file. The only place where the zones meet, and they meet in files.

A stage is a command of the CLI and a task of an Airflow DAG alike. It reads what earlier stages wrote, calls one zone,
writes whole files, and passes a gate. What it returns is counts, never data, so it may stand in an XCom.
"""

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import duckdb

from linkage import behind, beside_truth, events_beside_truth, facts, link_errors, quality_run, releases, review
from linkage.alone import alone
from linkage.clustering import chain, chained, compared_in, what_is_known
from linkage.clustering import contradict as contradict
from linkage.contracts.comparison import read_comparisons
from linkage.contracts.dataset import Dataset
from linkage.errors import ContractError, LinkError
from linkage.examples import examples_that_hold
from linkage.invention import synthesise as synthesise
from linkage.keyring import check_one_mark as check_one_mark
from linkage.keyring import new_keys as new_keys
from linkage.ledger import ledger_of
from linkage.linking import CONTRACT, Progress, attributes_of, quiet, says, whole
from linkage.linking import views as views
from linkage.sealing import block as block
from linkage.sealing import unseal as unseal
from linkage.settings import Settings
from linkage.workspace import passing_folder, whole_file, whole_folder, write_parquet, write_text

TITLE = "Outcomes of women after contact with the justice system"


def check(settings: Settings) -> dict[str, int]:
    """{what is declared: how many}. Raises ContractError with the mistakes of every file."""
    from linkage.quality.suites import read_all

    readings: dict[str, Callable[[], Any]] = {
        "datasets": lambda: settings.datasets,
        "sexes in scope": lambda: settings.scope.sex,
        "kinds of identifier": lambda: settings.encodings.identifiers,
        "views": lambda: settings.encodings.views,
        "suites of expectations": lambda: read_all(settings.expectations, settings.datasets),
    }
    if (settings.schemas / "circumstances.yaml").exists():
        readings["circumstances"] = lambda: dict(settings.circumstances or ())
    if (settings.schemas / "review.yaml").exists():
        readings["numbers for a review"] = lambda: dict(settings.review)
    if settings.publishes:
        readings |= {
            "cohorts": lambda: settings.analysis.cohorts,
            "outcomes": lambda: settings.analysis.outcomes,
            "examples of outcomes": lambda: examples_that_hold(settings),
            "tables": lambda: settings.analysis.tables,
            "matched comparisons": lambda: settings.comparisons,
            "projects with person-level rows": lambda: settings.projects,
            "disclosure rules": lambda: dict(settings.disclosure),
            "limits on link rates": lambda: dict(settings.link_quality or ()),
            "origins of errors of links": lambda: [settings.link_errors] if settings.link_errors else [],
        }
    found: dict[str, int] = {}
    wrong: list[str] = []
    for what, reading in readings.items():
        try:
            found[what] = len(reading())
        except ContractError as error:
            wrong += str(error).splitlines()
    if wrong:
        raise ContractError("\n".join(dict.fromkeys(wrong)))
    return found


@alone("pseudonymise", of_each=True)
def pseudonymise(
    settings: Settings, dataset: str, file: Path | None = None, progress: Progress = quiet
) -> dict[str, Any]:
    """Extract → encoded/, crosswalk/, attributes/ and quarantine/, through the gates `extract` and `tokens`.

    `file`: where the extract lies; by default where its contract says it is delivered. Returns the balance of its rows.
    Where a gate stops it, quarantine and counts are written and nothing else: no row goes on. Whatever was made from an
    earlier delivery of this dataset goes, so that no later stage can mix the two.
    """
    from linkage.pseudonymisation import pseudonymise as zone

    contract, files, ledger = settings.dataset(dataset), settings.files, ledger_of(settings)
    delivered = file or files.department.extract(contract.path)
    ledger.verify()
    files.forget_unfinished(dataset)
    with passing_folder(files.department.scratch(dataset)) as scratch, spilling(scratch) as con:
        found = zone.pseudonymise(
            con=con,
            dataset=contract,
            encodings=settings.encodings,
            scope=settings.scope,
            keys=key_source(settings),
            file=delivered,
            scratch=scratch,
            progress=progress,
        )
        write_parquet(found.quarantine, files.department.quarantine(dataset))
        files.forget_dataset(dataset, found.encoded)
        facts.forget(settings, facts.OF_TOKENS + facts.OF_LINKAGE + facts.AFTER_LINKAGE)
        balance = found.intake.as_facts() | {
            "input_sha256": facts.sha256(delivered),
            "tokens": found.mark,
            CONTRACT: says(contract),
        }
        facts.write(settings, f"intake/{dataset}", balance)
        progress("checking")
        balance["gates"] = pass_extract_gates(settings, contract, found)
        progress("writing")
        for view, relation in found.encoded.items():
            write_parquet(relation, files.matching.encoded(view, dataset), found.mark)
            write_parquet(found.crosswalk[view], files.matching.crosswalk(view, dataset), found.mark)
        for view in set(found.sealed) & set(views(settings)):
            write_parquet(found.sealed[view].keys, files.blocking.keys(view, dataset), found.mark)
            write_parquet(found.sealed[view].crosswalk, files.unsealing.crosswalk(view, dataset), found.mark)
        write_parquet(found.attributes, files.cohorts.attributes(dataset))
    ledger.append("pseudonymised", dataset=dataset, tokens=found.mark, rows_in=balance["rows_in"],
                  rows_out=balance["rows_out"], input_sha256=balance["input_sha256"])  # fmt: skip
    return balance


def spilling(scratch: Path) -> duckdb.DuckDBPyConnection:
    """A connection for an extract of any size: what does not fit into memory goes where clear text may lie."""
    con = duckdb.connect(config={"memory_limit": "1GB", "temp_directory": str(scratch)})
    con.execute("set enable_progress_bar = false")  # it would write into what a command says
    return con


def pass_extract_gates(settings: Settings, contract: Dataset, found: Any) -> str:
    """The gates `extract` and, in each view, `tokens`. Raises GateError. A department alone may have no gates."""
    try:
        from linkage.quality import gate, suites
        from linkage.quality.facts import intake_facts
    except ModuleNotFoundError:
        return "not run: great-expectations is not installed here"

    suite = suites.extract_suite(settings.expectations, contract)
    counted = intake_facts(contract, found.intake.as_facts())
    pass_gate(settings, gate.validate("extract", contract.name, suite, found.attributes, counted))
    for view, rows in found.encoded.items():
        filled = tuple(column for column in rows.columns if column != "view_id")
        suite = suites.tokens_suite(settings.expectations, settings.encodings.views[view], filled)
        pass_gate(settings, gate.validate("tokens", f"{contract.name}.{view}", suite, rows))
    return "passed"


def pass_gate(settings: Settings, verdict: Any) -> None:
    """Keep a verdict in both its forms, then enforce it. Raises GateError."""
    from linkage.quality import gate

    quality_run.keep(settings, verdict)
    gate.enforce(verdict)


def key_source(settings: Settings) -> Any:
    """Where keys come from: the owner-only folder of the workspace, or Airflow's secrets backend where that is said."""
    from linkage.pseudonymisation.key_sources import AirflowConnections, KeyFolder

    in_a_vault = os.environ.get("LINKAGE_KEYS") == "airflow"
    return AirflowConnections() if in_a_vault else KeyFolder(settings.files.department.keys)


@alone("score", of_each=True)
def score(settings: Settings, view: str, progress: Progress = quiet, anew: bool = False) -> dict[str, Any]:
    """encoded/<view>/ and candidates/<view> → the scored pairs of one view, by the model that is in use.

    Pairs that it scored before, of rows that have not changed, are not scored again, unless `anew`.
    """
    from linkage.scoring import score as scored

    return scored(settings, view, progress, anew)


def cluster(settings: Settings) -> dict[str, Any]:
    """Scored pairs of every view → edges and the person index: `chain`, `contradict`, `settle`."""
    chain(settings)
    contradict(settings)
    return settle(settings)


@alone("settle")
def settle(settings: Settings) -> dict[str, Any]:
    """Edges, decisions and what contradicts a chain → the person index, through the gate `person_index`."""
    from linkage import people as named
    from linkage.matching import doubts, model, person_index, summary
    from linkage.quality import gate, suites

    files, limits = settings.files, settings.encodings.clusters
    with duckdb.connect() as con:
        edges, chains = whole(con, files.matching.edges, "linkage link"), chained(settings, con)
        known, objections = what_is_known(settings, con, chains, edges)
        clusters = person_index.clusters(chains.project("dataset, record_id"), edges, compared_in(settings), known)
        texts = {view: files.matching.model(view).read_text() for view in views(settings)}
        people = con.from_arrow(named.person_index(settings, con, clusters, texts.values()))
        write_parquet(doubts.doubts(con, chains, people, objections, limits.largest), files.matching.doubts)
        found = summary.summary(con, people, edges, {view: model.model_from(text) for view, text in texts.items()})
        found["doubts"] = doubts.counts(con, con.read_parquet(str(files.matching.doubts)))
        found["decisions"] = known.decisions
        facts.write(settings, "linkage", found)
        quality_run.note_people(settings, con, edges, people)
        suite = suites.person_index_suite(settings.expectations)
        pass_gate(settings, gate.validate("person_index", "person_index", suite, people))
        write_parquet(people, files.matching.person_index)
    return {name: found[name] for name in ("records", "pairs", "clusters", "doubts", "decisions")}


@alone("tabulate")
def tabulate(settings: Settings) -> dict[str, Any]:
    """attributes/ and the person index → unrounded counts per table, link quality, contradictions, and a verdict."""
    from linkage.cohorts import comparing, contradictions, reach, tabulate
    from linkage.cohorts.members import sex_conflicts
    from linkage.cohorts.records import Records

    analysis, files = settings.analysis, settings.files
    files.forget_counts()
    facts.forget(settings, facts.OF_COUNTS + facts.OF_RELEASE)
    with duckdb.connect() as con:
        attributes = attributes_of(settings, con, settings.datasets, files.cohorts.attributes)
        people = whole(con, linked(settings), "linkage link")
        compared = read_comparisons(settings.schemas, analysis)
        comparisons = comparing.Counting(con, analysis, compared)
        tables = tabulate.tables(con, analysis, attributes, people, comparisons.at) | comparisons.tables()
        for name, counts in tables.items():
            write_parquet(counts, files.cohorts.counts(name))
        behind.note(settings, con, analysis, attributes, people)
        quality_run.note_groups(settings, con, analysis, attributes, people)
        facts.write(settings, "reach", [one._asdict() for one in reach.reach(analysis, attributes)])
        link_errors.note_truth(settings, con, analysis, attributes, people, compared)
        impossible = contradictions.contradictions(con, analysis, attributes, people)
        write_parquet(impossible, files.cohorts.contradictions)
        by_reason = impossible.aggregate("reason, threshold, count(*) as pairs", "reason, threshold").order("all")
        facts.write(settings, "contradictions", by_reason.to_arrow_table().to_pylist())
        facts.write(settings, "sex_conflicts", sex_conflicts(Records(con, attributes, people, "medium"), analysis))
    quality_run.judge(settings)
    return {"tables": sorted(tables)}


def linked(settings: Settings) -> Path:
    """The person index. Raises LinkError where there is none yet."""
    path = settings.files.matching.person_index
    if not path.exists():
        raise LinkError("There is no person index yet. Run: linkage link")
    return path


@alone("publish")
def publish(settings: Settings, release: str, approval: str | None = None) -> dict[str, Any]:
    """Counts → a release, through the gate `tables` and the audit. `approval`: who let it out.

    Raises PrivacyError when nobody did and the data are not invented, DisclosureError when a cell gives somebody away;
    then nothing is published, and an earlier release of that name stays as it was.
    """
    from linkage.contracts.adding import adding
    from linkage.contracts.compared import about
    from linkage.provenance import cells_by_table, provenance
    from linkage.quality import gate, suites
    from linkage.release import codes, compared, control, every, frequency, publish, standardised
    from linkage.release.auditor import files as auditor
    from linkage.release.auditor.notes import AddsUp
    from linkage.release.draft import Declared
    from linkage.report import pages

    if not releases.A_RELEASE.fullmatch(release):
        raise ContractError(f"A release is named with small letters, digits, '_', '.' and '-'; not {release!r}.")
    made_up, approval = facts.invented(settings), releases.approved(settings, approval, "linkage publish")
    analysis, disclosure, files = settings.analysis, settings.disclosure, settings.files
    if files.release(release).exists() and not (files.release(release) / "manifest.json").exists():
        raise ContractError(f"{files.release(release)} is there and is no release. Choose another name.")
    facts.forget(settings, facts.OF_RELEASE)
    quality_run.release_gate(settings)
    masthead = pages.Masthead(release, TITLE, made_up, approval, facts.population(settings))
    comparisons = read_comparisons(settings.schemas, analysis)
    known, errors = adding(analysis, comparisons), link_errors.of_release(settings, analysis)
    with duckdb.connect() as con, releases.noting_a_stop(settings, release):
        counts, without = releases.counted(con, settings, analysis, comparisons)
        descriptions = releases.described(analysis, without)
        abouts = [
            about(name, one, analysis, {gone.breakdown: gone.why for gone in without if gone.table_id == name})
            for name, one in comparisons.items()
        ]
        titles = {d.table_id: d.whole_title for d in descriptions} | {a.name: a.whole_title for a in abouts}
        left = releases.before(settings, analysis, comparisons)
        women, events = (behind.read(settings, what) for what in (behind.WOMEN, behind.EVENTS))
        declared, before = Declared(**known), [entry.left for entry in left]
        made = control.control(counts, disclosure, titles, declared, before, every.behind(women))
        rows = standardised.beside(link_errors.beside(made.rows, errors, disclosure), known["crossed"], disclosure)
        rows = frequency.beside(rows, frequency.sums(events), disclosure, declared, before)
        suite = suites.tables_suite(settings.expectations)
        pass_gate(settings, gate.validate("tables", release, suite, con.from_arrow(publish.arrow(rows))))
        more = compared.compared(rows, abouts, disclosure)
        reasons = link_errors.reasons(settings, analysis)
        page = pages.release_page(masthead, rows, descriptions, disclosure, abouts, more, reasons)
        with whole_folder(files.release(release)) as folder:
            further = compared.tables(more)
            meant = codes.table(rows, further, releases.coded(settings, analysis, comparisons), disclosure)
            told, made_from = releases.told(analysis, descriptions, abouts), provenance(settings, masthead)
            publish.publish(folder, rows, page, made_from, disclosure, told, (*further, meant))
            earlier = [(entry.name, entry.rows) for entry in left]
            found = auditor.audit(folder, counts, disclosure, AddsUp(**known), release, earlier, women, events)
            facts.write(settings, "suppression", {"lost": made.lost, "least": made.least})
            facts.write(settings, "audit", [asdict(verdict) for verdict in found.verdicts])
            auditor.require_pass(found)
            write_text(found.certificate, files.certificate(release))
            releases.enter(settings, analysis, masthead, found, folder / "tables.csv", comparisons)
            quality_run.log_amber(settings, release, approval)
    facts.write(settings, "release", {"release": release, "approval": approval, "tables": cells_by_table(rows)})
    return {"release": release, "approval": approval, "cells": found.cells}


def evaluate(settings: Settings, truth: Path, save_index: Path | None = None) -> dict[str, Any]:
    """Compare the person index with a truth in the departments' own record ids.

    Returns how many records are in both and in one alone, and `rows`: (scope, part, threshold, figures …).
    Raises ExtractError where the truth has not the columns dataset, record_id and person, LinkError where it and the
    index have no record in common.
    """
    from linkage import evaluation
    from linkage.pseudonymisation.pseudonyms import with_record_ids

    with duckdb.connect() as con:
        known = con.from_arrow(with_record_ids(con, truth, settings.datasets, key_source(settings)))
        people = whole(con, linked(settings), "linkage link")
        found = evaluation.evaluate(con, known.project("* exclude (own_record_id)"), people)
        edges = whole(con, settings.files.matching.edges, "linkage link")
        facts.write(settings, "calibration", evaluation.calibration(con, known, edges))
        if save_index:
            saved = con.sql(
                """select dataset, own_record_id as record_id, person_id_high, person_id_medium, person_id_low
                from known join people using (dataset, record_id) order by 1, 2"""
            )
            with whole_file(save_index) as unfinished:
                saved.write_csv(str(unfinished), header=True)
    facts.write(settings, "evaluation", found.as_dict())
    return found.as_dict()


def report(settings: Settings) -> str:
    """Everything known about the run → the one quality report. Returns its path."""
    from linkage.report import pages
    from linkage.report.facts import Facts

    release = facts.read(settings, "release") or {}
    known = {
        "intake": list(facts.intake(settings).values()),
        "gates": facts.read_all(settings, "gates"),
        "linkage": facts.read(settings, "linkage"),
        "blocking": facts.by_name(settings, "blocking"),
        **{name: facts.read(settings, name) for name in facts.FOR_THE_QUALITY_LEAD},
        "review": review.estimated(settings),
        "registers": [name for name, one in settings.datasets.items() if one.coverage == "event_register"],
        "attack": facts.read(settings, "attack"),
        "accuracy": (facts.read(settings, "evaluation") or {}).get("rows"),
        "contradictions": facts.read(settings, "contradictions"),
        "sex_conflicts": facts.read(settings, "sex_conflicts"),
        "beside_truth": beside_truth.of_invented(settings, release.get("release", "")),
        "events_beside_truth": events_beside_truth.of_invented(settings, release.get("release", "")),
        "agreement": facts.read(settings, "agreement"),
        "differences": beside_truth.differences(settings, release.get("release", "")),
        "disclosure": release.get("tables"),
        "stopped": facts.read(settings, "stopped"),
        "suppression": facts.read(settings, "suppression"),
        "audit": facts.read(settings, "audit"),
    }
    approval, population = release.get("approval", ""), facts.population(settings)
    masthead = pages.Masthead(release.get("release", ""), TITLE, facts.invented(settings), approval, population)
    found = cast(Facts, {name: value for name, value in known.items() if value})
    page = pages.quality_report(masthead, found, settings.link_quality)
    write_text(page, settings.files.quality.report)
    return str(settings.files.quality.report)
