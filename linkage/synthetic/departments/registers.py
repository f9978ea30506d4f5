"""Extracts of the registers that hold anybody: PAYE employment, drug and alcohol treatment."""

import numpy as np
import pandas as pd

from linkage.synthetic.days import NEVER, Days, dates, day
from linkage.synthetic.departments.columns import Extract, Lives, coded, deaths, own_numbers, same, texts
from linkage.synthetic.departments.mistakes import Clerk, Source, changed, given_number, plain_letters, recorded
from linkage.synthetic.journeys.journeys import next_day
from linkage.synthetic.people import identifiers
from linkage.synthetic.people.population import Texts

PAYE = Source(care=0.7, older_name=0.35, alias=0.01, listed=0.0, first_registered=True, capitals=True)
NDTMS = Source(care=1.0, older_name=0.10, alias=0.05, listed=0.0)
REFERRED_WITHIN = 60
SUBSTANCES = np.array(["OPI", "NON", "ALC", "NOA"], dtype=object)


def paye(lives: Lives, rng: np.random.Generator) -> Extract:
    """One row per employment; the surname is often that of a first job, dates not known are those of the tax year."""
    clerk, jobs = Clerk(PAYE, lives.people, lives.aims, rng), lives.events["jobs"]
    who = jobs["who"].to_numpy()
    row = recorded(clerk, who, jobs["start"].to_numpy())
    started, ended = tax_year_defaults(clerk, jobs["start"].to_numpy(), jobs["end"].to_numpy())
    nino = lives.people.people["nino"].to_numpy(dtype=object)[who]
    without_birth = rng.random(len(who)) < lives.aims["dob_missing_paye"]
    rows = pd.DataFrame({
        "employment_id": identifiers.record_ids(rng, "E", len(jobs)),
        "nino": given_number(clerk, nino, who, "nino_missing_paye"),
        **texts(row, "forename", "surname"),
        "date_of_birth": dates(np.where(without_birth, NEVER, row["born"])),
        "sex": coded(row["sex"], {"F": "FEMALE", "M": "MALE", "": ""}),
        "postcode": row["postcode"],
        "start_date": dates(started),
        "end_date": dates(ended),
        "hours": rng.choice(np.array(list("ABCDE"), dtype=object), len(jobs), p=[0.22, 0.2, 0.13, 0.38, 0.07]),
    })  # fmt: skip
    return Extract(rows, who, row["legal"].to_numpy(dtype=object))


def tax_year_defaults(clerk: Clerk, start: Days, end: Days) -> tuple[Days, Days]:
    """Starts moved back to a 6 April and ends moved on to a 5 April where the true day was never reported."""
    share, rng = clerk.aims["tax_year_default"], clerk.rng
    last = day(clerk.aims.window.data_to)
    began = np.where(rng.random(len(start)) < share, tax_year_start(start), start)
    closes = tax_year_start(end + 365) - 1
    defaulted = (rng.random(len(end)) < share) & (end != NEVER) & (closes <= last) & (closes >= end)
    return began, np.where(defaulted, closes, end)


def tax_year_start(days: Days) -> Days:
    """The 6 April on or before each day."""
    year = days.astype("datetime64[D]").astype("datetime64[Y]")
    april = (year.astype("datetime64[M]") + 3).astype("datetime64[D]").astype(np.int64) + 5
    before = ((year - 1).astype("datetime64[M]") + 3).astype("datetime64[D]").astype(np.int64) + 5
    return np.where(april <= days, april, before)


def ndtms(lives: Lives, rng: np.random.Generator) -> Extract:
    """One row per episode of clients who consent: initials, date of birth, sex, district, local authority."""
    clerk = Clerk(NDTMS, lives.people, lives.aims, rng)
    consents = rng.random(len(lives.people.people)) >= lives.aims["no_consent"]
    episodes = lives.events["episodes"]
    episodes = episodes[consents[episodes["who"]]].reset_index(drop=True)
    who, on = episodes["who"].to_numpy(), episodes["triage"].to_numpy()
    home = lives.people.homes.iloc[lives.people.home_on(who, on)].reset_index(drop=True)
    client = own_numbers(clerk, "C", who, home["local_authority"].to_numpy(dtype=object))
    each, first = same(who, client)
    row = recorded(clerk, who[first], on[first]).iloc[each].reset_index(drop=True)
    letters = (first_letters(row["forename"]) + first_letters(row["surname"])).to_numpy(dtype=object)
    wrong = rng.random(len(who)) < lives.aims["initials_wrong"]
    initials = changed(rng, letters, wrong, another_surname_initial)
    rows = pd.DataFrame({
        "episode_id": identifiers.record_ids(rng, "T", len(episodes)),
        "client_reference": client,
        "initials": initials,
        "date_of_birth": dates(row["born"]),
        "sex": coded(row["sex"], {"F": "2", "M": "1", "": "9"}),
        "postcode_part": [code.split(" ")[0] for code in row["postcode"]],
        **texts(home, "local_authority"),
        "referral_source": referral(clerk, lives, episodes),
        "triage_date": dates(on),
        "treatment_start": dates(episodes["start"]),
        "discharge_date": dates(episodes["end"]),
        "discharge_reason": discharge(clerk, lives, episodes),
        "substance": rng.choice(SUBSTANCES, len(who), p=[0.45, 0.12, 0.3, 0.13]),
    })  # fmt: skip
    return Extract(rows, who, row["legal"].to_numpy(dtype=object))


def another_surname_initial(initials: str, pick: float) -> str:
    """The initials of somebody with another surname."""
    return initials[0] + "ABCDEFGHJKLMNPRSTW"[int(pick * 18)]


def first_letters(surnames: pd.Series) -> pd.Series:
    """The first letter of each name, in plain capitals."""
    return surnames.map(lambda name: plain_letters(name)[:1].upper() or "X")


def referral(clerk: Clerk, lives: Lives, episodes: pd.DataFrame) -> Texts:
    """Who sent each client: the prison she left or the officer she came under in the last weeks, or somebody else."""
    before = episodes["triage"] - REFERRED_WITHIN
    left = next_day(lives.events["custody"][["who", "release_date"]], episodes["who"], before) <= episodes["triage"]
    orders = lives.events["supervisions"][["who", "start_date"]]
    began = next_day(orders, episodes["who"], before) <= episodes["triage"]
    otherwise = clerk.rng.choice(np.array(["SEL", "HEA", "OTH"], dtype=object), len(episodes), p=[0.6, 0.3, 0.1])
    known = clerk.rng.random(len(episodes)) < 0.8
    return np.select([left & known, began & known], ["PRI", "PRO"], otherwise).astype(object)


def discharge(clerk: Clerk, lives: Lives, episodes: pd.DataFrame) -> Texts:
    """How each episode ended; nothing while it runs."""
    end = episodes["end"].to_numpy()
    reason = clerk.rng.choice(np.array(["COMP", "DROP", "TRAN"], dtype=object), len(end), p=[0.4, 0.45, 0.15])
    reason = np.where(episodes["start"].to_numpy() == NEVER, "DROP", reason)
    died = (end != NEVER) & (end == deaths(lives, episodes["who"].to_numpy()))
    return np.select([end == NEVER, died], ["", "DIED"], reason).astype(object)
