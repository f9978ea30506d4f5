"""Differences between matched women, and how alike they are: made of published rows, and of nothing else.

So whoever has the rows works both out, and they tell no more. The interval of a difference is Newcombe's (Statistics in
Medicine 17, 1998, method 10), from the Wilson intervals of both rates. It takes the arms for two samples. How often the
two women of a pair have the same answer would be a count of its own to protect; where pairs are alike in what bears on
an outcome their answers are too, and the interval is too wide rather than too narrow (Austin, Statistics in Medicine
30, 2011). A standardised mean difference is that of a share (Austin, Statistics in Medicine 28, 2009).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from linkage.contracts.compared import About
from linkage.contracts.comparison import MATCHED
from linkage.contracts.disclosure import Disclosure
from linkage.release.columns import PublishedColumn
from linkage.release.control import wilson
from linkage.release.publish import Further

Row = dict[str, Any]
ALL = "all"
BEFORE, AFTER = "before", "after"
WOMEN = {ALL: (ALL, ALL), MATCHED: (MATCHED, "yes"), "not matched": (MATCHED, "no")}
OUT_OF_BALANCE = 0.1  # Austin, Statistics in Medicine 28 (2009)
SUPPRESSED, NOBODY, TOO_FEW = "c", "z", "x"
FIRST = "where several hold, c goes before z, and z before x"

WHICH = (
    PublishedColumn("comparison", "text", "which comparison: the table_id of its rows in the table of cells"),
    PublishedColumn("title", "text", "title of the comparison, with its coverage and its health warning"),
)
ARMS = (
    PublishedColumn("arm", "text", "the first of the two groups of women that are compared"),
    PublishedColumn("other_arm", "text", "the second one; differences are the first less this one"),
    PublishedColumn("threshold", "text", "how certain two records had to be of one person; use medium"),
)
DIFFERENCES = (
    *WHICH,
    PublishedColumn("outcome", "text", "what is measured in the time after the index date"),
    PublishedColumn("women", "text", "matched: women of a pair; not matched: the others; all: both together"),
    *ARMS,
    PublishedColumn("counted", "count", "women of the first group who are counted, rounded"),
    PublishedColumn("rate", "percent", "those of them with the outcome per 100, from the rounded counts"),
    PublishedColumn("other_counted", "count", "women of the second group who are counted, rounded"),
    PublishedColumn("other_rate", "percent", "those of them with the outcome per 100, from the rounded counts"),
    PublishedColumn("difference", "points", "the first rate less the second, from the rounded counts"),
    PublishedColumn("lower", "points", "lower end of the Newcombe interval of the difference, for chance alone"),
    PublishedColumn("upper", "points", "upper end of that interval"),
    PublishedColumn(
        "status",
        "text",
        "empty: as it stands; c: one of the two rates, or how many were matched, is suppressed; u: unreliable, fewer "
        "than {few} women counted in one of them, as rounded; z: nobody was counted; x: not given, since fewer pairs "
        f"were found than the comparison asks for; {FIRST}",
    ),
)
BALANCE = (
    *WHICH,
    PublishedColumn("covariate", "text", "what was known of the women before the index date"),
    PublishedColumn("category", "text", "the group within it"),
    PublishedColumn("stage", "text", "before: all women of both groups; after: those who were matched"),
    *ARMS,
    PublishedColumn(
        "share",
        "percent",
        "of 100 women of the first group, how many are in the category; of rounded counts, so the shares of a "
        "covariate may not add up to 100",
    ),
    PublishedColumn("other_share", "percent", "of 100 women of the second group, how many are; of rounded counts"),
    PublishedColumn("smd", "number", "standardised difference of the two shares; nearer to 0 is better"),
    PublishedColumn("out_of_balance", "text", "yes where the standardised difference is over .1 either way"),
    PublishedColumn(
        "status",
        "text",
        f"empty: as it stands; c: a count is suppressed; z: nobody; x: too few pairs; {FIRST}",
    ),
)


class Compared(NamedTuple):
    """`differences` and `balance` of every comparison of a release, as rows of their files."""

    differences: list[Row]
    balance: list[Row]


def compared(rows: Sequence[Row], abouts: Sequence[About], disclosure: Disclosure) -> Compared:
    """What published rows say of each comparison. `rows`: as `control` gives them, of all tables."""
    found = Compared([], [])
    for about in abouts:
        at = {place(row): row for row in rows if row["table_id"] == about.name}
        for threshold in dict.fromkeys(where[-1] for where in at):
            found.differences.extend(differences(at, about, threshold, disclosure))
            found.balance.extend(balance(at, about, threshold))
    return found


def tables(found: Compared) -> tuple[Further, ...]:
    """The same, as tables of a release; none where nothing was compared."""
    if not found.differences:
        return ()
    return (
        Further(
            "comparisons",
            "Differences between two groups of women: of those matched, of those not matched, and of all of both "
            "groups. One row per outcome, women and linkage threshold. Associations, not effects: read the title",
            DIFFERENCES,
            found.differences,
        ),
        Further(
            "balance",
            "How alike the women are who are compared. One row per category of what was known of them before, before "
            "and after matching, and linkage threshold",
            BALANCE,
            found.balance,
        ),
    )


def place(row: Row) -> tuple[str, ...]:
    """Which row of its table."""
    return tuple(row[name] for name in ("cohort", "outcome", "breakdown", "category", "threshold"))


def named(about: About, threshold: str) -> Row:
    """What stands in every row of a comparison."""
    arm, other = about.arms
    which = {"comparison": about.name, "title": about.whole_title}
    return which | {"arm": arm, "other_arm": other, "threshold": threshold}


def differences(at: Mapping[tuple[str, ...], Row], about: About, threshold: str, limits: Disclosure) -> Iterator[Row]:
    """A row per outcome and women."""
    for outcome in about.outcomes:
        for women, where in WOMEN.items():
            one, other = (at[arm, outcome, *where, threshold] for arm in about.arms)
            lacking = status(one, other) or (few(at, about, threshold) if women == MATCHED else "")
            said = {"outcome": outcome, "women": women} | (difference(one, other, limits) if not lacking else {})
            empty = dict.fromkeys(column.name for column in DIFFERENCES)
            yield empty | named(about, threshold) | {"status": lacking} | said


def status(one: Row, other: Row) -> str:
    """Why two rows say nothing together; '' where they do."""
    marks = {one["status"], other["status"]}
    return SUPPRESSED if SUPPRESSED in marks else NOBODY if NOBODY in marks else ""


def few(at: Mapping[tuple[str, ...], Row], about: About, threshold: str) -> str:
    """Why nothing is said of the women matched, by how many they are as that is published."""
    rows = [at[arm, MATCHED, ALL, ALL, threshold] for arm in about.arms]
    if any(row["status"] == SUPPRESSED for row in rows):
        return SUPPRESSED
    return TOO_FEW if min(row["numerator"] or 0 for row in rows) < about.fewest else ""


def difference(one: Row, other: Row, limits: Disclosure) -> Row:
    """Two rates and their difference, in points."""
    level = limits.confidence_percent.value / 100
    (having, women), (others_having, others) = ((row["numerator"], row["denominator"]) for row in (one, other))
    first, second = having / women, others_having / others
    (low, high), (others_low, others_high) = wilson(having, women, level), wilson(others_having, others, level)
    down, up = ((first - low) ** 2 + (others_high - second) ** 2), ((high - first) ** 2 + (second - others_low) ** 2)
    ends = {"difference": 0.0, "lower": -(down**0.5), "upper": up**0.5}
    return {
        "counted": women, "rate": one["value"], "other_counted": others, "other_rate": other["value"],
        **{name: shown(100 * (first - second + end), 1) for name, end in ends.items()},
        "status": "u" if "u" in (one["status"], other["status"]) else "",
    }  # fmt: skip


def balance(at: Mapping[tuple[str, ...], Row], about: About, threshold: str) -> Iterator[Row]:
    """A row per category and stage."""
    too_few = {BEFORE: "", AFTER: few(at, about, threshold)}
    figures = {BEFORE: "denominator", AFTER: "numerator"}
    empty = dict.fromkeys(column.name for column in BALANCE)
    wholes = [at[arm, MATCHED, ALL, ALL, threshold] for arm in about.arms]
    for covariate, categories in about.covariates.items():
        for category, stage in ((category, stage) for category in categories for stage in figures):
            parts = [at[arm, MATCHED, covariate, category, threshold] for arm in about.arms]
            lacking = lacking_of(parts, wholes) or too_few[stage]
            said = {"covariate": covariate, "category": category, "stage": stage, "status": lacking}
            shares = [] if lacking else [share(*rows, figures[stage]) for rows in zip(parts, wholes, strict=True)]
            yield empty | named(about, threshold) | said | (alike(*shares) if shares else {"out_of_balance": ""})


def lacking_of(parts: Sequence[Row], wholes: Sequence[Row]) -> str:
    """Why the shares of two arms cannot be told. That nobody of one arm is in a category is a share."""
    if any(row["status"] == SUPPRESSED for row in (*parts, *wholes)):
        return SUPPRESSED
    nobody = all(row["status"] == NOBODY for row in parts) or any(row["status"] == NOBODY for row in wholes)
    return NOBODY if nobody else ""


def share(part: Row, whole: Row, figure: str) -> float:
    """The share of an arm's women in a category."""
    return (part[figure] or 0) / whole[figure]


def alike(share: float, other: float) -> Row:
    """Two shares, and their standardised difference."""
    spread = ((share * (1 - share) + other * (1 - other)) / 2) ** 0.5
    smd = (share - other) / spread if spread else 0.0
    shares = {"share": round(100 * share, 1), "other_share": round(100 * other, 1)}
    return shares | {"smd": shown(smd, 2), "out_of_balance": "yes" if abs(smd) > OUT_OF_BALANCE else "no"}


def shown(number: float, decimals: int) -> float:
    """A number with so many decimals: 0.0 also where rounding alone would leave -0.0."""
    return round(number, decimals) + 0.0
