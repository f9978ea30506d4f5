"""The rates of missed and wrong links of each group of women as they are published: from counts, or as assumed.

A group of its own only from the declared threshold on, as a count is: of fewer women nothing of their own is used, and
theirs are all women's rates, as uncertain as a few such women leave them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from linkage.contracts.disclosure import Disclosure
from linkage.contracts.link_errors import Ends, LinkErrors
from linkage.release.corrected import NOTHING, Errors, Looked, Share, either, in_part_pooled, share_of
from linkage.release.primary import rounded

ALL = "all"
Row = Mapping[str, Any]


class Group(NamedTuple):
    """Women of a cohort, and the source they are linked to."""

    cohort: str
    dataset: str
    breakdown: str
    category: str

    @property
    def wider(self) -> "Group":
        """All women of the cohort."""
        return self._replace(breakdown=ALL, category=ALL)


NOBODY = Looked(0.0, 0.0)
ALL_ACCEPTED: Mapping[str, float] = {}
ErrorsOf = Callable[[Group], Errors | None]


def errors_of(
    declared: LinkErrors, counted: Iterable[Row], disclosure: Disclosure, set_aside: Mapping[str, float] = ALL_ACCEPTED
) -> ErrorsOf:
    """The errors of a group, to a tenth of a point; None of a source of which nothing is known of the links.

    A record is missed by links; or since it was never delivered, or is one of the share of its source's rows that was
    `set_aside` in quarantine: {source: 0 to 1}. These are taken to befall all women alike. `counted`: rows of
    `linkage.cohorts.link_errors`, or of a review; none where errors are assumed.
    """
    of_links = assumed_by(declared) if declared.origin == "assumption" else counted_by(declared, counted, disclosure)
    silent = {one.dataset: of_percent(one.share) for one in declared.never_delivered}

    def found(group: Group) -> Errors | None:
        errors, aside = of_links(group), set_aside.get(group.dataset, 0.0)
        if errors is None:
            return None
        never_linked = either(silent.get(group.dataset, NOTHING), Share(aside, aside, aside))
        return errors._replace(missed=tenths(either(errors.missed, never_linked)))

    return found


def counted_by(declared: LinkErrors, counted: Iterable[Row], disclosure: Disclosure) -> ErrorsOf:
    """The errors of links that were counted. What a review says was missed is of the pairs that were compared; what is
    assumed of the others is put to it.
    """
    rows, unseen = list(counted), {one.dataset: of_percent(one.share) for one in declared.never_compared}
    missed = {group_of(row): shown(row["with_records"], row["missed"], disclosure) for row in rows}
    wrong = {group_of(row): shown(row["given_records"], row["wrong"], disclosure) for row in rows}

    def found(group: Group) -> Errors | None:
        lost, given = (rate_of(group, looked, declared, disclosure) for looked in (missed, wrong))
        never = NOTHING if declared.origin == "truth" else unseen.get(group.dataset)
        return Errors(tenths(either(lost, never)), given) if lost and given and never else None

    return found


def group_of(row: Row) -> Group:
    """Which group a row is of."""
    return Group(*(row[name] for name in Group._fields))


def shown(at: float, errors: float, disclosure: Disclosure) -> Looked:
    """What may be used of two counts: rounded, and nothing of fewer than the threshold. A rate of exact ones to a tenth
    of a point would give them back, and those of a group too small by subtraction.
    """
    return Looked(rounded(at, disclosure), rounded(errors, disclosure)) if at >= disclosure.threshold.value else NOBODY


def rate_of(group: Group, looked: Mapping[Group, Looked], declared: LinkErrors, disclosure: Disclosure) -> Share | None:
    """One kind of errors of a group; None where too few of all women were looked at."""
    base, level = disclosure.rounding_base.value, disclosure.confidence_percent.value / 100
    everybody, own = looked.get(group.wider, NOBODY), looked.get(group, NOBODY)
    if everybody == NOBODY:
        return None
    if group != group.wider:
        # Filled up with no more of all women than were looked at, so that no group seems surer than all of them.
        least = min(declared.fill_to.value, everybody.at)
        own = in_part_pooled(own, everybody.errors / everybody.at, least, base)
    return tenths(share_of(own, base, level))


def assumed_by(declared: LinkErrors) -> ErrorsOf:
    """What is assumed of a group's links, or of all women's to that source where nothing is of its own."""
    said = {one.place: Errors(of_percent(one.missed), of_percent(one.wrong)) for one in declared.assumed}

    def found(group: Group) -> Errors | None:
        return said.get(group[1:], said.get(group.wider[1:]))

    return found


def of_percent(ends: Ends) -> Share:
    """What is declared in %, as a share."""
    return tenths(Share(ends.value / 100, ends.lower / 100, ends.upper / 100))


def tenths(share: Share) -> Share:
    """To a tenth of a point, as everything that is published."""
    return Share(*(round(end, 3) for end in share))
