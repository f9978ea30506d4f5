"""What is noted of a release while it is read: figures with what they can be, and what makes up what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from linkage.release.auditor.reader import Sum

Row = dict[str, Any]
Key = tuple[str, ...]
Place = tuple[Key, str]  # a row, and one of its figures
Category = tuple[str, str]  # a breakdown, and one of its categories
Said = tuple[int, int, int | None]  # a true count, and the least and the most that a reader takes it for
Earlier = Sequence[tuple[str, Sequence[Row]]]  # releases that left: their rows with `figures`, {figure: Said}
KEY = ("cohort", "outcome", "geography", "period", "breakdown", "category", "threshold")
LEFT_OUT = ("in_custody", "died", "unknown", "not_linked")
ALL = "all"


@dataclass(frozen=True)
class AddsUp:
    """What a reader knows to add up. `years`, `halves`: {a shorter period: its year, its half-year}. `within`:
    {(breakdown, category): (wider breakdown, its category)}. `divided`: {breakdown: the outcome that answers with its
    categories}. `crossed`: {(breakdown, category): the answer and the stratum of its women, as (breakdown,
    category) each}. `firsts`: {a cohort in which every entry counts: the one of first entries}. `families`: (outcome,
    the outcomes that divide the women with it; with no name: all women counted).

    By outcome: `asked`, of which women of a cohort; `leaving`, who leaves on which day; `never`, why nobody can leave;
    `wider`, the outcomes that everybody with it has, too; `died_by`, the day by which those had died who are left out
    for it; `deaths`, first and last day of the window in which it asks for a death.

    By arm of a comparison: `among`, of which cohort, and in which categories of a breakdown; `pairs`, of the first arm
    the other one, and by which breakdowns a pair is alike.
    """

    years: Mapping[str, str] = field(default_factory=dict)
    halves: Mapping[str, str] = field(default_factory=dict)
    within: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    leaving: Mapping[str, str] = field(default_factory=dict)
    never: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wider: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    divided: Mapping[str, str] = field(default_factory=dict)
    crossed: Mapping[Category, tuple[Category, Category]] = field(default_factory=dict)
    firsts: Mapping[str, str] = field(default_factory=dict)
    families: Sequence[tuple[str, tuple[str, ...]]] = ()
    among: Mapping[str, tuple[str, str, tuple[str, ...]]] = field(default_factory=dict)
    pairs: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    died_by: Mapping[str, int] = field(default_factory=dict)
    deaths: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass
class Notes:
    """What is noted while reading: each figure with its limits and its true count, and sums.

    `at`: of the release being judged. `same`: a figure that two releases count alike is one figure: a reader is taken
    to know so. `implied`: sums that tell him no more, but show who is alone in a count.
    `earlier`: of those before. `changes`: the figures a few women more, or fewer, are counted in than before.
    `beside`: by how many women one outcome exceeds another that it holds; how many more had died by a later day.
    `again`: entries that are not the first in a quarter, of few women.
    """

    at: dict[Place, int] = field(default_factory=dict)
    same: dict[tuple[Place, int], int] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    least: list[int] = field(default_factory=list)
    most: list[int | None] = field(default_factory=list)
    truth: list[int] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)
    implied: list[Sum] = field(default_factory=list)
    earlier: dict[Place, int] = field(default_factory=dict)
    changes: dict[int, Place] = field(default_factory=dict)
    beside: dict[int, Place] = field(default_factory=dict)
    again: dict[int, Place] = field(default_factory=dict)

    def note(self, at: dict[Place, int], place: Place, said: Said, release: str = "") -> int:
        """A figure and its limits; what two tables, or releases, say of it must all hold. Returns its number."""
        (truth, least, most), (key, figure) = said, place
        number = at.setdefault(place, self.same.setdefault((place, truth), len(self.truth)))
        if number == len(self.truth):
            self.truth.append(truth)
            self.least.append(least)
            self.most.append(most)
            self.labels.append(", ".join([*key, figure.replace("_", " "), *([release] if release else [])]))
        self.least[number] = max(self.least[number], least)
        self.most[number] = min((end for end in (self.most[number], most) if end is not None), default=None)
        return number


def key_of(row: Row) -> Key:
    """Which cell at which linkage threshold, whatever table shows it."""
    return tuple(row[name] for name in KEY)
