"""What the codes of a release stand for: a title and a meaning for each, of what is declared and of nothing else.

A code of the column `category` has its meaning within one breakdown; a code of any other column has one meaning.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from linkage.contracts.analysis import ALL, Analysis, Table
from linkage.contracts.choices import Where
from linkage.contracts.cohort import Cohort
from linkage.contracts.compared import FEW_PAIRS, full_title
from linkage.contracts.comparison import MATCHED, THEME, Arm, Comparison
from linkage.contracts.dataset import Dataset
from linkage.contracts.entries import is_every
from linkage.contracts.left_out import REASONS, columns_of_left_out, empty
from linkage.contracts.link_errors import LinkErrors
from linkage.contracts.order import NO_CONTACT, Contact, Order, precedence
from linkage.contracts.outcome import Death, Event, OfOneDataset, Outcome, Run, Spell, Status
from linkage.contracts.period import Period, Quarter
from linkage.contracts.sentences import listed, sentences
from linkage.contracts.sequence import span_words

FROM = "from the index date, which is day 0"
CIRCUMSTANCES = {"in_custody": "Custody is", "died": "Deaths are"}
ORIGINS = {
    "truth": (
        "Links known to be right or wrong: invented people",
        "Counted, since the people are invented: of real people nobody has such a figure",
    ),
    "review": (
        "A review",
        "From verdicts on pairs of records that were seen in clear, in departments. What no rule compared is assumed",
    ),
    "assumption": ("An assumption", "Stated, with how sure it is and why, and not measured"),
}


class Key(NamedTuple):
    """A code, and where it stands. `breakdown`: of a category; '' of any other code."""

    column_name: str
    breakdown: str
    code: str


class Code(NamedTuple):
    """What a code stands for. `differences`: known ones from what it is modelled on; '' where none are declared."""

    title: str
    meaning: str
    differences: str = ""
    source: str = ""


Codes = dict[Key, Code]


def named(column: str, codes: Mapping[str, Code]) -> Codes:
    """The codes of one column."""
    return {Key(column, "", name): code for name, code in codes.items()}


def of_names(analysis: Analysis, comparisons: Mapping[str, Comparison], errors: LinkErrors | None) -> Codes:
    """Every code that tables, comparisons, themes, cohorts, outcomes, periods and origins of errors can have."""
    arms = {name: arm_code(arm, one, analysis) for one in comparisons.values() for name, arm in one.arms.items()}
    tables = {name: table_code(name, table, analysis) for name, table in analysis.tables.items()}
    return {
        **named("table_id", tables | {name: comparison_code(one, analysis) for name, one in comparisons.items()}),
        **named("theme", dict(themes(analysis, comparisons))),
        **named("cohort", {name: cohort_code(one, analysis) for name, one in analysis.cohorts.items()} | arms),
        **named(
            "outcome",
            {name: outcome_code(one, analysis) for name, one in analysis.outcomes.items()} | matched(comparisons),
        ),
        **named("period", dict(periods(analysis.period))),
        **named("error_origin", {errors.said: origin(errors, analysis)} if errors else {}),
    }


def table_code(name: str, table: Table, analysis: Analysis) -> Code:
    """A table: what it counts of whom, its warning and its own notes."""
    outcomes = "; ".join(one.title for one in analysis.outcomes_of(table).values())
    cohorts = "; ".join(analysis.cohorts[one].title for one in table.cohorts)
    said = (f"It shows: {outcomes}", f"Of: {cohorts}", table.health_warning, *table.notes)
    return Code(analysis.describe(name).title, sentences(*said))


def comparison_code(one: Comparison, analysis: Analysis) -> Code:
    """A comparison: which two groups, and what it is modelled on."""
    groups = listed(tuple(arm.title for arm in one.arms.values()))
    said = (f"It compares: {groups}", one.health_warning, FEW_PAIRS, model(one.modelled_on))
    return Code(full_title(one, analysis), sentences(*said), sentences(*one.differences), one.source)


def themes(analysis: Analysis, comparisons: Mapping[str, Comparison]) -> Iterator[tuple[str, Code]]:
    """Each theme: the tables that show it."""
    showing = {name: table.theme for name, table in analysis.tables.items()} | dict.fromkeys(comparisons, THEME)
    for theme in dict.fromkeys(showing.values()):
        tables = tuple(name for name, shown in showing.items() if shown == theme)
        yield theme, Code(theme.replace("_", " ").capitalize(), sentences(f"Tables with this theme: {listed(tables)}"))


def cohort_code(cohort: Cohort, analysis: Analysis) -> Code:
    """A cohort: its index date, how often a woman is in it, and what it is modelled on."""
    often = (
        f"Each of the {cohort.counted} counts"
        if is_every(cohort)
        else "A woman is in it once a quarter, by her first such record"
    )
    by = f"The index date is {cohort.index_date} of {analysis.datasets[cohort.dataset].title}"
    said = (
        by,
        *chosen("Only records with", cohort.where),
        often,
        f"Women of {cohort.youngest} years and more",
        model(cohort.modelled_on),
    )
    return Code(cohort.title, sentences(*said), sentences(*cohort.differences), cohort.source)


def arm_code(arm: Arm, one: Comparison, analysis: Analysis) -> Code:
    """A group of a comparison: which part of which cohort."""
    said = (
        f"A group of the comparison: {one.title}",
        f"It is a part of the cohort {arm.cohort} ({analysis.cohorts[arm.cohort].title})",
        *chosen("Only records with", arm.where),
        *chosen("Only women with", arm.within),
        "A woman is in it once, by her first entry into either group in all periods",
    )
    return Code(arm.title, sentences(*said))


def outcome_code(outcome: Outcome, analysis: Analysis) -> Code:
    """An outcome: its window, its sources, whom it leaves out, and what it is modelled on."""
    said = (
        *asked(outcome, analysis),
        *columns_of_left_out(outcome, analysis.datasets[outcome.measure.dataset]),
        *circumstances(outcome, analysis),
        model(outcome.modelled_on),
    )
    return Code(outcome.title, sentences(*said), sentences(*outcome.differences), outcome.source)


def asked(outcome: Outcome, analysis: Analysis) -> Iterator[str]:
    """What an outcome asks: on which days, of which records, and of which women."""
    measure = outcome.measure
    yield from in_order(measure, analysis) if isinstance(measure, Order) else (window(measure),)
    yield f"Known from {titles(analysis.known_from(outcome), analysis)}"
    yield from chosen("Only records with", {} if isinstance(measure, Order | Death) else measure.where)
    yield from chosen("Asked of women whose record has", outcome.eligible)


def in_order(order: Order, analysis: Analysis) -> Iterator[str]:
    """Which contact came first, which next and when, as far as it asks; what these are; which of one day counts."""
    kinds = {name: contact.title for name, contact in order.contacts.items()} | {NO_CONTACT: "none"}
    within = f"on {span_words(order.days)} {FROM}"
    if order.first == NO_CONTACT:
        yield f"There was no contact of any kind {within}"
    else:
        yield f"First contact {within}: {kinds[order.first]}"
        yield f"It came on {span_words(order.on)}" if order.on else ""
        then = tuple(kinds[step] for step in order.then)
        yield f"Next contact of another kind: {listed(then, 'or')}" if then else ""
    told = [name for name in order.contacts if name in (order.first, *order.then) or order.first == NO_CONTACT]
    for name in told:
        yield from a_contact(order.contacts[name], analysis)
    yield precedence(order.contacts)


def a_contact(contact: Contact, analysis: Analysis) -> Iterator[str]:
    """Which records are a contact of a kind, and how their date is read."""
    dataset, only = analysis.datasets[contact.dataset], "; ".join(chosen("with", contact.where))
    yield f"{contact.title}: a record of {dataset.title} on its {contact.date}{', ' if only else ''}{only}"
    yield from as_read(dataset, contact.date)


def as_read(dataset: Dataset, *dates: str) -> Iterator[str]:
    """How these columns are read, where their dates may stand for days nobody knows."""
    yield from dataset.unknown_days.said_of(*dates) if dataset.unknown_days else ()


def circumstances(outcome: Outcome, analysis: Analysis) -> Iterator[str]:
    """Where it is recorded who is left out on a day; of a death that is what the outcome itself is known from."""
    for one in () if isinstance(outcome.measure, Death) else outcome.exclude:
        known = titles(analysis.circumstances.datasets((one,)), analysis)
        yield f"{CIRCUMSTANCES[one]} known from {known}"


def titles(datasets: Iterable[str], analysis: Analysis) -> str:
    """Datasets by their titles, in a row. Raises IndexError where there is none."""
    return listed(tuple(analysis.datasets[name].title for name in sorted(datasets)))


def chosen(which: str, where: Where) -> Iterator[str]:
    """What a choice among codes takes, a column at a time."""
    yield from (f"{which} {column}: {listed(labels, 'or')}" for column, labels in where.items())


def window(measure: OfOneDataset) -> str:
    """Which days it asks about, in words; both ends are in a window."""
    if isinstance(measure, Spell):
        return f"Whether a record covers day {measure.day} {FROM}"
    days = span_words(measure.days)
    if isinstance(measure, Run):
        return f"Whether records cover {measure.days_on_end} days on end, within {days} {FROM}"
    if isinstance(measure, Status):
        return f"Whether the latest {measure.column} known of {days} {FROM}, is {listed(measure.achieved, 'or')}"
    if isinstance(measure, Event):
        confirmed = f", with its {late.date} by day {late.within_days}" if (late := measure.confirmed_by) else ""
        before = ", or one of before that went on by the index date" if measure.continuing else ""
        return f"Whether there was a record whose {measure.date} is on {days} {FROM}{confirmed}{before}"
    return f"Whether she died on {days} {FROM}"


def matched(comparisons: Mapping[str, Comparison]) -> dict[str, Code]:
    """The outcome that counts who was matched; none where nothing is compared."""
    about = sentences(
        "How many women of a group of a comparison are in a pair with a woman of the other group",
        f"It leaves nobody out, so {empty(REASONS)}",
    )
    return {MATCHED: Code("Matched", about)} if comparisons else {}


def periods(period: Period) -> Iterator[tuple[str, Code]]:
    """Each quarter, half-year and year, and all of them."""
    for one in period.calendar:
        yield (
            one.label,
            Code(period.months(one.label), sentences("A quarter: a woman is in it once, unless every entry counts")),
        )
    for label in dict.fromkeys(label for one in period.calendar for label in (one.half, one.year)):
        yield label, Code(period.months(label), pooled(period.pooled(label)))
    yield ALL, Code(period.title, pooled(period.calendar) + " In a comparison of matched women she is counted once.")


def pooled(quarters: tuple[Quarter, ...]) -> str:
    """How often a woman counts in several quarters."""
    names = listed(tuple(quarter.label for quarter in quarters))
    often = f"A woman who enters in several is counted for each, {len(quarters)} times at most"
    return sentences(
        f"The quarters {names} together", often, "Where every entry counts she is in it as often as she entered"
    )


def origin(errors: LinkErrors, analysis: Analysis) -> Code:
    """Where the rates of errors come from, why from there, and what is assumed for which reason."""
    title, meaning = ORIGINS[errors.origin]
    return Code(title, sentences(meaning, *errors.said_of(analysis)))


def model(modelled_on: str) -> str:
    """What something is modelled on."""
    return f"Modelled on {modelled_on}"
