"""Who lost records and who was given others', where that is known from, and what of it is refused."""

from dataclasses import replace

import pytest
from conftest import REPOSITORY
from drawings import drawn
from small_women import PERSONS, rows

from linkage import facts, link_errors
from linkage.cohorts.link_errors import link_errors as counted
from linkage.contracts.codes import Key, of_names
from linkage.contracts.link_errors import read_link_errors
from linkage.errors import ContractError
from linkage.matching.sampling import Stratum, errors
from linkage.release.error_rates import Group
from linkage.settings import Settings

PLACE = ("cohort", "dataset", "breakdown", "category")
COUNTS = ("with_records", "missed", "given_records", "wrong")
# As the drawn women are linked, but for two: 421 is of the woman of 121, and 601 is of the woman of 111.
TRUTH = """
| dataset   | record_id | person |
| prison    | 101       | Ann    |
| prison    | 102       | Ann    |
| prison    | 103       | Ann    |
| prison    | 111       | Bea    |
| prison    | 121       | Cat    |
| probation | 201       | Ann    |
| paye      | 401       | Ann    |
| paye      | 421       | Cat    |
| dwp       | 601       | Bea    |
| dwp       | 611       | Bea    |
"""


def found(con, analysis, attributes, person_index, dataset, breakdown="all"):
    """The counts of women released, to one source."""
    made = counted(con, analysis, attributes, person_index, con.from_arrow(drawn(TRUTH)))
    chosen = f"cohort = 'released_from_custody' and dataset = '{dataset}' and breakdown = '{breakdown}'"
    return rows(made.filter(chosen), "category", *COUNTS)


def test_a_record_that_is_not_linked_to_its_woman_is_missed(con, analysis, attributes, person_index):
    assert found(con, analysis, attributes, person_index, "paye") == [("all", 2, 1.0, 1, 0.0)]
    assert found(con, analysis, attributes, person_index, "paye", "age_band") == [
        ("18-20", 0, 0.0, 0, 0.0), ("30-39", 1, 0.0, 1, 0.0), ("50+", 1, 1.0, 0, 0.0),
    ]  # fmt: skip


def test_a_record_that_is_linked_to_another_woman_is_missed_of_one_and_wrong_of_the_other(
    con, analysis, attributes, person_index
):
    assert found(con, analysis, attributes, person_index, "dwp") == [("all", 1, 0.5, 2, 1.0)]


def test_links_of_the_truth_itself_have_no_errors(con, analysis, attributes):
    numbers = {"Ann": 1, "Bea": 2, "Cat": 3}
    truth = drawn(TRUTH).to_pylist()
    lines = [f"| {r['dataset']} | {r['record_id']} | {' | '.join([str(numbers[r['person']])] * 3)} |" for r in truth]
    perfect = con.from_arrow(drawn("\n".join([PERSONS.strip().splitlines()[0], *lines])))
    made = counted(con, analysis, attributes, perfect, con.from_arrow(drawn(TRUTH)))
    assert made.aggregate("sum(missed) + sum(wrong), sum(with_records) > 20").fetchall() == [(0.0, True)]


# --------------------------------------------------------------------------------------------------------- declarations


def declared(tmp_path, text: str) -> Settings:
    """The repository's declarations with other errors of links."""
    for path in (REPOSITORY / "schemas").iterdir():
        if path.name != "link_errors.yaml":
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "link_errors.yaml").write_text(text)
    return Settings(tmp_path, tmp_path / "workspace")


