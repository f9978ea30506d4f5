"""A view of schemas/encodings.yaml as Splink settings over profiles, cut to what these profiles can fill."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
from splink import DuckDBAPI, Linker
from splink.blocking_rule_library import CustomRule

from linkage.contracts.encodings import View
from linkage.contracts.levels import Comparison, Level
from linkage.matching.defaults import mark_of

# Splink warns about untrained levels; what stands in for training is said in the model's own notes.
logging.getLogger("splink").setLevel(logging.ERROR)

Numbers = dict[str, list[float]]


def fillable(view: View, profiles: pa.Table) -> tuple[View, list[str]]:
    """The view without what no profile can fill, and a note for each thing left out."""
    held = {name for name in view.tokens if name in profiles.column_names and profiles[name].null_count < len(profiles)}
    notes = [f"token {name}: no record has it" for name in view.tokens if name not in held]
    told = {name for name in view.hints if name in profiles.column_names}
    seen = held | told
    comparisons: dict[str, Comparison] = {}
    for name, comparison in view.comparisons.items():
        levels = tuple(level for level in (cut(level, held) for level in comparison.levels) if level.columns <= seen)
        if set(comparison.needs) <= held and len(levels) > 1:
            beside = tuple(column for column in comparison.seen_beside if column in held)
            comparisons[name] = comparison.model_copy(update={"levels": levels, "seen_beside": beside})
        else:
            notes.append(f"comparison {name}: left out, its tokens are missing here")
    return view.model_copy(
        update={
            "tokens": {name: token for name, token in view.tokens.items() if name in held},
            "comparisons": comparisons,
            "hints": {name: hint for name, hint in view.hints.items() if name in told},
            "block_on": tuple(rule for rule in view.block_on if set(rule) <= held),
            "person_numbers": tuple(name for name in view.person_numbers if name in held),
            "training": view.training.model_copy(
                update={
                    "prior_rules": tuple(rule for rule in view.training.prior_rules if set(rule) <= held),
                    "em_blocks": tuple(rule for rule in view.training.em_blocks if set(rule) <= held),
                }
            ),
        }
    ), notes


def as_scored(view: View, profiles: pa.Table) -> View:
    """The view as these profiles are scored: cut to what they can fill, and each level in its `parts`."""
    view, _ = fillable(view, profiles)
    comparisons = {
        name: one.model_copy(update={"levels": tuple(part for level in one.levels for part in parts(level, view))})
        for name, one in view.comparisons.items()
    }
    return view.model_copy(update={"comparisons": comparisons})


def parts(level: Level, view: View) -> list[Level]:
    """A level with a chance `apart` is two: of pairs who agree on what it is `within`, and of all others.

    The first is left out where nobody holds that token. Any other level is one.
    """
    if not (level.apart and level.within):
        return [level]
    beside = level.model_copy(update={"same": (*level.same, level.within), "apart": None})
    others = {
        "label": f"{level.label}, not the same {level.within}",
        "chance": level.apart,
        "within": None,
        "apart": None,
    }
    return [*([beside] if level.within in view.tokens else []), level.model_copy(update=others)]


def cut(level: Level, held: set[str]) -> Level:
    """The level with those of its alternatives that are held, where one is."""
    either = tuple(column for column in level.either if column in held)
    return level.model_copy(update={"either": either}) if either else level


def condition(level: Level, view: View) -> str:
    """When a pair is at this level, in SQL over the columns `x_l` and `x_r`."""
    said = [alike(c, many=False) for c in level.same]
    said += [alike(c, many=True) for c in level.share]
    if level.either:
        said.append(f"({' or '.join(alike(c, view.tokens[c].many) for c in level.either)})")
    if level.swapped:
        first, second = level.swapped
        # A compound holds both names, so one side's says it all: the other's may have more forenames, or spell one.
        enough = "or" if view.tokens[first].compound else "and"
        said.append(f'("{first}_l" = "{second}_r" {enough} "{second}_l" = "{first}_r")')
    if level.hint:
        said.append(alike(level.hint, many=True))
    if level.missing:
        said.append(f'("{level.missing}_l" is null or "{level.missing}_r" is null)')
    if level.default:
        said.append(f'("{mark_of(level.default)}_l" or "{mark_of(level.default)}_r")')
    return " and ".join(said) or "ELSE"


def columns_of(comparison: Comparison) -> set[str]:
    """The columns of a profile that a comparison looks at: tokens, hints, and whether a token is a default."""
    marks = {mark_of(level.default) for level in comparison.levels if level.default}
    return marks.union(comparison.needs, comparison.seen_beside, *(level.columns for level in comparison.levels))


def lacking(comparison: Comparison) -> str:
    """SQL: a side lacks a token that the comparison needs."""
    return " or ".join(f'"{c}_{side}" is null' for c in comparison.needs for side in "lr")


def unseen(comparison: Comparison) -> str:
    """SQL: nothing agrees beside which the comparison could be seen to agree. Asked of pairs that are at no level."""
    return " and ".join(f'"{c}_l" is distinct from "{c}_r"' for c in comparison.seen_beside) or "false"


def alike(column: str, many: bool) -> str:
    """SQL: both sides have the same token, or a member in common.

    Not by list_has_any: DuckDB makes text of every member it is given then, of pairs that were not asked as well.
    """
    if many:
        return f'len(list_filter("{column}_l", lambda member: list_contains("{column}_r", member))) > 0'
    return f'"{column}_l" = "{column}_r"'


def rule(columns: tuple[str, ...], view: View) -> CustomRule:
    """Pairs that agree on every one of `columns`, a list by sharing a member; not two an earlier view has compared."""
    listed = [column for column in columns if view.tokens[column].many]
    return CustomRule(f"{agreement(columns)} and not (l.known and r.known)", arrays_to_explode=listed or None)


def agreement(columns: tuple[str, ...]) -> str:
    """SQL: profiles l and r are equal on every one of `columns`."""
    return " and ".join(f'l."{column}" = r."{column}"' for column in columns)


def one_row(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    """The one row of whole numbers that a query gives."""
    found: tuple[int, ...] = con.execute(query).fetchall()[0]
    return found


@contextlib.contextmanager
def connection(profiles: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of Splink's own that sees the table `profiles`, without a copy of it."""
    with duckdb.connect() as con:
        con.register("profiles", profiles)
        yield con


