"""From a linkage to a sheet, to verdicts, to decisions that the next linkage obeys; on invented people."""

import json
import re
import shutil
import stat

import duckdb
import pytest
from review_sheets import decide, filled, kept_back, rows_of, sheet, together
from typer.testing import CliRunner

from benchmarks import link_ids
from linkage import decisions, facts, link_errors, people, review, stages
from linkage.__main__ import app
from linkage.errors import ContractError, ExtractError, LinkError, PrivacyError
from linkage.keyring import rotate_keys
from linkage.ledger import ledger_of
from linkage.matching import sampling
from linkage.settings import Settings

DATASETS = ("court", "prison")


# ------------------------------------------------------------------------------------------------------- contradictions


def test_two_spells_in_custody_at_one_time_are_no_longer_one_person(linked):
    cannot = duckdb.sql(f"from '{linked.files.cohorts.impossible}'").fetchall()
    doubted = facts.read(linked, "linkage")["doubts"]
    custody = next(row for row in doubted["by_reason"] if row["reason"] == "overlapping custody")
    assert custody["taken_apart"] >= 1
    pair = {"dataset_l": "prison", "dataset_r": "prison"}
    torn = [pair | {"record_id_l": a, "record_id_r": b} for _, a, _, b, why in cannot if why == "overlapping custody"]
    assert not all(together(linked, one) for one in torn)


def test_what_crosses_from_the_analysis_platform_is_pairs_of_record_ids_and_a_reason(linked):
    assert duckdb.sql(f"from '{linked.files.cohorts.impossible}'").columns == [
        "dataset_l", "record_id_l", "dataset_r", "record_id_r", "reason",
    ]  # fmt: skip
    numbers = duckdb.sql(f"from '{linked.files.matching.numbers('names')}'")
    assert numbers.columns == ["dataset", "view_id", "kind", "number", "bits"]
    assert numbers.max("number").fetchall()[0][0] <= numbers.shape[0]  # counted, and no token


def test_people_cannot_be_made_before_somebody_looked_for_contradictions(copied):
    stages.chain(copied)
    with pytest.raises(LinkError, match="linkage link"):
        stages.settle(copied)


# --------------------------------------------------------------------------------------------------------------- sample


def test_a_sheet_says_in_words_how_pairs_agree_and_shows_neither_score_nor_verdict(drawn):
    rows, kept = sheet(drawn), kept_back(drawn)
    assert len(rows) == len(kept) > 30
    assert {"forename", "surname_and_home", "pnc"} <= rows[0].keys()
    assert not {"band", "linked", "match_weight", "match_probability", "record_id_l"} & rows[0].keys()
    assert {row["pnc"] for row in rows} <= {"exact", "all else", "missing", "not compared"}
    assert any(row["pnc"] == "exact" for row in rows)
    told = [text for row in rows for column, text in row.items() if column not in ("sample", "pair")]
    assert not any(sign.isdigit() for text in told for sign in text)
    assert {row["verdict"] for row in rows} == {""}


def test_a_sheet_with_weights_shows_the_same_words_and_their_bits_and_its_review_is_one_of_the_model(copied):
    blind = sheet(copied)
    shutil.rmtree(copied.files.review("first"))
    review.draw(copied, "first", with_weights=True)
    rows = sheet(copied)
    assert any(re.fullmatch(r"exact \(\+\d+\.\d\)", row["pnc"]) for row in rows)
    bits = re.compile(r" \([+-]\d+\.\d\)$")
    assert [{name: bits.sub("", text) for name, text in row.items()} for row in rows] == blind
    decide(copied, {1: "same"}, in_clear=True)
    found = review.estimate(copied, "first")
    assert found["basis"] == "weights"
    assert "say nothing of the truth" in found["caveat"]
    with pytest.raises(LinkError, match="does not say which links are wrong. Verdicts are from a sheet"):
        link_errors.seen_in_clear(copied, "first")


def test_a_sample_of_which_the_log_does_not_say_whether_weights_were_shown_counts_as_one_that_showed_them(copied):
    told = {k: v for k, v in review.drawn_as(copied, "first").items() if k != "with_weights"}
    ledger_of(copied).append(review.DRAWN, **told)
    decide(copied, {1: "same"}, in_clear=True)
    assert review.estimate(copied, "first")["basis"] == "weights"


