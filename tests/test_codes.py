"""What the codes of a release stand for: each that stands in it has a title and a meaning, and no other is told of."""

import csv
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from conftest import REPOSITORY
from small_counts import BY_AGE, RULES, TITLES, control, counts, meant, released
from test_definitions import SCHEMAS, edit, refusal

from linkage import releases
from linkage.contracts.analysis import Analysis
from linkage.contracts.codes import Codes, Key
from linkage.contracts.comparison import read_comparisons
from linkage.contracts.period import Period
from linkage.contracts.sentences import sentences
from linkage.errors import ContractError, DisclosureError
from linkage.release.auditor.codes import require_sound
from linkage.release.auditor.files import audit
from linkage.release.codes import marks, standing_in
from linkage.release.columns import PUBLISHED, of_period
from linkage.release.publish import Further, Provenance, Told, publish
from linkage.settings import Settings

EXAMPLE = REPOSITORY / "outputs" / "example"
UNLIKE_A_SENTENCE = re.compile(r"\.\s+[a-z]|\.\.|^[a-z]|[^.]$")


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A copy of the repository's declarations, to be spoiled."""
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    return tmp_path / "schemas"


@pytest.fixture(scope="module")
def declared(analysis: Analysis) -> Codes:
    """What every code of the repository's declarations stands for."""
    return releases.coded(Settings(SCHEMAS, Path("nowhere")), analysis, read_comparisons(SCHEMAS, analysis))


def test_every_code_of_the_example_release_is_declared(declared: Codes) -> None:
    for name in ("tables", "comparisons", "balance"):
        rows = pq.read_table(EXAMPLE / f"{name}.parquet").to_pylist()
        assert rows
        assert {*standing_in(rows)} - declared.keys() == set(), name


def test_every_code_has_a_title_and_is_told_of_in_sentences(declared: Codes) -> None:
    for key, code in (declared | marks(RULES)).items():
        assert code.title, key
        assert not UNLIKE_A_SENTENCE.search(code.meaning), key
        assert not code.differences or not UNLIKE_A_SENTENCE.search(code.differences), key


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (("category", "needs_combination", "custody"), "received three times or more in the two years before"),
        (("category", "needs_combination", "treatment + no job"), "on none of the 365 days before in an employment"),
        (("breakdown", "", "employed_before"), "HMRC PAYE employment, whose start_date to end_date overlap days -730"),
        (("breakdown", "", "employed_before"), "Where end_date is written as 5 April or left empty it may stand"),
        (("outcome", "", "first_contact_job"), "first_paid, where it is known, is taken for it, unless it is within"),
        (("category", "sentence_in_two", "up to 6 months"), "Sentence days: 1 to 182."),
        (("category", "police_force_area", "Kent"), "A part of South East in region."),
        (("category", "employment_6_weeks", "not known"), "whom the outcome does not count, for whatever reason"),
        (("category", "employment_6_weeks_by_age_in_two", "yes, 18-29"), "In employment_6_weeks: yes. In age_in_two"),
        (
            ("outcome", "", "proven_reoffending"),
            "on days 1 to 365 from the index date, which is day 0, with its outcome",
        ),
        (("outcome", "", "employed_6_weeks"), "had died by day 42 (died) or was in custody on day 42"),
        (("outcome", "", "housed_first_night"), "is settled, bail or probation accommodation or other housed."),
        (("outcome", "", "sustained_employment"), "records cover 91 days on end, within days 1 to 365"),
        (("outcome", "", "first_contact_none"), "There was no contact of any kind on days 0 to 90"),
        (
            ("outcome", "", "first_contact_duty"),
            "Homelessness duty: a record of H-CLIC homelessness duties on its duty",
        ),
        (
            ("outcome", "", "first_contact_job"),
            "First contact on days 0 to 90 from the index date, which is day 0: job.",
        ),
        (("outcome", "", "first_contact_benefit_then_probation"), "Next contact of another kind: probation."),
        (("outcome", "", "first_contact_benefit_then_other"), "homelessness duty, job or none."),
        (("outcome", "", "first_contact_benefit_days_8_to_90"), "It came on days 8 to 90."),
        (("cohort", "", "released_from_custody"), "Only records with reception_type: sentenced."),
        (("cohort", "", "every_release_from_custody"), "Each of the releases counts."),
        (("cohort", "", "short_custody"), "a part of the cohort released_from_custody"),
        (("period", "", "2022/23"), "2022 Q3, 2022 Q4, 2023 Q1 and 2023 Q2 together. A woman who enters in several"),
        (("error_origin", "", "truth"), "Counted, since the people are invented"),
        (("theme", "", "health"), "Tables with this theme: treatment."),
        (("table_id", "", "short_custody_or_order"), "where comparisons.csv says x the rates of the two groups must"),
    ],
)
def test_a_code_stands_for_what_is_declared(declared: Codes, key: tuple[str, str, str], says: str) -> None:
    assert says in declared[Key(*key)].meaning


