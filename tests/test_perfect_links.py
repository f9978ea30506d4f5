"""Definitions: what the pipeline says of each woman when no link is wrong, beside plain code over her invented life."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from told_answers import answered, by_age, by_sentence, by_the_truth, first_entries_of_lives

from benchmarks import truth, truth_cells
from linkage.cohorts import comparing, history, tabulate
from linkage.cohorts.frequency import CELL, sums
from linkage.cohorts.members import members_of
from linkage.cohorts.propensity import NOBODY
from linkage.cohorts.records import Records
from linkage.cohorts.sql import kept
from linkage.cohorts.tabulate import People, labels, people_at
from linkage.cohorts.truth import (
    MEMBERS,
    agreement,
    at_medium,
    beside,
    entry,
    happened,
    perfect_cells,
    said,
    true_index,
)
from linkage.cohorts.truth_numbers import numbers_compared
from linkage.contracts.analysis import Analysis
from linkage.contracts.comparison import read_comparisons
from linkage.contracts.outcome import Outcome
from linkage.contracts.standardised import crossings
from linkage.settings import Settings
from linkage.synthetic.calibration import read_calibration
from linkage.synthetic.careful import careful
from linkage.synthetic.truth.needs import Needs

PEOPLE, SEED = 4_000, 7
MORE_DEATHS = {"dies_within_4_weeks": 0.15, "dies_within_a_year": 0.1}  # or of so few women hardly one would die
# What came first for none of so few women, and days on which it did for none; `test_history.py` has such lives.
FIRST = ("custody", "duty", "job", "none", "probation_days_8_to_90", "benefit_days_8_to_90")
NOBODY_HERE = ", ".join(f"'first_contact_{what}'" for what in FIRST)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What departments that make no mistake deliver of 4,000 people, of whom many die, pseudonymised."""
    settings = Settings(schemas=truth.SCHEMAS, workspace=tmp_path_factory.mktemp("perfect") / "workspace")
    aims = careful(read_calibration())
    deadlier = aims.model_copy(update={"knobs": {**aims.knobs, **MORE_DEATHS}})
    truth.deliver(settings, PEOPLE, SEED, deadlier)
    return settings


@pytest.fixture(scope="module")
def records(delivered: Settings) -> Records:
    """Their records, joined to people by the truth."""
    return truth.linked_by_the_truth(duckdb.connect(), delivered)


@pytest.fixture(scope="module")
def people(records: Records, analysis: Analysis) -> People:
    """Their women; what they were asked is known to whoever asks again."""
    return tabulate.people_at(records, analysis)


@pytest.fixture
def lived(delivered: Settings) -> Path:
    """The folder of the truth."""
    return delivered.files.truth


def test_with_perfect_links_the_pipeline_agrees_with_the_truth_on_every_woman(
    people: People, analysis: Analysis, lived: Path
) -> None:
    found = beside(people.records.con, said(people, analysis), lived, entry(analysis))
    assert found.filter("not agreed").fetchall() == []
    asked = Counter(found.project("cohort, outcome").fetchall())
    cohorts = {(cohort, MEMBERS) for cohort in analysis.cohorts}
    assert set(asked) == cohorts | {
        (cohort, outcome)
        for table in analysis.tables.values()
        for cohort in table.cohorts
        for outcome in analysis.outcomes_of(table)
    }
    assert all(many == asked[cohort, MEMBERS] for (cohort, _), many in asked.items())


def test_agreement_is_whole_by_perfect_links_and_falls_with_a_link_that_is_wrong(
    records: Records, analysis: Analysis, lived: Path
) -> None:
    truth_of = records.person_index.project("dataset, record_id, person_id_medium as person")
    perfect = agreement(records, analysis, truth_of, lived).fetchall()
    assert all(agreed == women > 0 for _, women, agreed in perfect)
    given = "case when dataset = 'paye' then null else person_id_medium end as person_id_medium"
    unlinked = replace(records, person_index=records.person_index.project(f"* replace ({given})"))
    spoiled = {outcome: (women, agreed) for outcome, women, agreed in agreement(
        unlinked, analysis, truth_of, lived).fetchall()}  # fmt: skip
    hang_on_paye = {n for n, outcome in analysis.outcomes.items() if outcome.measure.dataset == "paye"}
    assert hang_on_paye
    for outcome, (women, agreed) in spoiled.items():
        assert (agreed < women) == (outcome in hang_on_paye), outcome


