"""The truth about invented people: whose each record is, and what became of every woman of every cohort.

Plain Python, one life at a time, on purpose: it is the measure the fast code is held against, so it is written to be
read, shares nothing with that code, and looks at lives as they were, not at extracts as they arrived.
"""

import datetime
from collections.abc import Iterator

from linkage.synthetic.truth.life import Answer, Date, Life, Member

RELEASED, ORDERED, CAUTIONED = "released_from_custody", "community_order_starts", "cautioned"
EVERY_RELEASE = "every_release_from_custody"
QUALIFYING_RELEASES = ("CRD", "HDC", "ARD")
ORDERS = ("CO", "SSO")
OUT_OF_WORK_BENEFITS = ("UC", "ESA", "JSA")
HOMELESSNESS_DUTIES = ("PREV", "REL", "MAIN")
HOUSED = ("SET", "BAIL", "OTH")
WALES = "W92000004"
CONTACTS = ("custody", "probation", "treatment", "duty", "benefit", "job")
CONTACT_DAYS = ((0, 0), (1, 7), (8, 90))
SEQUENCES = (("probation", "benefit"), ("benefit", "probation"))
FIRST_WEEKS, REST_OF_YEAR = (0, 28), (29, 365)


def outcomes(life: Life, first: Date, last: Date) -> Iterator[tuple[Member, Answer]]:
    """Every outcome that is asked of each cohort she is in from `first` to `last`."""
    for member in members(life, first, last):
        for ask in ASKED_OF[member.cohort]:
            yield member, ask(life, member)
        if member.cohort == RELEASED:
            yield from ((member, answer) for answer in first_contacts(life, member))


def how_often(life: Life, first: Date, last: Date) -> Iterator[tuple[Member, int]]:
    """How many reoffences there were after each entry of hers of which it is asked whether she reoffends."""
    for member in members(life, first, last):
        if proven_reoffending in ASKED_OF[member.cohort]:
            yield member, reoffences(life, member)


def members(life: Life, first: Date, last: Date) -> list[Member]:
    """Her first release, her first order and her first caution of each quarter, when she is a woman of 18 or more; and
    each day on which she was released.

    Of a caution, region and need are not known.
    """
    entries = []
    for spell in life.spells:
        if spell.kind == "SEN" and spell.how in QUALIFYING_RELEASES and spell.released is not None:
            entries.append((RELEASED, spell.released, spell.region, spell.need))
            entries.append((EVERY_RELEASE, spell.released, spell.region, spell.need))
    for supervision in life.supervisions:
        if supervision.disposal in ORDERS:
            entries.append((ORDERED, supervision.began, supervision.region, supervision.need))
    entries += [(CAUTIONED, offence.decided, "", False) for offence in life.offences if offence.disposal == "CAU"]
    found: dict[tuple[str, str], Member] = {}
    for cohort, day, region, need in sorted(entries):
        if life.woman and first <= day <= last and adult(life.born, day):
            once_in = day.isoformat() if cohort == EVERY_RELEASE else quarter(day)
            found.setdefault((cohort, once_in), Member(cohort, quarter(day), day, region, need))
    return list(found.values())


def quarter(day: Date) -> str:
    """The calendar quarter, as 2022 Q3."""
    return f"{day.year} Q{(day.month + 2) // 3}"


def adult(born: Date, day: Date) -> bool:
    """Has the month of the eighteenth birthday come? (Downstream only the month of birth is known.)"""
    return (day.year - born.year) * 12 + day.month - born.month >= 18 * 12


def days_after(day: Date, many: int) -> Date:
    """The day that many days later."""
    return day + datetime.timedelta(days=many)


def died_by(life: Life, day: Date) -> bool:
    """Was she dead at the end of the day?"""
    return life.died is not None and life.died <= day


def in_custody_on(life: Life, day: Date) -> bool:
    """Was she inside at the end of the day? The day of release is a day at liberty."""
    return any(spell.received <= day and (spell.released is None or day < spell.released) for spell in life.spells)


