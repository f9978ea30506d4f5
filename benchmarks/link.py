"""python -m benchmarks.link: pseudonymised linkage beside plaintext Splink on the same invented records.

Beside it, over clear values of the same accepted rows: the same comparisons and blocking, and a model as Splink's
documentation advises. No labels anywhere, the default threshold, after clustering. Four parts: `sources` (all of them,
each pair of them, and relatives), `women` (two sources with a given overlap, by whether a surname changed), `speed`,
and `ids` (who keeps hers after a second delivery).
"""

import argparse
import functools
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from rich.table import Table

from benchmarks import link_ids, link_speed, plaintext, two_sources
from benchmarks.link_sources import Sources, between_sources, losses, measured
from benchmarks.measure import EPOCH, OUT
from linkage import stages
from linkage.settings import Settings

SCHEMAS = Path(__file__).parent.parent / "schemas"
OURS, SAME, DOCUMENTED = "pseudonymised", "plaintext, same design", "plaintext, as documented"
PEERS = {SAME: plaintext.same_design, DOCUMENTED: plaintext.documented}
# No number is shared by the first two pairs; the third shares the National Insurance number.
PAIRS = (("court", "dwp"), ("court", "paye"), ("dwp", "paye"))
OVERLAPS = {0.9: 0.93, 0.33: 0.80}  # {overlap: how often at least the changed are found, over the kept}
LARGEST_LOSS = 0.003
FULL_PRECISION, INITIALS_PRECISION, CHANGED_PRECISION = 0.995, 0.95, 0.99
MOST_RELATIVES = 0.002
SIZES, QUICK_SIZES = (5_000, 10_000, 20_000, 40_000), (1_000, 2_000)
REPEATS = 3

Missed = list[str]


