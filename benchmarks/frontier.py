"""python -m benchmarks.frontier --attack FILE: F1 against the share re-identified, for each candidate token set.

FILE is what `python -m benchmarks.attack --json FILE` wrote. Each set is linked here with the stages of the project, on
encoded rows that hold its tokens and a linkage schema that compares them; the picture is written beside FILE.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import altair as alt
import duckdb
import pandas as pd
import pyarrow as pa
import yaml

from benchmarks.attack import SCHEMAS, prepared
from benchmarks.measure import OUT, timed
from benchmarks.token_sets import SETS, TokenSet, rows_of
from linkage import intrusion, stages
from linkage.report.charts import svg
from linkage.settings import Settings

WITH_COMPOUNDS: dict[str, Any] = {
    "name": {
        "needs": ["surname_forename"],
        "levels": [
            {"label": "forename and surname", "same": ["surname_forename"], "term_frequency": "surname_forename"},
            {"label": "surname and date of birth", "same": ["surname_dob"]},
            {"label": "forename and date of birth", "same": ["forename_dob"]},
            {"label": "surname and postcode", "same": ["surname_postcode"]},
            {"label": "all else"},
        ],
    },
    "date_of_birth": {
        "needs": ["dob"],
        "levels": [{"label": "exact", "same": ["dob"], "term_frequency": "dob"}, {"label": "all else"}],
    },
    "home": {
        "needs": ["postcode"],
        "levels": [
            {"label": "postcode", "same": ["postcode"]},
            {"label": "district", "same": ["postcode_district"]},
            {"label": "all else"},
        ],
    },
}
BLOCKS = [["surname_dob"], ["forename_dob"], ["dob", "postcode_sector"], ["surname_postcode"]]
BLOCKS += [["surname_forename", "postcode_district"]]


def main() -> int:
    """Returns 0; the figures and the picture are for reading."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attack", type=Path, required=True, help="the figures of benchmarks.attack")
    parser.add_argument("--people", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    chosen = parser.parse_args()
    attacked = json.loads(chosen.attack.read_text())["rows"]
    points = []
    with tempfile.TemporaryDirectory() as passing:
        source = prepared(Path(passing) / "source", chosen.people, chosen.seed)
        year = intrusion.opened(source, stages.key_source(source))["dob"].str[:4].astype(int)
        for name in chosen.sets:
            settings = as_declared(SETS[name], source, Path(passing) / name, year)
            points.append({"set": name} | linked(settings, source) | shares(attacked, name))
            OUT.print(points[-1])
    chosen.attack.with_name("frontier.json").write_text(json.dumps(points, indent=1) + "\n")
    chosen.attack.with_name("frontier.svg").write_text(picture(points))
    return 0


def as_declared(token_set: TokenSet, source: Settings, folder: Path, year: Any) -> Settings:
    """A workspace with the rows of a token set, and the schemas that compare them."""
    shutil.copytree(source.workspace, folder / "workspace")
    shutil.copytree(SCHEMAS, folder / "schemas")
    settings = Settings(schemas=folder / "schemas", workspace=folder / "workspace")
    declared = yaml.safe_load((SCHEMAS / "encodings.yaml").read_text())
    if not token_set.wildcards:
        for view in declared["views"].values():
            del view["tokens"]["dob_wild"]
            view["comparisons"]["date_of_birth"]["levels"].pop(1)
    if token_set.names == "compounds":
        with_compounds(declared["views"]["names"])
    (folder / "schemas" / "encodings.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
    for path in (folder / "workspace" / "matching" / "encoded").glob("*/*.parquet"):
        rewrite(path, token_set, year)
    return settings


def with_compounds(view: dict[str, Any]) -> None:
    """Declare the view of names with compounds in the place of names."""
    for name in ("forename", "surname", "surnames"):
        del view["tokens"][name]
    view["tokens"] |= {n: {"from": "surname"} for n in ("surname_forename", "surname_dob", "surname_postcode")}
    view["tokens"]["forename_dob"] = {"from": "forename"}
    view["needs"] = ["surname_forename", "dob"]
    numbers = {n: c for n, c in view["comparisons"].items() if n in ("pnc", "nomis", "crn", "nino", "defendant_id")}
    view["comparisons"] = WITH_COMPOUNDS | numbers
    view["block_on"] = [[name] for name in numbers] + BLOCKS
    view["training"]["prior_rules"] = [["pnc"], ["nino"], ["surname_forename", "dob"]]
    view["training"]["em_blocks"] = [["dob"], ["surname_forename"]]


def rewrite(path: Path, token_set: TokenSet, year: Any) -> None:
    """Give one encoded file the tokens of a set. The view of initials loses its wildcards and nothing else."""
    rows = duckdb.read_parquet(str(path)).to_arrow_table().to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    if "surname" in rows:
        found = rows_of(token_set, rows, year).rename(columns=lambda name: name.replace("+", "_"))
    else:
        found = rows if token_set.wildcards else rows.drop(columns="dob_wild")
    duckdb.from_arrow(pa.Table.from_pandas(found, preserve_index=False)).write_parquet(str(path))


def linked(settings: Settings, source: Settings) -> dict[str, Any]:
    """F1 of pairs at the default threshold, overall and between datasets."""
    for view in stages.views(settings):
        timed(f"train and score {view}", stages.score, settings, view)
    timed("cluster", stages.cluster, settings)
    rows = stages.evaluate(settings, source.files.truth / "records.csv")["rows"]
    at = {row["scope"]: row for row in rows if row["threshold"] == "medium" and not row["part"]}
    return {"f1": at["overall"]["f1"], "f1_between": at["between datasets"]["f1"]}


def shares(attacked: list[dict[str, Any]], name: str) -> dict[str, float]:
    """The largest shares re-identified from public lists, of surnames and of birth dates, over sizes and seeds."""
    rows = [row for row in attacked if row["set"] == name and row["knowledge"] == intrusion.WITHOUT]
    return {
        field: max((row["right"] for row in rows if row["field"] == field), default=0.0)
        for field in ("surname", "date_of_birth")
    }


def picture(points: list[dict[str, Any]]) -> str:
    """F1 between datasets against the worse of the two shares; up and to the left is better."""
    values = [point | {"share": max(point["surname"], point["date_of_birth"])} for point in points]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("share:Q", title="re-identified: the larger of surnames and birth dates", axis=alt.Axis(format="%")),
        y=alt.Y("f1_between:Q", title="F1 between sources", scale=alt.Scale(zero=False)),
    )
    chart = base.mark_point(filled=True, size=80) + base.mark_text(align="left", dx=8).encode(text="set:N")
    said = (f"{v['set']}: F1 {v['f1_between']:.3f}, {v['share']:.1%} re-identified" for v in values)
    return svg(chart.properties(width=560, height=300), f"Chart. {'; '.join(said)}.")


if __name__ == "__main__":
    sys.exit(main())
