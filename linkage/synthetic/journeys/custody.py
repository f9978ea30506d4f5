"""What an appearance leads to: remand, recall, prison, orders and licences, up to the day of liberty."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkage.synthetic.days import NEVER, Days
from linkage.synthetic.journeys.careers import CAUTION, COMMUNITY, CUSTODY, SUSPENDED, Careers
from linkage.synthetic.journeys.courts import Appearance
from linkage.synthetic.people.population import Flags, Numbers

FIXED_TERM_RECALL_DAYS = 28
MONTHS_OF_AN_ORDER = [6, 9, 12, 12, 18, 24]


@dataclass(frozen=True)
class Liberty:
    """The start of everybody's follow-up: the day, what it follows, after a year or more, and whether free at all."""

    start: Days
    disposal: Numbers
    long: Flags
    free: Flags

    def only(self, at: Flags) -> "Liberty":
        """Those of `at`."""
        return Liberty(**{name: value[at] for name, value in vars(self).items()})


def punished(now: Careers, court: Appearance) -> Liberty:
    """Recall or remand before the court's decision, then custody, an order, or neither."""
    waited = court.sentenced - court.caught
    inside, on_order = court.disposal == CUSTODY, np.isin(court.disposal, [COMMUNITY, SUSPENDED])
    recalled = (now.licence_to > court.caught) & (waited > 2) & now.chance(now.aims["recalled_on_offence"])
    detained(now, recalled, "REC", court.caught, *recall_ends(court))
    share = np.where(inside, now.aims["remand_before_custody"], now.aims["remand_without_custody"])
    remanded = ~recalled & (waited > 2) & (court.disposal > CAUTION) & now.chance(share)
    detained(now, remanded, "REM", court.caught, court.sentenced, np.where(inside, "TRA", "RUR"))
    released, length, free = imprisoned(now, inside, court.sentenced, np.where(remanded, waited, 0))
    start = court.sentenced + on_order * now.rng.integers(0, 3, len(now.who))
    months = now.rng.choice(MONTHS_OF_AN_ORDER, len(now.who))
    supervised(now, on_order, np.where(court.disposal == COMMUNITY, "CO", "SSO"), start, start + 30 * months)
    licensed(now, inside & free, released, length)
    now.licence_to = np.where(inside & free, released + length // 2, now.licence_to)
    return Liberty(np.where(inside, released, start), court.disposal, inside & (length >= 365), free)


def recall_ends(court: Appearance) -> tuple[Days, npt.NDArray[np.object_]]:
    """A recall lasts four weeks, or to the day of a new sentence, when it goes over into that."""
    fixed = court.caught + FIXED_TERM_RECALL_DAYS
    return np.minimum(fixed, court.sentenced), np.where(fixed < court.sentenced, "CRD", "TRA").astype(object)


def detained(
    now: Careers,
    at: Flags,
    why: str,
    reception: Days,
    release: Days,
    how: npt.ArrayLike,
    sentence_days: npt.ArrayLike = -1,
) -> None:
    """A row of `custody` for each person of `at`; work mostly ends at the gate, and community treatment always."""
    now.happened(
        "custody",
        at,
        reception_date=reception,
        reception_type=why,
        release_date=release,
        release_type=how,
        sentence_days=sentence_days,
        home=now.people.home_on(now.who, np.minimum(release, now.last)),
        no_fixed_abode=np.where(now.nfa, now.chance(0.7), now.chance(0.02)),
        treatment_need=now.assessed_need(),
        main_offence_group=now.main_offence(),
    )
    lost = at & now.chance(now.aims["job_lost_in_custody"])
    now.job_end = np.where(lost, np.minimum(now.job_end, reception), now.job_end)
    now.treated_to = np.where(at, np.minimum(now.treated_to, reception), now.treated_to)


def imprisoned(now: Careers, at: Flags, sentenced: Days, on_remand: Numbers) -> tuple[Days, Numbers, Flags]:
    """(released, sentence days, free): half is served, less remand, less any home detention curfew."""
    length = sentence_days(now)
    curfew = (length >= 84) & now.chance(now.aims["home_detention_curfew"])
    early = on_remand + np.where(curfew, np.minimum(length // 8, 120), 0)
    released = sentenced + np.maximum(length // 2 - early, 2)
    deported = now.abroad & now.chance(now.aims["deported"])
    moved, dies = now.chance(now.aims["transferred"]), now.died <= released
    released = np.where(dies, now.died, released)
    still_in = released > now.last
    how = np.select(
        [still_in, dies, deported, moved, curfew, length < 365], ["", "DIED", "DEP", "TRA", "HDC", "ARD"], "CRD"
    )
    released = np.where(still_in, NEVER, released)
    detained(now, at, "SEN", sentenced, released, how.astype(object), length)
    return released, length, ~at | ~(still_in | dies | deported | moved)


def sentence_days(now: Careers) -> Numbers:
    """The length of a sentence of custody for each, by the shares of its bands."""
    shares = [now.aims[f"sentence_{band}"] for band in ("up_to_6_months", "6_to_12_months", "1_to_4_years")]
    band = np.searchsorted(np.cumsum(shares), now.rng.random(len(now.who)))
    low, high = np.array([14, 183, 365, 1460])[band], np.array([182, 364, 1459, 3300])[band]
    return (low + (high - low) * now.rng.beta(1.1, 1.6, len(now.who))).astype(np.int64)


def licensed(now: Careers, at: Flags, released: Days, length: Numbers) -> None:
    """Licence to the end of the sentence, and supervision up to a year from release after sentences under two years."""
    at = at & ~now.chance(now.aims["released_without_supervision"])
    licence_to = released + np.maximum(length // 2, 10)
    supervised(now, at, "LIC", released, licence_to)
    supervised(now, at & (length < 730) & (licence_to < released + 330), "PSS", licence_to + 1, released + 365)


def supervised(now: Careers, at: Flags, kind: npt.ArrayLike, start: Days, end: Days) -> None:
    """A row of `supervisions` for each person of `at`, as planned on its first day."""
    now.supervisions = now.supervisions + at
    need = now.assessed_need()
    treatment = np.where(now.chance(0.4), "ATR", "DRR")
    wanted = np.select([need & now.chance(0.4), now.chance(0.08)], [treatment, "MHTR"], "NONE")
    now.happened(
        "supervisions",
        at,
        event_number=now.supervisions,
        disposal=kind,
        start_date=start,
        end_date=end,
        main_offence_group=now.main_offence(),
        requirement=np.where(np.isin(kind, ["CO", "SSO"]), wanted, "NONE").astype(object),
        treatment_need=need,
        never_recorded=now.chance(now.aims["status_never_recorded"]),
        home=now.people.home_on(now.who, start),
    )
