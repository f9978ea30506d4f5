"""Values that stand for one nobody knows: a birth date that far more people have than others, such as 1 January.

Nobody sees a date here. A default is told by how many people have it, and people by another token that stands beside
it: counted by rows, somebody with dozens of records would make a default of her own birth date.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from linkage.contracts.encodings import View


def defaults(profiles: pa.Table, view: View) -> dict[str, pa.Table]:
    """{token column: (column)}: one row per token that is a default, of each column for which the view declares some.

    A token is one where at least `times` as many people have it as have a token of that column on average. None is
    where no profile says who the people are.
    """
    held = {*profiles.column_names}
    return {
        column: common(profiles, column, said.people, said.times)
        if said.people in held
        else profiles.select([column])[:0]
        for column, said in view.defaults.items()
        if column in held
    }


def common(profiles: pa.Table, column: str, people: str, times: float) -> pa.Table:
    """(column): its tokens beside which stand at least `times` as many tokens of `people` as on average."""
    pairs = profiles.select([column, people]).drop_null().group_by([column, people]).aggregate([])
    borne = pairs.group_by(column).aggregate([(people, "count")])
    least = times * pairs.num_rows / max(borne.num_rows, 1)
    return borne.filter(pc.greater_equal(borne[f"{people}_count"], least)).select([column]).sort_by(column)


def marked(profiles: pa.Table, known: Mapping[str, pa.Table]) -> pa.Table:
    """The profiles, with a column for each of `known` that says whether a profile's token is among its tokens."""
    for column, tokens in known.items():
        mark = pc.is_in(profiles[column], value_set=tokens[column].combine_chunks())
        profiles = profiles.append_column(mark_of(column), mark)
    return profiles


def mark_of(column: str) -> str:
    """What the column is called that says whether a token is a default."""
    return f"{column}_default"
