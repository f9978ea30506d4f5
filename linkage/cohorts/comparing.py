"""Women of two arms, matched and counted: one relation per declared comparison, in the columns of any other table.

Of each arm: what became of all its women, of those matched and of those not; and, as if being matched were an outcome,
how many were matched in each category of each covariate. Who is a pair with whom is not written down anywhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from linkage.cohorts import tabulate
from linkage.cohorts.entries import first_entries
from linkage.cohorts.outcomes import eligible
from linkage.cohorts.propensity import NOBODY, Pairs, paired
from linkage.cohorts.sql import Relation, any_of, chosen, day, gathered, kept, literal
from linkage.cohorts.tabulate import People
from linkage.contracts.analysis import ALL, Analysis
from linkage.contracts.cohort import NOT_KNOWN, Band
from linkage.contracts.comparison import MATCHED, THEME, Comparison, Earlier, Highest, OfRecord
from linkage.contracts.joined import NO, YES


@dataclass
class Counting:
    """The declared comparisons while they are counted, one linkage threshold after the other."""

    con: DuckDBPyConnection
    analysis: Analysis
    declared: Mapping[str, Comparison]
    found: dict[str, list[Relation]] = field(default_factory=dict)
    thresholds: list[str] = field(default_factory=list)

    def at(self, people: People) -> None:
        """Match and count the women of every comparison as one threshold links their records."""
        self.thresholds.append(people.records.threshold)
        for name, one in self.declared.items():
            self.found.setdefault(name, []).append(gathered(self.con, cells(people, self.analysis, one)))

    def tables(self) -> dict[str, Relation]:
        """{comparison: its cells, unrounded, in the columns of `tabulate.tables`; its cohorts are the arms}."""
        return {
            name: tabulate.filled(
                self.con,
                layout(self.con, self.analysis, name, one, self.thresholds),
                gathered(self.con, self.found[name]),
            )
            for name, one in self.declared.items()
        }


def cells(people: People, analysis: Analysis, one: Comparison) -> Iterator[Relation]:
    """The counts of one comparison at one threshold: a relation for each arm and outcome."""
    con = people.records.con
    everybody = matched(people, analysis, one)[0]
    for arm in one.arms:
        members = kept(con, everybody.filter(f"arm = {literal(arm)}"))
        quarters = tabulate.periods(con, analysis.period, one.table(arm))
        answered = members.project(
            f"person_id, index_date, true as counted, {MATCHED} = {literal(YES)} as achieved, "
            "cast(null as string) as why_not_counted, cast(null as integer) as days"
        )
        counted = {MATCHED: tabulate.count(con, members, answered, quarters, tuple(one.covariates))}
        for outcome in one.outcomes:
            answers = tabulate.ask(people, analysis, one.table(arm), one.arms[arm].cohort, outcome).answers
            counted[outcome] = tabulate.count(con, members, answers, quarters, (MATCHED,))
        for outcome, relation in counted.items():
            labels = {"cohort": arm, "outcome": outcome, "threshold": people.records.threshold}
            yield relation.project(f"{', '.join(f'{literal(v)} as {k}' for k, v in labels.items())}, *")


def matched(people: People, analysis: Analysis, one: Comparison) -> tuple[Relation, Pairs]:
    """(arm, person_id, record_id, index_date, quarter, covariates …, matched): one row per woman, in the order of
    record ids, kept in memory; and, by the places of rows, who is in a pair with whom.
    """
    con, women = people.records.con, candidates(people, analysis, one).to_arrow_table()
    codes = {name: women[name].to_pylist() for name in one.covariates}
    categories = [one.categories(name, analysis) for name in one.covariates]
    numbers = [
        np.array([known.index(code) for code in codes[name]], dtype=np.int64)
        for name, known in zip(one.covariates, categories, strict=True)
    ]
    first_arm = np.array([arm == one.sides[0] for arm in women["arm"].to_pylist()], dtype=bool)
    alike = list(zip(*(codes[name] for name in one.exact), strict=True))
    found = paired(first_arm, alike, numbers, one.caliper.value)
    said = pa.array([NO if partner == NOBODY else YES for partner in found.partner.tolist()], pa.string())
    return con.from_arrow(women.append_column(MATCHED, said)), found


def candidates(people: People, analysis: Analysis, one: Comparison) -> Relation:
    """The rows of `matched` before anybody is matched: every woman of either arm, by her first entry into one."""
    con = people.records.con
    arms = [in_arm(people, analysis, one, place, name) for place, name in enumerate(one.arms)]
    everybody = kept(con, gathered(con, arms))  # noqa: F841  the query reads it by name
    firsts = con.sql(
        "select * from everybody qualify row_number() over (partition by person_id order by index_date, place) = 1"
    )
    women = kept(con, firsts)
    for name, covariate in one.linked.items():
        women = with_linked(con, women, people.facts[covariate.dataset], name, covariate)
    columns = ", ".join(("arm", "person_id", "record_id", "index_date", "quarter", *one.covariates))
    return women.project(columns).order("record_id, arm")


def in_arm(people: People, analysis: Analysis, one: Comparison, place: int, name: str) -> Relation:
    """(place, arm, person_id, record_id, index_date, quarter, covariates of the record …): one row per woman."""
    con, arm = people.records.con, one.arms[name]
    anchors = people.facts[analysis.cohorts[arm.cohort].dataset]
    members = eligible(con, people.members[arm.cohort], anchors, arm.where).filter(chosen_of(arm.within))
    firsts = first_entries(con, members)  # noqa: F841  the query reads it by name
    own = {each: covariate for each, covariate in one.covariates.items() if each not in one.linked}
    columns = ", ".join(
        f"coalesce(anchors.{covariate.column}, {literal(NOT_KNOWN)}) as {each}"
        if isinstance(covariate, OfRecord)
        else f"firsts.{each}"
        for each, covariate in own.items()
    )
    return con.sql(
        f"""
        select {place:d} as place, {literal(name)} as arm, firsts.person_id, firsts.record_id, firsts.index_date,
            firsts.quarter{", " if columns else ""}{columns}
        from firsts join anchors on anchors.record_id = firsts.record_id
        """
    )


def chosen_of(within: Mapping[str, tuple[str, ...]]) -> str:
    """SQL: is a member in these categories?"""
    return " and ".join(["true", *(f"{name} in {any_of(labels)}" for name, labels in within.items())])


def with_linked(
    con: DuckDBPyConnection, women: Relation, facts: Relation, name: str, covariate: Earlier | Highest
) -> Relation:
    """`women` with a column of this name: the band of what their linked records of before say."""
    first, last = (day("women.index_date", days) for days in covariate.days)
    begun, ended = f"facts.{covariate.date}", f"facts.{covariate.date}"
    value, where = "count(facts.person_id)", "true"
    if isinstance(covariate, Highest):
        value = f"max(facts.{covariate.column})"
    else:
        where = chosen("facts", covariate.where)
        ended = f"coalesce(facts.{covariate.until}, {last})" if covariate.until else ended
    found = con.sql(  # noqa: F841  the query reads it by name
        f"""
        select women.person_id, {value} as number
        from women left join facts
          on facts.person_id = women.person_id and {begun} <= {last} and {ended} >= {first} and {where}
        group by women.person_id
        """
    )
    band = banded("found.number", covariate.bands)
    return kept(con, con.sql(f"select women.*, {band} as {name} from women join found using (person_id)"))


def banded(value: str, bands: tuple[Band, ...]) -> str:
    """SQL: the band a number is in."""
    whens = [f"when {value} >= {b.first:d}{'' if b.last is None else f' and {value} <= {b.last:d}'}" for b in bands]
    said = " ".join(f"{when} then {literal(band.label)}" for when, band in zip(whens, bands, strict=True))
    return f"case {said} else {literal(NOT_KNOWN)} end"


def layout(
    con: DuckDBPyConnection, analysis: Analysis, name: str, one: Comparison, thresholds: Sequence[str]
) -> Relation:
    """(place, table_id, cohort, outcome, theme, …, always): every row of a comparison, in order, also of nobody."""
    same = {"table_id": name, "theme": THEME, "geography": "England and Wales", "period": ALL, "always": True}
    by = {MATCHED: [(each, category) for each in one.covariates for category in one.categories(each, analysis)]}
    by |= {outcome: [(MATCHED, YES), (MATCHED, NO)] for outcome in one.outcomes}
    rows = [
        {"cohort": arm, "outcome": outcome, "threshold": threshold, "breakdown": breakdown, "category": category}
        for arm in one.arms
        for outcome, divided in by.items()
        for threshold in thresholds
        for breakdown, category in [(ALL, ALL), *divided]
    ]
    return con.from_arrow(pa.Table.from_pylist([{"place": n, **same, **row} for n, row in enumerate(rows)]))
