"""How well groups of the drawn women are linked, and which of their links cannot be."""

from dataclasses import replace

import duckdb
import pytest
from duckdb import DuckDBPyRelation
from small_women import PAYE, Draw, rows

from linkage.cohorts import circumstances, contradictions, link_quality
from linkage.cohorts.records import Records
from linkage.contracts.analysis import Analysis


@pytest.fixture
def found(
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: dict[str, DuckDBPyRelation],
    person_index: DuckDBPyRelation,
) -> DuckDBPyRelation:
    """How well each group of the drawn women is linked."""
    return link_quality.link_quality(con, analysis, attributes, person_index)


def test_link_rates_of_groups_are_compared_with_a_reference_group(found: DuckDBPyRelation) -> None:
    columns = ["breakdown", "category", "anchor_records", "linked", "rate", "ratio"]
    released = found.filter("cohort = 'released_from_custody'")
    to_probation = released.filter("dataset = 'probation' and breakdown in ('all', 'age_band', 'no_fixed_abode')")
    assert rows(to_probation.filter("threshold = 'medium'"), *columns) == [
        ("age_band", "18-20", 1, 0, 0.0, 0.0),
        ("age_band", "30-39", 2, 2, 1.0, 1.0),
        ("age_band", "50+", 1, 1, 1.0, 1.0),
        ("all", "all", 4, 3, 0.75, None),
        ("no_fixed_abode", "no", 2, 1, 0.5, 1.0),
        ("no_fixed_abode", "yes", 2, 2, 1.0, 2.0),
    ]
    overall = released.filter("breakdown = 'all' and dataset in ('paye', 'probation')")
    assert sorted(rows(overall, "dataset", "threshold", "linked")) == [
        ("paye", "high", 0), ("paye", "low", 3), ("paye", "medium", 2),
        ("probation", "high", 2), ("probation", "low", 3), ("probation", "medium", 3),
    ]  # fmt: skip


def test_link_rates_to_a_source_for_england_are_those_of_women_in_england(found: DuckDBPyRelation) -> None:
    here = found.filter("cohort = 'released_from_custody' and threshold = 'medium' and breakdown = 'all'")
    assert sorted(rows(here, "dataset", "anchor_records", "linked")) == [
        ("court", 4, 2), ("dwp", 4, 3), ("hclic", 3, 2), ("ndtms", 3, 2), ("paye", 4, 2), ("probation", 4, 3),
    ]  # fmt: skip


def test_overlapping_spells_of_one_person_contradict_each_other_and_spells_that_touch_do_not(
    table: Draw, records: Records, analysis: Analysis
) -> None:
    prison = table(
        """
        | record_id | reception_date | release_date | release_type      |
        | 101       | 2023-01-01     | 2023-02-01   | automatic release |
        | 102       | 2023-02-01     | 2023-03-01   | automatic release |
        | 103       | 2023-02-28     | -            | -                 |
        | 111       | 2023-01-01     | 2023-02-01   | automatic release |
        """
    )
    records = replace(records, attributes={"prison": prison})
    spells = circumstances.custody_spells(records, analysis.circumstances.in_custody)
    found = contradictions.overlapping_custody(records.con, spells, "prison")
    assert rows(found) == [("prison", 102, "prison", 103, "overlapping custody")]


def test_what_begins_after_death_contradicts_it_at_the_thresholds_that_join_them(
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: dict[str, DuckDBPyRelation],
    person_index: DuckDBPyRelation,
) -> None:
    found = contradictions.contradictions(con, analysis, attributes, person_index)
    assert rows(found, "dataset_l", "record_id_l", "dataset_r", "record_id_r", "reason", "threshold") == [
        ("prison", 131, "prison", 132, "overlapping custody", "high"),
        ("prison", 131, "prison", 132, "overlapping custody", "low"),
        ("probation", 221, "paye", 421, "paye start_date after death", "low"),
        ("prison", 131, "prison", 132, "overlapping custody", "medium"),
    ]


def test_the_day_of_death_itself_contradicts_nothing(
    table: Draw, records: Records, analysis: Analysis, attributes: dict[str, DuckDBPyRelation]
) -> None:
    paye = table(PAYE).project("* replace (least(start_date, date '2023-12-01') as start_date)")
    records = replace(records, attributes=attributes | {"paye": paye}, threshold="low")
    of_custody, of_death = contradictions.at_one_threshold(records, analysis.circumstances)
    assert rows(of_death) == []
    assert len(rows(of_custody)) == 1
