"""The truth about what was known of each woman on the day her follow-up begins: plain Python, one life at a time.

As outcomes are, it is written to be read, and shares nothing with the code that counts.
"""

from typing import NamedTuple

from linkage.synthetic.truth.life import Date, Life, Member
from linkage.synthetic.truth.outcomes import QUALIFYING_RELEASES, RELEASED, days_after

HOMELESS = ("HOME", "ROUGH")


class Needs(NamedTuple):
    """Which needs of hers were on record."""

    treatment: bool
    homeless: bool
    no_job: bool
    mental_health: bool
    abuse: bool
    custody: bool


def needs(life: Life, member: Member) -> Needs:
    """What the record of her release or order says, or one of the 730 days before; a job in the 365 days before."""
    first, last = days_after(member.index_date, -730), days_after(member.index_date, -1)
    reviews = [review for review in life.reviews if first <= review.held <= last]
    received = [spell for spell in life.spells if first <= spell.received <= last]
    released = [spell for spell in life.spells if is_hers(spell.released, spell.kind, spell.how, member)]
    left = [spell for spell in life.spells if spell.released and first <= spell.released <= last]
    order = [one for one in life.supervisions if member.cohort != RELEASED and one.began == member.index_date]
    return Needs(
        treatment=member.need or any(r.need for r in reviews) or any(s.need for s in left),
        homeless=any(s.homeless for s in [*received, *released])
        or any(s.first_night in HOMELESS for s in released)
        or any(r.home in HOMELESS for r in reviews),
        no_job=not worked(life, days_after(member.index_date, -365), last),
        mental_health=any(r.mind for r in reviews) or any(o.mind for o in order),
        abuse=any(r.abused for r in reviews) or any(o.abused for o in order),
        custody=len([spell for spell in received if spell not in released]) >= 3,
    )


def is_hers(released: Date | None, kind: str, how: str, member: Member) -> bool:
    """Is it the spell that she is in the cohort by?"""
    entered = member.cohort == RELEASED and released == member.index_date
    return entered and kind == "SEN" and how in QUALIFYING_RELEASES


def worked(life: Life, first: Date, last: Date) -> bool:
    """Did she have a job on any of the days?"""
    return any(job.started <= last and (job.ended is None or job.ended >= first) for job in life.jobs)
