"""Where a release has its rates of missed and wrong links from, as schemas/link_errors.yaml declares."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from linkage import facts, review
from linkage.contracts.adding import NONE_DECLARED
from linkage.contracts.analysis import ALL, Analysis
from linkage.contracts.comparison import Comparison
from linkage.contracts.disclosure import Disclosure
from linkage.contracts.entries import firsts
from linkage.contracts.history import made_of
from linkage.contracts.link_errors import LinkErrors
from linkage.contracts.standardised import every_crossing
from linkage.errors import ContractError, LinkError
from linkage.settings import Settings

if TYPE_CHECKING:
    from linkage.matching.sampling import Stratum
    from linkage.release.corrected import Errors
    from linkage.release.corrections import Source
    from linkage.release.error_rates import ErrorsOf, Group

Row = dict[str, Any]
FACT = "link_errors"
SEVERAL = "several"


class Known(NamedTuple):
    """What a release needs to correct its rates: the errors of each group, their origin in words, and the sources."""

    errors_of: "ErrorsOf"
    origin: str
    sources: "dict[str, Source]"


def of_release(settings: Settings, analysis: Analysis) -> Known | None:
    """What is known of the errors of the links as it is declared; None where nothing is. Raises as `counted` does."""
    from linkage.release.error_rates import errors_of

    declared = settings.link_errors
    if declared is None:
        return None
    links = counted(settings, declared, analysis)
    rates = errors_of(declared, links, settings.disclosure, set_aside(settings, settings.disclosure))
    return Known(but_by_answers(rates, analysis), declared.said, sources(analysis))


def reasons(settings: Settings, analysis: Analysis) -> tuple[str, ...]:
    """Why the errors are taken from where they are, and what is assumed of them, as readers are told."""
    declared = settings.link_errors
    return tuple(declared.said_of(analysis)) if declared else ()


def set_aside(settings: Settings, disclosure: Disclosure) -> dict[str, float]:
    """{dataset taken in: the share of its rows in scope that is in quarantine}, of rounded counts."""
    from linkage.release.primary import rounded

    found = {}
    for name, one in facts.intake(settings).items():
        quarantined = sum(one["quarantined"].values())
        rows = rounded(quarantined + one["rows_out"], disclosure)
        found[name] = rounded(quarantined, disclosure) / rows if rows else 0.0
    return found


def but_by_answers(rates: "ErrorsOf", analysis: Analysis) -> "ErrorsOf":
    """The same, and None of women divided by an answer or by what was known of them before, or matched: links decide in
    which group a woman is, too, and what their errors do to the difference between groups no rate of one group's errors
    tells. Nor of what several datasets decide together, such as which contact came first. Of a cohort that every entry
    counts in, those of the women of the cohort of first entries, who are the same.
    """
    women = firsts(analysis.cohorts)
    by_links = {*analysis.by_answer, *every_crossing(analysis), *made_of(analysis.by_history)}

    def found(group: "Group") -> "Errors | None":
        once = group._replace(cohort=women.get(group.cohort, group.cohort))
        decided = group.breakdown in by_links or group.dataset == SEVERAL or group.cohort not in analysis.cohorts
        return None if decided else rates(once)

    return found


def beside(rows: list[Row], known: Known | None, disclosure: Disclosure) -> list[Row]:
    """Publishable rows with the corrected rate beside the rate; as they are where nothing is known of errors."""
    from linkage.release import corrections

    return corrections.beside(rows, *known, disclosure) if known else rows


def sources(analysis: Analysis) -> "dict[str, Source]":
    """{outcome: where it is recorded}. In a spine a woman without a record is not counted, nor without a status.

    Deaths are left out: which links make a woman die who lives no rate of missed and wrong links tells.
    """
    from linkage.release.corrections import Source

    measures = {name: one.measure for name, one in analysis.outcomes.items() if one.measure.kind != "death"}
    return {
        name: Source(one.dataset, analysis.datasets[one.dataset].coverage == "event_register" and one.kind != "status")
        if one.kind != "order"
        else Source(SEVERAL, counts_unlinked=True)
        for name, one in measures.items()
    }


def note_truth(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    attributes: Mapping[str, duckdb.DuckDBPyRelation],
    people: duckdb.DuckDBPyRelation,
    comparisons: Mapping[str, Comparison] = NONE_DECLARED,
) -> None:
    """Note, of invented people whose truth is there, how many women of each group lost records or were given others',
    each cell as perfect links would count it, and on how many women what is said agrees with what became of them.
    """
    from linkage.cohorts import truth as lived
    from linkage.cohorts import truth_numbers
    from linkage.cohorts.link_errors import link_errors
    from linkage.cohorts.records import Records
    from linkage.pseudonymisation.pseudonyms import with_record_ids
    from linkage.stages import key_source

    truth = settings.files.truth / "records.csv"
    if facts.invented(settings) and truth.exists():
        known = con.from_arrow(with_record_ids(con, truth, settings.datasets, key_source(settings)))
        records = Records(con, attributes, people, lived.MEDIUM)
        found = {
            FACT: link_errors(con, analysis, attributes, people, known),
            "perfect_cells": lived.perfect_cells(con, analysis, attributes, people, known, comparisons),
            "perfect_sums": truth_numbers.perfect_sums(con, analysis, attributes, people, known),
            "agreement": lived.agreement(records, analysis, known, truth.parent),
        }
        for name, rows in found.items():
            facts.write(settings, name, [] if rows is None else rows.to_arrow_table().to_pylist())


def counted(settings: Settings, declared: LinkErrors, analysis: Analysis) -> list[Row]:
    """(cohort, dataset, breakdown, category, with_records, missed, given_records, wrong): one row per group of women.

    Raises ContractError where a truth is declared of people who are not invented, LinkError where it was not counted,
    or where the review declared does not establish the truth.
    """
    if declared.origin == "assumption":
        return []
    if declared.origin == "review":
        drawn_by = settings.review.subgroup
        strata = seen_in_clear(settings, declared.sample or "")
        return reviewed(strata, analysis, drawn_by.column if drawn_by else None)
    if not facts.invented(settings):
        raise ContractError(
            f"{settings.schemas / 'link_errors.yaml'}: origin truth is for invented people, and these extracts are not "
            "marked as such. Declare a review in clear or an assumption, or remove the file: then no rate is corrected."
        )
    found = facts.read(settings, FACT)
    if found is None:
        raise LinkError("The errors of the links have not been counted. Run: linkage tabulate")
    return list(found)


def seen_in_clear(settings: Settings, sample: str) -> "list[Stratum]":
    """The strata of a review with their verdicts. Raises LinkError where these do not establish the truth."""
    strata, basis = review.looked_up(settings, sample)
    if basis != "clear":
        raise LinkError(
            f"Sample {sample} does not say which links are wrong. {review.CAVEAT[basis]} Declare a sample that was "
            "seen in clear, or an assumption, in schemas/link_errors.yaml."
        )
    return strata


def reviewed(strata: "Sequence[Stratum]", analysis: Analysis, column: str | None) -> list[Row]:
    """The rows of `counted` from a review: of all women, and of each category of the `column` pairs were drawn by."""
    from linkage.matching import sampling

    divisions = [(ALL, ALL)]
    for name in (name for name, one in analysis.breakdowns.items() if column and one.column == column):
        divisions += [(name, category) for category in sorted({stratum.subgroup for stratum in strata})]
    found = []
    for (cohort, dataset), (breakdown, category) in product(between(analysis), divisions):
        sources = " and ".join(sorted((analysis.cohorts[cohort].dataset, dataset)))
        chosen = [one for one in strata if one.sources == sources and category in (ALL, one.subgroup)]
        place = {"cohort": cohort, "dataset": dataset, "breakdown": breakdown, "category": category}
        found.append(place | sampling.errors(chosen))
    return found


def between(analysis: Analysis) -> list[tuple[str, str]]:
    """(cohort, dataset) of every link that an outcome of a cohort rests on."""
    datasets = sorted({outcome.measure.dataset for outcome in analysis.outcomes.values()})
    return [(cohort, dataset) for cohort in analysis.cohorts for dataset in datasets]
