"""People look at pairs of records: drawn, looked up in clear, decided, and counted.

Over pseudonyms a reviewer sees in words how two records agree, never whose they are: such a review checks the model.
Whether two records are one woman is only known where her names are, inside departments.
"""

import csv
import datetime
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast, get_args

import duckdb
import pyarrow as pa

from linkage import decisions, facts
from linkage.decisions import Batch, Verdict, Word
from linkage.errors import ExtractError, LinkError, PrivacyError
from linkage.ledger import ledger_of
from linkage.linking import attributes_of, seen_in, views, whole
from linkage.review_sheet import Line, read_sheet
from linkage.settings import Settings
from linkage.workspace import (
    OWNER_ONLY_FILE,
    OWNER_ONLY_FOLDER,
    passing_folder,
    private_folder,
    whole_file,
    whole_folder,
    write_parquet,
)

A_SAMPLE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
SHEET, KEPT_BACK, ABOUT = "sheet.csv", "kept_back.parquet", "about.json"
CAVEAT = {
    "weights": "Verdicts are from a sheet that showed what the model holds each agreement worth, and so nearly the "
    "score of a pair: they check the model, and say nothing of the truth, even where names were seen as well.",
    "pseudonyms": "Verdicts over pseudonyms check the model, and not the truth: the reviewers saw what the model sees. "
    "Only a review in clear, inside departments, can establish whether two records are one person.",
    "clear": "Verdicts are from records seen in clear. Pairs that no blocking rule compared, or that the model gave "
    "less than 1 in 100, were not drawn: a true pair among them is in no figure.",
}
DRAWN = "review drawn"


# -------------------------------------------------------------------------------------------------------------- sample


def draw(settings: Settings, name: str, with_weights: bool = False) -> dict[str, Any]:
    """Draw pairs of the run there is, and write review/<name>/: a sheet, a list per department, and what is kept back.

    `with_weights`: the sheet also says what the model holds each agreement worth, for a review of the model.
    Raises LinkError where there is nothing to draw from, or a sample of that name.
    """
    folder = settings.files.review(a_sample(name))
    if folder.exists():
        raise LinkError(f"{folder} is there already, and its verdicts with it. Draw a sample of another name.")
    with duckdb.connect() as con:
        drawn, about = drawn_pairs(settings, con, name)
        if not drawn.num_rows:
            raise LinkError(
                "There is no pair to draw: no scored pair reaches 1 in 100, or all are of protected people."
            )
        pairs = con.from_arrow(drawn)
        lines = sheet(settings, con, pairs, name, with_weights)
        about |= {"with_weights": with_weights}
        private_folder(folder.parent)
        with whole_folder(folder) as unfinished:
            write(unfinished / SHEET, as_csv(lines))
            for dataset, listed in lists(drawn, name).items():
                write(unfinished / f"records-{dataset}.csv", as_csv(listed))
            unfinished.chmod(OWNER_ONLY_FOLDER)
            write_parquet(pairs, unfinished / KEPT_BACK)
            write(unfinished / ABOUT, json.dumps(about, indent=1, sort_keys=True) + "\n")
            sha256 = facts.sha256(unfinished / KEPT_BACK)
    ledger_of(settings).append(DRAWN, **about, sha256=sha256)
    return about | {"folder": str(folder)}


def a_sample(name: str) -> str:
    """`name` where a sample may be called that. Raises LinkError."""
    if not A_SAMPLE.fullmatch(name):
        raise LinkError("A sample is named with small letters, digits, '_', '.' and '-'. Nothing was written.")
    return name


