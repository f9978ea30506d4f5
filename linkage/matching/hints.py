"""What sealed blocking tells of a pair: that a rule made it which looks at sounds and at parts of dates.

Nobody who scores sees a sound. Yet that two names differ by a slip of the pen, or two birth dates in day and month
alone, is evidence which no exact token holds. So a pair is a number that both of its rows have in a list, and a level
asks whether two lists have a number in common, as it asks of any other list.
"""

import pyarrow as pa

from linkage.contracts.encodings import View
from linkage.matching.settings import agreement, connection


def hinted(profiles: pa.Table, view: View, candidates: pa.Table | None) -> pa.Table:
    """The profiles, with a column for each hint of the view: a sorted list of pairs, missing where there is none.

    `candidates` (view_id_l, view_id_r, rules): what sealed blocking found. A pair's number hangs on the tokens of its
    two rows alone: a row whose pairs are the same has the same list in each run, and need not be compared again.
    """
    if candidates is None:
        return profiles
    for name, hint in view.hints.items():
        with connection(profiles) as con:
            con.register("candidates", candidates)
            pairs = con.sql(query(profiles, view, hint.unless), params={"rule": hint.rule}).to_arrow_table()
        profiles = profiles.append_column(name, pairs["pairs"])
    return profiles


def query(profiles: pa.Table, view: View, unless: tuple[str, ...]) -> str:
    """SQL: (pairs): a list for each of `profiles`, in their order."""
    held = [name for name in view.tokens if name in profiles.column_names]
    row = ", ".join(f'"{name}"' for name in held)
    more_than_told = agreement(unless) if {*unless} <= {*held} else "false"
    return f"""
        with seen as (select *, hash(dataset, known, {row}) as row from profiles),
        row_of as (select unnest(view_ids) as view_id, * from seen),
        told as (
            select l.profile_id as one, r.profile_id as other, hash(least(l.row, r.row), greatest(l.row, r.row)) as pair
            from candidates
            join row_of l on l.view_id = view_id_l
            join row_of r on r.view_id = view_id_r
            where list_contains(rules, $rule) and l.profile_id <> r.profile_id
            and not coalesce({more_than_told}, false)
        ),
        of_each as (select one as profile_id, pair from told union select other, pair from told),
        listed as (select profile_id, list(pair order by pair) as pairs from of_each group by 1)
        select pairs from profiles left join listed using (profile_id) order by profile_id
    """