ORIGIN = "origin: {}\nreason: long enough to be a reason\nfill_to: {{value: 20, reason: long enough to be a reason}}\n"
NEVER = "- {dataset: ndtms, share: {value: 5, lower: 2, upper: 9}, reason: long enough to be a reason}\n"
ASSUMED = """assumed:
- dataset: {}
  breakdown: {}
  category: {}
  missed: {{value: 2, lower: 1, upper: 4}}
  wrong: {{value: 1, lower: {}, upper: 2}}
  reason: long enough to be a reason
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ORIGIN.format("review"), "origin review needs `sample`"),
        (ORIGIN.format("review") + "sample: first\n", "origin review needs `never_compared`"),
        (ORIGIN.format("review") + "sample: first\nnever_compared:\n" + NEVER * 2, "'ndtms',.* is there twice"),
        (ORIGIN.format("assumption"), "origin assumption needs `assumed`"),
        (ORIGIN.format("truth") + "sample: first\n", "`sample` is for origin review, and this is truth"),
        (ORIGIN.format("truth") + "never_delivered:\n" + NEVER * 2, "'never_delivered', 'ndtms'.* is there twice"),
        (ORIGIN.format("truth") + "never_delivered:\n" + NEVER.replace("ndtms", "nhs"), "there is no dataset 'nhs'"),
        (ORIGIN.format("guess"), "origin: 'guess' cannot stand there. There are: truth, review, assumption."),
        (ORIGIN.format("assumption") + ASSUMED.format("payroll", "all", "all", 0), "there is no dataset 'payroll'"),
        (ORIGIN.format("assumption") + ASSUMED.format("paye", "ethnicity", "Wite", 0), "has no category 'Wite'"),
        (ORIGIN.format("assumption") + ASSUMED.format("paye", "all", "all", 3), "must lie between lower and upper"),
        (
            ORIGIN.format("assumption") + ASSUMED.format("hclic", "region", "Wales", 0),
            "no table shows 'Wales' of 'region' for an outcome known from hclic. Leave it out",
        ),
        (
            ORIGIN.format("assumption") + ASSUMED.format("paye", "no_fixed_abode", '"yes"', 0),
            "no table shows 'yes' of 'no_fixed_abode' for an outcome known from paye. Leave it out",
        ),
    ],
)
def test_a_declaration_that_cannot_be_is_refused_with_its_place(tmp_path, text, says):
    with pytest.raises(ContractError, match=says) as refused:
        _ = declared(tmp_path, text).link_errors
    assert "link_errors.yaml" in str(refused.value)


def test_a_dataset_that_no_corrected_rate_is_known_from_is_refused(tmp_path, analysis):
    others = {name: one for name, one in analysis.outcomes.items() if one.measure.dataset != "prison" or "died" in name}
    text = ORIGIN.format("truth") + "never_delivered:\n" + NEVER.replace("ndtms", "prison")
    said = declared(tmp_path, text).link_errors
    assert list(said.mistakes(analysis)) == []
    [line] = said.mistakes(replace(analysis, outcomes=others))
    assert line.startswith("prison: no rate that is corrected is known from it, but from ['court', ")


def test_readers_are_told_each_figure_that_is_assumed_with_its_reason(tmp_path, analysis):
    paye = ASSUMED.format("paye", "all", "all", 0) + ASSUMED.format("paye", "ethnicity", "White", 0).partition("\n")[2]
    settings = declared(tmp_path, ORIGIN.format("assumption") + paye + "never_delivered:\n" + NEVER)
    why = "Long enough to be a reason."
    rates = "2 % (1 to 4) of records are taken to be missed, and 1 % (0 to 2) of links to be wrong"
    told, ndtms = link_errors.reasons(settings, analysis), analysis.datasets["ndtms"].title
    assert told == (
        why,
        f"HMRC PAYE employment, all women: {rates}. {why}",
        f"HMRC PAYE employment, Ethnicity: White: {rates}. {why}",
        f"{ndtms}: 5 % (2 to 9) of its records are taken never to have been delivered. {why}",
    )
    code = of_names(analysis, {}, settings.link_errors)[Key("error_origin", "", "assumption")]
    assert all(sentence.rstrip(".") in code.meaning for sentence in told)


def test_without_a_declaration_no_rate_is_corrected(tmp_path, analysis):
    assert read_link_errors(tmp_path, analysis) is None
    rates = [{"value": 21.5}]
    assert link_errors.beside(rates, None, Settings(REPOSITORY / "schemas", tmp_path).disclosure) is rates


def test_a_truth_is_refused_of_people_who_are_not_invented(settings, analysis):
    with pytest.raises(ContractError, match="origin truth is for invented people"):
        link_errors.of_release(settings, analysis)


def test_what_is_in_quarantine_is_a_share_of_rounded_counts(settings):
    for name, (quarantined, accepted) in {"paye": ({"no record id": 4, "ragged": 8}, 89), "dwp": ({}, 0)}.items():
        facts.write(settings, f"intake/{name}", {"dataset": name, "quarantined": quarantined, "rows_out": accepted})
    assert link_errors.set_aside(settings, settings.disclosure) == {"paye": 10 / 100, "dwp": 0.0}


def test_an_assumption_needs_neither_a_truth_nor_a_review(tmp_path, analysis):
    settings = declared(tmp_path, ORIGIN.format("assumption") + ASSUMED.format("paye", "all", "all", 0))
    assert link_errors.of_release(settings, analysis).origin == "assumption"


def test_nothing_is_corrected_where_women_are_divided_by_an_answer(tmp_path, analysis):
    settings = declared(tmp_path, ORIGIN.format("assumption") + ASSUMED.format("court", "all", "all", 0))
    errors_of = link_errors.of_release(settings, analysis).errors_of
    released = Group("released_from_custody", "court", "all", "all")
    assert errors_of(released) == errors_of(released._replace(breakdown="age_band", category="18-20")) is not None
    assert errors_of(released._replace(breakdown="employment_6_weeks", category="yes")) is None


def test_only_a_woman_who_is_counted_without_a_record_is_one_whose_record_may_be_missed(analysis):
    counts_unlinked = {name for name, source in link_errors.sources(analysis).items() if source.counts_unlinked}
    assert "proven_reoffending" in counts_unlinked
    assert "settled_3_months" not in counts_unlinked


# -------------------------------------------------------------------------------------------------------------- reviews


def strata(subgroup: str, missed: int, wrong: int) -> list[Stratum]:
    """Of 1,000 links and 100 pairs that are not linked, 100 and 50 were looked up."""
    told = {"sources": "paye and prison", "subgroup": subgroup}
    linked = Stratum("0.99", True, pairs=1_000, same=100 - wrong, different=wrong, **told)
    return [linked, Stratum("0.5", False, pairs=100, same=missed, different=50 - missed, **told)]


def test_a_review_says_what_was_missed_and_wrong_of_all_and_of_each_subgroup(analysis):
    found = link_errors.reviewed([*strata("White", 5, 1), *strata("Black", 25, 10)], analysis, "ethnicity")
    of_paye = {row["category"]: row for row in found if row["dataset"] == "paye" and row["cohort"].startswith("rel")}
    assert set(of_paye) == {"all", "White", "Black"}
    shares = {name: (row["missed"] / row["with_records"], row["wrong"] / row["given_records"])
              for name, row in of_paye.items()}  # fmt: skip
    assert shares["White"] == pytest.approx((10 / (990 + 10), 0.01))
    assert shares["Black"] == pytest.approx((50 / (900 + 50), 0.10))
    assert shares["all"] == pytest.approx((60 / (1890 + 60), 0.055))
    assert {row["breakdown"] for row in found} == {"all", "ethnicity"}


def test_a_review_of_more_pairs_counts_for_more_of_them_and_of_none_for_nothing():
    one, many = strata("", 5, 1), [s for _ in range(9) for s in strata("", 5, 1)]
    few, more = errors(one), errors(many)
    assert more["with_records"] == pytest.approx(9 * few["with_records"])
    assert 90 <= few["given_records"] <= 100
    assert set(errors([]).values()) == {0.0}


def test_a_review_that_found_nothing_missed_among_few_of_many_pairs_is_not_sure_of_it():
    linked, apart = strata("", 0, 0)
    unsure = errors([linked, Stratum("0.01", False, "paye and prison", "", 9_000, 0, 6)])
    assert unsure["missed"] == 0
    assert unsure["with_records"] < 20 < errors([linked, apart])["with_records"]