def test_the_order_of_a_sheet_says_nothing_of_the_score(drawn):
    linked = [row["linked"] for row in kept_back(drawn) if row["band"] != sampling.WHOLE]
    half = len(linked) // 2
    assert abs(sum(linked[:half]) / half - sum(linked[half:]) / (len(linked) - half)) < 0.25


def test_each_department_is_asked_for_its_own_records_only(drawn):
    folder = drawn.files.review("first")
    for dataset in DATASETS:
        asked = rows_of(folder / f"records-{dataset}.csv")
        assert {row["dataset"] for row in asked} == {dataset}
        known = {
            str(i)
            for (i,) in duckdb.sql(f"select record_id from '{drawn.files.cohorts.attributes(dataset)}'").fetchall()
        }
        assert {row["record_id"] for row in asked} <= known
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())


def test_the_same_name_draws_the_same_pairs_and_is_drawn_once(copied, drawn):
    with pytest.raises(LinkError, match="is there already"):
        review.draw(copied, "first")
    shutil.rmtree(copied.files.review("first"))
    review.draw(copied, "first")
    assert sheet(copied) == sheet(drawn)


def test_people_whose_address_is_protected_are_left_out_with_every_record_of_theirs(drawn):
    files = drawn.files
    hidden = set(
        duckdb.sql(
            f"""with marked as (
                select person_id_low from '{files.cohorts.attributes("prison")}'
                join '{files.matching.person_index}' using (record_id) where protected = 'yes'
            )
            select dataset, record_id from '{files.matching.person_index}' semi join marked using (person_id_low)"""
        ).fetchall()
    )
    said = json.loads((drawn.files.review("first") / review.ABOUT).read_text())
    assert said["records_protected"] == len(hidden) > 0
    shown = {(row[f"dataset_{side}"], row[f"record_id_{side}"]) for row in kept_back(drawn) for side in "lr"}
    assert not shown & hidden


def test_pairs_are_drawn_by_subgroup_where_one_is_declared(copied):
    path = copied.schemas / "review.yaml"
    path.write_text(path.read_text() + "subgroup: {column: ethnicity, reason: to lose nobody of any group}\n")
    review.draw(copied, "by-group")
    groups = {row["subgroup"] for row in review.kept_back(copied, "by-group") if row["band"] != sampling.WHOLE}
    assert len(groups) > 3
    path.write_text(path.read_text().replace("ethnicity", "shoe_size"))
    with pytest.raises(ContractError, match=r"review.yaml: subgroup: no contract has a coded attribute 'shoe_size'"):
        review.draw(copied, "by-shoe")


def test_there_is_nothing_to_draw_before_a_linkage(settings):
    with pytest.raises(LinkError, match="linkage link"):
        review.draw(settings, "early")


def test_what_matching_holds_and_the_samples_are_for_their_owner_alone(drawn):
    held = [path for root in (drawn.files.matching.root, drawn.files.review("first")) for path in root.rglob("*")]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in held if path.is_file()}
    assert modes == {0o600}
    open_folders = {path for path in held if path.is_dir() and stat.S_IMODE(path.stat().st_mode) != 0o700}
    assert open_folders == set()


# --------------------------------------------------------------------------------------------------------------- import


def test_decisions_are_obeyed_by_the_next_linkage_and_outlive_an_epoch(copied):
    kept = kept_back(copied)
    apart = next(row for row in kept if row["linked"] and row["band"] == "0.99")
    joined = next(row for row in kept if not row["linked"])
    decide(copied, {apart["pair"]: "different", joined["pair"]: "same"})
    stages.cluster(copied)
    assert not together(copied, apart)
    assert together(copied, joined)
    found = facts.read(copied, "linkage")
    assert found["decisions"] == {"same": 1, "different": 1}
    assert any(row["reason"] == "decided to be different people" for row in found["doubts"]["by_reason"])
    runs = len(people.runs(copied))
    rotate_keys(copied, "2027")
    link_ids.linked(copied)
    assert not together(copied, apart)
    assert together(copied, joined)
    assert len(people.runs(copied)) == runs  # nobody was renamed


