"""What the quality report says of a linkage without a truth: what changed, is anybody lost, what blocking finds."""

from collections.abc import Iterator, Mapping, Sequence

from linkage.intervals import wilson
from linkage.report import linked_charts
from linkage.report.facts import (
    Accuracy,
    Band,
    Blocking,
    Expected,
    ExpectedGroup,
    Facts,
    Quality,
    Review,
    Reviewed,
    Share,
    Unlinkable,
    WeightCount,
)
from linkage.report.grid import Grid, Line
from linkage.report.linked_charts import Dot
from linkage.report.section import COUNTED, Section, not_yet, rate, share
from linkage.report.verdict import MAIN, words

SMALLEST = 30  # women found or missed; of fewer a share is not drawn
MOST = 8  # lines of what changed
CHANGED = {
    "moved_share": "Distributions: the share that moved",
    "fewer_records_share": "Fewer records than in the accepted run",
    "more_records_share": "More records than in the accepted run",
    "fewer_pairs_share": "Fewer pairs for each record",
    "more_pairs_share": "More pairs for each record",
    "missing_share": "Columns missing more or less often",
    "lost_share": "Found less often, beyond chance",
}


def sections(facts: Facts, to_come: bool) -> Iterator[Section]:
    """What a quality lead reads first: what changed, who is lost, and by how much between which sources.

    `to_come`: is a section that is not there yet to be named?
    """
    if "quality" in facts and "linkage" in facts:
        yield changed_section(facts["quality"], facts["linkage"]["weights"])
    elif to_come:
        yield not_yet("changed", "What changed", *COUNTED)
    if groups := facts.get("expected_groups"):
        yield lost_section(groups)
    elif to_come:
        yield not_yet("lost", "Is anybody being lost?", *COUNTED)
    if expected := facts.get("expected"):
        yield sources_section(expected, facts)
    if blocking := facts.get("blocking"):
        yield blocking_section(blocking)


def changed_section(quality: Quality, weights: Sequence[WeightCount]) -> Section:
    """The run beside the one accepted last."""
    before = quality["accepted"]
    if not before:
        about = (
            "No run has been accepted yet, so nothing can be said of what changed. Whoever has read this report and "
            "finds the run sound accepts it: linkage quality accept. Later runs are held against it."
        )
        return Section("changed", "What changed", about)
    grids = tuple(changes_grid(title, quality["facts"], kind) for kind, title in CHANGED.items())
    about = (
        f"Against the run that {before['by']} accepted on {before['on']}: {before['why']}. Each share is of the whole "
        "that would have to move, and 0 where nothing changed; the largest come first."
    )
    caption = "Pairs by match weight. Where the two lines part, another population, or another model, was compared."
    figures = ((linked_charts.scores(weights, before["weights"]), caption),)
    return Section("changed", "What changed", about, figures, tuple(g for g in grids if g.lines))


def changes_grid(title: str, facts: Mapping[str, float], kind: str) -> Grid:
    """The largest changes of one kind."""
    found = sorted(((value, name) for name, value in facts.items() if name.startswith(f"{kind}.")), reverse=True)
    lines = tuple(
        Line(name.split(".", 1)[1], (rate(value),)) for value, name in found[:MOST] if value or kind == "moved_share"
    )
    return Grid(title, "What", (), ("Change",), lines)


def lost_section(rows: Sequence[ExpectedGroup]) -> Section:
    """The share of each group's true links that were made, over all sources, as the model sees it."""
    groups = of_all_sources(rows)
    drawn = [
        Dot(
            words(breakdown),
            category,
            "found",
            found / (found + missed),
            *wilson(found / (found + missed), found + missed),
        )
        for (breakdown, category), (found, missed) in groups.items()
        if found + missed >= SMALLEST
    ]
    lines = tuple(
        Line(words(row["breakdown"]), (row["category"], words(row["cohort"]), row["dataset"], *figures(row)))
        for row in sorted(rows, key=expected_share)
        if row["linked"] + row["missed"] >= SMALLEST
    )
    columns = ("Group", "Cohort", "Source", "Entries", "Linked", "Links right", "True links found", "Cannot link")
    about = (
        "Of the women of a group who truly have a record in another source, the share whose link was made, by the "
        "match probabilities themselves and by what blocking finds. A model's opinion: it sees a woman who is nearly "
        "found, and not one whose records have nothing left in common. A group below the others is being lost, "
        "whatever its link rate. Cannot link: her own record says too little to be found anywhere."
    )
    caption = (
        "Of women who are found or nearly found: the expected share of true links made, over all sources; 95% "
        "intervals as if each link were another woman."
    )
    more = (
        ("Every group and source, the least found first", (Grid("Groups", "Breakdown", (), columns, lines, words=3),)),
    )
    pictures = (
        ((linked_charts.dots(drawn, "share of true links made, of women found or nearly found"), caption),)
        if drawn
        else ()
    )
    return Section("lost", "Is anybody being lost?", about, pictures, more=more)


