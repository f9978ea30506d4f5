"""The truth as files: truth/records.csv says whose each row is, truth/outcomes.csv what became of each woman."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from linkage.synthetic.days import NEVER, date_of
from linkage.synthetic.departments.columns import Extract, Lives
from linkage.synthetic.truth.outcomes import Date, Job, Life, Offence, Review, Spell, Supervision, Treatment, outcomes

GROUPS = {"W": "White", "M": "Mixed", "A": "Asian", "B": "Black", "O": "Other"}
BANDS = {18: "under 18", 21: "18-20", 25: "21-24", 30: "25-29", 40: "30-39", 50: "40-49", 200: "50+"}


def write_records(lives: Lives, extracts: dict[str, tuple[Extract, str]], truth: Path) -> None:
    """(dataset, record_id, person, surname_changed, no_fixed_abode, ethnicity, age_band, alias): one row per record.

    `extracts`: {dataset: (its extract, the name of its record id)}. `surname_changed`: the person's records, here or
    anywhere, come from more than one lawful surname. `age_band` is of the day the cohorts begin.
    """
    parts = [
        pd.DataFrame({"dataset": name, "record_id": made.rows[key], "who": made.who, "legal": made.legal})
        for name, (made, key) in extracts.items()
    ]
    records = pd.concat(parts, ignore_index=True).sort_values(["dataset", "record_id"], ignore_index=True)
    table = lives.people.people
    several = records.groupby("who")["legal"].nunique().reindex(range(len(table)), fill_value=0) > 1
    describing = pd.DataFrame({
        "person": [person(who) for who in range(len(table))],
        "surname_changed": yes_or_no(several),
        "no_fixed_abode": yes_or_no(table["nfa"]),
        "ethnicity": table["ethnicity"].str[0].map(GROUPS),
        "age_band": [age_band(date_of(born), lives.aims.window.cohorts_from) for born in table["born"]],
        "alias": yes_or_no(table["alias"] != ""),
    })  # fmt: skip
    whole = pd.concat(
        [records[["dataset", "record_id"]], describing.iloc[records["who"]].reset_index(drop=True)], axis=1
    )
    write(truth / "records.csv", whole.columns, zip(*(whole[column].tolist() for column in whole), strict=True))


def write_outcomes(lives: Lives, truth: Path) -> None:
    """(cohort, outcome, quarter, person, index_date, counted, achieved): one row per woman, quarter and outcome."""
    columns = ["cohort", "outcome", "quarter", "person", "index_date", "counted", "achieved"]
    first, last = lives.aims.window.cohorts_from, lives.aims.window.cohorts_to
    rows = [
        (member.cohort, answer.outcome, member.quarter, life.person, member.index_date.isoformat(),
         "yes" if answer.counted else "no", "yes" if answer.achieved else "no")
        for life in told(lives) for member, answer in outcomes(life, first, last)
    ]  # fmt: skip
    write(truth / "outcomes.csv", columns, sorted(rows))


def told(lives: Lives) -> Iterator[Life]:
    """Every woman's life with custody or supervision in it, as plain dates."""
    table, region = lives.people.people, lives.people.homes["region"].tolist()
    anchors = pd.concat([lives.events["custody"]["who"], lives.events["supervisions"]["who"]]).unique()
    female, born = table["female"].tolist(), table["born"].tolist()
    women = [who for who in sorted(anchors.tolist()) if female[who]]
    found = {who: Life(person(who), True, known(born[who])) for who in women}

    def happened(name: str, *columns: str) -> Iterable[tuple]:
        return rows(lives.events[name], women, columns)

    for who, died in happened("deaths", "died"):
        found[who].died = known(died)
    for who, committed, decided, breach in happened("offences", "offence_date", "outcome_date", "breach"):
        found[who].offences.append(Offence(known(committed), known(decided), breach == "Y"))
    columns: tuple[str, ...] = (
        "reception_date",
        "reception_type",
        "release_date",
        "release_type",
        "home",
        "treatment_need",
    )
    for who, received, kind, released, how, home, need in happened("custody", *columns):
        found[who].spells.append(Spell(known(received), kind, date_of(released), how, region[home], need))
    columns = ("start_date", "disposal", "home", "treatment_need")
    for who, began, disposal, home, need in happened("supervisions", *columns):
        found[who].supervisions.append(Supervision(known(began), disposal, region[home], need))
    for who, held, status in happened("reviews", "review_date", "accommodation_status"):
        found[who].reviews.append(Review(known(held), status))
    for who, start, end in happened("jobs", "start", "end"):
        found[who].jobs.append(Job(known(start), date_of(end)))
    for who, start, end in happened("episodes", "start", "end"):
        if start != NEVER:
            found[who].treatments.append(Treatment(known(start), date_of(end)))
    yield from found.values()


def rows(table: pd.DataFrame, whose: list[int], columns: tuple[str, ...]) -> Iterable[tuple]:
    """(who, columns …) of one table of events for those people, as plain Python values."""
    wanted = table[table["who"].isin(whose)]
    return zip(*(wanted[column].tolist() for column in ("who", *columns)), strict=True)


def known(number: int) -> Date:
    """A day that has come, as a date."""
    return date_of(min(number, NEVER - 1)) or Date.max


def person(who: int) -> str:
    """The name the truth has for a person."""
    return f"p{who:07d}"


def yes_or_no(flags: pd.Series) -> list[str]:
    """yes or no."""
    return ["yes" if flag else "no" for flag in flags]


def age_band(born: Date | None, on: Date) -> str:
    """The band of the age on a day."""
    age = 0 if born is None else on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return next(band for below, band in BANDS.items() if age < below)


def write(path: Path, columns: Iterable[str], lines: Iterable[tuple]) -> None:
    """A CSV file, under a temporary name first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{path.name}.unfinished")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(lines)
    unfinished.chmod(0o600)
    unfinished.replace(path)