def at_liberty_on(life: Life, day: Date) -> bool:
    """Was she alive, and outside, at the end of the day?"""
    return not died_by(life, day) and not in_custody_on(life, day)


def first_contacts(life: Life, member: Member) -> Iterator[Answer]:
    """Which kind of contact came first on days 0 to 90, and which two, of the women in England, all of them counted."""
    order = contacts_in_order(life, member.index_date, days_after(member.index_date, 90))
    first, second = [*(contact for _, _, contact in order), "none", "none"][:2]
    counted = member.region != WALES
    for contact in (*CONTACTS, "none"):
        yield Answer(f"first_contact_{contact}", counted, counted and first == contact)
    for one, other in SEQUENCES:
        begins = counted and first == one
        yield Answer(f"first_contact_{one}_then_{other}", counted, begins and second == other)
        yield Answer(f"first_contact_{one}_then_other", counted, begins and second != other)
        for early, late in CONTACT_DAYS:
            came = begins and early <= (order[0][0] - member.index_date).days <= late
            yield Answer(f"first_contact_{one}_days_{early}_to_{late}", counted, came)


def contacts_in_order(life: Life, first: Date, last: Date) -> list[tuple[Date, int, str]]:
    """The kinds of contact of those days by the day each came first; of two on one day the first one of CONTACTS."""
    came = {
        "custody": [spell.received for spell in life.spells],
        "probation": [review.held for review in life.reviews],
        "treatment": [treatment.began for treatment in life.treatments],
        "duty": [duty.began for duty in life.duties if duty.kind in HOMELESSNESS_DUTIES],
        "benefit": [claim.started for claim in life.claims if claim.benefit in OUT_OF_WORK_BENEFITS],
        "job": [job.started for job in life.jobs],
    }
    days = {contact: [day for day in came[contact] if first <= day <= last] for contact in CONTACTS}
    return sorted((min(days[contact]), rank, contact) for rank, contact in enumerate(CONTACTS) if days[contact])


def proven_reoffending(life: Life, member: Member) -> Answer:
    """An offence from day 1 to 365, decided by half a year after that; breaches do not count. Everybody is counted."""
    return Answer("proven_reoffending", True, offended(life, member, 1))


def reoffences(life: Life, member: Member) -> int:
    """How many such offences, two of one day as two."""
    times = 0
    for offence in life.offences:
        day = (offence.committed - member.index_date).days
        if 1 <= day <= 365 and (offence.decided - member.index_date).days <= 365 + 182 and not offence.breach:
            times += 1
    return times


def reoffending_after_6_weeks(life: Life, member: Member) -> Answer:
    """The same from day 43 on, of the women alive and at liberty on day 42, whatever they had done by then."""
    counted = at_liberty_on(life, days_after(member.index_date, 42))
    return Answer("reoffending_after_6_weeks", counted, counted and offended(life, member, 43))


def reoffending_after_21_days(life: Life, member: Member) -> Answer:
    """The same from day 22 on, of the women in England with a need, alive and at liberty on day 21."""
    at_liberty = at_liberty_on(life, days_after(member.index_date, 21))
    counted = at_liberty and member.need and member.region != WALES
    return Answer("reoffending_after_21_days", counted, counted and offended(life, member, 22))


def offended(life: Life, member: Member, first_day: int) -> bool:
    """An offence from the first day to day 365, decided by half a year after that; breaches do not count."""
    first, last = days_after(member.index_date, first_day), days_after(member.index_date, 365)
    latest_decision = days_after(last, 182)
    achieved = False
    for offence in life.offences:
        if first <= offence.committed <= last and offence.decided <= latest_decision and not offence.breach:
            achieved = True
    return achieved


def employed_6_weeks(life: Life, member: Member) -> Answer:
    """A job on day 42, of the women alive and at liberty then."""
    return employed_on("employed_6_weeks", life, days_after(member.index_date, 42))


