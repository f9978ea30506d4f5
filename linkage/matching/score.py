"""Scored pairs of one view, and no pair scored twice: a weight hangs on two rows of tokens and on the model alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa
from splink import DuckDBAPI

from linkage.contracts.encodings import View
from linkage.errors import LinkError
from linkage.matching.blocking import bits, of_numbers, of_others, sealed
from linkage.matching.defaults import defaults, marked
from linkage.matching.itself import stand_ins, unlinkable
from linkage.matching.model import Model
from linkage.matching.settings import as_scored, columns_of, connection, linker, one_row

# Pairs less probable than this are never looked at again: the lowest cluster threshold is .80, and a score histogram
# needs only some room below it. They are most of the pairs.
SMALLEST_PROBABILITY = 0.01
ROW = pa.schema([("row", pa.uint64())])
PAIR = pa.schema(
    [
        ("row_l", pa.uint64()),
        ("row_r", pa.uint64()),
        ("match_weight", pa.float64()),
        ("match_probability", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Before:
    """What the same model scored before.

    `rows` (row): the profiles it compared, each by a hash of its tokens; `pairs` (row_l, row_r, match_weight,
    match_probability): those it kept, l < r. `frequencies` {token column: (column, tf_column)}: the share of profiles
    with each token. `defaults` {token column: (column)}: its tokens that stand for a value nobody knows.
    """

    rows: pa.Table = field(default_factory=ROW.empty_table)
    pairs: pa.Table = field(default_factory=PAIR.empty_table)
    frequencies: Mapping[str, pa.Table] = field(default_factory=dict)
    defaults: Mapping[str, pa.Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Scored:
    """`pairs` (dataset_l, view_id_l, dataset_r, view_id_r, match_weight, match_probability, by_number, by_others).

    A row per pair of rows of the view. Probability 0.01 to 1, weight in bits with the prior in it; `by_number`: the two
    agree on a person number; `by_others`: a rule without a person number finds them. `kept`: the same, for the
    next time. `compared`: how many pairs of profiles were scored now. `unlinkable` (dataset, view_id): the rows that
    would not be linked to the very same.
    """

    pairs: pa.Table
    kept: Before
    compared: int
    unlinkable: pa.Table


def score(profiles: pa.Table, view: View, model: Model, made: pa.Table, before: Before | None = None) -> Scored:
    """Score the pairs of profiles `made` (profile_id_l, profile_id_r, rules) by blocking.

    A profile stands for its rows through the smallest of their ids; its other rows are paired with that one at the
    weight a profile has against itself, so that Splink says whether rows with equal tokens are one person. Two profiles
    that both were compared `before` are not compared again. How common a token is, and whether it is a default, is
    counted once for a model and then stays: else every record that comes or goes would move every other woman's weight.
    Raises LinkError when the model is of another scheme.
    """
    view = as_scored(view, profiles)
    check(view, model)
    before = before or Before()
    known = defaults(profiles, view) | {**before.defaults}
    with connection(marked(profiles, known)) as con:
        compared, frequencies = compare(con, view, model, made, before)
        see(con, view)
        rows = con.sql("select row from seen order by row").to_arrow_table()
        return Scored(by_view_row(con, view), Before(rows, by_row(con), frequencies, known), compared, unlinkable(con))


def compare(
    con: duckdb.DuckDBPyConnection, view: View, model: Model, made: pa.Table, before: Before
) -> tuple[int, Mapping[str, pa.Table]]:
    """Have Splink weigh the pairs of `profiles` that nobody has before, and each profile against itself.

    Returns how many pairs that were, and how common tokens are.
    """
    compared = to_compare(con, view, made, before)
    frequencies = {c: before.frequencies.get(c) or frequency(con, c, u) for c, u in counted(view, model)}
    only_compared(con, view)
    api = DuckDBAPI(con)  # each opens a database of its own beside `con`
    splink = linker(api, "tokens_compared", view, model.u, model.m, model.prior)
    for column, shares in frequencies.items():
        con.register(f"frequency_{column}", shares)
        splink.table_management.register_term_frequency_lookup(api.register(f"frequency_{column}"), column)
    stand_ins(con, view, frequencies)
    con.execute("insert into blocked select distinct 0, stand_in, stand_in from alike")
    splink.table_management.register_blocked_pairs_for_predict(api.register("blocked"))
    weigh(con, splink.inference.predict(threshold_match_probability=SMALLEST_PROBABILITY).physical_name)
    return compared, frequencies


def only_compared(con: duckdb.DuckDBPyConnection, view: View) -> None:
    """Make `tokens_compared`: of `profiles` what comparisons look at, since Splink copies every column it is given."""
    columns = sorted(set[str]().union(*(columns_of(comparison) for comparison in view.comparisons.values())))
    names = ", ".join(f'"{c}"' for c in ("profile_id", *columns))
    con.execute(f"create view tokens_compared as select {names} from profiles")


def to_compare(con: duckdb.DuckDBPyConnection, view: View, made: pa.Table, before: Before) -> int:
    """Make `blocked`, and `kept_pair`.

    `blocked` (match_key, join_key_l, join_key_r): the pairs to compare, as Splink takes them; the key says nothing.
    `kept_pair` (profile_id_l, profile_id_r, match_weight, match_probability): those that need not be, by profile.
    Returns how many pairs are compared.
    """
    for name, arrived in {"made": made, "rows_before": before.rows, "pairs_before": before.pairs}.items():
        con.register(name, arrived)
    con.execute(
        f"""
        create table compared_before as
        select profile_id, row from (select profile_id, {row_of(view)} as row from profiles)
        where row in (select row from rows_before);
        create table blocked as
        select 0::utinyint as match_key, profile_id_l as join_key_l, profile_id_r as join_key_r
        from made
        where profile_id_l not in (select profile_id from compared_before)
        or profile_id_r not in (select profile_id from compared_before);
        create table kept_pair as
        select profile_id_l, profile_id_r, match_weight, match_probability
        from made
        join compared_before l on l.profile_id = profile_id_l join compared_before r on r.profile_id = profile_id_r
        join pairs_before on row_l = least(l.row, r.row) and row_r = greatest(l.row, r.row)
        """
    )
    [compared] = one_row(con, "select count(*) from blocked")
    return compared


def see(con: duckdb.DuckDBPyConnection, view: View) -> None:
    """Make `seen` (profile_id, dataset, known, view_ids, row, by_number, by_others): a row per profile.

    `row`: a hash of its tokens, by which the next time knows it. Which rules would find its like?
    """
    con.execute(
        f"""
        create table seen as
        select
            profile_id, dataset, known, view_ids, {row_of(view)} as row,
            {holds(view, of_numbers(view))} as by_number, {holds(view, of_others(view))} as by_others
        from profiles
        """
    )


def row_of(view: View) -> str:
    """SQL: what a profile is, by a hash of all it says."""
    said = ", ".join(f'"{name}"' for name in (*view.tokens, *view.hints))
    return f"hash(dataset, known, {said})"


def holds(view: View, rules: list[int]) -> str:
    """SQL: a profile holds every token of one of the rules."""
    return " or ".join(" and ".join(f'"{name}" is not null' for name in view.block_on[n]) for n in rules) or "false"


def weigh(con: duckdb.DuckDBPyConnection, scored: str) -> None:
    """What Splink `scored` and what was kept, as `pair` by profile, and as `itself` by the profiles that stand in."""
    con.execute(
        f"""
        create table itself as
        select profile_id_l as stand_in, match_weight, match_probability
        from {scored} where profile_id_l = profile_id_r;
        create view pair as
        select profile_id_l, profile_id_r, match_weight, match_probability
        from {scored} where profile_id_l <> profile_id_r
        union all
        from kept_pair
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


