"""One extract in; its encodings, its attributes and its quarantine out. Nothing is written here: the caller does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from linkage.contracts.dataset import HOW_MANY, PROTECTED, Column, Dataset, Scope
from linkage.contracts.encodings import Encodings
from linkage.pseudonymisation import extract, intake
from linkage.pseudonymisation.compounds import Compound, as_column, every, first, put_together
from linkage.pseudonymisation.extract import quoted
from linkage.pseudonymisation.key_sources import KeySource
from linkage.pseudonymisation.keys import CompoundKey, SubKey, TokenKey, check_apart, for_record_id
from linkage.pseudonymisation.sealing import Sealed, sealed
from linkage.pseudonymisation.tokens import add, blocks, gives_many, mapping, parts_taken, takings


@dataclass(frozen=True)
class Pseudonymised:
    """What an extract became. Relations live on the connection they were made on.

    `attributes`: (record_id, attributes …). `encoded`: {view: (view_id, tokens …)}. `crosswalk`: {view: (view_id,
    record_id)}. `sealed`: {view: rule keys}, of the views that have such rules. Each is sorted by its own pseudonym, so
    that the order of rows tells nothing. `mark`: version, epoch and fingerprint of the key the tokens are made under.
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

    views = dataset.views(encodings)
    invalid = {}
    for kind, column in identifiers(dataset):
        progress(f"encoding {column.name}")
        steps = encodings.identifiers[kind].standardise
        wanted = [taking for view in views for taking in takings(column, kind, view, encodings, token_key)]
        wanted += parts_taken(column, kind, views, encodings, token_key)
        for raws in blocks(con, distinct(column.name)):
            add(con, mapping(raws, column, steps, wanted), f"map_{column.name}")
        invalid[column.name] = rows_with_invalid(con, column)

    progress("pseudonymising")
    record_ids = for_record_id(record_key, dataset.name)
    view_ids = {view: token_key.for_view_id(encodings.version, view, dataset.name) for view in views}
    for raws in blocks(con, f"select {quoted(dataset.record_key)} from accepted"):
        add(con, record_pseudonyms(raws, record_ids, view_ids), "ids")
    con.execute(
        f"""create table known as
        select ids.*, accepted.* {less_told(dataset, encodings)}
        from accepted join ids on ids.raw = {quoted(dataset.record_key)}"""
    )
    progress("joining")
    for view in views:
        encode(con, dataset, encodings, view, token_key)
    progress("sealing")
    of_rules = {view: sealed(con, dataset, encodings, view, token_key) for view in views if has_rules(encodings, view)}
    return Pseudonymised(
        attributes=attributes(con, dataset),
        encoded={view: con.sql(f"from encoded_{view} order by view_id") for view in views},
        crosswalk={
            view: con.sql(f"select {view}__view_id as view_id, record_id from known order by 1") for view in views
        },
        sealed=of_rules,
        quarantine=intake.quarantine(con, dataset),
        intake=intake.summary(con, dataset, arrived, invalid),
        mark=token_key.mark(encodings.version),
    )


def has_rules(encodings: Encodings, view: str) -> bool:
    """Is there sealed blocking in a view?"""
    return bool(encodings.views[view].sealed_blocking)


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


def identifiers(dataset: Dataset) -> Iterator[tuple[str, Column]]:
    """(kind, column) of each column that leaves as tokens; sex is a clear code and needs none."""
    for kind, columns in dataset.identifiers.items():
        if kind != "sex":
            yield from ((kind, column) for column in columns)


def distinct(column: str) -> str:
    """SQL: the distinct texts of a column of the accepted rows."""
    return f"select distinct {quoted(column)} from accepted where {quoted(column)} is not null"


def record_pseudonyms(raws: list[str], record_ids: SubKey, view_ids: dict[str, CompoundKey]) -> pa.Table:
    """(raw, record_id, a view_id per view): one row per record id of the department's own."""
    ids = record_ids.tokens(raws)
    of_views = {f"{view}__view_id": key.tokens(ids) for view, key in view_ids.items()}
    return pa.table({"raw": pa.array(raws, pa.string()), "record_id": ids} | of_views)


def rows_with_invalid(con: duckdb.DuckDBPyConnection, column: Column) -> int:
    """Rows whose value in `column` has no valid standard form."""
    sql = (
        f"select count(*) from accepted join map_{column.name} as m on m.raw = {quoted(column.name)} where not m.valid"
    )
    return intake.one(con, sql)


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


def told(dataset: Dataset, encodings: Encodings, view: str) -> list[str]:
    """The tokens that rows of a dataset have in a view: those it can fill, without those its profile leaves out."""
    without = encodings.profile(dataset.sensitivity).without_tokens
    return [name for name in encodings.seen(frozenset(dataset.identifiers), view) if name not in without]


def encode(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, encodings: Encodings, view: str, token_key: TokenKey
) -> None:
    """Make encoded_<view>: (view_id, tokens …), one row per accepted record, from `known` and the mapping tables."""
    tokens = {name: encodings.views[view].tokens[name] for name in told(dataset, encodings, view)}
    wanted = {
        name: Compound(token.compound, token_key.for_compound(encodings.version, view, token.key or name))
        for name, token in tokens.items()
        if token.compound
    }
    single = {name: token_sql(dataset, encodings, view, name) for name in tokens if name not in wanted}
    more = [f"{view}__view_id as view_id", *(f"{sql} as {quoted(name)}" for name, sql in single.items())]
    for block, made in put_together(con, dataset, "known", wanted, more):
        columns = dict(zip(("view_id", *single), block.columns, strict=True))
        columns |= {name: as_column(found, tokens[name].many) for name, found in made.items()}
        add(con, pa.table({name: columns[name] for name in ("view_id", *tokens)}), f"encoded_{view}")


def token_sql(dataset: Dataset, encodings: Encodings, view: str, name: str) -> str:
    """SQL: one single token of a row, from every column of the dataset that can fill it.

    A list is sorted, without repeats, and null when empty; a single token is the first that is filled.
    """
    token = encodings.views[view].tokens[name]
    sources = [column for kind in token.source for column in dataset.identifiers.get(kind, [])]
    if token.clear:
        word = intake.sex_word(sources[0])
        return f"nullif({word}, {intake.text(intake.UNCLEAR_SEX)})"
    cells = [(f"map_{c.name}.{view}__{name}", gives_many(c, token.source[c.identifier or ""])) for c in sources]
    return f"nullif(list_sort({every(cells)}), [])" if token.many else first(cells)