def test_with_perfect_links_as_many_events_are_counted_of_every_woman_as_there_were(
    records: Records, analysis: Analysis, lived: Path
) -> None:
    found = numbers_compared(records, analysis, lived)
    assert found.filter("here is distinct from there").fetchall() == []
    several = {cohort for (cohort,) in found.filter("here > 1").project("cohort").distinct().fetchall()}
    assert several == {"cautioned", "community_order_starts", "released_from_custody"}
    later = analysis.outcomes["proven_reoffending"].model_copy(
        update={"measure": analysis.outcomes["proven_reoffending"].measure.model_copy(update={"where": {}})}
    )
    with_breaches = replace(analysis, outcomes=analysis.outcomes | {"proven_reoffending": later})
    assert numbers_compared(records, with_breaches, lived).filter("here <> there").fetchall() != []


def test_the_sums_of_cells_are_those_of_the_lives(records: Records, analysis: Analysis, lived: Path) -> None:
    [year] = [q.year for q in analysis.period.calendar if q.label == "2023 Q4"]
    quarters = [q.label for q in analysis.period.calendar if q.year == year]
    there = records.con.read_csv(str(lived / "frequencies.csv"), header=True)
    hers: Counter[str] = Counter()
    for quarter, cohort, person, times in there.project("quarter, cohort, person, times").fetchall():
        if quarter in quarters and cohort == "released_from_custody":
            hers[person] += times
    most = [times for _, times in hers.most_common(2)]
    found = sums(people_at(records, analysis), analysis)
    assert found is not None
    cell = f"cohort = 'released_from_custody' and period = '{year}' and breakdown = 'all'"
    assert found.filter(cell).project("events, women, largest, two_largest").fetchall() == [
        (hers.total(), sum(times > 0 for times in hers.values()), most[0], sum(most))
    ]


def test_every_cell_with_women_who_reoffended_has_its_sum(records: Records, people: People, analysis: Analysis) -> None:
    found = sums(people, analysis)
    assert found is not None
    summed = set(found.project(f"{', '.join(CELL)}, with_one").fetchall())
    of_often = "outcome = 'proven_reoffending' and cohort <> 'every_release_from_custody' and numerator > 0"
    linked = tabulate.tables(records.con, at_medium(analysis), records.attributes, records.person_index)
    for table in linked.values():
        assert set(table.filter(of_often).project(f"{', '.join(CELL)}, numerator").fetchall()) <= summed
    assert {"first_night_housing_by_sentence_in_two", "needs_number"} <= {breakdown for *_, breakdown, _, _ in summed}


def test_cells_by_the_true_index_are_those_of_perfect_links(records: Records, analysis: Analysis) -> None:
    truth_of = records.person_index.project("dataset, record_id, person_id_medium as person")
    found = perfect_cells(records.con, analysis, records.attributes, records.person_index, truth_of)
    linked = tabulate.tables(records.con, at_medium(analysis), records.attributes, records.person_index)
    counted = {cell for table in linked.values() for cell in table.project(", ".join(found.columns)).fetchall()}
    assert set(found.fetchall()) == counted


def test_every_number_of_every_table_is_that_of_the_lives(
    records: Records, analysis: Analysis, lived: Path, tmp_path: Path
) -> None:
    found = truth_cells.compared(records, analysis, lived)
    assert {table for table, _ in found} == {*analysis.tables, "England and Wales"}
    assert {what for _, what in found} == {*truth_cells.WHAT}
    assert sum(differ for _, differ in found.values()) == 0
    other = shutil.copytree(lived, tmp_path / "truth") / "outcomes.csv"
    other.write_text(other.read_text(encoding="utf-8").replace(",yes,no\n", ",yes,yes\n", 1), encoding="utf-8")
    spoiled = truth_cells.compared(records, analysis, other.parent)
    assert {what for (_, what), (_, differ) in spoiled.items() if differ} == {"numerator"}