def test_the_last_verdict_about_a_pair_stands_and_unsure_takes_it_back(copied):
    pair = next(row for row in kept_back(copied) if row["linked"])
    key = (("court", 1), ("prison", 1))
    assert key not in decisions.standing(copied)
    seen = []
    for word in ("different", "same", "unsure"):
        decide(copied, {pair["pair"]: word})
        seen.append(list(decisions.standing(copied).values()))
    assert seen == [[False], [True], []]


@pytest.mark.parametrize(
    ("verdicts", "more", "complaint"),
    [
        ({1: "maybe"}, {}, r"line 2: a verdict is one of same, different, unsure"),
        ({}, {"pair": "99999", "verdict": "same"}, r"line 2: pair is none of the sample"),
        ({1: "same", 2: "same"}, {"pair": "2"}, r"lines 2 and 3: two verdicts on pair 2\."),
        ({}, {"sample": "other"}, r"a sheet is of one sample; this one names 2"),
    ],
)
def test_a_sheet_with_a_mistake_is_refused_whole(copied, verdicts, more, complaint):
    before = ledger_of(copied).verify().head
    with pytest.raises(ExtractError, match=complaint):
        review.import_verdicts(copied, filled(copied, {3: "same"} | verdicts, **more), "somebody", "a reason", False)
    assert decisions.batches(copied) == []
    assert ledger_of(copied).verify().head == before


def test_a_sheet_without_any_verdict_is_refused(copied):
    before = ledger_of(copied).verify().head
    with pytest.raises(ExtractError, match=r"filled.csv: no line has a verdict: same, different or unsure"):
        decide(copied, {})
    assert (decisions.batches(copied), ledger_of(copied).verify().head) == ([], before)


def test_verdicts_that_contradict_each_other_through_a_chain_are_refused_before_anything_is_written(copied):
    *same, apart = chain_of_three(copied)
    first, second = sorted(same)
    complaint = (
        rf"filled.csv: pairs {first} and {second} say same, pair {apart} says different: these cannot all hold\. "
        r"Nothing was imported\.$"
    )
    with pytest.raises(ExtractError, match=complaint):
        decide(copied, {first: "same", second: "same", apart: "different"})
    assert decisions.batches(copied) == []


def test_a_contradiction_with_an_earlier_import_names_its_sample_and_its_day(copied):
    first, second, apart = chain_of_three(copied)
    decide(copied, {first: "same", apart: "different"})
    [earlier] = decisions.batches(copied)
    where = rf"of sample first \(imported {earlier.at[:10]}\)"
    complaint = rf"pair {second} and pair {first} {where} say same, pair {apart} {where} says different: these cannot"
    with pytest.raises(ExtractError, match=complaint):
        decide(copied, {second: "same"})
    decide(copied, {second: "same", apart: "unsure"})
    assert set(decisions.standing(copied).values()) == {True}


def test_a_linkage_is_refused_that_two_imports_at_one_time_made_contradictory(copied):
    *same, apart = chain_of_three(copied)
    records = {row["pair"]: ((row["dataset_l"], row["record_id_l"]), (row["dataset_r"], row["record_id_r"]))
               for row in kept_back(copied)}  # fmt: skip
    for words in (dict.fromkeys(same, "same"), {apart: "different"}):
        verdicts = tuple(decisions.Verdict(pair, *records[pair], word) for pair, word in words.items())
        decisions.keep(
            copied, decisions.Batch("first", "one of two", "looked", "2026-05-04T10:00:00Z", False, verdicts)
        )
    with pytest.raises(LinkError, match=rf"pair {apart} of sample first \(imported 2026-05-04\) says different"):
        stages.settle(copied)


def chain_of_three(settings: Settings) -> list[int]:
    """Three pairs of the sample over three records."""
    pair_of = {frozenset(((r["dataset_l"], r["record_id_l"]), (r["dataset_r"], r["record_id_r"]))): r["pair"]
               for r in kept_back(settings)}  # fmt: skip
    for one, number in pair_of.items():
        for other, second in pair_of.items():
            if len(one & other) == 1 and one ^ other in pair_of:
                return [number, second, pair_of[one ^ other]]
    raise AssertionError("no three pairs of the sample are of three records")