def test_every_table_and_comparison_says_which_years_it_is_of(declared: Codes, analysis: Analysis) -> None:
    titles = {key.code: code.title for key, code in declared.items() if key.column_name == "table_id"}
    assert "short_custody_or_order" in titles
    assert all(title.endswith(f" of {analysis.period.title}") and "England" in title for title in titles.values())


def test_where_a_date_cannot_stand_for_another_no_meaning_says_so(declared: Codes) -> None:
    told = {key.code for key, code in declared.items() if "may stand for a day nobody knew: " in code.meaning}
    with_jobs = {"first_contact_job", "first_contact_none"}
    assert with_jobs <= told
    assert {"benefit_before", "offences_before", "first_contact_benefit", "first_contact_probation"} & told == set()


def test_no_two_outcomes_have_one_meaning_and_the_order_of_contacts_is_told(
    declared: Codes, analysis: Analysis
) -> None:
    told = [code.meaning for key, code in declared.items() if key.column_name == "outcome"]
    assert len({*told}) == len(told)
    first = "one named first here came first: custody again, probation, treatment, homelessness duty, benefit and job."
    assert sum(first in meaning for meaning in told) == sum("first_contact" in name for name in analysis.outcomes) == 17
    assert [first in " ".join(analysis.describe(name).notes) for name in ("first_contact", "needs")] == [True, False]


def test_an_outcome_and_a_cohort_are_told_of_with_their_differences_and_source(
    declared: Codes, analysis: Analysis
) -> None:
    for column, of in (("outcome", analysis.outcomes), ("cohort", analysis.cohorts)):
        for name, one in of.items():
            code = declared[Key(column, "", name)]
            assert (code.title, code.source) == (one.title, one.source)
            assert sentences(f"Modelled on {one.modelled_on}") in code.meaning
            assert code.differences == sentences(*one.differences)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda rows: [row for row in rows if row["code"] != "young"], "category / age / young has no row"),
        (lambda rows: [row for row in rows if row["code"] != "x"], "status / x has no row"),
        (lambda rows: [*rows, rows[0] | {"code": "pets"}], "table_id / pets has a row, and stands in no published row"),
        (lambda rows: [*rows, rows[0] | {"column_name": "people"}], "people / work has a row, and stands in no"),
        (lambda rows: [*rows, rows[0] | {"title": "Another"}], "table_id / work has several rows"),
        (lambda rows: [rows[0] | {"meaning": ""}, *rows[1:]], "table_id / work has no title or no meaning"),
    ],
)
def test_the_audit_stops_where_a_code_is_missing_or_foreign(tmp_path, change, finding) -> None:
    made = control(counts(BY_AGE), RULES, TITLES)
    codes = meant(made)
    folder = with_codes(tmp_path / "demo", made, codes._replace(rows=change(codes.rows)))
    with pytest.raises(DisclosureError, match=f"codes.csv: {finding}"):
        audit(folder, counts(BY_AGE), RULES)
    assert audit(released(tmp_path / "sound", made), counts(BY_AGE), RULES).cells == 12


def with_codes(folder: Path, rows: list[dict[str, Any]], codes: Further) -> Path:
    """A release with these codes."""
    folder.mkdir()
    told = Told(PUBLISHED, dict.fromkeys(("work",), ("Work",)))
    publish(folder, rows, "", Provenance("demo", "Outcomes", invented=True, approval=""), RULES, told, (codes,))
    return folder


def test_the_audit_stops_where_files_of_codes_differ_or_are_not_there(tmp_path) -> None:
    made = control(counts(BY_AGE), RULES, TITLES)
    folder = released(tmp_path / "demo", made)
    text = (folder / "codes.csv").read_text()
    (folder / "codes.csv").write_text(text.replace("As it is drawn.", "As one likes.", 1))
    with pytest.raises(DisclosureError, match="codes differs between its files"):
        audit(folder, counts(BY_AGE), RULES)
    (folder / "codes.csv").unlink()
    with pytest.raises(DisclosureError, match=r"codes\.csv is not there"):
        audit(folder, counts(BY_AGE), RULES)


