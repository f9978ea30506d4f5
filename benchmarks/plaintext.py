"""The same records in clear, linked by Splink itself: what pseudonymised linkage is measured against.

Two peers: `same_design`, with the comparisons and the blocking of schemas/encodings.yaml written over clear values, and
`documented`, a model as Splink's own documentation advises for people (its comparison library and blocking on pairs of
columns). Both see the standardised values of the same accepted rows, each distinct row once.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from linkage.contracts.dataset import Dataset
from linkage.matching.score import SMALLEST_PROBABILITY
from linkage.matching.settings import alike, connection
from linkage.pseudonymisation import extract, intake
from linkage.pseudonymisation.regions import region
from linkage.pseudonymisation.standardise import standard_forms
from linkage.pseudonymisation.tokens import parts, soundex
from linkage.settings import Settings

VIEW = "names"
NUMBERS = ("pnc", "nomis", "crn", "nino", "defendant_id")
CLEAR = ("forename", "forenames", "surname", "surnames", "dob", "postcode", "sector", "district", "region", *NUMBERS)
THRESHOLDS = {"high": 0.99, "medium": 0.95, "low": 0.80}
SEED = 1


@dataclass(frozen=True)
class Design:
    """What Splink is told: its settings; rules, of that recall, for its prior; and blocks for its training."""

    settings: Any
    certain: list[str]
    recall: float
    blocks: list[str]


def clear_rows(settings: Settings) -> pd.DataFrame:
    """(dataset, record_id, clear values …): one row per accepted record of each dataset that holds full names."""
    found = []
    for contract in settings.datasets.values():
        path = settings.files.department.extract(contract.path)
        if VIEW in contract.views(settings.encodings) and path.exists():
            found.append(rows_of(settings, contract, path))
    return pd.concat(found, ignore_index=True)


def rows_of(settings: Settings, contract: Dataset, path: Path) -> pd.DataFrame:
    """The rows of one extract, taken in as the pipeline takes them in."""
    with duckdb.connect() as con, tempfile.TemporaryDirectory() as scratch:
        extract.read_extract(con, contract, path, Path(scratch))
        intake.judge(con, contract, settings.scope)
        intake.accept(con, contract)
        raw = con.sql("from accepted").df()
    kinds = {kind: [standard(settings, contract, kind, raw, c.name) for c in columns]
             for kind, columns in contract.identifiers.items() if kind != "sex"}  # fmt: skip
    names = [value for kind in ("surname", "other_surname") for value in kinds.get(kind, [])]
    found = pd.DataFrame({"dataset": contract.name, "record_id": raw[contract.record_key]})
    found["forename"] = first(kinds, "forename", found).map(lambda forms: forms[0].split()[0] if forms else None)
    found["forenames"] = first(kinds, "forename", found).map(
        lambda forms: forms[0] if forms and " " in forms[0] else None
    )
    found["surname"] = first(kinds, "surname", found).map(lambda forms: forms[0] if forms else None)
    found["surnames"] = [sorted({part for forms in row for form in forms for part in parts(form)}) or None
                         for row in zip(*names, strict=True)]  # fmt: skip
    found["dob"] = first(kinds, "date_of_birth", found).map(lambda forms: forms[0] if forms else None)
    postcode = first(kinds, "postcode", found).map(lambda forms: forms[0] if forms else None)
    found["postcode"], found["sector"], found["district"] = postcode, postcode.str[:-2], postcode.str[:-3]
    found["region"] = postcode.map(region, na_action="ignore")
    for number in NUMBERS:
        found[number] = first(kinds, number, found).map(lambda forms: forms[0] if forms else None)
    return found.astype(object).where(found.notna(), None)


def standard(settings: Settings, contract: Dataset, kind: str, raw: pd.DataFrame, name: str) -> pd.Series:
    """The standard forms in each cell of a column, as lists."""
    column = next(c for c in contract.columns if c.name == name)
    steps = settings.encodings.identifiers[kind].standardise
    forms = {}
    for value in raw[name].dropna().unique():
        cell = value.split(column.separator) if column.separator else [value]
        forms[value] = [form for form in standard_forms(cell, steps) if form]
    return raw[name].map(lambda value: forms.get(value, []))


def first(kinds: dict[str, list[pd.Series]], kind: str, rows: pd.DataFrame) -> pd.Series:
    """The first column of a kind; empty lists where a dataset has none."""
    return kinds[kind][0] if kind in kinds else pd.Series([[]] * len(rows), index=rows.index)


def profiles(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """((profile_id, clear values …), (profile_id, dataset, record_id)): equal rows of one dataset are one profile."""
    keyed = rows.assign(
        surnames_text=rows["surnames"].map(lambda s: "|".join(s or [])),
        sounds=[sounds(f, s) for f, s in zip(rows["forename"], rows["surnames"], strict=True)],
    )
    by = ["dataset", *[c for c in CLEAR if c != "surnames"], "surnames_text"]
    keyed["profile_id"] = keyed.groupby(by, dropna=False, sort=False).ngroup().astype("int32")
    distinct = keyed.drop_duplicates("profile_id")[["profile_id", *CLEAR, "sounds"]].copy()
    distinct["f_sound"] = [pair[0] for pair in distinct["sounds"]]
    distinct["s_sounds"] = [pair[1] or None for pair in distinct["sounds"]]
    postcode = distinct["postcode"]
    distinct["postcode_as_written"] = postcode.str[:-3] + " " + postcode.str[-3:]
    distinct["year"], distinct["month"] = distinct["dob"].str[:4], distinct["dob"].str[:7]
    return distinct.drop(columns="sounds"), keyed[["profile_id", "dataset", "record_id"]]


def sounds(forename: str | None, surnames: list[str] | None) -> tuple[str | None, list[str]]:
    """The Soundex codes of a forename and of each surname."""
    of_forename = (soundex(forename) or [None])[0] if forename else None
    return of_forename, sorted({code for name in surnames or [] for code in soundex(name)})


def same_design(rows: pd.DataFrame) -> pd.DataFrame:
    """(profile_id, person_id per threshold): the design of the project over clear values."""
    return linked(rows, same_model(rows))


def same_model(rows: pd.DataFrame) -> Design:
    """The comparisons and the blocking of schemas/encodings.yaml over clear values."""
    missing = "{0}_l is null or {0}_r is null".format
    number = [
        custom(name, missing(name), [f"{name}_l = {name}_r"], {0: name}) for name in NUMBERS if rows[name].notna().any()
    ]
    surname_and_home = [
        "surname_l = surname_r and postcode_l = postcode_r", "surname_l = surname_r and district_l = district_r",
        f"{alike('surnames', many=True)} and postcode_l = postcode_r", "surname_l = surname_r",
        alike("surnames", many=True), f"{alike('s_sounds', many=True)} and postcode_l = postcode_r",
        alike("s_sounds", many=True), "postcode_l = postcode_r", "district_l = district_r",
        "region_l = region_r", "postcode_l is null or postcode_r is null",
    ]  # fmt: skip
    comparisons = [
        custom("forename", missing("forename"),
               ["forenames_l = forenames_r", "forename_l = forename_r",
                "forename_l = surname_r or surname_l = forename_r", "f_sound_l = f_sound_r",
                "forename_l[1] = forename_r[1]"],
               {1: "forename"}),
        custom("surname_and_home", missing("surname"), surname_and_home, {0: "surname", 1: "surname", 3: "surname"}),
        custom("birth", missing("dob"), ["dob_l = dob_r", "hamming(dob_l, dob_r) = 1",
                "year_l = year_r and dob_l[6:7] = dob_r[9:10] and dob_l[9:10] = dob_r[6:7]",
                "(dob_l[6:] = '01-01' or dob_r[6:] = '01-01') and year_l = year_r",
                "year_l = year_r"], {0: "dob"}),
        *number,
    ]  # fmt: skip
    rules = [
        *[f"l.{name} = r.{name}" for name in NUMBERS if rows[name].notna().any()],
        "l.forename = r.forename and l.dob = r.dob", "l.surname = r.surname and l.dob = r.dob",
        "l.dob = r.dob and l.district = r.district",
        "l.forename = r.forename and l.surname = r.surname and l.district = r.district",
        "l.forename = r.forename and l.postcode = r.postcode", "l.f_sound = r.f_sound and l.dob = r.dob",
        ("l.s_sounds = r.s_sounds and l.dob = r.dob", ["s_sounds"]),
        ("l.f_sound = r.f_sound and l.s_sounds = r.s_sounds and l.year = r.year", ["s_sounds"]),
        ("l.f_sound = r.f_sound and l.s_sounds = r.s_sounds and l.sector = r.sector", ["s_sounds"]),
        "l.forename[1] = r.forename[1] and l.surname[1] = r.surname[1]"
        " and l.month = r.month and l.district = r.district",
    ]  # fmt: skip
    settings = {
        "link_type": "dedupe_only", "unique_id_column_name": "profile_id", "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": [blocking(rule) for rule in rules],
        "retain_matching_columns": False, "retain_intermediate_calculation_columns": False,
    }  # fmt: skip
    certain = [
        "l.pnc = r.pnc",
        "l.nino = r.nino",
        "l.forename = r.forename and l.surname = r.surname and l.dob = r.dob",
    ]
    return Design(settings, certain, 0.8, ["l.dob = r.dob", "l.surname = r.surname and l.postcode = r.postcode"])


def documented(rows: pd.DataFrame) -> pd.DataFrame:
    """(profile_id, person_id per threshold): a model as Splink's documentation writes one for people."""
    return linked(rows, documented_model(rows))