def test_the_truth_may_lie_in_a_folder_of_any_name(records: Records, lived: Path, tmp_path: Path) -> None:
    odd = tmp_path / "the department's 'truth'"
    odd.mkdir()
    shutil.copy(lived / "outcomes.csv", odd)
    there, here = (happened(records.con, folder).order("all").fetchall() for folder in (odd, lived))
    assert there == here != []


def test_a_record_that_the_truth_does_not_know_is_a_person_of_its_own(records: Records) -> None:
    con, everybody = records.con, records.person_index
    known = everybody.filter("dataset <> 'paye'").project("dataset, record_id, person_id_medium as person")
    found = true_index(con, everybody, known)  # noqa: F841  the queries read it by name
    of_paye = con.sql("select count(*), count(distinct person_id_low) from found where dataset = 'paye'").fetchall()[0]
    assert of_paye[0] == of_paye[1] == everybody.filter("dataset = 'paye'").shape[0]
    others = "(select person_id_low from found where dataset <> 'paye')"
    assert con.sql(f"from found where dataset = 'paye' and person_id_low in {others}").fetchall() == []
    persons = con.sql("select count(distinct person_id_low) from found where dataset <> 'paye'").fetchall()[0][0]
    assert persons == con.sql("select count(distinct person) from known").fetchall()[0][0]
    assert true_index(con, known, known).shape[0] == known.shape[0]


def test_each_outcome_comes_about_for_some_women_counted_and_not_for_others(records: Records, lived: Path) -> None:
    told = happened(records.con, lived).filter(f"counted and outcome not in ('{MEMBERS}', {NOBODY_HERE})")
    shares = told.aggregate("cohort, outcome, avg(cast(achieved as int)) as share")
    assert shares.filter("share = 0 or share = 1").fetchall() == []


def test_with_perfect_links_every_woman_is_at_risk_on_as_many_days_as_she_lived(
    records: Records, analysis: Analysis, lived: Path
) -> None:
    people, alive = tabulate.people_at(records, analysis), records.con.read_csv(str(lived / "at_risk.csv"), header=True)
    for outcome, column in (("died_within_4_weeks", "first_weeks"), ("died_to_12_months", "rest_of_year")):
        asked = tabulate.ask(people, analysis, analysis.tables["deaths"], "released_from_custody", outcome)
        here = set(asked.answers.project("person_id, cast(index_date as varchar), days").fetchall())
        there = set(alive.project(f"person, cast(index_date as varchar), {column}").fetchall())
        assert here == there
        assert len({days for *_, days in here}) > 2, outcome


@pytest.mark.parametrize(
    ("outcome", "other"),
    [
        ("employed_6_weeks", {"day": 70}),
        ("out_of_work_benefit_30_days", {"day": 10}),
        ("sustained_employment", {"days_on_end": 60}),
        ("sustained_employment", {"days": (1, 180)}),
        ("housed_first_night", {"achieved": ("settled",)}),
        ("proven_reoffending", {"days": (1, 300)}),
        ("proven_reoffending", {"confirmed_by": None}),
        ("settled_3_months", {"unknown": ()}),
        ("homelessness_duty_90_days", {"days": (0, 30)}),
        ("in_treatment_21_days", {"continuing": None}),
        ("treatment_completed_12_months", {"where": {}}),
        ("in_treatment_12_months", {"day": 300}),
        ("reoffending_after_6_weeks", {"days": (1, 365)}),
        ("reoffending_after_21_days", {"days": (22, 200)}),
        ("died_to_12_months", {"days": (0, 365)}),
    ],
)
def test_a_definition_that_is_another_differs_on_some_woman(
    people: People, analysis: Analysis, lived: Path, outcome: str, other: dict[str, object]
) -> None:
    declared = analysis.outcomes[outcome]
    spoiled = declared.model_copy(update={"measure": declared.measure.model_copy(update=other)})
    assert disagreeing(people, analysis, lived, outcome, spoiled) == {outcome}


@pytest.mark.parametrize(
    ("outcome", "landmark"),
    [("reoffending_after_6_weeks", None), ("reoffending_after_6_weeks", 0), ("reoffending_after_21_days", None)],
)
def test_a_landmark_that_is_another_differs_on_some_woman(
    people: People, analysis: Analysis, lived: Path, outcome: str, landmark: int | None
) -> None:
    spoiled = analysis.outcomes[outcome].model_copy(update={"landmark": landmark})
    assert disagreeing(people, analysis, lived, outcome, spoiled) == {outcome}