def test_the_audit_finds_a_file_that_is_no_part_of_a_release(tmp_path) -> None:
    folder = released(tmp_path / "demo", control(counts(BY_AGE), RULES, TITLES))
    (folder / "people.csv").write_text("name\n")
    with pytest.raises(DisclosureError, match=r"people\.csv is no file of a release"):
        audit(folder, counts(BY_AGE), RULES)


def test_the_codes_of_arms_covariates_and_strata_are_those_of_cohorts_and_breakdowns(tmp_path) -> None:
    made = control(counts(BY_AGE), RULES, TITLES)
    compared = {"comparison": "work", "arm": "released", "other_arm": "ordered", "covariate": "age", "category": "odd"}
    wanted = {("cohort", "", "ordered"), ("category", "age", "odd")}
    assert {*standing_in([compared])} >= wanted
    with pytest.raises(DisclosureError, match=r"category / age / odd has no row"):
        require_sound(released(tmp_path / "demo", made), [*made, compared])
    assert {*standing_in([made[0] | {"standardised_by": "strata"}])} >= {("breakdown", "", "strata")}


def test_the_manifest_has_the_hash_of_the_codes_and_the_database_a_comment_on_each_column(tmp_path) -> None:
    folder = released(tmp_path / "demo", control(counts(BY_AGE), RULES, TITLES))
    hashes = json.loads((folder / "manifest.json").read_text())["sha256"]
    for name in ("codes.csv", "codes.parquet"):
        assert hashes[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    with duckdb.connect(str(folder / "womens_outcomes.duckdb"), read_only=True) as con:
        said = con.execute("select comment from duckdb_columns() where table_name = 'codes'").fetchall()
        joined = con.execute(
            """select distinct c.title from work join codes c
            on c.column_name = 'category' and c.breakdown = work.breakdown and c.code = work.category order by 1"""
        ).fetchall()
    assert len(said) == 7
    assert all(comment for (comment,) in said)
    assert joined == [("all",), ("middle",), ("old",), ("young",)]
    columns = {
        row["column"] for row in csv.DictReader((folder / "data_dictionary.csv").open()) if row["table"] == "codes"
    }
    assert columns == {"column_name", "breakdown", "code", "title", "meaning", "differences", "source"}


@pytest.mark.parametrize("name", ["codes", "outcomes"])
def test_a_table_cannot_be_called_as_one_that_every_release_has(schemas: Path, name: str) -> None:
    (schemas / "tables" / "treatment.yaml").rename(schemas / "tables" / f"{name}.yaml")
    assert f"every release has a table '{name}' of its own" in refusal(schemas)


def test_a_covariate_cannot_have_the_name_of_a_breakdown_or_of_another_one(schemas: Path, analysis: Analysis) -> None:
    declared = schemas / "comparisons" / "short_custody_or_order.yaml"
    second = declared.read_text().replace("short_custody:", "a:").replace("community_order:", "b:")
    declared.with_name("another.yaml").write_text(second.replace("Employments in the second year before", "Jobs"))
    with pytest.raises(ContractError, match=r"covariates\.employed_before: another comparison calls something else so"):
        read_comparisons(schemas, analysis)
    declared.with_name("another.yaml").unlink()
    edit(declared, "earlier_custody:", "treatment_21_days:")
    with pytest.raises(ContractError, match=r"covariates\.treatment_21_days: a breakdown has that name"):
        read_comparisons(schemas, analysis)


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ("2022-Q3", "neither a calendar year nor a financial year: 2022/23 is July 2022 to June 2023"),
        ("2022-Q2", "from April on, a financial year: 2022/23 is April 2022 to March 2023"),
        ("2022-Q1", "from January on, a calendar year: 2022 is January 2022 to December 2022"),
    ],
)
def test_the_comment_on_a_period_says_which_months_it_is(first: str, says: str) -> None:
    columns = of_period(Period.model_validate({"first_quarter": first, "quarters": 8, "data_to": "2025-12-31"}))
    meanings = {column.name: column.meaning for column in columns}
    assert says in meanings["period"]
    assert "up to 4 times in a year and up to 8 times in all" in meanings["denominator"]
    assert [column.name for column in columns] == [column.name for column in PUBLISHED]
