"""What a published row holds: one declaration for the files, the comments in the database and the data dictionary."""

from typing import Literal, NamedTuple

from linkage.contracts.disclosure import Disclosure
from linkage.contracts.period import Period

ColumnType = Literal["text", "count", "percent", "points", "number", "events", "mean", "years", "per 100 years"]


EMPTY = "empty where suppressed, and where the outcome leaves nobody out for this, as codes says of it"
RELEASES = "releases, of a cohort that every release counts in"
OF_WOMEN = "of women, and not of releases, also of a cohort that every release counts in"
ENTRIES = "women, or releases of a cohort that every release counts in, rounded to the nearest {base}"


class PublishedColumn(NamedTuple):
    """A column of a published file. `count` is women, rounded, or entries where each counts; `percent` and `points`
    have one decimal; `events` are rounded, and a `mean` of them or another `number` has two decimals; `years` are
    rounded person-years, and `per 100 years` has two decimals. `unit`: where it is another than that of its type;
    `in_full` says it of every column, with the limits that it names.
    """

    name: str
    type: ColumnType
    meaning: str
    unit: str = ""


UNITS: dict[ColumnType, str] = {
    "text": "",
    "count": "women, rounded to the nearest {base}",
    "events": "events, rounded to the nearest {events_base}",
    "percent": "per cent, one decimal",
    "points": "percentage points, one decimal",
    "number": "two decimals",
    "mean": "events per woman, two decimals",
    "years": "person-years, rounded to the nearest {base}",
    "per 100 years": "deaths per 100 person-years, two decimals",
}


