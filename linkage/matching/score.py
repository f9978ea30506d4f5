"""Scored pairs of one view, and no pair scored twice: a weight hangs on two rows of tokens and on the model alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa
from splink import DuckDBAPI, Linker

from linkage.contracts.encodings import View
from linkage.errors import LinkError
from linkage.matching.model import Model
from linkage.matching.settings import connection, fillable, linker, meet

# Pairs less probable than this are never looked at again: the lowest cluster threshold is .80, and a score histogram
# needs only some room below it. They are most of the pairs.
SMALLEST_PROBABILITY = 0.01
ROW = pa.schema([("row", pa.int64())])
PAIR = pa.schema(
    [
        ("row_l", pa.int64()),
        ("row_r", pa.int64()),
        ("sealed", pa.bool_()),
        ("match_weight", pa.float64()),
        ("match_probability", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Before:
    """What the same model scored before.

    `rows` (row): the profiles it compared, each by a hash of its tokens; `pairs` (row_l, row_r, sealed, match_weight,
    match_probability): those it kept, l < r, and whether sealed blocking alone had found them. `frequencies` {token
    column: (column, tf_column)}: the share of profiles with each token.
    """

    rows: pa.Table = field(default_factory=ROW.empty_table)
    pairs: pa.Table = field(default_factory=PAIR.empty_table)
    frequencies: Mapping[str, pa.Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Scored:
    """`pairs` (dataset_l, view_id_l, dataset_r, view_id_r, match_weight, match_probability, by_number, by_others).

    A row per pair of rows of the view. Probability 0.01 to 1, weight in bits with the prior in it; `by_number`: the two
    agree on a person number; `by_others`: a rule without a person number finds them. `kept`: the same, for the
    next time. `compared`: how many pairs of profiles were scored now.
    """

    pairs: pa.Table
    kept: Before
    compared: int


def score(
    profiles: pa.Table, view: View, model: Model, candidates: pa.Table | None = None, before: Before | None = None
) -> Scored:
    """Score the pairs of profiles that the view's rules find and those in `candidates` (view_id_l, view_id_r).

    A profile stands for its rows through the smallest of their ids; its other rows are paired with that one at the
    weight a profile has against itself, so that Splink says whether rows with equal tokens are one person. Two profiles
    that both were compared `before` are not compared again. How common a token is, where a level asks for that, is
    counted once for a model and then stays: else every record that comes or goes would move every other woman's weight.
    Raises LinkError when the model is of another scheme.
    """
    view, _ = fillable(view, profiles)
    check(view, model)
    before = before or Before()
    with connection(profiles) as con:
        mark_kept(con, view, before)
        frequencies = {c: before.frequencies.get(c) or frequency(con, c, u) for c, u in counted(view, model)}
        splink = linker(con, view, model.u, model.m, model.prior, spared=("known", "kept"))
        for column, shares in frequencies.items():
            con.register(f"frequency_{column}", shares)
            shares_known = DuckDBAPI(con).register(f"frequency_{column}")
            splink.table_management.register_term_frequency_lookup(shares_known, column)
        compared = block(con, splink, candidates)
        scored = splink.inference.predict(threshold_match_probability=SMALLEST_PROBABILITY).physical_name
        con.execute(
            f"""
            create table pair as
            select profile_id_l, profile_id_r, match_key = 'sealed' as sealed, match_weight, match_probability
            from {scored}
            union all
            select profile_id_l, profile_id_r, sealed, match_weight, match_probability from kept_pair
            """
        )
        rows = con.sql("select row from profiles order by row").to_arrow_table()
        return Scored(by_view_row(con, view), Before(rows, by_row(con), frequencies), compared)


def mark_kept(con: duckdb.DuckDBPyConnection, view: View, before: Before) -> None:
    """Have `profiles` say what each row is, and whether it was compared before; make `kept_pair` by profile."""
    tokens = ", ".join(f'"{name}"' for name in view.tokens)
    con.register("rows_before", before.rows)
    con.register("pairs_before", before.pairs)
    con.execute(
        f"""
        create or replace table profiles as
        select *, row in (select row from rows_before) as kept
        from (
            select *, cast('0x' || sha256(cast(row(dataset, known, {tokens}) as varchar))[1:15] as bigint) as row
            from profiles
        );
        create table kept_pair as
        select
            least(l.profile_id, r.profile_id) as profile_id_l, greatest(l.profile_id, r.profile_id) as profile_id_r,
            p.* exclude (row_l, row_r)
        from pairs_before p join profiles l on l.row = row_l join profiles r on r.row = row_r
        """
    )


def counted(view: View, model: Model) -> list[tuple[str, float]]:
    """(token column, u of its level) of the columns whose rarity sharpens a level."""
    return [
        (level.term_frequency, u)
        for name, comparison in view.comparisons.items()
        for level, u in zip(comparison.levels, model.u[name], strict=True)
        if level.term_frequency
    ]


def frequency(con: duckdb.DuckDBPyConnection, column: str, u: float) -> pa.Table:
    """(column, tf_column): how common each token of a column is, as the other profiles than a pair's say.

    A pair that agrees on a token holds it twice itself. Among few profiles that alone would make every birth date a
    common one, and cost a pair bits for agreeing: those two do not count, and the average, u, weighs as much as one.
    """
    return con.sql(
        f"""
        select "{column}", (greatest(count(*) - 2, 0) + 1) / (sum(count(*)) over () + {1 / u}) as "tf_{column}"
        from profiles where "{column}" is not null group by 1 order by 1
        """
    ).to_arrow_table()


def block(con: duckdb.DuckDBPyConnection, splink: Linker, candidates: pa.Table | None) -> int:
    """Tell Splink which pairs of profiles to score. Returns how many of them are of two profiles."""
    blocked = splink.inference.compute_blocked_pairs_for_predict().physical_name
    register_candidates(con, candidates)
    con.execute(
        f"""
        create or replace table kept_pair as
        from kept_pair where not sealed
        union all
        from kept_pair semi join candidate on join_key_l = profile_id_l and join_key_r = profile_id_r where sealed;
        create table blocked_and_itself as
        select match_key, join_key_l, join_key_r from {blocked}
        union all
        (
            select 'sealed', join_key_l, join_key_r from candidate
            anti join {blocked} using (join_key_l, join_key_r)
            anti join kept_pair on profile_id_l = join_key_l and profile_id_r = join_key_r
        )
        union all
        select 'itself', profile_id, profile_id from profiles where len(view_ids) > 1
        """
    )
    table = DuckDBAPI(con).register("blocked_and_itself")
    splink.table_management.register_blocked_pairs_for_predict(table)
    return int(con.execute("select count(*) from blocked_and_itself where join_key_l <> join_key_r").fetchall()[0][0])


def by_view_row(con: duckdb.DuckDBPyConnection, view: View) -> pa.Table:
    """The table `pair` by the ids of the rows that profiles stand for."""
    return con.sql(
        f"""
        select
            l.dataset as dataset_l, l.view_ids[1] as view_id_l, r.dataset as dataset_r,
            unnest(if(profile_id_l = profile_id_r, l.view_ids[2:], r.view_ids[1:1])) as view_id_r,
            match_weight, match_probability, {by_number(view)} as by_number,
            found.join_key_l is not null or {by_others(view)} as by_others
        from pair
        join profiles l on l.profile_id = profile_id_l
        join profiles r on r.profile_id = profile_id_r
        left join candidate found on found.join_key_l = profile_id_l and found.join_key_r = profile_id_r
        order by view_id_l, view_id_r, dataset_l, dataset_r
        """
    ).to_arrow_table()


def by_row(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The table `pair` by what profiles are, without a profile's weight against itself, which is cheap."""
    return con.sql(
        """
        select least(l.row, r.row) as row_l, greatest(l.row, r.row) as row_r, sealed, match_weight, match_probability
        from pair
        join profiles l on l.profile_id = profile_id_l
        join profiles r on r.profile_id = profile_id_r
        where profile_id_l <> profile_id_r
        order by row_l, row_r
        """
    ).to_arrow_table()


def by_number(view: View) -> str:
    """SQL: profiles l and r agree on a person number."""
    return any_of([meet((number,), view) for number in view.person_numbers])


def by_others(view: View) -> str:
    """SQL: a rule in which no person number stands makes the pair of l and r."""
    return any_of([meet(rule, view) for rule in view.block_on if not set(rule) & set(view.person_numbers)])


def any_of(conditions: list[str]) -> str:
    """SQL: one of them holds; false where none does, or where there is none."""
    return f"coalesce({' or '.join(f'({one})' for one in [*conditions, 'false'])}, false)"


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
