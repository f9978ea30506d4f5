"""How each target of calibration.yaml is measured on the invented records, as SQL over the tables of achieved.py.

Outcomes are those of women within the cohorts. A mistake is counted once per person and source, as the share of her
rows there that have it, so that long careers do not weigh more.
"""

from typing import NamedTuple


class Ratio(NamedTuple):
    """y / x over `rows` (what follows `from`, with a column person); x is 1 where it is a share of rows."""

    rows: str
    y: str
    x: str = "1"


class Effect(NamedTuple):
    """By how much a column of the regression raises the chance of reoffending, on average over `among`."""

    what: str
    among: str


JUSTICE = ("court", "prison", "probation")
EVERY_NAME = ("court", "prison", "probation", "paye", "dwp", "hclic")


def reoffending(which: str) -> Ratio:
    """The share of follow-ups with a proven reoffence."""
    return Ratio(f"reoffended where {which}", "reoffences > 0")


def outcome(name: str, cohort: str) -> Ratio:
    """The share of the women counted whose outcome came about, as the truth has it."""
    rows = f"outcomes where counted = 'yes' and outcome = '{name}' and cohort = '{cohort}'"
    return Ratio(rows, "achieved = 'yes'")


def first_night(status: str) -> Ratio:
    """The share of women's releases with a known first night that were to such accommodation."""
    return Ratio("discharged where discharge_accommodation <> 'UNK'", f"discharge_accommodation {status}")


def without_abode(event: str) -> Ratio:
    """The share of events at which somebody had no fixed abode."""
    return Ratio(f"abodes where event = '{event}'", "no_fixed_abode = 'yes'")


def under_requirement(kind: str) -> Ratio:
    """The share of women's orders in England with a treatment requirement who are in treatment after three weeks."""
    return Ratio(f"ordered_in_england where requirement = '{kind}'", "treated = 'yes'")


def a_year_on(status: str) -> Ratio:
    """The share of women's treatments begun soon after a follow-up that have come to this after a year."""
    return Ratio("begun_soon where a_year_on <> 'TRAN'", f"a_year_on = '{status}'")


def mistake(label: str, sources: tuple[str, ...] = EVERY_NAME, among: str = "true") -> Ratio:
    """The share of people's rows in these sources that have the mistake, each person and source counting once."""
    of_source = f"(from mistaken where error = '{label}')"
    rows = f"registered r join people p using (person) left join {of_source} m using (dataset, person)"
    return Ratio(f"{rows} where dataset in {(*sources, '')} and {among}", "coalesce(m.rows, 0) / r.rows")


def of_pairs(what: str, among: str = "true") -> Ratio:
    """The share of pairs of one person's records, in two of court, prison and probation, of which it is true."""
    return Ratio(f"pairs where {what} is not null and {among}", what)


CUSTODY, COMMUNITY = "released_from_custody", "community_order_starts"
SHORT_CUSTODY = "disposal = 'CUS' and sentence_days < 365"
LONG_CUSTODY = "disposal = 'CUS' and sentence_days between 365 and 1459"
LONGEST_CUSTODY = "disposal = 'CUS' and sentence_days >= 1460"
WOMEN = "people where sex = 'F'"
WITH_JUSTICE_LIVES = f"{WOMEN} and justice = 'yes'"
# A woman's years from 2015 on, of age and in the country, and the changes of surname in them.
ADULT = "greatest(born + interval 18 year, coalesce(arrived, date '1900-01-01'), date '2015-01-01')::date"
GONE = "least(coalesce(died, date '2026-01-01'), coalesce(\"left\", date '2026-01-01'), date '2026-01-01')"
RENAMED = " + ".join(f"coalesce(renamed_{n} >= {ADULT} and renamed_{n} < {GONE}, false)::int" for n in (1, 2))

