"""schemas/datasets/*.yaml: one data contract per departmental extract, mapped once to a small frozen Dataset.

The files follow the Open Data Contract Standard v3 (Bitol, Linux Foundation), so other tools can read them. What the
standard has no word for stands in its `customProperties`.
"""

import codecs
import functools
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

import jsonschema
import yaml
from open_data_contract_standard.model import (
    CustomProperty,
    OpenDataContractStandard,
    SchemaProperty,
)

from linkage.contracts.encodings import Encodings, read_encodings
from linkage.contracts.reading import parsed, read_text
from linkage.contracts.unknown_days import UnknownDays, unknown_days
from linkage.errors import ContractError, PrivacyError

Coverage = Literal["spine", "event_register"]
Geography = Literal["England", "England and Wales"]
ColumnType = Literal["string", "date", "integer", "number", "boolean"]
Lossy = Literal["month", "year", "how_many"]
HOW_MANY = ("none", "one", "two or more")
JAVA_TO_STRPTIME = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "MMM": "%b", "HH": "%H", "mm": "%M", "ss": "%S"}
# What intake holds each value to; of any other type whatever stands there is let through, and may be a name.
HELD_TO_A_FORM = frozenset({"date", "integer", "number"})
A_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
# Names that the pipeline gives to columns of its own beside those of an extract.
BELONGS_TO_US = frozenset({
    "record_id", "dataset", "person_id", "view_id", "raw", "row", "line", "lines", "reason", "copies", "valid",
    "out_of_scope",
})  # fmt: skip
OF_THE_CONTRACT = frozenset({
    "controller", "lawfulBasis", "geography", "coverage", "delimiter", "encoding", "sensitivity", "personNumber",
    "unknownDays",
})  # fmt: skip
OF_A_COLUMN = frozenset({"identifier", "derived", "separator", "namesNobody", "protects"})
REMEDY = (
    "Mark it as an identifier, list its codes (enum), or say in customProperties namesNobody why it can name nobody. "
    "Nothing was written."
)
DEFAULT, PROTECTED = "default", "protected"


@dataclass(frozen=True)
class Column:
    """One column of an extract.

    `identifier`: the kind of identifier it holds; such a column leaves the department as tokens only. `derived`: what
    may be kept of an identifier, e.g. {"birth_month": "month"} of a date, or how many different values it holds.
    `codes`: {value in the extract: word used from here on}; empty when any value may come. `separator`: between the
    values of a column that holds several. `names_nobody`: why a text that is neither an identifier nor a code may leave
    the department in clear. `protects`: the value that marks somebody whose address nobody may come near, not even as a
    token.
    """

    name: str
    type: ColumnType = "string"
    required: bool = False
    date_format: str = "%Y-%m-%d"
    codes: dict[str, str] = field(default_factory=dict)
    identifier: str | None = None
    derived: dict[str, Lossy] = field(default_factory=dict)
    separator: str | None = None
    names_nobody: str | None = None
    protects: str | None = None
    about: str = ""


@dataclass(frozen=True)
class Dataset:
    """One departmental extract as the rest of the code sees it: one row is one record.

    `coverage`: `spine` (everyone in scope has a record, so absence means "not linked") or `event_register` (a record
    exists only when something happened, so absence means "no such event", subject to missed matches). `sensitivity`:
    the profile of the linkage schema that says how much of its rows is told. `person_number`: the kind of identifier by
    which the source itself knows a person, so that it holds each once; None where it has no such number.
    `unknown_days`: which dates stand for a day nobody knows, and what tells it; None where none do.
    """

    name: str
    title: str
    version: str
    controller: str
    lawful_basis: str
    purpose: str
    retention_months: int
    geography: Geography
    coverage: Coverage
    row: str
    path: str
    format: Literal["csv", "parquet"]
    delimiter: str
    encoding: str
    record_key: str
    columns: tuple[Column, ...]
    sensitivity: str = DEFAULT
    person_number: str | None = None
    unknown_days: UnknownDays | None = None

    @functools.cached_property
    def identifiers(self) -> dict[str, list[Column]]:
        """{kind of identifier: the columns that hold one}."""
        kinds: dict[str, list[Column]] = {}
        for column in self.columns:
            if column.identifier:
                kinds.setdefault(column.identifier, []).append(column)
        return kinds

    @functools.cached_property
    def attributes(self) -> dict[str, Column]:
        """{name downstream: the column it comes from}: whatever may leave the department in clear."""
        kept = {c.name: c for c in self.columns if not c.identifier and c.name != self.record_key}
        kept |= {name: counted(c, lossy) for c in self.columns for name, lossy in c.derived.items()}
        sex = self.identifiers.get("sex")
        return kept | ({"sex": sex[0]} if sex else {})

    def views(self, encodings: Encodings) -> tuple[str, ...]:
        """The views in which this dataset takes part, in order: no record is encoded for a comparison nobody makes."""
        kinds = frozenset(self.identifiers)
        seen = tuple(name for name in encodings.views if encodings.seen(kinds, name))
        return tuple(v for v in seen if v == seen[0] or encodings.views[v].against in (None, self.coverage))

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        return {c.name: c for c in self.columns}[name]

    def __hash__(self) -> int:
        return hash((self.name, self.version))


