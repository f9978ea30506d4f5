"""The examples that declarations ship with, run as the tests of what is declared."""

from collections.abc import Iterator

import duckdb

from linkage.contracts.history import History
from linkage.contracts.outcome import Outcome
from linkage.contracts.sequence import Sequence
from linkage.contracts.unknown_days import UnknownDays
from linkage.errors import ContractError
from linkage.settings import Settings


def examples_that_hold(settings: Settings) -> list[str]:
    """What each example shows, in words. Raises ContractError where a declaration is not as its examples say."""
    analysis = settings.analysis
    with duckdb.connect() as con:
        if wrong := list(failing(settings, con)):
            raise ContractError("\n".join(wrong))
    rules = [dataset.unknown_days for dataset in analysis.datasets.values() if dataset.unknown_days]
    declared: tuple[Outcome | History | Sequence | UnknownDays, ...]
    declared = (*analysis.outcomes.values(), *analysis.by_history.values(), *analysis.sequences.values(), *rules)
    return [example.because for one in declared for example in one.examples]


def failing(settings: Settings, con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """The file and a sentence for each example that does not hold."""
    from linkage.cohorts import examples, history, sequences, unknown_days

    analysis, schemas = settings.analysis, settings.schemas
    for name, dataset in analysis.datasets.items():
        failures = unknown_days.failures(con, dataset)
        yield from (f"{schemas / 'datasets' / name}.yaml: {failure}" for failure in failures)
    for name, one in analysis.by_history.items():
        failures = history.failures(con, name, one, analysis)
        yield from (f"{schemas / 'breakdowns.yaml'}: {failure}" for failure in failures)
    for name, sequence in analysis.sequences.items():
        failures = sequences.failures(con, sequence, analysis)
        yield from (f"{schemas / 'sequences' / name}.yaml: {failure}" for failure in failures)
    for name, outcome in analysis.outcomes.items():
        dataset = analysis.datasets[outcome.measure.dataset]
        failures = examples.failures(con, outcome, dataset, analysis.period.data_to)
        yield from (f"{schemas / 'outcomes' / name}.yaml: {failure}" for failure in failures)
