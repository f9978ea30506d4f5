"""python -m benchmarks.frontier --attack FILE: F1 against the share re-identified, for each candidate token set.

FILE is what `python -m benchmarks.attack --json FILE` wrote. Each set is linked here with the stages of the project,
under its own declarations. The figures are kept beside FILE, the picture beside this module.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import altair as alt

from benchmarks.measure import OUT, timed
from benchmarks.token_sets import SCHEMAS, SETS, written
from linkage import intrusion, stages
from linkage.report.charts import svg
from linkage.settings import Settings

PICTURE = Path(__file__).with_name("frontier.svg")
LIMIT = 0.05
QUICK_PEOPLE, QUICK_SETS = 1_000, ["default"]


def main() -> int:
    """Returns 0; the figures and the picture are for reading."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attack", type=Path, help="the figures of benchmarks.attack; needed but with --quick")
    parser.add_argument("--people", type=int, default=6_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--quick", action="store_true", help=f"F1 of the default, {QUICK_PEOPLE:,} people; no picture")
    chosen = parser.parse_args()
    if chosen.quick:
        for name, figures in links(QUICK_PEOPLE, chosen.seeds[0], QUICK_SETS):
            OUT.print(f"{name}: F1 {figures['f1']:.4f} ({figures['f1_between']:.4f} between sources)", highlight=False)
        return 0
    if chosen.attack is None:
        parser.error("--attack FILE is needed. Make it with: python -m benchmarks.attack --json FILE")
    attacked = json.loads(chosen.attack.read_text())["rows"]
    if missing := set(chosen.sets) - {row["set"] for row in attacked}:
        parser.error(
            f"{chosen.attack} has no attack on {', '.join(sorted(missing))}: attack them, or name other --sets"
        )
    linked: dict[str, list[dict[str, float]]] = {name: [] for name in chosen.sets}
    for seed in chosen.seeds:
        for name, figures in links(chosen.people, seed, chosen.sets):
            linked[name].append(figures)
            OUT.print(name, seed, figures)
    points: list[dict[str, Any]] = [
        {"set": name} | means(found) | shares(attacked, name) for name, found in linked.items()
    ]
    chosen.attack.with_name(f"{chosen.attack.stem}_frontier.json").write_text(json.dumps(points, indent=1) + "\n")
    PICTURE.write_text(picture(points))
    for point in points:
        OUT.print(said(point), highlight=False)
    return 0


def links(people: int, seed: int, sets: list[str]) -> Any:
    """(set, F1 overall and between datasets) of each set, on the same invented extracts."""
    with tempfile.TemporaryDirectory() as passing:
        invented = Settings(SCHEMAS, Path(passing) / "workspace")
        stages.synthesise(invented, people, seed)
        stages.new_keys(invented, "benchmark")
        for name in sets:
            settings = Settings(written(SETS[name], Path(passing) / name), invented.workspace)
            yield name, link(settings)


def link(settings: Settings) -> dict[str, float]:
    """F1 of pairs at the default threshold, overall and between datasets."""
    for dataset in settings.datasets:
        timed(f"pseudonymise {dataset}", stages.pseudonymise, settings, dataset)
    for view in stages.views(settings):
        for stage in (stages.block, stages.unseal, stages.score):
            timed(f"{stage.__name__} {view}", stage, settings, view)
    timed("cluster", stages.cluster, settings)
    rows = stages.evaluate(settings, settings.files.truth / "records.csv")["rows"]
    at = {row["scope"]: row for row in rows if row["threshold"] == "medium" and not row["part"]}
    return {"f1": at["overall"]["f1"], "f1_between": at["between datasets"]["f1"]}


def means(found: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each figure over seeds."""
    return {name: statistics.mean(one[name] for one in found) for name in found[0]}


def shares(attacked: list[dict[str, Any]], name: str) -> dict[str, float]:
    """The largest shares re-identified from public lists, of surnames and of birth dates, over sizes and seeds."""
    rows = [row for row in attacked if row["set"] == name and row["knowledge"] == intrusion.WITHOUT]
    return {field: max(row["right"] for row in rows if row["field"] == field) for field in ("surname", "date_of_birth")}


def picture(points: list[dict[str, Any]]) -> str:
    """F1 between datasets against the worse of the two shares; up and to the left is better."""
    values = [point | {"share": max(point["surname"], point["date_of_birth"])} for point in points]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("share:Q", title="re-identified: the larger of surnames and birth dates", axis=alt.Axis(format="%")),
        y=alt.Y("f1_between:Q", title="F1 between sources", scale=alt.Scale(zero=False)),
    )
    limit = alt.Chart(alt.InlineData(values=[{"limit": LIMIT}])).mark_rule(strokeDash=[4, 4]).encode(x="limit:Q")
    text = base.mark_text(align="left", dx=8).encode(text="set:N")
    chart = alt.layer(limit, base.mark_point(filled=True, size=80), text)
    drawn = svg(chart.properties(width=560, height=300), f"Chart. {'; '.join(map(said, points))}.")
    return drawn.replace("<svg ", '<svg style="background: white; color: black" ', 1)


def said(point: dict[str, Any]) -> str:
    """One set in words."""
    return (
        f"{point['set']}: F1 {point['f1']:.4f} ({point['f1_between']:.4f} between sources), "
        f"{point['surname']:.2%} of surnames and {point['date_of_birth']:.2%} of birth dates re-identified"
    )


if __name__ == "__main__":
    sys.exit(main())