RATIOS: dict[str, dict[str, Ratio]] = {
    "who there is": {
        "foreign_born": Ratio(WITH_JUSTICE_LIVES, "foreign_born = 'yes'"),
        "alias": Ratio(WITH_JUSTICE_LIVES, "alias is not null"),
        "protected_address": Ratio(WOMEN, "protected = 'yes'"),
        "abused": Ratio(WITH_JUSTICE_LIVES, "abused = 'yes'"),
        "mental_health": Ratio(WITH_JUSTICE_LIVES, "mental_health = 'yes'"),
        "surname_changes_a_year": Ratio(WOMEN, RENAMED, f"greatest({GONE} - {ADULT}, 0) / 365.25"),
    },
    "reoffending": {
        "reoffending_all": reoffending("true"),
        "reoffending_caution": reoffending("disposal = 'CAU'"),
        "reoffending_fine": reoffending("disposal = 'FIN'"),
        "reoffending_community_order": reoffending("disposal = 'CO'"),
        "reoffending_suspended_sentence": reoffending("disposal = 'SSO'"),
        "reoffending_custody": reoffending("disposal = 'CUS'"),
        "reoffending_up_to_6_months": reoffending("disposal = 'CUS' and sentence_days <= 182"),
        "reoffending_under_12_months": reoffending(SHORT_CUSTODY),
        "reoffending_long_custody": reoffending(LONG_CUSTODY),
        "reoffending_4_years": reoffending(LONGEST_CUSTODY),
        "reoffences_per_reoffender": Ratio("reoffended where reoffences > 0", "reoffences"),
        "reoffences_short_custody": Ratio(f"reoffended where reoffences > 0 and {SHORT_CUSTODY}", "reoffences"),
        "sentence_up_to_6_months": Ratio(
            "prison join people using (person) where people.sex = 'F' and reception_type = 'SEN'"
            " and sentence_days is not null",
            "sentence_days <= 182",
        ),
    },
    "work and benefits": {
        "employed_custody": outcome("employed_6_weeks", CUSTODY),
        "employed_6_months_custody": outcome("employed_6_months", CUSTODY),
        "employed_community": outcome("employed_6_weeks", COMMUNITY),
        "on_benefit_day_30": Ratio("at_liberty_on_day_30", "on_benefit"),
    },
    "homes": {
        "discharge_settled": first_night("= 'SET'"),
        "discharge_homeless": first_night("in ('HOME', 'ROUGH')"),
        "discharge_rough_sleeping": first_night("= 'ROUGH'"),
        "discharge_bail": first_night("= 'BAIL'"),
        "discharge_unknown": Ratio("discharged", "discharge_accommodation = 'UNK'"),
        "settled_custody": outcome("settled_3_months", CUSTODY),
        "settled_community": outcome("settled_3_months", COMMUNITY),
        "no_fixed_abode_prison": without_abode("custody"),
        "no_fixed_abode_probation": without_abode("supervision"),
        "no_fixed_abode_homeless": without_abode("duty"),
        "prevention": Ratio("hclic where duty in ('PREV', 'REL')", "duty = 'PREV'"),
    },
    "treatment": {
        "in_treatment_custody": outcome("in_treatment_21_days", CUSTODY),
        "in_treatment_atr": under_requirement("ATR"),
        "in_treatment_drr": under_requirement("DRR"),
        "treatment_retained": a_year_on("STILL"),
        "treatment_dropped": a_year_on("DROP"),
        "treatment_completed": a_year_on("COMP"),
        "treatment_died": a_year_on("DIED"),
        "opiates": Ratio("begun_soon where disposal = 'CUS'", "substance = 'OPI'"),
    },
    "what departments get wrong": {
        "full_name_exact": of_pairs("same_name"),
        "dob_exact": of_pairs("same_birth"),
        "postcode_none_shared": of_pairs("other_district"),
        "transliteration": mistake("transliteration"),
        "names_swapped": mistake("names_swapped"),
        "other_surname": of_pairs("other_surname", "sex = 'F'"),
        "dob_first_of_january": mistake("dob_first_of_january", JUSTICE, "p.foreign_born = 'no'"),
        "dob_first_of_january_foreign": mistake("dob_first_of_january", JUSTICE, "p.foreign_born = 'yes'"),
        "dob_1900": mistake("dob_1900", JUSTICE),
        "dob_day_month_swapped": mistake("dob_day_month_swapped", JUSTICE),
        "dob_digit": mistake("dob_digit", JUSTICE),
        "initials_wrong": mistake("initials_wrong", ("ndtms",)),
        "no_consent": Ratio("people", "consents = 'no'"),
        "pnc_missing_court": mistake("pnc_missing", ("court",)),
        "pnc_missing_prison": mistake("pnc_missing", ("prison",)),
        "nino_missing_probation": mistake("nino_missing", ("probation",)),
        "nino_missing_hclic": mistake("nino_missing", ("hclic",)),
        "authority_quarter_not_submitted": Ratio(
            "(select local_authority as person, submitted from coverage)", "not submitted"
        ),
        "duplicate_person_number": mistake("second_number", ("prison", "probation")),
        "merged_person_number": mistake("merged_number", ("prison", "probation")),
    },
}  # fmt: skip

# The regression of a next offence within a year, over women's follow-ups: odds ratios by name, and what else is in it.
REOFFENDED = "coalesce(committed between start + 1 and start + 365, false)"
ODDS = {
    "odds_employed": "employed = 'yes'",
    "odds_settled": "home = 'SET'",
    "odds_rough_sleeping": "home = 'ROUGH'",
    "odds_in_treatment": "treated = 'yes' and need = 'yes'",
    "odds_aged_40": "age >= 40",
    "odds_aged_under_25": "age < 25",
}
EFFECTS = {"effect_of_short_custody": Effect(SHORT_CUSTODY, among=SHORT_CUSTODY)}
ADJUSTED_FOR = (
    "ln(1 + previous_offences)", "need = 'yes'", "no_fixed_abode = 'yes'", "main_offence_group = '04'",
    "disposal = 'CAU'", "disposal = 'FIN'", "disposal = 'SSO'", LONG_CUSTODY, LONGEST_CUSTODY,
)  # fmt: skip