def of_all_sources(rows: Sequence[ExpectedGroup]) -> dict[tuple[str, str], tuple[float, float]]:
    """{(breakdown, category): (links made, links missed)} over cohorts and sources; all women first."""
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for row in sorted(rows, key=lambda row: row["breakdown"] != "all"):
        key = row["breakdown"], row["category"]
        right, missed = found.get(key, (0.0, 0.0))
        found[key] = right + row["right"], missed + missed_of(row)
    return found


def missed_of(row: ExpectedGroup) -> float:
    """True links that were not made: compared and not believed, or, as far as that can be told, never compared."""
    unseen = 0.0
    if row["near_certain"] >= SMALLEST and row["otherwise"]:
        without = max(row["right"] + row["missed"] - row["near_certain"], 0.0)
        unseen = without * (row["near_certain"] / row["otherwise"] - 1)
    return row["missed"] + unseen


def expected_share(row: ExpectedGroup) -> float:
    """The expected share of a group's true links that were made; 1 where there is none."""
    true = row["right"] + missed_of(row)
    return row["right"] / true if true else 1.0


def figures(row: ExpectedGroup) -> tuple[str, ...]:
    """The cells of one group."""
    counts = (f"{row['entries']:,}", f"{row['linked']:,}")
    return (*counts, share(row["right"], row["linked"]), rate(expected_share(row)), f"{row['unlinkable']:,}")


def sources_section(expected: Sequence[Expected], facts: Facts) -> Section:
    """Expected precision and recall of each pair of sources, beside the truth or the review where there is one."""
    silent, review = facts.get("unlinkable", []), facts.get("review")
    true = {
        row["part"]: row
        for row in facts.get("accuracy", [])
        if row["scope"] == "dataset pair" and row["threshold"] == MAIN
    }
    rows = [row for row in expected if row["sources"] and row["linked"] >= SMALLEST]
    looked = {one.get("sources", ""): one for one in (review.get("by_sources", []) if review else [])}
    drawn = [dot for row in rows for dot in source_dots(row, true.get(row["sources"]), looked.get(row["sources"]))]
    lines = tuple(
        Line(row["sources"] or f"All of view {row['view']}", source_cells(row, true))
        for row in expected
        if row["linked"] + row["chained"] + row.get("held", 0)
    )
    columns: tuple[str, ...] = ("Links", "Through a third", "Expected precision", "Expected recall")
    spans: tuple[tuple[str, int], ...] = ()
    if true:
        columns, spans = (*columns, "Precision", "Recall"), (("", 2), ("", 2), ("By the truth", 2))
    grids = [Grid("Pairs of sources", "Sources", spans, columns, lines)]
    if review:
        grids.append(review_grid(review))
    if bands := facts.get("calibration"):
        grids.append(calibration_grid(bands))
    if any(row["unlinkable"] for row in silent):
        grids.append(unlinkable_grid(silent))
    about = (
        "Expected: the mean match probability of the links, and the share of the summed probabilities that was linked, "
        "less what blocking never compared. Splink's probabilities are a model's, and no better than it: where a truth "
        "or a review in clear stands beside them, believe that. Through a third: joined by what another record says."
    )
    if review:
        about = f"{about} {about_review(review)}"
    caption = "Expected precision and recall, beside the true ones where a truth is known."
    pictures = ((linked_charts.dots(drawn, "share"), caption),) if drawn else ()
    return Section("sources", "Between which sources", about, pictures, tuple(grids))


def source_dots(row: Expected, true: Accuracy | None, looked: Reviewed | None) -> Iterator[Dot]:
    """Precision and recall of one pair of sources: expected, true, and as reviewed."""
    for title, expected in (("Precision", row["precision"]), ("Recall", row["recall"])):
        if expected is not None:
            yield Dot(title, row["sources"], "expected", expected)
    if true and true["precision"] is not None:
        yield Dot("Precision", row["sources"], "true", true["precision"], *ends(true.get("precision_interval")))
    if true and true["recall"] is not None:
        yield Dot("Recall", row["sources"], "true", true["recall"], *ends(true.get("recall_interval")))
    for title, found in (("Precision", looked["precision"]), ("Recall", looked["recall"])) if looked else ():
        if found["value"] is not None:
            yield Dot(title, row["sources"], "review", found["value"], found["lower"], found["upper"])


