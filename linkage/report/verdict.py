"""May this run be used? What stopped it, and what to look at, from the facts of the run."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from linkage.contracts.link_quality import Flag, LinkQuality
from linkage.report.facts import Check, Facts, Gate, Intake, LinkRate, Stopped, TableAudit

MAIN = "medium"


class Action(NamedTuple):
    """Something to look at: where it was seen, what it is, what to do."""

    where: str
    what: str
    to_do: str


class Verdict(NamedTuple):
    """The top box. `kind`: good, warn or bad."""

    kind: Literal["good", "warn", "bad"]
    answer: str
    because: str
    stops: tuple[Action, ...]
    warnings: tuple[Action, ...]


def verdict(facts: Facts, publishes: bool = True) -> Verdict:
    """May this run be used? No after anything critical; not known before its linkage is judged; with care after a
    warning. `publishes`: are there tables to publish? Without them there is no gate on the linkage.
    """
    gates = facts.get("gates", [])
    stops = [action(gate, check) for gate, check in failed(gates, "critical")]
    stops += [unbalanced(intake) for intake in facts.get("intake", []) if not adds_up(intake)]
    stops += [unproved(audit) for audit in facts.get("audit", []) if audit["verdict"] != "pass"]
    if "stopped" in facts and not any(audit["verdict"] != "pass" for audit in facts.get("audit", [])):
        stops.append(undisclosable(facts["stopped"]))
    warnings = [action(gate, check) for gate, check in failed(gates, "warning") if not outdone(gate, check)]
    seen = (tuple(stops), tuple(warnings))
    if stops:
        return Verdict("bad", "No: this run must not be used.", f"{count(len(stops), 'critical check')} failed.", *seen)
    if not gates:
        return Verdict("warn", "Not known: nothing was checked.", "No gate has judged this run yet.", *seen)
    if not judged(facts):
        if not publishes:
            alone = "No table is declared, so no gate judges the links. Hold them against a truth: linkage evaluate"
            return Verdict("warn", "Not known: nothing judges this linkage.", alone, *seen)
        return Verdict("warn", "Not known yet: the linkage has not been judged.", "Run: linkage tabulate", *seen)
    passed = f"All critical checks of {count(len(gates), 'gate')} passed"
    if warnings:
        return Verdict("warn", "Yes, with care.", f"{passed}, but there is something to look at.", *seen)
    return Verdict("good", "Yes: this run may be used.", f"{passed}, and nothing warned.", *seen)


def judged(facts: Facts) -> bool:
    """Was this linkage judged? Linking anew drops the judgement of the linkage before."""
    return any(gate["gate"] == "linkage" for gate in facts.get("gates", []))


def failed(gates: Sequence[Gate], severity: Literal["critical", "warning"]) -> Iterator[tuple[Gate, Check]]:
    """Each check of that severity that failed, with its gate."""
    for gate in gates:
        for check in gate["checks"]:
            if not check["passed"] and check["severity"] == severity:
                yield gate, check


def outdone(gate: Gate, amber: Check) -> bool:
    """Does the figure of a warning fail a critical check of its gate as well? That one says enough."""
    red = {check.get("figure") for _, check in failed([gate], "critical")} - {None, ""}
    return amber.get("figure") in red


def action(gate: Gate, check: Check) -> Action:
    """A failed check as something to do."""
    return Action(
        gate_name(gate), f"{check['title']}: {check['observed']}, expected {check['expected']}", check["what_to_do"]
    )


def gate_name(gate: Gate) -> str:
    """What was judged, and where; the title alone, where a gate judges one thing."""
    title = gate.get("title")
    if title and gate["gate"] == gate["name"]:
        return title
    name = gate["name"].replace("_", " ")
    return f"{gate['gate'].replace('_', ' ')}: {f'{title} ({name})' if title else name}"


def adds_up(intake: Intake) -> bool:
    """Rows in = rows out + out of scope + quarantined?"""
    return intake["rows_in"] == intake["rows_out"] + intake["out_of_scope"] + sum(intake["quarantined"].values())


def unbalanced(intake: Intake) -> Action:
    """An intake that lost rows."""
    return Action(intake["title"], "rows in are not rows out + out of scope + quarantined", "Run the intake again.")


def unproved(audit: TableAudit) -> Action:
    """A table that the audit does not let out."""
    what = (
        f"the verdict is {audit['verdict']}: {count(len(audit['reasons']), 'suppressed count')} can be narrowed too far"
    )
    return Action(
        f"audit: {audit['table_id']}", what, "Nothing was published. The reasons are under Audit of the release."
    )


def undisclosable(stopped: Stopped) -> Action:
    """A release that could not be made; where the audit stopped it, its tables say so themselves."""
    return Action(f"release {stopped['release']}", stopped["why"].removesuffix("."), "Nothing was published.")


def groups_of(facts: Facts) -> list[LinkRate]:
    """The link rates of groups at the main threshold."""
    return [row for row in facts.get("link_rates", []) if row["breakdown"] != "all" and row["threshold"] == MAIN]


def flag_of(row: LinkRate, facts: Facts, limits: LinkQuality) -> Flag:
    """How a group's link rate compares; '' where an absent record need not mean a missed link.

    It may mean that nothing happened, in a register of events, or that she never came in contact with the source.
    """
    if row["dataset"] in facts.get("registers", []):
        return ""
    source = [r for r in facts.get("link_rates", []) if (r["cohort"], r["dataset"]) == (row["cohort"], row["dataset"])]
    overall = [r["rate"] or 0.0 for r in source if r["breakdown"] == "all" and r["threshold"] == MAIN]
    if not overall or not limits.holds(overall[0]):
        return ""
    return limits.flag(row["ratio"], row["upper"], row["anchor_records"])


def words(name: str) -> str:
    """A declared name in words."""
    return name.replace("_", " ").capitalize()


def count(number: int, what: str) -> str:
    """3 gates."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
