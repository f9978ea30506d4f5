"""The truth as files, a block of people at a time: whose each row is and what is wrong in it, who everybody is, and
what became of each woman.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from linkage.synthetic.calibration import Window
from linkage.synthetic.days import NEVER, dates
from linkage.synthetic.departments.columns import Extract, Lives
from linkage.synthetic.people.arrays import Flags, Numbers, Texts
from linkage.synthetic.truth.life import Answer, Life, Member
from linkage.synthetic.truth.lives import told
from linkage.synthetic.truth.needs import Needs, needs
from linkage.synthetic.truth.outcomes import (
    FIRST_WEEKS,
    ORDERED,
    RELEASED,
    REST_OF_YEAR,
    days_alive,
    how_often,
    members,
    outcomes,
    proven_reoffending,
)

FILES = (
    "people", "records", "errors", "names", "outcomes", "frequencies", "needs", "at_risk", "follow_ups", "abodes",
    "withdrawals",
)  # fmt: skip
WINDOWS = (FIRST_WEEKS, REST_OF_YEAR)
GROUPS = {"W": "White", "M": "Mixed", "A": "Asian", "B": "Black", "O": "Other"}
BANDS = ("under 18", "18-20", "21-24", "25-29", "30-39", "40-49", "50+")
BAND_STARTS = (18, 21, 25, 30, 40, 50)
TEXTS = ("ethnicity", "role", "forename", "middle", "surname_0", "surname_1", "surname_2", "alias")
DAYS = (
    "born",
    "died",
    "arrived",
    "left",
    "renamed_1",
    "renamed_2",
    "moved_1",
    "moved_2",
    "objected",
    "consent_withdrawn",
)
FLAGS = ("foreign_born", "justice", "protected", "need", "mental_health", "abused", "consents")
# The days of `follow_ups`; its other columns are numbers, codes, yes or no.
FOLLOW_UP_DAYS = ("start", "committed")

# Events at which somebody may have no fixed abode: {event: (its table, the column of its first day)}.
ABODES = {
    "custody": ("custody", "reception_date"),
    "supervision": ("supervisions", "start_date"),
    "duty": ("duties", "start"),
}

Extracts = Mapping[str, tuple[Extract, str]]


def write_truth(lives: Lives, extracts: Extracts, folder: Path) -> None:
    """Every file of the truth about one block, as CSV. `extracts`: {dataset: (its extract, name of its record id)}."""
    names = persons(lives.people.people["number"].to_numpy(np.int64))
    lived = list(told(lives, names.tolist()))
    tables = {
        "people": people(lives, names),
        "records": records(lives, extracts, names),
        "errors": errors(extracts),
        "names": lawful_names(extracts),
        "outcomes": what_became(lived, lives.aims.window),
        "frequencies": frequencies(lived, lives.aims.window),
        "needs": known_needs(lived, lives.aims.window),
        "at_risk": at_risk(lived, lives.aims.window),
        "follow_ups": follow_ups(lives, names),
        "abodes": abodes(lives, names),
        "withdrawals": withdrawals(lives, names),
    }
    for name, table in tables.items():
        write(table, folder / f"{name}.csv")


def write(table: pa.Table, path: Path) -> None:
    """A CSV file without quotes. Raises pyarrow.ArrowInvalid where a text would need them."""
    with path.open("wb") as file:
        file.write(",".join(table.column_names).encode() + b"\n")
        csv.write_csv(table, file, csv.WriteOptions(include_header=False, quoting_style="none"))


def people(lives: Lives, names: Texts) -> pa.Table:
    """One row per person: who she is, under which surnames and where from which day, and what she agreed to.

    `arrived` is empty for those born here; `died` is known of deaths within the records.
    """
    table, postcodes = lives.people.people, lives.people.homes["postcode"].to_numpy(dtype=object)
    died = np.full(len(table), NEVER)
    died[lives.events["deaths"]["who"]] = lives.events["deaths"]["died"]
    table = table.assign(arrived=np.where(table["arrived"] == 0, NEVER, table["arrived"]), died=died)
    return pa.table({
        "person": names,
        "sex": np.where(table["female"], "F", "M").astype(object),
        "household": [f"h{number:09d}" for number in table["household"].tolist()],
        **{name: table[name].to_numpy(dtype=object) for name in TEXTS},
        **{name: calendar(table[name]) for name in DAYS},
        **{name: yes_or_no(table[name]) for name in FLAGS},
        "no_fixed_abode": yes_or_no(table["nfa"]),
        **{f"postcode_{n}": postcodes[table[f"home_{n}"].to_numpy(np.int64)] for n in range(3)},
    })  # fmt: skip


def records(lives: Lives, extracts: Extracts, names: Texts) -> pa.Table:
    """(dataset, record_id, person, surname_changed, no_fixed_abode, ethnicity, age_band, alias): one row per record.

    `surname_changed`: the person's records, here or anywhere, come from more than one lawful surname. `age_band` is of
    the day the cohorts begin.
    """
    table, who = lives.people.people, joined([made.who for made, _ in extracts.values()])
    number = joined([made.name for made, _ in extracts.values()])
    describing = {
        "person": names,
        "surname_changed": yes_or_no(several_surnames(table, who, number)),
        "no_fixed_abode": yes_or_no(table["nfa"]),
        "ethnicity": table["ethnicity"].str[0].map(GROUPS).to_numpy(dtype=object),
        "age_band": age_bands(table["born"], lives.aims.window.cohorts_from),
        "alias": yes_or_no(table["alias"] != ""),
    }
    whose = pa.array(who)
    return keyed(extracts, {name: pa.array(values).take(whose) for name, values in describing.items()})


def errors(extracts: Extracts) -> pa.Table:
    """(dataset, record_id, error): one row per mistake in force."""
    parts = []
    for name, (made, key) in extracts.items():
        wrong = np.flatnonzero(made.errors != "")
        labels = [text.split(";") for text in made.errors[wrong].tolist()]
        ids = np.repeat(made.rows[key].to_numpy(dtype=object)[wrong], [len(each) for each in labels])
        parts.append(pa.table({"dataset": text_of(name, len(ids)), "record_id": text_array(ids),
                               "error": text_array([label for each in labels for label in each])}))  # fmt: skip
    return pa.concat_tables(parts)


def lawful_names(extracts: Extracts) -> pa.Table:
    """(dataset, record_id, lawful_surname): one row per record; 0, 1 or 2, the surname the clerk was given."""
    return keyed(extracts, {"lawful_surname": joined([made.name for made, _ in extracts.values()])})


def what_became(lived: Iterable[Life], window: Window) -> pa.Table:
    """(cohort, outcome, quarter, person, index_date, counted, achieved): one row per woman, quarter and outcome; per
    woman, release and outcome of the cohort of every release.
    """
    columns = ["cohort", "outcome", "quarter", "person", "index_date", "counted", "achieved"]
    rows = sorted(
        outcome_row(life.person, member, answer)
        for life in lived
        for member, answer in outcomes(life, window.cohorts_from, window.cohorts_to)
    )
    return text_table(columns, rows)


def frequencies(lived: Iterable[Life], window: Window) -> pa.Table:
    """(cohort, outcome, quarter, person, index_date, times): one row per woman and quarter of whom it is counted."""
    rows = sorted(
        (member.cohort, proven_reoffending.__name__, member.quarter, life.person, member.index_date.isoformat(), str(n))
        for life in lived
        for member, n in how_often(life, window.cohorts_from, window.cohorts_to)
    )
    return text_table(["cohort", "outcome", "quarter", "person", "index_date", "times"], rows)


def text_table(columns: list[str], rows: Sequence[tuple[str, ...]]) -> pa.Table:
    """Rows of texts, also where there are none."""
    each = zip(*rows, strict=True) if rows else ((),) * len(columns)
    return pa.table([text_array(list(values)) for values in each], names=columns)


def at_risk(lived: Iterable[Life], window: Window) -> pa.Table:
    """(person, quarter, index_date, first_weeks, rest_of_year): one row per woman and quarter of a release: on how many
    days after it she was alive.
    """
    rows = [
        (
            life.person,
            member.quarter,
            member.index_date.isoformat(),
            *(str(days_alive(life, member, d)) for d in WINDOWS),
        )
        for life in lived
        for member in members(life, window.cohorts_from, window.cohorts_to)
        if member.cohort == RELEASED
    ]
    return text_table(["person", "quarter", "index_date", "first_weeks", "rest_of_year"], rows)


def outcome_row(person: str, member: Member, answer: Answer) -> tuple[str, ...]:
    """One row of `what_became`."""
    said = ("yes" if answer.counted else "no", "yes" if answer.achieved else "no")
    return member.cohort, answer.outcome, member.quarter, person, member.index_date.isoformat(), *said


def known_needs(lived: Iterable[Life], window: Window) -> pa.Table:
    """(cohort, quarter, person, index_date, needs …): one row per woman and quarter, of releases and orders."""
    rows = sorted(
        (member.cohort, member.quarter, life.person, member.index_date.isoformat(), *needs(life, member))
        for life in lived
        for member in members(life, window.cohorts_from, window.cohorts_to)
        if member.cohort in (RELEASED, ORDERED)
    )
    labels = ("cohort", "quarter", "person", "index_date")
    each = list(zip(*rows, strict=True)) if rows else [()] * (len(labels) + len(Needs._fields))
    texts = {name: text_array(list(values)) for name, values in zip(labels, each, strict=False)}
    flags = zip(Needs._fields, each[len(labels) :], strict=True)
    return pa.table(texts | {name: yes_or_no(values) for name, values in flags})


def follow_ups(lives: Lives, names: Texts) -> pa.Table:
    """One row per start of somebody's follow-up: a caution, a fine, the start of an order, a release."""
    table = lives.events["follow_ups"]
    columns: dict[str, Any] = {"person": names[table["who"].to_numpy(np.int64)]}
    for name in (str(column) for column in table.columns if column != "who"):
        values = table[name]
        if name in FOLLOW_UP_DAYS:
            columns[name] = calendar(values)
        else:
            columns[name] = yes_or_no(values) if values.dtype == bool else values.to_numpy()
    return pa.table(columns)