def counted(column: Column, lossy: Lossy) -> Column:
    """The column that what is kept of an identifier makes: a date as it is, a number of values as a word."""
    return replace(column, codes={word: word for word in HOW_MANY}) if lossy == "how_many" else column


def read_datasets(schemas: Path) -> dict[str, Dataset]:
    """{name: Dataset} of every contract in schemas/datasets. Raises ContractError with all mistakes of all files."""
    encodings = read_encodings(schemas)
    found: dict[str, Dataset] = {}
    wrong: list[str] = []
    for path in sorted(p for p in (schemas / "datasets").glob("*.yaml") if p.is_file()):
        try:
            found[path.stem] = read_dataset(path, encodings)
        except ContractError as error:
            wrong.append(str(error))
    if wrong:
        raise ContractError("\n".join(wrong))
    if not found:
        raise ContractError(
            f"{schemas / 'datasets'}: no contract found. Write one file per dataset (schemas/README.md)."
        )
    return found


def read_dataset(path: Path, encodings: Encodings) -> Dataset:
    """One contract as a Dataset. Raises ContractError with every mistake of the file, PrivacyError with every leak."""
    dataset = declared(path, read_text(path))
    if leaking := [f"{path}: {line}. {REMEDY}" for line in leaks(dataset, encodings)]:
        raise PrivacyError("\n".join(leaking))
    if wrong := [f"{path}: {line}" for line in mistakes(dataset, encodings)]:
        raise ContractError("\n".join(wrong))
    return dataset


@functools.lru_cache  # a contract is read for each stage
def declared(path: Path, text: str) -> Dataset:
    """What the text of a contract, which stands in that file, declares. Raises ContractError with every mistake."""
    content = parsed(path, text)
    wrong = [f"{path}: {line}" for line in not_the_standard(text)]
    if wrong:
        raise ContractError("\n".join(wrong))
    try:
        return dataset_of(path.stem, OpenDataContractStandard(**content))
    except (ValueError, TypeError) as error:
        raise ContractError(f"{path}: {error}") from None


@functools.lru_cache  # it takes a tenth of a second, and copies of a contract in other folders say the same
def not_the_standard(text: str) -> tuple[str, ...]:
    """Where the text of a contract departs from the standard's own JSON schema."""
    content = yaml.load(text, Loader=yaml.CSafeLoader)
    found = sorted(standard().iter_errors(content), key=lambda e: [str(p) for p in e.absolute_path])
    return tuple(f"{'.'.join(str(p) for p in e.absolute_path) or 'the file'}: {e.message[:200]}" for e in found)


@functools.cache
def standard() -> Any:
    """The validator of the Open Data Contract Standard's published JSON schema."""
    schema = json.loads(OpenDataContractStandard.json_schema())
    return jsonschema.validators.validator_for(schema)(schema)