def employed_6_months(life: Life, member: Member) -> Answer:
    """A job on day 182, of the women alive and at liberty then."""
    return employed_on("employed_6_months", life, days_after(member.index_date, 182))


def employed_on(outcome: str, life: Life, day: Date) -> Answer:
    """A job on the day, its first and last day included, of the women alive and at liberty then."""
    counted = at_liberty_on(life, day)
    achieved = any(job.started <= day and (job.ended is None or day <= job.ended) for job in life.jobs)
    return Answer(outcome, counted, counted and achieved)


def sustained_employment(life: Life, member: Member) -> Answer:
    """Working on 91 days on end of days 1 to 365, whatever the job. Everybody is counted."""
    first, last = days_after(member.index_date, 1), days_after(member.index_date, 365)
    began = worked_to = days_after(first, -2)
    longest = 0
    for job in sorted(life.jobs, key=lambda job: job.started):
        start, end = max(job.started, first), last if job.ended is None else min(job.ended, last)
        if start <= end:
            began = start if start > days_after(worked_to, 1) else began
            worked_to = max(worked_to, end)
            longest = max(longest, (worked_to - began).days + 1)
    return Answer("sustained_employment", True, longest >= 91)


def out_of_work_benefit_30_days(life: Life, member: Member) -> Answer:
    """A UC, ESA or JSA claim on day 30, of the women alive and at liberty then."""
    day = days_after(member.index_date, 30)
    counted = at_liberty_on(life, day)
    achieved = False
    for claim in life.claims:
        runs = claim.started <= day and (claim.ended is None or day <= claim.ended)
        if runs and claim.benefit in OUT_OF_WORK_BENEFITS:
            achieved = True
    return Answer("out_of_work_benefit_30_days", counted, counted and achieved)


def housed_first_night(life: Life, member: Member) -> Answer:
    """Under some roof on the night of release, of the women alive and at liberty then of whom it is known."""
    known = [s.first_night for s in life.spells if s.released == member.index_date and s.first_night not in ("", "UNK")]
    counted = at_liberty_on(life, member.index_date) and bool(known)
    return Answer("housed_first_night", counted, counted and any(where in HOUSED for where in known))


def settled_3_months(life: Life, member: Member) -> Answer:
    """Settled at the latest review with a known status of days 0 to 91, of the women alive and at liberty on day 91."""
    day = days_after(member.index_date, 91)
    known = [r for r in sorted(life.reviews) if member.index_date <= r.held <= day and r.home != "UNK"]
    counted = at_liberty_on(life, day) and bool(known)
    return Answer("settled_3_months", counted, counted and known[-1].home == "SET")


def homelessness_duty_90_days(life: Life, member: Member) -> Answer:
    """A duty of any kind that began on days 0 to 90, of the women in England, alive and at liberty on day 90."""
    return owed("homelessness_duty_90_days", life, member, HOMELESSNESS_DUTIES)


def prevention_duty_90_days(life: Life, member: Member) -> Answer:
    """The same of a duty to prevent that she becomes homeless."""
    return owed("prevention_duty_90_days", life, member, ("PREV",))


def relief_duty_90_days(life: Life, member: Member) -> Answer:
    """The same of a duty to help her, being homeless."""
    return owed("relief_duty_90_days", life, member, ("REL",))


def owed(outcome: str, life: Life, member: Member, kinds: tuple[str, ...]) -> Answer:
    """A duty of these kinds that began on days 0 to 90, of the women in England, alive and at liberty on day 90."""
    day = days_after(member.index_date, 90)
    counted = at_liberty_on(life, day) and member.region != WALES
    achieved = any(member.index_date <= duty.began <= day and duty.kind in kinds for duty in life.duties)
    return Answer(outcome, counted, counted and achieved)


