"""What tokens mean, for people who are public or invented: extracts are encoded anew by keys that remember.

Nothing here is written anywhere. It is how an intruder encodes public lists by the public scheme, and how an attack on
invented people is told how much of it came true.
"""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from linkage.attack.sample import Sample, sorted_into_people
from linkage.contracts.encodings import Encodings, Token
from linkage.pseudonymisation.keys import Tokens
from linkage.settings import Settings

# Where each field is to be had whole: (kind of identifier, what is taken from it).
WHOLE = {
    "surname": ("surname", "whole"),
    "forename": ("forename", "first_word"),
    "date_of_birth": ("date_of_birth", "whole"),
    "postcode": ("postcode", "whole"),
    "postcode_district": ("postcode", "district"),
}
BETWEEN = "|"


@dataclass
class Notes:
    """What tokens were made of. `single`: {place: {token: value}}. `compound`: {place: (tokens, tokens of parts)}."""

    single: dict[str, dict[int, str]] = field(default_factory=dict)
    compound: dict[str, list[tuple[Tokens, tuple[Tokens, ...]]]] = field(default_factory=dict)

    def values(self, place: str) -> pd.Series:
        """{token: value} of single tokens."""
        return pd.Series(self.single.get(place, {}), dtype=object)

    def values_of_part(self, place: str, part: int) -> pd.Series:
        """{compound token: the value of one of its parts}."""
        made = self.compound.get(place, [])
        if not made:
            return pd.Series(dtype=object)
        tokens, of = np.concatenate([t for t, _ in made]), np.concatenate([parts[part] for _, parts in made])
        once = pd.Series(of, index=tokens)
        return once[~once.index.duplicated()].map(self.values("part"))

    def values_together(self, place: str) -> pd.Series:
        """{compound token: the values of its parts in their order}."""
        many = len(self.compound[place][0][1]) if self.compound.get(place) else 0
        columns = pd.DataFrame({n: self.values_of_part(place, n) for n in range(many)})
        return columns[0].str.cat(columns.iloc[:, 1:], BETWEEN) if many else pd.Series(dtype=object)


@dataclass
class Remembering:
    """Keys that note what each token was made of: for people who are public, or invented. Never for others."""

    keys: Any
    notes: Notes = field(default_factory=Notes)

    def token_key(self) -> "Remembering":
        """This object, in the place of the token key."""
        return replace(self, keys=self.keys.token_key())

    def __getattr__(self, name: str) -> Any:
        """Whatever is not noted is as it is: record ids and their pseudonyms, the mark."""
        return getattr(self.keys, name)

    def for_token(self, version: str, view: str, token: str) -> "RememberingSubKey":
        """A sub-key that notes every value it is given."""
        seen = self.notes.single.setdefault(f"{view}/{token}", {})
        return RememberingSubKey(self.keys.for_token(version, view, token), seen)

    def for_part(self, version: str) -> "RememberingSubKey":
        """The sub-key of what goes into compounds, which notes every value."""
        return RememberingSubKey(self.keys.for_part(version), self.notes.single.setdefault("part", {}))

    def for_compound(self, version: str, view: str, token: str) -> "RememberingCompoundKey":
        """A compound key that notes what it puts together."""
        made = self.notes.compound.setdefault(f"{view}/{token}", [])
        return RememberingCompoundKey(self.keys.for_compound(version, view, token), made)

    def for_rule(self, version: str, view: str, rule: str) -> "RememberingCompoundKey":
        """The key of a sealed rule, which notes what it puts together."""
        made = self.notes.compound.setdefault(f"{view}/rule {rule}", [])
        return RememberingCompoundKey(self.keys.for_rule(version, view, rule), made)


@dataclass
class RememberingSubKey:
    """One sub-key and its notes."""

    key: Any
    seen: dict[int, str]

    def tokens(self, values: Iterable[str]) -> Tokens:
        """The tokens, with their values noted."""
        given = list(values)
        tokens: Tokens = self.key.tokens(given)
        self.seen.update(zip(tokens.tolist(), given, strict=True))
        return tokens


@dataclass
class RememberingCompoundKey:
    """One compound key and its notes."""

    key: Any
    made: list[tuple[Tokens, tuple[Tokens, ...]]]

    def tokens(self, *parts: Tokens) -> Tokens:
        """The tokens, with their parts noted."""
        tokens: Tokens = self.key.tokens(*parts)
        self.made.append((tokens, parts))
        return tokens


@dataclass(frozen=True)
class Opened:
    """Encoded rows, and `values`: (surname, forename, date_of_birth, postcode, postcode_district) of each, in clear.

    `sealed`: (rule, key, value) of sealed rule keys, one row per key and row of the sealed file, whoever's it is.
    """

    sample: Sample
    values: pd.DataFrame
    sealed: pd.DataFrame