def dataset_of(name: str, contract: OpenDataContractStandard) -> Dataset:
    """The Dataset a contract declares. Raises ValueError naming what is missing."""
    if not contract.schema_ or len(contract.schema_) != 1:
        raise ValueError("schema: declare exactly one object, the extract")
    if not contract.servers or len(contract.servers) != 1:
        raise ValueError("servers: declare exactly one, the delivery (type local, path, format)")
    table, delivery = contract.schema_[0], contract.servers[0]
    said = custom(contract.customProperties)
    if unknown := sorted(set(said) - OF_THE_CONTRACT):
        raise ValueError(f"customProperties {unknown} are not known; known are {sorted(OF_THE_CONTRACT)}")
    if not A_NAME.match(name):
        raise ValueError(
            "a contract's file is named in lower case with underscores: the name becomes that of the dataset"
        )
    sla = {p.property: p.value for p in contract.slaProperties or []}
    columns = tuple(column_of(p) for p in table.properties or [])
    keys = [p.name for p in table.properties or [] if p.primaryKey]
    if len(keys) != 1:
        raise ValueError(f"schema: mark exactly one property with primaryKey: true, the record's own id; found {keys}")
    return Dataset(
        name=name,
        title=contract.name or name,
        version=contract.version or "",
        controller=str(one_of(said, "controller")),
        lawful_basis=str(one_of(said, "lawfulBasis")),
        purpose=(contract.description.purpose if contract.description else None) or missing("description.purpose"),
        retention_months=int(str(sla.get("retention") or missing("slaProperties: retention, in months"))),
        geography=cast(Geography, one_of(said, "geography", get_args(Geography))),
        coverage=cast(Coverage, one_of(said, "coverage", get_args(Coverage))),
        row=table.dataGranularityDescription or missing("schema.0.dataGranularityDescription (what one row is)"),
        path=inside(delivery.path or missing("servers.0.path")),
        format=cast(Literal["csv", "parquet"], among("servers.0.format", delivery.format, ("csv", "parquet"))),
        delimiter=one_character("customProperties: delimiter", said.get("delimiter", ",")),
        encoding=text_encoding(said.get("encoding", "utf-8")),
        record_key=str(keys[0]),
        columns=columns,
        sensitivity=str(said.get("sensitivity", DEFAULT)),
        person_number=said.get("personNumber"),
        unknown_days=unknown_days(said["unknownDays"]) if "unknownDays" in said else None,
    )


def column_of(declared: SchemaProperty) -> Column:
    """One property of the contract as a Column. Raises ValueError naming it."""
    name = declared.name or missing("schema.0.properties: name")
    if not A_NAME.match(name) or name in BELONGS_TO_US:
        raise ValueError(f"{name}: a column is named in lower case with underscores, and not {sorted(BELONGS_TO_US)}")
    said = custom(declared.customProperties)
    if unknown := sorted(set(said) - OF_A_COLUMN):
        raise ValueError(f"{name}: customProperties {unknown} are not known; known are {sorted(OF_A_COLUMN)}")
    derived = said.get("derived") or {}
    if not isinstance(derived, dict):
        raise ValueError(f"{name}.derived: say under which name, as in {{birth_month: month}}")
    separator = said.get("separator")
    for lossy in derived.values():
        among(f"{name}.derived", lossy, get_args(Lossy))
    return Column(
        name=name,
        type=cast(ColumnType, among(f"{name}.logicalType", declared.logicalType or "string", get_args(ColumnType))),
        required=bool(declared.required or declared.primaryKey),
        date_format=strptime_format(name, (declared.logicalTypeOptions or {}).get("format", "yyyy-MM-dd")),
        codes={str(e.value): str(e.label or e.value) for e in declared.enum or []},
        identifier=said.get("identifier"),
        derived=derived,
        separator=one_character(f"{name}.separator", separator) if separator is not None else None,
        names_nobody=reason(f"{name}.namesNobody", said["namesNobody"]) if "namesNobody" in said else None,
        protects=str(said["protects"]) if "protects" in said else None,
        about=declared.description or "",
    )


def strptime_format(name: str, java: str) -> str:
    """A Java date pattern, as the standard has them (dd/MM/yyyy), for strptime. Raises ValueError."""
    parts = re.split(r"([A-Za-z]+)", java)
    unknown = [p for p in parts if p.isalpha() and p not in JAVA_TO_STRPTIME]
    if unknown:
        raise ValueError(f"{name}: date format {java!r}: {unknown} not known; use {sorted(JAVA_TO_STRPTIME)}")
    return "".join(JAVA_TO_STRPTIME.get(p, p) for p in parts)