def main() -> int:
    """Returns 1 when --check finds a goal missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=12_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[51, 52, 53])
    parser.add_argument("--part", choices=sorted(PARTS), nargs="+", help="by default all; with --quick, women alone")
    parser.add_argument("--quick", action="store_true", help="3,000 people, one seed, one pair of sources, one overlap")
    parser.add_argument("--check", action="store_true", help="fail when a goal is missed")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.people, chosen.seeds = 3_000, chosen.seeds[:1]
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    parts = chosen.part or (["women"] if chosen.quick else [*PARTS])
    missed = [line for part in parts for line in PARTS[part](chosen)]
    OUT.print(*[f"Missed: {line}" for line in missed] or ["Every goal is met."], sep="\n", highlight=False)
    return int(chosen.check and bool(missed))


def invented(folder: Path, people: int, seed: int) -> Settings:
    """A workspace with a population and what is delivered about it."""
    settings = Settings(schemas=SCHEMAS, workspace=folder)
    stages.synthesise(settings, people, seed)
    return settings


def pseudonymised(settings: Settings) -> pd.DataFrame:
    """(dataset, record_id, person_id per threshold), by the stages of the project; record ids of the departments."""
    stages.new_keys(settings, EPOCH)
    link_ids.linked(settings)
    saved = settings.workspace / "index.csv"
    stages.evaluate(settings, settings.files.truth / "records.csv", saved)
    return pd.read_csv(saved, dtype=str)


def in_clear(rows: pd.DataFrame, peer: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """(dataset, record_id, person_id per threshold), by a peer."""
    distinct, members = plaintext.profiles(rows)
    return members.merge(peer(distinct), on="profile_id")


def sources(chosen: argparse.Namespace) -> Missed:
    """All sources: pairs of records of those with full names, each pair of sources, initials, relatives."""
    found: dict[str, list[Sources]] = {}
    for seed in chosen.seeds:
        with tempfile.TemporaryDirectory() as folder:
            settings = invented(Path(folder), chosen.people, seed)
            rows = plaintext.clear_rows(settings)
            indexes = {OURS: pseudonymised(settings)} | {name: in_clear(rows, peer) for name, peer in PEERS.items()}
            for method, index in indexes.items():
                found.setdefault(method, []).append(measured(settings, index, rows))
    table = Table("seed", "method", "precision", "recall", "F1", "relatives", "initials: precision, recall",
                  title=f"all sources, {chosen.people:,} people")  # fmt: skip
    for n, seed in enumerate(chosen.seeds):
        for method, scores in found.items():
            table.add_row(str(seed), method, *scores[n].cells())
    OUT.print(table, between_sources(found))
    ours, same = found[OURS], found[SAME]
    loss = max((theirs.full.f1 or 0.0) - (mine.full.f1 or 0.0) for theirs, mine in zip(same, ours, strict=True))
    return [
        *missed("loss of F1 against plaintext with the same design", loss, LARGEST_LOSS, at_least=False),
        *[line for pair, less in losses(ours, same).items()
          for line in missed(f"{pair}: loss of F1 against the same", less, LARGEST_LOSS, at_least=False)],
        *missed("precision on full identifiers", min(s.full.precision or 0.0 for s in ours), FULL_PRECISION),
        *missed("precision of initials", min(s.initials.precision or 0.0 for s in ours), INITIALS_PRECISION),
        *missed("share of links that join relatives", max(s.relatives for s in ours), MOST_RELATIVES, at_least=False),
    ]  # fmt: skip


def women(chosen: argparse.Namespace) -> Missed:
    """Two sources that hold each woman once: how often the women are found whose surname changed, summed over seeds."""
    pairs, overlaps = (PAIRS[:1], [*OVERLAPS][:1]) if chosen.quick else (PAIRS, [*OVERLAPS])
    found: dict[tuple[tuple[str, str], float, str], two_sources.Found] = {}
    for seed in chosen.seeds:
        with tempfile.TemporaryDirectory() as folder:
            settings = invented(Path(folder) / "all", chosen.people, seed)
            rows = two_sources.named(plaintext.clear_rows(settings), settings.files.truth)
            for pair in pairs:
                for overlap in overlaps:
                    drawn = two_sources.drawn(rows, pair, overlap, seed)
                    for method, index in both_ways(settings, drawn, Path(folder) / f"{pair}-{overlap}").items():
                        score = two_sources.found(index, drawn)
                        OUT.print(f"seed {seed}, {key_text(pair, overlap)}, {method}: {score}", highlight=False)
                        key = (pair, overlap, method)
                        found[key] = found[key] + score if key in found else score
    OUT.print(women_table(found))
    return [line for (pair, overlap, method), score in found.items() if method == OURS
            for line in women_missed(key_text(pair, overlap), overlap, score)]  # fmt: skip


def both_ways(settings: Settings, drawn: pd.DataFrame, folder: Path) -> dict[str, pd.DataFrame]:
    """{method: its index of the records drawn}."""
    clear = drawn.drop(columns=["person", "lawful", "lawful_surname"])
    ours = pseudonymised(two_sources.workspace_of(settings, drawn, folder))
    return {OURS: ours} | {name: in_clear(clear, peer) for name, peer in PEERS.items()}


def key_text(pair: tuple[str, str], overlap: float) -> str:
    """Which sources, for people."""
    return f"{' and '.join(pair)}, overlap {overlap}"


def women_table(found: dict[tuple[tuple[str, str], float, str], two_sources.Found]) -> Table:
    """A row per pair of sources, overlap and method."""
    table = Table(
        "sources", "overlap", "method", "same surname", "changed", "as often", "changed and moved", "precision",
        "of changed", title="share of women found, by whether their surname changed",
    )  # fmt: skip
    for (pair, overlap, method), score in found.items():
        table.add_row(
            " and ".join(pair), str(overlap), method, f"{score.kept_found / score.kept:.3f}",
            f"{score.changed_found / max(score.changed, 1):.3f} of {score.changed}", f"{score.as_often:.3f}",
            f"{score.moved_found / max(score.moved, 1):.3f} of {score.moved}", f"{score.precision:.4f}",
            f"{score.precision_of_changed:.4f}",
        )  # fmt: skip
    return table


def women_missed(where: str, overlap: float, score: two_sources.Found) -> Missed:
    """The goals of the women that one pair of sources misses."""
    return [
        *missed(f"{where}: changed found as often as kept", score.as_often, OVERLAPS[overlap]),
        *missed(f"{where}: precision of changed", score.precision_of_changed, CHANGED_PRECISION),
    ]


def speed(chosen: argparse.Namespace) -> Missed:
    """Time of a full run as people grow in number, and of comparing the pairs of the most beside plaintext."""
    seconds: dict[int, float] = {}
    for people in QUICK_SIZES if chosen.quick else SIZES:
        with tempfile.TemporaryDirectory() as folder:
            settings = invented(Path(folder), people, chosen.seeds[0])
            stages.new_keys(settings, EPOCH)
            seconds[people] = link_speed.cpu_seconds(functools.partial(link_ids.linked, settings))
            if people == max(QUICK_SIZES if chosen.quick else SIZES):
                times = link_speed.side_by_side(settings, 1 if chosen.quick else REPEATS)
    OUT.print(link_speed.growth(seconds), link_speed.table(times))
    return missed("time to compare over plaintext's", link_speed.ratio(times), link_speed.MOST_OF_PLAINTEXT,
                  at_least=False)  # fmt: skip


def ids(chosen: argparse.Namespace) -> Missed:
    """Who keeps her id after a second delivery, half a year later."""
    kept, unaffected = 0, 0
    for seed in chosen.seeds:
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(schemas=SCHEMAS, workspace=Path(folder))
            same, there = link_ids.kept(settings, chosen.people // 2, seed)
            kept, unaffected = kept + same, unaffected + there
    OUT.print(f"After a second delivery {kept:,} of {unaffected:,} people whom it does not touch keep their id.")
    return missed("share of untouched people who keep their id", kept / unaffected, 1.0)


def missed(what: str, value: float, goal: float, at_least: bool = True) -> Missed:
    """A line where a goal is missed."""
    met = value >= goal if at_least else value <= goal
    return [] if met else [f"{what}: {value:.4f} (goal: {'at least' if at_least else 'at most'} {goal})"]


PARTS: dict[str, Callable[[argparse.Namespace], Missed]] = {
    "sources": sources, "women": women, "speed": speed, "ids": ids,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