def drawn_pairs(settings: Settings, con: duckdb.DuckDBPyConnection, name: str) -> tuple[pa.Table, dict[str, Any]]:
    """(pair, band, linked, sources, subgroup, in_stratum, the pair …) in blind order; and what is said of the draw."""
    from linkage.cohorts import reviewed
    from linkage.contracts.review import telling
    from linkage.matching import sampling

    files, datasets, declared = settings.files, settings.datasets, settings.review
    edges, doubts, people = (made_by_linking(con, path) for path in
                             (files.matching.edges, files.matching.doubts, files.matching.person_index))  # fmt: skip
    markers, column = reviewed.marked(datasets), declared.subgroup.column if declared.subgroup else None
    saying = telling(column, datasets) if column else []
    attributes = attributes_of(settings, con, sorted({*markers, *saying}), files.cohorts.attributes)
    left_out = reviewed.protected(con, attributes, people, markers)
    groups_of = people.project("dataset, record_id, '' as subgroup")
    subgroups = reviewed.subgroups(con, attributes, people, column, saying) if column else groups_of
    strata = sampling.strata(con, edges, people, subgroups, left_out)
    by_lot = con.from_arrow(sampling.sample(con, strata, declared.pairs_per_stratum.value, name).to_arrow_table())
    most = (declared.doubted_chains.value, declared.largest_people.value)
    groups = con.from_arrow(sampling.groups(con, doubts, people, left_out, most, name).to_arrow_table())
    of_groups = sampling.links_within(con, groups, edges)
    held = con.from_arrow(sampling.whole(of_groups, declared.links_of_each.value))
    drawn = sampling.numbered(con, sampling.together(con, by_lot, held), name).to_arrow_table()
    return drawn, {
        "sample": name,
        "drawn": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "run": runs_so_far(settings),
        "pairs": drawn.num_rows,
        "of_whole_groups": drawn["band"].to_pylist().count(sampling.WHOLE),
        "groups": len(of_groups),
        "strata": by_lot.project("band, linked, sources, subgroup").distinct().shape[0],
        "records_protected": left_out.shape[0],
        "subgroup": column,
    }


