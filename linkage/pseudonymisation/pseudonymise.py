"""One extract in; its encodings, its attributes and its quarantine out. Nothing is written here: the caller does."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from linkage.contracts.dataset import HOW_MANY, PROTECTED, Column, Dataset
from linkage.contracts.encodings import Encodings
from linkage.contracts.scope import Scope
from linkage.pseudonymisation import extract, intake
from linkage.pseudonymisation.extract import quoted
from linkage.pseudonymisation.key_sources import KeySource
from linkage.pseudonymisation.keys import CompoundKey, Key, SubKey, TokenKey, check_apart, for_record_id
from linkage.pseudonymisation.rows import blocks, encoded, identifiers
from linkage.pseudonymisation.sealing import Sealed, rule_keys, sealed
from linkage.pseudonymisation.tokens import add, batches


@dataclass(frozen=True)
class Pseudonymised:
    """What an extract became. Relations live on the connection they were made on.

    `attributes`: (record_id, attributes …). `encoded`: {view: (view_id, tokens …)}. `crosswalk`: {view: (view_id,
    record_id)}. `sealed`: {view: rule keys}, of the views that have such rules. Each is sorted by its own pseudonym, so
    that the order of rows tells nothing. `mark`: scheme, epoch and fingerprint of the key the tokens are made under.
    """

    attributes: duckdb.DuckDBPyRelation
    encoded: dict[str, duckdb.DuckDBPyRelation]
    crosswalk: dict[str, duckdb.DuckDBPyRelation]
    sealed: dict[str, Sealed]
    quarantine: duckdb.DuckDBPyRelation
    intake: intake.Intake
    mark: str


def pseudonymise(
    con: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    encodings: Encodings,
    scope: Scope,
    keys: KeySource,
    file: Path,
    scratch: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> Pseudonymised:
    """Read, judge and encode one extract on an empty connection.

    Raises ExtractError for a file that cannot be taken in, and PrivacyError for a key that may not be used.
    """
    token_key, record_key = keys.token_key(), keys.record_key(dataset.name)
    check_apart(token_key, record_key)
    progress("reading")
    arrived = extract.read_extract(con, dataset, file, scratch)
    intake.judge(con, dataset, scope)
    intake.accept(con, dataset)

    progress("pseudonymising")
    views = dataset.views(encodings)
    make_known(con, dataset, encodings, token_key, record_key)
    with_rules = [view for view in views if encodings.views[view].sealed_blocking]
    invalid: Counter[str] = Counter()
    progress("encoding")
    for block in blocks(con, dataset, encodings, token_key, invalid):
        rows = {view: encoded(block, dataset, encodings, view, token_key) for view in views}
        progress("storing")
        for view in views:
            add(con, rows[view], f"encoded_{view}")
        progress("sealing")
        for view in with_rules:
            add(con, rule_keys(block, dataset, encodings, view, token_key), f"rules_{view}")
        progress("encoding")
    progress("sealing")
    return Pseudonymised(
        attributes=attributes(con, dataset),
        encoded={view: con.sql(f"from encoded_{view} order by view_id") for view in views},
        crosswalk={
            view: con.sql(f"select {view}__view_id as view_id, record_id from known order by 1") for view in views
        },
        sealed={view: sealed(con, dataset, encodings, view, token_key) for view in with_rules},
        quarantine=intake.quarantine(con, dataset),
        intake=intake.summary(con, dataset, arrived, invalid),
        mark=token_key.mark(encodings.scheme),
    )


def make_known(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, encodings: Encodings, token_key: TokenKey, record_key: Key
) -> None:
    """Make `known` from `accepted`: (record_id, a view_id per view, columns …), without what a row does not tell."""
    record_ids = for_record_id(record_key, dataset.name)
    view_ids = {v: token_key.for_view_id(encodings.version, v, dataset.name) for v in dataset.views(encodings)}
    for rows in batches(con, f"select row, {quoted(dataset.record_key)} from accepted"):
        add(con, record_pseudonyms(rows, record_ids, view_ids), "ids")
    con.execute(
        f"""create table known as
        select ids.* exclude (row), accepted.* exclude (row) {less_told(dataset, encodings)}
        from accepted join ids using (row)"""
    )


def less_told(dataset: Dataset, encodings: Encodings) -> str:
    """SQL: which identifiers are missing in whose rows, by the profile of the dataset and that of protected people.

    A protected row has no address as many others have none: where she lives is not told, nor that it is not told.
    """
    markers = [f"coalesce({quoted(c.name)} = {intake.text(c.protects)}, false)" for c in dataset.columns if c.protects]
    of_protected = encodings.profile(PROTECTED).without_kinds if markers else ()
    missing = dict.fromkeys(encodings.profile(dataset.sensitivity).without_kinds, "true")
    when = {kind: " or ".join(markers) for kind in of_protected} | missing
    left_out = [(quoted(c.name), when[kind]) for kind, c in identifiers(dataset) if kind in when]
    replaced = ", ".join(f"case when not ({condition}) then {name} end as {name}" for name, condition in left_out)
    return f"replace ({replaced})" if replaced else ""


def record_pseudonyms(rows: pa.RecordBatch, record_ids: SubKey, view_ids: dict[str, CompoundKey]) -> pa.Table:
    """(row, record_id, a view_id per view): one row per record. `rows`: (row, the department's own record id)."""
    ids = record_ids.tokens(rows.column(1).to_pylist())
    of_views = {f"{view}__view_id": key.tokens(ids) for view, key in view_ids.items()}
    return pa.table({"row": rows.column(0), "record_id": ids} | of_views)


def attributes(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> duckdb.DuckDBPyRelation:
    """(record_id, attributes …): one row per accepted record, sorted by record_id."""
    columns = ", ".join(f"{attribute(name, c)} as {quoted(name)}" for name, c in dataset.attributes.items())
    return con.sql(
        f"select {', '.join(['record_id', columns] if columns else ['record_id'])} from known order by record_id"
    )


def attribute(name: str, column: Column) -> str:
    """SQL: the value of one attribute: a code's word, a day, a number; of a date of birth no more than is declared."""
    if column.derived.get(name) == "how_many":
        return how_many(column)
    if column.derived:
        return f"date_trunc('{column.derived[name]}', {quoted(column.name)}::date)::date"
    if column.identifier == "sex":
        return intake.sex_word(column)
    if column.type == "date":
        return f"{quoted(column.name)}::date"
    if column.type in ("integer", "number"):
        return f"try_cast({quoted(column.name)} as {'bigint' if column.type == 'integer' else 'double'})"
    return intake.word_for(column)


def how_many(column: Column) -> str:
    """SQL: how many different values a cell holds, as a word; two and more are one word, so that few stand out."""
    cell = f"coalesce(lower({quoted(column.name)}), '')"
    parts = f"string_split({cell}, {intake.text(column.separator)})" if column.separator else f"[{cell}]"
    values = f"list_distinct([trim(x) for x in {parts} if trim(x) <> ''])"
    none, one, more = map(intake.text, HOW_MANY)
    return f"case len({values}) when 0 then {none} when 1 then {one} else {more} end"
