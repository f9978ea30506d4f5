"""Small invented populations through the real stages, and what each of their cells would be with perfect links.

A seed gives counts, and no estimate: how rates are corrected can be looked at again without linking again. All are
linked by weights that another population taught, as deliveries are by a model that somebody accepted.
"""

import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.link_ids import linked
from benchmarks.measure import EPOCH
from linkage import facts, models, stages
from linkage.cohorts import tabulate
from linkage.cohorts.link_errors import link_errors
from linkage.cohorts.truth import at_medium, true_index
from linkage.contracts.analysis import ALL, Analysis
from linkage.link_errors import SEVERAL, sources
from linkage.linking import arrived, whole
from linkage.matching.model import Model
from linkage.pseudonymisation.pseudonyms import with_record_ids
from linkage.settings import Settings
from linkage.workspace import write_text

# Of persons of that age when the cohorts begin, and of the others: the share of them whose records of a source are
# missed, and the share whose records of it are given to somebody else.
POOR = "30-39"
SPOILED = {"poor": (0.15, 0.05), "others": (0.03, 0.01)}
TEACHES = 0  # the seed of the population that teaches weights, which is not one of those that are counted
ANCHORS = ("prison", "probation")  # where cohorts come from: their own records stay as they are
OUT_OF_REACH = 1_000_000_000  # no person has an id so high
LABELS = ("cohort", "outcome", "geography", "period", "breakdown", "category")
COUNTS = ("numerator", "denominator")
Relation = duckdb.DuckDBPyRelation