def documented_model(rows: pd.DataFrame) -> Design:
    """Splink's own comparisons for people, and blocking on pairs of columns."""
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="profile_id",
        comparisons=[
            cl.ForenameSurnameComparison("forename", "surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_as_written"),
            *[cl.ExactMatch(name) for name in NUMBERS if rows[name].notna().any()],
        ],
        blocking_rules_to_generate_predictions=[
            block_on("forename", "surname"),
            block_on("surname", "dob"),
            block_on("forename", "dob"),
            block_on("postcode", "forename"),
            block_on("postcode", "surname"),
            block_on("postcode", "dob"),
        ],
        retain_matching_columns=False,
    )
    certain = ["l.forename = r.forename and l.surname = r.surname and l.dob = r.dob"]
    return Design(settings, certain, 0.7, ["l.dob = r.dob", "l.forename = r.forename and l.surname = r.surname"])


def custom(name: str, missing: str, levels: list[str], frequency: dict[int, str]) -> dict[str, Any]:
    """A comparison of these levels, with term frequencies at some."""
    declared: list[dict[str, Any]] = [{"sql_condition": missing, "label_for_charts": "missing", "is_null_level": True}]
    for n, level in enumerate(levels):
        declared.append(
            {"sql_condition": level, "label_for_charts": str(n)}
            | ({"tf_adjustment_column": frequency[n]} if n in frequency else {})
        )
    declared.append({"sql_condition": "ELSE", "label_for_charts": "all else"})
    return {"output_column_name": name, "comparison_levels": declared}


