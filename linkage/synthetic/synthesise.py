"""Invent people block by block, and write what the departments deliver about them, with the truth beside it.

A block is a pure function of the seed, its number and its size, so blocks are invented in several processes at once,
and their parts are joined in the order of blocks: the bytes hang on nothing but the seed, the number of people and the
day of the delivery. What is in memory at a time is a few blocks, however many people there are.
"""

import datetime
import multiprocessing
import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast, get_args

import numpy as np
import pandas as pd

from linkage.contracts.dataset import Dataset
from linkage.errors import ContractError
from linkage.synthetic.calibration import Calibration, Window, read_calibration
from linkage.synthetic.days import NEVER, day
from linkage.synthetic.departments.columns import Extract, Lives
from linkage.synthetic.departments.court import court
from linkage.synthetic.departments.delivery import Delivery, Form, in_form, part
from linkage.synthetic.departments.dictionary import dictionary
from linkage.synthetic.departments.dwp import dwp
from linkage.synthetic.departments.hclic import coverage_file, hclic
from linkage.synthetic.departments.ndtms import ndtms
from linkage.synthetic.departments.paye import paye
from linkage.synthetic.departments.prison import prison
from linkage.synthetic.departments.probation import probation
from linkage.synthetic.journeys.everyday import everyday
from linkage.synthetic.journeys.journeys import journeys
from linkage.synthetic.people.identifiers import MOST_PEOPLE
from linkage.synthetic.people.population import population
from linkage.synthetic.truth.files import FILES, write_truth

DEPARTMENTS = {
    "court": court, "dwp": dwp, "hclic": hclic, "ndtms": ndtms, "paye": paye, "prison": prison, "probation": probation,
}  # fmt: skip
BLOCK = 25_000
FEWEST = 100
MOST_PROCESSES = 8  # of 0.4 GiB each
BESIDE = ("data-dictionary.html", "hclic_coverage.csv")
FORMS = get_args(Form)
# Each part draws from a stream of its own, so that a change in one leaves the others as they were.
PEOPLE, JOURNEYS, EVERYDAY, EXTRACTS = 1, 2, 3, 4


class Block(NamedTuple):
    """`size` people, of whom the first is number `first` of all."""

    number: int
    first: int
    size: int


@dataclass(frozen=True)
class Order:
    """What is asked of every block: extracts in the form of these contracts, in a folder of its own in `scratch`."""

    seed: int
    datasets: dict[str, Dataset]
    as_of: int
    scratch: Path
    aims: Calibration


class Parts(NamedTuple):
    """A block as written to its folder: one file per dataset and per truth file. `rows`: of each dataset."""

    block: Block
    folder: Path
    rows: dict[str, int]


def nobody_watches(_: int) -> None:
    """No progress wanted."""


