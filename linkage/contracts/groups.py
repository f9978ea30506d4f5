"""What women are divided by in a release, and what each group of theirs is: breakdowns and their categories."""

from collections.abc import Iterable, Iterator, Mapping

from linkage.contracts import standardised
from linkage.contracts.analysis import ALL, Analysis
from linkage.contracts.choices import type_of
from linkage.contracts.codes import Code, Codes, Key, as_read
from linkage.contracts.cohort import NOT_KNOWN, Band, Breakdown
from linkage.contracts.comparison import MATCHED, ByBreakdown, Comparison, Earlier, Highest, OfRecord
from linkage.contracts.history import History, Need, history_notes, many
from linkage.contracts.joined import NO, YES, ByAnswer
from linkage.contracts.sentences import listed, sentences
from linkage.contracts.sequence import span_words

LEFT = "Not recorded, or in none of the other groups"
RECORD = "the record that brought a woman into the cohort"
EVERYBODY = Code("All women", "Women divided by nothing.")
Divided = tuple[str, Code, Mapping[str, Code]]  # a breakdown, what it divides by, its categories


def of_groups(analysis: Analysis, comparisons: Mapping[str, Comparison]) -> Codes:
    """Every breakdown, covariate and category that a release can have."""
    found: Codes = {}
    for name, code, categories in (
        (ALL, EVERYBODY, {ALL: EVERYBODY}),
        *by_record(analysis),
        *by_answer(analysis),
        *by_history(analysis),
        *by_covariate(analysis, comparisons),
    ):
        found[Key("breakdown", "", name)] = code
        found |= {Key("category", name, category): said for category, said in categories.items()}
    return found


def by_record(analysis: Analysis) -> Iterator[Divided]:
    """Breakdowns by a column of the record of the cohort."""
    for name, one in analysis.breakdowns.items():
        datasets = [analysis.datasets[cohort.dataset] for cohort in analysis.cohorts.values()]
        filling = [dataset for dataset in datasets if one.fits(dataset)]
        ages = any(type_of(dataset, one.column) == "date" for dataset in filling)
        what = f"The age on the index date, by {one.column}" if ages else f"By {one.column}"
        labels = dict.fromkeys(label for dataset in filling for label in one.categories(dataset))
        bands = banded(one.bands, "age" if ages else in_words(one.column))
        groups = {
            label: Code(label, sentences(bands.get(label) or on_record(one.column, label), *inside(label, one)))
            for label in labels
        }
        yield name, Code(one.title, sentences(f"{what} of {RECORD}")), groups | not_known()


def banded(bands: Iterable[Band], what: str) -> dict[str, str]:
    """What each band of numbers holds. `what`: the numbers are."""
    return {band.label: f"{what}: {numbers_of(band)}" for band in bands}


def numbers_of(band: Band) -> str:
    """The numbers of a band, both ends in it."""
    if band.last is None:
        return f"{band.first} and more"
    return str(band.first) if band.first == band.last else f"{band.first} to {band.last}"


def on_record(column: str, label: str) -> str:
    """What a record says of the women of a category."""
    return f"{in_words(column)} on the record: {label}"


def in_words(column: str) -> str:
    """A column's name, to be read."""
    return column.replace("_", " ")


def inside(label: str, one: Breakdown) -> Iterator[str]:
    """Of which category of a wider breakdown a category is a part."""
    for wider, wholes in one.within.items():
        yield from (f"A part of {whole} in {wider}" for whole, parts in wholes.items() if label in parts)


def not_known() -> dict[str, Code]:
    """Women whose record does not say."""
    return {NOT_KNOWN: Code("Not known", sentences(LEFT))}


def by_answer(analysis: Analysis) -> Iterator[Divided]:
    """Breakdowns by the answer to an outcome, alone and within strata."""
    for name, one in analysis.by_answer.items():
        asked = f"{analysis.outcomes[one.outcome].title} ({one.outcome})"
        yield name, Code(one.title, sentences(f"By the answer to the outcome {asked}")), answers(one, asked)
    parts = standardised.part_of(analysis)
    for name, crossing in standardised.every_crossing(analysis).items():
        said = f"Each answer of {crossing.answer} in each stratum of {crossing.strata}"
        groups = {
            category: Code(category, sentences(*(f"In {breakdown}: {group}" for breakdown, group in of)))
            for (crossed, category), of in parts.items()
            if crossed == name
        }
        yield name, Code(standardised.title(crossing, analysis), sentences(said)), groups


