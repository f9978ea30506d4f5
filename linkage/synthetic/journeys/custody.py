"""What an appearance leads to: remand, recall, prison, orders and licences, up to the day of liberty."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkage.synthetic.days import NEVER, Days
from linkage.synthetic.journeys.careers import CAUTION, COMMUNITY, CUSTODY, SUSPENDED, Careers
from linkage.synthetic.journeys.courts import Appearance
from linkage.synthetic.journeys.housing import as_recorded, first_nights
from linkage.synthetic.people.arrays import Flags, Numbers, Texts

FIXED_TERM_RECALL_DAYS = 28
MONTHS_OF_AN_ORDER = [6, 9, 12, 12, 18, 24]
SHORTEST_IN_BAND, LONGEST_IN_BAND = np.array([14, 183, 365, 1460]), np.array([182, 364, 1459, 3300])
TO_LIBERTY = ["CRD", "ARD", "HDC", "RUR"]


@dataclass(frozen=True)
class Liberty:
    """The start of everybody's follow-up, as arrays: the day, what it follows, and whether free at all.

    `sentence_days` is -1 and `first_night` '' of those who were not in prison.
    """

    start: Days
    disposal: Numbers
    sentence_days: Numbers
    free: Flags
    first_night: Texts
    requirement: Texts
    remanded: Flags
    group: Texts
    priors: Numbers

    def only(self, at: Flags) -> "Liberty":
        """Those of `at`."""
        return Liberty(**{name: value[at] for name, value in vars(self).items()})


def held(now: Careers, at: Flags, court: Appearance) -> Flags:
    """Recall or remand of those of `at` until the court decides; returns who was on remand.

    Where the records end before that, they are held still.
    """
    waited, inside = court.sentenced - court.caught, court.disposal == CUSTODY
    recalled = at & (now.licence_to > court.caught) & (waited > 2) & now.chance(now.aims["recalled_on_offence"])
    to, how = recall_ends(court)
    detained(now, recalled, "REC", court.caught, *so_far(now, to, how), court.group)
    likely = np.where(inside, now.aims["remand_before_custody"], now.aims["remand_without_custody"])
    remanded = at & ~recalled & (waited > 2) & (court.disposal > CAUTION) & now.chance(likely)
    to, how = court.sentenced, np.where(inside, "TRA", "RUR").astype(object)
    detained(now, remanded, "REM", court.caught, *so_far(now, to, how), court.group)
    return remanded


def so_far(now: Careers, to: Days, how: Texts) -> tuple[Days, Texts]:
    """Ends of spells and how they came; none where they lie beyond the records."""
    runs = to > now.last
    return np.where(runs, NEVER, to), np.where(runs, "", how).astype(object)


def punished(now: Careers, court: Appearance, remanded: Flags) -> Liberty:
    """Custody, an order, or neither."""
    inside, on_order = court.disposal == CUSTODY, np.isin(court.disposal, [COMMUNITY, SUSPENDED])
    on_remand = np.where(remanded, court.sentenced - court.caught, 0)
    released, length, free, first_night = imprisoned(now, inside, court, on_remand)
    start = court.sentenced + on_order * now.rng.integers(0, 3, now.many)
    end = start + 30 * now.rng.choice(MONTHS_OF_AN_ORDER, now.many)
    kind = np.where(court.disposal == COMMUNITY, "CO", "SSO")
    requirement = supervised(now, on_order, kind, start, end, court)
    licensed(now, inside & free, released, length, court)
    now.licence_to = np.where(inside & free, released + length // 2, now.licence_to)
    return Liberty(
        start=np.where(inside, released, start),
        disposal=court.disposal,
        sentence_days=np.where(inside, length, -1),
        free=free,
        first_night=np.where(inside, first_night, ""),
        requirement=np.where(on_order, requirement, "NONE"),
        remanded=remanded,
        group=court.group,
        priors=court.priors,
    )


def recall_ends(court: Appearance) -> tuple[Days, Texts]:
    """A recall lasts four weeks, or to the day in court, when it may go over into a new sentence."""
    fixed = court.caught + FIXED_TERM_RECALL_DAYS
    goes_over = (fixed >= court.sentenced) & (court.disposal == CUSTODY)
    return np.minimum(fixed, court.sentenced), np.where(goes_over, "TRA", "CRD").astype(object)


def detained(
    now: Careers,
    at: Flags,
    why: str,
    reception: Days,
    release: Days,
    how: npt.ArrayLike,
    group: Texts,
    sentence_days: npt.ArrayLike = -1,
) -> Texts:
    """A row of `custody` for each person of `at`, and where each spends the first night at liberty.

    Work mostly ends at the gate, and community treatment always.
    """
    first_night = first_nights(now)
    now.happened(
        "custody",
        at,
        reception_date=reception,
        reception_type=why,
        release_date=release,
        release_type=how,
        sentence_days=sentence_days,
        home=now.people.home_on(now.who, np.minimum(release, now.last)),
        no_fixed_abode=now.said_homeless("prison"),
        treatment_need=now.assessed(now.need),
        main_offence_group=group,
        discharge_accommodation=np.where(np.isin(how, TO_LIBERTY), as_recorded(now, first_night), ""),
    )
    lost = at & (now.chance(now.aims["job_lost_in_custody"]) | (now.job_start >= reception))
    now.job_end = np.where(lost, np.minimum(now.job_end, reception), now.job_end)
    now.treated_so = np.where(at & (now.treated_to > reception), "DROP", now.treated_so)
    now.treated_to = np.where(at, np.minimum(now.treated_to, reception), now.treated_to)
    return first_night


def imprisoned(now: Careers, at: Flags, court: Appearance, on_remand: Numbers) -> tuple[Days, Numbers, Flags, Texts]:
    """(released, sentence days, free, first night): half is served, less remand, less any home detention curfew."""
    length = sentence_days(now, court)
    curfew = (length >= 84) & now.chance(now.aims["home_detention_curfew"])
    early = on_remand + np.where(curfew, np.minimum(length // 8, 120), 0)
    released = court.sentenced + np.maximum(length // 2 - early, 2)
    removed = (now.abroad & now.chance(now.aims["deported"])) | (now.gone < np.minimum(released, now.died))
    moved, dies = now.chance(now.aims["transferred"]), now.died <= np.minimum(released, now.gone)
    released = np.minimum(released, now.gone)
    still_in = released > now.last
    how = np.select(
        [still_in, dies, removed, moved, curfew, length < 365], ["", "DIED", "DEP", "TRA", "HDC", "ARD"], "CRD"
    )
    now.gone = np.where(at & removed, np.minimum(now.gone, released), now.gone)
    released = np.where(still_in, NEVER, released)
    night = detained(now, at, "SEN", court.sentenced, released, how.astype(object), court.group, length)
    return released, length, ~at | ~(still_in | dies | removed | moved), night


def sentence_days(now: Careers, court: Appearance) -> Numbers:
    """The length of a sentence of custody for each: short after a long past of petty offences, long for a grave one."""
    weight = court.gravity - now.aims["length_by_past"] * np.log1p(court.priors)
    steps = [now.aims[f"step_{band}"] for band in ("6_months", "12_months", "4_years")]
    band = np.searchsorted(steps, weight + now.rng.normal(0, 0.4, now.many))
    low, high = SHORTEST_IN_BAND[band], LONGEST_IN_BAND[band]
    return (low + (high - low) * now.rng.beta(1.1, 1.6, now.many)).astype(np.int64)


def licensed(now: Careers, at: Flags, released: Days, length: Numbers, court: Appearance) -> None:
    """Licence to the end of the sentence, and supervision up to a year from release after sentences under two years."""
    at = at & ~now.chance(now.aims["released_without_supervision"])
    licence_to = released + np.maximum(length // 2, 10)
    supervised(now, at, "LIC", released, licence_to, court)
    after = at & (length < 730) & (licence_to < released + 330)
    supervised(now, after, "PSS", licence_to + 1, released + 365, court)


def supervised(now: Careers, at: Flags, kind: npt.ArrayLike, start: Days, end: Days, court: Appearance) -> Texts:
    """A row of `supervisions` for each person of `at`, as planned on its first day, and its treatment requirement."""
    now.supervisions = now.supervisions + at
    need, mind = now.assessed(now.need), now.assessed(now.mental_health)
    treatment = np.where(now.substance == "ALC", "ATR", "DRR")
    wanted = np.select([need & now.chance(0.4), mind & now.chance(0.15)], [treatment, "MHTR"], "NONE")
    requirement = np.where(np.isin(kind, ["CO", "SSO"]), wanted, "NONE").astype(object)
    now.happened(
        "supervisions",
        at,
        event_number=now.supervisions,
        disposal=kind,
        start_date=start,
        end_date=end,
        main_offence_group=court.group,
        requirement=requirement,
        treatment_need=need,
        never_recorded=now.chance(now.aims["status_never_recorded"]),
        home=now.people.home_on(now.who, start),
        previous_offences=court.priors,
        mental_health_need=mind,
        domestic_abuse=now.assessed(now.abused),
        no_fixed_abode=now.said_homeless("probation"),
    )
    return requirement