def abodes(lives: Lives, names: Texts) -> pa.Table:
    """(person, event, start, no_fixed_abode): one row per spell of custody, supervision and homelessness duty."""
    parts = [
        lives.events[name][["who", start, "no_fixed_abode"]].rename(columns={start: "start"}).assign(event=event)
        for event, (name, start) in ABODES.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    return pa.table({
        "person": names[table["who"].to_numpy(np.int64)],
        "event": table["event"].to_numpy(dtype=object),
        "start": calendar(table["start"]),
        "no_fixed_abode": yes_or_no(table["no_fixed_abode"]),
    })  # fmt: skip


def withdrawals(lives: Lives, names: Texts) -> pa.Table:
    """(person, dataset, from): one row per objection (of every dataset: '') and withdrawn consent, by its day."""
    table = lives.people.people
    said = [("", table["objected"].to_numpy(np.int64)), ("ndtms", table["consent_withdrawn"].to_numpy(np.int64))]
    rows = [(int(day), names[who], dataset) for dataset, days in said for who, day in enumerate(days) if day != NEVER]
    rows.sort()
    return pa.table({
        "person": text_array([person for _, person, _ in rows]),
        "dataset": text_array([dataset for _, _, dataset in rows]),
        "from": calendar([day for day, _, _ in rows]),
    })  # fmt: skip


def keyed(extracts: Extracts, columns: Mapping[str, Any]) -> pa.Table:
    """(dataset, record_id, columns …): one row per record, dataset after dataset."""
    ids = joined([made.rows[key].to_numpy(dtype=object) for made, key in extracts.values()])
    datasets = pa.concat_arrays([text_of(name, len(made.who)) for name, (made, _) in extracts.items()])
    return pa.table({"dataset": datasets, "record_id": text_array(ids), **columns})


def several_surnames(people: pd.DataFrame, who: Numbers, number: Numbers) -> Flags:
    """For each of the people: do her records come from more than one lawful surname? One she took back is the same."""
    first, second, third = (people[f"surname_{n}"].to_numpy(dtype=object) for n in range(3))
    second_is = np.where(second == first, 0, 1)
    third_is = np.select([third == first, third == second], [0, second_is], 2)
    name = np.stack([np.zeros_like(second_is), second_is, third_is])[number, who]
    met = np.zeros((3, len(people)), dtype=bool)
    met[name, who] = True
    return met.sum(axis=0) > 1


def age_bands(born: pd.Series, on: datetime.date) -> Texts:
    """The band of each one's age on a day."""
    years, months, days = (getattr(pd.DatetimeIndex(dates(born)), part).to_numpy() for part in ("year", "month", "day"))
    had_birthday = (months < on.month) | ((months == on.month) & (days <= on.day))
    age = on.year - years - ~had_birthday
    return np.array(BANDS, dtype=object)[np.searchsorted(BAND_STARTS, age, side="right")]


def persons(numbers: Numbers) -> Texts:
    """The names the truth has for people."""
    return np.array([f"p{number:09d}" for number in numbers.tolist()], dtype=object)


def calendar(days: Iterable[int] | pd.Series) -> pa.Array:
    """Days as dates; one that has not come is empty."""
    return pa.array(dates(np.asarray(days, dtype=np.int64)), pa.date32())


def yes_or_no(flags: npt.ArrayLike) -> Texts:
    """yes or no."""
    return np.where(np.asarray(flags, dtype=bool), "yes", "no").astype(object)


def joined(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Columns of one extract after the other."""
    return np.concatenate(parts)


def text_array(values: Iterable[str]) -> pa.Array:
    """Texts as Arrow, also where there are none."""
    return pa.array(values, pa.string())


def text_of(value: str, many: int) -> pa.Array:
    """One text many times."""
    return pa.repeat(pa.scalar(value), many)
