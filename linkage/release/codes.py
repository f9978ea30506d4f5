"""What the codes in a release stand for, as a table of it: of each code that stands in a published row, and no other.

The words are those of the declarations, or of this module for marks that every release has. So the table tells no more
than the rows do.
"""

from collections.abc import Iterable, Iterator, Sequence

from linkage.contracts.codes import Code, Codes, Key
from linkage.contracts.disclosure import Disclosure
from linkage.release.columns import PublishedColumn, with_limits
from linkage.release.control import Row
from linkage.release.publish import Further

STATUS = {
    "": Code("As it stands", "Nothing is the matter with the row."),
    "c": Code("Suppressed", "Not shown, so that nothing can be learned about one woman."),
    "u": Code("Unreliable", "Of fewer than {few} women, as rounded: the interval is wide, and says how wide."),
    "z": Code("Nobody", "Nobody in this group was counted, so there is no rate."),
    "x": Code(
        "Too few pairs",
        "Of a comparison: not given, since fewer pairs were found than it asks for. Where several hold, c goes before "
        "z, and z before x.",
    ),
}
MARKS = {
    "status": STATUS,
    "standardised_status": {
        "": Code("As it stands", "Nothing is the matter with the standardised rate, or there is none to be."),
        "c": Code("Suppressed", "A stratum of some answer is suppressed."),
        "u": Code("Unreliable", "A stratum is of fewer than {few} women, as rounded."),
        "z": Code("Nobody", "Nobody with this answer is in a stratum."),
    },
    "threshold": {
        "high": Code("High", "Records are joined where they are of one person with a probability of 0.99 at least."),
        "medium": Code("Medium", "With a probability of 0.95 at least: use this one."),
        "low": Code("Low", "With a probability of 0.80 at least."),
    },
    "women": {
        "all": Code("All", "Of a comparison: all women of both groups."),
        "matched": Code("Matched", "Of a comparison: women of a pair."),
        "not matched": Code("Not matched", "Of a comparison: women for whom no partner was found."),
    },
    "stage": {
        "before": Code("Before matching", "Of a comparison: all women of both groups."),
        "after": Code("After matching", "Of a comparison: women of a pair."),
    },
}
CODED = ("table_id", "theme", "cohort", "outcome", "period", "breakdown", "category", "error_origin")
# Columns whose codes are those of another one.
ALIKE = {
    "comparison": "table_id",
    "arm": "cohort",
    "other_arm": "cohort",
    "covariate": "breakdown",
    "standardised_by": "breakdown",
}
COLUMNS = (
    PublishedColumn(
        "column_name",
        "text",
        "the column that the code stands in; comparison has the codes of table_id, arm and other_arm those of cohort, "
        "covariate and standardised_by those of breakdown",
    ),
    PublishedColumn(
        "breakdown", "text", "of a category: the breakdown, or covariate, that it is a category of; empty of others"
    ),
    PublishedColumn("code", "text", "the code; empty where an empty mark says something as well"),
    PublishedColumn("title", "text", "its title"),
    PublishedColumn(
        "meaning",
        "text",
        "what it stands for: of an outcome its window, whom it leaves out and what it is modelled on; of a category "
        "what puts a woman into it",
    ),
    PublishedColumn("differences", "text", "known differences from what it is modelled on; empty where none are known"),
    PublishedColumn("source", "text", "where the definition comes from; empty where it is of this release alone"),
)
ABOUT = (
    "What each code in the other tables stands for. One row per column and code, of a category also per breakdown. "
    "Join by the code, and a category by its breakdown as well"
)


def table(rows: Sequence[Row], further: Iterable[Further], declared: Codes, limits: Disclosure) -> Further:
    """The codes of published rows of cells and of further tables. A code that nobody declared is left out: the audit,
    which reads the rows again, stops the release for it.
    """
    standing = set(standing_in(rows)) | {key for one in further for key in standing_in(one.rows)}
    said = {key: code for key, code in declared.items() if key in standing} | marks(limits)
    return Further("codes", ABOUT, COLUMNS, [key._asdict() | code._asdict() for key, code in said.items()])


def marks(limits: Disclosure) -> Codes:
    """What the marks stand for that every release has."""
    return {
        Key(column, "", mark): code._replace(meaning=with_limits(code.meaning, limits))
        for column, of in MARKS.items()
        for mark, code in of.items()
    }


def standing_in(rows: Iterable[Row]) -> Iterator[Key]:
    """Each code that stands in a row, but for marks."""
    for row in rows:
        named = [(ALIKE.get(column, column), value) for column, value in row.items()]
        within = row["breakdown"] if "breakdown" in row else row.get("covariate", "")
        for column, value in named:
            if column in CODED and value:
                yield Key(column, within if column == "category" else "", value)
