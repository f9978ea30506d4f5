"""Who keeps her id when a second delivery comes, half a year after the first.

Whom a delivery does not touch: the records that are hers are the same, and each of their rows of tokens is.
"""

import datetime

import duckdb
import pandas as pd

from benchmarks.measure import EPOCH
from linkage import models, stages
from linkage.pseudonymisation.pseudonyms import with_record_ids
from linkage.settings import Settings

DELIVERIES = (datetime.date(2025, 9, 30), datetime.date(2026, 3, 31))


def linked(settings: Settings) -> None:
    """Every stage from the extracts to the person index."""
    for dataset in settings.datasets:
        stages.pseudonymise(settings, dataset)
    for view in stages.views(settings):
        for stage in (stages.block, stages.unseal, stages.score):
            stage(settings, view)
    stages.cluster(settings)


def kept(settings: Settings, people: int, seed: int) -> tuple[int, int]:
    """(how many people keep their id, of how many) whom the second delivery does not touch. One model serves both."""
    first, second = DELIVERIES
    stages.synthesise(settings, people, seed, first)
    stages.new_keys(settings, EPOCH)
    linked(settings)
    before = known_of(settings)
    accept(settings)
    stages.synthesise(settings, people, seed, second)
    linked(settings)
    both = before.merge(known_of(settings), on="person", suffixes=("_before", "_after"))
    untouched = both[both["rows_before"] == both["rows_after"]]
    return int((untouched["ids_before"] == untouched["ids_after"]).sum()), len(untouched)


def accept(settings: Settings) -> None:
    """Make the models in use the accepted ones, as somebody does who wants ids to last."""
    for view in stages.views(settings):
        text = settings.files.matching.model(view).read_text(encoding="utf-8")
        models.keep_candidate(settings, models.model_from(text))
        models.accept(settings, view, "benchmark", "the second delivery is linked by the same weights")


def known_of(settings: Settings) -> pd.DataFrame:
    """(person, rows, ids): one row per person: a hash of her records and their tokens, and the ids they have."""
    with duckdb.connect() as con:
        truth = with_record_ids(
            con, settings.files.truth / "records.csv", settings.datasets, stages.key_source(settings)
        )
        con.register("truth", truth)
        con.execute(f"create table said as {' union all '.join(rows_of_tokens(settings))}")
        return con.execute(
            f"""
            with row_of as (select dataset, record_id, list_sort(list(tokens)) as rows from said group by all)
            select person, hash(list((dataset, record_id, rows) order by dataset, record_id))::varchar as rows,
                list_sort(list(distinct person_id_medium))::varchar as ids
            from truth join row_of using (dataset, record_id)
            join '{settings.files.matching.person_index}' using (dataset, record_id)
            group by person
            """
        ).df()


def rows_of_tokens(settings: Settings) -> list[str]:
    """SQL for each view and dataset: (dataset, record_id, row): a hash of the tokens of a record."""
    files = settings.files.matching
    return [
        f"""
        select '{name}' as dataset, record_id, tokens
        from (select view_id, hash(*columns(* exclude (view_id))) as tokens from '{files.encoded(view, name)}')
        join '{files.crosswalk(view, name)}' using (view_id)
        """
        for view in stages.views(settings)
        for name, dataset in settings.datasets.items()
        if view in dataset.views(settings.encodings)
    ]
