"""What a reader knows of a release: of every figure between what and what it lies, and what makes up what.

Read from the published rows alone. Only where a region and its areas do not add up are the true counts asked, as if the
reader knew how many women are in the one and not in the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from linkage.contracts.disclosure import Disclosure
from linkage.release.auditor import across, added_up, deaths, entries
from linkage.release.auditor.notes import ALL, LEFT_OUT, AddsUp, Earlier, Key, Notes, Place, Row, Said, key_of
from linkage.release.auditor.reader import Seen, Wanted

NO_LEAST = -(10**9)
SUMMED = ("numerator", "denominator", *LEFT_OUT)
SHE_KNOWS = ("numerator", "without", "denominator", "in_custody")


class Secret(NamedTuple):
    """A suppressed figure, and how many women are in its row; `too_few`: its entries are of too few, however many."""

    key: Key
    figure: str
    women: int
    too_few: bool


def read(
    rows: Iterable[Row], true: Mapping[Key, Row], adds_up: AddsUp, limits: Disclosure, earlier: Earlier = ()
) -> tuple[Notes, Seen, list[Wanted]]:
    """Everything a reader of these rows knows, who kept earlier releases, and what he must not learn.

    `true`: the unrounded counts by `key_of`.
    """
    notes = Notes()
    now = [told(row, true[key_of(row)], adds_up, limits) for row in {key_of(r): r for r in rows}.values()]
    write(notes, notes.at, now, adds_up, limits)
    hidden, counted = secrets(notes.at, now, limits), set(notes.at.values())
    for release, left in earlier:
        at: dict[Place, int] = {}
        write(notes, at, left, adds_up, limits, f"as in release {release}")
        notes.earlier |= at
        hidden |= {n: one for n, one in secrets(at, left, limits).items() if n not in counted}
        note_changes(notes, at, left, release, limits)
        pairs = [(number, notes.at.get(place, number)) for place, number in at.items()]
        came_or_went = [sorted(pair, key=lambda n: notes.truth[n]) for pair in pairs]
        notes.implied += [((one,), (no,)) for no, one in came_or_went if (notes.truth[no], notes.truth[one]) == (0, 1)]
    must_stay = wanted(notes, hidden, adds_up, limits)
    return notes, Seen(notes.labels, notes.least, notes.most, notes.sums), must_stay


def told(row: Row, true: Row, adds_up: AddsUp, limits: Disclosure) -> Row:
    """A published row with what a reader knows of its `figures`, and where entries are counted, the women `behind`."""
    behind = {"behind": true["behind"]} if true.get("behind") else {}
    return row | {"figures": figures(row, true, adds_up, limits)} | behind


def write(
    notes: Notes, at: dict[Place, int], rows: Sequence[Row], adds_up: AddsUp, limits: Disclosure, release: str = ""
) -> None:
    """The figures and sums of one release."""
    everything = [*rows, *entries.unseen(rows, adds_up)]
    for row in everything:
        for figure, one in row["figures"].items():
            notes.note(at, (key_of(row), figure), one, release)
        within_a_row(notes, at, row, adds_up)
    entries.write(notes, at, rows, adds_up, limits)
    for total, parts in lines(everything, adds_up):
        for figure in SUMMED:
            summed(notes, at, key_of(total), [key_of(part) for part in parts], figure)
        whole, *rest = (at[key_of(row), "without"] for row in (total, *parts))
        if notes.truth[whole] == sum(notes.truth[n] for n in rest):
            notes.implied.append(((whole,), tuple(rest)))
    made = added_up.write(notes, at, rows, adds_up)
    for total in made:
        within_a_row(notes, at, total, adds_up)
    across.write(notes, at, [*rows, *made], adds_up)
    asked_over_periods(notes, at, rows, adds_up)
    deaths.write(notes, at, rows, adds_up)


def asked_over_periods(notes: Notes, at: Mapping[Place, int], rows: Sequence[Row], adds_up: AddsUp) -> None:
    """Who was asked in a longer period was asked in one of the shorter ones, whatever outcome a table shows of each."""
    asked = [row | {"outcome": adds_up.asked[row["outcome"]]} for row in rows if row["outcome"] in adds_up.asked]
    once = list({key_of(row): row for row in asked}.values())
    for total, parts in lines(once, adds_up):
        if parts[0]["period"] != total["period"]:
            notes.sums.append(((at[key_of(total), "asked"],), tuple(at[key_of(part), "asked"] for part in parts)))


def figures(row: Row, true: Row, adds_up: AddsUp, limits: Disclosure) -> dict[str, Said]:
    """Everything that a reader takes from a row, of a death also who was alive before it and after. Whom an outcome
    never leaves out he knows to be nobody, whatever the row says.
    """
    found = said(row, true, limits)
    found |= {reason: (true[reason], 0, 0) for reason in adds_up.never.get(row["outcome"], ())}
    return found | deaths.said(row, true, found, adds_up, limits)


def said(row: Row, true: Row, limits: Disclosure) -> dict[str, Said]:
    """{figure: (its true count, the least and the most that it can be for a reader of the row)}."""
    rest = true["denominator"] - true["numerator"]
    # A published row has nobody without the outcome, or not too few.
    none_left = row["denominator"] is not None and row["denominator"] == row["numerator"] and rest == 0
    least = limits.threshold.value if row["denominator"] is not None and not none_left else 0
    figures = {figure: (true[figure], *limits_of(row[figure], limits)) for figure in SUMMED}
    # A group of nobody is said, and in a row that is shown nobody left out: a reader knows that here is somebody.
    known = ("denominator",) if row["denominator"] is None else LEFT_OUT
    for figure in (figure for figure in known if row[figure] is None and true[figure]):
        figures[figure] = (true[figure], 1, None)
    return figures | {"without": (rest, least, 0 if none_left else None)}


def unsaid(figure: str, one: Said) -> bool:
    """Is it suppressed? Women without the outcome are said of a published row by a least alone."""
    return one[2] is None and (figure != "without" or not one[1])


def secrets(at: Mapping[Place, int], rows: Iterable[Row], limits: Disclosure) -> dict[int, Secret]:
    """What a release does not say: {number: figure, and how many women are in its row}."""
    hidden = [(row, figure) for row in rows for figure, one in row["figures"].items() if unsaid(figure, one)]
    return {
        at[key_of(row), figure]: Secret(
            key_of(row), figure, row["figures"]["denominator"][0], entries.too_few(row, figure, limits)
        )
        for row, figure in hidden
    }


def note_changes(notes: Notes, at: Mapping[Place, int], rows: Iterable[Row], release: str, limits: Disclosure) -> None:
    """Figures that a few women more, or fewer, are counted in since a release said what they were."""
    for row in rows:
        for figure in SUMMED:
            place = (key_of(row), figure)
            before = at[place]
            by = notes.truth[notes.at.get(place, before)] - notes.truth[before]
            if (
                place in notes.at
                and 0 < abs(by) < limits.threshold.value
                and not unsaid(figure, row["figures"][figure])
            ):
                more, less = (notes.at[place], before) if by > 0 else (before, notes.at[place])
                named = (place[0], f"{figure}, its change since release {release}")
                change = notes.note({}, named, (abs(by), NO_LEAST, None))
                notes.sums.append(((more,), (less, change)))
                notes.changes[change] = place


def within_a_row(notes: Notes, at: dict[Place, int], row: Row, adds_up: AddsUp) -> None:
    """With and without the outcome make the women counted, and those left out with them all who were asked."""
    key = key_of(row)
    having, rest, women = (at[key, figure] for figure in ("numerator", "without", "denominator"))
    notes.sums.append(((women,), (having, rest)))
    if asked := adds_up.asked.get(row["outcome"]):
        parts = (women, *(at[key, figure] for figure in LEFT_OUT))
        everybody = sum(notes.truth[part] for part in parts)
        shared = notes.note(at, ((key[0], asked, *key[2:]), "asked"), (everybody, 0, None))
        notes.sums.append(((shared,), parts))


def limits_of(shown: int | None, limits: Disclosure) -> tuple[int, int | None]:
    """What a count can be that is shown like this: a plain 0 is true, nothing else that is shown is too few."""
    if shown is None:
        return 0, None
    base = limits.rounding_base.value
    return (max(limits.threshold.value, shown - base // 2), shown + base - base // 2 - 1) if shown else (0, 0)


def lines(rows: Sequence[Row], adds_up: AddsUp) -> list[tuple[Row, list[Row]]]:
    """(total, parts): all women by categories; a wider category by those within it; a year by quarters; all periods."""
    at = {key_of(row): row for row in rows}
    parts: dict[tuple[Key, str], list[Row]] = {}
    for row in rows:
        for above, kind in wholes(row, adds_up):
            parts.setdefault((key_of(row | above), kind), []).append(row)
    return [(at[total], members) for (total, _), members in parts.items() if total in at]


def wholes(row: Row, adds_up: AddsUp) -> Iterable[tuple[Row, str]]:
    """What of its labels changes in each total that a row is part of, and by what that total is divided."""
    period = row["period"]
    if row["breakdown"] != ALL:
        yield {"breakdown": ALL, "category": ALL}, row["breakdown"]
    if wider := adds_up.within.get((row["breakdown"], row["category"])):
        yield {"breakdown": wider[0], "category": wider[1]}, row["breakdown"]
    for breakdown, category in adds_up.crossed.get((row["breakdown"], row["category"]), ()):
        yield {"breakdown": breakdown, "category": category}, row["breakdown"]
    parts = "halves" if period in adds_up.halves.values() else "quarters" if period in adds_up.years else "years"
    for longer in (adds_up.halves, adds_up.years):
        if period in longer:
            yield {"period": longer[period]}, parts
    if period != ALL:
        yield {"period": ALL}, f"all {parts}"


def summed(notes: Notes, at: dict[Place, int], total: Key, parts: Sequence[Key], figure: str) -> None:
    """A total and its parts, with those who are in the one and not in the other."""
    whole, members = at[total, figure], tuple(at[part, figure] for part in parts)
    off = notes.truth[whole] - sum(notes.truth[member] for member in members)
    if not off or total[4] in (ALL, parts[0][4]):
        notes.sums.append(((whole,), members))
        return
    odd = notes.note(at, ((*total, f"not as {parts[0][4]}"), figure), (abs(off), abs(off), abs(off)))
    notes.sums.append(((whole,), (*members, odd)) if off > 0 else ((whole, odd), members))


def wanted(notes: Notes, hidden: Mapping[int, Secret], adds_up: AddsUp, limits: Disclosure) -> list[Wanted]:
    """What must stay uncertain: suppressed figures that are too few, or say all or none of a sensitive outcome; and
    differences of few women, between two releases or two outcomes.
    """
    truth, same = notes.truth, same_woman(notes)
    alone = [n for n, one in hidden.items() if truth[n] == 1 and one.figure in SHE_KNOWS]
    some_more = [more for more in notes.beside if 0 < truth[more] < limits.threshold.value]
    found = [Wanted(one, limits.width_of_change.value) for one in (*notes.changes, *some_more, *notes.again)]
    for number, secret in hidden.items():
        if at_risk(truth[number], secret, limits):
            left_out = secret.figure in LEFT_OUT
            few_women = secret.women < limits.threshold.value and across.left_out(secret.key, adds_up)
            narrow = left_out or few_women or deaths.counted(secret.key, secret.figure, adds_up)
            width = (limits.width_left_out if narrow else limits.width).value
            others = [one for one in alone if one != number and number not in same.get(one, ())]
            found.append(Wanted(number, width, () if left_out else tuple(others)))
    return found


def at_risk(count: int, secret: Secret, limits: Disclosure) -> bool:
    """Is a suppressed count too few, or of too few, or does it say that nobody of a group has, or lacks, a sensitive
    outcome?
    """
    nobody = secret.figure in ("numerator", "without") and not count and secret.women
    return (
        secret.too_few
        or 0 < count < limits.threshold.value
        or bool(nobody and secret.key[1] not in limits.sensitive_outcomes.excepted)
    )


def same_woman(notes: Notes) -> dict[int, set[int]]:
    """{a count of one woman: the counts that are about her alone}: what she knows of these is of herself."""
    groups: dict[int, set[int]] = {}
    few = [(t[0], parts) for t, parts in [*notes.sums, *notes.implied] if sum(notes.truth[n] for n in t) <= 1]
    for total, parts in few:
        if notes.truth[total] == 1:
            ones = [n for n in (total, *parts) if notes.truth[n] == 1]
            together = set().union(*(groups.get(n, {n}) for n in ones))
            groups |= dict.fromkeys(together, together)
    zeros: dict[int, list[int]] = defaultdict(list)
    for total, parts in few:
        zeros[total] += [n for n in parts if notes.truth[n] == 0]
    told = list(groups.items())
    while told:  # she knows that a part does not count her, and so that no part of that does
        total, group = told.pop()
        fresh = [n for n in zeros[total] if n not in group]
        group.update(fresh)
        told += [(n, group) for n in fresh]
    return groups