def linker(
    api: DuckDBAPI,
    table: str,
    view: View,
    u: Numbers | None = None,
    m: Numbers | None = None,
    prior: float = 1e-4,
) -> Linker:
    """Splink over a table of profiles, with the m and u given for the levels of each comparison.

    It is told which pairs to score, and so has no rule of its own for that.
    """
    settings: dict[str, Any] = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "profile_id",
        "probability_two_random_records_match": prior,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "comparisons": [
            splink_comparison(name, view, (m or {}).get(name), (u or {}).get(name)) for name in view.comparisons
        ],
        "blocking_rules_to_generate_predictions": [],
    }
    # Splink would parse every level to see that its columns exist; the linkage schema was read with that checked.
    return Linker(api.register(table), settings, log_level=None, validate_settings=False)


def splink_comparison(name: str, view: View, m: list[float] | None, u: list[float] | None) -> dict[str, Any]:
    """A comparison of a view as Splink takes it: missing first, then our levels in order."""
    comparison = view.comparisons[name]
    levels: list[dict[str, Any]] = [
        {"sql_condition": lacking(comparison), "label_for_charts": "missing", "is_null_level": True}
    ]
    for n, level in enumerate(comparison.levels):
        levels.append(
            {"sql_condition": condition(level, view), "label_for_charts": level.label}
            | ({"tf_adjustment_column": level.term_frequency} if level.term_frequency else {})
            | ({"m_probability": m[n]} if m else {})
            | ({"u_probability": u[n]} if u else {})
        )
    # Not where u is learned: of random pairs hardly any agree on what it is seen beside.
    if m and comparison.seen_beside:
        not_seen = {"sql_condition": unseen(comparison), "label_for_charts": "not seen", "is_null_level": True}
        levels.insert(-1, not_seen)
    return {"output_column_name": name, "comparison_levels": levels}