def opened(settings: Settings, keys: Any, encodings: Encodings) -> Opened:
    """The extracts of a workspace encoded with these keys, and what each row holds. Nothing is written.

    A row has the columns dataset and record_id, and its tokens as columns `view.token`.
    """
    remembering = Remembering(keys)
    made = list(encoded_anew(settings, remembering, encodings))
    tables = [rows for rows, _ in made]
    rows = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"dataset": [], "record_id": []})
    sample = sorted_into_people(rows, parts_of(encodings, rows))
    values = {name: values_of(sample, remembering.notes, encodings, *whole) for name, whole in WHOLE.items()}
    sealed = of_rules([keys for _, sealed in made for keys in sealed], remembering.notes)
    return Opened(sample, pd.DataFrame(values, index=rows.index), sealed)


def of_rules(sealed: list[tuple[str, pd.DataFrame]], notes: Notes) -> pd.DataFrame:
    """(rule, key, value). `sealed`: of each view and dataset the name of the view, and its rule keys."""
    found = [pd.DataFrame({"rule": [], "key": [], "value": []}, dtype=object)]
    for view, keys in sealed:
        for rule, of in keys.groupby("rule"):
            values = of["key"].map(notes.values_together(f"{view}/rule {rule}"))
            found.append(of[["rule", "key"]].assign(value=values))
    return pd.concat(found, ignore_index=True)


def encoded_anew(
    settings: Settings, keys: Any, encodings: Encodings
) -> Iterator[tuple[pd.DataFrame, list[tuple[str, pd.DataFrame]]]]:
    """Of each dataset whose extract is there, its rows, the views side by side, and of each view its rule keys."""
    from linkage.pseudonymisation.pseudonymise import pseudonymise

    for contract in settings.datasets.values():
        path = settings.files.department.extract(contract.path)
        if not path.exists() or not contract.views(encodings):
            continue
        with duckdb.connect() as con, tempfile.TemporaryDirectory() as scratch:
            made = pseudonymise(con, contract, encodings, settings.scope, keys, path, Path(scratch))
            tables = {view: (made.encoded[view], made.crosswalk[view]) for view in made.encoded}
            sealed = [(view, in_pandas(of.keys)) for view, of in made.sealed.items()]
            yield side_by_side(contract.name, tables), sealed


def side_by_side(dataset: str, tables: dict[str, tuple[Any, Any]]) -> pd.DataFrame:
    """(dataset, record_id, view.token …) of one dataset. `tables`: of each view its encodings and its crosswalk."""
    found: pd.DataFrame | None = None
    for view, (encoded, crosswalk) in tables.items():
        rows = in_pandas(encoded).merge(in_pandas(crosswalk), on="view_id").drop(columns="view_id")
        rows = rows.rename(columns={name: f"{view}.{name}" for name in rows if name != "record_id"})
        found = rows if found is None else found.merge(rows, on="record_id", how="outer")
    assert found is not None
    found.insert(0, "dataset", dataset)
    return found


def in_pandas(relation: Any) -> pd.DataFrame:
    """A relation of DuckDB, with integers that may be missing."""
    found: pd.DataFrame = relation.to_arrow_table().to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return found


def parts_of(encodings: Encodings, rows: pd.DataFrame) -> dict[str, tuple[dict[str, Any], ...]]:
    """{column: the parts of its token} of the tokens that stand in these rows; clear codes are none."""
    return {name: token.parts for name, token in tokens_of(encodings).items() if not token.clear and name in rows}


def tokens_of(encodings: Encodings) -> dict[str, Token]:
    """{view.token: what it is}."""
    return {f"{view}.{name}": token for view, of in encodings.views.items() for name, token in of.tokens.items()}


def values_of(sample: Sample, notes: Notes, encodings: Encodings, kind: str, take: str) -> pd.Series:
    """What each row holds of a kind, from the first of its tokens that was made of it and of which it has one."""
    found = pd.Series(pd.NA, index=sample.rows.index, dtype=object)
    for column, token in tokens_of(encodings).items():
        if column not in sample.parts or token.many or found.notna().all():
            continue
        place = f"{column.split('.')[0]}/{token.key or column.split('.')[1]}"
        for n, part in enumerate(token.parts):
            if part.get(kind) == take:
                meaning = notes.values_of_part(place, n) if token.compound else notes.values(place)
                found = found.combine_first(sample.rows[column].map(meaning))
    return found


def lean(encodings: Encodings) -> Encodings:
    """The linkage schema without what nobody looks at in public lists: lists of tokens, profiles."""
    views = {}
    for name, view in encodings.views.items():
        tokens = {token: of for token, of in view.tokens.items() if not of.many or token in view.needs}
        views[name] = view.model_copy(update={"tokens": tokens})
    return encodings.model_copy(update={"views": views, "profiles": {}})