def made_by_linking(con: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyRelation:
    """A file of the linkage. Raises LinkError where it is not there."""
    if not path.exists():
        raise LinkError("There is no linkage to draw from yet. Run: linkage link")
    return whole(con, path, "linkage link")


def sheet(
    settings: Settings, con: duckdb.DuckDBPyConnection, pairs: duckdb.DuckDBPyRelation, name: str, with_weights: bool
) -> list[dict[str, Any]]:
    """One row per pair: its sources, how it agrees on each comparison, and room for a verdict."""
    agreeing: dict[int, dict[str, Any]] = {}
    for view in views(settings):
        for row in agreements(settings, con, pairs, view, with_weights):
            agreeing.setdefault(row["pair"], row)  # of two views the first, which sees more
    columns = dict.fromkeys(c for row in agreeing.values() for c in row if c != "pair")
    sources = pairs.project("pair, dataset_l, dataset_r").order("pair").fetchall()
    return [
        {"sample": name, "pair": pair, "source_a": one, "source_b": other}
        | {column: agreeing.get(pair, {}).get(column, "not compared") for column in columns}
        | {"verdict": ""}
        for pair, one, other in sources
    ]


def agreements(
    settings: Settings, con: duckdb.DuckDBPyConnection, pairs: duckdb.DuckDBPyRelation, view: str, with_weights: bool
) -> list[dict[str, Any]]:
    """(pair, comparison …): how the pairs agree that a view sees both records of."""
    from linkage.clustering import crosswalks_of
    from linkage.matching import model
    from linkage.matching.patterns import patterns
    from linkage.matching.person_index import stacked

    trained = model.model_from(settings.files.matching.model(view).read_text(encoding="utf-8"))
    crosswalk = stacked(crosswalks_of(settings, con)[view])
    profiles = seen_in(settings, con, view).profiles
    return patterns(con, pairs, crosswalk, profiles, settings.encodings.views[view], trained, with_weights)


def lists(drawn: pa.Table, name: str) -> dict[str, list[dict[str, Any]]]:
    """{dataset: (sample, dataset, pair, side, record_id)}: what each department is asked to look up."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in drawn.to_pylist():
        for side, end in (("a", "l"), ("b", "r")):
            dataset, of_pair = row[f"dataset_{end}"], {"pair": row["pair"], "side": side}
            asked = {"sample": name, "dataset": dataset} | of_pair | {"record_id": row[f"record_id_{end}"]}
            found.setdefault(dataset, []).append(asked)
    return found


def as_csv(rows: list[dict[str, Any]], columns: Sequence[str] = ()) -> str:
    """Rows as CSV with a header: of `columns`, which rows need not be there for, or those of the first row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write(path: Path, text: str) -> None:
    """A file in a folder that nobody sees yet, for its owner alone."""
    path.write_text(text, encoding="utf-8")
    path.chmod(OWNER_ONLY_FILE)


# -------------------------------------------------------------------------------------------------------------- lookup


def look_up(settings: Settings, dataset: str, asked: Path, extract: Path | None = None) -> dict[str, Any]:
    """The clear rows of a department's own records on a list → department/review/<sample>/, for its owner alone.

    Logged. Raises ExtractError where the list or the extract cannot be read or do not belong together, and leaves an
    earlier file as it was; PrivacyError without the record-id key.
    """
    from linkage.pseudonymisation.lookup import look_up as found_in
    from linkage.stages import key_source, spilling

    contract, files = settings.dataset(dataset), settings.files
    delivered = extract or files.department.extract(contract.path)
    with passing_folder(files.department.scratch(f"review-{dataset}")) as scratch, spilling(scratch) as con:
        found = found_in(con, contract, key_source(settings), asked, delivered, scratch)
        to = files.department.in_clear(a_sample(found.sample), dataset)
        rows = [dict(zip(found.rows.columns, row, strict=True)) for row in found.rows.fetchall()]
        with whole_file(to) as unfinished:
            write(unfinished, as_csv(rows, found.rows.columns))
    said = {"sample": found.sample, "asked": found.asked, "found": len(rows), "protected": found.protected,
            "missing": found.missing}  # fmt: skip
    ledger_of(settings).append("looked up in clear", dataset=dataset, **said)
    return said | {"file": str(to)}


# -------------------------------------------------------------------------------------------------------------- import


def import_verdicts(settings: Settings, file: Path, by: str, why: str, in_clear: bool) -> dict[str, Any]:
    """A filled sheet → decisions that no run overrules. Everything is looked at before anything is written.

    Raises ExtractError for a file that is no such sheet, and where decisions would contradict each other.
    """
    if not by.strip() or not why.strip():
        raise LinkError("Decisions are made by somebody and for a reason: --by and --why.")
    sample, said = read_sheet(file)
    verdicts = verdicts_of(settings, file, sample, said)
    at = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    batch = Batch(sample, by, why, at, in_clear, tuple(verdicts))
    if wrong := decisions.contradictions(settings, batch):
        raise ExtractError(f"{file}: {'; '.join(first_of(wrong))}. Nothing was imported.")
    entry = decisions.keep(settings, batch)
    return batch.counts() | {"sample": sample, "without_verdict": len(said) - len(verdicts), "log": entry.hash}


def verdicts_of(settings: Settings, file: Path, sample: str, said: list[Line]) -> list[Verdict]:
    """The verdicts of a sheet; a line without one has not been looked at. Raises ExtractError with all its mistakes."""
    records = {str(row["pair"]): row for row in kept_back(settings, sample)}
    given, words = [line for line in said if line.word], get_args(Word)
    wrong = [
        f"line {line.number}: pair is none of the sample (it is a number of the sheet that was drawn)"
        for line in said
        if line.pair not in records
    ]
    wrong += [
        f"{decisions.counted(lines, 'line')}: two verdicts on pair {pair}"
        for pair, lines in lines_of(given).items()
        if pair in records and len(lines) > 1
    ]
    wrong += [
        f"line {line.number}: a verdict is one of {', '.join(words)}, or empty"
        for line in given
        if line.word not in words
    ]
    if wrong:
        raise ExtractError(f"{file}: {'; '.join(first_of(wrong))}. Nothing was imported.")
    if not given:
        raise ExtractError(f"{file}: no line has a verdict: same, different or unsure. Nothing was imported.")
    found = []
    for line in given:
        row = records[line.pair]
        one, other = (row["dataset_l"], row["record_id_l"]), (row["dataset_r"], row["record_id_r"])
        found.append(Verdict(int(line.pair), one, other, cast(Word, line.word)))
    return found


def lines_of(given: list[Line]) -> dict[str, list[int]]:
    """{pair: the lines of the sheet that hold a verdict on it}; the header is line 1."""
    found: dict[str, list[int]] = {}
    for line in given:
        found.setdefault(line.pair, []).append(line.number)
    return found


def first_of(wrong: list[str]) -> list[str]:
    """The first ten mistakes, and how many more there are."""
    return wrong[:10] + [f"and {len(wrong) - 10:,} more"] * (len(wrong) > 10)


def kept_back(settings: Settings, sample: str) -> list[dict[str, Any]]:
    """The pairs of a sample, with what no reviewer sees.

    Raises LinkError where there is no such sample, PrivacyError where it is not what was drawn.
    """
    path, about = settings.files.review(a_sample(sample)) / KEPT_BACK, drawn_as(settings, sample)
    if not path.exists() or not about:
        raise LinkError(f"There is no sample {sample!r} in this workspace. Draw one: linkage review sample")
    if facts.sha256(path) != about["sha256"]:
        raise PrivacyError(
            f"{path} is not what was drawn; the log says so. Restore it from a backup. Nothing was done."
        )
    with duckdb.connect() as con:
        return list(con.read_parquet(str(path)).order("pair").to_arrow_table().to_pylist())


def drawn_as(settings: Settings, sample: str) -> Mapping[str, Any]:
    """What the log says of the last draw of a sample; empty where it was never drawn."""
    entries = ledger_of(settings).verify().entries
    told = [entry.details for entry in entries if entry.what == DRAWN and entry.details["sample"] == sample]
    return told[-1] if told else {}


# ------------------------------------------------------------------------------------------------------------ estimate


def estimate(settings: Settings, sample: str) -> dict[str, Any]:
    """Precision and recall of the run that was drawn from, with 95 % intervals, overall and by pair of sources.

    Raises LinkError where there is no verdict yet.
    """
    strata, basis = looked_up(settings, sample)
    about, words = drawn_as(settings, sample), [word for word, _ in said_of(settings, sample).values()]
    found = {
        "sample": sample,
        "drawn": about["drawn"],
        "run": about["run"],
        "basis": basis,
        "caveat": CAVEAT[basis],
        "verdicts": {word: words.count(word) for word in get_args(Word)},
        "pairs": sum(stratum.pairs for stratum in strata),
        "pairs_like_those_looked_up": sum(s.pairs for s in strata if s.same + s.different),
        **shares(strata),
        "by_sources": [{"sources": n} | shares([s for s in strata if s.sources == n])
                       for n in sorted({s.sources for s in strata})],
        "by_subgroup": [{"subgroup": n} | shares([s for s in strata if s.subgroup == n])
                        for n in sorted({s.subgroup for s in strata} - {""})],
    }  # fmt: skip
    facts.write(settings, "review", found)
    return found


def looked_up(settings: Settings, sample: str) -> tuple[list[Any], str]:
    """The strata of a sample with their verdicts; what these are from: clear, pseudonyms, or a sheet with weights.

    Raises LinkError where there is no verdict yet.
    """
    from linkage.matching import sampling

    pairs, said = kept_back(settings, sample), said_of(settings, sample)
    if not said:
        raise LinkError(f"Sample {sample} has no verdict yet. Fill its sheet, then: linkage review import")
    seen = "clear" if all(clear for _, clear in said.values()) else "pseudonyms"
    weights = drawn_as(settings, sample).get("with_weights", True)  # a log that does not say is of a sheet with weights
    return sampling.strata_of(pairs, {pair: word for pair, (word, _) in said.items()}), "weights" if weights else seen


def said_of(settings: Settings, sample: str) -> dict[int, tuple[Word, bool]]:
    """{pair: (its last verdict, was it seen in clear?)} of a sample."""
    batches = [batch for batch in decisions.batches(settings) if batch.sample == sample]
    return {verdict.pair: (verdict.word, batch.in_clear) for batch in batches for verdict in batch.verdicts}


def estimated(settings: Settings) -> dict[str, Any] | None:
    """The estimate made last, None where there is none; `linked_since`: was another linkage made after its draw?"""
    found = facts.read(settings, "review")
    return found and found | {"linked_since": found["run"] != runs_so_far(settings)}


def runs_so_far(settings: Settings) -> int:
    """How many linkages were kept. A department that looks records up has no software to link with."""
    from linkage import people

    return len(people.runs(settings))


def shares(strata: list[Any]) -> dict[str, Any]:
    """{precision, recall}, each a share with its interval and how many verdicts it rests on."""
    from linkage.matching import sampling

    return {"precision": asdict(sampling.precision(strata)), "recall": asdict(sampling.recall(strata))}