def test_nobody_decides_without_a_name_and_a_reason(copied):
    with pytest.raises(LinkError, match="by somebody and for a reason"):
        review.import_verdicts(copied, filled(copied, {1: "same"}), " ", "a reason", False)


def test_decisions_that_were_changed_or_lost_stop_the_linkage(copied):
    decide(copied, {1: "same", 2: "different"})
    [path] = copied.files.matching.decisions.iterdir()
    path.write_text(path.read_text().replace('"different"', '"same"'))
    with pytest.raises(PrivacyError, match="are lost, or were changed"):
        stages.cluster(copied)
    path.unlink()
    with pytest.raises(PrivacyError, match="are lost, or were changed"):
        stages.cluster(copied)


def test_a_sample_that_was_changed_after_it_was_drawn_makes_no_decision(copied):
    path = copied.files.review("first") / review.KEPT_BACK
    duckdb.sql(f"select * replace (pair + 1 as pair) from '{path}'").write_parquet(str(path))
    with pytest.raises(PrivacyError, match="is not what was drawn"):
        decide(copied, {1: "same"})


# ------------------------------------------------------------------------------------------------------------- estimate


def test_an_estimate_says_what_it_is_worth(copied):
    with pytest.raises(LinkError, match="has no verdict yet"):
        review.estimate(copied, "first")
    by_lot = [row for row in kept_back(copied) if row["band"] != sampling.WHOLE]
    decide(copied, {row["pair"]: "same" if row["linked"] else "different" for row in by_lot})
    found = review.estimate(copied, "first")
    assert (found["precision"]["value"], found["recall"]["value"]) == (1.0, 1.0)
    assert found["precision"]["lower"] < 1
    with pytest.raises(LinkError, match="does not say which links are wrong. Verdicts over pseudonyms"):
        link_errors.seen_in_clear(copied, "first")
    assert "Only a review in clear" in found["caveat"]
    assert {row["sources"] for row in found["by_sources"]} <= {
        "court and court",
        "court and prison",
        "prison and prison",
    }
    assert facts.read(copied, "review") == found
    decide(copied, {row["pair"]: "different" for row in kept_back(copied) if row["linked"]}, in_clear=True)
    assert review.estimate(copied, "first")["precision"]["value"] == 0
    assert review.estimate(copied, "first")["basis"] == "pseudonyms"  # of the others nobody has seen a name


def test_an_estimate_is_of_the_linkage_before_once_people_were_linked_otherwise(copied):
    assert review.estimated(copied) is None
    apart = next(row for row in kept_back(copied) if row["linked"] and row["band"] == "0.99")
    decide(copied, {apart["pair"]: "different"})
    review.estimate(copied, "first")
    assert review.estimated(copied)["linked_since"] is False
    stages.cluster(copied)
    assert review.estimated(copied)["linked_since"] is True


def test_the_commands_lead_from_one_to_the_next(copied):
    def linkage(*words: str):
        options = ["--workspace", str(copied.workspace), "--schemas", str(copied.schemas)]
        return CliRunner().invoke(app, ["review", *words, *options])

    done = linkage("sample", "second")
    assert done.exit_code == 0, done.output
    assert "linkage review lookup" in " ".join(done.output.split())
    asked = str(copied.files.review("second") / "records-court.csv")
    assert "CLEAR TEXT" in linkage("lookup", "court", asked).output
    path = filled(copied, {1: "same", 2: "unsure"})
    done = linkage("import", str(path), "--by", "two reviewers", "--why", "looked up", "--in-clear")
    assert "1 same, 0 different, 1 unsure" in done.output
    assert "linkage link" in done.output
    assert "precision" in linkage("estimate", "first").output
    listed = " ".join(linkage("decisions").output.split())
    assert "first 1 0 1 yes two reviewers looked up" in listed
    assert "Pairs decided: 1." in listed
