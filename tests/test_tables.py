"""How many they are: the declared tables of the drawn women."""

from dataclasses import replace

import duckdb
import pytest
import small_women
from duckdb import DuckDBPyRelation
from small_women import rows

from linkage.cohorts import tabulate
from linkage.contracts.analysis import Analysis, Table
from linkage.contracts.cohort import NOT_KNOWN
from linkage.errors import LinkError


@pytest.fixture(scope="module")
def tables(analysis: Analysis) -> dict[str, DuckDBPyRelation]:
    """The declared tables of the drawn women."""
    con = duckdb.connect()
    return tabulate.tables(con, analysis, small_women.attributes(con), small_women.person_index(con))


def counts(table: DuckDBPyRelation, where: str) -> list[tuple[object, ...]]:
    """Period, threshold and counts of the rows that a condition chooses."""
    columns = ["period", "threshold", "denominator", "numerator", "in_custody", "died", "unknown", "not_linked"]
    return rows(table.filter(where), *columns)


ALL_RELEASED = "cohort = 'released_from_custody' and breakdown = 'all'"


def test_a_table_counts_women_by_year_and_threshold(tables: dict[str, DuckDBPyRelation]) -> None:
    assert counts(tables["reoffending"], ALL_RELEASED) == [
        ("2022/23", "high", 3, 1, 0, 0, 0, 0), ("2023/24", "high", 1, 0, 0, 0, 0, 0),
        ("2022/23", "medium", 3, 1, 0, 0, 0, 0), ("2023/24", "medium", 1, 0, 0, 0, 0, 0),
        ("2022/23", "low", 3, 1, 0, 0, 0, 0), ("2023/24", "low", 1, 0, 0, 0, 0, 0),
    ]  # fmt: skip


def test_an_offence_after_a_caution_is_a_reoffence(tables: dict[str, DuckDBPyRelation]) -> None:
    cautioned = "cohort = 'cautioned' and breakdown = 'all' and threshold = 'medium'"
    assert counts(tables["reoffending"], cautioned) == [
        ("2022/23", "medium", 1, 1, 0, 0, 0, 0), ("2023/24", "medium", 0, 0, 0, 0, 0, 0),
    ]  # fmt: skip