def blocking(rule: str | tuple[str, list[str]]) -> dict[str, Any] | str:
    """A blocking rule; lists are exploded where a rule compares their members."""
    return rule if isinstance(rule, str) else {"blocking_rule": rule[0], "arrays_to_explode": rule[1]}


def linked(rows: pd.DataFrame, design: Design) -> pd.DataFrame:
    """(profile_id, person_id_high, _medium, _low): trained without labels, clustered by connected components."""
    with duckdb.connect() as con:
        model = trained(con, rows, design)
        scored = model.inference.predict(threshold_match_probability=min(THRESHOLDS.values()))
        found = rows[["profile_id"]]
        for name, threshold in THRESHOLDS.items():
            groups = model.clustering.cluster_pairwise_predictions_at_threshold(scored, threshold)
            people = groups.as_pandas_dataframe()[["profile_id", "cluster_id"]]
            found = found.merge(people.rename(columns={"cluster_id": f"person_id_{name}"}), on="profile_id")
    return found


def trained(con: duckdb.DuckDBPyConnection, rows: pd.DataFrame, design: Design) -> Linker:
    """Splink's model of these rows, trained without labels."""
    con.register("arrived", rows)
    con.execute("create table people as from arrived")
    model = Linker(DuckDBAPI(con).register("people"), design.settings, log_level=None)
    model.training.estimate_probability_two_random_records_match(design.certain, recall=design.recall)
    model.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=SEED)
    for block in design.blocks:
        model.training.estimate_parameters_using_expectation_maximisation(block)
    return model


def prediction(rows: pd.DataFrame, design: Callable[[pd.DataFrame], Design]) -> Callable[[], int]:
    """Splink's blocking and scoring of these rows by a model that is trained now; returns how many pairs it keeps."""
    with duckdb.connect() as con:
        saved = trained(con, rows, design(rows)).misc.save_model_to_json()
        people = con.table("people").to_arrow_table()

    def predict() -> int:
        with connection(people) as con:
            model = Linker(DuckDBAPI(con).register("profiles"), saved, log_level=None, validate_settings=False)
            scored = model.inference.predict(threshold_match_probability=SMALLEST_PROBABILITY)
            return int(con.sql(f"select count(*) from {scored.physical_name}").fetchall()[0][0])

    return predict