def answers(one: ByAnswer, asked: str) -> dict[str, Code]:
    """The answers to an outcome."""
    said = {
        YES: f"Women who have the outcome: {asked}",
        NO: f"Women counted who do not have the outcome: {asked}",
        NOT_KNOWN: f"Women whom the outcome does not count, for whatever reason: {asked}",
    }
    return {answer: Code(answer.capitalize(), sentences(said[answer])) for answer in one.categories}


def by_history(analysis: Analysis) -> Iterator[Divided]:
    """Breakdowns by needs: by how many, and by which together."""
    for name, history in analysis.by_history.items():
        notes = sentences(*history_notes({name: history}))
        (number, how_many), (combination, together) = history.breakdowns(name).items()
        yield number, Code(how_many, notes), dict(numbers(history))
        yield combination, Code(together, notes), dict(combinations(history))


def numbers(history: History) -> Iterator[tuple[str, Code]]:
    """Each number of needs."""
    titles = "; ".join(need.title for need in history.needs.values())
    for number in range(len(history.needs) + 1):
        said = f"So many of these needs are on record, and no more: {titles}"
        yield many(number), Code(many(number).capitalize(), sentences(said))


def combinations(history: History) -> Iterator[tuple[str, Code]]:
    """Each combination of needs, with what each is known by."""
    for category, names in history.together.items():
        needs = [history.needs[name] for name in names]
        said = {0: "None of the needs is on record", 1: "This need is on record, and no other"}
        together = said.get(len(needs), "These needs are on record, and no other")
        title = listed(tuple(need.title for need in needs)) if needs else "None"
        yield category, Code(title, sentences(together, *(known(need) for need in needs)))


def known(need: Need) -> str:
    """What a need is known by."""
    return f"{need.title}: {need.known_by}"


def by_covariate(analysis: Analysis, comparisons: Mapping[str, Comparison]) -> Iterator[Divided]:
    """What women of comparisons are matched on, but for breakdowns; and whether they are matched."""
    for one in comparisons.values():
        for name, covariate in one.covariates.items():
            if not isinstance(covariate, ByBreakdown):
                labels = [label for label in one.categories(name, analysis) if label != NOT_KNOWN]
                said = (
                    {label: on_record(covariate.column, label) for label in labels}
                    if isinstance(covariate, OfRecord)
                    else banded(covariate.bands, "number")
                )
                groups = {label: Code(label, sentences(said[label])) for label in labels}
                yield name, Code(covariate.title, sentences(*before(covariate, analysis))), groups | not_known()
    if comparisons:
        pairs = {
            YES: Code("Matched", sentences("Women of a pair: one of each group of the comparison")),
            NO: Code("Not matched", sentences("Women for whom no partner was found in the other group")),
        }
        yield MATCHED, Code("Whether matched", sentences("By whether a woman of a comparison is in a pair")), pairs


def before(covariate: OfRecord | Earlier | Highest, analysis: Analysis) -> tuple[str, ...]:
    """How it is known what was before the index date, and how dates are read that may stand for others."""
    if isinstance(covariate, OfRecord):
        return (f"By {covariate.column} of {RECORD}",)
    source, until = analysis.datasets[covariate.dataset], covariate.until if isinstance(covariate, Earlier) else None
    what = "How many" if isinstance(covariate, Earlier) else f"The highest {covariate.column} of"
    on = f"{covariate.date} to {until} overlap" if until else f"{covariate.date} is on"
    days = f"{span_words(covariate.days)} from the index date, which is day 0"
    records = f"{what} records linked to a woman, of {source.title}, whose {on} {days}"
    return (records, *as_read(source, covariate.date, until or ""))