def synthesise(
    people: int,
    seed: int,
    datasets: dict[str, Dataset],
    extracts: Path,
    truth: Path,
    as_of: datetime.date | None = None,
    form: str = "native",
    processes: int | None = None,
    progress: Callable[[int], None] = nobody_watches,
    aims: Calibration | None = None,
) -> dict[str, int]:
    """Rows written per dataset: the extract of each contract we can invent under `extracts`, and the truth in `truth`.

    Beside the extracts stand data-dictionary.html and, with H-CLIC, hclic_coverage.csv: which quarters are in it.
    `as_of`: the day of the delivery, by default the last there is. `form`: native is that of the contracts; csv and
    parquet are one form for all. `processes`: by default one per core. `progress` is told how many people are done.
    `aims`: the figures to invent by, by default those of calibration.yaml.
    The same seed gives the same bytes. Contracts of datasets unknown here are passed over.
    Raises ContractError where a contract or an option asks for what these people have not.
    """
    aims = aims or read_calibration()
    on = as_of or aims.window.delivered
    refuse(people, seed, on, form, aims.window)
    known = as_files(datasets, form)
    refuse_to_mix(can_be_invented(datasets), known, extracts)
    rows = dict.fromkeys(known, 0)
    for folder in (extracts, truth):
        tidy_folder(folder)
    with ExitStack() as opened:
        order = Order(seed, known, day(on), opened.enter_context(passing_folder(extracts / ".unfinished")), aims)
        deliveries = {name: opened.enter_context(Delivery(one, extracts / one.path)) for name, one in known.items()}
        truths = {name: opened.enter_context(growing(truth / f"{name}.csv")) for name in FILES}
        for parts in invented(order, blocks(people), processes or workers()):
            for name, delivery in deliveries.items():
                delivery.append((parts.folder / name).read_bytes())
                rows[name] += parts.rows[name]
            for name, file in truths.items():
                file.write(without_header(parts, f"{name}.csv"))
            shutil.rmtree(parts.folder)
            progress(parts.block.first + parts.block.size)
        page, coverage = BESIDE
        beside = {page: dictionary(known, aims)}
        if "hclic" in known:
            beside[coverage] = coverage_file(seed, aims, day(on))
        for name, text in beside.items():
            opened.enter_context(growing(extracts / name)).write(text.encode())
    return rows


def as_files(datasets: dict[str, Dataset], form: str) -> dict[str, Dataset]:
    """The contracts of what can be invented, in a form. Raises ContractError where two would be one file."""
    known = {name: in_form(one, cast(Form, form)) for name, one in can_be_invented(datasets).items()}
    paths = [*(one.path for one in known.values()), *BESIDE]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if twice:
        raise ContractError(f"schemas/datasets: {twice} would be written twice. Give each contract a path of its own.")
    return known


def refuse_to_mix(datasets: dict[str, Dataset], known: dict[str, Dataset], extracts: Path) -> None:
    """Raises ContractError where an extract in another form lies in the folder: nobody could tell the worlds apart."""
    paths = {in_form(one, form).path for one in datasets.values() for form in FORMS}
    others = sorted(path for path in paths - {one.path for one in known.values()} if (extracts / path).exists())
    if others:
        raise ContractError(f"{extracts}: {others} lie there in another form. Choose an empty folder, or remove them.")