def kept(file: Path, people: int) -> dict[int, dict[str, Any]]:
    """{seed: what was counted}, of runs of so many people that are in the file already."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {said["seed"]: said for said in map(json.loads, lines) if said["people"] == people}


def run(schemas: Path, people: int, seeds: Iterable[int], file: Path, spoiled: bool) -> dict[int, dict[str, Any]]:
    """Count every seed that is not in the file yet, a line each, and give all of them. `spoiled`: see `counted`."""
    found = kept(file, people)
    wanted = [seed for seed in seeds if seed not in found]
    weights = taught(schemas, people) if wanted and not spoiled else ()
    for seed in seeds:
        if seed in wanted:
            found[seed] = counted(schemas, people, seed, weights, spoiled)
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(found[seed]) + "\n")
    return {seed: found[seed] for seed in seeds}


def taught(schemas: Path, people: int) -> tuple[Model, ...]:
    """The weights of each view, learned from so many people who are not counted."""
    with tempfile.TemporaryDirectory() as passing:
        settings = Settings(schemas=schemas, workspace=Path(passing))
        stages.synthesise(settings, people, TEACHES)
        stages.new_keys(settings, EPOCH)
        linked(settings)
        return tuple(
            models.model_from(settings.files.matching.model(view).read_text(encoding="utf-8"))
            for view in stages.views(settings)
        )


def counted(schemas: Path, people: int, seed: int, weights: Sequence[Model], spoiled: bool) -> dict[str, Any]:
    """{seed, people, seconds, cells, lives, errors, set_aside}: one population, linked by these weights and counted.

    `spoiled`: not linked, but linked as the truth is and then spoiled by lot, worse of one group than of the others.
    `cells`: each cell's labels, then women with the outcome and women counted, as linked and by perfect links (the same
    records under the ids of the truth). `lives`: the same of all women, from the lives that were invented, which no
    department saw whole. `errors`: what `link_errors` counts. `set_aside`: rows in quarantine and rows accepted, by
    dataset. `seconds` are those of processors.
    """
    began = time.process_time()
    with tempfile.TemporaryDirectory() as passing, duckdb.connect() as con:
        settings = Settings(schemas=schemas, workspace=Path(passing))
        stages.synthesise(settings, people, seed)
        stages.new_keys(settings, EPOCH)
        if spoiled:
            for dataset in settings.datasets:
                stages.pseudonymise(settings, dataset)
        else:
            for model in weights:
                write_text(model.to_json(), settings.files.matching.kept_model(model.view, models.ACCEPTED))
            linked(settings)
        analysis = that_are_corrected(at_medium(settings.analysis))
        truth = con.from_arrow(
            with_record_ids(con, settings.files.truth / "records.csv", settings.datasets, stages.key_source(settings))
        )
        rightly = true_index(con, truth, truth)
        index = con.from_arrow(
            spoiled_index(con, truth, rightly, seed)
            if spoiled
            else whole(con, stages.linked(settings), "").to_arrow_table()
        )
        attributes = {name: arrived(con, settings.files.cohorts.attributes(name), name) for name in settings.datasets}
        as_linked = tabulate.tables(con, analysis, attributes, index)
        perfect = tabulate.tables(con, analysis, attributes, rightly)
        errors = link_errors(con, analysis, attributes, index, truth)
        return {
            "seed": seed, "people": people,
            "cells": [cell for name in analysis.tables for cell in side_by_side(as_linked[name], perfect[name])
                      if cell[LABELS.index("period")] in {ALL, *years(analysis).values()}],
            "lives": lived(settings), "errors": [list(row) for row in errors.fetchall()],
            "set_aside": {name: [sum(one["quarantined"].values()), one["rows_out"]]
                          for name, one in facts.intake(settings).items()},
            "seconds": round(time.process_time() - began, 1),
        }  # fmt: skip


def that_are_corrected(analysis: Analysis) -> Analysis:
    """Without tables whose rates are not corrected (by an answer or by a history, of deaths, of what came first), and
    without those of half-years, which show women once more.
    """
    known = {name for name, source in sources(analysis).items() if source.dataset != SEVERAL}
    return replace(
        analysis,
        tables={
            name: table
            for name, table in analysis.tables.items()
            if known.issuperset(analysis.outcomes_of(table))
            and not (analysis.divided_by(table) or analysis.histories_of(table) or "half_year" in table.periods)
        },
    )


def years(analysis: Analysis) -> dict[str, str]:
    """{quarter: its year}."""
    return {quarter.label: quarter.year for quarter in analysis.period.calendar}


def ids(person: str) -> str:
    """SQL: one person id at every threshold."""
    return ", ".join(f"cast({person} as bigint) as person_id_{threshold}" for threshold in ("high", "medium", "low"))


def spoiled_index(con: duckdb.DuckDBPyConnection, truth: Relation, rightly: Relation, seed: int) -> Any:
    """The true index in which, by lot, all that a person of a cohort's source has in another one is missed, or is given
    to somebody else of a cohort's source, as `SPOILED` says.
    """
    poor, others = (SPOILED[of] for of in ("poor", "others"))
    limits = [f"case when age_band = '{POOR}' then {poor[n]} else {others[n]} end" for n in (0, 1)]
    person = f"""
        case when lot is null or lot >= missed + given then own
             when lot < missed then own + {OUT_OF_REACH} * source
             else receiver.id end
        """
    return con.sql(
        f"""
        with anchored as (
            select person_id_medium as id, row_number() over (order by person_id_medium) - 1 as place
            from (select distinct person_id_medium from rightly where dataset in {ANCHORS})
        ),
        drawn as (
            select dataset, record_id, {limits[0]} as missed, {limits[1]} as given, person_id_medium as own,
                dense_rank() over (order by dataset) as source,
                case when dataset not in {ANCHORS} and anchored.id is not null
                     then hash(person, dataset, {seed}) / 18446744073709551616.0 end as lot,
                hash(person, dataset, {seed}, 'to') % (select count(*) from anchored) as receiver_place
            from truth join rightly using (dataset, record_id)
            left join anchored on anchored.id = person_id_medium
        )
        select dataset, record_id, {ids(person)}
        from drawn left join anchored as receiver on receiver.place = receiver_place
        """
    ).to_arrow_table()


def side_by_side(one: Relation, other: Relation) -> list[list[Any]]:
    """[labels …, with the outcome, counted, and both by perfect links]: one per cell with a woman."""
    columns = [one.columns.index(name) for name in (*LABELS, *COUNTS)]
    both: dict[tuple[Any, ...], list[int]] = {}
    for place, rows in enumerate((one.fetchall(), other.fetchall())):
        for row in rows:
            *labels, having, women = (row[c] for c in columns)
            both.setdefault(tuple(labels), [0, 0, 0, 0])[2 * place : 2 * place + 2] = [having, women]
    return [[*labels, *counts] for labels, counts in both.items() if any(counts)]


def lived(settings: Settings) -> list[list[Any]]:
    """[cohort, outcome, year or all of them, with the outcome, counted] of all women, from the invented lives."""
    year_of = years(settings.analysis)
    rows = duckdb.sql(
        f"""
        select cohort, outcome, quarter, count(*) filter (achieved = 'yes'), count(*)
        from read_csv('{settings.files.truth / "outcomes.csv"}', all_varchar=true)
        where counted = 'yes' group by all
        """
    ).fetchall()
    found: dict[tuple[str, ...], list[int]] = {}
    for cohort, outcome, quarter, having, women in rows:
        for period in (year_of[quarter], ALL):
            sums = found.setdefault((cohort, outcome, period), [0, 0])
            sums[0], sums[1] = sums[0] + having, sums[1] + women
    return [[*cell, *sums] for cell, sums in sorted(found.items())]
