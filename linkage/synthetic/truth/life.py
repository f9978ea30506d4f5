"""A life as it was invented: what one person did and what befell her, in her own true dates."""

import datetime
from dataclasses import dataclass, field
from typing import NamedTuple

Date = datetime.date


class Offence(NamedTuple):
    """An offence that ended in a conviction or caution."""

    committed: Date
    decided: Date
    breach: bool = False
    disposal: str = ""


class Spell(NamedTuple):
    """A spell of custody; not released while `released` is None. `first_night`: where she went, as the prison noted;
    `homeless`: of no fixed abode at reception.
    """

    received: Date
    kind: str
    released: Date | None
    how: str
    region: str
    need: bool
    first_night: str = ""
    homeless: bool = False


class Supervision(NamedTuple):
    """A supervision period, with the place and the needs of its first day."""

    began: Date
    disposal: str
    region: str
    need: bool
    mind: bool = False
    abused: bool = False


class Review(NamedTuple):
    """A probation review, with the accommodation it recorded and the needs on its record."""

    held: Date
    home: str
    need: bool = False
    mind: bool = False
    abused: bool = False


class Job(NamedTuple):
    """An employment; it still runs while `ended` is None."""

    started: Date
    ended: Date | None


class Treatment(NamedTuple):
    """A treatment episode that began; it still runs while `ended` is None. `how`: as the agency noted at its end."""

    began: Date
    ended: Date | None
    how: str = ""


class Claim(NamedTuple):
    """A benefit claim; it still runs while `ended` is None."""

    started: Date
    ended: Date | None
    benefit: str


class Duty(NamedTuple):
    """A duty of a local authority under the homelessness acts; it still runs while `ended` is None. `how` it ended."""

    began: Date
    kind: str
    ended: Date | None = None
    how: str = ""


@dataclass
class Life:
    """What one person did and what befell her, in her own true dates."""

    person: str
    woman: bool
    born: Date
    died: Date | None = None
    offences: list[Offence] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)
    supervisions: list[Supervision] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    treatments: list[Treatment] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)


class Member(NamedTuple):
    """A woman's place in a cohort: the day her follow-up starts, and the anchor's region and need."""

    cohort: str
    quarter: str
    index_date: Date
    region: str
    need: bool


class Answer(NamedTuple):
    """Is she in the denominator of an outcome, and did it come about?"""

    outcome: str
    counted: bool
    achieved: bool
