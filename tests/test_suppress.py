"""The suppressor: nothing small can be worked out, as an enumerator of every table confirms, and as few as can be."""

import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.errors import DisclosureError
from linkage.release import FrameAudit, Limits, Rules, audit, protect
from linkage.release.auditor import certificate
from linkage.release.auditor.frames import read
from linkage.release.auditor.reader import Seen, Wanted, proofs
from linkage.release.suppress.solve import Effort

SMALL = Rules(threshold=3, width=3, base=1)
BY = ["region", "age"]


def table(cells: list[list[int]]) -> pd.DataFrame:
    """A table with its margins, as a tidy frame."""
    return table_of(np.array(cells), "NESWM")


def possible(frame: pd.DataFrame, gone: np.ndarray, known: tuple[int, ...] = ()) -> Iterator[np.ndarray]:
    """Every table of whole numbers that is consistent with published margins and cells, and counts known otherwise."""
    counts = frame["count"].to_numpy()
    lines = [frame[by].to_numpy() for by in BY]
    free = [int(i) for i in np.flatnonzero(gone) if i not in known]
    left = [{line: sum(int(counts[i]) for i in free if of[i] == line) for line in set(of)} for of in lines]
    last = [{of[i]: i for i in free} for of in lines]
    yield from filled(counts.copy(), free, lines, left, last)


def filled(table: np.ndarray, free: list[int], lines: list, left: list[dict], last: list[dict]) -> Iterator[np.ndarray]:
    """The tables with the free cells filled in, one after the other, so that every row and column adds up."""
    if not free:
        yield table.copy()
        return
    cell, rest = free[0], free[1:]
    room = [of[lines[way][cell]] for way, of in enumerate(left)]
    must = {room[way] for way in (0, 1) if last[way][lines[way][cell]] == cell}
    for value in must if must else range(1, min(room) + 1):  # a zero would be shown
        if len(must) > 1 or not 0 < value <= min(room):
            continue
        table[cell] = value
        for way in (0, 1):
            left[way][lines[way][cell]] -= value
        yield from filled(table, rest, lines, left, last)
        for way in (0, 1):
            left[way][lines[way][cell]] += value


def narrowest(frame: pd.DataFrame, gone: np.ndarray, known: tuple[int, ...] = ()) -> int:
    """The width of the narrowest interval that enumeration leaves for a small count."""
    counts = frame["count"].to_numpy()
    small = [i for i in np.flatnonzero((counts > 0) & (counts < SMALL.threshold)) if i not in known]
    tables = np.array(list(possible(frame, gone, known)))
    return min((int(np.ptp(tables[:, i])) for i in small), default=SMALL.width)


tables = st.lists(
    st.lists(st.sampled_from([0, 1, 1, 2, 2, 3, 4, 5, 6]), min_size=3, max_size=3), min_size=3, max_size=3
)


def solvable(cells: list[list[int]]) -> bool:
    """Are all margins large enough to be published?"""
    return all(sum(line) == 0 or sum(line) >= SMALL.threshold for line in [*cells, *zip(*cells, strict=True)])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(tables.filter(solvable))
def test_no_small_count_is_narrowed_as_every_possible_table_shows(cells):
    frame = table(cells)
    try:
        safe = protect(frame, BY, rules=SMALL)
    except DisclosureError:
        everything = ((frame["count"] > 0) & (frame["region"] != "all") & (frame["age"] != "all")).to_numpy()
        alone = np.flatnonzero(everything & (frame["count"] == 1))
        widths = [narrowest(frame, everything), *(narrowest(frame, everything, (int(i),)) for i in alone)]
        assert min(widths) < SMALL.width
        return
    gone = (safe.suppressed != "").to_numpy()
    assert narrowest(frame, gone) >= SMALL.width
    for insider in np.flatnonzero(gone & (frame["count"] == 1)):
        assert narrowest(frame, gone, (int(insider),)) >= SMALL.width


@settings(max_examples=12, deadline=None, derandomize=True)
@given(tables.filter(solvable))
def test_no_fewer_cells_would_do_where_the_gap_is_closed(cells):
    frame, alone = table(cells), Effort(insiders=False)
    try:
        safe = protect(frame, BY, rules=SMALL, effort=alone)
    except DisclosureError:
        return
    assert safe.least <= (safe.suppressed != "").sum()
    inner = (frame["count"] > 0) & (frame["region"] != "all") & (frame["age"] != "all")
    primary = inner & (frame["count"] < SMALL.threshold)
    spare = np.flatnonzero(inner & ~primary)
    fewer = int(safe.least) - int(primary.sum()) - 1
    for more in itertools.combinations(spare, max(fewer, 0)) if fewer >= 0 else ():
        gone = primary.to_numpy().copy()
        gone[list(more)] = True
        assert narrowest(frame, gone) < SMALL.width