def accommodation_secured_6_months(life: Life, member: Member) -> Answer:
    """A duty that ended with a home on days 0 to 182, of the women in England, alive and at liberty on day 182."""
    day = days_after(member.index_date, 182)
    counted = at_liberty_on(life, day) and member.region != WALES
    secured = (duty.ended for duty in life.duties if duty.how == "SECU" and duty.ended is not None)
    achieved = any(member.index_date <= ended <= day for ended in secured)
    return Answer("accommodation_secured_6_months", counted, counted and achieved)


def in_treatment_21_days(life: Life, member: Member) -> Answer:
    """Treatment begun on days 0 to 21 or going on, of the women in England with a need, alive and at liberty then."""
    day = days_after(member.index_date, 21)
    counted = at_liberty_on(life, day) and member.need and member.region != WALES
    achieved = False
    for treatment in life.treatments:
        starts = member.index_date <= treatment.began <= day
        not_ended = treatment.ended is None or treatment.ended > member.index_date
        if starts or (treatment.began < member.index_date and not_ended):
            achieved = True
    return Answer("in_treatment_21_days", counted, counted and achieved)


def treatment_completed_12_months(life: Life, member: Member) -> Answer:
    """Treatment completed on days 0 to 365, of the women in England with a need."""
    first, last = member.index_date, days_after(member.index_date, 365)
    counted = member.need and member.region != WALES
    completed = (t.ended for t in life.treatments if t.how == "COMP" and t.ended is not None)
    return Answer("treatment_completed_12_months", counted, counted and any(first <= day <= last for day in completed))


def in_treatment_12_months(life: Life, member: Member) -> Answer:
    """In treatment on day 365, of the women in England with a need, alive and at liberty then."""
    day = days_after(member.index_date, 365)
    counted = at_liberty_on(life, day) and member.need and member.region != WALES
    achieved = any(t.began <= day and (t.ended is None or day <= t.ended) for t in life.treatments)
    return Answer("in_treatment_12_months", counted, counted and achieved)


def died_within_4_weeks(life: Life, member: Member) -> Answer:
    """Dead by the end of day 28. Everybody who comes out alive is counted."""
    return died_between("died_within_4_weeks", life, member, FIRST_WEEKS)


def died_to_12_months(life: Life, member: Member) -> Answer:
    """Dead by the end of day 365, and not of day 28. Who died before is counted as well."""
    return died_between("died_to_12_months", life, member, REST_OF_YEAR)


def died_between(outcome: str, life: Life, member: Member, days: tuple[int, int]) -> Answer:
    """Did she die from the first day to the last? Nobody is followed who was dead on the day before day 0."""
    alive_before = not died_by(life, days_after(member.index_date, days[0] - 1))
    died = alive_before and died_by(life, days_after(member.index_date, days[1]))
    return Answer(outcome, not died_by(life, days_after(member.index_date, -1)), died)


def days_alive(life: Life, member: Member, days: tuple[int, int]) -> int:
    """On how many days, from the first to the last, she was alive for a part of the day at least."""
    each = (days_after(member.index_date, day) for day in range(days[0], days[1] + 1))
    return sum(life.died is None or day <= life.died for day in each)


OF_EVERY_ORDER = (
    proven_reoffending, reoffending_after_6_weeks, reoffending_after_21_days, employed_6_weeks, employed_6_months,
    sustained_employment, out_of_work_benefit_30_days, settled_3_months, homelessness_duty_90_days,
    prevention_duty_90_days, relief_duty_90_days, accommodation_secured_6_months, in_treatment_21_days,
    treatment_completed_12_months, in_treatment_12_months,
)  # fmt: skip
ASKED_OF = {
    RELEASED: (*OF_EVERY_ORDER, housed_first_night, died_within_4_weeks, died_to_12_months),
    ORDERED: OF_EVERY_ORDER,
    CAUTIONED: (proven_reoffending,),
    EVERY_RELEASE: (housed_first_night, settled_3_months, employed_6_weeks, employed_6_months),
}
