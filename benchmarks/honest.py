"""python -m benchmarks.honest: does the interval of a corrected rate hold the true one as often as it says?

First cells drawn by lot, whose errors are known. Then small invented populations through the real stages, several seeds
pooled; what each gave is kept in a file, a line a seed, so a run that was stopped goes on where it was.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from pathlib import Path
from statistics import NormalDist, fmean, median, stdev
from typing import Any, NamedTuple

from rich.table import Table

from benchmarks import honest_cells, honest_runs
from benchmarks.honest_cells import LEVEL, REVIEWED, Cell, as_linked
from benchmarks.measure import OUT
from linkage.contracts.analysis import ALL
from linkage.contracts.disclosure import Disclosure
from linkage.link_errors import but_by_answers, sources
from linkage.release.corrected import NO_ERRORS, Share, corrected, seen
from linkage.release.corrections import Source, acting
from linkage.release.error_rates import ErrorsOf, Group, errors_of
from linkage.release.primary import is_small, rounded
from linkage.settings import Settings

SCHEMAS = Path(__file__).parents[1] / "schemas"
SEEDS, PEOPLE = 200, 8_000
QUICK_SEEDS, QUICK_PEOPLE = 1, 2_000
FILES = {False: Path("workspace/honest_linked.jsonl"), True: Path("workspace/honest_spoiled.jsonl")}
FORMS = ("naive", "pooled", "corrected", "perfect")
COVERAGE, WIDTH, BIAS = (0.93, 0.97), 1.5, 0.005
LABELS, COUNTED = 6, ("cohort", "dataset", "breakdown", "category", "with_records", "missed", "given_records", "wrong")
Labels = tuple[str, ...]


class Held(NamedTuple):
    """Of one form of interval over many cells: the share that hold the true rate, and the upper end of that share's own
    95 % interval (seeds taken for independent, not cells); median width over that with perfect links; mean difference
    from the true rate, and the mean size of it.
    """

    cells: int
    share: float
    upper: float
    width: float
    bias: float
    off: float


def main() -> int:
    """Returns 1 when --check finds a target missed."""
    chosen = options().parse_args()
    settings = Settings(SCHEMAS, Path("nowhere"))
    rules = settings.disclosure
    met = by_lot(range(SEEDS), rules)
    if chosen.seeds or chosen.quick:
        people = QUICK_PEOPLE if chosen.quick else chosen.people
        seeds = range(1, (QUICK_SEEDS if chosen.quick else chosen.seeds) + 1)
        file = chosen.file or FILES[chosen.spoiled]
        file.parent.mkdir(parents=True, exist_ok=True)
        runs = honest_runs.run(SCHEMAS, people, seeds, file, chosen.spoiled)
        met &= by_linking(runs, settings, rules) or chosen.quick
    return int(chosen.check and not met)


def options() -> argparse.ArgumentParser:
    """What may be asked."""
    parser = argparse.ArgumentParser(description="Do corrected rates hold the truth as often as they say?")
    parser.add_argument("--seeds", type=int, default=0, help="how many populations to link; none: cells by lot only")
    parser.add_argument("--people", type=int, default=PEOPLE, help="of each population")
    parser.add_argument("--quick", action="store_true", help=f"link {QUICK_PEOPLE:,} people once, and judge nothing")
    parser.add_argument("--spoiled", action="store_true", help="spoil true links by lot, more of women of one age")
    parser.add_argument("--file", type=Path, help="where runs are kept, and found again; by default in workspace/")
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    return parser


# -------------------------------------------------------------------------------------------------------- cells by lot


def by_lot(seeds: Iterable[int], rules: Disclosure) -> bool:
    """Show what cells of known errors give. Returns whether all targets are met."""
    cells = [cell for seed in seeds for cell in honest_cells.release(seed, rules)]
    table = held_table(f"Cells by lot: {REVIEWED} women with a record and {REVIEWED} links looked at in each group")
    groups = [add(table, g, [cell for cell in cells if cell.group == g]) for g in honest_cells.GROUPS]
    found = add(table, "all", cells)
    OUT.print(table, "")
    OUT.print(
        f"cells by lot, {len(cells):,} of {SEEDS} releases: {found.share:.3f} of corrected intervals hold the true "
        f"rate (as linked {held(cells, 'naive').share:.3f}), {found.width:.2f} times as wide as with perfect links\n",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    return fine(found, groups)


def held_table(title: str) -> Table:
    """The columns of what is shown of forms."""
    columns = ("cells", "form", "holds the truth", "width", "bias, points", "mean error, points")
    return Table("", *columns, title=title, box=None, title_justify="left")


def add(table: Table, name: str, cells: Sequence[Cell]) -> Held:
    """A line for each form. Returns that of corrected rates."""
    for form in FORMS:
        one = held(cells, form)
        figures = (f"{one.share:.3f}", f"{one.width:.2f}", f"{100 * one.bias:+.2f}", f"{100 * one.off:.2f}")
        table.add_row(name, f"{one.cells:,}", form, *figures)
    return held(cells, "corrected")


def held(cells: Sequence[Cell], form: str) -> Held:
    """What one form does over cells."""
    of_form: list[Share] = [getattr(cell, form) for cell in cells]
    holds: dict[int, list[bool]] = {}
    for share, cell in zip(of_form, cells, strict=True):
        holds.setdefault(cell.seed, []).append(share.lower <= cell.true <= share.upper)
    widths = [width(share) / width(cell.perfect) for share, cell in zip(of_form, cells, strict=True)]
    errors = [share.value - cell.true for share, cell in zip(of_form, cells, strict=True)]
    share = sum(map(sum, holds.values())) / len(cells)
    upper = share + spread(holds.values(), share)
    return Held(len(cells), share, upper, median(widths), fmean(errors), fmean(map(abs, errors)))


def spread(holds: Iterable[Sequence[bool]], share: float) -> float:
    """Half the 95 % interval of a share of cells, each seed's cells taken together (Cochran 1977, ratio estimator)."""
    seeds = list(holds)
    if len(seeds) < 2:
        return 1.0
    left = [sum(one) - share * len(one) for one in seeds]
    return NormalDist().inv_cdf(0.975) * stdev(left) * sqrt(len(seeds)) / sum(map(len, seeds))