def random_table(rows: int, columns: int, seed: int) -> pd.DataFrame:
    """Skewed counts: many of them small."""
    return table_of(np.random.default_rng(seed).gamma(0.8, 30, (rows, columns)).astype(int))


def table_of(grid: np.ndarray, names: Sequence[str] = tuple(map(str, range(200)))) -> pd.DataFrame:
    """A table of any size, with its margins, as a tidy frame."""
    grid = np.vstack([grid, grid.sum(axis=0)])
    grid = np.hstack([grid, grid.sum(axis=1, keepdims=True)])
    rows, columns = [[*names[: size - 1], "all"] for size in grid.shape]
    cells = [(row, column, int(grid[i, j])) for i, row in enumerate(rows) for j, column in enumerate(columns)]
    return pd.DataFrame(cells, columns=[*BY, "count"])


def test_the_same_table_gives_the_same_pattern():
    frame = random_table(12, 12, 4)
    one, two = (protect(frame, BY, rules=Rules(base=1)).published for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


def test_a_hundred_cells_are_solved_to_the_proved_optimum():
    safe = protect(random_table(10, 10, 2), BY, rules=Rules(5, 5, 1), effort=Effort(insiders=False))
    assert safe.gap == 0
    assert (safe.suppressed == "secondary").sum() > 0


def test_little_work_gives_a_safe_pattern_too():
    frame = random_table(6, 6, 3)
    hasty = protect(frame, BY, rules=Rules(5, 5, 1), effort=Effort(iterations=1))
    thorough = protect(frame, BY, rules=Rules(5, 5, 1))
    assert (hasty.suppressed != "").sum() >= (thorough.suppressed != "").sum()
    assert (hasty.suppressed == "primary").sum() < hasty.least <= thorough.least


def test_rounding_hides_part_of_what_suppression_would_have_to():
    frame = random_table(10, 10, 2)
    exact, round_to_five = (protect(frame, BY, rules=Rules(10, 10, base)) for base in (1, 5))
    assert (round_to_five.suppressed != "").sum() <= (exact.suppressed != "").sum()


def test_tables_that_share_a_margin_are_protected_together():
    ages = pd.DataFrame({"region": "all", "age": [*"abc", "all"], "sex": "all", "count": [4, 40, 56, 100]})
    sexes = pd.DataFrame({"region": "all", "age": "all", "sex": [*"fm"], "count": [60, 40]})
    safe = protect(pd.concat([ages, sexes], ignore_index=True), ["region", "age", "sex"], rules=Rules(base=1))
    assert safe.suppressed.tolist()[:3].count("secondary") == 1
    assert safe.suppressed.tolist()[3:] == ["", "", ""]


def test_a_force_area_does_not_follow_from_its_region():
    areas = {"City": 4, "Met": 96, "Gwent": 60, "Dyfed": 40, "London": 100, "Wales": 100, "all": 200}
    frame = pd.DataFrame({"place": list(areas), "count": list(areas.values())})
    within = {"place": {"City": "London", "Met": "London", "Gwent": "Wales", "Dyfed": "Wales"}}
    safe = protect(frame, ["place"], rules=Rules(base=1), within=within)
    assert dict(zip(frame["place"], safe.suppressed, strict=True))["Met"] == "secondary"
    assert (safe.suppressed == "").sum() == 5


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({("N", "N"): -4}, "N, N.*negative count"),
        ({("N", "all"): 999}, "do not add up"),
    ],
)
def test_counts_that_cannot_be_are_refused_by_their_labels(change, says):
    frame = table([[20, 30], [40, 50]])
    for (region, age), count in change.items():
        frame.loc[(frame["region"] == region) & (frame["age"] == age), "count"] = count
    with pytest.raises(DisclosureError, match=f"(?s){says}") as caught:
        protect(frame, BY)
    assert "999" not in str(caught.value)
    assert "-4" not in str(caught.value)


def test_a_small_margin_that_is_forced_is_refused_with_what_to_do():
    frame = table([[4, 3], [40, 50]]).assign(forced=lambda f: f["age"] == "all")
    with pytest.raises(DisclosureError, match="(?s)N, all.*about too few. Pool periods") as caught:
        protect(frame, BY, forced="forced")
    assert "7" not in str(caught.value)


