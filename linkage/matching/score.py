"""Scored pairs of one view."""

import duckdb
import pyarrow as pa
from splink import DuckDBAPI, Linker

from linkage.contracts.encodings import View
from linkage.errors import LinkError
from linkage.matching.model import Model
from linkage.matching.settings import connection, fillable, linker

# Pairs less probable than this are never looked at again: the lowest cluster threshold is .80, and a score histogram
# needs only some room below it. They are most of the pairs.
SMALLEST_PROBABILITY = 0.01


def score(profiles: pa.Table, view: View, model: Model, candidates: pa.Table | None = None) -> pa.Table:
    """(dataset_l, view_id_l, dataset_r, view_id_r, match_weight, match_probability): one row per pair of view rows.

    A profile stands for its rows through the smallest of their ids; its other rows are paired with that one at the
    weight a profile has against itself, so that Splink says whether rows with equal tokens are one person. `candidates`
    (view_id_l, view_id_r): pairs to score beside those of the view's own rules. Probability 0.01 to 1, weight in bits
    with the prior in it. Raises LinkError when the model is of another scheme.
    """
    view, _ = fillable(view, profiles)
    check(view, model)
    with connection(profiles) as con:
        splink = linker(con, view, model.u, model.m, model.prior)
        register_frequencies(con, splink, view, model)
        blocked = splink.inference.compute_blocked_pairs_for_predict().physical_name
        register_candidates(con, candidates)
        con.execute(
            f"""
            create table blocked_and_itself as
            select match_key, join_key_l, join_key_r from {blocked}
            union all
            (select 'sealed', join_key_l, join_key_r from candidate anti join {blocked} using (join_key_l, join_key_r))
            union all
            select 'itself', profile_id, profile_id from profiles where len(view_ids) > 1
            """
        )
        splink.table_management.register_blocked_pairs_for_predict(DuckDBAPI(con).register("blocked_and_itself"))
        scored = splink.inference.predict(threshold_match_probability=SMALLEST_PROBABILITY).physical_name
        return con.sql(
            f"""
            select
                l.dataset as dataset_l, l.view_ids[1] as view_id_l, r.dataset as dataset_r,
                unnest(if(profile_id_l = profile_id_r, l.view_ids[2:], r.view_ids[1:1])) as view_id_r,
                match_weight, match_probability
            from {scored}
            join profiles l on l.profile_id = profile_id_l
            join profiles r on r.profile_id = profile_id_r
            order by view_id_l, view_id_r, dataset_l, dataset_r
            """
        ).to_arrow_table()


def register_frequencies(con: duckdb.DuckDBPyConnection, splink: Linker, view: View, model: Model) -> None:
    """Tell Splink how common each value of a `term_frequency` column is, as the other profiles than a pair's say.

    A pair that agrees on a value holds it twice itself. Among few profiles that alone would make every birth date a
    common one, and cost a pair bits for agreeing: those two do not count, and the average, u, weighs as much as one.
    """
    for name, comparison in view.comparisons.items():
        for level, u in zip(comparison.levels, model.u[name], strict=True):
            if column := level.term_frequency:
                con.execute(
                    f"""
                    create or replace table frequency_of_{column} as
                    select "{column}",
                        (greatest(count(*) - 2, 0) + 1) / (sum(count(*)) over () + {1 / u}) as "tf_{column}"
                    from profiles where "{column}" is not null group by all
                    """
                )
                table = DuckDBAPI(con).register(f"frequency_of_{column}")
                splink.table_management.register_term_frequency_lookup(table, column)


def register_candidates(con: duckdb.DuckDBPyConnection, candidates: pa.Table | None) -> None:
    """Make the table `candidate` (join_key_l, join_key_r): pairs of view rows as pairs of profiles, l < r."""
    con.register("given", candidates or pa.table({"view_id_l": [], "view_id_r": []}))
    con.execute(
        """
        create table candidate as
        with row_of as (select unnest(view_ids) as view_id, profile_id from profiles)
        select distinct
            least(l.profile_id, r.profile_id) as join_key_l, greatest(l.profile_id, r.profile_id) as join_key_r
        from given
        join row_of l on l.view_id = view_id_l
        join row_of r on r.view_id = view_id_r
        where l.profile_id != r.profile_id
        """
    )
    con.unregister("given")


def check(view: View, model: Model) -> None:
    """Raises LinkError unless the model has a weight for each level of each comparison, and no other."""
    asked = {name: [level.label for level in comparison.levels] for name, comparison in view.comparisons.items()}
    trained = {name: [weight.label for weight in weights] for name, weights in model.comparisons.items()}
    if different := sorted(name for name in {*asked, *trained} if asked.get(name) != trained.get(name)):
        raise LinkError(
            f"View {model.view}: the model was trained on other comparisons than these records can fill ({different})."
            " Train it again."
        )