def width(share: Share) -> float:
    """How wide an interval is."""
    return share.upper - share.lower


# --------------------------------------------------------------------------------------------------------- real stages


def by_linking(runs: Mapping[int, dict[str, Any]], settings: Settings, rules: Disclosure) -> bool:
    """Show what linked populations give. Returns whether all targets are met."""
    said = list(runs.values())
    many, women = len(said), said[0]["people"]
    cells, allowing = (published(said, settings, rules, links_alone) for links_alone in (True, False))
    drawn_from = rates_of_all(said, "cells")
    table = held_table(f"{many} populations of {women:,} linked: the rate that a cell is drawn from")
    drawn = [(labels, cell._replace(true=drawn_from[labels])) for labels, cell in cells]
    groups = sorted({part(labels) for labels, _ in cells})
    of_groups = [add(table, group, [cell for labels, cell in drawn if part(labels) == group]) for group in groups]
    found = add(table, "every cell", [cell for _, cell in drawn])
    OUT.print(table, "")
    lived = rates_of_all(said, "lives")
    everybody, as_released = ([one for one in found_so if one[0][4] == ALL] for found_so in (cells, allowing))
    table = held_table("The same of other true rates, which say what intervals are not for")
    own = [cell for _, cell in cells]
    add(table, "every cell, of its own women by perfect links", own)
    for name, women_so in (("links", everybody), ("links and for what no link could find", as_released)):
        as_lived = [cell._replace(true=lived[labels[0], labels[1], labels[3]]) for labels, cell in women_so]
        add(table, f"all women, as they lived; corrected for {name}", as_lived)
    OUT.print(table, "")
    off = headlines(said, everybody, as_released)
    OUT.print(
        f"{many} populations of {women:,}, {median(one['seconds'] for one in said):.0f} CPU-s each: {found.share:.3f} "
        f"of {found.cells:,} corrected intervals hold the rate they are drawn from, {found.width:.2f} times as wide as "
        f"with perfect links; mean absolute bias of headlines {100 * off['corrected']:.2f} points (as linked "
        f"{100 * off['naive']:.2f}), from what was lived {100 * off['corrected, lived']:.2f} "
        f"({100 * off['naive, lived']:.2f}, by perfect links {100 * off['perfect, lived']:.2f})",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    return fine(found, of_groups) and max(off["corrected"], off["corrected, lived"]) <= BIAS


def part(labels: Labels) -> str:
    """Which line of a table a cell is in: that of its breakdown, but for the age whose links may be spoiled."""
    return f"{labels[4]}, {labels[5]}" if labels[5] == honest_runs.POOR else labels[4]


def fine(found: Held, of_groups: Iterable[Held]) -> bool:
    """Do intervals hold the truth as often as they should, in no group significantly less often, and narrowly?"""
    in_groups = all(one.upper >= COVERAGE[0] for one in of_groups)
    return COVERAGE[0] <= found.share <= COVERAGE[1] and in_groups and found.width <= WIDTH


def published(
    runs: Iterable[dict[str, Any]], settings: Settings, rules: Disclosure, links_alone: bool
) -> list[tuple[Labels, Cell]]:
    """Each cell of each run that is not too small by itself, with its rate by perfect links as the true one.

    `links_alone`: corrected for errors of links and for nothing else; a release allows for records that were never
    delivered, or set aside, as well, which perfect links would not find.
    """
    declared, source_of = settings.link_errors, sources(settings.analysis)
    if declared is None:
        raise SystemExit(f"{settings.schemas}: link_errors.yaml is needed.")
    if links_alone:
        declared = declared.model_copy(update={"never_delivered": ()})
    found = []
    for run in runs:
        aside = {} if links_alone else {name: gone / (gone + n) for name, (gone, n) in run["set_aside"].items() if n}
        counted = [dict(zip(COUNTED, row, strict=True)) for row in run["errors"]]
        errors = but_by_answers(errors_of(declared, counted, rules, aside), settings.analysis)
        for *labels, having, women, truly, of in run["cells"]:
            place = tuple(labels)
            if of and not any(is_small(n, rules) or not n for n in (having, women - having)):
                counts = (rounded(having, rules), rounded(women, rules))
                found.append(
                    (place, cell_of(run["seed"], place, counts, (truly, of), errors, source_of[place[1]], rules))
                )
    return found


def cell_of(
    seed: int, place: Labels, counts: tuple[int, int], truly: tuple[int, int], errors_by: ErrorsOf, source: Source,
    rules: Disclosure,
) -> Cell:  # fmt: skip
    """One cell in each form; as linked where no errors are known."""
    seen_so = seen(*counts, rules.rounding_base.value, LEVEL)
    group = Group(place[0], source.dataset, *place[4:])
    own, of_all = (acting(errors_by(one) or NO_ERRORS, source) for one in (group, group.wider))
    perfect = as_linked(rounded(truly[0], rules), rounded(truly[1], rules))
    return Cell(
        seed,
        place[4],
        truly[0] / truly[1],
        as_linked(*counts),
        corrected(seen_so, of_all),
        corrected(seen_so, own),
        perfect,
    )


def rates_of_all(runs: Iterable[dict[str, Any]], what: str) -> dict[Labels, float]:
    """{labels: the true rate of all runs together}: what each run's is drawn from, as far as they can tell."""
    sums: dict[Labels, list[int]] = {}
    for run in runs:
        for *labels, having, women in run[what]:
            of_cell = sums.setdefault(tuple(labels[:LABELS]), [0, 0])
            of_cell[0], of_cell[1] = of_cell[0] + having, of_cell[1] + women
    return {labels: having / women for labels, (having, women) in sums.items() if women}


def headlines(
    runs: Sequence[dict[str, Any]], cells: Sequence[tuple[Labels, Cell]], as_released: Sequence[tuple[Labels, Cell]]
) -> dict[str, float]:
    """Show how far the rates of all women are from the truth, on average over the runs, and give the mean size of that.

    From their own rate by perfect links, corrected for links alone (`cells`). And from what was lived, corrected as a
    release is: the records themselves are wrong, too.
    """
    lived = {(run["seed"], *place): having / women for run in runs for *place, having, women in run["lives"]}
    table = Table("", "outcome", "year", "from perfect links: as linked", "corrected", "from what was lived: as linked",
                  "corrected", "perfect links", box=None, title="Bias of rates of all women, points",
                  title_justify="left")  # fmt: skip
    sizes: dict[str, list[float]] = {}
    for place in sorted({labels for labels, _ in cells}):
        ones, others = ([cell for labels, cell in of if labels == place] for of in (cells, as_released))
        lives = [lived[cell.seed, place[0], place[1], place[3]] for cell in ones]
        off = {form: fmean(getattr(cell, form).value - cell.true for cell in ones) for form in ("naive", "corrected")}
        off |= {
            f"{form}, lived": fmean(getattr(cell, form).value - life for cell, life in zip(others, lives, strict=True))
            for form in ("naive", "corrected")
        }
        off["perfect, lived"] = fmean(cell.true - life for cell, life in zip(ones, lives, strict=True))
        table.add_row(words(place[0]), words(place[1]), place[3], *(f"{100 * number:+.2f}" for number in off.values()))
        for form, number in off.items():
            sizes.setdefault(form, []).append(abs(number))
    OUT.print(table, "")
    return {form: fmean(numbers) for form, numbers in sizes.items()}


def words(name: str) -> str:
    """A name as it is read."""
    return name.replace("_", " ")


if __name__ == "__main__":
    sys.exit(main())