def disagreeing(people: People, analysis: Analysis, lived: Path, outcome: str, spoiled: Outcome) -> set[str]:
    """The outcomes that differ on some woman where one is declared otherwise; of the others she was asked already."""
    kept = {key: one for key, one in people.said.items() if one.outcome != outcome}
    other = replace(analysis, outcomes={**analysis.outcomes, outcome: spoiled})
    found = beside(people.records.con, said(replace(people, said=kept), other), lived, entry(other))
    return {name for (name,) in found.filter("not agreed").project("outcome").fetchall()}


def test_women_divided_by_an_answer_are_as_many_as_by_the_truth(
    records: Records, analysis: Analysis, lived: Path
) -> None:
    joined = {name: table for name, table in analysis.tables.items() if analysis.divided_by(table)}
    tables = tabulate.tables(records.con, replace(analysis, tables=joined), records.attributes, records.person_index)
    assert len(tables) == 6
    for name, found in tables.items():
        period_of = {quarter.label: labels(joined[name], quarter)[0] for quarter in analysis.period.calendar}
        [(breakdown, one)], [outcome] = analysis.divided_by(joined[name]).items(), analysis.outcomes_of(joined[name])
        rows = found.filter(f"breakdown = '{breakdown}' and threshold = 'medium' and denominator > 0")
        counted = {
            row[:3]: row[3:] for row in rows.project("cohort, period, category, numerator, denominator").fetchall()
        }
        answers: dict[tuple[str, ...], list[bool]] = {}
        for cohort, quarter, category, achieved in by_the_truth(records.con, lived, outcome, one.outcome):
            if cohort in joined[name].cohorts:
                answers.setdefault((cohort, period_of[quarter], category), []).append(achieved)
        assert counted == {place: (sum(found), len(found)) for place, found in answers.items()}
        assert {category for *_, category in counted} >= {"yes", "no"}


def test_women_divided_by_an_answer_and_by_strata_are_as_many_as_by_the_truth(
    records: Records, analysis: Analysis, lived: Path
) -> None:
    by_strata = {name: table for name, table in analysis.tables.items() if table.standardised_by}
    tables = tabulate.tables(records.con, replace(analysis, tables=by_strata), records.attributes, records.person_index)
    stratum_of = {"sentence_in_two": by_sentence(records.con, lived), "age_in_two": by_age(records.con, lived)}
    compared = Counter[str]()
    for name, cohort in ((name, cohort) for name, table in by_strata.items() for cohort in table.cohorts):
        [outcome] = analysis.outcomes_of(by_strata[name])
        [crossing] = crossings(by_strata[name], analysis.cohorts[cohort], analysis).values()
        divides, strata = analysis.by_answer[crossing.answer].outcome, stratum_of[crossing.strata]
        answers: dict[str, list[bool]] = {}
        for person, day, answer, achieved in answered(records.con, lived, cohort, outcome, divides):
            answers.setdefault(f"{answer}, {strata(person, day)}", []).append(achieved)
        here = f"cohort = '{cohort}' and breakdown = '{crossing.name}' and threshold = 'medium' and denominator > 0"
        rows = tables[name].filter(here).project("category, numerator, denominator").fetchall()
        assert {row[0]: row[1:] for row in rows} == {place: (sum(a), len(a)) for place, a in answers.items()}
        compared[crossing.strata] += len(rows)
    assert len(compared) == 2
    assert min(compared.values()) >= 8


def known(records: Records, analysis: Analysis, lived: Path, cohort: str) -> tuple[set[tuple], set[tuple]]:
    """(woman, quarter, day and needs) of everybody in a cohort, as her records say and as her life does."""
    anchor, declared = analysis.datasets[analysis.cohorts[cohort].dataset], analysis.by_history["needs"]
    members = members_of(records, analysis, analysis.cohorts[cohort])
    found = history.with_needs(records.con, members, declared, anchor, records.of)
    columns = ", ".join(f"case when had_{need} then 'yes' else 'no' end" for need in declared.needs)
    there = records.con.read_csv(str(lived / "needs.csv"), header=True, all_varchar=True).filter(f"cohort = '{cohort}'")
    said = found.project(f"person_id, quarter, cast(index_date as varchar), {columns}").fetchall()
    return {*said}, {*there.project(f"person, quarter, index_date, {', '.join(declared.needs)}").fetchall()}


