"""How long pairs take to be compared, beside plaintext in one run, and how long a full run, as people grow in number.

CPU-seconds of this process. What is timed beside plaintext is blocking and comparing by a trained model, from distinct
rows to weighted pairs. Of plaintext that is Splink's own prediction. Of ours it also takes in the pairs of sealed
blocking, weighs each profile against itself, and checks that rules do not make too many pairs; *the whole step* hands
pairs over by row too, says what cannot be linked, judges the rules, and keeps what a later delivery need not compare.
"""

import math
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import duckdb
from rich.table import Table

from benchmarks import plaintext
from linkage.linking import seen_in
from linkage.matching import blocking_report
from linkage.matching.blocking import blocked
from linkage.matching.defaults import defaults, marked
from linkage.matching.model import model_from
from linkage.matching.score import Before, compare, score
from linkage.matching.settings import as_scored, connection
from linkage.settings import Settings

VIEW = "names"
OURS, WHOLE = "pseudonymised", "pseudonymised, the whole step"
SAME, DOCUMENTED = "plaintext, same design", "plaintext, as documented"
MOST_OF_PLAINTEXT = 0.6

Times = dict[str, tuple[float, int]]


def cpu_seconds(work: Callable[[], Any]) -> float:
    """CPU-seconds of a piece of work, of all threads."""
    began = time.process_time()
    work()
    return time.process_time() - began


def side_by_side(settings: Settings, repeats: int) -> Times:
    """{method: (median CPU-seconds, pairs)} of comparing, the methods taking turns."""
    distinct, _ = plaintext.profiles(plaintext.clear_rows(settings))
    with duckdb.connect() as con:
        seen = seen_in(settings, con, VIEW)
    profiles, sealed = seen.profiles, seen.candidates
    model = model_from(settings.files.matching.model(VIEW).read_text(encoding="utf-8"))
    view = settings.encodings.views[VIEW]

    def predict() -> int:
        made = blocked(profiles, view, VIEW, sealed)
        with connection(marked(profiles, defaults(profiles, view))) as con:
            compare(con, as_scored(view, profiles), model, made.pairs, Before())
            return int(con.execute("select count(*) from pair").fetchall()[0][0])

    def whole() -> int:
        made = blocked(profiles, view, VIEW, sealed)
        blocking_report.blocking(made)
        return score(profiles, view, model, made.pairs).pairs.num_rows

    work: dict[str, Callable[[], int]] = {
        OURS: predict,
        WHOLE: whole,
        SAME: plaintext.prediction(distinct, plaintext.same_model),
        DOCUMENTED: plaintext.prediction(distinct, plaintext.documented_model),
    }
    spent: dict[str, list[float]] = {method: [] for method in work}
    pairs = {}
    for _ in range(repeats):
        for method, predict in work.items():
            began = time.process_time()
            pairs[method] = predict()
            spent[method].append(time.process_time() - began)
    return {method: (median(seconds), pairs[method]) for method, seconds in spent.items()}


def ratio(times: Times) -> float:
    """Our time over that of plaintext with the same comparisons and blocking."""
    return times[OURS][0] / times[SAME][0]


def table(times: Times) -> Table:
    """A row per method."""
    shown = Table("method", "CPU-seconds to block and compare", "pairs kept", "ours over it", title="comparing pairs")
    for method, (seconds, pairs) in times.items():
        shown.add_row(method, f"{seconds:.2f}", f"{pairs:,}", f"{times[OURS][0] / seconds:.2f}")
    return shown


def growth(seconds: dict[int, float]) -> Table:
    """CPU-seconds of a full run by number of people, and the exponent from each size to the next."""
    shown = Table("people", "CPU-seconds of a full run", "exponent", title="from extracts to the person index")
    sizes = sorted(seconds)
    for people, before in zip(sizes, [None, *sizes[:-1]], strict=True):
        exponent = f"{slope(seconds, before, people):.2f}" if before else ""
        shown.add_row(f"{people:,}", f"{seconds[people]:.0f}", exponent)
    return shown


def slope(seconds: dict[int, float], one: int, other: int) -> float:
    """The exponent e of a time that grows as people to the power of e."""
    return math.log(seconds[other] / seconds[one]) / math.log(other / one)