def ends(interval: Sequence[float] | None) -> tuple[float | None, float | None]:
    """Both ends of an interval; none where it is not known."""
    return (interval[0], interval[1]) if interval else (None, None)


def source_cells(row: Expected, true: Mapping[str, Accuracy]) -> tuple[str, ...]:
    """The figures of one pair of sources; the true ones where any are known."""
    one = true.get(row["sources"])
    known = (rate(one["precision"]), rate(one["recall"])) if one else ("", "") if true else ()
    return (f"{row['linked']:,}", f"{row['chained']:,}", rate(row["precision"]), rate(row["recall"]), *known)


def review_grid(review: Review) -> Grid:
    """What a review says of all pairs, and of each part in which any was looked up, with 95 % intervals."""
    parts: list[tuple[str, Review | Reviewed]] = [("All pairs", review)]
    parts += [(one.get("sources", ""), one) for one in review.get("by_sources", [])]
    parts += [(words(one.get("subgroup", "")), one) for one in review.get("by_subgroup", [])]
    lines = [
        Line(
            part,
            (
                with_interval(one["precision"]),
                with_interval(one["recall"], "all are linked"),
                f"{one['recall']['looked_up']:,}",
            ),
        )
        for part, one in parts
        if one["precision"]["value"] is not None or one["recall"]["value"] is not None
    ]
    return Grid("By the review", "Pairs", (), ("Precision", "Recall, of compared pairs", "Looked up"), tuple(lines))


def about_review(review: Review) -> str:
    """Which linkage was reviewed, and why its recall is not the expected one."""
    of = "the linkage before this one" if review["linked_since"] else "this linkage"
    return (
        f"By the review: of sample {review['sample']}, drawn from {of} on {review['drawn']}. Its recall is of compared "
        f"pairs; the expected one takes off what blocking never compared as well. {review['caveat']}"
    )


def with_interval(share: Share, whole: str = "") -> str:
    """A share and its interval, in %. `whole`: a share of 1 in words."""
    value = whole if whole and share["value"] == 1 else rate(share["value"])
    if share["value"] is None or share["lower"] is None or share["upper"] is None:
        return value
    return f"{value} ({100 * share['lower']:.1f}–{100 * share['upper']:.1f})"


def calibration_grid(bands: Sequence[Band]) -> Grid:
    """What a match probability is worth, against the truth."""
    lines = tuple(Line(f"from {b['from']}", (f"{b['pairs']:,}", rate(b["expected"]), rate(b["true"]))) for b in bands)
    columns = ("Pairs between sources", "Expected to be right", "Right")
    return Grid("What a match probability is worth", "Match probability", (), columns, lines)


def unlinkable_grid(rows: Sequence[Unlinkable]) -> Grid:
    """Records that say too little to be linked to anything."""
    lines = tuple(
        Line(r["dataset"], (f"{r['records']:,}", f"{r['unlinkable']:,}", share(r["unlinkable"], r["records"])))
        for r in rows
    )
    return Grid("Records that say too little to be linked", "Extract", (), ("Records", "Unlinkable", "Share"), lines)


def blocking_section(blocking: Mapping[str, Blocking]) -> Section:
    """What each rule makes and finds."""
    columns = ("Pairs", "No other rule", "Near-certain pairs", "Found alone")
    grids = []
    for view, found in blocking.items():
        lines = [
            Line(r["rule"], (f"{r['pairs']:,}", f"{r['alone']:,}", f"{r['near_certain']:,}", rate(r["recall"])))
            for r in found["rules"]
        ]
        sealed = (found["sealed"] or {}).get("pairs", {})
        lines += [Line(f"sealed: {words(rule).lower()}", (f"{pairs:,}", "", "", "")) for rule, pairs in sealed.items()]
        grids.append(Grid(f"View {view}: {found['pairs_per_record']:.2f} pairs for each record", "Rule", (), columns,
                          tuple(lines)))  # fmt: skip
    known = [
        f"{rate(found['recall'])} in view {view}" for view, found in blocking.items() if found["recall"] is not None
    ]
    about = (
        "Only pairs that a rule makes are compared. Near-certain pairs agree on a person number that is no part of the "
        "rule, so what it finds of them is about what it finds of all true pairs, of people who have such numbers. "
        f"All rules without a person number find {' and '.join(known) or 'a share that cannot be told here'}."
    )
    caption = "Pairs that each rule makes. One that makes many of its own and finds little is one to narrow."
    drawn = linked_charts.rules({view: found["rules"] for view, found in blocking.items()})
    return Section("blocking", "Blocking", about, ((drawn, caption),), more=(("Rule by rule", tuple(grids)),))
