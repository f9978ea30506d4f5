"""What the release page says of a comparison, from the published rows of its files alone."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from linkage.contracts.compared import About
from linkage.report.comparison_charts import SERIES, Alike, Difference, differences, love_plot
from linkage.report.grid import Flagged, Grid, Line
from linkage.report.wording import key, mark, marked, signed

Row = dict[str, Any]
MEDIUM, MATCHED, ALL = "medium", "matched", "all"
WOMEN = {MATCHED: "Matched", ALL: "All, before matching", "not matched": "Not matched"}
DRAWN = {MATCHED: SERIES[0], ALL: SERIES[1]}
STAGES = {"before": SERIES[1], "after": SERIES[0]}
WHY = {
    "c": "a rate of few women is suppressed, or another that would give it away",
    "z": "nobody of one of the groups was counted",
}
ANEW = "Strict / loose linkage, each matched anew"


class Section(NamedTuple):
    """A comparison: its warning, what is said of it in words, drawings each with its table, tables to open, notes."""

    anchor: str
    title: str
    subtitle: str
    health_warning: str
    said: tuple[str, ...]
    figures: tuple[tuple[str, str, Grid], ...]
    notes: tuple[str, ...]


def section(about: About, rows: Sequence[Row], found: Sequence[Row], alike: Sequence[Row]) -> Section:
    """The section of one comparison. `rows`: its published cells; `found`, `alike`: its differences and its balance."""
    cells = [row for row in rows if row["table_id"] == about.name and row["threshold"] == MEDIUM]
    mine = [row for row in found if row["comparison"] == about.name]
    main = [row for row in mine if row["threshold"] == MEDIUM]
    balance = [row for row in alike if (row["comparison"], row["threshold"]) == (about.name, MEDIUM)]
    figures = [(drawn_differences(main, about), caption(main, about), differences_grid(mine, about))]
    if any(row["smd"] is not None for row in balance):
        figures.append((drawn_balance(balance, about), balance_caption(balance), balance_grid(balance, about)))
    return Section(
        anchor=about.name,
        title=about.title.split(",")[0],
        subtitle=about.title,
        health_warning=about.health_warning,
        said=(*how_many(cells, about), *missing(main, about), *in_balance(balance)),
        figures=tuple(figures),
        notes=about.notes,
    )


def how_many(cells: Sequence[Row], about: About) -> Iterator[str]:
    """How many women are in each arm, and how many of them were matched."""
    for row in cells:
        if row["outcome"] == MATCHED and row["breakdown"] == ALL:
            name = about.arms[row["cohort"]]
            women, matched = row["denominator"], row["numerator"]
            if row["status"] == "c":
                yield f"{name}: how many were matched is suppressed."
            else:
                rest = (women or 0) - (matched or 0)
                yield f"{name}: {women or 0:,} women, of whom {matched or 0:,} were matched and {rest:,} were not."


def missing(main: Sequence[Row], about: About) -> Iterator[str]:
    """Why a difference of matched women is not there."""
    why = WHY | {"x": f"fewer than {about.fewest:g} pairs were found, too few to compare"}
    for row in main:
        if row["women"] == MATCHED and row["difference"] is None:
            outcome = about.outcomes[row["outcome"]]
            yield f"{outcome}: no difference between matched women is given, since {why[row['status']]}."


def in_balance(balance: Sequence[Row]) -> Iterator[str]:
    """In how many categories the women differ, before and after."""
    shown = {stage: [row for row in balance if row["stage"] == stage and row["smd"] is not None] for stage in STAGES}
    if shown["after"]:
        before, after = (sum(row["out_of_balance"] == "yes" for row in shown[stage]) for stage in ("before", "after"))
        yield (
            f"Of {len(shown['after'])} categories that can be shown, {before} are out of balance before matching (a "
            f"standardised difference over .1), and {after} after it."
        )


def drawn_differences(main: Sequence[Row], about: About) -> str:
    """The drawing of the differences."""
    marks = [
        Difference(about.outcomes[row["outcome"]], DRAWN[row["women"]], row["difference"], row["lower"], row["upper"],
                   points(row))
        for row in main
        if row["women"] in DRAWN
    ]  # fmt: skip
    said = "; ".join(f"{one.outcome}, {one.series}: {one.text}" for one in marks)
    first, second = about.arms.values()
    alternative = f"Chart. {first} less {second}. {said}. The figures stand in the table below."
    return differences(marks, "difference in points", alternative)


def caption(main: Sequence[Row], about: About) -> str:
    """What the drawing of the differences shows."""
    first, second = (title[0].lower() + title[1:] for title in about.arms.values())
    said = (
        f"Women {first}, less women {second}: of 100, how many more have the outcome. Dot or square: difference. "
        "Line: its 95% interval, for chance alone."
    )
    return " ".join(filter(None, (said, key(mark(row["status"]) for row in main if row["women"] in DRAWN))))


def balance_caption(balance: Sequence[Row]) -> str:
    """What the drawing of balance shows, and at which stage it shows nothing."""
    drawn = [stage for stage in STAGES if worst(balance, stage) is not None]
    missing = [f"Of {series} none is given." for stage, series in STAGES.items() if stage not in drawn]
    said = (
        "How alike the two groups are in what was known of them before: the difference of the shares in each category, "
        f"in standard deviations, {' and '.join(drawn)} matching. Within the outer lines it is at most .1, which "
        "counts as balance."
    )
    return " ".join((said, *missing))


def differences_grid(mine: Sequence[Row], about: About) -> Grid:
    """A line per outcome and women: rates of both arms, and their difference at each linkage threshold."""
    at = {(row["outcome"], row["women"], row["threshold"]): row for row in mine}
    lines = []
    for outcome, title in about.outcomes.items():
        for women, named in WOMEN.items():
            row = at[outcome, women, MEDIUM]
            others = [points(one) for one in strict_and_loose(at, outcome, women)]
            interval = "" if row["lower"] is None else f"{signed(row['lower'])} to {signed(row['upper'])}"
            figures = (*rate(row, ""), *rate(row, "other_"), points(row), interval)
            lines.append(Line(title, (named, *figures, " / ".join(others))))
    spans = (("", 1), *((title, 2) for title in about.arms.values()), ("Difference", 3))
    columns = ("Women", "Counted", "Rate", "Counted", "Rate", "Points", "95% interval", ANEW)
    note = over_thresholds(at, about)
    return Grid("Rates and their differences", "Outcome", spans, columns, tuple(lines), words=1, note=note)


def over_thresholds(at: dict[tuple[str, str, str], Row], about: About) -> str:
    """What the strict and the loose difference show: beside that of other links, among matched women, that of other
    pairs. '' where no difference is given at every threshold, or there is one threshold alone.
    """
    moved = {
        title: (spread(at, outcome, MATCHED), spread(at, outcome, ALL))
        for outcome, title in about.outcomes.items()
    }  # fmt: skip
    known = [
        f"{matched:.1f} points among matched women and {before:.1f} before matching ({title.lower()})"
        for title, (matched, before) in moved.items()
        if matched is not None and before is not None
    ]
    if not known:
        return ""
    return (
        "Strict / loose linkage: women are matched anew at each threshold. So a difference between matched women moves "
        "with the pairs that are found as well as with the links, and one before matching with the links alone. From "
        f"the smallest to the largest of all thresholds: {'; '.join(known)}."
    )


def spread(at: dict[tuple[str, str, str], Row], outcome: str, women: str) -> float | None:
    """How far the difference of an outcome moves over the thresholds, in points; None where one is not given."""
    found = [row["difference"] for (one, whose, _), row in at.items() if (one, whose) == (outcome, women)]
    return max(found) - min(found) if len(found) > 1 and None not in found else None


def strict_and_loose(at: dict[tuple[str, str, str], Row], outcome: str, women: str) -> list[Row]:
    """The same difference at the other thresholds."""
    return [at[outcome, women, threshold] for threshold in ("high", "low") if (outcome, women, threshold) in at]


def rate(row: Row, arm: str) -> tuple[str, str]:
    """Women counted, and their rate."""
    counted, of_them = row[f"{arm}counted"], row[f"{arm}rate"]
    return (mark(row["status"]),) * 2 if counted is None else (f"{counted:,}", f"{of_them:.1f}%")


def points(row: Row) -> str:
    """A difference in points: +10.3 · +10.3 [u] · [c]."""
    symbol = mark(row["status"])
    return symbol if row["difference"] is None else marked(signed(row["difference"]), symbol)


def drawn_balance(balance: Sequence[Row], about: About) -> str:
    """The love plot."""
    marks = [
        Alike(about.titles[row["covariate"]], row["category"], STAGES[row["stage"]], row["smd"])
        for row in balance
        if row["smd"] is not None
    ]
    most = {series: worst(balance, stage) for stage, series in STAGES.items()}
    said = "; ".join(
        f"{series}: not given" if far is None else f"{series}: {far:.2f} at most" for series, far in most.items()
    )
    return love_plot(marks, f"Chart. Standardised differences of shares, {said}. The figures stand in the table below.")


def worst(balance: Sequence[Row], stage: str) -> float | None:
    """The largest standardised difference of a stage, either way; None where none is given."""
    return max((abs(row["smd"]) for row in balance if row["stage"] == stage and row["smd"] is not None), default=None)


def balance_grid(balance: Sequence[Row], about: About) -> Grid:
    """A line per category with anybody in it: shares in both arms, and their standardised difference."""
    at = {(row["covariate"], row["category"], row["stage"]): row for row in balance}
    lines = [
        Line(about.titles[covariate], (category, *stage_cells(at[covariate, category, "before"]),
                                       *stage_cells(at[covariate, category, "after"])))
        for covariate, categories in about.covariates.items()
        for category in categories
        if at[covariate, category, "before"]["status"] != "z"
    ]  # fmt: skip
    each = (*about.arms.values(), "Standardised")
    spans = (("", 1), ("Before matching", 3), ("Matched women", 3))
    note = (
        "Shares of rounded counts, so a small group's differ by chance of rounding. Out of balance: over .1 either way "
        "before the difference is rounded, so that .101 is and .099 is not, though both are printed as .10."
    )
    columns = ("Group", *each, *each)
    return Grid("Shares in each category", "Known before", spans, columns, tuple(lines), words=1, note=note)


def stage_cells(row: Row) -> tuple[str | Flagged, ...]:
    """Both shares and their standardised difference, flagged where it is out of balance."""
    if row["smd"] is None:
        return (mark(row["status"]),) * 3
    smd = signed(row["smd"], 2)
    return (f"{row['share']:.1f}%", f"{row['other_share']:.1f}%",
            Flagged(f"{smd}, out of balance", "warn") if row["out_of_balance"] == "yes" else smd)  # fmt: skip