@pytest.mark.parametrize("cohort", ["released_from_custody", "community_order_starts"])
def test_with_perfect_links_the_needs_of_every_woman_are_those_of_her_life(
    records: Records, analysis: Analysis, lived: Path, cohort: str
) -> None:
    assert {*analysis.by_history["needs"].needs} == {*Needs._fields}
    here, there = known(records, analysis, lived, cohort)
    assert here == there
    for place, need in enumerate(Needs._fields, start=3):
        assert {row[place] for row in here} == {"yes", "no"}, need


@pytest.mark.parametrize(
    ("need", "other"),
    [
        ("treatment", {"recorded": {}}),
        ("homeless", {"before": ()}),
        ("mental_health", {"before": ()}),
        ("abuse", {"before": ()}),
        ("custody", {"at_least": 2}),
        ("no_job", {"absent": False}),
    ],
)
def test_a_need_that_is_defined_otherwise_differs_on_some_woman(
    records: Records, analysis: Analysis, lived: Path, need: str, other: dict[str, object]
) -> None:
    declared = analysis.by_history["needs"]
    spoiled = {need: declared.needs[need].model_copy(update=other)}
    changed = replace(analysis, by_history={"needs": declared.model_copy(update={"needs": spoiled})})
    here, there = known(records, changed, lived, "community_order_starts")
    assert {row[:3] for row in here} == {row[:3] for row in there}
    assert here != there


def test_departments_that_make_no_mistake_have_none_on_record(records: Records, lived: Path) -> None:
    mistakes, withdrawn = (
        records.con.read_csv(str(lived / f"{name}.csv"), header=True) for name in ("errors", "withdrawals")
    )
    assert mistakes.filter(f"{truth.NO_DATE} or {truth.MISTAKE}").fetchall() == withdrawn.fetchall() == []


def test_women_who_are_compared_are_those_of_their_lives_with_what_was_known_before(
    records: Records, analysis: Analysis, lived: Path
) -> None:
    [declared] = read_comparisons(truth.SCHEMAS, analysis).values()
    women, pairs = comparing.matched(people_at(records, analysis), analysis, declared)
    groups = analysis.datasets["prison"].attributes["main_offence_group"].codes
    bands = {past: band.label for band in declared.linked["offences_before"].bands
             for past in range(band.first, 1 + (10_000 if band.last is None else band.last))}  # fmt: skip
    there = first_entries_of_lives(records.con, lived)
    assert len(there) > 100
    said = women.project("person_id, arm, index_date, offence_group, offences_before").fetchall()
    assert {row[0]: row[1:] for row in said} == {
        person: (arm, day, groups[group], bands[past]) for person, (arm, day, group, past) in there.items()
    }
    rows = women.project("arm, offence_group, matched").fetchall()
    partners = {one: other for one, other in enumerate(pairs.partner.tolist()) if other != NOBODY}
    assert len(partners) > 10  # enough to tell pairs that are not alike; many women of this population die
    for one, other in partners.items():
        assert partners[other] == one
        assert rows[one][0] != rows[other][0]
        assert rows[one][1:] == rows[other][1:] == (rows[one][1], "yes")
    assert sum(matched == "yes" for *_, matched in rows) == len(partners)


def test_the_order_in_which_records_come_makes_no_other_pairs(records: Records, analysis: Analysis) -> None:
    [declared] = read_comparisons(truth.SCHEMAS, analysis).values()
    turned = {name: kept(records.con, rows.order("record_id desc")) for name, rows in records.attributes.items()}
    people = kept(records.con, records.person_index.order("record_id desc"))
    found, others = (
        comparing.matched(people_at(one, analysis), analysis, declared)[0].fetchall()
        for one in (records, replace(records, attributes=turned, person_index=people))
    )
    assert found == others != []
