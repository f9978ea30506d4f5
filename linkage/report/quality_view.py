"""What the quality report says: the verdict, and a section for each kind of fact behind it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from linkage.contracts.link_quality import Flag, LinkQuality
from linkage.report import linked_view, quality_charts
from linkage.report.facts import (
    Accuracy,
    Attack,
    Contradiction,
    Doubts,
    DoubtsOfAReason,
    Facts,
    Gate,
    Intake,
    Linkage,
    LinkRate,
    SexConflict,
    Suppression,
    TableAudit,
    TableDisclosure,
)
from linkage.report.grid import Flagged, Grid, Line
from linkage.report.section import COUNTED, PUBLISHED, Section, not_yet, rate, share
from linkage.report.truth_view import truth_section
from linkage.report.verdict import MAIN, Verdict, adds_up, flag_of, gate_name, groups_of, verdict, words

THRESHOLDS = ("high", "medium", "low")
WHOLE_SCOPES = ("overall", "between datasets", "within datasets", "dataset pair")
FLAGS: dict[str, Literal["good", "warn", "bad"]] = {"pass": "good", "review": "warn", "fail": "bad"}


class Report(NamedTuple):
    """The page."""

    verdict: Verdict
    sections: tuple[Section, ...]


def report(facts: Facts, limits: LinkQuality | None) -> Report:
    """The verdict and a section for each kind of fact there is."""
    return Report(verdict(facts, limits is not None), tuple(sections(facts, limits)))


def sections(facts: Facts, limits: LinkQuality | None) -> Iterator[Section]:
    """What a quality lead reads first, then everything in the order a run goes."""
    to_come = limits is not None and "linkage" in facts
    yield from linked_view.sections(facts, to_come)
    if intakes := facts.get("intake"):
        yield intake_section(intakes)
    if gates := facts.get("gates"):
        yield gates_section(gates)
    if linkage := facts.get("linkage"):
        yield linkage_section(linkage)
    if limits and (link_rates := facts.get("link_rates")):
        yield link_rate_section(link_rates, facts, limits)
    elif to_come:
        yield not_yet("link-rates", "Link rates", *COUNTED)
    if accuracy := facts.get("accuracy"):
        yield accuracy_section(accuracy)
    if beside_truth := facts.get("beside_truth"):
        women, events = facts.get("agreement", []), facts.get("events_beside_truth", [])
        yield truth_section(beside_truth, women, events, facts.get("differences", []))
    if "contradictions" in facts or "sex_conflicts" in facts:
        yield contradictions_section(facts.get("contradictions", []), facts.get("sex_conflicts", []))
    if attack := facts.get("attack"):
        yield attack_section(attack)
    if tables := facts.get("disclosure"):
        yield disclosure_section(tables)
    elif to_come:
        yield not_yet("disclosure", "Disclosure control", *PUBLISHED)
    if audits := facts.get("audit"):
        yield audit_section(audits, facts.get("suppression"))
    elif to_come:
        yield not_yet("audit", "Audit of the release", *PUBLISHED)


def intake_section(intakes: Sequence[Intake]) -> Section:
    """Where the rows of each extract went."""
    columns = ("Rows in", "Used", "Out of scope", "Quarantined", "Share quarantined", "Adds up")
    lines, reasons, identifiers = [], [], []
    for one in intakes:
        bad = sum(one["quarantined"].values())
        numbers = (f"{n:,}" for n in (one["rows_in"], one["rows_out"], one["out_of_scope"], bad))
        adds = Flagged("yes", "good") if adds_up(one) else Flagged("no", "bad")
        lines.append(Line(one["title"], (*numbers, share(bad, one["rows_in"] - one["out_of_scope"]), adds)))
        reasons += [Line(one["title"], (why, f"{n:,}")) for why, n in one["quarantined"].items()]
        for column in sorted({*one["missing"], *one["invalid_identifiers"]}):
            gone, wrong = one["missing"].get(column, 0), one["invalid_identifiers"].get(column, 0)
            cells = (column, share(gone, one["rows_out"]), share(wrong, one["rows_out"] - gone))
            identifiers.append(Line(one["title"], cells))
    grids = [Grid("Rows of each extract", "Extract", (), columns, tuple(lines))]
    if reasons:
        grids.append(Grid("Why rows are in quarantine", "Extract", (), ("Reason", "Rows"), tuple(reasons), words=1))
    shares = Grid(
        "Columns of the rows used",
        "Extract",
        (),
        ("Column", "Missing", "Invalid, of those given"),
        tuple(identifiers),
        words=1,
    )
    about = "Every row is used, out of scope (and dropped in the department) or in quarantine with a reason."
    figures = ((quality_charts.balance(intakes), "Share of each extract's rows."),)
    more = (("Missing and invalid, column by column", (shares,)),) if identifiers else ()
    return Section("intake", "Intake", about, figures, tuple(grids), more)


def gates_section(gates: Sequence[Gate]) -> Section:
    """What was expected at each gate, and what was seen."""
    lines, more = [], []
    for gate in gates:
        counts = [
            sum(1 for c in gate["checks"] if not c["passed"] and c["severity"] == s) for s in ("critical", "warning")
        ]
        critical, warned = counts
        passed = sum(1 for check in gate["checks"] if check["passed"])
        result = Flagged("passed", "good") if gate["passed"] and not warned else Flagged("warned", "warn")
        if not gate["passed"]:
            result = Flagged("stopped", "bad")
        lines.append(Line(gate_name(gate), (result, f"{passed:,}", f"{warned:,}", f"{critical:,}")))
        more.append((gate_name(gate), (checks_grid(gate),)))
    grid = Grid("Gates", "Gate", (), ("Result", "Passed", "Warnings", "Critical"), tuple(lines), words=1)
    about = "A critical check that fails stops the run, with its rows kept; a warning is only reported."
    return Section("gates", "Expectations", about, grids=(grid,), more=tuple(more))


def checks_grid(gate: Gate) -> Grid:
    """Every check of one gate."""
    lines = []
    for check in gate["checks"]:
        result = Flagged("passed", "good") if check["passed"] else Flagged("warning", "warn")
        if not check["passed"] and check["severity"] == "critical":
            result = Flagged("critical", "bad")
        lines.append(Line(check["title"], (result, check["observed"], check["expected"])))
    return Grid(f"Checks of {gate_name(gate)}", "Check", (), ("Result", "Seen", "Expected"), tuple(lines), words=3)


def linkage_section(linkage: Linkage) -> Section:
    """What was compared, what an agreement is worth, and what came out."""
    steps = [("Records", linkage["records"]), ("Different records compared (profiles)", linkage["profiles"])]
    steps += [(f"Pairs kept, by {view}", pairs) for view, pairs in linkage["pairs"].items()]
    steps += [(f"People, linkage {t}", linkage["clusters"][t]) for t in THRESHOLDS if t in linkage["clusters"]]
    grids = [
        Grid("From records to people", "Step", (), ("Number",), tuple(Line(name, (f"{n:,}",)) for name, n in steps))
    ]
    if (doubts := linkage.get("doubts")) and doubts["chains"]:
        grids.append(doubts_grid(doubts))
    if decided := {word: n for word, n in linkage.get("decisions", {}).items() if n}:
        lines = tuple(Line(word, (f"{n:,}",)) for word, n in decided.items())
        grids.append(Grid("Decisions of reviews, which no score overrules", "Decided", (), ("Pairs",), lines))
    sizes = tuple(Line(f"{one['size']:,}", (f"{one['clusters']:,}",)) for one in linkage["cluster_sizes"])
    figures = [
        (quality_charts.weights_of(model), f"What each level of agreement is worth, compared by {view}.")
        for view, model in linkage["model"].items()
    ]
    if linkage["weights"]:
        caption = "Pairs by match weight. A valley between two hills means that most pairs are clear."
        figures.append((quality_charts.histogram(linkage["weights"]), caption))
    more = (
        ("How many records people have", (Grid("People by number of records", "Records", (), ("People",), sizes),)),
    )
    about = "Records of one person agree in more than chance; a bit of evidence doubles the odds that it is one person."
    return Section("linkage", "Linkage", about, tuple(figures), tuple(grids), more)


def doubts_grid(doubts: Doubts) -> Grid:
    """Chains of links that something speaks against, by reason: what was taken apart, and what is left to review."""
    rows: list[tuple[str, Doubts | DoubtsOfAReason]] = [("In all", doubts)]
    rows += [(one["reason"], one) for one in doubts["by_reason"]]
    lines = tuple(
        Line(name, (f"{one['chains']:,}", f"{one['taken_apart']:,}", f"{one['people']:,}")) for name, one in rows
    )
    columns = ("Doubted", "Taken apart", "Into people")
    return Grid("Chains of links that something speaks against", "Because of", (), columns, lines)


def link_rate_section(rows: Sequence[LinkRate], facts: Facts, limits: LinkQuality) -> Section:
    """How many of a cohort are found in each source, and which groups less often."""
    totals: dict[tuple[str, str], dict[str, LinkRate]] = {}
    for row in rows:
        if row["breakdown"] == "all":
            totals.setdefault((row["cohort"], row["dataset"]), {})[row["threshold"]] = row
    lines = tuple(
        Line(words(cohort), (dataset, *(rate(at[t]["rate"]) if t in at else "" for t in THRESHOLDS)))
        for (cohort, dataset), at in totals.items()
    )
    columns = ("Source", *(f"Linkage {t}" for t in THRESHOLDS))
    grids = [Grid("Share of cohort entries found", "Cohort", (), columns, lines, words=1)]
    groups = groups_of(facts)
    flags = {id(row): flag_of(row, facts, limits) for row in groups}
    low = sorted((row for row in groups if flags[id(row)]), key=lambda row: row["ratio"] or 0.0)
    if low:
        grids.append(groups_grid("Groups linked less often than their reference group", low, flags))
    more = tuple(
        (f"{words(c)} and {d}, every group", (groups_grid(f"{words(c)} and {d}", of(groups, c, d), flags),))
        for c, d in totals
    )
    about = (
        "In a source that holds everybody, a woman who is not found was missed. In a register of events she may "
        f"have had none. Amber: under {limits.amber_below_ratio.value} of the reference group's rate; red: under "
        f"{limits.red_below_ratio.value} even at the upper end of its 95% interval; then nothing is published. Both "
        f"only for groups of {limits.smallest_group.value} entries or more in sources that hold most of the cohort."
    )
    return Section("link-rates", "Link rates", about, grids=tuple(grids), more=more)


def between(lower: float | None, upper: float | None) -> str:
    """An interval of a ratio; nothing where there is none."""
    return "" if lower is None or upper is None else f"{lower:.2f} to {upper:.2f}"


def of(groups: Sequence[LinkRate], cohort: str, dataset: str) -> list[LinkRate]:
    """The groups of one cohort, in one source."""
    return [row for row in groups if (row["cohort"], row["dataset"]) == (cohort, dataset)]


def groups_grid(caption: str, rows: Sequence[LinkRate], flags: Mapping[int, Flag]) -> Grid:
    """Rate and ratio of groups. `flags`: {id of a row: its flag}."""
    columns = ("Breakdown", "Cohort", "Source", "Entries", "Found", "Rate", "Ratio", "95% interval", "")
    lines = []
    for row in rows:
        numbers = (f"{row['anchor_records']:,}", f"{row['linked']:,}", rate(row["rate"]))
        ratio = ("" if row["ratio"] is None else f"{row['ratio']:.2f}", between(row["lower"], row["upper"]))
        said = flags[id(row)]
        mark = (Flagged(said, "bad" if said == "red" else "warn"),) if said else ("",)
        cells = (words(row["breakdown"]), words(row["cohort"]), row["dataset"], *numbers, *ratio, *mark)
        lines.append(Line(row["category"], cells))
    return Grid(caption, "Group", (), columns, tuple(lines), words=3)


def accuracy_section(rows: Sequence[Accuracy]) -> Section:
    """Precision and recall against the truth."""
    whole = [row for row in rows if row["scope"] in WHOLE_SCOPES]
    groups = list(dict.fromkeys(row["scope"] for row in rows if row["scope"] not in WHOLE_SCOPES))
    grids = [
        accuracy_grid("Pairs of records", [r for r in whole if r["scope"] != "dataset pair"]),
        *(
            accuracy_grid(f"By {words(g).lower()}", [r for r in rows if r["scope"] == g and r["threshold"] == MAIN])
            for g in groups
        ),
    ]
    pairs = [row for row in whole if row["scope"] == "dataset pair"]
    about = (
        "Precision: how many of the links made are right. Recall: how many of the true links were made. In brackets "
        "95% intervals that take the pairs of one person for right or wrong together."
    )
    more = (("By pair of extracts", (accuracy_grid("Pairs of extracts", pairs),)),) if pairs else ()
    return Section("accuracy", "Accuracy against the truth", about, grids=tuple(grids), more=more)


def accuracy_grid(caption: str, rows: Sequence[Accuracy]) -> Grid:
    """Precision, recall and F1 of pairs, and F1 of whole people where it is known."""
    columns = ("Linkage", "Precision", "Recall", "F1", "True pairs", "Pairs found", "F1 of whole people")
    lines = []
    for row in rows:
        shares = (with_ends(row["precision"], row.get("precision_interval")),
                  with_ends(row["recall"], row.get("recall_interval")), rate(row["f1"]))  # fmt: skip
        pairs = (f"{row['pairs_true']:,}", f"{row['pairs_found']:,}")
        lines.append(
            Line(row["part"] or words(row["scope"]), (row["threshold"], *shares, *pairs, rate(row.get("cluster_f1"))))
        )
    return Grid(caption, "Part", (), columns, tuple(lines), words=1)


def with_ends(share: float | None, ends: Sequence[float] | None) -> str:
    """A share, and the ends of its 95 % interval where it is known."""
    return f"{rate(share)} ({100 * ends[0]:.1f}–{100 * ends[1]:.1f})" if ends else rate(share)


def contradictions_section(pairs: Sequence[Contradiction], conflicts: Sequence[SexConflict]) -> Section:
    """Links that cannot be right, or may not be."""
    impossible = Grid(
        caption="Pairs of records of one person that cannot be one person",
        first="Reason",
        spans=(),
        columns=("Linkage", "Pairs"),
        lines=tuple(Line(row["reason"], (row["threshold"], f"{row['pairs']:,}")) for row in pairs),
        words=1,
    )
    other_sex = Grid(
        caption="Women with a record of another sex",
        first="Cohort",
        spans=(),
        columns=("Source", "Women", "With another sex"),
        lines=tuple(
            Line(words(row["cohort"]), (row["dataset"], f"{row['women']:,}", f"{row['conflicts']:,}"))
            for row in conflicts
        ),
        words=1,
    )
    about = (
        "Two records joined as one person say things that exclude each other, so a link or a record is "
        "wrong. Where the scope keeps men's records in their department, no record of another sex can be found."
    )
    return Section(
        "contradictions", "Contradictions", about, grids=tuple(g for g in (impossible, other_sex) if g.lines)
    )


def attack_section(attack: Attack) -> Section:
    """What an intruder inside the matching zone found out, and whether he can find out anything at all."""
    control = attack["control"]
    met = Flagged("yes", "good") if control["proves"] else Flagged("no: this attack proves nothing", "bad")
    shares = control["recovered"], control["wanted"], control["told_both"]
    cells: tuple[str | Flagged, ...] = (f"{control['records']:,.0f}", *map(rate, shares), met)
    proof = Grid(
        "Positive control: rows with exact, soundex and prefix tokens of one surname",
        "",
        (),
        ("Records", "Recovered", "Wanted", "Told soundex and prefix", "Met"),
        (Line("Surnames", cells),),
    )
    columns = ("Intruder knows", "Records", "Re-identified", "By chance", "Equal to a known one", "Believed",
               "Of these right")  # fmt: skip
    lines = tuple(
        Line(
            words(one["field"]),
            (
                one["knowledge"],
                f"{one['records']:,}",
                *(rate(one[k]) for k in ("right", "by_chance", "told", "sure", "right_of_sure")),
            ),
        )
        for one in attack["rows"]
    )
    found = Grid("Records re-identified", "Field", (), columns, tuple(lines), words=1)
    about = (
        "What somebody inside the matching zone could find out from the tokens without the key, knowing the scheme "
        f"and {attack['public_people']:,} people who are not among those attacked ({attack['public_from']}). "
        "A lower bound: attacks only get better. By chance: whoever says the commonest value of all is right so often. "
        "Sealed rules are counted in keys, which live until they are used, and named when all their parts are."
    )
    caption = "Share of records whose value is re-identified; without a truth, the intruder's mean confidence."
    figures = ((quality_charts.reidentified(attack["rows"]), caption),)
    return Section("attack", "Attack on the tokens", about, figures, (proof, found))


def disclosure_section(tables: Sequence[TableDisclosure]) -> Section:
    """How much of each table can be shown."""
    lines = tuple(
        Line(t["table_id"], (f"{t['published']:,}", f"{t['suppressed']:,}", f"{t['empty']:,}")) for t in tables
    )
    grid = Grid("Cells of each table", "Table", (), ("Published", "Suppressed", "Nobody in it"), lines)
    about = "How much of each table can be shown. Coarser categories or pooled periods show more."
    return Section("disclosure", "Disclosure control", about, grids=(grid,))


def audit_section(audits: Sequence[TableAudit], suppression: Suppression | None) -> Section:
    """The verdict on each table, and the reason of every count that does not pass."""
    verdicts = Grid(
        caption="Verdict on each table",
        first="Table",
        spans=(),
        columns=("Verdict", "Counts at risk", "Narrowest interval"),
        lines=tuple(
            Line(
                a["table_id"], (Flagged(a["verdict"], FLAGS[a["verdict"]]), f"{a['at_risk']:,}", width(a["narrowest"]))
            )
            for a in audits
        ),
        words=1,
    )
    said = [(a["table_id"], reason) for a in audits for reason in a["reasons"]]
    reasons = Grid("What does not pass", "Table", (), ("Why",), tuple(Line(t, (why,)) for t, why in said), words=1)
    about = (
        "What a reader can prove of each suppressed count from all that is published together. Pass: every count at "
        "risk stays uncertain. Review: one does not, against a woman who knows that she is the only one in another. "
        "Fail: one does not, against anybody. Only where every table passes is anything written."
    )
    if suppression:
        about += (
            f" What is suppressed weighs {suppression['lost']:,.0f}, a total 100, another row 4, a count of women left "
            f"out 1; it is proved that no safe choice weighs less than {suppression['least']:,.0f}."
        )
    return Section("audit", "Audit of the release", about, grids=(verdicts, reasons) if said else (verdicts,))


def width(narrowest: int | None) -> str:
    """The width of an interval; nothing where no count was at risk."""
    return "" if narrowest is None else f"{narrowest:,}"