def test_a_width_that_cannot_be_had_is_refused_with_what_to_do():
    frame = table([[4, 30], [40, 50]]).assign(forced=lambda f: f["count"] >= 10)
    with pytest.raises(DisclosureError, match="N, N: cannot be protected.*use wider groups"):
        protect(frame, BY, forced="forced", rules=Rules(base=1))


def test_two_rows_of_one_cell_are_refused():
    frame = table([[20, 30], [40, 50]])
    with pytest.raises(DisclosureError, match="N, N: two rows of one cell"):
        protect(pd.concat([frame, frame]), BY)


def column(table: dict[str, int], name: str = "place") -> pd.DataFrame:
    """A table of one dimension."""
    return pd.DataFrame({name: list(table), "count": list(table.values())})


def test_a_suppressed_count_is_taken_for_one_at_least_since_zeros_are_shown():
    frame = column({"a": 5, "b": 5, "c": 200, "all": 210})
    safe = protect(frame, ["place"], rules=Rules(base=1))
    assert safe.suppressed.tolist() == ["primary", "primary", "secondary", ""]  # 5 and 5 are 1 to 9 by themselves
    two = frame.assign(value=pd.array([None, None, 200, 210], dtype="Int64"))
    assert audit(two, frame["count"], ["place"], Limits(base=1)).intervals["width"].tolist() == [8, 8]
    hidden = column({"a": 3, "b": 0, "c": 40, "all": 43}).assign(value=pd.array([None, None, 40, 43], dtype="Int64"))
    with pytest.raises(DisclosureError, match="b: a zero is suppressed"):
        audit(hidden, hidden["count"], ["place"])


WITHIN_LONDON = {"place": {"City": "London", "Met": "London"}}


def test_what_adds_up_through_a_total_that_is_not_shown_is_protected_and_audited():
    margins = pd.DataFrame(
        {"region": [*"NSW", "all", "all"], "age": ["all", "all", "all", *"xy"], "count": [3, 100, 50, 100, 53]}
    )
    force = column({"City": 3, "Met": 97, "all": 100})
    for frame, by, within in ((margins, BY, None), (force, ["place"], WITHIN_LONDON)):
        safe = protect(frame, by, rules=Rules(base=1), within=within)
        assert (safe.suppressed == "secondary").sum() == 1
        assert audit(safe.published, safe.counts, by, Limits(base=1), within).passed
        open_again = frame.assign(value=frame["count"].astype("Int64").mask(frame["count"] == 3))
        assert audit(open_again, frame["count"], by, Limits(base=1), within).intervals["width"].tolist() == [0]


def test_a_total_that_is_not_shown_and_divided_among_more_than_is_shown_ties_nothing():
    frame = table([[30, 4], [50, 60]])
    frame = frame[
        ~((frame["region"] == "E") & (frame["age"] != "all")) & ~((frame["region"] == "all") & (frame["age"] != "all"))
    ]
    assert protect(frame, BY).suppressed.tolist().count("primary") == 1