def by_view_row(con: duckdb.DuckDBPyConnection, view: View) -> pa.Table:
    """The table `pair` by the ids of the rows that profiles stand for, and the rows that one profile stands for."""
    return con.sql(
        f"""
        select
            l.dataset as dataset_l, l.view_ids[1] as view_id_l, r.dataset as dataset_r, r.view_ids[1] as view_id_r,
            match_weight, match_probability,
            rules & {bits(of_numbers(view))} <> 0 as by_number,
            rules & {bits([*of_others(view), sealed(view)])} <> 0 as by_others
        from pair
        join made using (profile_id_l, profile_id_r)
        join seen l on l.profile_id = profile_id_l
        join seen r on r.profile_id = profile_id_r
        union all
        select
            dataset, view_ids[1], dataset, unnest(view_ids[2:]), match_weight, match_probability, by_number, by_others
        from seen join alike using (profile_id) join itself using (stand_in)
        order by view_id_l, view_id_r, dataset_l, dataset_r
        """
    ).to_arrow_table()


def by_row(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The table `pair` by what profiles are."""
    return con.sql(
        """
        select least(l.row, r.row) as row_l, greatest(l.row, r.row) as row_r, match_weight, match_probability
        from pair
        join seen l on l.profile_id = profile_id_l
        join seen r on r.profile_id = profile_id_r
        order by row_l, row_r
        """
    ).to_arrow_table()


def check(view: View, model: Model) -> None:
    """Raises LinkError unless the model has a weight for each level of each comparison, and no other."""
    asked = {name: [level.label for level in comparison.levels] for name, comparison in view.comparisons.items()}
    trained = {name: [weight.label for weight in weights] for name, weights in model.comparisons.items()}
    if different := sorted(name for name in {*asked, *trained} if asked.get(name) != trained.get(name)):
        raise LinkError(
            f"View {model.view}: the model was trained on other comparisons than these records can fill ({different})."
            " Train it again."
        )