def test_each_threshold_counts_with_its_own_person_ids(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    at_6_weeks = f"{ALL_RELEASED} and period = '2022/23' and outcome = 'employed_6_weeks'"
    assert counts(tables["employment"], at_6_weeks) == [
        ("2022/23", "high", 2, 0, 1, 0, 0, 0),
        ("2022/23", "medium", 2, 1, 1, 0, 0, 0),
        ("2022/23", "low", 2, 1, 1, 0, 0, 0),
    ]


def test_women_left_out_are_counted_by_reason(tables: dict[str, DuckDBPyRelation]) -> None:
    assert counts(tables["accommodation"], f"{ALL_RELEASED} and threshold in ('high', 'medium')") == [
        ("2022/23", "high", 1, 1, 0, 0, 1, 1), ("2023/24", "high", 0, 0, 0, 0, 0, 1),
        ("2022/23", "medium", 1, 1, 0, 0, 1, 1), ("2023/24", "medium", 0, 0, 0, 1, 0, 0),
    ]  # fmt: skip


def test_every_outcome_of_a_theme_is_in_its_table(tables: dict[str, DuckDBPyRelation]) -> None:
    benefits = f"{ALL_RELEASED} and threshold = 'medium' and outcome = 'out_of_work_benefit_30_days'"
    assert counts(tables["employment"], benefits) == [
        ("2022/23", "medium", 2, 1, 1, 0, 0, 0), ("2023/24", "medium", 1, 0, 0, 0, 0, 0),
    ]  # fmt: skip


def test_a_release_whose_first_night_is_not_known_is_left_out(tables: dict[str, DuckDBPyRelation]) -> None:
    assert counts(tables["first_night"], f"{ALL_RELEASED} and threshold = 'medium'") == [
        ("2022/23", "medium", 2, 2, 0, 0, 1, 0), ("2023/24", "medium", 1, 0, 0, 0, 0, 0),
    ]  # fmt: skip


def test_a_woman_released_to_wales_is_not_in_the_table_of_homelessness(tables: dict[str, DuckDBPyRelation]) -> None:
    assert counts(tables["homelessness"], f"{ALL_RELEASED} and threshold = 'medium' and period = '2022/23'") == [
        ("2022/23", "medium", 2, 1, 0, 0, 0, 0)
    ]


def test_a_table_for_england_leaves_out_wales_and_who_is_not_eligible(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    in_england_with_a_need = f"{ALL_RELEASED} and threshold = 'medium'"
    assert counts(tables["treatment"], in_england_with_a_need) == [
        ("2022/23", "medium", 1, 1, 0, 0, 0, 0), ("2023/24", "medium", 1, 0, 0, 0, 0, 0),
    ]  # fmt: skip
    assert counts(tables["treatment"], "category in ('Wales', 'Gwent')") == []


def test_women_are_divided_by_the_answer_to_another_outcome(tables: dict[str, DuckDBPyRelation]) -> None:
    here = "cohort = 'released_from_custody' and threshold = 'medium' and period = '2022/23'"
    found = {
        name: rows(
            tables[name].filter(f"{here} and breakdown <> 'all'"), "category", "denominator", "numerator", "in_custody"
        )
        for name in ("reoffending_by_employment", "reoffending_by_first_night", "reoffending_by_treatment")
    }
    assert found == {
        "reoffending_by_employment": [("yes", 1, 0, 0), ("no", 1, 0, 0), (NOT_KNOWN, 0, 0, 1)],
        "reoffending_by_first_night": [("yes", 2, 1, 0), ("no", 0, 0, 0), (NOT_KNOWN, 1, 0, 0)],
        "reoffending_by_treatment": [("yes", 1, 1, 0), ("no", 0, 0, 0), (NOT_KNOWN, 0, 0, 0)],
    }


def test_as_many_are_asked_in_a_category_as_the_outcome_that_divides_counts_so(
    tables: dict[str, DuckDBPyRelation], analysis: Analysis
) -> None:
    figures = ("denominator", "numerator", "in_custody", "died", "unknown", "not_linked")
    compared = 0
    for name, table in ((n, t) for n, t in analysis.tables.items() if t.periods == ("year",)):
        for breakdown, one in analysis.divided_by(table).items():
            by_year = [t for t, other in analysis.tables.items() if other.periods == ("year",)]
            [shown] = [t for t in by_year if one.outcome in analysis.outcomes_of(analysis.tables[t])]
            whole = tables[shown].filter(f"outcome = '{one.outcome}' and breakdown = 'all'")
            counted = {row[:3]: row[3:] for row in rows(whole, "cohort", "period", "threshold", *figures)}
            divided = tables[name].filter(f"breakdown = '{breakdown}'")
            for *cell, category, women, _, custody, dead, unknown, unlinked in rows(
                divided, "cohort", "period", "threshold", "category", *figures
            ):
                among, having, *others = counted[tuple(cell)]
                expected = {"yes": having, "no": among - having, NOT_KNOWN: sum(others)}[category]
                assert women + custody + dead + unknown + unlinked == expected
                compared += 1
    assert compared == 3 * 3 * 2 * (2 + 1 + 2)


def test_women_by_an_answer_and_by_a_stratum_are_those_of_each(tables: dict[str, DuckDBPyRelation]) -> None:
    here = "cohort = 'released_from_custody' and threshold = 'medium' and denominator > 0"
    found = {
        name: rows(tables[name].filter(f"{here} and breakdown like '%_by_%'"), "period", "category", "denominator")
        for name in ("reoffending_by_first_night_standardised", "reoffending_by_treatment_standardised")
    }
    assert found == {
        "reoffending_by_first_night_standardised": [
            ("all", "yes, up to 6 months", 1), ("all", "yes, over 6 months", 1), ("all", "no, up to 6 months", 1),
            ("all", "not known, over 6 months", 1),
        ],
        "reoffending_by_treatment_standardised": [
            ("all", "yes, up to 6 months", 1), ("all", "no, up to 6 months", 1),
        ],
    }  # fmt: skip
    [every] = rows(tables["reoffending_by_first_night_standardised"].aggregate(
        "count(*) filter (breakdown like '%_by_%' and threshold = 'low') as n"), "n")  # fmt: skip
    assert every == (3 * 2,)


def test_a_table_has_every_declared_category_in_order_and_not_known_only_with_somebody_in_it(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    found = tables["reoffending"]
    here = found.filter("cohort = 'released_from_custody' and threshold = 'medium'")
    ages = here.filter("period = '2022/23' and breakdown = 'age_band'")
    assert rows(ages, "category", "denominator") == [
        ("18-20", 1), ("21-24", 0), ("25-29", 0), ("30-39", 2), ("40-49", 0), ("50+", 0),
    ]  # fmt: skip
    ethnicity = "breakdown = 'ethnicity' and category in ('White', 'not known')"
    assert rows(here.filter(ethnicity), "period", "category", "denominator") == [
        ("2022/23", "White", 2), ("2023/24", "White", 0), ("2023/24", NOT_KNOWN, 1),
    ]  # fmt: skip


def test_the_categories_of_a_breakdown_add_up_to_all_women(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    for found in tables.values():
        sums = found.aggregate(
            "cohort, outcome, period, threshold, breakdown, sum(denominator) as women, sum(numerator) as achieved, "
            "sum(in_custody + died + unknown + not_linked) as left_out"
        )
        different = sums.aggregate(
            "cohort, outcome, period, threshold, count(distinct (women, achieved, left_out)) as n"
        )
        assert {n for (n,) in rows(different, "n")} == {1}


def test_a_breakdown_is_in_a_table_only_for_cohorts_that_record_it(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    found = tables["employment"]
    own = found.filter("breakdown in ('sentence_length', 'requirement')").select("cohort", "breakdown").distinct()
    assert sorted(own.fetchall()) == [
        ("community_order_starts", "requirement"), ("released_from_custody", "sentence_length"),
    ]  # fmt: skip


def test_quarters_and_the_whole_period_can_be_had_beside_years(
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: dict[str, DuckDBPyRelation],
    person_index: DuckDBPyRelation,
) -> None:
    declared = Table(
        title="All periods", theme="reoffending", cohorts=("released_from_custody",),
        periods=("year", "half_year", "quarter", "all"), thresholds=("medium",),
    )  # fmt: skip
    wanted = replace(analysis, tables={"all_periods": declared})
    found = tabulate.tables(con, wanted, attributes, person_index)["all_periods"]
    assert rows(found, "period", "denominator", "numerator") == [
        ("2022/23", 3, 1), ("2023/24", 1, 0),
        ("Jul-Dec 2022", 2, 1), ("Jan-Jun 2023", 1, 0),
        ("Jul-Dec 2023", 1, 0), ("Jan-Jun 2024", 0, 0),
        ("2022 Q3", 0, 0), ("2022 Q4", 2, 1), ("2023 Q1", 1, 0), ("2023 Q2", 0, 0),
        ("2023 Q3", 0, 0), ("2023 Q4", 1, 0), ("2024 Q1", 0, 0), ("2024 Q2", 0, 0),
        ("all", 4, 1),
    ]  # fmt: skip


def test_the_columns_of_counts_are_those_the_release_reads(
    tables: dict[str, DuckDBPyRelation],
) -> None:
    for table_id, relation in tables.items():
        assert relation.columns == [
            "table_id", "cohort", "outcome", "theme", "geography", "period", "breakdown", "category", "threshold",
            "denominator", "numerator", "in_custody", "died", "unknown", "not_linked", "alive_before", "person_days",
        ]  # fmt: skip
        assert {str(kind) for kind in relation.types[9:]} == {"BIGINT"}
        assert {name for (name,) in rows(relation, "table_id")} == {table_id}


def test_records_without_a_person_stop_the_count(
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: dict[str, DuckDBPyRelation],
    person_index: DuckDBPyRelation,
) -> None:
    with pytest.raises(LinkError, match=r"^2 records of prison are not in the person index"):
        tabulate.tables(con, analysis, attributes, person_index.filter("record_id not in (101, 131)"))