@pytest.mark.parametrize(
    ("frame", "named", "says"),
    [
        (column({"City": 3, "Met": 97, "Total": 100}), {}, "place: no row holds the total.*'all'"),
        (column({"City": 30, "Met": 97, "all": 127}), {"within": {"places": {}}}, "names places.*no dimension"),
        (column({"City": 30, "Met": 97, "all": 127}), {"within": {"place": {"City": "City"}}}, "within itself"),
        (
            column({"City": 30, "Met": 97, "all": 127}),
            {"within": {"place": {"City": "Met", "Met": "City"}}},
            "within itself",
        ),
        (column({"City": 30, "all": 30}), {"forced": "must"}, "no column must"),
        (column({"City": 30, "all": 30}).assign(must="no"), {"forced": "must"}, "(?s)City.*neither True nor False"),
        (column({"City": 30, "all": 30}).assign(use=[1, np.inf]), {"weight": "use"}, "(?s)all.*no number over 0"),
        (column({"City": 30.5, "all": 30.5}), {}, "(?s)City.*no whole number"),
        (column({"City": "a name", "all": 30}), {}, "(?s)City.*no whole number"),
        (column({"City": None, "all": 30}), {}, "(?s)City.*no whole number"),
        (column({None: 30, "all": 30}), {}, "place: a row has no category"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_without_quoting_a_cell(frame, named, says):
    with pytest.raises(DisclosureError, match=says) as caught:
        protect(frame, ["place"], **named)
    assert "a name" not in str(caught.value)


@pytest.mark.parametrize("limits", [(10, 10, 0), (3, 3, 10), (10, 0, 5), (0, 10, 1)])
def test_rules_under_which_nothing_could_be_proved_are_refused(limits):
    frame = column({"City": 30, "all": 30})
    with pytest.raises(DisclosureError, match="base"):
        Rules(*limits)
    with pytest.raises(DisclosureError, match="base"):
        audit(frame.assign(value=frame["count"]), frame["count"], ["place"], Limits(*limits))


def test_the_order_of_the_rows_does_not_change_the_pattern():
    frame = random_table(5, 6, 1)
    one = protect(frame, BY).published
    for seed in range(3):
        other = protect(frame.sample(frac=1, random_state=seed), BY).published
        pd.testing.assert_frame_equal(one, other.loc[one.index])


def test_the_audit_of_a_frame_looks_counts_up_by_index_and_refuses_what_is_no_table():
    frame = table([[2, 30, 40], [50, 60, 70], [80, 90, 100]])
    safe = protect(frame, BY)
    found = audit(safe.published.sort_values(BY, ascending=False), safe.counts, BY)
    assert found.passed
    assert found.intervals.loc[found.intervals.index[0], BY].tolist() == ["N", "N"]
    twice = safe.published.assign(age="all")
    for published, counts, says in (
        (twice, safe.counts, "Two rows of one cell"),
        (safe.published, safe.counts.iloc[1:], "the same index"),
        (safe.published, safe.counts + 0.5, "no whole number"),
        (safe.published.assign(value=safe.published["value"] + 0.5), safe.counts, "no whole number"),
        (safe.published, safe.counts + (safe.published["status"] == "c"), "do not add up"),
    ):
        with pytest.raises(DisclosureError, match=says):
            audit(published, counts, BY)


def test_the_auditor_takes_no_table_for_a_witness_where_there_is_none():
    contradiction = Seen(["total", "part"], [5, 0], [5, 1], [((0,), (1,))])
    with pytest.raises(DisclosureError, match="contradict each other"):
        list(proofs(contradiction, [5, 1], [Wanted(1, 10)]))


def audited(frame: pd.DataFrame, rules: Rules, suppressed: pd.Series | None = None) -> FrameAudit:
    """The audit of a protected table, or of one that somebody else suppressed."""
    safe = protect(frame, BY, rules=rules)
    published = safe.published
    if suppressed is not None:
        published = published.assign(value=frame["count"].astype("Int64").mask(suppressed))
    return audit(published, safe.counts, BY, Limits(rules.threshold, rules.width, rules.base))


def test_the_audit_of_a_frame_proves_what_was_protected_and_its_certificate_adds_up(tmp_path):
    found = audited(random_table(8, 8, 5), Rules(5, 5, 1))
    assert found.passed
    assert len(found.intervals) > 0
    assert (found.intervals["width"] >= 5).all()
    (tmp_path / "certificate.json").write_text(found.certificate)
    safe = protect(random_table(8, 8, 5), BY, rules=Rules(5, 5, 1))
    given = read(safe.published, safe.counts, BY, Limits(5, 5, 1))
    assert certificate.check(certificate.opened(tmp_path / "certificate.json"), given)["at risk"] == len(
        found.intervals
    )


def test_the_audit_of_a_frame_finds_what_thresholds_alone_give_away():
    frame = table([[2, 30, 40], [50, 60, 70], [80, 90, 100]])
    found = audited(frame, Rules(5, 5, 1), frame["count"] == 2)
    assert not found.passed
    assert found.intervals["width"].tolist() == [0]


def test_the_auditor_finds_the_widths_that_enumeration_finds():
    for seed in range(6):
        cells = np.random.default_rng(seed).integers(1, 7, (3, 3)).tolist()
        frame = table(cells)
        gone = ((frame["count"] > 0) & (frame["region"] != "all") & (frame["age"] != "all")).to_numpy()
        published = frame[BY].assign(value=frame["count"].astype("Int64").mask(gone))
        widths = audit(published, frame["count"], BY, Limits(3, 99, 1)).intervals["width"]
        tables = np.array(list(possible(frame, gone)))
        assert widths.to_dict() == {i: int(np.ptp(tables[:, i])) for i in widths.index}


def test_the_readme_example_of_the_library_runs_as_it_stands():
    text = (REPOSITORY / "docs" / "protect.md").read_text()
    said: dict[str, object] = {}
    exec(re.findall(r"```python\n(.*?)```", text, flags=re.S)[0], said)
    assert said["passed"] is True