def mistakes(dataset: Dataset, encodings: Encodings) -> list[str]:
    """What the standard cannot know to be wrong."""
    names = [c.name for c in dataset.columns]
    found = [f"{n}: declared twice" for n in sorted({n for n in names if names.count(n) > 1})]
    found += [
        f"{c.name}: identifier {c.identifier!r} is not in encodings.yaml, which has {sorted(encodings.identifiers)}"
        for c in dataset.columns
        if c.identifier and c.identifier not in encodings.identifiers
    ]
    found += [
        f"{c.name}: `derived` is for an identifier: month or year of a date, how_many of texts" for c in dataset.columns
        if c.derived and not (c.identifier and (c.type == "date") == ("how_many" not in c.derived.values()))
    ]  # fmt: skip
    if dataset.sensitivity not in {DEFAULT, *encodings.profiles}:
        found.append(
            f"sensitivity: encodings.yaml has no profile {dataset.sensitivity!r}; it has {[*encodings.profiles]}"
        )
    if dataset.person_number not in {None, *dataset.identifiers}:
        found.append(f"personNumber: no column is an identifier {dataset.person_number!r}")
    markers = [c for c in dataset.columns if c.protects is not None]
    found += [f"{c.name}: protects: {c.protects!r} is none of its codes" for c in markers if c.protects not in c.codes]
    found += [f"{c.name}: an identifier protects nobody; mark a code" for c in markers if c.identifier]
    if markers and PROTECTED not in encodings.profiles:
        found.append(
            f"{markers[0].name}: protects: encodings.yaml has no profile {PROTECTED!r} to protect anybody with"
        )
    found += dataset.unknown_days.mistakes(dataset.attributes) if dataset.unknown_days else []
    kinds = frozenset(dataset.identifiers)
    if not any(encodings.seen(kinds, view) for view in encodings.views):
        needs = {name: view.needs for name, view in encodings.views.items()}
        found.append(f"its identifiers {sorted(kinds)} fill no view of encodings.yaml; the views need {needs}")
    return found


def leaks(dataset: Dataset, encodings: Encodings) -> list[str]:
    """Attributes that may say who somebody is: texts without codes, and columns called as identifiers are."""
    kinds = [(kind, called.split("_")) for kind, of in encodings.identifiers.items() for called in (kind, *of.called)]
    found = []
    for name, column in dataset.attributes.items():
        if column.identifier or column.names_nobody:
            continue
        alike = [kind for kind, words in kinds if {*words} <= {*name.split("_")}]
        if alike:
            found.append(f"{name}: is called like the identifier {alike[0]} and would leave the department in clear")
        elif column.type not in HELD_TO_A_FORM and not column.codes:
            found.append(f"{name}: a text that is neither an identifier nor a code would leave the department in clear")
    return found


def inside(path: str) -> str:
    """A delivery path, which stays inside the folder of extracts. Raises ValueError."""
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise ValueError(f"servers.0.path: {path!r} leads out of the folder of extracts")
    return path


def one_character(place: str, value: Any) -> str:
    """A single character. Raises ValueError."""
    if not isinstance(value, str) or len(value) != 1:
        raise ValueError(f"{place}: {value!r} is not one character")
    return value


def reason(place: str, value: Any) -> str:
    """Why something is so, in words. Raises ValueError."""
    if not isinstance(value, str) or len(value.split()) < 2:
        raise ValueError(f"{place}: say why in words")
    return value


def text_encoding(name: Any) -> str:
    """An encoding of text that Python knows. Raises ValueError."""
    try:
        "".encode(str(name))
        codecs.lookup(str(name)).incrementaldecoder().decode(b"")
    except (LookupError, TypeError):
        raise ValueError(f"customProperties: encoding: {name!r} is no encoding of text") from None
    return str(name)


def custom(properties: list[CustomProperty] | None) -> dict[str, Any]:
    """{property: value}."""
    return {p.property: p.value for p in properties or [] if p.property}


def one_of(said: dict[str, Any], name: str, allowed: tuple[str, ...] = ()) -> Any:
    """A custom property of the contract that must be there. Raises ValueError."""
    value = said.get(name) or missing(f"customProperties: {name}")
    return among(f"customProperties: {name}", value, allowed) if allowed else value


def among(place: str, value: Any, allowed: tuple[str, ...]) -> Any:
    """`value` when it is allowed. Raises ValueError."""
    if value not in allowed:
        raise ValueError(f"{place}: {value!r} is not one of {list(allowed)}")
    return value


def missing(what: str) -> Any:
    """Raises ValueError: the contract must say it."""
    raise ValueError(f"{what} is missing")
