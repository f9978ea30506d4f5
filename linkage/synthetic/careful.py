"""The invented world as it would be delivered by departments that make no mistake and leave nobody out."""

from linkage.synthetic.calibration import Calibration
from linkage.synthetic.departments.dictionary import SOURCES
from linkage.synthetic.departments.mistakes import LABELS

# Mistakes that are drawn under no label of their own.
UNLABELLED = ("dob_first_of_january_foreign", "duplicate_person_number", "merged_person_number")
# Who is missing from an extract though nothing is wrong in it; and of a woman who leaves prison without supervision
# nobody who delivers dates of death would hear.
LEFT_OUT = (
    "authority_quarter_not_submitted", "consent_withdrawn", "no_consent", "objects", "released_without_supervision",
)  # fmt: skip


def careful(aims: Calibration) -> Calibration:
    """The figures with every mistake and every reason to be missing at 0, and everything entered on its day."""
    mistakes = {source.figure(label) for source in SOURCES.values() for label in LABELS}
    lags = {f"entry_days_{name}" for name in SOURCES}
    none = (mistakes & known(aims)) | lags | {*UNLABELLED, *LEFT_OUT}
    return aims.model_copy(update={"knobs": {**aims.knobs, **dict.fromkeys(none, 0.0), "days_between_scans": 1.0}})


def known(aims: Calibration) -> set[str]:
    """The names of all figures."""
    return {*aims.targets, *aims.assumptions, *aims.knobs}
