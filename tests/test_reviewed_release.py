"""A release whose rates are corrected by what reviewers found in clear, on invented people."""

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import REPOSITORY
from review_sheets import rows_of

from linkage import facts, review, stages
from linkage.settings import Settings

BREAKDOWNS = """
breakdowns:
  ethnicity: {title: Ethnicity, column: ethnicity, reference: White}
"""
TABLE = """
title: Women's proven reoffending
theme: reoffending
cohorts: [released_from_custody]
periods: [all]
"""
ERRORS = """
origin: review
reason: Two departments looked at a sample of pairs in clear, side by side.
sample: clear
never_compared:
  - {dataset: court, share: {value: 1, lower: 0, upper: 3}, reason: what rules without a number miss of true pairs}
fill_to: {value: 20, reason: as many as leave a group no surer than it is}
"""
WRITTEN = {"breakdowns.yaml": BREAKDOWNS, "tables/reoffending.yaml": TABLE, "link_errors.yaml": ERRORS}
TAKEN = (
    *("disclosure.yaml", "link_quality.yaml", "period.yaml"),
    *("cohorts/released_from_custody.yaml", "outcomes/proven_reoffending.yaml"),
)


@pytest.fixture
def reviewed(copied: Settings) -> Settings:
    """A sample, large enough, decided by people who saw both sides of each pair; one table, to be corrected by it."""
    for name in TAKEN:
        (copied.schemas / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / "schemas" / name, copied.schemas / name)
    for name, text in WRITTEN.items():
        (copied.schemas / name).parent.mkdir(exist_ok=True)
        (copied.schemas / name).write_text(text)
    declared = copied.schemas / "review.yaml"
    declared.write_text(declared.read_text().replace("value: 6", "value: 100"))
    settings = Settings(copied.schemas, copied.workspace)
    review.draw(settings, "clear")
    facts.mark_as_invented(settings)
    known, datasets = settings.files.truth / "records.csv", set(settings.datasets)  # of these departments alone
    known.write_text(review.as_csv([row for row in rows_of(known) if row["dataset"] in datasets]))
    for dataset in sorted(datasets):
        review.look_up(settings, dataset, settings.files.review("clear") / f"records-{dataset}.csv")
    sheet = rows_of(settings.files.review("clear") / review.SHEET)
    sides = dict(seen_in_clear(settings))
    for row in sheet:
        one, other = (sides[row["pair"], side] for side in "ab")
        row["verdict"] = "same" if one == other else "different"
    filled = settings.workspace / "filled.csv"
    filled.write_text(review.as_csv(sheet))
    review.import_verdicts(settings, filled, "A. Reader, B. Reader", "seen in clear, both agree", in_clear=True)
    return settings


def seen_in_clear(settings: Settings) -> Iterator[tuple[tuple[str, str], str]]:
    """((pair, side), whose record it is): what both departments together find, by their own record ids."""
    with (settings.files.truth / "records.csv").open(newline="") as file:
        person = {(row["dataset"], row["record_id"]): row["person"] for row in csv.DictReader(file)}
    for dataset, contract in settings.datasets.items():
        for row in rows_of(settings.files.department.in_clear("clear", dataset)):
            own = row[contract.record_key]  # the truth does not know the planted namesakes, who are two people
            yield (row["pair"], row["side"]), person.get((dataset, own), own)


def ids(settings: Settings) -> dict[tuple[str, int], int]:
    """{record: her person id}."""
    file = settings.files.matching.person_index
    rows = duckdb.sql(f"select dataset, record_id, person_id_medium from '{file}'").fetchall()
    return {(dataset, record): person for dataset, record, person in rows}


def published(settings: Settings) -> list[dict[str, Any]]:
    """The rows of the release."""
    folder = settings.files.release("reviewed")
    with duckdb.connect(str(folder / "womens_outcomes.duckdb"), read_only=True) as con:
        return con.sql("from outcomes").to_arrow_table().to_pylist()


def test_a_release_is_corrected_by_a_review_and_says_so_and_whoever_was_decided_about_keeps_her_id(
    reviewed: Settings,
) -> None:
    before, errors = ids(reviewed), review.estimate(reviewed, "clear")
    assert errors["basis"] == "clear"
    stages.cluster(reviewed)
    after, same = (
        ids(reviewed),
        [row for row in review.kept_back(reviewed, "clear") if row["linked"] and stands(reviewed, row)],
    )
    assert len(same) > 30
    for row in same:
        one, other = ((row[f"dataset_{side}"], row[f"record_id_{side}"]) for side in "lr")
        assert after[one] == after[other] == before[one]
    stages.tabulate(reviewed)
    stages.publish(reviewed, "reviewed")
    [medium] = [row for row in published(reviewed) if row["threshold"] == "medium"]
    assert medium["error_origin"] == "review clear"
    assert medium["missed_lower"] <= medium["missed"] <= medium["missed_upper"]
    assert medium["missed_upper"] >= 3.0  # what nobody could review is assumed, and is in it
    assert medium["corrected_lower"] <= true_rate(reviewed.files.truth) <= medium["corrected_upper"]
    page = " ".join((reviewed.files.release("reviewed") / "index.html").read_text().split())
    assert "Corrected (errors of links: review clear)" in page
    assert "review clear, of records seen in clear inside departments; how many were never compared is assumed" in page
    assert not re.search(r"errors of links known|known to be right or wrong", page)
    assert facts.read(reviewed, "perfect_cells")


def stands(settings: Settings, row: dict[str, Any]) -> bool:
    """Was it decided that both records are of one person?"""
    return review.said_of(settings, "clear")[row["pair"]][0] == "same"


def true_rate(truth: Path) -> float:
    """Of 100 women released, how many offended."""
    with (truth / "outcomes.csv").open(newline="") as file:
        told = [row["achieved"] == "yes" for row in csv.DictReader(file)
                if (row["cohort"], row["outcome"]) == ("released_from_custody", "proven_reoffending")]  # fmt: skip
    return 100 * sum(told) / len(told)