def tidy_folder(folder: Path) -> None:
    """A folder for its owner alone, without what a killed run left half written."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in folder.glob(".*.unfinished"):
        left.unlink()


def workers() -> int:
    """A process per core that may be used, so many at most that memory stays within 4 GiB."""
    return min(len(os.sched_getaffinity(0)), MOST_PROCESSES)


def described(people: int, seed: int, as_of: datetime.date | None) -> dict[str, str | int]:
    """Which population and delivery it is: version of the calibration, seed, people and day."""
    aims = read_calibration()
    return {"version": aims.version, "seed": seed, "people": people, "as_of": str(as_of or aims.window.delivered)}


def can_be_invented(datasets: dict[str, Dataset]) -> dict[str, Dataset]:
    """The datasets that have a department here. Raises ContractError where none has."""
    known = {name: dataset for name, dataset in datasets.items() if name in DEPARTMENTS}
    if not known:
        raise ContractError(
            f"schemas/datasets: none of {sorted(datasets)} can be invented; known: {sorted(DEPARTMENTS)}."
        )
    return known


def refuse(people: int, seed: int, as_of: datetime.date, form: str, window: Window) -> None:
    """Raises ContractError naming the option that asks for what cannot be."""
    if seed < 0:
        raise ContractError(f"--seed {seed}: choose 0 or more.")
    if people < FEWEST:
        raise ContractError(f"--people {people}: too few for families and departments. Ask for {FEWEST} or more.")
    if people > MOST_PEOPLE:
        raise ContractError(f"--people {people}: there are numbers for {MOST_PEOPLE:,} people. Ask for no more.")
    if not window.history_from <= as_of <= window.delivered:
        raise ContractError(
            f"--as-of {as_of}: the records begin on {window.history_from} and the last delivery is of "
            f"{window.delivered}. Choose a day between them."
        )
    if form not in FORMS:
        raise ContractError(f"--form {form}: unknown. Choose one of {', '.join(FORMS)}.")


def blocks(people: int) -> list[Block]:
    """Blocks of BLOCK people; a rest that is too small for departments stays with the block before it."""
    starts = list(range(0, people - FEWEST + 1, BLOCK))
    ends = [*starts[1:], people]
    return [Block(number, start, end - start) for number, (start, end) in enumerate(zip(starts, ends, strict=True))]


def invented(order: Order, asked: list[Block], processes: int) -> Iterator[Parts]:
    """The parts of each block, in the order of blocks; one block more than there are processes is under way."""
    if (processes := min(processes, len(asked))) == 1:
        yield from (invent(order, block) for block in asked)
        return
    context, waiting = multiprocessing.get_context("spawn"), deque[Future[Parts]]()
    with ProcessPoolExecutor(processes, context, initializer=end_with_parent) as pool:
        try:
            for block in asked:
                waiting.append(pool.submit(invent, order, block))
                if len(waiting) > processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def end_with_parent() -> None:
    """In a worker: end when the process that asked is gone, so that a killed run leaves nobody at work."""

    def wait() -> None:
        if parent := multiprocessing.parent_process():
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def invent(order: Order, block: Block) -> Parts:
    """Invent one block and write its parts. Raises ContractError as `synthesise` does."""
    lives = invented_lives(block, order.seed, order.aims)
    folder = order.scratch / str(block.number)
    folder.mkdir(mode=0o700)
    made: dict[str, Extract] = {}
    for name, dataset in order.datasets.items():
        rng = np.random.default_rng([order.seed, EXTRACTS, sorted(DEPARTMENTS).index(name), block.number])
        made[name] = DEPARTMENTS[name](lives, rng, order.as_of)
        (folder / name).write_bytes(part(made[name].rows, dataset))
    write_truth(lives, {name: (made[name], order.datasets[name].record_key) for name in made}, folder)
    return Parts(block, folder, {name: len(extract.rows) for name, extract in made.items()})


def invented_lives(block: Block, seed: int, aims: Calibration) -> Lives:
    """Everybody of a block, and everything that happened to them within the records."""

    def stream(part: int) -> np.random.Generator:
        return np.random.default_rng([seed, part, block.number])

    everybody = population(block.size, aims, stream(PEOPLE), block.first, seed)
    events = journeys(everybody, aims, stream(JOURNEYS))
    for name, others in everyday(everybody, aims, stream(EVERYDAY)).items():
        events[name] = pd.concat([events[name], others], ignore_index=True)
    events = {name: still_running(table, aims) for name, table in events.items()}
    return Lives(everybody, events, aims, block.number, seed)


def still_running(table: pd.DataFrame, aims: Calibration) -> pd.DataFrame:
    """The table with spells that end after the last day of the records running still, for no reason yet."""
    if "end" not in table:
        return table
    runs = table["end"].to_numpy() > day(aims.window.data_to)
    reasons = [name for name in ("end_reason", "discharge_reason") if name in table]
    return table.assign(end=np.where(runs, NEVER, table["end"]), **{n: np.where(runs, "", table[n]) for n in reasons})


def without_header(parts: Parts, name: str) -> bytes:
    """A truth file of a block; only the first block's keeps the names of its columns."""
    written = (parts.folder / name).read_bytes()
    return written if parts.block.number == 0 else written.split(b"\n", 1)[1]


@contextmanager
def growing(path: Path) -> Iterator[BinaryIO]:
    """A file for its owner alone, that has its name only when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            unfinished.chmod(0o600)
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def passing_folder(path: Path) -> Iterator[Path]:
    """An empty folder for its owner alone, gone when the block ends; what a killed run left in it is removed first."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True, mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
