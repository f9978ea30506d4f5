"""What left in earlier releases, and what a reader who kept it knows.

He is taken to know which counts have not changed since: they are the same count, known by what every release said of
it. What changed is a count of its own, in sums of its own; a change of few women must stay uncertain as well.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from linkage.contracts.disclosure import Disclosure
from linkage.release.draft import ADDITIVE, EXCLUSIONS, RATE, Cell, Draft, Ends, Place, Places, Unit
from linkage.release.every import Behind
from linkage.release.primary import is_small
from linkage.release.suppress.problem import NOBODY, Target

FIGURES = (*RATE, *EXCLUSIONS)
NOTHING_KNOWN: Ends = (-np.inf, np.inf)


@dataclass(frozen=True)
class Release:
    """One release that left: {(cell, threshold): {figure: (its count, the least and the most a reader takes it for)}}.

    A figure that was suppressed has no most, and its least is 0 or 1; "without" of a published row has no most either.
    `behind`: the women behind counts of a cohort that every entry counts in.
    """

    name: str
    figures: Mapping[tuple[Cell, str], Mapping[str, tuple[int, int, int | None]]]
    behind: Behind = field(default_factory=dict)

    @cached_property
    def cells(self) -> list[Cell]:
        """Every cell of it."""
        return list(dict.fromkeys(cell for cell, _ in self.figures))

    @cached_property
    def thresholds(self) -> list[str]:
        """Every linkage threshold of it."""
        return list(dict.fromkeys(threshold for _, threshold in self.figures))

    def hides(self, place: Place) -> bool:
        """Was it suppressed?"""
        row = self.figures.get((place.cell, place.threshold))
        return row is not None and row[place.figure][2] is None and (place.figure != "without" or not row["without"][1])


def write(draft: Draft, release: Release) -> Places:
    """Write down the counts of an earlier release; what it suppressed stays so. Returns where they stand."""
    places: Places = {}
    for (cell, threshold), figures in release.figures.items():
        at = {figure: Place(cell, threshold, figure) for figure in FIGURES}
        unit = len(draft.units)
        if any(release.hides(place) and (place, figures[figure][0]) not in draft.at for figure, place in at.items()):
            draft.units.append(Unit(0, primary=True, kept=False))
        for figure, place in at.items():
            count, least, most = figures[figure]
            known = (float(least), np.inf if most is None else float(most))
            owner = unit if release.hides(place) and unit < len(draft.units) else NOBODY
            named = f", as in release {release.name}"
            number = draft.count(places, place, count, known, (owner, NOBODY), named, known)
            now = draft.places.get(place, number)
            if sorted([draft.counts[now], count]) == [0, 1]:  # the one woman who came, or went, is she
                draft.implied.append(((now,), (number,)) if draft.counts[now] else ((number,), (now,)))
    everywhere = (Place(c, t, f) for c in release.cells for t in release.thresholds for f in FIGURES)
    for place in (place for place in everywhere if place not in places):
        draft.nobody(places, place)
    return places


def changes(draft: Draft, places: Places, release: Release, disclosure: Disclosure) -> Iterator[Target]:
    """Changes of few women since a figure was published: a reader who has both must not learn how many."""
    for place, number in places.items():
        now = draft.places.get(place, number)
        by = draft.counts[now] - draft.counts[number]
        if place.figure in ADDITIVE and is_small(abs(by), disclosure) and not release.hides(place):
            since = f", its change since release {release.name}"
            named = place._replace(figure=f"{place.figure}{since}")
            change = draft.count({}, named, abs(by), NOTHING_KNOWN, (NOBODY, NOBODY))
            more, less = (now, number) if by > 0 else (number, now)
            draft.total([more], [less, change])
            yield Target(change, disclosure.width_of_change.value, insiders=False)


def settle(
    draft: Draft, cells: Sequence[Cell], thresholds: Sequence[str], earlier: Sequence[tuple[Release, Places]]
) -> None:
    """What did not change stays as it was last: suppressed, or published unless it is too small by the rules of now."""
    whats = [*((cell, RATE) for cell in cells), *((cell, (name,)) for cell in cells for name in EXCLUSIONS)]
    for number, (cell, figures) in enumerate(whats):
        at = [Place(cell, threshold, figure) for threshold in thresholds for figure in figures]
        same = [
            one for one, places in earlier if all(draft.same(places.get(place), draft.places[place]) for place in at)
        ]
        if same:
            unit, hidden = draft.units[number], any(same[-1].hides(place) for place in at)
            draft.units[number] = unit._replace(primary=unit.primary or hidden, kept=not (unit.primary or hidden))