PUBLISHED = (
    PublishedColumn("table_id", "text", "the published table the row belongs to"),
    PublishedColumn("title", "text", "title of the table, with its coverage"),
    PublishedColumn("cohort", "text", "which women: what brought them into the cohort, once a quarter or each time"),
    PublishedColumn("theme", "text", "theme of the table"),
    PublishedColumn("outcome", "text", "what is measured in the time after the index date"),
    PublishedColumn("geography", "text", "the country or countries the women and the sources are from"),
    PublishedColumn("period", "text", "when the index date fell"),
    PublishedColumn("breakdown", "text", "what the women are divided by; 'all' for all of them together"),
    PublishedColumn("category", "text", "the group within the breakdown; 'all' for all women together"),
    PublishedColumn(
        "threshold",
        "text",
        "how certain two records had to be of one person to be joined: high 0.99, medium 0.95 (use this one), "
        "low 0.80; the spread of the three shows how far a rate depends on linkage, it is not an interval",
    ),
    PublishedColumn(
        "value", "percent", f"women with the outcome per 100 women counted, from the rounded counts; {RELEASES}"
    ),
    PublishedColumn(
        "status",
        "text",
        "empty: as it stands; c: suppressed, so that nothing can be learned about one woman; u: unreliable, "
        "fewer than {few} women counted, as rounded; z: nobody in this group was counted",
    ),
    PublishedColumn("numerator", "count", f"women with the outcome, rounded; {RELEASES}", ENTRIES),
    PublishedColumn("denominator", "count", "women counted, rounded; releases, of such a cohort", ENTRIES),
    PublishedColumn("lower", "percent", "lower end of the Wilson interval of the value"),
    PublishedColumn("upper", "percent", "upper end of the Wilson interval of the value"),
    PublishedColumn(
        "in_custody", "count", f"women not counted: back in custody on the day; {RELEASES}; {EMPTY}", ENTRIES
    ),
    PublishedColumn("died", "count", f"women not counted: died by the day; {RELEASES}; {EMPTY}", ENTRIES),
    PublishedColumn("unknown", "count", f"women not counted: outcome not recorded; {RELEASES}; {EMPTY}", ENTRIES),
    PublishedColumn(
        "not_linked", "count", f"women not counted: no record found in the source; {RELEASES}; {EMPTY}", ENTRIES
    ),
    PublishedColumn(
        "corrected",
        "percent",
        "the value corrected for records that were missed and records that are somebody else's, from the rounded "
        "counts and the rates of errors in this row; at the medium threshold; empty where no rate is shown, where no "
        "errors are declared or known of its source, and where links decide more than the outcome: of women divided by "
        "an answer or by needs, of a comparison of matched women, of first contacts and of deaths",
    ),
    PublishedColumn(
        "corrected_lower",
        "percent",
        "lower end of the interval of the corrected value: for chance, rounding and how little is known of the errors",
    ),
    PublishedColumn("corrected_upper", "percent", "upper end of that interval"),
    PublishedColumn(
        "error_origin",
        "text",
        "where the rates of errors have come from: truth (links known to be right or wrong, of invented people only), "
        "review and its sample (records seen in clear; what was never compared is assumed), or assumption (its "
        "declaration's hash is in the manifest)",
    ),
    PublishedColumn(
        "missed",
        "percent",
        "of 100 women of this group who should have a record in the source, in all periods, how many it was not linked "
        "to: never delivered, as declared, or set aside in quarantine, or not found; of a group too small to tell, as "
        f"of all women, with an interval as of a few; {OF_WOMEN}",
    ),
    PublishedColumn("missed_lower", "percent", "lower end of the interval of missed"),
    PublishedColumn("missed_upper", "percent", "upper end of the interval of missed"),
    PublishedColumn(
        "wrong",
        "percent",
        "of 100 women of this group with a record of the source linked to them, in all periods, how many have somebody "
        f"else's; of a group too small to tell, as of all women, with an interval as of a few; {OF_WOMEN}",
    ),
    PublishedColumn("wrong_lower", "percent", "lower end of the interval of wrong"),
    PublishedColumn("wrong_upper", "percent", "upper end of the interval of wrong"),
    PublishedColumn(
        "standardised",
        "percent",
        "of women with one answer, in a table that is standardised: the value they would have if they fell into the "
        "strata of standardised_by as the women of all answers do, from the rounded counts of those rows",
    ),
    PublishedColumn(
        "standardised_lower",
        "percent",
        "lower end of the interval of the standardised value: for chance and for rounding",
    ),
    PublishedColumn("standardised_upper", "percent", "upper end of that interval"),
    PublishedColumn(
        "standardised_by",
        "text",
        "the breakdown whose categories are the strata; the breakdown of this row, _by_ and its name has the rows of "
        "each; empty where nothing is standardised",
    ),
    PublishedColumn(
        "standardised_status",
        "text",
        "empty: as it stands; c: a stratum is suppressed; u: unreliable, fewer than {few} women, as rounded, in a "
        "stratum; z: nobody with this answer in a stratum",
    ),
    PublishedColumn(
        "events",
        "events",
        "how many events make the outcome, of all women counted: proven reoffences; at the medium threshold; empty "
        "where the outcome is not counted so, and where suppressed",
    ),
    PublishedColumn("events_per_woman_with", "mean", "events per woman with the outcome, from the rounded numbers"),
    PublishedColumn("events_per_woman", "mean", "events per woman counted, from the rounded numbers"),
    PublishedColumn(
        "person_years",
        "years",
        "of deaths: how long the women counted were alive in the days of the outcome, the day of a death included; "
        "rounded to the nearest {base} as counts are, which can move the rate by 5 % of itself where there are under "
        "50; empty where suppressed, and of other outcomes",
    ),
    PublishedColumn("per_100_years", "per 100 years", "of deaths: rounded deaths per 100 of the rounded person-years"),
    PublishedColumn(
        "per_100_years_lower",
        "per 100 years",
        "lower end of the exact Poisson interval of that rate; for chance, and not for rounding",
    ),
    PublishedColumn("per_100_years_upper", "per 100 years", "upper end of that interval"),
)
NAMES = tuple(column.name for column in PUBLISHED)


def with_limits(text: str, limits: Disclosure) -> str:
    """A text with the declared limits that it names: {base} and {events_base} of rounding, and {few} women."""
    bases = {"base": limits.rounding_base.value, "events_base": limits.events.rounding_base.value}
    return text.format(few=limits.unreliable_below.value, **bases)


def in_full(columns: tuple[PublishedColumn, ...], limits: Disclosure) -> tuple[PublishedColumn, ...]:
    """The columns with their units, and with the limits that these and their meanings name."""
    return tuple(
        one._replace(meaning=with_limits(one.meaning, limits), unit=with_limits(one.unit or UNITS[one.type], limits))
        for one in columns
    )


def of_period(period: Period) -> tuple[PublishedColumn, ...]:
    """The columns, with what depends on the declared period: which months a label is of, and how often a woman counts
    in it.
    """
    year, half = period.calendar[0].year, period.calendar[0].half
    more = {
        "period": f"; a year is {period.four_quarters}: {year} is {period.months(year)}, and {half} is "
        f"{period.months(half)}; all is {period.title}, {period.quarters} quarters pooled",
        "denominator": "; it counts entries: in other cohorts a woman counts once a quarter at most, so up to 4 times "
        f"in a year and up to {period.quarters} times in all; in a comparison of matched women she counts once",
    }
    return tuple(column._replace(meaning=column.meaning + more.get(column.name, "")) for column in PUBLISHED)
